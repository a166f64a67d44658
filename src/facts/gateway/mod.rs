//! The Gateway API: whether a Gateway is served, and whether a route hangs on one and leads anywhere.

mod route;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

pub use route::{ParentFacts, RouteBackendFacts, backends, parents, services};

use super::{
    nearest::{Candidate, nearest},
    object,
};
use crate::{
    document::{Evidence, Nearest},
    gateway_api::{Gateway, GatewayClass, HTTPRoute},
    inventory::{Inventory, Known},
};

/// How long a controller may take to bring a Gateway up.
const BRING_UP: i64 = 300;

/// A Gateway, as a rule sees it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct GatewayFacts {
    /// Its name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// `spec.gatewayClassName`.
    pub class: String,
    /// Whether it is there; true where the Gateway is programmed all the same.
    pub class_exists: Known<bool>,
    /// The classes there are, as words.
    pub classes: String,
    /// The classes that were probably meant.
    pub nearest: Vec<Nearest>,
    /// The nearest; empty where none is near.
    pub better: String,
    /// A merge patch of the Gateway that names it.
    pub patch: String,
    /// Whether its controller says that traffic flows.
    pub programmed: bool,
    /// Whether its controller says that it does not, or refuses it.
    pub refused: bool,
    /// Whether it has been there for longer than a controller takes.
    pub overdue: bool,
    /// The controller's words; empty where it has said nothing.
    pub message: String,
    /// The same as evidence.
    pub evidence: Vec<Evidence>,
}

/// The facts of a Gateway.
pub fn facts(inventory: &Inventory, gateway: &Gateway) -> GatewayFacts {
    let class = gateway.spec.gateway_class_name.as_str();
    let programmed = is_programmed(gateway);
    let names: Vec<_> = inventory.seen_anywhere::<GatewayClass>().map(|class| object::name(&class.metadata)).collect();
    let is_there = names.contains(&class);
    let nearest = if is_there { Vec::new() } else { nearest(class, names.iter().map(|name| Candidate::named(name))) };
    let better = nearest.first().map(|near| near.value.clone()).unwrap_or_default();
    let conditions = &gateway.status.conditions;
    let refused = ["Accepted", "Programmed"].iter().find_map(|kind| crate::gateway_api::refused(conditions, kind));
    let created = gateway.metadata.creation_timestamp.as_ref();
    GatewayFacts {
        name: object::name(&gateway.metadata).to_owned(),
        namespace: object::namespace(&gateway.metadata).to_owned(),
        class_exists: if programmed {
            Known::Known(true)
        } else {
            inventory.list::<GatewayClass>("").map(|_| is_there)
        },
        classes: names.join(", "),
        patch: json!({"spec": {"gatewayClassName": better}}).to_string(),
        nearest,
        better,
        programmed,
        refused: refused.is_some(),
        overdue: created.is_some_and(|then| object::seconds_since(inventory.about.now, then) >= BRING_UP),
        message: refused.map(|condition| condition.message.trim().to_owned()).unwrap_or_default(),
        evidence: refused
            .map(|condition| Evidence {
                source: format!("{} status.conditions[{}]", object::object_ref(gateway), condition.type_),
                text: format!("{}: {}", condition.reason, condition.message),
                at: Some(object::time(&condition.last_transition_time)),
            })
            .into_iter()
            .collect(),
        class: class.to_owned(),
    }
}

/// Whether its controller says that traffic flows: its class need not be looked at then.
pub fn is_programmed(gateway: &Gateway) -> bool {
    gateway.status.conditions.iter().any(|condition| condition.type_ == "Programmed" && condition.status == "True")
}

/// The namespaces and names of the Gateways that a route is for.
pub fn gateways(route: &HTTPRoute) -> Vec<(String, String)> {
    let own = object::namespace(&route.metadata);
    let parents =
        route.spec.parent_refs.iter().filter(|parent| parent.kind.as_deref().unwrap_or("Gateway") == "Gateway");
    parents.map(|parent| (parent.namespace.clone().unwrap_or_else(|| own.to_owned()), parent.name.clone())).collect()
}
