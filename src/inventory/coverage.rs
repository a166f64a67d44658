//! Which kinds were collected, where, and why not.

use std::collections::BTreeMap;

use crate::kind::Kind;

/// Why nothing is known of a kind that files hold nothing of.
pub const NOT_IN_INPUT: &str = "not in the input";

/// How far something was collected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// All of it.
    Collected,
    /// It was asked for by name and is not there.
    Absent,
    /// It was not; the text says why.
    Failed(String),
}

/// Which kinds were collected, per namespace and per name.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Coverage {
    // `None` is all namespaces, and kinds that have none.
    lists: BTreeMap<(Kind, Option<String>), State>,
    names: BTreeMap<(Kind, Option<String>, String), State>,
}

impl Coverage {
    /// Says how a list went.
    pub fn list(&mut self, kind: Kind, namespace: Option<&str>, state: State) {
        self.lists.insert((kind, namespace.map(str::to_owned)), state);
    }

    /// Says how a look-up by name went.
    pub fn name(&mut self, kind: Kind, namespace: Option<&str>, name: &str, state: State) {
        self.names.insert((kind, namespace.map(str::to_owned), name.to_owned()), state);
    }

    /// Whether all objects of a kind in a namespace were collected.
    pub fn of_list(&self, kind: Kind, namespace: &str) -> State {
        let everywhere = self.lists.get(&(kind, None));
        let here = self.lists.get(&(kind, Some(namespace.to_owned())));
        match (everywhere, here) {
            (Some(State::Collected), _) | (_, Some(State::Collected)) => State::Collected,
            (_, Some(state)) | (Some(state), None) => state.clone(),
            (None, None) => State::Failed("not collected".to_owned()),
        }
    }

    /// Why what was asked for of a kind failed; nothing where some of it went well, or nobody asked.
    pub fn failure(&self, kind: Kind) -> Option<&str> {
        let lists = self.lists().map(|(listed, _, state)| (listed, state));
        let names = self.names().map(|(named, _, _, state)| (named, state));
        let mut failed = None;
        for (_, state) in lists.chain(names).filter(|(of, _)| *of == kind) {
            match state {
                State::Failed(why) if why != NOT_IN_INPUT => failed = Some(why.as_str()),
                State::Failed(_) => {}
                State::Collected | State::Absent => return None,
            }
        }
        failed
    }

    /// Whether a kind was collected in one namespace, or, where none is given, wherever that was tried.
    pub fn of_list_in(&self, kind: Kind, namespace: Option<&str>) -> State {
        let somewhere = || self.lists().any(|(listed, _, state)| listed == kind && *state == State::Collected);
        match namespace {
            Some(namespace) => self.of_list(kind, namespace),
            None if somewhere() => State::Collected,
            None => self.of_list(kind, ""),
        }
    }

    /// Whether an object of this name was looked for.
    pub fn of_name(&self, kind: Kind, namespace: &str, name: &str) -> State {
        let namespace_key = kind.info().namespaced.then(|| namespace.to_owned());
        match self.names.get(&(kind, namespace_key, name.to_owned())) {
            Some(state) => state.clone(),
            None => self.of_list(kind, namespace),
        }
    }

    /// How each list went, in order.
    pub fn lists(&self) -> impl Iterator<Item = (Kind, Option<&str>, &State)> {
        self.lists.iter().map(|((kind, namespace), state)| (*kind, namespace.as_deref(), state))
    }

    /// How each look-up by name went, in order.
    pub fn names(&self) -> impl Iterator<Item = (Kind, Option<&str>, &str, &State)> {
        self.names.iter().map(|((kind, namespace, name), state)| (*kind, namespace.as_deref(), name.as_str(), state))
    }
}
