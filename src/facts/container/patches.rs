//! Patches of a workload that change one container, for cures.

use k8s_openapi::api::core::v1::{Container, Pod};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use super::settings::{NONE, ResourceFacts, mount_of, program};
use crate::facts::probe::ProbeFacts;

/// Strategic merge patches of the workload that change one container.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct PatchFacts {
    /// Sets imagePullPolicy IfNotPresent.
    pub if_not_present: String,
    /// Sets a runAsUser that is to be filled in.
    pub some_user: String,
    /// Sets a memory limit that is to be filled in.
    pub some_memory: String,
    /// Sets the memory limit of the revision before.
    pub former_memory: String,
    /// Sets a CPU limit that is to be filled in.
    pub some_cpu: String,
    /// Lets the liveness probe ask the better port.
    pub liveness_port: String,
    /// Lets the readiness probe ask the better port.
    pub readiness_port: String,
    /// Lets the startup probe ask the better port.
    pub startup_port: String,
    /// Makes the files of the volume executable in which its program lies; empty where that is not of a ConfigMap or
    /// Secret, or has modes for single files.
    pub executable: String,
}

/// A strategic merge patch of a workload that changes the container at this path; containers are merged by their name.
pub fn patch(path: &str, container: &str, mut change: Value) -> String {
    let list = path.split('[').next().unwrap_or_default();
    change["name"] = container.into();
    within(list, json!([change]))
}

pub(super) fn facts(
    path: &str,
    pod: &Pod,
    container: &Container,
    resources: &ResourceFacts,
    [liveness, readiness, startup]: [&ProbeFacts; 3],
) -> PatchFacts {
    let patch = |change: Value| patch(path, &container.name, change);
    let limit = |resource: &str, amount: Option<&str>| json!({"resources": {"limits": {resource: amount}}});
    PatchFacts {
        if_not_present: patch(json!({"imagePullPolicy": "IfNotPresent"})),
        some_user: patch(json!({"securityContext": {"runAsUser": "<number>"}})).replace("\"<number>\"", "<number>"),
        some_memory: patch(limit("memory", Some("<limit>"))),
        former_memory: patch(limit("memory", Some(resources.former_limit.as_str()).filter(|former| *former != NONE))),
        some_cpu: patch(limit("cpu", Some("<limit>"))),
        liveness_port: patch(json!({"livenessProbe": ask(liveness)})),
        readiness_port: patch(json!({"readinessProbe": ask(readiness)})),
        startup_port: patch(json!({"startupProbe": ask(startup)})),
        executable: executable(path, pod, container).unwrap_or_default(),
    }
}

fn within(path: &str, change: Value) -> String {
    path.rsplit('.').fold(change, |below, field| json!({field: below})).to_string()
}

// The rest of the probe stays as it is.
fn ask(probe: &ProbeFacts) -> Value {
    let port = probe.better_port.parse::<u16>().map_or_else(|_| json!(probe.better_port), |number| json!(number));
    let how = if probe.how == "http" { "httpGet" } else { "tcpSocket" };
    json!({how: {"port": port}})
}

fn executable(path: &str, pod: &Pod, container: &Container) -> Option<String> {
    const MODE: i32 = 0o755;
    let mount = mount_of(container, &program(container))?;
    let volume = pod.spec.as_ref()?.volumes.iter().flatten().find(|volume| volume.name == mount.name)?;
    let (source, items) = match (&volume.config_map, &volume.secret) {
        (Some(map), _) => ("configMap", map.items.as_ref()),
        (_, Some(secret)) => ("secret", secret.items.as_ref()),
        _ => return None,
    };
    if items.into_iter().flatten().any(|item| item.mode.is_some()) {
        return None;
    }
    let spec = path.rsplit_once('.').filter(|_| path.contains(".containers[") || path.contains(".initContainers["))?;
    let volumes = format!("{}.volumes", spec.0);
    Some(within(&volumes, json!([{"name": volume.name, source: {"defaultMode": MODE}}])))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn executable_of(volume: &Value) -> Option<String> {
        let pod: Pod = serde_json::from_value(json!({"spec": {
            "containers": [{"name": "job", "command": ["/scripts/run.sh"], "volumeMounts": [{"name": "scripts", "mountPath": "/scripts"}]}],
            "volumes": [volume],
        }}))
        .unwrap();
        executable("spec.template.spec.containers[name=job]", &pod, &pod.spec.as_ref().unwrap().containers[0])
    }

    #[test]
    fn files_are_made_executable_where_one_mode_holds_for_all() {
        let patch = executable_of(&json!({"name": "scripts", "configMap": {"name": "scripts"}})).unwrap();
        let volumes = json!([{"name": "scripts", "configMap": {"defaultMode": 0o755}}]);
        let wanted = json!({"spec": {"template": {"spec": {"volumes": volumes}}}});
        assert_eq!(serde_json::from_str::<Value>(&patch).unwrap(), wanted);

        let items = json!([{"key": "run.sh", "path": "run.sh", "mode": 0o644}]);
        assert_eq!(executable_of(&json!({"name": "scripts", "configMap": {"name": "scripts", "items": items}})), None);
        assert_eq!(executable_of(&json!({"name": "scripts", "emptyDir": {}})), None);
    }

    #[test]
    fn a_number_to_be_filled_in_is_no_text() {
        let pod = Pod::default();
        let container = Container { name: "web".to_owned(), ..Container::default() };
        let probe = ProbeFacts::default();
        let facts = facts("spec.containers[name=web]", &pod, &container, &ResourceFacts::default(), [&probe; 3]);
        assert!(facts.some_user.contains(r#""runAsUser":<number>"#), "{}", facts.some_user);
    }
}
