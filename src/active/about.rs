//! What a question is about, of what connections are made to.

use std::collections::BTreeSet;

use k8s_openapi::api::{core::v1::Service, networking::v1::Ingress};

use crate::{
    facts::{
        ingress, object,
        service::of_workload,
        workload::{Workload, Workloads},
    },
    graph::Key,
    inventory::Inventory,
    kind::Kind,
};

/// Services, what no Service leads to, and Ingresses.
pub(super) struct About<'a, 'w> {
    pub(super) services: Vec<&'a Service>,
    /// Those that no Service leads to.
    pub(super) workloads: Vec<&'w Workload<'a>>,
    pub(super) ingresses: Vec<&'a Ingress>,
}

impl<'a, 'w> About<'a, 'w> {
    pub(super) fn of(inventory: &'a Inventory, workloads: &'w Workloads<'a>, keys: &[Key]) -> Self {
        let is_asked = |kind: Kind, namespace: &str, name: &str| keys.contains(&Key::new(kind, namespace, name));
        let ingresses: Vec<_> = inventory
            .seen_anywhere::<Ingress>()
            .filter(|found| is_asked(Kind::Ingress, object::namespace(&found.metadata), object::name(&found.metadata)))
            .collect();
        let asked: Vec<&Workload> =
            workloads.all.iter().filter(|workload| keys.contains(&Key::of(&workload.object))).collect();
        let mut names: BTreeSet<(String, String)> = BTreeSet::new();
        for workload in &asked {
            names.extend(of_workload(inventory, workload).into_iter().map(|found| (found.namespace, found.name)));
        }
        for found in &ingresses {
            let namespace = object::namespace(&found.metadata);
            names.extend(ingress::services(found).into_iter().map(|name| (namespace.to_owned(), name)));
        }
        let services: Vec<_> = inventory
            .seen_anywhere::<Service>()
            .filter(|found| {
                let (namespace, name) = (object::namespace(&found.metadata), object::name(&found.metadata));
                is_asked(Kind::Service, namespace, name) || names.contains(&(namespace.to_owned(), name.to_owned()))
            })
            .collect();
        let workloads = asked.into_iter().filter(|workload| of_workload(inventory, workload).is_empty()).collect();
        Self { services, workloads, ingresses }
    }
}
