//! When a Deployment was scaled down, and from how many pods: a scale has no time among the field managers, and one to
//! none not even a manager.

use crate::{
    document::{Change, Finding},
    facts::{World, controller::scaled, object},
};

const REPLICAS: &str = "spec.replicas";

/// What is known of a change of `spec.replicas`, with what the Deployment's controller said.
pub fn complete(world: &World, finding: &Finding, changes: &mut Vec<Change>) {
    if finding.field.as_deref() != Some(REPLICAS) {
        return;
    }
    let workload = world.workloads.get(&finding.object);
    let said = workload.and_then(|workload| Some((scaled::down(world.inventory, workload)?, workload.replicas?)));
    let Some(((from, at), to)) = said else { return };
    let known = changes.iter().find(|change| change.field == REPLICAS);
    let change = Change {
        object: None,
        field: REPLICAS.to_owned(),
        from: Some(from.to_string()),
        to: Some(to.to_string()),
        by: known.and_then(|change| change.by.clone()),
        at: Some(object::time(at)),
        exact: true,
    };
    // That its object was changed as a whole says less.
    changes.retain(|change| change.field != REPLICAS && !change.field.is_empty());
    changes.push(change);
}
