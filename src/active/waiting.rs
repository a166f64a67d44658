//! Whether a container starts, and what keeps it from it.

use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::{ContainerState, Pod};

use crate::source::{
    LogKey,
    live::{Live, act::Act},
};

const PAUSE: Duration = Duration::from_millis(700);

/// As long as a cluster may take to find a node.
const SCHEDULING: Duration = Duration::from_secs(10);

/// Goes on for as long as a container may still tell something.
///
/// # Errors
/// What keeps it from starting.
pub async fn until_it_ends(live: &Live, key: &LogKey) -> Result<(), String> {
    let began = Instant::now();
    let mut has_ended = false;
    loop {
        tokio::time::sleep(PAUSE).await;
        let Ok(pod) = live.act(&Act::pod(&key.namespace, &key.pod)).await else { continue };
        let Ok(pod) = serde_json::from_value::<Pod>(pod) else { continue };
        if let Some(why) = trouble(&pod, &key.container, began.elapsed()) {
            return Err(why);
        }
        // What it printed last may still be on its way.
        if has_ended {
            return Ok(());
        }
        has_ended = state(&pod, &key.container).is_some_and(|state| state.terminated.is_some());
    }
}

fn state<'a>(pod: &'a Pod, container: &str) -> Option<&'a ContainerState> {
    let status = pod.status.as_ref()?;
    let own = status.container_statuses.iter().flatten();
    let mut all = own.chain(status.ephemeral_container_statuses.iter().flatten());
    all.find(|status| status.name == container)?.state.as_ref()
}

fn trouble(pod: &Pod, container: &str, after: Duration) -> Option<String> {
    let status = pod.status.as_ref()?;
    if let Some(why) = state(pod, container).and_then(refused) {
        return Some(why);
    }
    let mut conditions = status.conditions.iter().flatten();
    let unscheduled = conditions.find(|one| one.type_ == "PodScheduled" && one.status == "False");
    let why = unscheduled.filter(|_| after > SCHEDULING)?;
    Some(format!("the pod of the checks finds no node: {}", why.message.clone().unwrap_or_default()))
}

fn refused(state: &ContainerState) -> Option<String> {
    let waiting = state.waiting.as_ref()?;
    let reason = waiting.reason.as_deref().unwrap_or_default();
    let words = waiting.message.clone().unwrap_or_else(|| reason.to_owned());
    match reason {
        "ErrImagePull" | "ImagePullBackOff" | "InvalidImageName" | "ErrImageNeverPull" => {
            Some(format!("the image of the checks can't be had, and --probe-image names another: {words}"))
        }
        "CreateContainerConfigError" | "CreateContainerError" | "RunContainerError" | "StartError" => {
            Some(format!("the container of the checks does not start: {words}"))
        }
        _ => None,
    }
}
