//! A Deployment that is paused, and what waits for it to go on.

use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    changes,
    document::{Change, Evidence},
    facts::{object, rollout::revisions, workload::Workload},
    inventory::{Inventory, Known},
    kind::Kind,
};

/// A rollout that waits for somebody to resume it.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct PausedFacts {
    /// Whether it is paused while something waits.
    pub waiting: bool,
    /// Whether it was paused before it had a ReplicaSet, so that it has no pods at all.
    pub never_began: bool,
    /// How many pods are of the newest template, where it was paused in the middle of a rollout; -1 elsewhere.
    pub updated: i64,
    /// What differs between the template and the pods that run: `spec.template.spec.containers[web].image`.
    pub changes: Vec<String>,
    /// Since when, and the changes with their values.
    pub evidence: Vec<Evidence>,
}

/// Whether a Deployment is paused, and what waits.
pub fn facts(inventory: &Inventory, workload: &Workload) -> Known<PausedFacts> {
    let (namespace, name) = (&workload.object.namespace, &workload.object.name);
    let paused = (workload.object.kind == Kind::Deployment.info().name)
        .then(|| inventory.get::<Deployment>(namespace, name).present())
        .flatten()
        .filter(|deployment| deployment.spec.as_ref().and_then(|spec| spec.paused) == Some(true));
    match paused {
        Some(deployment) if !workload.idle => {
            inventory.list::<ReplicaSet>(namespace).map(|_| waits(inventory, workload, deployment))
        }
        _ => Known::Known(PausedFacts::default()),
    }
}

fn waits(inventory: &Inventory, workload: &Workload, deployment: &Deployment) -> PausedFacts {
    let sets = revisions(inventory, workload);
    let nothing = PausedFacts { updated: -1, ..PausedFacts::default() };
    let since = since(workload, deployment);
    let Some(newest) = sets.first() else {
        return PausedFacts { waiting: true, never_began: true, evidence: since, ..nothing };
    };
    let changes = changes(deployment, newest);
    if !changes.is_empty() {
        let evidence = Evidence {
            source: format!("{} against ReplicaSet/{}", workload.object, object::name(&newest.metadata)),
            text: changes.iter().take(5).map(show).collect::<Vec<_>>().join("\n"),
            at: None,
        };
        return PausedFacts {
            waiting: true,
            changes: changes.into_iter().map(|change| change.field).collect(),
            evidence: since.into_iter().chain([evidence]).collect(),
            ..nothing
        };
    }
    // The Deployment counts the pods of all of its ReplicaSets, and those of the newest.
    let status = deployment.status.clone().unwrap_or_default();
    let updated = status.updated_replicas.unwrap_or(0);
    let is_halfway =
        status.observed_generation >= deployment.metadata.generation && updated < status.replicas.unwrap_or(0);
    PausedFacts { waiting: is_halfway, updated: i64::from(updated), evidence: since, ..nothing }
}

fn since(workload: &Workload, deployment: &Deployment) -> Vec<Evidence> {
    let conditions = deployment.status.as_ref().and_then(|status| status.conditions.as_deref()).unwrap_or_default();
    let paused =
        conditions.iter().find(|it| it.type_ == "Progressing" && it.reason.as_deref() == Some("DeploymentPaused"));
    let evidence = |condition: &k8s_openapi::api::apps::v1::DeploymentCondition| Evidence {
        source: format!("{} status.conditions[Progressing]", workload.object),
        text: format!("DeploymentPaused: {}", condition.message.as_deref().unwrap_or_default()),
        at: condition.last_update_time.as_ref().map(object::time),
    };
    paused.map(evidence).into_iter().collect()
}

fn changes(deployment: &Deployment, set: &ReplicaSet) -> Vec<Change> {
    let template = deployment.spec.as_ref().map(|spec| serde_json::to_value(&spec.template));
    changes::since(set, &template.and_then(Result::ok).unwrap_or_default())
}

fn show(change: &Change) -> String {
    const MOST: usize = 80;
    let value = |value: &Option<String>| {
        value.as_ref().map_or_else(|| "not set".to_owned(), |text| text.chars().take(MOST).collect())
    };
    format!("{}: {} → {}", change.field, value(&change.from), value(&change.to))
}
