//! An Ingress: its class, its backends and its certificates.

mod backend;
mod class;
mod tls;

use k8s_openapi::api::{
    core::v1::Event,
    networking::v1::{Ingress, IngressClass},
};
use schemars::JsonSchema;
use serde::Serialize;

pub use backend::{BackendFacts, backend_facts, services};
pub use class::ClassFacts;
pub use tls::{TlsFacts, secrets, tls_facts};

use super::{events::Events, object};
use crate::inventory::{Inventory, Known};

/// How long a controller may take to give an Ingress an address.
const BRING_UP: i64 = 600;

/// An Ingress, as a rule sees it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct IngressFacts {
    /// Its name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// Whether a controller has given it an address.
    pub has_address: bool,
    /// Whether a controller has shown itself on it: by its word or a finalizer.
    pub has_controller: Known<bool>,
    /// Whether it has been there for longer than a controller takes.
    pub overdue: bool,
    /// The Ingresses of its class that were seen to have an address: `Ingress/shop`.
    pub served: Vec<String>,
    /// The class that is to serve it.
    pub class: ClassFacts,
}

/// The facts of an Ingress.
pub fn facts(inventory: &Inventory, events: &Events, ingress: &Ingress) -> IngressFacts {
    let metadata = &ingress.metadata;
    let says = |reason: &str| ["Sync", "AddedOrUpdated", "SuccessfullyReconciled"].contains(&reason);
    let uid = metadata.uid.as_deref().unwrap_or_default();
    let of_class = class::facts(inventory, ingress);
    let served = inventory.seen_anywhere::<Ingress>().filter(|other| {
        has_address(other) && other.metadata.uid != metadata.uid && class::named(other).0 == of_class.name
    });
    IngressFacts {
        name: object::name(metadata).to_owned(),
        namespace: object::namespace(metadata).to_owned(),
        has_address: has_address(ingress),
        has_controller: if metadata.finalizers.as_ref().is_some_and(|finalizers| !finalizers.is_empty())
            || events.newest(uid, |event| says(event.reason)).is_some()
        {
            Known::Known(true)
        } else {
            inventory.list::<Event>(object::namespace(metadata)).map(|_| false)
        },
        overdue: metadata
            .creation_timestamp
            .as_ref()
            .is_some_and(|then| object::seconds_since(inventory.about.now, then) >= BRING_UP),
        served: served.map(|other| object::object_ref(other).to_string()).collect(),
        class: of_class,
    }
}

/// Whether a controller has given it an address: its class need not be looked at then.
pub fn has_address(ingress: &Ingress) -> bool {
    let balancer = ingress.status.as_ref().and_then(|status| status.load_balancer.as_ref());
    balancer.and_then(|balancer| balancer.ingress.as_ref()).is_some_and(|addresses| !addresses.is_empty())
}

fn is_default(class: &IngressClass) -> bool {
    let annotations = class.metadata.annotations.as_ref();
    annotations.and_then(|all| all.get("ingressclass.kubernetes.io/is-default-class")).is_some_and(|is| is == "true")
}
