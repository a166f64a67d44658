//! A route: the Gateways that it hangs on, and the Services that it leads to.

use k8s_openapi::api::core::v1::Service;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use crate::{
    document::{Evidence, Nearest},
    facts::{
        nearest::{Candidate, nearest},
        object,
    },
    gateway_api::{Gateway, HTTPRoute, Reference, refused},
    inventory::{Inventory, Known, Lookup},
    kind::Kind,
};

/// One Service that a route leads to, as a rule sees it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct RouteBackendFacts {
    /// The route's name.
    pub route: String,
    /// The Service's name.
    pub service: String,
    /// Its namespace.
    pub namespace: String,
    /// Whether it is there.
    pub exists: Known<bool>,
    /// The port that the route names.
    pub port: i64,
    /// Whether the Service has it; true where the Service was not looked into.
    pub has_port: bool,
    /// The ports that it has, as words.
    pub ports: String,
    /// What was probably meant: a Service, or a port where the Service is there.
    pub nearest: Vec<Nearest>,
    /// The nearest; empty where none is near.
    pub better: String,
    /// The path of what is at fault.
    pub field: String,
    /// What stands there.
    pub wanted: String,
    /// A JSON patch of the route that names the nearest.
    pub patch: String,
}

/// One Gateway that a route is for, as a rule sees it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ParentFacts {
    /// The route's name.
    pub route: String,
    /// The Gateway's name.
    pub gateway: String,
    /// Its namespace.
    pub namespace: String,
    /// Whether it is there.
    pub exists: Known<bool>,
    /// The listener that the route asks for; empty where it asks for none.
    pub section: String,
    /// Whether the Gateway has it; true where the Gateway was not looked into.
    pub has_section: bool,
    /// The listeners that it has, as words.
    pub sections: String,
    /// The controller's words where it does not take the route; empty where it does.
    pub message: String,
    /// The same as evidence.
    pub evidence: Vec<Evidence>,
    /// What was probably meant: a Gateway, or a listener where the Gateway is there.
    pub nearest: Vec<Nearest>,
    /// The nearest; empty where none is near.
    pub better: String,
    /// The path of what is at fault.
    pub field: String,
    /// What stands there.
    pub wanted: String,
    /// A JSON patch of the route that names the nearest.
    pub patch: String,
}

fn of_services(route: &HTTPRoute) -> Vec<(String, &Reference)> {
    let mut found = Vec::new();
    for (rule_index, rule) in route.spec.rules.iter().enumerate() {
        for (index, backend) in rule.backend_refs.iter().enumerate() {
            if backend.kind.as_deref().unwrap_or("Service") == "Service" {
                found.push((format!("spec.rules[{rule_index}].backendRefs[{index}]"), backend));
            }
        }
    }
    found
}

/// The namespaces and names of the Services that a route leads to.
pub fn services(route: &HTTPRoute) -> Vec<(String, String)> {
    of_services(route).into_iter().map(|(_, backend)| (namespace(route, backend), backend.name.clone())).collect()
}

fn namespace(route: &HTTPRoute, reference: &Reference) -> String {
    reference.namespace.clone().unwrap_or_else(|| object::namespace(&route.metadata).to_owned())
}

/// The facts of each Service that a route leads to.
pub fn backends(inventory: &Inventory, route: &HTTPRoute) -> Vec<RouteBackendFacts> {
    of_services(route).into_iter().map(|(at, backend)| backend_facts(inventory, route, &at, backend)).collect()
}

fn backend_facts(inventory: &Inventory, route: &HTTPRoute, at: &str, backend: &Reference) -> RouteBackendFacts {
    let namespace = namespace(route, backend);
    let found = inventory.get::<Service>(&namespace, &backend.name);
    let exists = inventory.exists(Kind::Service, &namespace, &backend.name);
    let ports: Vec<i32> = match &found {
        Lookup::Present(service) => {
            service.spec.iter().flat_map(|spec| spec.ports.iter().flatten()).map(|port| port.port).collect()
        }
        _ => Vec::new(),
    };
    let port = backend.port.unwrap_or_default();
    let has_port = found.present().is_none() || backend.port.is_none() || ports.contains(&port);
    let wanted = if has_port { backend.name.clone() } else { port.to_string() };
    let nearest = match ports.as_slice() {
        _ if has_port && !exists.is_absent() => Vec::new(),
        _ if has_port => nearest_of(inventory, Kind::Service, &namespace, &backend.name),
        [only] => vec![Nearest { value: only.to_string(), why: "the Service's only port".to_owned() }],
        _ => Vec::new(),
    };
    let field = format!("{at}.{}", if has_port { "name" } else { "port" });
    let better = nearest.first().map(|near| near.value.clone()).unwrap_or_default();
    RouteBackendFacts {
        route: object::name(&route.metadata).to_owned(),
        service: backend.name.clone(),
        namespace,
        exists: exists.exists(),
        port: i64::from(port),
        has_port,
        ports: ports.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        patch: replace(&field, &better),
        nearest,
        better,
        field,
        wanted,
    }
}

/// The facts of each Gateway that a route is for.
pub fn parents(inventory: &Inventory, route: &HTTPRoute) -> Vec<ParentFacts> {
    let parents = route.spec.parent_refs.iter().enumerate();
    let gateways = parents.filter(|(_, parent)| parent.kind.as_deref().unwrap_or("Gateway") == "Gateway");
    gateways.map(|(index, parent)| parent_facts(inventory, route, index, parent)).collect()
}

fn parent_facts(inventory: &Inventory, route: &HTTPRoute, index: usize, parent: &Reference) -> ParentFacts {
    let namespace = namespace(route, parent);
    let found = inventory.get::<Gateway>(&namespace, &parent.name);
    let sections: Vec<&str> = match &found {
        Lookup::Present(gateway) => gateway.spec.listeners.iter().map(|listener| listener.name.as_str()).collect(),
        _ => Vec::new(),
    };
    let section = parent.section_name.clone().unwrap_or_default();
    let has_section = found.clone().present().is_none() || section.is_empty() || sections.contains(&section.as_str());
    let nearest = match has_section {
        false => nearest(&section, sections.iter().map(|name| Candidate::named(name))),
        true if found.is_absent() => nearest_of(inventory, Kind::Gateway, &namespace, &parent.name),
        true => Vec::new(),
    };
    let field = format!("spec.parentRefs[{index}].{}", if has_section { "name" } else { "sectionName" });
    let better = nearest.first().map(|near| near.value.clone()).unwrap_or_default();
    let said = route.status.parents.iter().filter(|status| status.parent_ref.name == parent.name);
    let refused = said.filter_map(|status| refused(&status.conditions, "Accepted")).next();
    ParentFacts {
        route: object::name(&route.metadata).to_owned(),
        gateway: parent.name.clone(),
        namespace,
        exists: found.exists(),
        has_section,
        sections: sections.join(", "),
        message: refused.map(|condition| condition.message.trim().to_owned()).unwrap_or_default(),
        evidence: refused
            .map(|condition| Evidence {
                source: format!("{} status.parents[{}].conditions[Accepted]", object::object_ref(route), parent.name),
                text: format!("{}: {}", condition.reason, condition.message),
                at: Some(object::time(&condition.last_transition_time)),
            })
            .into_iter()
            .collect(),
        patch: replace(&field, &better),
        wanted: if has_section { parent.name.clone() } else { section.clone() },
        section,
        nearest,
        better,
        field,
    }
}

fn nearest_of(inventory: &Inventory, kind: Kind, namespace: &str, name: &str) -> Vec<Nearest> {
    let names = inventory.known_names(kind);
    nearest(name, names.iter().filter(|(other, _)| other == namespace).map(|(_, name)| Candidate::named(name)))
}

fn replace(field: &str, better: &str) -> String {
    let path = format!("/{}", field.replace(['.', '['], "/").replace(']', ""));
    let value = better.parse::<i32>().map_or(json!(better), |number| json!(number));
    json!([{"op": "replace", "path": path, "value": value}]).to_string()
}
