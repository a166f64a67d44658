//! Where objects come from: a live cluster, a recording, somebody's files.

pub mod collect;
pub mod files;
pub mod live;
pub mod recording;

use serde_json::Value;

use crate::{
    custom::{Resource, Root},
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
    /// For [`Request::List`], [`Request::Objects`], [`Request::Names`] and [`Request::Matching`].
    Items(Vec<Value>),
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

/// Answers requests. All of one wave are under way at once.
pub trait Source {
    /// One reply for each request, in their order.
    ///
    /// # Errors
    /// Where no diagnosis is possible at all: nothing answers, or nobody is let in.
    fn answer(&self, requests: &[Request]) -> impl Future<Output = Result<Vec<Reply>, crate::error::Error>>;
}
