//! A PersistentVolumeClaim and the class that is to provide its volume.

use k8s_openapi::api::{
    apps::v1::StatefulSet,
    core::v1::{PersistentVolume, PersistentVolumeClaim},
    storage::v1::StorageClass,
};
use schemars::JsonSchema;
use serde::Serialize;

mod pending;

pub use pending::PendingFacts;

use super::{
    events::{EventFacts, Events},
    nearest::{Candidate, nearest},
    object,
};
use crate::{
    document::{Evidence, Nearest},
    inventory::{Inventory, Known},
};

/// A claim, as a rule sees it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ClaimFacts {
    /// Its name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// `Pending`, `Bound`, `Lost`.
    pub phase: String,
    /// `spec.storageClassName`; empty where it names none.
    pub class: String,
    /// Whether it leaves the class to the cluster's default.
    pub wants_default: bool,
    /// Whether its class, or the default where it wants that, is there.
    pub class_exists: Known<bool>,
    /// `volumeBindingMode` of its class; empty where that is not known.
    pub binding: String,
    /// Whether a PersistentVolume of its class is there and free, so that it needs no StorageClass.
    pub has_volume: Known<bool>,
    /// The classes there are, as words.
    pub classes: String,
    /// The classes that were probably meant, nearest first.
    pub nearest: Vec<Nearest>,
    /// The StatefulSet that makes it from its volumeClaimTemplates; empty where none does.
    pub stateful_set: String,
    /// `spec.volumeName`; empty where it names none.
    pub volume: String,
    /// What it waits for.
    pub pending: PendingFacts,
    /// The controller's newest words.
    pub message: String,
    /// The same as evidence.
    pub evidence: Vec<Evidence>,
}

/// The facts of a claim.
pub fn facts(inventory: &Inventory, events: &Events, claim: &PersistentVolumeClaim) -> ClaimFacts {
    let spec = claim.spec.as_ref();
    let named = spec.and_then(|spec| spec.storage_class_name.as_deref());
    let class = named.unwrap_or_default();
    let classes = inventory.list::<StorageClass>("");
    let of_class = |found: &&StorageClass| {
        if named.is_none() { is_default(found) } else { object::name(&found.metadata) == class }
    };
    let seen: Vec<_> = inventory.seen_anywhere::<StorageClass>().map(|class| object::name(&class.metadata)).collect();
    let uid = claim.metadata.uid.as_deref().unwrap_or_default();
    let newest = events.about(uid).last();
    // The controller looks for volumes first, then for the class; its word is evidence for somebody who may not look.
    let refused = match named {
        // pv_controller.go says so after it looked for a default class.
        None => "no storage class is set".to_owned(),
        Some(_) => format!("storageclass.storage.k8s.io \"{class}\" not found"),
    };
    let is_refused = newest.is_some_and(|event| event.message.contains(&refused));
    ClaimFacts {
        name: object::name(&claim.metadata).to_owned(),
        namespace: object::namespace(&claim.metadata).to_owned(),
        phase: claim.status.as_ref().and_then(|status| status.phase.clone()).unwrap_or_default(),
        class: class.to_owned(),
        wants_default: named.is_none(),
        // An empty name asks for no class at all: a volume that somebody made.
        class_exists: if named == Some("") {
            Known::Known(true)
        } else {
            match &classes {
                Known::Unknown(_) if is_refused => Known::Known(false),
                classes => classes.as_ref().map(|classes| classes.iter().any(of_class)),
            }
        },
        binding: inventory
            .seen_anywhere::<StorageClass>()
            .find(of_class)
            .and_then(|class| class.volume_binding_mode.clone())
            .unwrap_or_default(),
        has_volume: match inventory.list::<PersistentVolume>("") {
            Known::Unknown(_) if is_refused && named.is_some() => Known::Known(false),
            volumes => volumes.map(|volumes| volumes.iter().any(|volume| is_free_of_class(volume, class))),
        },
        nearest: if class.is_empty() {
            Vec::new()
        } else {
            nearest(class, seen.iter().map(|name| Candidate::named(name)))
        },
        classes: match &classes {
            Known::Unknown(_) => "not known".to_owned(),
            Known::Known(_) if seen.is_empty() => "none".to_owned(),
            Known::Known(_) => seen.join(", "),
        },
        stateful_set: stateful_set(inventory, claim),
        volume: spec.and_then(|spec| spec.volume_name.clone()).unwrap_or_default(),
        pending: pending::facts(inventory, events, claim),
        message: newest.map(|event| event.message.to_owned()).unwrap_or_default(),
        evidence: newest.map(EventFacts::evidence).into_iter().collect(),
    }
}

// The StatefulSet that makes a claim from its volumeClaimTemplates: `data-db-0` is made by db of its template data.
fn stateful_set(inventory: &Inventory, claim: &PersistentVolumeClaim) -> String {
    let name = object::name(&claim.metadata);
    let makes = |set: &&StatefulSet| {
        let templates = set.spec.as_ref().and_then(|spec| spec.volume_claim_templates.as_deref()).unwrap_or_default();
        templates.iter().any(|template| {
            let prefix = format!("{}-{}-", object::name(&template.metadata), object::name(&set.metadata));
            name.strip_prefix(&prefix).is_some_and(|ordinal| ordinal.parse::<u32>().is_ok())
        })
    };
    let set = inventory.seen::<StatefulSet>(object::namespace(&claim.metadata)).find(makes);
    set.map(|set| object::name(&set.metadata).to_owned()).unwrap_or_default()
}

// https://kubernetes.io/docs/concepts/storage/storage-classes/#default-storageclass
fn is_default(class: &StorageClass) -> bool {
    let annotations = class.metadata.annotations.as_ref();
    annotations
        .and_then(|annotations| annotations.get("storageclass.kubernetes.io/is-default-class"))
        .is_some_and(|value| value == "true")
}

fn is_free_of_class(volume: &PersistentVolume, class: &str) -> bool {
    let of = volume.spec.as_ref().and_then(|spec| spec.storage_class_name.as_deref()).unwrap_or_default();
    let phase = volume.status.as_ref().and_then(|status| status.phase.as_deref()).unwrap_or_default();
    of == class && phase == "Available"
}
