//! What the metrics API says of a pod: no part of Kubernetes itself, but served by metrics-server in many clusters.
//! <https://github.com/kubernetes/metrics/blob/master/pkg/apis/metrics/v1beta1/types.go>

use std::collections::BTreeMap;

use k8s_openapi::{
    Metadata, NamespaceResourceScope, Resource,
    apimachinery::pkg::{
        api::resource::Quantity,
        apis::meta::v1::{ObjectMeta, Time},
    },
};
use serde::{Deserialize, Serialize};

/// What the containers of the pod of this name use.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PodMetrics {
    api_version: String,
    kind: String,
    /// Its metadata; the name is the pod's.
    pub metadata: ObjectMeta,
    /// When the window ended over which it was measured.
    pub timestamp: Time,
    /// How long that was: `15.076s`.
    pub window: String,
    /// Those that ran all that time.
    pub containers: Vec<ContainerMetrics>,
}

/// What one container uses.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ContainerMetrics {
    /// Its name.
    pub name: String,
    /// `cpu`: cores on average over the window; `memory`: the working set at its end.
    pub usage: BTreeMap<String, Quantity>,
}

impl Resource for PodMetrics {
    const API_VERSION: &'static str = "metrics.k8s.io/v1beta1";
    const GROUP: &'static str = "metrics.k8s.io";
    const KIND: &'static str = "PodMetrics";
    const VERSION: &'static str = "v1beta1";
    const URL_PATH_SEGMENT: &'static str = "pods";
    type Scope = NamespaceResourceScope;
}

impl Metadata for PodMetrics {
    type Ty = ObjectMeta;

    fn metadata(&self) -> &ObjectMeta {
        &self.metadata
    }

    fn metadata_mut(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }
}
