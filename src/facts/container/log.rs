//! The log that tells how a container fares, and what an init container waits for.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{Container, Pod};

use super::{command, is_restarting, status};
use crate::{
    document::Evidence,
    facts::{
        hosts::{self, HostFacts},
        object, probe,
    },
    inventory::{Inventory, Known, NOT_IN_INPUT},
    source::LogKey,
};

/// The log that tells how a container fares: of the instance that failed, of the one that runs and is not ready, and of
/// one that runs well what it wrote lately; nothing where it has not failed and does not run.
pub fn log_of(inventory: &Inventory, pod: &Pod, container: &Container, init: bool) -> Option<LogKey> {
    let status = status(pod, &container.name, init)?;
    let state = status.state.as_ref()?;
    let sidecar = container.restart_policy.as_deref() == Some("Always");
    let key = |previous| LogKey {
        namespace: object::namespace(&pod.metadata).to_owned(),
        pod: object::name(&pod.metadata).to_owned(),
        container: container.name.clone(),
        previous,
        recent: false,
    };
    if let Some(ended) = &state.terminated {
        return (ended.exit_code != 0).then(|| key(false));
    }
    let ended_before = status.last_state.as_ref().and_then(|last| last.terminated.as_ref()).is_some();
    if state.waiting.is_some() {
        // While the kubelet backs off, the newest instance is the one that failed.
        return ended_before.then(|| key(false));
    }
    if init && !sidecar {
        return Some(key(false));
    }
    if ended_before && is_restarting(inventory, status) {
        return Some(key(true));
    }
    Some(LogKey { recent: status.ready, ..key(false) })
}

/// The lines of a container's log that tell how it fares; empty where it has written none, or none was wanted.
pub fn log(inventory: &Inventory, pod: &Pod, container: &Container, init: bool) -> Known<String> {
    let Some(key) = log_of(inventory, pod, container, init) else { return Known::Known(String::new()) };
    match inventory.log(&key) {
        Some(Ok(text)) => Known::Known(text.clone().unwrap_or_default()),
        Some(Err(why)) => Known::Unknown(format!("logs: {why}")),
        // Another replica's log tells for this one.
        None if inventory.has_logs() => Known::Known(String::new()),
        None if inventory.about.recorded => Known::Unknown(format!("logs: {NOT_IN_INPUT}")),
        None => Known::Unknown("logs: not collected".to_owned()),
    }
}

const LOG_LINES: usize = 10;

pub(crate) fn log_evidence(pod: &Pod, container: &Container, text: &str) -> Vec<Evidence> {
    let lines: Vec<_> = text.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
    if lines.is_empty() {
        return Vec::new();
    }
    let last = lines[lines.len().saturating_sub(LOG_LINES)..].join("\n");
    vec![object::pod_evidence(pod, &format!("log of container {}", container.name), last, None)]
}

pub(super) fn waits_for(
    inventory: &Inventory,
    pod: &Pod,
    (container, init): (&Container, bool),
    log: &Known<String>,
) -> Vec<HostFacts> {
    if !is_init_at_work(pod, container, init) {
        return Vec::new();
    }
    let namespace = object::namespace(&pod.metadata);
    let mut found = hosts::named_in_command(inventory, namespace, &command(container));
    if let Known::Known(log) = log {
        found.extend(hosts::named_in_log(inventory, namespace, log));
    }
    let mut seen = BTreeSet::new();
    found.retain(|host| seen.insert((host.namespace.clone(), host.service.clone())));
    found
}

/// Whether it is an init container that runs now, and is to come to an end.
pub fn is_init_at_work(pod: &Pod, container: &Container, init: bool) -> bool {
    let runs = status(pod, &container.name, init).is_some_and(|status| probe::started_at(Some(status)).is_some());
    init && runs && container.restart_policy.as_deref() != Some("Always")
}
