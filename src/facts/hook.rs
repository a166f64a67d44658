//! A container's lifecycle hooks: what the kubelet says of one that failed
//! (<https://kubernetes.io/docs/concepts/containers/container-lifecycle-hooks/>).

use k8s_openapi::api::core::v1::{Container, LifecycleHandler};
use schemars::JsonSchema;
use serde::Serialize;

use super::events::EventFacts;
use crate::document::Evidence;

/// A lifecycle hook that failed, as a rule sees it.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct HookFacts {
    /// `postStart` or `preStop`; empty where none failed.
    pub name: String,
    /// What it does: its command, or the address that it asks.
    pub does: String,
    /// The kubelet's words.
    pub message: String,
    /// The same as evidence.
    pub evidence: Vec<Evidence>,
}

/// The newest failure of a hook of this container.
pub fn facts(container: &Container, events: &[EventFacts]) -> HookFacts {
    let failed = |event: &&EventFacts| {
        matches!(event.reason, "FailedPostStartHook" | "FailedPreStopHook") && event.is_of_container(&container.name)
    };
    let Some(event) = events.iter().rev().find(failed) else { return HookFacts::default() };
    let lifecycle = container.lifecycle.as_ref();
    let (name, handler) = match event.reason {
        "FailedPostStartHook" => ("postStart", lifecycle.and_then(|lifecycle| lifecycle.post_start.as_ref())),
        _ => ("preStop", lifecycle.and_then(|lifecycle| lifecycle.pre_stop.as_ref())),
    };
    HookFacts {
        name: name.to_owned(),
        does: handler.map(describe).unwrap_or_default(),
        message: event.message.trim().to_owned(),
        evidence: vec![event.evidence()],
    }
}

fn describe(handler: &LifecycleHandler) -> String {
    if let Some(exec) = &handler.exec {
        return exec.command.iter().flatten().map(String::as_str).collect::<Vec<_>>().join(" ");
    }
    let http = handler.http_get.as_ref();
    http.map(|http| format!("HTTP GET {}", http.path.as_deref().unwrap_or("/"))).unwrap_or_default()
}
