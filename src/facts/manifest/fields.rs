//! Fields that a kind does not have, and which were meant.

use std::sync::LazyLock;

use serde_json::{Map, Value};

use crate::{
    changes::path::{Path, Step},
    kind::Kind,
};

static FIELDS: LazyLock<Vec<&str>> =
    LazyLock::new(|| include_str!("fields.txt").lines().filter(|line| !line.starts_with('#')).collect());

/// A field that a kind does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misspelt {
    /// Where it stands.
    pub path: Path,
    /// Its name as it was written.
    pub name: String,
    /// The field that was meant.
    pub meant: String,
}

/// The fields of an object that its kind does not have, and beside which one stands that it has. Others may be of a later
/// version of Kubernetes than is known here.
pub fn misspelt(kind: Kind, written: &Value) -> Vec<Misspelt> {
    // Of what is installed apart only the fields are known that a rule reads.
    if kind.is_installed_apart() {
        return Vec::new();
    }
    let Some(understood) = kind.as_understood(written.clone()) else { return Vec::new() };
    let mut unknown = Vec::new();
    not_understood(&Path::default(), written, &understood, &mut unknown);
    unknown.into_iter().filter_map(|path| meant(kind, written, path)).collect()
}

fn not_understood(at: &Path, written: &Value, understood: &Value, unknown: &mut Vec<Path>) {
    match (written, understood) {
        (Value::Object(written), Value::Object(understood)) => {
            for (key, value) in written.iter().filter(|(_, value)| !value.is_null()) {
                let path = at.then(Step::Field(key.clone()));
                match understood.get(key) {
                    Some(understood) => not_understood(&path, value, understood, unknown),
                    None => unknown.push(path),
                }
            }
        }
        (Value::Array(written), Value::Array(understood)) => {
            for (index, (item, understood)) in written.iter().zip(understood).enumerate() {
                not_understood(&at.then(Step::Index(index)), item, understood, unknown);
            }
        }
        _ => {}
    }
}

// The one whose name is near, and of which the kind makes something in that place.
fn meant(kind: Kind, written: &Value, path: Path) -> Option<Misspelt> {
    let (Step::Field(name), within) = path.0.split_last()? else { return None };
    let mut near: Vec<(usize, &str)> = FIELDS.iter().filter_map(|field| Some((slip(name, field)?, *field))).collect();
    near.sort_unstable();
    let meant = near.into_iter().find(|(_, field)| fits(kind, written, within, name, field))?.1.to_owned();
    Some(Misspelt { name: name.clone(), path, meant })
}

/// By how many letters two names differ, where that may be a slip: short names are near many others.
pub(super) fn slip(name: &str, field: &str) -> Option<usize> {
    let most = match field.len() {
        ..=3 => 0,
        4..=5 => 1,
        _ => 2,
    };
    let distance = strsim::osa_distance(&name.to_lowercase(), &field.to_lowercase());
    (distance <= most && name != field).then_some(distance)
}

fn fits(kind: Kind, written: &Value, within: &[Step], name: &str, field: &str) -> bool {
    let mut renamed = written.clone();
    let Some(parent) = map_at(&mut renamed, within) else { return false };
    // Where both stand, neither is meant by the other.
    if parent.contains_key(field) {
        return false;
    }
    let Some(value) = parent.remove(name) else { return false };
    parent.insert(field.to_owned(), value);
    kind.as_understood(renamed)
        .is_some_and(|mut understood| map_at(&mut understood, within).is_some_and(|parent| parent.contains_key(field)))
}

fn map_at<'v>(value: &'v mut Value, path: &[Step]) -> Option<&'v mut Map<String, Value>> {
    let step = |value: &'v mut Value, step: &Step| match step {
        Step::Field(key) => value.get_mut(key),
        Step::Index(index) => value.get_mut(index),
        Step::Named(_) => None,
    };
    path.iter().try_fold(value, step)?.as_object_mut()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(written: Value) -> Vec<String> {
        let found = misspelt(Kind::Deployment, &written);
        found.iter().map(|it| format!("{}: {}", it.path, it.meant)).collect()
    }

    fn deployment(spec: Value) -> Value {
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec})
    }

    #[test]
    fn what_is_near_a_field_of_that_place_was_meant() {
        let found = told(deployment(json!({"replcas": 2, "template": {"metdata": {"labels": {"a": "b"}}, "spec": {
            "contaners": [{"name": "app"}],
            "initContainers": [{"name": "init", "Image": "web:1", "env": [{"name": "A", "valueForm": {"fieldRef": {"fieldPath": "x"}}}]}],
        }}})));
        assert_eq!(
            found,
            [
                "spec.replcas: replicas",
                "spec.template.metdata: metadata",
                "spec.template.spec.contaners: containers",
                "spec.template.spec.initContainers[0].Image: image",
                "spec.template.spec.initContainers[0].env[0].valueForm: valueFrom",
            ]
        );
        assert_eq!(told(json!({"metadate": {"name": "web"}, "spec": {}})), ["metadate: metadata"]);
    }

    #[test]
    fn what_only_a_later_version_knows_is_not_misspelt() {
        // Nothing is near, the near one is of another place, it stands there already, its value is of another type.
        for spec in [
            json!({"surgeBudget": 2}),
            json!({"portz": [1]}),
            json!({"replicas": 1, "replica": 2}),
            json!({"replcas": {"of": "web"}}),
            json!({"template": {"metadata": {"labels": {"replcas": "x"}, "annotations": {"spec": "y"}}}}),
        ] {
            assert_eq!(told(deployment(spec.clone())), [""; 0], "{spec}");
        }
    }

    #[test]
    fn what_is_empty_is_understood() {
        let spec = json!({"strategy": {}, "paused": null, "template": {"spec": {"containers": [], "volumes": [{"name": "tmp", "emptyDir": {}}]}}});
        assert_eq!(told(deployment(spec)), [""; 0]);
    }

    #[test]
    fn every_kind_has_the_fields_that_its_objects_begin_with() {
        for field in ["apiVersion", "kind", "metadata", "spec"] {
            assert!(FIELDS.contains(&field), "{field}");
        }
    }
}
