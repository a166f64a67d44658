//! Who last wrote a field, by `metadata.managedFields`
//! (<https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management>).
//!
//! A manager's entry says which fields it was the last to change, and when it last changed any of them: of one of
//! several fields, it was then at the latest. Whoever made the object has an entry as well, with a later time as soon
//! as it changes anything; so that what stands in it is no change, unless something else shows that it is.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::path::{Path, Step, take};

/// Who wrote a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    /// The manager: `kubectl-edit`.
    pub by: String,
    /// When, or when at the latest; some writes have no time.
    pub at: Option<Timestamp>,
    /// Whether it was exactly then.
    pub exact: bool,
    /// Whether the field is known to have been changed since the object was made.
    pub is_change: bool,
}

/// The managers of one object.
#[derive(Debug)]
pub struct Managers<'a> {
    created: Timestamp,
    object: &'a Value,
    entries: Vec<Entry<'a>>,
}

#[derive(Debug)]
struct Entry<'a> {
    manager: &'a str,
    is_apply: bool,
    subresource: &'a str,
    at: Option<Timestamp>,
    fields: &'a Map<String, Value>,
    // The fields that it wrote, each by its path.
    leaves: Vec<Path>,
}

impl<'a> Managers<'a> {
    /// Those of an object; nothing where it doesn't say when it was made.
    pub fn of(object: &'a Value) -> Option<Self> {
        let metadata = object.get("metadata")?;
        let created = time(metadata.get("creationTimestamp")?)?;
        let entries = metadata.get("managedFields").and_then(Value::as_array);
        Some(Self {
            created,
            object,
            entries: entries.into_iter().flatten().filter_map(|entry| Entry::of(entry, object)).collect(),
        })
    }

    /// Who wrote what stands at a path, where that is one manager.
    pub fn writer(&self, path: &Path) -> Option<Write> {
        // What is not there was taken away by somebody who left no trace.
        path.follow(self.object)?;
        let depth = |entry: &Entry| owned(entry.fields, self.object, &path.0);
        // Who wrote the field itself knows more of it than who wrote what was an empty map then.
        let deepest = self.entries.iter().filter_map(depth).max()?;
        let owners = || self.entries.iter().filter(|entry| depth(entry) == Some(deepest));
        // Whoever changes a field by an update takes it from all others; whoever applies the same value shares it.
        let entry = owners().find(|entry| !entry.is_apply).or_else(|| {
            let mut applied = owners();
            applied.next().filter(|_| applied.next().is_none())
        })?;
        Some(self.write(entry, path))
    }

    /// The fields at, beneath or above a path that somebody is known to have changed since the object was made.
    pub fn changed(&self, path: &Path) -> Vec<(Path, Write)> {
        let mut found = Vec::new();
        for entry in &self.entries {
            for field in entry.leaves.iter().filter(|field| field.meets(path)) {
                let write = self.write(entry, field);
                if write.is_change && self.writer(field).as_ref() == Some(&write) {
                    found.push((field.clone(), write));
                }
            }
        }
        found
    }

    /// The last time that a manager wrote anything since the object was made, who wrote what stands at a path as well:
    /// it may have been that.
    pub fn last_write_of(&self, path: &Path) -> Option<Write> {
        let writers = self.entries.iter().filter(|entry| entry.subresource.is_empty() && entry.is_of_a_person());
        let writers = writers.filter(|entry| entry.leaves.iter().any(|field| field.meets(path)));
        let (at, entry) = writers.filter_map(|entry| Some((self.later(entry)?, entry))).max_by_key(|(at, _)| *at)?;
        Some(Write { by: entry.manager.to_owned(), at: Some(at), exact: true, is_change: true })
    }

    fn write(&self, entry: &Entry, path: &Path) -> Write {
        let alone = || entry.leaves.iter().all(|field| field.meets(path));
        Write {
            by: entry.manager.to_owned(),
            at: entry.at,
            exact: entry.at.is_some() && alone(),
            is_change: self.is_of_a_change(entry),
        }
    }

    fn later(&self, entry: &Entry) -> Option<Timestamp> {
        entry.at.filter(|at| at.as_second() > self.created.as_second() + 1)
    }

    // What is in an entry was changed where its manager is not the one that made the object.
    fn is_of_a_change(&self, entry: &Entry) -> bool {
        if entry.subresource == "scale" {
            return true;
        }
        let made_by_another = || self.entries.iter().any(|other| self.later(other).is_none() && other.made_it());
        self.later(entry).is_some() && (entry.only_changes() || made_by_another())
    }
}

impl<'a> Entry<'a> {
    fn of(entry: &'a Value, object: &Value) -> Option<Self> {
        let fields = entry.get("fieldsV1")?.as_object()?;
        let mut leaves = Vec::new();
        add_leaves(fields, object, &Path::default(), &mut leaves);
        let word = |key: &str| entry.get(key).and_then(Value::as_str);
        Some(Self {
            manager: word("manager")?,
            is_apply: word("operation") == Some("Apply"),
            subresource: word("subresource").unwrap_or_default(),
            at: entry.get("time").and_then(time),
            fields,
            leaves,
        })
    }

    // Controllers of Kubernetes itself fill in objects that others make.
    fn is_of_a_person(&self) -> bool {
        !self.manager.starts_with("kube-")
    }

    fn made_it(&self) -> bool {
        self.is_of_a_person()
            && self.subresource.is_empty()
            && self.at.is_some()
            && self.fields.keys().any(|key| key != "f:metadata" && key != "f:status")
    }

    // Commands of kubectl that can't make an object.
    fn only_changes(&self) -> bool {
        const CHANGES: [&str; 6] =
            ["kubectl-edit", "kubectl-patch", "kubectl-set", "kubectl-label", "kubectl-annotate", "kubectl-rollout"];
        CHANGES.contains(&self.manager)
    }
}

fn time(value: &Value) -> Option<Timestamp> {
    value.as_str()?.parse().ok()
}

// FieldsV1: `f:name` for a field, `k:{…}` for an item by its keys, `v:…` for one by its value, `.` for the thing itself;
// an empty set owns all below it.
// How many steps of a path a set of fields knows, where it owns what the path leads to.
fn owned(set: &Map<String, Value>, object: &Value, path: &[Step]) -> Option<usize> {
    let Some((step, rest)) = path.split_first() else { return Some(0) };
    let next = take(object, step);
    let is_it = |key: &str| match (key.strip_prefix("f:"), step) {
        (Some(field), Step::Field(name)) => field == name,
        (Some(field), Step::Index(index)) => object.is_object() && field == index.to_string(),
        (Some(_), Step::Named(_)) | (None, Step::Field(_)) => false,
        (None, _) => next.is_some_and(|item| is_key_of(key, item)),
    };
    let below = set.iter().find(|(key, _)| is_it(key))?.1.as_object()?;
    let further = match next {
        _ if below.is_empty() => Some(0),
        Some(next) => owned(below, next, rest),
        None => None,
    };
    further.map(|steps| steps + 1)
}

fn add_leaves(set: &Map<String, Value>, value: &Value, at: &Path, leaves: &mut Vec<Path>) {
    if set.is_empty() || set.contains_key(".") {
        leaves.push(at.clone());
        return;
    }
    for (key, below) in set {
        let step = match key.strip_prefix("f:") {
            Some(field) => Some(Step::Field(field.to_owned())),
            None => place_of(key, value),
        };
        if let (Some(step), Some(below)) = (step, below.as_object())
            && let Some(next) = take(value, &step)
        {
            add_leaves(below, next, &at.then(step), leaves);
        }
    }
}

fn place_of(key: &str, list: &Value) -> Option<Step> {
    let (index, item) = list.as_array()?.iter().enumerate().find(|(_, item)| is_key_of(key, item))?;
    let name = item.get("name").and_then(Value::as_str);
    Some(name.map_or(Step::Index(index), |name| Step::Named(name.to_owned())))
}

fn is_key_of(key: &str, item: &Value) -> bool {
    if let Some(value) = key.strip_prefix("v:") {
        return serde_json::from_str::<Value>(value).is_ok_and(|value| value == *item);
    }
    let parsed = key.strip_prefix("k:").and_then(|json| serde_json::from_str::<Value>(json).ok());
    let keys = parsed.as_ref().and_then(Value::as_object);
    keys.is_some_and(|keys| keys.iter().all(|(name, value)| item.get(name) == Some(value)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    // Made at 0:00 by kubectl apply; what a later entry owns was changed after.
    fn service(later: Vec<Value>) -> Value {
        let port = json!({".": {}, "f:port": {}, "f:targetPort": {}});
        let mut entries = vec![json!({
            "manager": "kubectl-client-side-apply", "operation": "Update", "time": "2026-01-01T00:00:00Z",
            "fieldsV1": {"f:spec": {"f:selector": {}, "f:type": {}, "f:ports": {r#"k:{"port":80,"protocol":"TCP"}"#: port}}},
        })];
        entries.extend(later);
        json!({
            "metadata": {
                "creationTimestamp": "2026-01-01T00:00:00Z", "managedFields": entries,
                "annotations": {"example.com/owner": "ops"}, "finalizers": ["example.com/hold"],
            },
            "spec": {"selector": {"app": "web"}, "ports": [{"port": 80, "protocol": "TCP", "targetPort": 8080}]},
        })
    }

    fn entry(manager: &str, minute: u8, fields: Value) -> Value {
        let time = format!("2026-01-01T00:{minute:02}:00Z");
        json!({"manager": manager, "operation": "Update", "time": time, "fieldsV1": fields})
    }

    // Only what later entries own and the first gave up.
    fn changed(mut object: Value, path: &str) -> Vec<(String, String, Option<String>, bool)> {
        let spec = object.pointer_mut("/metadata/managedFields/0/fieldsV1/f:spec").unwrap();
        spec.as_object_mut().unwrap().remove("f:selector");
        let managers = Managers::of(&object).unwrap();
        let told = managers.changed(&Path::parse(path)).into_iter();
        told.map(|(path, write)| (path.to_string(), write.by, write.at.map(|at| at.to_string()), write.exact)).collect()
    }

    fn told(field: &str, by: &str, minute: u8, exact: bool) -> Vec<(String, String, Option<String>, bool)> {
        vec![(field.to_owned(), by.to_owned(), Some(format!("2026-01-01T00:{minute:02}:00Z")), exact)]
    }

    #[test]
    fn a_manager_of_one_field_changed_it_when_it_last_wrote() {
        let object = service(vec![entry("kubectl-edit", 5, json!({"f:spec": {"f:selector": {}}}))]);
        assert_eq!(changed(object, "spec.selector"), told("spec.selector", "kubectl-edit", 5, true));
    }

    #[test]
    fn a_manager_of_more_fields_changed_one_of_them_at_the_latest_when_it_last_wrote() {
        let fields = json!({"f:spec": {"f:selector": {}, "f:sessionAffinity": {}}});
        let mut object = service(vec![entry("kubectl-edit", 5, fields)]);
        object["spec"]["sessionAffinity"] = json!("None");
        assert_eq!(changed(object, "spec.selector"), told("spec.selector", "kubectl-edit", 5, false));
    }

    #[test]
    fn what_was_set_when_the_object_was_made_is_no_change() {
        let object = service(Vec::new());
        assert_eq!(changed(object.clone(), "spec.ports[0].port"), []);
        assert_eq!(Managers::of(&object).unwrap().last_write_of(&Path::parse("spec.ports")), None);
    }

    #[test]
    fn of_a_maker_that_wrote_again_is_not_known_what_it_changed() {
        let mut object = service(Vec::new());
        object["metadata"]["managedFields"][0]["time"] = json!("2026-01-01T00:07:00Z");
        assert_eq!(changed(object.clone(), "spec.ports"), []);
        let write = Managers::of(&object).unwrap().last_write_of(&Path::parse("spec.ports[0].port")).unwrap();
        assert_eq!((write.by.as_str(), write.exact), ("kubectl-client-side-apply", true));
        // An edit remains one.
        let edit = entry("kubectl-edit", 5, json!({"f:spec": {"f:selector": {}}}));
        object["metadata"]["managedFields"].as_array_mut().unwrap().push(edit);
        assert_eq!(changed(object, "spec.selector"), told("spec.selector", "kubectl-edit", 5, true));
    }

    #[test]
    fn a_replaced_field_has_one_writer_and_an_applied_one_may_have_two() {
        let apply = |manager: &str| {
            let mut entry = entry(manager, 5, json!({"f:spec": {"f:selector": {}}}));
            entry["operation"] = json!("Apply");
            entry
        };
        assert_eq!(changed(service(vec![apply("argo"), apply("flux")]), "spec.selector"), []);
        assert_eq!(changed(service(vec![apply("argo")]), "spec.selector"), told("spec.selector", "argo", 5, true));
        let replaced = entry("kubectl-replace", 3, json!({"f:spec": {"f:selector": {}}}));
        let both = service(vec![apply("argo"), replaced]);
        assert_eq!(changed(both, "spec.selector"), told("spec.selector", "kubectl-replace", 3, true));
    }

    #[test]
    fn a_scale_has_a_manager_and_no_time() {
        let scale = json!({"manager": "kubectl", "operation": "Update", "subresource": "scale", "fieldsV1": {"f:spec": {"f:selector": {}}}});
        let expected = vec![("spec.selector".to_owned(), "kubectl".to_owned(), None, false)];
        assert_eq!(changed(service(vec![scale]), "spec.selector"), expected);
    }

    #[test]
    fn who_wrote_a_field_goes_before_who_wrote_the_empty_map_that_holds_it() {
        let set = entry("kubectl-set", 5, json!({"f:spec": {"f:resources": {"f:limits": {".": {}, "f:memory": {}}}}}));
        let mut object = service(vec![set]);
        object["metadata"]["managedFields"][0]["fieldsV1"]["f:spec"]["f:resources"] = json!({});
        object["spec"]["resources"] = json!({"limits": {"memory": "64Mi"}});
        let writer = |path| Managers::of(&object).unwrap().writer(&Path::parse(path)).unwrap().by;
        assert_eq!(writer("spec.resources.limits"), "kubectl-set");
        assert_eq!(writer("spec.ports"), "kubectl-client-side-apply");
    }

    #[test]
    fn of_a_field_that_was_taken_away_nobody_is_the_writer() {
        let mut object = service(Vec::new());
        object["metadata"]["managedFields"][0]["fieldsV1"]["f:spec"] = json!({});
        assert_eq!(Managers::of(&object).unwrap().writer(&Path::parse("spec.externalName")), None);
    }

    #[test]
    fn keys_with_dots_and_items_by_value_are_found() {
        let metadata = json!({"f:metadata": {"f:annotations": {"f:example.com/owner": {}}, "f:finalizers": {r#"v:"example.com/hold""#: {}}}});
        let object = service(vec![entry("kubectl-annotate", 5, metadata)]);
        let managers = Managers::of(&object).unwrap();
        for path in ["metadata.annotations[example.com/owner]", "metadata.finalizers[0]"] {
            let (found, write) = managers.changed(&Path::parse(path)).pop().unwrap();
            assert_eq!((found.to_string().as_str(), write.by.as_str()), (path, "kubectl-annotate"));
        }
    }

    #[test]
    fn a_field_below_one_that_is_owned_as_a_whole_is_owned_with_it() {
        let mut object = service(vec![entry("kubectl-edit", 5, json!({"f:spec": {"f:rules": {}}}))]);
        object["spec"]["rules"] = json!([{"host": "a"}]);
        assert_eq!(changed(object, "spec.rules[0].host"), told("spec.rules", "kubectl-edit", 5, true));
    }
}
