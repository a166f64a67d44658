//! A port of a Service: whether it leads to its pods.

use k8s_openapi::api::core::v1::{Pod, Service};
use schemars::JsonSchema;
use serde::Serialize;

use super::{class, link};
use crate::{
    active::{self, Check, Checks, Step},
    document::Evidence,
    facts::{object, service},
    inventory::Inventory,
};

/// A port of a Service that was asked, as a rule sees it.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct AccessFacts {
    /// The Service.
    pub service: String,
    /// Its port.
    pub port: i64,
    /// Its address and port: `10.96.0.7:80`; its name where it is headless.
    pub to: String,
    /// Whether its clusterIP is None.
    pub headless: bool,
    /// How many of its endpoints were asked.
    pub asked: i64,
    /// How many of those answered.
    pub answering: i64,
    /// How many of them are ready, so that the Service leads to them.
    pub ready: i64,
    /// Whether that is every pod or address that the Service leads to: what was not asked may be what fails.
    pub every: bool,
    /// Whether a NetworkPolicy shuts any of them to the client.
    pub shut: bool,
    /// What came back through the Service, in a word; empty where it was not asked.
    pub through: String,
    /// In full.
    pub words: String,
    /// How often it was asked.
    pub times: i64,
    /// How often it answered well.
    pub good: i64,
    /// What came back by a node's port or a load balancer, in a word; empty where it was not asked.
    pub outside: String,
    /// In full, with the address.
    pub outside_words: String,
    /// The label that makes kube-proxy leave the Service alone; empty mostly.
    pub proxy: String,
    /// What is thought to be spoken there, and is not: `HTTP`.
    pub wanted: String,
    /// What says so.
    pub told_by: String,
    /// Whether a name, a probe or the like says so; a number alone makes it likely.
    pub sure: bool,
    /// Whether a load balancer stands before it, which may end the TLS that is said to be spoken.
    pub balanced: bool,
    /// What the pods answer: `tls`, `no-tls`; empty where that is what they are asked.
    pub spoken: String,
    /// What was seen.
    pub evidence: Vec<Evidence>,
}

/// The facts of every port of a Service that was asked.
pub fn accesses(inventory: &Inventory, found: &Service) -> Vec<AccessFacts> {
    let Some(checks) = inventory.checks() else { return Vec::new() };
    let name = object::name(&found.metadata);
    let namespace = object::namespace(&found.metadata);
    let of_service: Vec<&Check> = checks
        .made
        .iter()
        .filter(|check| check.service == name && check.namespace == namespace && check.step != Step::Dns)
        .collect();
    let mut ports: Vec<u16> = of_service.iter().map(|check| check.port).filter(|port| *port > 0).collect();
    ports.sort_unstable();
    ports.dedup();
    ports.into_iter().map(|port| access(inventory, checks, found, port, &of_service)).collect()
}

fn access(inventory: &Inventory, checks: &Checks, found: &Service, port: u16, all: &[&Check]) -> AccessFacts {
    let of = |step: Step| all.iter().copied().filter(move |check| check.port == port && check.step == step);
    let pods: Vec<&Check> = of(Step::Pod).collect();
    // By its address where it has one: that its name is not known is another matter.
    let through = of(Step::Service).next();
    let outside = of(Step::Outside).find(|check| !check.all_ok()).or(of(Step::Outside).next());
    let is_shut = |check: &&&Check| link::shut_on(inventory, checks, check).is_none_or(|policies| !policies.is_empty());
    let first = pods.first().copied().or(through);
    let classes = class::of_all(pods.iter().copied());
    let proxy = "service.kubernetes.io/service-proxy-name";
    let labels = found.metadata.labels.as_ref();
    let evidence = |check: &Check| Evidence { source: check.to.clone(), text: check.words(), at: None };
    AccessFacts {
        service: object::name(&found.metadata).to_owned(),
        port: i64::from(port),
        to: through.map(|check| check.to.clone()).unwrap_or_default(),
        headless: service::is_headless(found),
        asked: object::count(pods.len()),
        answering: object::count(pods.iter().filter(|check| check.any_ok()).count()),
        ready: object::count(pods.iter().filter(|check| is_ready(inventory, check)).count()),
        every: is_every(inventory, found, &pods),
        shut: pods.iter().filter(|check| !check.pod.is_empty()).any(|check| is_shut(&check)),
        through: class::of_all(through.into_iter()).to_owned(),
        words: through.map(Check::words).unwrap_or_default(),
        times: object::count(through.map_or(0, |check| check.answers.len())),
        good: object::count(through.map_or(0, |check| check.answers.iter().filter(|said| check.is_ok(said)).count())),
        outside: class::of_all(outside.into_iter()).to_owned(),
        outside_words: outside.map(|check| format!("{}: {}", check.to, check.words())).unwrap_or_default(),
        proxy: labels.and_then(|labels| labels.get(proxy)).cloned().unwrap_or_default(),
        wanted: first.map(|check| check.spoken.name().to_owned()).unwrap_or_default(),
        told_by: first.map(|check| check.spoken.told_by.clone()).unwrap_or_default(),
        sure: first.is_some_and(|check| check.spoken.is_sure()),
        balanced: found.spec.as_ref().and_then(|spec| spec.type_.as_deref()) == Some("LoadBalancer"),
        spoken: if matches!(classes, "tls" | "no-tls") { classes.to_owned() } else { String::new() },
        evidence: pods.iter().copied().chain(through).chain(outside).map(evidence).collect(),
    }
}

// A question about one pod asks no others, and of many a part is asked.
fn is_every(inventory: &Inventory, found: &Service, asked: &[&Check]) -> bool {
    if service::selector(found).is_empty() {
        return asked.len() < active::ADDRESSES;
    }
    let is_asked = |pod: &&Pod| asked.iter().any(|check| check.pod == object::name(&pod.metadata));
    inventory.list::<Pod>(object::namespace(&found.metadata)).known().is_some()
        && service::selected(inventory, found).iter().filter(|pod| service::is_ready(pod)).all(is_asked)
}

// What is no pod is ready where it is asked: endpoints by hand that are not are left aside.
fn is_ready(inventory: &Inventory, check: &Check) -> bool {
    let pod = inventory.get::<Pod>(&check.namespace, &check.pod).present();
    check.pod.is_empty() || pod.is_some_and(service::is_ready)
}
