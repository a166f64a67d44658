//! The API versions that no server serves any more, and what took their place.

/// A version of some kinds that is gone.
pub struct Removed {
    api_version: &'static str,
    kinds: &'static [&'static str],
    /// The first version of Kubernetes without it.
    pub since: &'static str,
    /// What serves these kinds now; empty where nothing does.
    pub served: &'static str,
}

/// What became of an API version of a kind; nothing where it is served, or not of Kubernetes.
pub fn removed(kind: &str, api_version: &str) -> Option<&'static Removed> {
    REMOVED.iter().find(|it| it.api_version == api_version && it.kinds.contains(&kind))
}

const fn gone(
    api_version: &'static str,
    kinds: &'static [&'static str],
    since: &'static str,
    served: &'static str,
) -> Removed {
    Removed { api_version, kinds, since, served }
}

const ROLES: &[&str] = &["Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"];
const WEBHOOKS: &[&str] = &["ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"];
const FLOWS: &[&str] = &["FlowSchema", "PriorityLevelConfiguration"];
const REVIEWS: &[&str] =
    &["LocalSubjectAccessReview", "SelfSubjectAccessReview", "SubjectAccessReview", "SelfSubjectRulesReview"];

// https://kubernetes.io/docs/reference/using-api/deprecation-guide/
const REMOVED: &[Removed] = &[
    gone("extensions/v1beta1", &["Deployment", "DaemonSet", "ReplicaSet"], "1.16", "apps/v1"),
    gone("apps/v1beta1", &["Deployment", "StatefulSet", "ReplicaSet", "ControllerRevision"], "1.16", "apps/v1"),
    gone(
        "apps/v1beta2",
        &["Deployment", "DaemonSet", "ReplicaSet", "StatefulSet", "ControllerRevision"],
        "1.16",
        "apps/v1",
    ),
    gone("extensions/v1beta1", &["NetworkPolicy"], "1.16", "networking.k8s.io/v1"),
    gone("extensions/v1beta1", &["PodSecurityPolicy"], "1.16", ""),
    gone("extensions/v1beta1", &["Ingress"], "1.22", "networking.k8s.io/v1"),
    gone("networking.k8s.io/v1beta1", &["Ingress", "IngressClass"], "1.22", "networking.k8s.io/v1"),
    gone("admissionregistration.k8s.io/v1beta1", WEBHOOKS, "1.22", "admissionregistration.k8s.io/v1"),
    gone("apiextensions.k8s.io/v1beta1", &["CustomResourceDefinition"], "1.22", "apiextensions.k8s.io/v1"),
    gone("apiregistration.k8s.io/v1beta1", &["APIService"], "1.22", "apiregistration.k8s.io/v1"),
    gone("authentication.k8s.io/v1beta1", &["TokenReview"], "1.22", "authentication.k8s.io/v1"),
    gone("authorization.k8s.io/v1beta1", REVIEWS, "1.22", "authorization.k8s.io/v1"),
    gone("certificates.k8s.io/v1beta1", &["CertificateSigningRequest"], "1.22", "certificates.k8s.io/v1"),
    gone("coordination.k8s.io/v1beta1", &["Lease"], "1.22", "coordination.k8s.io/v1"),
    gone("rbac.authorization.k8s.io/v1beta1", ROLES, "1.22", "rbac.authorization.k8s.io/v1"),
    gone("rbac.authorization.k8s.io/v1alpha1", ROLES, "1.22", "rbac.authorization.k8s.io/v1"),
    gone("scheduling.k8s.io/v1beta1", &["PriorityClass"], "1.22", "scheduling.k8s.io/v1"),
    gone(
        "storage.k8s.io/v1beta1",
        &["CSIDriver", "CSINode", "StorageClass", "VolumeAttachment"],
        "1.22",
        "storage.k8s.io/v1",
    ),
    gone("batch/v1beta1", &["CronJob"], "1.25", "batch/v1"),
    gone("discovery.k8s.io/v1beta1", &["EndpointSlice"], "1.25", "discovery.k8s.io/v1"),
    gone("events.k8s.io/v1beta1", &["Event"], "1.25", "events.k8s.io/v1"),
    gone("autoscaling/v2beta1", &["HorizontalPodAutoscaler"], "1.25", "autoscaling/v2"),
    gone("policy/v1beta1", &["PodDisruptionBudget"], "1.25", "policy/v1"),
    gone("policy/v1beta1", &["PodSecurityPolicy"], "1.25", ""),
    gone("node.k8s.io/v1beta1", &["RuntimeClass"], "1.25", "node.k8s.io/v1"),
    gone("autoscaling/v2beta2", &["HorizontalPodAutoscaler"], "1.26", "autoscaling/v2"),
    gone("flowcontrol.apiserver.k8s.io/v1beta1", FLOWS, "1.26", "flowcontrol.apiserver.k8s.io/v1"),
    gone("storage.k8s.io/v1beta1", &["CSIStorageCapacity"], "1.27", "storage.k8s.io/v1"),
    gone("flowcontrol.apiserver.k8s.io/v1beta2", FLOWS, "1.29", "flowcontrol.apiserver.k8s.io/v1"),
    gone("flowcontrol.apiserver.k8s.io/v1beta3", FLOWS, "1.32", "flowcontrol.apiserver.k8s.io/v1"),
];

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::kind::Kind;

    #[test]
    fn what_took_the_place_of_a_version_is_what_the_doctor_reads() {
        for kind in Kind::ALL {
            for it in REMOVED.iter().filter(|it| it.kinds.contains(&kind.info().name)) {
                let is_read = it.served == kind.api_version() || it.api_version.starts_with("events.k8s.io/");
                assert!(is_read, "{} {kind}", it.api_version);
            }
        }
        let policy = removed("PodDisruptionBudget", "policy/v1beta1").unwrap();
        assert_eq!((policy.since, policy.served), ("1.25", "policy/v1"));
    }

    #[test]
    fn what_is_served_or_of_no_known_group_is_not_removed() {
        assert!(removed("Deployment", "apps/v1").is_none());
        assert!(removed("Deployment", "example.com/v1beta1").is_none());
        assert!(removed("CronJob", "batch/v2alpha1").is_none());
    }
}
