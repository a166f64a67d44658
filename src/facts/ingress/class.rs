//! The class that an Ingress names, and whether it is there.

use k8s_openapi::api::networking::v1::{Ingress, IngressClass};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::is_default;
use crate::{
    document::Nearest,
    facts::{
        nearest::{Candidate, nearest},
        object,
    },
    inventory::{Inventory, Known},
};

/// Deprecated since 1.18, and still heeded by controllers, which need no IngressClass for it.
const ANNOTATION: &str = "kubernetes.io/ingress.class";

/// The class of an Ingress, as a rule sees it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ClassFacts {
    /// Its name; empty where the Ingress names none.
    pub name: String,
    /// Where it is named: `spec.ingressClassName`, or the annotation's path.
    pub field: String,
    /// Whether the deprecated annotation names it: then its controller knows it by itself.
    pub annotated: bool,
    /// Whether it is there; where the Ingress names none, whether there is a default class.
    pub exists: Known<bool>,
    /// `spec.controller` of the class; empty where it is not there.
    pub controller: String,
    /// The classes there are, as words.
    pub classes: Known<String>,
    /// The classes that were probably meant.
    pub nearest: Vec<Nearest>,
    /// The nearest; empty where none is near.
    pub better: String,
    /// A merge patch of the Ingress that names it.
    pub patch: String,
}

/// The class that an Ingress names, and whether the annotation names it.
pub fn named(ingress: &Ingress) -> (&str, bool) {
    let of_spec = ingress.spec.as_ref().and_then(|spec| spec.ingress_class_name.as_deref());
    let of_annotation = || ingress.metadata.annotations.as_ref()?.get(ANNOTATION).map(String::as_str);
    match of_spec {
        Some(name) => (name, false),
        None => of_annotation().map_or(("", false), |name| (name, true)),
    }
}

/// The facts of an Ingress's class.
pub fn facts(inventory: &Inventory, ingress: &Ingress) -> ClassFacts {
    let (name, annotated) = named(ingress);
    let seen: Vec<_> = inventory.seen_anywhere::<IngressClass>().collect();
    let is_it = |class: &&&IngressClass| {
        if name.is_empty() { is_default(class) } else { object::name(&class.metadata) == name }
    };
    let found = seen.iter().find(is_it);
    let names: Vec<_> = seen.iter().map(|class| object::name(&class.metadata)).collect();
    let nearest = match (name.is_empty(), names.as_slice()) {
        (true, [only]) => vec![Nearest { value: (*only).to_owned(), why: "the only class there is".to_owned() }],
        (true, _) => Vec::new(),
        _ if found.is_some() => Vec::new(),
        _ => nearest(name, names.iter().map(|name| Candidate::named(name))),
    };
    let better = nearest.first().map(|near| near.value.clone()).unwrap_or_default();
    ClassFacts {
        field: if annotated {
            format!("metadata.annotations[{ANNOTATION}]")
        } else {
            "spec.ingressClassName".to_owned()
        },
        annotated,
        exists: inventory.list::<IngressClass>("").map(|_| found.is_some()),
        controller: found.and_then(|class| class.spec.as_ref()?.controller.clone()).unwrap_or_default(),
        classes: inventory.list::<IngressClass>("").map(|_| names.join(", ")),
        patch: if annotated {
            json!({"metadata": {"annotations": {ANNOTATION: better}}}).to_string()
        } else {
            json!({"spec": {"ingressClassName": better}}).to_string()
        },
        name: name.to_owned(),
        nearest,
        better,
    }
}
