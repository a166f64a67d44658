//! What components say of a workload's pods and of what these refer to.

use k8s_openapi::api::core::v1::Pod;

use crate::{
    document::Evidence,
    facts::{
        container,
        events::{EventFacts, Events},
        object, pull,
        workload::{Workload, lacks_pods, phase},
    },
    inventory::Inventory,
    kind::Kind,
};

/// What components say now about a workload's pods and their making.
pub struct Said {
    words: Vec<Evidence>,
    /// Whether a pod can't start, or can't be made.
    pub blocks: bool,
    /// Whether a registry refused a pull.
    pub refused: bool,
}

impl Said {
    /// Collects it.
    pub fn of(inventory: &Inventory, events: &Events, workload: &Workload) -> Self {
        let mut words = Vec::new();
        let mut blocked = 0;
        let mut refused = false;
        for pod in &workload.pods {
            if is_blocked(pod) {
                refused |= pull::is_refused(inventory, events, pod);
                blocked += 1;
                words.extend(words_about(events, pod));
            }
        }
        let lacks_pods = lacks_pods(inventory, workload);
        if lacks_pods {
            let parts = workload.parts.iter().chain([&workload.object]);
            let refused = parts.filter_map(|part| events.newest(&part.uid, |event| event.reason == "FailedCreate"));
            words.extend(refused.map(EventFacts::evidence));
        }
        Self { words, blocks: blocked > 0 || lacks_pods, refused }
    }

    /// The kubelet's and controllers' wordings of a missing object and a missing key.
    pub fn about(&self, kind: Kind, name: &str, key: &str) -> Vec<Evidence> {
        let is_it = |text: &str| {
            if key.is_empty() {
                let quoted = format!("{} \"{name}\" not found", kind.info().name.to_lowercase());
                text.contains(&quoted) || (kind == Kind::Secret && is_unretrieved(text, name))
            } else {
                let in_env = text
                    .split_once(&format!("couldn't find key {key} in {kind} "))
                    .and_then(|(_, rest)| rest.split_whitespace().next()?.split_once('/'))
                    .is_some_and(|(_, found)| found == name);
                let word = if kind == Kind::Secret { "secret" } else { "config" };
                in_env || text.contains(&format!("references non-existent {word} key: {key}"))
            }
        };
        let mut found: Vec<Evidence> = self.words.iter().filter(|evidence| is_it(&evidence.text)).cloned().collect();
        found.dedup_by(|one, other| one.text == other.text);
        found.truncate(2);
        found
    }
}

// `Unable to retrieve some image pull secrets (a, b); attempting to pull the image may not succeed.`
fn is_unretrieved(text: &str, name: &str) -> bool {
    let named = text
        .split_once("Unable to retrieve some image pull secrets (")
        .and_then(|(_, rest)| rest.split_once(')'))
        .map(|(named, _)| named);
    named.is_some_and(|named| named.split(", ").any(|found| found == name))
}

// A pod that has not begun to run, or waits for its configuration.
fn is_blocked(pod: &Pod) -> bool {
    let waits = container::containers(pod).into_iter().any(|(spec, init)| {
        let waiting = container::waiting(pod, &spec.name, init);
        waiting.is_some_and(|waiting| waiting.reason.as_deref() != Some("PodInitializing"))
    });
    phase(pod) == "Pending" || waits
}

fn words_about(events: &Events, pod: &Pod) -> Vec<Evidence> {
    let mut words = Vec::new();
    for (spec, init) in container::containers(pod) {
        let waiting = container::waiting(pod, &spec.name, init);
        if let Some(message) = waiting.and_then(|waiting| waiting.message.as_deref()) {
            let list = if init { "initContainerStatuses" } else { "containerStatuses" };
            let field = format!("status.{list}[{}].state.waiting", spec.name);
            words.push(object::pod_evidence(pod, &field, message, None));
        }
    }
    let scheduled = object::pod_condition(pod, "PodScheduled");
    let refused = scheduled.filter(|condition| condition.status == "False" && condition.message.is_some());
    words.extend(refused.map(|condition| object::condition_evidence(pod, condition)));
    let uid = pod.metadata.uid.as_deref().unwrap_or_default();
    for reason in ["FailedMount", "FailedToRetrieveImagePullSecret"] {
        words.extend(events.newest(uid, |event| event.reason == reason).map(EventFacts::evidence));
    }
    words
}
