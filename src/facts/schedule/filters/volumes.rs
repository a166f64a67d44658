//! Volumes that only some nodes can use: by their node affinity, or by the zone that they are labelled with.

use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim, Pod};

use super::labels::{describe, selects};
use crate::{
    facts::{
        object,
        schedule::{
            cluster::Place,
            obstacle::{Filter, Obstacle},
        },
    },
    graph::claims_of,
    inventory::{Inventory, Lookup},
};

// https://kubernetes.io/docs/reference/labels-annotations-taints/#topologykubernetesiozone
const ZONES: [&str; 4] = [
    "topology.kubernetes.io/zone",
    "topology.kubernetes.io/region",
    "failure-domain.beta.kubernetes.io/zone",
    "failure-domain.beta.kubernetes.io/region",
];

/// The volumes that a pod's claims are bound to, as far as they were looked at.
pub struct Volumes<'a>(Vec<(String, &'a PersistentVolume)>);

impl<'a> Volumes<'a> {
    /// Those of a pod.
    pub fn of(inventory: &'a Inventory, pod: &Pod) -> Self {
        let namespace = object::namespace(&pod.metadata);
        let bound = |name: String| {
            let Lookup::Present(claim) = inventory.get::<PersistentVolumeClaim>(namespace, &name) else { return None };
            let volume = claim.spec.as_ref()?.volume_name.as_deref()?;
            let Lookup::Present(volume) = inventory.get::<PersistentVolume>("", volume) else { return None };
            Some((name, volume))
        };
        Self(claims_of(pod).into_iter().filter_map(bound).collect())
    }

    /// The first of them that can't be used on a node.
    pub fn elsewhere(&self, place: &Place) -> Option<Obstacle> {
        self.0.iter().find_map(|(claim, volume)| {
            let whereabouts = home_unless(volume, place)?;
            let name = object::name(&volume.metadata);
            let what = format!("volume {name} of claim {claim}");
            Some(Obstacle::new(Filter::Volume, what, format!("volume {name} is elsewhere")).by(whereabouts))
        })
    }
}

// Where a volume is, if that is not here.
fn home_unless(volume: &PersistentVolume, place: &Place) -> Option<String> {
    let affinity = volume.spec.as_ref().and_then(|spec| spec.node_affinity.as_ref());
    if let Some(required) = affinity.and_then(|affinity| affinity.required.as_ref())
        && !selects(required, place)
    {
        return Some(describe(required));
    }
    // A node without any of these labels is in no zone, and nothing is held against it.
    if !ZONES.iter().any(|key| place.label(key).is_some()) {
        return None;
    }
    let labels = volume.metadata.labels.as_ref()?;
    ZONES.iter().find_map(|key| {
        let zones = labels.get(*key)?;
        let is_here = zones.split("__").any(|zone| place.label(key) == Some(zone));
        (!is_here).then(|| format!("{key} {}", zones.replace("__", ", ")))
    })
}
