//! The verdicts held against a table that was written by hand, as real packets are by tests/policies.

use std::{collections::BTreeMap, net::IpAddr};

use k8s_openapi::api::networking::v1::NetworkPolicy;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    end::End,
    verdict::{Verdict, between},
};

const TABLE: &str = include_str!("../../../tests/policies/table.yaml");
const ADDRESSES: [(&str, &str); 4] =
    [("FRONT_IP", "10.1.0.1"), ("BACK_IP", "10.1.0.2"), ("OTHER_IP", "10.2.0.1"), ("SERVER_IP", "10.1.0.9")];

#[derive(Deserialize)]
struct Row {
    name: String,
    policies: Vec<Value>,
    open: Vec<String>,
}

fn is_open(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Open)
}

fn labels(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn address(name: &str) -> Option<IpAddr> {
    ADDRESSES.iter().find(|(known, _)| *known == name)?.1.parse().ok()
}

fn policies(row: &Row) -> Vec<NetworkPolicy> {
    let policy = |spec: &Value| {
        let mut spec = ADDRESSES.iter().fold(spec.to_string(), |text, (name, ip)| text.replace(name, ip));
        let namespace = match serde_json::from_str::<Value>(&spec).unwrap() {
            Value::Object(mut map) => {
                let namespace = map.remove("namespace");
                spec = Value::Object(map).to_string();
                namespace.unwrap_or_else(|| json!("policies-one"))
            }
            other => panic!("{other}"),
        };
        let spec: Value = serde_json::from_str(&spec).unwrap();
        serde_json::from_value(json!({"metadata": {"name": "row", "namespace": namespace}, "spec": spec})).unwrap()
    };
    row.policies.iter().map(policy).collect()
}

#[test]
fn every_verdict_is_what_the_table_says() {
    let one = labels(&[("kubernetes.io/metadata.name", "policies-one"), ("team", "shop")]);
    let two = labels(&[("kubernetes.io/metadata.name", "policies-two"), ("team", "ops")]);
    let end = |namespace, namespace_labels, pod: &[(&str, &str)], ip: &str| End {
        namespace,
        namespace_labels: Some(namespace_labels),
        labels: labels(pod),
        address: address(ip),
        on_host: false,
        ports: Vec::new(),
    };
    let mut server = end("policies-one", &one, &[("app", "web")], "SERVER_IP");
    server.ports = vec![("http".to_owned(), 8080, "TCP".to_owned()), ("metrics".to_owned(), 9090, "TCP".to_owned())];
    let clients = [
        ("front", end("policies-one", &one, &[("app", "front"), ("role", "client")], "FRONT_IP")),
        ("back", end("policies-one", &one, &[("app", "back")], "BACK_IP")),
        ("other", end("policies-two", &two, &[("app", "front")], "OTHER_IP")),
    ];
    let rows: Vec<Row> = serde_saphyr::from_str(TABLE).unwrap();
    assert!(rows.len() >= 30, "{} rows", rows.len());
    for row in rows {
        let policies = policies(&row);
        let policies: Vec<_> = policies.iter().collect();
        for (name, client) in &clients {
            for port in [8080, 9090] {
                let connection = format!("{name} {port}");
                let verdict = between(&policies, client, &server, port, "TCP");
                assert_eq!(
                    is_open(&verdict),
                    row.open.contains(&connection),
                    "{}: {connection}: {verdict:?}",
                    row.name
                );
            }
        }
    }
}

#[test]
fn what_was_not_looked_at_leaves_the_verdict_open_to_doubt() {
    let own = labels(&[("kubernetes.io/metadata.name", "policies-one")]);
    let end = |namespace_labels| End {
        namespace: "policies-one",
        namespace_labels,
        labels: labels(&[("app", "web")]),
        address: None,
        on_host: false,
        ports: Vec::new(),
    };
    let policy: NetworkPolicy = serde_json::from_value(json!({
        "metadata": {"name": "row", "namespace": "policies-one"},
        "spec": {"podSelector": {}, "ingress": [{"from": [{"namespaceSelector": {"matchLabels": {"team": "shop"}}}]}]},
    }))
    .unwrap();
    let verdict = |client| between(&[&policy], &client, &end(None), 8080, "TCP");
    assert!(matches!(verdict(end(None)), Verdict::Unknown));
    assert!(matches!(verdict(end(Some(&own))), Verdict::Shut(_)));
}

#[test]
fn a_pod_in_the_nodes_network_is_beyond_policies() {
    let end = |on_host| End {
        namespace: "policies-one",
        namespace_labels: None,
        labels: labels(&[("app", "web")]),
        address: None,
        on_host,
        ports: Vec::new(),
    };
    let policy: NetworkPolicy = serde_json::from_value(json!({
        "metadata": {"name": "row", "namespace": "policies-one"},
        "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"], "ingress": [{"from": [{"podSelector": {}}]}]},
    }))
    .unwrap();
    assert!(is_open(&between(&[&policy], &end(true), &end(true), 8080, "TCP")));
    assert!(!is_open(&between(&[&policy], &end(true), &end(false), 8080, "TCP")));
}
