//! What the fuzzer of fuzz/ once found, each fed to its target again: fuzz/findings/TARGET/NAME.

use std::{fs, path::Path};

use super::{ends, targets::TARGETS};

#[test]
fn what_was_once_found_is_mended() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/findings");
    let mut fed = 0;
    for entry in fs::read_dir(&folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let (_, target) = TARGETS.into_iter().find(|(known, _)| *known == name).expect("a folder is a target's");
        for finding in fs::read_dir(folder.join(&name)).unwrap() {
            let path = finding.unwrap().path();
            let data = fs::read(&path).unwrap();
            ends(&path.display().to_string(), move || target(&data));
            fed += 1;
        }
    }
    assert!(fed > 0);
}

#[test]
fn each_target_takes_nothing_and_noise() {
    for (_, target) in TARGETS {
        for data in
            [&b""[..], b"\0", b"\xff\xfe\0", b"{}", b"[[[[", b"- a\n- *b\n", "\u{202e}\u{1b}]8;;\u{7}".as_bytes()]
        {
            target(data);
        }
    }
}
