//! The way that traffic takes to pods, where it is broken: Ingress → Service → endpoints → pods → port.

use k8s_openapi::{
    api::{
        core::v1::{Pod, Service, ServicePort},
        networking::v1::Ingress,
    },
    apimachinery::pkg::util::intstr::IntOrString,
};

use crate::{
    document::{Finding, Hop, ObjectRef},
    facts::{World, gateway, ingress, object, ports, service, workload::Workload},
    gateway_api::HTTPRoute,
    inventory::{Inventory, Lookup},
    kind::Kind,
};

/// What is wrong with where a port of a Service leads, by rule.
const OF_PORT: [(&str, &str); 3] = [
    ("service-named-port-missing", "no container has a port of this name"),
    ("service-protocol-mismatch", "it is of another protocol there"),
    ("service-target-port-mismatch", "nothing is known to listen there"),
];

/// The way on which a finding on a Service or an Ingress breaks; empty where there is none, or it is not all known.
pub fn path(world: &World, finding: &Finding) -> Vec<Hop> {
    let (namespace, name) = (&finding.object.namespace, &finding.object.name);
    let kind = Kind::from_object(&finding.object.kind, &finding.object.api_version);
    let hops = match kind {
        Some(Kind::Service) => match world.inventory.get::<Service>(namespace, name) {
            Lookup::Present(found) => of_service(world, finding, found),
            _ => None,
        },
        Some(Kind::Ingress) => match world.inventory.get::<Ingress>(namespace, name) {
            Lookup::Present(found) => of_backend(world, finding, found),
            _ => None,
        },
        _ => None,
    };
    hops.filter(|hops| hops.iter().any(|hop| hop.broken.is_some())).unwrap_or_default()
}

fn of_service(world: &World, finding: &Finding, found: &Service) -> Option<Vec<Hop>> {
    let wanted = finding.field.as_deref().and_then(port_index);
    let port = service_ports(found).get(wanted.unwrap_or_default());
    let mut hops: Vec<Hop> = entry(world.inventory, found, port).into_iter().collect();
    hops.push(hop(Some(object::object_ref(found)), &format!("Service/{}{}", finding.object.name, number(port))));
    hops.extend(behind(world, found, port, &finding.rule)?);
    Some(hops)
}

// From an Ingress to the backend that a finding is about.
fn of_backend(world: &World, finding: &Finding, found: &Ingress) -> Option<Vec<Hop>> {
    let field = finding.field.as_ref()?;
    let backends = ingress::backend_facts(world.inventory, found);
    let backend = backends.into_iter().find(|backend| backend.field == *field || backend.port_field == *field)?;
    let from = hop(Some(finding.object.clone()), &format!("Ingress/{} {}", finding.object.name, backend.route));
    let text = match backend.port.as_str() {
        "" => format!("Service/{}", backend.service),
        port => format!("Service/{}:{port}", backend.service),
    };
    let to = match world.inventory.get::<Service>(&finding.object.namespace, &backend.service) {
        Lookup::Absent => vec![broken(hop(None, &text), "there is no such Service")],
        Lookup::Present(there) if backend.has_port.known() == Some(false) => {
            let port = service_ports(there).first();
            let mut hops = vec![broken(hop(Some(object::object_ref(there)), &text), "it has no such port")];
            hops.extend(behind(world, there, port, "")?);
            hops
        }
        _ => return None,
    };
    Some([vec![from], to].concat())
}

// Who hands traffic to a Service from outside.
fn entry(inventory: &Inventory, found: &Service, port: Option<&ServicePort>) -> Option<Hop> {
    let (namespace, name) = (object::namespace(&found.metadata), object::name(&found.metadata));
    let mut ways = Vec::new();
    let leads_here = |from: &&Ingress| ingress::services(from).iter().any(|service| service == name);
    for from in inventory.seen::<Ingress>(namespace).filter(leads_here) {
        let backends = ingress::backend_facts(inventory, from).into_iter().filter(|backend| backend.service == name);
        let text = |route: String| format!("Ingress/{} {route}", object::name(&from.metadata));
        ways.extend(backends.map(|backend| hop(Some(object::object_ref(from)), &text(backend.route))));
    }
    for from in inventory.seen_anywhere::<HTTPRoute>() {
        if gateway::services(from).iter().any(|(there, it)| there == namespace && it == name) {
            ways.push(hop(Some(object::object_ref(from)), &format!("HTTPRoute/{}", object::name(&from.metadata))));
        }
    }
    let more = ways.len().saturating_sub(1);
    let mut first = ways.into_iter().next();
    if let Some(first) = first.as_mut().filter(|_| more > 0) {
        first.text.push_str(&format!(" (+{more})"));
    }
    first.or_else(|| Some(hop(None, &format!("NodePort :{}", port?.node_port.filter(|port| *port > 0)?))))
}

// The endpoints, the pods and their port; nothing where they are not known.
fn behind(world: &World, found: &Service, port: Option<&ServicePort>, rule: &str) -> Option<Vec<Hop>> {
    let selector = service::selector(found);
    let facts = service::endpoints(world.inventory, found).known().filter(|_| !selector.is_empty())?;
    world.inventory.list::<Pod>(object::namespace(&found.metadata)).known()?;
    let pods = service::selected(world.inventory, found);
    let endpoints = match (facts.ready, facts.ready + facts.not_ready) {
        (_, 0) => "no endpoint".to_owned(),
        (1, 1) => "1 endpoint".to_owned(),
        (ready, all) if ready == all => format!("{all} endpoints"),
        (ready, all) => format!("{ready} of {all} endpoints ready"),
    };
    let owners = service::selected_workloads(&world.workloads, found);
    let meant = owners.first().copied().or_else(|| service::nearest_workload(&world.workloads, found, &selector));
    let led_to = meant.map_or(&[][..], |meant| if pods.is_empty() { &meant.pods } else { &pods });
    let target = port.filter(|_| meant.is_some()).map(|port| target(port, led_to)).unwrap_or_default();
    let mut last = hop(meant.map(|meant| meant.object.clone()), &of_workload(meant, pods.len()));
    let mut hops = vec![hop(None, &endpoints)];
    if pods.is_empty() {
        let why = if owners.is_empty() { "the selector matches no pod" } else { "there are no pods" };
        last = broken(last, why);
    } else if facts.ready == 0 {
        last = broken(last, "none of them is ready");
    }
    match OF_PORT.iter().find(|(id, _)| *id == rule && last.broken.is_none()) {
        Some((_, why)) => hops.extend([last, broken(hop(None, &target), why)]),
        None => {
            last.text.push_str(&target);
            hops.push(last);
        }
    }
    Some(hops)
}

fn of_workload(meant: Option<&Workload>, selected: usize) -> String {
    let Some(meant) = meant else { return "no pods".to_owned() };
    match (meant.is_pod(), if selected == 0 { meant.pods.len() } else { selected }) {
        (true, 1) => meant.object.to_string(),
        (_, 1) => format!("1 pod of {}", meant.object),
        (_, count) => format!("{count} pods of {}", meant.object),
    }
}

fn service_ports(found: &Service) -> &[ServicePort] {
    found.spec.as_ref().and_then(|spec| spec.ports.as_deref()).unwrap_or_default()
}

fn number(port: Option<&ServicePort>) -> String {
    port.map(|port| format!(":{}", port.port)).unwrap_or_default()
}

// ` :8080`, or ` :http` where no pod says which number that is.
fn target(port: &ServicePort, pods: &[&Pod]) -> String {
    match service::target_of(port) {
        IntOrString::Int(number) => format!(" :{number}"),
        IntOrString::String(name) => {
            let named = pods.iter().flat_map(|pod| ports::declared(pod)).find(|port| port.name.as_ref() == Some(&name));
            named.map_or_else(|| format!(" :{name}"), |port| format!(" :{}", port.container_port))
        }
    }
}

// Of `spec.ports[1].targetPort`.
fn port_index(field: &str) -> Option<usize> {
    field.strip_prefix("spec.ports[")?.split(']').next()?.parse().ok()
}

fn hop(object: Option<ObjectRef>, text: &str) -> Hop {
    Hop { object, text: text.trim().to_owned(), broken: None }
}

fn broken(hop: Hop, why: &str) -> Hop {
    Hop { broken: Some(why.to_owned()), ..hop }
}
