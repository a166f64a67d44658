//! Why the pods of a workload can't be made: what the API server, or what it asks before, says of them.

mod limits;
mod security;
mod webhook;

use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use regex_lite::Regex;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

pub use limits::{LimitFacts, is_of_limits};
pub use security::SecurityFacts;
pub use webhook::{CONFIGURATIONS, Configured, WebhookFacts, called, facts as webhook_facts, failed};

use super::{
    events::{EventFacts, Events},
    nearest::{Candidate, nearest},
    object,
    workload::{self, Workload},
};
use crate::{
    document::{Evidence, Nearest},
    inventory::Inventory,
    kind::Kind,
};

/// Why pods can't be made.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct RefusedFacts {
    /// Whether it is so now.
    pub failing: bool,
    /// The API server's words.
    pub message: String,
    /// The ResourceQuota that is exceeded; empty where that is not the reason.
    pub quota: String,
    /// What a pod asks of that quota.
    pub requested: String,
    /// What of it is used.
    pub used: String,
    /// What it allows.
    pub limited: String,
    /// What a LimitRange forbids; empty where that is not the reason.
    pub limits: LimitFacts,
    /// What Pod Security forbids; without a level where that is not the reason.
    pub security: SecurityFacts,
    /// The PriorityClass that is not there; empty where that is not the reason.
    pub priority_class: String,
    /// The PriorityClasses that were probably meant, nearest first.
    pub nearest: Vec<Nearest>,
    /// A strategic merge patch that names the nearest PriorityClass; empty where none is near.
    pub patch: String,
    /// Whether it is for a webhook that does not answer, and whose configuration was seen.
    pub webhook_failed: bool,
    /// The same as evidence.
    pub evidence: Vec<Evidence>,
}

/// Why a workload's pods can't be made, where they can't.
pub fn facts(inventory: &Inventory, events: &Events, workload: &Workload) -> RefusedFacts {
    let Some(evidence) = words(inventory, events, workload) else { return RefusedFacts::default() };
    let message = evidence.text.trim_start_matches("(combined from similar events): ").to_owned();
    let priority_class = part(&message, r"no PriorityClass with name (\S+) was found");
    let nearest = classes_near(inventory, &priority_class);
    RefusedFacts {
        failing: true,
        quota: quota(&message),
        requested: part(&message, r"requested: (.*?)(?:, used:|$)"),
        used: part(&message, r"used: (.*?)(?:, limited:|$)"),
        limited: part(&message, r"limited: (.*)$"),
        limits: limits::facts(inventory, workload, &message),
        security: security::facts(workload, &message),
        patch: nearest
            .first()
            .map(|near| in_spec(workload, json!({"priorityClassName": near.value})))
            .unwrap_or_default(),
        webhook_failed: webhook::called(inventory, &message).is_some(),
        priority_class,
        nearest,
        evidence: vec![security::in_lines(evidence)],
        message,
    }
}

/// What is said of pods that can't be made; nothing where they can.
pub fn words(inventory: &Inventory, events: &Events, workload: &Workload) -> Option<Evidence> {
    let newest = newest_event(events, workload);
    let Some(in_status) = in_status(inventory, workload) else {
        return newest.filter(|_| workload::lacks_pods(inventory, workload)).map(EventFacts::evidence);
    };
    // The condition keeps the words of the first refusal, whatever the later ones were for.
    let is_another = |event: &&EventFacts| is_after(event, &in_status) && said(event.message) != said(&in_status.text);
    Some(newest.filter(is_another).map_or(in_status, EventFacts::evidence))
}

fn is_after(event: &EventFacts, evidence: &Evidence) -> bool {
    let then = evidence.at.as_ref().and_then(|at| at.parse::<jiff::Timestamp>().ok());
    then.is_none_or(|then| event.second() > then.as_second())
}

// What a refusal says, without who said it and of which made-up name of a pod.
fn said(message: &str) -> &str {
    let message = message.trim_start_matches("(combined from similar events): ").trim_start_matches("Error creating: ");
    match message.split_once("\" is forbidden: ") {
        Some((pod, words)) if pod.starts_with("pods \"") => words,
        _ => message,
    }
}

/// Whether a refusal names a PriorityClass that is not there.
pub fn is_of_priority_class(message: &str) -> bool {
    message.contains("no PriorityClass with name ")
}

fn classes_near(inventory: &Inventory, wanted: &str) -> Vec<Nearest> {
    let names = inventory.known_names(Kind::PriorityClass);
    if wanted.is_empty() {
        return Vec::new();
    }
    nearest(wanted, names.iter().map(|(_, name)| Candidate::named(name)))
}

// State beats events: ReplicaFailure stands as long as the controller is refused.
fn in_status(inventory: &Inventory, workload: &Workload) -> Option<Evidence> {
    let (namespace, name) = (&workload.object.namespace, &workload.object.name);
    let (message, at) = match workload.object.kind.as_str() {
        "Deployment" => {
            let deployment = inventory.get::<Deployment>(namespace, name).present()?;
            let mut conditions = deployment.status.as_ref()?.conditions.iter().flatten();
            let failure = conditions.find(|it| it.type_ == REPLICA_FAILURE && it.status == "True")?;
            (failure.message.clone()?, failure.last_update_time.as_ref())
        }
        "ReplicaSet" => {
            let set = inventory.get::<ReplicaSet>(namespace, name).present()?;
            let mut conditions = set.status.as_ref()?.conditions.iter().flatten();
            let failure = conditions.find(|it| it.type_ == REPLICA_FAILURE && it.status == "True")?;
            (failure.message.clone()?, failure.last_transition_time.as_ref())
        }
        _ => return None,
    };
    let source = format!("{} status.conditions[{REPLICA_FAILURE}]", workload.object);
    Some(Evidence { source, text: message, at: at.map(object::time) })
}

const REPLICA_FAILURE: &str = "ReplicaFailure";

// Where no pod was made since. Most kinds of workload say it in events alone.
fn newest_event<'a, 'b>(events: &'b Events<'a>, workload: &Workload) -> Option<&'b EventFacts<'a>> {
    let owners = workload.parts.iter().chain([&workload.object]);
    let newest = owners
        .filter_map(|owner| {
            events.newest(&owner.uid, |event| matches!(event.reason, "FailedCreate" | "SuccessfulCreate"))
        })
        .max_by_key(|event| event.second())?;
    (newest.reason == "FailedCreate").then_some(newest)
}

// The first group of a pattern; empty where it does not match.
/// The ResourceQuota that words name; empty where they name none.
pub fn quota(words: &str) -> String {
    part(words, r"(?:exceeded quota|failed quota): ([^,:\s]+)")
}

fn part(message: &str, pattern: &str) -> String {
    let found = Regex::new(pattern).ok().and_then(|pattern| Some(pattern.captures(message)?.get(1)?.as_str()));
    found.unwrap_or_default().to_owned()
}

// A patch of the workload that changes its pods' spec.
fn in_spec(workload: &Workload, change: Value) -> String {
    workload.spec_path.rsplit('.').fold(change, |below, field| json!({field: below})).to_string()
}

// The list of the pods' spec that a container of this name stands in.
fn list_of(workload: &Workload, container: &str) -> Option<&'static str> {
    let spec = workload.spec?;
    if spec.containers.iter().any(|found| found.name == container) {
        return Some("containers");
    }
    spec.init_containers.iter().flatten().any(|found| found.name == container).then_some("initContainers")
}
