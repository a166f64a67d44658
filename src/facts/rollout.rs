//! A workload as a whole: how its rollout goes, whether its pods can be made, who depends on it.

use k8s_openapi::api::{
    apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet},
    autoscaling::v2::HorizontalPodAutoscaler,
    core::v1::{Container, Pod, PodSpec, Service},
    networking::v1::Ingress,
};
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    container,
    controller::{
        cron::{self, CronFacts},
        daemon::{self, NoNodesFacts},
        governing::{self, GoverningFacts},
        job::{self, JobFacts},
        paused::{self, PausedFacts},
        scaled,
    },
    events::Events,
    ingress, object, pod,
    refusal::{self, RefusedFacts},
    service::{self, is_ready, not_ready},
    workload::{self, Workload},
};
use crate::{
    document::Evidence,
    inventory::{Inventory, Known},
};

/// A workload, as a rule sees it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct WorkloadFacts {
    /// `Deployment`.
    pub kind: String,
    /// The word that kubectl takes for it: `deployment`.
    pub r#type: String,
    /// Its name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// Whether it is a pod that nothing controls.
    pub is_pod: bool,
    /// Whether it is a static pod, which a file on its node describes.
    pub is_static: bool,
    /// Whether its pod template can be changed in place: a Job's and a pod's can't, but for the image.
    pub editable: bool,
    /// Where the pods' spec stands in it.
    pub spec_path: String,
    /// How many pods it asks for; -1 where that is not its to say.
    pub replicas: i64,
    /// How many it asked for before it was scaled down to that; -1 where nothing tells.
    pub replicas_before: i64,
    /// How many of its pods there are.
    pub pods: i64,
    /// How many of those are ready.
    pub ready: i64,
    /// What is said of those that are not, at most two different things.
    pub not_ready: Vec<Evidence>,
    /// How its rollout goes.
    pub rollout: RolloutFacts,
    /// Why its pods can't be made.
    pub refused: RefusedFacts,
    /// The Services, Ingresses and HorizontalPodAutoscalers that have nothing else: `Service/web`.
    pub dependents: Known<Vec<String>>,
    /// What waits while it is paused, of a Deployment.
    pub paused: Known<PausedFacts>,
    /// When it runs, of a CronJob.
    pub cron: CronFacts,
    /// How it ended, of a Job; of a CronJob the one that ended last.
    pub job: JobFacts,
    /// The Service that it names, of a StatefulSet.
    pub governing: GoverningFacts,
    /// Why it is for no node, of a DaemonSet.
    pub no_nodes: NoNodesFacts,
}

/// How a rollout goes.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct RolloutFacts {
    /// Whether it has not come on for as long as it may take.
    pub stuck: bool,
    /// The controller's words.
    pub message: String,
    /// The newest ReplicaSet or revision.
    pub new: String,
    /// The one before it that still has pods; empty where none has.
    pub old: String,
    /// A pod of the revision before that is broken, and for which the controller waits instead of replacing it.
    pub held_by: String,
    /// The same as evidence.
    pub evidence: Vec<Evidence>,
}

/// The facts of a workload.
pub fn facts(inventory: &Inventory, events: &Events, workload: &Workload) -> WorkloadFacts {
    let kind = workload.object.kind.clone();
    WorkloadFacts {
        r#type: kind.to_lowercase(),
        name: workload.object.name.clone(),
        namespace: workload.object.namespace.clone(),
        is_pod: workload.is_pod(),
        is_static: workload.is_pod() && workload.pods.first().is_some_and(|found| pod::is_static(found)),
        editable: matches!(kind.as_str(), "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" | "CronJob"),
        spec_path: workload.spec_path.to_owned(),
        replicas: workload.replicas.map_or(-1, i64::from),
        replicas_before: scaled::down(inventory, workload).map_or(-1, |(before, _)| before),
        pods: object::count(workload.pods.len()),
        ready: object::count(workload.pods.iter().filter(|pod| is_ready(pod)).count()),
        not_ready: unready(workload),
        rollout: rollout(inventory, workload),
        refused: refusal::facts(inventory, events, workload),
        dependents: dependents(inventory, workload),
        paused: paused::facts(inventory, workload),
        cron: cron::facts(inventory, events, workload),
        job: job::facts(inventory, events, workload),
        governing: governing::facts(inventory, workload),
        no_nodes: daemon::facts(inventory, workload),
        kind,
    }
}

// Replicas mostly all have the same to say.
fn unready(workload: &Workload) -> Vec<Evidence> {
    let mut words: Vec<Evidence> = Vec::new();
    for evidence in workload.pods.iter().filter(|pod| !is_ready(pod)).map(|pod| not_ready(pod)) {
        if words.len() < 2 && !words.iter().any(|known| known.text == evidence.text) {
            words.push(evidence);
        }
    }
    words
}

/// A Deployment's ReplicaSets, newest revision first.
pub fn revisions<'a>(inventory: &'a Inventory, workload: &Workload) -> Vec<&'a ReplicaSet> {
    let mut sets: Vec<_> = workload
        .parts
        .iter()
        .filter_map(|part| inventory.get::<ReplicaSet>(&part.namespace, &part.name).present())
        .collect();
    sets.sort_by_key(|set| std::cmp::Reverse(revision(set)));
    sets
}

fn revision(set: &ReplicaSet) -> i64 {
    let annotation =
        set.metadata.annotations.as_ref().and_then(|annotations| annotations.get("deployment.kubernetes.io/revision"));
    annotation.and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// A container as it was in the newest revision before the present one, one with ready pods first.
pub fn previous<'a>(inventory: &'a Inventory, workload: &'a Workload, container: &str) -> Option<&'a Container> {
    let spec = previous_spec(inventory, workload)?;
    spec.containers.iter().chain(spec.init_containers.iter().flatten()).find(|spec| spec.name == container)
}

fn previous_spec<'a>(inventory: &'a Inventory, workload: &'a Workload) -> Option<&'a PodSpec> {
    let older_pod = workload.pods.iter().find(|pod| {
        workload.object.kind != "Deployment"
            && is_ready(pod)
            && workload::is_of_older_revision(inventory, workload, pod)
    });
    if let Some(pod) = older_pod {
        return pod.spec.as_ref();
    }
    let older: Vec<_> = revisions(inventory, workload).into_iter().skip(1).collect();
    let is_healthy = |set: &&&ReplicaSet| set.status.as_ref().and_then(|status| status.ready_replicas).unwrap_or(0) > 0;
    let set = older.iter().find(is_healthy).or(older.first())?;
    set.spec.as_ref()?.template.as_ref()?.spec.as_ref()
}

fn rollout(inventory: &Inventory, workload: &Workload) -> RolloutFacts {
    let (namespace, name) = (&workload.object.namespace, &workload.object.name);
    match workload.object.kind.as_str() {
        "Deployment" => inventory
            .get::<Deployment>(namespace, name)
            .present()
            .map(|found| of_deployment(inventory, workload, found)),
        "StatefulSet" => inventory
            .get::<StatefulSet>(namespace, name)
            .present()
            .map(|found| of_stateful_set(inventory, workload, found)),
        "DaemonSet" => {
            inventory.get::<DaemonSet>(namespace, name).present().map(|found| of_daemon_set(inventory, workload, found))
        }
        _ => None,
    }
    .unwrap_or_default()
}

fn of_deployment(inventory: &Inventory, workload: &Workload, deployment: &Deployment) -> RolloutFacts {
    let conditions = deployment.status.as_ref().and_then(|status| status.conditions.as_deref()).unwrap_or_default();
    let sets = revisions(inventory, workload);
    let has_pods = |set: &&&ReplicaSet| set.status.as_ref().is_some_and(|status| status.replicas > 0);
    let mut facts = RolloutFacts {
        new: sets.first().map(|set| object::name(&set.metadata).to_owned()).unwrap_or_default(),
        old: sets.iter().skip(1).find(has_pods).map(|set| object::name(&set.metadata).to_owned()).unwrap_or_default(),
        ..RolloutFacts::default()
    };
    let late = |condition: &&k8s_openapi::api::apps::v1::DeploymentCondition| {
        condition.type_ == "Progressing" && condition.reason.as_deref() == Some("ProgressDeadlineExceeded")
    };
    if let Some(condition) = conditions.iter().find(late) {
        facts.stuck = true;
        facts.message = condition.message.clone().unwrap_or_default();
        facts.evidence = vec![Evidence {
            source: format!("{} status.conditions[Progressing]", workload.object),
            text: format!("ProgressDeadlineExceeded: {}", facts.message),
            at: condition.last_update_time.as_ref().map(object::time),
        }];
    }
    facts
}

// Neither has a deadline of its own; ten minutes without a pod becoming ready are the Deployment's default.
const DEADLINE: i64 = 600;

fn waits_for_a_pod(inventory: &Inventory, workload: &Workload) -> Option<String> {
    let is_late = |pod: &&&k8s_openapi::api::core::v1::Pod| {
        let created = pod.metadata.creation_timestamp.as_ref();
        !is_ready(pod)
            && !pod::is_on_its_way(inventory, pod)
            && created.is_some_and(|created| object::seconds_since(inventory.about.now, created) > DEADLINE)
    };
    workload.pods.iter().find(is_late).map(|pod| object::name(&pod.metadata).to_owned())
}

fn of_stateful_set(inventory: &Inventory, workload: &Workload, set: &StatefulSet) -> RolloutFacts {
    let status = set.status.as_ref();
    let current = status.and_then(|status| status.current_revision.clone()).unwrap_or_default();
    let update = status.and_then(|status| status.update_revision.clone()).unwrap_or_default();
    let old = if current == update { String::new() } else { current };
    let held_by = workload
        .pods
        .iter()
        .find(|pod| waits_for_broken_pods(set) && workload::is_superseded(inventory, workload, pod) && is_broken(pod));
    if let Some(pod) = held_by {
        let name = object::name(&pod.metadata).to_owned();
        return RolloutFacts {
            stuck: true,
            message: format!("Pod/{name} is of the revision before and broken, and the controller waits for it"),
            new: update,
            old,
            evidence: words_of(pod),
            held_by: name,
        };
    }
    waiting(inventory, workload, update, old)
}

// https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#forced-rollback
pub(super) fn waits_for_broken_pods(set: &StatefulSet) -> bool {
    let Some(spec) = &set.spec else { return false };
    let on_delete = spec.update_strategy.as_ref().and_then(|strategy| strategy.type_.as_deref()) == Some("OnDelete");
    on_delete || spec.pod_management_policy.as_deref() != Some("Parallel")
}

// It waits for something that went wrong, rather than for its turn.
pub(super) fn is_broken(pod: &Pod) -> bool {
    !is_ready(pod)
        && (!words_of(pod).is_empty()
            || container::containers(pod).into_iter().any(|(spec, init)| {
                container::status(pod, &spec.name, init).is_some_and(|status| status.restart_count > 0)
            }))
}

fn words_of(pod: &Pod) -> Vec<Evidence> {
    let mut words = Vec::new();
    for (spec, init) in container::containers(pod) {
        let waiting = container::waiting(pod, &spec.name, init);
        let reason = waiting.and_then(|waiting| waiting.reason.as_deref()).unwrap_or_default();
        if let Some(message) = waiting.and_then(|waiting| waiting.message.as_deref())
            && !matches!(reason, "" | "ContainerCreating" | "PodInitializing")
        {
            let list = if init { "initContainerStatuses" } else { "containerStatuses" };
            let field = format!("status.{list}[{}].state.waiting", spec.name);
            words.push(object::pod_evidence(pod, &field, format!("{reason}: {message}"), None));
        }
    }
    words
}

fn of_daemon_set(inventory: &Inventory, workload: &Workload, set: &DaemonSet) -> RolloutFacts {
    let unavailable = set.status.as_ref().and_then(|status| status.number_unavailable).unwrap_or(0);
    if unavailable == 0 { RolloutFacts::default() } else { waiting(inventory, workload, String::new(), String::new()) }
}

fn waiting(inventory: &Inventory, workload: &Workload, new: String, old: String) -> RolloutFacts {
    let Some(pod) = waits_for_a_pod(inventory, workload) else { return RolloutFacts::default() };
    RolloutFacts {
        stuck: true,
        message: format!("it waits for Pod/{pod}, which is not ready"),
        new,
        old,
        evidence: Vec::new(),
        held_by: String::new(),
    }
}

// A Service that other workloads serve as well does not depend on this one: an old version beside a
// new one is scaled to zero on purpose.
fn dependents(inventory: &Inventory, workload: &Workload) -> Known<Vec<String>> {
    let namespace = &workload.object.namespace;
    let services = match inventory.list::<Service>(namespace) {
        Known::Known(services) => services,
        Known::Unknown(why) => return Known::Unknown(why),
    };
    let of_workload = service::of_workload(inventory, workload);
    let without_pods = services.into_iter().filter(|found| {
        of_workload.iter().any(|object| object.name == object::name(&found.metadata))
            && service::selected(inventory, found).is_empty()
    });
    let names: Vec<String> = without_pods.map(|found| object::name(&found.metadata).to_owned()).collect();
    let mut dependents: Vec<String> = names.iter().map(|name| format!("Service/{name}")).collect();
    for found in inventory.seen::<Ingress>(namespace) {
        if ingress::services(found).iter().any(|service| names.contains(service)) {
            dependents.push(format!("Ingress/{}", object::name(&found.metadata)));
        }
    }
    for scaler in inventory.seen::<HorizontalPodAutoscaler>(namespace) {
        if targets(scaler, workload) {
            dependents.push(format!("HorizontalPodAutoscaler/{}", object::name(&scaler.metadata)));
        }
    }
    Known::Known(dependents)
}

/// Whether an autoscaler scales this workload.
pub fn targets(scaler: &HorizontalPodAutoscaler, workload: &Workload) -> bool {
    let target = scaler.spec.as_ref().map(|spec| &spec.scale_target_ref);
    let namespace = object::namespace(&scaler.metadata);
    target.is_some_and(|target| {
        target.kind == workload.object.kind
            && target.name == workload.object.name
            && namespace == workload.object.namespace
    })
}
