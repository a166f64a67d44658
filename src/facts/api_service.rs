//! An aggregated API: which Service answers for it, and whether that does.

use k8s_openapi::{
    api::{autoscaling::v2::HorizontalPodAutoscaler, core::v1::Namespace},
    kube_aggregator::pkg::apis::apiregistration::v1::{APIService, APIServiceCondition},
};
use schemars::JsonSchema;
use serde::Serialize;

use super::{deleted, object};
use crate::{
    document::Evidence,
    inventory::{Inventory, Known, Lookup},
    kind::Kind,
};

/// An APIService, as a rule sees it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ApiServiceFacts {
    /// Its name: `v1beta1.metrics.k8s.io`.
    pub name: String,
    /// The API that it stands for: `metrics.k8s.io/v1beta1`.
    pub api: String,
    /// Whether it is known not to answer, for longer than a start takes.
    pub failing: bool,
    /// The aggregator's reason: `ServiceNotFound`, `MissingEndpoints`, `FailedDiscoveryCheck`.
    pub reason: String,
    /// The aggregator's words.
    pub message: String,
    /// The Service that answers for it; empty where the API server itself does.
    pub service: String,
    /// That one's namespace.
    pub service_namespace: String,
    /// Whether that Service is there.
    pub service_exists: Known<bool>,
    /// What waits for it, as far as that was seen: `Namespace/x`, `HorizontalPodAutoscaler/web`.
    pub blocks: Vec<String>,
    /// The aggregator's words as evidence.
    pub evidence: Vec<Evidence>,
}

/// The facts of an APIService.
pub fn facts(inventory: &Inventory, service: &APIService) -> ApiServiceFacts {
    let spec = service.spec.as_ref();
    let (group, version) = spec.map_or(("", ""), |spec| {
        (spec.group.as_deref().unwrap_or_default(), spec.version.as_deref().unwrap_or_default())
    });
    let (namespace, name) = service_of(service).unwrap_or_default();
    let condition = unavailable(service);
    let reason = condition.and_then(|condition| condition.reason.clone()).unwrap_or_default();
    ApiServiceFacts {
        name: object::name(&service.metadata).to_owned(),
        api: format!("{group}/{version}"),
        failing: condition.is_some_and(|condition| is_settled(inventory, condition)),
        message: condition.and_then(|condition| condition.message.clone()).unwrap_or_default(),
        service: name.to_owned(),
        service_namespace: namespace.to_owned(),
        service_exists: match inventory.exists(Kind::Service, namespace, name) {
            // The aggregator's own word is evidence for somebody who may not look.
            Lookup::Unknown(_) if reason == "ServiceNotFound" => Known::Known(false),
            Lookup::Unknown(_) if !reason.is_empty() => Known::Known(true),
            found => found.exists(),
        },
        blocks: blocks(inventory, object::name(&service.metadata)),
        evidence: condition.map(|condition| words(service, condition)).into_iter().collect(),
        reason,
    }
}

/// Namespace and name of the Service that answers for it; nothing where the API server itself does.
pub fn service_of(service: &APIService) -> Option<(&str, &str)> {
    let service = service.spec.as_ref()?.service.as_ref()?;
    Some((service.namespace.as_deref()?, service.name.as_deref()?))
}

/// The condition that says that it does not answer.
pub fn unavailable(service: &APIService) -> Option<&APIServiceCondition> {
    let conditions = service.status.as_ref()?.conditions.as_deref()?;
    conditions.iter().find(|condition| condition.type_ == "Available" && condition.status == "False")
}

// What has just been installed takes a while to answer.
fn is_settled(inventory: &Inventory, condition: &APIServiceCondition) -> bool {
    const START: i64 = 60;
    let since = condition.last_transition_time.as_ref();
    since.is_none_or(|since| object::seconds_since(inventory.about.now, since) > START)
}

fn words(service: &APIService, condition: &APIServiceCondition) -> Evidence {
    let reason = condition.reason.as_deref().unwrap_or_default();
    let message = condition.message.as_deref().unwrap_or_default();
    Evidence {
        source: format!("APIService/{} status.conditions[Available]", object::name(&service.metadata)),
        text: format!("{reason}: {message}"),
        at: condition.last_transition_time.as_ref().map(object::time),
    }
}

fn blocks(inventory: &Inventory, name: &str) -> Vec<String> {
    let waits = |namespace: &&Namespace| deleted::silent_api_services(namespace).iter().any(|api| api == name);
    let namespaces = inventory.seen_anywhere::<Namespace>().filter(waits);
    let mut blocked: Vec<_> = namespaces.map(|found| object::object_ref(found).to_string()).collect();
    let scalers = inventory.seen_anywhere::<HorizontalPodAutoscaler>().filter(|scaler| {
        let group = metrics_api(scaler);
        group.is_some_and(|group| name.ends_with(&format!(".{group}")))
    });
    blocked.extend(scalers.map(|found| object::object_ref(found).to_string()));
    blocked
}

/// The API group that an autoscaler can't get its metrics from; nothing where it can.
pub fn metrics_api(scaler: &HorizontalPodAutoscaler) -> Option<&'static str> {
    let conditions = scaler.status.as_ref()?.conditions.as_deref()?;
    let inactive = conditions.iter().find(|found| found.type_ == "ScalingActive" && found.status == "False")?;
    Some(match inactive.reason.as_deref()? {
        "FailedGetResourceMetric" | "FailedGetContainerResourceMetric" => "metrics.k8s.io",
        "FailedGetPodsMetric" | "FailedGetObjectMetric" => "custom.metrics.k8s.io",
        "FailedGetExternalMetric" => "external.metrics.k8s.io",
        _ => return None,
    })
}
