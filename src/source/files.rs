//! Objects from files instead of a cluster: recordings, what `kubectl get -o
//! yaml` or `-o json` printed, folders of manifests, and what other tools collect.
//!
//! Only what is there is known. A kind in a `List` was asked for, so it is
//! collected in the namespaces of that list; a single object tells of itself
//! alone; and whatever is not in there was not looked at, which is not missing.

mod bundle;
mod gathered;
mod manifest;
#[cfg(test)]
mod tests;
mod text;
mod tree;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use self::{bundle::Format, tree::Tree};
use super::recording;
use crate::{
    custom::Resource,
    error::Error,
    inventory::{About, Inventory, Manifest, NOT_IN_INPUT, State},
    kind::Kind,
};

const SINGLE: &str = "only single objects of it in the input";

/// What was read from files.
#[derive(Debug)]
pub struct Input {
    /// Everything in them that the doctor knows.
    pub inventory: Inventory,
    /// What the recording was made for, where one was read: `deployment/web`.
    pub target: Option<String>,
    /// How many objects were passed over, by `apiVersion/kind`: they have no name, or are of a version that is not read.
    pub skipped: BTreeMap<String, usize>,
}

/// The inventory that files hold, and what a recording among them was made for.
/// A path is a file, a directory with all its .yaml, .yml and .json files, an
/// archive of such, a bundle of another tool, or `-` for standard input; objects
/// that name no namespace are in the one given.
/// A recording says which namespace was meant; otherwise it is the one that everything is in, or all of them.
///
/// # Errors
/// Where a file cannot be read or is broken, is a list that was cut short, or
/// nothing in the files is an object that the doctor knows.
pub fn read(paths: &[PathBuf], namespace: &str) -> Result<(Inventory, Option<String>), Error> {
    let input = open(paths, namespace)?;
    Ok((input.inventory, input.target))
}

/// As [`read`], with what was passed over.
///
/// # Errors
/// As [`read`].
pub fn open(paths: &[PathBuf], namespace: &str) -> Result<Input, Error> {
    let mut reader = Reader::new(namespace);
    for path in paths {
        reader.path(path)?;
    }
    reader.finish(paths)
}

/// The objects that manifests describe, which may have been taken from a cluster; those of no namespace have none yet.
///
/// # Errors
/// As [`read`].
pub fn manifests(paths: &[PathBuf]) -> Result<Vec<Manifest>, Error> {
    let mut reader = Reader { takes_any: true, ..Reader::new("") };
    for path in paths {
        reader.path(path)?;
    }
    Ok(reader.finish(paths)?.inventory.manifests().to_vec())
}

struct Reader<'a> {
    namespace: &'a str,
    // Whether every object is taken for a manifest.
    takes_any: bool,
    input: Input,
    // Why a kind of which something is in the input is not collected.
    partly: BTreeMap<Kind, String>,
    recorded: Option<Timestamp>,
    newest: Option<Timestamp>,
    known: usize,
    namespaces: BTreeSet<String>,
    // Where the document begins that is read, unless another tool wrote it.
    place: String,
}

/// Where an object is.
struct Place {
    kind: Kind,
    namespace: Option<String>,
    name: String,
}

impl<'a> Reader<'a> {
    fn new(namespace: &'a str) -> Self {
        let about =
            About { server: None, context: None, namespace: String::new(), now: Timestamp::UNIX_EPOCH, recorded: true };
        let input = Input { inventory: Inventory::new(about), target: None, skipped: BTreeMap::new() };
        Self {
            namespace,
            takes_any: false,
            input,
            partly: BTreeMap::new(),
            recorded: None,
            newest: None,
            known: 0,
            namespaces: BTreeSet::new(),
            place: String::new(),
        }
    }

    fn path(&mut self, path: &Path) -> Result<(), Error> {
        if path == Path::new("-") {
            let mut bytes = Vec::new();
            io::stdin().lock().read_to_end(&mut bytes).map_err(|error| cannot_read("standard input", &error))?;
            return match Tree::in_bytes(bytes)? {
                Ok(archive) => self.tree(&archive),
                Err(bytes) => self.text("standard input", bytes),
            };
        }
        if path.is_dir() {
            return self.tree(&Tree::Folder(path.to_owned()));
        }
        match Tree::in_file(path)? {
            Some(archive) => self.tree(&archive),
            None => self.file(path),
        }
    }

    fn tree(&mut self, tree: &Tree) -> Result<(), Error> {
        let paths = tree.paths()?;
        if let Some(format) = Format::of(&paths) {
            return self.bundle(tree, format);
        }
        if !paths.iter().any(|path| is_objects_file(path)) {
            return Err(Error::new(format!(
                "{}: no .yaml, .yml or .json file in it: name another directory, or a file",
                tree.name()
            )));
        }
        tree.each(&mut |path, content| {
            if !is_objects_file(path) {
                return Ok(());
            }
            let name = tree.name_of(path);
            let bytes = tree.content(path, content)?;
            self.text(&name, bytes)
        })
    }

    fn file(&mut self, path: &Path) -> Result<(), Error> {
        let name = path.display().to_string();
        let bytes = fs::read(path).map_err(|error| cannot_read(&name, &error))?;
        self.text(&name, bytes)
    }

    fn text(&mut self, name: &str, bytes: Vec<u8>) -> Result<(), Error> {
        if let Some(read) = self.printed_dump(name, &bytes) {
            return read;
        }
        for text::Document { line, value } in documents(name, bytes)? {
            self.place = format!("{name}:{line}");
            self.document(value).map_err(|error| Error::new(format!("{}: {error}", self.place)))?;
        }
        self.place.clear();
        Ok(())
    }

    fn document(&mut self, document: Value) -> Result<(), Error> {
        if document.is_null() {
            return Ok(());
        }
        if recording::is_recording(&document) {
            return self.recording(document);
        }
        match refusal(&document) {
            Some(why) => Err(Error::new(why)),
            None if is_list(&document) => self.list(document),
            None => self.single(document),
        }
    }

    fn recording(&mut self, document: Value) -> Result<(), Error> {
        let target = recording::read_into(document, &mut self.input.inventory)?;
        self.input.target = target.or(self.input.target.take());
        self.recorded = self.recorded.max(Some(self.input.inventory.about.now));
        Ok(())
    }

    fn single(&mut self, object: Value) -> Result<(), Error> {
        let Some(Place { kind, namespace, name }) = self.object(object, State::Failed(SINGLE.to_owned()))? else {
            return Ok(());
        };
        self.input.inventory.coverage_mut().name(kind, namespace.as_deref(), &name, State::Collected);
        self.partly.entry(kind).or_insert_with(|| SINGLE.to_owned());
        Ok(())
    }

    fn list(&mut self, mut list: Value) -> Result<(), Error> {
        refuse_truncated(&list)?;
        let mut kinds = BTreeSet::new();
        let mut namespaces = BTreeSet::new();
        for (at, item) in take_items(&mut list)?.into_iter().enumerate() {
            let place = self.item(&list, item).map_err(|error| Error::new(format!("items[{at}]: {error}")))?;
            if let Some(place) = place {
                kinds.insert(place.kind);
                namespaces.extend(place.namespace);
            }
        }
        self.say_collected(&kinds, &namespaces);
        Ok(())
    }

    fn item(&mut self, list: &Value, item: Value) -> Result<Option<Place>, Error> {
        let item = named_as_in(list, item)?;
        if is_list(&item) {
            self.list(item)?;
            return Ok(None);
        }
        self.object(item, State::Collected)
    }

    fn say_collected(&mut self, kinds: &BTreeSet<Kind>, namespaces: &BTreeSet<String>) {
        let coverage = self.input.inventory.coverage_mut();
        for kind in kinds {
            if !kind.info().namespaced {
                coverage.list(*kind, None, State::Collected);
                continue;
            }
            for namespace in namespaces {
                coverage.list(*kind, Some(namespace), State::Collected);
            }
        }
    }

    // Where it is, unless it is of a kind that the doctor does not know by itself, of which it tells this much.
    fn object(&mut self, mut object: Value, of_its_kind: State) -> Result<Option<Place>, Error> {
        let is_manifest = self.takes_any || manifest::is_one(&object);
        let written = (is_manifest && !self.place.is_empty()).then(|| object.clone());
        let kind = self.known_kind(&object)?;
        if written.as_ref().is_some_and(manifest::is_removed) {
            manifest::name_metadata(&mut object);
            self.note_manifest(written, &object);
            return Ok(None);
        }
        let Some(kind) = kind else { return self.custom(object, of_its_kind).map(|()| None) };
        if written.is_some() {
            manifest::name_metadata(&mut object);
        }
        let place = settle(kind, &mut object, self.namespace)?;
        self.note_manifest(written, &object);
        if kind == Kind::Secret {
            manifest::keep_texts(&mut object);
        }
        self.newest = self.newest.max(newest(&object));
        self.input
            .inventory
            .insert(kind, object)
            .map_err(|error| Error::new(format!("{error}; correct it, or leave it out")))?;
        self.known += 1;
        self.namespaces.extend(place.namespace.clone());
        Ok(Some(place))
    }

    fn known_kind(&mut self, object: &Value) -> Result<Option<Kind>, Error> {
        let (name, api_version) = (word(object, "kind"), word(object, "apiVersion"));
        if api_version.is_empty() {
            return Err(Error::new(format!(
                "a {name} without apiVersion is no Kubernetes object: name the files that hold objects"
            )));
        }
        let kind = Kind::from_object(name, api_version);
        if let Some(known) = kind.filter(|kind| kind.api_version() == api_version) {
            return Ok(Some(known));
        }
        if let Some(other_version) = kind {
            self.partly.insert(
                other_version,
                format!("in the input as {api_version}, and {} is read", other_version.api_version()),
            );
        }
        Ok(None)
    }

    fn custom(&mut self, object: Value, of_its_kind: State) -> Result<(), Error> {
        let (kind, api_version) = (word(&object, "kind").to_owned(), word(&object, "apiVersion").to_owned());
        let metadata = &object["metadata"];
        if Kind::from_object(&kind, &api_version).is_some() || word(metadata, "name").is_empty() {
            *self.input.skipped.entry(format!("{api_version}/{kind}")).or_default() += 1;
            return Ok(());
        }
        let namespace = Some(word(metadata, "namespace").to_owned()).filter(|namespace| !namespace.is_empty());
        let custom = self.input.inventory.custom_mut();
        let known = custom.types.of_object(&kind, &api_version).cloned();
        let of = known.unwrap_or_else(|| Resource::of_object(&kind, &api_version, namespace.is_some()));
        if custom.of_list(&of, namespace.as_deref()) != State::Collected {
            custom.list(&of, namespace.as_deref(), of_its_kind);
        }
        self.newest = self.newest.max(newest(&object));
        self.input.inventory.insert_custom(of, object)?;
        self.known += 1;
        self.namespaces.extend(namespace);
        Ok(())
    }

    fn finish(mut self, paths: &[PathBuf]) -> Result<Input, Error> {
        if let Some(recorded) = self.recorded {
            self.input.inventory.about.now = recorded;
            return Ok(self.input);
        }
        if self.known == 0 {
            return Err(Error::new(nothing_known(paths, &self.input.skipped)));
        }
        let about = &mut self.input.inventory.about;
        about.now = self.newest.unwrap_or_else(Timestamp::now);
        if self.namespaces.len() == 1 {
            about.namespace = self.namespaces.pop_first().unwrap_or_default();
        }
        self.say_what_is_not_there();
        Ok(self.input)
    }

    fn say_what_is_not_there(&mut self) {
        let coverage = self.input.inventory.coverage_mut();
        for kind in Kind::ALL {
            let collected_everywhere =
                coverage.lists().any(|(listed, namespace, _)| listed == *kind && namespace.is_none());
            if !collected_everywhere {
                let why = self.partly.get(kind).map_or(NOT_IN_INPUT, String::as_str);
                coverage.list(*kind, None, State::Failed(why.to_owned()));
            }
        }
    }
}

fn documents(name: &str, bytes: Vec<u8>) -> Result<Vec<text::Document>, Error> {
    text::documents(bytes).map_err(|fault| Error::new(format!("{name}:{fault}")))
}

fn cannot_read(name: &str, error: &io::Error) -> Error {
    Error::new(format!("{name}: cannot be read: {error}: name a file, a directory, or - for standard input"))
}

// A kustomization says which files to take, and often leaves out its kind.
fn is_objects_file(path: &str) -> bool {
    let path = Path::new(path);
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    matches!(extension, "yaml" | "yml" | "json") && stem != "kustomization"
}

// Why a document is nothing that could be diagnosed, and what to do.
fn refusal(document: &Value) -> Option<String> {
    let what = match document {
        Value::Object(map) => return refusal_of_map(map),
        Value::String(_) => "plain text, not an object: add -o yaml to kubectl get",
        Value::Array(_) => "a bare list, not an object: give it as kubectl prints it, with kind: List",
        Value::Number(_) => "a number, not an object: name the files that hold objects",
        Value::Bool(_) | Value::Null => "true or false, not an object: name the files that hold objects",
    };
    Some(what.to_owned())
}

fn refusal_of_map(map: &Map<String, Value>) -> Option<String> {
    match map.get("kind").and_then(Value::as_str) {
        None | Some("") if map.contains_key("items") => {
            Some("items without kind: List, so the file was cut off: write it once more".to_owned())
        }
        None | Some("") => Some("no kind, so it is no Kubernetes object: name the files that hold objects".to_owned()),
        Some("Status") => {
            let message = map.get("message").and_then(Value::as_str).unwrap_or("it says no more");
            Some(format!("the API server's refusal instead of objects: {message}: ask for what may be read"))
        }
        Some(_) => None,
    }
}

fn is_list(document: &Value) -> bool {
    word(document, "kind").ends_with("List") && document.get("items").is_some_and(|items| !items.is_object())
}

fn refuse_truncated(list: &Value) -> Result<(), Error> {
    let rest = &list["metadata"]["remainingItemCount"];
    if word(&list["metadata"], "continue").is_empty() && rest.as_u64().unwrap_or_default() == 0 {
        return Ok(());
    }
    let how_many = rest.as_u64().map_or_else(|| "more".to_owned(), |rest| format!("{rest} more"));
    Err(Error::new(format!("a truncated list, {how_many} objects follow: fetch all of them, without limit=")))
}

fn take_items(list: &mut Value) -> Result<Vec<Value>, Error> {
    match list["items"].take() {
        Value::Array(items) => Ok(items),
        Value::Null => Ok(Vec::new()),
        _ => Err(Error::new("a list whose items are no list: give it as kubectl prints it")),
    }
}

// The items of a PodList leave their kind to the list.
fn named_as_in(list: &Value, mut item: Value) -> Result<Value, Error> {
    let Some(map) = item.as_object_mut() else {
        return Err(Error::new(refusal(&item).unwrap_or_default()));
    };
    let of_items = word(list, "kind").strip_suffix("List").unwrap_or_default();
    if !map.contains_key("kind") && !of_items.is_empty() {
        map.insert("kind".to_owned(), of_items.into());
        map.insert("apiVersion".to_owned(), list["apiVersion"].clone());
    }
    match refusal(&item) {
        Some(why) => Err(Error::new(why)),
        None => Ok(item),
    }
}

// Gives an object the place it would have in a cluster, and says which.
fn settle(kind: Kind, object: &mut Value, namespace: &str) -> Result<Place, Error> {
    let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) else {
        return Err(Error::new(format!("a {kind} has no metadata: give it a metadata.name, or leave it out")));
    };
    // `kubectl create` makes a name of it; what is not created yet goes by its beginning.
    let generated = metadata.get("generateName").cloned();
    let name =
        metadata.entry("name").or_insert_with(|| generated.unwrap_or_default()).as_str().unwrap_or_default().to_owned();
    if name.is_empty() {
        return Err(Error::new(format!("a {kind} has no metadata.name: give it one, or leave it out")));
    }
    if !kind.info().namespaced {
        metadata.remove("namespace");
        return Ok(Place { kind, namespace: None, name });
    }
    let given = metadata.get("namespace").and_then(Value::as_str).unwrap_or_default();
    let namespace = if given.is_empty() { namespace } else { given }.to_owned();
    metadata.insert("namespace".to_owned(), json!(namespace));
    Ok(Place { kind, namespace: Some(namespace), name })
}

/// The newest time at which something happened to an object. Times that lie
/// ahead (when a certificate ends, when a deletion is due) are not among these.
fn newest(object: &Value) -> Option<Timestamp> {
    match object {
        Value::Object(map) => {
            map.iter().filter_map(|(key, value)| if happened(key) { time(value) } else { newest(value) }).max()
        }
        Value::Array(list) => list.iter().filter_map(newest).max(),
        _ => None,
    }
}

fn happened(key: &str) -> bool {
    const KEYS: &[&str] = &[
        "completionTime",
        "creationTimestamp",
        "eventTime",
        "finishedAt",
        "firstTimestamp",
        "lastHeartbeatTime",
        "lastObservedTime",
        "lastProbeTime",
        "lastScaleTime",
        "lastScheduleTime",
        "lastSuccessfulTime",
        "lastTimestamp",
        "lastTransitionTime",
        "lastUpdateTime",
        "startTime",
        "startedAt",
        "time",
    ];
    KEYS.contains(&key)
}

fn time(value: &Value) -> Option<Timestamp> {
    value.as_str()?.parse().ok()
}

fn word<'a>(object: &'a Value, key: &str) -> &'a str {
    object.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn nothing_known(paths: &[PathBuf], skipped: &BTreeMap<String, usize>) -> String {
    let names: Vec<_> = paths
        .iter()
        .map(|path| if path == Path::new("-") { "standard input".to_owned() } else { path.display().to_string() })
        .collect();
    let there = match skipped.iter().next() {
        Some((kind, count)) => format!("only others, as {count} of {kind}"),
        None => "it is empty".to_owned(),
    };
    format!("{}: no object that the doctor knows ({there}): give it what kubectl get -o yaml prints", names.join(", "))
}
