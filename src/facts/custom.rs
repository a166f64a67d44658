//! An object of a kind that the doctor does not know by itself, by its conditions.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::{
    events::Events,
    nearest::{Candidate, nearest},
    object,
    pod::{PodEventFacts, said},
};
use crate::{
    custom::{self, Condition, CustomObject, Reference, Resource},
    document::{Evidence, Nearest, ObjectRef},
    inventory::{Inventory, Known, State},
};

/// An object of a kind that the doctor does not know by itself, as a rule sees it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct CustomFacts {
    /// `Certificate`.
    pub kind: String,
    /// `cert-manager.io`.
    pub group: String,
    /// `v1`.
    pub version: String,
    /// The word that kubectl takes for its kind and for no other: `certificates.cert-manager.io`.
    pub r#type: String,
    /// Its name.
    pub name: String,
    /// Its namespace; empty where its kind lives in none.
    pub namespace: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// How many seconds ago it was made.
    pub age: i64,
    /// What controls it: `Kafka/events`; empty where nothing does.
    pub owner: String,
    /// Who writes its status, as the API knows it; empty where nobody has.
    pub controller: String,
    /// What was said of it, oldest first.
    pub events: Vec<PodEventFacts>,
    /// Its conditions as its controller wrote them.
    pub conditions: Vec<CustomConditionFacts>,
    /// Whether one of them, of a type that means the same everywhere, has told of a fault for long enough.
    pub failing: Known<bool>,
    /// That one; of several the one that tells most.
    pub bad: CustomConditionFacts,
    /// Whether its controller is still at work on it or was told to leave it alone, or it serves all the same.
    pub mild: bool,
    /// Whether somebody told its controller to leave it alone.
    pub paused: bool,
    /// What its spec names and is not there; empty where nothing is.
    pub missing: MissingFacts,
    /// Whether its controller has for long not looked at the newest spec.
    pub unobserved: bool,
    /// `metadata.generation`, which counts the changes of its spec.
    pub generation: i64,
    /// The generation that its controller has looked at; 0 where it does not say.
    pub observed_generation: i64,
    /// The two of them as evidence.
    pub generation_evidence: Vec<Evidence>,
    /// `status.phase`; empty where there is none.
    pub phase: String,
    /// Its spec, as it is; what is not there makes a condition false.
    #[schemars(with = "Value")]
    pub spec: Free,
    /// Its status, as it is; what is not there makes a condition false.
    #[schemars(with = "Value")]
    pub status: Free,
}

/// A condition of a status.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct CustomConditionFacts {
    /// `Ready`.
    pub r#type: String,
    /// `True`, `False`, `Unknown`.
    pub status: String,
    /// Why, in one word.
    pub reason: String,
    /// Why, in words.
    pub message: String,
    /// For how many seconds; 0 where it does not say.
    pub age: i64,
    /// What it comes to: `is not Ready: issuer "x" not found (Pending)`.
    pub words: String,
    /// The condition as evidence.
    pub evidence: Vec<Evidence>,
}

/// Something that a spec names and that is not there.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct MissingFacts {
    /// Its kind; empty where nothing is missing.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Where the spec names it: `spec.issuerRef.name`.
    pub field: String,
    /// What was probably meant.
    pub nearest: Vec<Nearest>,
    /// The nearest; empty where none is near.
    pub better: String,
    /// A merge patch that names it; empty where the name stands in a list.
    pub patch: String,
}

/// A part of an object as it came, with its numbers as rules count.
#[derive(Debug, Clone)]
pub struct Free(Value);

impl Serialize for Free {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            // Those of rules are signed, and CEL compares no others with them.
            Value::Number(number) => match number.as_i64() {
                Some(number) => number.serialize(serializer),
                None => number.serialize(serializer),
            },
            Value::Array(list) => serializer.collect_seq(list.iter().cloned().map(Free)),
            Value::Object(map) => serializer.collect_map(map.iter().map(|(key, value)| (key, Free(value.clone())))),
            other => other.serialize(serializer),
        }
    }
}

/// The facts of an object; where it is asked for, that its conditions tell nothing is said as well.
pub fn facts(inventory: &Inventory, events: &Events, object: &CustomObject, is_asked_for: bool) -> CustomFacts {
    let now = inventory.about.now;
    let at = object.object_ref();
    let health = custom::health(object, now);
    let part =
        |name: &str| Free(object.json.get(name).cloned().unwrap_or_else(|| Value::Object(serde_json::Map::new())));
    let word = |pointer: &str| object.json.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let of = |condition: &Condition| condition_facts(&at, condition, now);
    let missing = missing(inventory, object).filter(|_| health.worst_so_far.is_some());
    // What is missing does not come by itself.
    let is_certain = missing.is_some();
    let is_told_above = match controller_of(inventory, object) {
        Some(owner) => is_told_above(inventory, owner, missing.as_ref(), is_asked_for),
        None => false,
    };
    let worst = if is_certain { health.worst_so_far.as_ref() } else { health.worst.as_ref() };
    let worst = worst.filter(|_| !is_told_above);
    CustomFacts {
        r#type: if object.of.group.is_empty() {
            object.of.plural.clone()
        } else {
            format!("{}.{}", object.of.plural, object.of.group)
        },
        kind: object.of.kind.clone(),
        group: object.of.group.clone(),
        version: object.of.version.clone(),
        name: at.name.clone(),
        namespace: at.namespace.clone(),
        labels: object.metadata.labels.clone().unwrap_or_default(),
        age: object.metadata.creation_timestamp.as_ref().map_or(0, |then| object::seconds_since(now, then)),
        owner: object::controller(&object.metadata)
            .map(|owner| format!("{}/{}", owner.kind, owner.name))
            .unwrap_or_default(),
        controller: custom::controller(object).unwrap_or_default().to_owned(),
        events: said(inventory, events, object.metadata.uid.as_deref().unwrap_or_default()),
        conditions: custom::conditions(object).iter().map(of).collect(),
        failing: match health.is_told || !is_asked_for {
            true => Known::Known(worst.is_some()),
            false => Known::Unknown(format!("{}: {}", object.of.plural, untold(object))),
        },
        bad: worst.map(of).unwrap_or_default(),
        mild: health.is_mild && !is_certain,
        paused: object.is_paused(),
        missing: missing.unwrap_or_default(),
        unobserved: custom::is_left_behind(object, now),
        generation: object.metadata.generation.unwrap_or_default(),
        observed_generation: custom::observed_generation(object).unwrap_or_default(),
        generation_evidence: generation_evidence(&at, object),
        phase: word("/status/phase"),
        spec: part("spec"),
        status: part("status"),
    }
}

// Why its conditions tell nothing of how it fares.
fn untold(object: &CustomObject) -> &'static str {
    let has_status = object.json.get("status").and_then(Value::as_object).is_some_and(|status| !status.is_empty());
    match (has_status, custom::conditions(object).is_empty()) {
        (false, _) => "no controller has written a status",
        (true, true) => "the status has no conditions",
        (true, false) => "no condition of the status is of a type that means the same everywhere",
    }
}

// A message may be pages long; all of it stands in the evidence.
const LONGEST: usize = 240;

fn condition_facts(at: &ObjectRef, condition: &Condition, now: Timestamp) -> CustomConditionFacts {
    let message = condition.message.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    let message = message.trim_end_matches(['.', ':']);
    let short = match message.char_indices().nth(LONGEST) {
        Some((cut, _)) => format!("{}…", &message[..cut]),
        None => message.to_owned(),
    };
    let (says, reason) = (condition.words(), &condition.reason);
    let words = match (short.as_str(), reason.as_str()) {
        ("", "") => says,
        ("", reason) => format!("{says} ({reason})"),
        (message, "") => format!("{says}: {message}"),
        (message, reason) => format!("{says}: {message} ({reason})"),
    };
    let text = [reason.as_str(), &condition.message].into_iter().filter(|text| !text.is_empty());
    let text = text.collect::<Vec<_>>().join(": ");
    CustomConditionFacts {
        r#type: condition.kind.clone(),
        status: condition.status.clone(),
        reason: reason.clone(),
        message: condition.message.clone(),
        age: condition.since.map_or(0, |since| now.as_second() - since.as_second()),
        words,
        evidence: vec![Evidence {
            source: format!("{at} {}[{}]", condition.place, condition.kind),
            text: if text.is_empty() { condition.status.clone() } else { text },
            at: condition.since.map(|since| since.to_string()),
        }],
    }
}

fn generation_evidence(at: &ObjectRef, object: &CustomObject) -> Vec<Evidence> {
    let (Some(newest), Some(seen)) = (object.metadata.generation, custom::observed_generation(object)) else {
        return Vec::new();
    };
    vec![Evidence {
        source: format!("{at} status.observedGeneration"),
        text: format!("{seen}, and metadata.generation is {newest}"),
        at: custom::changed(object).map(|changed| changed.to_string()),
    }]
}

// The first thing that its spec names and that is known not to be there.
fn missing(inventory: &Inventory, object: &CustomObject) -> Option<MissingFacts> {
    let references = custom::references(&inventory.custom().types, object);
    let reference = references.into_iter().find(|reference| is_absent(inventory, reference))?;
    let names: Vec<String> = names(inventory, &reference.of, &reference.namespace);
    let nearest = nearest(&reference.name, names.iter().map(|name| Candidate::named(name)));
    let better = nearest.first().map(|near| near.value.clone()).unwrap_or_default();
    Some(MissingFacts {
        patch: if reference.is_mergeable && !better.is_empty() { reference.patch(&better) } else { String::new() },
        kind: reference.of.kind,
        name: reference.name,
        field: reference.field,
        nearest,
        better,
    })
}

// What controls an object, where that is of such a kind as well.
fn controller_of<'a>(inventory: &'a Inventory, object: &CustomObject) -> Option<&'a CustomObject> {
    let owner = object::owner_ref(object::controller(&object.metadata)?, object::namespace(&object.metadata));
    inventory.custom().get(&owner)
}

// What an owner passed on is to be mended there; and where the owner is well, a try that failed was followed by another.
fn is_told_above(inventory: &Inventory, owner: &CustomObject, lost: Option<&MissingFacts>, is_asked_for: bool) -> bool {
    let owner_fails = custom::health(owner, inventory.about.now).worst_so_far.is_some();
    let is_passed_on = lost.is_some_and(|lost| {
        missing(inventory, owner).is_some_and(|it| (&it.kind, &it.name) == (&lost.kind, &lost.name))
    });
    if owner_fails { is_passed_on } else { !is_asked_for }
}

fn is_absent(inventory: &Inventory, reference: &Reference) -> bool {
    let namespace = Some(reference.namespace.as_str()).filter(|_| reference.of.namespaced);
    inventory.custom().of_list(&reference.of, namespace) == State::Collected
        && !names(inventory, &reference.of, &reference.namespace).contains(&reference.name)
}

fn names(inventory: &Inventory, of: &Resource, namespace: &str) -> Vec<String> {
    let all = inventory.custom().of_kind(of).map(|object| object.object_ref());
    all.filter(|object| object.namespace == namespace).map(|object| object.name).collect()
}
