//! What a table hides is never stood for: on every recording.

use std::{collections::BTreeSet, fs};

use k8s_openapi::api::core::v1::{ContainerStatus, Pod};

use super::*;
use crate::{
    diagnosis,
    facts::On,
    rule::{Rules, ShownBy},
    source::recording,
};

const TESTDATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata");

#[test]
fn no_pod_of_which_a_rule_says_that_a_table_shows_it_is_stood_for() {
    let rules = Rules::built_in().unwrap();
    let question = Question { target: Target::Everything, namespace: None, selector: None, client: None };
    let (mut told, mut stood_for) = (0, 0);
    for folder in fs::read_dir(TESTDATA).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()) {
        let text = fs::read_to_string(folder.join("recording.json")).unwrap();
        let (inventory, _) = recording::read(&text).unwrap();
        let mut rows: BTreeMap<String, Vec<Row>> = BTreeMap::new();
        for pod in inventory.seen_anywhere::<Pod>() {
            rows.entry(object::namespace(&pod.metadata).to_owned()).or_default().push(row(pod));
        }
        let stand_ins = Glance::of(&inventory, &rows).stand_ins(&inventory);
        let hidden: BTreeSet<(&str, &str)> = stand_ins
            .iter()
            .flat_map(|(pod, twins)| twins.iter().map(|twin| (object::namespace(&pod.metadata), twin.name.as_str())))
            .collect();
        stood_for += hidden.len();
        let Ok(answer) = diagnosis::diagnose(&question, &inventory, &rules) else { continue };
        for finding in answer.diagnosis.findings {
            let rule = rules.get(&finding.rule).unwrap();
            if !matches!(rule.on, On::Container | On::Pod) || rule.shown_by != ShownBy::Table {
                continue;
            }
            told += 1;
            for shown in finding.affected.iter().chain([&finding.object]) {
                let pod = (shown.namespace.as_str(), shown.name.as_str());
                assert!(
                    shown.kind != "Pod" || !hidden.contains(&pod),
                    "{}: {} on {shown}",
                    folder.display(),
                    finding.rule
                );
            }
        }
    }
    assert!(told > 50 && stood_for > 50, "{told} told of pods, {stood_for} pods stood for");
}

#[test]
fn no_rule_in_the_binary_needs_every_pod_and_one_that_does_not_say_what_shows_it_does() {
    let mut rules = Rules::built_in().unwrap();
    assert!(!rules.need_every_pod());
    let folder = std::env::temp_dir().join(format!("kubectl-doctor-{}-rules", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let rule = "id: mine\non: pod\nseverity: info\nwhen: 'true'\nsays: it is there\nwhy: it is\n";
    fs::write(folder.join("mine.yaml"), rule.replace("severity", "shown_by: table\nseverity")).unwrap();
    rules.add_folder(&folder).unwrap();
    assert!(!rules.need_every_pod());
    fs::write(folder.join("mine.yaml"), rule.replace("id: mine", "id: mine-too")).unwrap();
    rules.add_folder(&folder).unwrap();
    fs::remove_dir_all(&folder).unwrap();
    assert!(rules.need_every_pod());
}

// As kubectl's printer makes it: pkg/printers/internalversion/printers.go.
fn row(pod: &Pod) -> Row {
    let status = pod.status.clone().unwrap_or_default();
    let statuses = status.container_statuses.unwrap_or_default();
    let init = status.init_container_statuses.unwrap_or_default();
    let state = |status: &ContainerStatus| status.state.clone().unwrap_or_default();
    let is_ready = |status: &&ContainerStatus| status.ready && state(status).running.is_some();
    let begins = |status: &ContainerStatus| {
        let is_done = state(status).terminated.is_some_and(|ended| ended.exit_code == 0);
        !is_done && status.started != Some(true)
    };
    let why = |status: &ContainerStatus| {
        let ended = state(status).terminated.and_then(|ended| ended.reason);
        state(status).waiting.and_then(|waiting| waiting.reason).or(ended)
    };
    let shown = if pod.metadata.deletion_timestamp.is_some() {
        "Terminating".to_owned()
    } else if init.iter().any(begins) {
        "Init".to_owned()
    } else {
        statuses.iter().find_map(why).or(status.reason).or(status.phase).unwrap_or_default()
    };
    let spec = pod.spec.clone().unwrap_or_default();
    let or_none = |text: Option<String>| text.unwrap_or_else(|| "<none>".to_owned());
    Row {
        name: object::name(&pod.metadata).to_owned(),
        ready: format!("{}/{}", statuses.iter().filter(is_ready).count(), spec.containers.len()),
        status: shown,
        restarts: statuses.iter().chain(&init).map(|status| status.restart_count).sum::<i32>().to_string(),
        age: "5m".to_owned(),
        ip: or_none(status.pod_ip),
        node: or_none(spec.node_name),
        nominated: or_none(status.nominated_node_name),
        gates: "<none>".to_owned(),
    }
}
