//! What Pod Security forbids, in the words of its checks
//! (<https://github.com/kubernetes/kubernetes/tree/master/staging/src/k8s.io/pod-security-admission/policy>).

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use super::{in_spec, list_of, part};
use crate::{document::Evidence, facts::workload::Workload};

/// What Pod Security forbids.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct SecurityFacts {
    /// The level that the namespace enforces: `baseline`, `restricted`; empty where that is not the reason.
    pub level: String,
    /// The level's version as the namespace pins it: `latest`, `v1.30`.
    pub version: String,
    /// Each check that failed, as `privileged` or `hostPath volumes`.
    pub checks: Vec<String>,
    /// The strictest level that would take these pods: `baseline` or `privileged`.
    pub admits: String,
    /// A strategic merge patch that sets every field as the level wants it; empty where one of them can't be
    /// changed without knowing the program.
    pub patch: String,
}

/// A refusal with each field on a line of its own.
pub fn in_lines(mut evidence: Evidence) -> Evidence {
    if let Some((who, list)) = evidence.text.split_once("violates PodSecurity ")
        && let Some((level, list)) = list.split_once("\": ")
    {
        evidence.text = format!("{who}violates PodSecurity {level}\":\n{}", fields(list).join(",\n"));
    }
    evidence
}

/// What a refusal says of Pod Security.
pub fn facts(workload: &Workload, message: &str) -> SecurityFacts {
    let level = part(message, r#"violates PodSecurity "([a-z]+):[^"]*""#);
    if level.is_empty() {
        return SecurityFacts::default();
    }
    let list = message.split_once("violates PodSecurity ").and_then(|(_, rest)| rest.split_once("\": "));
    let fields = fields(list.map_or("", |(_, list)| list));
    let admits = if fields.iter().all(|field| is_restricted_only(field)) { "baseline" } else { "privileged" };
    SecurityFacts {
        version: part(message, r#"violates PodSecurity "[a-z]+:([^"]*)""#),
        patch: patch(workload, &fields).unwrap_or_default(),
        admits: admits.to_owned(),
        checks: fields.iter().map(|field| check(field).to_owned()).collect(),
        level,
    }
}

// `one (…), two (…)`; the details have commas of their own.
fn fields(list: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut depth = 0;
    for character in list.chars() {
        match character {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 => {
                fields.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(field) = fields.last_mut() {
            field.push(character);
        }
    }
    fields.into_iter().map(|field| field.trim().to_owned()).filter(|field| !field.is_empty()).collect()
}

fn check(field: &str) -> &str {
    field.split(" (").next().unwrap_or_default()
}

// The baseline level lets these pass.
fn is_restricted_only(field: &str) -> bool {
    match check(field) {
        "allowPrivilegeEscalation != false"
        | "unrestricted capabilities"
        | "restricted volume types"
        | "runAsNonRoot != true"
        | "runAsUser=0" => true,
        "seccompProfile" => field.contains(" must set "),
        _ => false,
    }
}

// What a field must be is known where it does not depend on what the program needs.
fn wanted(field: &str) -> Option<Value> {
    match check(field) {
        "privileged" => Some(json!({"privileged": false})),
        "allowPrivilegeEscalation != false" => Some(json!({"allowPrivilegeEscalation": false})),
        "unrestricted capabilities" => Some(json!({"capabilities": {"add": null, "drop": ["ALL"]}})),
        "runAsNonRoot != true" => Some(json!({"runAsNonRoot": true})),
        "seccompProfile" => Some(json!({"seccompProfile": {"type": "RuntimeDefault"}})),
        _ => None,
    }
}

fn patch(workload: &Workload, fields: &[String]) -> Option<String> {
    let mut contexts: BTreeMap<&str, Value> = BTreeMap::new();
    for field in fields {
        let wanted = wanted(field)?;
        let names: Vec<_> = containers(field);
        if names.is_empty() {
            return None;
        }
        for name in names {
            let context = contexts.entry(name).or_insert_with(|| json!({}));
            for (key, value) in wanted.as_object()? {
                context[key] = value.clone();
            }
        }
    }
    let mut spec = json!({});
    for (name, context) in contexts {
        let list = list_of(workload, name)?;
        let change = json!({"name": name, "securityContext": context});
        match spec[list].as_array_mut() {
            Some(list) => list.push(change),
            None => spec[list] = json!([change]),
        }
    }
    Some(in_spec(workload, spec))
}

// `container "web" must`, `containers "web", "side" must`, `pod or containers "web" must`.
fn containers(field: &str) -> Vec<&str> {
    let names = field.split_once("container").and_then(|(_, rest)| rest.split_once(" must"));
    names.map_or_else(Vec::new, |(names, _)| names.split('"').skip(1).step_by(2).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_field_stands_alone() {
        let list = r#"host namespaces (hostNetwork=true, hostPID=true), privileged (containers "a", "b" must not set securityContext.privileged=true), seccompProfile (pod or container "a" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")"#;
        let found = fields(list);
        assert_eq!(found.len(), 3);
        assert_eq!(found[0], "host namespaces (hostNetwork=true, hostPID=true)");
        assert_eq!(containers(&found[1]), ["a", "b"]);
        assert_eq!(containers(&found[2]), ["a"]);
        assert!(is_restricted_only(&found[2]) && !is_restricted_only(&found[1]));
    }
}
