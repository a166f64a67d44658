//! What a pod's spec says of a port: whether it declares it, and what its readiness probe tells of it.

use k8s_openapi::api::core::v1::Pod;

use super::listener::ListenerFacts;
use crate::{active::Socket, facts::ports};

/// Whether a container declares the port, or a probe asks it.
pub(super) fn is_declared(pod: &Pod, port: u16, protocol: &str) -> bool {
    ports::declared(pod)
        .any(|one| one.container_port == i32::from(port) && one.protocol.as_deref().unwrap_or("TCP") == protocol)
        || protocol == "TCP"
            && ports::probes(pod).any(|(container, probe)| ports::asked(container, probe) == Some(port))
}

/// Why it says nothing of a port that the pod is ready.
pub(super) fn readiness(pod: &Pod, port: u16) -> String {
    let set: Vec<_> =
        ports::containers(pod).filter_map(|container| Some((container, container.readiness_probe.as_ref()?))).collect();
    if set.is_empty() {
        return "it has no readiness probe".to_owned();
    }
    if set.iter().any(|(container, probe)| ports::asked(container, probe) == Some(port)) {
        return "its readiness probe passes".to_owned();
    }
    match set.iter().find_map(|(container, probe)| ports::asked(container, probe)) {
        Some(other) => format!("its readiness probe asks port {other}"),
        None => "its readiness probe asks no port".to_owned(),
    }
}

/// Why the readiness probe fails though the program answers well; empty where it does not, or is right.
pub(super) fn misjudged(pod: &Pod, facts: &ListenerFacts, sockets: Option<&[Socket]>) -> String {
    if facts.ready || facts.answer != "ok" {
        return String::new();
    }
    for container in ports::containers(pod) {
        let Some(probe) = &container.readiness_probe else { continue };
        let Some(asked) = ports::asked(container, probe) else { continue };
        let listens = |port: u16| sockets.is_none_or(|all| all.iter().any(|one| one.port == port));
        if !listens(asked) {
            return format!("it asks port {asked}, on which nothing listens");
        }
        let limit = i64::from(probe.timeout_seconds.unwrap_or(1));
        let is_same = i64::from(asked) == facts.port;
        if is_same && probe.http_get.is_some() && facts.milliseconds > limit * 1000 {
            return format!(
                "it waits {limit} s for an answer (timeoutSeconds), and one takes {:.1} s",
                seconds(facts.milliseconds)
            );
        }
    }
    String::new()
}

fn seconds(milliseconds: i64) -> f64 {
    f64::from(i32::try_from(milliseconds).unwrap_or(i32::MAX)) / 1000.0
}
