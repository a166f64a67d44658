//! Findings that are left out: by a flag, by the config file, by an annotation.

use std::{fs, path::Path};

use crate::doctor::{Folder, Run, TYPO, command, doctor};

/// A crashing Deployment whose log names a Service that selects nothing: a cause and a symptom.
const CHAIN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/crash-dependency-down/recording.json");

fn look(args: &[&str]) -> Run {
    doctor(&[&["--from", CHAIN, "-o", "json"], args].concat())
}

#[test]
fn what_is_ignored_is_counted_and_fails_nothing_and_its_symptoms_go_with_it() {
    assert_eq!(look(&[]).found(), ["service-selector-mismatch", "crash-dependency-unreachable"]);
    let run = look(&["--ignore", "service-selector-mismatch"]);
    assert_eq!((run.code, run.found().len()), (Some(0), 0), "{run:?}");
    let document = run.json();
    assert_eq!(document["suppressed"], 2);
    let by: Vec<_> = document["suppressedFindings"].as_array().unwrap().iter().map(|it| it["by"].clone()).collect();
    assert_eq!(by, ["follows from service-selector-mismatch of Service/db", "--ignore"]);
    let text = doctor(&["--from", CHAIN, "--ignore", "service-selector-mismatch"]).stdout;
    let counted = "2 findings left out as asked (crash-dependency-unreachable, service-selector-mismatch).";
    assert!(text.replace('\n', " ").contains(counted), "{text}");
}

#[test]
fn a_symptom_that_is_ignored_leaves_its_cause() {
    let run = look(&["--ignore", "crash-dependency-unreachable"]);
    assert_eq!((run.code, run.found()), (Some(1), vec!["service-selector-mismatch".to_owned()]));
    assert_eq!(run.json()["findings"][0]["explains"], serde_json::json!([]));
}

#[test]
fn one_object_can_be_named() {
    let rule = "service-selector-mismatch";
    for (object, left) in [
        ("Service/db", 0),
        ("svc/db", 0),
        ("crash-dependency-down/svc/db", 0),
        ("svc/web", 2),
        ("ns/crash-dependency-down", 0),
    ] {
        let run = look(&["--ignore", &format!("{rule}={object}")]);
        assert_eq!(run.found().len(), left, "{object}");
    }
}

#[test]
fn a_rule_that_there_is_not_is_named_with_the_nearest() {
    let run = doctor(&["--from", CHAIN, "--ignore", "service-selector-mismach"]);
    assert!(run.complaint().contains("did you mean service-selector-mismatch?"), "{run:?}");
    let run = doctor(&["--from", CHAIN, "--ignore", "oom-killed=web"]);
    assert!(run.complaint().contains("write oom-killed=KIND/NAME"), "{run:?}");
}

/// The recording with an annotation at these objects.
fn annotated(folder: &Folder, pointer: &str, of: &str, value: &str) -> String {
    let mut recording: serde_json::Value = serde_json::from_str(&fs::read_to_string(CHAIN).unwrap()).unwrap();
    for item in recording["items"].as_array_mut().unwrap() {
        if format!("{}/{}", item["kind"].as_str().unwrap(), item["metadata"]["name"].as_str().unwrap()) == of {
            item.pointer_mut(pointer).unwrap()["annotations"]["kubectl-doctor/ignore"] = value.into();
        }
    }
    folder.file("annotated.json", &recording.to_string())
}

#[test]
fn an_annotation_holds_for_the_object_and_what_it_controls() {
    let folder = Folder::new();
    for (pointer, of, value, found, by) in [
        ("/metadata", "Service/db", "oom-killed, service-selector-mismatch", 0, "annotation of Service/db"),
        ("/metadata", "Deployment/api", "crash-dependency-unreachable", 1, "annotation of Deployment/api"),
        (
            "/spec/template/metadata",
            "Deployment/api",
            "crash-dependency-unreachable",
            1,
            "annotation of Deployment/api",
        ),
        ("/metadata", "Deployment/postgres", "crash-dependency-unreachable", 2, ""),
        ("/metadata", "Service/db", "all of them", 2, ""),
    ] {
        let from = annotated(&folder, pointer, of, value);
        let run = doctor(&["--from", &from, "-o", "json"]);
        assert_eq!(run.found().len(), found, "{of} {value}");
        let document = run.json();
        let asked = document["suppressedFindings"].as_array().into_iter().flatten();
        assert!(by.is_empty() || asked.into_iter().any(|it| it["by"] == by), "{document}");
    }
}

#[test]
fn the_config_file_sets_what_no_flag_does() {
    let folder = Folder::new();
    let rules =
        folder.file("mine.yaml", "id: mine\non: service\nseverity: info\nwhen: 'true'\nsays: is there\nwhy: it is\n");
    assert!(Path::new(&rules).exists());
    let config = folder.file(
        "config.yaml",
        "ignore: [service-selector-mismatch=svc/db, mine]\nrules: [.]\noutput: name\nfailOn: warning\n",
    );
    // The folder of rules holds the config file too, which is no rule.
    let run = doctor(&["--from", CHAIN, "--config", &config]);
    assert!(run.complaint().contains("config.yaml"), "{run:?}");

    fs::create_dir(Path::new(folder.path()).join("rules")).unwrap();
    fs::rename(&rules, Path::new(folder.path()).join("rules/mine.yaml")).unwrap();
    let config = folder
        .file("config.yaml", "ignore:\n- service-selector-mismatch=svc/db\n- mine\nrules: [rules]\noutput: json\n");
    let by_flag = doctor(&["--from", CHAIN, "--config", &config]);
    assert_eq!((by_flag.found().len(), by_flag.json()["suppressed"].as_u64()), (0, Some(3)), "{by_flag:?}");
    let by_variable: Run = command(&["--from", CHAIN]).env("KUBECTL_DOCTOR_CONFIG", &config).output().unwrap().into();
    assert_eq!(by_variable.stdout, by_flag.stdout);
    let flag_wins = doctor(&["--from", CHAIN, "--config", &config, "-o", "name"]);
    assert_eq!((flag_wins.code, flag_wins.stdout.as_str()), (Some(0), ""));
}

#[test]
fn the_users_own_config_file_is_found_and_need_not_be_there() {
    let folder = Folder::new();
    fs::create_dir_all(Path::new(folder.path()).join(".config/kubectl-doctor")).unwrap();
    folder.file(".config/kubectl-doctor/config.yaml", "# for all clusters\nfailOn: warning\noutput: name\n");
    let run: Run = command(&["--from", TYPO]).env("HOME", folder.path()).output().unwrap().into();
    assert_eq!(run.stdout, "service/hello-server-service\n");
    let moved = format!("{}/.config", folder.path());
    let run: Run = command(&["--from", TYPO]).env("XDG_CONFIG_HOME", moved).output().unwrap().into();
    assert_eq!(run.stdout, "service/hello-server-service\n");
}

#[test]
fn what_is_wrong_in_the_config_file_is_one_line() {
    let folder = Folder::new();
    for (text, said) in [
        ("ignored: []\n", "ignored"),
        ("ignore: [\n", "config.yaml:"),
        ("output: tekst\n", "output: \"tekst\" is none of text, "),
        ("failOn: bad\n", "failOn: \"bad\" is none of error, warning, info"),
        ("ignore: [oom-kiled]\n", "did you mean oom-killed?"),
        ("- a\n", "config.yaml:"),
    ] {
        let config = folder.file("config.yaml", text);
        let run = doctor(&["--from", CHAIN, "--config", &config]);
        assert!(run.complaint().contains(said), "{text}: {run:?}");
        assert!(run.complaint().contains("config.yaml"), "{run:?}");
    }
    let run = doctor(&["--from", CHAIN, "--config", "/nonexistent.yaml"]);
    assert!(run.complaint().contains("cannot read the config file /nonexistent.yaml"), "{run:?}");
    let nothing = folder.file("config.yaml", "# nothing yet\n");
    assert_eq!(doctor(&["--from", CHAIN, "--config", &nothing]).code, Some(1));
}
