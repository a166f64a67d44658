//! Whether the user may do what active checks take, asked before anything is made.

use std::{collections::BTreeSet, fmt};

use futures::future::join_all;
use serde_json::{Value, json};

use crate::{
    question::Question,
    source::live::{Live, act::Act},
};

/// A right to do something with pods or Jobs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Right {
    /// `patch`.
    pub verb: &'static str,
    /// `pods/ephemeralcontainers`.
    pub resource: &'static str,
    /// In which namespace.
    pub namespace: String,
}

/// To read what checks print.
const LOG: (&str, &str) = ("get", "pods/log");
/// To see whether they start.
const LOOK: (&str, &str) = ("get", "pods");
/// To enter a pod.
const ENTER: (&str, &str) = ("patch", "pods/ephemeralcontainers");
/// To make a pod.
const CREATE: (&str, &str) = ("create", "pods");
/// To take it away.
const DELETE: (&str, &str) = ("delete", "pods");
/// To make a Job, which takes the pod along where this program is killed.
const CREATE_JOB: (&str, &str) = ("create", "jobs");
/// To take it away.
const DELETE_JOB: (&str, &str) = ("delete", "jobs");

/// What the user may not do.
#[derive(Debug, Clone, Default)]
pub struct Rights {
    missing: Vec<Right>,
}

impl Rights {
    /// All that are missing.
    pub fn missing(&self) -> &[Right] {
        &self.missing
    }

    /// The right that is missing to enter a pod.
    pub fn to_enter(&self, namespace: &str) -> Option<&Right> {
        self.first(namespace, &[ENTER, LOG])
    }

    /// The right that is missing to make a pod, and to take it away.
    pub fn to_make(&self, namespace: &str) -> Option<&Right> {
        self.first(namespace, &[CREATE, DELETE, LOG])
    }

    /// The right that is missing to make a Job, and to take it away.
    pub fn to_make_job(&self, namespace: &str) -> Option<&Right> {
        self.first(namespace, &[CREATE_JOB, DELETE_JOB])
    }

    fn first(&self, namespace: &str, needed: &[(&str, &str)]) -> Option<&Right> {
        self.missing.iter().find(|right| right.namespace == namespace && needed.contains(&(right.verb, right.resource)))
    }
}

impl Right {
    fn group(&self) -> &'static str {
        if self.resource == "jobs" { "batch" } else { "" }
    }
}

impl fmt::Display for Right {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { verb, resource, namespace } = self;
        let group = self.group();
        write!(
            f,
            "may not {verb} {resource} in namespace {namespace}: a Role grants it with {{apiGroups: [\"{group}\"], resources: [{resource}], verbs: [{verb}]}}"
        )
    }
}

/// Asks for all rights at once. What can't be asked is taken for granted: the server will say so where it is not.
pub async fn rights(live: &Live, question: &Question) -> Rights {
    let client = question.client.iter().map(|client| &client.namespace);
    let namespaces: BTreeSet<&String> = question.namespace.iter().chain(client).collect();
    let needed = [LOG, LOOK, ENTER, CREATE, DELETE, CREATE_JOB, DELETE_JOB];
    let all = namespaces.iter().flat_map(|namespace| {
        needed.iter().map(move |(verb, resource)| Right { verb, resource, namespace: (*namespace).clone() })
    });
    let asked = all.map(|right| async move {
        let (resource, part) = right.resource.split_once('/').unwrap_or((right.resource, ""));
        let attributes = json!({"namespace": right.namespace, "verb": right.verb, "group": right.group(),
            "resource": resource, "subresource": part});
        let answer = live.act(&Act::review(attributes)).await.ok()?;
        let allowed = answer.pointer("/status/allowed").and_then(Value::as_bool).unwrap_or(true);
        (!allowed).then_some(right)
    });
    Rights { missing: join_all(asked).await.into_iter().flatten().collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_right_that_is_missing_is_named_with_the_rule_that_grants_it() {
        let right = Right { verb: "patch", resource: "pods/ephemeralcontainers", namespace: "shop".to_owned() };
        assert_eq!(
            right.to_string(),
            "may not patch pods/ephemeralcontainers in namespace shop: a Role grants it with {apiGroups: [\"\"], resources: [pods/ephemeralcontainers], verbs: [patch]}"
        );
    }

    #[test]
    fn who_may_not_delete_makes_nothing() {
        let missing = vec![Right { verb: "delete", resource: "pods", namespace: "shop".to_owned() }];
        let rights = Rights { missing };
        assert!(rights.to_make("shop").is_some());
        assert!(rights.to_make("other").is_none());
        assert!(rights.to_enter("shop").is_none());
    }
}
