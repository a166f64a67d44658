//! What was asked: a target, where, and which objects that is.

use std::collections::{BTreeMap, BTreeSet};

use kube::core::{Selector, SelectorExt as _};

use crate::{
    error::Error,
    facts::{object, workload},
    graph::Key,
    inventory::{Inventory, Lookup, State},
    kind::Kind,
    source::{Request, collect::kinds},
};

/// What is asked about.
#[derive(Debug, Clone, PartialEq)]
pub enum Target {
    /// All there is in the namespace, or in all of them.
    Everything,
    /// Every object of a kind.
    All(Kind),
    /// One object.
    One(Kind, String),
    /// Whatever has this name.
    Named(String),
    /// Several of those, none of which is several again.
    Several(Vec<Target>),
}

/// A target, where it is looked for, and the labels that it must carry.
#[derive(Debug, Clone)]
pub struct Question {
    /// What is asked about.
    pub target: Target,
    /// The namespace; nothing for all of them.
    pub namespace: Option<String>,
    /// `-l`.
    pub selector: Option<Selector>,
}

/// The objects that a question is about.
#[derive(Debug)]
pub enum Asked {
    /// All that was collected.
    Everything,
    /// These. Where pods were asked for, only they are looked at among the pods of their workload.
    Objects(Vec<Key>, Option<BTreeSet<(String, String)>>),
}

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
    pub nearest: Vec<crate::document::Nearest>,
}

impl Target {
    /// From the words of the command line, as kubectl takes them: `TYPE`, `TYPE NAME…`, `TYPE/NAME…`,
    /// types in a list with commas, or the `NAME` of anything.
    ///
    /// # Errors
    /// Where the two ways are mixed, a word is empty, or a type is none.
    pub fn from_words(words: &[String]) -> Result<Self, Error> {
        if words.iter().any(String::is_empty) {
            return Err(Error::new("an empty word is neither a type nor a name; is a variable not set?"));
        }
        let with_slash = words.iter().filter(|word| word.contains('/')).count();
        let targets = match words {
            [] => return Ok(Self::Everything),
            [word] if word.eq_ignore_ascii_case("all") => return Ok(Self::Everything),
            words if with_slash == words.len() => words.iter().map(|word| one(word)).collect::<Result<Vec<_>, _>>()?,
            _ if with_slash > 0 => {
                return Err(Error::new(format!(
                    "{} mixes TYPE/NAME with TYPE NAME; write one or the other, as in pod/a service/b, or pod a b",
                    words.join(" ")
                )));
            }
            [word] if !word.contains(',') => vec![
                Kind::from_word(word).map_or_else(|| Ok(Self::Named(word.clone())), |_| kind(word).map(Self::All))?,
            ],
            [types, names @ ..] => {
                let kinds = types.split(',').map(kind).collect::<Result<Vec<_>, _>>()?;
                let of_kind = |kind: Kind| match names {
                    [] => vec![Self::All(kind)],
                    names => names.iter().map(|name| Self::One(kind, name.clone())).collect(),
                };
                kinds.into_iter().flat_map(of_kind).collect()
            }
        };
        Ok(Self::of(targets))
    }

    fn of(mut targets: Vec<Self>) -> Self {
        if targets.len() == 1 { targets.remove(0) } else { Self::Several(targets) }
    }

    /// Each of several, or the one.
    pub fn each(&self) -> &[Self] {
        match self {
            Self::Several(targets) => targets,
            one => std::slice::from_ref(one),
        }
    }

    /// The kind, where one is named.
    pub fn kind(&self) -> Option<Kind> {
        match self {
            Self::All(kind) | Self::One(kind, _) => Some(*kind),
            Self::Everything | Self::Named(_) | Self::Several(_) => None,
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Everything => String::new(),
            Self::All(kind) => kind.info().plural.to_owned(),
            Self::One(kind, name) => format!("{}/{name}", kind.info().name.to_lowercase()),
            Self::Named(name) => name.clone(),
            // As the command line takes them back.
            Self::Several(targets) => {
                let between = if targets.iter().all(|target| matches!(target, Self::All(_))) { "," } else { " " };
                targets.iter().map(Self::text).collect::<Vec<_>>().join(between)
            }
        }
    }
}

// `TYPE/NAME`.
fn one(word: &str) -> Result<Target, Error> {
    let (of, name) = word.split_once('/').unwrap_or((word, ""));
    let kind = kind(of)?;
    if name.is_empty() {
        return Err(Error::new(format!(
            "{of}/ has no name after the slash; ask about {of}/NAME, or about {of} for all of them"
        )));
    }
    if name.contains('/') {
        return Err(Error::new(format!("{word} has more than one slash; write TYPE/NAME")));
    }
    Ok(Target::One(kind, name.to_owned()))
}

fn kind(word: &str) -> Result<Kind, Error> {
    let known: Vec<String> =
        Kind::ALL.iter().filter(|kind| kind.info().target).map(|kind| kind.info().name.to_lowercase()).collect();
    match Kind::from_word(word) {
        Some(kind) if kind.info().target => Ok(kind),
        Some(kind) => Err(Error::new(format!(
            "{} are looked at only where something uses them; ask about that, as in pod/NAME (the types are {})",
            kind.info().plural,
            known.join(", ")
        ))),
        None => {
            let near = crate::facts::nearest::nearest_name(&word.to_lowercase(), &known);
            let near = near
                .map_or_else(|| format!("the types are {}", known.join(", ")), |near| format!("did you mean {near}?"));
            Err(Error::new(format!("there is no type {word:?} that the doctor knows; {near}")))
        }
    }
}

impl Question {
    /// What was asked, as the document says it: `service/web`.
    pub fn target_text(&self) -> Option<String> {
        (self.target != Target::Everything).then(|| self.target.text())
    }

    /// The objects that are asked for.
    ///
    /// # Errors
    /// Where the target, or the namespace, is known not to be there.
    pub fn resolve(&self, inventory: &Inventory) -> Result<Asked, NotFound> {
        if let Some(namespace) = &self.namespace
            && inventory.coverage().of_name(Kind::Namespace, "", namespace) == State::Absent
        {
            return Err(namespace_not_found(inventory, namespace));
        }
        if self.target == Target::Everything && self.selector.is_none() {
            return Ok(Asked::Everything);
        }
        let mut found = Vec::new();
        for target in self.target.each() {
            found.extend(self.keys(inventory, target)?);
        }
        Ok(asked(inventory, found))
    }

    fn keys(&self, inventory: &Inventory, target: &Target) -> Result<Vec<Key>, NotFound> {
        let targets = || Kind::ALL.iter().copied().filter(|kind| kind.info().target);
        match target {
            Target::Everything | Target::Several(_) => Ok(self.matching(inventory, targets())),
            Target::All(kind) => Ok(self.matching(inventory, [*kind])),
            Target::One(kind, name) => self.keys_of_one(inventory, *kind, name),
            Target::Named(name) => {
                let mut found = self.matching(inventory, targets().filter(|kind| kind.info().namespaced));
                found.retain(|key| key.name == *name);
                found.extend(self.known_by_pods(inventory, |key| key.name == *name));
                // What could not be listed may have it.
                if found.is_empty()
                    && !kinds(self, inventory).into_iter().any(|kind| self.unseen(inventory, kind).is_some())
                {
                    return Err(self.name_not_found(inventory, name));
                }
                Ok(found)
            }
        }
    }

    fn keys_of_one(&self, inventory: &Inventory, kind: Kind, name: &str) -> Result<Vec<Key>, NotFound> {
        let namespaces = self.namespaces(inventory, kind);
        let lookup = |namespace: &String| inventory.exists(kind, namespace, name);
        let found: Vec<_> = namespaces
            .iter()
            .filter(|namespace| matches!(lookup(namespace), Lookup::Present(())))
            .map(|namespace| Key::new(kind, namespace, name))
            .collect();
        if !found.is_empty() {
            return Ok(found);
        }
        let unlisted = namespaces.is_empty() && self.unseen(inventory, kind).is_some();
        if !unlisted && !namespaces.iter().any(|namespace| matches!(lookup(namespace), Lookup::Unknown(_))) {
            return Err(self.object_not_found(inventory, kind, name));
        }
        Ok(self.known_by_pods(inventory, |key| key.kind == kind.info().name && key.name == name))
    }

    // Pods name what controls them to somebody who may not look at it.
    fn known_by_pods(&self, inventory: &Inventory, is_it: impl Fn(&Key) -> bool) -> Vec<Key> {
        let pods = inventory.seen_anywhere::<k8s_openapi::api::core::v1::Pod>();
        let roots: BTreeSet<Key> = pods.map(|pod| Key::of(&workload::root_of_pod(inventory, pod))).collect();
        let here = |key: &Key| self.namespace.as_ref().is_none_or(|namespace| *namespace == key.namespace);
        roots.into_iter().filter(|key| here(key) && is_it(key)).collect()
    }

    // Why a kind could not be listed where it is asked for.
    fn unseen(&self, inventory: &Inventory, kind: Kind) -> Option<String> {
        let namespace = self.namespace.as_deref().filter(|_| kind.info().namespaced);
        match inventory.coverage().of_list_in(kind, namespace) {
            State::Failed(why) => Some(why),
            State::Collected | State::Absent => None,
        }
    }

    /// Why nothing of what was asked about could be looked at, in one line; nothing where something was.
    pub fn unanswered(&self, inventory: &Inventory) -> Option<String> {
        let targets = self.target.each();
        let mut blind = targets.iter().map(|target| match target {
            Target::All(kind) | Target::One(kind, _) => self.cannot_look(inventory, &[*kind]),
            // A name may be that of something which could not be listed.
            Target::Named(name) => kinds(self, inventory).into_iter().find_map(|kind| {
                let why = self.cannot_look(inventory, &[kind])?;
                Some(format!("{}; {why}", self.name_not_found(inventory, name).line))
            }),
            Target::Everything | Target::Several(_) => {
                self.cannot_look(inventory, &Vec::from_iter(kinds(self, inventory)))
            }
        });
        blind.next().flatten().filter(|_| blind.all(|why| why.is_some()))
    }

    // Where none of these kinds was listed: why the first was not.
    fn cannot_look(&self, inventory: &Inventory, kinds: &[Kind]) -> Option<String> {
        let whys: Option<Vec<_>> = kinds.iter().map(|kind| Some((kind, self.unseen(inventory, *kind)?))).collect();
        let (kind, why) = whys?.into_iter().next()?;
        let hint = if self.namespace.is_none() && kind.info().namespaced && why.starts_with("forbidden") {
            "; name a namespace that you may look at with -n"
        } else {
            ""
        };
        Some(format!("cannot look at {}: {why}{hint}", kind.info().plural))
    }

    fn namespaces(&self, inventory: &Inventory, kind: Kind) -> Vec<String> {
        match &self.namespace {
            _ if !kind.info().namespaced => vec![String::new()],
            Some(namespace) => vec![namespace.clone()],
            None => inventory
                .known_names(kind)
                .into_iter()
                .map(|(namespace, _)| namespace)
                .collect::<BTreeSet<_>>()
                .into_iter()
                .collect(),
        }
    }

    fn matching(&self, inventory: &Inventory, kinds: impl IntoIterator<Item = Kind>) -> Vec<Key> {
        let mut keys = Vec::new();
        for kind in kinds {
            for (namespace, name) in inventory.known_names(kind) {
                let here = !kind.info().namespaced || self.namespace.as_ref().is_none_or(|wanted| *wanted == namespace);
                if here && self.selects(inventory, kind, &namespace, &name) {
                    keys.push(Key::new(kind, &namespace, &name));
                }
            }
        }
        keys
    }

    fn selects(&self, inventory: &Inventory, kind: Kind, namespace: &str, name: &str) -> bool {
        let Some(selector) = &self.selector else { return true };
        let Some(object) = inventory.json(kind, namespace, name) else { return false };
        let labels = object
            .pointer("/metadata/labels")
            .and_then(|labels| serde_json::from_value::<BTreeMap<String, String>>(labels.clone()).ok());
        selector.matches(&labels.unwrap_or_default())
    }

    fn object_not_found(&self, inventory: &Inventory, kind: Kind, name: &str) -> NotFound {
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

    fn name_not_found(&self, inventory: &Inventory, name: &str) -> NotFound {
        let kinds = Kind::ALL.iter().copied().filter(|kind| kind.info().target && kind.info().namespaced);
        let all: Vec<(String, String)> = kinds.flat_map(|kind| inventory.known_names(kind)).collect();
        let here = all.iter().filter(|(namespace, _)| self.namespace.as_ref().is_none_or(|wanted| wanted == namespace));
        let nearest = nearest_of(name, here.map(|(_, name)| name.as_str()));
        let mut line = format!("{name:?} is neither a type nor the name of anything{}", self.place(Kind::Pod));
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

fn nearest_of<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> Vec<crate::document::Nearest> {
    let names: BTreeSet<&str> = names.collect();
    let candidates =
        names.iter().map(|name| crate::facts::nearest::Candidate { name, holds: false, note: String::new() });
    crate::facts::nearest::nearest(name, candidates)
}

fn namespace_not_found(inventory: &Inventory, namespace: &str) -> NotFound {
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

// Pods and parts of a workload stand for it.
fn asked(inventory: &Inventory, found: Vec<Key>) -> Asked {
    let mut keys = Vec::new();
    let mut pods = BTreeSet::new();
    let mut only_pods = true;
    for key in found {
        if key.kind == "Pod"
            && let Lookup::Present(pod) = inventory.get::<k8s_openapi::api::core::v1::Pod>(&key.namespace, &key.name)
        {
            pods.insert((key.namespace.clone(), key.name.clone()));
            keys.push(Key::of(&workload::root_of_pod(inventory, pod)));
            continue;
        }
        only_pods = false;
        keys.extend(above(inventory, &key));
        keys.push(key);
    }
    Asked::Objects(keys, only_pods.then_some(pods))
}

fn above(inventory: &Inventory, key: &Key) -> Option<Key> {
    use k8s_openapi::api::{apps::v1::ReplicaSet, batch::v1::Job};
    let metadata = match key.kind.as_str() {
        "ReplicaSet" => &inventory.get::<ReplicaSet>(&key.namespace, &key.name).present()?.metadata,
        "Job" => &inventory.get::<Job>(&key.namespace, &key.name).present()?.metadata,
        _ => return None,
    };
    Some(Key::of(&object::owner_ref(object::controller(metadata)?, &key.namespace)))
}

impl Question {
    /// What to list to know whether the target is there, and what else may have been meant.
    pub fn first_requests(&self) -> Vec<Request> {
        let mut requests = vec![Request::Version];
        if let Some(namespace) = &self.namespace {
            requests.push(Request::Get { kind: Kind::Namespace, namespace: None, name: namespace.clone() });
        }
        requests
    }
}
