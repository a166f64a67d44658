//! Removes what checks left that were killed: `kubectl doctor cleanup`.

use futures::future::join_all;
use serde_json::Value;

use super::make::LABEL;
use crate::{
    error::Error,
    source::live::{
        Live,
        act::{Act, Refused},
    },
};

/// Removes the pods that checks left, in one namespace or in all; a line each.
///
/// # Errors
/// Where they can't be listed, or one of them can't be removed.
pub async fn cleanup(live: &Live, namespace: Option<&str>) -> Result<Vec<String>, Error> {
    let label = format!("{}={}", LABEL.0, LABEL.1);
    let found = live
        .act(&Act::labelled_pods(namespace, &label))
        .await
        .map_err(|refused| Error::new(format!("cannot look for pods that checks left: {}", refused.words())))?;
    let text = |pod: &Value, pointer: &str| pod.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let pods: Vec<_> = found.get("items").and_then(Value::as_array).cloned().unwrap_or_default();
    let named = pods.iter().map(|pod| (text(pod, "/metadata/namespace"), text(pod, "/metadata/name")));
    let removed = join_all(named.map(|(namespace, name)| async move {
        let answer = live.act(&Act::delete_pod(&namespace, &name)).await;
        (namespace, name, answer)
    }));
    let mut lines = Vec::new();
    for (namespace, name, answer) in removed.await {
        match answer {
            Ok(_) | Err(Refused::Absent) => lines.push(format!("pod {name} of namespace {namespace} is removed")),
            Err(refused) => {
                return Err(Error::new(format!(
                    "cannot remove pod {name} of namespace {namespace}: {}",
                    refused.words()
                )));
            }
        }
    }
    if lines.is_empty() {
        lines.push("nothing was left".to_owned());
    }
    Ok(lines)
}
