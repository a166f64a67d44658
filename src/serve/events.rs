//! Causes told as Events on the objects at fault, once each, by whoever of several holds the lease.

use std::{collections::BTreeSet, time::Duration};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Shared, lease::Lease};
use crate::{
    document::Severity,
    inventory::REPORTER,
    lookout::Cause,
    report::clean,
    source::live::{
        Live,
        act::{Act, Refused},
    },
};

const PERIOD: Duration = Duration::from_secs(3);

/// By what an Event is known to be about a cause, whoever wrote it.
const FINGERPRINT: &str = "kubectl-doctor/fingerprint";

/// Somebody who tells of causes as Events.
pub struct Teller<'a> {
    /// Whom they are told.
    pub live: &'a Live,
    /// What causes there are.
    pub seen: &'a Shared,
    /// Where those are looked for; nothing for all namespaces.
    pub scope: Option<String>,
    /// Who tells.
    pub me: &'a str,
}

impl Teller<'_> {
    /// Tells of each cause that begins, while nobody else does; for ever. What goes wrong is logged.
    pub async fn tell(&self, lease: &mut Lease<'_>, log: impl Fn(&str)) {
        // What was told of; nothing while somebody else tells.
        let mut told: Option<BTreeSet<String>> = None;
        let mut trouble = None;
        loop {
            let done = self.round(lease, &mut told, &log).await;
            let now = done.err().map(|refused| refused.words());
            if let Some(words) = now.as_ref().filter(|_| now != trouble) {
                log(&format!("cannot write events: {words}"));
            }
            trouble = now;
            tokio::time::sleep(PERIOD).await;
        }
    }

    async fn round(
        &self,
        lease: &mut Lease<'_>,
        told: &mut Option<BTreeSet<String>>,
        log: impl Fn(&str),
    ) -> Result<(), Refused> {
        lease.renew().await?;
        if !lease.is_mine() {
            *told = None;
            return Ok(());
        }
        // Until everything was looked at once, what stands may be taken for healed.
        if !self.seen.lock().is_ready {
            return Ok(());
        }
        let told = match told {
            Some(told) => told,
            None => {
                log("writes the events");
                told.insert(self.told_before().await?)
            }
        };
        for (fingerprint, namespace, event) in self.due(told) {
            if !lease.is_mine() {
                break;
            }
            match self.live.act(&Act::create_event(&namespace, event)).await {
                Err(lost @ Refused::Lost(_)) => return Err(lost),
                // Of a namespace that is about to go, for one.
                Err(refused) if refused != Refused::Exists => {
                    log(&format!("cannot write an event: {}", refused.words()))
                }
                _ => {}
            }
            told.insert(fingerprint);
        }
        Ok(())
    }

    async fn told_before(&self) -> Result<BTreeSet<String>, Refused> {
        let events = self.live.act(&Act::events_by(REPORTER, self.scope.as_deref())).await?;
        let items = events["items"].as_array().into_iter().flatten();
        let fingerprint = |event: &Value| event["metadata"]["annotations"][FINGERPRINT].as_str().map(str::to_owned);
        Ok(items.filter_map(fingerprint).collect())
    }

    // What is to be told of. What healed may begin again.
    fn due(&self, told: &mut BTreeSet<String>) -> Vec<(String, String, Value)> {
        let seen = self.seen.lock();
        let causes = seen.board.causes();
        told.retain(|fingerprint| causes.iter().any(|cause| cause.finding.fingerprint == *fingerprint));
        let is_due =
            |cause: &&&Cause| cause.finding.severity != Severity::Info && !told.contains(&cause.finding.fingerprint);
        let event = |cause: &&Cause| {
            let (namespace, event) = event(cause, self.me, Timestamp::now());
            (cause.finding.fingerprint.clone(), namespace, event)
        };
        causes.iter().filter(is_due).map(event).collect()
    }
}

// Its name tells the cause and its begin, so that the server refuses a second one. Where it goes comes first.
fn event(cause: &Cause, me: &str, now: Timestamp) -> (String, Value) {
    let (finding, object) = (&cause.finding, &cause.finding.object);
    // That of an object which lives in no namespace.
    let namespace = if object.namespace.is_empty() { "default" } else { &object.namespace };
    let name = format!("kubectl-doctor.{:016x}", hash(&format!("{} {}", finding.fingerprint, cause.began())));
    let mut about = json!({"apiVersion": object.api_version, "kind": object.kind, "name": object.name});
    for (field, value) in [("namespace", &object.namespace), ("uid", &object.uid)] {
        if !value.is_empty() {
            about[field] = json!(value);
        }
    }
    let now = now.strftime("%FT%TZ").to_string();
    let event = json!({
        "apiVersion": "v1", "kind": "Event",
        "metadata": {"name": name, "namespace": namespace, "annotations": {FINGERPRINT: finding.fingerprint}},
        "involvedObject": about, "type": "Warning", "reason": finding.rule, "message": clean::line(&finding.summary),
        "firstTimestamp": now, "lastTimestamp": now, "count": 1,
        "source": {"component": REPORTER}, "reportingComponent": REPORTER, "reportingInstance": me,
    });
    (namespace.to_owned(), event)
}

// FNV-1a, which is the same in every version of this program (<http://www.isthe.com/chongo/tech/comp/fnv/>).
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use crate::{
        document::Diagnosis,
        inventory::Inventory,
        kind::{Event, Kind},
        lookout::Board,
        serve::metrics::tests::sight,
    };

    fn told(change: impl FnOnce(&mut Diagnosis), second: i64) -> (String, Value) {
        let mut diagnosis = sight().diagnosis.unwrap();
        change(&mut diagnosis);
        let now = Timestamp::from_second(second).unwrap();
        let mut board = Board::default();
        board.renew("shop", Some(diagnosis), now);
        event(board.causes()[0], "doctor-1", now)
    }

    #[test]
    fn a_cause_is_told_on_the_object_at_fault() {
        let (namespace, event) = told(|_| {}, 1_700_000_000);
        assert_eq!(namespace, "configmap-key-typo");
        assert_eq!(event["involvedObject"]["kind"], "Deployment");
        assert_eq!(event["involvedObject"]["namespace"], namespace);
        assert_eq!((&event["type"], &event["reason"]), (&json!("Warning"), &json!("configmap-key-missing")));
        assert!(event["message"].as_str().unwrap().starts_with("Deployment/web needs key PRT "));
    }

    #[test]
    fn an_event_has_the_same_name_whoever_writes_it_when_and_another_when_the_cause_begins_again() {
        let since = |at: &str| {
            let at = at.to_owned();
            move |diagnosis: &mut Diagnosis| diagnosis.findings[0].since = Some(at)
        };
        let name = |(_, event): (String, Value)| event["metadata"]["name"].as_str().unwrap().to_owned();
        let first = name(told(since("2026-11-21T13:29:41Z"), 1_700_000_000));
        assert_eq!(first, name(told(since("2026-11-21T13:29:41Z"), 1_700_000_060)));
        assert_ne!(first, name(told(since("2026-11-21T14:00:00Z"), 1_700_000_060)));
    }

    #[test]
    fn what_lives_in_no_namespace_is_told_of_where_its_events_are() {
        let (namespace, event) = told(|diagnosis| diagnosis.findings[0].object.namespace.clear(), 1_700_000_000);
        assert_eq!(namespace, "default");
        assert_eq!(event["involvedObject"].get("namespace"), None);
    }

    #[test]
    fn what_was_told_is_no_evidence() {
        let mut inventory = crate::demo::recording(Some("configmap-key-typo")).unwrap().0;
        let count = |inventory: &Inventory| inventory.seen_anywhere::<Event>().count();
        let before = count(&inventory);
        let (_, mut event) = told(|_| {}, 1_700_000_000);
        inventory.insert(Kind::Event, event.clone()).unwrap();
        assert_eq!(count(&inventory), before);
        event["reportingComponent"] = json!("kubelet");
        inventory.insert(Kind::Event, event).unwrap();
        assert_eq!(count(&inventory), before + 1);
    }
}
