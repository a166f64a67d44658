//! The typed tables of objects.

use std::{any::Any, collections::BTreeMap, ops::Bound};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use serde_json::Value;

use crate::facts::object::controller;
#[allow(clippy::wildcard_imports, reason = "one table for each kind")]
use crate::kind::*;
/// The objects of one kind by namespace and name.
#[derive(Debug)]
pub struct Table<T> {
    objects: BTreeMap<Name, T>,
    // What is like one of the objects, that one among it: it stands for all of them.
    alike: BTreeMap<Name, Vec<Twin>>,
}

// Namespace and name.
type Name = (String, String);

/// One of several pods that are alike but for their names and nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Twin {
    /// `metadata.name`.
    pub name: String,
    /// `spec.nodeName`.
    pub node: String,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { objects: BTreeMap::new(), alike: BTreeMap::new() }
    }
}

impl<T: Kept> Table<T> {
    pub fn get(&self, namespace: &str, name: &str) -> Option<&T> {
        let found = self.objects.get(&(namespace.to_owned(), name.to_owned()));
        found.or_else(|| {
            let mut alike = within(&self.alike, namespace);
            let (key, _) = alike.find(|(_, twins)| twins.iter().any(|twin| twin.name == name))?;
            self.objects.get(key)
        })
    }

    pub fn in_namespace<'a>(&'a self, namespace: &str) -> impl Iterator<Item = &'a T> + use<'a, T> {
        within(&self.objects, namespace).flat_map(|(key, object)| self.repeated(key, object))
    }

    pub fn all(&self) -> impl Iterator<Item = &T> {
        self.objects.iter().flat_map(|(key, object)| self.repeated(key, object))
    }

    pub fn twins(&self, namespace: &str, name: &str) -> &[Twin] {
        let key = (namespace.to_owned(), name.to_owned());
        self.alike.get(&key).map_or(&[], Vec::as_slice)
    }

    pub fn all_twins(&self) -> impl Iterator<Item = (&T, &Twin)> {
        let stands_for = |(key, twins)| Some((self.objects.get(key)?, twins));
        self.alike
            .iter()
            .filter_map(stands_for)
            .flat_map(|(object, twins): (_, &Vec<Twin>)| twins.iter().map(move |twin| (object, twin)))
    }

    // Once for each object that it stands for.
    fn repeated<'a>(&self, key: &Name, object: &'a T) -> impl Iterator<Item = &'a T> + use<'a, T> {
        std::iter::repeat_n(object, self.alike.get(key).map_or(1, Vec::len))
    }

    fn deleted(&self) -> impl Iterator<Item = &ObjectMeta> {
        let all = self.objects.values().map(k8s_openapi::Metadata::metadata);
        all.filter(|metadata| metadata.deletion_timestamp.is_some())
    }

    fn controlled(&self) -> impl Iterator<Item = (&ObjectMeta, &OwnerReference)> {
        let all = self.objects.values().map(k8s_openapi::Metadata::metadata);
        all.filter_map(|metadata| Some((metadata, controller(metadata)?)))
    }

    fn names(&self) -> impl Iterator<Item = Name> {
        let twins = self
            .alike
            .iter()
            .flat_map(|((namespace, _), twins)| twins.iter().map(|twin| (namespace.clone(), twin.name.clone())));
        self.objects.keys().cloned().chain(twins)
    }

    fn put(&mut self, object: T, twins: Vec<Twin>) {
        let metadata = object.metadata();
        let key = (metadata.namespace.clone().unwrap_or_default(), metadata.name.clone().unwrap_or_default());
        if !twins.is_empty() {
            self.alike.insert(key.clone(), twins);
        }
        self.objects.insert(key, object);
    }
}

fn within<'a, V>(map: &'a BTreeMap<Name, V>, namespace: &str) -> impl Iterator<Item = (&'a Name, &'a V)> + use<'a, V> {
    let namespace = namespace.to_owned();
    let from = (namespace.clone(), String::new());
    map.range((Bound::Included(from), Bound::Unbounded)).take_while(move |((other, _), _)| *other == namespace)
}

macro_rules! tables {
    ($($kind:ident)*) => {
        /// One table for each kind.
        #[derive(Debug, Default)]
        #[allow(non_snake_case, reason = "named as the kinds are")]
        pub struct Tables { $($kind: Table<$kind>,)* }

        /// An object of any of these kinds.
        pub enum Typed { $($kind(Box<$kind>),)* }

        impl Typed {
            pub fn read(kind: Kind, object: Value) -> Result<Self, serde_json::Error> {
                match kind { $(Kind::$kind => serde_json::from_value(object).map(Self::$kind),)* }
            }
        }

        impl Tables {
            pub fn insert(&mut self, object: Typed) {
                match object { $(Typed::$kind(object) => self.$kind.put(*object, Vec::new()),)* }
            }

            /// Puts one pod in that stands for several.
            pub fn insert_alike(&mut self, pod: Pod, twins: Vec<Twin>) {
                self.Pod.put(pod, twins);
            }

            #[allow(clippy::expect_used, reason = "the table of a kind holds that kind's type")]
            pub fn table<T: Kept>(&self) -> &Table<T> {
                let table: &dyn Any = match T::OF { $(Kind::$kind => &self.$kind,)* };
                table.downcast_ref().expect("the table of T::OF is a Table<T>")
            }

            pub fn json(&self, kind: Kind, namespace: &str, name: &str) -> Option<Value> {
                match kind { $(Kind::$kind => serde_json::to_value(self.$kind.get(namespace, name)?).ok(),)* }
            }

            pub fn has(&self, kind: Kind, namespace: &str, name: &str) -> bool {
                match kind { $(Kind::$kind => self.$kind.get(namespace, name).is_some(),)* }
            }

            /// What was deleted and is still there.
            pub fn deleted(&self) -> Vec<(Kind, &ObjectMeta)> {
                let mut all = Vec::new();
                $(all.extend(self.$kind.deleted().map(|metadata| (Kind::$kind, metadata)));)*
                all
            }

            /// What something controls.
            pub fn controlled(&self) -> Vec<(Kind, &ObjectMeta, &OwnerReference)> {
                let mut all = Vec::new();
                $(all.extend(self.$kind.controlled().map(|(metadata, owner)| (Kind::$kind, metadata, owner)));)*
                all
            }

            pub fn names(&self, kind: Kind) -> Vec<(String, String)> {
                match kind { $(Kind::$kind => self.$kind.names().collect(),)* }
            }

            pub fn all_json(&self, kind: Kind) -> Box<dyn Iterator<Item = Value> + '_> {
                match kind { $(Kind::$kind => Box::new(self.$kind.objects.values().filter_map(|object| serde_json::to_value(object).ok())),)* }
            }
        }
    };
}

for_each_kind!(tables);
