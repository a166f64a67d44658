//! A setting that a program misses, and who holds one of that name.

use k8s_openapi::api::core::v1::{ConfigMap, Container, Pod, Secret};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use crate::{
    document::Nearest,
    facts::{
        container::patch,
        nearest::{Candidate, nearest, nearest_name},
        object,
        workload::Workload,
    },
    inventory::Inventory,
    rule::Told,
};

/// A setting that a program misses, as a rule sees it.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct SettingFacts {
    /// Whether the container sets a variable of this name, to an empty text or to what the program does not take.
    pub is_set: bool,
    /// A variable of the container whose name is near; empty where none is.
    pub near_variable: String,
    /// The keys of ConfigMaps and Secrets of the namespace that are called so or much the same: `ConfigMap shop-config`.
    pub holders: Vec<Nearest>,
    /// The best of them as kubectl takes it: `configmap/shop-config`; empty where there is none.
    pub from: String,
    /// Its key.
    pub key: String,
    /// Its kind and name: `ConfigMap shop-config`.
    pub holder: String,
    /// A strategic merge patch of the workload that takes it from there; empty where there is none.
    pub patch: String,
}

/// The facts of the setting that a line names. What ConfigMaps and Secrets hold was not read, but for the keys.
pub fn facts(
    inventory: &Inventory,
    workload: &Workload,
    pod: &Pod,
    container: &Container,
    told: &Told,
) -> SettingFacts {
    let name = told.get("name");
    if told.of != super::MISSING_SETTING || name.is_empty() {
        return SettingFacts::default();
    }
    let variables: Vec<&str> = container.env.iter().flatten().map(|variable| variable.name.as_str()).collect();
    let mut holders = keys(inventory, object::namespace(&pod.metadata));
    holders.retain(|holder| is_meant(name, &holder.key));
    // What the workload uses already is meant before what is there for others.
    holders.sort_by_key(|holder| (holder.key != name, !uses(workload, holder), holder.text()));
    let best = holders.first();
    SettingFacts {
        is_set: variables.contains(&name),
        near_variable: nearest_name(name, &variables).unwrap_or_default(),
        from: best.map(|best| format!("{}/{}", best.kind.to_lowercase(), best.name)).unwrap_or_default(),
        key: best.map(|best| best.key.clone()).unwrap_or_default(),
        holder: best.map(Holder::text).unwrap_or_default(),
        patch: best.map(|best| best.patch(workload, container, name)).unwrap_or_default(),
        holders: holders
            .iter()
            .take(3)
            .map(|holder| Nearest { value: holder.text(), why: format!("holds key {}", holder.key) })
            .collect(),
    }
}

struct Holder {
    kind: &'static str,
    name: String,
    key: String,
}

impl Holder {
    fn text(&self) -> String {
        format!("{} {}", self.kind, self.name)
    }

    fn patch(&self, workload: &Workload, container: &Container, variable: &str) -> String {
        let reference = if self.kind == "ConfigMap" { "configMapKeyRef" } else { "secretKeyRef" };
        let from = json!({reference: {"name": self.name, "key": self.key}});
        let path = workload.container_path(&container.name, false);
        patch(&path, &container.name, json!({"env": [{"name": variable, "valueFrom": from}]}))
    }
}

fn keys(inventory: &Inventory, namespace: &str) -> Vec<Holder> {
    let mut found = Vec::new();
    let mut add = |kind, name: &str, keys: Vec<&String>| {
        found.extend(keys.into_iter().map(|key| Holder { kind, name: name.to_owned(), key: key.clone() }));
    };
    for map in inventory.seen::<ConfigMap>(namespace) {
        add("ConfigMap", object::name(&map.metadata), map.data.iter().flatten().map(|(key, _)| key).collect());
    }
    for secret in inventory.seen::<Secret>(namespace) {
        add("Secret", object::name(&secret.metadata), secret.data.iter().flatten().map(|(key, _)| key).collect());
    }
    found
}

// `database-url` and `databaseUrl` are DATABASE_URL; what is merely alike is taken only where it differs by little.
fn is_meant(name: &str, key: &str) -> bool {
    let plain = |text: &str| text.replace(['-', '_', '.'], "").to_ascii_lowercase();
    plain(name) == plain(key)
        || nearest(name, [Candidate::named(key)])
            .iter()
            .any(|near| near.why.ends_with("differs") || near.why.ends_with("swapped"))
}

fn uses(workload: &Workload, holder: &Holder) -> bool {
    let references = crate::facts::reference::References::of_workload(workload);
    references
        .is_some_and(|all| all.wanted().any(|(kind, name, _)| kind.info().name == holder.kind && name == holder.name))
}
