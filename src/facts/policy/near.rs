//! The labels that a policy's peer was probably meant to ask for.

use std::collections::BTreeMap;

use k8s_openapi::{
    api::{
        core::v1::Namespace,
        networking::v1::{NetworkPolicy, NetworkPolicyPeer},
    },
    apimachinery::pkg::apis::meta::v1::LabelSelector,
};
use serde_json::{Value, json};

use super::{
    client::Client,
    end::End,
    rule::{matches, selects},
    verdict::{Fault, Part},
};
use crate::{
    facts::{
        object,
        service::{adapt, yaml_lines},
        workload::Workloads,
    },
    inventory::Inventory,
};

/// What a peer should ask for.
#[derive(Debug, Clone)]
pub struct NearPeer {
    /// `spec.ingress[0].from[0].podSelector.matchLabels`.
    pub field: String,
    /// What stands there, as YAML lines.
    pub wanted: String,
    /// What should, as YAML lines.
    pub better: String,
    /// `Deployment/shop carries it`.
    pub why: String,
    /// A JSON patch of the policy that names it.
    pub patch: String,
}

/// Somebody who may have been meant.
struct Candidate<'a> {
    who: String,
    namespace: &'a str,
    labels: BTreeMap<String, String>,
    namespace_labels: Option<&'a BTreeMap<String, String>>,
}

/// The change of one peer of the rule at fault that lets somebody through who is there, the smallest first.
pub fn peer(inventory: &Inventory, workloads: &Workloads, client: Option<&Client>, fault: &Fault) -> Option<NearPeer> {
    let rule = fault.rule.as_ref().filter(|_| fault.part == Part::Peers)?;
    let candidates = match client {
        Some(client) if fault.way == super::rule::Way::In => {
            let who = client.seen_from(object::namespace(&fault.policy.metadata));
            client.ends.iter().map(|end| of_end(who.clone(), end)).collect()
        }
        // Where a client may not get out, its own policy should name the server: whoever that is.
        Some(_) => Vec::new(),
        None => inhabitants(inventory, workloads, fault.policy),
    };
    let namespaces: Vec<&Namespace> = inventory.seen_anywhere().collect();
    let mut best: Option<(usize, NearPeer)> = None;
    for (index, peer) in rule.peers.iter().enumerate() {
        let field = rule.peer_field(fault.way, index);
        let of_pods = candidates.iter().filter_map(|candidate| of_candidate(fault.policy, peer, &field, candidate));
        let of_namespaces = namespaces.iter().filter_map(|namespace| of_namespace(peer, &field, namespace));
        for (changes, near) in of_pods.chain(of_namespaces.take(if client.is_some() { 0 } else { usize::MAX })) {
            if best.as_ref().is_none_or(|(fewest, _)| changes < *fewest) {
                best = Some((changes, near));
            }
        }
    }
    best.map(|(_, near)| near)
}

fn of_end<'a>(who: String, end: &End<'a>) -> Candidate<'a> {
    Candidate { who, namespace: end.namespace, labels: end.labels.clone(), namespace_labels: end.namespace_labels }
}

// The workloads of the policy's namespace that it does not itself select.
fn inhabitants<'a>(
    inventory: &'a Inventory,
    workloads: &'a Workloads,
    policy: &'a NetworkPolicy,
) -> Vec<Candidate<'a>> {
    let namespace = object::namespace(&policy.metadata);
    let here = workloads.in_namespace(namespace).filter(|workload| !workload.idle);
    here.map(|workload| (workload.object.to_string(), End::of_template(inventory, workload)))
        .filter(|(_, end)| !selects(policy, end))
        .map(|(who, end)| of_end(who, &end))
        .collect()
}

// One who carries the pods' labels nearly, or wholly and lives in another namespace.
fn of_candidate(
    policy: &NetworkPolicy,
    peer: &NetworkPolicyPeer,
    field: &str,
    candidate: &Candidate,
) -> Option<(usize, NearPeer)> {
    let is_own = candidate.namespace == object::namespace(&policy.metadata);
    let is_in_namespace = match &peer.namespace_selector {
        None => is_own,
        Some(selector) => candidate.namespace_labels.is_some_and(|labels| matches(selector, labels)),
    };
    let Some(pod_selector) = &peer.pod_selector else {
        let selector = peer.namespace_selector.as_ref().filter(|_| !is_in_namespace)?;
        return of_labels(
            selector,
            candidate.namespace_labels?,
            &format!("{field}.namespaceSelector"),
            &format!("namespace {}", candidate.namespace),
        );
    };
    if is_in_namespace {
        return of_labels(pod_selector, &candidate.labels, &format!("{field}.podSelector"), &candidate.who);
    }
    if !matches(pod_selector, &candidate.labels) {
        return None;
    }
    if let Some(selector) = &peer.namespace_selector {
        return of_labels(
            selector,
            candidate.namespace_labels?,
            &format!("{field}.namespaceSelector"),
            &format!("namespace {}", candidate.namespace),
        );
    }
    // A podSelector by itself is about the policy's own namespace.
    let wanted = BTreeMap::from([("kubernetes.io/metadata.name".to_owned(), candidate.namespace.to_owned())]);
    let field = format!("{field}.namespaceSelector");
    Some((
        1,
        NearPeer {
            wanted: String::new(),
            better: yaml_lines(&wanted),
            why: format!("{} carries the labels there", candidate.who),
            patch: json!([{"op": "add", "path": pointer(&field), "value": {"matchLabels": wanted}}]).to_string(),
            field: format!("{field}.matchLabels"),
        },
    ))
}

fn of_namespace(peer: &NetworkPolicyPeer, field: &str, namespace: &Namespace) -> Option<(usize, NearPeer)> {
    let selector = peer.namespace_selector.as_ref()?;
    let labels = namespace.metadata.labels.as_ref()?;
    of_labels(
        selector,
        labels,
        &format!("{field}.namespaceSelector"),
        &format!("namespace {}", object::name(&namespace.metadata)),
    )
}

fn of_labels(
    selector: &LabelSelector,
    labels: &BTreeMap<String, String>,
    field: &str,
    who: &str,
) -> Option<(usize, NearPeer)> {
    let expressions = LabelSelector { match_labels: None, ..selector.clone() };
    let wanted = selector.match_labels.as_ref().filter(|_| matches(&expressions, labels))?;
    let (changes, better) = adapt(wanted, labels).filter(|(changes, _)| *changes > 0)?;
    let field = format!("{field}.matchLabels");
    let value: Value = json!(better);
    Some((
        changes,
        NearPeer {
            wanted: yaml_lines(wanted),
            better: yaml_lines(&better),
            why: format!("{who} carries it"),
            patch: json!([{"op": "replace", "path": pointer(&field), "value": value}]).to_string(),
            field,
        },
    ))
}

fn pointer(field: &str) -> String {
    format!("/{}", field.replace(['.', '['], "/").replace(']', ""))
}
