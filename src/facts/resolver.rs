//! Whom a pod asks for names, and which Services of the cluster it names.

use std::net::IpAddr;

use k8s_openapi::api::core::v1::{Container, EnvVar, PodSpec};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::{checked, container, hosts, service, workload::Workload};
use crate::inventory::{Inventory, Known};

/// How a workload's pods resolve names, as a rule sees it.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct ResolverFacts {
    /// `dnsPolicy`.
    pub policy: String,
    /// Whether they live in the node's network.
    pub host_network: bool,
    /// Whether they may be asking the cluster's DNS, which alone knows Services.
    pub asks_cluster: bool,
    /// The Services of the cluster that they name, with the place: `db (DB_HOST of container app)`.
    pub services: Vec<String>,
    /// Whether the log of one that fails says that such a Service does not answer.
    pub failed: bool,
    /// The Service whose name was asked for in one of its pods and not found, though the cluster's DNS knows it; empty
    /// where none was.
    pub not_found: String,
    /// The path of the dnsPolicy.
    pub field: String,
    /// The policy with which they would ask the cluster's DNS.
    pub better: String,
    /// A JSON patch of the workload that sets it.
    pub patch: String,
}

/// The facts of a workload's pods.
pub fn facts(inventory: &Inventory, workload: &Workload) -> ResolverFacts {
    let Some(spec) = workload.spec else { return ResolverFacts { asks_cluster: true, ..ResolverFacts::default() } };
    let policy = spec.dns_policy.as_deref().unwrap_or("ClusterFirst");
    let host_network = spec.host_network == Some(true);
    let asks_cluster = asks_cluster(spec, policy, host_network);
    let field = format!("{}.dnsPolicy", workload.spec_path);
    let better = if host_network { "ClusterFirstWithHostNet" } else { "ClusterFirst" };
    let path = format!("/{}", field.replace('.', "/"));
    let named = if asks_cluster { Vec::new() } else { named(inventory, workload, spec) };
    ResolverFacts {
        policy: policy.to_owned(),
        host_network,
        asks_cluster,
        not_found: checked::skips_cluster(inventory, &workload.object).unwrap_or_default(),
        failed: named.iter().any(|named| named.failed),
        services: named.into_iter().map(|named| named.text).collect(),
        patch: json!([{"op": "add", "path": path, "value": better}]).to_string(),
        field,
        better: better.to_owned(),
    }
}

// https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/#pod-s-dns-policy: ClusterFirst falls back
// to Default in the node's network. With None a private address may be that of the cluster's DNS.
fn asks_cluster(spec: &PodSpec, policy: &str, host_network: bool) -> bool {
    let servers = || spec.dns_config.iter().flat_map(|config| config.nameservers.iter().flatten());
    match policy {
        "Default" => false,
        "None" => !servers().all(|server| server.parse().is_ok_and(is_public)),
        "ClusterFirst" => !host_network,
        _ => true,
    }
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !address.is_private() && !address.is_link_local() && !address.is_loopback(),
        IpAddr::V6(address) => !address.is_unique_local() && !address.is_loopback(),
    }
}

struct Named {
    service: String,
    text: String,
    failed: bool,
}

// Each Service once. One that leads to the workload itself is named for others to use.
fn named(inventory: &Inventory, workload: &Workload, spec: &PodSpec) -> Vec<Named> {
    let namespace = &workload.object.namespace;
    let own = service::of_workload(inventory, workload);
    let mut found: Vec<Named> = Vec::new();
    let mut add = |hosts: Vec<hosts::HostFacts>, place: String, failed: bool| {
        for host in hosts.into_iter().filter(|host| host.exists == Known::Known(true)) {
            let is_own = own.iter().any(|own| own.name == host.service && own.namespace == host.namespace);
            match found.iter_mut().find(|known| known.service == host.service) {
                Some(known) => known.failed |= failed,
                None if is_own || host.service == "kubernetes" => {}
                None => {
                    found.push(Named { text: format!("{} ({place})", host.service), service: host.service, failed })
                }
            }
        }
    };
    for container in &spec.containers {
        for variable in container.env.iter().flatten() {
            let hosts = hosts_of(inventory, namespace, variable);
            add(hosts, format!("{} of container {}", variable.name, container.name), false);
        }
        let hosts = hosts::named_in_command(inventory, namespace, &container::command(container));
        add(hosts, format!("command of container {}", container.name), false);
    }
    for pod in &workload.pods {
        for (container, init) in container::containers(pod) {
            if let Some(log) = log(inventory, pod, container, init) {
                let hosts = hosts::named_in_log(inventory, namespace, &log);
                add(hosts, format!("log of container {}", container.name), true);
            }
        }
    }
    found
}

fn log(
    inventory: &Inventory,
    pod: &k8s_openapi::api::core::v1::Pod,
    container: &Container,
    init: bool,
) -> Option<String> {
    inventory.log(&container::log_of(inventory, pod, container, init)?)?.clone().ok()?
}

// `DB_HOST=db`, `DB_ADDR=db:5432`, and a URL in whatever variable.
fn hosts_of(inventory: &Inventory, namespace: &str, variable: &EnvVar) -> Vec<hosts::HostFacts> {
    const NAMES: [&str; 6] = ["HOST", "ADDR", "ADDRESS", "SERVER", "ENDPOINT", "HOSTNAME"];
    let value = variable.value.as_deref().unwrap_or_default();
    if value.contains("://") {
        return hosts::named_in_command(inventory, namespace, value);
    }
    let is_host = NAMES.iter().any(|name| variable.name.to_uppercase().ends_with(name));
    let host = value.split(':').next().unwrap_or_default();
    hosts::in_cluster(inventory, namespace, host).filter(|_| is_host).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asks(spec: serde_json::Value) -> bool {
        let mut spec: PodSpec = serde_json::from_value(spec).unwrap();
        spec.containers.clear();
        let policy = spec.dns_policy.clone().unwrap_or_else(|| "ClusterFirst".to_owned());
        asks_cluster(&spec, &policy, spec.host_network == Some(true))
    }

    #[test]
    fn the_policy_and_the_nodes_network_decide_who_is_asked() {
        for (spec, is_cluster) in [
            (json!({"containers": []}), true),
            (json!({"containers": [], "dnsPolicy": "Default"}), false),
            (json!({"containers": [], "hostNetwork": true}), false),
            (json!({"containers": [], "hostNetwork": true, "dnsPolicy": "ClusterFirstWithHostNet"}), true),
            (json!({"containers": [], "dnsPolicy": "None", "dnsConfig": {"nameservers": ["8.8.8.8"]}}), false),
            (json!({"containers": [], "dnsPolicy": "None", "dnsConfig": {"nameservers": ["10.96.0.10"]}}), true),
            (
                json!({"containers": [], "dnsPolicy": "None", "dnsConfig": {"nameservers": ["169.254.20.10", "1.1.1.1"]}}),
                true,
            ),
        ] {
            assert_eq!(asks(spec.clone()), is_cluster, "{spec}");
        }
    }
}
