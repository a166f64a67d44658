//! What may be wrong and stay unseen, where a kind of object could not be looked at.

use crate::{facts::On, kind::Kind};

/// What the logs of containers are called among what was not looked at.
pub const LOGS: &str = "logs";

/// What may stay unseen without a kind, in words that fit before "would not be seen"; it depends on what a rule would
/// have been about that asked for it. `what` is a plural, or `logs`.
pub fn hides(what: &str, on: Option<On>) -> &'static str {
    if what == LOGS {
        return "why a container fails";
    }
    if on == Some(On::Custom) {
        return "a resource in trouble";
    }
    // `pods of all namespaces` are pods.
    let plural = what.split(' ').next().unwrap_or_default();
    Kind::ALL.iter().find(|kind| kind.resource() == plural).map_or("what is wrong there", |kind| of_kind(*kind, on))
}

fn of_kind(kind: Kind, on: Option<On>) -> &'static str {
    match (kind, on) {
        (Kind::Pod, Some(On::Service | On::Port | On::Backend)) => "a Service that reaches no pod",
        (Kind::Pod, Some(On::Pod)) => "what takes up a node's room",
        (Kind::Pod, _) => "a pod in trouble",
        (Kind::ReplicaSet | Kind::Deployment | Kind::StatefulSet | Kind::DaemonSet, _) => "a rollout that is stuck",
        (Kind::Job | Kind::CronJob, _) => "a Job that fails",
        (Kind::Service | Kind::EndpointSlice, _) => "a Service that reaches no pod",
        (Kind::Ingress, _) => "an Ingress that leads nowhere",
        (Kind::PersistentVolumeClaim, Some(On::Reference)) => "a missing claim",
        (Kind::PersistentVolumeClaim, _) => "a claim without a volume",
        (Kind::HorizontalPodAutoscaler, _) => "an autoscaler that can't scale",
        (Kind::PodDisruptionBudget, _) => "a budget that lets no node drain",
        (Kind::NetworkPolicy, _) => "a policy that stops traffic",
        (Kind::Gateway | Kind::HTTPRoute | Kind::GatewayClass, _) => "a route that leads nowhere",
        (Kind::Node, Some(On::Container)) => "an image for other nodes than these",
        (Kind::Node, Some(On::Pod)) => "why no node takes a pod",
        (Kind::Node, _) => "a node in trouble",
        (Kind::Namespace, Some(On::Port | On::Backend | On::Policy)) => "a policy that stops traffic",
        (Kind::Namespace, _) => "a missing namespace",
        (Kind::ConfigMap, _) => "a missing ConfigMap or key",
        (Kind::Secret, Some(On::Container)) => "a wrong pull secret",
        (Kind::Secret, Some(On::Tls)) => "a missing or expired certificate",
        (Kind::Secret, _) => "a missing Secret or key",
        (Kind::ServiceAccount, _) => "a missing ServiceAccount",
        (Kind::ResourceQuota, _) => "a quota that is used up",
        (Kind::LimitRange, _) => "a limit that forbids pods",
        (Kind::PersistentVolume, _) => "a volume that can't be used",
        (Kind::PriorityClass, _) => "a missing PriorityClass",
        (Kind::ResourceClaim | Kind::DeviceClass, _) => "a device that can't be had",
        (Kind::StorageClass, _) => "a missing StorageClass",
        (Kind::IngressClass, _) => "a missing IngressClass",
        (Kind::ValidatingWebhookConfiguration | Kind::MutatingWebhookConfiguration, _) => "a webhook that fails",
        (Kind::APIService, _) => "an API that does not answer",
        (Kind::Role | Kind::RoleBinding | Kind::ClusterRole | Kind::ClusterRoleBinding, _) => "which right is lacking",
        (Kind::ControllerRevision, _) => "what changed lately",
        (Kind::PodMetrics, _) => "a container near its limits",
        (Kind::Event, _) => "what the cluster says of failures",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_hides_something_in_few_words() {
        for what in Kind::ALL.iter().map(|kind| kind.resource()).chain([LOGS]) {
            let hidden = hides(what, None);
            assert!(hidden != hides("of another kind", None) && hidden.len() < 40, "{what}: {hidden}");
            // Several stand in a list.
            assert!(!hidden.contains(','), "{what}: {hidden}");
        }
    }

    #[test]
    fn what_a_kind_hides_depends_on_what_asks_for_it() {
        assert_eq!(hides("secrets", Some(On::Container)), "a wrong pull secret");
        assert_eq!(hides("secrets", Some(On::Reference)), "a missing Secret or key");
        assert_eq!(hides("pods of all namespaces", Some(On::Pod)), "what takes up a node's room");
    }
}
