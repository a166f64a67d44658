//! A NetworkPolicy as the API says it works: whom it selects, and what each of its rules lets through.

use k8s_openapi::{
    api::networking::v1::{IPBlock, NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort},
    apimachinery::pkg::{apis::meta::v1::LabelSelector, util::intstr::IntOrString},
};
use kube::core::SelectorExt as _;

use super::end::End;
use crate::{facts::object, selector};

/// Into the pods that a policy selects, or out of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// `spec.ingress`.
    In,
    /// `spec.egress`.
    Out,
}

/// One rule of either way.
#[derive(Debug, Clone)]
pub struct Rule<'a> {
    /// `from` or `to`; empty is everybody.
    pub peers: &'a [NetworkPolicyPeer],
    /// Empty is every port.
    pub ports: &'a [NetworkPolicyPort],
    /// `spec.ingress[0]`.
    pub field: String,
}

impl<'a> Rule<'a> {
    fn new(
        peers: &'a Option<Vec<NetworkPolicyPeer>>,
        ports: &'a Option<Vec<NetworkPolicyPort>>,
        field: String,
    ) -> Self {
        Self { peers: peers.as_deref().unwrap_or_default(), ports: ports.as_deref().unwrap_or_default(), field }
    }

    /// The path of one of its peers: `spec.ingress[0].from[1]`.
    pub fn peer_field(&self, way: Way, index: usize) -> String {
        let peers = if way == Way::In { "from" } else { "to" };
        format!("{}.{peers}[{index}]", self.field)
    }

    /// Whether it lets a port of the connection's server through. A port without a number is every port of the
    /// protocol; a name is looked up in the server's containers.
    pub fn has_port(&self, server: &End, number: i32, protocol: &str) -> bool {
        let is_it = |port: &NetworkPolicyPort| {
            let last = port.end_port;
            port.protocol.as_deref().unwrap_or("TCP") == protocol
                && match &port.port {
                    None => true,
                    Some(IntOrString::Int(first)) => (*first..=last.unwrap_or(*first)).contains(&number),
                    Some(IntOrString::String(name)) => server.port_named(name, protocol) == Some(number),
                }
        };
        self.ports.is_empty() || self.ports.iter().any(is_it)
    }
}

/// The rules of a policy for one way; nothing where it has no say in that.
pub fn rules(policy: &NetworkPolicy, way: Way) -> Option<Vec<Rule<'_>>> {
    let spec = policy.spec.as_ref()?;
    let has_say = match (&spec.policy_types, way) {
        (Some(types), Way::In) if !types.is_empty() => types.iter().any(|name| name == "Ingress"),
        (Some(types), Way::Out) if !types.is_empty() => types.iter().any(|name| name == "Egress"),
        (_, Way::In) => true,
        (_, Way::Out) => spec.egress.as_ref().is_some_and(|rules| !rules.is_empty()),
    };
    has_say.then(|| match way {
        Way::In => {
            let all = spec.ingress.iter().flatten().enumerate();
            all.map(|(index, one)| Rule::new(&one.from, &one.ports, format!("spec.ingress[{index}]"))).collect()
        }
        Way::Out => {
            let all = spec.egress.iter().flatten().enumerate();
            all.map(|(index, one)| Rule::new(&one.to, &one.ports, format!("spec.egress[{index}]"))).collect()
        }
    })
}

/// Whether a policy selects a pod.
pub fn selects(policy: &NetworkPolicy, end: &End) -> bool {
    let selector = policy.spec.as_ref().and_then(|spec| spec.pod_selector.clone()).unwrap_or_default();
    !end.on_host && object::namespace(&policy.metadata) == end.namespace && matches(&selector, &end.labels)
}

/// Whether a peer of a policy is this end; nothing where what it asks for was not looked at.
pub fn is_peer(policy: &NetworkPolicy, peer: &NetworkPolicyPeer, end: &End) -> Option<bool> {
    if let Some(block) = &peer.ip_block {
        return end.address.map(|address| holds(block, address));
    }
    // Whoever lives in the node's network comes with the node's address.
    if end.on_host || !peer.pod_selector.as_ref().is_none_or(|selector| matches(selector, &end.labels)) {
        return Some(false);
    }
    match &peer.namespace_selector {
        None => Some(object::namespace(&policy.metadata) == end.namespace),
        Some(selector) if is_empty(selector) => Some(true),
        Some(selector) => end.namespace_labels.map(|labels| matches(selector, labels)),
    }
}

/// Whether a selector matches labels; one that can't be read, which no API server takes, matches none.
pub fn matches(selector: &LabelSelector, labels: &std::collections::BTreeMap<String, String>) -> bool {
    selector::of(selector).is_some_and(|selector| selector.matches(labels))
}

/// Whether a selector asks for nothing, and so matches all.
pub fn is_empty(selector: &LabelSelector) -> bool {
    selector::of(selector).is_some_and(|selector| selector.selects_all())
}

fn holds(block: &IPBlock, address: std::net::IpAddr) -> bool {
    let is_in = |cidr: &String| cidr.parse::<ipnet::IpNet>().is_ok_and(|net| net.contains(&address));
    is_in(&block.cidr) && !block.except.iter().flatten().any(is_in)
}
