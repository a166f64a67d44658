//! The doctor's reading against what `tests/selectors/agree` has asked an API server.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use kube::core::SelectorExt as _;
use serde::Deserialize;

use super::{of, parse};

const SAMPLE: &str = include_str!("../../tests/selectors/sample.json");

#[derive(Deserialize)]
struct Told {
    objects: BTreeMap<String, BTreeMap<String, String>>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    text: Option<String>,
    object: Option<LabelSelector>,
    /// The names of what it selects; nothing where the server refused it.
    found: Option<Vec<String>>,
}

#[test]
fn selectors_agree_with_the_api_server() {
    let told = std::env::var("ORACLE_SELECTORS")
        .map_or_else(|_| SAMPLE.to_owned(), |path| std::fs::read_to_string(path).unwrap());
    let told: Told = serde_json::from_str(&told).unwrap();
    let mut wrong = Vec::new();
    for case in &told.cases {
        let selector = match (&case.text, &case.object) {
            (Some(text), _) => parse(text).ok(),
            (None, object) => of(object.as_ref().unwrap()),
        };
        let found = selector.map(|selector| {
            let selected = told.objects.iter().filter(|(_, labels)| selector.matches(labels));
            selected.map(|(name, _)| name.clone()).collect::<Vec<_>>()
        });
        // What is ordered by number no label is chosen by: kubectl does not tell of it, and it is refused here.
        let is_order = case.text.as_ref().is_some_and(|text| text.contains(['<', '>']));
        if found != case.found && !(is_order && found.is_none()) {
            wrong.push(format!("{:?} {:?}: {found:?}, not {:?}", case.text, case.object, case.found));
        }
    }
    println!("{} of {} selectors agree with the API server", told.cases.len() - wrong.len(), told.cases.len());
    assert!(wrong.is_empty(), "{} do not agree\n{}", wrong.len(), wrong[..wrong.len().min(20)].join("\n"));
    assert!(!told.cases.is_empty());
}
