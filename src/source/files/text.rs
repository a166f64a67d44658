//! From bytes to documents: JSON or YAML, one or several.

use std::{borrow::Cow, fmt, thread};

use serde_json::{Value, error::Category};
use serde_saphyr::{DuplicateKeyPolicy, Options, Spanned, budget, options};

/// As serde_json.
pub const DEEPEST: usize = 127;
const STACK: usize = 32 << 20;

/// One document, and where in its file it begins.
#[derive(Debug)]
pub struct Document {
    pub line: usize,
    pub value: Value,
}

/// Where a text is no JSON or YAML, and why.
#[derive(Debug)]
pub struct Fault {
    place: Option<(usize, usize)>,
    text: String,
    // Whether it may be YAML that begins as JSON does.
    perhaps_yaml: bool,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((line, column)) = self.place {
            write!(f, "{line}:{column}:")?;
        }
        write!(f, " {}", self.text)
    }
}

impl Fault {
    /// As it stands in a file in which the text begins so many lines further down.
    pub fn further_down(mut self, lines: usize) -> Self {
        self.place = self.place.map(|(line, column)| (line + lines, column));
        self
    }
}

/// The documents that a file holds; an empty one counts for nothing.
pub fn documents(bytes: Vec<u8>) -> Result<Vec<Document>, Fault> {
    let text = decode(bytes)?;
    if !text.trim_start().starts_with(['{', '[']) {
        return yaml(&text);
    }
    match json(&text) {
        Err(fault) if fault.perhaps_yaml => yaml(&text).map_err(|_| fault),
        read => read,
    }
}

// PowerShell writes UTF-16 where a Unix shell writes UTF-8.
fn decode(bytes: Vec<u8>) -> Result<String, Fault> {
    let decoded = match bytes.as_slice() {
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => utf8(rest.to_vec()),
        _ => utf8(bytes),
    };
    decoded.map_err(|place| Fault {
        place,
        text: "not a text in UTF-8: give a file as kubectl writes it".to_owned(),
        perhaps_yaml: false,
    })
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, Option<(usize, usize)>> {
    let units: Vec<u16> = bytes.as_chunks().0.iter().copied().map(unit).collect();
    String::from_utf16(&units).map_err(|_| None)
}

fn utf8(bytes: Vec<u8>) -> Result<String, Option<(usize, usize)>> {
    String::from_utf8(bytes).map_err(|error| {
        let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line_start = good.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        Some((lines(good) + 1, good.len() - line_start + 1))
    })
}

fn lines(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte == b'\n').count()
}

fn json(text: &str) -> Result<Vec<Document>, Fault> {
    let mut documents = Vec::new();
    let mut stream = serde_json::Deserializer::from_str(text).into_iter();
    let (mut line, mut counted) = (1, 0);
    loop {
        let rest = &text[stream.byte_offset()..];
        let start = text.len() - rest.trim_start().len();
        line += lines(&text.as_bytes()[counted..start]);
        counted = start;
        match stream.next() {
            Some(Ok(value)) => documents.push(Document { line, value }),
            Some(Err(error)) => return Err(json_fault(&error)),
            None => return Ok(documents),
        }
    }
}

fn json_fault(error: &serde_json::Error) -> Fault {
    let said = error.to_string();
    let what = said.rsplit_once(" at line ").map_or(said.as_str(), |(what, _)| what);
    let cut_off = error.classify() == Category::Eof;
    let text = if cut_off {
        "the JSON ends in the middle, so the file was cut off: write it once more".to_owned()
    } else {
        format!("not JSON: {what}: correct it there, or write the file once more")
    };
    Fault { place: Some((error.line(), error.column())), text, perhaps_yaml: !cut_off }
}

// On a stack of its own: what is nested as deep as allowed needs more than a
// thread has on every system.
fn yaml(text: &str) -> Result<Vec<Document>, Fault> {
    let fault = |text: String| Fault { place: None, text, perhaps_yaml: false };
    thread::scope(|scope| {
        let reader = thread::Builder::new().stack_size(STACK).spawn_scoped(scope, || yaml_documents(text));
        let reader = reader.map_err(|error| fault(format!("no thread to read it with: {error}: try again")))?;
        reader.join().unwrap_or_else(|_| Err(fault("the YAML reader gave up: write the file as JSON".to_owned())))
    })
}

fn yaml_documents(text: &str) -> Result<Vec<Document>, Fault> {
    let mut text = Cow::Borrowed(text);
    loop {
        let read = serde_saphyr::from_multiple_with_options::<Spanned<Value>>(&text, conventions());
        let error = match read {
            Ok(documents) => return Ok(documents.into_iter().map(document).collect()),
            Err(error) => error,
        };
        match quote_what_is_no_number(&error, &text) {
            Some(quoted) => text = Cow::Owned(quoted),
            None => return Err(yaml_fault(&error)),
        }
    }
}

fn document(spanned: Spanned<Value>) -> Document {
    Document { line: usize::try_from(spanned.referenced.line()).unwrap_or_default(), value: spanned.value }
}

// kubectl writes a commit such as 12e4567 without quotes, for to it a number
// that is too large is text.
fn quote_what_is_no_number(error: &serde_saphyr::Error, text: &str) -> Option<String> {
    let serde_saphyr::Error::NonFiniteFloat { value, .. } = error.without_snippet() else { return None };
    if !value.contains(['e', 'E']) {
        return None;
    }
    let quoted: String = text.split_inclusive('\n').map(|line| quote_at_end(line, value)).collect();
    (quoted.len() > text.len()).then_some(quoted)
}

fn quote_at_end<'a>(line: &'a str, value: &str) -> Cow<'a, str> {
    let written = line.trim_end();
    match written.strip_suffix(value) {
        Some(before) if before.ends_with(": ") || before.ends_with("- ") => {
            Cow::Owned(format!("{before}\"{value}\"{}", &line[written.len()..]))
        }
        _ => Cow::Borrowed(line),
    }
}

/// YAML as kubectl reads it (sigs.k8s.io/yaml): `yes` and `on` are true, `0644`
/// is octal, a key twice is an error. Size is not limited, for a list of a
/// cluster's pods is large; depth and what aliases unfold to are.
fn conventions() -> Options {
    options! {
        budget: budget! {
            max_reader_input_bytes: None,
            max_events: usize::MAX,
            max_nodes: usize::MAX,
            max_documents: usize::MAX,
            max_total_scalar_bytes: usize::MAX,
            max_merge_keys: usize::MAX,
            max_depth: DEEPEST,
            flow_nesting_limit: DEEPEST,
            enforce_alias_anchor_ratio: false,
        },
        legacy_octal_numbers: true,
        duplicate_keys: DuplicateKeyPolicy::Error,
        emit_comments: false,
        with_snippet: false,
    }
}

fn yaml_fault(error: &serde_saphyr::Error) -> Fault {
    let place =
        error.location().and_then(|at| Some((usize::try_from(at.line()).ok()?, usize::try_from(at.column()).ok()?)));
    let said = error.without_snippet().to_string();
    Fault {
        place,
        text: format!("not YAML: {}: correct it there, or write the file once more", in_one_line(&said)),
        perhaps_yaml: false,
    }
}

// Without the place, which stands before the text.
fn in_one_line(said: &str) -> String {
    let line = said.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.rsplit_once(" at line ") {
        Some((what, _)) => what.to_owned(),
        None => line,
    }
}
