//! Whether a ConfigMap or Secret was changed after the containers started that took their settings from it: what is
//! given through the environment or a subPath stays as it was at the start
//! (<https://kubernetes.io/docs/concepts/configuration/configmap/#mounted-configmaps-are-updated-automatically>).

use std::collections::BTreeSet;

use jiff::Timestamp;
use k8s_openapi::{
    api::core::v1::{ConfigMap, Container, PodSpec, Secret},
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};

use super::settings::settings;
use crate::{
    facts::{container, probe, workload::Workload},
    inventory::{self, Inventory},
    kind::Kind,
};

/// A change that running containers know nothing of.
#[derive(Debug, Default)]
pub struct Changed {
    /// When it was made.
    pub at: String,
    /// By which manager.
    pub by: String,
    /// The containers that have started before.
    pub containers: Vec<String>,
}

/// The newest change of an object that containers of the workload have started before.
pub fn of(inventory: &Inventory, workload: &Workload, kind: Kind, name: &str) -> Changed {
    let namespace = &workload.object.namespace;
    let metadata = match kind {
        Kind::ConfigMap => inventory.get::<ConfigMap>(namespace, name).present().map(|map| &map.metadata),
        Kind::Secret => inventory.get::<Secret>(namespace, name).present().map(|secret| &secret.metadata),
        _ => None,
    };
    let Some(metadata) = metadata else { return Changed::default() };
    let mut changed = Changed::default();
    let mut newest = Timestamp::MIN;
    for pod in &workload.pods {
        let Some(spec) = pod.spec.as_ref() else { continue };
        for (container, init) in container::containers(pod) {
            let Some(keys) = keys_at_start(spec, container, kind, name) else { continue };
            // Clocks differ: no container has started before its pod was made.
            let made = pod.metadata.creation_timestamp.as_ref();
            let started = probe::started_at(container::status(pod, &container.name, init));
            let started = started.map(|started| made.map_or(started.0, |made| made.0.max(started.0)));
            let Some((at, by)) =
                last_change(metadata, &keys).filter(|(at, _)| started.is_some_and(|started| started < *at))
            else {
                continue;
            };
            if at > newest {
                (newest, changed.at, changed.by) = (at, at.to_string(), by);
            }
            if !changed.containers.contains(&container.name) {
                changed.containers.push(container.name.clone());
            }
        }
    }
    changed
}

// The keys that a container was given at its start and not since, all of them where the set is empty; nothing where it
// was given none.
fn keys_at_start(spec: &PodSpec, container: &Container, kind: Kind, name: &str) -> Option<BTreeSet<String>> {
    let at_start = settings(spec, container).into_iter().filter(|setting| setting.at_start);
    let keys: Vec<_> = at_start.filter(|it| it.kind == kind && it.name == name).map(|it| it.key.to_owned()).collect();
    if keys.iter().any(String::is_empty) {
        return Some(BTreeSet::new());
    }
    (!keys.is_empty()).then(|| keys.into_iter().collect())
}

// Of each manager is known which keys it wrote, and when it last changed anything.
fn last_change(metadata: &ObjectMeta, keys: &BTreeSet<String>) -> Option<(Timestamp, String)> {
    let entries = metadata.managed_fields.iter().flatten();
    let wrote = |fields: &serde_json::Value| {
        ["f:data", "f:binaryData"]
            .iter()
            .filter_map(|part| fields.get(part)?.as_object())
            .any(|written| keys.is_empty() || keys.iter().any(|key| written.contains_key(&format!("f:{key}"))))
    };
    let changes = entries.filter(|entry| inventory::fields_of(entry).is_some_and(|fields| wrote(&fields)));
    changes.filter_map(|entry| Some((entry.time.as_ref()?.0, entry.manager.clone().unwrap_or_default()))).max()
}
