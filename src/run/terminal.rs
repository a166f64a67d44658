//! What a person sees: reports on stdout, one line on stderr where something is wrong.

use std::{
    io::{IsTerminal as _, Write as _},
    process::ExitCode,
};

use jiff::Timestamp;

use crate::{
    cli::{Cli, Color},
    report::{self, Style},
};

// Without a terminal a report is read in a log or pasted into a ticket.
const WIDTH_ELSEWHERE: usize = 100;

/// How to write on standard output what is so at a time. Ages count from there where it is read at once, on a terminal;
/// those in a recording always do.
pub(super) fn style(cli: &Cli, now: Timestamp, recorded: bool) -> Style {
    let is_terminal = std::io::stdout().is_terminal();
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    Style {
        color: match cli.look.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => is_terminal && !dumb && !set("NO_COLOR"),
        },
        width: terminal_size::terminal_size().map_or(WIDTH_ELSEWHERE, |(width, _)| usize::from(width.0)),
        now: (recorded || is_terminal).then_some(now),
    }
}

/// Says what is wrong with the command line: help and version on stdout, one line on stderr otherwise.
pub fn usage(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        print(&error.render().to_string());
        return ExitCode::SUCCESS;
    }
    let text = error.render().to_string();
    // clap's own paragraphs, but for the usage and for advice that nobody needs.
    let is_wanted = |line: &&str| {
        let noise = ["Usage:", "kubectl doctor ", "tip: to pass ", "For more information"];
        !line.is_empty() && !noise.iter().any(|start| line.starts_with(start))
    };
    let lines: Vec<_> = text.lines().map(str::trim).filter(is_wanted).collect();
    let what = lines.join("; ").replace(":; ", ": ");
    complain(&format!("{}; see kubectl doctor --help", what.trim_start_matches("error: ")));
    ExitCode::from(2)
}

/// One line on stderr.
pub fn complain(what: &str) {
    let line = report::clean::line(what);
    // Where nobody reads stderr there is nobody to tell.
    let _ = writeln!(std::io::stderr(), "error: {line}");
}

/// What goes on, on stderr where stdout is for a document.
pub(super) fn tell_on_stderr(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// On stdout. A reader that has seen enough (`| head`) is no error.
pub fn print(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}
