//! What was different when it worked: what a rollout changed in the pod template, who changed the field at fault and
//! when, and what was applied to it.

mod applied;
mod compare;
mod elsewhere;
mod managed;
mod path;
mod template;

use jiff::Timestamp;
use serde_json::Value;

pub use elsewhere::settings_of;
pub use template::since;

use crate::{
    document::{Change, Finding},
    facts::World,
    kind::Kind,
};
use compare::{Difference, show};
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
    told.into_iter().map(|(_, change)| change).collect()
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
        // Nobody is shown a Secret's values.
        let value = |value: &Value| (!value.is_null() && self.kind != Kind::Secret).then(|| show(value));
        Change {
            object: None,
            field: difference.path.to_string(),
            from: value(&difference.from),
            to: value(&difference.to),
            by: write.map(|write| write.by.clone()),
            at: write.and_then(|write| Some(write.at?.to_string())),
            exact: write.is_some_and(|write| write.exact),
        }
    }
}

fn is_told(path: &Path, known: &Told) -> bool {
    known.iter().any(|(other, _)| other.meets(path))
}
