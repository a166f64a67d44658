//! Help and the man page.

use std::fs;

use clap::CommandFactory as _;
use clap_mangen::{
    Man,
    roff::{Roff, bold, roman},
};
use doctor::cli::{Cli, EXAMPLES};

use crate::doctor::doctor;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/kubectl-doctor.1");

#[test]
fn help_begins_with_examples_that_can_be_typed() {
    let help = doctor(&["--help"]).stdout;
    assert!(help.starts_with("Examples:\n  kubectl doctor pod myapp "), "{help}");
    assert!(help.lines().all(|line| line.chars().count() <= 100), "{help}");
    for (example, _) in examples_with_meaning() {
        let words = example.split_whitespace();
        assert!(Cli::command().try_get_matches_from(words).is_ok(), "{example}");
    }
}

// What a command means stands behind it, or in the next line where it is long.
fn examples_with_meaning() -> Vec<(&'static str, &'static str)> {
    let examples = EXAMPLES.split("\n  kubectl ").skip(1);
    let parts = examples.map(|example| example.split_once("  ").unwrap_or((example, "")));
    parts.map(|(command, what)| (command.trim(), what.trim())).collect()
}

// INSTA_UPDATE=always writes it, as it does the snapshots.
#[test]
fn the_man_page_tells_what_the_help_tells() {
    let page = page();
    if std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
        fs::write(PAGE, &page).unwrap();
    }
    let written = fs::read_to_string(PAGE).unwrap_or_default();
    assert!(written == page, "docs/kubectl-doctor.1 is not the command's: INSTA_UPDATE=always cargo test writes it");
}

fn page() -> String {
    let command = Cli::command().name("kubectl-doctor").bin_name("kubectl doctor").before_help("");
    let man = Man::new(command).source(concat!("kubectl-doctor ", env!("CARGO_PKG_VERSION")));
    let mut page = Vec::new();
    man.render_title(&mut page).unwrap();
    man.render_name_section(&mut page).unwrap();
    man.render_synopsis_section(&mut page).unwrap();
    let mut examples = Roff::new();
    examples.control("SH", ["EXAMPLES"]);
    for (command, what) in examples_with_meaning() {
        examples.control("TP", []).text([bold(format!("kubectl {command}"))]).text([roman(what)]);
    }
    page.extend(examples.render().into_bytes());
    man.render_options_section(&mut page).unwrap();
    man.render_subcommands_section(&mut page).unwrap();
    man.render_extra_section(&mut page).unwrap();
    String::from_utf8(page).unwrap()
}
