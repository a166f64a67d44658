//! What cures a finding: words, a diff, a command.

use colored::Color;

use crate::document::{Cure, Finding};

use super::{
    clean,
    page::{MARGIN, Page},
    wrap::width,
};

/// Where the note beside a line of a diff begins, if the line is shorter.
const NOTE: usize = 31;

/// The best cure's diff, as wide as the page; beside the new line, why it is
/// thought to be the right one. Says whether that could be told.
pub(super) fn difference(page: &mut Page, finding: &Finding) -> bool {
    let Some(diff) = finding.cures.first().and_then(|cure| cure.diff.as_deref()) else {
        return false;
    };
    let lines = clean::lines(diff);
    let Some((path, lines)) = lines.split_first() else {
        return false;
    };
    let note = note(finding, lines, page.columns());
    page.line(&format!("{:MARGIN$}{path}", ""));
    for (at, line) in lines.iter().enumerate() {
        let line = diff_line(line);
        let painted = painted_diff(page, &line);
        match &note {
            Some((here, note)) if *here == at => {
                let gap = NOTE.saturating_sub(width(&line)).max(2);
                page.line(&format!("{painted}{:gap$}{note}", ""));
            }
            _ => page.line(&painted),
        }
    }
    note.is_some()
}

/// The line of a diff that brings in what is nearest, and why that is near.
fn note(finding: &Finding, lines: &[String], columns: usize) -> Option<(usize, String)> {
    let nearest = finding.nearest.first()?;
    let (value, why) = (clean::line(&nearest.value), clean::line(&nearest.why));
    // A selector is `app=web` in words and `app: web` in a manifest, and may have several lines.
    let mut spelled = vec![value.replace('=', ": "), value];
    spelled.extend(clean::lines(&nearest.value));
    let at = lines
        .iter()
        .rposition(|line| line.starts_with('+') && spelled.iter().any(|value| line.contains(value.as_str())))?;
    let line = width(&diff_line(lines.get(at)?));
    let fits = NOTE.max(line + 2) + width(&why) <= columns;
    (fits && !why.is_empty()).then_some((at, why))
}

/// The mark in the first column, the text clear of it.
fn diff_line(line: &str) -> String {
    let (mark, text) = match line.strip_prefix(['-', '+', ' ']) {
        Some(text) => (line.chars().next().unwrap_or(' '), text),
        None => (' ', line),
    };
    format!("{mark}   {}", text.strip_prefix(' ').unwrap_or(text))
}

fn painted_diff(page: &Page, line: &str) -> String {
    match line.chars().next() {
        Some('-') => page.colored(Color::Red, line).into_owned(),
        Some('+') => page.colored(Color::Green, line).into_owned(),
        _ => line.to_owned(),
    }
}

pub(super) fn cures(page: &mut Page, cures: &[Cure]) {
    for (at, cure) in cures.iter().enumerate() {
        let label = if at == 0 { "cure" } else { "or" };
        let label = match what_to_do(cure).as_str() {
            "" => label,
            text => {
                page.wrapped(label, text);
                ""
            }
        };
        // The first one's stands at the top.
        if let (true, Some(diff)) = (at > 0, cure.diff.as_deref()) {
            small_diff(page, diff);
        }
        if let Some(text) = cure.shown() {
            command(page, label, text);
        }
    }
}

/// In words, with what else it does.
pub(super) fn what_to_do(cure: &Cure) -> String {
    let effect = match (cure.restarts, cure.destructive) {
        (true, true) => "(restarts pods, deletes)",
        (true, false) => "(restarts pods)",
        (false, true) => "(deletes)",
        (false, false) => "",
    };
    let text = clean::line(&cure.text);
    format!("{} {effect}", text.trim()).trim().to_owned()
}

/// Never wrapped and nothing added, so that it can be copied: further lines
/// stand at the edge, for they may be within quotes.
fn command(page: &mut Page, label: &str, text: &str) {
    let Some(text) = clean::command(text) else {
        let left_out = "(a command with characters that cannot be seen: left out)";
        return page.wrapped(label, left_out);
    };
    let mut lines = text.lines();
    if let Some(first) = lines.next() {
        let first = page.colored(Color::Cyan, first).into_owned();
        page.labelled(label, [first]);
    }
    for line in lines {
        page.line(line);
    }
}

/// A diff in the column of text.
pub(super) fn small_diff(page: &mut Page, diff: &str) {
    for line in clean::lines(diff) {
        let line = painted_diff(page, &line);
        page.labelled("", [line]);
    }
}
