//! What may have been different when it worked, where something does not work now.

use super::Wanted;
use crate::{
    facts::{container, reference::read_by, service::is_ready, workload::Workload},
    graph::Reach,
    kind::Kind,
};

impl Wanted<'_> {
    /// What was rolled out before, and what containers that fail have read.
    pub(super) fn of_changes(&mut self, workload: &Workload, reach: &Reach) {
        let namespace = workload.object.namespace.as_str();
        let pods = || workload.pods.iter().filter(|pod| reach.asks_for_pod(&workload.object, pod));
        // A Deployment's are its ReplicaSets.
        let keeps_revisions = matches!(workload.object.kind.as_str(), "StatefulSet" | "DaemonSet");
        if keeps_revisions && pods().any(|pod| !is_ready(pod)) {
            self.list(Kind::ControllerRevision, self.within(namespace));
        }
        for pod in pods() {
            let Some(spec) = &pod.spec else { continue };
            for (container, init) in container::containers(pod) {
                let status = container::status(pod, &container.name, init);
                if status.is_some_and(|status| container::is_failing(self.inventory, status)) {
                    read_by(spec, container).iter().for_each(|(kind, name)| self.get(*kind, namespace, name));
                }
            }
        }
    }
}
