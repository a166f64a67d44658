//! In which fields two values differ.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::path::{Path, Step};
use crate::{document::Change, facts::quantity};

/// A field in which they differ; null where it is not set.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// Its path.
    pub path: Path,
    /// The value before.
    pub from: Value,
    /// The value now.
    pub to: Value,
}

impl Difference {
    /// The same as a change of which nobody knows who made it, or when.
    pub fn change(&self) -> Change {
        let value = |value: &Value| (!value.is_null()).then(|| show(value));
        Change {
            object: None,
            field: self.path.to_string(),
            from: value(&self.from),
            to: value(&self.to),
            by: None,
            at: None,
            exact: false,
        }
    }
}

/// Objects field by field, lists of named items item by item; any other list is one value.
pub fn compare(path: &Path, before: &Value, now: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    walk(path, before, now, false, &mut found);
    found
}

/// The same, but of what the first value sets alone: the API server adds defaults to what was applied.
pub fn compare_set(path: &Path, applied: &Value, live: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    walk(path, applied, live, true, &mut found);
    found
}

fn walk(path: &Path, before: &Value, now: &Value, set_only: bool, found: &mut Vec<Difference>) {
    let pairs = |before: &Map<String, Value>, now: &Map<String, Value>| -> Vec<(String, Value, Value)> {
        let others = now.keys().filter(|_| !set_only);
        let keys: BTreeSet<_> = before.keys().chain(others).cloned().collect();
        let of = |map: &Map<String, Value>, key: &str| map.get(key).cloned().unwrap_or_default();
        keys.into_iter().map(|key| (of(before, &key), of(now, &key), key)).map(|(a, b, key)| (key, a, b)).collect()
    };
    match (before, now) {
        _ if before == now => {}
        _ if set_only && is_in(path, before, now) => {}
        (Value::Object(before), Value::Object(now)) => {
            for (key, before, now) in pairs(before, now) {
                walk(&path.then(Step::Field(key)), &before, &now, set_only, found);
            }
        }
        (Value::Array(_), Value::Array(_)) => match (by_name(before), by_name(now)) {
            (Some(before), Some(now)) => {
                for (name, before, now) in pairs(&before, &now) {
                    walk(&path.then(Step::Named(name)), &before, &now, set_only, found);
                }
            }
            _ => found.push(Difference { path: path.clone(), from: before.clone(), to: now.clone() }),
        },
        _ => found.push(Difference { path: path.clone(), from: before.clone(), to: now.clone() }),
    }
}

fn by_name(list: &Value) -> Option<Map<String, Value>> {
    let named = |item: &Value| Some((item.get("name")?.as_str()?.to_owned(), item.clone()));
    list.as_array()?.iter().map(named).collect()
}

// Whether what was applied stands as it was: the API server adds defaults to it, and writes numbers as text and
// quantities its own way.
fn is_in(path: &Path, applied: &Value, live: &Value) -> bool {
    match (applied, live) {
        (Value::Object(applied), Value::Object(live)) => applied.iter().all(|(key, value)| {
            is_in(&path.then(Step::Field(key.clone())), value, live.get(key).unwrap_or(&Value::Null))
        }),
        (Value::Array(applied), Value::Array(live)) => {
            // Admission adds tolerations and mounts to those of a pod.
            let may_grow = applied.iter().all(Value::is_object) && applied.len() < live.len();
            (may_grow || applied.len() == live.len())
                && applied.iter().zip(live).all(|(applied, live)| is_in(path, applied, live))
        }
        (Value::Object(applied), Value::Null) => applied.is_empty(),
        (Value::Array(applied), Value::Null) => applied.is_empty(),
        (Value::String(applied), Value::Null) => applied.is_empty(),
        (Value::Null, _) => true,
        _ => show(applied) == show(live) || (holds_quantities(path) && is_same_quantity(applied, live)),
    }
}

fn holds_quantities(path: &Path) -> bool {
    const HOLDERS: [&str; 9] =
        ["resources", "hard", "limits", "requests", "sizeLimit", "divisor", "averageValue", "max", "min"];
    path.0.iter().any(|step| matches!(step, Step::Field(name) if HOLDERS.contains(&name.as_str())))
}

fn is_same_quantity(one: &Value, other: &Value) -> bool {
    let amount = |value: &Value| quantity::parse(&show(value));
    amount(one).zip(amount(other)).is_some_and(|(one, other)| (one - other).abs() <= f64::EPSILON * one.abs())
}

/// A value as words: a text without its quotes.
pub fn show(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(found: &[Difference]) -> Vec<(String, String, String)> {
        found.iter().map(|it| (it.path.to_string(), show(&it.from), show(&it.to))).collect()
    }

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
        let found = told(&compare(&Path::parse("spec.template"), &before, &now));
        let found: Vec<_> = found.iter().map(|(path, from, to)| (path.as_str(), from.as_str(), to.as_str())).collect();
        assert_eq!(
            found,
            [
                ("spec.template.metadata.annotations[example.com/v]", "1", "2"),
                ("spec.template.spec.containers[name=web].args", r#"["a"]"#, r#"["a","b"]"#),
                ("spec.template.spec.containers[name=web].env[name=HOST]", "null", r#"{"name":"HOST","value":"x"}"#),
                ("spec.template.spec.containers[name=web].image", "web:1", "web:2"),
            ]
        );
    }

    #[test]
    fn what_the_api_server_makes_of_what_was_applied_is_no_difference() {
        let applied = json!({
            "image": "web:1", "ports": [{"containerPort": 80}], "env": [], "cpu": 2, "args": null,
            "resources": {"limits": {"cpu": "0.5", "memory": "1024Mi"}},
        });
        let live = json!({
            "image": "web:1", "ports": [{"containerPort": 80, "protocol": "TCP"}], "cpu": "2", "stdin": false,
            "resources": {"limits": {"cpu": "500m", "memory": "1Gi"}},
        });
        assert_eq!(compare_set(&Path::default(), &applied, &live), []);
    }

    #[test]
    fn what_differs_from_what_was_applied_is_told_with_both_values() {
        let live = json!({"image": "web:1", "ports": [{"containerPort": 80}], "resources": {"limits": {"cpu": "1"}}});
        for (applied, path, from, to) in [
            (json!({"image": "web:2"}), "image", "web:2", "web:1"),
            (json!({"command": ["web"]}), "command", r#"["web"]"#, "null"),
            (
                json!({"ports": [{"containerPort": 81}]}),
                "ports",
                r#"[{"containerPort":81}]"#,
                r#"[{"containerPort":80}]"#,
            ),
            (json!({"resources": {"limits": {"cpu": "2"}}}), "resources.limits.cpu", "2", "1"),
        ] {
            let expected = vec![(path.to_owned(), from.to_owned(), to.to_owned())];
            assert_eq!(told(&compare_set(&Path::default(), &applied, &live)), expected);
        }
    }
}
