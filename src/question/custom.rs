//! Questions about kinds that the doctor does not know by itself.

use std::collections::BTreeMap;

use super::{NotFound, Question, not_found};
use crate::{
    custom::{CustomObject, Resource},
    document::ObjectRef,
    graph::Key,
    inventory::{Inventory, State},
};

impl Question {
    /// The objects of such a kind that are asked for.
    pub(super) fn custom_keys(
        &self,
        inventory: &Inventory,
        of: &Resource,
        name: Option<&str>,
    ) -> Result<Vec<Key>, NotFound> {
        let is_it = |object: &ObjectRef| {
            let is_here = !of.namespaced || self.namespace.as_ref().is_none_or(|wanted| *wanted == object.namespace);
            is_here && name.is_none_or(|name| name == object.name)
        };
        let all = inventory.custom().of_kind(of).filter(|object| self.selects_custom(object));
        let found: Vec<Key> = all.map(CustomObject::object_ref).filter(is_it).map(|it| Key::of(&it)).collect();
        match name {
            Some(name) if found.is_empty() && self.unseen_custom(inventory, of).is_none() => {
                Err(not_found::of_custom(inventory, of, self.namespace.as_deref(), name))
            }
            // Pods name what controls them to somebody who may not look at it.
            _ if found.is_empty() => {
                Ok(self
                    .known_by_pods(inventory, |key| key.kind == of.name() && name.is_none_or(|name| name == key.name)))
            }
            _ => Ok(found),
        }
    }

    /// Why such a kind could not be listed where it is asked for.
    pub(super) fn unseen_custom(&self, inventory: &Inventory, of: &Resource) -> Option<String> {
        let namespace = self.namespace.as_deref().filter(|_| of.namespaced);
        match inventory.custom().of_list(of, namespace) {
            State::Failed(why) => Some(format!("cannot look at {}: {why}", of.plural)),
            State::Collected | State::Absent => None,
        }
    }

    fn selects_custom(&self, object: &CustomObject) -> bool {
        let labels: BTreeMap<String, String> = object.metadata.labels.clone().unwrap_or_default();
        self.selector.as_ref().is_none_or(|selector| kube::core::SelectorExt::matches(selector, &labels))
    }
}
