//! A pod before its containers run: its place, its volumes, its sandbox.

use k8s_openapi::api::core::v1::{Container, Pod, Volume};
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    container,
    events::{EventFacts, Events},
    object, probe,
    schedule::{self, Cluster, ScheduleFacts},
    service::is_ready,
    workload::{Workload, phase},
};
use crate::{document::Evidence, graph::claims_of, inventory::Inventory};

/// A pod, as a rule sees it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct PodFacts {
    /// Its name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// `status.phase`.
    pub phase: String,
    /// `status.reason`: why the kubelet or the node controller ended it, as `Evicted`; empty mostly.
    pub reason: String,
    /// `status.message`: the same in words.
    pub message: String,
    /// The node that it is on; empty where it is on none.
    pub node: String,
    /// `spec.restartPolicy`.
    pub restart_policy: String,
    /// Whether it is ready.
    pub ready: bool,
    /// Whether it is a static pod, which a file on its node describes.
    pub is_static: bool,
    /// How old it is, in seconds.
    pub age: i64,
    /// What components said of it, oldest first.
    pub events: Vec<PodEventFacts>,
    /// `status.conditions`.
    pub conditions: Vec<ConditionFacts>,
    /// Why it is on no node.
    pub schedule: ScheduleFacts,
    /// A volume that can't be mounted.
    pub mount: TroubleFacts,
    /// A volume that is attached to another node and can't be at two.
    pub multi_attach: MultiAttachFacts,
    /// A sandbox that can't be made: network, pause image, runtime.
    pub sandbox: TroubleFacts,
}

/// An event about a pod.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct PodEventFacts {
    /// `FailedMount`, `Unhealthy`.
    pub reason: String,
    /// The component's words.
    pub message: String,
    /// How many seconds ago it was last seen.
    pub age: i64,
    /// The event as evidence.
    pub evidence: Evidence,
}

/// A condition of a pod.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ConditionFacts {
    /// `Ready`, `PodScheduled`, or a readiness gate's.
    pub r#type: String,
    /// `True`, `False`, `Unknown`.
    pub status: String,
    /// Why, in one word.
    pub reason: String,
    /// Why, in words.
    pub message: String,
    /// The condition as evidence.
    pub evidence: Evidence,
}

/// Something that the kubelet tries in vain before it starts a pod's containers.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct TroubleFacts {
    /// Whether it is so now.
    pub failing: bool,
    /// The kubelet's words.
    pub message: String,
    /// The volume at fault; empty where none is.
    pub volume: String,
    /// What that volume is: `hostPath /mnt/disk`.
    pub source: String,
    /// The same as evidence.
    pub evidence: Vec<Evidence>,
}

/// A volume that another node has.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct MultiAttachFacts {
    /// Whether it is so now.
    pub failing: bool,
    /// The PersistentVolume.
    pub volume: String,
    /// The claims of the pod that others use as well: `data`.
    pub claims: Vec<String>,
    /// Who uses them on another node: `Pod/db-0 on node-2`.
    pub holders: Vec<String>,
    /// The controller's words.
    pub evidence: Vec<Evidence>,
}

/// The facts of a pod.
pub fn facts(cluster: &Cluster, events: &Events, workload: &Workload, pod: &Pod) -> PodFacts {
    let inventory = cluster.inventory;
    let spec = pod.spec.as_ref();
    let created = pod.metadata.creation_timestamp.as_ref();
    PodFacts {
        name: object::name(&pod.metadata).to_owned(),
        namespace: object::namespace(&pod.metadata).to_owned(),
        phase: phase(pod).to_owned(),
        reason: pod.status.as_ref().and_then(|status| status.reason.clone()).unwrap_or_default(),
        message: pod.status.as_ref().and_then(|status| status.message.clone()).unwrap_or_default().trim().to_owned(),
        node: spec.and_then(|spec| spec.node_name.clone()).unwrap_or_default(),
        restart_policy: spec.and_then(|spec| spec.restart_policy.clone()).unwrap_or_else(|| "Always".to_owned()),
        ready: is_ready(pod),
        is_static: is_static(pod),
        age: created.map_or(0, |created| object::seconds_since(inventory.about.now, created)),
        events: said(inventory, events, pod.metadata.uid.as_deref().unwrap_or_default()),
        conditions: conditions(pod),
        schedule: schedule::facts(cluster, events, workload, pod),
        mount: mount(events, pod),
        multi_attach: multi_attach(inventory, events, pod),
        sandbox: sandbox(events, pod),
    }
}

/// The events about an object.
pub fn said(inventory: &Inventory, events: &Events, uid: &str) -> Vec<PodEventFacts> {
    events
        .about(uid)
        .iter()
        .map(|event| PodEventFacts {
            reason: event.reason.to_owned(),
            message: event.message.trim().to_owned(),
            age: event.at.map_or(0, |at| object::seconds_since(inventory.about.now, at)),
            evidence: event.evidence(),
        })
        .collect()
}

fn conditions(pod: &Pod) -> Vec<ConditionFacts> {
    let conditions = pod.status.iter().flat_map(|status| status.conditions.iter().flatten());
    conditions
        .map(|condition| {
            let message = condition.message.clone().unwrap_or_default();
            let field = format!("status.conditions[{}]", condition.type_);
            let text = if message.is_empty() { condition.status.clone() } else { message.clone() };
            ConditionFacts {
                r#type: condition.type_.clone(),
                status: condition.status.clone(),
                reason: condition.reason.clone().unwrap_or_default(),
                evidence: object::pod_evidence(pod, &field, text, condition.last_transition_time.as_ref()),
                message,
            }
        })
        .collect()
}

/// Whether a pod mirrors a file on its node (<https://kubernetes.io/docs/tasks/configure-pod-container/static-pod/>).
pub fn is_static(pod: &Pod) -> bool {
    pod.metadata.annotations.as_ref().is_some_and(|annotations| annotations.contains_key("kubernetes.io/config.mirror"))
}

// Once a pod's containers have started, what went wrong before is past.
fn is_being_prepared(pod: &Pod) -> bool {
    let on_a_node = pod.spec.as_ref().is_some_and(|spec| spec.node_name.is_some());
    let waits = |status: &k8s_openapi::api::core::v1::ContainerStatus| {
        let reason = status
            .state
            .as_ref()
            .and_then(|state| state.waiting.as_ref())
            .and_then(|waiting| waiting.reason.as_deref());
        matches!(reason, Some("ContainerCreating" | "PodInitializing"))
    };
    let statuses = pod
        .status
        .iter()
        .flat_map(|status| status.init_container_statuses.iter().chain(&status.container_statuses))
        .flatten();
    on_a_node && phase(pod) == "Pending" && statuses.into_iter().all(waits)
}

/// Whether a pod that is not ready is still on its way, and has not used up the time that it may take: a minute
/// to settle, five to pull and to initialize, then as long as its probes allow.
pub fn is_on_its_way(inventory: &Inventory, pod: &Pod) -> bool {
    const SETTLE: i64 = 60;
    const PREPARE: i64 = 300;
    if is_ready(pod) {
        return false;
    }
    let now = inventory.about.now;
    let created = pod.metadata.creation_timestamp.as_ref();
    let age = created.map_or(i64::MAX, |created| object::seconds_since(now, created));
    if age <= SETTLE {
        return true;
    }
    if pod.spec.as_ref().is_none_or(|spec| spec.node_name.is_none()) {
        return false;
    }
    // Where every container is ready it is something else that keeps the pod from being so: a readiness gate.
    let is_ready = |(spec, init): &(&Container, bool)| {
        container::status(pod, &spec.name, *init).is_some_and(|status| status.ready)
    };
    let containers = container::containers(pod);
    if containers.iter().filter(|(_, init)| !init).all(is_ready) {
        return false;
    }
    containers.into_iter().all(|(spec, init)| {
        let Some(status) = container::status(pod, &spec.name, init) else { return age <= PREPARE };
        let state = status.state.as_ref();
        if let Some(waiting) = state.and_then(|state| state.waiting.as_ref()) {
            let reason = waiting.reason.as_deref();
            return age <= PREPARE && matches!(reason, Some("ContainerCreating" | "PodInitializing"));
        }
        if status.ready || state.is_some_and(|state| state.terminated.as_ref().is_some_and(|end| end.exit_code == 0)) {
            return true;
        }
        let runs_for = probe::running_for(Some(status), now);
        let allows = |role| probe::facts(role, spec, Some(status), &[]).allows;
        let starting = spec.startup_probe.is_some() && status.started != Some(true);
        match (status.restart_count, starting) {
            (0, true) => runs_for <= allows(probe::Role::Startup),
            (0, false) if container::is_init_at_work(pod, spec, init) => runs_for <= PREPARE,
            (0, false) => runs_for > 0 && runs_for <= allows(probe::Role::Readiness),
            _ => false,
        }
    })
}

fn mount(events: &Events, pod: &Pod) -> TroubleFacts {
    if !is_being_prepared(pod) {
        return TroubleFacts::default();
    }
    let uid = pod.metadata.uid.as_deref().unwrap_or_default();
    // The kubelet's caches lag on healthy pods as well; that says nothing.
    let speaks = |event: &EventFacts| {
        matches!(event.reason, "FailedMount" | "FailedAttachVolume")
            && !event.message.contains("cache: timed out waiting for the condition")
    };
    let Some(event) = events.newest(uid, speaks) else { return TroubleFacts::default() };
    let volumes = pod.spec.as_ref().and_then(|spec| spec.volumes.as_deref()).unwrap_or_default();
    let named = volumes.iter().find(|volume| {
        event.message.contains(&format!("volume \"{}\"", volume.name))
            || event.message.contains(&format!("[{}]", volume.name))
    });
    TroubleFacts {
        failing: true,
        message: event.message.trim().to_owned(),
        volume: named.map(|volume| volume.name.clone()).unwrap_or_default(),
        source: named.map(describe).unwrap_or_default(),
        evidence: vec![event.evidence()],
    }
}

// `Multi-Attach error for volume "pv" Volume is already used by pod(s) db-0`
fn multi_attach(inventory: &Inventory, events: &Events, pod: &Pod) -> MultiAttachFacts {
    let uid = pod.metadata.uid.as_deref().unwrap_or_default();
    let says_so = |event: &EventFacts| event.message.contains("Multi-Attach error");
    let Some(event) = events.newest(uid, says_so).filter(|_| is_being_prepared(pod)) else {
        return MultiAttachFacts::default();
    };
    let node = |pod: &Pod| pod.spec.as_ref().and_then(|spec| spec.node_name.clone()).unwrap_or_default();
    let own = claims_of(pod);
    let shared = |other: &Pod| claims_of(other).into_iter().find(|claim| own.contains(claim));
    let others = inventory.seen::<Pod>(object::namespace(&pod.metadata)).filter(|other| {
        let ended = matches!(phase(other), "Succeeded" | "Failed");
        !ended && !node(other).is_empty() && node(other) != node(pod) && shared(other).is_some()
    });
    let others: Vec<&Pod> = others.collect();
    let mut claims: Vec<String> = others.iter().filter_map(|other| shared(other)).collect();
    claims.dedup();
    MultiAttachFacts {
        failing: true,
        volume: event.message.split('"').nth(1).unwrap_or_default().to_owned(),
        claims,
        holders: others
            .iter()
            .map(|other| format!("Pod/{} on {}", object::name(&other.metadata), node(other)))
            .collect(),
        evidence: vec![event.evidence()],
    }
}

fn sandbox(events: &Events, pod: &Pod) -> TroubleFacts {
    if !is_being_prepared(pod) {
        return TroubleFacts::default();
    }
    let uid = pod.metadata.uid.as_deref().unwrap_or_default();
    let Some(event) = events.newest(uid, |event| event.reason == "FailedCreatePodSandBox") else {
        return TroubleFacts::default();
    };
    let succeeded = events.newest(uid, |event| matches!(event.reason, "Pulling" | "Pulled" | "Created" | "Started"));
    if succeeded.is_some_and(|later| later.second() > event.second()) {
        return TroubleFacts::default();
    }
    TroubleFacts {
        failing: true,
        message: event.message.trim().to_owned(),
        evidence: vec![event.evidence()],
        ..TroubleFacts::default()
    }
}

/// What a volume is, in words: `ConfigMap settings`.
pub fn describe(volume: &Volume) -> String {
    if let Some(path) = &volume.host_path {
        format!("hostPath {}", path.path)
    } else if let Some(nfs) = &volume.nfs {
        format!("NFS {}:{}", nfs.server, nfs.path)
    } else if let Some(claim) = &volume.persistent_volume_claim {
        format!("PersistentVolumeClaim {}", claim.claim_name)
    } else if let Some(csi) = &volume.csi {
        format!("CSI driver {}", csi.driver)
    } else if let Some(map) = &volume.config_map {
        format!("ConfigMap {}", map.name)
    } else if let Some(secret) = &volume.secret {
        format!("Secret {}", secret.secret_name.as_deref().unwrap_or_default())
    } else if volume.projected.is_some() {
        "projected sources".to_owned()
    } else {
        String::new()
    }
}
