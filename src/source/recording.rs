//! A recording: what a diagnosis looks at, in one file that `--from` reads
//! back, and on which the diagnosis is the same to the byte. Secrets were
//! replaced when the objects came in, so none can stand in it.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

use super::LogKey;
use crate::{
    active::Checks,
    custom::Resource,
    error::Error,
    inventory::{About, Inventory, Manifest, Names, State},
    kind::Kind,
};

/// The version of recordings that is written and read.
pub const API_VERSION: &str = "kubectl-doctor/v1";
const KIND: &str = "Recording";
const TOOL: &str = concat!("kubectl-doctor ", env!("CARGO_PKG_VERSION"));
const LEFT_OUT: &str = "the values of Secrets, large values of ConfigMaps, and what looks like a credential; what could not be read stands under collected";

/// An inventory as one JSON document, the same for the same inventory.
#[allow(clippy::expect_used, reason = "strings, lists and maps with string keys always become JSON")]
pub fn write(inventory: &Inventory, target: Option<&str>) -> String {
    let document = Document {
        api_version: API_VERSION.to_owned(),
        kind: KIND.to_owned(),
        metadata: Metadata::of(&inventory.about, target),
        types: inventory.custom().collected_types().cloned().collect(),
        collected: collected(inventory),
        names: inventory.names().map(Listing::of).collect(),
        items: Items(inventory),
        manifests: inventory.manifests().to_vec(),
        logs_collected: inventory.has_logs(),
        logs: inventory.logs().map(Log::of).collect(),
        checks: inventory.checks().cloned(),
    };
    let mut text = serde_json::to_string_pretty(&document).expect("a recording becomes JSON");
    text.push('\n');
    text
}

/// Whether a document is meant as a recording, of whatever version.
pub fn is_recording(document: &Value) -> bool {
    let api_version = document.get("apiVersion").and_then(Value::as_str).unwrap_or("kubectl-doctor/");
    document.get("kind").and_then(Value::as_str) == Some(KIND) && api_version.starts_with("kubectl-doctor/")
}

/// The inventory that a recording's text holds, and the target that it was made for.
///
/// # Errors
/// Where the text is no recording, or one of another version.
pub fn read(text: &str) -> Result<(Inventory, Option<String>), Error> {
    let document =
        serde_json::from_str(text).map_err(|error| Error::new(format!("not a recording: {error}; record it again")))?;
    let about =
        About { server: None, context: None, namespace: String::new(), now: Timestamp::UNIX_EPOCH, recorded: true };
    let mut inventory = Inventory::new(about);
    let target = read_into(document, &mut inventory)?;
    Ok((inventory, target))
}

/// Puts everything that a recording holds into an inventory; the target that
/// the recording was made for comes back.
///
/// # Errors
/// Where the recording is of another version, or not of a recording's shape.
pub fn read_into(document: Value, inventory: &mut Inventory) -> Result<Option<String>, Error> {
    refuse_other_versions(&document)?;
    let document: Document<Vec<Value>> = serde_json::from_value(document)
        .map_err(|error| Error::new(format!("not a whole recording: {error}; record it again")))?;
    let (about, target) = document.metadata.about()?;
    inventory.about = about;
    document.types.into_iter().for_each(|of| inventory.custom_mut().types.add(of));
    for item in document.items {
        insert(item, inventory)?;
    }
    for manifest in document.manifests {
        inventory.insert_manifest(manifest);
    }
    for collected in document.collected {
        collected.say_in(inventory);
    }
    for listing in document.names {
        listing.put_into(inventory);
    }
    if document.logs_collected {
        inventory.logs_are_collected();
    }
    for log in document.logs {
        log.put_into(inventory);
    }
    if let Some(checks) = document.checks {
        inventory.set_checks(checks);
    }
    Ok(target)
}

fn refuse_other_versions(document: &Value) -> Result<(), Error> {
    match document.get("apiVersion").and_then(Value::as_str) {
        Some(API_VERSION) => Ok(()),
        Some(other) => Err(Error::new(format!(
            "a recording of version {other}, and this kubectl-doctor reads {API_VERSION}: use the kubectl-doctor that recorded it, or record again"
        ))),
        None => Err(Error::new(format!(
            "a recording without apiVersion, and this kubectl-doctor reads {API_VERSION}: record it again"
        ))),
    }
}

// A kind that a later doctor knows and this one does not is passed over.
fn insert(item: Value, inventory: &mut Inventory) -> Result<(), Error> {
    let word = |key: &str| item.get(key).and_then(Value::as_str).unwrap_or_default();
    match Kind::from_object(word("kind"), word("apiVersion")) {
        Some(kind) => inventory.insert(kind, item),
        None => match inventory.custom().types.of_object(word("kind"), word("apiVersion")).cloned() {
            Some(of) => inventory.insert_custom(of, item),
            None => Ok(()),
        },
    }
}

fn kind_named(name: &str) -> Option<Kind> {
    Kind::ALL.iter().copied().find(|kind| kind.info().name == name)
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document<I> {
    api_version: String,
    kind: String,
    metadata: Metadata,
    /// The kinds of items that a doctor does not know by itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    types: Vec<Resource>,
    collected: Vec<Collected>,
    names: Vec<Listing>,
    items: I,
    /// What files have of them, where they were read from manifests.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    manifests: Vec<Manifest>,
    /// Whether these are all the logs that matter.
    logs_collected: bool,
    logs: Vec<Log>,
    /// What active checks saw, where they were made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    checks: Option<Checks>,
}

/// The objects one after the other, so that they are never all in memory a second time.
struct Items<'a>(&'a Inventory);

impl Serialize for Items<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.all_json())
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    tool: String,
    server: Option<String>,
    context: Option<String>,
    namespace: String,
    recorded: String,
    target: Option<String>,
    #[serde(default)]
    left_out: String,
}

impl Metadata {
    fn of(about: &About, target: Option<&str>) -> Self {
        Self {
            tool: TOOL.to_owned(),
            server: about.server.clone(),
            context: about.context.clone(),
            namespace: about.namespace.clone(),
            recorded: about.now.to_string(),
            target: target.map(str::to_owned),
            left_out: LEFT_OUT.to_owned(),
        }
    }

    fn about(self) -> Result<(About, Option<String>), Error> {
        let now = self.recorded.parse().map_err(|_| {
            Error::new(format!("a recording whose metadata.recorded is no time: {:?}; record it again", self.recorded))
        })?;
        let about =
            About { server: self.server, context: self.context, namespace: self.namespace, now, recorded: true };
        Ok((about, self.target))
    }
}

/// How far a kind, or one object of it by name, was collected.
#[derive(Serialize, Deserialize)]
struct Collected {
    /// Of a kind that a doctor does not know by itself.
    #[serde(default, rename = "apiVersion", skip_serializing_if = "Option::is_none")]
    api_version: Option<String>,
    kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    namespace: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(flatten)]
    state: Outcome,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "lowercase")]
enum Outcome {
    Collected,
    Absent,
    Failed { why: String },
}

impl Outcome {
    fn of(state: &State) -> Self {
        match state {
            State::Collected => Self::Collected,
            State::Absent => Self::Absent,
            State::Failed(why) => Self::Failed { why: why.clone() },
        }
    }

    fn state(self) -> State {
        match self {
            Self::Collected => State::Collected,
            Self::Absent => State::Absent,
            Self::Failed { why } => State::Failed(why),
        }
    }
}

fn collected(inventory: &Inventory) -> Vec<Collected> {
    let coverage = inventory.coverage();
    let lists = coverage.lists().map(|(kind, namespace, state)| Collected::of(kind, namespace, None, state));
    let names =
        coverage.names().map(|(kind, namespace, name, state)| Collected::of(kind, namespace, Some(name), state));
    let custom = inventory.custom().lists().map(|(of, namespace, state)| Collected {
        api_version: Some(of.api_version()),
        kind: of.kind.clone(),
        namespace: namespace.map(str::to_owned),
        name: None,
        state: Outcome::of(state),
    });
    lists.chain(names).chain(custom).collect()
}

impl Collected {
    fn of(kind: Kind, namespace: Option<&str>, name: Option<&str>, state: &State) -> Self {
        Self {
            api_version: None,
            kind: kind.to_string(),
            namespace: namespace.map(str::to_owned),
            name: name.map(str::to_owned),
            state: Outcome::of(state),
        }
    }

    fn say_in(self, inventory: &mut Inventory) {
        let (namespace, state) = (self.namespace.as_deref(), self.state.state());
        if let Some(api_version) = self.api_version {
            let of = inventory.custom().types.of_object(&self.kind, &api_version).cloned();
            of.into_iter().for_each(|of| inventory.custom_mut().list(&of, namespace, state.clone()));
            return;
        }
        let Some(kind) = kind_named(&self.kind) else { return };
        match self.name {
            Some(name) => inventory.coverage_mut().name(kind, namespace, &name, state),
            None => inventory.coverage_mut().list(kind, namespace, state),
        }
    }
}

/// The names of a kind's objects, each with its namespace.
#[derive(Serialize, Deserialize)]
struct Listing {
    kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    namespace: Option<String>,
    #[serde(flatten)]
    found: Found,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Found {
    Names(BTreeSet<(String, String)>),
    Failed(String),
}

impl Listing {
    fn of((kind, namespace, names): (Kind, Option<&str>, &Names)) -> Self {
        let found = match names {
            Ok(names) => Found::Names(names.clone()),
            Err(why) => Found::Failed(why.clone()),
        };
        Self { kind: kind.to_string(), namespace: namespace.map(str::to_owned), found }
    }

    fn put_into(self, inventory: &mut Inventory) {
        let Some(kind) = kind_named(&self.kind) else { return };
        let names = match self.found {
            Found::Names(names) => Ok(names),
            Found::Failed(why) => Err(why),
        };
        inventory.insert_names(kind, self.namespace, names);
    }
}

/// The last lines of a container's log.
#[derive(Serialize, Deserialize)]
struct Log {
    namespace: String,
    pod: String,
    container: String,
    previous: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    recent: bool,
    #[serde(flatten)]
    lines: Lines,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Lines {
    Text(String),
    /// There is no such instance of the container; always true.
    Absent(bool),
    Failed(String),
}

impl Log {
    fn of((key, log): (&LogKey, &Result<Option<String>, String>)) -> Self {
        let LogKey { namespace, pod, container, previous, recent } = key.clone();
        let lines = match log {
            Ok(Some(text)) => Lines::Text(text.clone()),
            Ok(None) => Lines::Absent(true),
            Err(why) => Lines::Failed(why.clone()),
        };
        Self { namespace, pod, container, previous, recent, lines }
    }

    fn put_into(self, inventory: &mut Inventory) {
        let key = LogKey {
            namespace: self.namespace,
            pod: self.pod,
            container: self.container,
            previous: self.previous,
            recent: self.recent,
        };
        let log = match self.lines {
            Lines::Text(text) => Ok(Some(text)),
            Lines::Absent(_) => Ok(None),
            Lines::Failed(why) => Err(why),
        };
        inventory.insert_log(key, log);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::source::{Item, Reply, Request};

    fn empty() -> Inventory {
        Inventory::new(About {
            server: None,
            context: None,
            namespace: "default".to_owned(),
            now: "2026-01-02T03:04:05Z".parse().unwrap(),
            recorded: false,
        })
    }

    fn log(container: &str, previous: bool) -> LogKey {
        LogKey {
            namespace: "shop".to_owned(),
            pod: "web-1".to_owned(),
            container: container.to_owned(),
            previous,
            recent: false,
        }
    }

    // One of everything that an inventory can hold.
    fn full() -> Inventory {
        let mut inventory = empty();
        inventory.about = About {
            server: Some("v1.34.4".to_owned()),
            context: Some("kind-shop".to_owned()),
            namespace: "shop".to_owned(),
            now: "2026-01-02T03:04:05.678901Z".parse().unwrap(),
            recorded: false,
        };
        let shop = Some("shop".to_owned());
        let pods = Request::List { kind: Kind::Pod, namespace: shop.clone() };
        inventory.take(&pods, Reply::Items(items([pod("web-2"), pod("web-1")]))).unwrap();
        let secret = json!({"metadata": {"name": "db", "namespace": "shop"}, "data": {"password": "aHVudGVyMg=="}});
        let get = |kind, name: &str| Request::Get { kind, namespace: Some("shop".to_owned()), name: name.to_owned() };
        inventory.take(&get(Kind::Secret, "db"), Reply::Object(Box::new(secret))).unwrap();
        inventory.take(&get(Kind::Secret, "gone"), Reply::Absent).unwrap();
        inventory.take(&get(Kind::Secret, "hidden"), Reply::Failed("forbidden".to_owned())).unwrap();
        inventory
            .take(&Request::List { kind: Kind::Node, namespace: None }, Reply::Failed("forbidden".to_owned()))
            .unwrap();
        let names = |kind| Request::Names { kind, namespace: Some("shop".to_owned()) };
        inventory
            .take(
                &names(Kind::ConfigMap),
                Reply::Items(items([json!({"metadata": {"name": "settings", "namespace": "shop"}})])),
            )
            .unwrap();
        inventory.take(&names(Kind::Secret), Reply::Failed("forbidden".to_owned())).unwrap();
        inventory
            .take(&Request::Log(log("app", false)), Reply::Log("a line\nconnect: password=hunter2\n".to_owned()))
            .unwrap();
        inventory.take(&Request::Log(log("app", true)), Reply::Absent).unwrap();
        inventory.take(&Request::Log(log("side", false)), Reply::Failed("timed out after 10s".to_owned())).unwrap();
        inventory.logs_are_collected();
        inventory
    }

    fn pod(name: &str) -> Value {
        json!({
            "metadata": {"name": name, "namespace": "shop", "creationTimestamp": "2026-01-01T00:00:00Z", "labels": {"app": "web"}},
            "spec": {"containers": [{"name": "app", "image": "web:1", "env": [{"name": "DB_PASSWORD", "value": "hunter2"}],
                "resources": {"limits": {"memory": "64Mi"}}, "ports": [{"containerPort": 80}], "livenessProbe": {"httpGet": {"port": "http"}}}]},
            "status": {"phase": "Running"},
        })
    }

    fn items<const N: usize>(objects: [Value; N]) -> Vec<Item> {
        objects.into_iter().map(|object| object.try_into().unwrap()).collect()
    }

    #[test]
    fn a_recording_read_back_writes_the_same_bytes() {
        let first = write(&full(), Some("deployment/web"));
        let (inventory, target) = read(&first).unwrap();
        assert_eq!(target.as_deref(), Some("deployment/web"));
        assert_eq!(write(&inventory, target.as_deref()), first);
    }

    #[test]
    fn what_is_read_back_is_what_was_looked_at() {
        let before = full();
        let (after, _) = read(&write(&before, None)).unwrap();
        assert_eq!(after.about, About { recorded: true, ..before.about.clone() });
        assert_eq!(after.coverage(), before.coverage());
        assert!(after.names().eq(before.names()));
        assert!(after.logs().eq(before.logs()));
        assert_eq!((before.has_logs(), after.has_logs()), (true, true));
        let (without_logs, _) = read(&write(&empty(), None)).unwrap();
        assert!(!without_logs.has_logs());
        assert!(after.all_json().eq(before.all_json()));
    }

    #[test]
    fn absent_stays_absent_and_unknown_stays_unknown() {
        let (inventory, _) = read(&write(&full(), None)).unwrap();
        assert!(inventory.exists(Kind::Secret, "shop", "gone").is_absent());
        assert!(inventory.exists(Kind::Pod, "shop", "gone").is_absent());
        assert!(!inventory.exists(Kind::Secret, "shop", "hidden").is_absent());
        assert!(!inventory.exists(Kind::Pod, "other", "gone").is_absent());
    }

    #[test]
    fn no_secret_is_written_and_the_names_of_keys_are() {
        let text = write(&full(), None);
        for secret in ["hunter2", "aHVudGVyMg=="] {
            assert!(!text.contains(secret), "{text}");
        }
        for name in ["password", "DB_PASSWORD"] {
            assert!(text.contains(name), "{text}");
        }
    }

    #[test]
    fn it_says_which_cluster_when_and_what_was_left_out() {
        let document: Value = serde_json::from_str(&write(&full(), Some("pod/web-1"))).unwrap();
        let metadata = &document["metadata"];
        assert_eq!(metadata["server"], "v1.34.4");
        assert_eq!(metadata["recorded"], "2026-01-02T03:04:05.678901Z");
        assert_eq!(metadata["target"], "pod/web-1");
        assert!(metadata["leftOut"].as_str().unwrap().contains("Secrets"));
        let failed = json!({"kind": "Node", "state": "failed", "why": "forbidden"});
        assert!(document["collected"].as_array().unwrap().contains(&failed), "{document:#}");
    }

    #[test]
    fn objects_stand_in_the_order_of_kind_namespace_and_name() {
        let document: Value = serde_json::from_str(&write(&full(), None)).unwrap();
        let names: Vec<_> = document["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item.pointer("/metadata/name").unwrap().clone())
            .collect();
        assert_eq!(names, ["web-1", "web-2", "db"]);
    }

    #[test]
    fn another_version_is_refused_by_name() {
        let newer = write(&full(), None).replace("kubectl-doctor/v1", "kubectl-doctor/v2");
        let error = read(&newer).unwrap_err().to_string();
        assert!(error.contains("kubectl-doctor/v2") && error.contains("reads kubectl-doctor/v1"), "{error}");
        let none = json!({"kind": "Recording"});
        assert!(is_recording(&none));
        let error = read(&none.to_string()).unwrap_err().to_string();
        assert!(error.contains("without apiVersion"), "{error}");
    }

    #[test]
    fn a_recording_with_a_part_missing_is_refused() {
        let mut document: Value = serde_json::from_str(&write(&full(), None)).unwrap();
        document.as_object_mut().unwrap().remove("logs");
        let error = read(&document.to_string()).unwrap_err().to_string();
        assert!(error.contains("missing field `logs`"), "{error}");
    }

    #[test]
    fn a_time_that_is_none_is_refused() {
        let text = write(&full(), None).replace("2026-01-02T03:04:05.678901Z", "yesterday");
        let error = read(&text).unwrap_err().to_string();
        assert!(error.contains("metadata.recorded") && error.contains("yesterday"), "{error}");
    }

    #[test]
    fn a_kind_that_only_a_later_doctor_knows_is_passed_over() {
        let mut document: Value = serde_json::from_str(&write(&full(), None)).unwrap();
        document["items"]
            .as_array_mut()
            .unwrap()
            .push(json!({"apiVersion": "x/v1", "kind": "Later", "metadata": {"name": "x"}}));
        document["collected"].as_array_mut().unwrap().push(json!({"kind": "Later", "state": "collected"}));
        let (inventory, _) = read(&document.to_string()).unwrap();
        assert_eq!(write(&inventory, None), write(&full(), None));
    }
}
