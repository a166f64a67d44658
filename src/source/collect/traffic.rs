//! What traffic comes by: Services, Ingresses, the Gateway API, NetworkPolicies.

use k8s_openapi::api::{
    core::v1::Service,
    networking::v1::{Ingress, NetworkPolicy},
};

use super::Wanted;
use crate::{
    facts::{
        gateway, ingress, object, policy,
        service::{named_in_cluster, selected, selected_workloads, selector, text},
        workload::Workloads,
    },
    gateway_api::{Gateway, HTTPRoute},
    graph::{Graph, Key, Reach},
    kind::Kind,
    question::{Asked, Target},
    source::Request,
};

impl Wanted<'_> {
    pub(super) fn of_services(&mut self, workloads: &Workloads, reach: &Reach) {
        for service in reach.objects::<Service>(self.inventory) {
            let labels = selector(service);
            let has_workload = !selected_workloads(workloads, service).is_empty();
            let knows_all_pods = self.inventory.is_in_part(Kind::Pod);
            if !labels.is_empty() && !has_workload && !knows_all_pods && selected(self.inventory, service).is_empty() {
                self.requests.insert(Request::Matching { kind: Kind::Pod, selector: text(&labels) });
            }
            if let Some((_, namespace)) = named_in_cluster(service) {
                self.names(Kind::Service, Some(&namespace));
            }
        }
    }

    // What fails may wait for a Service of another namespace, and what is asked for be another name of one.
    pub(super) fn of_services_elsewhere(&mut self, asked: &Asked, graph: &Graph, workloads: &Workloads, reach: &Reach) {
        const TRAFFIC: [Kind; 2] = [Kind::Service, Kind::Ingress];
        let is_traffic = |key: &&Key| TRAFFIC.iter().any(|kind| key.kind == kind.info().name);
        let mut from: Vec<Key> = reach.workloads(workloads).map(|workload| Key::of(&workload.object)).collect();
        if let Asked::Objects(keys, _) = asked {
            from.extend(keys.iter().filter(is_traffic).cloned());
        }
        for service in graph.services_of(from) {
            self.what_serves(&service.namespace);
        }
    }

    pub(super) fn of_ingresses(&mut self, reach: &Reach) {
        let inventory = self.inventory;
        for ingress in reach.objects::<Ingress>(inventory) {
            let namespace = object::namespace(&ingress.metadata);
            if !ingress::has_address(ingress) {
                self.list(Kind::IngressClass, None);
                // Whether another one of its class has got one tells whether its controller gives any.
                self.list(Kind::Ingress, None);
            }
            for secret in ingress::secrets(ingress) {
                self.get(Kind::Secret, namespace, secret);
                if inventory.exists(Kind::Secret, namespace, secret).is_absent() {
                    self.names(Kind::Secret, Some(namespace));
                }
            }
        }
    }

    // The Gateway API, where traffic is asked about: many clusters have none.
    pub(super) fn of_routes(&mut self) {
        const TRAFFIC: [Kind; 4] = [Kind::Service, Kind::Ingress, Kind::Gateway, Kind::HTTPRoute];
        let is_about_traffic = |target: &Target| {
            *target == Target::Everything || target.kind().is_some_and(|kind| TRAFFIC.contains(&kind))
        };
        if self.question.target.each().iter().any(is_about_traffic) {
            self.list(Kind::Gateway, self.question.namespace.as_deref());
            self.list(Kind::HTTPRoute, self.question.namespace.as_deref());
        }
    }

    pub(super) fn of_gateways(&mut self, reach: &Reach) {
        if !reach.objects::<Gateway>(self.inventory).all(gateway::is_programmed) {
            self.list(Kind::GatewayClass, None);
        }
        for route in reach.objects::<HTTPRoute>(self.inventory) {
            let own = object::namespace(&route.metadata);
            for (namespace, name) in gateway::gateways(route) {
                if namespace != own {
                    self.get(Kind::Gateway, &namespace, &name);
                }
            }
            for (namespace, _) in gateway::services(route).iter().filter(|(namespace, _)| namespace != own) {
                self.names(Kind::Service, Some(namespace));
            }
        }
    }

    pub(super) fn of_policies(&mut self, reach: &Reach) {
        let policies = self.inventory.seen_anywhere::<NetworkPolicy>();
        let mut asked = policies.filter(|found| self.question.client.is_some() || reach.holds(*found));
        if asked.any(policy::namespaces_matter) {
            self.list(Kind::Namespace, None);
        }
    }

    // Both ends of a client's traffic: its pods, and the policies of its namespace and of the other.
    pub(super) fn of_client(&mut self) {
        let Some(client) = &self.question.client else { return };
        for kind in [client.kind, Kind::Pod, Kind::NetworkPolicy] {
            self.list(kind, Some(&client.namespace));
        }
        self.list(Kind::NetworkPolicy, self.question.namespace.as_deref());
        self.requests.insert(Request::Get { kind: Kind::Namespace, namespace: None, name: client.namespace.clone() });
    }
}
