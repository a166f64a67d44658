//! What `serve` asks and writes for as long as it stands: whose token it is and what they may do, who of several acts,
//! and Events.

use http::Method;
use serde_json::{Value, json};

use super::Act;

const JSON: &str = "application/json";

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
}

fn post(path: String, body: Value) -> Act {
    Act { method: Method::POST, path, content_type: JSON, body }
}
