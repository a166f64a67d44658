//! The workload that a person would edit: the controller of a pod, or the pod itself.

use std::collections::{BTreeMap, HashMap};

use k8s_openapi::{
    api::{
        apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet},
        batch::v1::{CronJob, Job},
        core::v1::{Container, Pod, PodSpec, PodTemplateSpec},
    },
    apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference},
};

use super::{
    controller::job,
    object::{self, controller, object_ref, owner_ref},
};
use crate::{
    document::ObjectRef,
    inventory::{Inventory, Lookup},
    kind::{Kept, Kind},
};

/// A workload with its pod template and its pods.
#[derive(Debug)]
pub struct Workload<'a> {
    /// What a person would edit.
    pub object: ObjectRef,
    /// Its metadata; nothing where the object itself was not looked at.
    pub metadata: Option<&'a ObjectMeta>,
    /// Where the pod's spec stands in it: `spec.template.spec`, or `spec` for a pod.
    pub spec_path: &'static str,
    /// The pods' spec as it is asked for now; nothing where the object was not looked at.
    pub spec: Option<&'a PodSpec>,
    /// The labels that its pods carry.
    pub labels: Option<&'a BTreeMap<String, String>>,
    /// How many pods it asks for; nothing where that is not its to say.
    pub replicas: Option<i32>,
    /// Its pods that count: neither done, nor on their way out, nor left over.
    pub pods: Vec<&'a Pod>,
    /// Whether it asks for no pods now, or never again: a finished Job, a suspended CronJob.
    pub idle: bool,
    /// The names of its ReplicaSets and Jobs, whose events tell of it as well.
    pub parts: Vec<ObjectRef>,
}

/// All workloads, and which pod belongs to which.
#[derive(Debug)]
pub struct Workloads<'a> {
    /// In the order of namespace, kind and name.
    pub all: Vec<Workload<'a>>,
    by_object: HashMap<(String, String, String), usize>,
    by_namespace: HashMap<String, Vec<usize>>,
}

impl<'a> Workloads<'a> {
    /// Works them out of everything that was collected.
    pub fn of(inventory: &'a Inventory) -> Self {
        let mut workloads = Self { all: Vec::new(), by_object: HashMap::new(), by_namespace: HashMap::new() };
        workloads.add_controllers(inventory);
        for pod in inventory.seen_anywhere::<Pod>() {
            let root = root_of_pod(inventory, pod);
            let index = workloads.index_of(&root).unwrap_or_else(|| workloads.add_for_pod(root, pod));
            if counts(inventory, pod) {
                workloads.all[index].pods.push(pod);
            }
        }
        workloads
    }

    /// The workload that is this object.
    pub fn get(&self, object: &ObjectRef) -> Option<&Workload<'a>> {
        self.index_of(object).map(|index| &self.all[index])
    }

    /// The workloads in a namespace.
    pub fn in_namespace(&self, namespace: &str) -> impl Iterator<Item = &Workload<'a>> {
        self.by_namespace.get(namespace).into_iter().flatten().map(|index| &self.all[*index])
    }

    fn index_of(&self, object: &ObjectRef) -> Option<usize> {
        self.by_object.get(&key(object)).copied()
    }

    fn add(&mut self, workload: Workload<'a>) -> usize {
        let index = self.all.len();
        self.by_object.insert(key(&workload.object), index);
        self.by_namespace.entry(workload.object.namespace.clone()).or_default().push(index);
        self.all.push(workload);
        index
    }

    fn add_controllers(&mut self, inventory: &'a Inventory) {
        for object in inventory.seen_anywhere::<Deployment>() {
            let spec = object.spec.as_ref();
            let replicas = spec.map(|spec| spec.replicas.unwrap_or(1));
            let index = self.add(controlled(object, spec.map(|spec| &spec.template), replicas));
            let parts = owned_by::<ReplicaSet>(inventory, &self.all[index].object);
            self.all[index].parts = parts;
        }
        for object in inventory.seen_anywhere::<StatefulSet>() {
            let spec = object.spec.as_ref();
            let replicas = spec.map(|spec| spec.replicas.unwrap_or(1));
            self.add(controlled(object, spec.map(|spec| &spec.template), replicas));
        }
        for object in inventory.seen_anywhere::<DaemonSet>() {
            let desired = object.status.as_ref().map(|status| status.desired_number_scheduled);
            self.add(controlled(object, object.spec.as_ref().map(|spec| &spec.template), desired));
        }
        for object in inventory.seen_anywhere::<CronJob>() {
            let template =
                object.spec.as_ref().and_then(|spec| spec.job_template.spec.as_ref()).map(|spec| &spec.template);
            let mut workload = controlled(object, template, None);
            workload.spec_path = "spec.jobTemplate.spec.template.spec";
            workload.idle = object.spec.as_ref().and_then(|spec| spec.suspend) == Some(true);
            workload.parts = owned_by::<Job>(inventory, &workload.object);
            self.add(workload);
        }
        for object in inventory.seen_anywhere::<Job>().filter(|job| controller(&job.metadata).is_none()) {
            let spec = object.spec.as_ref();
            let mut workload = controlled(object, spec.map(|spec| &spec.template), None);
            workload.idle = job_is_finished(object) || spec.and_then(|spec| spec.suspend) == Some(true);
            self.add(workload);
        }
        for object in inventory.seen_anywhere::<ReplicaSet>() {
            let spec = object.spec.as_ref();
            let replicas = spec.map(|spec| spec.replicas.unwrap_or(1));
            let set = controlled(object, spec.and_then(|spec| spec.template.as_ref()), replicas);
            match controller(&object.metadata) {
                None => drop(self.add(set)),
                Some(owner) if owner.kind != Kind::Deployment.info().name && !set.idle => self.add_for_set(owner, set),
                Some(_) => {}
            }
        }
    }

    // A controller of its own, as Argo's Rollout, stands for the ReplicaSets that it makes.
    fn add_for_set(&mut self, owner: &OwnerReference, set: Workload<'a>) {
        let root = owner_ref(owner, &set.object.namespace);
        let part = set.object.clone();
        let index = match self.index_of(&root) {
            Some(index) => {
                let known = &mut self.all[index];
                known.replicas = known.replicas.zip(set.replicas).map(|(one, other)| one + other);
                index
            }
            None => self.add(Workload { object: root, metadata: None, ..set }),
        };
        self.all[index].parts.push(part);
    }

    // A pod without a controller is its own workload; one whose controller was
    // not looked at stands for it, as far as can be told from the pod.
    fn add_for_pod(&mut self, root: ObjectRef, pod: &'a Pod) -> usize {
        let is_pod = root.kind == Kind::Pod.info().name;
        self.add(Workload {
            object: root,
            metadata: is_pod.then_some(&pod.metadata),
            spec_path: if is_pod { "spec" } else { "spec.template.spec" },
            spec: pod.spec.as_ref(),
            labels: pod.metadata.labels.as_ref(),
            replicas: None,
            pods: Vec::new(),
            idle: is_pod && is_done(pod),
            parts: Vec::new(),
        })
    }
}

impl Workload<'_> {
    /// Whether it is a pod that nothing controls.
    pub fn is_pod(&self) -> bool {
        self.object.kind == Kind::Pod.info().name
    }

    /// The path of one container in it, as in `spec.template.spec.containers[name=web]`.
    pub fn container_path(&self, container: &str, init: bool) -> String {
        let list = if init { "initContainers" } else { "containers" };
        format!("{}.{list}[name={container}]", self.spec_path)
    }
}

/// Whether a pod was made from a template that has since been edited in what its containers run: what is at
/// fault there may be mended already, and waits to be rolled out.
pub fn is_superseded(inventory: &Inventory, workload: &Workload, pod: &Pod) -> bool {
    let differs = match (workload.spec, pod.spec.as_ref()) {
        (Some(template), Some(spec)) => !runs_the_same(template, spec),
        _ => false,
    };
    differs && is_of_older_revision(inventory, workload, pod)
}

/// Whether a newer revision of its workload is being rolled out than the one that a pod was made from.
pub fn is_of_older_revision(inventory: &Inventory, workload: &Workload, pod: &Pod) -> bool {
    let (namespace, name) = (&workload.object.namespace, &workload.object.name);
    let label = |key: &str| pod.metadata.labels.as_ref().and_then(|labels| labels.get(key));
    match workload.object.kind.as_str() {
        "Deployment" => {
            let newest = super::rollout::revisions(inventory, workload).first().map(|set| object::name(&set.metadata));
            newest.is_some_and(|newest| controller(&pod.metadata).is_some_and(|owner| owner.name != newest))
        }
        "StatefulSet" => {
            let set = inventory.get::<StatefulSet>(namespace, name).present();
            let update = set.and_then(|set| set.status.as_ref()?.update_revision.as_ref());
            update.zip(label("controller-revision-hash")).is_some_and(|(update, own)| update != own)
        }
        "DaemonSet" => {
            let set = inventory.get::<DaemonSet>(namespace, name).present();
            let annotations = set.and_then(|set| set.metadata.annotations.as_ref());
            let newest =
                annotations.and_then(|annotations| annotations.get("deprecated.daemonset.template.generation"));
            newest.zip(label("pod-template-generation")).is_some_and(|(newest, own)| newest != own)
        }
        _ => false,
    }
}

// What is at fault in a container stands in these; the rest is filled in when the pod is admitted.
fn runs_the_same(template: &PodSpec, pod: &PodSpec) -> bool {
    let same = |one: &Container, other: &Container| {
        one.name == other.name
            && one.image == other.image
            && one.command == other.command
            && one.args == other.args
            && one.env == other.env
            && one.env_from == other.env_from
            && one.liveness_probe == other.liveness_probe
            && one.readiness_probe == other.readiness_probe
            && one.startup_probe == other.startup_probe
            && one.resources == other.resources
    };
    let in_pod = |wanted: &Container| {
        let all = pod.containers.iter().chain(pod.init_containers.iter().flatten());
        all.into_iter().any(|other| same(wanted, other))
    };
    let mut all = template.containers.iter().chain(template.init_containers.iter().flatten());
    all.all(in_pod) && template.node_selector == pod.node_selector
}

/// Whether it has fewer pods than it asks for, as far as that can be told.
pub fn lacks_pods(inventory: &Inventory, workload: &Workload) -> bool {
    let without = |job: &Job| {
        let suspended = job.spec.as_ref().and_then(|spec| spec.suspend) == Some(true);
        let active = job.status.as_ref().and_then(|status| status.active).unwrap_or(0);
        !job_is_finished(job) && !suspended && active == 0
    };
    let job = |name: &str| inventory.get::<Job>(&workload.object.namespace, name).present();
    match workload.object.kind.as_str() {
        "Job" => job(&workload.object.name).is_some_and(without),
        "CronJob" => workload.parts.iter().filter_map(|part| job(&part.name)).any(without),
        _ => workload.replicas.is_some_and(|wanted| wanted > i32::try_from(workload.pods.len()).unwrap_or(i32::MAX)),
    }
}

fn key(object: &ObjectRef) -> (String, String, String) {
    (object.kind.clone(), object.namespace.clone(), object.name.clone())
}

fn controlled<'a, T: Kept>(
    object: &'a T,
    template: Option<&'a PodTemplateSpec>,
    replicas: Option<i32>,
) -> Workload<'a> {
    Workload {
        object: object_ref(object),
        metadata: Some(object.metadata()),
        spec_path: "spec.template.spec",
        spec: template.and_then(|template| template.spec.as_ref()),
        labels: template.and_then(|template| template.metadata.as_ref()).and_then(|metadata| metadata.labels.as_ref()),
        replicas,
        pods: Vec::new(),
        idle: replicas == Some(0),
        parts: Vec::new(),
    }
}

fn owned_by<T: Kept>(inventory: &Inventory, owner: &ObjectRef) -> Vec<ObjectRef> {
    inventory
        .seen::<T>(&owner.namespace)
        .filter(|part| controller(part.metadata()).is_some_and(|by| by.kind == owner.kind && by.name == owner.name))
        .map(object_ref)
        .collect()
}

/// What a person would edit to change a pod: the topmost controller.
pub fn root_of_pod(inventory: &Inventory, pod: &Pod) -> ObjectRef {
    let namespace = object::namespace(&pod.metadata);
    match controller(&pod.metadata) {
        // A mirror pod is owned by its Node and edited in a file there.
        None => object_ref(pod),
        Some(owner) if owner.kind == Kind::Node.info().name => object_ref(pod),
        Some(owner) => match owner.kind.as_str() {
            "ReplicaSet" => above::<ReplicaSet>(inventory, namespace, &owner.name)
                .or_else(|| deployment_by_hash(pod, &owner.name, namespace)),
            "Job" => above::<Job>(inventory, namespace, &owner.name),
            _ => None,
        }
        .unwrap_or_else(|| owner_ref(owner, namespace)),
    }
}

fn above<T: Kept>(inventory: &Inventory, namespace: &str, name: &str) -> Option<ObjectRef> {
    let Lookup::Present(part) = inventory.get::<T>(namespace, name) else { return None };
    Some(controller(part.metadata()).map_or_else(|| object_ref(part), |owner| owner_ref(owner, namespace)))
}

// A Deployment names its ReplicaSets after itself and the pod-template-hash, so
// it is known even to somebody who may read pods alone.
fn deployment_by_hash(pod: &Pod, replica_set: &str, namespace: &str) -> Option<ObjectRef> {
    let hash = pod.metadata.labels.as_ref()?.get("pod-template-hash")?;
    let name = replica_set.strip_suffix(hash.as_str())?.strip_suffix('-')?;
    Some(ObjectRef {
        api_version: Kind::Deployment.api_version(),
        kind: Kind::Deployment.info().name.to_owned(),
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        uid: String::new(),
    })
}

// Pods that are done, on their way out, or left over by what replaced them, say nothing of the present.
fn counts(inventory: &Inventory, pod: &Pod) -> bool {
    if pod.metadata.deletion_timestamp.is_some() || phase(pod) == "Succeeded" {
        return false;
    }
    let namespace = object::namespace(&pod.metadata);
    match controller(&pod.metadata) {
        Some(owner) if owner.kind == Kind::Job.info().name => match inventory.get::<Job>(namespace, &owner.name) {
            Lookup::Present(job) if has_condition(job, "Complete") => false,
            Lookup::Present(job) if phase(pod) == "Failed" => {
                has_condition(job, "Failed") && is_newest_job(inventory, job) && is_newest_pod(inventory, pod)
            }
            Lookup::Unknown(_) if phase(pod) == "Failed" => {
                !is_of_cron_job(&owner.name) && is_newest_pod(inventory, pod)
            }
            _ => true,
        },
        Some(_) => phase(pod) != "Failed",
        None => true,
    }
}

// Of a CronJob's Job that can't be looked at, `sync-29921361`, nobody knows whether it is the newest: one that failed
// may have been followed by one that did not.
fn is_of_cron_job(job: &str) -> bool {
    let number = job.rsplit_once('-').map_or("", |(_, number)| number);
    number.len() == 8 && number.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_newest_job(inventory: &Inventory, job: &Job) -> bool {
    let Some(owner) = controller(&job.metadata) else { return true };
    let siblings = inventory.seen::<Job>(object::namespace(&job.metadata));
    siblings
        .filter(|other| controller(&other.metadata).is_some_and(|of| of.uid == owner.uid))
        .all(|other| other.metadata.creation_timestamp <= job.metadata.creation_timestamp)
}

fn is_newest_pod(inventory: &Inventory, pod: &Pod) -> bool {
    let Some(owner) = controller(&pod.metadata) else { return true };
    let siblings = inventory.seen::<Pod>(object::namespace(&pod.metadata));
    siblings
        .filter(|other| controller(&other.metadata).is_some_and(|of| of.uid == owner.uid))
        .all(|other| other.metadata.creation_timestamp <= pod.metadata.creation_timestamp)
}

/// `status.phase`.
pub fn phase(pod: &Pod) -> &str {
    pod.status.as_ref().and_then(|status| status.phase.as_deref()).unwrap_or_default()
}

fn is_done(pod: &Pod) -> bool {
    phase(pod) == "Succeeded"
}

fn job_is_finished(job: &Job) -> bool {
    has_condition(job, "Complete") || has_condition(job, "Failed")
}

fn has_condition(job: &Job, kind: &str) -> bool {
    job::condition(job, kind).is_some()
}
