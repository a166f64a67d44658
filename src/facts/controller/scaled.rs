//! From how many pods a Deployment was scaled down: a scale to none leaves no field manager, but its controller's words.

use k8s_openapi::{api::core::v1::Event, apimachinery::pkg::apis::meta::v1::Time};

use crate::{
    facts::{object, rollout, workload::Workload},
    inventory::Inventory,
    kind::Kind,
};

/// How many pods it asked for before it was scaled down to what it asks for now, and until when.
pub fn down<'a>(inventory: &'a Inventory, workload: &Workload) -> Option<(i64, &'a Time)> {
    if workload.object.kind != Kind::Deployment.info().name {
        return None;
    }
    let newest = rollout::revisions(inventory, workload).first().map(|set| object::name(&set.metadata))?;
    let events = inventory.seen::<Event>(&workload.object.namespace);
    let of_it = events.filter(|event| event.involved_object.uid.as_ref() == Some(&workload.object.uid));
    let scaled = of_it.filter_map(|event| {
        let (set, from, to) = scaled_down(event.message.as_deref()?)?;
        let is_it = set == newest && Some(to) == workload.replicas.map(i64::from);
        Some((from, event.last_timestamp.as_ref()?)).filter(|_| is_it)
    });
    scaled.max_by_key(|(_, at)| at.0)
}

// pkg/controller/deployment/sync.go; a rollout only ever scales its newest ReplicaSet up.
fn scaled_down(message: &str) -> Option<(&str, i64, i64)> {
    let (set, numbers) = message.strip_prefix("Scaled down replica set ")?.split_once(" from ")?;
    let (from, to) = numbers.split_once(" to ")?;
    Some((set, from.parse().ok()?, to.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_words_of_scaling_down_tell_of_a_scale() {
        assert_eq!(scaled_down("Scaled down replica set web-1 from 3 to 0"), Some(("web-1", 3, 0)));
        assert_eq!(scaled_down("Scaled up replica set web-1 from 2 to 3"), None);
    }
}
