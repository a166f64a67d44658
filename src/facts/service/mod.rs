//! A Service, the pods that it selects, and where its ports lead.

mod labels;
mod outside;
mod port;

use std::collections::BTreeMap;

use k8s_openapi::api::{
    apps::v1::ReplicaSet,
    core::v1::{Pod, Service},
    discovery::v1::EndpointSlice,
};
use schemars::JsonSchema;
use serde::Serialize;

pub use labels::{NearestLabels, adapt, nearest_workload, yaml_lines};
pub use outside::{BalancerFacts, ExternalFacts, external_name, named_in_cluster};
pub use port::{PortFacts, ports, target_of};

use super::{
    events::Events,
    object, pod,
    workload::{Workload, Workloads, phase},
};
use crate::{
    document::{Evidence, ObjectRef},
    inventory::{Inventory, Known, State},
    kind::Kind,
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
    /// Whether it is there to scrape a part of the control plane, whose pods a provider may keep to itself.
    pub of_control_plane: bool,
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
    pub workloads: Known<Vec<String>>,
    /// Whether all of those ask for no pods.
    pub scaled_to_zero: bool,
    /// The labels that were probably meant, where some are near.
    pub nearest: Option<NearestLabels>,
    /// The workloads elsewhere whose pods carry the whole selector: `Deployment/web in namespace shop`.
    pub elsewhere: Vec<String>,
    /// The matched pods that are not ready, as evidence.
    pub evidence: Vec<Evidence>,
    /// Its load balancer, where it is of that type.
    pub balancer: Option<BalancerFacts>,
    /// Where it leads, where it is an ExternalName.
    pub external: Option<ExternalFacts>,
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

/// The pods of its own namespace that a Service selects.
pub fn selected<'a>(inventory: &'a Inventory, service: &Service) -> Vec<&'a Pod> {
    let selector = selector(service);
    if selector.is_empty() {
        return Vec::new();
    }
    let pods = inventory.seen::<Pod>(object::namespace(&service.metadata));
    pods.filter(|pod| is_alive(pod) && carries(pod.metadata.labels.as_ref(), &selector)).collect()
}

/// Whether a Service is a name for another one: it has no pods, and needs no ports.
pub fn is_external_name(service: &Service) -> bool {
    service.spec.as_ref().and_then(|spec| spec.type_.as_deref()) == Some("ExternalName")
}

/// `spec.selector`; empty where there is none, or where it has no say (ExternalName).
pub fn selector(service: &Service) -> BTreeMap<String, String> {
    let spec = service.spec.as_ref();
    if is_external_name(service) {
        return BTreeMap::new();
    }
    spec.and_then(|spec| spec.selector.clone()).unwrap_or_default()
}

/// The workloads that a Service selects: by their pods, or by their template where they have none.
pub fn selected_workloads<'w, 'a>(workloads: &'w Workloads<'a>, service: &Service) -> Vec<&'w Workload<'a>> {
    let selector = selector(service);
    if selector.is_empty() {
        return Vec::new();
    }
    let here = workloads.in_namespace(object::namespace(&service.metadata));
    here.filter(|workload| {
        carries(workload.labels, &selector)
            || workload.pods.iter().any(|pod| carries(pod.metadata.labels.as_ref(), &selector))
    })
    .collect()
}

// As kube-prometheus-stack makes them in kube-system of every cluster.
fn is_of_control_plane(namespace: &str, selector: &BTreeMap<String, String>) -> bool {
    const PARTS: [&str; 6] =
        ["etcd", "kube-etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy"];
    namespace == "kube-system" && selector.values().any(|value| PARTS.contains(&value.as_str()))
}

fn is_alive(pod: &Pod) -> bool {
    pod.metadata.deletion_timestamp.is_none() && !matches!(phase(pod), "Succeeded" | "Failed")
}

fn carries(labels: Option<&BTreeMap<String, String>>, selector: &BTreeMap<String, String>) -> bool {
    labels.is_some_and(|labels| selector.iter().all(|(key, value)| labels.get(key) == Some(value)))
}

/// Whether its name leads to its pods' own addresses: its clusterIP is None.
pub fn is_headless(service: &Service) -> bool {
    service.spec.as_ref().and_then(|spec| spec.cluster_ip.as_deref()) == Some("None")
}

/// The condition Ready of a pod.
pub fn is_ready(pod: &Pod) -> bool {
    object::pod_condition(pod, "Ready").is_some_and(|condition| condition.status == "True")
}

/// The facts of a Service.
pub fn facts(inventory: &Inventory, workloads: &Workloads, events: &Events, service: &Service) -> ServiceFacts {
    let spec = service.spec.as_ref();
    let namespace = object::namespace(&service.metadata);
    let selector = selector(service);
    let pods = selected(inventory, service);
    let all_pods = inventory.list::<Pod>(namespace);
    let matched = selected_workloads(workloads, service);
    let nobody = pods.is_empty() && !selector.is_empty();
    let nearest = if nobody { labels::nearest(workloads, service, &selector) } else { None };
    ServiceFacts {
        name: object::name(&service.metadata).to_owned(),
        namespace: namespace.to_owned(),
        r#type: spec.and_then(|spec| spec.type_.clone()).unwrap_or_else(|| "ClusterIP".to_owned()),
        headless: is_headless(service),
        of_control_plane: is_of_control_plane(namespace, &selector),
        balancer: outside::balancer(inventory, events, service),
        external: outside::external(inventory, service),
        selector_text: text(&selector),
        selector_yaml: yaml_lines(&selector),
        settled: !pods.iter().any(|pod| pod::is_on_its_way(inventory, pod)),
        endpoints: endpoints(inventory, service),
        scaled_to_zero: !matched.is_empty() && matched.iter().all(|workload| workload.replicas == Some(0)),
        workloads: match unseen_workloads(inventory, namespace, &selector, nearest.is_some()) {
            Some(why) if matched.is_empty() => Known::Unknown(why),
            _ => Known::Known(matched.iter().map(|workload| workload.object.to_string()).collect()),
        },
        nearest,
        elsewhere: if nobody { elsewhere(inventory, namespace, &selector) } else { Vec::new() },
        evidence: pods.iter().filter(|pod| !is_ready(pod)).take(5).map(|pod| not_ready(pod)).collect(),
        ready: all_pods.as_ref().map(|_| object::count(pods.iter().filter(|pod| is_ready(pod)).count())),
        pods: all_pods.map(|_| pods.iter().map(|pod| object::name(&pod.metadata).to_owned()).collect()),
        selector,
    }
}

// A workload without pods is known by its template alone. Where labels that are near are carried by pods, a
// StatefulSet besides that asks for none is too improbable to say nothing for. A Deployment's ReplicaSets stay when it
// asks for no pods, and carry the same labels.
fn unseen_workloads(
    inventory: &Inventory,
    namespace: &str,
    selector: &BTreeMap<String, String>,
    has_nearest: bool,
) -> Option<String> {
    let carries_it = |set: &&ReplicaSet| {
        let template = set.spec.as_ref().and_then(|spec| spec.template.as_ref()?.metadata.as_ref());
        carries(template.and_then(|metadata| metadata.labels.as_ref()), selector)
    };
    let no_set = inventory.list::<ReplicaSet>(namespace).known().is_some_and(|sets| !sets.iter().any(carries_it));
    let kinds: &[Kind] = if has_nearest { &[Kind::Deployment] } else { &[Kind::Deployment, Kind::StatefulSet] };
    let unseen = kinds.iter().filter(|kind| !(**kind == Kind::Deployment && no_set));
    unseen.into_iter().find_map(|kind| match inventory.coverage().of_list(*kind, namespace) {
        State::Failed(why) => Some(format!("{}: {why}", kind.resource())),
        State::Collected | State::Absent => None,
    })
}

/// What the kubelet says of a pod that is not ready.
pub fn not_ready(pod: &Pod) -> Evidence {
    let ready = object::pod_condition(pod, "Ready");
    let words = ready.and_then(|ready| ready.message.clone()).unwrap_or_else(|| format!("phase {}", phase(pod)));
    object::pod_evidence(
        pod,
        "status.conditions[Ready]",
        words,
        ready.and_then(|ready| ready.last_transition_time.as_ref()),
    )
}

/// Labels as `app=web,tier=front`.
pub fn text(labels: &BTreeMap<String, String>) -> String {
    labels.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(",")
}

/// Whether a slice holds endpoints of the Service of this name in its namespace
/// (<https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/#ownership>).
pub fn is_slice_of(slice: &EndpointSlice, service: &str) -> bool {
    let labels = slice.metadata.labels.as_ref();
    labels.and_then(|labels| labels.get("kubernetes.io/service-name")).is_some_and(|name| name == service)
}

/// How many endpoints a Service has.
pub fn endpoints(inventory: &Inventory, service: &Service) -> Known<EndpointFacts> {
    let namespace = object::namespace(&service.metadata);
    let slices = match inventory.list::<EndpointSlice>(namespace) {
        // Of pods the controller makes the slices of a Service with a selector: who sees them knows what is in there.
        slices
            if (slices.as_ref().known().is_none() || inventory.is_in_part(Kind::EndpointSlice))
                && !selector(service).is_empty()
                && inventory.list::<Pod>(namespace).known().is_some() =>
        {
            let pods = selected(inventory, service);
            let ready = pods.iter().filter(|pod| is_ready(pod)).count();
            return Known::Known(EndpointFacts {
                slices: 1,
                ready: object::count(ready),
                not_ready: object::count(pods.len() - ready),
            });
        }
        slices => slices,
    };
    slices.map(|slices| {
        let mut facts = EndpointFacts::default();
        let name = object::name(&service.metadata);
        for slice in slices.iter().filter(|slice| is_slice_of(slice, name)) {
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
