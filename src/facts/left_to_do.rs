//! What is left to do by hand once a workload's template is changed: some controllers leave the pods that they have as
//! they are.

use std::collections::BTreeSet;

use jiff::Timestamp;
use k8s_openapi::api::{apps::v1::StatefulSet, core::v1::Pod};

use super::{
    container, object,
    probe::{self, Role},
    rollout::{is_broken, waits_for_broken_pods},
    schedule,
    service::is_ready,
    workload::Workload,
};
use crate::inventory::Inventory;

/// What is left to do; empty where the pods follow by themselves.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LeftToDo {
    /// In words, to follow those of a cure.
    pub text: String,
    /// The words of the command that does it, without a namespace; none where it is a person's to choose.
    pub command: Vec<String>,
    /// It deletes what no controller makes anew as it was.
    pub deletes_jobs: bool,
}

/// What is left to do once this workload's template is changed.
pub fn of(inventory: &Inventory, workload: &Workload) -> LeftToDo {
    let held = |pod: &&&Pod| is_held(pod, inventory.about.now);
    match workload.object.kind.as_str() {
        "ReplicaSet" => {
            let unready: Vec<&Pod> = workload.pods.iter().copied().filter(|pod| !is_ready(pod)).collect();
            let pods = if unready.is_empty() { &workload.pods } else { &unready };
            delete("pod", names(pods), "a ReplicaSet leaves the pods that it has as they are")
        }
        "StatefulSet" => {
            let set = inventory.get::<StatefulSet>(&workload.object.namespace, &workload.object.name).present();
            let pods: Vec<&Pod> = workload.pods.iter().filter(held).copied().collect();
            if !set.is_some_and(waits_for_broken_pods) {
                return LeftToDo::default();
            }
            delete("pod", names(&pods), "a StatefulSet waits for a broken pod to become ready instead of replacing it")
        }
        "CronJob" => {
            let held = workload.pods.iter().filter(held);
            let jobs: BTreeSet<_> =
                held.filter_map(|pod| Some(object::controller(&pod.metadata)?.name.clone())).collect();
            if jobs.is_empty() && !workload.pods.is_empty() {
                let text = "what it has started keeps the old one: delete that Job, or wait for the next".to_owned();
                return LeftToDo { text, ..LeftToDo::default() };
            }
            delete("job", jobs, "what a CronJob has started keeps the template that it was started with")
        }
        _ => LeftToDo::default(),
    }
}

fn delete(r#type: &str, names: BTreeSet<String>, why: &str) -> LeftToDo {
    if names.is_empty() {
        return LeftToDo::default();
    }
    let which = match names.len() {
        1..=3 => names.iter().map(String::as_str).collect::<Vec<_>>().join(", "),
        many => format!("its {many} {type}s"),
    };
    let words = ["kubectl", "delete", r#type].map(str::to_owned);
    LeftToDo {
        text: format!("then delete {which}: {why}"),
        command: words.into_iter().chain(names).collect(),
        deletes_jobs: r#type == "job",
    }
}

fn names(pods: &[&Pod]) -> BTreeSet<String> {
    pods.iter().map(|pod| object::name(&pod.metadata).to_owned()).collect()
}

// It does not become ready by itself.
fn is_held(pod: &Pod, now: Timestamp) -> bool {
    !is_ready(pod) && (is_broken(pod) || schedule::unschedulable(pod).is_some() || is_overdue(pod, now))
}

// It runs for longer than its readiness probe allows.
fn is_overdue(pod: &Pod, now: Timestamp) -> bool {
    container::containers(pod).into_iter().any(|(spec, init)| {
        let status = container::status(pod, &spec.name, init).filter(|status| !status.ready);
        let allows = probe::facts(Role::Readiness, spec, status, &[]).allows;
        status.is_some() && !init && probe::running_for(status, now) > allows
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{facts::workload::Workloads, inventory::About, kind::Kind};

    const SINCE: &str = "2026-01-01T00:00:00Z";

    fn left_to_do(seconds: i64, management: &str, state: &Value) -> LeftToDo {
        let about = About {
            server: None,
            context: None,
            namespace: "shop".to_owned(),
            now: SINCE.parse::<Timestamp>().unwrap() + jiff::SignedDuration::from_secs(seconds),
            recorded: true,
        };
        let mut inventory = Inventory::new(about);
        let container = json!({"name": "db", "readinessProbe": {"tcpSocket": {"port": 1}, "periodSeconds": 5}});
        let template = json!({"spec": {"containers": [container]}});
        inventory
            .insert(
                Kind::StatefulSet,
                json!({
                    "metadata": {"name": "db", "namespace": "shop", "uid": "set"},
                    "spec": {"selector": {}, "podManagementPolicy": management, "template": template},
                }),
            )
            .unwrap();
        let owner =
            json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "db", "uid": "set", "controller": true});
        let status = json!({
            "name": "db", "image": "", "imageID": "", "ready": false, "restartCount": 0, "state": state,
        });
        inventory
            .insert(
                Kind::Pod,
                json!({
                    "metadata": {"name": "db-0", "namespace": "shop", "uid": "pod", "ownerReferences": [owner]},
                    "spec": template["spec"],
                    "status": {"phase": "Running", "containerStatuses": [status]},
                }),
            )
            .unwrap();
        let workloads = Workloads::of(&inventory);
        of(&inventory, workloads.all.iter().find(|workload| workload.object.kind == "StatefulSet").unwrap())
    }

    #[test]
    fn a_stateful_set_waits_for_a_pod_that_does_not_become_ready() {
        let runs = json!({"running": {"startedAt": SINCE}});
        assert_eq!(left_to_do(20, "OrderedReady", &runs).command.join(" "), "kubectl delete pod db-0");
        assert_eq!(left_to_do(10, "OrderedReady", &runs), LeftToDo::default());
        assert_eq!(left_to_do(20, "Parallel", &runs), LeftToDo::default());
    }

    #[test]
    fn a_stateful_set_waits_for_a_pod_that_went_wrong() {
        let waits = json!({"waiting": {"reason": "CreateContainerConfigError", "message": "secret not found"}});
        assert_eq!(left_to_do(1, "OrderedReady", &waits).command.join(" "), "kubectl delete pod db-0");
    }
}
