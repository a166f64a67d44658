//! Whether a container is in trouble now, and the words that tell it.

use k8s_openapi::api::core::v1::{Container, ContainerStatus, Pod};

use crate::{
    document::Evidence,
    facts::{exit, object, probe},
    inventory::Inventory,
};

pub(super) fn state_of(status: Option<&ContainerStatus>) -> (String, String, String) {
    let Some(state) = status.and_then(|status| status.state.as_ref()) else { return Default::default() };
    if let Some(waiting) = &state.waiting {
        let reason = waiting.reason.clone().unwrap_or_default();
        let message = waiting.message.clone().filter(|_| reason != BACKED_OFF).unwrap_or_default();
        return ("waiting".to_owned(), reason, message);
    }
    if let Some(ended) = &state.terminated {
        return ("terminated".to_owned(), String::new(), ended.message.clone().unwrap_or_default());
    }
    ("running".to_owned(), String::new(), String::new())
}

// The kubelet starts a crashing container again at once the first time: it is Running, even ready,
// for moments. Two restarts and an end within ten minutes are a loop, whatever it shows just now, until
// the present instance has lived clearly longer than the one before.
pub(super) fn is_restarting(inventory: &Inventory, status: &ContainerStatus) -> bool {
    let lately = exit::newest(status)
        .and_then(|(ended, _)| ended.finished_at.as_ref())
        .is_some_and(|at| object::seconds_since(inventory.about.now, at) < 600);
    status.restart_count > 0
        && lately
        && (status.restart_count > 1 || !status.ready)
        && !is_well_again(inventory, status)
}

// One that was restarted while what it needs came up, and has since run for a minute and for twice as long
// as it ran before it ended, is in no loop any more.
fn is_well_again(inventory: &Inventory, status: &ContainerStatus) -> bool {
    let runs_for = probe::running_for(Some(status), inventory.about.now);
    status.ready && runs_for > 60 && runs_for > 2 * exit::facts(Some(status), inventory.about.now, false).ran_for
}

/// Whether it is in trouble now: it waits after a failure, ended with one, or is restarted again and again.
pub fn is_failing(inventory: &Inventory, status: &ContainerStatus) -> bool {
    let Some(state) = &status.state else { return false };
    let waits_after_an_end = state.waiting.is_some() && exit::newest(status).is_some();
    let ended = state.terminated.as_ref().is_some_and(|ended| ended.exit_code != 0 || status.restart_count > 0);
    waits_after_an_end || ended || is_restarting(inventory, status)
}

// `back-off 5m0s restarting failed container=web pod=…` says nothing of why.
/// The reason for which a container waits that ended again and again.
pub const BACKED_OFF: &str = "CrashLoopBackOff";

/// The list of the pod's status in which a container stands.
pub fn statuses_field(init: bool) -> &'static str {
    if init { "initContainerStatuses" } else { "containerStatuses" }
}

pub(super) fn state_evidence(
    pod: &Pod,
    container: &Container,
    init: bool,
    status: Option<&ContainerStatus>,
    message: &str,
) -> Vec<Evidence> {
    let (_, waiting, _) = state_of(status);
    // That it is backed off after an end is told by the end, as is why it could not be started.
    let end = status.and_then(exit::newest);
    let is_told = waiting == BACKED_OFF && end.is_some()
        || end.is_some_and(|(ended, _)| !message.is_empty() && ended.message.as_deref() == Some(message));
    if matches!(waiting.as_str(), "" | "PodInitializing" | "ContainerCreating") || is_told {
        return Vec::new();
    }
    let field = format!("status.{}[{}].state.waiting", statuses_field(init), container.name);
    let text = if message.is_empty() { waiting.to_owned() } else { format!("{waiting}: {message}") };
    vec![object::pod_evidence(pod, &field, text, None)]
}

pub(crate) fn exit_evidence(
    pod: &Pod,
    container: &Container,
    init: bool,
    status: Option<&ContainerStatus>,
) -> Vec<Evidence> {
    let Some((ended, now)) = status.and_then(exit::newest) else { return Vec::new() };
    let which = if now { "state" } else { "lastState" };
    let field = format!("status.{}[{}].{which}.terminated", statuses_field(init), container.name);
    let reason = ended.reason.as_deref().unwrap_or_default();
    let message = ended.message.as_deref().unwrap_or_default().trim();
    let mut text = format!("{reason}, exit code {}", ended.exit_code);
    if !message.is_empty() {
        text = format!("{text}: {message}");
    }
    vec![object::pod_evidence(pod, &field, text, ended.finished_at.as_ref())]
}
