//! The way that traffic takes, with the place where it ends.

use colored::Color;

use crate::document::Hop;

use super::{clean, lead::Lead, page::Page, wrap::width};

const ARROW: &str = "→";
const BREAK: &str = "─✗";

/// The way on which this breaks: the finding's own, or one from outside that ends for it.
pub(super) fn of<'a>(lead: &Lead<'a>) -> &'a [Hop] {
    let is_service = |hop: &Hop| hop.object.as_ref().is_some_and(|object| object.kind == "Service");
    let symptoms = lead.explains.iter().map(|symptom| symptom.path.as_slice());
    let symptoms = symptoms.filter(|path| path.first().is_some_and(|first| !is_service(first)));
    std::iter::once(lead.finding.path.as_slice()).chain(symptoms).find(|path| !path.is_empty()).unwrap_or_default()
}

pub(super) fn tell(page: &mut Page, path: &[Hop]) {
    // What stands between two things alone is said by the sentence above.
    if path.len() > 2 {
        let lines = lines(page, path);
        page.labelled("path", lines);
    }
}

// Broken before an arrow, where a line is full.
fn lines(page: &Page, path: &[Hop]) -> Vec<String> {
    let columns = page.line_columns();
    let (mut lines, mut line, mut taken) = (Vec::new(), String::new(), 0);
    for (at, hop) in path.iter().enumerate() {
        let text = clean::line(&hop.text);
        let mark = if hop.broken.is_some() { BREAK } else { ARROW };
        let needed = if at == 0 { width(&text) } else { width(mark) + 1 + width(&text) };
        if at > 0 && taken + 1 + needed > columns {
            lines.push(std::mem::take(&mut line));
            taken = 0;
        }
        if taken > 0 {
            line.push(' ');
            taken += 1;
        }
        if at > 0 {
            let color = if hop.broken.is_some() { Color::Red } else { Color::BrightBlack };
            line.push_str(&format!("{} ", page.colored(color, mark)));
        }
        line.push_str(&text);
        taken += needed;
    }
    lines.push(line);
    lines
}
