//! What makes pods, how it says that they fare, and which rows of a table are of its pods.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::{
    api::{
        apps::v1::{DaemonSet, Deployment, StatefulSet},
        batch::v1::Job,
        core::v1::{Event, Namespace, PersistentVolumeClaim, PodTemplateSpec},
    },
    apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta},
};

use super::rows;
use crate::{
    facts::{controller::job, object},
    inventory::Inventory,
    kind::{Kept, Kind},
    source::Row,
};

/// Something that makes pods.
pub struct Controller<'a> {
    pub kind: Kind,
    pub metadata: &'a ObjectMeta,
    pub selector: Option<&'a LabelSelector>,
    pub template: &'a PodTemplateSpec,
    /// Whether nothing speaks against that all is well with its pods.
    pub is_well: bool,
    /// How many pods it says that it has.
    pub expected: usize,
    /// Its pods, by their names.
    pub rows: Vec<&'a Row>,
}

impl<'a> Controller<'a> {
    pub fn namespace(&self) -> &'a str {
        object::namespace(self.metadata)
    }

    pub fn name(&self) -> &'a str {
        object::name(self.metadata)
    }

    /// The labels that its pods carry.
    pub fn labels(&self) -> Option<&'a BTreeMap<String, String>> {
        self.template.metadata.as_ref()?.labels.as_ref()
    }

    // A name may mislead; where it does, the numbers differ.
    pub fn rows_are_well(&self, nodes_in_trouble: &BTreeSet<&str>) -> bool {
        self.rows.len() == self.expected && self.rows.iter().all(|row| rows::is_well(row, nodes_in_trouble))
    }

    fn new<T: Kept>(
        object: &'a T,
        selector: Option<&'a LabelSelector>,
        template: &'a PodTemplateSpec,
        counts: &[Option<i32>],
    ) -> Self {
        let metadata = object.metadata();
        let expected = counts.first().copied().flatten().unwrap_or(0);
        // A device may be claimed and never come; that is not in a table.
        let claims_devices = template.spec.as_ref().is_some_and(|spec| spec.resource_claims.is_some());
        Self {
            kind: T::OF,
            metadata,
            selector,
            template,
            is_well: expected > 0
                && counts.iter().all(|count| count.unwrap_or(0) == expected)
                && metadata.deletion_timestamp.is_none()
                && !claims_devices,
            expected: usize::try_from(expected).unwrap_or(0),
            rows: Vec::new(),
        }
    }
}

/// All of them.
pub fn all(inventory: &Inventory) -> Vec<Controller<'_>> {
    let deployments = inventory.seen_anywhere().filter_map(of_deployment);
    let stateful_sets = inventory.seen_anywhere().filter_map(|set| of_stateful_set(inventory, set));
    let daemon_sets = inventory.seen_anywhere().filter_map(of_daemon_set);
    let jobs = inventory.seen_anywhere().filter_map(of_job);
    deployments.chain(stateful_sets).chain(daemon_sets).chain(jobs).collect()
}

fn of_deployment(found: &Deployment) -> Option<Controller<'_>> {
    let (spec, status) = (found.spec.as_ref()?, found.status.clone().unwrap_or_default());
    let wanted = Some(spec.replicas.unwrap_or(1));
    let counts = [status.replicas, wanted, status.updated_replicas, status.ready_replicas, status.available_replicas];
    let mut controller = Controller::new(found, Some(&spec.selector), &spec.template, &counts);
    let is_bad = |kind: &str, state: &str| match kind {
        "ReplicaFailure" => state == "True",
        _ => state != "True",
    };
    controller.is_well &= spec.paused != Some(true)
        && status.observed_generation >= found.metadata.generation
        && !status.conditions.iter().flatten().any(|condition| is_bad(&condition.type_, &condition.status));
    Some(controller)
}

fn of_stateful_set<'a>(inventory: &'a Inventory, found: &'a StatefulSet) -> Option<Controller<'a>> {
    let (spec, status) = (found.spec.as_ref()?, found.status.clone().unwrap_or_default());
    let counts = [Some(status.replicas), Some(spec.replicas.unwrap_or(1)), status.ready_replicas];
    let mut controller = Controller::new(found, Some(&spec.selector), &spec.template, &counts);
    let has_claims = spec.volume_claim_templates.as_ref().is_some_and(|templates| !templates.is_empty());
    let is_bound = |claim: &PersistentVolumeClaim| {
        claim.status.as_ref().and_then(|status| status.phase.as_deref()) == Some("Bound")
    };
    controller.is_well &= status.observed_generation >= found.metadata.generation
        && status.current_revision == status.update_revision
        // Which claims are a pod's stands in the pod alone.
        && (!has_claims || inventory.seen(controller.namespace()).all(is_bound));
    Some(controller)
}

fn of_daemon_set(found: &DaemonSet) -> Option<Controller<'_>> {
    let (spec, status) = (found.spec.as_ref()?, found.status.clone().unwrap_or_default());
    let wanted = Some(status.desired_number_scheduled);
    let counts = [
        Some(status.current_number_scheduled),
        wanted,
        Some(status.number_ready),
        status.number_available,
        status.updated_number_scheduled,
    ];
    let mut controller = Controller::new(found, Some(&spec.selector), &spec.template, &counts);
    controller.is_well &= status.number_misscheduled == 0 && status.observed_generation >= found.metadata.generation;
    Some(controller)
}

// What is done has no pods that count; any other is looked at.
fn of_job(found: &Job) -> Option<Controller<'_>> {
    let spec = found.spec.as_ref()?;
    let mut controller = Controller::new(found, spec.selector.as_ref(), &spec.template, &[]);
    controller.is_well = job::condition(found, "Complete").is_some() && found.metadata.deletion_timestamp.is_none();
    Some(controller)
}

type ByName<'a> = BTreeMap<(&'a str, &'a str), Vec<usize>>;

fn by_name<'a>(controllers: &[Controller<'a>]) -> ByName<'a> {
    let mut by_name = ByName::new();
    for (index, controller) in controllers.iter().enumerate() {
        by_name.entry((controller.namespace(), controller.name())).or_default().push(index);
    }
    by_name
}

/// Gives each row to the controller whose pod it is by its name; the namespaces come back that have rows which may be
/// anybody's.
pub fn assign<'a>(controllers: &mut [Controller<'a>], rows: &'a BTreeMap<String, Vec<Row>>) -> BTreeSet<&'a str> {
    let by_name = by_name(controllers);
    let mut loose = BTreeSet::new();
    for (namespace, rows) in rows {
        for row in rows.iter().filter(|row| !rows::is_done(row)) {
            match owners(&by_name, controllers, namespace, &row.name).as_slice() {
                [owner] => controllers[*owner].rows.push(row),
                _ => drop(loose.insert(namespace.as_str())),
            }
        }
    }
    loose
}

// `web-7c9f8-x2x4z` of a Deployment, `web-x2x4z` of a DaemonSet, `web-0` of a StatefulSet.
fn owners(by_name: &ByName, controllers: &[Controller], namespace: &str, pod: &str) -> Vec<usize> {
    let of = |name: &str, kinds: &[Kind]| of(by_name, controllers, (namespace, name), |kind| kinds.contains(&kind));
    let Some((first, last)) = pod.rsplit_once('-') else { return Vec::new() };
    let mut found = of(first, &[Kind::DaemonSet, Kind::Job]);
    if last.bytes().all(|byte| byte.is_ascii_digit()) {
        found.extend(of(first, &[Kind::StatefulSet]));
    }
    if let Some((second, _)) = first.rsplit_once('-') {
        found.extend(of(second, &[Kind::Deployment, Kind::Job]));
    }
    found
}

fn of(by_name: &ByName, controllers: &[Controller], name: (&str, &str), is_it: impl Fn(Kind) -> bool) -> Vec<usize> {
    let named = by_name.get(&name).into_iter().flatten().copied();
    named.filter(|index| is_it(controllers[*index].kind)).collect()
}

/// What a component warns of is not well, whatever a table says; the namespaces come back where it warns of a
/// ReplicaSet that no Deployment is known to have made.
pub fn by_events<'a>(inventory: &'a Inventory, controllers: &mut [Controller<'a>]) -> BTreeSet<&'a str> {
    let by_name = by_name(controllers);
    let mut loose = BTreeSet::new();
    for event in inventory.seen_anywhere::<Event>().filter(|event| event.type_.as_deref() != Some("Normal")) {
        let about = &event.involved_object;
        let (Some(kind), Some(name)) = (about.kind.as_deref(), about.name.as_deref()) else { continue };
        let namespace = object::namespace(&event.metadata);
        let found = match kind {
            "Pod" => owners(&by_name, controllers, namespace, name),
            "ReplicaSet" => {
                let deployment = name.rsplit_once('-').map_or(name, |(deployment, _)| deployment);
                let found = by_name.get(&(namespace, deployment)).cloned().unwrap_or_default();
                if found.is_empty() {
                    loose.insert(namespace);
                }
                found
            }
            _ => of(&by_name, controllers, (namespace, name), |it| it.info().name == kind),
        };
        found.into_iter().for_each(|index| controllers[index].is_well = false);
    }
    loose
}

/// The namespaces where something is on its way out that pods may keep.
pub fn leaving(inventory: &Inventory) -> impl Iterator<Item = &str> {
    let namespaces = inventory.seen_anywhere::<Namespace>().map(|found| &found.metadata);
    let namespaces = namespaces.filter(|it| it.deletion_timestamp.is_some()).map(object::name);
    let claims = inventory.seen_anywhere::<PersistentVolumeClaim>().map(|found| &found.metadata);
    namespaces.chain(claims.filter(|it| it.deletion_timestamp.is_some()).map(object::namespace))
}
