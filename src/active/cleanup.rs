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

/// A pod or Job of checks.
struct Left {
    kind: &'static str,
    namespace: String,
    name: String,
    /// Whether checks may still be made there.
    may_be_at_work: bool,
    delete: Act,
}

impl Left {
    fn of(kind: &'static str, found: &Value) -> Self {
        let text = |pointer: &str| found.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (namespace, name) = (text("/metadata/namespace"), text("/metadata/name"));
        let delete =
            if kind == "pod" { Act::delete_pod(&namespace, &name) } else { Act::delete_job(&namespace, &name) };
        let may_be_at_work = kind == "pod" && ["Running", "Pending"].contains(&text("/status/phase").as_str());
        Self { kind, namespace, name, may_be_at_work, delete }
    }

    fn shown(&self) -> String {
        format!("{} {} of namespace {}", self.kind, self.name, self.namespace)
    }
}

/// Removes the pods and Jobs that checks left, in one namespace or in all, and tells of each. Those that may be at work
/// for somebody go only where that is wanted.
///
/// # Errors
/// Where they can't be listed, one of them can't be removed, or is at work.
pub async fn cleanup(
    live: &Live,
    namespace: Option<&str>,
    with_those_at_work: bool,
    tell: impl Fn(&str),
) -> Result<(), Error> {
    let left = left(live, namespace).await?;
    if left.is_empty() {
        tell("nothing was left");
    }
    // A pod that is at work keeps its Job, without which it would go.
    let at_work: Vec<&Left> = left.iter().filter(|one| one.may_be_at_work && !with_those_at_work).collect();
    let is_kept = |one: &Left| at_work.iter().any(|busy| (&busy.namespace, &busy.name) == (&one.namespace, &one.name));
    let removing = left.iter().filter(|one| !is_kept(one)).map(|one| async move {
        match live.act(&one.delete).await {
            Ok(_) | Err(Refused::Absent) => Ok(format!("{} is removed", one.shown())),
            Err(refused) => Err(Error::new(format!("cannot remove {}: {}", one.shown(), refused.words()))),
        }
    });
    let mut outcome = Ok(());
    for removed in join_all(removing).await {
        match removed {
            Ok(line) => tell(&line),
            Err(error) => outcome = Err(error),
        }
    }
    outcome?;
    match at_work.as_slice() {
        [] => Ok(()),
        [first, others @ ..] => {
            let others = if others.is_empty() { String::new() } else { format!(" (and {} more)", others.len()) };
            Err(Error::new(format!(
                "{}{others} may be at work for somebody, and ends by itself; --yes removes it all the same",
                first.shown()
            )))
        }
    }
}

async fn left(live: &Live, namespace: Option<&str>) -> Result<Vec<Left>, Error> {
    let label = format!("{}={}", LABEL.0, LABEL.1);
    let (pods, jobs) = (Act::labelled_pods(namespace, &label), Act::labelled_jobs(namespace, &label));
    let (pods, jobs) = futures::future::join(live.act(&pods), live.act(&jobs)).await;
    let pods =
        pods.map_err(|refused| Error::new(format!("cannot look for pods that checks left: {}", refused.words())))?;
    // Who may not list Jobs has made none.
    let jobs = jobs.unwrap_or_default();
    let all = [("pod", &pods), ("job", &jobs)].into_iter().flat_map(|(kind, list)| {
        let items = list.get("items").and_then(Value::as_array).into_iter().flatten();
        items.map(move |item| Left::of(kind, item))
    });
    Ok(all.collect())
}
