//! Every recording as somebody would see it who lacks one kind of object: what can't be seen is never missing, and
//! what is lost with it is said. Which kinds cost what is printed as a table: INSTA_UPDATE=always cargo test --test
//! partial writes tests/partial.txt.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that can't go on fails")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    path::Path,
    sync::Mutex,
};

use doctor::{
    diagnosis,
    document::{Diagnosis, Finding, ObjectRef, Severity},
    inventory::{About, Inventory},
    kind::Kind,
    question::{Client, Question, Target},
    report::{self, Format, Style},
    rule::Rules,
    source::{files, recording},
};
use jiff::Timestamp;
use serde_json::{Value, json};

const TESTDATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata");

/// What is true of many causes: said in place of the cause it misses it, and claims nothing false.
const GENERAL: [&str; 13] = [
    "container-create-failed",
    "crash-loop",
    "create-failed",
    "image-pull-failed",
    "init-container-failing",
    "job-failed",
    "pvc-pending",
    "readiness-probe-failing",
    "restarting",
    "rollout-stuck",
    "service-pods-not-ready",
    "unschedulable",
    "volume-mount-failed",
];

/// What recordings that were made early have not, and are not said to lack.
const LATE: [&str; 4] = ["Gateway", "HTTPRoute", "ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"];

/// What takes a kind from sight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Loss {
    Forbidden,
    NotCollected,
}

struct Case {
    name: String,
    recording: Value,
    client: Option<String>,
}

impl Case {
    fn all() -> Vec<Case> {
        let folders = fs::read_dir(TESTDATA).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
        let mut cases: Vec<_> = folders.map(|folder| Case::read(&folder)).collect();
        cases.sort_by(|one, other| one.name.cmp(&other.name));
        cases
    }

    fn read(folder: &Path) -> Self {
        let expected: Value = serde_saphyr::from_str(&fs::read_to_string(folder.join("case.yaml")).unwrap()).unwrap();
        Self {
            name: folder.file_name().unwrap().to_string_lossy().into_owned(),
            recording: serde_json::from_str(&fs::read_to_string(folder.join("recording.json")).unwrap()).unwrap(),
            client: expected["client"].as_str().map(str::to_owned),
        }
    }

    /// The kinds in one of its parts that the doctor knows by itself.
    fn kinds(&self, part: &str) -> BTreeSet<String> {
        let is_known = |kind: &&str| Kind::ALL.iter().any(|known| known.info().name == *kind);
        let kinds = self.recording[part].as_array().unwrap().iter().filter_map(|it| it["kind"].as_str());
        kinds.filter(is_known).map(str::to_owned).collect()
    }

    /// What is taken from it, one at a time: each kind that is in there by a refusal, and in one of four cases by not
    /// being in there at all. Of the kinds of which there are known to be none, one in eight.
    fn losses(&self) -> Vec<(String, Loss)> {
        let logs = (self.recording["logs"] != json!([])).then(|| "logs".to_owned());
        let held: BTreeSet<_> = self.kinds("items").into_iter().chain(self.kinds("names")).chain(logs).collect();
        let asked = self.kinds("collected");
        let some = |of: usize| self.name.bytes().map(usize::from).sum::<usize>() % of;
        let empty = asked.difference(&held).skip(some(8)).step_by(8).map(|kind| (kind.clone(), Loss::Forbidden));
        let left_out = held.iter().skip(some(4)).step_by(4).map(|kind| (kind.clone(), Loss::NotCollected));
        held.iter().map(|kind| (kind.clone(), Loss::Forbidden)).chain(empty).chain(left_out).collect()
    }

    /// The recording without one kind.
    fn without(&self, kind: &str, loss: Loss) -> Value {
        let mut recording = self.recording.clone();
        if kind == "logs" {
            lose_logs(&mut recording, loss);
            return recording;
        }
        let is_it = |it: &Value| it["kind"] == kind;
        recording["items"].as_array_mut().unwrap().retain(|it| !is_it(it));
        for list in ["collected", "names"] {
            let entries = recording[list].as_array_mut().unwrap();
            match loss {
                Loss::NotCollected => entries.retain(|it| !is_it(it)),
                Loss::Forbidden => entries.iter_mut().filter(|it| is_it(it)).for_each(forbid),
            }
        }
        recording
    }
}

fn forbid(entry: &mut Value) {
    let entry = entry.as_object_mut().unwrap();
    let why = json!("forbidden: User \"jane\" cannot list it");
    if entry.remove("names").is_some() || entry.contains_key("failed") {
        entry.insert("failed".to_owned(), why);
    } else {
        entry.insert("state".to_owned(), json!("failed"));
        entry.insert("why".to_owned(), why);
    }
}

fn lose_logs(recording: &mut Value, loss: Loss) {
    if loss == Loss::NotCollected {
        recording["logs"] = json!([]);
        recording["logsCollected"] = json!(false);
        return;
    }
    for log in recording["logs"].as_array_mut().unwrap() {
        let log = log.as_object_mut().unwrap();
        log.retain(|key, _| !["text", "absent"].contains(&key.as_str()));
        log.insert("failed".to_owned(), json!("forbidden: User \"jane\" cannot get resource \"pods/log\""));
    }
}

/// How much of what there is to be told is told of a recording in part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Verdict {
    /// Every root.
    Same,
    /// Something true of many causes, or not all.
    General,
    Silent,
    Wrong,
}

fn diagnose(rules: &Rules, recording: Value, client: Option<&str>) -> Result<Diagnosis, String> {
    let about =
        About { server: None, context: None, namespace: String::new(), now: Timestamp::UNIX_EPOCH, recorded: true };
    let mut inventory = Inventory::new(about);
    let target = recording::read_into(recording, &mut inventory).unwrap();
    of(rules, &inventory, &target.into_iter().collect::<Vec<_>>(), client)
}

fn of(rules: &Rules, inventory: &Inventory, words: &[String], client: Option<&str>) -> Result<Diagnosis, String> {
    let namespace = Some(inventory.about.namespace.clone()).filter(|namespace| !namespace.is_empty());
    let client = client.map(|word| Client::from_word(word, namespace.as_deref()).unwrap());
    let question = Question {
        target: Target::from_words(words, &inventory.custom().types).unwrap(),
        namespace,
        selector: None,
        client,
    };
    let answer = diagnosis::diagnose(&question, inventory, rules).map_err(|missing| missing.line)?;
    assert!(answer.bugs.is_empty(), "bugs in rules: {:#?}", answer.bugs);
    Ok(answer.diagnosis)
}

fn told(diagnosis: &Diagnosis) -> impl Iterator<Item = &Finding> {
    diagnosis.findings.iter().filter(|finding| finding.severity <= Severity::Warning)
}

/// True all the same: the controller says that there is no such class, and who sees the volumes that bear its name
/// knows that it need not be there.
const TRUE: (&str, &str) = ("pvc-no-fitting-volume", "PersistentVolume");

fn named(finding: &Finding) -> String {
    format!("{} on {}", finding.rule, finding.object)
}

/// What a diagnosis of a part says that neither that of the whole says nor what is true of many causes.
fn claims(rules: &Rules, whole: &Diagnosis, part: &Diagnosis, lost: Option<&str>) -> Vec<String> {
    let objects_of =
        |finding: &Finding| -> Vec<ObjectRef> { finding.affected.iter().chain([&finding.object]).cloned().collect() };
    let objects: Vec<ObjectRef> = whole.findings.iter().flat_map(objects_of).collect();
    // A pod stands for its controller where that can't be known.
    let stands_for = |object: &ObjectRef, other: &ObjectRef| {
        object.namespace == other.namespace
            && (object.name == other.name || object.name.starts_with(&format!("{}-", other.name)))
    };
    let is_there = |finding: &Finding| {
        // What can't be seen is told of by what it keeps from working.
        let is_it = |it: &Finding| {
            objects_of(it).iter().any(|object| stands_for(&finding.object, object))
                || lost == Some(it.object.kind.as_str())
        };
        // A StatefulSet's claims are told of one by one where it can't be seen whose they are.
        let is_it = |it: &Finding| is_it(it) || (lost == Some("StatefulSet") && it.object.kind == finding.object.kind);
        let same = whole.findings.iter().any(|it| it.rule == finding.rule && is_it(it));
        // What says nothing where a cause is known says something true where it isn't.
        let yields_to = &rules.get(&finding.rule).unwrap().unless;
        let general = GENERAL.contains(&finding.rule.as_str())
            || whole.findings.iter().any(|it| yields_to.contains(&it.rule) && is_it(it));
        same || (general && objects.iter().any(|object| stands_for(&finding.object, object)))
    };
    told(part).filter(|it| !is_there(it)).map(|it| format!("claims {}", named(it))).collect()
}

/// What is false in a diagnosis of a recording without one kind, compared with that of the whole.
fn faults(rules: &Rules, whole: &Diagnosis, part: &Diagnosis, (kind, loss): (&str, Loss)) -> Vec<String> {
    let mut faults = claims(rules, whole, part, Some(kind));
    let is_said = |finding: &Finding| told(part).any(|it| it.rule == finding.rule);
    let lost: Vec<_> = told(whole).filter(|it| it.root && !is_said(it)).map(named).collect();
    let what = Kind::ALL.iter().find(|known| known.info().name == kind).map_or("logs", |kind| kind.resource());
    // A recording that was made before a kind was looked at does not say so.
    let is_late = loss == Loss::NotCollected && LATE.contains(&kind);
    // Nor is it said that a namespace of another name was not looked for.
    if !lost.is_empty() && !is_late && kind != "Namespace" && !part.not_checked.iter().any(|it| it.what == what) {
        faults.push(format!("loses {} without saying that {what} were not looked at", lost.join(", ")));
    }
    faults
}

fn verdict(whole: &Diagnosis, part: &Diagnosis) -> Verdict {
    let mut roots = told(whole).filter(|it| it.root);
    if roots.all(|root| told(part).any(|it| it.rule == root.rule)) {
        Verdict::Same
    } else if told(part).next().is_some() {
        Verdict::General
    } else {
        Verdict::Silent
    }
}

type Counts = BTreeMap<(String, Loss), BTreeMap<Verdict, usize>>;

/// What one recording says without each of its kinds; what is false in it comes back.
fn look(rules: &Rules, case: &Case, counts: &Mutex<Counts>) -> Vec<String> {
    let client = case.client.as_deref();
    let whole = diagnose(rules, case.recording.clone(), client).unwrap();
    let mut wrong = Vec::new();
    for (kind, loss) in case.losses().into_iter().filter(|(kind, _)| (case.name.as_str(), kind.as_str()) != TRUE) {
        let part = diagnose(rules, case.without(&kind, loss), client);
        let faults = match &part {
            Ok(part) => faults(rules, &whole, part, (&kind, loss)),
            Err(missing) => vec![format!("claims that {missing}")],
        };
        let verdict = match &part {
            Ok(part) if faults.is_empty() => verdict(&whole, part),
            _ => Verdict::Wrong,
        };
        wrong.extend(faults.iter().map(|fault| format!("{} without {kind} ({loss:?}): {fault}", case.name)));
        *counts.lock().unwrap().entry((kind, loss)).or_default().entry(verdict).or_default() += 1;
    }
    wrong
}

fn table(counts: &Counts) -> String {
    let mut text = format!("{:32}{:14}{:>6}{:>9}{:>8}{:>7}\n", "without", "", "same", "general", "silent", "wrong");
    for ((kind, loss), verdicts) in counts {
        let loss = if *loss == Loss::Forbidden { "forbidden" } else { "not collected" };
        let count = |verdict| verdicts.get(&verdict).copied().unwrap_or_default();
        let [same, general, silent, wrong] =
            [Verdict::Same, Verdict::General, Verdict::Silent, Verdict::Wrong].map(count);
        writeln!(text, "{kind:32}{loss:14}{same:6}{general:9}{silent:8}{wrong:7}").unwrap();
    }
    text
}

#[test]
fn what_is_not_seen_is_never_missing() {
    let cases = Case::all();
    let counts = Mutex::new(Counts::new());
    let wrong = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for half in cases.chunks(cases.len().div_ceil(2)) {
            let (counts, wrong) = (&counts, &wrong);
            scope.spawn(move || {
                let rules = Rules::built_in().unwrap();
                for case in half {
                    wrong.lock().unwrap().extend(look(&rules, case, counts));
                }
            });
        }
    });
    let table = table(&counts.into_inner().unwrap());
    let mut wrong = wrong.into_inner().unwrap();
    wrong.sort();
    assert!(wrong.is_empty(), "{} claims are false:\n{}\n{table}", wrong.len(), wrong.join("\n"));
    // Each new recording counts in it, so that no count is wrong.
    if std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
        fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/partial.txt"), &table).unwrap();
    }
    println!("{table}");
}

#[test]
fn pods_as_kubectl_prints_them_tell_nothing_false_and_what_else_there_is_to_see_in_one_sentence() {
    let rules = Rules::built_in().unwrap();
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pods.json");
    let mut wrong = Vec::new();
    for case in Case::all() {
        let items = case.recording["items"].as_array().unwrap();
        let here = |item: &Value| item["metadata"]["namespace"] == case.recording["metadata"]["namespace"];
        let pods: Vec<_> = items.iter().filter(|item| item["kind"] == "Pod" && here(item)).collect();
        if pods.is_empty() {
            continue;
        }
        fs::write(&file, json!({"apiVersion": "v1", "kind": "List", "items": pods}).to_string()).unwrap();
        let mut everything = case.recording.clone();
        everything["metadata"].as_object_mut().unwrap().remove("target");
        let whole = diagnose(&rules, everything, case.client.as_deref()).unwrap();
        let (inventory, _) = files::read(std::slice::from_ref(&file), "default").unwrap();
        let part = of(&rules, &inventory, &[], None).unwrap();
        wrong.extend(claims(&rules, &whole, &part, None).iter().map(|claim| format!("{}: {claim}", case.name)));
        let style = Style { color: false, width: 100, now: Some(inventory.about.now) };
        let text = report::render(&part, Format::Text, &style);
        assert_eq!(text.matches("Not checked: ").count(), 1, "{}: {text}", case.name);
    }
    assert!(wrong.is_empty(), "{} claims are false:\n{}", wrong.len(), wrong.join("\n"));
}
