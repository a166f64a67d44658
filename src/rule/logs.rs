//! What programs say in their logs, as data: files of patterns in rules/logs/, to which users add their own.

use std::{
    collections::BTreeMap,
    sync::{LazyLock, OnceLock},
};

use regex_lite::Regex;
use serde::Deserialize;
use serde_saphyr::Spanned;

use super::language::pattern;
use crate::error::Error;

/// The patterns in the binary, as the build script made them ready: in the order of their files.
const BUILT_IN: &str = include_str!(concat!(env!("OUT_DIR"), "/logs.json"));

/// The folder of their files.
#[cfg(test)]
pub(super) const FOLDER: &str = "logs";

/// What a pattern may capture: the facts of `log` that rules read.
const CAPTURES: [&str; 9] = ["name", "host", "port", "path", "user", "verb", "resource", "group", "namespace"];

/// So many lines above the end a line may stand, those of stack traces not counted; what is above is past.
const NEAR_THE_END: usize = 25;

/// The patterns in the binary, and the users' own.
#[derive(Debug, Default)]
pub struct LogPatterns(Vec<File>);

/// What a line of a log tells of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Told {
    /// `missing-setting`.
    pub of: String,
    /// The line.
    pub line: String,
    /// What the pattern captured, by name.
    pub captures: BTreeMap<String, String>,
    /// How many lines stand after it, those of stack traces not counted.
    pub after: usize,
}

impl Told {
    /// What was captured by this name; empty where nothing was.
    pub fn get(&self, name: &str) -> &str {
        self.captures.get(name).map_or("", String::as_str)
    }
}

/// A file of patterns.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// What its lines tell of.
    tells: String,
    lines: Vec<Line>,
    /// Lines that look like one of these, and that none may match.
    #[serde(default)]
    never: Vec<String>,
    /// Lines with which it is past, where one stands further down: what was out of reach is reached.
    over: Option<Pattern>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    /// Words one of which stands in each line that can match, in lower case and parted by `|`: other lines are
    /// passed over at no cost.
    #[serde(default)]
    word: String,
    pattern: Pattern,
    /// Lines of real programs, with what is captured.
    #[serde(default)]
    examples: Vec<BTreeMap<String, String>>,
}

/// A pattern that is compiled when it is first needed.
#[derive(Debug, Deserialize)]
#[serde(from = "Spanned<String>")]
struct Pattern {
    text: String,
    line: u64,
    column: u64,
    compiled: OnceLock<Option<Regex>>,
}

impl From<Spanned<String>> for Pattern {
    fn from(text: Spanned<String>) -> Self {
        let (line, column) = (text.referenced.line(), text.referenced.column());
        Self { text: text.value, line, column, compiled: OnceLock::new() }
    }
}

impl From<&str> for Pattern {
    fn from(text: &str) -> Self {
        Self { text: text.to_owned(), line: 0, column: 0, compiled: OnceLock::new() }
    }
}

impl Pattern {
    // One that is no pattern is refused when its file is read, and matches nothing.
    fn regex(&self) -> Option<&Regex> {
        self.compiled.get_or_init(|| pattern(&self.text).ok()).as_ref()
    }

    fn check(&self, file: &str) -> Result<Regex, Error> {
        pattern(&self.text).map_err(|error| self.error(file, &error))
    }

    fn is_match(&self, text: &str) -> bool {
        self.regex().is_some_and(|regex| regex.is_match(text))
    }

    fn error(&self, file: &str, what: &str) -> Error {
        Error::new(format!("{file}:{}:{}: {what}", self.line, self.column))
    }
}

/// Whether a file of rules is one of log patterns.
pub(super) fn is_one(text: &str) -> bool {
    text.lines().any(|line| line.starts_with("tells:"))
}

impl LogPatterns {
    /// Adds the patterns of a file, checked.
    ///
    /// # Errors
    /// Names the file, line and column of what is wrong, an example that its pattern does not match among it.
    pub(super) fn add(&mut self, name: &str, text: &str) -> Result<(), Error> {
        let file = parse(name, text)?;
        file.check(name)?;
        self.0.push(file);
        Ok(())
    }

    /// What the end of a log tells of: the newest line that a pattern matches, unless a later one shows that it is past
    /// or that something else was the program's end.
    pub fn read(&self, log: &str) -> Option<Told> {
        let lines: Vec<&str> = log.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
        let mut after: Vec<&str> = Vec::new();
        for (at, &line) in lines.iter().enumerate().rev() {
            let before = at.checked_sub(1).and_then(|before| lines.get(before)).copied().unwrap_or_default();
            if let Some((file, told)) = self.told(before, line) {
                let is_over = file.over.as_ref().is_some_and(|over| after.iter().any(|later| over.is_match(later)));
                if !is_over && !is_harmless(line, &after) {
                    return Some(Told { after: after.len(), ..told });
                }
            }
            if !is_detail(line) {
                after.push(line);
            }
            if after.len() > NEAR_THE_END {
                break;
            }
        }
        None
    }

    fn told(&self, before: &str, line: &str) -> Option<(&File, Told)> {
        let lower = line.to_ascii_lowercase();
        self.0.iter().chain(built_in()).find_map(|file| Some((file, file.told(before, line, &lower)?)))
    }
}

// Those in the binary were checked by the tests. They are read where there is a log, and of two that match the same
// line the one that comes first in the alphabet counts.
fn built_in() -> &'static [File] {
    static FILES: LazyLock<Vec<File>> = LazyLock::new(|| serde_json::from_str(BUILT_IN).unwrap_or_default());
    &FILES
}

fn parse(name: &str, text: &str) -> Result<File, Error> {
    serde_saphyr::from_str(text).map_err(|error| super::file::unreadable(name, &error))
}

impl File {
    fn told(&self, before: &str, line: &str, lower: &str) -> Option<Told> {
        let captures = self.lines.iter().find_map(|known| known.captures(before, line, lower))?;
        Some(Told { of: self.tells.clone(), line: line.trim().to_owned(), captures, after: 0 })
    }

    fn check(&self, name: &str) -> Result<(), Error> {
        self.lines.iter().try_for_each(|known| known.check(name))?;
        self.over.iter().try_for_each(|over| over.check(name).map(drop))?;
        match self.never.iter().find(|line| self.told("", line, &line.to_ascii_lowercase()).is_some()) {
            Some(line) => Err(Error::new(format!("{name}: it is never to match, and does: {line}"))),
            None => Ok(()),
        }
    }
}

impl Line {
    fn captures(&self, before: &str, line: &str, lower: &str) -> Option<BTreeMap<String, String>> {
        if !self.word.split('|').any(|word| lower.contains(word)) {
            return None;
        }
        let regex = self.pattern.regex()?;
        // One that spans two lines ends on this one.
        let both = self.pattern.text.contains(r"\n").then(|| format!("{before}\n{line}"));
        let found = regex.captures(both.as_deref().unwrap_or(line))?;
        let names = regex.capture_names().flatten();
        let captured = names.filter_map(|name| Some((name.to_owned(), found.name(name)?.as_str().to_owned())));
        Some(captured.filter(|(_, text)| !text.is_empty()).collect())
    }

    fn check(&self, name: &str) -> Result<(), Error> {
        let regex = self.pattern.check(name)?;
        if let Some(unknown) = regex.capture_names().flatten().find(|name| !CAPTURES.contains(name)) {
            let what = format!("a pattern can't capture {unknown:?}; it can {}", CAPTURES.join(", "));
            return Err(self.pattern.error(name, &what));
        }
        for example in &self.examples {
            let mut wanted = example.clone();
            let text = wanted.remove("line").unwrap_or_default();
            let (before, line) = text.rsplit_once('\n').unwrap_or(("", &text));
            let found = self.captures(before, line, &line.to_ascii_lowercase());
            if found.as_ref() != Some(&wanted) {
                let what = format!("the example {text:?} gives {found:?} and not {wanted:?}");
                return Err(self.pattern.error(name, &what));
            }
        }
        Ok(())
    }
}

// A part of what stands above it: a stack trace, an indented detail, a closing brace.
fn is_detail(line: &str) -> bool {
    line.starts_with([' ', '\t'])
        || !line.contains(|letter: char| letter.is_ascii_alphanumeric())
        || ["goroutine ", "created by ", "main.", "runtime.", "Node.js v", "exit status "]
            .iter()
            .any(|start| line.starts_with(start))
}

// A line of which the program itself says that it goes on without, and one below which it ends of something else.
fn is_harmless(line: &str, after: &[&str]) -> bool {
    static GOES_ON: LazyLock<Pattern> = LazyLock::new(|| {
        r"(?i)\b(?:continuing|proceeding|ignor(?:ed|ing)|skipp(?:ed|ing)|falling back|fallback|using (?:the )?default|non-fatal|optional)\b".into()
    });
    static WARNS: LazyLock<Pattern> = LazyLock::new(|| r"(?i)\bwarn(?:ing)?\b".into());
    static FAILS: LazyLock<Pattern> =
        LazyLock::new(|| r"(?i)\b(?:error|fatal|panic|critical|exception|[a-z]+error|[a-z]+exception)\b".into());
    static DIES: LazyLock<Pattern> = LazyLock::new(|| r"(?i)(?:^|[^a-z-])(?:fatal|panic|critical)\b".into());
    // Such an end follows from what stands above it.
    static GIVES_UP: LazyLock<Pattern> = LazyLock::new(|| {
        r"(?i)giv(?:e|ing) up|exit|abort|shut|terminat|stopp|start|boot|init|connect|attempt|retr|depend|cannot continue|backend|upstream".into()
    });
    let dies_of_something_else = after.iter().any(|later| DIES.is_match(later) && !GIVES_UP.is_match(later));
    GOES_ON.is_match(line)
        || dies_of_something_else
        || (WARNS.is_match(line) && after.iter().any(|later| FAILS.is_match(later) && !GIVES_UP.is_match(later)))
}

#[cfg(test)]
mod tests {
    use super::{super::FILES as IN_FOLDERS, *};

    fn read(log: &str) -> Option<(String, String)> {
        let told = LogPatterns::default().read(log)?;
        Some((told.of, told.line))
    }

    // With their examples.
    fn files() -> Vec<File> {
        let folder = IN_FOLDERS.get_dir(FOLDER).unwrap();
        folder.files().map(|file| parse(FOLDER, file.contents_utf8().unwrap()).unwrap()).collect()
    }

    #[test]
    fn every_pattern_matches_its_examples_and_nothing_that_it_must_not() {
        let folder = IN_FOLDERS.get_dir(FOLDER).unwrap();
        for file in folder.files() {
            let text = file.contents_utf8().unwrap();
            let mut own = LogPatterns::default();
            own.add(&file.path().display().to_string(), text).unwrap_or_else(|why| panic!("{why}"));
            let bare: Vec<_> = own.0[0].lines.iter().filter(|line| line.examples.is_empty()).collect();
            assert!(bare.is_empty(), "without an example: {bare:?}");
        }
        assert_eq!(built_in().len(), folder.files().count());
    }

    // Of all files the right one reads each example, whichever comes first.
    #[test]
    fn no_file_takes_the_examples_of_another() {
        for file in files() {
            for example in file.lines.iter().flat_map(|line| &line.examples) {
                let told = LogPatterns::default().read(&example["line"]).map(|told| told.of);
                assert_eq!(told.as_ref(), Some(&file.tells), "{example:?}");
            }
            for line in &file.never {
                assert_ne!(read(line).map(|(of, _)| of).as_ref(), Some(&file.tells), "{line}");
            }
        }
    }

    #[test]
    fn the_newest_line_that_tells_of_something_counts() {
        let log = "DATABASE_URL is not set\nlisten tcp :8080: bind: address already in use\nexit status 1\n";
        assert_eq!(read(log).unwrap().0, "address-in-use");
    }

    #[test]
    fn what_a_later_line_shows_to_be_past_is_nothing() {
        for log in [
            "dial tcp db:5432: connect: connection refused\nconnected to db:5432\nserving\n",
            "could not connect to stats:9091, continuing without metrics\n",
            "WARN cannot connect to stats:9091\nValueError: bad plan\n",
            "dial tcp stats:9091: connect: connection refused\npanic: division by zero\n",
        ] {
            assert_eq!(read(log), None, "{log}");
        }
    }

    #[test]
    fn what_follows_from_it_hides_nothing() {
        for log in [
            "dial tcp db:5432: connect: connection refused\nFATAL: giving up after 5 attempts\n",
            "WARN cannot connect to db:5432\nERROR startup failed\n",
            "Error: connect ECONNREFUSED 10.96.1.2:5432\n    at TCPConnectWrap.afterConnect [as oncomplete]\n\nNode.js v20.1.0\n",
        ] {
            assert_eq!(read(log).map(|(of, _)| of).as_deref(), Some("host-unreachable"), "{log}");
        }
    }

    #[test]
    fn what_stands_far_above_the_end_is_past() {
        let log = format!("DATABASE_URL is not set\n{}", "working\n".repeat(NEAR_THE_END + 1));
        assert_eq!(read(&log), None);
    }

    #[test]
    fn a_file_that_is_wrong_is_named_with_its_place() {
        let wrong = |lines: &str| {
            let text = format!("tells: mine\nlines:\n{lines}");
            LogPatterns::default().add("mine.yaml", &text).unwrap_err().to_string()
        };
        assert!(wrong("- pattern: '('\n").starts_with("mine.yaml:3:12: "));
        assert!(wrong("- pattern: '(?<nam>x)'\n").contains("can't capture \"nam\""));
        assert!(wrong("- pattern: 'x'\n  examples: [{line: y}]\n").contains("the example \"y\""));
        assert!(wrong("- pattern: 'x'\nnever: [xy]\n").contains("never to match"));
        assert!(wrong("- patern: 'x'\n").starts_with("mine.yaml:3:"));
    }
}
