//! What manifests ask about: the objects that they describe.

use std::collections::BTreeSet;

use crate::{
    error::Error,
    inventory::{Inventory, Manifest},
    kind::Kind,
    source::Request,
};

/// The manifests that a user takes for good, and where what they describe is.
#[derive(Debug, Default)]
pub struct Manifests(Vec<Manifest>);

impl Manifests {
    /// Those that were read.
    pub fn of(manifests: Vec<Manifest>) -> Self {
        Self(manifests)
    }

    /// Puts those that name no namespace in this one, as kubectl does, and says where all of them are; nothing where
    /// they live in none.
    ///
    /// # Errors
    /// Where they are of several namespaces.
    pub fn settle(&mut self, namespace: &str) -> Result<Option<String>, Error> {
        for manifest in self.0.iter_mut().filter(|it| kind(it).is_some_and(|kind| kind.info().namespaced)) {
            if manifest.object.namespace.is_empty() {
                namespace.clone_into(&mut manifest.object.namespace);
            }
        }
        let named = self.0.iter().map(|manifest| manifest.object.namespace.clone());
        let names: BTreeSet<String> = named.filter(|namespace| !namespace.is_empty()).collect();
        match Vec::from_iter(names).as_slice() {
            [one, other, ..] => Err(Error::new(format!(
                "-f: manifests of several namespaces, {one} and {other} among them: name those of one at a time"
            ))),
            names => Ok(names.first().cloned()),
        }
    }

    /// What they describe, as words of the command line; none of what may not be asked about by itself.
    pub fn words(&self) -> Vec<String> {
        self.0.iter().filter_map(word).collect()
    }

    /// The words of what is not known to be absent; all of them where nothing is left.
    pub fn words_of_what_is_there(&self, inventory: &Inventory) -> Vec<String> {
        let there: Vec<_> = self.0.iter().filter(|it| !is_absent(inventory, it)).filter_map(word).collect();
        if there.is_empty() { self.words() } else { there }
    }

    /// What it takes to compare them.
    pub fn requests(&self, inventory: &Inventory) -> Vec<Request> {
        let request = |manifest: &Manifest| {
            let object = &manifest.object;
            let kind = kind(manifest)?;
            let is_known =
                inventory.json(kind, &object.namespace, &object.name).is_some() || is_absent(inventory, manifest);
            let namespace = Some(object.namespace.clone()).filter(|_| kind.info().namespaced);
            (!is_known).then(|| Request::Get { kind, namespace, name: object.name.clone() })
        };
        self.0.iter().filter_map(request).collect()
    }

    /// Puts them beside what there is.
    pub fn put_into(self, inventory: &mut Inventory) {
        self.0.into_iter().for_each(|manifest| inventory.insert_manifest(manifest));
    }
}

fn kind(manifest: &Manifest) -> Option<Kind> {
    let (kind, api_version) = (&manifest.object.kind, &manifest.object.api_version);
    Kind::from_object(kind, api_version).filter(|kind| kind.api_version() == *api_version)
}

fn word(manifest: &Manifest) -> Option<String> {
    let kind = kind(manifest).filter(|kind| kind.info().target && *kind != Kind::Namespace)?;
    Some(format!("{}/{}", kind.resource(), manifest.object.name))
}

fn is_absent(inventory: &Inventory, manifest: &Manifest) -> bool {
    let object = &manifest.object;
    kind(manifest).is_some_and(|kind| inventory.exists(kind, &object.namespace, &object.name).is_absent())
}
