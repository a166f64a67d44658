//! How far an object is on its way, as its status tells.

use std::collections::BTreeSet;

use k8s_openapi::api::{
    apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet},
    batch::v1::Job,
    core::v1::{PersistentVolumeClaim, Pod},
};

use super::Goal;
use crate::{
    document::ObjectRef,
    facts::{
        controller, object,
        service::is_ready,
        workload::{Workload, Workloads, phase},
    },
    graph::{Graph, Key},
    inventory::Inventory,
    question::{Asked, NotFound, Question, Target},
    rule::LogPatterns,
};

/// How far one object is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// Which one.
    pub object: ObjectRef,
    /// Whether it is where it is to come.
    pub is_there: bool,
    /// In a few words: `2 of 3 available`.
    pub text: String,
}

/// How far everything is that is asked about, and what it depends on that has pods; and which objects that is.
///
/// # Errors
/// Where something is known not to be there.
pub fn of(question: &Question, inventory: &Inventory, goal: Goal) -> Result<(Vec<State>, BTreeSet<Key>), NotFound> {
    let workloads = Workloads::of(inventory);
    let graph = Graph::of(inventory, &workloads, &LogPatterns::default());
    let with_beneath = |asked: &[Key]| -> BTreeSet<Key> {
        asked.iter().flat_map(|key| graph.beneath(key)).chain(asked.iter().cloned()).collect()
    };
    if goal == Goal::Deleted {
        let (states, asked) = deletion(question, inventory);
        return Ok((states, with_beneath(&asked)));
    }
    let Asked::Objects(asked, pods) = question.resolve(inventory)? else { return Ok((Vec::new(), BTreeSet::new())) };
    let keys = with_beneath(&asked);
    let mut states = Vec::new();
    for workload in workloads.all.iter().filter(|it| keys.contains(&Key::of(&it.object)) && !it.idle) {
        let is_asked = |pod: &&&Pod| {
            let key = (object::namespace(&pod.metadata).to_owned(), object::name(&pod.metadata).to_owned());
            pods.as_ref().is_none_or(|pods| pods.contains(&key))
        };
        match &pods {
            Some(_) if asked.contains(&Key::of(&workload.object)) => {
                states.extend(workload.pods.iter().filter(is_asked).map(|pod| of_pod(pod, goal)));
            }
            _ => states.push(of_workload(inventory, workload, goal)),
        }
    }
    let claims = inventory.seen_anywhere::<PersistentVolumeClaim>();
    let is_asked = |claim: &&PersistentVolumeClaim| asked.contains(&Key::of(&object::object_ref(*claim)));
    states.extend(claims.filter(is_asked).map(of_claim));
    // Jobs that are at their end are no workloads any more that want pods.
    let is_asked = |job: &&Job| asked.contains(&Key::of(&object::object_ref(*job)));
    let told: Vec<ObjectRef> = states.iter().map(|state| state.object.clone()).collect();
    let jobs =
        inventory.seen_anywhere::<Job>().filter(is_asked).filter(|job| !told.contains(&object::object_ref(*job)));
    states.extend(jobs.map(of_job));
    Ok((states, keys))
}

// Of each that was asked about, whether it is gone; and what is still there.
fn deletion(question: &Question, inventory: &Inventory) -> (Vec<State>, Vec<Key>) {
    let (mut states, mut there) = (Vec::new(), Vec::new());
    for target in question.target.each() {
        let part = Question { target: target.clone(), ..question.clone() };
        match part.resolve(inventory) {
            Ok(Asked::Objects(asked, pods)) => {
                states.extend(left(&asked, pods.as_ref()));
                there.extend(asked);
            }
            Ok(_) => {}
            Err(_) => states.extend(absent(&part)),
        }
    }
    (states, there)
}

// What is to be deleted and is not gone.
fn left(asked: &[Key], pods: Option<&BTreeSet<(String, String)>>) -> Vec<State> {
    let objects: Vec<ObjectRef> = match pods {
        Some(pods) => pods.iter().map(|(namespace, name)| named("Pod", namespace, name)).collect(),
        None => asked.iter().map(|key| named(&key.kind, &key.namespace, &key.name)).collect(),
    };
    objects.into_iter().map(|object| State { object, is_there: false, text: "still there".to_owned() }).collect()
}

// What is to be deleted and is gone.
fn absent(question: &Question) -> Option<State> {
    let namespace = question.namespace.clone().unwrap_or_default();
    let gone = |object| State { object, is_there: true, text: "gone".to_owned() };
    match &question.target {
        Target::One(kind, name) => Some(gone(named(kind.info().name, &namespace, name))),
        Target::Custom(of, Some(name)) => Some(gone(named(&of.kind, &namespace, name))),
        _ => None,
    }
}

/// An object of which no more is known.
pub(super) fn named(kind: &str, namespace: &str, name: &str) -> ObjectRef {
    ObjectRef {
        api_version: String::new(),
        kind: kind.to_owned(),
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        uid: String::new(),
    }
}

fn of_workload(inventory: &Inventory, workload: &Workload, goal: Goal) -> State {
    let (namespace, name) = (workload.object.namespace.as_str(), workload.object.name.as_str());
    let (is_there, text) = match workload.object.kind.as_str() {
        "Deployment" => inventory.get(namespace, name).present().map(deployment),
        "StatefulSet" => inventory.get(namespace, name).present().map(stateful_set),
        "DaemonSet" => inventory.get(namespace, name).present().map(daemon_set),
        "ReplicaSet" => inventory.get(namespace, name).present().map(replica_set),
        "Job" => inventory.get(namespace, name).present().map(job),
        _ => None,
    }
    .unwrap_or_else(|| match workload.pods.as_slice() {
        [pod] if workload.is_pod() => pod_state(pod, goal),
        pods => counted(pods.len(), pods.iter().filter(|pod| is_ready(pod)).count(), "ready"),
    });
    State { object: workload.object.clone(), is_there, text }
}

fn of_pod(pod: &Pod, goal: Goal) -> State {
    let (is_there, text) = pod_state(pod, goal);
    State { object: object::object_ref(pod), is_there, text }
}

fn of_job(found: &Job) -> State {
    let (is_there, text) = job(found);
    State { object: object::object_ref(found), is_there, text }
}

fn of_claim(claim: &PersistentVolumeClaim) -> State {
    let phase = claim.status.as_ref().and_then(|status| status.phase.clone()).unwrap_or_default();
    State { object: object::object_ref(claim), is_there: phase == "Bound", text: phase }
}

fn pod_state(pod: &Pod, goal: Goal) -> (bool, String) {
    let phase = phase(pod);
    match goal {
        Goal::Complete => (phase == "Succeeded", phase.to_owned()),
        _ if phase == "Succeeded" => (true, phase.to_owned()),
        _ if is_ready(pod) => (true, "ready".to_owned()),
        _ => (false, format!("{phase}, not ready")),
    }
}

// As `kubectl rollout status` tells it: staging/src/k8s.io/kubectl/pkg/polymorphichelpers/rollout_status.go.
fn deployment(found: &Deployment) -> (bool, String) {
    let status = found.status.clone().unwrap_or_default();
    let wanted = found.spec.as_ref().map_or(1, |spec| spec.replicas.unwrap_or(1));
    let [all, updated, available] =
        [status.replicas, status.updated_replicas, status.available_replicas].map(Option::unwrap_or_default);
    if status.observed_generation < found.metadata.generation {
        return not_taken_up();
    }
    if updated < wanted {
        return (false, format!("{updated} of {wanted} pods are of the newest revision"));
    }
    if all > updated {
        return (false, format!("{} earlier pods are still there", all - updated));
    }
    of_wanted(updated, available, "available")
}

fn stateful_set(found: &StatefulSet) -> (bool, String) {
    let status = found.status.clone().unwrap_or_default();
    let wanted = found.spec.as_ref().map_or(1, |spec| spec.replicas.unwrap_or(1));
    if status.observed_generation < found.metadata.generation {
        return not_taken_up();
    }
    let strategy = found.spec.as_ref().and_then(|spec| spec.update_strategy.as_ref());
    let by_itself = updates_by_itself(strategy.and_then(|strategy| strategy.type_.as_deref()));
    let partition = strategy.and_then(|strategy| strategy.rolling_update.as_ref()?.partition).unwrap_or(0);
    let (updated, to_update) = (status.updated_replicas.unwrap_or(0), (wanted - partition).max(0));
    if by_itself && status.update_revision != status.current_revision && updated < to_update {
        return (false, format!("{updated} of {to_update} pods are of the newest revision"));
    }
    of_wanted(wanted, status.ready_replicas.unwrap_or(0), "ready")
}

fn daemon_set(found: &DaemonSet) -> (bool, String) {
    let status = found.status.clone().unwrap_or_default();
    if status.observed_generation < found.metadata.generation {
        return not_taken_up();
    }
    let (wanted, updated) = (status.desired_number_scheduled, status.updated_number_scheduled.unwrap_or(0));
    let strategy = found.spec.as_ref().and_then(|spec| spec.update_strategy.as_ref());
    let by_itself = updates_by_itself(strategy.and_then(|strategy| strategy.type_.as_deref()));
    if by_itself && updated < wanted {
        return (false, format!("{updated} of {wanted} pods are of the newest revision"));
    }
    of_wanted(wanted, status.number_available.unwrap_or(0), "available")
}

fn replica_set(found: &ReplicaSet) -> (bool, String) {
    let status = found.status.clone().unwrap_or_default();
    if status.observed_generation < found.metadata.generation {
        return not_taken_up();
    }
    let wanted = found.spec.as_ref().map_or(1, |spec| spec.replicas.unwrap_or(1));
    of_wanted(wanted, status.ready_replicas.unwrap_or(0), "ready")
}

fn job(found: &Job) -> (bool, String) {
    let status = found.status.clone().unwrap_or_default();
    let is_complete = controller::job::condition(found, "Complete").is_some();
    let wanted = found.spec.as_ref().and_then(|spec| spec.completions).unwrap_or(1);
    let done = status.succeeded.unwrap_or(0);
    (is_complete, format!("{done} of {wanted} complete"))
}

// Otherwise it waits for somebody to delete each pod.
fn updates_by_itself(strategy: Option<&str>) -> bool {
    strategy != Some("OnDelete")
}

fn not_taken_up() -> (bool, String) {
    (false, "its controller has not taken its last change up yet".to_owned())
}

fn of_wanted(wanted: i32, there: i32, how: &str) -> (bool, String) {
    (there >= wanted, format!("{there} of {wanted} {how}"))
}

fn counted(wanted: usize, there: usize, how: &str) -> (bool, String) {
    (there >= wanted && wanted > 0, format!("{there} of {wanted} {how}"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        custom::Types,
        inventory::About,
        kind::Kind,
        source::{Reply, Request},
    };

    fn rollout(spec: Value, status: Value) -> (bool, String) {
        let object = json!({"metadata": {"generation": 2}, "spec": spec, "status": status});
        deployment(&serde_json::from_value(object).unwrap())
    }

    fn spec() -> Value {
        json!({"replicas": 3, "selector": {}, "template": {}})
    }

    #[test]
    fn a_rollout_is_over_when_only_pods_of_the_newest_revision_are_there_and_available() {
        let not_seen = "its controller has not taken its last change up yet";
        for (seen, pods, updated, available, is_there, text) in [
            (1, 3, 3, 3, false, not_seen),
            (2, 3, 1, 3, false, "1 of 3 pods are of the newest revision"),
            (2, 4, 3, 3, false, "1 earlier pods are still there"),
            (2, 3, 3, 2, false, "2 of 3 available"),
            (2, 3, 3, 3, true, "3 of 3 available"),
        ] {
            let status = json!({"observedGeneration": seen, "replicas": pods, "updatedReplicas": updated,
                "availableReplicas": available});
            assert_eq!(rollout(spec(), status), (is_there, text.to_owned()));
        }
    }

    #[test]
    fn a_stateful_set_that_is_updated_in_parts_is_there_with_its_part() {
        let set = |updated: i32| {
            let status = json!({"observedGeneration": 1, "replicas": 3, "readyReplicas": 3, "updatedReplicas": updated,
                "currentRevision": "a", "updateRevision": "b"});
            let spec = json!({"replicas": 3, "serviceName": "db", "selector": {}, "template": {},
                "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 2}}});
            let object = json!({"metadata": {"generation": 1}, "spec": spec, "status": status});
            stateful_set(&serde_json::from_value(object).unwrap())
        };
        assert_eq!(set(0), (false, "0 of 1 pods are of the newest revision".to_owned()));
        assert_eq!(set(1), (true, "3 of 3 ready".to_owned()));
    }

    #[test]
    fn a_job_is_there_when_it_is_complete() {
        let found = |status: Value| {
            job(&serde_json::from_value(
                json!({"metadata": {}, "spec": {"completions": 2, "template": {}}, "status": status}),
            )
            .unwrap())
        };
        assert_eq!(found(json!({"succeeded": 1})), (false, "1 of 2 complete".to_owned()));
        let complete = json!({"succeeded": 2, "conditions": [{"type": "Complete", "status": "True"}]});
        assert_eq!(found(complete), (true, "2 of 2 complete".to_owned()));
    }

    #[test]
    fn of_several_that_are_to_be_deleted_one_that_is_gone_says_nothing_of_the_others() {
        let about = About {
            server: None,
            context: None,
            namespace: "shop".to_owned(),
            now: jiff::Timestamp::UNIX_EPOCH,
            recorded: false,
        };
        let mut inventory = Inventory::new(about);
        let list = |kind| Request::List { kind, namespace: Some("shop".to_owned()) };
        let service = json!({"metadata": {"name": "web", "namespace": "shop"}}).try_into().unwrap();
        inventory.take(&list(Kind::Deployment), Reply::Items(Vec::new())).unwrap();
        inventory.take(&list(Kind::Service), Reply::Items(vec![service])).unwrap();
        let words = ["deployment/web".to_owned(), "service/web".to_owned()];
        let target = Target::from_words(&words, &Types::default()).unwrap();
        let question = Question { target, namespace: Some("shop".to_owned()), selector: None, client: None };
        let (states, _) = of(&question, &inventory, Goal::Deleted).unwrap();
        let told: Vec<_> = states.iter().map(|state| (state.object.kind.as_str(), state.is_there)).collect();
        assert_eq!(told, [("Deployment", true), ("Service", false)]);
        assert_eq!(question.unknown(&inventory), None);
    }
}
