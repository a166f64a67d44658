//! What shows that a finding is true: the cluster's own words, and what changed.

use crate::document::{Change, Evidence, Finding};

use super::{
    age::ago,
    clean,
    cure::small_diff,
    diff,
    page::{MARGIN, Page},
    table,
    wrap::{fit, width},
};

/// A word or two stand in a summary by chance.
const QUOTED: usize = 30;

/// The end of a log tells why it ended.
const LAST_LINES: usize = 40;

pub(super) fn evidence(page: &mut Page, finding: &Finding) {
    let mut label = "evidence";
    let summary = clean::line(&finding.summary);
    for said in &finding.evidence {
        let from = from(page, said);
        match clean::rows(&said.text).as_slice() {
            [] => page.wrapped(label, &format!("({from})")),
            // What the first line has quoted already is not said twice.
            [line] if line.len() > QUOTED && summary.contains(line.as_str()) => {
                page.wrapped(label, &format!("so says {from}"))
            }
            [line] => one_line(page, label, &line.replace('\t', " "), &from),
            lines => many_lines(page, label, lines, &from),
        }
        label = "";
    }
}

/// Where words stand, and how old they are.
fn from(page: &Page, evidence: &Evidence) -> String {
    let source = clean::line(&evidence.source);
    match evidence.at.as_deref() {
        Some(at) => format!("{source}, {}", ago(at, page.style.now)),
        None => source,
    }
}

fn one_line(page: &mut Page, label: &str, words: &str, from: &str) {
    let from = format!("({from})");
    match width(words) + 1 + width(&from) <= page.text_columns() {
        true => page.labelled(label, [format!("{words} {}", page.dim(&from))]),
        false => {
            page.wrapped(label, words);
            page.wrapped("", &from);
        }
    }
}

/// Logs as they are, tables as tables.
fn many_lines(page: &mut Page, label: &str, lines: &[String], from: &str) {
    page.wrapped(label, &format!("{from}:"));
    let columns = page.line_columns() - MARGIN;
    let lines = table::from_lines(lines, columns)
        .unwrap_or_else(|| last_of(lines, if page.is_wide { usize::MAX } else { LAST_LINES }));
    for line in lines {
        page.labelled("", [format!("{:MARGIN$}{line}", "")]);
    }
}

fn last_of(lines: &[String], most: usize) -> Vec<String> {
    let above = lines.len().saturating_sub(most);
    let note = (above > 0).then(|| format!("… {above} lines above"));
    let last = lines.iter().skip(above);
    note.into_iter().chain(last.map(|line| line.replace('\t', "    "))).collect()
}

/// What is said of a value: enough to know it by.
const SHOWN: usize = 120;

pub(super) fn changes(page: &mut Page, finding: &Finding) {
    let mut label = "changed";
    for change in &finding.changes {
        // What the field at fault holds now is told already.
        let is_told = change.object.is_none() && finding.field.as_ref() == Some(&change.field);
        let (from, to) = (change.from.as_deref(), change.to.as_deref());
        let in_lines = [from, to].iter().flatten().any(|it| it.trim().contains('\n'));
        let shown = |value: &str| fit(&clean::line(value.trim()), if page.is_wide { usize::MAX } else { SHOWN });
        let values = match (from, to) {
            _ if in_lines => String::new(),
            (Some(from), Some(to)) if !is_told && to.len() <= SHOWN => {
                format!(" (was: {}, now: {})", shown(from), shown(to))
            }
            (Some(from), Some(_)) => format!(" (was: {})", shown(from)),
            (Some(from), None) => format!(" (was: {}, now: not set)", shown(from)),
            (None, Some(to)) => format!(" (now: {})", shown(to)),
            (None, None) => String::new(),
        };
        page.wrapped(label, &format!("{}{values}", who_and_when(page, finding, change)));
        if in_lines {
            let lines = diff::between(from.unwrap_or_default(), to.unwrap_or_default());
            small_diff(page, &lines.join("\n"));
        }
        label = "";
    }
}

/// `spec.selector by kubectl-edit 3m ago`, `ConfigMap/settings data.PORT by kubectl-patch 3m ago or earlier`.
fn who_and_when(page: &Page, finding: &Finding, change: &Change) -> String {
    let object = change.object.as_ref().map(|object| clean::line(&object.to_string()));
    let is_whole = change.field.is_empty();
    let field = (!is_whole).then(|| clean::line(&change.field));
    let what = match (object, field) {
        (None, None) => clean::line(&finding.object.to_string()),
        (object, field) => object.into_iter().chain(field).collect::<Vec<_>>().join(" "),
    };
    let by = change.by.as_deref().map(|by| format!("by {}", clean::line(by)));
    let at = change.at.as_deref().map(|at| ago(at, page.style.now));
    let earlier = (at.is_some() && !change.exact).then(|| "or earlier".to_owned());
    let words: Vec<_> = [Some(what), by, at, earlier].into_iter().flatten().collect();
    let said = words.join(" ");
    if is_whole { format!("{said}; which of its fields is not recorded") } else { said }
}
