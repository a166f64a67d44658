//! The report: what a person or a script reads of a diagnosis.

use jiff::Timestamp;

use crate::document::Diagnosis;

mod age;
pub mod clean;
mod cure;
pub mod diff;
mod evidence;
mod finding;
mod footer;
mod json;
mod lead;
mod page;
pub mod rule;
pub mod table;
mod text;
mod timeline;
mod unseen;
mod wrap;

/// What the report is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// The whole document, for scripts.
    Json,
}

/// How the text looks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Style {
    /// Whether it may be coloured. Nothing is said by colour alone.
    pub color: bool,
    /// The columns there are. Commands and the cluster's own lines may be longer.
    pub width: usize,
    /// What ages are counted from: now, or when a recording was made.
    pub now: Timestamp,
}

/// The report of a diagnosis. Text is free of everything that a terminal would
/// take for more than text, whatever the cluster's objects hold.
pub fn render(diagnosis: &Diagnosis, format: Format, style: &Style) -> String {
    match format {
        Format::Text => text::render(diagnosis, style),
        Format::Json => json::render(diagnosis),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests;
