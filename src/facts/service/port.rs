//! A Service's ports, and what the pods behind it serve.

use k8s_openapi::{
    api::core::v1::{Pod, Service, ServicePort},
    apimachinery::pkg::util::intstr::IntOrString,
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::{is_ready, selected, selected_workloads};
use crate::{
    document::Nearest,
    facts::{
        checked,
        nearest::{Candidate, nearest},
        object,
        workload::{Workload, Workloads},
    },
    inventory::{Inventory, Known},
};

/// One port of a Service, as a rule sees it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct PortFacts {
    /// Its name, or its number where it has none.
    pub name: String,
    /// `spec.ports[].port`.
    pub number: i64,
    /// `TCP`, `UDP`, `SCTP`.
    pub protocol: String,
    /// Its path in the Service: `spec.ports[0].targetPort`.
    pub field: String,
    /// Whether it is the Service's only port.
    pub only: bool,
    /// Where it leads, as written: a number or a name.
    pub target: String,
    /// Whether that is a name.
    pub named: bool,
    /// Whether a matched pod declares or probes it; true where one of their containers declares none.
    pub served: Known<bool>,
    /// Whether a matched pod declares or probes it by itself.
    pub exact: bool,
    /// Whether active checks looked at the sockets of a matched pod.
    pub asked: bool,
    /// Whether something listens there, where they did.
    pub heard: bool,
    /// The other ports on which something listens, where they did: `9999`.
    pub listening: String,
    /// The other protocol with which a matched pod declares the same port; empty where none does, or where a probe
    /// or another port of the Service shows that both are served.
    pub other_protocol: String,
    /// A JSON patch of the Service that takes that protocol.
    pub protocol_patch: String,
    /// What the matched pods declare, as words: `8080 (http), 9090`; empty where they declare none.
    pub declared: String,
    /// Whose pods those are: `Deployment/web`.
    pub owner: String,
    /// The workloads whose pods declare or probe it, as words.
    pub hosts: String,
    /// Those of which it is known that they do not, with what they declare: `Deployment/worker (9090)`; empty where
    /// there are none, or none but those.
    pub strangers: String,
    /// What was probably meant, nearest first.
    pub nearest: Vec<Nearest>,
    /// The nearest; empty where none is near.
    pub better: String,
    /// A JSON patch of the Service that leads there.
    pub patch: String,
}

/// The facts of each port of a Service that selects pods.
pub fn ports(inventory: &Inventory, workloads: &Workloads, service: &Service) -> Vec<PortFacts> {
    let ports = service.spec.as_ref().and_then(|spec| spec.ports.as_deref()).unwrap_or_default();
    let matched = selected_workloads(workloads, service);
    let pods_known = inventory.list::<Pod>(object::namespace(&service.metadata));
    let served = Served::by(&matched);
    let others =
        |index: usize| ports.iter().enumerate().filter(move |(other, _)| *other != index).map(|(_, port)| port);
    ports
        .iter()
        .enumerate()
        .map(|(index, port)| {
            let others: Vec<_> = others(index).collect();
            let mut facts = port_facts(port, index, &others, &served, &pods_known.as_ref().map(|_| ()));
            (facts.hosts, facts.strangers) = told_apart(port, &matched);
            facts.hear(inventory, service, port, index);
            facts
        })
        .collect()
}

impl PortFacts {
    // What active checks heard counts for more than what is declared.
    fn hear(&mut self, inventory: &Inventory, service: &Service, port: &ServicePort, index: usize) {
        let IntOrString::Int(number) = target_of(port) else { return };
        let Ok(number) = u16::try_from(number) else { return };
        let pods = selected(inventory, service);
        let namespace = object::namespace(&service.metadata);
        let Some((heard, listening)) = checked::heard(inventory, namespace, &pods, number, &self.protocol) else {
            return;
        };
        (self.asked, self.heard, self.listening) = (true, heard, listening);
        if !heard && self.listening.parse::<u16>().is_ok() {
            self.better.clone_from(&self.listening);
            self.nearest =
                vec![Nearest { value: self.better.clone(), why: "the only port on which they listen".to_owned() }];
            self.patch = patch_port(index, port.target_port.is_some(), &self.better);
        }
    }
}

/// What the pods behind a Service declare and probe.
struct Served {
    /// Name, number and protocol.
    declared: Vec<(String, i32, String)>,
    probed: Vec<IntOrString>,
    owner: String,
    all_declare: bool,
}

impl Served {
    fn by(workloads: &[&Workload]) -> Self {
        let mut served =
            Self { declared: Vec::new(), probed: Vec::new(), owner: String::new(), all_declare: !workloads.is_empty() };
        for workload in workloads {
            let Some(spec) = workload.spec else { continue };
            let sidecars = spec
                .init_containers
                .iter()
                .flatten()
                .filter(|container| container.restart_policy.as_deref() == Some("Always"));
            // One container that declares none may listen on anything, whatever the others declare.
            served.all_declare &=
                spec.containers.iter().all(|container| container.ports.as_ref().is_some_and(|ports| !ports.is_empty()));
            for container in spec.containers.iter().chain(sidecars) {
                for port in container.ports.iter().flatten() {
                    let protocol = port.protocol.clone().unwrap_or_else(|| "TCP".to_owned());
                    let entry = (port.name.clone().unwrap_or_default(), port.container_port, protocol);
                    if !served.declared.contains(&entry) {
                        served.declared.push(entry);
                    }
                }
                let probes = [&container.liveness_probe, &container.readiness_probe, &container.startup_probe];
                for probe in probes.into_iter().flatten() {
                    let http = probe.http_get.as_ref().map(|http| http.port.clone());
                    let tcp = probe.tcp_socket.as_ref().map(|tcp| tcp.port.clone());
                    let grpc = probe.grpc.as_ref().map(|grpc| IntOrString::Int(grpc.port));
                    served.probed.extend(http.or(tcp).or(grpc));
                }
            }
        }
        served.owner = workloads.iter().map(|workload| workload.object.to_string()).collect::<Vec<_>>().join(", ");
        served
    }
}

/// Where a port leads: a number or a name.
pub fn target_of(port: &ServicePort) -> IntOrString {
    port.target_port.clone().unwrap_or(IntOrString::Int(port.port))
}

fn port_facts(
    port: &ServicePort,
    index: usize,
    others: &[&ServicePort],
    served: &Served,
    pods_known: &Known<()>,
) -> PortFacts {
    let protocol = port.protocol.clone().unwrap_or_else(|| "TCP".to_owned());
    let target = target_of(port);
    let taken: Vec<_> = others.iter().copied().map(target_of).collect();
    let of_protocol = |entry: &&(String, i32, String)| entry.2 == protocol;
    let (named, text) = match &target {
        IntOrString::Int(number) => (false, number.to_string()),
        IntOrString::String(name) => (true, name.clone()),
    };
    let matches = |entry: &(String, i32, String)| match &target {
        IntOrString::Int(number) => entry.1 == *number,
        IntOrString::String(name) => entry.0 == *name,
    };
    let is_declared = served.declared.iter().filter(of_protocol).any(matches);
    let is_probed = served.probed.contains(&target);
    // DNS and HTTP/3 answer to both protocols at one port, and many declare it once.
    let is_double = others.iter().any(|other| target_of(other) == target && other.protocol != port.protocol);
    // Only where every workload behind it declares ports does one that none declares stand out; a name must be declared.
    let is_served = is_declared || (!named && (is_probed || !served.all_declare));
    let other_protocol = served.declared.iter().find(|entry| entry.2 != protocol && matches(entry));
    let is_both = is_declared || is_double || (is_probed && protocol == "TCP");
    let other_protocol = other_protocol.filter(|_| !is_both).map(|entry| entry.2.clone()).unwrap_or_default();
    // A port to which another of the Service's ports leads is hardly the one that was meant here.
    let is_free = |entry: &&(String, i32, String)| {
        !taken.iter().any(|taken| match taken {
            IntOrString::Int(number) => *number == entry.1,
            IntOrString::String(name) => *name == entry.0,
        })
    };
    let candidates: Vec<_> = served.declared.iter().filter(of_protocol).filter(is_free).collect();
    let nearest = nearest_port(&text, named, &candidates);
    let better = nearest.first().map(|nearest| nearest.value.clone()).unwrap_or_default();
    let field = format!("spec.ports[{index}].targetPort");
    PortFacts {
        name: port.name.clone().unwrap_or_else(|| port.port.to_string()),
        number: i64::from(port.port),
        patch: patch_port(index, port.target_port.is_some(), &better),
        exact: is_declared || is_probed,
        asked: false,
        heard: false,
        listening: String::new(),
        served: pods_known.clone().map(|()| is_served || is_double),
        hosts: String::new(),
        strangers: String::new(),
        protocol_patch: patch_protocol(index, port.protocol.is_some(), &other_protocol),
        other_protocol,
        declared: served
            .declared
            .iter()
            .map(|(name, number, protocol)| describe(name, *number, protocol))
            .collect::<Vec<_>>()
            .join(", "),
        owner: served.owner.clone(),
        target: text,
        protocol,
        field,
        only: others.is_empty(),
        named,
        nearest,
        better,
    }
}

// Of the workloads with ready pods, those that serve a port and those that, by what they declare, don't.
fn told_apart(port: &ServicePort, workloads: &[&Workload]) -> (String, String) {
    let target = target_of(port);
    let ready = workloads.iter().filter(|workload| workload.pods.iter().any(|pod| is_ready(pod)));
    let (mut hosts, mut strangers) = (Vec::new(), Vec::new());
    for workload in ready {
        let served = Served::by(&[*workload]);
        let is_it = |entry: &(String, i32, String)| match &target {
            IntOrString::Int(number) => entry.1 == *number,
            IntOrString::String(name) => entry.0 == *name,
        };
        if served.declared.iter().any(is_it) || served.probed.contains(&target) {
            hosts.push(workload.object.to_string());
        } else if served.all_declare {
            let declared = served.declared.iter().map(|(name, number, protocol)| describe(name, *number, protocol));
            strangers.push(format!("{} ({})", workload.object, declared.collect::<Vec<_>>().join(", ")));
        }
    }
    if hosts.is_empty() {
        strangers.clear();
    }
    (hosts.join(", "), strangers.join(", "))
}

fn describe(name: &str, number: i32, protocol: &str) -> String {
    let protocol = if protocol == "TCP" { String::new() } else { format!("/{protocol}") };
    if name.is_empty() { format!("{number}{protocol}") } else { format!("{number}{protocol} ({name})") }
}

fn nearest_port(target: &str, named: bool, declared: &[&(String, i32, String)]) -> Vec<Nearest> {
    if named {
        let names: Vec<_> = declared.iter().filter(|entry| !entry.0.is_empty()).collect();
        let found = nearest(target, names.iter().map(|entry| Candidate::named(&entry.0)));
        if found.is_empty() && declared.len() == 1 {
            let value = if declared[0].0.is_empty() { declared[0].1.to_string() } else { declared[0].0.clone() };
            return vec![Nearest { value, why: "the only port that is declared".to_owned() }];
        }
        return found;
    }
    match declared {
        [only] => vec![Nearest { value: only.1.to_string(), why: "the only port that is declared".to_owned() }],
        _ => {
            let numbers: Vec<_> = declared.iter().map(|entry| entry.1.to_string()).collect();
            nearest(
                target,
                numbers.iter().map(|number| Candidate { name: number, holds: false, note: "declared".to_owned() }),
            )
        }
    }
}

fn patch_port(index: usize, is_set: bool, better: &str) -> String {
    if better.is_empty() {
        return String::new();
    }
    let value = better.parse::<i32>().map_or(json!(better), |number| json!(number));
    let op = if is_set { "replace" } else { "add" };
    json!([{"op": op, "path": format!("/spec/ports/{index}/targetPort"), "value": value}]).to_string()
}

fn patch_protocol(index: usize, is_set: bool, protocol: &str) -> String {
    let op = if is_set { "replace" } else { "add" };
    json!([{"op": op, "path": format!("/spec/ports/{index}/protocol"), "value": protocol}]).to_string()
}
