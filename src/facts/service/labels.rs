//! Labels that come near a selector which matches nothing.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Service;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use super::{is_ready, text};
use crate::facts::{
    nearest::{self, Candidate, nearest_name},
    object,
    workload::{Workload, Workloads},
};

/// Pods whose labels come near a selector.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct NearestLabels {
    /// `Deployment/web`.
    pub owner: String,
    /// Those of the owner's labels that should be selected, as YAML lines.
    pub labels: String,
    /// Why these: `3 ready pods of Deployment/web carry it`.
    pub why: String,
    /// A merge patch of the Service that selects them.
    pub patch: String,
}

/// The workload that a Service which selects nothing was probably meant for.
pub fn nearest_workload<'w, 'a>(
    workloads: &'w Workloads<'a>,
    service: &Service,
    selector: &BTreeMap<String, String>,
) -> Option<&'w Workload<'a>> {
    Some(fitting(workloads, service, selector)?.1)
}

// Of the workloads of the namespace, the one whose labels need the smallest change of the selector, and the selector
// that they need: each label must be carried as it is, or by a near value or a near key.
fn fitting<'w, 'a>(
    workloads: &'w Workloads<'a>,
    service: &Service,
    selector: &BTreeMap<String, String>,
) -> Option<(BTreeMap<String, String>, &'w Workload<'a>)> {
    let candidates = workloads
        .in_namespace(object::namespace(&service.metadata))
        .filter(|workload| workload.replicas != Some(0) && !workload.idle);
    type Rank = (usize, usize, bool);
    let mut best: Option<(Rank, BTreeMap<String, String>, &Workload)> = None;
    for workload in candidates {
        let Some(labels) = workload.labels else { continue };
        let Some((changes, wanted)) = adapt(selector, labels) else { continue };
        let named = nearest_name(object::name(&service.metadata), [&workload.object.name]).is_some()
            || workload.object.name == object::name(&service.metadata);
        // Fewer labels changed, then fewer letters, then a workload that is named as the Service is.
        let rank = (changes, strsim::osa_distance(&text(selector), &text(&wanted)), !named);
        if best.as_ref().is_none_or(|(best, _, _)| rank < *best) {
            best = Some((rank, wanted, workload));
        }
    }
    best.map(|(_, wanted, workload)| (wanted, workload))
}

/// The labels of that workload.
pub fn nearest(workloads: &Workloads, service: &Service, selector: &BTreeMap<String, String>) -> Option<NearestLabels> {
    let (wanted, workload) = fitting(workloads, service, selector)?;
    let ready = workload.pods.iter().filter(|pod| is_ready(pod)).count();
    let plural = if workload.pods.len() == 1 { "pod" } else { "pods" };
    let carry = if workload.pods.len() == 1 { "carries" } else { "carry" };
    let why = if ready == workload.pods.len() {
        format!("{ready} ready {plural} of {} {carry} it", workload.object)
    } else {
        format!("{} {plural} of {} {carry} it, {ready} ready", workload.pods.len(), workload.object)
    };
    let mut patched: serde_json::Map<String, Value> =
        wanted.iter().map(|(key, value)| (key.clone(), json!(value))).collect();
    for key in selector.keys().filter(|key| !wanted.contains_key(*key)) {
        patched.insert(key.clone(), Value::Null);
    }
    Some(NearestLabels {
        owner: workload.object.to_string(),
        labels: yaml_lines(&wanted),
        why,
        patch: json!({"spec": {"selector": patched}}).to_string(),
    })
}

/// Labels as the lines of a YAML mapping.
pub fn yaml_lines(labels: &BTreeMap<String, String>) -> String {
    labels.iter().map(|(key, value)| format!("{key}: {value}")).collect::<Vec<_>>().join("\n")
}

/// The selector with each label that the pods don't carry replaced by the near one that they do, and how
/// many were replaced; nothing where one has none near.
pub fn adapt(
    selector: &BTreeMap<String, String>,
    labels: &BTreeMap<String, String>,
) -> Option<(usize, BTreeMap<String, String>)> {
    let mut wanted = BTreeMap::new();
    let mut changes = 0;
    for (key, value) in selector {
        if labels.get(key) == Some(value) {
            wanted.insert(key.clone(), value.clone());
            continue;
        }
        changes += 1;
        let near_value = labels.get(key).filter(|carried| is_near(value, carried));
        let near_key = labels.iter().find(|(other, carried)| *carried == value && !is_generated(other));
        let (key, value) = match (near_value, near_key) {
            (Some(carried), _) => (key, carried),
            (None, Some((other, carried))) => (other, carried),
            (None, None) => return None,
        };
        wanted.insert(key.clone(), value.clone());
    }
    Some((changes, wanted))
}

fn is_near(wanted: &str, other: &str) -> bool {
    !nearest::nearest(wanted, [Candidate::named(other)]).is_empty()
}

// Labels that a controller sets and no selector should name.
fn is_generated(key: &str) -> bool {
    ["pod-template-hash", "controller-revision-hash", "pod-template-generation"].contains(&key)
}
