//! Whether the name of a Service leads to it.

use k8s_openapi::api::{
    core::v1::{Pod, Service},
    networking::v1::NetworkPolicy,
};
use schemars::JsonSchema;
use serde::Serialize;

use super::{class, link};
use crate::{
    active::{self, Answer, Check, Checks, Origin, Step},
    document::{Evidence, ObjectRef},
    facts::{
        object, policy,
        service::{self, selected},
    },
    inventory::{Inventory, Known},
};

/// The name of a Service that was asked for, as a rule sees it.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct NamesFacts {
    /// The Service.
    pub service: String,
    /// Its full name, as it was asked for: `web.shop.svc`.
    pub name: String,
    /// What came back from whom the pod asks, in a word.
    pub full: String,
    /// What came back from the cluster's DNS, asked directly; empty where its address is not known.
    pub direct: String,
    /// Its address.
    pub server: String,
    /// Whom the pod asks: `10.96.0.10`.
    pub servers: String,
    /// Whether that is the cluster's DNS, or it is not known which that is.
    pub asks_cluster: bool,
    /// Whether the name should have an address: it may have none where it is headless and no pod is ready.
    pub expected: bool,
    /// Whether a NetworkPolicy keeps the client from asking.
    pub shut: Known<bool>,
    /// Whether the Service of the cluster's DNS is known.
    pub known: bool,
    /// How the pods of the cluster's DNS fare: `0 of 2 pods are ready`; empty where they were not looked at.
    pub pods: String,
    /// What was seen.
    pub evidence: Vec<Evidence>,
}

/// The facts of the names that were asked for, and the Service of the cluster's DNS, or that which was asked for.
pub fn names(inventory: &Inventory) -> Vec<(ObjectRef, NamesFacts)> {
    let Some(checks) = inventory.checks() else { return Vec::new() };
    let full = checks.made.iter().filter(|check| check.step == Step::Dns && check.server.is_empty());
    let of_services = full.filter(|check| check.to.ends_with(".svc"));
    let named = of_services.filter_map(|check| {
        // Where the cluster's DNS is another, or may not be looked at, it is told of what was asked for.
        let of = active::cluster_dns(inventory).or(asked_for(inventory, check))?;
        Some((object::object_ref(of), facts(inventory, checks, check)))
    });
    named.collect()
}

fn asked_for<'a>(inventory: &'a Inventory, check: &Check) -> Option<&'a Service> {
    inventory.get(&check.namespace, &check.service).present()
}

fn facts(inventory: &Inventory, checks: &Checks, check: &Check) -> NamesFacts {
    let of_service = |other: &&Check| other.step == Step::Dns && other.service == check.service;
    let all: Vec<&Check> = checks.made.iter().filter(of_service).collect();
    let direct = all.iter().find(|other| !other.server.is_empty());
    let server = direct.map(|direct| direct.server.clone()).unwrap_or_default();
    let servers = servers(checks);
    let found = asked_for(inventory, check);
    let is_name_only = found.is_some_and(service::is_external_name);
    let has_ready = found.is_some_and(|found| selected(inventory, found).iter().any(|pod| service::is_ready(pod)));
    let evidence = all.iter().map(|other| Evidence { source: other.to.clone(), text: other.words(), at: None });
    NamesFacts {
        service: check.service.clone(),
        name: check.to.clone(),
        full: class::of_all([check].into_iter()).to_owned(),
        direct: class::of_all(direct.into_iter().copied()).to_owned(),
        // A pod of the checks' own asks whom the kubelet says, which may be a cache on the node.
        asks_cluster: checks.client == Some(Origin::Own)
            || servers.is_empty()
            || server.is_empty()
            || servers.contains(&server),
        server,
        servers: servers.join(", "),
        expected: !is_name_only && (has_ready || found.is_some_and(|found| !service::is_headless(found))),
        shut: is_shut(inventory, checks, &check.namespace),
        known: active::cluster_dns(inventory).is_some(),
        pods: pods(inventory),
        evidence: evidence.collect(),
    }
}

fn is_shut(inventory: &Inventory, checks: &Checks, namespace: &str) -> Known<bool> {
    let Some(client) = link::client(inventory, checks, namespace) else {
        return Known::Unknown("pods: that of the client was not looked at".to_owned());
    };
    inventory.list::<NetworkPolicy>(client.namespace).map(|_| policy::shuts_names(inventory, &client))
}

// Whom the client's pod asks.
fn servers(checks: &Checks) -> Vec<String> {
    let answers = checks.made.iter().flat_map(|check| &check.answers);
    let mut resolvers = answers.filter_map(|said| match &said.answer {
        Answer::Resolver { servers, .. } => Some(servers.clone()),
        _ => None,
    });
    resolvers.next().unwrap_or_default()
}

fn pods(inventory: &Inventory) -> String {
    let is_dns = |pod: &&Pod| {
        let labels = pod.metadata.labels.as_ref();
        labels.and_then(|labels| labels.get("k8s-app")).map(String::as_str) == Some("kube-dns")
    };
    if inventory.list::<Pod>("kube-system").known().is_none() {
        return String::new();
    }
    let all: Vec<&Pod> = inventory.seen::<Pod>("kube-system").filter(is_dns).collect();
    let ready = all.iter().filter(|pod| service::is_ready(pod)).count();
    match all.len() {
        0 => "it has no pods".to_owned(),
        of => format!("{ready} of its {of} pods are ready"),
    }
}

/// The Service that the client could not find, where its pods ask others than the cluster's DNS, which knows it: the
/// client's namespace and name, and what it asked.
pub fn skips_cluster(inventory: &Inventory, workload: &ObjectRef) -> Option<String> {
    let checks = inventory.checks()?;
    let Some(Origin::Client { kind, namespace, name, .. }) = &checks.client else { return None };
    if (kind, namespace, name) != (&workload.kind, &workload.namespace, &workload.name) {
        return None;
    }
    let all = names(inventory);
    let mut skipped = all
        .iter()
        .map(|(_, facts)| facts)
        .filter(|facts| !facts.asks_cluster && facts.full != "ok" && facts.direct == "ok");
    skipped.next().map(|facts| facts.service.clone())
}
