//! How an object fares by its conditions.

use jiff::Timestamp;

use super::{Condition, CustomObject, Polarity, conditions};

// A condition that was set just now may be another in a moment.
const SETTLE: i64 = 30;
// A controller that says it is at work is taken at its word for so long.
const WORK: i64 = 600;
// What is not done by then is not just slow.
const STUCK: i64 = 3600;
// A controller that runs looks at a new spec within so long.
const LOOK: i64 = 300;

/// What the conditions of an object come to.
#[derive(Debug, Clone, PartialEq)]
pub struct Health {
    /// Whether any condition tells how it fares.
    pub is_told: bool,
    /// The worst condition, where one has been so for long enough to tell of a fault.
    pub worst: Option<Condition>,
    /// The worst condition that will, where it stays.
    pub worst_so_far: Option<Condition>,
    /// Whether its controller is still at work on it, or was told to leave it alone, or it serves all the same.
    pub is_mild: bool,
}

/// How an object fares at this time.
pub fn health(object: &CustomObject, now: Timestamp) -> Health {
    let all = conditions(object);
    let since = |condition: &Condition| age(object, condition, now);
    let is_about_older_spec = changed(object).is_some_and(|at| seconds(at, now) < LOOK) && is_behind(object);
    let at_work = all.iter().any(|other| other.polarity() == Polarity::Work && other.is_open()) || object.is_paused();
    let is_open = |condition: &Condition| condition.is_open() || (at_work && condition.polarity() == Polarity::Good);
    let is_fault = |condition: &&Condition| match is_open(condition) {
        true => since(condition) >= WORK,
        false => since(condition) >= SETTLE,
    };
    let tells =
        |condition: &&Condition| condition.is_bad() || (condition.is_open() && condition.polarity() == Polarity::Good);
    let rank = |condition: &&Condition| (is_open(condition), condition.rank());
    let told = || all.iter().filter(tells).filter(|_| !is_about_older_spec);
    let worst = told().filter(is_fault).min_by_key(rank);
    let serves = all.iter().any(|other| other.status == "True" && matches!(other.kind.as_str(), "Ready" | "Available"));
    Health {
        is_told: all.iter().any(|condition| condition.polarity() != Polarity::Own),
        is_mild: worst.is_some_and(|worst| {
            let is_unknown = worst.status == "Unknown";
            object.is_paused()
                || is_unknown
                || (is_open(worst) && since(worst) < STUCK)
                || (serves && worst.kind == "Degraded")
        }),
        worst: worst.cloned(),
        worst_so_far: told().filter(|condition| since(condition) >= SETTLE).min_by_key(rank).cloned(),
    }
}

// One that does not say since when it is so is as old as its object.
fn age(object: &CustomObject, condition: &Condition, now: Timestamp) -> i64 {
    let created = object.metadata.creation_timestamp.as_ref().map(|created| created.0);
    condition.since.or(created).map_or(i64::MAX, |since| seconds(since, now))
}

fn seconds(then: Timestamp, now: Timestamp) -> i64 {
    now.as_second() - then.as_second()
}

/// The generation that its controller has looked at, where it says so.
pub fn observed_generation(object: &CustomObject) -> Option<i64> {
    let seen = object.json.pointer("/status/observedGeneration")?;
    // Argo Rollouts writes it as a text.
    seen.as_i64().or_else(|| seen.as_str()?.parse().ok())
}

/// Whether its controller has not looked at the newest spec yet.
pub fn is_behind(object: &CustomObject) -> bool {
    observed_generation(object).zip(object.metadata.generation).is_some_and(|(seen, newest)| seen < newest)
}

/// Whether that has been so for longer than a controller that runs takes.
pub fn is_left_behind(object: &CustomObject, now: Timestamp) -> bool {
    is_behind(object) && changed(object).is_some_and(|at| seconds(at, now) >= LOOK)
}

/// When somebody last changed it, its status aside.
pub fn changed(object: &CustomObject) -> Option<Timestamp> {
    let fields = object.metadata.managed_fields.iter().flatten();
    let by_hand = fields.filter(|entry| entry.subresource.as_deref() != Some("status"));
    by_hand.filter_map(|entry| entry.time.as_ref().map(|time| time.0)).max()
}

/// Who writes its status.
pub fn controller(object: &CustomObject) -> Option<&str> {
    let mut fields = object.metadata.managed_fields.iter().flatten();
    fields.find(|entry| entry.subresource.as_deref() == Some("status")).and_then(|entry| entry.manager.as_deref())
}

#[cfg(test)]
mod tests {
    use jiff::ToSpan as _;
    use serde_json::{Value, json};

    use super::*;
    use crate::custom::Resource;

    const NOW: &str = "2026-01-02T12:00:00Z";

    fn ago(seconds: i64) -> String {
        (NOW.parse::<Timestamp>().unwrap() - seconds.seconds()).to_string()
    }

    // Conditions as type, status, reason and age.
    fn object(conditions: &[(&str, &str, &str, i64)], rest: Value) -> CustomObject {
        let conditions: Vec<_> = conditions
            .iter()
            .map(|(kind, status, reason, age)| {
                json!({"type": kind, "status": status, "reason": reason, "lastTransitionTime": ago(*age)})
            })
            .collect();
        let mut json = json!({
            "metadata": {"name": "a", "generation": 2, "managedFields": [{"manager": "kubectl", "time": ago(10)}]},
            "status": {"conditions": conditions},
        });
        for (pointer, value) in rest.as_object().into_iter().flatten() {
            let (part, key) = pointer.split_once('.').unwrap();
            json[part][key] = value.clone();
        }
        CustomObject::new(Resource::of_object("Backup", "example.com/v1", true), json).unwrap()
    }

    fn worst(conditions: &[(&str, &str, &str, i64)]) -> Option<(String, bool)> {
        let health = health(&object(conditions, json!({})), NOW.parse().unwrap());
        health.worst.map(|worst| (worst.kind, health.is_mild))
    }

    fn bad(kind: &str) -> Option<(String, bool)> {
        Some((kind.to_owned(), false))
    }

    #[test]
    fn a_condition_that_was_set_moments_ago_is_no_fault_yet() {
        assert_eq!(worst(&[("Ready", "False", "Failed", 5)]), None);
        assert_eq!(worst(&[("Ready", "False", "Failed", 60)]), bad("Ready"));
    }

    #[test]
    fn a_controller_at_work_is_given_time_and_then_warned_of() {
        for reason in ["Pending", "Issuing"] {
            assert_eq!(worst(&[("Ready", "False", reason, 300)]), None, "{reason}");
            assert_eq!(worst(&[("Ready", "False", reason, 900)]), Some(("Ready".to_owned(), true)), "{reason}");
            assert_eq!(worst(&[("Ready", "False", reason, 7200)]), bad("Ready"), "{reason}");
        }
        assert_eq!(worst(&[("Ready", "Unknown", "", 7200)]), Some(("Ready".to_owned(), true)));
        assert_eq!(worst(&[("Succeeded", "Unknown", "Running", 90_000)]), None);
        assert_eq!(worst(&[("Ready", "False", "DoesNotExist", 300), ("Issuing", "True", "", 300)]), None);
        assert_eq!(worst(&[("Ready", "False", "x", 300), ("Stalled", "True", "x", 300)]), bad("Stalled"));
    }

    #[test]
    fn work_alone_is_no_fault_however_long_it_takes() {
        assert_eq!(worst(&[("Available", "True", "", 90_000), ("Progressing", "True", "Updating", 90_000)]), None);
    }

    #[test]
    fn what_serves_all_the_same_is_only_a_warning() {
        let serving = [("Available", "True", "AsExpected", 9000), ("Degraded", "True", "SyncError", 9000)];
        assert_eq!(worst(&serving), Some(("Degraded".to_owned(), true)));
        assert_eq!(worst(&serving[1..]), bad("Degraded"));
    }

    #[test]
    fn what_was_told_to_wait_is_only_a_warning() {
        let paused = object(&[("Healthy", "False", "x", 9000)], json!({"spec.paused": true}));
        assert!(health(&paused, NOW.parse().unwrap()).is_mild);
    }

    #[test]
    fn a_condition_of_the_spec_before_is_no_fault_while_its_controller_may_not_have_looked() {
        let status = json!({"status.observedGeneration": 1});
        let fresh = object(&[("Ready", "False", "x", 9000)], status.clone());
        assert_eq!(health(&fresh, NOW.parse().unwrap()).worst, None);
        assert!(is_behind(&fresh) && !is_left_behind(&fresh, NOW.parse().unwrap()));
        let mut old = object(&[("Ready", "False", "x", 9000)], status);
        old.metadata.managed_fields =
            serde_json::from_value(json!([{"manager": "kubectl", "time": ago(900)}])).unwrap();
        assert!(is_left_behind(&old, NOW.parse().unwrap()) && health(&old, NOW.parse().unwrap()).worst.is_some());
    }

    #[test]
    fn without_conditions_that_are_known_nothing_is_told() {
        assert!(!health(&object(&[("Paused", "False", "", 9000)], json!({})), NOW.parse().unwrap()).is_told);
        assert!(health(&object(&[("Ready", "True", "", 9000)], json!({})), NOW.parse().unwrap()).is_told);
    }
}
