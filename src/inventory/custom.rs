//! The objects of kinds that the doctor does not know by itself, untyped.

use std::collections::BTreeMap;

use serde_json::Value;

use super::State;
use crate::{
    custom::{CustomObject, Resource, Types, kind_name},
    document::ObjectRef,
};

/// These objects, their kinds, and how far each kind was collected.
#[derive(Debug, Default)]
pub struct Custom {
    /// The kinds that there are.
    pub types: Types,
    // By kind, namespace and name.
    objects: BTreeMap<(String, String, String), CustomObject>,
    // `None` is all namespaces, and kinds that have none.
    lists: BTreeMap<(String, Option<String>), (Resource, State)>,
}

impl Custom {
    /// Puts one object in, without saying that its kind was collected.
    pub fn insert(&mut self, of: Resource, object: Value) -> Result<(), serde_json::Error> {
        let object = CustomObject::new(of, object)?;
        let at = object.object_ref();
        self.objects.insert((object.of.name(), at.namespace, at.name), object);
        Ok(())
    }

    /// Says how a list went.
    pub fn list(&mut self, of: &Resource, namespace: Option<&str>, state: State) {
        self.lists.insert((of.name(), namespace.map(str::to_owned)), (of.clone(), state));
    }

    /// How each list went, in order.
    pub fn lists(&self) -> impl Iterator<Item = (&Resource, Option<&str>, &State)> {
        self.lists.iter().map(|((_, namespace), (of, state))| (of, namespace.as_deref(), state))
    }

    /// Whether all objects of a kind were collected, in one namespace or, where none is given, wherever that was tried.
    pub fn of_list(&self, of: &Resource, namespace: Option<&str>) -> State {
        let is_there = |place: Option<&str>| place.is_none() || namespace.is_none() || place == namespace;
        let tried = self.lists().filter(|(listed, place, _)| listed.name() == of.name() && is_there(*place));
        let states: Vec<_> = tried.map(|(_, _, state)| state).collect();
        let best = states.iter().find(|state| ***state == State::Collected).or(states.first());
        best.map_or_else(|| State::Failed("not collected".to_owned()), |state| (*state).clone())
    }

    /// Every object, in the order of kind, namespace and name.
    pub fn objects(&self) -> impl Iterator<Item = &CustomObject> {
        self.objects.values()
    }

    /// The objects of a kind.
    pub fn of_kind<'a>(&'a self, of: &Resource) -> impl Iterator<Item = &'a CustomObject> + use<'a> {
        let name = of.name();
        self.objects().filter(move |object| object.of.name() == name)
    }

    /// One object.
    pub fn get(&self, object: &ObjectRef) -> Option<&CustomObject> {
        let kind = kind_name(&object.kind, &object.api_version);
        self.objects.get(&(kind, object.namespace.clone(), object.name.clone()))
    }

    /// Whether there is nothing of this.
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }

    /// The kinds of which something was collected, or tried to be, in the order in which words are looked up.
    pub fn collected_types(&self) -> impl Iterator<Item = &Resource> {
        let is_collected = |of: &&Resource| {
            self.lists.values().any(|(listed, _)| listed == *of) || self.objects().any(|object| object.of == **of)
        };
        self.types.all().iter().filter(is_collected)
    }
}
