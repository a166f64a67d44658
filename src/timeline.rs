//! In which order things came about: what was changed, and what went wrong from when on.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::{
    api::{
        apps::v1::Deployment,
        core::v1::{Event, Pod, Service},
        discovery::v1::EndpointSlice,
    },
    apimachinery::pkg::apis::meta::v1::Time,
};

use crate::{
    document::{Change, Finding, Moment, ObjectRef, Severity},
    facts::{
        object,
        service::{endpoints, is_slice_of},
    },
    inventory::Inventory,
};

/// What was changed in roots, and from the first change on what became of them and of what follows from them; nothing
/// where no change is known, or nothing that came of it.
pub fn of(inventory: &Inventory, findings: &[Finding]) -> Vec<Moment> {
    let roots = || findings.iter().filter(|finding| finding.root && finding.severity <= Severity::Warning);
    let changes: BTreeSet<Moment> = roots().flat_map(changes_of).collect();
    let Some(first) = changes.first().map(|change| change.at.clone()) else { return Vec::new() };
    let with_changes = roots().filter(|finding| finding.changes.iter().any(|change| change.at.is_some()));
    let objects: BTreeSet<&ObjectRef> =
        with_changes.clone().flat_map(|root| root.explains.iter().map(|of| &of.object).chain([&root.object])).collect();
    let mut came: Vec<Moment> = with_changes.flat_map(|finding| of_pods(inventory, finding, &first)).collect();
    came.extend(objects.iter().filter_map(|object| without_endpoints(inventory, object)));
    came.extend(objects.iter().filter_map(|object| unavailable(inventory, object)));
    came.retain(|moment| moment.at >= first);
    if came.is_empty() {
        return Vec::new();
    }
    let mut all: Vec<_> = changes.into_iter().chain(came).collect();
    // A change comes before what came of it within the same second.
    all.sort_by_key(|moment| (moment.at.clone(), !moment.is_change));
    all.dedup();
    all
}

// One line for what one manager changed in one object at a time.
fn changes_of(finding: &Finding) -> Vec<Moment> {
    let mut together: BTreeMap<(&str, &ObjectRef, Option<&str>), Vec<&Change>> = BTreeMap::new();
    for change in &finding.changes {
        if let Some(at) = &change.at {
            let object = change.object.as_ref().unwrap_or(&finding.object);
            together.entry((at, object, change.by.as_deref())).or_default().push(change);
        }
    }
    let moment = |((at, object, by), changes): ((&str, &ObjectRef, Option<&str>), Vec<&Change>)| Moment {
        at: at.to_owned(),
        object: object.clone(),
        what: words_for(&changes),
        by: by.map(str::to_owned),
        is_change: true,
    };
    together.into_iter().map(moment).collect()
}

fn words_for(changes: &[&Change]) -> String {
    match changes {
        [only] if only.field.is_empty() => "changed".to_owned(),
        [only] if only.from.is_some() && only.to.is_none() => format!("{} removed", only.field),
        [only] => format!("{} changed", only.field),
        [first, others @ ..] => format!("{} and {} more changed", first.field, others.len()),
        [] => String::new(),
    }
}

// When the first pod of those that show it was made, and what was first said of them since then.
fn of_pods(inventory: &Inventory, finding: &Finding, since: &str) -> Vec<Moment> {
    let namespace = &finding.object.namespace;
    let names = finding.affected.iter().chain([&finding.object]).filter(|object| object.kind == "Pod");
    let pods: Vec<&Pod> = names.filter_map(|pod| inventory.get::<Pod>(namespace, &pod.name).present()).collect();
    let made = pods.iter().filter_map(|pod| {
        Some(moment(pod.metadata.creation_timestamp.as_ref()?, object::object_ref(*pod), "created".to_owned()))
    });
    let warned = inventory.seen::<Event>(namespace).filter(|event| event.type_.as_deref() == Some("Warning"));
    let warned = warned.filter_map(|event| {
        let about = event.involved_object.uid.as_deref()?;
        let pod = pods.iter().find(|pod| pod.metadata.uid.as_deref() == Some(about))?;
        let at = event.first_timestamp.as_ref().or(event.metadata.creation_timestamp.as_ref())?;
        Some(moment(at, object::object_ref(*pod), format!("event {}", event.reason.as_deref()?)))
    });
    let warned = warned.filter(|moment| moment.at.as_str() >= since);
    made.min().into_iter().chain(warned.min()).collect()
}

// A slice is written whenever its endpoints change, so that it is as it is since then.
fn without_endpoints(inventory: &Inventory, object: &ObjectRef) -> Option<Moment> {
    if object.kind != "Service" {
        return None;
    }
    let service = inventory.get::<Service>(&object.namespace, &object.name).present()?;
    if endpoints(inventory, service).known()?.ready > 0 {
        return None;
    }
    let slices = inventory.seen::<EndpointSlice>(&object.namespace).filter(|slice| is_slice_of(slice, &object.name));
    let written = slices.flat_map(|slice| slice.metadata.managed_fields.iter().flatten());
    let last = written.filter_map(|entry| entry.time.as_ref()).max_by_key(|time| time.0)?;
    Some(moment(last, object.clone(), "no ready endpoint".to_owned()))
}

fn unavailable(inventory: &Inventory, object: &ObjectRef) -> Option<Moment> {
    if object.kind != "Deployment" {
        return None;
    }
    let deployment = inventory.get::<Deployment>(&object.namespace, &object.name).present()?;
    let mut conditions = deployment.status.as_ref()?.conditions.iter().flatten();
    let condition = conditions.find(|it| it.type_ == "Available" && it.status == "False")?;
    Some(moment(condition.last_transition_time.as_ref()?, object.clone(), "not available".to_owned()))
}

fn moment(at: &Time, object: ObjectRef, what: String) -> Moment {
    Moment { at: object::time(at), object, what, by: None, is_change: false }
}
