//! What a hostile text is fed to, each by the name of a folder in findings/. The fuzzer and `cargo test` share these.

use std::{fs, path::PathBuf};

use doctor::{
    cli::Cli,
    config::Config,
    custom::Types,
    diagnosis,
    facts::{image, nearest, quantity},
    inventory::Inventory,
    question::{self, Question},
    report::{self, Format, Style},
    rule::Rules,
    selector,
    source::{files, recording},
};
use serde_json::{Value, json};

/// What is done with an input.
pub type Target = fn(&[u8]);

/// Each target by its name.
pub const TARGETS: [(&str, Target); 7] = [
    ("bundle", bundle),
    ("expression", expression),
    ("input", input),
    ("rule", rule),
    ("secret", secret),
    ("settings", settings),
    ("words", words),
];

const FORMATS: [Format; 10] = [
    Format::Text,
    Format::Wide,
    Format::Json,
    Format::Yaml,
    Format::Name,
    Format::Html,
    Format::Markdown,
    Format::Github,
    Format::Junit,
    Format::Sarif,
];

const WORDS: &str = include_str!("words.json");

macro_rules! recorded {
    ($($name:literal)*) => { [$(include_str!(concat!("../../testdata/", $name, "/recording.json"))),*] };
}

const CERTIFICATE: [&str; 1] = recorded!("tls-certificate-expired");

/// Something of each kind that a rule can be on.
const FAULTS: [&str; 13] = recorded! {
    "liveness-events-expired"
    "secret-projected-key-missing"
    "pdb-unmanaged-pods"
    "service-no-selector"
    "ingress-default-backend-missing"
    "tls-certificate-expired"
    "gateway-class-missing"
    "route-backend-missing"
    "pvc-lost"
    "custom-not-observed"
    "terminating-namespace-configmap"
    "cronjob-suspended"
    "manifest-field-misspelt"
};

thread_local! {
    static FAULTY: Inventory = faults();
    static BUILT_IN: Rules = Rules::built_in().expect("the rules in the binary are right");
    static FOLDER: PathBuf = folder();
}

fn faults() -> Inventory {
    let (mut inventory, _) = recording::read(FAULTS[0]).expect("the recording is right");
    for text in &FAULTS[1..] {
        let document = serde_json::from_str(text).expect("the recording is JSON");
        recording::read_into(document, &mut inventory).expect("the recording is right");
    }
    inventory.about.namespace.clear();
    inventory
}

fn folder() -> PathBuf {
    let thread = std::thread::current().id();
    let folder = std::env::temp_dir().join(format!("doctor-fuzz-{}-{thread:?}", std::process::id()));
    fs::create_dir_all(&folder).expect("there is a folder for temporary files");
    folder
}

fn file(name: &str, content: &[u8]) -> PathBuf {
    let path = FOLDER.with(|folder| folder.join(name));
    fs::write(&path, content).expect("a temporary file can be written");
    path
}

/// A file as `--from` and `-f` take it: a recording, a List, manifests, an archive.
fn input(data: &[u8]) {
    let path = file("input", data);
    if let Ok(read) = files::open(std::slice::from_ref(&path), "default") {
        let target = read.target.unwrap_or_default();
        diagnose_as_built(read.inventory, &target);
    }
    let _ = files::manifests(&[path]);
}

/// What another tool has collected: a JSON object of paths and texts, as an archive.
fn bundle(data: &[u8]) {
    let Ok(Value::Object(files)) = serde_json::from_slice(data) else { return };
    let mut archive = Vec::new();
    for (path, content) in files {
        let content = content.as_str().map_or_else(|| content.to_string(), str::to_owned);
        pack(&mut archive, &path, content.as_bytes());
    }
    archive.extend([0; 1024]);
    input(&archive);
}

// A tar entry (https://www.gnu.org/software/tar/manual/html_node/Standard.html).
fn pack(archive: &mut Vec<u8>, path: &str, content: &[u8]) {
    let mut header = [0u8; 512];
    let path = &path.as_bytes()[..path.len().min(100)];
    header[..path.len()].copy_from_slice(path);
    header[124..135].copy_from_slice(format!("{:011o}", content.len()).as_bytes());
    header[148..156].fill(b' ');
    header[156] = b'0';
    header[257..265].copy_from_slice(b"ustar\x0000");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    archive.extend(header);
    archive.extend(content);
    archive.resize(archive.len().next_multiple_of(512), 0);
}

/// A user's rule file, or one of log patterns, and what it makes of a cluster.
fn rule(data: &[u8]) {
    file("rules.yaml", data);
    let mut rules = Rules::default();
    if FOLDER.with(|folder| rules.add_folder(folder)).is_err() {
        return;
    }
    FAULTY.with(|faulty| {
        for rule in rules.all() {
            let text = doctor::explain::rule(&rules, &rule.id, &style(faulty));
            assert!(text.is_ok_and(|text| is_clean(&text)), "an explanation that a terminal can't show");
        }
        let _ = diagnose(&rules, faulty, "");
    });
}

/// The condition of a user's rule; the first byte says what it is on.
fn expression(data: &[u8]) {
    const ON: [&str; 29] = [
        "container",
        "reference",
        "pod",
        "workload",
        "service",
        "port",
        "ingress",
        "backend",
        "tls",
        "gateway",
        "parent",
        "destination",
        "policy",
        "claim",
        "scaler",
        "budget",
        "custom",
        "node",
        "apiservice",
        "deleted",
        "webhook",
        "preemption",
        "listener",
        "access",
        "entry",
        "names",
        "manifest",
        "field",
        "mention",
    ];
    let Some((on, text)) = data.split_first() else { return };
    let text = String::from_utf8_lossy(text);
    let template = format!("it is ${{{text}}}");
    let on = ON[usize::from(*on) % ON.len()];
    let rule_file = json!({"id": "x", "on": on, "severity": "error", "when": text, "says": template, "evidence": [text], "nearest": text, "why": text});
    rule(rule_file.to_string().as_bytes());
}

/// What components and programs say; the first byte says where it stands.
fn words(data: &[u8]) {
    let Some((place, text)) = data.split_first() else { return };
    let text = String::from_utf8_lossy(text);
    let mut recorded: Value = serde_json::from_str(WORDS).expect("the recording is JSON");
    let places = [
        "/items/0/status/containerStatuses/0/state/waiting/message",
        "/items/0/status/containerStatuses/0/lastState/terminated/message",
        "/items/0/status/conditions/0/message",
        "/items/0/spec/containers/0/image",
        "/items/1/message",
        "/items/2/message",
        "/items/3/message",
        "/items/4/status/conditions/0/message",
        "/items/5/status/conditions/0/message",
        "/logs/0/text",
        "/logs/1/text",
    ];
    let place = places[usize::from(*place) % places.len()];
    *recorded.pointer_mut(place).expect("the recording has such a place") = Value::from(text.as_ref());
    if let Ok((inventory, _)) = recording::read(&recorded.to_string()) {
        diagnose_as_built(inventory, "");
    }
}

/// The content of a Secret: a certificate or a pull secret.
fn secret(data: &[u8]) {
    let Some((kind, content)) = data.split_first() else { return };
    let (kind, key) = match kind % 3 {
        0 => ("kubernetes.io/tls", "tls.crt"),
        1 => ("kubernetes.io/dockerconfigjson", ".dockerconfigjson"),
        _ => ("kubernetes.io/dockercfg", ".dockercfg"),
    };
    let text = String::from_utf8_lossy(content);
    for (field, content) in [("data", base64(content)), ("stringData", text.into_owned())] {
        let mut recorded: Value = serde_json::from_str(CERTIFICATE[0]).expect("the recording is JSON");
        recorded["items"][3]["data"] = json!({});
        recorded["items"][3]["type"] = kind.into();
        recorded["items"][3][field] = json!({key: content});
        if let Ok((inventory, _)) = recording::read(&recorded.to_string()) {
            diagnose_as_built(inventory, "");
        }
    }
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let group = chunk.iter().chain([0, 0].iter()).take(3).fold(0usize, |sum, byte| sum << 8 | usize::from(*byte));
        let letter = |at: usize| char::from(LETTERS[group >> (18 - 6 * at) & 63]);
        text.extend((0..=chunk.len()).map(letter));
        text.extend(std::iter::repeat_n('=', 3 - chunk.len()));
    }
    text
}

/// What stands in a user's files and on the command line: the config file, the kubeconfig, flags, and the texts in them.
fn settings(data: &[u8]) {
    let path = file("settings", data);
    let _ = Config::read(Some(&path)).and_then(|config| {
        config.ignore().try_for_each(|(word, said_in)| {
            let mut rules = Rules::default();
            rules.ignore(word, &said_in)
        })
    });
    let text = String::from_utf8_lossy(data);
    let lines: Vec<&str> = text.lines().collect();
    let parsed = <Cli as clap::Parser>::try_parse_from(std::iter::once("kubectl-doctor").chain(lines.iter().copied()));
    if let Ok(cli) = parsed {
        let _ = question::Target::from_words(&cli.target, &Types::default());
    }
    let mut connection = kubeconfig_only();
    connection.kubeconfig = Some(path);
    let _ = connection.kubeconfig_names();
    let _ = connection.contexts(&[]);
    for line in &lines {
        let _ = selector::parse(line);
        let _ = image::short(line);
        let _ = quantity::twice(line);
        let _ = quantity::raised(line);
        if let Some(amount) = quantity::parse(line) {
            assert!(amount.is_finite(), "{line:?} is {amount}");
            let _ = (quantity::show("memory", amount), quantity::show_at_most("cpu", amount));
        }
        if let Some(near) = nearest::nearest_name(line, &lines) {
            assert!(near != *line && lines.contains(&near.as_str()), "{near:?} is near {line:?}");
        }
    }
}

fn kubeconfig_only() -> doctor::source::live::Connection {
    <Cli as clap::Parser>::parse_from(["kubectl-doctor"]).connection
}

fn diagnose_as_built(inventory: Inventory, target: &str) {
    let Some(first) = BUILT_IN.with(|rules| diagnose(rules, &inventory, target)) else { return };
    // To do this with each would make it half as quick.
    if first.len() % 4 == 0 {
        let (read_back, _) =
            recording::read(&recording::write(&inventory, Some(target))).expect("what was written is read back");
        let second = BUILT_IN.with(|rules| diagnose(rules, &read_back, target)).expect("what was there is there");
        assert_eq!(first, second, "a recording gives another diagnosis than what was recorded");
    }
}

// The document, where what is asked about is there.
fn diagnose(rules: &Rules, inventory: &Inventory, target: &str) -> Option<String> {
    let asked: Vec<String> = target.split_whitespace().map(str::to_owned).collect();
    let target = question::Target::from_words(&asked, &inventory.custom().types).ok()?;
    let namespace = Some(inventory.about.namespace.clone()).filter(|namespace| !namespace.is_empty());
    let question = Question { target, namespace, selector: None, client: None };
    let answer = diagnosis::diagnose(&question, inventory, rules).ok()?;
    let are_ours = rules.all().len() > 1;
    assert!(!are_ours || answer.bugs.is_empty(), "rules that are wrong: {:?}", answer.bugs);
    let json = report::render(&answer.diagnosis, Format::Json, &style(inventory));
    // One of them each time, and not always the same.
    let format = FORMATS[json.len() / 4 % FORMATS.len()];
    let text = report::render(&answer.diagnosis, format, &style(inventory));
    assert!(is_clean(&text), "{format:?} holds what a terminal takes for more than text: {text:?}");
    Some(json)
}

fn is_clean(text: &str) -> bool {
    !text.contains(|character: char| character.is_control() && !matches!(character, '\n' | '\t'))
}

fn style(inventory: &Inventory) -> Style {
    Style { color: false, width: 100, now: Some(inventory.about.now) }
}
