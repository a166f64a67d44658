//! What a rollout changed: the pod template of the revision that still works against the one that does not.

use std::collections::BTreeSet;

use k8s_openapi::api::apps::v1::ReplicaSet;
use serde_json::{Map, Value};

use super::field;
use crate::{
    document::{Change, Finding},
    facts::{World, object, rollout},
    kind::Kind,
};

/// The fields in which a Deployment's pod template differs from that of its newest revision with ready pods, where
/// what is wrong is wrong with the pods of the newest revision alone.
pub fn since_healthy(world: &World, deployment: &Value, finding: &Finding) -> Vec<Change> {
    if finding.object.kind != Kind::Deployment.info().name {
        return Vec::new();
    }
    let Some(workload) = world.workloads.get(&finding.object) else { return Vec::new() };
    let revisions = rollout::revisions(world.inventory, workload);
    let Some((newest, older)) = revisions.split_first() else { return Vec::new() };
    let is_of_newest = |name: &str| name.starts_with(&format!("{}-", object::name(&newest.metadata)));
    let Some(healthy) = older.iter().find(|set| ready_pods(set) > 0) else { return Vec::new() };
    if ready_pods(newest) > 0 || !finding.affected.iter().all(|pod| is_of_newest(&pod.name)) {
        return Vec::new();
    }
    let now = deployment.pointer("/spec/template").cloned().unwrap_or_default();
    let mut changes = since(healthy, &now);
    for change in &mut changes {
        let made = field::newest_manager(deployment, &field::parse(&change.field));
        let rolled_out = newest.metadata.creation_timestamp.as_ref().map(object::time);
        (change.by, change.at) = made.map_or((None, rolled_out), |(by, at)| (Some(by), Some(at)));
    }
    changes
}

/// The fields in which a pod template differs from that of a ReplicaSet.
pub fn since(set: &ReplicaSet, template: &Value) -> Vec<Change> {
    let before = serde_json::to_value(&set.spec).unwrap_or_default();
    let mut before = before.get("template").cloned().unwrap_or_default();
    without_hash(&mut before);
    let mut changes = Vec::new();
    compare("spec.template", &before, template, &mut changes);
    changes
}

fn ready_pods(set: &ReplicaSet) -> i32 {
    set.status.as_ref().and_then(|status| status.ready_replicas).unwrap_or(0)
}

// The Deployment's controller adds it to each ReplicaSet's template.
fn without_hash(template: &mut Value) {
    if let Some(labels) = template.pointer_mut("/metadata/labels").and_then(Value::as_object_mut) {
        labels.remove("pod-template-hash");
    }
}

// Objects field by field, lists of named items item by item; any other list is one value.
fn compare(path: &str, before: &Value, now: &Value, changes: &mut Vec<Change>) {
    match (before, now) {
        _ if before == now => {}
        (Value::Object(before), Value::Object(now)) => {
            for key in before.keys().chain(now.keys()).collect::<BTreeSet<_>>() {
                let of = |map: &Map<String, Value>| map.get(key).cloned().unwrap_or_default();
                compare(&below(path, key), &of(before), &of(now), changes);
            }
        }
        (Value::Array(_), Value::Array(_)) => match (by_name(before), by_name(now)) {
            (Some(before), Some(now)) => {
                for name in before.keys().chain(now.keys()).collect::<BTreeSet<_>>() {
                    let of = |map: &Map<String, Value>| map.get(name).cloned().unwrap_or_default();
                    compare(&format!("{path}[name={name}]"), &of(&before), &of(&now), changes);
                }
            }
            _ => changes.push(change(path, before, now)),
        },
        _ => changes.push(change(path, before, now)),
    }
}

// A key with dots, as those of annotations, can't be told from a path.
fn below(path: &str, key: &str) -> String {
    if key.contains(['.', '/']) { format!("{path}[{key}]") } else { format!("{path}.{key}") }
}

fn by_name(list: &Value) -> Option<Map<String, Value>> {
    let named = |item: &Value| Some((item.get("name")?.as_str()?.to_owned(), item.clone()));
    list.as_array()?.iter().map(named).collect()
}

fn change(path: &str, before: &Value, now: &Value) -> Change {
    let value = |value: &Value| Some(field::show(value)).filter(|_| !value.is_null());
    Change { field: path.to_owned(), from: value(before), to: value(now), by: None, at: None }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn templates_are_compared_field_by_field_and_containers_by_their_names() {
        let before = json!({
            "metadata": {"annotations": {"example.com/v": "1"}},
            "spec": {"containers": [
                {"name": "web", "image": "web:1", "args": ["a"], "env": [{"name": "PORT", "value": "80"}]},
                {"name": "log", "image": "log:1"},
            ]},
        });
        let now = json!({
            "metadata": {"annotations": {"example.com/v": "2"}},
            "spec": {"containers": [
                {"name": "log", "image": "log:1"},
                {"name": "web", "image": "web:2", "args": ["a", "b"], "env": [{"name": "PORT", "value": "80"}, {"name": "HOST", "value": "x"}]},
            ]},
        });
        let mut changes = Vec::new();
        compare("spec.template", &before, &now, &mut changes);
        let told: Vec<_> = changes
            .iter()
            .map(|change| (change.field.as_str(), change.from.as_deref(), change.to.as_deref()))
            .collect();
        assert_eq!(
            told,
            [
                ("spec.template.metadata.annotations[example.com/v]", Some("1"), Some("2")),
                ("spec.template.spec.containers[name=web].args", Some(r#"["a"]"#), Some(r#"["a","b"]"#)),
                (
                    "spec.template.spec.containers[name=web].env[name=HOST]",
                    None,
                    Some(r#"{"name":"HOST","value":"x"}"#)
                ),
                ("spec.template.spec.containers[name=web].image", Some("web:1"), Some("web:2")),
            ]
        );
    }
}
