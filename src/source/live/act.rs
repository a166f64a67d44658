//! What an active check does to a cluster: it makes, changes and deletes pods and Jobs, and reads logs as they grow.
//! Every path here is put together from names that the API server gave.

mod standing;

use std::time::{Duration, Instant};

use futures::{AsyncBufReadExt as _, StreamExt as _, io::Lines};
use http::{Method, header::CONTENT_TYPE};
use kube::client::Body;
use serde_json::{Value, json};

use super::{Live, path, trouble};
use crate::source::LogKey;

/// So often a change is sent of which no answer came back.
const TRIES: u32 = 5;

const JSON: &str = "application/json";

/// Why the server did not do something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// It is not there.
    Absent,
    /// Not yet: a container that is waiting to start has no log.
    NotYet(String),
    /// It is there already.
    Exists,
    /// Somebody changed it since it was read.
    Changed,
    /// 403: no right, no quota, or a policy of the cluster; in the server's words.
    Forbidden(String),
    /// Anything else that the server says.
    Said(String),
    /// No answer came back.
    Lost(String),
}

impl Refused {
    /// In words.
    pub fn words(&self) -> String {
        match self {
            Refused::Absent => "it is not there".to_owned(),
            Refused::Exists => "it is there already".to_owned(),
            Refused::Changed => "somebody else has changed it".to_owned(),
            Refused::Forbidden(words) | Refused::Said(words) | Refused::NotYet(words) | Refused::Lost(words) => {
                words.clone()
            }
        }
    }
}

/// A request that is more than a look.
#[derive(Debug, Clone)]
pub struct Act {
    method: Method,
    path: String,
    content_type: &'static str,
    body: Value,
}

impl Act {
    /// Makes a pod.
    pub fn create_pod(namespace: &str, pod: Value) -> Self {
        post(format!("/api/v1/namespaces/{}/pods", path::escape(namespace)), pod)
    }

    /// Makes a Job.
    pub fn create_job(namespace: &str, job: Value) -> Self {
        post(format!("/apis/batch/v1/namespaces/{}/jobs", path::escape(namespace)), job)
    }

    /// Deletes a Job, and what it owns soon after.
    pub fn delete_job(namespace: &str, job: &str) -> Self {
        let path = format!("/apis/batch/v1/namespaces/{}/jobs/{}", path::escape(namespace), path::escape(job));
        let body = json!({"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Background"});
        Self { method: Method::DELETE, path, content_type: JSON, body }
    }

    /// Adds an ephemeral container to a pod.
    pub fn add_container(namespace: &str, pod: &str, container: Value) -> Self {
        let path = format!("{}/ephemeralcontainers", pod_path(namespace, pod));
        let body = json!({"spec": {"ephemeralContainers": [container]}});
        Self { method: Method::PATCH, path, content_type: "application/strategic-merge-patch+json", body }
    }

    /// Deletes a pod at once.
    pub fn delete_pod(namespace: &str, pod: &str) -> Self {
        let body = json!({"kind": "DeleteOptions", "apiVersion": "v1", "gracePeriodSeconds": 0});
        Self { method: Method::DELETE, path: pod_path(namespace, pod), content_type: JSON, body }
    }

    /// Asks whether the user may do something.
    pub fn review(attributes: Value) -> Self {
        let body = json!({"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": attributes}});
        post("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews".to_owned(), body)
    }

    /// The pods with a label, in one namespace or in all.
    pub fn labelled_pods(namespace: Option<&str>, label: &str) -> Self {
        Self::labelled("/api/v1", "pods", namespace, label)
    }

    /// The Jobs with a label, in one namespace or in all.
    pub fn labelled_jobs(namespace: Option<&str>, label: &str) -> Self {
        Self::labelled("/apis/batch/v1", "jobs", namespace, label)
    }

    fn labelled(api: &str, plural: &str, namespace: Option<&str>, label: &str) -> Self {
        get(format!("{api}{}/{plural}?labelSelector={}", place(namespace), path::escape(label)))
    }

    /// One pod as it is now.
    pub fn pod(namespace: &str, pod: &str) -> Self {
        get(pod_path(namespace, pod))
    }
}

// `pods` of `/api/v1/namespaces/shop/pods/web`.
fn resource(path: &str) -> &str {
    let parts: Vec<&str> = path.split(['/', '?']).collect();
    match parts.as_slice() {
        ["", "api", _, "namespaces", _, resource, ..] | ["", "apis", _, _, "namespaces", _, resource, ..] => resource,
        ["", "api", _, resource, ..] | ["", "apis", _, _, resource, ..] => resource,
        _ => path,
    }
}

fn post(path: String, body: Value) -> Act {
    Act { method: Method::POST, path, content_type: JSON, body }
}

fn get(path: String) -> Act {
    Act { method: Method::GET, path, content_type: JSON, body: Value::Null }
}

// Of a list: nothing for all namespaces.
fn place(namespace: Option<&str>) -> String {
    namespace.map(|name| format!("/namespaces/{}", path::escape(name))).unwrap_or_default()
}

fn pod_path(namespace: &str, pod: &str) -> String {
    format!("/api/v1/namespaces/{}/pods/{}", path::escape(namespace), path::escape(pod))
}

impl Live {
    /// Sends it until an answer comes back: a lost connection is made anew. What is sent twice was done once, as all
    /// that is made has its name beforehand.
    ///
    /// # Errors
    /// Where the server refuses, or nothing answers.
    pub async fn act(&self, act: &Act) -> Result<Value, Refused> {
        let mut tried = 1;
        loop {
            match self.act_once(act).await {
                Err(Refused::Lost(_)) if tried < TRIES => {
                    tokio::time::sleep(Duration::from_millis(200) * 2u32.pow(tried)).await;
                    tried += 1;
                }
                // The first of two was done, and its answer was lost.
                Err(Refused::Exists) if tried > 1 && act.method == Method::POST => return Ok(Value::Null),
                answer => return answer,
            }
        }
    }

    async fn act_once(&self, act: &Act) -> Result<Value, Refused> {
        let body = if act.body.is_null() { Vec::new() } else { act.body.to_string().into_bytes() };
        let request = http::Request::builder()
            .method(act.method.clone())
            .uri(&act.path)
            .header(CONTENT_TYPE, act.content_type)
            .body(body)
            .map_err(|error| Refused::Said(error.to_string()))?;
        let started = Instant::now();
        let sent = async {
            let response = self.client.send(request.map(Body::from)).await.map_err(|error| lost(&error))?;
            let (parts, body) = response.into_parts();
            let body = body.collect_bytes().await.map_err(|error| lost(&error))?;
            self.traffic.count(resource(&act.path), body.len(), started.elapsed());
            let answer: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
            if parts.status.is_success() { Ok(answer) } else { Err(refused(parts.status.as_u16(), &answer)) }
        };
        self.in_time(sent).await
    }

    /// The lines of a container's log, from its start and for as long as it runs.
    ///
    /// # Errors
    /// Where there is no log, or not yet.
    pub async fn follow(&self, key: &LogKey) -> Result<Lines<impl futures::AsyncBufRead + Unpin + use<>>, Refused> {
        let path = format!(
            "{}/log?container={}&follow=true",
            pod_path(&key.namespace, &key.pod),
            path::escape(&key.container)
        );
        let request = http::Request::get(path).body(Vec::new()).map_err(|error| Refused::Said(error.to_string()))?;
        let opened = async { self.client.request_stream(request).await.map_err(|error| refusal(&error)) };
        let reader = self.in_time(opened).await?;
        Ok(Box::pin(reader).lines())
    }

    /// The next line, or nothing where the log has ended.
    ///
    /// # Errors
    /// Where the connection is lost.
    pub async fn next_line(lines: &mut Lines<impl futures::AsyncBufRead + Unpin>) -> Result<Option<String>, Refused> {
        lines.next().await.transpose().map_err(|error| Refused::Lost(error.to_string()))
    }

    async fn in_time<T>(&self, sent: impl Future<Output = Result<T, Refused>>) -> Result<T, Refused> {
        match self.timeout {
            None => sent.await,
            Some(timeout) => tokio::time::timeout(timeout, sent)
                .await
                .unwrap_or_else(|_| Err(Refused::Lost(trouble::Trouble::TimedOut(timeout).brief()))),
        }
    }
}

/// Why kube's client got nothing.
pub fn refusal(error: &kube::Error) -> Refused {
    match error {
        kube::Error::Api(status) => match status.code {
            400 => Refused::NotYet(status.message.clone()),
            403 => Refused::Forbidden(forbidden(&status.message)),
            404 => Refused::Absent,
            _ => Refused::Said(status.message.clone()),
        },
        error => lost(error),
    }
}

fn lost(error: &kube::Error) -> Refused {
    Refused::Lost(trouble::of(error).brief())
}

// `pods "kubectl-doctor-x" is forbidden: exceeded quota: …`: the name says nothing.
fn forbidden(words: &str) -> String {
    let reason = words.split_once(" is forbidden: ").map_or(words, |(_, reason)| reason);
    let prefix = if reason.starts_with("User ") { "forbidden: " } else { "" };
    format!("{prefix}{}", reason.replace(" in API group \"\"", ""))
}

fn refused(code: u16, status: &Value) -> Refused {
    let words = status.get("message").and_then(Value::as_str).unwrap_or_default();
    let words = if words.is_empty() { format!("the server answers with status {code}") } else { words.to_owned() };
    match code {
        403 => Refused::Forbidden(forbidden(&words)),
        404 => Refused::Absent,
        409 => match status.get("reason").and_then(Value::as_str) {
            Some("AlreadyExists") => Refused::Exists,
            Some("Conflict") => Refused::Changed,
            _ => Refused::Said(words),
        },
        // It may answer again in a moment.
        429 | 500 | 502..=504 => Refused::Lost(words),
        _ => Refused::Said(words),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_done_is_counted_by_its_resource() {
        for (act, what) in [
            (Act::pod("shop", "web"), "pods"),
            (Act::add_container("shop", "web", Value::Null), "pods"),
            (Act::create_job("shop", Value::Null), "jobs"),
            (Act::labelled_pods(None, "app=web"), "pods"),
            (Act::labelled_jobs(None, "app=web"), "jobs"),
            (Act::review(Value::Null), "selfsubjectaccessreviews"),
            (Act::lease("shop", "kubectl-doctor"), "leases"),
            (Act::events_by("kubectl-doctor", None), "events"),
        ] {
            assert_eq!(resource(&act.path), what);
        }
    }
}
