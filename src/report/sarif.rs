//! The Static Analysis Results Interchange Format, for code scanning
//! (<https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>).

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::document::{Diagnosis, Finding, Severity};

use super::{clean, json, lead::at_fault, title};

/// One run, whose results are the findings that follow from no other.
pub(super) fn render(diagnosis: &Diagnosis) -> String {
    let found = at_fault(&diagnosis.findings);
    let rules: BTreeMap<&str, &Finding> = found.iter().map(|finding| (finding.rule.as_str(), *finding)).collect();
    let notes = diagnosis.not_checked.iter().map(|it| {
        let text = format!("not checked: {} ({})", clean::line(&it.what), clean::line(&it.why));
        json!({"level": "note", "message": {"text": text}})
    });
    let document = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "kubectl-doctor",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "informationUri": env!("CARGO_PKG_REPOSITORY"),
                "rules": rules.values().map(|finding| rule(finding)).collect::<Vec<_>>(),
            }},
            "invocations": [{"executionSuccessful": true, "toolExecutionNotifications": notes.collect::<Vec<_>>()}],
            "results": found.iter().map(|finding| result(finding)).collect::<Vec<_>>(),
        }],
    });
    json::safe(&document)
}

fn rule(finding: &Finding) -> Value {
    let mut rule = json!({"id": finding.rule, "fullDescription": {"text": finding.why}});
    if let Some(docs) = &finding.docs {
        rule["helpUri"] = json!(docs);
    }
    rule
}

fn result(finding: &Finding) -> Value {
    let object = &finding.object;
    let level = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    };
    let place = [object.namespace.as_str(), &object.kind, &object.name].join("/");
    json!({
        "ruleId": finding.rule,
        "level": level,
        "message": {"text": title::of(finding, None)},
        "locations": [{"logicalLocations": [
            {"name": object.name, "kind": "resource", "fullyQualifiedName": place.trim_start_matches('/')},
        ]}],
        "partialFingerprints": {"kubectlDoctor/v1": finding.fingerprint},
    })
}
