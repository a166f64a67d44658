//! The typed tables of objects.

use std::{any::Any, collections::BTreeMap, ops::Bound};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use serde_json::Value;

use crate::facts::object::controller;
#[allow(clippy::wildcard_imports, reason = "one table for each kind")]
use crate::kind::*;
/// The objects of one kind by namespace and name.
#[derive(Debug)]
pub struct Table<T>(BTreeMap<(String, String), T>);

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T: Kept> Table<T> {
    pub fn get(&self, namespace: &str, name: &str) -> Option<&T> {
        self.0.get(&(namespace.to_owned(), name.to_owned()))
    }

    pub fn in_namespace<'a>(&'a self, namespace: &str) -> impl Iterator<Item = &'a T> + use<'a, T> {
        let namespace = namespace.to_owned();
        let from = (namespace.clone(), String::new());
        self.0
            .range((Bound::Included(from), Bound::Unbounded))
            .take_while(move |((ns, _), _)| *ns == namespace)
            .map(|(_, object)| object)
    }

    pub fn all(&self) -> impl Iterator<Item = &T> {
        self.0.values()
    }

    fn deleted(&self) -> impl Iterator<Item = &ObjectMeta> {
        self.all().map(k8s_openapi::Metadata::metadata).filter(|metadata| metadata.deletion_timestamp.is_some())
    }

    fn controlled(&self) -> impl Iterator<Item = (&ObjectMeta, &OwnerReference)> {
        let all = self.all().map(k8s_openapi::Metadata::metadata);
        all.filter_map(|metadata| Some((metadata, controller(metadata)?)))
    }

    fn insert(&mut self, object: Value) -> Result<(), serde_json::Error> {
        let object: T = serde_json::from_value(object)?;
        let metadata = object.metadata();
        let key = (metadata.namespace.clone().unwrap_or_default(), metadata.name.clone().unwrap_or_default());
        self.0.insert(key, object);
        Ok(())
    }
}

macro_rules! tables {
    ($($kind:ident)*) => {
        /// One table for each kind.
        #[derive(Debug, Default)]
        #[allow(non_snake_case, reason = "named as the kinds are")]
        pub struct Tables { $($kind: Table<$kind>,)* }

        impl Tables {
            pub fn insert(&mut self, kind: Kind, object: Value) -> Result<(), serde_json::Error> {
                match kind { $(Kind::$kind => self.$kind.insert(object),)* }
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
                match kind { $(Kind::$kind => self.$kind.0.keys().cloned().collect(),)* }
            }

            pub fn all_json(&self, kind: Kind) -> Box<dyn Iterator<Item = Value> + '_> {
                match kind { $(Kind::$kind => Box::new(self.$kind.all().filter_map(|object| serde_json::to_value(object).ok())),)* }
            }
        }
    };
}

for_each_kind!(tables);
