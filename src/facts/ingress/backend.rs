//! The backends, and whether the Services and ports that they name are there.

use k8s_openapi::api::{
    core::v1::Service,
    networking::v1::{Ingress, IngressBackend},
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use crate::{
    document::Nearest,
    facts::{
        nearest::{Candidate, nearest},
        object,
        service::is_external_name,
    },
    inventory::{Inventory, Known, Lookup},
};

/// One backend of an Ingress, as a rule sees it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct BackendFacts {
    /// What it serves: `shop.example.com/cart`, or `what no rule matches`.
    pub route: String,
    /// The Service's name.
    pub service: String,
    /// Whether that Service is there.
    pub exists: Known<bool>,
    /// The Services that were probably meant, nearest first.
    pub nearest: Vec<Nearest>,
    /// The nearest; empty where none is near.
    pub better: String,
    /// The port's number or name, as written.
    pub port: String,
    /// Whether the Service has that port; true where the Service is absent.
    pub has_port: Known<bool>,
    /// The ports that the Service has, as words.
    pub ports: String,
    /// The ports that were probably meant.
    pub nearest_port: Vec<Nearest>,
    /// The nearest port; empty where none is near.
    pub better_port: String,
    /// The path of the Service's name in the Ingress.
    pub field: String,
    /// The path of the port in the Ingress.
    pub port_field: String,
    /// A JSON patch of the Ingress that names the nearest Service.
    pub patch: String,
    /// A JSON patch of the Ingress that names the nearest port.
    pub port_patch: String,
}

/// Each backend with the path at which it stands, `spec.rules[0].http.paths[0].backend`, and what it serves.
pub fn backends(ingress: &Ingress) -> Vec<(String, String, &IngressBackend)> {
    let mut found = Vec::new();
    let Some(spec) = &ingress.spec else { return found };
    if let Some(backend) = &spec.default_backend {
        found.push(("spec.defaultBackend".to_owned(), "what no rule matches".to_owned(), backend));
    }
    for (rule_index, rule) in spec.rules.iter().flatten().enumerate() {
        for (index, path) in rule.http.iter().flat_map(|http| &http.paths).enumerate() {
            let at = format!("spec.rules[{rule_index}].http.paths[{index}].backend");
            let host = rule.host.as_deref().unwrap_or("*");
            found.push((at, format!("{host}{}", path.path.as_deref().unwrap_or("/")), &path.backend));
        }
    }
    found
}

/// The names of the Services that an Ingress leads to.
pub fn services(ingress: &Ingress) -> Vec<String> {
    backends(ingress).into_iter().filter_map(|(_, _, backend)| Some(backend.service.as_ref()?.name.clone())).collect()
}

/// The facts of each backend that is a Service.
pub fn backend_facts(inventory: &Inventory, ingress: &Ingress) -> Vec<BackendFacts> {
    backends(ingress)
        .into_iter()
        .filter_map(|(at, route, backend)| one(inventory, ingress, at, route, backend))
        .collect()
}

fn one(
    inventory: &Inventory,
    ingress: &Ingress,
    at: String,
    route: String,
    backend: &IngressBackend,
) -> Option<BackendFacts> {
    let wanted = backend.service.as_ref()?;
    let namespace = object::namespace(&ingress.metadata);
    let found = inventory.get::<Service>(namespace, &wanted.name);
    let (number, name) = wanted.port.as_ref().map_or((None, None), |port| (port.number, port.name.clone()));
    let port = name.clone().or(number.map(|number| number.to_string())).unwrap_or_default();
    let ports = match &found {
        Lookup::Present(service) => service.spec.as_ref().and_then(|spec| spec.ports.clone()).unwrap_or_default(),
        _ => Vec::new(),
    };
    let is_it = |port: &k8s_openapi::api::core::v1::ServicePort| {
        Some(port.port) == number || (name.is_some() && port.name == name)
    };
    let has_port = match &found {
        Lookup::Unknown(why) => Known::Unknown(why.clone()),
        Lookup::Absent => Known::Known(true),
        // Without ports the controller decides.
        Lookup::Present(service) if is_external_name(service) => Known::Known(true),
        Lookup::Present(_) => Known::Known(ports.iter().any(is_it)),
    };
    let others: Vec<_> = inventory.seen::<Service>(namespace).collect();
    // A Service that has the port which is asked for is more probably meant.
    let candidates = others.iter().map(|service| Candidate {
        name: object::name(&service.metadata),
        holds: service.spec.as_ref().and_then(|spec| spec.ports.as_deref()).unwrap_or_default().iter().any(is_it),
        note: String::new(),
    });
    let nearest_service = if found.is_absent() { nearest(&wanted.name, candidates) } else { Vec::new() };
    let nearest_port = nearest_port(&port, name.is_some(), &ports);
    let better = nearest_service.first().map(|nearest| nearest.value.clone()).unwrap_or_default();
    let better_port = nearest_port.first().map(|nearest| nearest.value.clone()).unwrap_or_default();
    let key = if name.is_some() { "name" } else { "number" };
    let pointer = format!("/{}", at.replace(['.', '['], "/").replace(']', ""));
    Some(BackendFacts {
        route,
        service: wanted.name.clone(),
        exists: found.exists(),
        patch: replace(&format!("{pointer}/service/name"), &json!(wanted.name), &json!(better), &better),
        port_patch: port_patch(&pointer, &better_port),
        nearest: nearest_service,
        better,
        has_port,
        ports: ports.iter().map(describe).collect::<Vec<_>>().join(", "),
        nearest_port,
        better_port,
        field: format!("{at}.service.name"),
        port_field: format!("{at}.service.port.{key}"),
        port,
    })
}

fn describe(port: &k8s_openapi::api::core::v1::ServicePort) -> String {
    match &port.name {
        Some(name) => format!("{} ({name})", port.port),
        None => port.port.to_string(),
    }
}

fn nearest_port(wanted: &str, named: bool, ports: &[k8s_openapi::api::core::v1::ServicePort]) -> Vec<Nearest> {
    if let [only] = ports {
        let value = match &only.name {
            Some(name) if named => name.clone(),
            _ => only.port.to_string(),
        };
        return vec![Nearest { value, why: "the Service's only port".to_owned() }];
    }
    let texts: Vec<_> = ports
        .iter()
        .map(|port| if named { port.name.clone().unwrap_or_default() } else { port.port.to_string() })
        .collect();
    nearest(wanted, texts.iter().filter(|text| !text.is_empty()).map(|text| Candidate::named(text)))
}

fn port_patch(pointer: &str, better: &str) -> String {
    let port = better.parse::<i32>().map_or(json!({"name": better}), |number| json!({"number": number}));
    let path = format!("{pointer}/service/port");
    if better.is_empty() { String::new() } else { json!([{"op": "replace", "path": path, "value": port}]).to_string() }
}

fn replace(path: &str, old: &serde_json::Value, new: &serde_json::Value, better: &str) -> String {
    if better.is_empty() {
        return String::new();
    }
    json!([{"op": "test", "path": path, "value": old}, {"op": "replace", "path": path, "value": new}]).to_string()
}
