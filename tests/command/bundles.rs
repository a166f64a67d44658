//! Diagnoses what other tools collected; the samples were written by these tools, of the fault crash-dependency-down.

use crate::doctor::{Folder, doctor, doctor_reading};

const DUMP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/input/bundles/cluster-info-dump");
const PRINTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/input/bundles/cluster-info-dump.txt");
const SUPPORT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/input/bundles/support-bundle.tar.gz");

#[test]
fn what_a_bundle_holds_is_diagnosed_with_what_the_logs_in_it_tell() {
    for bundle in [DUMP, PRINTED, SUPPORT] {
        let run = doctor(&["--from", bundle, "-o", "json"]);
        assert_eq!(run.code, Some(1), "{run:?}");
        let roots = run.json()["findings"].as_array().unwrap().iter().filter(|it| it["root"] == true).count();
        // Only the log tells that it is for want of the Service that the other crashes.
        assert_eq!(run.found(), ["service-selector-mismatch", "crash-dependency-unreachable"], "{bundle}");
        assert_eq!(roots, 1, "{bundle}");
        assert_eq!(run.json()["metadata"]["namespace"], "crash-dependency-down");
    }
}

#[test]
fn what_a_bundle_does_not_hold_is_not_checked() {
    let not_checked = |bundle: &str| {
        let document = doctor(&["--from", bundle, "-o", "json"]).json();
        let what = document["notChecked"].as_array().unwrap().iter().map(|it| it["what"].as_str().unwrap().to_owned());
        what.collect::<Vec<_>>()
    };
    let dump = not_checked(DUMP);
    for what in ["statefulsets", "ingresses", "jobs"] {
        assert!(dump.iter().any(|it| it == what), "{dump:?}");
    }
    assert!(!dump.iter().any(|it| it == "pods" || it == "services" || it == "deployments"), "{dump:?}");
    let support = not_checked(SUPPORT);
    assert!(!support.iter().any(|it| it == "statefulsets" || it == "ingresses"), "{support:?}");
}

#[test]
fn a_bundle_is_read_from_a_pipe() {
    let piped = doctor_reading(&["--from", "-"], &std::fs::read(SUPPORT).unwrap());
    assert_eq!((piped.code, piped.stdout), (Some(1), doctor(&["--from", SUPPORT]).stdout));
}

#[test]
fn a_bundle_that_was_cut_off_is_one_clear_line() {
    let folder = Folder::new();
    let file = format!("{}/cut", folder.path());
    for (bundle, kept, said) in [(SUPPORT, 9000, "ends in the middle"), (PRINTED, 59700, "has no end")] {
        std::fs::write(&file, &std::fs::read(bundle).unwrap()[..kept]).unwrap();
        let run = doctor(&["--from", &file]);
        assert_eq!((run.code, run.stdout.as_str(), run.stderr.lines().count()), (Some(2), "", 1), "{run:?}");
        assert!(run.stderr.contains(&file) && run.stderr.contains(said), "{}", run.stderr);
    }
}
