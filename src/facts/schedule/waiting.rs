//! Pods that the scheduler has not looked at: held by a gate, or meant for a scheduler that nobody runs.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{Event, Pod};
use schemars::JsonSchema;
use serde::Serialize;

use super::{devices::claims_devices, said::scheduled};
use crate::{
    document::{Evidence, Nearest},
    facts::{
        events::Events,
        nearest::{Candidate, nearest},
        object,
        workload::phase,
    },
    inventory::{Inventory, Known},
};

const DEFAULT: &str = "default-scheduler";

// A busy scheduler takes some seconds for its first word.
const PATIENCE: i64 = 30;

/// What a pod waits for before the scheduler looks at it.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct WaitingFacts {
    /// `spec.schedulerName`.
    pub scheduler: String,
    /// Whether nobody has said a word of where it is to run, for longer than a scheduler takes.
    pub unheard: Known<bool>,
    /// Of an unheard one, whether that scheduler has placed another pod, or has spoken of one, among what was looked at.
    pub scheduler_seen: bool,
    /// Schedulers that are near in name.
    pub nearest: Vec<Nearest>,
    /// The gates that hold it.
    pub gates: Vec<String>,
    /// What is said of that.
    pub evidence: Vec<Evidence>,
}

/// The facts of a pod that is on no node yet.
pub fn facts(inventory: &Inventory, events: &Events, pod: &Pod) -> WaitingFacts {
    let spec = pod.spec.as_ref();
    let is_on_a_node = spec.is_some_and(|spec| spec.node_name.is_some());
    if phase(pod) != "Pending" || is_on_a_node {
        return WaitingFacts::default();
    }
    let scheduler = spec.and_then(|spec| spec.scheduler_name.clone()).unwrap_or_else(|| DEFAULT.to_owned());
    let created = pod.metadata.creation_timestamp.as_ref();
    let age = created.map_or(0, |created| object::seconds_since(inventory.about.now, created));
    let uid = pod.metadata.uid.as_deref().unwrap_or_default();
    let is_spoken_of = events.newest(uid, |event| matches!(event.reason, "FailedScheduling" | "Scheduled")).is_some();
    let all_events = inventory.list::<Event>(object::namespace(&pod.metadata));
    let gates = spec.and_then(|spec| spec.scheduling_gates.as_deref()).unwrap_or_default();
    let condition = scheduled(pod);
    // A pod whose claims are not there is kept from the scheduler without a word.
    let is_unheard =
        age >= PATIENCE && condition.is_none() && !is_spoken_of && gates.is_empty() && !claims_devices(pod);
    // Of a pod that a scheduler has spoken of nobody needs to know who else has one.
    let serving = if is_unheard { serving(inventory) } else { BTreeSet::new() };
    WaitingFacts {
        unheard: match is_unheard {
            true => all_events.map(|_| true),
            false => Known::Known(false),
        },
        scheduler_seen: serving.contains(scheduler.as_str()),
        nearest: nearest(&scheduler, serving.iter().chain([&DEFAULT]).map(|name| Candidate::named(name))),
        gates: gates.iter().map(|gate| gate.name.clone()).collect(),
        evidence: condition
            .and_then(|condition| {
                let text = condition.message.clone()?;
                let at = condition.last_transition_time.as_ref();
                Some(object::pod_evidence(pod, "status.conditions[PodScheduled]", text, at))
            })
            .into_iter()
            .collect(),
        scheduler,
    }
}

// Who has placed pods, or has spoken of it.
fn serving(inventory: &Inventory) -> BTreeSet<&str> {
    let placed = inventory.seen_anywhere::<Pod>().filter_map(|pod| {
        let spec = pod.spec.as_ref()?;
        // Who asks for a node by its name goes past every scheduler; who was scheduled has the condition.
        spec.node_name.as_ref()?;
        let was_scheduled = object::pod_condition(pod, "PodScheduled")?.status == "True";
        spec.scheduler_name.as_deref().filter(|_| was_scheduled)
    });
    let speaking = inventory.seen_anywhere::<Event>().filter_map(|event| {
        let is_of_it = matches!(event.reason.as_deref(), Some("Scheduled" | "FailedScheduling"));
        let by = event.reporting_component.as_deref().filter(|by| !by.is_empty());
        by.or(event.source.as_ref()?.component.as_deref()).filter(|_| is_of_it)
    });
    placed.chain(speaking).collect()
}
