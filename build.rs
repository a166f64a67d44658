//! Makes ready what goes into the binary: the rules as JSON, which is read many times as fast as their YAML, and the demos
//! compressed, which are a tenth of their size.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a build that can't go on fails")]

use std::{
    env, fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};

/// The cases of testdata/ that `kubectl doctor demo` shows; the first where none is named.
const DEMOS: [&str; 6] = [
    "seed",
    "image-tag-edited-in-place",
    "rollout-stuck-bad-image",
    "configmap-key-typo",
    "crash-dependency-down",
    "readiness-wrong-port",
];

/// The folder of the patterns for logs; every other one is an area of rules.
const LOGS: &str = "logs";

fn main() {
    println!("cargo:rerun-if-changed=rules");
    pack_relocations();
    pack_demos();
    let (logs, areas): (Vec<_>, Vec<_>) = entries("rules").into_iter().partition(|folder| folder.ends_with(LOGS));
    let rules = areas.iter().flat_map(entries).map(|file| {
        let area = file.parent().and_then(Path::file_name).expect("a rule is in the folder of its area");
        json!([area.to_string_lossy(), read(&file)])
    });
    write("rules.json", rules);
    let patterns = logs.iter().flat_map(entries).map(|file| {
        let mut patterns = read(&file);
        // The tests read these where they stand.
        patterns.as_object_mut().expect("a file of patterns is a mapping").remove("never");
        for line in patterns["lines"].as_array_mut().expect("it has lines") {
            line.as_object_mut().expect("a line is a mapping").remove("examples");
        }
        patterns
    });
    write("logs.json", patterns);
}

// 0.4 MB less of a binary of 15: https://maskray.me/blog/2021-10-31-relative-relocations-and-relr. The linkers of other
// systems, and zig's, know no such thing.
fn pack_relocations() {
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|found| found == value);
    if is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu") {
        println!("cargo:rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}

// `[("NAME", &[bytes]), …]` of all demos.
fn pack_demos() {
    let folder = out();
    let cases = DEMOS.map(|name| {
        let recording = format!("testdata/{name}/recording.json");
        println!("cargo:rerun-if-changed={recording}");
        let mut packed = GzEncoder::new(Vec::new(), Compression::best());
        packed.write_all(&fs::read(recording).expect("a demo is a recording")).expect("memory can be written");
        let file = folder.join(format!("{name}.json.gz"));
        fs::write(&file, packed.finish().expect("memory can be written")).expect("it can be written");
        format!("({name:?}, include_bytes!({file:?}).as_slice()),\n")
    });
    fs::write(folder.join("demos.rs"), format!("[\n{}]\n", cases.concat())).expect("it can be written");
}

// In the order of the alphabet.
fn entries(folder: impl AsRef<Path>) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder of rules");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry of it").path()).collect();
    paths.sort();
    paths
}

fn read(file: &Path) -> Value {
    let text = fs::read_to_string(file).expect("a rule is text");
    serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

fn write(name: &str, list: impl Iterator<Item = Value>) {
    fs::write(out().join(name), list.collect::<Value>().to_string()).expect("it can be written");
}

fn out() -> PathBuf {
    PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"))
}
