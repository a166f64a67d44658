//! The report for a ticket: what the text says, and a picture of what follows from what.

use crate::document::{Diagnosis, Evidence, Finding, Hop};

use super::{
    clean,
    cure::what_to_do,
    footer,
    lead::{Lead, leads},
    path, title,
};

/// Findings as sections, each with its evidence, change and cures; then the picture, where there is more than one.
pub(super) fn render(diagnosis: &Diagnosis) -> String {
    let leads = leads(&diagnosis.findings);
    let namespace = diagnosis.metadata.namespace.as_deref();
    let mut text: String = leads.iter().map(|lead| section(lead, namespace)).collect();
    text.push_str(&picture(&leads, namespace));
    let last = footer::paragraphs(diagnosis, &leads);
    text.push_str(&last.iter().map(|sentence| prose(sentence)).collect::<Vec<_>>().join("\n\n"));
    text + "\n"
}

fn section(lead: &Lead, namespace: Option<&str>) -> String {
    let finding = lead.finding;
    let mark = title::mark(finding.severity);
    let past = if finding.past { "earlier, and well now: " } else { "" };
    let mut text = format!("### {mark} {past}{}\n\n", prose(&title::of(finding, namespace)));
    text.push_str(&format!("`{}`\n\n", clean::line(&finding.rule)));
    if let Some(diff) = finding.cures.first().and_then(|cure| cure.diff.as_deref()) {
        text.push_str(&block("diff", diff));
    }
    text.push_str(&path(path::of(lead)));
    text.push_str(&evidence(&finding.evidence));
    text.push_str(&cures(finding));
    for symptom in &lead.explains {
        text.push_str(&format!("- explains {}\n", prose(&title::of(symptom, namespace))));
    }
    text.push_str(if lead.explains.is_empty() { "" } else { "\n" });
    text
}

fn evidence(all: &[Evidence]) -> String {
    if all.is_empty() {
        return String::new();
    }
    let words = all.iter().map(|it| format!("{}\n    {}", it.text.trim_end(), it.source));
    block("", &words.collect::<Vec<_>>().join("\n"))
}

fn cures(finding: &Finding) -> String {
    let mut text = String::new();
    if let Some(managed) = &finding.managed_by {
        text.push_str(&format!("**{}**: {}\n\n", prose(&managed.name), prose(&managed.advice)));
    }
    for (at, cure) in finding.cures.iter().enumerate() {
        let label = if at == 0 { "Cure" } else { "Or" };
        text.push_str(&format!("**{label}**: {}\n\n", prose(&what_to_do(cure))));
        if let Some(command) = cure.shown().and_then(clean::command) {
            text.push_str(&block("sh", command));
        }
    }
    text
}

fn path(hops: &[Hop]) -> String {
    let Some((first, rest)) = hops.split_first() else { return String::new() };
    let mut lines = vec![format!("  h0[\"{}\"]", escaped(&clean::line(&first.text)))];
    for (at, hop) in rest.iter().enumerate() {
        let arrow =
            hop.broken.as_ref().map_or("-->".to_owned(), |why| format!("--x|\"{}\"|", escaped(&clean::line(why))));
        lines.push(format!("  h{at} {arrow} h{}[\"{}\"]", at + 1, escaped(&clean::line(&hop.text))));
    }
    format!("```mermaid\nflowchart LR\n{}\n```\n\n", lines.join("\n"))
}

// https://mermaid.js.org/syntax/flowchart.html
fn picture(leads: &[Lead], namespace: Option<&str>) -> String {
    let mut lines = Vec::new();
    for (at, lead) in leads.iter().enumerate().filter(|(_, lead)| !lead.explains.is_empty()) {
        lines.push(format!("  f{at}[\"{}\"]", label(lead.finding, namespace)));
        for (index, symptom) in lead.explains.iter().enumerate() {
            lines.push(format!("  f{at} --> f{at}s{index}[\"{}\"]", label(symptom, namespace)));
        }
    }
    if lines.is_empty() { String::new() } else { format!("```mermaid\nflowchart TD\n{}\n```\n\n", lines.join("\n")) }
}

fn label(finding: &Finding, namespace: Option<&str>) -> String {
    escaped(&format!("{}: {}", title::name(&finding.object, namespace), clean::line(&finding.rule)))
}

fn escaped(text: &str) -> String {
    let escape = |sign: char| match sign {
        '"' => "#quot;".to_owned(),
        '#' | '<' | '>' | '`' | '&' | '\\' => format!("#{};", u32::from(sign)),
        other => other.to_string(),
    };
    text.chars().map(escape).collect()
}

// With a fence that the text does not close.
fn block(language: &str, text: &str) -> String {
    let text = clean::lines(text).join("\n");
    let longest = text.split(|sign| sign != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat((longest + 1).max(3));
    format!("{fence}{language}\n{text}\n{fence}\n\n")
}

/// Words that stand for themselves: no markup, and nobody is called and nothing linked by them.
pub(super) fn prose(text: &str) -> String {
    let escape = |sign: char| match sign {
        '@' => "@<!-- -->".to_owned(),
        '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '<' | '>' | '#' | '|' | '~' | '$' | '&' | '!' => {
            format!("\\{sign}")
        }
        other => other.to_string(),
    };
    let escaped: String = clean::line(text).chars().map(escape).collect();
    escaped.replace("://", ":<!-- -->//")
}
