//! A port of a pod: what listens there, and what it answers from inside and from outside.

use std::{collections::BTreeSet, net::IpAddr};

use k8s_openapi::{
    api::{
        core::v1::{Container, Pod, Probe},
        networking::v1::NetworkPolicy,
    },
    apimachinery::pkg::util::intstr::IntOrString,
};
use schemars::JsonSchema;
use serde::Serialize;

use super::{class, link};
use crate::{
    active::{Answer, Check, Checks, Origin, Socket, Step},
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
        let pod = inventory.seen::<Pod>(namespace).find(|pod| object::name(&pod.metadata) == name)?;
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
    let sockets = sockets(checks, name);
    // Pods of one template are alike in where they listen.
    let alike = sockets.or_else(|| siblings(inventory, pod).find_map(|one| self::sockets(checks, one)));
    let all = sockets.unwrap_or_default();
    let here: Vec<&Socket> = all.iter().filter(|one| one.port == port && one.protocol == protocol).collect();
    // Of two localhosts one is enough.
    let best = inside.iter().find(|check| check.any_ok()).or(inside.first()).copied();
    let client = link::client(inventory, checks, &any.namespace);
    let shut = client.and_then(|client| link::shut(inventory, &client, pod, port, protocol));
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
        declared: is_declared(pod, port, protocol),
        sockets: sockets.is_some(),
        listens: !here.is_empty(),
        local_only: !here.is_empty() && here.iter().all(|socket| socket.is_local()),
        other_family: is_v4
            && !here.is_empty()
            && here.iter().all(|socket| matches!(socket.address, IpAddr::V6(_)) && !socket.is_local())
            && answers_by("[::1]")
            && !answers_by("127."),
        bound: here.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        others: others(alike.unwrap_or_default(), port, protocol),
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
    facts.readiness = readiness(pod, port);
    facts.misjudged = misjudged(pod, &facts, sockets);
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

// The names of the pods that the same object made.
fn siblings<'a>(inventory: &'a Inventory, pod: &'a Pod) -> impl Iterator<Item = &'a str> {
    let owner = object::controller(&pod.metadata);
    let all = inventory.seen::<Pod>(object::namespace(&pod.metadata));
    all.filter(move |one| owner.is_some() && object::controller(&one.metadata) == owner)
        .map(|one| object::name(&one.metadata))
}

/// The sockets of a pod, where they were looked at.
fn sockets<'c>(checks: &'c Checks, pod: &str) -> Option<&'c [Socket]> {
    let of_pod = checks.made.iter().filter(|check| check.step == Step::Listening && check.pod == pod);
    of_pod.flat_map(|check| &check.answers).find_map(|said| match &said.answer {
        Answer::Sockets { sockets } => Some(sockets.as_slice()),
        _ => None,
    })
}

/// Of the pods of a Service's port whose sockets were looked at: whether any listens there, and where else they listen.
pub fn heard(
    inventory: &Inventory,
    namespace: &str,
    pods: &[&Pod],
    port: u16,
    protocol: &str,
) -> Option<(bool, String)> {
    let checks = inventory.checks()?;
    let of_pods = pods.iter().filter(|pod| object::namespace(&pod.metadata) == namespace);
    let seen: Vec<&[Socket]> = of_pods.filter_map(|pod| sockets(checks, object::name(&pod.metadata))).collect();
    let first: Vec<Socket> = seen.first()?.iter().filter(|one| one.protocol == protocol).cloned().collect();
    let listens = seen.iter().any(|sockets| sockets.iter().any(|one| one.port == port && one.protocol == protocol));
    Some((listens, others(&first, port, protocol)))
}

// Only where protocols differ from the one that is asked are they told.
fn others(sockets: &[Socket], port: u16, protocol: &str) -> String {
    let is_asked = |socket: &Socket| (socket.port, socket.protocol.as_str()) == (port, protocol);
    let shown = |socket: &Socket| match socket.protocol.as_str() {
        same if same == protocol => String::new(),
        other => format!("/{other}"),
    };
    let others: BTreeSet<(u16, String)> = sockets
        .iter()
        .filter(|socket| !is_asked(socket) && !socket.is_local())
        .map(|socket| (socket.port, shown(socket)))
        .collect();
    others.iter().map(|(port, protocol)| format!("{port}{protocol}")).collect::<Vec<_>>().join(", ")
}

fn others_answer(checks: &Checks, of: &Check) -> i64 {
    let same = checks.made.iter().filter(|check| {
        check.step == Step::Pod && check.pod != of.pod && check.target == of.target && check.namespace == of.namespace
    });
    i64::try_from(same.filter(|check| check.any_ok()).count()).unwrap_or(i64::MAX)
}

fn evidence(check: &Check) -> Evidence {
    let from = match &check.origin {
        Origin::Inside { pod } | Origin::Forward { pod } => format!("inside Pod/{pod}"),
        Origin::Own => "from another pod".to_owned(),
        Origin::Client { kind, name, .. } => format!("from {kind}/{name}"),
    };
    Evidence { source: format!("{from}, {}", check.to), text: check.words(), at: None }
}

fn containers(pod: &Pod) -> impl Iterator<Item = &Container> {
    pod.spec.iter().flat_map(|spec| spec.containers.iter().chain(spec.init_containers.iter().flatten()))
}

fn probes(pod: &Pod) -> impl Iterator<Item = (&Container, &Probe)> {
    containers(pod).flat_map(|container| {
        let probes = [&container.readiness_probe, &container.liveness_probe, &container.startup_probe];
        probes.into_iter().flatten().map(move |probe| (container, probe))
    })
}

fn is_declared(pod: &Pod, port: u16, protocol: &str) -> bool {
    let mut ports = containers(pod).flat_map(|container| container.ports.iter().flatten());
    ports.any(|one| one.container_port == i32::from(port) && one.protocol.as_deref().unwrap_or("TCP") == protocol)
        || protocol == "TCP" && probes(pod).any(|(container, probe)| asked_port(container, probe) == Some(port))
}

// The port that a probe asks.
fn asked_port(container: &Container, probe: &Probe) -> Option<u16> {
    let http = probe.http_get.as_ref().map(|http| http.port.clone());
    let tcp = probe.tcp_socket.as_ref().map(|tcp| tcp.port.clone());
    let grpc = probe.grpc.as_ref().map(|grpc| IntOrString::Int(grpc.port));
    let number = match http.or(tcp).or(grpc)? {
        IntOrString::Int(number) => number,
        IntOrString::String(name) => {
            container.ports.iter().flatten().find(|port| port.name.as_ref() == Some(&name))?.container_port
        }
    };
    u16::try_from(number).ok()
}

fn readiness(pod: &Pod, port: u16) -> String {
    let set: Vec<_> =
        containers(pod).filter_map(|container| Some((container, container.readiness_probe.as_ref()?))).collect();
    if set.is_empty() {
        return "it has no readiness probe".to_owned();
    }
    if set.iter().any(|(container, probe)| asked_port(container, probe) == Some(port)) {
        return "its readiness probe passes".to_owned();
    }
    match set.iter().find_map(|(container, probe)| asked_port(container, probe)) {
        Some(other) => format!("its readiness probe asks port {other}"),
        None => "its readiness probe asks no port".to_owned(),
    }
}

// Where the program answers well and the kubelet says that the pod is not ready.
fn misjudged(pod: &Pod, facts: &ListenerFacts, sockets: Option<&[Socket]>) -> String {
    if facts.ready || facts.answer != "ok" {
        return String::new();
    }
    for container in containers(pod) {
        let Some(probe) = &container.readiness_probe else { continue };
        let Some(asked) = asked_port(container, probe) else { continue };
        let listens = |port: u16| sockets.is_none_or(|all| all.iter().any(|one| one.port == port));
        if !listens(asked) {
            return format!("it asks port {asked}, on which nothing listens");
        }
        let limit = i64::from(probe.timeout_seconds.unwrap_or(1));
        let is_same = i64::from(asked) == facts.port;
        if is_same && probe.http_get.is_some() && facts.milliseconds > limit * 1000 {
            return format!(
                "it waits {limit} s for an answer (timeoutSeconds), and one takes {:.1} s",
                seconds(facts.milliseconds)
            );
        }
    }
    String::new()
}

fn seconds(milliseconds: i64) -> f64 {
    f64::from(i32::try_from(milliseconds).unwrap_or(i32::MAX)) / 1000.0
}
