//! What was different when it worked: what a rollout changed in the pod template, who changed the field at fault and
//! when, and what was applied to it.

mod applied;
pub mod compare;
mod elsewhere;
mod managed;
pub mod path;
mod scaled;
mod template;

use jiff::Timestamp;
use serde_json::Value;

pub use template::since;

use crate::{
    document::{Change, Finding},
    facts::World,
    kind::Kind,
};
use compare::Difference;
use elsewhere::Elsewhere;
use managed::{Managers, Write};
use path::Path;
use template::Rollout;

/// What is known of how the object that a finding is on came to be as it is, and what that uses.
pub fn of(world: &World, object: &Value, finding: &Finding) -> Vec<Change> {
    let Some(kind) = Kind::from_object(&finding.object.kind, &finding.object.api_version) else { return Vec::new() };
    let mut changes = of_object(world, &Looked::at(kind, object), finding);
    for other in elsewhere::of(world, object, finding) {
        let namespace = &finding.object.namespace;
        if let Some(there) = world.inventory.json(other.kind, namespace, &other.name) {
            changes.extend(of_other(&Looked::at(other.kind, &there), &other, namespace));
        }
    }
    // That pods were started anew is seldom what made the difference.
    changes.sort_by_key(|change| change.field.starts_with("spec.template.metadata"));
    changes
}

fn of_object(world: &World, looked_at: &Looked, finding: &Finding) -> Vec<Change> {
    let rollout = Rollout::to_what_fails(world, finding);
    let mut told = rollout.as_ref().map(|rollout| looked_at.of_rollout(rollout)).unwrap_or_default();
    if let Some(field) = finding.field.as_deref().map(Path::parse).filter(|field| !field.is_below("status")) {
        told.extend(looked_at.beneath(&field, &told));
        if told.is_empty() && !(field.is_below("spec.template") && Rollout::is_the_only_one(world, finding)) {
            told.extend(looked_at.as_a_whole(&field));
        }
    }
    let mut changes: Vec<_> = told.into_iter().map(|(_, change)| change).collect();
    scaled::complete(world, finding, &mut changes);
    changes
}

fn of_other(looked_at: &Looked, other: &Elsewhere, namespace: &str) -> Vec<Change> {
    let path = Path::parse(other.path);
    let mut told = looked_at.beneath(&path, &Vec::new());
    if told.is_empty() {
        told.extend(looked_at.as_a_whole(&path));
    }
    let changes = told.into_iter().map(|(_, change)| change);
    let mut changes: Vec<_> =
        changes.map(|change| Change { object: Some(other.object(namespace)), ..change }).collect();
    // What has no time goes with what was changed with it.
    let in_time = |change: &Change| {
        let at = change.at.as_deref().and_then(|at| at.parse::<Timestamp>().ok());
        at.is_some_and(|at| other.between.is_none_or(|(from, to)| from <= at && at <= to))
    };
    if other.between.is_some() && !changes.iter().any(in_time) {
        return Vec::new();
    }
    changes.retain(|change| change.at.is_none() || in_time(change));
    changes
}

/// An object of which is asked what was changed in it.
struct Looked<'a> {
    kind: Kind,
    object: &'a Value,
    managers: Option<Managers<'a>>,
}

impl<'a> Looked<'a> {
    fn at(kind: Kind, object: &'a Value) -> Self {
        Self { kind, object, managers: Managers::of(object) }
    }
}

type Told = Vec<(Path, Change)>;

impl Looked<'_> {
    fn writer(&self, path: &Path) -> Option<Write> {
        self.managers.as_ref()?.writer(path)
    }

    fn of_rollout(&self, rollout: &Rollout) -> Told {
        let tell = |difference: Difference| {
            let write = self.writer(&difference.path);
            let mut change = self.change(&difference, write.as_ref());
            // Whoever wrote it did so before it was rolled out.
            let written = write.and_then(|write| write.at);
            let began = rollout.began(&difference);
            if let Some(at) = began.filter(|at| written.is_none_or(|written| written >= *at)) {
                (change.at, change.exact) = (Some(at.to_string()), true);
            }
            (difference.path, change)
        };
        rollout.differences(self.object).into_iter().map(tell).collect()
    }

    /// What was changed at a path, beneath it, or with all that holds it.
    fn beneath(&self, path: &Path, known: &Told) -> Told {
        let mut told: Told = Vec::new();
        for difference in applied::differences(self.kind, self.object, path) {
            let write = self.writer(&difference.path);
            // What `kubectl apply` wrote and is otherwise now was made so on its way in.
            if !is_told(&difference.path, known) && write.as_ref().is_none_or(|write| write.by != applied::APPLIER) {
                let change = self.change(&difference, write.as_ref());
                told.push((difference.path, change));
            }
        }
        let changed = self.managers.as_ref().map(|managers| managers.changed(path)).unwrap_or_default();
        for (field, write) in changed {
            if !is_told(&field, known) && !is_told(&field, &told) {
                // What holds the field at fault may have been changed elsewhere.
                let is_all = field.holds(path) && field != *path;
                let to = field.follow(self.object).filter(|_| !is_all).cloned().unwrap_or_default();
                let change = self.change(&Difference { path: field.clone(), from: Value::Null, to }, Some(&write));
                told.push((field, change));
            }
        }
        told
    }

    /// That something was changed, by whoever wrote the field among others.
    fn as_a_whole(&self, path: &Path) -> Option<(Path, Change)> {
        let never = self.object.pointer("/metadata/generation") == Some(&Value::from(1));
        let write = self.managers.as_ref()?.last_write_of(path).filter(|_| !(never && path.is_below("spec")))?;
        let nothing = Difference { path: Path::default(), from: Value::Null, to: Value::Null };
        Some((Path::default(), self.change(&nothing, Some(&write))))
    }

    fn change(&self, difference: &Difference, write: Option<&Write>) -> Change {
        let mut change = Change {
            by: write.map(|write| write.by.clone()),
            at: write.and_then(|write| Some(write.at?.to_string())),
            exact: write.is_some_and(|write| write.exact),
            ..difference.change()
        };
        // Nobody is shown a Secret's values.
        if self.kind == Kind::Secret {
            (change.from, change.to) = (None, None);
        }
        change
    }
}

fn is_told(path: &Path, known: &Told) -> bool {
    known.iter().any(|(other, _)| other.meets(path))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use crate::{
        diagnosis::diagnose,
        document::Change,
        question::{Question, Target},
        rule::Rules,
        source::recording,
    };

    // What is told beside a finding of that rule, in a recording in which something was different.
    fn told_beside(rule: &str, recording: &str, differs: impl Fn(&mut Value)) -> Vec<Change> {
        let mut recording: Value = serde_json::from_str(recording).unwrap();
        recording["items"].as_array_mut().unwrap().iter_mut().for_each(differs);
        let (inventory, asked) = recording::read(&recording.to_string()).unwrap();
        let namespace = Some(inventory.about.namespace.clone());
        let target = Target::from_words(&asked.into_iter().collect::<Vec<_>>(), &inventory.custom().types).unwrap();
        let question = Question { target, namespace, selector: None, client: None };
        let answer = diagnose(&question, &inventory, &Rules::built_in().unwrap()).unwrap();
        let found = answer.diagnosis.findings.into_iter().find(|finding| finding.rule == rule).unwrap();
        found.changes
    }

    // Where the ConfigMap was changed at a time of that day.
    fn told_of_the_config_map(time: &str) -> Vec<Change> {
        const RECORDING: &str = include_str!("../../testdata/crash-since-configmap-changed/recording.json");
        let told = told_beside("crash-loop", RECORDING, |item| {
            if item["kind"] != "ConfigMap" {
                return;
            }
            item["metadata"]["creationTimestamp"] = "2026-11-21T19:40:00Z".into();
            for entry in item["metadata"]["managedFields"].as_array_mut().unwrap() {
                let at = if entry["manager"] == "kubectl-patch" { time } else { "19:40:00" };
                entry["time"] = format!("2026-11-21T{at}Z").into();
            }
        });
        told.into_iter().filter(|change| change.object.is_some()).collect()
    }

    // No revision has a ready pod there.
    #[test]
    fn a_rollout_is_told_of_where_its_pods_failed_from_the_start() {
        const RECORDING: &str = include_str!("../../testdata/crash-permission-denied/recording.json");
        let rule = "crash-permission-denied";
        let told = told_beside(rule, RECORDING, |_| ());
        let is_of_rollout = |change: &Change| change.field == "spec.template.spec.containers[name=indexer].command";
        assert!(told.iter().any(is_of_rollout), "{told:#?}");
        let since_later = told_beside(rule, RECORDING, |item| {
            if item["kind"] == "Event" && item["reason"] == "BackOff" {
                item["firstTimestamp"] = "2026-11-21T16:40:00Z".into();
            }
        });
        assert!(!since_later.iter().any(is_of_rollout), "{since_later:#?}");
    }

    // The old pods started at 19:45:21, the one that crashes was created at 19:46:18.
    #[test]
    fn a_config_map_is_told_of_where_it_was_changed_between_the_pods_that_are_well_and_those_that_crash() {
        let told = told_of_the_config_map("19:45:40");
        let [change] = told.as_slice() else { panic!("{told:#?}") };
        assert_eq!((change.field.as_str(), change.from.as_deref()), ("data.MODE", Some("fast")));
        assert_eq!(told_of_the_config_map("19:45:10"), [], "the old pods run with it");
        assert_eq!(told_of_the_config_map("19:46:40"), [], "it crashed before");
    }
}
