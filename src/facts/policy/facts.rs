//! What each policy shuts, as rules see it.

use std::collections::BTreeMap;

use k8s_openapi::api::{
    core::v1::{Namespace, Service, ServicePort},
    networking::v1::{NetworkPolicy, NetworkPolicyPeer},
};
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    client::Client,
    end::End,
    near,
    rule::{Way, is_empty, matches},
    verdict::{Fault, Part, Verdict, between, one_way},
    words,
};
use crate::{
    document::Nearest,
    facts::{
        checked::Proof,
        object,
        service::{selected, target_of},
        workload::Workloads,
    },
    inventory::{Inventory, Known},
};

/// A NetworkPolicy, as a rule sees it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct PolicyFacts {
    /// Its name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// The pods that it selects, as words: `pods with app: web`.
    pub selects: String,
    /// The traffic that it is at fault for not getting through; nothing where there is none.
    pub denial: Known<Option<DenialFacts>>,
    /// A connection which it shuts and which was tried did not come about: to where, and what came back; empty where
    /// none was tried.
    pub stopped: String,
    /// A connection which it shuts came about all the same.
    pub passed: String,
}

/// Traffic that a policy shuts.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct DenialFacts {
    /// What it shuts: `Service/web port 80`.
    pub traffic: String,
    /// Who does not get through: `Deployment/shop`; empty where nobody does.
    pub client: String,
    /// Whether it is in the way into the pods (`in`) or out of the client (`out`).
    pub way: String,
    /// What is at fault: `peers`, the wrong ones are let through; `ports`, others are open; `rules`, there is none;
    /// `names`, the cluster's DNS can't be asked.
    pub part: String,
    /// Whom the rule that comes nearest lets through, as words: `pods with role: frontend`.
    pub peers: String,
    /// Which ports it opens, as words.
    pub ports: String,
    /// The port on which the pods listen.
    pub port: i64,
    /// Whether that rule opens the Service's port, which no policy knows.
    pub opens_service_port: bool,
    /// The path of what is at fault.
    pub field: String,
    /// The labels that were probably meant.
    pub nearest: Vec<Nearest>,
    /// What stands there, as YAML lines; empty where nothing is near.
    pub wanted: String,
    /// What should stand there, as YAML lines; empty where nothing is near.
    pub better: String,
    /// A JSON patch of the policy that names it.
    pub patch: String,
}

/// What each policy shuts of the traffic of these Services, by namespace and name.
pub fn denials<'a>(
    inventory: &'a Inventory,
    workloads: &Workloads,
    client: Option<&Client>,
    services: impl Iterator<Item = &'a Service>,
) -> BTreeMap<(String, String), Known<DenialFacts>> {
    let mut found = BTreeMap::new();
    for service in services {
        let namespace = object::namespace(&service.metadata);
        let mut policies: Vec<_> = inventory.seen::<NetworkPolicy>(namespace).collect();
        let elsewhere = client.map(Client::namespace).filter(|other| *other != namespace);
        policies.extend(elsewhere.into_iter().flat_map(|other| inventory.seen::<NetworkPolicy>(other)));
        if policies.is_empty() {
            continue;
        }
        let traffic = Traffic { inventory, workloads, client, service, policies };
        for port in service.spec.iter().flat_map(|spec| spec.ports.iter().flatten()) {
            traffic.add_port(port, &mut found);
        }
    }
    if let Some(client) = client {
        add_names(inventory, client, &mut found);
    }
    found
}

// What is done to the questions for names that an end may ask.
fn names<'a>(inventory: &'a Inventory, end: &End) -> Verdict<'a> {
    let policies: Vec<_> = inventory.seen::<NetworkPolicy>(end.namespace).collect();
    // The cluster's DNS lives in kube-system, so that a peer of another policy's own namespace is none.
    let may_be_dns = |policy: &NetworkPolicy, peer: &NetworkPolicyPeer| {
        let is_near = object::namespace(&policy.metadata) == "kube-system";
        Some(peer.ip_block.is_some() || peer.namespace_selector.is_some() || is_near)
    };
    one_way(&policies, Way::Out, end, end, (53, "UDP"), &may_be_dns)
}

/// Whether policies keep an end from asking for names.
pub fn shuts_names(inventory: &Inventory, end: &End) -> bool {
    matches!(names(inventory, end), Verdict::Shut(_))
}

// Who may not ask for names gets nowhere by a Service's name, whatever else is open to it.
fn add_names(inventory: &Inventory, client: &Client, found: &mut Found) {
    for end in &client.ends {
        if let Verdict::Shut(faults) = names(inventory, end) {
            for fault in faults {
                found.entry(key(fault.policy)).or_insert_with(|| Known::Known(no_names(client, &fault)));
            }
        }
    }
}

fn no_names(client: &Client, fault: &Fault) -> DenialFacts {
    DenialFacts {
        traffic: "the cluster's DNS".to_owned(),
        client: client.seen_from(object::namespace(&fault.policy.metadata)),
        way: "out".to_owned(),
        part: "names".to_owned(),
        peers: String::new(),
        ports: String::new(),
        port: 53,
        opens_service_port: false,
        field: "spec.egress".to_owned(),
        nearest: Vec::new(),
        wanted: String::new(),
        better: String::new(),
        patch: String::new(),
    }
}

/// Whether a policy asks for namespaces by their labels, so that these have to be looked at.
pub fn namespaces_matter(policy: &NetworkPolicy) -> bool {
    let peers = [Way::In, Way::Out].into_iter().filter_map(|way| super::rule::rules(policy, way));
    let mut peers = peers.flatten().flat_map(|rule| rule.peers);
    peers.any(|peer| peer.namespace_selector.as_ref().is_some_and(|selector| !is_empty(selector)))
}

struct Traffic<'a, 'w> {
    inventory: &'a Inventory,
    workloads: &'w Workloads<'w>,
    client: Option<&'w Client<'w>>,
    service: &'a Service,
    policies: Vec<&'a NetworkPolicy>,
}

type Found = BTreeMap<(String, String), Known<DenialFacts>>;

impl Traffic<'_, '_> {
    // A Service's port is shut where every pod behind it is.
    fn add_port(&self, port: &ServicePort, found: &mut Found) {
        let protocol = port.protocol.as_deref().unwrap_or("TCP");
        let mut faults: Vec<(Fault, i32)> = Vec::new();
        let mut is_unknown = false;
        for pod in selected(self.inventory, self.service) {
            let server = End::of_pod(self.inventory, pod);
            // A pod without a port of that name is no endpoint of it.
            let Some(number) = server.port(&target_of(port), protocol) else { continue };
            match self.verdict(&server, number, protocol) {
                Verdict::Open => return,
                Verdict::Unknown => is_unknown = true,
                Verdict::Shut(of_pod) => faults.extend(of_pod.into_iter().map(|fault| (fault, number))),
            }
        }
        if is_unknown {
            for policy in &self.policies {
                let why = "namespaces: needed to know whom a NetworkPolicy lets in".to_owned();
                found.entry(key(policy)).or_insert(Known::Unknown(self.why_unknown().unwrap_or(why)));
            }
            return;
        }
        for (fault, number) in faults {
            let denial = self.denial(&fault, port, number);
            match found.entry(key(fault.policy)).or_insert_with(|| Known::Known(denial.clone())) {
                Known::Known(known) if !known.traffic.contains(&denial.traffic) => {
                    known.traffic = format!("{}, {}", known.traffic, denial.traffic);
                }
                Known::Known(_) => {}
                unknown @ Known::Unknown(_) => *unknown = Known::Known(denial),
            }
        }
    }

    fn why_unknown(&self) -> Option<String> {
        match self.inventory.list::<Namespace>("") {
            Known::Unknown(why) => Some(why),
            Known::Known(_) => None,
        }
    }

    fn verdict(&self, server: &End, number: i32, protocol: &str) -> Verdict<'_> {
        let Some(client) = self.client else {
            let anybody = |policy: &NetworkPolicy, peer: &NetworkPolicyPeer| self.is_anybody(policy, peer);
            return one_way(&self.policies, Way::In, server, server, (number, protocol), &anybody);
        };
        let mut shut = Vec::new();
        for end in &client.ends {
            match between(&self.policies, end, server, number, protocol) {
                Verdict::Shut(faults) => shut.extend(faults),
                other => return other,
            }
        }
        Verdict::Shut(shut)
    }

    // Whether a peer is anybody at all: what lives in other namespaces and is let in is taken to be there.
    fn is_anybody(&self, policy: &NetworkPolicy, peer: &NetworkPolicyPeer) -> Option<bool> {
        if peer.ip_block.is_some() {
            return Some(true);
        }
        let own = object::namespace(&policy.metadata);
        let namespaces: Vec<&str> = match &peer.namespace_selector {
            None => vec![own],
            Some(selector) if is_empty(selector) => return Some(true),
            Some(selector) => {
                let all = self.inventory.list::<Namespace>("").known()?;
                let labels = |namespace: &Namespace| namespace.metadata.labels.clone().unwrap_or_default();
                let matched = all.into_iter().filter(|namespace| matches(selector, &labels(namespace)));
                matched.map(|namespace| object::name(&namespace.metadata)).collect()
            }
        };
        let Some(selector) = peer.pod_selector.as_ref().filter(|selector| !is_empty(selector)) else {
            return Some(!namespaces.is_empty());
        };
        let has_one = |namespace: &&str| {
            *namespace != own
                || self.workloads.in_namespace(namespace).any(|workload| {
                    let end = End::of_template(self.inventory, workload);
                    let pods = workload.pods.iter().map(|pod| End::of_pod(self.inventory, pod));
                    pods.chain([end]).any(|end| !end.on_host && matches(selector, &end.labels))
                })
        };
        Some(namespaces.iter().any(has_one))
    }

    fn denial(&self, fault: &Fault, port: &ServicePort, number: i32) -> DenialFacts {
        let near = near::peer(self.inventory, self.workloads, self.client, fault);
        let rule = fault.rule.as_ref();
        let service = object::object_ref(self.service);
        let namespace = object::namespace(&fault.policy.metadata);
        let elsewhere =
            if service.namespace == namespace { String::new() } else { format!(" of namespace {}", service.namespace) };
        let part_field = |rule: &super::rule::Rule| match fault.part {
            Part::Ports => format!("{}.ports", rule.field),
            _ => rule.peer_field(fault.way, 0).trim_end_matches("[0]").to_owned(),
        };
        let opens =
            |rule: &super::rule::Rule| rule.has_port(&End { ports: Vec::new(), ..self.nobody() }, port.port, "TCP");
        DenialFacts {
            traffic: format!("{service}{elsewhere} port {}", port.port),
            client: self.client.map(|client| client.seen_from(namespace)).unwrap_or_default(),
            way: if fault.way == Way::In { "in" } else { "out" }.to_owned(),
            part: match fault.part {
                Part::Peers => "peers",
                Part::Ports => "ports",
                Part::Rules => "rules",
            }
            .to_owned(),
            peers: rule.map(|rule| words::peers(rule.peers)).unwrap_or_default(),
            ports: rule.map(|rule| words::ports(rule.ports)).unwrap_or_default(),
            port: i64::from(number),
            opens_service_port: fault.part == Part::Ports && rule.is_some_and(opens),
            field: match (&near, rule) {
                (Some(near), _) => near.field.clone(),
                (None, Some(rule)) => part_field(rule),
                (None, None) => if fault.way == Way::In { "spec.ingress" } else { "spec.egress" }.to_owned(),
            },
            nearest: near.iter().map(|near| Nearest { value: near.better.clone(), why: near.why.clone() }).collect(),
            wanted: near.as_ref().map(|near| near.wanted.clone()).unwrap_or_default(),
            better: near.as_ref().map(|near| near.better.clone()).unwrap_or_default(),
            patch: near.map(|near| near.patch).unwrap_or_default(),
        }
    }

    fn nobody(&self) -> End<'static> {
        End {
            namespace: "",
            namespace_labels: None,
            labels: BTreeMap::new(),
            address: None,
            on_host: false,
            ports: Vec::new(),
        }
    }
}

/// Namespace and name.
pub fn key(policy: &NetworkPolicy) -> (String, String) {
    (object::namespace(&policy.metadata).to_owned(), object::name(&policy.metadata).to_owned())
}

/// The facts of a policy.
pub fn facts(policy: &NetworkPolicy, denials: &Found, proof: Option<&Proof>) -> PolicyFacts {
    let (namespace, name) = key(policy);
    let selector = policy.spec.as_ref().and_then(|spec| spec.pod_selector.clone()).unwrap_or_default();
    PolicyFacts {
        denial: match denials.get(&(namespace.clone(), name.clone())) {
            None => Known::Known(None),
            Some(Known::Known(denial)) => Known::Known(Some(denial.clone())),
            Some(Known::Unknown(why)) => Known::Unknown(why.clone()),
        },
        selects: words::pods(&selector),
        stopped: proof.and_then(|proof| proof.stopped.clone()).unwrap_or_default(),
        passed: proof.and_then(|proof| proof.passed.clone()).unwrap_or_default(),
        namespace,
        name,
    }
}
