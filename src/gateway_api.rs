//! The kinds of the Gateway API, which is no part of Kubernetes itself but installed into many clusters: the fields
//! that facts are worked out of, and the rest as it came. https://gateway-api.sigs.k8s.io/reference/spec/

use k8s_openapi::{
    ClusterResourceScope, Metadata, NamespaceResourceScope, Resource,
    apimachinery::pkg::apis::meta::v1::{Condition, ObjectMeta},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

macro_rules! gateway_kinds {
    ($($kind:ident $name:literal $plural:literal $scope:ty, $spec:ty, $doc:literal;)*) => { $(
        #[doc = $doc]
        #[derive(Debug, Clone, Serialize, Deserialize)]
        #[serde(rename_all = "camelCase")]
        pub struct $kind {
            api_version: String,
            kind: String,
            /// Its metadata.
            pub metadata: ObjectMeta,
            /// What is asked for.
            #[serde(default)]
            pub spec: $spec,
            /// What a controller says of it.
            #[serde(default)]
            pub status: Status,
        }

        impl Resource for $kind {
            const API_VERSION: &'static str = "gateway.networking.k8s.io/v1";
            const GROUP: &'static str = "gateway.networking.k8s.io";
            const KIND: &'static str = $name;
            const VERSION: &'static str = "v1";
            const URL_PATH_SEGMENT: &'static str = $plural;
            type Scope = $scope;
        }

        impl Metadata for $kind {
            type Ty = ObjectMeta;

            fn metadata(&self) -> &ObjectMeta {
                &self.metadata
            }

            fn metadata_mut(&mut self) -> &mut ObjectMeta {
                &mut self.metadata
            }
        }
    )* };
}

gateway_kinds! {
    GatewayClass "GatewayClass" "gatewayclasses" ClusterResourceScope, ClassSpec, "Who serves the Gateways that name it.";
    Gateway "Gateway" "gateways" NamespaceResourceScope, GatewaySpec, "Where traffic comes in.";
    HTTPRoute "HTTPRoute" "httproutes" NamespaceResourceScope, RouteSpec, "Where the HTTP traffic of a Gateway goes.";
}

/// `spec` of a GatewayClass.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ClassSpec {
    /// The controller's name.
    pub controller_name: String,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// `spec` of a Gateway.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct GatewaySpec {
    /// The class that is to serve it.
    pub gateway_class_name: String,
    /// The ports that it listens on.
    pub listeners: Vec<Listener>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// One port of a Gateway.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Listener {
    /// Its name, by which routes ask for it.
    pub name: String,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// `spec` of a route.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RouteSpec {
    /// The Gateways that it is for.
    pub parent_refs: Vec<Reference>,
    /// What goes where.
    pub rules: Vec<RouteRule>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// One rule of a route.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RouteRule {
    /// Where it leads.
    pub backend_refs: Vec<Reference>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// What a route names: a Gateway above it, or a Service below.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Reference {
    /// The kind; nothing is a Gateway above, and a Service below.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Its namespace; nothing is the route's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
    /// Of a Gateway, the listener; nothing is all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub section_name: Option<String>,
    /// Of a Service, the port.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<i32>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// What controllers say.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Status {
    /// Of a Gateway and a class.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// Of a route, for each Gateway that took it up.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parents: Vec<ParentStatus>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// What one Gateway's controller says of a route.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ParentStatus {
    /// The Gateway.
    pub parent_ref: Reference,
    /// What it says.
    pub conditions: Vec<Condition>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// A condition that does not hold.
pub fn refused<'a>(conditions: &'a [Condition], kind: &str) -> Option<&'a Condition> {
    conditions.iter().find(|condition| condition.type_ == kind && condition.status == "False")
}
