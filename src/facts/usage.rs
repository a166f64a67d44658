//! How near a container that runs is to its limits, as the metrics API tells it.

use k8s_openapi::api::core::v1::{Container, ContainerStatus, Pod};
use schemars::JsonSchema;
use serde::Serialize;

use super::{container, object, probe, quantity};
use crate::{
    document::Evidence,
    inventory::{Inventory, Known},
    kind::Kind,
    metrics_api::PodMetrics,
};

/// What a container uses of one resource. All is empty where it has no limit of it, does not run or is not ready, and
/// where no metrics tell: many clusters have none, and nobody asks for them in passing.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct UsageFacts {
    /// What it used when that was last measured: `60.4Mi`, `100m`.
    pub used: String,
    /// How much of its limit that is, in percent, rounded down; unknown where the metrics API was asked and failed.
    pub percent: Known<i64>,
    /// What the metrics API says of it.
    pub evidence: Vec<Evidence>,
}

/// Whether one of a pod's containers that are ready has a limit, so that its metrics tell something.
pub fn matters(pod: &Pod) -> bool {
    let is_limited = |container: &Container| limit(container, "memory").or(limit(container, "cpu")).is_some();
    container::containers(pod).into_iter().any(|(container, init)| {
        is_limited(container) && container::status(pod, &container.name, init).is_some_and(serves)
    })
}

/// A limit of a container, as it is written.
pub fn limit<'a>(container: &'a Container, resource: &str) -> Option<&'a str> {
    Some(container.resources.as_ref()?.limits.as_ref()?.get(resource)?.0.as_str())
}

/// What a container uses of a resource that it has a limit of.
pub fn facts(
    inventory: &Inventory,
    pod: &Pod,
    container: &Container,
    status: Option<&ContainerStatus>,
    resource: &str,
) -> UsageFacts {
    let facts = known(inventory, pod, container, status, resource).unwrap_or_default();
    let matters = limit(container, resource).is_some() && status.is_some_and(serves);
    match inventory.coverage().failure(Kind::PodMetrics).filter(|_| matters) {
        Some(why) => UsageFacts { percent: Known::Unknown(format!("{}: {why}", Kind::PodMetrics.resource())), ..facts },
        None => facts,
    }
}

fn known(
    inventory: &Inventory,
    pod: &Pod,
    container: &Container,
    status: Option<&ContainerStatus>,
    resource: &str,
) -> Option<UsageFacts> {
    let limit = quantity::parse(limit(container, resource)?).filter(|limit| *limit > 0.0)?;
    let started = probe::started_at(status.filter(|status| serves(status)))?;
    let (namespace, name) = (object::namespace(&pod.metadata), object::name(&pod.metadata));
    let metrics = inventory.get::<PodMetrics>(namespace, name).present()?;
    // What was measured before it started was the instance before.
    if metrics.timestamp.0 <= started.0 {
        return None;
    }
    let usage = &metrics.containers.iter().find(|found| found.name == container.name)?.usage;
    let used = quantity::parse(&usage.get(resource)?.0)?;
    let text = quantity::show(resource, used);
    #[allow(clippy::cast_possible_truncation, reason = "a share of a limit is no number that i64 can't hold")]
    let percent = (used / limit * 100.0 + 1e-6).floor() as i64;
    Some(UsageFacts {
        percent: Known::Known(percent),
        evidence: vec![object::pod_evidence(
            pod,
            &format!("metrics of container {}", container.name),
            format!("{resource} {text} (window {})", metrics.window),
            Some(&metrics.timestamp),
        )],
        used: text,
    })
}

// An init container that is done is ready too, and uses nothing any more.
fn serves(status: &ContainerStatus) -> bool {
    status.ready && probe::started_at(Some(status)).is_some()
}
