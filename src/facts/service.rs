//! A Service, the pods that it selects, and where its ports lead.

use std::collections::BTreeMap;

use k8s_openapi::{
    api::{
        core::v1::{Pod, Service, ServicePort},
        discovery::v1::EndpointSlice,
    },
    apimachinery::pkg::util::intstr::IntOrString,
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    nearest::{Candidate, nearest, nearest_name},
    object, pod,
    workload::{Workload, Workloads, phase},
};
use crate::{
    document::{Evidence, Nearest, ObjectRef},
    inventory::{Inventory, Known},
};

/// A Service, as a rule sees it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ServiceFacts {
    /// Its name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// `ClusterIP`, `NodePort`, `LoadBalancer`, `ExternalName`.
    pub r#type: String,
    /// Whether its clusterIP is None.
    pub headless: bool,
    /// `spec.selector`; empty where there is none.
    pub selector: BTreeMap<String, String>,
    /// The selector as `app=web,tier=front`.
    pub selector_text: String,
    /// The selector as YAML lines.
    pub selector_yaml: String,
    /// The pods that it matches, those on their way out left aside.
    pub pods: Known<Vec<String>>,
    /// How many of those are ready.
    pub ready: Known<i64>,
    /// Whether none of the pods that it matches is still on its way, within the time that it may take.
    pub settled: bool,
    /// What its EndpointSlices hold.
    pub endpoints: Known<EndpointFacts>,
    /// The workloads whose pod template it matches, though they may have no pods: `Deployment/web`.
    pub workloads: Vec<String>,
    /// Whether all of those ask for no pods.
    pub scaled_to_zero: bool,
    /// The labels that were probably meant, where some are near.
    pub nearest: Option<NearestLabels>,
    /// The workloads elsewhere whose pods carry the whole selector: `Deployment/web in namespace shop`.
    pub elsewhere: Vec<String>,
    /// The matched pods that are not ready, as evidence.
    pub evidence: Vec<Evidence>,
}

/// What a Service's EndpointSlices hold.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct EndpointFacts {
    /// How many slices there are.
    pub slices: i64,
    /// How many endpoints are ready.
    pub ready: i64,
    /// How many are not.
    pub not_ready: i64,
}

/// Pods whose labels come near a selector.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct NearestLabels {
    /// `Deployment/web`.
    pub owner: String,
    /// Those of the owner's labels that should be selected, as YAML lines.
    pub labels: String,
    /// Why these: `3 ready pods of Deployment/web carry it`.
    pub why: String,
    /// A merge patch of the Service that selects them.
    pub patch: String,
}

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
    /// Whether a matched pod declares the same number with another protocol, and that protocol.
    pub other_protocol: String,
    /// What the matched pods declare, as words: `8080 (http), 9090`; empty where they declare none.
    pub declared: String,
    /// Whose pods those are: `Deployment/web`.
    pub owner: String,
    /// What was probably meant, nearest first.
    pub nearest: Vec<Nearest>,
    /// The nearest; empty where none is near.
    pub better: String,
    /// A JSON patch of the Service that leads there.
    pub patch: String,
}

/// The pods of its own namespace that a Service selects.
pub fn selected<'a>(inventory: &'a Inventory, service: &Service) -> Vec<&'a Pod> {
    let selector = selector(service);
    if selector.is_empty() {
        return Vec::new();
    }
    let pods = inventory.seen::<Pod>(object::namespace(&service.metadata));
    pods.filter(|pod| is_alive(pod) && carries(pod.metadata.labels.as_ref(), &selector)).collect()
}

/// `spec.selector`; empty where there is none, or where it has no say (ExternalName).
pub fn selector(service: &Service) -> BTreeMap<String, String> {
    let spec = service.spec.as_ref();
    if spec.and_then(|spec| spec.type_.as_deref()) == Some("ExternalName") {
        return BTreeMap::new();
    }
    spec.and_then(|spec| spec.selector.clone()).unwrap_or_default()
}

/// The workloads that a Service selects: by their pods, or by their template where they have none.
pub fn selected_workloads<'w, 'a>(workloads: &'w Workloads<'a>, service: &Service) -> Vec<&'w Workload<'a>> {
    let selector = selector(service);
    let namespace = object::namespace(&service.metadata).to_owned();
    if selector.is_empty() {
        return Vec::new();
    }
    let here = workloads.all.iter().filter(|workload| workload.object.namespace == namespace);
    here.filter(|workload| {
        carries(workload.labels, &selector)
            || workload.pods.iter().any(|pod| carries(pod.metadata.labels.as_ref(), &selector))
    })
    .collect()
}

fn is_alive(pod: &Pod) -> bool {
    pod.metadata.deletion_timestamp.is_none() && !matches!(phase(pod), "Succeeded" | "Failed")
}

fn carries(labels: Option<&BTreeMap<String, String>>, selector: &BTreeMap<String, String>) -> bool {
    labels.is_some_and(|labels| selector.iter().all(|(key, value)| labels.get(key) == Some(value)))
}

/// The condition Ready of a pod.
pub fn is_ready(pod: &Pod) -> bool {
    let conditions = pod.status.as_ref().and_then(|status| status.conditions.as_deref()).unwrap_or_default();
    conditions.iter().any(|condition| condition.type_ == "Ready" && condition.status == "True")
}

/// The facts of a Service.
pub fn facts(inventory: &Inventory, workloads: &Workloads, service: &Service) -> ServiceFacts {
    let spec = service.spec.as_ref();
    let namespace = object::namespace(&service.metadata);
    let selector = selector(service);
    let pods = selected(inventory, service);
    let all_pods = inventory.list::<Pod>(namespace);
    let matched = selected_workloads(workloads, service);
    let nobody = pods.is_empty() && !selector.is_empty();
    ServiceFacts {
        name: object::name(&service.metadata).to_owned(),
        namespace: namespace.to_owned(),
        r#type: spec.and_then(|spec| spec.type_.clone()).unwrap_or_else(|| "ClusterIP".to_owned()),
        headless: spec.and_then(|spec| spec.cluster_ip.as_deref()) == Some("None"),
        selector_text: text(&selector),
        selector_yaml: yaml_lines(&selector),
        settled: !pods.iter().any(|pod| pod::is_on_its_way(inventory, pod)),
        endpoints: endpoints(inventory, service),
        scaled_to_zero: !matched.is_empty() && matched.iter().all(|workload| workload.replicas == Some(0)),
        workloads: matched.iter().map(|workload| workload.object.to_string()).collect(),
        nearest: if nobody { nearest_labels(workloads, service, &selector) } else { None },
        elsewhere: if nobody { elsewhere(inventory, namespace, &selector) } else { Vec::new() },
        evidence: pods.iter().filter(|pod| !is_ready(pod)).take(5).map(|pod| not_ready(pod)).collect(),
        ready: all_pods.as_ref().map(|_| count(pods.iter().filter(|pod| is_ready(pod)).count())),
        pods: all_pods.map(|_| pods.iter().map(|pod| object::name(&pod.metadata).to_owned()).collect()),
        selector,
    }
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// What the kubelet says of a pod that is not ready.
pub fn not_ready(pod: &Pod) -> Evidence {
    let conditions = pod.status.as_ref().and_then(|status| status.conditions.as_deref()).unwrap_or_default();
    let ready = conditions.iter().find(|condition| condition.type_ == "Ready");
    let words = ready.and_then(|ready| ready.message.clone()).unwrap_or_else(|| format!("phase {}", phase(pod)));
    object::pod_evidence(
        pod,
        "status.conditions[Ready]",
        words,
        ready.and_then(|ready| ready.last_transition_time.as_ref()),
    )
}

fn text(labels: &BTreeMap<String, String>) -> String {
    labels.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(",")
}

fn endpoints(inventory: &Inventory, service: &Service) -> Known<EndpointFacts> {
    let namespace = object::namespace(&service.metadata);
    let slices = match inventory.list::<EndpointSlice>(namespace) {
        // Of pods the controller makes the slices of a Service with a selector: who sees them knows what is in there.
        Known::Unknown(_) if !selector(service).is_empty() && inventory.list::<Pod>(namespace).known().is_some() => {
            let pods = selected(inventory, service);
            let ready = pods.iter().filter(|pod| is_ready(pod)).count();
            return Known::Known(EndpointFacts {
                slices: 1,
                ready: count(ready),
                not_ready: count(pods.len() - ready),
            });
        }
        slices => slices,
    };
    slices.map(|slices| {
        let mut facts = EndpointFacts::default();
        let name = object::name(&service.metadata);
        let of_service = |slice: &&&EndpointSlice| {
            slice
                .metadata
                .labels
                .as_ref()
                .and_then(|labels| labels.get("kubernetes.io/service-name"))
                .is_some_and(|label| label == name)
        };
        for slice in slices.iter().filter(of_service) {
            facts.slices += 1;
            for endpoint in slice.endpoints.iter() {
                match endpoint.conditions.as_ref().and_then(|conditions| conditions.ready) {
                    Some(false) => facts.not_ready += 1,
                    _ => facts.ready += 1,
                }
            }
        }
        facts
    })
}

// Of the workloads of the namespace, the one whose labels need the smallest change of the selector: each
// label of the selector must be carried as it is, or by a near value or a near key.
fn nearest_labels(
    workloads: &Workloads,
    service: &Service,
    selector: &BTreeMap<String, String>,
) -> Option<NearestLabels> {
    let candidates = workloads
        .in_namespace(object::namespace(&service.metadata))
        .filter(|workload| workload.replicas != Some(0) && !workload.idle);
    type Rank = (usize, usize, bool);
    let mut best: Option<(Rank, BTreeMap<String, String>, &Workload)> = None;
    for workload in candidates {
        let Some(labels) = workload.labels else { continue };
        let Some((changes, wanted)) = adapt(selector, labels) else { continue };
        let named = nearest_name(object::name(&service.metadata), [&workload.object.name]).is_some()
            || workload.object.name == object::name(&service.metadata);
        // Fewer labels changed, then fewer letters, then a workload that is named as the Service is.
        let rank = (changes, strsim::osa_distance(&text(selector), &text(&wanted)), !named);
        if best.as_ref().is_none_or(|(best, _, _)| rank < *best) {
            best = Some((rank, wanted, workload));
        }
    }
    let (_, wanted, workload) = best?;
    let ready = workload.pods.iter().filter(|pod| is_ready(pod)).count();
    let plural = if workload.pods.len() == 1 { "pod" } else { "pods" };
    let carry = if workload.pods.len() == 1 { "carries" } else { "carry" };
    let why = if ready == workload.pods.len() {
        format!("{ready} ready {plural} of {} {carry} it", workload.object)
    } else {
        format!("{} {plural} of {} {carry} it, {ready} ready", workload.pods.len(), workload.object)
    };
    let mut patched: serde_json::Map<String, Value> =
        wanted.iter().map(|(key, value)| (key.clone(), json!(value))).collect();
    for key in selector.keys().filter(|key| !wanted.contains_key(*key)) {
        patched.insert(key.clone(), Value::Null);
    }
    Some(NearestLabels {
        owner: workload.object.to_string(),
        labels: yaml_lines(&wanted),
        why,
        patch: json!({"spec": {"selector": patched}}).to_string(),
    })
}

/// Labels as the lines of a YAML mapping.
pub fn yaml_lines(labels: &BTreeMap<String, String>) -> String {
    labels.iter().map(|(key, value)| format!("{key}: {value}")).collect::<Vec<_>>().join("\n")
}

// The selector with each label that the pods don't carry replaced by the near one that they do, and how
// many were replaced; nothing where one has none near.
fn adapt(
    selector: &BTreeMap<String, String>,
    labels: &BTreeMap<String, String>,
) -> Option<(usize, BTreeMap<String, String>)> {
    let mut wanted = BTreeMap::new();
    let mut changes = 0;
    for (key, value) in selector {
        if labels.get(key) == Some(value) {
            wanted.insert(key.clone(), value.clone());
            continue;
        }
        changes += 1;
        let near_value = labels.get(key).filter(|carried| is_near(value, carried));
        let near_key = labels.iter().find(|(other, carried)| *carried == value && !is_generated(other));
        let (key, value) = match (near_value, near_key) {
            (Some(carried), _) => (key, carried),
            (None, Some((other, carried))) => (other, carried),
            (None, None) => return None,
        };
        wanted.insert(key.clone(), value.clone());
    }
    Some((changes, wanted))
}

fn is_near(wanted: &str, other: &str) -> bool {
    !nearest(wanted, [Candidate { name: other, holds: false, note: String::new() }]).is_empty()
}

// Labels that a controller sets and no selector should name.
fn is_generated(key: &str) -> bool {
    ["pod-template-hash", "controller-revision-hash", "pod-template-generation"].contains(&key)
}

// Pods of other namespaces were asked for by the selector; more than three workloads tell nothing.
fn elsewhere(inventory: &Inventory, namespace: &str, selector: &BTreeMap<String, String>) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for pod in inventory.seen_anywhere::<Pod>() {
        let other = object::namespace(&pod.metadata);
        if other != namespace && is_alive(pod) && carries(pod.metadata.labels.as_ref(), selector) {
            let owner = super::workload::root_of_pod(inventory, pod);
            let text = format!("{owner} in namespace {other}");
            if !found.contains(&text) {
                found.push(text);
            }
        }
    }
    if found.len() > 3 { Vec::new() } else { found }
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
            port_facts(port, index, &others, &served, &pods_known.as_ref().map(|_| ()))
        })
        .collect()
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

fn target_of(port: &ServicePort) -> IntOrString {
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
    // Only where every workload behind it declares ports does one that none declares stand out; a name must be declared.
    let is_served = is_declared || (!named && (is_probed || !served.all_declare));
    let other_protocol = served
        .declared
        .iter()
        .find(|entry| entry.2 != protocol && matches(entry))
        .map(|entry| entry.2.clone())
        .unwrap_or_default();
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
        served: pods_known.clone().map(|()| is_served),
        other_protocol: if is_declared { String::new() } else { other_protocol },
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

fn describe(name: &str, number: i32, protocol: &str) -> String {
    let protocol = if protocol == "TCP" { String::new() } else { format!("/{protocol}") };
    if name.is_empty() { format!("{number}{protocol}") } else { format!("{number}{protocol} ({name})") }
}

fn nearest_port(target: &str, named: bool, declared: &[&(String, i32, String)]) -> Vec<Nearest> {
    if named {
        let names: Vec<_> = declared.iter().filter(|entry| !entry.0.is_empty()).collect();
        let found =
            nearest(target, names.iter().map(|entry| Candidate { name: &entry.0, holds: false, note: String::new() }));
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

/// The Services of a workload's namespace that select it.
pub fn of_workload(inventory: &Inventory, workload: &Workload) -> Vec<ObjectRef> {
    let services = inventory.seen::<Service>(&workload.object.namespace);
    services
        .filter(|service| {
            let selector = selector(service);
            !selector.is_empty()
                && (carries(workload.labels, &selector)
                    || workload.pods.iter().any(|pod| carries(pod.metadata.labels.as_ref(), &selector)))
        })
        .map(object::object_ref)
        .collect()
}
