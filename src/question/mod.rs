//! What was asked: a target, where, and which objects that is.

mod client;
mod custom;
mod kinds;
mod manifests;
mod not_found;
mod target;

use std::collections::{BTreeMap, BTreeSet};

use kube::core::{Selector, SelectorExt as _};

use crate::{
    facts::{object, workload},
    graph::{Graph, Key, Reach},
    inventory::{Inventory, Lookup, State},
    kind::Kind,
};

pub use client::{CLIENTS, Client};
pub use manifests::Manifests;
pub use not_found::NotFound;
pub use target::{Target, may_be_custom};

/// A target, where it is looked for, and the labels that it must carry.
#[derive(Debug, Clone)]
pub struct Question {
    /// What is asked about.
    pub target: Target,
    /// The namespace; nothing for all of them.
    pub namespace: Option<String>,
    /// `-l`.
    pub selector: Option<Selector>,
    /// `--client`: whose traffic it is about.
    pub client: Option<Client>,
}

/// The objects that a question is about.
#[derive(Debug)]
pub enum Asked {
    /// All that was collected.
    Everything,
    /// These. Where pods were asked for, only they are looked at among the pods of their workload.
    Objects(Vec<Key>, Option<BTreeSet<(String, String)>>),
}

impl Question {
    /// How far it reaches: everything in its namespace, or what these objects depend on and what depends on them.
    pub fn reach(&self, graph: &Graph, asked: &Asked) -> Reach {
        match asked {
            Asked::Everything => Reach::everything(graph, self.namespace.clone()),
            Asked::Objects(keys, pods) => Reach::of(graph, keys, pods.clone()),
        }
    }

    /// What was asked, as the document says it: `service/web`.
    pub fn target_text(&self) -> Option<String> {
        (self.target != Target::Everything).then(|| self.target.text())
    }

    /// The objects that are asked for.
    ///
    /// # Errors
    /// Where the target, or the namespace, is known not to be there.
    pub fn resolve(&self, inventory: &Inventory) -> Result<Asked, NotFound> {
        if let Some(namespace) = &self.namespace
            && inventory.coverage().of_name(Kind::Namespace, "", namespace) == State::Absent
        {
            return Err(not_found::of_namespace(inventory, namespace));
        }
        if let Some(client) = &self.client
            && inventory.exists(client.kind, &client.namespace, &client.name).is_absent()
        {
            let there = Self { namespace: Some(client.namespace.clone()), ..self.clone() };
            return Err(there.object_not_found(inventory, client.kind, &client.name));
        }
        if self.target == Target::Everything && self.selector.is_none() {
            return Ok(Asked::Everything);
        }
        let mut found = Vec::new();
        for target in self.target.each() {
            found.extend(self.keys(inventory, target)?);
        }
        Ok(asked(inventory, found))
    }

    fn keys(&self, inventory: &Inventory, target: &Target) -> Result<Vec<Key>, NotFound> {
        let targets = || Kind::ALL.iter().copied().filter(|kind| kind.info().target);
        match target {
            Target::Everything | Target::Several(_) => Ok(self.matching(inventory, targets())),
            Target::All(kind) => Ok(self.matching(inventory, [*kind])),
            Target::One(kind, name) => self.keys_of_one(inventory, *kind, name),
            Target::Custom(of, name) => self.custom_keys(inventory, of, name.as_deref()),
            Target::Named(name) => {
                let mut found = self.matching(inventory, targets().filter(|kind| kind.info().namespaced));
                found.retain(|key| key.name == *name);
                found.extend(self.known_by_pods(inventory, |key| key.name == *name));
                // What could not be listed may have it.
                if found.is_empty()
                    && !self.kinds(inventory).into_iter().any(|kind| self.unseen(inventory, kind).is_some())
                {
                    return Err(self.name_not_found(inventory, name));
                }
                Ok(found)
            }
        }
    }

    fn keys_of_one(&self, inventory: &Inventory, kind: Kind, name: &str) -> Result<Vec<Key>, NotFound> {
        let namespaces = self.namespaces(inventory, kind);
        let lookup = |namespace: &String| inventory.exists(kind, namespace, name);
        let found: Vec<_> = namespaces
            .iter()
            .filter(|namespace| matches!(lookup(namespace), Lookup::Present(())))
            .map(|namespace| Key::new(kind, namespace, name))
            .collect();
        if !found.is_empty() {
            return Ok(found);
        }
        let unlisted = namespaces.is_empty() && self.unseen(inventory, kind).is_some();
        if !unlisted && !namespaces.iter().any(|namespace| matches!(lookup(namespace), Lookup::Unknown(_))) {
            return Err(self.object_not_found(inventory, kind, name));
        }
        Ok(self.known_by_pods(inventory, |key| key.kind == kind.info().name && key.name == name))
    }

    // Pods name what controls them to somebody who may not look at it.
    fn known_by_pods(&self, inventory: &Inventory, is_it: impl Fn(&Key) -> bool) -> Vec<Key> {
        let pods = inventory.seen_anywhere::<k8s_openapi::api::core::v1::Pod>();
        let roots: BTreeSet<Key> = pods.map(|pod| Key::of(&workload::root_of_pod(inventory, pod))).collect();
        let here = |key: &Key| self.namespace.as_ref().is_none_or(|namespace| *namespace == key.namespace);
        roots.into_iter().filter(|key| here(key) && is_it(key)).collect()
    }

    // Why a kind could not be listed where it is asked for.
    fn unseen(&self, inventory: &Inventory, kind: Kind) -> Option<String> {
        let namespace = self.namespace.as_deref().filter(|_| kind.info().namespaced);
        match inventory.coverage().of_list_in(kind, namespace) {
            State::Failed(why) => Some(why),
            State::Collected | State::Absent => None,
        }
    }

    /// Why nothing of what was asked about could be looked at, in one line; nothing where something was.
    pub fn unanswered(&self, inventory: &Inventory) -> Option<String> {
        let targets = self.target.each();
        let mut blind = targets.iter().map(|target| self.cannot_look_for(inventory, target));
        blind.next().flatten().filter(|_| blind.all(|why| why.is_some()))
    }

    /// Why it is not known of something that was asked about whether it is there, in one line.
    pub fn unknown(&self, inventory: &Inventory) -> Option<String> {
        self.target.each().iter().find_map(|target| {
            let part = Self { target: target.clone(), ..self.clone() };
            match part.resolve(inventory) {
                Ok(Asked::Objects(found, _)) if found.is_empty() => self.cannot_look_for(inventory, target),
                _ => None,
            }
        })
    }

    fn cannot_look_for(&self, inventory: &Inventory, target: &Target) -> Option<String> {
        match target {
            Target::All(kind) | Target::One(kind, _) => self.cannot_look(inventory, &[*kind]),
            Target::Custom(of, _) => self.unseen_custom(inventory, of),
            // A name may be that of something which could not be listed.
            Target::Named(name) => self.kinds(inventory).into_iter().find_map(|kind| {
                let why = self.cannot_look(inventory, &[kind])?;
                Some(format!("{}; {why}", self.name_not_seen(inventory, name).line))
            }),
            Target::Everything | Target::Several(_) => {
                self.cannot_look(inventory, &Vec::from_iter(self.kinds(inventory)))
            }
        }
    }

    // Where none of these kinds was listed: why the first was not.
    fn cannot_look(&self, inventory: &Inventory, kinds: &[Kind]) -> Option<String> {
        let whys: Option<Vec<_>> = kinds.iter().map(|kind| Some((kind, self.unseen(inventory, *kind)?))).collect();
        let (kind, why) = whys?.into_iter().next()?;
        let hint = if self.namespace.is_none() && kind.info().namespaced && why.starts_with("forbidden") {
            "; name a namespace that you may look at with -n"
        } else {
            ""
        };
        Some(format!("cannot look at {}: {why}{hint}", kind.info().plural))
    }

    fn namespaces(&self, inventory: &Inventory, kind: Kind) -> Vec<String> {
        match &self.namespace {
            _ if !kind.info().namespaced => vec![String::new()],
            Some(namespace) => vec![namespace.clone()],
            None => inventory
                .known_names(kind)
                .into_iter()
                .map(|(namespace, _)| namespace)
                .collect::<BTreeSet<_>>()
                .into_iter()
                .collect(),
        }
    }

    fn matching(&self, inventory: &Inventory, kinds: impl IntoIterator<Item = Kind>) -> Vec<Key> {
        let mut keys = Vec::new();
        for kind in kinds {
            for (namespace, name) in inventory.known_names(kind) {
                let here = !kind.info().namespaced || self.namespace.as_ref().is_none_or(|wanted| *wanted == namespace);
                if here && self.selects(inventory, kind, &namespace, &name) {
                    keys.push(Key::new(kind, &namespace, &name));
                }
            }
        }
        keys
    }

    fn selects(&self, inventory: &Inventory, kind: Kind, namespace: &str, name: &str) -> bool {
        let Some(selector) = &self.selector else { return true };
        let Some(object) = inventory.json(kind, namespace, name) else { return false };
        let labels = object
            .pointer("/metadata/labels")
            .and_then(|labels| serde_json::from_value::<BTreeMap<String, String>>(labels.clone()).ok());
        selector.matches(&labels.unwrap_or_default())
    }
}

// Pods and parts of a workload stand for it.
fn asked(inventory: &Inventory, found: Vec<Key>) -> Asked {
    let mut keys = Vec::new();
    let mut pods = BTreeSet::new();
    let mut only_pods = true;
    for key in found {
        if key.kind == "Pod"
            && let Lookup::Present(pod) = inventory.get::<k8s_openapi::api::core::v1::Pod>(&key.namespace, &key.name)
        {
            pods.insert((key.namespace.clone(), key.name.clone()));
            keys.push(Key::of(&workload::root_of_pod(inventory, pod)));
            continue;
        }
        only_pods = false;
        keys.extend(above(inventory, &key));
        keys.push(key);
    }
    Asked::Objects(keys, only_pods.then_some(pods))
}

fn above(inventory: &Inventory, key: &Key) -> Option<Key> {
    use k8s_openapi::api::{apps::v1::ReplicaSet, batch::v1::Job};
    let metadata = match key.kind.as_str() {
        "ReplicaSet" => &inventory.get::<ReplicaSet>(&key.namespace, &key.name).present()?.metadata,
        "Job" => &inventory.get::<Job>(&key.namespace, &key.name).present()?.metadata,
        _ => return None,
    };
    Some(Key::of(&object::owner_ref(object::controller(metadata)?, &key.namespace)))
}
