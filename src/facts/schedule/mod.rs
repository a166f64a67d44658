//! Why a pod is on no node: the scheduler's word, and the arithmetic behind it.
//!
//! The scheduler names for each node only the filter that failed first, counts them in one sentence and names no
//! node. Here all filters are worked out for every node.

mod cluster;
mod devices;
mod filters;
mod obstacle;
#[cfg(test)]
mod oracle;
pub mod preemption;
mod requests;
mod resources;
mod said;
mod selector;
mod verdict;
mod waiting;

use k8s_openapi::api::core::v1::{Node, Pod};
use schemars::JsonSchema;
use serde::Serialize;

pub use cluster::Cluster;
pub use devices::{DeviceFacts, claims_devices};
pub use filters::{
    affinity::asks_for_namespaces,
    labels::met_by_none,
    taints::{describe, tolerates},
};
pub use said::unschedulable;
pub use selector::{nearest_label, values_of};
pub use waiting::WaitingFacts;

use super::{events::Events, nearest::nearest_name, object, workload::Workload};
use crate::{
    document::{Evidence, Nearest},
    inventory::Known,
};
use filters::taints;
use obstacle::Filter;
use resources::ResourceFacts;
use selector::SelectorFacts;
use verdict::Verdict;

/// Why a pod is on no node, as a rule sees it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ScheduleFacts {
    /// Whether the scheduler has said that no node will do.
    pub failing: bool,
    /// The scheduler's words.
    pub message: String,
    /// Why each node will not do, without what is said of preemption: `1 node(s) had untolerated taint(s)`.
    pub reasons: String,
    /// The scheduler's words as evidence.
    pub evidence: Vec<Evidence>,
    /// Per node what keeps the pod off it, and what is free of the resources that are lacking, as a table.
    pub table: Known<Vec<Evidence>>,
    /// The rule that shows the table: the first in the report of those that hold.
    pub shown_by: String,
    /// How many nodes there are.
    pub nodes: Known<i64>,
    /// The nodes that would take the pod by now, as words; empty where none would.
    pub fits: String,
    /// Requests against what nodes have.
    pub resources: ResourceFacts,
    /// Node selector and required node affinity.
    pub selector: SelectorFacts,
    /// Taints that it does not tolerate.
    pub taint: ObstacleFacts,
    /// Cordoned nodes.
    pub cordon: ObstacleFacts,
    /// Nodes that are not ready, or short of something.
    pub unready: ObstacleFacts,
    /// Host ports that are taken.
    pub port: ObstacleFacts,
    /// The nodes' limit of pods.
    pub pods: ObstacleFacts,
    /// Volumes that are elsewhere.
    pub volume: ObstacleFacts,
    /// Topology spread constraints.
    pub spread: ObstacleFacts,
    /// Pod affinity and anti-affinity.
    pub affinity: ObstacleFacts,
    /// Devices that it claims.
    pub devices: DeviceFacts,
    /// What it waits for before the scheduler looks at it.
    pub waiting: WaitingFacts,
}

/// What one of the scheduler's filters says.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct ObstacleFacts {
    /// Whether it keeps the pod off the nodes that are nearest to taking it.
    pub at_fault: bool,
    /// Of what, as words: `taint gpu=true:NoSchedule`; empty where only the scheduler's words tell of it.
    pub what: String,
    /// Who has it, or where it is: another pod, a zone.
    pub by: String,
    /// Those nodes, as words: `node-1, node-2`.
    pub on: String,
    /// The first of them.
    pub node: String,
    /// What else would have to be mended for them to take it; empty where there is nothing.
    pub besides: String,
    /// What was probably meant.
    pub nearest: Vec<Nearest>,
    /// What would mend it, as YAML: a toleration.
    pub mend: String,
}

/// The facts of a pod's scheduling.
pub fn facts(cluster: &Cluster, events: &Events, workload: &Workload, pod: &Pod) -> ScheduleFacts {
    let condition = unschedulable(pod);
    let message = condition.and_then(|condition| condition.message.clone()).unwrap_or_default();
    let verdict = condition.map(|_| Verdict::of(cluster, pod, &message));
    let of = |filter| verdict.as_ref().map(|verdict| obstacle(verdict, filter)).unwrap_or_default();
    let resources = match &verdict {
        Some(verdict) => resources::facts(cluster, verdict, workload, pod, &message),
        None => ResourceFacts::default(),
    };
    let evidence = condition.map(|condition| {
        let at = condition.last_transition_time.as_ref();
        object::pod_evidence(pod, "status.conditions[PodScheduled]", message.clone(), at)
    });
    let table = |verdict: &Verdict| {
        verdict::table(cluster, verdict, &resources.lacking).map(|text| {
            vec![Evidence { source: "nodes, by what is asked of them and what runs there".to_owned(), text, at: None }]
        })
    };
    ScheduleFacts {
        failing: condition.is_some(),
        evidence: evidence.into_iter().collect(),
        reasons: said::reasons_text(&message).to_owned(),
        table: verdict.as_ref().map_or(Known::Known(Vec::new()), table),
        shown_by: verdict
            .iter()
            .flat_map(|verdict| verdict.at_fault.iter().filter_map(|filter| filter.rule()))
            .min()
            .unwrap_or_default()
            .to_owned(),
        nodes: cluster.places().map(|places| object::count(places.len())),
        fits: verdict.as_ref().map(|verdict| verdict.fits.join(", ")).unwrap_or_default(),
        selector: match &verdict {
            Some(verdict) => selector::facts(cluster, verdict, pod),
            None => SelectorFacts::default(),
        },
        taint: with_toleration(of(Filter::Taint), pod),
        cordon: of(Filter::Cordon),
        unready: of(Filter::Unready),
        port: of(Filter::Port),
        pods: of(Filter::Pods),
        volume: of(Filter::Volume),
        spread: of(Filter::Spread),
        affinity: of(Filter::Affinity),
        devices: devices::facts(cluster.inventory, events, pod, &message),
        waiting: waiting::facts(cluster.inventory, events, pod),
        resources,
        message,
    }
}

fn obstacle(verdict: &Verdict, filter: Filter) -> ObstacleFacts {
    let first = verdict.obstacles(filter).next();
    ObstacleFacts {
        at_fault: verdict.at_fault.contains(&filter),
        what: first.map(|obstacle| obstacle.what.clone()).unwrap_or_default(),
        by: first.map(|obstacle| obstacle.by.clone()).unwrap_or_default(),
        on: verdict::names(verdict.near()),
        node: verdict.near().first().map(|judged| judged.place.name().to_owned()).unwrap_or_default(),
        besides: verdict.besides(filter),
        ..ObstacleFacts::default()
    }
}

/// The nodes that would take a pod which the scheduler has refused, were they well.
pub fn unready_nodes<'a>(cluster: &Cluster<'a>, pod: &Pod) -> Vec<&'a Node> {
    let Some(condition) = unschedulable(pod) else { return Vec::new() };
    let verdict = Verdict::of(cluster, pod, condition.message.as_deref().unwrap_or_default());
    match verdict.at_fault.contains(&Filter::Unready) {
        true => verdict.near().iter().map(|judged| judged.place.node).collect(),
        false => Vec::new(),
    }
}

// A pod that tolerates nearly this taint was probably meant to tolerate it.
fn with_toleration(mut facts: ObstacleFacts, pod: &Pod) -> ObstacleFacts {
    let taints: Vec<&str> = facts.what.split(", ").filter(|taint| !taint.is_empty()).collect();
    facts.mend = taints.iter().map(|taint| taints::toleration(taint)).collect::<Vec<_>>().join(", ");
    let tolerations = pod.spec.iter().flat_map(|spec| spec.tolerations.iter().flatten());
    let own: Vec<String> = tolerations.filter_map(taints::tolerated).collect();
    let key = |taint: &str| taint.split(['=', ':']).next().unwrap_or_default().to_owned();
    for taint in &taints {
        let near = own.iter().filter(|own| key(own) == key(taint) || nearest_name(&key(taint), [key(own)]).is_some());
        facts
            .nearest
            .extend(near.map(|own| Nearest { value: (*taint).to_owned(), why: format!("it tolerates {own}") }));
    }
    facts
}
