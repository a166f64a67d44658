//! A PodDisruptionBudget: whether it lets any pod be evicted
//! (<https://kubernetes.io/docs/concepts/workloads/pods/disruptions/#pod-disruption-budgets>).

use std::collections::BTreeMap;

use k8s_openapi::{
    api::{core::v1::Pod, policy::v1::PodDisruptionBudget},
    apimachinery::pkg::util::intstr::IntOrString,
};
use kube::core::{Selector, SelectorExt as _};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    document::Evidence,
    facts::{
        object, pod,
        service::{is_ready, not_ready},
        workload::{Workload, Workloads, phase},
    },
    inventory::{Inventory, Known},
};

/// A PodDisruptionBudget, as a rule sees it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct BudgetFacts {
    /// Its name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// What it demands, as YAML: `minAvailable: 2`.
    pub demand: String,
    /// The field in which that stands: `minAvailable`.
    pub key: String,
    /// Whether its controller has looked, and lets none of the pods that it covers be evicted.
    pub blocks: bool,
    /// Whether that would be so with every pod healthy, by its own numbers.
    pub by_numbers: bool,
    /// Whether it is so since its pods have no controller that says how many of them there are to be.
    pub unmanaged: bool,
    /// How many pods there are to be.
    pub expected: i64,
    /// How many are healthy.
    pub healthy: i64,
    /// How many have to be healthy.
    pub desired: i64,
    /// Whether none of its pods is still on its way to being ready, within the time that it may take.
    pub settled: bool,
    /// The workloads that it covers: `Deployment/web`.
    pub workloads: Vec<String>,
    /// The pods that it covers and that are not ready, as evidence.
    pub unhealthy: Known<Vec<Evidence>>,
    /// The controller's counts as evidence.
    pub evidence: Vec<Evidence>,
}

/// The workloads that a budget covers.
pub fn workloads<'w, 'a>(workloads: &'w Workloads<'a>, budget: &PodDisruptionBudget) -> Vec<&'w Workload<'a>> {
    let Some(selector) = selector(budget) else { return Vec::new() };
    let is_covered = |labels: Option<&BTreeMap<String, String>>| labels.is_some_and(|labels| selector.matches(labels));
    workloads
        .in_namespace(object::namespace(&budget.metadata))
        .filter(|workload| {
            is_covered(workload.labels) || workload.pods.iter().any(|pod| is_covered(pod.metadata.labels.as_ref()))
        })
        .collect()
}

// None selects no pods, an empty one all of the namespace.
fn selector(budget: &PodDisruptionBudget) -> Option<Selector> {
    crate::selector::of(budget.spec.as_ref()?.selector.as_ref()?)
}

/// The facts of a budget.
pub fn facts(inventory: &Inventory, all: &Workloads, budget: &PodDisruptionBudget) -> BudgetFacts {
    let namespace = object::namespace(&budget.metadata);
    let pods = pods(inventory, budget);
    let status = budget.status.as_ref();
    let count = |number: Option<i32>| number.map_or(0, i64::from);
    let expected = count(status.map(|status| status.expected_pods));
    let healthy = count(status.map(|status| status.current_healthy));
    let desired = count(status.map(|status| status.desired_healthy));
    let has_looked = status.and_then(|status| status.observed_generation) >= budget.metadata.generation;
    let unmanaged = expected == 0 && healthy > 0;
    let (key, demand) = demand(budget);
    BudgetFacts {
        name: object::name(&budget.metadata).to_owned(),
        namespace: namespace.to_owned(),
        blocks: has_looked
            && (expected > 0 || unmanaged)
            && status.is_some_and(|status| status.disruptions_allowed == 0),
        by_numbers: expected > 0 && desired >= expected,
        unmanaged,
        settled: !pods.iter().any(|found| pod::is_on_its_way(inventory, found)),
        workloads: workloads(all, budget).iter().map(|workload| workload.object.to_string()).collect(),
        unhealthy: inventory
            .list::<Pod>(namespace)
            .map(|_| pods.iter().filter(|pod| !is_ready(pod)).take(3).map(|pod| not_ready(pod)).collect()),
        evidence: vec![Evidence {
            source: format!("{} status", object::object_ref(budget)),
            text: format!(
                "disruptionsAllowed: 0, expectedPods: {expected}, desiredHealthy: {desired}, currentHealthy: {healthy}"
            ),
            at: None,
        }],
        expected,
        healthy,
        desired,
        key,
        demand,
    }
}

fn pods<'a>(inventory: &'a Inventory, budget: &PodDisruptionBudget) -> Vec<&'a Pod> {
    let Some(selector) = selector(budget) else { return Vec::new() };
    let is_alive =
        |pod: &&Pod| pod.metadata.deletion_timestamp.is_none() && !matches!(phase(pod), "Succeeded" | "Failed");
    let is_covered = |pod: &&Pod| selector.matches(&pod.metadata.labels.clone().unwrap_or_default());
    inventory.seen::<Pod>(object::namespace(&budget.metadata)).filter(is_alive).filter(is_covered).collect()
}

// One of the two; without either it is as minAvailable 1.
fn demand(budget: &PodDisruptionBudget) -> (String, String) {
    let spec = budget.spec.as_ref();
    let text = |value: &IntOrString| match value {
        IntOrString::Int(number) => number.to_string(),
        IntOrString::String(percent) => percent.clone(),
    };
    let (key, value) = match spec.map(|spec| (&spec.max_unavailable, &spec.min_available)) {
        Some((Some(most), _)) => ("maxUnavailable", text(most)),
        Some((None, Some(least))) => ("minAvailable", text(least)),
        _ => ("minAvailable", "1".to_owned()),
    };
    (key.to_owned(), format!("{key}: {value}"))
}
