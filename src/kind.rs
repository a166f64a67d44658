//! The kinds of object that the doctor knows, spelled as the API spells them.

use std::fmt;

pub(crate) use k8s_openapi::api::{
    admissionregistration::v1::{MutatingWebhookConfiguration, ValidatingWebhookConfiguration},
    apps::v1::{ControllerRevision, DaemonSet, Deployment, ReplicaSet, StatefulSet},
    autoscaling::v2::HorizontalPodAutoscaler,
    batch::v1::{CronJob, Job},
    core::v1::{
        ConfigMap, Event, LimitRange, Namespace, Node, PersistentVolume, PersistentVolumeClaim, Pod, ResourceQuota,
        Secret, Service, ServiceAccount,
    },
    discovery::v1::EndpointSlice,
    networking::v1::{Ingress, IngressClass, NetworkPolicy},
    policy::v1::PodDisruptionBudget,
    rbac::v1::{ClusterRole, ClusterRoleBinding, Role, RoleBinding},
    resource::v1::{DeviceClass, ResourceClaim},
    scheduling::v1::PriorityClass,
    storage::v1::StorageClass,
};
pub(crate) use k8s_openapi::kube_aggregator::pkg::apis::apiregistration::v1::APIService;

pub(crate) use crate::gateway_api::{Gateway, GatewayClass, HTTPRoute};
pub(crate) use crate::metrics_api::PodMetrics;

/// What there is to know of a kind without asking a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KindInfo {
    /// As in `kind:` of a manifest.
    pub name: &'static str,
    /// The API group; empty for the core group.
    pub group: &'static str,
    /// The version that is asked for.
    pub version: &'static str,
    /// The resource's name in paths, and kubectl's plural.
    pub plural: &'static str,
    /// kubectl's short names, as `kubectl api-resources` lists them.
    pub short: &'static [&'static str],
    /// Whether objects of it live in a namespace.
    pub namespaced: bool,
    /// Whether it may be asked about as `kubectl doctor TYPE NAME`.
    pub target: bool,
}

/// A typed object that the inventory keeps.
pub trait Kept:
    k8s_openapi::Metadata<Ty = k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta>
    + serde::Serialize
    + serde::de::DeserializeOwned
    + 'static
{
    /// The kind of this type.
    const OF: Kind;
}

macro_rules! kinds {
    ($($kind:ident $group:literal $version:literal $plural:literal [$($short:literal)*] $namespaced:literal $target:literal;)*) => {
        /// A kind of object that the doctor knows.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind { $(
            #[allow(missing_docs, reason = "named as the API names it")]
            $kind,
        )* }

        impl Kind {
            /// Every kind, in the order in which they are listed to a person.
            pub const ALL: &'static [Kind] = &[$(Kind::$kind),*];

            /// What there is to know of this kind.
            pub const fn info(self) -> KindInfo {
                match self { $(Kind::$kind => KindInfo {
                    name: stringify!($kind), group: $group, version: $version, plural: $plural,
                    short: &[$($short),*], namespaced: $namespaced, target: $target,
                },)* }
            }

            /// An object of this kind without the fields that the API server does not know, which it drops.
            pub fn as_understood(self, object: serde_json::Value) -> Option<serde_json::Value> {
                match self { $(Kind::$kind => {
                    serde_json::from_value::<$kind>(object).and_then(|object| serde_json::to_value(object)).ok()
                })* }
            }
        }

        $(impl Kept for $kind { const OF: Kind = Kind::$kind; })*

        /// Calls a macro with every kind's name, for code that must hold one thing a kind.
        macro_rules! for_each_kind { ($call:ident) => { $call! { $($kind)* } } }
        pub(crate) use for_each_kind;
    };
}

kinds! {
    Pod "" "v1" "pods" ["po"] true true;
    ReplicaSet "apps" "v1" "replicasets" ["rs"] true true;
    Deployment "apps" "v1" "deployments" ["deploy"] true true;
    StatefulSet "apps" "v1" "statefulsets" ["sts"] true true;
    DaemonSet "apps" "v1" "daemonsets" ["ds"] true true;
    Job "batch" "v1" "jobs" [] true true;
    CronJob "batch" "v1" "cronjobs" ["cj"] true true;
    Service "" "v1" "services" ["svc"] true true;
    EndpointSlice "discovery.k8s.io" "v1" "endpointslices" [] true false;
    Ingress "networking.k8s.io" "v1" "ingresses" ["ing"] true true;
    PersistentVolumeClaim "" "v1" "persistentvolumeclaims" ["pvc"] true true;
    HorizontalPodAutoscaler "autoscaling" "v2" "horizontalpodautoscalers" ["hpa"] true true;
    PodDisruptionBudget "policy" "v1" "poddisruptionbudgets" ["pdb"] true true;
    NetworkPolicy "networking.k8s.io" "v1" "networkpolicies" ["netpol"] true true;
    Gateway "gateway.networking.k8s.io" "v1" "gateways" ["gtw"] true true;
    HTTPRoute "gateway.networking.k8s.io" "v1" "httproutes" [] true true;
    Node "" "v1" "nodes" ["no"] false true;
    Namespace "" "v1" "namespaces" ["ns"] false true;
    ConfigMap "" "v1" "configmaps" ["cm"] true false;
    Secret "" "v1" "secrets" [] true false;
    ServiceAccount "" "v1" "serviceaccounts" ["sa"] true false;
    ControllerRevision "apps" "v1" "controllerrevisions" [] true false;
    ResourceQuota "" "v1" "resourcequotas" ["quota"] true false;
    LimitRange "" "v1" "limitranges" ["limits"] true false;
    PersistentVolume "" "v1" "persistentvolumes" ["pv"] false false;
    PriorityClass "scheduling.k8s.io" "v1" "priorityclasses" ["pc"] false false;
    ResourceClaim "resource.k8s.io" "v1" "resourceclaims" [] true false;
    DeviceClass "resource.k8s.io" "v1" "deviceclasses" [] false false;
    StorageClass "storage.k8s.io" "v1" "storageclasses" ["sc"] false false;
    IngressClass "networking.k8s.io" "v1" "ingressclasses" [] false false;
    ValidatingWebhookConfiguration "admissionregistration.k8s.io" "v1" "validatingwebhookconfigurations" [] false false;
    MutatingWebhookConfiguration "admissionregistration.k8s.io" "v1" "mutatingwebhookconfigurations" [] false false;
    APIService "apiregistration.k8s.io" "v1" "apiservices" [] false false;
    Role "rbac.authorization.k8s.io" "v1" "roles" [] true false;
    RoleBinding "rbac.authorization.k8s.io" "v1" "rolebindings" [] true false;
    ClusterRole "rbac.authorization.k8s.io" "v1" "clusterroles" [] false false;
    ClusterRoleBinding "rbac.authorization.k8s.io" "v1" "clusterrolebindings" [] false false;
    GatewayClass "gateway.networking.k8s.io" "v1" "gatewayclasses" ["gc"] false false;
    PodMetrics "metrics.k8s.io" "v1beta1" "pods" [] true false;
    Event "" "v1" "events" ["ev"] true false;
}

impl Kind {
    /// The kind that a user means by a word: kind, singular, plural or short
    /// name in any case, with or without a group (`ingress.networking.k8s.io`).
    pub fn from_word(word: &str) -> Option<Kind> {
        let word = word.to_lowercase();
        let (name, group) = match word.split_once('.') {
            Some((name, group)) => (name, Some(group)),
            None => (word.as_str(), None),
        };
        Kind::ALL.iter().copied().find(|kind| {
            let info = kind.info();
            let named = info.name.to_lowercase() == name || info.plural == name || info.short.contains(&name);
            named && group.is_none_or(|group| kind.is_in_group(group))
        })
    }

    /// Whether it is no part of Kubernetes itself, so that a server that does not serve it has none.
    pub fn is_installed_apart(self) -> bool {
        matches!(self.info().group, "gateway.networking.k8s.io" | "metrics.k8s.io")
    }

    /// How its resource is told from all others: `secrets`, and `pods.metrics.k8s.io` beside `pods`.
    pub const fn resource(self) -> &'static str {
        match self {
            Kind::PodMetrics => "pods.metrics.k8s.io",
            _ => self.info().plural,
        }
    }

    /// The kind of an object by its `kind` and `apiVersion`.
    pub fn from_object(kind: &str, api_version: &str) -> Option<Kind> {
        let group = api_version.rsplit_once('/').map_or("", |(group, _)| group);
        Kind::ALL.iter().copied().find(|known| known.info().name == kind && known.info().group == group)
    }

    /// `apps/v1`, or `v1` for the core group.
    pub fn api_version(self) -> String {
        let info = self.info();
        match info.group {
            "" => info.version.to_owned(),
            group => format!("{group}/{}", info.version),
        }
    }

    // kubectl takes TYPE.GROUP and TYPE.VERSION.GROUP.
    fn is_in_group(self, words: &str) -> bool {
        let info = self.info();
        words == info.group || words == format!("{}.{}", info.version, info.group)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.info().name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_found_by_every_word_kubectl_takes_for_it() {
        for word in
            ["deployment", "deployments", "deploy", "Deployment", "DEPLOY", "deployments.apps", "deployment.v1.apps"]
        {
            assert_eq!(Kind::from_word(word), Some(Kind::Deployment), "{word}");
        }
        assert_eq!(Kind::from_word("ingress.networking.k8s.io"), Some(Kind::Ingress));
    }

    #[test]
    fn a_word_with_another_group_is_not_the_kind() {
        assert_eq!(Kind::from_word("ingress.example.com"), None);
        assert_eq!(Kind::from_object("Service", "serving.knative.dev/v1"), None);
    }
}
