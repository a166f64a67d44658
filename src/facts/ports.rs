//! The ports that a pod's spec speaks of: those that its containers declare, and those that their probes ask.

use k8s_openapi::{
    api::core::v1::{Container, ContainerPort, Pod, Probe},
    apimachinery::pkg::util::intstr::IntOrString,
};

/// The containers, sidecars last.
pub fn containers(pod: &Pod) -> impl Iterator<Item = &Container> {
    pod.spec.iter().flat_map(|spec| spec.containers.iter().chain(spec.init_containers.iter().flatten()))
}

/// The ports that they declare.
pub fn declared(pod: &Pod) -> impl Iterator<Item = &ContainerPort> {
    containers(pod).flat_map(|container| container.ports.iter().flatten())
}

/// Their probes.
pub fn probes(pod: &Pod) -> impl Iterator<Item = (&Container, &Probe)> {
    containers(pod).flat_map(|container| {
        let probes = [&container.readiness_probe, &container.liveness_probe, &container.startup_probe];
        probes.into_iter().flatten().map(move |probe| (container, probe))
    })
}

/// The port that a probe asks; nothing where it asks none, or one by a name that its container does not declare.
pub fn asked(container: &Container, probe: &Probe) -> Option<u16> {
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
