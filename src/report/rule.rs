//! A rule as a page to read.

use super::{Style, clean, page::Page};
use crate::{
    document::Severity,
    facts::On,
    rule::{CureRule, Rule},
};

/// What a rule says of itself: when it holds, what that means, what cures it.
pub fn render(rule: &Rule, style: &Style) -> String {
    let mut page = Page::new(style);
    let id = page.bold(&rule.id).into_owned();
    page.line(&id);
    page.labelled("area", [&rule.area]);
    page.labelled("severity", [severity(rule)]);
    page.labelled("about", [format!("each {}", about(rule.on))]);
    page.wrapped("says", &one_line(&rule.says.outline()));
    page.wrapped("when", &one_line(rule.when.text()));
    if !rule.unless.is_empty() {
        page.wrapped("unless", &one_line(&format!("one of these holds: {}", rule.unless.join(", "))));
    }
    if rule.general {
        page.wrapped("unless", "a rule of your own on the same object holds");
    }
    page.wrapped("means", &one_line(&rule.why.outline()));
    for (at, cure) in rule.cures.iter().enumerate() {
        tell_cure(&mut page, if at == 0 { "cure" } else { "or" }, cure);
    }
    if let Some(docs) = &rule.docs {
        page.labelled("docs", [one_line(docs)]);
    }
    page.finish()
}

/// `error`, or `error or warning` where its condition decides.
pub fn severity(rule: &Rule) -> String {
    let word = rule.severity.word();
    if rule.warning_when.is_some() || rule.past_when.is_some() && rule.severity != Severity::Warning {
        format!("{word} or warning")
    } else {
        word.to_owned()
    }
}

fn about(on: On) -> String {
    match on {
        On::ApiService => "APIService".to_owned(),
        On::Custom => "object of a kind that the doctor does not know by itself".to_owned(),
        On::Deleted => "object that was deleted and is still there".to_owned(),
        On::Preemption => "workload whose pods had to make room and are on no node since".to_owned(),
        On::Webhook => "admission webhook that keeps pods from being made".to_owned(),
        on => format!("{on:?}").to_lowercase(),
    }
}

fn tell_cure(page: &mut Page, label: &str, cure: &CureRule) {
    let notes = [(cure.restarts, " (restarts pods)"), (cure.destructive, " (deletes)")];
    let notes: String = notes.into_iter().filter(|(holds, _)| *holds).map(|(_, note)| note).collect();
    page.wrapped(label, &format!("{}{notes}", one_line(&cure.says.outline())));
    for command in [&cure.run, &cure.then].into_iter().filter(|command| !command.is_empty()) {
        let words: Vec<_> = command.iter().map(|word| word.outline()).collect();
        page.labelled("", [one_line(&words.join(" "))]);
    }
}

// Rules may be anybody's.
fn one_line(text: &str) -> String {
    clean::text(text).split_whitespace().collect::<Vec<_>>().join(" ")
}
