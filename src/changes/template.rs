//! What a rollout changed: the pod template of the revision before against the one that fails.

use jiff::Timestamp;
use k8s_openapi::api::{
    apps::v1::{ControllerRevision, ReplicaSet},
    core::v1::{Pod, PodTemplateSpec},
};
use serde_json::{Value, json};

use super::{
    compare::{Difference, compare},
    elsewhere::first_back_off,
    path::Path,
};
use crate::{
    document::{Change, Finding, Severity},
    facts::{
        World, object, rollout,
        service::is_ready,
        workload::{self, Workload},
    },
    kind::Kind,
};

/// A rollout, or several, from one pod template to another.
pub struct Rollout(Vec<Revision>);

/// One revision of a workload: its pod template, and whether pods of it are ready.
struct Revision {
    // As it stands in the workload.
    template: Value,
    is_ready: bool,
    made: Option<Timestamp>,
}

impl Rollout {
    /// The one that led to what is found, where that is wrong with pods of the newest revision alone: from the newest
    /// revision that has ready pods, or, where none has and the newest failed from the start, from the one before.
    pub fn to_what_fails(world: &World, finding: &Finding) -> Option<Self> {
        if !is_about_pods(finding) {
            return None;
        }
        let workload = world.workloads.get(&finding.object)?;
        let mut revisions = revisions(world, workload);
        let (newest, older) = revisions.split_first()?;
        let is_of_newest = |name: &str| {
            let pod = workload.pods.iter().find(|pod| object::name(&pod.metadata) == name);
            pod.is_some_and(|pod| !workload::is_of_older_revision(world.inventory, workload, pod))
        };
        if newest.is_ready || !finding.affected.iter().all(|pod| is_of_newest(&pod.name)) {
            return None;
        }
        let before = match older.iter().position(|revision| revision.is_ready) {
            Some(place) => place,
            None if older.is_empty() || !fail_since(world, workload, finding, newest.made) => return None,
            None => 0,
        };
        revisions.truncate(before + 2);
        Some(Self(revisions))
    }

    /// Whether the pod template is known never to have been changed.
    pub fn is_the_only_one(world: &World, finding: &Finding) -> bool {
        let workload = world.workloads.get(&finding.object);
        workload.is_some_and(|workload| revisions(world, workload).len() == 1)
    }

    /// What it changed in the workload's pod template.
    pub fn differences(&self, workload: &Value) -> Vec<Difference> {
        let path = Path::parse("spec.template");
        let template = |of: &Value| path.follow(of).cloned().unwrap_or_default();
        let before = self.0.last().map(|revision| template(&revision.template)).unwrap_or_default();
        compare(&path, &before, &template(workload))
    }

    /// When the present value of a field was rolled out; nothing where an older revision was returned to.
    pub fn began(&self, difference: &Difference) -> Option<Timestamp> {
        let value = |revision: &Revision| difference.path.follow(&revision.template).cloned().unwrap_or_default();
        let same = self.0.iter().take_while(|revision| value(revision) == difference.to).count();
        let first = self.0.get(same.checked_sub(1)?)?;
        first.made.filter(|made| self.0.iter().skip(same).all(|older| older.made <= Some(*made)))
    }
}

// Pods that fail, or that can't be made; what merely is not as it was meant to be stops none.
fn is_about_pods(finding: &Finding) -> bool {
    let is_of_template = finding.field.as_ref().is_none_or(|field| field.starts_with("spec.template"));
    !finding.affected.is_empty() || (is_of_template && finding.severity == Severity::Error)
}

// What fails later than this after a rollout was well with it before.
const SOON: i64 = 600;

// Whether pods failed from when they were rolled out: a container without a probe counts as ready until it ends.
fn fail_since(world: &World, workload: &Workload, finding: &Finding, rolled_out: Option<Timestamp>) -> bool {
    let is_affected = |pod: &&&Pod| finding.affected.iter().any(|it| it.name == object::name(&pod.metadata));
    let began = |pod: &&Pod| {
        let created = pod.metadata.creation_timestamp.as_ref().map(|time| time.0);
        first_back_off(world, pod).or(created)
    };
    let first = workload.pods.iter().filter(is_affected).filter_map(began).min();
    first.zip(rolled_out).is_some_and(|(first, rolled_out)| first.as_second() - rolled_out.as_second() <= SOON)
}

// Newest first.
fn revisions(world: &World, workload: &Workload) -> Vec<Revision> {
    match Kind::from_object(&workload.object.kind, &workload.object.api_version) {
        Some(Kind::Deployment) => {
            rollout::revisions(world.inventory, workload).into_iter().map(of_replica_set).collect()
        }
        Some(Kind::StatefulSet | Kind::DaemonSet) => of_controller_revisions(world, workload),
        _ => Vec::new(),
    }
}

fn of_replica_set(set: &ReplicaSet) -> Revision {
    Revision {
        template: in_workload(template_of(set)),
        is_ready: set.status.as_ref().and_then(|status| status.ready_replicas).unwrap_or(0) > 0,
        made: set.metadata.creation_timestamp.as_ref().map(|time| time.0),
    }
}

fn of_controller_revisions(world: &World, workload: &Workload) -> Vec<Revision> {
    let mut found: Vec<_> = world
        .inventory
        .seen::<ControllerRevision>(&workload.object.namespace)
        .filter(|revision| object::controller(&revision.metadata).is_some_and(|by| by.uid == workload.object.uid))
        .collect();
    found.sort_by_key(|revision| std::cmp::Reverse(revision.revision));
    let one = |revision: &ControllerRevision| {
        let name = object::name(&revision.metadata);
        let data = revision.data.as_ref().and_then(|data| data.0.pointer("/spec/template"));
        // A patch that replaces the template: read as a template, it says no more of being one.
        let template = data.and_then(|data| serde_json::from_value::<PodTemplateSpec>(data.clone()).ok());
        Revision {
            is_ready: workload.pods.iter().any(|pod| is_ready(pod) && is_of(pod, name)),
            made: revision.metadata.creation_timestamp.as_ref().map(|time| time.0),
            template: in_workload(serde_json::to_value(template).unwrap_or_default()),
        }
    };
    found.into_iter().map(one).collect()
}

// A StatefulSet's pods carry the name of their revision, a DaemonSet's the end of it.
fn is_of(pod: &Pod, revision: &str) -> bool {
    let hash = pod.metadata.labels.as_ref().and_then(|labels| labels.get("controller-revision-hash"));
    hash.is_some_and(|hash| revision == hash || revision.ends_with(&format!("-{hash}")))
}

/// The fields in which a pod template differs from that of a ReplicaSet.
pub fn since(set: &ReplicaSet, template: &Value) -> Vec<Change> {
    compare(&Path::parse("spec.template"), &template_of(set), template).iter().map(Difference::change).collect()
}

fn in_workload(template: Value) -> Value {
    json!({"spec": {"template": template}})
}

// The Deployment's controller adds a label to each ReplicaSet's template.
fn template_of(set: &ReplicaSet) -> Value {
    let spec = serde_json::to_value(&set.spec).unwrap_or_default();
    let mut template = spec.get("template").cloned().unwrap_or_default();
    if let Some(labels) = template.pointer_mut("/metadata/labels").and_then(Value::as_object_mut) {
        labels.remove("pod-template-hash");
    }
    template
}
