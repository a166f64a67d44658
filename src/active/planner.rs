//! The checks of each Service, pod and Ingress that a question is about.

use std::collections::BTreeSet;

use k8s_openapi::{
    api::{
        core::v1::{Pod, Service, ServicePort},
        networking::v1::Ingress,
    },
    apimachinery::pkg::util::intstr::IntOrString,
};

use super::{
    ask::{Ask, How, Limits},
    flags::Flags,
    outside,
    plan::{Plan, Visit, is_running, visit},
    seen::{NotMade, Origin, Step},
    spoken::{self, Protocol, Spoken},
};
use crate::{
    facts::{
        object,
        service::{is_external_name, selected, target_of},
        workload::{Workload, Workloads},
    },
    inventory::Inventory,
};

/// Pods that are entered at first: one of each workload behind a Service.
const ENTERED: usize = 3;

/// What connections that are not made hide.
const UNASKED: &str = "one that does not answer";

/// Puts the checks together.
pub(super) struct Planner<'a> {
    pub(super) inventory: &'a Inventory,
    pub(super) flags: &'a Flags,
    pub(super) namespace: &'a str,
    pub(super) client: Origin,
    pub(super) pods: Option<BTreeSet<(String, String)>>,
    pub(super) inside: Vec<Visit>,
    pub(super) outside: Vec<Ask>,
    pub(super) not_made: Vec<NotMade>,
}

impl Planner<'_> {
    pub(super) fn of_service(&mut self, service: &Service, workloads: &Workloads) {
        let name = object::name(&service.metadata).to_owned();
        let ports: Vec<&ServicePort> = service.spec.iter().flat_map(|spec| spec.ports.iter().flatten()).collect();
        let ports = self.first(ports, Limits::PORTS, &format!("ports of Service/{name}"));
        let pods: Vec<&Pod> = self.running(selected(self.inventory, service));
        self.names(service);
        let asked = self.first(pods.clone(), Limits::PODS, &format!("pods of Service/{name}"));
        for port in &ports {
            self.of_port(service, &name, port, &asked);
        }
        // One pod of each workload shows what its program listens on.
        let mut entered = BTreeSet::new();
        for pod in pods {
            let owner = workloads.all.iter().find(|workload| {
                workload.pods.iter().any(|one| object::name(&one.metadata) == object::name(&pod.metadata))
            });
            let key = owner.map(|workload| workload.object.to_string()).unwrap_or_default();
            if entered.insert(key) {
                let targets: Vec<_> = ports.iter().filter_map(|port| self.target(port, pod)).collect();
                self.enter(pod, &targets);
            }
        }
    }

    // What no Service leads to is asked on the ports that it declares.
    pub(super) fn of_workload(&mut self, workload: &Workload) {
        let pods = self.running(workload.pods.clone());
        let pods = self.first(pods, Limits::PODS, &format!("pods of {}", workload.object));
        for (index, pod) in pods.iter().enumerate() {
            let containers = pod.spec.iter().flat_map(|spec| &spec.containers);
            let declared = containers.flat_map(|container| container.ports.iter().flatten());
            let ports = declared.filter_map(|port| u16::try_from(port.container_port).ok()).take(Limits::PORTS);
            let targets: Vec<_> =
                ports.map(|number| (number, self.told(spoken::of(None, Some(pod), number)))).collect();
            for (number, spoken) in &targets {
                self.ask_pod(pod, *number, spoken, None);
            }
            if index == 0 {
                self.enter(pod, &targets);
            }
        }
    }

    fn of_port(&mut self, service: &Service, name: &str, port: &ServicePort, pods: &[&Pod]) {
        let Ok(number) = u16::try_from(port.port) else { return };
        let mut first = None;
        for pod in pods {
            if let Some((target, spoken)) = self.target(port, pod) {
                self.ask_pod(pod, target, &spoken, Some((name, number)));
                first.get_or_insert((target, spoken));
            }
        }
        for (address, target) in outside::endpoints_by_hand(self.inventory, service, port) {
            let spoken = self.told(spoken::of(Some(port), None, target));
            let ask = self.connect(Step::Pod, &address, target, &spoken);
            self.outside.push(ask.service(name, number, target));
            first.get_or_insert((target, spoken));
        }
        let by_number = match target_of(port) {
            IntOrString::Int(number) => u16::try_from(number).unwrap_or(0),
            IntOrString::String(_) => 0,
        };
        let (target, spoken) = first.unwrap_or_else(|| (by_number, self.told(spoken::of(Some(port), None, by_number))));
        self.through(service, name, number, target, &spoken, pods.len());
        for (host, port) in outside::addresses(self.inventory, service, port, pods) {
            let ask = self.connect(Step::Outside, &host, port, &spoken);
            self.outside.push(ask.service(name, number, target));
        }
    }

    fn through(&mut self, service: &Service, name: &str, number: u16, target: u16, spoken: &Spoken, pods: usize) {
        let spec = service.spec.as_ref();
        let address = spec.and_then(|spec| spec.cluster_ip.clone()).filter(|ip| !ip.is_empty() && ip != "None");
        let times = u8::try_from(pods * 2).unwrap_or(u8::MAX).clamp(3, Limits::TIMES);
        if let Some(address) = &address {
            let ask = self.connect(Step::Service, address, number, spoken).times(times);
            self.outside.push(ask.service(name, number, target));
        }
        // The name of a headless Service leads to the pods themselves.
        let port = if address.is_some() || is_external_name(service) { number } else { target };
        let ask = self.connect(Step::Service, &self.short_name(name), port, spoken);
        let times = if address.is_some() { 1 } else { times };
        self.outside.push(ask.times(times).service(name, number, target));
    }

    fn names(&mut self, service: &Service) {
        let name = object::name(&service.metadata);
        let server = outside::cluster_dns(self.inventory)
            .and_then(|found| found.spec.as_ref()?.cluster_ip.clone())
            .filter(|ip| ip != "None");
        let qualified = format!("{name}.{}", self.namespace);
        let short = self.short_name(name);
        let mut ask = |to: String, how: How| {
            let mut ask = Ask::new(Step::Dns, &self.client, self.namespace, to, how).service(name, 0, 0);
            if let How::FullName { server, .. } = &ask.how {
                ask.check.server.clone_from(server);
            }
            self.outside.push(ask);
        };
        ask(short.clone(), How::Name { name: short, server: String::new() });
        let how = How::FullName { name: qualified.clone(), server: String::new() };
        ask(format!("{qualified}.svc"), how);
        if let Some(server) = server {
            ask(format!("{qualified}.svc, of {server}"), How::FullName { name: qualified, server });
        }
    }

    pub(super) fn outside_by_ingress(&mut self, ingress: &Ingress) {
        match outside::by_ingress(ingress) {
            Ok(found) => {
                for (host, port, name, path, service) in found {
                    let protocol = if port == 443 { Protocol::Https } else { Protocol::Http };
                    let path = self.flags.path.clone().unwrap_or(path);
                    let spoken = Spoken { protocol, path, ..Spoken::default() };
                    let mut ask = self.connect(Step::Outside, &host, port, &spoken);
                    ask.check.to = format!("{name}{} at {}", spoken.path, ask.check.to);
                    ask.how = How::Connect { host, port, name };
                    self.outside.push(ask.service(&service, 0, 0));
                }
            }
            Err(why) => self.not_made.push(NotMade::new(
                "what answers at the Ingress",
                why,
                "an Ingress that does not lead to its Service",
            )),
        }
    }

    fn ask_pod(&mut self, pod: &Pod, target: u16, spoken: &Spoken, service: Option<(&str, u16)>) {
        let address = pod.status.as_ref().and_then(|status| status.pod_ip.clone()).unwrap_or_default();
        let mut ask = self.connect(Step::Pod, &address, target, spoken).pod(object::name(&pod.metadata));
        if let Some((service, port)) = service {
            ask = ask.service(service, port, target);
        }
        if !self.outside.contains(&ask) {
            self.outside.push(ask);
        }
    }

    fn connect(&self, step: Step, host: &str, port: u16, spoken: &Spoken) -> Ask {
        let mut ask = Ask::connect(step, &self.client, self.namespace, host, port, spoken);
        if let (How::Connect { name, .. }, Some(host)) = (&mut ask.how, &self.flags.host) {
            name.clone_from(host);
        }
        ask
    }

    // From another namespace a Service's name alone is none.
    fn short_name(&self, name: &str) -> String {
        match &self.client {
            Origin::Client { namespace, .. } if namespace != self.namespace => format!("{name}.{}", self.namespace),
            _ => name.to_owned(),
        }
    }

    fn target(&self, port: &ServicePort, pod: &Pod) -> Option<(u16, Spoken)> {
        let number = match target_of(port) {
            IntOrString::Int(number) => number,
            IntOrString::String(name) => {
                let containers = pod.spec.iter().flat_map(|spec| &spec.containers);
                let mut ports = containers.flat_map(|container| container.ports.iter().flatten());
                ports.find(|port| port.name.as_deref() == Some(name.as_str()))?.container_port
            }
        };
        let number = u16::try_from(number).ok()?;
        Some((number, self.told(spoken::of(Some(port), Some(pod), number))))
    }

    // What the user says of the path.
    fn told(&self, mut spoken: Spoken) -> Spoken {
        if let Some(path) = self.flags.path.clone().filter(|_| spoken.is_http()) {
            spoken.path = path;
            spoken.path_is_known = true;
        }
        spoken
    }

    /// The first of many, with a word on the others.
    pub(super) fn first<T>(&mut self, mut all: Vec<T>, limit: usize, what: &str) -> Vec<T> {
        if all.len() > limit {
            let what = format!("{} of {} {what}", all.len() - limit, all.len());
            self.not_made.push(NotMade::new(what, format!("one run asks {limit}"), UNASKED));
        }
        all.truncate(limit);
        all
    }

    fn running<'p>(&self, pods: Vec<&'p Pod>) -> Vec<&'p Pod> {
        let is_asked = |pod: &&Pod| {
            let key = (object::namespace(&pod.metadata).to_owned(), object::name(&pod.metadata).to_owned());
            self.pods.as_ref().is_none_or(|pods| pods.contains(&key))
        };
        pods.into_iter().filter(|pod| is_running(pod)).filter(is_asked).collect()
    }

    fn enter(&mut self, pod: &Pod, targets: &[(u16, Spoken)]) {
        let name = object::name(&pod.metadata);
        let is_entered = |visit: &&mut Visit| visit.pod.as_ref().is_some_and(|pod| object::name(&pod.metadata) == name);
        let new = visit(pod, self.namespace, targets);
        if let Some(visit) = self.inside.iter_mut().find(is_entered) {
            let more: Vec<_> = new.asks.into_iter().filter(|ask| !visit.asks.contains(ask)).collect();
            visit.asks.extend(more);
        } else if self.inside.len() < ENTERED {
            self.inside.push(new);
        }
    }

    pub(super) fn finish(self, namespace: String, pod: Option<Pod>) -> Plan {
        let (mut asks, mut not_made) = (self.outside, self.not_made);
        let mut attempts = 0;
        let made = asks.iter().take_while(|ask| {
            attempts += usize::from(ask.times);
            attempts <= Limits::CHECKS
        });
        let made = made.count();
        if asks.len() > made {
            let what = format!("{} of {} connections", asks.len() - made, asks.len());
            not_made.push(NotMade::new(what, format!("one run makes {}", Limits::CHECKS), UNASKED));
        }
        asks.truncate(made);
        if !asks.is_empty() {
            let resolver = "resolv.conf".to_owned();
            asks.push(Ask::new(Step::Dns, &self.client, self.namespace, resolver, How::Resolver));
        }
        let visit = Visit { origin: self.client, namespace, pod, asks };
        Plan {
            namespace: self.namespace.to_owned(),
            inside: self.inside,
            client: Some(visit).filter(|visit| !visit.asks.is_empty()),
            not_made,
        }
    }
}
