//! What a pod's spec says of a port: whether it declares it, and what its readiness probe tells of it.

use k8s_openapi::{
    api::core::v1::{Container, Pod, Probe},
    apimachinery::pkg::util::intstr::IntOrString,
};

use super::listener::ListenerFacts;
use crate::active::Socket;

fn containers(pod: &Pod) -> impl Iterator<Item = &Container> {
    pod.spec.iter().flat_map(|spec| spec.containers.iter().chain(spec.init_containers.iter().flatten()))
}

fn probes(pod: &Pod) -> impl Iterator<Item = (&Container, &Probe)> {
    containers(pod).flat_map(|container| {
        let probes = [&container.readiness_probe, &container.liveness_probe, &container.startup_probe];
        probes.into_iter().flatten().map(move |probe| (container, probe))
    })
}

/// Whether a container declares the port, or a probe asks it.
pub(super) fn is_declared(pod: &Pod, port: u16, protocol: &str) -> bool {
    let mut ports = containers(pod).flat_map(|container| container.ports.iter().flatten());
    ports.any(|one| one.container_port == i32::from(port) && one.protocol.as_deref().unwrap_or("TCP") == protocol)
        || protocol == "TCP" && probes(pod).any(|(container, probe)| asked_port(container, probe) == Some(port))
}

// The port that a probe asks.
fn asked_port(container: &Container, probe: &Probe) -> Option<u16> {
    let http = probe.http_get.as_ref().map(|http| http.port.clone());
    let tcp = probe.tcp_socket.as_ref().map(|tcp| tcp.port.clone());
    let grpc = probe.grpc.as_ref().map(|grpc| IntOrString::Int(grpc.port));
    let number = match http.or(tcp).or(grpc)? {
        IntOrString::Int(number) => number,
        IntOrString::String(name) => {
            container.ports.iter().flatten().find(|port| port.name.as_ref() == Some(&name))?.container_port
        }
    };
    u16::try_from(number).ok()
}

/// Why it says nothing of a port that the pod is ready.
pub(super) fn readiness(pod: &Pod, port: u16) -> String {
    let set: Vec<_> =
        containers(pod).filter_map(|container| Some((container, container.readiness_probe.as_ref()?))).collect();
    if set.is_empty() {
        return "it has no readiness probe".to_owned();
    }
    if set.iter().any(|(container, probe)| asked_port(container, probe) == Some(port)) {
        return "its readiness probe passes".to_owned();
    }
    match set.iter().find_map(|(container, probe)| asked_port(container, probe)) {
        Some(other) => format!("its readiness probe asks port {other}"),
        None => "its readiness probe asks no port".to_owned(),
    }
}

/// Why the readiness probe fails though the program answers well; empty where it does not, or is right.
pub(super) fn misjudged(pod: &Pod, facts: &ListenerFacts, sockets: Option<&[Socket]>) -> String {
    if facts.ready || facts.answer != "ok" {
        return String::new();
    }
    for container in containers(pod) {
        let Some(probe) = &container.readiness_probe else { continue };
        let Some(asked) = asked_port(container, probe) else { continue };
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
