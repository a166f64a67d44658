//! What a pod template refers to by name: ConfigMaps, Secrets, claims, ServiceAccounts.

mod changed;
mod places;
mod said;
mod settings;

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

pub use places::References;
pub use settings::read_by;

use super::{
    events::Events,
    nearest::{Candidate, nearest},
    workload::Workload,
};
use crate::{
    document::{Evidence, Nearest},
    inventory::{Inventory, Known, Lookup},
    kind::Kind,
};
use changed::Changed;
use places::{PULL_SECRETS, Place, Wanted};
use said::Said;

/// One object, or one key of it, that a workload's pods can't do without.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ReferenceFacts {
    /// `ConfigMap`, `Secret`, `PersistentVolumeClaim`, `ServiceAccount`.
    pub kind: String,
    /// The object's name.
    pub name: String,
    /// The key; empty where the object as a whole is meant.
    pub key: String,
    /// Whether it is named only as a pull secret, without which the kubelet tries all the same.
    pub pull_secret: bool,
    /// Each place that names it, as words.
    pub places: String,
    /// The path of the first of them in the workload.
    pub field: String,
    /// Whether the object is there: by its own look-up, else by a component's words.
    pub exists: Known<bool>,
    /// Whether the object has the key; true where no key is meant.
    pub has_key: Known<bool>,
    /// The keys that the object has, as words: `its keys are PORT, HOST`; empty where that is not known.
    pub keys: String,
    /// Objects or keys that were probably meant, nearest first.
    pub nearest: Vec<Nearest>,
    /// The nearest; empty where none is near.
    pub better: String,
    /// The namespaces that have an object of this kind and name, as words: `namespace shop has one`; empty
    /// where none has, or where more than three have.
    pub elsewhere: String,
    /// Whether a pod can't start or can't be made for want of it. Otherwise its pods run, until they restart.
    pub blocks: bool,
    /// A JSON patch of the workload that names the nearest instead.
    pub patch: String,
    /// When it was changed after containers started that know it only as it was then: through their environment or a
    /// subPath; empty where it was not, and where the object was not looked at.
    pub changed_at: String,
    /// Who changed it.
    pub changed_by: String,
    /// Those containers, as words.
    pub changed_for: String,
    /// A component's words about it.
    pub evidence: Vec<Evidence>,
}

impl References {
    /// The facts of each.
    pub fn facts(&self, inventory: &Inventory, events: &Events, workload: &Workload) -> Vec<ReferenceFacts> {
        let said = Said::of(inventory, events, workload);
        let one = |(wanted, places): (&Wanted, &Vec<Place>)| {
            one(inventory, &said, workload, wanted, &self.keys_of(wanted.0, &wanted.1), places)
        };
        self.0.iter().map(one).collect()
    }
}

fn one(
    inventory: &Inventory,
    said: &Said,
    workload: &Workload,
    (kind, name, key): &Wanted,
    wanted_keys: &BTreeSet<&str>,
    places: &[Place],
) -> ReferenceFacts {
    let namespace = &workload.object.namespace;
    let words = said.about(*kind, name, key);
    let exists = match inventory.exists(*kind, namespace, name) {
        // The kubelet's own words are evidence, for somebody who may not look: what lacks a key is there.
        Lookup::Unknown(_) if !words.is_empty() => Known::Known(!key.is_empty()),
        found => found.exists(),
    };
    let keys = keys_of(inventory, *kind, namespace, name);
    let has_key = match &keys {
        _ if key.is_empty() => Known::Known(true),
        Known::Unknown(_) if !words.is_empty() => Known::Known(false),
        Known::Unknown(why) => Known::Unknown(why.clone()),
        Known::Known(keys) => Known::Known(keys.contains(key)),
    };
    // What is there needs no other that was meant.
    let is_lacking = exists.as_ref().known() != Some(&true) || has_key.as_ref().known() != Some(&true);
    let names = if is_lacking { inventory.known_names(*kind) } else { BTreeSet::new() };
    let nearest = if !is_lacking {
        Vec::new()
    } else if key.is_empty() {
        let here = names.iter().filter(|(other, _)| other == namespace);
        let holds = |other: &str| {
            let keys = keys_of(inventory, *kind, namespace, other).known().unwrap_or_default();
            !wanted_keys.is_empty() && wanted_keys.iter().all(|wanted| keys.iter().any(|key| key == wanted))
        };
        nearest(
            name,
            here.map(|(_, other)| {
                let holds = holds(other);
                let keys = wanted_keys.iter().copied().collect::<Vec<_>>().join(", ");
                Candidate { name: other, holds, note: if holds { format!("has key {keys}") } else { String::new() } }
            }),
        )
    } else {
        let keys = keys.as_ref().known().cloned().unwrap_or_default();
        nearest_key(key, &keys)
    };
    let changed = if key.is_empty() { changed::of(inventory, workload, *kind, name) } else { Changed::default() };
    let better = nearest.first().map(|nearest| nearest.value.clone()).unwrap_or_default();
    let first = places.first();
    let pull_secret = places.iter().all(|place| place.text.starts_with(PULL_SECRETS));
    let at = |place: &Place| if key.is_empty() { place.name_at.clone() } else { place.key_at.clone() };
    ReferenceFacts {
        kind: kind.to_string(),
        name: name.clone(),
        key: key.clone(),
        pull_secret,
        places: join_unique(places),
        field: first.map(&at).filter(|at| !at.is_empty()).map(|at| field_path(workload, &at)).unwrap_or_default(),
        elsewhere: elsewhere(names.iter().filter(|(other, found)| found == name && other != namespace)),
        blocks: if pull_secret { said.refused } else { said.blocks },
        patch: patch(workload, places.iter().map(at), if key.is_empty() { name } else { key }, &better),
        keys: keys.known().map(|keys| words_for(&keys)).unwrap_or_default(),
        evidence: words,
        changed_at: changed.at,
        changed_by: changed.by,
        changed_for: changed.containers.join(", "),
        exists,
        has_key,
        nearest,
        better,
    }
}

fn words_for(keys: &[String]) -> String {
    match keys {
        [] => "it has no keys".to_owned(),
        [only] => format!("its only key is {only}"),
        keys => format!("its keys are {}", keys.join(", ")),
    }
}

fn elsewhere<'a>(found: impl Iterator<Item = &'a (String, String)>) -> String {
    let namespaces: Vec<_> = found.map(|(namespace, _)| namespace.as_str()).collect();
    match namespaces.as_slice() {
        [] | [_, _, _, _, ..] => String::new(),
        [one] => format!("namespace {one} has one of that name"),
        some => format!("namespaces {} have one of that name", some.join(", ")),
    }
}

// The only key there is was probably meant, even where it is written quite differently.
fn nearest_key(wanted: &str, keys: &[String]) -> Vec<Nearest> {
    let found = nearest(wanted, keys.iter().map(|key| Candidate::named(key)));
    match keys {
        [only] if found.is_empty() => vec![Nearest { value: only.clone(), why: "the only key there is".to_owned() }],
        _ => found,
    }
}

fn keys_of(inventory: &Inventory, kind: Kind, namespace: &str, name: &str) -> Known<Vec<String>> {
    let found = match kind {
        Kind::ConfigMap => match inventory.get::<ConfigMap>(namespace, name) {
            Lookup::Present(map) => {
                let text = map.data.iter().flatten().map(|(key, _)| key.clone());
                let binary = map.binary_data.iter().flatten().map(|(key, _)| key.clone());
                Lookup::Present(text.chain(binary).collect())
            }
            Lookup::Absent => Lookup::Absent,
            Lookup::Unknown(why) => Lookup::Unknown(why),
        },
        Kind::Secret => match inventory.get::<Secret>(namespace, name) {
            Lookup::Present(secret) => {
                Lookup::Present(secret.data.iter().flatten().map(|(key, _)| key.clone()).collect())
            }
            Lookup::Absent => Lookup::Absent,
            Lookup::Unknown(why) => Lookup::Unknown(why),
        },
        _ => Lookup::Present(Vec::new()),
    };
    match found {
        Lookup::Present(keys) => Known::Known(keys),
        // Where the object is absent its keys are no subject: the missing object is.
        Lookup::Absent => Known::Unknown(format!("{}: {name} is not there", kind.info().plural)),
        Lookup::Unknown(why) => match inventory.outline(kind, namespace, name) {
            Some(outline) if !outline.keys.is_empty() => Known::Known(outline.keys.iter().cloned().collect()),
            _ => Known::Unknown(why),
        },
    }
}

fn join_unique(places: &[Place]) -> String {
    let mut texts: Vec<&str> = Vec::new();
    for place in places {
        if !texts.contains(&place.text.as_str()) {
            texts.push(&place.text);
        }
    }
    texts.join(", ")
}

fn field_path(workload: &Workload, pointer: &str) -> String {
    let mut path = workload.spec_path.to_owned();
    for part in pointer.split('/').filter(|part| !part.is_empty()) {
        match part.parse::<usize>() {
            Ok(index) => path.push_str(&format!("[{index}]")),
            Err(_) => {
                path.push('.');
                path.push_str(part);
            }
        }
    }
    path
}

// Each replacement is guarded by a test of the old value, so that the patch can't hit another place.
fn patch(workload: &Workload, pointers: impl Iterator<Item = String>, old: &str, new: &str) -> String {
    let pointers: Vec<_> = pointers.filter(|pointer| !pointer.is_empty()).collect();
    if new.is_empty() || pointers.is_empty() {
        return String::new();
    }
    let root = format!("/{}", workload.spec_path.replace('.', "/"));
    let steps: Vec<_> = pointers
        .into_iter()
        .flat_map(|pointer| {
            let path = format!("{root}{pointer}");
            [json!({"op": "test", "path": path, "value": old}), json!({"op": "replace", "path": path, "value": new})]
        })
        .collect();
    serde_json::Value::from(steps).to_string()
}
