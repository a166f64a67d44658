//! A HorizontalPodAutoscaler: what it scales, by what, and how far it is
//! (<https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/>).

use k8s_openapi::api::{
    apps::v1::{Deployment, StatefulSet},
    autoscaling::v2::{
        CrossVersionObjectReference, HorizontalPodAutoscaler, HorizontalPodAutoscalerCondition, MetricStatus,
        MetricTarget, MetricValueStatus,
    },
};
use regex_lite::Regex;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::share::{self, UnrequestedFacts};
use crate::{
    document::{Evidence, Nearest},
    facts::{
        api_service,
        nearest::{Candidate, nearest},
        object, rollout,
        service::is_ready,
        workload::{Workload, Workloads},
    },
    inventory::{Inventory, Known},
    kind::{APIService, Kept, Kind},
};

/// A HorizontalPodAutoscaler, as a rule sees it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ScalerFacts {
    /// Its name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// What it scales.
    pub target: TargetFacts,
    /// `spec.maxReplicas`.
    pub max: i64,
    /// How many replicas its target has, by its own count.
    pub current: i64,
    /// Whether it would have more than `max`.
    pub at_maximum: bool,
    /// The present values of its metrics: `cpu 180% of 60%`.
    pub values: Vec<String>,
    /// Why it can't tell how many replicas are wanted.
    pub blind: BlindFacts,
    /// The controller's words on being at its maximum.
    pub limited_evidence: Vec<Evidence>,
}

/// What an autoscaler scales.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct TargetFacts {
    /// `Deployment`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// `apiVersion`, as written.
    pub version: String,
    /// Whether it is there; of a kind that the doctor does not know or may not see, what the controller says.
    pub exists: Known<bool>,
    /// Whether the cluster has no such kind in that apiVersion, or none that can be scaled.
    pub wrong_kind: bool,
    /// How many of its pods are ready.
    pub ready: i64,
    /// What was probably meant: `web`, or `StatefulSet/web` where that is of another kind.
    pub nearest: Vec<Nearest>,
    /// The reference as YAML lines.
    pub yaml: String,
    /// The same with what was probably meant; empty where nothing is near.
    pub better: String,
    /// A merge patch of the autoscaler that names it.
    pub patch: String,
    /// What that does not request, though the autoscaler goes by a share of it.
    pub unrequested: UnrequestedFacts,
    /// The controller's words as evidence.
    pub evidence: Vec<Evidence>,
}

/// Why an autoscaler can't tell how many replicas are wanted.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct BlindFacts {
    /// Whether it is so now, though its target has replicas.
    pub so: bool,
    /// For how many seconds.
    pub seconds: i64,
    /// The controller's words.
    pub message: String,
    /// The API that it asks: `metrics.k8s.io`; empty where the words name none.
    pub api: String,
    /// Whether that API's own APIService says that it does not answer, which is a finding of its own.
    pub api_is_down: bool,
    /// The resource whose request is missing: `cpu`; empty where none is.
    pub resource: String,
    /// The container that lacks it.
    pub container: String,
    /// The same as evidence.
    pub evidence: Vec<Evidence>,
}

/// The facts of an autoscaler.
pub fn facts(inventory: &Inventory, workloads: &Workloads, scaler: &HorizontalPodAutoscaler) -> ScalerFacts {
    let limited = condition(scaler, "ScalingLimited")
        .filter(|it| it.status == "True" && it.reason.as_deref() == Some("TooManyReplicas"));
    let is_active = condition(scaler, "ScalingActive").is_some_and(|it| it.status == "True");
    let spec = scaler.spec.as_ref();
    ScalerFacts {
        name: object::name(&scaler.metadata).to_owned(),
        namespace: object::namespace(&scaler.metadata).to_owned(),
        target: target(inventory, workloads, scaler),
        max: spec.map_or(0, |spec| i64::from(spec.max_replicas)),
        current: scaler.status.as_ref().and_then(|status| status.current_replicas).map_or(0, i64::from),
        at_maximum: is_active && limited.is_some(),
        values: values(scaler),
        blind: blind(inventory, scaler),
        limited_evidence: limited.map(|condition| evidence(scaler, condition)).into_iter().collect(),
    }
}

fn condition<'a>(scaler: &'a HorizontalPodAutoscaler, kind: &str) -> Option<&'a HorizontalPodAutoscalerCondition> {
    scaler.status.as_ref()?.conditions.as_ref()?.iter().find(|condition| condition.type_ == kind)
}

fn evidence(scaler: &HorizontalPodAutoscaler, condition: &HorizontalPodAutoscalerCondition) -> Evidence {
    let reason = condition.reason.as_deref().unwrap_or_default();
    Evidence {
        source: format!("{} status.conditions[{}]", object::object_ref(scaler), condition.type_),
        text: format!("{reason}: {}", condition.message.as_deref().unwrap_or_default()),
        at: condition.last_transition_time.as_ref().map(object::time),
    }
}

fn target(inventory: &Inventory, workloads: &Workloads, scaler: &HorizontalPodAutoscaler) -> TargetFacts {
    let namespace = object::namespace(&scaler.metadata);
    let wanted = scaler.spec.as_ref().map(|spec| spec.scale_target_ref.clone()).unwrap_or_default();
    let version = wanted.api_version.clone().unwrap_or_default();
    let able = condition(scaler, "AbleToScale");
    let unable = able.filter(|it| it.status == "False" && it.reason.as_deref() == Some("FailedGetScale"));
    let words = unable.and_then(|it| it.message.as_deref()).unwrap_or_default();
    let wrong_kind = words.contains("no matches for kind") || words.contains("could not find the requested resource");
    let exists = match Kind::from_object(&wanted.kind, &version) {
        Some(kind @ (Kind::Deployment | Kind::StatefulSet | Kind::ReplicaSet)) => {
            match inventory.exists(kind, namespace, &wanted.name).exists() {
                // The controller's own word is evidence for somebody who may not look.
                Known::Unknown(_) if words.contains("not found") => Known::Known(false),
                Known::Unknown(_) if able.is_some_and(|it| it.status == "True") => Known::Known(true),
                found => found,
            }
        }
        _ => Known::Known(!wrong_kind && !words.contains("not found")),
    };
    let near = if exists == Known::Known(false) { near(inventory, namespace, &wanted) } else { Vec::new() };
    let better = near.first().map(|(better, _)| better);
    let meant = better.and_then(|better| {
        let is_meant =
            |workload: &&Workload| workload.object.kind == better.kind && workload.object.name == better.name;
        workloads.in_namespace(namespace).find(is_meant)
    });
    let of_target = workloads.in_namespace(namespace).filter(|workload| rollout::targets(scaler, workload));
    let ready = of_target.flat_map(|workload| &workload.pods).filter(|pod| is_ready(pod)).count();
    TargetFacts {
        wrong_kind,
        ready: object::count(ready),
        yaml: yaml(&wanted),
        better: better.map(yaml).unwrap_or_default(),
        patch: better.map(|better| json!({"spec": {"scaleTargetRef": better}}).to_string()).unwrap_or_default(),
        unrequested: meant.map(|meant| share::unrequested(scaler, meant)).unwrap_or_default(),
        nearest: near.into_iter().map(|(_, nearest)| nearest).collect(),
        evidence: unable.map(|condition| evidence(scaler, condition)).into_iter().collect(),
        exists,
        kind: wanted.kind,
        name: wanted.name,
        version,
    }
}

// What has that very name, though it is of another kind or version, was meant before what has a near one.
fn near(
    inventory: &Inventory,
    namespace: &str,
    wanted: &CrossVersionObjectReference,
) -> Vec<(CrossVersionObjectReference, Nearest)> {
    let names = [
        (Kind::Deployment, names::<Deployment>(inventory, namespace)),
        (Kind::StatefulSet, names::<StatefulSet>(inventory, namespace)),
        // A ReplicaSet of a Deployment is scaled by that alone.
        (Kind::ReplicaSet, Vec::new()),
    ];
    let reference = |kind: Kind, name: &str| CrossVersionObjectReference {
        api_version: Some(kind.api_version()),
        kind: kind.info().name.to_owned(),
        name: name.to_owned(),
    };
    let said = |kind: Kind, name: &str| {
        if kind.info().name == wanted.kind { name.to_owned() } else { format!("{kind}/{name}") }
    };
    let mut found = Vec::new();
    for (kind, names) in &names {
        if names.contains(&wanted.name.as_str()) {
            let why = format!("is a {kind} of {}", kind.api_version());
            found.push((reference(*kind, &wanted.name), Nearest { value: said(*kind, &wanted.name), why }));
        }
    }
    for (kind, names) in &names {
        if kind.info().name == wanted.kind {
            for near in nearest(&wanted.name, names.iter().map(|name| Candidate::named(name))) {
                found.push((reference(*kind, &near.value), near));
            }
        }
    }
    found
}

fn names<'a, T: Kept>(inventory: &'a Inventory, namespace: &str) -> Vec<&'a str> {
    inventory.seen::<T>(namespace).map(|found| object::name(found.metadata())).collect()
}

fn yaml(reference: &CrossVersionObjectReference) -> String {
    let version = reference.api_version.as_deref().unwrap_or_default();
    format!("apiVersion: {version}\nkind: {}\nname: {}", reference.kind, reference.name)
}

// https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale-walkthrough/#appendix-horizontal-pod-autoscaler-status-conditions
fn blind(inventory: &Inventory, scaler: &HorizontalPodAutoscaler) -> BlindFacts {
    let found = condition(scaler, "ScalingActive")
        .filter(|it| it.status == "False" && it.reason.as_deref() != Some("ScalingDisabled"));
    let Some(condition) = found else { return BlindFacts::default() };
    let message = condition.message.clone().unwrap_or_default();
    let part = |pattern: &str, index: usize| {
        let found = Regex::new(pattern)
            .ok()
            .and_then(|pattern| pattern.captures(&message)?.get(index).map(|part| part.as_str().to_owned()));
        found.unwrap_or_default()
    };
    const MISSING: &str = r"missing request for (\S+) in container (\S+)";
    let is_of_api = |service: &&APIService| {
        api_service::metrics_api(scaler)
            .is_some_and(|group| object::name(&service.metadata).ends_with(&format!(".{group}")))
    };
    BlindFacts {
        so: true,
        api_is_down: inventory
            .seen_anywhere::<APIService>()
            .filter(is_of_api)
            .any(|service| api_service::unavailable(service).is_some()),
        seconds: condition.last_transition_time.as_ref().map_or(0, |at| object::seconds_since(inventory.about.now, at)),
        api: part(r"((?:custom\.|external\.)?metrics\.k8s\.io)", 1),
        resource: part(MISSING, 1),
        container: part(MISSING, 2),
        evidence: vec![evidence(scaler, condition)],
        message,
    }
}

// The present value of each metric beside the target that the spec has for it.
fn values(scaler: &HorizontalPodAutoscaler) -> Vec<String> {
    let current = scaler.status.as_ref().and_then(|status| status.current_metrics.as_deref()).unwrap_or_default();
    let wanted = scaler.spec.as_ref().and_then(|spec| spec.metrics.as_deref()).unwrap_or_default();
    let target = |status: &MetricStatus| {
        wanted.iter().find_map(|spec| match (&spec.resource, &status.resource, &spec.pods, &status.pods) {
            (Some(spec), Some(status), _, _) if spec.name == status.name => Some(&spec.target),
            (_, _, Some(spec), Some(status)) if spec.metric.name == status.metric.name => Some(&spec.target),
            _ => None,
        })
    };
    let value = |status: &MetricStatus| {
        let (name, current) = match (&status.resource, &status.pods) {
            (Some(resource), _) => (&resource.name, &resource.current),
            (_, Some(pods)) => (&pods.metric.name, &pods.current),
            _ => return None,
        };
        Some(format!("{name} {}", beside(current, target(status)?)?))
    };
    current.iter().filter_map(value).collect()
}

fn beside(current: &MetricValueStatus, target: &MetricTarget) -> Option<String> {
    if let (Some(now), Some(wanted)) = (current.average_utilization, target.average_utilization) {
        return Some(format!("{now}% of {wanted}%"));
    }
    let (now, wanted) = (current.average_value.as_ref()?, target.average_value.as_ref()?);
    Some(format!("{} of {}", now.0, wanted.0))
}
