//! Pods that had to give their place to others of a higher priority
//! (<https://kubernetes.io/docs/concepts/scheduling-eviction/pod-priority-preemption/>).

use std::collections::BTreeMap;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Event, Pod};
use schemars::JsonSchema;
use serde::Serialize;

use super::said;
use crate::{
    document::Evidence,
    facts::{
        events, object,
        workload::{Workload, lacks_pods, root_of_pod},
    },
    graph::Reach,
    inventory::{Inventory, State},
    kind::Kind,
};

/// A workload some of whose pods had to make room and are on no node since, as a rule sees it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct PreemptionFacts {
    /// The pods that had to go and have no successor on a node: `web-5d9c7b8f4-abcde`.
    pub pods: Vec<String>,
    /// The node that the newest of them was on; empty where that is not said.
    pub node: String,
    /// Who took its place.
    pub by: TakerFacts,
    /// `spec.priority` of the workload's pods.
    pub priority: i64,
    /// Their PriorityClass; empty where they have none.
    pub class: String,
    /// Whether it is on its way out, and nothing makes another.
    pub is_last: bool,
    /// How many of the workload's pods are on no node.
    pub waiting: i64,
    /// How many of its pods have not been made again.
    pub missing: i64,
    /// What nodes lack for those that wait: `cpu`.
    pub lacking: Vec<String>,
    /// Why no node takes those that wait, in the scheduler's words; empty where it has said nothing yet.
    pub reasons: String,
    /// What shows it.
    pub evidence: Vec<Evidence>,
}

/// The pod that another had to make room for.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct TakerFacts {
    /// Whether it was found; else only the scheduler's words tell of it.
    pub known: bool,
    /// Its name; where it was not found, what the scheduler calls it: its uid.
    pub pod: String,
    /// Its namespace; empty where that is not known.
    pub namespace: String,
    /// What made it: `Deployment/web`; itself where nothing did.
    pub workload: String,
    /// `spec.priority`.
    pub priority: i64,
    /// Its PriorityClass; empty where it has none.
    pub class: String,
    /// Whether all pods were looked at, so that one which was not found is gone.
    pub gone: bool,
}

// One that had to go, as an event or its own condition tells.
struct Victim {
    pod: String,
    at: Timestamp,
    by: String,
    node: String,
    evidence: Evidence,
}

// The controller may make the next pod in the moment before the scheduler writes its event.
const MOMENT: i64 = 5;

/// Everything that tells of a preemption.
pub struct Preemptions<'a> {
    inventory: &'a Inventory,
    events: Vec<&'a Event>,
    leaving: Vec<&'a Pod>,
}

impl<'a> Preemptions<'a> {
    /// Looks for them once: mostly there are none.
    pub fn of(inventory: &'a Inventory) -> Self {
        let is_leaving = |pod: &&Pod| pod.metadata.deletion_timestamp.is_some() && of_condition(pod).is_some();
        Self {
            inventory,
            events: inventory
                .seen_anywhere()
                .filter(|event: &&Event| event.reason.as_deref() == Some("Preempted"))
                .collect(),
            leaving: inventory.seen_anywhere().filter(is_leaving).collect(),
        }
    }

    /// Whether a workload had to make room for a pod that is not among those that were looked at.
    pub fn is_by_unseen(&self, reach: &Reach, workload: &Workload) -> bool {
        self.facts(reach, workload).is_some_and(|facts| !facts.by.known)
    }

    // Its pods that are on their way out because of that.
    fn leaving(&self, workload: &Workload) -> Vec<&'a Pod> {
        let is_of_it = |pod: &&&Pod| root_of_pod(self.inventory, pod) == workload.object;
        self.leaving.iter().filter(is_of_it).copied().collect()
    }

    // Oldest first.
    fn victims(&self, workload: &Workload) -> Vec<Victim> {
        let of_conditions = self.leaving(workload).into_iter().filter_map(of_condition);
        let events = self.events.iter().filter(|event| is_about(self.inventory, workload, event));
        let mut of_events: Vec<Victim> = events.filter_map(|event| of_event(event)).collect();
        of_events.sort_by_key(|victim| victim.at);
        // The event tells by whom as well; of two about pods of one name the newer counts.
        let all = of_conditions.chain(of_events);
        let by_pod: BTreeMap<String, Victim> = all.map(|victim| (victim.pod.clone(), victim)).collect();
        let mut victims: Vec<Victim> = by_pod.into_values().collect();
        victims.sort_by_key(|victim| victim.at);
        victims
    }

    /// What became of a workload whose pods were preempted; nothing where all have a node again.
    pub fn facts(&self, reach: &Reach, workload: &Workload) -> Option<PreemptionFacts> {
        let inventory = self.inventory;
        // Who does not see the pods can't tell which of them have a node again.
        inventory.list::<Pod>(&workload.object.namespace).known()?;
        let mut victims = self.victims(workload);
        let since = victims.first()?.at.as_second() - MOMENT;
        let terminating = self.leaving(workload);
        let is_placed = |pod: &&Pod| pod.spec.as_ref().is_some_and(|spec| spec.node_name.is_some());
        // One that is done by now was on a node as well.
        let successors = inventory.seen::<Pod>(&workload.object.namespace).filter(|pod| {
            let created = pod.metadata.creation_timestamp.as_ref();
            pod.metadata.deletion_timestamp.is_none()
                && created.is_some_and(|created| created.0.as_second() >= since)
                && root_of_pod(inventory, pod) == workload.object
        });
        let (placed, waiting): (Vec<&Pod>, Vec<&Pod>) = successors.partition(is_placed);
        let missing = missing(inventory, workload);
        let is_last = workload.is_pod() && !terminating.is_empty();
        // Each successor on a node stands for one that had to go.
        let lost = if is_last { 1 } else { victims.len().saturating_sub(placed.len()).min(waiting.len() + missing) };
        let is_asked = waiting.iter().chain(&terminating).any(|pod| reach.asks_for_pod(&workload.object, pod));
        if lost == 0 || workload.idle || (reach.is_about_pods_of(&workload.object) && !is_asked) {
            return None;
        }
        let lost = victims.split_off(victims.len() - lost);
        let newest = lost.last()?;
        let message = waiting.iter().find_map(|pod| said::unschedulable(pod)?.message.as_deref()).unwrap_or_default();
        let spec = waiting.first().or(terminating.first()).and_then(|pod| pod.spec.as_ref()).or(workload.spec);
        Some(PreemptionFacts {
            pods: lost.iter().map(|victim| victim.pod.clone()).collect(),
            node: newest.node.clone(),
            by: taker(inventory, &newest.by),
            priority: spec.and_then(|spec| spec.priority).unwrap_or(0).into(),
            class: spec.and_then(|spec| spec.priority_class_name.clone()).unwrap_or_default(),
            is_last,
            waiting: object::count(waiting.len()),
            missing: object::count(missing),
            lacking: said::lacking(message),
            reasons: said::reasons_text(message).to_owned(),
            evidence: lost.iter().rev().take(2).map(|victim| victim.evidence.clone()).collect(),
        })
    }
}

fn missing(inventory: &Inventory, workload: &Workload) -> usize {
    match workload.replicas {
        Some(wanted) => usize::try_from(wanted).unwrap_or(0).saturating_sub(workload.pods.len()),
        None => usize::from(lacks_pods(inventory, workload)),
    }
}

// https://kubernetes.io/docs/concepts/workloads/pods/disruptions/#pod-disruption-conditions
fn of_condition(pod: &Pod) -> Option<Victim> {
    let condition = object::pod_condition(pod, "DisruptionTarget").filter(|condition| {
        condition.status == "True" && condition.reason.as_deref() == Some("PreemptionByScheduler")
    })?;
    Some(Victim {
        pod: object::name(&pod.metadata).to_owned(),
        at: condition.last_transition_time.as_ref()?.0,
        by: String::new(),
        node: pod.spec.as_ref()?.node_name.clone().unwrap_or_default(),
        evidence: object::condition_evidence(pod, condition),
    })
}

// `Preempted by pod 8c2f… on node node-1`; before 1.27 `Preempted by shop/checkout on node node-1`, or without the node.
fn of_event(event: &Event) -> Option<Victim> {
    let facts = events::facts(event);
    let words = facts.message.trim().strip_prefix("Preempted by ")?;
    let (by, node) = words.split_once(" on node ").unwrap_or((words, ""));
    Some(Victim {
        pod: event.involved_object.name.clone()?,
        at: facts.at?.0,
        by: by.strip_prefix("pod ").unwrap_or(by).to_owned(),
        node: node.to_owned(),
        evidence: facts.evidence(),
    })
}

// The pod is mostly gone; its name tells what made it.
fn is_about(inventory: &Inventory, workload: &Workload, event: &Event) -> bool {
    let about = &event.involved_object;
    let (Some("Pod"), Some(name)) = (about.kind.as_deref(), about.name.as_deref()) else { return false };
    if event.metadata.namespace.as_deref() != Some(workload.object.namespace.as_str()) {
        return false;
    }
    let present = inventory.get::<Pod>(&workload.object.namespace, name).present();
    if let Some(pod) = present.filter(|pod| pod.metadata.uid == about.uid) {
        return root_of_pod(inventory, pod) == workload.object;
    }
    match workload.object.kind.as_str() {
        "Pod" => false,
        "StatefulSet" => is_numbered(&workload.object.name, name),
        _ => workload.parts.iter().chain([&workload.object]).any(|part| is_generated(&part.name, name)),
    }
}

fn is_numbered(of: &str, name: &str) -> bool {
    let number = name.strip_prefix(of).and_then(|rest| rest.strip_prefix('-'));
    number.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

// Five letters after as much of the name as leaves room for them.
fn is_generated(of: &str, name: &str) -> bool {
    const SUFFIX: usize = 5;
    const LONGEST: usize = 63;
    let base: String = format!("{of}-").chars().take(LONGEST - SUFFIX).collect();
    name.strip_prefix(base.as_str()).is_some_and(|rest| rest.len() == SUFFIX && !rest.contains('-'))
}

fn taker(inventory: &Inventory, by: &str) -> TakerFacts {
    let is_it = |pod: &&Pod| match by.split_once('/') {
        Some((namespace, name)) => object::namespace(&pod.metadata) == namespace && object::name(&pod.metadata) == name,
        None => pod.metadata.uid.as_deref() == Some(by),
    };
    let Some(pod) = inventory.seen_anywhere::<Pod>().find(is_it) else {
        let gone = matches!(inventory.coverage().of_list(Kind::Pod, ""), State::Collected);
        return TakerFacts { pod: by.to_owned(), gone, ..TakerFacts::default() };
    };
    let spec = pod.spec.as_ref();
    let root = root_of_pod(inventory, pod);
    TakerFacts {
        known: true,
        pod: object::name(&pod.metadata).to_owned(),
        namespace: object::namespace(&pod.metadata).to_owned(),
        workload: format!("{}/{}", root.kind, root.name),
        priority: spec.and_then(|spec| spec.priority).unwrap_or(0).into(),
        class: spec.and_then(|spec| spec.priority_class_name.clone()).unwrap_or_default(),
        gone: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_pod_tells_what_made_it() {
        assert!(is_generated("web-5d9c7b8f4", "web-5d9c7b8f4-x2x9z"));
        assert!(!is_generated("web", "web-5d9c7b8f4-x2x9z"), "of a ReplicaSet of another name");
        assert!(!is_generated("web-5d9c7b8f4", "web-5d9c7b8f5-x2x9z"));
        assert!(is_generated(&"w".repeat(60), &format!("{}x2x9z", "w".repeat(58))), "a long name is cut");
        assert!(is_numbered("db", "db-0") && is_numbered("db", "db-12"));
        assert!(!is_numbered("db", "db-") && !is_numbered("db", "db-x") && !is_numbered("db", "db2-0"));
    }

    #[test]
    fn the_event_names_who_took_the_place_in_the_words_of_old_and_new_schedulers() {
        let parsed = |message: &str| {
            let event = serde_json::json!({
                "metadata": {}, "reason": "Preempted", "message": message, "lastTimestamp": "2026-11-21T17:21:26Z",
                "involvedObject": {"kind": "Pod", "name": "web"},
            });
            let event: Event = serde_json::from_value(event).unwrap();
            of_event(&event).map(|victim| (victim.by, victim.node))
        };
        let expected = |by: &str, node: &str| Some((by.to_owned(), node.to_owned()));
        assert_eq!(parsed("Preempted by pod e9bc70c7-ce7c on node batch-1"), expected("e9bc70c7-ce7c", "batch-1"));
        assert_eq!(parsed("Preempted by shop/checkout on node batch-1"), expected("shop/checkout", "batch-1"));
        assert_eq!(parsed("Preempted by a pod on node"), expected("a pod on node", ""));
        assert_eq!(parsed("Preempting"), None);
    }
}
