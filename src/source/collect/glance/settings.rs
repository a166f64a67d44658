//! What pods take from ConfigMaps and Secrets, told by those objects' metadata alone: which keys there are, and when
//! they were last changed, stands in their managed fields.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::{Request, controllers::Controller, rows};
use crate::{facts::reference::References, inventory::Inventory, kind::Kind};

// What is made with a workload is made in the same minute.
const TOGETHER: SignedDuration = SignedDuration::from_secs(60);

/// The listings of names that something refers to.
pub fn named(inventory: &Inventory) -> Vec<Request> {
    let mut kinds = BTreeSet::new();
    for controller in super::controllers::all(inventory) {
        for (kind, _, _) in references(&controller).iter().flat_map(References::wanted) {
            kinds.extend([kind].into_iter().filter(|kind| matches!(kind, Kind::ConfigMap | Kind::Secret)));
        }
    }
    kinds.into_iter().map(|kind| Request::Names { kind, namespace: None }).collect()
}

fn references(controller: &Controller) -> Option<References> {
    controller.template.spec.as_ref().map(References::of)
}

/// Whether something that a controller's pods were given at their start may have been changed since.
pub fn changed(inventory: &Inventory, controller: &Controller) -> bool {
    let Some(references) = references(controller) else { return false };
    let made = controller.metadata.creation_timestamp.as_ref().map(|made| made.0);
    let oldest = controller.rows.iter().map(|row| Some(inventory.about.now - rows::oldest(&row.age)?)).min().flatten();
    references.wanted().filter(|(_, _, key)| !key.is_empty()).any(|(kind, name, _)| {
        may_have_changed(inventory, (kind, controller.namespace(), name), made)
            && may_have_changed(inventory, (kind, controller.namespace(), name), oldest)
    })
}

/// Whether a ConfigMap or Secret may have been changed since then, as far as its metadata tells.
pub fn may_have_changed(
    inventory: &Inventory,
    (kind, namespace, name): (Kind, &str, &str),
    since: Option<Timestamp>,
) -> bool {
    let changed = inventory.outline(kind, namespace, name).and_then(|outline| outline.changed);
    changed.is_some_and(|changed| since.is_none_or(|since| changed > since + TOGETHER))
}

/// Whether the metadata of a ConfigMap or Secret tells that it has these keys.
pub fn has_keys(inventory: &Inventory, (kind, namespace, name): (Kind, &str, &str), keys: &BTreeSet<&str>) -> bool {
    let outline = inventory.outline(kind, namespace, name);
    outline.is_some_and(|outline| keys.iter().all(|key| outline.keys.contains(*key)))
}
