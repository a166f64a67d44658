//! One finding as text: what is wrong, what shows it, what cures it.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::document::{Finding, Severity};

use super::{
    age::ago,
    clean,
    cure::{cures, difference},
    deviation,
    evidence::{changes, evidence},
    lead::Lead,
    page::{MARGIN, Page, gap},
    path, title,
    wrap::{fit, wrap},
};

/// Tells findings one after the other.
pub(super) struct Teller<'a> {
    /// The namespace asked about: it goes without saying.
    namespace: Option<&'a str>,
    /// The rules of which it was said what they mean.
    explained: BTreeSet<String>,
}

impl<'a> Teller<'a> {
    pub(super) fn new(namespace: Option<&'a str>) -> Teller<'a> {
        Teller { namespace, explained: BTreeSet::new() }
    }

    pub(super) fn tell(&mut self, page: &mut Page, lead: &Lead) {
        let finding = lead.finding;
        self.headline(page, finding);
        let noted = difference(page, finding);
        place(page, finding);
        nearest(page, finding, noted);
        affected(page, finding);
        path::tell(page, path::of(lead));
        seen(page, finding);
        evidence(page, finding);
        changes(page, finding);
        deviation::of_finding(page, finding);
        self.meaning(page, finding);
        managed(page, finding);
        cures(page, &finding.cures);
        let explain = format!("kubectl doctor explain {}", clean::line(&finding.rule));
        page.labelled("more", [explain]);
        if let Some(docs) = finding.docs.as_deref().filter(|_| page.is_wide) {
            page.labelled("docs", [clean::line(docs)]);
        }
        self.symptoms(page, &lead.explains);
    }

    fn headline(&self, page: &mut Page, finding: &Finding) {
        let next = if finding.next_after.is_some() { "next: " } else { "" };
        let said = format!("{next}{}", title::of(finding, self.namespace));
        let rule = clean::line(&finding.rule);
        let room = page.columns() - MARGIN;
        let lines = wrap(&said, room);
        let beside = match lines.as_slice() {
            [line] => gap(line, &rule, room).map(|gap| format!("{gap}{}", page.dim(&rule))),
            _ => None,
        };
        let mut mark = mark(page, finding.severity);
        for line in &lines {
            let rule = beside.as_deref().unwrap_or_default();
            page.line(&format!("{mark} {}{rule}", page.bold(line)));
            mark = " ".to_owned();
        }
        if beside.is_none() {
            page.line(&format!("{:MARGIN$}{}", "", page.dim(&rule)));
        }
    }

    /// What it means, the first time; the whole of it is in `explain`.
    fn meaning(&mut self, page: &mut Page, finding: &Finding) {
        let why = clean::lines(&finding.why);
        let lines = why.iter().map(|line| line.trim());
        let first: Vec<_> = lines.take_while(|line| page.is_wide || !line.is_empty()).collect();
        if !first.is_empty() && self.explained.insert(finding.rule.clone()) {
            page.wrapped("means", &first.join(" "));
        }
    }

    /// What follows from it, one line each.
    fn symptoms(&self, page: &mut Page, symptoms: &[&Finding]) {
        let columns = page.line_columns();
        let shown = page.shown_of(symptoms.len());
        let mut lines: Vec<_> = symptoms
            .iter()
            .take(shown)
            .map(|symptom| {
                let said = title::said_of_object(symptom);
                let said = said.trim_start_matches([':', ' ']);
                let (name, rule) = (title::name(&symptom.object, self.namespace), clean::line(&symptom.rule));
                let whole = format!("{name} {rule}: {said}");
                if page.is_wide { whole } else { fit(&whole, columns) }
            })
            .collect();
        if symptoms.len() > shown {
            lines.push(format!("and {} more", symptoms.len() - shown));
        }
        page.labelled("explains", lines);
    }
}

fn mark(page: &Page, severity: Severity) -> String {
    page.colored(title::color(severity), title::mark(severity)).into_owned()
}

fn nearest(page: &mut Page, finding: &Finding, first_is_noted: bool) {
    let mut label = "nearest";
    let summary = clean::line(&finding.summary);
    for nearest in finding.nearest.iter().skip(usize::from(first_is_noted)) {
        if summary.contains(&clean::line(&nearest.value)) {
            continue;
        }
        let (value, why) = (clean::line(&nearest.value), clean::line(&nearest.why));
        match why.as_str() {
            "" => page.wrapped(label, &value),
            why => page.wrapped(label, &format!("{value} ({why})")),
        }
        label = "";
    }
}

/// Whoever manages the object, ahead of cures that it would undo.
fn managed(page: &mut Page, finding: &Finding) {
    if let Some(managed) = finding.managed_by.as_ref().filter(|_| !finding.cures.is_empty()) {
        let (name, advice) = (clean::line(&managed.name), clean::line(&managed.advice));
        page.wrapped("owner", &format!("{name}: {advice}"));
    }
}

/// The container and field, unless a diff has just named the field.
fn place(page: &mut Page, finding: &Finding) {
    if finding.cures.first().is_some_and(|cure| cure.diff.is_some()) {
        return;
    }
    let container = finding.container.as_deref().map(clean::line);
    let container = container.map(|name| format!("container {name}"));
    let field = finding.field.as_deref().map(clean::line);
    let places: Vec<_> = container.into_iter().chain(field).collect();
    if !places.is_empty() {
        page.wrapped("at", &places.join(", "));
    }
}

/// `2 of 3 pods: web-abc, web-def`, the only pod there is goes without saying; or its like, of which the same is true.
fn affected(page: &mut Page, finding: &Finding) {
    let others: Vec<_> = finding.affected.iter().filter(|it| **it != finding.object).collect();
    if others.is_empty() || finding.of == Some(1) {
        return;
    }
    let names: Vec<_> = others.iter().map(|it| clean::line(&it.name)).collect();
    if others.iter().all(|it| it.kind == finding.object.kind) {
        return page.wrapped("also", &page.folded(&names));
    }
    let count = match finding.of {
        Some(of) => format!("{} of {of} {}", names.len(), pods(of)),
        None => format!("{} {}", names.len(), pods(names.len())),
    };
    page.wrapped("affects", &format!("{count}: {}", page.folded(&names)));
}

fn pods(count: usize) -> &'static str {
    if count == 1 { "pod" } else { "pods" }
}

/// `first 2h ago, 14 times, last 3m ago`. Of what was seen within a minute the evidence says when.
fn seen(page: &mut Page, finding: &Finding) {
    let now = page.style.now;
    let (since, last) = (finding.since.as_deref(), finding.last_seen.as_deref());
    let second = |time: Option<&str>| time.and_then(|time| Some(time.parse::<Timestamp>().ok()?.as_second()));
    let is_long = second(since).zip(second(last)).is_none_or(|(since, last)| last - since >= 60);
    let count = finding.count.filter(|&count| count > 1);
    if (since == last || !is_long) && count.is_none() {
        return;
    }
    let first = since.map(|at| format!("first {}", ago(at, now)));
    let count = count.map(|count| format!("{count} times"));
    let last = last.map(|at| format!("last {}", ago(at, now)));
    let said: Vec<_> = [first, count, last].into_iter().flatten().collect();
    page.wrapped("seen", &said.join(", "));
}
