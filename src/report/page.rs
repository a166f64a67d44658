//! The lines of a text report: labels at the left, text in one column.

use std::borrow::Cow;

use colored::Color;

use super::{
    Style,
    wrap::{folded, shown_of, width, wrap},
};

/// The column of labels.
pub(super) const MARGIN: usize = 2;
/// The column of text behind labels.
pub(super) const INDENT: usize = 12;
/// Wider than this nobody reads; narrower nothing fits.
const WIDTHS: (usize, usize) = (60, 120);

/// A text that is being written.
pub(super) struct Page<'a> {
    pub(super) style: &'a Style,
    /// Whether nothing is folded or cut.
    pub(super) is_wide: bool,
    text: String,
}

impl<'a> Page<'a> {
    pub(super) fn new(style: &'a Style) -> Page<'a> {
        Page { style, is_wide: false, text: String::new() }
    }

    /// With everything on it.
    pub(super) fn wide(style: &'a Style) -> Page<'a> {
        Page { is_wide: true, ..Page::new(style) }
    }

    pub(super) fn finish(self) -> String {
        self.text
    }

    pub(super) fn columns(&self) -> usize {
        let (least, most) = WIDTHS;
        self.style.width.clamp(least, if self.is_wide { usize::MAX } else { most })
    }

    /// The columns there are for text behind labels.
    pub(super) fn text_columns(&self) -> usize {
        self.columns() - INDENT
    }

    /// The columns for what stands in lines of its own behind labels: a wide terminal is used for that.
    pub(super) fn line_columns(&self) -> usize {
        self.style.width.max(WIDTHS.0) - INDENT
    }

    pub(super) fn line(&mut self, line: &str) {
        // Of a line with words the end stays: it may be within a command's quotes.
        if !line.trim().is_empty() {
            self.text.push_str(line);
        }
        self.text.push('\n');
    }

    /// Lines behind a label, as they are.
    pub(super) fn labelled<T: AsRef<str>>(&mut self, label: &str, lines: impl IntoIterator<Item = T>) {
        let gap = INDENT - MARGIN;
        let mut label = self.dim(&format!("{label:gap$}")).into_owned();
        for line in lines {
            self.line(&format!("{:MARGIN$}{label}{}", "", line.as_ref()));
            label = " ".repeat(gap);
        }
    }

    /// A text behind a label, in as many lines as it takes.
    pub(super) fn wrapped(&mut self, label: &str, text: &str) {
        let lines = wrap(text, self.text_columns());
        self.labelled(label, lines);
    }

    /// The first few names, and how many more there are; on a wide page all of them.
    pub(super) fn folded(&self, names: &[String]) -> String {
        if self.is_wide { names.join(", ") } else { folded(names) }
    }

    /// Of so many lines, as many are shown.
    pub(super) fn shown_of(&self, count: usize) -> usize {
        if self.is_wide { count } else { shown_of(count) }
    }

    pub(super) fn bold<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.paint("1", text)
    }

    pub(super) fn dim<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.paint("2", text)
    }

    pub(super) fn colored<'t>(&self, color: Color, text: &'t str) -> Cow<'t, str> {
        self.paint(&color.to_fg_str(), text)
    }

    // Not by colored's own `Display`: that asks a switch which all threads share.
    fn paint<'t>(&self, code: &str, text: &'t str) -> Cow<'t, str> {
        match self.style.color && !text.trim().is_empty() {
            true => Cow::Owned(format!("\u{1b}[{code}m{text}\u{1b}[0m")),
            false => Cow::Borrowed(text),
        }
    }
}

/// The gap that puts `right` at the right edge behind `left`, if there is room.
pub(super) fn gap(left: &str, right: &str, columns: usize) -> Option<String> {
    let taken = width(left) + width(right) + 2;
    let spare = columns.checked_sub(taken)?;
    Some(" ".repeat(spare + 2))
}
