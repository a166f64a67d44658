//! What lives in no namespace, and what was deleted and hangs on it.

use k8s_openapi::api::{
    apps::v1::DaemonSet,
    autoscaling::v2::HorizontalPodAutoscaler,
    core::v1::{Namespace, Node, Pod},
};

use super::Wanted;
use crate::{
    facts::{api_service, controller::daemon, deleted, node},
    graph::Reach,
    kind::{APIService, Kind},
    question::Asked,
};

impl Wanted<'_> {
    // What keeps a deleted object may be its node, or something in a namespace that is not looked at otherwise.
    pub(super) fn of_deleted(&mut self, reach: &Reach) {
        for (object, _) in deleted::within(self.inventory, reach) {
            let pod = self.inventory.get::<Pod>(&object.namespace, &object.name).present();
            if object.kind == "Pod" && pod.is_some_and(deleted::hangs_on_its_node) {
                self.list(Kind::Node, None);
            }
            if object.kind == "Namespace"
                && let Some(namespace) = self.inventory.get::<Namespace>("", &object.name).present()
            {
                for kind in deleted::remaining_kinds(namespace) {
                    self.list(kind, kind.info().namespaced.then_some(object.name.as_str()));
                }
                if !deleted::silent_api_services(namespace).is_empty() {
                    self.list(Kind::APIService, None);
                }
            }
        }
    }

    // An aggregated API that does not answer is looked for where something waits for it, and over all namespaces.
    pub(super) fn of_apis(&mut self, asked: &Asked, reach: &Reach) {
        let mut scalers = reach.objects::<HorizontalPodAutoscaler>(self.inventory);
        if scalers.any(|scaler| api_service::metrics_api(scaler).is_some()) {
            self.list(Kind::APIService, None);
        }
        if self.question.namespace.is_none() && matches!(asked, Asked::Everything) {
            self.list(Kind::APIService, None);
            self.list(Kind::Namespace, None);
        }
        let services = reach.objects::<APIService>(self.inventory);
        for service in services.filter(|it| api_service::unavailable(it).is_some()) {
            if let Some((namespace, _)) = api_service::service_of(service) {
                self.what_serves(namespace);
            }
        }
    }

    // Over all namespaces every node is looked at; what runs there only of one that is in trouble and asked about.
    pub(super) fn of_nodes(&mut self, asked: &Asked, reach: &Reach) {
        if self.question.namespace.is_none() && matches!(asked, Asked::Everything) {
            self.list(Kind::Node, None);
        }
        if reach.objects::<Node>(self.inventory).any(node::is_in_trouble) {
            self.list(Kind::Pod, None);
        }
    }

    // One that is for no node is looked at beside the nodes that there are.
    pub(super) fn of_daemon_sets(&mut self, reach: &Reach) {
        if reach.objects::<DaemonSet>(self.inventory).any(daemon::wants_none) {
            self.list(Kind::Node, None);
        }
    }
}
