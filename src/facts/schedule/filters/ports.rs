//! Ports of the node itself, which one pod alone can have.

use k8s_openapi::api::core::v1::{ContainerPort, Pod};

use crate::facts::{
    object,
    schedule::{
        cluster::Place,
        obstacle::{Filter, Obstacle},
    },
};

/// The first host port of a pod that another pod of a node has.
pub fn taken(place: &Place, pod: &Pod) -> Option<Obstacle> {
    host_ports(pod).find_map(|wanted| {
        let holder = place.pods.iter().find(|other| host_ports(other).any(|held| clash(wanted, held)))?;
        let port = format!("{}/{}", wanted.host_port.unwrap_or(0), protocol(wanted));
        let holder = format!("Pod {}/{}", object::namespace(&holder.metadata), object::name(&holder.metadata));
        Some(Obstacle::new(Filter::Port, port.clone(), format!("host port {port} taken by {holder}")).by(holder))
    })
}

fn host_ports(pod: &Pod) -> impl Iterator<Item = &ContainerPort> {
    let spec = pod.spec.iter();
    let containers = spec.flat_map(|spec| {
        let sidecars = spec.init_containers.iter().flatten();
        spec.containers.iter().chain(sidecars.filter(|init| init.restart_policy.as_deref() == Some("Always")))
    });
    containers
        .flat_map(|container| container.ports.iter().flatten())
        .filter(|port| port.host_port.is_some_and(|port| port > 0))
}

fn clash(one: &ContainerPort, other: &ContainerPort) -> bool {
    let ip =
        |port: &ContainerPort| port.host_ip.clone().filter(|ip| !ip.is_empty()).unwrap_or_else(|| "0.0.0.0".to_owned());
    let any = |port: &ContainerPort| ip(port) == "0.0.0.0";
    one.host_port == other.host_port
        && protocol(one) == protocol(other)
        && (any(one) || any(other) || ip(one) == ip(other))
}

fn protocol(port: &ContainerPort) -> &str {
    port.protocol.as_deref().unwrap_or("TCP")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_clash_by_number_protocol_and_address() {
        let port = |number, protocol: &str, ip: &str| ContainerPort {
            host_port: Some(number),
            protocol: Some(protocol.to_owned()),
            host_ip: Some(ip.to_owned()),
            ..ContainerPort::default()
        };
        let base = port(80, "TCP", "10.0.0.1");
        assert!(clash(&base, &port(80, "TCP", "")));
        assert!(clash(&base, &port(80, "TCP", "10.0.0.1")));
        assert!(!clash(&base, &port(80, "TCP", "10.0.0.2")));
        assert!(!clash(&base, &port(80, "UDP", "10.0.0.1")));
        assert!(!clash(&base, &port(81, "TCP", "10.0.0.1")));
    }
}
