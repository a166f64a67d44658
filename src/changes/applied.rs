//! What was last applied with `kubectl apply`, where the live object differs from it
//! (<https://kubernetes.io/docs/tasks/manage-kubernetes-objects/declarative-config/#how-apply-calculates-differences-and-merges-changes>).

use serde_json::Value;

use super::{
    compare::{Difference, compare_set},
    path::{Path, Step, take},
};
use crate::{inventory::LAST_APPLIED, kind::Kind};

/// The manager as which `kubectl apply` writes: what it writes is what was applied.
pub const APPLIER: &str = "kubectl-client-side-apply";

/// The fields at a path and beneath it that were applied otherwise than they are now.
pub fn differences(kind: Kind, object: &Value, path: &Path) -> Vec<Difference> {
    let Some(applied) = last_applied(kind, object) else { return Vec::new() };
    let there = follow_like(&applied, object, path);
    there
        .map(|there| compare_set(&path.by_names(object), there, path.follow(object).unwrap_or(&Value::Null)))
        .unwrap_or_default()
}

// As the API server understood it: a field that it does not know never was in the object.
fn last_applied(kind: Kind, object: &Value) -> Option<Value> {
    let annotation = object.get("metadata")?.get("annotations")?.get(LAST_APPLIED)?.as_str()?;
    kind.as_understood(serde_json::from_str(annotation).ok()?)
}

// The place of an item says nothing in another list, unless the two are of one length.
fn follow_like<'v>(applied: &'v Value, live: &Value, path: &Path) -> Option<&'v Value> {
    let mut at = Some(live);
    path.by_names(live).0.iter().try_fold(applied, |applied, step| {
        let length = |value: &Value| value.as_array().map(Vec::len);
        let is_like = !matches!(step, Step::Index(_)) || at.and_then(length) == length(applied);
        at = at.and_then(|value| take(value, step));
        take(applied, step).filter(|_| is_like)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(kind: Kind, applied: &Value, live: Value, path: &str) -> Vec<(String, Value, Value)> {
        let mut object = live;
        object["metadata"]["annotations"] = json!({LAST_APPLIED: applied.to_string()});
        let found = differences(kind, &object, &Path::parse(path));
        found.into_iter().map(|it| (it.path.to_string(), it.from, it.to)).collect()
    }

    #[test]
    fn the_field_at_fault_is_compared_and_no_other() {
        let applied = json!({"spec": {"selector": {"app": "web"}, "type": "ClusterIP"}});
        let live = json!({"spec": {"selector": {"app": "wbe"}, "type": "NodePort"}});
        let expected = vec![("spec.selector.app".to_owned(), json!("web"), json!("wbe"))];
        assert_eq!(told(Kind::Service, &applied, live, "spec.selector"), expected);
    }

    #[test]
    fn a_field_that_the_api_server_does_not_know_was_never_there() {
        let container = |more: Value| {
            let mut container = json!({"name": "web", "image": "web:1"});
            container.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            json!({"spec": {"template": {"spec": {"containers": [container]}}}})
        };
        let path = "spec.template.spec.containers[name=web]";
        let live = container(json!({}));
        assert_eq!(told(Kind::Deployment, &container(json!({"redinessProbe": {}})), live.clone(), path), []);
        let known = told(Kind::Deployment, &container(json!({"tty": true})), live, path);
        assert_eq!(known, [(format!("{path}.tty"), json!(true), json!(null))]);
    }

    #[test]
    fn items_are_held_against_those_of_their_name_and_not_of_their_place() {
        let port = |name: &str, target: i32| json!({"name": name, "port": 80, "targetPort": target});
        let applied = json!({"spec": {"ports": [port("http", 8080), port("admin", 9090)]}});
        let live = json!({"spec": {"ports": [port("admin", 9090), port("http", 8081)]}});
        let expected = vec![("spec.ports[name=http].targetPort".to_owned(), json!(8080), json!(8081))];
        assert_eq!(told(Kind::Service, &applied, live, "spec.ports[1].targetPort"), expected);
        let nameless = |ports: Value| json!({"spec": {"ports": ports}});
        let live = nameless(json!([{"port": 80, "targetPort": 1}, {"port": 81, "targetPort": 2}]));
        let applied = nameless(json!([{"port": 81, "targetPort": 2}]));
        assert_eq!(told(Kind::Service, &applied, live, "spec.ports[0].targetPort"), []);
    }
}
