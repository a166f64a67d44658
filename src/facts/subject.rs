//! One thing that rules are evaluated on, with its facts.

use std::{collections::BTreeMap, sync::Arc};

use k8s_openapi::api::core::v1::Pod;
use serde::Serialize;

use super::{On, left_to_do::LeftToDo, object, workload::Workload};
use crate::{document::ObjectRef, inventory::UNKNOWN};

/// One thing that rules are evaluated on.
#[derive(Debug, Clone)]
pub struct Subject {
    /// What it is.
    pub on: On,
    /// What a person would edit: findings are reported on it.
    pub object: ObjectRef,
    /// The pod or claim that shows it, where it is one of several, or not what a person would edit.
    pub shown_by: Option<ObjectRef>,
    /// Out of how many of them.
    pub of: Option<usize>,
    /// What makes it and its like, where several of them with the same finding are one: a StatefulSet, of claims of one class.
    pub made_by: String,
    /// The container, where it is about one.
    pub container: Option<String>,
    /// What is left to do by hand after a cure that changes the pod template.
    pub left_to_do: LeftToDo,
    /// What tells it from others of the same object: the reference's name, the port.
    pub part: String,
    /// The facts by their names in rules.
    pub facts: Vec<(&'static str, cel::Value)>,
    /// What was not looked at, by the name of the fact that would need it.
    pub unknown: BTreeMap<String, String>,
}

impl Subject {
    pub(super) fn new(on: On, object: ObjectRef) -> Self {
        Self {
            on,
            object,
            shown_by: None,
            of: None,
            made_by: String::new(),
            container: None,
            left_to_do: LeftToDo::default(),
            part: String::new(),
            facts: Vec::new(),
            unknown: BTreeMap::new(),
        }
    }

    pub(super) fn with(mut self, name: &'static str, facts: &Facts) -> Self {
        self.facts.push((name, facts.value.clone()));
        self.unknown.extend(facts.unknown.clone());
        self
    }

    pub(super) fn part(mut self, part: impl Into<String>) -> Self {
        self.part = part.into();
        self
    }

    pub(super) fn shown_by(mut self, pod: &Pod, workload: &Workload) -> Self {
        if !workload.is_pod() {
            self.shown_by = Some(object::object_ref(pod));
            self.of = Some(workload.pods.len());
        }
        self
    }
}

/// Facts as a rule reads them; those that are unknown are left out and listed.
pub(super) struct Facts {
    value: cel::Value,
    unknown: BTreeMap<String, String>,
}

impl Facts {
    pub(super) fn of(facts: &impl Serialize) -> Self {
        // Facts are structs of numbers, texts, lists and maps with text keys, which all have a CEL value.
        let mut value = cel::to_value(facts).unwrap_or(cel::Value::Null);
        let mut unknown = BTreeMap::new();
        take_unknown(&mut value, &mut unknown);
        Self { value, unknown }
    }
}

// An unknown fact is no key at all, so that reading it is an error; `unknown` says what it hides.
fn take_unknown(value: &mut cel::Value, unknown: &mut BTreeMap<String, String>) {
    match value {
        cel::Value::Map(map) => {
            // Nobody else has them yet, so that nothing is copied.
            let entries = Arc::make_mut(&mut map.map);
            entries.retain(|key, value| match why_unknown(value) {
                Some(why) => {
                    unknown.insert(key.to_string(), why);
                    false
                }
                None => {
                    take_unknown(value, unknown);
                    true
                }
            });
        }
        cel::Value::List(list) => {
            Arc::make_mut(list).iter_mut().for_each(|item| take_unknown(item, unknown));
        }
        _ => {}
    }
}

fn why_unknown(value: &cel::Value) -> Option<String> {
    let cel::Value::Map(map) = value else { return None };
    match map.map.get(&cel::objects::Key::from(UNKNOWN)) {
        Some(cel::Value::String(why)) if map.map.len() == 1 => Some(why.to_string()),
        _ => None,
    }
}
