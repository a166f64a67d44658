//! What would go on waiting after its cause is gone: containers in their back-off, which grows to five minutes, and
//! controllers that were refused, which try again after up to a quarter of an hour. The cure starts them anew.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::Pod;

use super::causes::{Explains, explained, with_what_follows};
use crate::{
    command,
    document::{Cure, Finding, ObjectRef},
    facts::{World, container, left_to_do, refusal},
};

// By suspending it for a moment, which would end pods that it has.
const JOB: &str = "Job";

/// These can be started anew by a command.
const RESTARTED: [&str; 3] = ["Deployment", "StatefulSet", "DaemonSet"];

/// Lets the first cure of each root start what waits for it.
pub(super) fn start_anew(world: &World, findings: &mut [Finding]) {
    let explains = explained(findings);
    for finding in findings.iter_mut().filter(|finding| finding.root) {
        let waiting = waiting(world, &explains, finding);
        if let Some(cure) = finding.cures.first_mut().filter(|cure| !cure.argv.is_empty() && !waiting.is_empty()) {
            add(world, cure, &finding.object, &waiting);
        }
    }
}

fn waiting(world: &World, explains: &Explains, root: &Finding) -> BTreeSet<ObjectRef> {
    let reached = with_what_follows(explains, &root.reference());
    let changes_itself = root.cures.first().is_some_and(|cure| cure.restarts);
    let objects: BTreeSet<ObjectRef> = reached.into_iter().map(|reached| reached.object).collect();
    let others = objects.into_iter().filter(|object| *object != root.object || !changes_itself);
    others.filter(|object| is_startable(object) && waits(world, object, root)).collect()
}

fn is_startable(object: &ObjectRef) -> bool {
    RESTARTED.contains(&object.kind.as_str()) || object.kind == JOB
}

fn waits(world: &World, object: &ObjectRef, root: &Finding) -> bool {
    let Some(workload) = world.workloads.get(object) else { return false };
    let is_refused = || refusal::words(world.inventory, &world.events, workload).is_some();
    if object.kind == JOB {
        return workload.pods.is_empty() && is_refused();
    }
    is_refused() || (*object != root.object && workload.pods.iter().any(|pod| is_backed_off(pod)))
}

// What was restarted and is not ready will be: its back-off goes on where it was.
fn is_backed_off(pod: &Pod) -> bool {
    let status = pod.status.as_ref();
    let all = status.map(|status| status.container_statuses.iter().chain(&status.init_container_statuses).flatten());
    all.into_iter().flatten().any(|container| {
        let waiting = container.state.as_ref().and_then(|state| state.waiting.as_ref());
        let waits = waiting.and_then(|waiting| waiting.reason.as_deref()) == Some(container::BACKED_OFF);
        waits || (container.restart_count > 0 && !container.ready)
    })
}

// What is cured comes first: the others would fail once more while it is not up.
fn add(world: &World, cure: &mut Cure, cured: &ObjectRef, waiting: &BTreeSet<ObjectRef>) {
    let (itself, others): (Vec<_>, Vec<_>) = waiting.iter().partition(|object| *object == cured);
    let names: Vec<String> = itself.iter().chain(&others).map(ToString::to_string).collect();
    cure.text = format!("{}; then start {} anew, which would wait for minutes", cure.text, names.join(", "));
    cure.restarts = true;
    cure.then.extend(itself.into_iter().flat_map(|object| start(world, object)));
    if RESTARTED.contains(&cured.kind.as_str()) && !others.is_empty() {
        cure.then.push(rollout("status", cured, Some("--timeout=90s")));
    }
    cure.then.extend(others.into_iter().flat_map(|object| start(world, object)));
    cure.join();
}

fn start(world: &World, object: &ObjectRef) -> Vec<Vec<String>> {
    if object.kind == JOB {
        return [true, false].map(|suspend| suspended(object, suspend)).to_vec();
    }
    let left = world.workloads.get(object).map(|workload| left_to_do::of(world.inventory, workload).command);
    match left.filter(|command| !command.is_empty()) {
        Some(command) => vec![command::in_namespace(command, &object.namespace)],
        None => vec![rollout("restart", object, None)],
    }
}

fn suspended(job: &ObjectRef, suspend: bool) -> Vec<String> {
    let patch = serde_json::json!({"spec": {"suspend": suspend}}).to_string();
    let words = ["kubectl", "patch", "job", &job.name, "--type", "merge", "-p", &patch];
    command::in_namespace(words.map(str::to_owned).to_vec(), &job.namespace)
}

fn rollout(verb: &str, object: &ObjectRef, option: Option<&str>) -> Vec<String> {
    let name = format!("{}/{}", object.kind.to_lowercase(), object.name);
    let words = ["kubectl", "rollout", verb, &name].into_iter().chain(option);
    command::in_namespace(words.map(str::to_owned).collect(), &object.namespace)
}
