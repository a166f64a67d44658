//! The objects of the kinds that are watched, as the server told of them last.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Instant,
};

use kube::core::{DynamicObject, Selector, SelectorExt as _};

use crate::{
    kind::Kind,
    selector,
    source::{Item, Reply, Request},
};

type Name = (String, String);

/// Objects by kind, namespace and name, and where something changed.
#[derive(Default)]
pub struct Store {
    // Nothing for all namespaces.
    scope: Option<String>,
    tables: BTreeMap<Kind, Table>,
    // Since when.
    changed: BTreeMap<String, Instant>,
}

/// All objects of one kind.
#[derive(Default)]
struct Table {
    state: State,
    objects: BTreeMap<Name, Entry>,
}

/// Whether what is kept of a kind is what there is.
#[derive(Default, PartialEq)]
enum State {
    /// It was not listed yet.
    #[default]
    Waiting,
    /// It is.
    Followed,
    /// It may not be; the text says why.
    Lost(String),
    /// Nothing of it may be seen.
    Refused,
}

/// An object as it is kept, which takes a fraction of the memory of one that is read.
pub struct Named(Name, Entry);

impl Named {
    /// Nothing where it can't be written.
    pub fn of(object: DynamicObject) -> Option<Self> {
        let (name, labels) = (name_of(&object), object.metadata.labels.clone().unwrap_or_default());
        let item = Item::try_from(serde_json::to_value(object).ok()?).ok()?;
        Some(Self(name, Entry { labels, item }))
    }
}

struct Entry {
    labels: BTreeMap<String, String>,
    item: Item,
}

impl Store {
    /// A store of these kinds in a namespace, or in all of them.
    pub fn new(kinds: &[Kind], scope: Option<&str>) -> Self {
        let tables = kinds.iter().map(|kind| (*kind, Table::default())).collect();
        Self { scope: scope.map(str::to_owned), tables, changed: BTreeMap::new() }
    }

    /// Takes in all objects of a kind.
    pub fn replace(&mut self, kind: Kind, objects: Vec<Named>) {
        let table = self.tables.entry(kind).or_default();
        let mut before = std::mem::take(&mut table.objects);
        let mut changed = BTreeSet::new();
        for Named(name, entry) in objects {
            if before.remove(&name).is_none_or(|old| old.item != entry.item) {
                changed.insert(name.0.clone());
            }
            table.objects.insert(name, entry);
        }
        changed.extend(before.into_keys().map(|(namespace, _)| namespace));
        table.state = State::Followed;
        changed.into_iter().for_each(|namespace| self.has_changed(namespace));
    }

    /// Takes in an object that is new or has changed.
    pub fn put(&mut self, kind: Kind, object: DynamicObject) {
        let Some(Named(name, entry)) = Named::of(object) else { return };
        self.has_changed(name.0.clone());
        self.tables.entry(kind).or_default().objects.insert(name, entry);
    }

    /// Takes in that an object is gone.
    pub fn remove(&mut self, kind: Kind, object: &DynamicObject) {
        let name = name_of(object);
        self.has_changed(name.0.clone());
        self.tables.entry(kind).or_default().objects.remove(&name);
    }

    /// Says that the server tells of a kind again, from where it was lost.
    pub fn is_followed(&mut self, kind: Kind) {
        self.tables.entry(kind).or_default().state = State::Followed;
    }

    /// Says that nobody tells of a kind just now.
    pub fn is_lost(&mut self, kind: Kind, why: String) {
        self.tables.entry(kind).or_default().state = State::Lost(why);
    }

    /// Says that a kind may not be watched, or is not there.
    pub fn is_refused(&mut self, kind: Kind) {
        self.tables.entry(kind).or_default().state = State::Refused;
    }

    /// Whether each kind was listed, or why not is known.
    pub fn was_told_of_all(&self) -> bool {
        self.tables.values().all(|table| table.state != State::Waiting)
    }

    fn has_changed(&mut self, namespace: String) {
        self.changed.entry(namespace).or_insert_with(Instant::now);
    }

    /// Whether something changed.
    pub fn has_changes(&self) -> bool {
        !self.changed.is_empty()
    }

    /// Where something changed since this was asked last, and when first.
    pub fn take_changes(&mut self) -> BTreeMap<String, Instant> {
        std::mem::take(&mut self.changed)
    }

    /// The namespaces of all objects.
    pub fn namespaces(&self) -> BTreeSet<String> {
        let names = self.tables.values().flat_map(|table| table.objects.keys());
        let each: BTreeSet<&String> = names.map(|(namespace, _)| namespace).collect();
        each.into_iter().filter(|namespace| !namespace.is_empty()).cloned().collect()
    }

    /// Why what is kept may be old.
    pub fn trouble(&self) -> Option<String> {
        self.tables.values().find_map(|table| match &table.state {
            State::Lost(why) => Some(why.clone()),
            State::Waiting | State::Followed | State::Refused => None,
        })
    }

    /// What a request would bring; nothing where that is not known here.
    pub fn answer(&self, request: &Request) -> Option<Reply> {
        match request {
            Request::List { kind, namespace } | Request::Names { kind, namespace } => {
                let objects = self.objects(*kind, namespace.as_deref())?;
                Some(Reply::Items(objects.map(|(_, entry)| entry.item.clone()).collect()))
            }
            Request::Selected { kind, namespace, selector } => {
                self.selected(*kind, namespace.as_deref(), &selector::parse(selector).ok()?)
            }
            Request::Matching { kind, selector } => self.selected(*kind, None, &selector::parse(selector).ok()?),
            Request::Get { kind, namespace, name } => {
                let namespace = namespace.clone().unwrap_or_default();
                let table =
                    self.table(*kind, Some(&namespace).filter(|_| kind.info().namespaced).map(String::as_str))?;
                match table.objects.get(&(namespace, name.clone())) {
                    Some(entry) => Some(Reply::Object(Box::new(entry.item.read().ok()?))),
                    None => Some(Reply::Absent),
                }
            }
            _ => None,
        }
    }

    fn selected(&self, kind: Kind, namespace: Option<&str>, selector: &Selector) -> Option<Reply> {
        let found = self.objects(kind, namespace)?.filter(|(_, entry)| selector.matches(&entry.labels));
        Some(Reply::Items(found.map(|(_, entry)| entry.item.clone()).collect()))
    }

    fn objects(&self, kind: Kind, namespace: Option<&str>) -> Option<impl Iterator<Item = (&Name, &Entry)>> {
        let table = self.table(kind, namespace)?;
        let from = (namespace.unwrap_or_default().to_owned(), String::new());
        let is_here = move |name: &Name| namespace.is_none_or(|namespace| name.0 == namespace);
        Some(table.objects.range(from..).take_while(move |(name, _)| is_here(name)))
    }

    // Where all objects of a kind there, or everywhere, are kept, and what is kept is what there is.
    fn table(&self, kind: Kind, namespace: Option<&str>) -> Option<&Table> {
        let is_in_scope = self.scope.is_none() || !kind.info().namespaced || self.scope.as_deref() == namespace;
        self.tables.get(&kind).filter(|table| is_in_scope && table.state == State::Followed)
    }
}

fn name_of(object: &DynamicObject) -> Name {
    let metadata = &object.metadata;
    (metadata.namespace.clone().unwrap_or_default(), metadata.name.clone().unwrap_or_default())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn pod(namespace: &str, version: &str) -> DynamicObject {
        let metadata = serde_json::json!({"name": "web", "namespace": namespace, "resourceVersion": version});
        serde_json::from_value(serde_json::json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata})).unwrap()
    }

    #[test]
    fn a_namespace_has_changed_since_the_first_change_that_was_not_taken() {
        let mut store = Store::new(&[Kind::Pod], None);
        store.put(Kind::Pod, pod("shop", "1"));
        let first = Instant::now();
        store.put(Kind::Pod, pod("shop", "2"));
        assert!(store.take_changes()["shop"] <= first);
        store.remove(Kind::Pod, &pod("shop", "2"));
        assert!(store.take_changes()["shop"] >= first);
        assert!(!store.has_changes());
    }

    #[test]
    fn a_list_changes_only_the_namespaces_whose_objects_are_others_than_before() {
        let mut store = Store::new(&[Kind::Pod], None);
        let all = |pods: [DynamicObject; 3]| pods.into_iter().filter_map(Named::of).collect();
        store.replace(Kind::Pod, all([pod("same", "1"), pod("changed", "1"), pod("gone", "1")]));
        store.take_changes();
        store.replace(Kind::Pod, all([pod("same", "1"), pod("changed", "2"), pod("new", "1")]));
        assert_eq!(store.take_changes().into_keys().collect::<Vec<_>>(), ["changed", "gone", "new"]);
        assert_eq!(store.namespaces().into_iter().collect::<Vec<_>>(), ["changed", "new", "same"]);
    }
}
