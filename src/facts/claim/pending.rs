//! What a claim without a volume waits for.

use k8s_openapi::{
    api::{
        core::v1::{PersistentVolume, PersistentVolumeClaim},
        storage::v1::StorageClass,
    },
    apimachinery::pkg::api::resource::Quantity,
};
use kube::core::SelectorExt as _;
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    facts::{events::Events, object, quantity},
    inventory::{Inventory, Known, Lookup},
    selector,
};

// What a volume takes to be made, mostly; and to be bound, once there is one.
const MAKE: i64 = 60;
const BIND: i64 = 15;

// More volumes are no help to a person.
const MOST: usize = 3;

/// What a claim without a volume waits for.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct PendingFacts {
    /// Whether it waits for longer than that takes, and not for a pod to need it.
    pub overdue: Known<bool>,
    /// The provisioner that was asked for a volume, and has not answered; empty where none was.
    pub provisioner: String,
    /// Why a volume can't be made, in the provisioner's words; empty where it has not said so.
    pub refused: String,
    /// Whether the volume that it names is not there.
    pub volume_missing: Known<bool>,
    /// The claim that has the volume that it names: `shop/data`; empty where none has.
    pub volume_of: String,
    /// Why the free volumes will not do, at most three: `volume disk-1 has 1Gi, and 5Gi is asked for`.
    pub unfit: Known<Vec<String>>,
}

/// The facts of a claim.
pub fn facts(inventory: &Inventory, events: &Events, claim: &PersistentVolumeClaim) -> PendingFacts {
    let uid = claim.metadata.uid.as_deref().unwrap_or_default();
    let newest = events.about(uid).last();
    let said = |reason: &str| newest.filter(|event| event.reason == reason).map(|event| event.message);
    let created = claim.metadata.creation_timestamp.as_ref();
    let age = created.map_or(0, |created| object::seconds_since(inventory.about.now, created));
    // `… external provisioner 'example.com/disk' or manually by the system administrator. …`
    let asked = said("ExternalProvisioning").and_then(|words| words.split('\'').nth(1));
    let patience = if asked.is_some() { MAKE } else { BIND };
    let name = claim.spec.as_ref().and_then(|spec| spec.volume_name.as_deref()).unwrap_or_default();
    let named = inventory.get::<PersistentVolume>("", name);
    PendingFacts {
        overdue: match waits_for_a_pod(inventory, claim, newest.map(|event| event.reason)) {
            _ if age < patience => Known::Known(false),
            waits => waits.map(|waits| !waits),
        },
        provisioner: asked.unwrap_or_default().to_owned(),
        refused: said("ProvisioningFailed").unwrap_or_default().to_owned(),
        volume_missing: match named {
            _ if name.is_empty() => Known::Known(false),
            Lookup::Present(_) => Known::Known(false),
            Lookup::Absent => Known::Known(true),
            Lookup::Unknown(ref why) => Known::Unknown(why.clone()),
        },
        volume_of: named.present().map(|volume| holder(volume, claim)).unwrap_or_default(),
        unfit: inventory.list::<PersistentVolume>("").map(|volumes| {
            let found = volumes.into_iter().filter(|volume| is_free(volume));
            found.filter_map(|volume| unfit(volume, claim)).take(MOST).collect()
        }),
    }
}

// A class with WaitForFirstConsumer makes a volume once a pod that needs it has been given a node. Where neither the
// class is seen nor anything was said of the claim, it may be such a one.
fn waits_for_a_pod(inventory: &Inventory, claim: &PersistentVolumeClaim, said: Option<&str>) -> Known<bool> {
    let class = claim.spec.as_ref().and_then(|spec| spec.storage_class_name.as_deref()).unwrap_or_default();
    let annotations = claim.metadata.annotations.as_ref();
    let has_node =
        annotations.is_some_and(|annotations| annotations.contains_key("volume.kubernetes.io/selected-node"));
    match (said, inventory.get::<StorageClass>("", class)) {
        (Some("WaitForFirstConsumer" | "WaitForPodScheduled"), _) => Known::Known(true),
        (_, Lookup::Present(class)) => {
            Known::Known(class.volume_binding_mode.as_deref() == Some("WaitForFirstConsumer") && !has_node)
        }
        (None, Lookup::Unknown(why)) if !has_node => Known::Unknown(why),
        _ => Known::Known(false),
    }
}

fn is_free(volume: &PersistentVolume) -> bool {
    volume.status.as_ref().and_then(|status| status.phase.as_deref()) == Some("Available")
}

// The other claim that a volume is bound to, or kept for.
fn holder(volume: &PersistentVolume, claim: &PersistentVolumeClaim) -> String {
    let Some(held) = volume.spec.as_ref().and_then(|spec| spec.claim_ref.as_ref()) else { return String::new() };
    let is_this = held.name == claim.metadata.name && held.namespace == claim.metadata.namespace;
    if is_this {
        return String::new();
    }
    format!("{}/{}", held.namespace.as_deref().unwrap_or_default(), held.name.as_deref().unwrap_or_default())
}

// https://kubernetes.io/docs/concepts/storage/persistent-volumes/#binding
fn unfit(volume: &PersistentVolume, claim: &PersistentVolumeClaim) -> Option<String> {
    let (has, wants) = (volume.spec.as_ref()?, claim.spec.as_ref()?);
    let class = |name: &Option<String>| name.clone().unwrap_or_default();
    if class(&has.storage_class_name) != class(&wants.storage_class_name) {
        return None;
    }
    let mut why = Vec::new();
    let storage = |list: Option<&std::collections::BTreeMap<String, Quantity>>| {
        list.and_then(|list| list.get("storage")).map(|amount| amount.0.clone()).unwrap_or_default()
    };
    let (size, asked) = (
        storage(has.capacity.as_ref()),
        storage(wants.resources.as_ref().and_then(|resources| resources.requests.as_ref())),
    );
    if quantity::parse(&size) < quantity::parse(&asked) {
        why.push(format!("has {size}, and {asked} is asked for"));
    }
    let modes = has.access_modes.as_deref().unwrap_or_default();
    let lacking: Vec<&str> =
        wants.access_modes.iter().flatten().filter(|mode| !modes.contains(mode)).map(String::as_str).collect();
    if !lacking.is_empty() {
        why.push(format!("is {}, not {}", modes.join(", "), lacking.join(", ")));
    }
    if has.volume_mode.as_deref().unwrap_or("Filesystem") != wants.volume_mode.as_deref().unwrap_or("Filesystem") {
        why.push(format!("is a {}", has.volume_mode.as_deref().unwrap_or("Filesystem")));
    }
    let selector = wants.selector.as_ref().and_then(selector::of);
    if selector.is_some_and(|selector| !selector.matches(&volume.metadata.labels.clone().unwrap_or_default())) {
        why.push("has not the labels that its selector wants".to_owned());
    }
    let holder = holder(volume, claim);
    if !holder.is_empty() {
        why.push(format!("is kept for {holder}"));
    }
    (!why.is_empty()).then(|| format!("volume {} {}", object::name(&volume.metadata), why.join("; it ")))
}
