//! Annotations of a workflow run on GitHub
//! (<https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands>).

use crate::document::{Diagnosis, Finding, Severity};

use super::{clean, lead::at_fault, title};

/// A line a finding that follows from no other.
pub(super) fn render(diagnosis: &Diagnosis) -> String {
    at_fault(&diagnosis.findings).into_iter().map(annotation).collect()
}

fn annotation(finding: &Finding) -> String {
    let level = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "notice",
    };
    let mut message = title::of(finding, None);
    if let Some(cure) = finding.cures.first() {
        message.push_str(&format!("\ncure: {}", clean::line(&cure.text)));
        if let Some(command) = cure.shown().and_then(clean::command) {
            message.push_str(&format!("\n{command}"));
        }
    }
    let rule = escaped(&clean::line(&finding.rule)).replace(':', "%3A").replace(',', "%2C");
    format!("::{level} title={rule}::{}\n", escaped(&message))
}

fn escaped(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}
