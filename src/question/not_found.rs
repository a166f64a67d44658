//! What was asked for and is not there, and what may have been meant.

use std::collections::BTreeSet;

use super::Question;
use crate::{
    custom::Resource,
    document::Nearest,
    facts::nearest::{Candidate, nearest},
    inventory::Inventory,
    kind::Kind,
};

/// What was asked for and is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotFound {
    /// `object-not-found` or `namespace-not-found`.
    pub rule: &'static str,
    /// One line that says so and names the nearest.
    pub line: String,
    /// The kind that was asked for.
    pub kind: String,
    /// The name that was asked for.
    pub name: String,
    /// The names that were probably meant.
    pub nearest: Vec<Nearest>,
}

impl Question {
    pub(super) fn object_not_found(&self, inventory: &Inventory, kind: Kind, name: &str) -> NotFound {
        let names = inventory.known_names(kind);
        let here = names.iter().filter(|(namespace, _)| {
            self.namespace.as_ref().is_none_or(|wanted| wanted == namespace || !kind.info().namespaced)
        });
        let nearest = nearest_of(name, here.map(|(_, name)| name.as_str()));
        let word = kind.info().name.to_lowercase();
        let mut line = format!("there is no {word} {name:?}{}", self.place(kind));
        if let Some(near) = nearest.first() {
            line.push_str(&format!("; did you mean {word}/{}?", near.value));
        }
        line.push_str(&other_namespaces(&names, self.namespace.as_deref(), name));
        line.push_str(&other_kinds(inventory, self.namespace.as_deref(), Some(kind), name));
        NotFound { rule: "object-not-found", line, kind: kind.to_string(), name: name.to_owned(), nearest }
    }

    pub(super) fn name_not_found(&self, inventory: &Inventory, name: &str) -> NotFound {
        self.not_named(inventory, name, "anything")
    }

    pub(super) fn name_not_seen(&self, inventory: &Inventory, name: &str) -> NotFound {
        self.not_named(inventory, name, "anything that can be seen")
    }

    fn not_named(&self, inventory: &Inventory, name: &str, among: &str) -> NotFound {
        let kinds = Kind::ALL.iter().copied().filter(|kind| kind.info().target && kind.info().namespaced);
        let all: Vec<(String, String)> = kinds.flat_map(|kind| inventory.known_names(kind)).collect();
        let here = all.iter().filter(|(namespace, _)| self.namespace.as_ref().is_none_or(|wanted| wanted == namespace));
        let nearest = nearest_of(name, here.map(|(_, name)| name.as_str()));
        let mut line = format!("{name:?} is neither a type nor the name of {among}{}", self.place(Kind::Pod));
        if let Some(near) = nearest.first() {
            line.push_str(&format!("; did you mean {}?", near.value));
        }
        let elsewhere: BTreeSet<_> = all.into_iter().collect();
        line.push_str(&other_namespaces(&elsewhere, self.namespace.as_deref(), name));
        NotFound { rule: "object-not-found", line, kind: String::new(), name: name.to_owned(), nearest }
    }

    fn place(&self, kind: Kind) -> String {
        match &self.namespace {
            Some(namespace) if kind.info().namespaced => format!(" in namespace {namespace}"),
            None if kind.info().namespaced => " in any namespace".to_owned(),
            _ => String::new(),
        }
    }
}

fn nearest_of<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> Vec<Nearest> {
    let names: BTreeSet<&str> = names.collect();
    let candidates = names.iter().map(|name| Candidate::named(name));
    nearest(name, candidates)
}

/// An object of a kind that the doctor does not know by itself.
pub fn of_custom(inventory: &Inventory, of: &Resource, namespace: Option<&str>, name: &str) -> NotFound {
    let namespace = namespace.filter(|_| of.namespaced);
    let places = inventory.custom().of_kind(of).map(|object| object.object_ref());
    let names: BTreeSet<(String, String)> = places.map(|object| (object.namespace, object.name)).collect();
    let here = names.iter().filter(|(place, _)| namespace.is_none_or(|wanted| wanted == place));
    let nearest = nearest_of(name, here.map(|(_, name)| name.as_str()));
    let place = match namespace {
        Some(namespace) => format!(" in namespace {namespace}"),
        None if of.namespaced => " in any namespace".to_owned(),
        None => String::new(),
    };
    let word = of.unlike_built_in(&of.singular);
    let mut line = format!("there is no {word} {name:?}{place}");
    if let Some(near) = nearest.first() {
        line.push_str(&format!("; did you mean {word}/{}?", near.value));
    }
    line.push_str(&other_kinds(inventory, namespace, None, name));
    NotFound { rule: "object-not-found", line, kind: of.kind.clone(), name: name.to_owned(), nearest }
}

/// A namespace that is not there.
pub fn of_namespace(inventory: &Inventory, namespace: &str) -> NotFound {
    let names = inventory.known_names(Kind::Namespace);
    let nearest = nearest_of(namespace, names.iter().map(|(_, name)| name.as_str()));
    let mut line = format!("there is no namespace {namespace:?}");
    if let Some(near) = nearest.first() {
        line.push_str(&format!("; did you mean {}?", near.value));
    }
    NotFound { rule: "namespace-not-found", line, kind: "Namespace".to_owned(), name: namespace.to_owned(), nearest }
}

fn other_namespaces(names: &BTreeSet<(String, String)>, namespace: Option<&str>, name: &str) -> String {
    let others: Vec<_> = names
        .iter()
        .filter(|(other, found)| found == name && Some(other.as_str()) != namespace && !other.is_empty())
        .map(|(other, _)| other.as_str())
        .collect();
    match others.as_slice() {
        [] => String::new(),
        [one] => format!("; namespace {one} has one"),
        [one, two, three] => format!("; namespaces {one}, {two} and {three} have one"),
        [one, two, rest @ ..] if rest.len() > 1 => {
            format!("; namespaces {one}, {two} and {} others have one", rest.len())
        }
        some => format!("; namespaces {} have one", some.join(" and ")),
    }
}

fn other_kinds(inventory: &Inventory, namespace: Option<&str>, kind: Option<Kind>, name: &str) -> String {
    let has = |other: &&Kind| {
        inventory
            .known_names(**other)
            .iter()
            .any(|(ns, found)| found == name && namespace.is_none_or(|wanted| wanted == ns))
    };
    let others: Vec<_> = Kind::ALL
        .iter()
        .filter(|other| other.info().target && Some(**other) != kind)
        .filter(has)
        .map(|other| format!("{}/{name}", other.info().name.to_lowercase()))
        .collect();
    if others.is_empty() { String::new() } else { format!("; there is {}", others.join(", ")) }
}
