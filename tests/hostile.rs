//! What whoever may write to a cluster can make of a report: every recording, with hostile text in all that people and
//! programs write there, goes through the whole diagnosis into every format.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that can't go on fails")]

use std::{collections::BTreeSet, env, fs, path::Path, process::Command, sync::LazyLock};

use doctor::{
    diagnosis,
    document::Diagnosis,
    question::{Question, Target},
    report::{Format, Style, render},
    rule::Rules,
    source::recording,
};
use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag};
use serde_json::Value;

const TESTDATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata");

const HOSTILE: [(&str, &str); 12] = [
    ("escape sequences", "\u{1b}[2J\u{1b}[31mred\u{9b}1m\u{7}"),
    ("a link of the terminal", "\u{1b}]8;;http://evil.example\u{1b}\\click\u{1b}]8;;\u{1b}\\"),
    ("turned text", "safe\u{202e}live ton\u{2066}\u{200f}\u{200b}"),
    ("carriage returns", "first\rsecond\r\nthird\u{b}\u{c}\u{85}\u{2028}fourth"),
    ("HTML", "</pre></code><script>alert(1)</script><img src=x onerror=alert(1)>&lt;\"' --> ]]> {{body}}"),
    (
        "Markdown",
        "```\n# title\n[x](http://evil) ![y](http://evil) **b** _i_ | a | @jane #12 <b>\n- item\n~~~\n    code",
    ),
    ("a picture's text", "\"] --> x[\"y\"]; click x href \"javascript:alert(1)\"\n%%{init: {}}%%\nend"),
    ("YAML", "x: y\n- z\n---\n!!python/object:os.system [*anchor] {a: b} # comment\n'\"|>"),
    ("CSV", "=cmd|' /C calc'!A0,+1,-1,@SUM(1)\t;\""),
    ("workflow commands", "\n::error file=x::y\n::set-output name=x::y\n##[group]z%0A::stop-commands::x"),
    ("a shell", A_SHELL),
    ("metrics", "\"} 1\nkubectl_doctor_causes{rule=\"x\"} 99\\"),
];

const A_SHELL: &str = "$(touch pwned)`touch pwned`;touch pwned '\"\\${IFS}&& touch pwned #";

/// The fields in which people and programs write what they like, as far as the API lets them.
const WRITTEN: [&str; 12] =
    ["message", "reason", "image", "imageID", "text", "value", "args", "command", "host", "path", "key", "values"];

/// Those that hold names, which the API is strict about; a file may say what it likes there as well.
const NAMES: [&str; 6] = ["name", "claimName", "secretName", "serviceName", "serviceAccountName", "container"];

thread_local! {
    static RULES: Rules = Rules::built_in().unwrap();
}

fn recordings() -> Vec<(String, Value)> {
    let folders = fs::read_dir(TESTDATA).unwrap().map(|entry| entry.unwrap().path());
    let mut all: Vec<_> = folders.filter(|path| path.is_dir()).map(|folder| read(&folder)).collect();
    all.sort_by(|one, other| one.0.cmp(&other.0));
    all
}

fn read(folder: &Path) -> (String, Value) {
    let text = fs::read_to_string(folder.join("recording.json")).unwrap();
    (folder.file_name().unwrap().to_string_lossy().into_owned(), serde_json::from_str(&text).unwrap())
}

/// With this behind every text in these fields, and in labels, selectors, annotations and settings.
fn with(value: &mut Value, field: &str, text: &str, fields: &[&str]) {
    match value {
        Value::String(words) if fields.contains(&field) => words.push_str(text),
        Value::Array(list) => list.iter_mut().for_each(|item| with(item, field, text, fields)),
        Value::Object(parts) => {
            let all = ["labels", "annotations", "data", "matchLabels", "selector", "nodeSelector"].contains(&field);
            parts.iter_mut().for_each(|(key, value)| with(value, if all { "text" } else { key }, text, fields));
        }
        _ => {}
    }
}

fn found_in(recording: &Value) -> Option<(Diagnosis, Style)> {
    let (inventory, target) = recording::read(&recording.to_string()).ok()?;
    let words: Vec<String> = target.into_iter().collect();
    let namespace = Some(inventory.about.namespace.clone()).filter(|namespace| !namespace.is_empty());
    let target = Target::from_words(&words, &inventory.custom().types).unwrap();
    let question = Question { target, namespace, selector: None, client: None };
    let found = RULES.with(|rules| diagnosis::diagnose(&question, &inventory, rules)).ok()?;
    let style = Style { color: false, width: 100, now: Some(inventory.about.now) };
    Some((found.diagnosis, style))
}

struct Found {
    /// Which text, in which recording.
    what: String,
    diagnosis: Diagnosis,
    style: Style,
}

/// What is found in each recording with one of the texts in it; with all of them where HOSTILE=all asks for the hour
/// that it takes.
static FOUND: LazyLock<Vec<Found>> = LazyLock::new(|| {
    let all = env::var("HOSTILE").is_ok_and(|word| word == "all");
    let mut found = Vec::new();
    for (at, (name, recording)) in recordings().into_iter().enumerate() {
        for (which, (what, text)) in HOSTILE.into_iter().enumerate() {
            if !all && at % HOSTILE.len() != which {
                continue;
            }
            let mut recording = recording.clone();
            with(&mut recording, "", text, &WRITTEN);
            if let Some((diagnosis, style)) = found_in(&recording) {
                found.push(Found { what: format!("{what} in {name}"), diagnosis, style });
            }
        }
    }
    let findings: usize = found.iter().map(|found| found.diagnosis.findings.len()).sum();
    assert!(findings > 100, "hardly anything was found: {findings}");
    found
});

fn reports(format: Format, check: impl Fn(&str) -> Result<(), String>) {
    for Found { what, diagnosis, style } in FOUND.iter() {
        let report = render(diagnosis, format, style);
        if let Err(why) = check(&report) {
            panic!("{what}: {why}:\n{report}");
        }
    }
}

fn unless(wrong: bool, why: impl FnOnce() -> String) -> Result<(), String> {
    if wrong { Err(why()) } else { Ok(()) }
}

/// Nothing that a terminal obeys, or that makes text read differently from what it is.
fn is_plain(report: &str) -> Result<(), String> {
    let turns = |it: char| matches!(it, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let hidden = report.chars().find(|&it| it != '\n' && it != '\t' && (it.is_control() || turns(it)));
    unless(hidden.is_some(), || format!("{hidden:?} stands there"))
}

#[test]
fn no_terminal_is_given_more_than_text() {
    for format in [Format::Text, Format::Wide] {
        reports(format, is_plain);
    }
}

#[test]
fn names_are_one_word_a_line() {
    reports(Format::Name, |report| {
        let odd = report.lines().find(|line| line.split_whitespace().count() != 1 || !line.contains('/'));
        unless(odd.is_some(), || format!("{odd:?}"))
    });
}

#[test]
fn json_and_yaml_are_the_same_document() {
    for Found { what, diagnosis, style } in FOUND.iter() {
        let json = render(diagnosis, Format::Json, style);
        let yaml = render(diagnosis, Format::Yaml, style);
        is_plain(&json).and_then(|()| is_plain(&yaml)).unwrap();
        let of_json: Value = serde_json::from_str(&json).unwrap();
        let of_yaml: Value = serde_saphyr::from_str(&yaml).unwrap_or_else(|why| panic!("{what}: {why}\n{yaml}"));
        // YAML has no way to write in every place what a terminal obeys, and is without it.
        let is_whole = !json.contains("\\u") && !json.contains("\\r");
        assert!(!is_whole || of_json == of_yaml, "{what}:\n{json}\n{yaml}");
    }
}

#[test]
fn a_page_has_no_element_but_its_own() {
    const OWN: [&str; 36] = [
        "!doctype", "a", "body", "circle", "code", "details", "div", "h1", "h2", "h3", "head", "header", "html", "li",
        "line", "main", "meta", "ol", "p", "path", "pre", "rect", "section", "span", "strong", "style", "summary",
        "svg", "table", "td", "text", "th", "time", "title", "tr", "ul",
    ];
    reports(Format::Html, |page| {
        let tag = |at: &str| at.trim_start_matches('/').split([' ', '>', '\n']).next().unwrap_or_default().to_owned();
        let other = page.split('<').skip(1).map(tag).find(|name| !OWN.contains(&name.to_lowercase().as_str()));
        unless(other.is_some(), || format!("an element {other:?}"))?;
        is_plain(page)
    });
}

#[test]
fn markdown_shows_text_as_text() {
    reports(Format::Markdown, |report| {
        is_plain(report)?;
        let mut in_picture = false;
        for event in Parser::new_ext(report, Options::ENABLE_TABLES) {
            let odd = match &event {
                // What keeps a name from being mentioned.
                Event::InlineHtml(mark) if &**mark == "<!-- -->" => false,
                Event::Html(_)
                | Event::InlineHtml(_)
                | Event::Rule
                | Event::Start(Tag::Image { .. } | Tag::Table(_)) => true,
                Event::Start(Tag::Link { dest_url, .. }) => dest_url.contains("evil"),
                Event::Start(Tag::Heading { level, .. }) => *level != HeadingLevel::H3,
                Event::Start(Tag::CodeBlock(kind)) => {
                    in_picture = matches!(kind, CodeBlockKind::Fenced(language) if &**language == "mermaid");
                    *kind == CodeBlockKind::Indented
                }
                Event::End(_) => {
                    in_picture = false;
                    false
                }
                Event::Text(lines) if in_picture => lines.lines().any(|line| !is_of_a_picture(line)),
                _ => false,
            };
            unless(odd, || format!("{event:?}"))?;
        }
        Ok(())
    });
}

/// `flowchart`, a box, or an arrow: https://mermaid.js.org/syntax/flowchart.html
fn is_of_a_picture(line: &str) -> bool {
    let shape = |start: &str| {
        let rest = line.trim_start().trim_start_matches(|it: char| it.is_ascii_alphanumeric());
        rest.starts_with(start) && !rest[start.len()..].trim_end_matches("\"]").contains('"')
    };
    let arrow = line.contains("--x|\"") || line.contains(" --> ");
    line.is_empty() || line.starts_with("flowchart ") || shape("[\"") || arrow
}

#[test]
fn a_workflow_is_told_nothing_but_its_annotations() {
    reports(Format::Github, |report| {
        is_plain(report)?;
        let of_ours = |line: &str| ["::error ", "::warning ", "::notice "].iter().any(|it| line.starts_with(it));
        let other = report.lines().find(|line| !of_ours(line) && (line.contains("::") || line.starts_with("##[")));
        unless(other.is_some(), || format!("{other:?}"))
    });
}

#[test]
fn a_ci_server_and_code_scanning_can_read_what_they_get() {
    reports(Format::Junit, |report| {
        is_plain(report)?;
        let document = roxmltree::Document::parse(report).map_err(|why| why.to_string())?;
        let own = ["testsuites", "testsuite", "testcase", "failure", "skipped", "system-out", "properties", "property"];
        let other = document.descendants().find(|it| it.is_element() && !own.contains(&it.tag_name().name()));
        unless(other.is_some(), || format!("{other:?}"))
    });
    reports(Format::Sarif, |report| {
        is_plain(report)?;
        serde_json::from_str::<Value>(report).map(drop).map_err(|why| why.to_string())
    });
}

/// What a shell takes each command for, in which kubectl says what it was given.
fn words_by_a_shell(commands: &[&String], folder: &Path) -> Vec<Vec<String>> {
    let mut script = "kubectl() { printf '%s\\0' \"$@\"; }\n".to_owned();
    for command in commands {
        script.push_str(&format!("{command}\nprintf '\\1\\0'\n"));
    }
    let file = folder.join("commands.sh");
    fs::write(&file, script).unwrap();
    let said = Command::new("/bin/sh").arg(&file).current_dir(folder).env("PATH", "/nowhere").output().unwrap();
    assert!(said.stderr.is_empty(), "{}", String::from_utf8_lossy(&said.stderr));
    let said = String::from_utf8(said.stdout).unwrap();
    let of_each = said.split("\u{1}\0").map(|words| words.split_terminator('\0').map(str::to_owned).collect());
    of_each.take(commands.len()).collect()
}

#[test]
fn no_text_breaks_out_of_the_command_that_is_offered() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("hostile");
    fs::create_dir_all(&folder).unwrap();
    let mut all = BTreeSet::new();
    for (_, mut recording) in recordings() {
        with(&mut recording, "", A_SHELL, &[WRITTEN.as_slice(), &NAMES].concat());
        let Some((diagnosis, _)) = found_in(&recording) else { continue };
        let cures = diagnosis.findings.into_iter().flat_map(|finding| finding.cures);
        all.extend(cures.filter_map(|cure| cure.command));
    }
    // One that is given on standard input is a text of its own.
    let commands: Vec<&String> = all.iter().filter(|command| !command.contains("<<")).collect();
    let hostile = commands.iter().filter(|command| command.contains("pwned")).count();
    assert!(hostile > 30, "{hostile} of {} commands", commands.len());
    for (command, words) in commands.iter().zip(words_by_a_shell(&commands, &folder)) {
        let meant = shlex::split(command).unwrap();
        assert_eq!(meant[0], "kubectl", "{command}");
        assert_eq!(words, meant[1..], "{command}");
    }
    assert!(!folder.join("pwned").exists());
}
