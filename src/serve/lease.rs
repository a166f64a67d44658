//! Who of several replicas acts: whoever holds a Lease, as with Kubernetes' own components
//! (<https://kubernetes.io/docs/concepts/architecture/leases/#leader-election>).

use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::source::live::{
    Live,
    act::{Act, Refused},
};

const NAME: &str = "kubectl-doctor";

/// Whoever says nothing for so long has lost it.
const LASTS: Duration = Duration::from_secs(15);

/// Whoever could not say anything for so long acts no more, before somebody else does.
const SURE: Duration = Duration::from_secs(10);

/// A Lease that somebody wants to hold.
pub struct Lease<'a> {
    live: &'a Live,
    namespace: &'a str,
    me: &'a str,
    // Its version as it was found last, and since when: the clocks of others may be wrong.
    found: Option<(String, Instant)>,
    renewed: Option<Instant>,
}

impl<'a> Lease<'a> {
    /// One that is kept in a namespace, for a name that nobody else has.
    pub fn of(live: &'a Live, namespace: &'a str, me: &'a str) -> Self {
        Self { live, namespace, me, found: None, renewed: None }
    }

    /// Whether nobody else holds it for now.
    pub fn is_mine(&self) -> bool {
        self.renewed.is_some_and(|at| at.elapsed() < SURE)
    }

    /// Renews it, or takes it where nobody holds it.
    ///
    /// # Errors
    /// Where it can't be read or written.
    pub async fn renew(&mut self) -> Result<(), Refused> {
        let started = Instant::now();
        let lease = match self.live.act(&Act::lease(self.namespace, NAME)).await {
            Ok(lease) => lease,
            Err(Refused::Absent) => {
                let made = spec(&Value::Null, self.me, Timestamp::now());
                return self.wrote(started, self.live.act(&Act::create_lease(self.namespace, NAME, made)).await);
            }
            Err(refused) => return Err(refused),
        };
        let version = lease.pointer("/metadata/resourceVersion").and_then(Value::as_str).unwrap_or_default();
        let since = match &self.found {
            Some((found, since)) if found == version => *since,
            _ => started,
        };
        self.found = Some((version.to_owned(), since));
        if !is_free(&lease["spec"], self.me, since.elapsed()) {
            self.renewed = None;
            return Ok(());
        }
        let renewed = spec(&lease["spec"], self.me, Timestamp::now());
        let written = self.live.act(&Act::replace_lease(self.namespace, NAME, version, renewed)).await;
        self.wrote(started, written)
    }

    /// Lets go of it, for others to take at once.
    pub async fn release(&mut self) {
        if !self.is_mine() {
            return;
        }
        if let Ok(lease) = self.live.act(&Act::lease(self.namespace, NAME)).await {
            let version = lease.pointer("/metadata/resourceVersion").and_then(Value::as_str).unwrap_or_default();
            if holder(&lease["spec"]) == self.me {
                let mut spec = lease["spec"].clone();
                spec["holderIdentity"] = json!("");
                let _ = self.live.act(&Act::replace_lease(self.namespace, NAME, version, spec)).await;
            }
        }
        self.renewed = None;
    }

    fn wrote(&mut self, started: Instant, written: Result<Value, Refused>) -> Result<(), Refused> {
        match written {
            Ok(_) => {
                self.renewed = Some(started);
                Ok(())
            }
            // Somebody else was first.
            Err(Refused::Exists | Refused::Changed) => {
                self.renewed = None;
                Ok(())
            }
            Err(refused) => Err(refused),
        }
    }
}

fn holder(spec: &Value) -> &str {
    spec["holderIdentity"].as_str().unwrap_or_default()
}

fn is_free(spec: &Value, me: &str, unchanged_for: Duration) -> bool {
    let lasts = spec["leaseDurationSeconds"].as_u64().map_or(LASTS, Duration::from_secs);
    matches!(holder(spec), "") || holder(spec) == me || unchanged_for > lasts
}

fn spec(before: &Value, me: &str, now: Timestamp) -> Value {
    let now = now.strftime("%FT%T%.6fZ").to_string();
    let is_mine = holder(before) == me;
    let acquired = if is_mine { before["acquireTime"].clone() } else { json!(now) };
    let transitions = before["leaseTransitions"].as_i64().map_or(0, |count| count + i64::from(!is_mine));
    json!({
        "holderIdentity": me, "leaseDurationSeconds": LASTS.as_secs(),
        "acquireTime": acquired, "renewTime": now, "leaseTransitions": transitions,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn a_lease_is_free_when_it_is_nobodys_mine_or_was_not_renewed_in_its_time() {
        let of = |holder: &str| json!({"holderIdentity": holder, "leaseDurationSeconds": 15});
        let seconds = Duration::from_secs;
        assert!(is_free(&of(""), "me", seconds(0)));
        assert!(is_free(&of("me"), "me", seconds(0)));
        assert!(!is_free(&of("you"), "me", seconds(15)));
        assert!(is_free(&of("you"), "me", seconds(16)));
        assert!(is_free(&json!({}), "me", seconds(0)));
    }

    #[test]
    fn whoever_could_renew_it_no_more_stops_before_somebody_else_may_take_it() {
        assert!(SURE < LASTS);
    }

    #[test]
    fn a_lease_tells_since_when_it_is_whose() {
        let (first, later) =
            (Timestamp::from_second(1_700_000_000).unwrap(), Timestamp::from_second(1_700_000_005).unwrap());
        let taken = spec(&Value::Null, "me", first);
        assert_eq!(taken["acquireTime"], "2023-11-14T22:13:20.000000Z");
        assert_eq!(taken["leaseTransitions"], 0);
        let renewed = spec(&taken, "me", later);
        assert_eq!((&renewed["acquireTime"], &renewed["leaseTransitions"]), (&taken["acquireTime"], &json!(0)));
        assert_eq!(renewed["renewTime"], "2023-11-14T22:13:25.000000Z");
        let lost = spec(&renewed, "you", later);
        assert_eq!((&lost["acquireTime"], &lost["leaseTransitions"]), (&lost["renewTime"], &json!(1)));
    }
}
