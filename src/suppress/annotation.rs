//! An annotation on an object, on what controls it, or on its namespace.

use serde_json::Value;

use crate::{document::ObjectRef, inventory::Inventory, kind::Kind};

/// Its value is a list of rules with commas between them.
pub const ANNOTATION: &str = "kubectl-doctor/ignore";

/// A chain of owners is as long as Pod, ReplicaSet, Deployment, and what an operator makes that from.
const LONGEST_CHAIN: usize = 8;

/// An object that speaks for a finding, with the rules that it asks to ignore.
pub(super) struct Holder {
    pub(super) object: ObjectRef,
    rules: Vec<String>,
}

impl Holder {
    pub(super) fn ignores(&self, rule: &str) -> bool {
        self.rules.iter().any(|it| it == rule)
    }

    pub(super) fn said(&self) -> String {
        format!("annotation of {}", self.object)
    }

    fn of(object: ObjectRef, json: Option<&Value>) -> Self {
        // A chart often lets its user annotate no more than the pods.
        let places = ["/metadata/annotations", "/spec/template/metadata/annotations"];
        let annotations = places.into_iter().filter_map(|place| json?.pointer(place)?.get(ANNOTATION)?.as_str());
        let rules = annotations.flat_map(|value| value.split(',')).map(|rule| rule.trim().to_owned()).collect();
        Self { object, rules }
    }
}

/// The object itself, then what controls it, nearest first, and its namespace.
pub(super) fn holders(inventory: &Inventory, object: &ObjectRef) -> Vec<Holder> {
    let mut holders = Vec::new();
    let mut next = Some(object.clone());
    while let Some(object) = next.take().filter(|_| holders.len() < LONGEST_CHAIN) {
        let json = inventory.json_of(&object);
        next = json.as_ref().and_then(|json| owner(json, &object.namespace));
        holders.push(Holder::of(object, json.as_ref()));
    }
    if !object.namespace.is_empty() {
        let json = inventory.json(Kind::Namespace, "", &object.namespace);
        let namespace = ObjectRef {
            api_version: Kind::Namespace.api_version(),
            kind: Kind::Namespace.info().name.to_owned(),
            namespace: String::new(),
            name: object.namespace.clone(),
            uid: String::new(),
        };
        holders.push(Holder::of(namespace, json.as_ref()));
    }
    holders
}

fn owner(json: &Value, namespace: &str) -> Option<ObjectRef> {
    let owners = json.pointer("/metadata/ownerReferences")?.as_array()?;
    let owner = owners.iter().find(|owner| owner["controller"] == true)?;
    let word = |key: &str| owner[key].as_str().unwrap_or_default().to_owned();
    Some(ObjectRef {
        api_version: word("apiVersion"),
        kind: word("kind"),
        namespace: namespace.to_owned(),
        name: word("name"),
        uid: word("uid"),
    })
}
