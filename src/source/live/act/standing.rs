//! What `serve` asks and writes for as long as it stands: whose token it is and what they may do, who of several acts,
//! and Events.

use http::Method;
use serde_json::{Value, json};

use super::{Act, JSON, get, path, place, post};

impl Act {
    /// Asks whose token it is.
    pub fn token_review(token: &str) -> Self {
        let body = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": {"token": token}});
        post("/apis/authentication.k8s.io/v1/tokenreviews".to_owned(), body)
    }

    /// Asks whether somebody may do something; `spec` as in a SubjectAccessReview.
    pub fn access_review(spec: Value) -> Self {
        let body = json!({"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": spec});
        post("/apis/authorization.k8s.io/v1/subjectaccessreviews".to_owned(), body)
    }

    /// Reads a Lease.
    pub fn lease(namespace: &str, name: &str) -> Self {
        get(format!("{}/{}", leases(namespace), path::escape(name)))
    }

    /// Makes a Lease.
    pub fn create_lease(namespace: &str, name: &str, spec: Value) -> Self {
        post(leases(namespace), lease(json!({"name": name, "namespace": namespace}), spec))
    }

    /// Replaces a Lease that is still of this version.
    pub fn replace_lease(namespace: &str, name: &str, version: &str, spec: Value) -> Self {
        let metadata = json!({"name": name, "namespace": namespace, "resourceVersion": version});
        let path = format!("{}/{}", leases(namespace), path::escape(name));
        Self { method: Method::PUT, path, content_type: JSON, body: lease(metadata, spec) }
    }

    /// Makes an Event.
    pub fn create_event(namespace: &str, event: Value) -> Self {
        post(format!("/api/v1/namespaces/{}/events", path::escape(namespace)), event)
    }

    /// The Events that a component wrote, in one namespace or in all.
    pub fn events_by(component: &str, namespace: Option<&str>) -> Self {
        let component = path::escape(component);
        get(format!("/api/v1{}/events?fieldSelector=reportingComponent%3D{component}", place(namespace)))
    }
}

fn leases(namespace: &str) -> String {
    format!("/apis/coordination.k8s.io/v1/namespaces/{}/leases", path::escape(namespace))
}

fn lease(metadata: Value, spec: Value) -> Value {
    json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata, "spec": spec})
}
