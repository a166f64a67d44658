//! What workloads refer to, and what keeps pods from being made.

use k8s_openapi::api::core::v1::PersistentVolumeClaim;

use super::{Wanted, glance};
use crate::{
    facts::{
        container,
        controller::job,
        events::Events,
        nearest::{Candidate, nearest},
        reference::References,
        refusal,
        workload::{Workload, Workloads},
    },
    graph::Reach,
    kind::Kind,
    source::Request,
};

impl Wanted<'_> {
    pub(super) fn references(&mut self, workload: &Workload) {
        let Some(references) = References::of_workload(workload).filter(|_| !workload.idle) else { return };
        let namespace = workload.object.namespace.as_str();
        // Over all namespaces one listing of names serves every reference.
        let scope = self.within(namespace);
        for (kind, name, key) in references.wanted() {
            match kind {
                Kind::PersistentVolumeClaim => self.list(kind, scope),
                _ if !key.is_empty() && self.is_told(workload, (kind, namespace, name), &references) => {}
                _ if !key.is_empty() => self.get(kind, namespace, name),
                // It is fetched for its keys.
                _ if !references.keys_of(kind, name).is_empty() => {}
                _ => self.names(kind, scope),
            }
            if self.inventory.exists(kind, namespace, name).is_absent() {
                self.names(kind, scope);
                self.names(kind, None);
                // What holds the wanted keys is more probably meant than what has the nearer name.
                let wanted = references.keys_of(kind, name);
                let names = self.inventory.known_names(kind);
                let here = names.iter().filter(|(other, _)| other == namespace).map(|(_, name)| Candidate::named(name));
                for near in nearest(name, here).iter().filter(|_| !wanted.is_empty()) {
                    self.get(kind, namespace, &near.value);
                }
            }
        }
    }

    // Whether the metadata of all ConfigMaps or Secrets, listed at once, tells what there is to know of one.
    fn is_told(&self, workload: &Workload, of: (Kind, &str, &str), references: &References) -> bool {
        let made = workload.metadata.and_then(|metadata| metadata.creation_timestamp.as_ref()).map(|made| made.0);
        glance::has_keys(self.inventory, of, &references.keys_of(of.0, of.2))
            && !glance::may_have_changed(self.inventory, of, made)
    }

    // Why pods can't be made tells what else is worth a look.
    pub(super) fn of_refusal(&mut self, workload: &Workload, events: &Events) {
        let Some(words) = refusal::words(self.inventory, events, workload) else { return };
        if refusal::is_of_limits(&words.text) {
            self.list(Kind::LimitRange, self.within(&workload.object.namespace));
        }
        let quota = refusal::quota(&words.text);
        if !quota.is_empty() {
            self.get(Kind::ResourceQuota, &workload.object.namespace, &quota);
        }
        if refusal::is_of_priority_class(&words.text) {
            self.names(Kind::PriorityClass, None);
        }
        if refusal::failed(&words.text) {
            refusal::CONFIGURATIONS.into_iter().for_each(|kind| self.list(kind, None));
        }
        if let Some((namespace, _)) =
            refusal::called(self.inventory, &words.text).as_ref().and_then(refusal::Configured::service)
        {
            self.what_serves(namespace);
        }
    }

    // A failed pod of a CronJob's Job may be followed by a next one that runs already.
    pub(super) fn of_jobs(&mut self, workloads: &Workloads, reach: &Reach) {
        for workload in reach.workloads(workloads) {
            let pod = job::told_by(self.inventory, workload).and_then(|job| job::last_failed_pod(self.inventory, job));
            for (spec, init) in pod.iter().flat_map(|pod| container::containers(pod)) {
                self.requests
                    .extend(pod.and_then(|pod| container::log_of(self.inventory, pod, spec, init)).map(Request::Log));
            }
        }
    }

    pub(super) fn of_claims(&mut self, reach: &Reach) {
        for claim in reach.objects::<PersistentVolumeClaim>(self.inventory) {
            if claim.status.as_ref().and_then(|status| status.phase.as_deref()) == Some("Pending") {
                self.list(Kind::StorageClass, None);
                self.list(Kind::PersistentVolume, None);
            }
        }
    }
}
