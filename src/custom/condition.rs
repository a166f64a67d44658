//! The conditions of a status, and which of them tell of a fault.
//!
//! By the API's conventions a condition's type says what is so where it is True, and `Unknown`, as one that is not there,
//! is not known yet
//! (<https://github.com/kubernetes/community/blob/master/contributors/devel/sig-architecture/api-conventions.md#typical-status-properties>).
//! Nothing says of a type whether True is good, so that only types which mean the same wherever they are used are
//! read: a controller's own, as `Paused` or `Upgradeable`, tell of nothing.

use jiff::Timestamp;
use serde_json::Value;

use super::CustomObject;

/// What it means that a condition is True.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Polarity {
    /// All is well.
    Good,
    /// Something is wrong.
    Bad,
    /// Work is under way; whether that is well it does not tell.
    Work,
    /// Nothing that is known.
    Own,
}

/// True where all is well, in the order in which they tell most: of a Certificate, a Flux or Crossplane object, a
/// Rollout, the Gateway API, a CustomResourceDefinition.
const GOOD: [&str; 11] = [
    "Ready",
    "Available",
    "Healthy",
    "Succeeded",
    "Synced",
    "Programmed",
    "Accepted",
    "ResolvedRefs",
    "Established",
    "NamesAccepted",
    "Reconciled",
];

/// True where something is wrong. kstatus takes `Stalled` for failed
/// (<https://github.com/kubernetes-sigs/cli-utils/blob/master/pkg/kstatus/README.md>), and OpenShift's operators tell by
/// `Degraded` that they do less than they should.
const BAD: [&str; 10] = [
    "Stalled",
    "Failed",
    "Failing",
    "Failure",
    "Error",
    "ReplicaFailure",
    "InvalidSpec",
    "Degraded",
    "Denied",
    "InvalidRequest",
];

/// True while a controller works on the object: kstatus' `Reconciling`, a Deployment's `Progressing`, a Certificate's
/// `Issuing`.
const WORK: [&str; 3] = ["Reconciling", "Progressing", "Issuing"];

/// One condition.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// Where it stands: `status.conditions`, or `status.parents[0].conditions`.
    pub place: String,
    /// `Ready`.
    pub kind: String,
    /// `True`, `False`, `Unknown`.
    pub status: String,
    /// Why, in one word.
    pub reason: String,
    /// Why, in words.
    pub message: String,
    /// Since when, where it says so.
    pub since: Option<Timestamp>,
    /// The generation of the object that it is about, where it says so.
    pub observed: Option<i64>,
}

/// Every condition of an object's status, as its controller wrote them.
pub fn conditions(object: &CustomObject) -> Vec<Condition> {
    let Some(status) = object.json.get("status") else { return Vec::new() };
    let mut all = at("status.conditions", status);
    // A route of the Gateway API has them for each Gateway, a policy for each thing that it is for
    // (<https://gateway-api.sigs.k8s.io/reference/spec/#routeparentstatus>).
    for part in ["parents", "ancestors"] {
        for (index, above) in status.get(part).and_then(Value::as_array).into_iter().flatten().enumerate() {
            all.extend(at(&format!("status.{part}[{index}].conditions"), above));
        }
    }
    all
}

fn at(place: &str, holder: &Value) -> Vec<Condition> {
    let all = holder.get("conditions").and_then(Value::as_array);
    all.into_iter().flatten().filter_map(|value| condition(place, value)).collect()
}

fn condition(place: &str, value: &Value) -> Option<Condition> {
    let word = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().trim().to_owned();
    let (kind, status) = (word("type"), word("status"));
    let is_one = !kind.is_empty() && matches!(status.as_str(), "True" | "False" | "Unknown");
    let time = |key: &str| value.get(key).and_then(Value::as_str)?.parse().ok();
    is_one.then(|| Condition {
        place: place.to_owned(),
        kind,
        status,
        reason: word("reason"),
        message: word("message"),
        since: time("lastTransitionTime").or_else(|| time("lastUpdateTime")),
        observed: value.get("observedGeneration").and_then(Value::as_i64),
    })
}

impl Condition {
    /// What it means that it is True.
    pub fn polarity(&self) -> Polarity {
        let is = |words: &[&str]| words.contains(&self.kind.as_str());
        match () {
            () if is(&GOOD) => Polarity::Good,
            () if is(&BAD) => Polarity::Bad,
            () if is(&WORK) => Polarity::Work,
            () => Polarity::Own,
        }
    }

    /// Whether it says that something is wrong.
    pub fn is_bad(&self) -> bool {
        match self.polarity() {
            Polarity::Good => self.status == "False",
            Polarity::Bad => self.status == "True",
            // As a Deployment's: False with such a reason is a failure, and otherwise the end of work that went well.
            Polarity::Work => self.status == "False" && self.kind == "Progressing" && self.gave_up(),
            Polarity::Own => false,
        }
    }

    /// Whether it says that work goes on, or nothing yet.
    pub fn is_open(&self) -> bool {
        match self.polarity() {
            // What is to succeed may run for as long as it takes.
            Polarity::Good if self.kind == "Succeeded" => false,
            Polarity::Good => self.status == "Unknown" || (self.status == "False" && self.is_under_way()),
            Polarity::Bad | Polarity::Own => false,
            Polarity::Work => self.status == "True",
        }
    }

    /// The lower, the more it tells.
    pub fn rank(&self) -> usize {
        let place = |words: &[&str]| words.iter().position(|word| *word == self.kind);
        match self.polarity() {
            Polarity::Bad if self.kind != "Degraded" => place(&BAD).unwrap_or_default(),
            Polarity::Work => 20,
            Polarity::Good => 30 + place(&GOOD).unwrap_or_default(),
            _ => 60,
        }
    }

    fn gave_up(&self) -> bool {
        ["DeadlineExceeded", "Fail", "Error", "Abort", "Invalid", "Degraded"]
            .iter()
            .any(|word| self.reason.contains(word))
    }

    // `Pending`, `Issuing`, `WaitingForApproval`: its controller is at it.
    fn is_under_way(&self) -> bool {
        const WORDS: [&str; 9] = [
            "Pending",
            "Progress",
            "Waiting",
            "Creating",
            "Issuing",
            "Reconciling",
            "Provisioning",
            "Starting",
            "Initializing",
        ];
        !self.gave_up() && WORDS.iter().any(|word| self.reason.contains(word))
    }

    /// What it says, as a sentence goes on after the object's name: `is not Ready`, `is Degraded`.
    pub fn words(&self) -> String {
        match (self.kind.as_str(), self.status.as_str()) {
            ("Succeeded", "False") => "has not succeeded".to_owned(),
            ("ResolvedRefs", "False") => "refers to what can't be used (ResolvedRefs is False)".to_owned(),
            ("Failed" | "Failing" | "Failure" | "Error", "True") => format!("has failed ({} is True)", self.kind),
            ("ReplicaFailure", "True") => "can't make its pods (ReplicaFailure is True)".to_owned(),
            ("InvalidSpec", "True") => "has a spec that its controller refuses (InvalidSpec is True)".to_owned(),
            ("InvalidRequest", "True") => "is refused (InvalidRequest is True)".to_owned(),
            ("Progressing", "False") => "makes no progress any more (Progressing is False)".to_owned(),
            (_, "Unknown") => format!("is not known to be {}", self.kind),
            (_, "False") => format!("is not {}", self.kind),
            _ => format!("is {}", self.kind),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(kind: &str, status: &str, reason: &str) -> Condition {
        condition("status.conditions", &serde_json::json!({"type": kind, "status": status, "reason": reason})).unwrap()
    }

    #[test]
    fn what_is_well_where_it_is_true_is_bad_where_it_is_false_and_the_other_way_round() {
        for (kind, status) in [("Ready", "False"), ("Available", "False"), ("Degraded", "True"), ("Stalled", "True")] {
            assert!(of(kind, status, "").is_bad(), "{kind}={status}");
        }
        for (kind, status) in [("Ready", "True"), ("Ready", "Unknown"), ("Degraded", "False"), ("Stalled", "Unknown")] {
            assert!(!of(kind, status, "").is_bad(), "{kind}={status}");
        }
    }

    #[test]
    fn work_that_ended_is_bad_only_where_it_failed() {
        assert!(of("Progressing", "False", "ProgressDeadlineExceeded").is_bad());
        for (status, reason) in
            [("False", "NewReplicaSetAvailable"), ("False", "AsExpected"), ("True", "RolloutAborted")]
        {
            assert!(!of("Progressing", status, reason).is_bad(), "{reason}");
        }
        assert!(!of("Reconciling", "True", "Progressing").is_bad());
    }

    #[test]
    fn a_type_of_a_controllers_own_tells_of_nothing() {
        for kind in
            ["Paused", "ContainsFailure", "ReconcilePaused", "Upgradeable", "NotReady", "Drifted", "FailureDomain"]
        {
            for status in ["True", "False", "Unknown"] {
                let condition = of(kind, status, "Failed");
                assert!(!condition.is_bad() && !condition.is_open(), "{kind}={status}");
            }
        }
    }

    #[test]
    fn what_its_controller_still_works_on_is_open() {
        assert!(of("Ready", "False", "Pending").is_open() && of("Ready", "Unknown", "").is_open());
        assert!(of("Issuing", "True", "").is_open());
        assert!(!of("Succeeded", "Unknown", "Running").is_open() && !of("Succeeded", "Unknown", "Running").is_bad());
        for reason in ["Failed", "IssuingFailed", "DoesNotExist"] {
            assert!(!of("Ready", "False", reason).is_open(), "{reason}");
        }
    }

    #[test]
    fn what_is_no_condition_is_passed_over() {
        for value in
            [serde_json::json!({"type": "Ready"}), serde_json::json!("Ready"), serde_json::json!({"status": "False"})]
        {
            assert_eq!(condition("status.conditions", &value), None);
        }
    }
}
