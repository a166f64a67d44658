//! The report: what a person or a script reads of a diagnosis.

use jiff::Timestamp;

use crate::document::{Diagnosis, DiagnosisList};

mod age;
pub mod clean;
mod cure;
mod deviation;
pub mod diff;
mod evidence;
mod finding;
mod footer;
mod github;
mod html;
mod json;
mod junit;
mod lead;
mod markdown;
mod names;
mod page;
mod path;
pub mod rule;
mod sarif;
pub mod screen;
mod several;
pub mod table;
mod text;
mod timeline;
mod title;
mod unseen;
mod wrap;
mod yaml;

use page::Page;
pub use wrap::fit;

/// What the report is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// For people with room: everything, over the whole width of the terminal.
    Wide,
    /// The whole document, for scripts.
    Json,
    /// The same as YAML.
    Yaml,
    /// The objects at fault alone, as `kubectl get -o name` does.
    Name,
    /// One page to share: readable anywhere, without a network.
    Html,
    /// To paste into a ticket, with a picture of what follows from what.
    Markdown,
    /// Annotations of a workflow run on GitHub.
    Github,
    /// Test results for a CI server.
    Junit,
    /// Results of static analysis, for code scanning.
    Sarif,
}

/// How the text looks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Style {
    /// Whether it may be coloured. Nothing is said by colour alone.
    pub color: bool,
    /// The columns there are. Commands and the cluster's own lines may be longer.
    pub width: usize,
    /// What ages are counted from: now, or when a recording was made. `None` where it may be read at any time: there times
    /// stand as they are, and the same cluster gives the same bytes.
    pub now: Option<Timestamp>,
}

/// The report of a diagnosis. Text is free of everything that a terminal would
/// take for more than text, whatever the cluster's objects hold.
pub fn render(diagnosis: &Diagnosis, format: Format, style: &Style) -> String {
    match format {
        Format::Text => text::render(diagnosis, Page::new(style)),
        Format::Wide => text::render(diagnosis, Page::wide(style)),
        Format::Json => json::render(diagnosis),
        Format::Yaml => yaml::render(diagnosis),
        Format::Name => names::render(diagnosis),
        Format::Html => html::render(diagnosis, style),
        Format::Markdown => markdown::render(diagnosis),
        Format::Github => github::render(diagnosis),
        Format::Junit => junit::render(diagnosis, style),
        Format::Sarif => sarif::render(diagnosis),
    }
}

/// How the reports of several clusters are written as one; nothing where a format has no place to say whose is which.
pub fn joined(format: Format) -> Option<fn(&DiagnosisList, &Style) -> String> {
    match format {
        Format::Text => Some(several::narrow),
        Format::Wide => Some(several::wide),
        Format::Json => Some(|list, _| json::safe(list)),
        Format::Yaml => Some(|list, _| yaml::list(list)),
        Format::Markdown => Some(|list, _| several::markdown(list)),
        Format::Name | Format::Html | Format::Github | Format::Junit | Format::Sarif => None,
    }
}

/// The document as JSON in one line, for programs that count its length.
pub fn json_line(diagnosis: &Diagnosis) -> String {
    json::line(diagnosis)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
pub(crate) mod tests;
