//! What a container is to run and with what: its command, ports, resources, mounts.

use k8s_openapi::api::core::v1::{Container, ContainerPort, Pod, VolumeMount};

use schemars::JsonSchema;
use serde::Serialize;

use crate::facts::{quantity, usage};

// Said of a limit that is not set.
pub(super) const NONE: &str = "none";

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
    /// The memory limit of the revision before, `none` where that had none; empty where it was no higher or is not known.
    pub former_limit: String,
    /// The setting that says how large its heap may grow, as written: `-Xmx512m`; empty where none is seen.
    pub heap: String,
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

/// The volume mount in which a program lies.
pub(super) fn mount_of<'a>(container: &'a Container, program: &str) -> Option<&'a VolumeMount> {
    container.volume_mounts.iter().flatten().find(|mount| {
        mount.sub_path.as_deref().unwrap_or_default().is_empty()
            && program.starts_with(&format!("{}/", mount.mount_path.trim_end_matches('/')))
    })
}

pub(super) fn declared_ports(container: &Container) -> String {
    let ports = container.ports.as_deref().unwrap_or_default();
    let text = |port: &ContainerPort| match &port.name {
        Some(name) => format!("{} ({name})", port.container_port),
        None => port.container_port.to_string(),
    };
    ports.iter().map(text).collect::<Vec<_>>().join(", ")
}

pub(super) fn resources(pod: &Pod, container: &Container, previous: Option<&Container>) -> ResourceFacts {
    let limit = |resource: &str| usage::limit(container, resource).unwrap_or_default().to_owned();
    let requests = container.resources.as_ref().and_then(|resources| resources.requests.as_ref());
    let (memory_limit, cpu_limit) = (limit("memory"), limit("cpu"));
    ResourceFacts {
        raised_limit: quantity::raised(&memory_limit),
        former_limit: previous.and_then(|previous| former_limit(&memory_limit, previous)).unwrap_or_default(),
        heap: heap(container).unwrap_or_default(),
        memory_limit,
        memory_request: requests.and_then(|list| list.get("memory")).map(|asked| asked.0.clone()).unwrap_or_default(),
        twice_the_cpu_limit: quantity::twice(&cpu_limit),
        cpu_limit,
        qos: pod.status.as_ref().and_then(|status| status.qos_class.clone()).unwrap_or_default(),
    }
}

fn former_limit(present: &str, previous: &Container) -> Option<String> {
    let present = quantity::parse(present)?;
    match usage::limit(previous, "memory") {
        None => Some(NONE.to_owned()),
        Some(former) => quantity::parse(former).filter(|former| *former > present).map(|_| former.to_owned()),
    }
}

// Of the JVM, of Node.js and of Go.
fn heap(container: &Container) -> Option<String> {
    let variables =
        || container.env.iter().flatten().filter_map(|variable| Some((&variable.name, variable.value.as_ref()?)));
    let values = variables().map(|(_, value)| value);
    let words = container.command.iter().chain(&container.args).flatten().chain(values);
    let mut settings = words.flat_map(|text| text.split_whitespace());
    let of_go = || variables().find(|(name, _)| *name == "GOMEMLIMIT").map(|(name, value)| format!("{name}={value}"));
    let found = settings.find(|word| word.starts_with("-Xmx") || word.starts_with("--max-old-space-size="));
    found.map(str::to_owned).or_else(of_go)
}

pub(super) fn run_as_user(pod: &Pod, container: &Container) -> String {
    let own = container.security_context.as_ref().and_then(|context| context.run_as_user);
    let of_pod = pod.spec.as_ref().and_then(|spec| spec.security_context.as_ref()?.run_as_user);
    own.or(of_pod).map(|user| user.to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn container(spec: serde_json::Value) -> Container {
        let mut spec = spec;
        spec["name"] = "web".into();
        serde_json::from_value(spec).unwrap()
    }

    #[test]
    fn a_limit_to_go_back_to_is_a_higher_one() {
        let before = |limits| former_limit("64Mi", &container(json!({"resources": {"limits": limits}})));
        assert_eq!(before(json!({"memory": "0.5Gi"})).as_deref(), Some("0.5Gi"));
        assert_eq!(before(json!({"cpu": "1"})).as_deref(), Some(NONE));
        assert_eq!(before(json!({"memory": "65536Ki"})), None);
        assert_eq!(before(json!({"memory": "32Mi"})), None);
    }

    #[test]
    fn the_heap_is_found_where_its_runtime_reads_it() {
        for (spec, heap) in [
            (json!({"command": ["sh", "-c", "exec java -Xms64m -Xmx512m -jar app.jar"]}), Some("-Xmx512m")),
            (json!({"env": [{"name": "JAVA_TOOL_OPTIONS", "value": "-Xmx1g"}]}), Some("-Xmx1g")),
            (json!({"args": ["--max-old-space-size=400", "server.js"]}), Some("--max-old-space-size=400")),
            (json!({"env": [{"name": "GOMEMLIMIT", "value": "100MiB"}]}), Some("GOMEMLIMIT=100MiB")),
            (json!({"args": ["serve"], "env": [{"name": "MODE", "value": "prod"}]}), None),
        ] {
            assert_eq!(super::heap(&container(spec)).as_deref(), heap);
        }
    }
}
