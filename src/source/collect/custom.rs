//! What is asked for of kinds that the doctor does not know by itself.

use super::{CLUSTER_EVENTS, Request, Source, Wanted, ask};
use crate::{
    custom::{self, CustomObject, Resource, Root},
    error::Error,
    facts::object,
    graph::{Key, Reach},
    inventory::Inventory,
    kind::Kind,
    question::Target,
};

// Groups with more kinds than that are not for single things and what they consist of.
const A_FEW: usize = 8;

/// Asks which kinds the server serves.
///
/// # Errors
/// Where the source can't answer at all.
pub async fn types(source: &impl Source, inventory: &mut Inventory) -> Result<(), Error> {
    ask(source, inventory, &[Request::Discovery(Root::Core), Request::Discovery(Root::Groups)]).await?;
    Ok(())
}

impl Wanted<'_> {
    fn objects(&mut self, of: &Resource, namespace: Option<&str>) {
        let namespace = namespace.filter(|_| of.namespaced).map(str::to_owned);
        self.requests.insert(Request::Objects { of: of.clone(), namespace });
    }

    pub(super) fn of_custom_targets(&mut self) {
        let namespace = self.question.namespace.as_deref();
        for target in self.question.target.each() {
            let Target::Custom(of, _) = target else { continue };
            self.objects(of, namespace);
            if !of.namespaced {
                self.list(Kind::Event, Some(CLUSTER_EVENTS));
            }
        }
    }

    // Where an object fails: what it names, and what it consists of.
    pub(super) fn of_custom(&mut self, reach: &Reach) {
        let inventory = self.inventory;
        let types = &inventory.custom().types;
        let is_in_question = |object: &&CustomObject| reach.has(&Key::of(&object.object_ref()));
        let now = inventory.about.now;
        for failing in inventory
            .custom()
            .objects()
            .filter(is_in_question)
            .filter(|it| custom::health(it, now).worst_so_far.is_some())
        {
            let own = object::namespace(&failing.metadata);
            for reference in custom::references(types, failing) {
                self.objects(&reference.of, Some(&reference.namespace));
            }
            let kin = custom::kin(types, &failing.of);
            for of in kin.iter().filter(|of| of.namespaced && kin.len() <= A_FEW) {
                self.objects(of, Some(own).filter(|own| !own.is_empty()));
            }
            let owners = inventory.controlled().filter(|(object, _)| object.namespace == own);
            for (_, owner) in owners.filter(|(_, owner)| Kind::from_object(&owner.kind, &owner.api_version).is_none()) {
                types.of_object(&owner.kind, &owner.api_version).into_iter().for_each(|of| self.objects(of, Some(own)));
            }
        }
    }
}
