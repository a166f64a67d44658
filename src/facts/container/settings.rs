//! What a container is to run and with what: its command, ports, resources, mounts.

use k8s_openapi::api::core::v1::{Container, ContainerPort, Pod, VolumeMount};

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use crate::facts::{quantity, usage};

/// Strategic merge patches of the workload that change one container.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct PatchFacts {
    /// Sets imagePullPolicy IfNotPresent.
    pub if_not_present: String,
    /// Sets runAsUser 1000.
    pub user_1000: String,
    /// Sets the raised memory limit.
    pub raised_memory: String,
    /// Sets twice the CPU limit.
    pub twice_the_cpu: String,
}

/// A volume mount that the runtime refuses.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct MountFacts {
    /// The volume's name.
    pub volume: String,
    /// `mountPath`.
    pub path: String,
    /// `subPath`.
    pub sub_path: String,
}

/// What a container asks for and may use.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct ResourceFacts {
    /// `resources.limits.memory`; empty where there is none.
    pub memory_limit: String,
    /// `resources.requests.memory`; empty where there is none.
    pub memory_request: String,
    /// `status.qosClass` of its pod.
    pub qos: String,
    /// A memory limit of twice the present one, and 100Mi more at least; empty where there is none.
    pub raised_limit: String,
    /// `resources.limits.cpu`; empty where there is none.
    pub cpu_limit: String,
    /// A CPU limit of twice the present one; empty where there is none.
    pub twice_the_cpu_limit: String,
}

// runc: `error mounting "/var/lib/…" to rootfs at "/etc/group": …`.
pub(super) fn mount(container: &Container, message: &str) -> MountFacts {
    let mounts = container.volume_mounts.as_deref().unwrap_or_default();
    let is_it = |mount: &&VolumeMount| {
        message.contains(&format!("to rootfs at \"{}\"", mount.mount_path.trim_end_matches('/')))
    };
    let found = mounts.iter().find(is_it).map(|mount| MountFacts {
        volume: mount.name.clone(),
        path: mount.mount_path.clone(),
        sub_path: mount.sub_path.clone().unwrap_or_default(),
    });
    found.unwrap_or_default()
}

/// What a container runs, as words; empty where the image decides.
pub fn command(container: &Container) -> String {
    let words = container.command.iter().flatten().chain(container.args.iter().flatten());
    words.map(String::as_str).collect::<Vec<_>>().join(" ")
}

pub(super) fn program(container: &Container) -> String {
    container.command.as_deref().unwrap_or_default().first().cloned().unwrap_or_default()
}

pub(super) fn hidden_by(container: &Container, program: &str) -> String {
    let mounts = container.volume_mounts.as_deref().unwrap_or_default();
    let hides = |mount: &&VolumeMount| {
        mount.sub_path.as_deref().unwrap_or_default().is_empty()
            && program.starts_with(&format!("{}/", mount.mount_path.trim_end_matches('/')))
    };
    mounts.iter().find(hides).map(|mount| format!("volume {} at {}", mount.name, mount.mount_path)).unwrap_or_default()
}

pub(super) fn declared_ports(container: &Container) -> String {
    let ports = container.ports.as_deref().unwrap_or_default();
    let text = |port: &ContainerPort| match &port.name {
        Some(name) => format!("{} ({name})", port.container_port),
        None => port.container_port.to_string(),
    };
    ports.iter().map(text).collect::<Vec<_>>().join(", ")
}

// Containers are merged by their name; the path leads from the workload to their list.
pub(super) fn patches(path: &str, container: &Container, resources: &ResourceFacts) -> PatchFacts {
    let list = path.split('[').next().unwrap_or_default();
    let patch = |mut change: serde_json::Value| {
        change["name"] = container.name.clone().into();
        let patch = list.rsplit('.').fold(json!([change]), |below, field| json!({field: below}));
        patch.to_string()
    };
    PatchFacts {
        if_not_present: patch(json!({"imagePullPolicy": "IfNotPresent"})),
        user_1000: patch(json!({"securityContext": {"runAsUser": 1000}})),
        raised_memory: patch(json!({"resources": {"limits": {"memory": resources.raised_limit}}})),
        twice_the_cpu: patch(json!({"resources": {"limits": {"cpu": resources.twice_the_cpu_limit}}})),
    }
}

pub(super) fn resources(pod: &Pod, container: &Container) -> ResourceFacts {
    let limit = |resource: &str| usage::limit(container, resource).unwrap_or_default().to_owned();
    let requests = container.resources.as_ref().and_then(|resources| resources.requests.as_ref());
    let (memory_limit, cpu_limit) = (limit("memory"), limit("cpu"));
    ResourceFacts {
        raised_limit: quantity::raised(&memory_limit),
        memory_limit,
        memory_request: requests.and_then(|list| list.get("memory")).map(|asked| asked.0.clone()).unwrap_or_default(),
        twice_the_cpu_limit: quantity::twice(&cpu_limit),
        cpu_limit,
        qos: pod.status.as_ref().and_then(|status| status.qos_class.clone()).unwrap_or_default(),
    }
}

pub(super) fn run_as_user(pod: &Pod, container: &Container) -> String {
    let own = container.security_context.as_ref().and_then(|context| context.run_as_user);
    let of_pod = pod.spec.as_ref().and_then(|spec| spec.security_context.as_ref()?.run_as_user);
    own.or(of_pod).map(|user| user.to_string()).unwrap_or_default()
}
