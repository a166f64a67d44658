//! What manifests tell: before they are applied, and held against what there is.

use crate::doctor::{Folder, TYPO, doctor};

const SERVICE: &str = "apiVersion: v1
kind: Service
metadata: {name: hello-server-service}
spec:
  type: NodePort
  selector: {app: hello-server}
  ports: [{port: 8080, targetPort: 8080}]
";

// The text in one line, however it was folded.
fn text(args: &[&str]) -> String {
    doctor(args).stdout.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn told(args: &[&str]) -> (Option<i32>, Vec<String>) {
    let run = doctor(args);
    (run.code, run.found())
}

#[test]
fn a_misspelt_field_and_a_version_that_is_gone_are_told_before_they_are_applied() {
    let folder = Folder::new();
    folder.file(
        "web.yaml",
        "apiVersion: apps/v1\nkind: Deployment\nmetadate: {name: web}\nspec: {replcas: 2, template: {spec: {containers: []}}}\n",
    );
    folder.file("job.yaml", "apiVersion: batch/v1beta1\nkind: CronJob\nmetadata: {name: nightly}\n");
    let run = doctor(&["--from", folder.path(), "-o", "json"]);
    assert_eq!(run.code, Some(1));
    let document = run.json();
    let said: Vec<_> =
        document["findings"].as_array().unwrap().iter().map(|it| it["summary"].as_str().unwrap()).collect();
    for text in ["metadate, which is no field; metadata is one", "replicas is one", "batch/v1 has taken its place"] {
        assert!(said.iter().any(|it| it.contains(text)), "{text}: {said:?}");
    }
    let place = document["findings"][0]["evidence"][0]["source"].as_str().unwrap();
    assert!(place.ends_with(".yaml:1"), "{place}");
}

#[test]
fn a_name_that_nearly_is_that_of_something_in_the_files_is_a_warning() {
    let folder = Folder::new();
    let of = |map: &str, secret: &str, port: &str, label: &str| {
        let pod = format!(
            "{{containers: [{{name: web, ports: [{{name: http, containerPort: 80}}], envFrom: [{{configMapRef: {{name: \
             {map}}}}}, {{secretRef: {{name: {secret}}}}}]}}]}}"
        );
        folder.file(
            "all.yaml",
            &format!(
                "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: web-settings}}\n---\napiVersion: v1\nkind: Secret\n\
                 metadata: {{name: db-1}}\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\n\
                 spec: {{template: {{metadata: {{labels: {{app: web-server}}}}, spec: {pod}}}}}\n---\n\
                 apiVersion: v1\nkind: Service\nmetadata: {{name: web}}\n\
                 spec: {{selector: {{app: {label}}}, ports: [{{port: 80, targetPort: {port}}}]}}\n"
            ),
        );
        told(&["--from", folder.path(), "-o", "json"])
    };
    // The Secret may be on the cluster, as one of a series.
    assert_eq!(of("web-settings", "db-2", "http", "web-server"), (Some(0), vec![]));
    assert_eq!(of("other", "payments", "metrics", "web-server"), (Some(0), vec![]));
    let near = vec!["manifest-name-near-miss".to_owned()];
    for (map, port, label) in [
        ("web-setings", "http", "web-server"),
        ("web-settings", "htttp", "web-server"),
        ("web-settings", "http", "web-serve"),
    ] {
        assert_eq!(of(map, "db-1", port, label), (Some(0), near.clone()), "{map} {port} {label}");
    }
}

#[test]
fn what_only_a_file_has_is_not_cured_on_a_cluster() {
    let folder = Folder::new();
    folder.file("map.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\ndata: {PORT: '80'}\n");
    folder.file(
        "web.yaml",
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {template: {spec: {containers: [{name: web, \
         env: [{name: P, valueFrom: {configMapKeyRef: {name: web, key: PRT}}}]}]}}}\n",
    );
    let run = doctor(&["--from", folder.path(), "-o", "json"]);
    assert_eq!(run.found(), ["configmap-key-missing"], "{run:?}");
    let cures = run.json()["findings"][0]["cures"].as_array().unwrap().clone();
    assert!(!cures.is_empty() && cures.iter().all(|it| it["command"].is_null()), "{cures:?}");
}

#[test]
fn the_difference_from_the_manifest_at_the_field_at_fault_is_told_with_the_way_back() {
    let folder = Folder::new();
    let file = folder.file("service.yaml", SERVICE);
    let run = doctor(&["--from", TYPO, "-f", &file, "-o", "json"]);
    assert_eq!((run.code, run.found()), (Some(1), vec!["service-selector-mismatch".to_owned()]), "{run:?}");
    let document = run.json();
    let finding = &document["findings"][0];
    assert_eq!(finding["deviations"][0]["field"], "spec.selector.app");
    assert_eq!(finding["deviations"][0]["manifest"], "hello-server");
    assert_eq!(finding["deviations"][0]["live"], "hello-serve");
    let apply = finding["cures"][0]["command"].as_str().unwrap();
    assert!(apply.starts_with("kubectl -n ") && apply.ends_with(&format!("apply -f {file}")), "{apply}");
    let text = text(&["--from", TYPO, "-f", &file]);
    assert!(text.contains("spec.selector.app is hello-serve, the file says"), "{text}");
}

#[test]
fn where_the_manifest_has_the_same_fault_nothing_is_said_of_it() {
    let folder = Folder::new();
    let file = folder.file("service.yaml", &SERVICE.replace("app: hello-server", "app: hello-serve"));
    let document = doctor(&["--from", TYPO, "-f", &file, "-o", "json"]).json();
    assert_eq!(document["findings"][0]["rule"], "service-selector-mismatch");
    assert!(document["findings"][0]["deviations"].is_null() && document["deviations"].is_null(), "{document:#}");
}

#[test]
fn what_differs_and_explains_nothing_stands_behind() {
    let folder = Folder::new();
    let file = folder.file("service.yaml", &SERVICE.replace("type: NodePort", "type: LoadBalancer"));
    let text = text(&["--from", TYPO, "-f", &file]);
    assert!(text.contains("nothing found comes of it: Service/hello-server-service spec.type is"), "{text}");
}

#[test]
fn what_is_in_the_manifest_and_not_on_the_cluster_is_said_to_be_so() {
    let folder = Folder::new();
    let other = SERVICE.replace("name: hello-server-service", "name: other");
    let file = folder.file("service.yaml", &format!("{SERVICE}---\n{other}"));
    let (code, found) = told(&["--from", TYPO, "-f", &file, "-o", "json"]);
    assert_eq!((code, found.contains(&"manifest-not-applied".to_owned())), (Some(1), true), "{found:?}");
    // Nothing else is asked about: there is nothing to look at.
    let alone = folder.file("other.yaml", &other);
    let run = doctor(&["--from", TYPO, "-f", &alone]);
    assert_eq!((run.code, run.stderr.lines().count()), (Some(2), 1), "{run:?}");
}

#[test]
fn what_can_not_be_compared_is_one_clear_line() {
    let folder = Folder::new();
    let file = folder.file("service.yaml", SERVICE);
    let of_two = folder
        .file("two.yaml", &format!("{SERVICE}---\n{}", SERVICE.replace("metadata: {", "metadata: {namespace: shop, ")));
    for args in [
        vec!["--from", TYPO, "-f", &of_two],
        vec!["pod/web", "-f", &file],
        vec!["-A", "-f", &file],
        vec!["-f", "/nowhere.yaml"],
    ] {
        let run = doctor(&args);
        assert_eq!((run.code, run.stdout.as_str(), run.stderr.lines().count()), (Some(2), "", 1), "{run:?}");
    }
}
