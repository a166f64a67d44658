//! Where objects come from: a live cluster, a recording, somebody's files.

pub mod cached;
pub mod collect;
pub mod files;
pub mod live;
mod log;
pub mod recording;
mod said;

use serde::Deserialize;
use serde_json::{Value, value::RawValue};

use crate::{
    custom::{Resource, Root},
    error::Error,
    kind::Kind,
};

/// One thing to ask a cluster for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Request {
    /// All objects of a kind, in one namespace or in all.
    List {
        /// What is listed.
        kind: Kind,
        /// `None` lists all namespaces, and kinds that have none.
        namespace: Option<String>,
    },
    /// One object by its name.
    Get {
        /// What is fetched.
        kind: Kind,
        /// `None` for kinds that live in no namespace.
        namespace: Option<String>,
        /// `metadata.name`.
        name: String,
    },
    /// Names without content (PartialObjectMetadata).
    Names {
        /// What is listed.
        kind: Kind,
        /// `None` lists all namespaces.
        namespace: Option<String>,
    },
    /// The objects of a kind that carry these labels, in any namespace: a help to
    /// find the nearest, at most a hundred.
    Matching {
        /// What is listed.
        kind: Kind,
        /// As `kubectl -l` takes it: `app=web,tier=front`.
        selector: String,
    },
    /// Every object of a kind that carries these labels, in one namespace or in all.
    Selected {
        /// What is listed.
        kind: Kind,
        /// `None` lists all namespaces.
        namespace: Option<String>,
        /// As `kubectl -l` takes it: `app in (web,api),tier=front`.
        selector: String,
    },
    /// The pods of a namespace as `kubectl get` shows them, without the objects.
    Rows {
        /// Where: a row does not say.
        namespace: String,
    },
    /// All objects of a kind that the doctor does not know by itself, in one namespace or in all.
    Objects {
        /// What is listed.
        of: Resource,
        /// `None` lists all namespaces, and kinds that have none.
        namespace: Option<String>,
    },
    /// Which kinds the server serves.
    Discovery(Root),
    /// The last lines of a container's log.
    Log(LogKey),
    /// The server's version.
    Version,
}

impl Request {
    /// What it asks for, in a few words: `pods`, `names of secrets`.
    pub fn what(&self) -> String {
        match self {
            Request::List { kind, .. } => kind.resource().to_owned(),
            Request::Get { kind, .. } => format!("one of {}", kind.resource()),
            Request::Names { kind, .. } => format!("names of {}", kind.resource()),
            Request::Matching { kind, .. } => format!("{} by labels", kind.resource()),
            Request::Selected { kind, .. } => format!("{} by labels", kind.resource()),
            Request::Rows { .. } => "rows of pods".to_owned(),
            Request::Objects { of, .. } => of.name(),
            Request::Discovery(_) => "discovery".to_owned(),
            Request::Log(_) => "logs".to_owned(),
            Request::Version => "version".to_owned(),
        }
    }
}

/// Which log.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogKey {
    /// The pod's namespace.
    pub namespace: String,
    /// The pod's name.
    pub pod: String,
    /// The container's name.
    pub container: String,
    /// The instance before the current one, as `kubectl logs --previous`.
    pub previous: bool,
    /// Only what was written in the last few minutes: of a container that runs, older lines are past.
    pub recent: bool,
}

/// What came back for a [`Request`].
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// For [`Request::List`], [`Request::Objects`], [`Request::Names`], [`Request::Matching`] and [`Request::Selected`].
    Items(Vec<Item>),
    /// For [`Request::Rows`].
    Rows(Vec<Row>),
    /// For [`Request::Get`] and [`Request::Discovery`].
    Object(Box<Value>),
    /// The server says that it is not there (404 on an object).
    Absent,
    /// For [`Request::Log`].
    Log(String),
    /// For [`Request::Version`], `v1.34.4`.
    Version(String),
    /// It could not be looked at; the text says why: `forbidden: …`, `timed out after 10s`.
    Failed(String),
}

/// An object as it came: a list of them is taken apart one by one, so that never all of them are in memory as trees.
#[derive(Debug, Clone, Deserialize)]
#[serde(transparent)]
pub struct Item(Box<RawValue>);

impl Item {
    /// The object.
    ///
    /// # Errors
    /// Where it is too deep to be read.
    pub fn read(&self) -> Result<Value, Error> {
        self.read_as()
    }

    /// The object as a type that takes any object.
    ///
    /// # Errors
    /// Where it is too deep to be read.
    pub fn read_as<'a, T: Deserialize<'a>>(&'a self) -> Result<T, Error> {
        serde_json::from_str(self.0.get()).map_err(|error| Error::new(format!("cannot read an object: {error}")))
    }
}

impl TryFrom<Value> for Item {
    type Error = serde_json::Error;

    fn try_from(object: Value) -> Result<Self, Self::Error> {
        serde_json::value::to_raw_value(&object).map(Self)
    }
}

impl PartialEq for Item {
    fn eq(&self, other: &Self) -> bool {
        self.0.get() == other.0.get()
    }
}

/// A pod as `kubectl get pods -o wide` shows it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Row {
    /// `metadata.name`.
    pub name: String,
    /// `1/1`.
    pub ready: String,
    /// `Running`, `CrashLoopBackOff`, `Terminating`.
    pub status: String,
    /// `0`, or `3 (5m ago)`.
    pub restarts: String,
    /// `5d2h`.
    pub age: String,
    /// The pod's address.
    pub ip: String,
    /// Where it runs.
    pub node: String,
    /// The node that it has been promised; `<none>` mostly.
    pub nominated: String,
    /// `<none>`, or how many of its readiness gates are met.
    pub gates: String,
}

/// Answers requests. All of one wave are under way at once.
pub trait Source {
    /// One reply for each request, in their order.
    ///
    /// # Errors
    /// Where no diagnosis is possible at all: nothing answers, or nobody is let in.
    fn answer(&self, requests: &[Request]) -> impl Future<Output = Result<Vec<Reply>, Error>>;
}
