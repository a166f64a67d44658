//! An admission webhook that does not answer, or that answered no.

use k8s_openapi::api::{
    admissionregistration::v1::{MutatingWebhookConfiguration, ValidatingWebhookConfiguration, WebhookClientConfig},
    core::v1::Service,
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::part;
use crate::{
    document::{Evidence, ObjectRef},
    facts::{object, service, workload::Workload},
    inventory::{Inventory, Known, Lookup},
    kind::{Kept, Kind},
};

/// An admission webhook because of which pods can't be made, as a rule sees it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct WebhookFacts {
    /// Its name, as `guard.example.com`.
    pub name: String,
    /// Whether it answered, and said no.
    pub denied: bool,
    /// Its own words where it denied, else the API server's about the call.
    pub words: String,
    /// What went wrong with the call: `service-missing`, `no-endpoints`, `no-port`, `certificate`, `timeout`,
    /// `refused`, `no-such-host`, `answer`; empty where it denied, or where the words say none of these.
    pub trouble: String,
    /// The configuration that it stands in: `ValidatingWebhookConfiguration/guard`; empty where that could not be seen.
    pub configuration: String,
    /// The word that kubectl takes for that one's kind.
    pub r#type: String,
    /// That one's name.
    pub configuration_name: String,
    /// What the API server calls: `Service/guard in namespace policy`, or a URL.
    pub calls: String,
    /// The Service that it calls; empty where it calls a URL.
    pub service: String,
    /// The namespace of that Service.
    pub service_namespace: String,
    /// Whether that Service is there; true where it calls a URL.
    pub service_exists: Known<bool>,
    /// How many of that Service's pods are ready, as words; empty where they could not be seen.
    pub service_pods: String,
    /// `failurePolicy`; empty where it could not be seen.
    pub failure_policy: String,
    /// `timeoutSeconds`; 10 where it does not say.
    pub timeout: i64,
    /// The workloads whose pods can't be made because of it: `Deployment/web`.
    pub workloads: Vec<String>,
    /// A JSON patch of the configuration that lets requests pass while the webhook does not answer.
    pub patch: String,
    /// The API server's words as evidence.
    pub evidence: Vec<Evidence>,
}

/// A webhook in the configuration that it stands in.
#[derive(Debug)]
pub struct Configured<'a> {
    /// The configuration.
    pub object: ObjectRef,
    index: usize,
    failure_policy: Option<&'a str>,
    timeout: Option<i32>,
    client: &'a WebhookClientConfig,
}

impl Configured<'_> {
    /// Namespace and name of the Service that it calls; nothing where it calls a URL.
    pub fn service(&self) -> Option<(&str, &str)> {
        self.client.service.as_ref().map(|service| (service.namespace.as_str(), service.name.as_str()))
    }

    // Where its calls go, as the API server writes it in its errors.
    fn address(&self) -> String {
        match (&self.client.service, &self.client.url) {
            (Some(service), _) => format!("https://{}.{}.svc:", service.name, service.namespace),
            (None, Some(url)) => url.clone(),
            (None, None) => String::new(),
        }
    }
}

/// Whether a refusal is for a webhook that could not be called.
pub fn failed(message: &str) -> bool {
    message.contains("failed calling webhook \"")
}

// The webhook that a refusal names; empty where it names none.
fn named(message: &str) -> String {
    // https://github.com/kubernetes/kubernetes/blob/master/staging/src/k8s.io/apiserver/pkg/admission/plugin/webhook/errors/statuserror.go
    part(message, r#"(?:failed calling|admission) webhook "([^"]+)""#)
}

// Whether a refusal is that of a webhook that answered.
fn is_denied(message: &str) -> bool {
    message.contains("admission webhook \"") && message.contains(" denied the request")
}

/// The webhook that a refusal says could not be called, where its configuration was seen.
pub fn called<'a>(inventory: &'a Inventory, message: &str) -> Option<Configured<'a>> {
    if !failed(message) {
        return None;
    }
    let name = named(message);
    let mut all = configured(inventory, &name);
    // A name may stand in several configurations, not all of which may be seen; the error mostly says where the call went.
    let by_address = all.iter().position(|found| message.contains(&found.address()));
    match by_address {
        Some(index) => Some(all.swap_remove(index)),
        None if all.len() == 1 && !message.contains("https://") => all.pop(),
        None => None,
    }
}

fn configured<'a>(inventory: &'a Inventory, name: &str) -> Vec<Configured<'a>> {
    let mut found = Vec::new();
    for configuration in inventory.seen_anywhere::<ValidatingWebhookConfiguration>() {
        for (index, webhook) in configuration.webhooks.iter().flatten().enumerate().filter(|(_, it)| it.name == name) {
            found.push(Configured {
                object: object::object_ref(configuration),
                index,
                failure_policy: webhook.failure_policy.as_deref(),
                timeout: webhook.timeout_seconds,
                client: &webhook.client_config,
            });
        }
    }
    for configuration in inventory.seen_anywhere::<MutatingWebhookConfiguration>() {
        for (index, webhook) in configuration.webhooks.iter().flatten().enumerate().filter(|(_, it)| it.name == name) {
            found.push(Configured {
                object: object::object_ref(configuration),
                index,
                failure_policy: webhook.failure_policy.as_deref(),
                timeout: webhook.timeout_seconds,
                client: &webhook.client_config,
            });
        }
    }
    found
}

/// The facts of a webhook that a refusal names, and what they are to be reported on: its configuration where the
/// call failed, the workload where it denied on purpose or where its configuration could not be seen.
pub fn facts(inventory: &Inventory, workload: &Workload, evidence: &Evidence) -> Option<(ObjectRef, WebhookFacts)> {
    let message = evidence.text.as_str();
    let name = named(message);
    if name.is_empty() {
        return None;
    }
    let denied = is_denied(message);
    let configured = called(inventory, message);
    let object = configured.as_ref().map_or_else(|| workload.object.clone(), |found| found.object.clone());
    let service = configured.as_ref().and_then(Configured::service);
    let facts = WebhookFacts {
        trouble: if denied { "" } else { trouble(message) }.to_owned(),
        words: words(message, denied),
        configuration: configured.as_ref().map(|found| found.object.to_string()).unwrap_or_default(),
        r#type: configured.as_ref().map(|found| found.object.kind.to_lowercase()).unwrap_or_default(),
        configuration_name: configured.as_ref().map(|found| found.object.name.clone()).unwrap_or_default(),
        calls: match service {
            Some((namespace, name)) => format!("Service/{name} in namespace {namespace}"),
            None => part(message, r#"Post "?(https?://[^"?\s]+)"#),
        },
        service: service.map(|(_, name)| name.to_owned()).unwrap_or_default(),
        service_namespace: service.map(|(namespace, _)| namespace.to_owned()).unwrap_or_default(),
        service_exists: match service {
            Some((namespace, name)) => exists(inventory, namespace, name, message),
            None => Known::Known(true),
        },
        service_pods: service.and_then(|(namespace, name)| pods(inventory, namespace, name)).unwrap_or_default(),
        failure_policy: configured.as_ref().and_then(|found| found.failure_policy).unwrap_or_default().to_owned(),
        timeout: i64::from(configured.as_ref().and_then(|found| found.timeout).unwrap_or(10)),
        patch: configured.as_ref().map(|found| fail_open(&name, found.index)).unwrap_or_default(),
        workloads: vec![workload.object.to_string()],
        evidence: vec![evidence.clone()],
        denied,
        name,
    };
    Some((object, facts))
}

// The API server's own words are evidence for somebody who may not look.
fn exists(inventory: &Inventory, namespace: &str, name: &str, message: &str) -> Known<bool> {
    match inventory.exists(Kind::Service, namespace, name) {
        Lookup::Unknown(_) if message.contains(&format!("service \"{name}\" not found")) => Known::Known(false),
        Lookup::Unknown(_) if message.contains(&format!("for service \"{name}\"")) => Known::Known(true),
        found => found.exists(),
    }
}

fn pods(inventory: &Inventory, namespace: &str, name: &str) -> Option<String> {
    let found = inventory.get::<Service>(namespace, name).present()?;
    inventory.list::<k8s_openapi::api::core::v1::Pod>(namespace).known()?;
    let selected = service::selected(inventory, found);
    let ready = selected.iter().filter(|pod| service::is_ready(pod)).count();
    Some(match selected.len() {
        _ if service::selector(found).is_empty() => return None,
        0 => "its selector matches no pod".to_owned(),
        all => format!("{ready} of its {all} pods {} ready", if all == 1 { "is" } else { "are" }),
    })
}

fn words(message: &str, denied: bool) -> String {
    let words = if denied {
        message.split_once(" denied the request: ").map(|(_, words)| words)
    } else {
        message
            .split_once("failed calling webhook \"")
            .and_then(|(_, rest)| rest.split_once("\": "))
            .map(|(_, words)| words.trim_start_matches("failed to call webhook: "))
            // `Post "https://…": ` is who was called, which is said elsewhere.
            .map(|words| match words.split_once("\": ") {
                Some((call, words)) if call.starts_with("Post \"") => words,
                _ => words,
            })
    };
    words.unwrap_or_default().trim().to_owned()
}

fn trouble(message: &str) -> &'static str {
    let has = |words: &[&str]| words.iter().any(|word| message.contains(word));
    if has(&["\" not found"]) && has(&["service \""]) {
        "service-missing"
    } else if has(&["no endpoints available for service"]) {
        "no-endpoints"
    } else if has(&["no service port "]) {
        "no-port"
    } else if has(&["x509:", "tls: ", "unable to load root certificates"]) {
        "certificate"
    } else if has(&["context deadline exceeded", "i/o timeout", "Client.Timeout"]) {
        "timeout"
    } else if has(&["connection refused", "no route to host", "connection reset", ": EOF"]) {
        "refused"
    } else if has(&["no such host"]) {
        "no-such-host"
    } else if has(&["could not find the requested resource", "an error on the server", "invalid webhook response"]) {
        "answer"
    } else {
        ""
    }
}

fn fail_open(name: &str, index: usize) -> String {
    json!([
        {"op": "test", "path": format!("/webhooks/{index}/name"), "value": name},
        {"op": "replace", "path": format!("/webhooks/{index}/failurePolicy"), "value": "Ignore"},
    ])
    .to_string()
}

/// The kinds that webhooks stand in.
pub const CONFIGURATIONS: [Kind; 2] = [ValidatingWebhookConfiguration::OF, MutatingWebhookConfiguration::OF];

#[cfg(test)]
mod tests {
    use super::*;

    // The API server's words: Kubernetes 1.34 as seen on a cluster, and 1.18 (Post without quotes).
    #[test]
    fn what_is_wrong_with_a_call_is_told_apart() {
        for (message, expected, said) in [
            (
                r#"Internal error occurred: failed calling webhook "g.x": failed to call webhook: Post "https://g.p.svc:443/check?timeout=2s": service "g" not found"#,
                "service-missing",
                r#"service "g" not found"#,
            ),
            (
                r#"Internal error occurred: failed calling webhook "g.x": failed to call webhook: Post "https://g.p.svc:443/check?timeout=5s": no endpoints available for service "g""#,
                "no-endpoints",
                r#"no endpoints available for service "g""#,
            ),
            (
                r#"Internal error occurred: failed calling webhook "g.x": failed to call webhook: Post "https://g.p.svc:443/check?timeout=5s": tls: failed to verify certificate: x509: certificate is valid for localhost, not g.p.svc"#,
                "certificate",
                "tls: failed to verify certificate: x509: certificate is valid for localhost, not g.p.svc",
            ),
            (
                r#"Internal error occurred: failed calling webhook "g.x": failed to call webhook: Post "https://127.0.0.1:9543/slow?timeout=1s": context deadline exceeded"#,
                "timeout",
                "context deadline exceeded",
            ),
            (
                r#"Internal error occurred: failed calling webhook "g.x": Post https://g.p.svc:443/check?timeout=30s: dial tcp 10.0.0.1:443: connect: connection refused"#,
                "refused",
                "Post https://g.p.svc:443/check?timeout=30s: dial tcp 10.0.0.1:443: connect: connection refused",
            ),
            (
                r#"Internal error occurred: failed calling webhook "g.x": failed to call webhook: the server could not find the requested resource"#,
                "answer",
                "the server could not find the requested resource",
            ),
        ] {
            assert_eq!(trouble(message), expected, "{message}");
            assert_eq!(words(message, false), said, "{message}");
            assert_eq!(named(message), "g.x");
            assert!(!is_denied(message));
        }
    }

    #[test]
    fn a_denial_is_no_failure() {
        let message = r#"admission webhook "g.x" denied the request: images must come from registry.corp.example"#;
        assert!(is_denied(message));
        assert_eq!(named(message), "g.x");
        assert_eq!(words(message, true), "images must come from registry.corp.example");
        let words_alone = r#"pods "web" is forbidden: webhook guard is off today"#;
        assert_eq!(named(words_alone), "");
    }
}
