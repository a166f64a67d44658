//! What tells how pods fare: logs, nodes, metrics.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{Container, PersistentVolumeClaim, Pod};

use super::{CLUSTER_EVENTS, Wanted};
use crate::{
    facts::{container, log, node, object, pull, schedule, usage, workload::Workload},
    graph::{Key, Reach, claims_of},
    inventory::Lookup,
    kind::Kind,
    source::{LogKey, Request},
};

impl Wanted<'_> {
    pub(super) fn of_pods(&mut self, workload: &Workload, reach: &Reach) {
        let mut logged = BTreeSet::new();
        for pod in workload.pods.iter().filter(|pod| reach.asks_for_pod(&workload.object, pod)) {
            if let Some(name) =
                pod.spec.as_ref().and_then(|spec| spec.node_name.clone()).filter(|_| node::seems_lost(pod))
            {
                self.requests.insert(Request::Get { kind: Kind::Node, namespace: None, name });
            }
            if schedule::claims_devices(pod) {
                self.list(Kind::ResourceClaim, self.within(object::namespace(&pod.metadata)));
                self.list(Kind::DeviceClass, None);
            }
            if schedule::unschedulable(pod).is_some() {
                self.of_unschedulable(pod);
            }
            for (spec, init) in container::containers(pod) {
                let status = container::status(pod, &spec.name, init);
                if pull::may_fail(spec, status) {
                    self.list(Kind::Node, None);
                    for secret in pull::pull_secrets(pod) {
                        self.get(Kind::Secret, object::namespace(&pod.metadata), secret);
                    }
                }
                if container::was_killed_without_limit(spec, status) {
                    self.list(Kind::Event, Some(CLUSTER_EVENTS));
                }
                // One log of each container tells for all replicas.
                if let Some(key) = container::log_of(self.inventory, pod, spec, init).filter(|key| !key.recent)
                    && logged.insert(spec.name.as_str())
                {
                    self.log(pod, (spec, init), key);
                }
            }
        }
        self.of_pods_that_run(workload, reach, &logged);
    }

    // What a container that runs well has written lately is of interest where somebody asks about it by name, and
    // where it has a ServiceAccount of its own, so that it probably asks the API server for something.
    fn of_pods_that_run(&mut self, workload: &Workload, reach: &Reach, logged: &BTreeSet<&str>) {
        let Some(pod) = workload.pods.iter().find(|pod| reach.asks_for_pod(&workload.object, pod)) else { return };
        let account = pod.spec.as_ref().and_then(|spec| spec.service_account_name.as_deref()).unwrap_or("default");
        let has_own_account = account != "default" && self.question.namespace.is_some();
        let is_named = self.is_named(workload, reach);
        if !has_own_account && !is_named {
            return;
        }
        for (spec, init) in container::containers(pod) {
            let key = container::log_of(self.inventory, pod, spec, init).filter(|key| key.recent);
            let Some(key) = key.filter(|_| !logged.contains(spec.name.as_str())) else { continue };
            if self.inventory.log(&key).is_some() || (is_named && !self.question.is_about_pods()) {
                self.log(pod, (spec, init), key);
            } else {
                self.in_passing.insert(Request::Log(key));
            }
        }
    }

    fn is_named(&self, workload: &Workload, reach: &Reach) -> bool {
        self.question.names_objects() && reach.distance(&Key::of(&workload.object)) == 0
    }

    // How near its containers are to their limits; many clusters have no metrics API.
    pub(super) fn of_usage(&mut self, workload: &Workload, reach: &Reach) {
        let mut pods = workload.pods.iter().filter(|pod| reach.asks_for_pod(&workload.object, pod));
        if self.is_named(workload, reach) && pods.any(|pod| usage::matters(pod)) {
            let namespace = Some(workload.object.namespace.clone());
            self.in_passing.insert(Request::List { kind: Kind::PodMetrics, namespace });
        }
    }

    // A log, and what there is to know of what its end tells.
    fn log(&mut self, pod: &Pod, (spec, init): (&Container, bool), key: LogKey) {
        let text = self.inventory.log(&key).and_then(|log| log.as_ref().ok()?.as_deref()).unwrap_or_default();
        if text.contains("exec format error") {
            self.list(Kind::Node, None);
        }
        self.requests.insert(Request::Log(key));
        let Some(told) = log::told(self.inventory, self.patterns, pod, (spec, init)) else { return };
        let namespace = object::namespace(&pod.metadata);
        match told.of.as_str() {
            log::MISSING_SETTING => {
                self.list(Kind::ConfigMap, Some(namespace));
                self.list(Kind::Secret, Some(namespace));
            }
            log::FORBIDDEN => {
                let home = told.get("user").split(':').nth(2).unwrap_or_default();
                for namespace in [told.get("namespace"), home].into_iter().filter(|namespace| !namespace.is_empty()) {
                    self.list(Kind::RoleBinding, Some(namespace));
                    self.list(Kind::Role, Some(namespace));
                }
                self.list(Kind::ClusterRoleBinding, None);
                self.list(Kind::ClusterRole, None);
            }
            log::HOST_UNKNOWN | log::HOST_UNREACHABLE => {
                let there = log::target::service_of(self.inventory, namespace, &told);
                // `db.shop` may be Service db of namespace shop.
                if there.is_none() && told.get("host").matches('.').count() == 1 {
                    self.names(Kind::Namespace, None);
                }
                if !there.is_some_and(|(namespace, name)| {
                    self.inventory.exists(Kind::Service, &namespace, &name) == Lookup::Present(())
                }) {
                    self.names(Kind::Service, None);
                }
            }
            _ => {}
        }
    }

    // Where its volumes are, and which namespaces its affinity means, only where it has such.
    pub(super) fn of_unschedulable(&mut self, pod: &Pod) {
        self.list(Kind::Node, None);
        self.list(Kind::Pod, None);
        let namespace = object::namespace(&pod.metadata);
        let is_bound = |name: &String| {
            let claim = self.inventory.get::<PersistentVolumeClaim>(namespace, name).present();
            claim.and_then(|claim| claim.spec.as_ref()?.volume_name.as_ref()).is_some()
        };
        if claims_of(pod).iter().any(is_bound) {
            self.list(Kind::PersistentVolume, None);
        }
        if schedule::asks_for_namespaces(pod) {
            self.list(Kind::Namespace, None);
        }
    }
}
