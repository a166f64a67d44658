//! The answer where what was asked about is not there.

use super::document;
use crate::{
    document::{Certainty, Diagnosis, Finding, ObjectRef, Severity},
    inventory::Inventory,
    kind::Kind,
    question::{NotFound, Question},
};

/// The document that says that the target is not there.
pub fn not_found(question: &Question, inventory: &Inventory, missing: &NotFound) -> Diagnosis {
    let mut diagnosis = document(question, inventory);
    let kind = Kind::ALL.iter().copied().find(|kind| kind.info().name == missing.kind);
    let namespaced = kind.is_none_or(|kind| kind.info().namespaced);
    let object = ObjectRef {
        api_version: kind.map(Kind::api_version).unwrap_or_default(),
        kind: missing.kind.clone(),
        namespace: if namespaced { question.namespace.clone().unwrap_or_default() } else { String::new() },
        name: missing.name.clone(),
        uid: String::new(),
    };
    diagnosis.findings.push(Finding {
        rule: missing.rule.to_owned(),
        severity: Severity::Error,
        certainty: Certainty::Certain,
        root: true,
        past: false,
        is_final: true,
        fingerprint: format!("{}|{}|{}|{}", missing.rule, object.kind, object.namespace, object.name),
        object,
        container: None,
        field: None,
        summary: missing.line.clone(),
        since: None,
        last_seen: None,
        count: None,
        affected: Vec::new(),
        of: None,
        evidence: Vec::new(),
        path: Vec::new(),
        nearest: missing.nearest.clone(),
        changes: Vec::new(),
        deviations: Vec::new(),
        managed_by: None,
        why: "What was asked about is not there, so that there is nothing to diagnose.".to_owned(),
        cures: Vec::new(),
        docs: None,
        next_after: None,
        explains: Vec::new(),
        explained_by: Vec::new(),
    });
    diagnosis
}
