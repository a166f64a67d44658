//! `--fix` where there is nothing to carry out, or nowhere.

use crate::doctor::doctor;

#[test]
fn a_recording_can_not_be_mended() {
    let line = doctor(&["--from", "testdata/seed/recording.json", "--fix"]).complaint().to_owned();
    assert_eq!(line, "--fix changes a cluster and talks to a person: leave --from and --output out");
}

#[test]
fn flags_of_a_cure_without_one_are_complained_of() {
    for flags in [["--force"].as_slice(), &["--dry-run=server"]] {
        let run = doctor(flags);
        assert!(run.complaint().contains("--fix"), "{run:?}");
    }
}

#[test]
fn a_dry_run_elsewhere_than_on_the_server_is_named_with_what_there_is() {
    let run = doctor(&["--fix", "--dry-run=client"]);
    assert!(run.complaint().contains("server"), "{run:?}");
}
