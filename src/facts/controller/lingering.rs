//! A container that keeps a Job's pod alive when its work is done
//! (<https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/#jobs-with-sidecar-containers>).

use k8s_openapi::api::core::v1::{Container, Pod};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use crate::{
    document::Evidence,
    facts::{container, object, workload::Workload},
    inventory::Inventory,
    kind::Kind,
};

/// A pod of a Job that has done its work and does not end.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct LingeringFacts {
    /// Whether there is one.
    pub so: bool,
    /// The pod.
    pub pod: String,
    /// The container that is done, and how it ended: `migrate (exit code 0)`.
    pub done: String,
    /// The one that runs on.
    pub container: String,
    /// What tells that it will not end by itself: `it declares port 8080`.
    pub why: String,
    /// A JSON patch of the workload that makes it a sidecar.
    pub patch: String,
    /// The end of the one that is done, as evidence.
    pub evidence: Vec<Evidence>,
}

// Programs that end together do so within moments.
const SETTLE: i64 = 60;

/// The first pod of a workload that only such a container keeps alive.
pub fn facts(inventory: &Inventory, workload: &Workload) -> LingeringFacts {
    if ![Kind::Job, Kind::CronJob].iter().any(|kind| kind.info().name == workload.object.kind) {
        return LingeringFacts::default();
    }
    workload.pods.iter().find_map(|pod| of_pod(inventory, workload, pod)).unwrap_or_default()
}

fn of_pod(inventory: &Inventory, workload: &Workload, pod: &Pod) -> Option<LingeringFacts> {
    let main = &pod.spec.as_ref()?.containers;
    let status = |spec: &Container| container::status(pod, &spec.name, false);
    let end = |spec: &&Container| status(spec)?.state.as_ref()?.terminated.as_ref();
    let runs = |spec: &&Container| status(spec).and_then(|status| status.state.as_ref()?.running.as_ref()).is_some();
    let (ended, others): (Vec<_>, Vec<_>) = main.iter().partition(|spec| end(spec).is_some());
    let last = ended.into_iter().max_by_key(|spec| end(spec).and_then(|end| end.finished_at.clone()))?;
    let at = end(&last)?.finished_at.as_ref()?;
    let stays = others.iter().map(|spec| Some((*spec, runs_on(spec)?))).collect::<Option<Vec<_>>>()?;
    if object::seconds_since(inventory.about.now, at) < SETTLE || !others.iter().all(runs) {
        return None;
    }
    let (lingering, why) = stays.into_iter().next()?;
    Some(LingeringFacts {
        so: true,
        pod: object::name(&pod.metadata).to_owned(),
        done: format!("{} (exit code {})", last.name, end(&last)?.exit_code),
        container: lingering.name.clone(),
        why,
        patch: patch(workload, &lingering.name).unwrap_or_default(),
        evidence: container::exit_evidence(pod, last, false, status(last)),
    })
}

// What serves others tells so: by a port, a probe, a loop without an end, or its name.
fn runs_on(spec: &Container) -> Option<String> {
    const ENDLESS: [&str; 6] = ["tail -f", "tail -F", "sleep infinity", "sleep inf", "while true", "while :"];
    const NAMES: [&str; 4] = ["proxy", "sidecar", "envoy", "vault-agent"];
    let command = container::command(spec);
    let image = spec.image.as_deref().unwrap_or_default().rsplit('/').next().unwrap_or_default();
    if let Some(port) = spec.ports.iter().flatten().next() {
        return Some(format!("it declares port {}", port.container_port));
    }
    if spec.readiness_probe.is_some() || spec.liveness_probe.is_some() {
        return Some("it has a probe, as a server has".to_owned());
    }
    if let Some(endless) = ENDLESS.iter().find(|words| command.contains(**words)) {
        return Some(format!("it runs `{endless}`, which does not end"));
    }
    let named = NAMES.iter().any(|word| spec.name.contains(word) || image.contains(word));
    named.then(|| "by its name it serves the other".to_owned())
}

// A sidecar is an init container that runs on; it ends with the containers that it serves.
fn patch(workload: &Workload, name: &str) -> Option<String> {
    let spec = workload.spec?;
    let index = spec.containers.iter().position(|container| container.name == name)?;
    let at = format!("/{}", workload.spec_path.replace('.', "/"));
    let mut operations = vec![json!({"op": "test", "path": format!("{at}/containers/{index}/name"), "value": name})];
    if spec.init_containers.is_none() {
        operations.push(json!({"op": "add", "path": format!("{at}/initContainers"), "value": []}));
    }
    let first = format!("{at}/initContainers/0");
    operations.push(json!({"op": "move", "from": format!("{at}/containers/{index}"), "path": first}));
    operations.push(json!({"op": "add", "path": format!("{first}/restartPolicy"), "value": "Always"}));
    Some(serde_json::Value::from(operations).to_string())
}
