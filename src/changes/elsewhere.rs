//! Other objects that may have been changed instead of the one that a finding is on: what its field at fault names, what
//! the cluster's words name, and what a container that fails now has read.

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Event, Pod};
use serde_json::Value;

use super::path::{Path, Step};
use crate::{
    document::{Finding, ObjectRef},
    facts::{World, container, object, probe, reference::read_by, refusal, service::is_ready},
    kind::Kind,
};

/// A part of an object in which something may have been changed.
pub struct Elsewhere {
    /// The object's kind; it is in the namespace of the finding.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// Where in it.
    pub path: &'static str,
    /// Between when; nothing where any time will do.
    pub between: Option<(Timestamp, Timestamp)>,
}

impl Elsewhere {
    /// Its coordinates.
    pub fn object(&self, namespace: &str) -> ObjectRef {
        ObjectRef {
            api_version: self.kind.api_version(),
            kind: self.kind.to_string(),
            namespace: namespace.to_owned(),
            name: self.name.clone(),
            uid: String::new(),
        }
    }
}

/// All of them, each once.
pub fn of(world: &World, object: &Value, finding: &Finding) -> Vec<Elsewhere> {
    let mut found: Vec<Elsewhere> = Vec::new();
    let field = finding.field.as_deref().map(Path::parse);
    let named = field.and_then(|field| named_by(object, &field)).into_iter();
    let quota = finding.evidence.iter().map(|said| refusal::quota(&said.text)).find(|name| !name.is_empty());
    let quota = quota.map(|name| Elsewhere { kind: Kind::ResourceQuota, name, path: "spec.hard", between: None });
    for one in named.chain(quota).chain(read_by_what_fails(world, finding)) {
        if !found.iter().any(|other| other.kind == one.kind && other.name == one.name) {
            found.push(one);
        }
    }
    found
}

// The nearest object that holds the field and names another: `…valueFrom.configMapKeyRef.key`.
fn named_by(object: &Value, field: &Path) -> Option<Elsewhere> {
    (1..=field.0.len()).rev().find_map(|length| {
        let (Step::Field(last), above) = (field.0.get(length - 1)?, Path(field.0[..length].to_vec())) else {
            return None;
        };
        let (kind, path) = match last.as_str() {
            "configMapKeyRef" | "configMapRef" | "configMap" => (Kind::ConfigMap, "data"),
            "secretKeyRef" | "secretRef" | "secret" => (Kind::Secret, "data"),
            "service" => (Kind::Service, "spec.ports"),
            _ => return None,
        };
        let there = above.follow(object)?;
        let name = there.get("name").or_else(|| there.get("secretName"))?.as_str()?;
        Some(Elsewhere { kind, name: name.to_owned(), path, between: None })
    })
}

// What a container takes its settings from that fails since it was started anew, and when it was still well.
fn read_by_what_fails(world: &World, finding: &Finding) -> Vec<Elsewhere> {
    let Some(name) = finding.container.as_deref() else { return Vec::new() };
    let Some(workload) = world.workloads.get(&finding.object) else { return Vec::new() };
    let fails = |pod: &&&Pod| {
        let pod_name = object::name(&pod.metadata);
        pod_name == finding.object.name || finding.affected.iter().any(|affected| affected.name == pod_name)
    };
    let failing: Vec<&Pod> = workload.pods.iter().filter(fails).copied().collect();
    let Some(first) = failing.first() else { return Vec::new() };
    let well = workload.pods.iter().filter(|pod| is_ready(pod)).filter_map(|pod| started(pod, name)).max();
    let Some(between) = between(world, &failing, name, well) else { return Vec::new() };
    let spec = first.spec.as_ref();
    let container = container::containers(first).into_iter().map(|(spec, _)| spec).find(|spec| spec.name == name);
    let read = spec.zip(container).map(|(spec, container)| read_by(spec, container)).unwrap_or_default();
    let one = |(kind, name)| Elsewhere { kind, name, path: "data", between: Some(between) };
    read.into_iter().map(one).collect()
}

// Since when a container is known to have been well, and from when on it was not: pods that fail are younger than one that
// is well, or began to fail after they had run.
fn between(world: &World, failing: &[&Pod], name: &str, well: Option<Timestamp>) -> Option<(Timestamp, Timestamp)> {
    let made = |pod: &&Pod| pod.metadata.creation_timestamp.as_ref().map(|time| time.0);
    let oldest = failing.iter().filter_map(made).min()?;
    match well.filter(|well| *well < oldest) {
        Some(well) => Some((well, oldest)),
        None => {
            let [pod] = failing else { return None };
            let began = first_back_off(world, pod).or_else(|| end_of_the_first_run(pod, name))?;
            (began.as_second() - oldest.as_second() > LONG_ENOUGH).then_some((oldest, began))
        }
    }
}

// A container that fails from the start is started again within seconds.
const LONG_ENOUGH: i64 = 60;

/// When the kubelet first waited before it tried a pod's container or image again.
pub fn first_back_off(world: &World, pod: &Pod) -> Option<Timestamp> {
    let events = world.inventory.seen::<Event>(object::namespace(&pod.metadata));
    let of_pod = events.filter(|event| event.involved_object.uid == pod.metadata.uid);
    of_pod
        .filter(|event| event.reason.as_deref() == Some("BackOff"))
        .filter_map(|event| event.first_timestamp.as_ref().map(|time| time.0))
        .min()
}

fn end_of_the_first_run(pod: &Pod, name: &str) -> Option<Timestamp> {
    let status = container::status(pod, name, false).filter(|status| status.restart_count == 1)?;
    let ended = status.last_state.as_ref()?.terminated.as_ref()?;
    ended.finished_at.as_ref().map(|time| time.0)
}

fn started(pod: &Pod, name: &str) -> Option<Timestamp> {
    probe::started_at(container::status(pod, name, false)).map(|time| time.0)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_the_field_at_fault_names_is_found() {
        let object = json!({"spec": {
            "containers": [{"name": "web", "env": [{"valueFrom": {"configMapKeyRef": {"name": "settings", "key": "PRT"}}}]}],
            "volumes": [{"name": "login", "secret": {"secretName": "login", "items": [{"key": "pw"}]}}],
            "rules": [{"http": {"paths": [{"backend": {"service": {"name": "web", "port": {"number": 80}}}}]}}],
        }});
        for (field, expected) in [
            ("spec.containers[0].env[0].valueFrom.configMapKeyRef.key", Some((Kind::ConfigMap, "settings"))),
            ("spec.volumes[name=login].secret.items[0].key", Some((Kind::Secret, "login"))),
            ("spec.rules[0].http.paths[0].backend.service.port.number", Some((Kind::Service, "web"))),
            ("spec.containers[0].env", None),
        ] {
            let found = named_by(&object, &Path::parse(field));
            assert_eq!(found.as_ref().map(|it| (it.kind, it.name.as_str())), expected, "{field}");
        }
    }
}
