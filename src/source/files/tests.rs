#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;

use super::*;
use crate::inventory::Lookup;
use k8s_openapi::api::{
    apps::v1::Deployment,
    core::v1::{ConfigMap, Pod, Secret},
};

/// A directory that is gone when the test is over.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("kubectl-doctor-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn with(self, name: &str, text: impl AsRef<[u8]>) -> Self {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    fn open(&self, name: &str) -> Result<Input, Error> {
        open(&[self.0.join(name)], "default")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

fn from_text(text: impl AsRef<[u8]>) -> Result<Input, Error> {
    Folder::new().with("input", text).open("input")
}

fn inventory(text: impl AsRef<[u8]>) -> Inventory {
    from_text(text).unwrap().inventory
}

// Without the folder's name.
fn error(text: impl AsRef<[u8]>) -> String {
    let error = from_text(text).unwrap_err().to_string();
    assert!(!error.contains('\n'), "{error}");
    error.rsplit_once("/input").map_or_else(|| error.clone(), |(_, rest)| rest.to_owned())
}

fn object(kind: &str, namespace: &str, name: &str) -> Value {
    let api_version = if kind == "Deployment" { "apps/v1" } else { "v1" };
    json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": name, "namespace": namespace}})
}

fn list(items: &[Value]) -> Value {
    json!({"apiVersion": "v1", "kind": "List", "metadata": {"resourceVersion": ""}, "items": items})
}

fn get<'a, T: crate::kind::Kept>(inventory: &'a Inventory, namespace: &str, name: &str) -> Lookup<&'a T> {
    inventory.get::<T>(namespace, name)
}

const LIST_YAML: &str = include_str!("list.yaml");

#[test]
fn a_list_is_read_as_json_and_as_yaml() {
    let from_yaml = inventory(LIST_YAML);
    let as_json: Value = serde_saphyr::from_str(LIST_YAML).unwrap();
    let from_json = inventory(serde_json::to_string_pretty(&as_json).unwrap());
    assert!(from_yaml.all_json().eq(from_json.all_json()));
    assert_eq!(from_yaml.coverage(), from_json.coverage());
    assert_eq!(from_yaml.all_json().count(), 3);
}

#[test]
fn what_a_list_does_not_hold_of_a_kind_is_absent_and_what_no_list_holds_is_unknown() {
    let inventory = inventory(list(&[object("Pod", "a", "web"), object("Deployment", "b", "web")]).to_string());
    assert!(get::<Pod>(&inventory, "a", "gone").is_absent());
    assert!(get::<Deployment>(&inventory, "a", "web").is_absent());
    assert!(get::<Pod>(&inventory, "b", "web").is_absent());
    assert_eq!(get::<Pod>(&inventory, "c", "web"), Lookup::Unknown("pods: not in the input".to_owned()));
    assert_eq!(get::<Secret>(&inventory, "a", "db"), Lookup::Unknown("secrets: not in the input".to_owned()));
}

#[test]
fn a_kind_without_namespaces_is_collected_as_a_whole() {
    let inventory =
        inventory(list(&[json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1"}})]).to_string());
    assert!(matches!(inventory.exists(Kind::Node, "", "n1"), Lookup::Present(())));
    assert!(inventory.exists(Kind::Node, "", "n2").is_absent());
}

#[test]
fn a_single_object_tells_only_of_itself() {
    let inventory = inventory(object("ConfigMap", "a", "settings").to_string());
    assert!(matches!(get::<ConfigMap>(&inventory, "a", "settings"), Lookup::Present(_)));
    let why = "configmaps: only single objects of it in the input";
    assert_eq!(get::<ConfigMap>(&inventory, "a", "other"), Lookup::Unknown(why.to_owned()));
}

#[test]
fn the_items_of_a_typed_list_take_its_kind() {
    let items = json!([{"metadata": {"name": "web", "namespace": "a"}}]);
    let inventory = inventory(
        json!({"kind": "DeploymentList", "apiVersion": "apps/v1", "metadata": {}, "items": items}).to_string(),
    );
    assert!(matches!(get::<Deployment>(&inventory, "a", "web"), Lookup::Present(_)));
    assert!(get::<Deployment>(&inventory, "a", "gone").is_absent());
}

#[test]
fn several_documents_in_json_and_in_yaml_are_all_read() {
    let [first, second] = [object("Pod", "a", "one"), object("Pod", "a", "two")];
    for text in [
        format!("{first}\n{second}\n"),
        format!("---\n{first}\n---\n\n---\n# nothing\n---\n{second}\n...\n"),
        format!("{first}\n---\n{second}\n"),
    ] {
        assert_eq!(inventory(&text).seen::<Pod>("a").count(), 2, "{text}");
    }
}

#[test]
fn a_folder_is_read_in_order_and_the_later_object_wins() {
    let map = |value: &str| {
        format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c, namespace: a}}\ndata: {{key: {value}}}\n")
    };
    let folder = Folder::new()
        .with("in/1.yaml", map("first"))
        .with("in/sub/2.yml", map("second"))
        .with("in/z.json", object("Pod", "a", "web").to_string())
        .with("in/.hidden.yaml", "][")
        .with("in/.git/x.yaml", "][")
        .with("in/README.md", "][")
        .with("in/kustomization.yaml", "resources: [1.yaml]");
    let inventory = folder.open("in").unwrap().inventory;
    let map = get::<ConfigMap>(&inventory, "a", "c").present().unwrap();
    assert_eq!(map.data.as_ref().unwrap()["key"], "second");
    assert_eq!(inventory.all_json().count(), 2);
}

#[test]
fn a_folder_without_a_file_of_objects_is_an_error() {
    let folder = Folder::new().with("in/README.md", "x");
    let error = folder.open("in").unwrap_err().to_string();
    assert!(error.contains("/in: no .yaml, .yml or .json file in it"), "{error}");
}

#[test]
fn objects_without_a_namespace_get_the_one_that_was_given() {
    let folder = Folder::new().with("pod.yaml", "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\n");
    let (inventory, target) = read(&[folder.0.join("pod.yaml")], "shop").unwrap();
    assert!(matches!(get::<Pod>(&inventory, "shop", "web"), Lookup::Present(_)));
    assert_eq!((inventory.about.namespace.as_str(), target), ("shop", None));
}

#[test]
fn the_namespace_is_the_one_that_everything_is_in() {
    let of = |items: &[Value]| inventory(list(items).to_string()).about.namespace;
    let (here, there) = (object("Pod", "shop", "web"), object("Service", "other", "web"));
    assert_eq!(of(&[here.clone(), object("Service", "shop", "web")]), "shop");
    assert_eq!(of(&[here, there]), "");
}

#[test]
fn a_manifest_that_has_its_name_generated_goes_by_its_beginning() {
    let inventory = inventory("apiVersion: batch/v1\nkind: Job\nmetadata:\n  generateName: backup-\n");
    assert!(matches!(inventory.exists(Kind::Job, "default", "backup-"), Lookup::Present(())));
}

#[test]
fn ages_count_from_the_newest_time_at_which_something_happened() {
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {
            "name": "web", "creationTimestamp": "2026-01-01T00:00:00Z", "deletionTimestamp": "2026-01-09T00:00:00Z",
            "annotations": {"expires": "2030-01-01T00:00:00Z"}},
        "status": {"conditions": [{"type": "Ready", "status": "False", "lastTransitionTime": "2026-01-02T00:00:00Z"}]}});
    assert_eq!(inventory(pod.to_string()).about.now, "2026-01-02T00:00:00Z".parse().unwrap());
    let about = inventory(object("Pod", "a", "timeless").to_string()).about;
    assert!(about.recorded && about.now > "2026-01-02T00:00:00Z".parse().unwrap());
}

#[test]
fn a_recording_is_read_as_it_was_written() {
    let mut before = inventory(LIST_YAML);
    before.about = About {
        server: Some("v1.34.4".to_owned()),
        context: Some("c".to_owned()),
        namespace: "shop".to_owned(),
        now: "2026-01-01T00:00:00.5Z".parse().unwrap(),
        recorded: true,
    };
    before.coverage_mut().list(Kind::Secret, Some("shop"), State::Failed("forbidden".to_owned()));
    let text = recording::write(&before, Some("service/web"));
    let after = from_text(&text).unwrap();
    assert_eq!(after.target.as_deref(), Some("service/web"));
    assert_eq!(after.inventory.about, before.about);
    assert_eq!(recording::write(&after.inventory, after.target.as_deref()), text);
}

#[test]
fn a_recording_in_which_nothing_was_found_is_no_error() {
    let text = recording::write(&Inventory::new(inventory(LIST_YAML).about), None);
    assert_eq!(inventory(text).coverage().lists().count(), 0);
}

#[test]
fn a_recording_of_another_version_is_refused() {
    let error = error(recording::write(&inventory(LIST_YAML), None).replace("kubectl-doctor/v1", "kubectl-doctor/v9"));
    assert!(error.starts_with(":1: a recording of version kubectl-doctor/v9"), "{error}");
}

#[test]
fn objects_of_other_kinds_are_kept_as_they_are() {
    let widget = |name: &str| json!({"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": name, "namespace": "a"}, "spec": {"size": 2}});
    let input = from_text(list(&[widget("one"), widget("two"), object("Pod", "a", "web")]).to_string()).unwrap();
    let custom = input.inventory.custom();
    let names: Vec<_> = custom.objects().map(|object| object.object_ref().to_string()).collect();
    assert_eq!(names, ["Widget/one", "Widget/two"]);
    let of = custom.types.find("widgets").unwrap();
    assert_eq!(custom.of_list(of, Some("a")), State::Collected);
    assert_ne!(custom.of_list(of, Some("b")), State::Collected);
    let single = from_text(widget("one").to_string()).unwrap().inventory;
    assert_ne!(single.custom().of_list(of, Some("a")), State::Collected);
}

#[test]
fn what_has_no_name_is_counted() {
    let config = json!({"apiVersion": "example.com/v1", "kind": "Config"});
    let input = from_text(list(&[config.clone(), config, object("Pod", "a", "web")]).to_string()).unwrap();
    assert_eq!(input.skipped, BTreeMap::from([("example.com/v1/Config".to_owned(), 2)]));
}

#[test]
fn another_version_of_a_kind_is_not_read_as_the_one_that_is_known() {
    let hpa = json!({"apiVersion": "autoscaling/v1", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "web", "namespace": "a"}});
    let inventory = inventory(list(&[hpa, object("Pod", "a", "web")]).to_string());
    let Lookup::Unknown(why) = inventory.exists(Kind::HorizontalPodAutoscaler, "a", "web") else { panic!("read it") };
    assert_eq!(why, "horizontalpodautoscalers: in the input as autoscaling/v1, and autoscaling/v2 is read");
}

#[test]
fn an_input_with_nothing_to_diagnose_in_it_is_an_error() {
    assert_eq!(error(""), ": no object that the doctor knows (it is empty): give it what kubectl get -o yaml prints");
    assert!(error(list(&[]).to_string()).contains("no object that the doctor knows"));
    let config = json!({"apiVersion": "example.com/v1", "kind": "Config"});
    assert!(error(config.to_string()).contains("(only others, as 1 of example.com/v1/Config)"));
}

#[test]
fn a_truncated_list_is_refused() {
    for metadata in [json!({"continue": "eyJ2Ij"}), json!({"continue": "", "remainingItemCount": 4})] {
        let text = json!({"kind": "PodList", "apiVersion": "v1", "metadata": metadata, "items": [{"metadata": {"name": "a"}}]}).to_string();
        let error = error(text);
        assert!(error.contains("truncated list") && error.contains("fetch all"), "{error}");
    }
}

#[test]
fn what_is_no_object_is_refused_with_its_line_and_what_it_is() {
    for (text, says) in [
        ("NAME   READY   STATUS\nweb-1  1/1     Running\n", ":1: plain text, not an object: add -o yaml"),
        ("apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n---\n- 1\n- 2\n", ":5: a bare list"),
        ("7", ":1: a number"),
        ("replicas: 2\nimage: web\n", ":1: no kind"),
        ("apiVersion: v1\nitems:\n- kind: Pod\n", ":1: items without kind: List, so the file was cut off"),
        (
            r#"{"kind": "Status", "apiVersion": "v1", "message": "pods is forbidden"}"#,
            ":1: the API server's refusal instead of objects: pods is forbidden",
        ),
        ("kind: Deployment\nname: web\n", ":1: a Deployment without apiVersion"),
        ("apiVersion: v1\nkind: Pod\nspec: {}\n", ":1: a Pod has no metadata:"),
        ("apiVersion: v1\nkind: Pod\nmetadata: {labels: {a: b}}\n", ":1: a Pod has no metadata.name"),
        (
            "kind: List\napiVersion: v1\nitems: [{apiVersion: v1, kind: Pod, metadata: {}}]\n",
            ":1: items[0]: a Pod has no metadata.name",
        ),
        ("kind: List\napiVersion: v1\nitems: [text]\n", ":1: items[0]: plain text"),
    ] {
        let error = error(text);
        assert!(error.starts_with(says), "{text}\n{error}");
    }
}

#[test]
fn an_object_of_the_wrong_shape_is_named() {
    let error = error("apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\nspec:\n  containers: many\n");
    assert!(error.starts_with(":1: cannot read Pod web: invalid type: string \"many\""), "{error}");
}

#[test]
fn broken_json_is_named_by_line_and_column() {
    let text = serde_json::to_string_pretty(&list(&[object("Pod", "a", "web")])).unwrap();
    let cut = &text[..text.find("namespace").unwrap()];
    assert_eq!(error(cut), ":9:9: the JSON ends in the middle, so the file was cut off: write it once more");
    let wrong = text.replacen("\"items\":", "\"items\"", 1);
    let error = error(&wrong);
    assert!(error.starts_with(":3:11: not JSON: expected `:`"), "{error}");
}

#[test]
fn broken_yaml_is_named_by_line_and_column() {
    let error = error("apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\n bad: x\n");
    assert!(error.starts_with(":5:") && error.contains("not YAML: "), "{error}");
    let twice = self::error("apiVersion: v1\nkind: Pod\nkind: Pod\n");
    assert!(twice.starts_with(":3:1: not YAML: ") && twice.contains("kind"), "{twice}");
}

#[test]
fn what_is_no_text_is_named_by_line_and_column() {
    assert!(error(b"kind: Pod\na: \xff\n").starts_with(":2:4: not a text in UTF-8"));
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let error = Folder::new().open("gone.yaml").unwrap_err().to_string();
    assert!(error.contains("/gone.yaml: cannot be read: No such file"), "{error}");
}

#[test]
fn what_powershell_writes_is_read() {
    let text = object("Pod", "a", "web").to_string();
    let utf16: Vec<u8> = [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    assert_eq!(inventory(utf16).all_json().count(), 1);
    assert_eq!(inventory(format!("\u{feff}{text}")).all_json().count(), 1);
}

fn value(yaml: &str) -> Value {
    text::documents(yaml.as_bytes().to_vec()).unwrap().remove(0).value
}

#[test]
fn yaml_is_read_as_kubectl_reads_it() {
    for (yaml, json) in [
        ("yes", json!(true)),
        ("on", json!(true)),
        ("no", json!(false)),
        ("\"yes\"", json!("yes")),
        ("0644", json!(420)),
        ("0o644", json!(420)),
        ("\"0644\"", json!("0644")),
        ("'8080'", json!("8080")),
        ("8080", json!(8080)),
        ("1e3", json!(1000.0)),
        ("\"1e3\"", json!("1e3")),
        ("null", json!(null)),
        ("~", json!(null)),
        ("", json!(null)),
        ("\"\"", json!("")),
        ("2026-01-02T03:04:05Z", json!("2026-01-02T03:04:05Z")),
        ("12:30:45", json!("12:30:45")),
        ("100m", json!("100m")),
        ("nan", json!("nan")),
        ("inf", json!("inf")),
        ("infinity", json!("infinity")),
        ("1.2.3", json!("1.2.3")),
        ("=", json!("=")),
        ("|\n  a\n  b\n", json!("a\nb\n")),
        ("!!str 7", json!("7")),
    ] {
        assert_eq!(value(&format!("key: {yaml}\n"))["key"], json, "{yaml}");
    }
}

#[test]
fn a_commit_that_reads_like_too_large_a_number_is_text() {
    let yaml = "a: 12e4567\nb:\n- 1e999\n- 12e4567\nc: \"12e4567\"\n";
    assert_eq!(value(yaml), json!({"a": "12e4567", "b": ["1e999", "12e4567"], "c": "12e4567"}));
    assert!(error("a: {b: 1e999}").starts_with(":1:8: not YAML: "));
    assert!(error("a: .inf").starts_with(":1:4: not YAML: "));
}

#[test]
fn anchors_and_merges_unfold() {
    let yaml = "base: &base {a: 1, b: 2}\nsame: *base\nmore:\n  <<: *base\n  b: 3\n";
    assert_eq!(value(yaml), json!({"base": {"a": 1, "b": 2}, "same": {"a": 1, "b": 2}, "more": {"a": 1, "b": 3}}));
}

#[test]
fn what_is_made_to_exhaust_a_reader_is_refused() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let before = format!("*a{}", level - 1);
        bomb += &format!("a{level}: &a{level} [{}]\n", [before.as_str(); 9].join(", "));
    }
    let deep_flow = format!("a: {}", "[".repeat(100_000));
    let deep_json = "[".repeat(100_000);
    let closed_flow = format!("a: {}{}", "[".repeat(500), "]".repeat(500));
    let deep_block: String = (0..5_000).map(|level| format!("{}a:\n", " ".repeat(level))).collect();
    for text in [bomb, deep_flow, closed_flow, deep_json, deep_block] {
        assert!(!error(&text).is_empty());
    }
}

#[test]
fn what_nests_as_deep_as_allowed_is_read() {
    let deep: String = (0..text::DEEPEST - 1).map(|level| format!("{}a:\n", " ".repeat(level))).collect();
    assert!(error(&deep).starts_with(":1: no kind"));
}

#[test]
fn an_input_cut_off_anywhere_is_read_or_refused_in_one_line() {
    let as_json: Value = serde_saphyr::from_str(LIST_YAML).unwrap();
    for whole in [
        LIST_YAML.to_owned(),
        serde_json::to_string_pretty(&as_json).unwrap(),
        as_json.to_string(),
        recording::write(&inventory(LIST_YAML), None),
    ] {
        for cut in (0..whole.len()).step_by(97) {
            if let Err(error) = from_text(&whole.as_bytes()[..cut]) {
                let error = error.to_string();
                assert!(!error.contains('\n') && error.contains("input"), "{error}");
            }
        }
    }
}

#[test]
fn a_list_in_yaml_cut_off_before_its_end_is_never_read_as_whole() {
    let last = LIST_YAML.rfind("kind: List").unwrap();
    for cut in (1..last).step_by(7) {
        assert!(from_text(&LIST_YAML[..cut]).is_err(), "{}", &LIST_YAML[..cut]);
    }
}

#[test]
fn reading_never_panics_on_a_byte_changed() {
    for at in (0..LIST_YAML.len()).step_by(31) {
        for byte in [b'{', b'"', b':', b'\t', b'&', b'*', 0, 0xff] {
            let mut bytes = LIST_YAML.as_bytes().to_vec();
            bytes[at] = byte;
            if let Err(error) = from_text(bytes) {
                assert!(!error.to_string().contains('\n'), "{error}");
            }
        }
    }
}

fn pod(namespace: &str, name: &str) -> String {
    object("Pod", namespace, name).to_string()
}

fn collected(inventory: &Inventory, kind: Kind, namespace: &str) -> bool {
    inventory.coverage().of_list(kind, namespace) == State::Collected
}

fn log_of(inventory: &Inventory, previous: bool, recent: bool) -> Option<Result<Option<String>, String>> {
    let key = crate::source::LogKey {
        namespace: "shop".to_owned(),
        pod: "web-1".to_owned(),
        container: "app".to_owned(),
        previous,
        recent,
    };
    inventory.log(&key).cloned()
}

fn text_of(inventory: &Inventory, previous: bool, recent: bool) -> String {
    log_of(inventory, previous, recent).unwrap().unwrap().unwrap()
}

const INSPECTED: &str = "must-gather.local/quay-io/namespaces/shop";

fn must_gather() -> Folder {
    let started = r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"web-1","namespace":"shop","creationTimestamp":"2026-01-01T10:00:00Z"}}"#;
    let log = |name: &str| format!("{INSPECTED}/pods/web-1/app/app/logs/{name}.log");
    Folder::new()
        .with(
            &format!("{INSPECTED}/core/pods.yaml"),
            format!(r#"{{"apiVersion":"v1","kind":"PodList","items":[{started}]}}"#),
        )
        .with(&format!("{INSPECTED}/core/secrets.yaml"), "apiVersion: v1\nitems: []\nkind: SecretList\n")
        .with(&format!("{INSPECTED}/route.openshift.io/routes.yaml"), "apiVersion: v1\nitems: []\nkind: RouteList\n")
        .with(&format!("{INSPECTED}/pods/web-1/web-1.yaml"), started)
        .with(&log("current"), "2026-01-01T09:00:00.000000001Z long ago\n2026-01-01T09:59:00.000000001Z of late\n")
        .with(&log("previous"), "2026-01-01T08:00:00.000000001Z panic: no\n")
        .with(
            "must-gather.local/quay-io/cluster-scoped-resources/core/nodes/n1.yaml",
            "apiVersion: v1\nkind: Node\nmetadata: {name: n1}\n",
        )
}

#[test]
fn of_a_must_gather_lists_are_all_of_a_kind_and_logs_have_times() {
    let inventory = must_gather().open("must-gather.local").unwrap().inventory;
    assert!(get::<Pod>(&inventory, "shop", "gone").is_absent());
    assert!(get::<Secret>(&inventory, "shop", "gone").is_absent());
    let unknown = Lookup::Unknown("configmaps: not in the input".to_owned());
    assert_eq!(get::<ConfigMap>(&inventory, "shop", "gone"), unknown);
    assert!(!collected(&inventory, Kind::Node, ""));
    assert_eq!(text_of(&inventory, false, false), "long ago\nof late\n");
    assert_eq!(text_of(&inventory, false, true), "of late\n");
    assert_eq!(text_of(&inventory, true, false), "panic: no\n");
}

#[test]
fn the_whole_of_a_must_gather_has_every_node() {
    let by = |words: &str| must_gather().with("must-gather.local/quay-io/version", words);
    let is_all = |folder: Folder| collected(&folder.open("must-gather.local").unwrap().inventory, Kind::Node, "");
    assert!(is_all(by("openshift/must-gather\n4.16.0\n")));
    assert!(!is_all(by("openshift-logging/must-gather\n6.0\n")));
}

fn snapshot(accounts: &str) -> Folder {
    Folder::new()
        .with("crust-gather/namespaces/shop/v1/pod/web-1.yaml", pod("shop", "web-1"))
        .with("crust-gather/namespaces/shop/v1/pod/web-1/app/current.log", "panic: no\n")
        .with(
            "crust-gather/namespaces/shop/v1/configmap/kube-root-ca.crt.yaml",
            object("ConfigMap", "shop", "kube-root-ca.crt").to_string() + "\0",
        )
        .with(
            "crust-gather/namespaces/shop/v1/serviceaccount/a.yaml",
            object("ServiceAccount", "shop", accounts).to_string(),
        )
        .with(
            "crust-gather/namespaces/shop/coordination.k8s.io-v1/lease/l.yaml",
            "apiVersion: coordination.k8s.io/v1\nkind: Lease\nmetadata: {name: l, namespace: shop}\n",
        )
        .with("crust-gather/cluster/v1/node/n1.yaml", "apiVersion: v1\nkind: Node\nmetadata: {name: n1}\n")
        .with(
            "crust-gather/cluster/v1/namespace/shop.yaml",
            "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n",
        )
}

#[test]
fn a_snapshot_from_which_nothing_was_left_out_has_all_of_a_kind() {
    let inventory = snapshot("default").open("crust-gather").unwrap().inventory;
    for kind in [Kind::Pod, Kind::ConfigMap, Kind::Node] {
        assert!(collected(&inventory, kind, "shop"), "{kind}");
    }
    // There was none of it, or it was not asked for.
    for kind in [Kind::Secret, Kind::Namespace] {
        assert!(!collected(&inventory, kind, "shop"), "{kind}");
    }
    assert_eq!(text_of(&inventory, false, false), "panic: no\n");
    assert!(matches!(log_of(&inventory, false, true), Some(Err(_))));
    assert!(inventory.custom().is_empty());
}

#[test]
fn a_snapshot_of_what_was_picked_tells_only_of_that() {
    let inventory = snapshot("deployer").open("crust-gather").unwrap().inventory;
    for kind in [Kind::Pod, Kind::ConfigMap, Kind::Node] {
        assert!(!collected(&inventory, kind, "shop"), "{kind}");
    }
}

#[test]
fn what_a_support_bundle_could_not_list_is_unknown_and_why_is_told() {
    let folder = Folder::new()
        .with("b/cluster-resources/pods/shop.json", pod("shop", "web-1").replace("{\"apiVersion", "[{\"apiVersion") + "]")
        .with("b/cluster-resources/services/shop.json", "null")
        .with("b/cluster-resources/namespaces.json", r#"[{"metadata": {"name": "shop"}}]"#)
        .with("b/cluster-resources/nodes.json", "")
        .with("b/cluster-resources/nodes-errors.json", r#"["nodes is forbidden: User \"jane\" cannot list resource \"nodes\""]"#)
        .with("b/cluster-resources/jobs-errors.json", r#"{"shop": "timed out"}"#)
        .with("b/cluster-resources/ingress/shop.json", r#"{"kind": "IngressList", "apiVersion": "networking.k8s.io/v1beta1", "items": [{"kind": "Ingress", "apiVersion": "networking.k8s.io/v1beta1", "metadata": {"name": "web", "namespace": "shop"}}]}"#);
    let inventory = folder.open("b").unwrap().inventory;
    assert!(collected(&inventory, Kind::Pod, "shop") && collected(&inventory, Kind::Service, "shop"));
    assert!(!collected(&inventory, Kind::Namespace, "shop") && !collected(&inventory, Kind::Ingress, "shop"));
    assert!(matches!(inventory.exists(Kind::Namespace, "", "shop"), Lookup::Present(())));
    let why = |kind, namespace| match inventory.coverage().of_list(kind, namespace) {
        State::Failed(why) => why,
        state => format!("{state:?}"),
    };
    assert_eq!(why(Kind::Node, ""), "forbidden: User \"jane\" cannot list resource \"nodes\"");
    assert_eq!(why(Kind::Job, "shop"), "timed out");
}

#[test]
fn an_archive_is_read_as_the_folder_that_was_packed() {
    let mut packed = tar::Builder::new(Vec::new());
    for (name, text) in [("in/pod.json", pod("a", "web")), ("in/.hidden.yaml", "][".to_owned())] {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len().try_into().unwrap());
        header.set_mode(0o644);
        packed.append_data(&mut header, name, text.as_bytes()).unwrap();
    }
    let packed = packed.into_inner().unwrap();
    assert!(matches!(get::<Pod>(&inventory(&packed), "a", "web"), Lookup::Present(_)));
    for cut in [packed.len() - 1024, 700, 520] {
        assert_eq!(
            error(&packed[..cut]),
            ": ends in the middle, so it was cut off: pack or copy it once more",
            "{cut}"
        );
    }
}

#[test]
fn an_archive_of_another_kind_is_named() {
    for (start, what) in [("PK\x03\x04..", "a zip archive"), ("BZh9", "packed with bzip2")] {
        assert_eq!(error(start), format!(": {what}: unpack it, and name the folder"));
    }
}

#[test]
fn what_a_secrets_manifest_has_as_text_is_a_key_of_it() {
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: db, namespace: a}\nstringData: {password: hunter2}\n";
    let inventory = inventory(format!("{secret}data: {{user: YQ==}}\n"));
    let kept = get::<Secret>(&inventory, "a", "db").present().unwrap();
    let keys: Vec<_> = kept.data.as_ref().unwrap().keys().collect();
    assert_eq!(keys, ["password", "user"]);
    assert!(kept.string_data.is_none());
    assert!(!inventory.all_json().any(|object| object.to_string().contains("hunter2")));
}
