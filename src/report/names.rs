//! The objects at fault, as `kubectl get -o name` names them.

use std::collections::BTreeSet;

use crate::document::{Diagnosis, ObjectRef};

use super::{clean, lead::at_fault};

/// A line an object, in the order of the report; what is well now is not at fault.
pub(super) fn render(diagnosis: &Diagnosis) -> String {
    let mut told = BTreeSet::new();
    let named = at_fault(&diagnosis.findings).into_iter().map(|finding| name(&finding.object));
    named.filter(|name| told.insert(name.clone())).map(|name| name + "\n").collect()
}

// `deployment.apps/web`.
fn name(object: &ObjectRef) -> String {
    let group = object.api_version.split_once('/').map(|(group, _)| format!(".{group}")).unwrap_or_default();
    clean::line(&format!("{}{group}/{}", object.kind.to_lowercase(), object.name))
}
