//! The objects at fault, as `kubectl get -o name` names them.

use std::collections::BTreeSet;

use crate::document::{Diagnosis, ObjectRef};

use super::{clean, lead::leads};

/// A line an object, in the order of the report; what is well now is not at fault.
pub(super) fn render(diagnosis: &Diagnosis) -> String {
    let mut told = BTreeSet::new();
    let leads = leads(&diagnosis.findings);
    let at_fault = leads.iter().filter(|lead| !lead.finding.past).map(|lead| name(&lead.finding.object));
    at_fault.filter(|name| told.insert(name.clone())).map(|name| name + "\n").collect()
}

// `deployment.apps/web`.
fn name(object: &ObjectRef) -> String {
    let group = object.api_version.split_once('/').map(|(group, _)| format!(".{group}")).unwrap_or_default();
    clean::line(&format!("{}{group}/{}", object.kind.to_lowercase(), object.name))
}
