//! A port of a pod: what listens there, and what it answers from inside and from outside.

use std::{collections::BTreeSet, net::IpAddr};

use k8s_openapi::api::{core::v1::Pod, networking::v1::NetworkPolicy};
use schemars::JsonSchema;
use serde::Serialize;

use super::{class, declared, link, sockets};
use crate::{
    active::{Check, Checks, Origin, Socket, Step},
    document::Evidence,
    facts::{object, probe, service},
    inventory::{Inventory, Known},
};

/// A port of a pod that was asked, as a rule sees it.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct ListenerFacts {
    /// The pod.
    pub pod: String,
    /// The port.
    pub port: i64,
    /// `TCP` or `UDP`.
    pub protocol: String,
    /// The Service's port that leads there: `Service/web port 80`; empty where none does.
    pub service: String,
    /// What says what is spoken there: `the port's name http`; empty where that is only likely.
    pub told_by: String,
    /// The path that was asked for; empty where it was none.
    pub path: String,
    /// Whether a probe, or the user, names that path, so that the program should answer it well.
    pub path_is_known: bool,
    /// Whether a container declares the port, or a probe asks it.
    pub declared: bool,
    /// Whether the sockets were looked at.
    pub sockets: bool,
    /// Whether something listens there, where they were.
    pub listens: bool,
    /// Whether what listens there does so on localhost alone.
    pub local_only: bool,
    /// Whether it listens over IPv6 alone, and the pod's address is of IPv4.
    pub other_family: bool,
    /// What it is bound to: `127.0.0.1:8080`.
    pub bound: String,
    /// The other ports on which something listens that is not for localhost alone: `9999`.
    pub others: String,
    /// What came back inside the pod, in a word; empty where nothing was asked there.
    pub inside: String,
    /// In full.
    pub inside_words: String,
    /// What came back from a client to the pod's address, in a word; empty where nothing was asked there.
    pub outside: String,
    /// In full.
    pub outside_words: String,
    /// Whether a NetworkPolicy shuts that.
    pub shut: Known<bool>,
    /// What the program answers, in a word: inside, or where nobody was there, to a client.
    pub answer: String,
    /// In full.
    pub answer_words: String,
    /// How long that took, in milliseconds.
    pub milliseconds: i64,
    /// Whether the pod is ready.
    pub ready: bool,
    /// How many seconds ago its youngest container started, where it may still be about to listen; 0 later.
    pub starting: i64,
    /// Why that says nothing of this port, where it is ready: `it has no readiness probe`.
    pub readiness: String,
    /// Why its readiness probe fails though the program answers; empty where it does not, or is right.
    pub misjudged: String,
    /// How many other pods answer at this port.
    pub others_answer: i64,
    /// What was seen.
    pub evidence: Vec<Evidence>,
}

/// The facts of every port of every pod that was asked, with the pod.
pub fn listeners(inventory: &Inventory) -> Vec<(&Pod, ListenerFacts)> {
    let Some(checks) = inventory.checks() else { return Vec::new() };
    let steps = checks.made.iter().filter(|check| matches!(check.step, Step::Pod | Step::Inside));
    let ports: BTreeSet<(&str, &str, u16)> = steps
        .filter(|check| !check.pod.is_empty())
        .map(|check| (check.namespace.as_str(), check.pod.as_str(), check.target))
        .collect();
    let facts = ports.into_iter().filter_map(|(namespace, name, port)| {
        let pod = inventory.get::<Pod>(namespace, name).present()?;
        Some((pod, listener(inventory, checks, pod, port)))
    });
    facts.collect()
}

fn listener(inventory: &Inventory, checks: &Checks, pod: &Pod, port: u16) -> ListenerFacts {
    let name = object::name(&pod.metadata);
    let of_port = |step: Step| {
        checks.made.iter().filter(move |check| check.step == step && check.pod == name && check.target == port)
    };
    let (inside, outside): (Vec<&Check>, Vec<&Check>) = (of_port(Step::Inside).collect(), of_port(Step::Pod).collect());
    let Some(any) = outside.first().or(inside.first()) else { return ListenerFacts::default() };
    let protocol = any.spoken.transport();
    let sockets = sockets::of(checks, name);
    // Pods of one template are alike in where they listen.
    let alike = sockets.or_else(|| sockets::siblings(inventory, pod).find_map(|one| sockets::of(checks, one)));
    let all = sockets.unwrap_or_default();
    let here: Vec<&Socket> = all.iter().filter(|one| one.port == port && one.protocol == protocol).collect();
    // Of two localhosts one is enough.
    let best = inside.iter().find(|check| check.any_ok()).or(inside.first()).copied();
    let shut = link::shut_on(inventory, checks, any);
    let is_shut = shut.as_ref().is_some_and(|policies| !policies.is_empty());
    // Without a connection it is not the program's own answer, unless it is known that no policy gives it.
    let is_own = |check: &&Check| {
        shut.as_ref().is_some_and(Vec::is_empty) || check.answers.iter().any(|said| said.answer.is_connected())
    };
    let asked = best.or(outside.first().copied().filter(is_own));
    let is_v4 = pod.status.iter().filter_map(|status| status.pod_ip.as_deref()).any(|ip| ip.contains('.'));
    let answers_by = |host: &str| inside.iter().any(|check| check.to.starts_with(host) && check.any_ok());
    let mut facts = ListenerFacts {
        pod: name.to_owned(),
        port: i64::from(port),
        protocol: protocol.to_owned(),
        service: outside
            .iter()
            .find(|check| !check.service.is_empty())
            .map(|check| format!("Service/{} port {}", check.service, check.port))
            .unwrap_or_default(),
        told_by: any.spoken.told_by.clone(),
        path: any.spoken.path.clone(),
        path_is_known: any.spoken.path_is_known,
        declared: declared::is_declared(pod, port, protocol),
        sockets: sockets.is_some(),
        listens: !here.is_empty(),
        local_only: !here.is_empty() && here.iter().all(|socket| socket.is_local()),
        other_family: is_v4
            && !here.is_empty()
            && here.iter().all(|socket| matches!(socket.address, IpAddr::V6(_)) && !socket.is_local())
            && answers_by("[::1]")
            && !answers_by("127."),
        bound: here.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        others: sockets::others(alike.unwrap_or_default(), port, protocol),
        inside: best.map(|check| class::of_all([check].into_iter())).unwrap_or_default().to_owned(),
        inside_words: best.map(Check::words).unwrap_or_default(),
        outside: class::of_all(outside.iter().copied()).to_owned(),
        outside_words: outside.first().map(|check| check.words()).unwrap_or_default(),
        shut: match (&shut, inventory.list::<NetworkPolicy>(&any.namespace)) {
            (Some(_), _) => Known::Known(is_shut),
            (None, Known::Unknown(why)) => Known::Unknown(why),
            (None, Known::Known(_)) => {
                Known::Unknown("namespaces: needed to know whom a NetworkPolicy lets in".to_owned())
            }
        },
        answer: class::of_all(asked.into_iter()).to_owned(),
        answer_words: asked.map(Check::words).unwrap_or_default(),
        milliseconds: asked.map(|check| i64::try_from(check.milliseconds()).unwrap_or(i64::MAX)).unwrap_or_default(),
        ready: service::is_ready(pod),
        starting: starting(inventory, pod),
        readiness: String::new(),
        misjudged: String::new(),
        others_answer: others_answer(checks, any),
        evidence: inside
            .iter()
            .chain(&outside)
            .filter(|check| !check.to.starts_with("[::1]") || (check.any_ok() && !answers_by("127.")))
            .map(|check| evidence(check))
            .collect(),
    };
    facts.readiness = declared::readiness(pod, port);
    facts.misjudged = declared::misjudged(pod, &facts, sockets);
    if sockets.is_some() {
        let text = if here.is_empty() { format!("nothing at port {port}") } else { facts.bound.clone() };
        facts.evidence.insert(0, Evidence { source: format!("sockets inside Pod/{name}"), text, at: None });
    }
    facts
}

// Most programs listen by then.
fn starting(inventory: &Inventory, pod: &Pod) -> i64 {
    const A_WHILE: i64 = 30;
    let statuses = pod.status.iter().flat_map(|status| status.container_statuses.iter().flatten());
    let youngest = statuses.map(|status| probe::running_for(Some(status), inventory.about.now)).min().unwrap_or(0);
    if youngest < A_WHILE { youngest.max(1) } else { 0 }
}

fn others_answer(checks: &Checks, of: &Check) -> i64 {
    let same = checks.made.iter().filter(|check| {
        check.step == Step::Pod && check.pod != of.pod && check.target == of.target && check.namespace == of.namespace
    });
    object::count(same.filter(|check| check.any_ok()).count())
}

fn evidence(check: &Check) -> Evidence {
    let from = match &check.origin {
        Origin::Inside { pod } | Origin::Forward { pod } => format!("inside Pod/{pod}"),
        Origin::Own => "from another pod".to_owned(),
        Origin::Client { kind, name, .. } => format!("from {kind}/{name}"),
    };
    Evidence { source: format!("{from}, {}", check.to), text: check.words(), at: None }
}
