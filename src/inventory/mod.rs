//! The objects that were collected, typed and indexed; and which were not, and why.

mod coverage;
mod custom;
mod fields;
mod lookup;
mod manifest;
mod outline;
mod redact;
mod store;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use k8s_openapi::{
    api::core::v1::Pod,
    apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference},
};
use serde_json::Value;

pub use coverage::{Coverage, NOT_IN_INPUT, State};
pub use custom::Custom;
pub use fields::of as fields_of;
pub use lookup::{Known, Lookup, UNKNOWN};
pub use manifest::Manifest;
pub use outline::Outline;
pub use redact::{LAST_APPLIED, certificate, mask_text, registries};

use crate::{
    active::Checks,
    custom::Resource,
    document::ObjectRef,
    error::Error,
    facts::object,
    kind::{Kept, Kind},
    parallel,
    source::{Item, LogKey, Reply, Request},
};
pub use store::Twin;
use store::{Tables, Typed};

const OBJECTS_A_THREAD: usize = 20;

/// What writes Events of the causes that it finds; of which none is evidence for them.
pub const REPORTER: &str = "kubectl-doctor";

/// What is known of the run as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// The server's version, `v1.34.4`.
    pub server: Option<String>,
    /// The kubeconfig context.
    pub context: Option<String>,
    /// The namespace that names without one are looked up in.
    pub namespace: String,
    /// When the objects were looked at; ages count from here.
    pub now: Timestamp,
    /// Whether the objects come from a recording or files rather than from a cluster.
    pub recorded: bool,
}

/// Namespaces and names of a kind, or why they could not be listed.
pub type Names = Result<BTreeSet<(String, String)>, String>;

/// Everything that a diagnosis looks at.
#[derive(Debug)]
pub struct Inventory {
    /// Of the run as a whole.
    pub about: About,
    tables: Tables,
    custom: Custom,
    manifests: Vec<Manifest>,
    coverage: Coverage,
    names: BTreeMap<(Kind, Option<String>), Names>,
    outlines: BTreeMap<(Kind, String, String), Outline>,
    in_part: BTreeSet<Kind>,
    logs: BTreeMap<LogKey, Result<Option<String>, String>>,
    has_logs: bool,
    checks: Option<Checks>,
}

impl Inventory {
    /// An inventory in which nothing was collected yet.
    pub fn new(about: About) -> Self {
        Self {
            about,
            tables: Tables::default(),
            custom: Custom::default(),
            manifests: Vec::new(),
            coverage: Coverage::default(),
            names: BTreeMap::new(),
            outlines: BTreeMap::new(),
            in_part: BTreeSet::new(),
            logs: BTreeMap::new(),
            has_logs: false,
            checks: None,
        }
    }

    /// What active checks saw; nothing where none were made.
    pub fn checks(&self) -> Option<&Checks> {
        self.checks.as_ref()
    }

    /// Takes in what active checks saw.
    pub fn set_checks(&mut self, checks: Checks) {
        self.checks = Some(checks);
    }

    /// Takes in what came back for a request. Secret values and what looks like
    /// a credential are replaced here, before anything else can see them.
    ///
    /// # Errors
    /// Where an object is not of the shape that its kind has.
    pub fn take(&mut self, request: &Request, reply: Reply) -> Result<(), Error> {
        match (request, reply) {
            (Request::List { kind, namespace }, Reply::Items(items)) => {
                self.insert_all(*kind, &items)?;
                self.coverage.list(*kind, namespace.as_deref(), State::Collected);
            }
            (Request::List { kind, namespace }, Reply::Failed(why)) => {
                self.coverage.list(*kind, namespace.as_deref(), State::Failed(why));
            }
            (Request::Get { kind, namespace, name }, reply) => {
                let state = match reply {
                    Reply::Object(item) => {
                        self.insert(*kind, *item)?;
                        State::Collected
                    }
                    Reply::Absent => State::Absent,
                    Reply::Failed(why) => State::Failed(why),
                    _ => State::Failed("no object came back".to_owned()),
                };
                self.coverage.name(*kind, namespace.as_deref(), name, state);
            }
            (Request::Names { kind, namespace }, Reply::Items(items)) => {
                let mut names = BTreeSet::new();
                for item in items {
                    let object = item.read()?;
                    let Some((namespace, name)) = namespace_and_name(&object) else { continue };
                    if matches!(kind, Kind::ConfigMap | Kind::Secret) {
                        self.outlines.insert((*kind, namespace.clone(), name.clone()), Outline::of(&object));
                    }
                    names.insert((namespace, name));
                }
                self.names.insert((*kind, namespace.clone()), Ok(names));
            }
            (Request::Names { kind, namespace }, Reply::Failed(why)) => {
                self.names.insert((*kind, namespace.clone()), Err(why));
            }
            (Request::Matching { kind, .. } | Request::Selected { kind, .. }, Reply::Items(items)) => {
                self.insert_all(*kind, &items)?;
            }
            (Request::Selected { kind, namespace, .. }, Reply::Failed(why)) => {
                self.coverage.list(*kind, namespace.as_deref(), State::Failed(why));
            }
            (Request::Log(key), Reply::Log(text)) => {
                self.logs.insert(key.clone(), Ok(Some(mask_text(&text))));
            }
            (Request::Log(key), Reply::Absent) => {
                self.logs.insert(key.clone(), Ok(None));
            }
            (Request::Log(key), Reply::Failed(why)) => {
                self.logs.insert(key.clone(), Err(why));
            }
            (Request::Discovery(_), Reply::Object(document)) => self.custom.types.learn(*document),
            (Request::Discovery(_), Reply::Failed(why)) => self.custom.types.fail(why),
            (Request::Objects { of, namespace }, Reply::Items(items)) => {
                for item in items {
                    let mut object = item.read()?;
                    say_kind(&mut object, of);
                    self.insert_custom(of.clone(), object)?;
                }
                self.custom.list(of, namespace.as_deref(), State::Collected);
            }
            (Request::Objects { of, namespace }, Reply::Failed(why)) => {
                self.custom.list(of, namespace.as_deref(), State::Failed(why));
            }
            (Request::Version, Reply::Version(version)) => self.about.server = Some(version),
            _ => {}
        }
        Ok(())
    }

    /// Puts one object in, without saying that its kind was collected.
    ///
    /// # Errors
    /// Where the object is not of the shape that its kind has.
    pub fn insert(&mut self, kind: Kind, mut object: Value) -> Result<(), Error> {
        fields::pack(&mut object);
        self.put(typed(kind, object)?);
        Ok(())
    }

    fn insert_all(&mut self, kind: Kind, items: &[Item]) -> Result<(), Error> {
        let read = |item: &Item| typed(kind, item.read_as::<fields::Packed>()?.0);
        for object in parallel::map(items, OBJECTS_A_THREAD, || read) {
            self.put(object?);
        }
        Ok(())
    }

    fn put(&mut self, object: Typed) {
        if !matches!(&object, Typed::Event(event) if event.reporting_component.as_deref() == Some(REPORTER)) {
            self.tables.insert(object);
        }
    }

    /// Puts one pod in that stands for several which are alike, that one among them.
    pub fn insert_alike(&mut self, pod: Pod, twins: Vec<Twin>) {
        self.tables.insert_alike(pod, twins);
    }

    /// The pods that this one stands for; none where it stands for itself.
    pub fn twins(&self, pod: &Pod) -> &[Twin] {
        self.tables.table::<Pod>().twins(object::namespace(&pod.metadata), object::name(&pod.metadata))
    }

    /// Every pod that another stands for, with that one.
    pub fn all_twins(&self) -> impl Iterator<Item = (&Pod, &Twin)> {
        self.tables.table::<Pod>().all_twins()
    }

    /// Puts one object of another kind in.
    ///
    /// # Errors
    /// Where the object is none.
    pub fn insert_custom(&mut self, of: Resource, mut object: Value) -> Result<(), Error> {
        redact::custom(&mut object);
        let kind = of.kind.clone();
        self.custom.types.add(of.clone());
        self.custom.insert(of, object).map_err(|error| Error::new(format!("cannot read a {kind}: {error}")))
    }

    /// Puts an object in as a file has it, beside what there is of it in the cluster.
    pub fn insert_manifest(&mut self, mut manifest: Manifest) {
        match Kind::from_object(&manifest.object.kind, &manifest.object.api_version) {
            Some(kind) => redact::object(kind, &mut manifest.written),
            None => redact::custom(&mut manifest.written),
        }
        self.manifests.push(manifest);
    }

    /// The objects as files have them, in their order.
    pub fn manifests(&self) -> &[Manifest] {
        &self.manifests
    }

    /// The objects of other kinds.
    pub fn custom(&self) -> &Custom {
        &self.custom
    }

    /// To say how far other kinds were collected.
    pub fn custom_mut(&mut self) -> &mut Custom {
        &mut self.custom
    }

    /// Says how far a kind was collected.
    pub fn coverage_mut(&mut self) -> &mut Coverage {
        &mut self.coverage
    }

    /// How far each kind was collected.
    pub fn coverage(&self) -> &Coverage {
        &self.coverage
    }

    /// One object by name: there, not there, or not looked at.
    pub fn get<T: Kept>(&self, namespace: &str, name: &str) -> Lookup<&T> {
        match self.tables.table::<T>().get(namespace, name) {
            Some(found) => Lookup::Present(found),
            None => match self.coverage.of_name(T::OF, namespace, name) {
                State::Collected | State::Absent => Lookup::Absent,
                State::Failed(why) => Lookup::Unknown(format!("{}: {why}", T::OF.resource())),
            },
        }
    }

    /// All objects of a kind in a namespace, where they were all collected.
    pub fn list<T: Kept>(&self, namespace: &str) -> Known<Vec<&T>> {
        match self.coverage.of_list(T::OF, namespace) {
            State::Collected | State::Absent => Known::Known(self.seen(namespace).collect()),
            State::Failed(why) => Known::Unknown(format!("{}: {why}", T::OF.resource())),
        }
    }

    /// The objects of a kind in a namespace that were seen, whether or not these are all.
    pub fn seen<'a, T: Kept>(&'a self, namespace: &str) -> impl Iterator<Item = &'a T> + use<'a, T> {
        self.tables.table::<T>().in_namespace(namespace)
    }

    /// Every object of a kind that was seen, in any namespace.
    pub fn seen_anywhere<T: Kept>(&self) -> impl Iterator<Item = &T> {
        self.tables.table::<T>().all()
    }

    /// Every object that was deleted and is still there.
    pub fn deleted(&self) -> impl Iterator<Item = (ObjectRef, &ObjectMeta)> {
        let custom = self.custom.objects().filter(|object| object.metadata.deletion_timestamp.is_some());
        let typed = self.tables.deleted().into_iter();
        typed
            .map(|(kind, metadata)| (object::ref_of(kind, metadata), metadata))
            .chain(custom.map(|object| (object.object_ref(), &object.metadata)))
    }

    /// Every object that something controls, with what controls it.
    pub fn controlled(&self) -> impl Iterator<Item = (ObjectRef, &OwnerReference)> {
        let typed = self.tables.controlled().into_iter();
        let custom = self
            .custom
            .objects()
            .filter_map(|object| Some((object.object_ref(), object::controller(&object.metadata)?)));
        typed.map(|(kind, metadata, owner)| (object::ref_of(kind, metadata), owner)).chain(custom)
    }

    /// An object of whatever kind, as JSON.
    pub fn json_of(&self, object: &ObjectRef) -> Option<Value> {
        match Kind::from_object(&object.kind, &object.api_version) {
            Some(kind) => self.json(kind, &object.namespace, &object.name),
            None => self.custom.get(object).map(|object| object.json.clone()),
        }
    }

    /// An object as JSON, by kind: to read a field by its path.
    pub fn json(&self, kind: Kind, namespace: &str, name: &str) -> Option<Value> {
        self.tables.json(kind, namespace, name).map(fields::unpack)
    }

    /// Every object as JSON, in the order of kind, namespace and name.
    pub fn all_json(&self) -> impl Iterator<Item = Value> + '_ {
        let custom = self.custom.objects().map(|object| object.json.clone());
        Kind::ALL.iter().flat_map(|kind| self.tables.all_json(*kind)).map(fields::unpack).chain(custom)
    }

    /// Whether an object is there, where nobody needs what is in it.
    pub fn exists(&self, kind: Kind, namespace: &str, name: &str) -> Lookup<()> {
        if self.tables.has(kind, namespace, name) {
            return Lookup::Present(());
        }
        let why = match self.coverage.of_name(kind, namespace, name) {
            State::Collected | State::Absent => return Lookup::Absent,
            State::Failed(why) => why,
        };
        match self.names_of(kind, namespace) {
            Some(Ok(names)) if names.contains(&(namespace.to_owned(), name.to_owned())) => Lookup::Present(()),
            Some(Ok(_)) => Lookup::Absent,
            Some(Err(why)) => Lookup::Unknown(format!("{}: {why}", kind.resource())),
            None => Lookup::Unknown(format!("{}: {why}", kind.resource())),
        }
    }

    // The listing that tells most: one that went well, of this namespace before that of all.
    fn names_of(&self, kind: Kind, namespace: &str) -> Option<&Names> {
        let here = self.names.get(&(kind, Some(namespace.to_owned())));
        let everywhere = self.names.get(&(kind, None));
        here.filter(|names| names.is_ok()).or(everywhere.filter(|names| names.is_ok())).or(here).or(everywhere)
    }

    /// The names of a kind that are known, with their namespaces; not evidence that there are no others.
    pub fn known_names(&self, kind: Kind) -> BTreeSet<(String, String)> {
        let listed = self.names.iter().filter(|((listed, _), _)| *listed == kind);
        let mut names: BTreeSet<_> = listed.filter_map(|(_, names)| names.as_ref().ok()).flatten().cloned().collect();
        names.extend(self.tables.names(kind));
        names
    }

    /// Every listing of names, in order.
    pub fn names(&self) -> impl Iterator<Item = (Kind, Option<&str>, &Names)> {
        self.names.iter().map(|((kind, namespace), names)| (*kind, namespace.as_deref(), names))
    }

    /// Puts a listing of names in.
    pub fn insert_names(&mut self, kind: Kind, namespace: Option<String>, names: Names) {
        self.names.insert((kind, namespace), names);
    }

    /// What is known of the content of a ConfigMap or Secret of which only the metadata was listed.
    pub fn outline(&self, kind: Kind, namespace: &str, name: &str) -> Option<&Outline> {
        self.outlines.get(&(kind, namespace.to_owned(), name.to_owned()))
    }

    /// Says that all of a kind was looked at, though not every object of it is here: others stand for them.
    pub fn collected_in_part(&mut self, kind: Kind) {
        self.coverage.list(kind, None, State::Collected);
        self.in_part.insert(kind);
    }

    /// Whether others stand for some objects of a kind.
    pub fn is_in_part(&self, kind: Kind) -> bool {
        self.in_part.contains(&kind)
    }

    /// The last lines of a container's log: the text, nothing where there is no
    /// such instance; or why it could not be read. `None` where nobody asked.
    pub fn log(&self, key: &LogKey) -> Option<&Result<Option<String>, String>> {
        self.logs.get(key)
    }

    /// Says that the logs that matter are in here, so that one that is not does not matter.
    pub fn logs_are_collected(&mut self) {
        self.has_logs = true;
    }

    /// Whether the logs that matter are in here.
    pub fn has_logs(&self) -> bool {
        self.has_logs
    }

    /// Puts a log in.
    pub fn insert_log(&mut self, key: LogKey, log: Result<Option<String>, String>) {
        self.logs.insert(key, log.map(|text| text.map(|text| mask_text(&text))));
    }

    /// Every log, in order.
    pub fn logs(&self) -> impl Iterator<Item = (&LogKey, &Result<Option<String>, String>)> {
        self.logs.iter()
    }
}

// Without secret values.
fn typed(kind: Kind, mut object: Value) -> Result<Typed, Error> {
    redact::object(kind, &mut object);
    let named = namespace_and_name(&object);
    Typed::read(kind, object).map_err(|error| {
        let name = named.map_or_else(|| "without a name".to_owned(), |(_, name)| name);
        Error::new(format!("cannot read {kind} {name}: {error}"))
    })
}

// A list says of which kind its items are.
fn say_kind(object: &mut Value, of: &Resource) {
    if let Some(object) = object.as_object_mut() {
        object.entry("apiVersion").or_insert_with(|| of.api_version().into());
        object.entry("kind").or_insert_with(|| of.kind.clone().into());
    }
}

fn namespace_and_name(object: &Value) -> Option<(String, String)> {
    let metadata = object.get("metadata")?;
    let namespace = metadata.get("namespace").and_then(Value::as_str).unwrap_or_default();
    Some((namespace.to_owned(), metadata.get("name")?.as_str()?.to_owned()))
}
