//! Every rule on recordings of real clusters: what it must say there, and that it falls silent where the
//! one fact that its condition reads is different. A case is a folder of testdata/, see testdata/README.md.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that can't go on fails")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    panic::{self, AssertUnwindSafe},
    path::{Path, PathBuf},
    sync::{LazyLock, OnceLock},
};

use doctor::{
    demo, diagnosis,
    document::{Diagnosis, DiagnosisList, Severity},
    question::{Client, Question, Target},
    report::{self, Format, Style},
    rule::Rules,
    source::recording,
};
use serde::Deserialize;
use serde_json::{Value, json};

const TESTDATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata");
const SCHEMA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/schema/diagnosis.json");
const LIST_SCHEMA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/schema/diagnosis-list.json");

/// What the manifests of the faults put into Secrets, as it is and in base64.
const CANARIES: [&str; 4] = ["hunter2", "aHVudGVyMg", "puller:", "cHVsbGVyOg"];

thread_local! {
    static RULES: Rules = Rules::built_in().unwrap();
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Expected {
    /// The words of the question; nothing for the whole namespace.
    #[serde(default)]
    ask: String,
    /// `--client` of the question.
    client: Option<String>,
    /// The rule that must fire, or `none` where nothing may.
    rule: String,
    /// What it must be reported on, `Kind/name`.
    #[serde(default)]
    object: String,
    /// Further roots: `rule on Kind/name`.
    #[serde(default)]
    also: Vec<String>,
    /// Why the recording is not as a cluster gave it.
    #[serde(rename = "handWritten")]
    _hand_written: Option<String>,
    /// It holds what files say, which do not tell of anything else.
    #[serde(default)]
    of_files: bool,
    #[serde(default)]
    near: Vec<Near>,
}

/// The same cluster but for one fact.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Near {
    /// The fact, in a sentence.
    what: String,
    changes: Vec<Change>,
    /// The roots that there truly are then: `rule on Kind/name`.
    #[serde(default)]
    then: BTreeSet<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    /// The object that is changed, `Kind/name` or `Kind/namespace/name`; the recording itself where there is none.
    on: Option<String>,
    /// JSON pointers and their new values; null takes away.
    #[serde(default)]
    set: BTreeMap<String, Value>,
    /// Texts wherever they stand, and what stands there instead.
    #[serde(default)]
    replace: BTreeMap<String, String>,
    /// A further object.
    add: Option<Value>,
    /// Takes the object away.
    #[serde(default)]
    remove: bool,
}

struct Case {
    name: String,
    folder: PathBuf,
    recording: String,
    expected: Expected,
    diagnosis: OnceLock<(Diagnosis, Style)>,
}

static CASES: LazyLock<Vec<Case>> = LazyLock::new(|| {
    let folders = fs::read_dir(TESTDATA).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
    let mut cases: Vec<_> = folders.map(|folder| Case::read(&folder)).collect();
    cases.sort_by(|one, other| one.name.cmp(&other.name));
    cases
});

impl Case {
    fn read(folder: &Path) -> Self {
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        let text =
            |file: &str| fs::read_to_string(folder.join(file)).unwrap_or_else(|why| panic!("{name}/{file}: {why}"));
        let expected =
            serde_saphyr::from_str(&text("case.yaml")).unwrap_or_else(|why| panic!("{name}/case.yaml: {why}"));
        Self {
            recording: text("recording.json"),
            folder: folder.to_owned(),
            expected,
            name,
            diagnosis: OnceLock::new(),
        }
    }

    fn is_healthy(&self) -> bool {
        self.expected.rule == "none"
    }

    fn diagnosis(&self) -> &(Diagnosis, Style) {
        self.diagnosis.get_or_init(|| diagnose(&self.name, &self.recording, self.expected.client.as_deref()))
    }

    fn cause(&self) -> String {
        format!("{} on {}", self.expected.rule, self.expected.object)
    }

    fn roots(&self) -> BTreeSet<String> {
        let also = self.expected.also.iter().cloned();
        if self.is_healthy() { also.collect() } else { also.chain([self.cause()]).collect() }
    }
}

/// Every case, and which of them failed.
fn each(cases: impl Iterator<Item = &'static Case>, check: impl Fn(&Case)) {
    // Where the rules themselves are broken, once is enough to say so.
    RULES.with(|_| ());
    let mut failed = Vec::new();
    for case in cases {
        if panic::catch_unwind(AssertUnwindSafe(|| check(case))).is_err() {
            failed.push(case.name.as_str());
        }
    }
    assert!(failed.is_empty(), "these cases failed, see above: {}", failed.join(", "));
}

fn diagnose(name: &str, text: &str, client: Option<&str>) -> (Diagnosis, Style) {
    let (inventory, target) = recording::read(text).unwrap_or_else(|why| panic!("{name}: {why}"));
    let words: Vec<String> = target.into_iter().collect();
    let namespace = Some(inventory.about.namespace.clone()).filter(|namespace| !namespace.is_empty());
    let client = client.map(|word| Client::from_word(word, namespace.as_deref()).unwrap());
    let question = Question {
        target: Target::from_words(&words, &inventory.custom().types).unwrap(),
        namespace,
        selector: None,
        client,
    };
    let answer = RULES
        .with(|rules| diagnosis::diagnose(&question, &inventory, rules))
        .unwrap_or_else(|missing| panic!("{name}: {}", missing.line));
    assert!(answer.bugs.is_empty(), "{name}: bugs in rules: {:#?}", answer.bugs);
    let style = Style { color: false, width: 100, now: Some(inventory.about.now) };
    (answer.diagnosis, style)
}

/// `rule on Kind/name` of each root; warnings are roots as well.
fn roots(diagnosis: &Diagnosis) -> BTreeSet<String> {
    let roots = diagnosis.findings.iter().filter(|finding| finding.root && finding.severity <= Severity::Warning);
    roots.map(|finding| format!("{} on {}", finding.rule, finding.object)).collect()
}

#[test]
fn each_cause_is_named_on_its_object_and_nothing_else() {
    each(CASES.iter(), |case| {
        let (diagnosis, _) = case.diagnosis();
        assert_eq!(roots(diagnosis), case.roots(), "{}: other roots than case.yaml says", case.name);
        assert_eq!(diagnosis.not_checked.is_empty(), !case.expected.of_files, "{}: {diagnosis:?}", case.name);
    });
}

#[test]
fn each_near_case_is_silent_but_for_what_else_is_true() {
    each(CASES.iter(), |case| {
        for near in &case.expected.near {
            let said = format!("{}, near: {}", case.name, near.what);
            let (diagnosis, _) =
                diagnose(&said, &changed(&said, &case.recording, &near.changes), case.expected.client.as_deref());
            let fires = diagnosis
                .findings
                .iter()
                .any(|finding| format!("{} on {}", finding.rule, finding.object) == case.cause());
            assert!(!fires, "{said}: {} still fires", case.cause());
            let others = case.expected.also.iter().cloned();
            let then: BTreeSet<_> = near.then.iter().cloned().chain(others).collect();
            assert_eq!(roots(&diagnosis), then, "{said}: other roots than `then` says");
        }
    });
}

#[test]
fn every_rule_has_a_case_in_which_it_fires_and_a_near_one() {
    let covered = CASES.iter().filter(|case| !case.is_healthy() && !case.expected.near.is_empty());
    let covered: BTreeSet<_> = covered.map(|case| case.expected.rule.as_str()).collect();
    let ids: BTreeSet<_> = RULES.with(|rules| rules.all().iter().map(|rule| rule.id.clone()).collect());
    let lacking: Vec<_> = ids.iter().filter(|id| !covered.contains(id.as_str())).collect();
    assert!(lacking.is_empty(), "no folder of testdata/ shows these rules firing and, near it, silent: {lacking:?}");
    let unknown: Vec<_> = covered.iter().filter(|id| !ids.contains(**id)).collect();
    assert!(unknown.is_empty(), "case.yaml names rules that there are not: {unknown:?}");
}

#[test]
fn every_demo_is_a_case() {
    for name in demo::names() {
        assert!(demo::recording(Some(name)).is_ok(), "{name}");
        assert!(CASES.iter().any(|case| case.name == name && !case.is_healthy()), "{name}");
    }
    let unknown = demo::recording(Some("sed")).unwrap_err().to_string();
    assert!(unknown.contains("did you mean seed?"), "{unknown}");
}

#[test]
fn each_question_is_the_recorded_one() {
    each(CASES.iter(), |case| {
        let (inventory, recorded) = recording::read(&case.recording).unwrap();
        let target = |words: Vec<String>| Target::from_words(&words, &inventory.custom().types).unwrap();
        let asked = case.expected.ask.split_whitespace().map(str::to_owned).collect();
        assert_eq!(target(asked), target(recorded.into_iter().collect()), "{}", case.name);
    });
}

#[test]
fn the_reports_are_as_they_were_accepted() {
    each(CASES.iter(), |case| {
        let (diagnosis, style) = case.diagnosis();
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path(&case.folder);
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.bind(|| {
            insta::assert_snapshot!("report.txt", report::render(diagnosis, Format::Text, style));
            insta::assert_snapshot!("report.json", report::render(diagnosis, Format::Json, style));
        });
    });
}

#[test]
fn a_recording_read_and_written_is_the_same_bytes() {
    each(CASES.iter(), |case| {
        let (inventory, target) = recording::read(&case.recording).unwrap();
        let written = recording::write(&inventory, target.as_deref());
        // Which kubectl-doctor made it is the only thing that a later one writes differently.
        let lines = |text: &str| -> Vec<String> {
            text.lines().filter(|line| !line.starts_with("    \"tool\":")).map(str::to_owned).collect()
        };
        let (before, after) = (lines(&case.recording), lines(&written));
        if let Some(at) = (0..before.len().max(after.len())).find(|at| before.get(*at) != after.get(*at)) {
            panic!("{}: line {}: {:?} became {:?}", case.name, at + 1, before.get(at), after.get(at));
        }
    });
}

#[test]
fn every_json_report_is_what_the_schema_says() {
    let validator = jsonschema::validator_for(schema().as_value()).unwrap();
    each(CASES.iter(), |case| {
        let (diagnosis, style) = case.diagnosis();
        let report: Value = serde_json::from_str(&report::render(diagnosis, Format::Json, style)).unwrap();
        let wrong: Vec<_> = validator.iter_errors(&report).map(|error| error.to_string()).collect();
        assert!(wrong.is_empty(), "{}: {wrong:#?}", case.name);
    });
    assert!(!validator.is_valid(&json!({"kind": "Diagnosis"})), "the schema takes anything");
}

fn schema() -> schemars::Schema {
    schema_of::<Diagnosis>()
}

fn schema_of<T: schemars::JsonSchema>() -> schemars::Schema {
    schemars::generate::SchemaSettings::draft2020_12().for_serialize().into_generator().into_root_schema_for::<T>()
}

// INSTA_UPDATE=always writes them, as it does the snapshots.
#[test]
fn the_schemas_are_those_of_the_documents() {
    for (path, schema) in [(SCHEMA, schema()), (LIST_SCHEMA, schema_of::<DiagnosisList>())] {
        let text = format!("{}\n", serde_json::to_string_pretty(&schema).unwrap());
        if std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
            fs::write(path, &text).unwrap();
        }
        let written = fs::read_to_string(path).unwrap_or_default();
        assert!(written == text, "{path} is not the document's: INSTA_UPDATE=always cargo test writes it");
    }
}

#[test]
fn no_secret_stands_in_testdata() {
    each(CASES.iter(), |case| {
        for entry in fs::read_dir(&case.folder).unwrap() {
            let path = entry.unwrap().path();
            // What is applied to a cluster may hold one; what comes back may not.
            if path.file_name().is_some_and(|name| name == "manifest.yaml") {
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            let found: Vec<_> = CANARIES.iter().filter(|canary| text.contains(**canary)).collect();
            assert!(found.is_empty(), "{}: {found:?}", path.display());
        }
    });
}

/// The recording with the changes made.
fn changed(said: &str, recording: &str, changes: &[Change]) -> String {
    let mut recording: Value = serde_json::from_str(recording).unwrap();
    for change in changes {
        for (from, to) in &change.replace {
            assert!(replace(&mut recording, from, to) > 0, "{said}: {from:?} stands nowhere");
        }
        if let Some(object) = &change.add {
            items(&mut recording).push(object.clone());
        }
        let changed = match &change.on {
            None => &mut recording,
            Some(on) => {
                let at = items(&mut recording).iter().position(|item| is_named(item, on));
                let at = at.unwrap_or_else(|| panic!("{said}: there is no {on}"));
                if change.remove {
                    items(&mut recording).remove(at);
                    continue;
                }
                &mut items(&mut recording)[at]
            }
        };
        for (pointer, value) in &change.set {
            set(changed, pointer, value).unwrap_or_else(|| panic!("{said}: there is no place {pointer}"));
        }
    }
    recording.to_string()
}

fn items(recording: &mut Value) -> &mut Vec<Value> {
    recording["items"].as_array_mut().unwrap()
}

fn is_named(item: &Value, on: &str) -> bool {
    let word = |pointer: &str| item.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let (kind, namespace, name) = (word("/kind"), word("/metadata/namespace"), word("/metadata/name"));
    on == format!("{kind}/{name}") || on == format!("{kind}/{namespace}/{name}")
}

fn replace(value: &mut Value, from: &str, to: &str) -> usize {
    match value {
        Value::String(text) => {
            let count = text.matches(from).count();
            *text = text.replace(from, to);
            count
        }
        Value::Array(list) => list.iter_mut().map(|value| replace(value, from, to)).sum(),
        Value::Object(map) => map.values_mut().map(|value| replace(value, from, to)).sum(),
        _ => 0,
    }
}

// Makes the objects on the way that are not there; `-` is the place behind a list's last.
fn set(value: &mut Value, pointer: &str, new: &Value) -> Option<()> {
    let (above, key) = pointer.rsplit_once('/')?;
    let key = key.replace("~1", "/").replace("~0", "~");
    if value.pointer(above).is_none() {
        set(value, above, &json!({}))?;
    }
    match value.pointer_mut(above)? {
        Value::Object(map) if new.is_null() => drop(map.remove(&key)?),
        Value::Object(map) => drop(map.insert(key, new.clone())),
        Value::Array(list) if key == "-" => list.push(new.clone()),
        Value::Array(list) if new.is_null() => drop(list.remove(key.parse().ok()?)),
        Value::Array(list) => *list.get_mut(key.parse::<usize>().ok()?)? = new.clone(),
        _ => return None,
    }
    Some(())
}

#[test]
fn the_readme_shows_reports_as_they_are() {
    let readme = include_str!("../README.md");
    let shown: Vec<_> = readme.split("<!-- testdata/").skip(1).collect();
    assert!(shown.len() >= 5, "the README shows five reports at least");
    for part in shown {
        let (name, rest) = part.split_once(" -->").unwrap();
        let report = rest.split("```").nth(1).and_then(|block| block.strip_prefix("text\n")).unwrap();
        let (diagnosis, style) = CASES.iter().find(|case| case.name == name).unwrap().diagnosis();
        assert_eq!(report, report::render(diagnosis, Format::Text, style), "{name}");
    }
}
