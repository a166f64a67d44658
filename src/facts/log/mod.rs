//! What a container's log tells of, and what that is in this cluster.

pub mod access;
mod place;
mod setting;
pub mod target;

use k8s_openapi::api::core::v1::{Container, Pod};
use schemars::JsonSchema;
use serde::Serialize;

use super::{container, object, workload::Workload};
use crate::{
    document::Evidence,
    inventory::{Inventory, Known},
    rule::{LogPatterns, Told},
};
use access::AccessFacts;
use place::PlaceFacts;
use setting::SettingFacts;
use target::TargetFacts;

/// A setting that a program needs is not there.
pub const MISSING_SETTING: &str = "missing-setting";
/// The API server refuses what a program asks for.
pub const FORBIDDEN: &str = "forbidden";
/// The name of a host leads nowhere.
pub const HOST_UNKNOWN: &str = "host-unknown";
/// A host does not answer.
pub const HOST_UNREACHABLE: &str = "host-unreachable";

/// The line of a container's log that tells what ails it, as a rule sees it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct LogFacts {
    /// What it tells of, by the name of the file of patterns: `missing-setting`, `host-unreachable`; empty where it
    /// tells of nothing, or that is past.
    pub tells: Known<String>,
    /// The line.
    pub line: String,
    /// The same as evidence.
    pub evidence: Vec<Evidence>,
    /// The name that it gives: a setting's.
    pub name: String,
    /// The port that it names.
    pub port: String,
    /// The other container of the pod that has that port; empty where none declares it, and there are several.
    pub port_holder: String,
    /// Whether that container declares the port.
    pub port_is_declared: bool,
    /// Whether the pod takes its ports from its node.
    pub host_network: bool,
    /// The setting that is missing.
    pub setting: SettingFacts,
    /// The host that does not answer.
    pub target: TargetFacts,
    /// The file, and what it is on.
    pub place: PlaceFacts,
    /// What the API server refuses.
    pub access: AccessFacts,
}

/// The facts of a container's log.
pub fn facts(
    inventory: &Inventory,
    patterns: &LogPatterns,
    workload: &Workload,
    pod: &Pod,
    (container, init): (&Container, bool),
) -> LogFacts {
    let log = container::log(inventory, pod, container, init);
    let told = told(inventory, patterns, pod, (container, init)).unwrap_or_default();
    let holder = port_holder(pod, container, told.get("port"));
    LogFacts {
        tells: log.map(|_| told.of.clone()),
        evidence: evidence(pod, container, &told.line),
        name: told.get("name").to_owned(),
        port: told.get("port").to_owned(),
        port_is_declared: holder.as_ref().is_some_and(|(_, declared)| *declared),
        port_holder: holder.map(|(name, _)| name).unwrap_or_default(),
        host_network: pod.spec.as_ref().and_then(|spec| spec.host_network) == Some(true),
        setting: setting::facts(inventory, workload, pod, container, &told),
        target: target::facts(inventory, object::namespace(&pod.metadata), &told),
        place: place::facts(pod, container, told.get("path")),
        access: access::facts(inventory, &told),
        line: told.line,
    }
}

/// What the log of a container tells of its present trouble: nothing where it runs well, unless the line is among
/// the last that it wrote and is such that it may run on in spite of it.
pub fn told(
    inventory: &Inventory,
    patterns: &LogPatterns,
    pod: &Pod,
    (container, init): (&Container, bool),
) -> Option<Told> {
    const LAST: usize = 3;
    let key = container::log_of(inventory, pod, container, init)?;
    let told = patterns.read(inventory.log(&key)?.as_ref().ok()?.as_ref()?)?;
    let survives = [FORBIDDEN, HOST_UNKNOWN, HOST_UNREACHABLE].contains(&told.of.as_str());
    (!key.recent || (survives && told.after <= LAST)).then_some(told)
}

fn evidence(pod: &Pod, container: &Container, line: &str) -> Vec<Evidence> {
    const LONGEST: usize = 500;
    if line.is_empty() {
        return Vec::new();
    }
    let text: String = line.chars().take(LONGEST).collect();
    vec![object::pod_evidence(pod, &format!("log of container {}", container.name), text, None)]
}

// The container that declares the port, else the only other one.
fn port_holder(pod: &Pod, container: &Container, port: &str) -> Option<(String, bool)> {
    let spec = pod.spec.as_ref()?;
    let sidecars = spec.init_containers.iter().flatten().filter(|one| one.restart_policy.as_deref() == Some("Always"));
    let others: Vec<_> = spec.containers.iter().chain(sidecars).filter(|other| other.name != container.name).collect();
    let declares = |other: &&&Container| {
        other.ports.iter().flatten().any(|declared| !port.is_empty() && declared.container_port.to_string() == port)
    };
    match (others.iter().find(declares), others.as_slice()) {
        (Some(holder), _) => Some((holder.name.clone(), true)),
        (None, [only]) => Some((only.name.clone(), false)),
        (None, _) => None,
    }
}
