//! One field: who changed it, and what was applied to it.

use jiff::Timestamp;
use serde_json::Value;

use crate::document::{Change, Finding};

const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// What the object that a finding is on tells of how the field at fault came to be as it is.
pub fn of(object: &Value, finding: &Finding) -> Option<Change> {
    let field = finding.field.as_deref()?;
    let path = parse(field);
    let live = follow(object, &path);
    let applied = last_applied(object);
    let applied = applied
        .as_ref()
        .and_then(|applied| follow(applied, &path))
        .filter(|applied| !live.is_some_and(|live| is_in(applied, live)));
    let manager = newest_manager(object, &path);
    if applied.is_none() && manager.is_none() {
        return None;
    }
    let (by, at) = manager.unzip();
    Some(Change { field: field.to_owned(), from: applied.map(show), to: live.map(show), by, at })
}

// Whether what was applied stands as it was: the API server adds defaults to it (a volume
// mount of the ServiceAccount's token to a list), and writes numbers as text.
fn is_in(applied: &Value, live: &Value) -> bool {
    match (applied, live) {
        (Value::Object(applied), Value::Object(live)) => {
            applied.iter().all(|(key, value)| is_in(value, live.get(key).unwrap_or(&Value::Null)))
        }
        (Value::Array(applied), Value::Array(live)) => {
            applied.len() <= live.len() && applied.iter().zip(live).all(|(applied, live)| is_in(applied, live))
        }
        (Value::Object(applied), Value::Null) => applied.is_empty(),
        (Value::Array(applied), Value::Null) => applied.is_empty(),
        _ => show(applied) == show(live),
    }
}

pub fn show(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn last_applied(object: &Value) -> Option<Value> {
    let annotation = object.get("metadata")?.get("annotations")?.get(LAST_APPLIED)?.as_str()?;
    serde_json::from_str(annotation).ok()
}

#[derive(Debug, PartialEq)]
pub enum Step {
    Field(String),
    Index(usize),
    Named(String),
}

/// The steps of a path.
// `spec.template.spec.containers[name=web].image`, `spec.ports[0].targetPort`; a label's key may hold dots,
// so it can only be the last step.
pub fn parse(path: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        let end = rest.find(['.', '[']).unwrap_or(rest.len());
        if end > 0 {
            steps.push(Step::Field(rest[..end].to_owned()));
        }
        rest = &rest[end..];
        if let Some(inside) = rest.strip_prefix('[') {
            let close = inside.find(']').unwrap_or(inside.len());
            let key = &inside[..close];
            steps.push(match (key.strip_prefix("name="), key.parse()) {
                (Some(name), _) => Step::Named(name.to_owned()),
                (None, Ok(index)) => Step::Index(index),
                (None, Err(_)) => Step::Field(key.to_owned()),
            });
            rest = inside.get(close + 1..).unwrap_or_default();
        }
        if let Some(after) = rest.strip_prefix('.') {
            let is_key = matches!(steps.last(), Some(Step::Field(last)) if last == "nodeSelector");
            if is_key {
                steps.push(Step::Field(after.to_owned()));
                return steps;
            }
            rest = after;
        }
    }
    steps
}

fn take<'v>(value: &'v Value, step: &Step) -> Option<&'v Value> {
    match step {
        Step::Field(name) => value.get(name),
        Step::Index(index) => value.get(index),
        Step::Named(name) => {
            value.as_array()?.iter().find(|item| item.get("name").and_then(Value::as_str) == Some(name))
        }
    }
}

fn follow<'v>(object: &'v Value, path: &[Step]) -> Option<&'v Value> {
    path.iter().try_fold(object, take)
}

/// The manager that last wrote the field, where that was after the object was made.
pub fn newest_manager(object: &Value, path: &[Step]) -> Option<(String, String)> {
    let metadata = object.get("metadata")?;
    let created: Timestamp = metadata.get("creationTimestamp")?.as_str()?.parse().ok()?;
    let entries = metadata.get("managedFields")?.as_array()?;
    let owners = entries.iter().filter(|entry| entry.get("subresource").is_none()).filter_map(|entry| {
        let at: Timestamp = entry.get("time")?.as_str()?.parse().ok()?;
        owns(entry.get("fieldsV1")?, object, path).then_some((at, entry.get("manager")?.as_str()?))
    });
    let (at, manager) = owners.max()?;
    (at.as_second() > created.as_second() + 1).then(|| (manager.to_owned(), at.to_string()))
}

// FieldsV1 (https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management): `f:name` for
// a field, `k:{…}` for an item by its keys; an empty set owns all below it.
fn owns(fields: &Value, object: &Value, path: &[Step]) -> bool {
    let Some((step, rest)) = path.split_first() else { return true };
    let Some(set) = fields.as_object() else { return false };
    let Some(below) = take(object, step) else { return false };
    let found = match step {
        Step::Field(name) => set.get(&format!("f:{name}")),
        Step::Index(_) | Step::Named(_) => set.iter().find(|(key, _)| is_key_of(key, below)).map(|(_, fields)| fields),
    };
    match found {
        Some(fields) if fields.as_object().is_some_and(serde_json::Map::is_empty) => true,
        Some(fields) => owns(fields, below, rest),
        None => false,
    }
}

fn is_key_of(key: &str, item: &Value) -> bool {
    let parsed = key.strip_prefix("k:").and_then(|json| serde_json::from_str::<Value>(json).ok());
    let keys = parsed.as_ref().and_then(Value::as_object);
    keys.is_some_and(|keys| keys.iter().all(|(name, value)| item.get(name) == Some(value)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn service() -> Value {
        json!({
            "metadata": {
                "creationTimestamp": "2026-01-01T00:00:00Z",
                "annotations": {LAST_APPLIED: r#"{"spec":{"selector":{"app":"web"}}}"#},
                "managedFields": [
                    {"manager": "kubectl-client-side-apply", "time": "2026-01-01T00:00:00Z", "fieldsV1": {"f:spec": {"f:selector": {}, "f:ports": {"k:{\"port\":80,\"protocol\":\"TCP\"}": {".": {}, "f:port": {}}}}}},
                    {"manager": "kubectl-edit", "time": "2026-01-01T01:00:00Z", "fieldsV1": {"f:spec": {"f:selector": {}, "f:ports": {"k:{\"port\":80,\"protocol\":\"TCP\"}": {"f:targetPort": {}}}}}},
                ],
            },
            "spec": {"selector": {"app": "wbe"}, "ports": [{"port": 80, "protocol": "TCP", "targetPort": 8888}]},
        })
    }

    #[test]
    fn the_manager_that_wrote_a_field_last_is_found() {
        for path in ["spec.selector", "spec.ports[0].targetPort"] {
            assert_eq!(
                newest_manager(&service(), &parse(path)),
                Some(("kubectl-edit".to_owned(), "2026-01-01T01:00:00Z".to_owned())),
                "{path}"
            );
        }
    }

    #[test]
    fn what_was_set_when_the_object_was_made_is_no_change() {
        assert_eq!(newest_manager(&service(), &parse("spec.ports[0].port")), None);
    }

    #[test]
    fn what_was_applied_is_read_from_the_annotation() {
        let applied = last_applied(&service()).unwrap();
        assert_eq!(follow(&applied, &parse("spec.selector")), Some(&json!({"app": "web"})));
    }

    #[test]
    fn defaults_are_no_change_of_what_was_applied() {
        let applied = json!({"image": "web:1", "ports": [{"containerPort": 80}], "cpu": 2});
        let live =
            json!({"image": "web:1", "ports": [{"containerPort": 80, "protocol": "TCP"}], "cpu": "2", "stdin": false});
        assert!(is_in(&applied, &live));
        assert!(!is_in(&json!({"image": "web:2"}), &live));
        assert!(!is_in(&json!({"ports": [{"containerPort": 81}]}), &live));
        assert!(!is_in(&json!({"command": ["web"]}), &live));
        assert!(is_in(&json!({"env": []}), &live));
    }

    #[test]
    fn a_label_key_with_dots_is_one_step() {
        assert_eq!(
            parse("spec.nodeSelector.kubernetes.io/arch").last(),
            Some(&Step::Field("kubernetes.io/arch".to_owned()))
        );
    }
}
