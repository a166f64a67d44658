//! Test results for a CI server: a failed test case for every error, a skipped one for what could not be looked at
//! (<https://github.com/testmoapp/junitxml>).

use crate::document::{Diagnosis, Finding, NotChecked, Severity};

use super::{Style, clean, lead::at_fault, page::Page, text, title};

/// One suite, whose cases are the findings that follow from no other, and one that passes where there are none.
pub(super) fn render(diagnosis: &Diagnosis, style: &Style) -> String {
    let found = at_fault(&diagnosis.findings);
    let mut cases: Vec<String> = found.iter().map(|finding| case(finding)).collect();
    if cases.is_empty() {
        cases.push(format!(
            "    <testcase classname=\"kubectl-doctor\" name=\"{}\"/>\n",
            attribute(&title::asked(&diagnosis.metadata).unwrap_or_else(|| "cluster".to_owned()))
        ));
    }
    cases.extend(diagnosis.not_checked.iter().map(skipped));
    let failures = found.iter().filter(|finding| finding.severity == Severity::Error).count();
    let counts = format!(
        "tests=\"{}\" failures=\"{failures}\" errors=\"0\" skipped=\"{}\"",
        cases.len(),
        diagnosis.not_checked.len()
    );
    let plain = Style { color: false, ..style.clone() };
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"kubectl doctor\" {counts}>\n  <testsuite name=\"{}\" {counts}>\n{}    <system-out>{}</system-out>\n  </testsuite>\n</testsuites>\n",
        attribute(&title::asked(&diagnosis.metadata).unwrap_or_else(|| "cluster".to_owned())),
        cases.concat(),
        escaped(&text::render(diagnosis, Page::new(&plain))),
    )
}

fn case(finding: &Finding) -> String {
    let (name, rule) = (attribute(&title::name(&finding.object, None)), attribute(&finding.rule));
    let said = title::of(finding, None);
    let cures = finding.cures.iter().map(|cure| match cure.shown().and_then(clean::command) {
        Some(command) => format!("{}\n{command}", clean::line(&cure.text)),
        None => clean::line(&cure.text),
    });
    let detail = escaped(&cures.collect::<Vec<_>>().join("\n"));
    let inner = match finding.severity {
        Severity::Error => format!("<failure type=\"{rule}\" message=\"{}\">{detail}</failure>", attribute(&said)),
        Severity::Warning | Severity::Info => format!("<system-out>{}\n{detail}</system-out>", escaped(&said)),
    };
    format!("    <testcase classname=\"{rule}\" name=\"{name}\">{inner}</testcase>\n")
}

fn skipped(it: &NotChecked) -> String {
    let (what, why) = (attribute(&it.what), attribute(&it.why));
    format!("    <testcase classname=\"not-checked\" name=\"{what}\"><skipped message=\"{why}\"/></testcase>\n")
}

fn attribute(text: &str) -> String {
    escaped(&clean::line(text)).replace('"', "&quot;")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
