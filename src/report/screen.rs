//! What somebody who keeps an eye on a cluster sees: causes now, when each began, and what healed.

use jiff::Timestamp;

use super::{Style, age, footer, page::Page, title, wrap};
use crate::{
    document::{Finding, Severity},
    lookout::{Board, Cause},
};

/// So many of what healed last are shown.
const HEALED: usize = 5;

/// What is known of the whole besides what stands on the board.
#[derive(Debug, Default)]
pub struct Heading {
    /// What ages are counted from.
    pub now: Timestamp,
    /// What is looked at: `namespace shop`.
    pub scope: String,
    /// Why what is shown may be old.
    pub trouble: Option<String>,
    /// Whether everything was looked at once.
    pub is_ready: bool,
    /// The namespace that goes without saying.
    pub namespace: Option<String>,
}

/// A screen of so many rows; of the causes those from this one on.
pub fn render(board: &Board, heading: &Heading, style: &Style, rows: usize, from: usize) -> String {
    let mut top = Page::new(style);
    let causes = board.causes();
    let time = heading.now.strftime("%H:%M:%SZ").to_string();
    let left = format!("{}: {}", heading.scope, counted(&causes, heading.is_ready));
    top.line(&top.bold(&wrap::fit(&format!("{left}  {time}"), style.width)));
    if let Some(trouble) = &heading.trouble {
        let text = format!("this may be old: {trouble}");
        top.line(&top.colored(colored::Color::Yellow, &wrap::fit(&text, style.width)));
    }
    top.line("");
    let mut bottom = Page::new(style);
    for healed in board.healed().take(HEALED) {
        let text = format!(
            "healed {}  {}",
            age::ago(&healed.at.to_string(), Some(heading.now)),
            one_line(&healed.finding, heading)
        );
        bottom.line(&bottom.colored(colored::Color::Green, &wrap::fit(&format!("✓ {text}"), style.width)));
    }
    bottom.line(&bottom.dim("q quits, arrows scroll"));
    let (top, bottom) = (top.finish(), bottom.finish());
    let room = rows.saturating_sub(top.lines().count() + bottom.lines().count() + 1);
    let mut middle = Page::new(style);
    let mut left = room;
    let mut shown = 0;
    for cause in causes.iter().skip(from) {
        let lines = lines_of(cause, heading, style);
        // A line is kept for what has no room.
        if lines.len() + 1 > left {
            break;
        }
        left -= lines.len();
        shown += 1;
        for line in lines {
            middle.line(&middle.colored(title::color(cause.finding.severity), &line));
        }
    }
    let hidden = causes.len().saturating_sub(from + shown);
    if hidden > 0 {
        middle.line(&middle.dim(&format!("and {hidden} more")));
    }
    format!("{top}{}\n{bottom}", middle.finish())
}

fn lines_of(cause: &Cause, heading: &Heading, style: &Style) -> Vec<String> {
    let began = age::ago(&cause.began().to_string(), Some(heading.now));
    let text = one_line(&cause.finding, heading);
    let indent = 12;
    let lines = wrap::wrap(&text, style.width.saturating_sub(indent));
    let first = |line: &String| format!("{} {began:<9} {line}", title::mark(cause.finding.severity));
    let rest = |line: &String| format!("{:indent$}{line}", "");
    let mut lines: Vec<String> =
        lines.iter().enumerate().map(|(nth, line)| if nth == 0 { first(line) } else { rest(line) }).collect();
    lines.truncate(3);
    lines
}

fn one_line(finding: &Finding, heading: &Heading) -> String {
    title::of(finding, heading.namespace.as_deref())
}

fn counted(causes: &[&Cause], is_ready: bool) -> String {
    let words = [(Severity::Error, "error"), (Severity::Warning, "warning"), (Severity::Info, "note")];
    let told = footer::counted(causes.iter().map(|cause| cause.finding.severity), words);
    let told: Vec<String> = told.into_iter().map(|(_, said)| said).collect();
    match (told.is_empty(), is_ready) {
        (true, true) => "nothing wrong".to_owned(),
        (true, false) => "looking".to_owned(),
        (false, true) => told.join(", "),
        (false, false) => format!("{} so far", told.join(", ")),
    }
}
