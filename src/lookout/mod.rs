//! Keeps an eye on a namespace or a cluster: what changes is diagnosed again, a namespace at a time.

mod board;

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use crate::{
    diagnosis,
    document::Diagnosis,
    error::Error,
    inventory::Inventory,
    kind::Kind,
    question::{Question, Target},
    rule::{LogPatterns, Rules},
    source::{
        cached::Cached,
        collect::{self, Look},
        live::Live,
    },
};

pub use crate::source::cached::Health;
pub use board::{Board, Cause, Healed, Renewed};

/// What lives in no namespace stands on the board under this name.
pub const CLUSTER: &str = "";

/// Things change together; who looks at once looks twice.
const TOGETHER: Duration = Duration::from_millis(300);

/// So long what no watch tells of is taken for what it was.
const LASTS: Duration = Duration::from_secs(15);

/// Each namespace is looked at again after that, whether it changed or not: time alone turns some states into faults.
const AT_LEAST_EVERY: Duration = Duration::from_secs(60);

/// Looking at the whole cluster costs the server most.
const CLUSTER_AT_MOST_EVERY: Duration = Duration::from_secs(30);

/// What is watched besides what every question about a namespace looks at.
const BESIDES: [Kind; 6] =
    [Kind::Namespace, Kind::Node, Kind::ServiceAccount, Kind::APIService, Kind::Gateway, Kind::HTTPRoute];

/// Somebody who looks at what changes.
pub struct Lookout<'a> {
    live: &'a Live,
    rules: &'a Rules,
    cached: Cached<'a>,
    // Nothing for all of them.
    namespace: Option<String>,
    // What is to be looked at.
    due: BTreeMap<String, Due>,
    looked_at: BTreeMap<String, Instant>,
    has_seen_all: bool,
    // How long the last diagnosis took.
    took: Duration,
}

/// A namespace that is to be looked at.
struct Due {
    since: Instant,
    // Otherwise only time has passed.
    has_changed: bool,
}

/// What was seen of a namespace.
#[derive(Debug)]
pub struct Sight {
    /// Which one; [`CLUSTER`] for what lives in none.
    pub namespace: String,
    /// What was found; nothing where the namespace is not there any more.
    pub diagnosis: Option<Diagnosis>,
    /// Whether everything has been looked at once.
    pub is_all: bool,
    /// How long the diagnosis took.
    pub took: Duration,
    /// How long ago it changed; nothing where it did not.
    pub after: Option<Duration>,
}

impl<'a> Lookout<'a> {
    /// For a namespace, or all of them; only inside a tokio runtime.
    pub fn new(live: &'a Live, rules: &'a Rules, namespace: Option<String>) -> Self {
        let everything = question(namespace.clone());
        let kinds = everything.kinds(&Inventory::new(live.about(None))).into_iter().chain(BESIDES);
        let cached = Cached::of(live, kinds, namespace.as_deref(), LASTS);
        Self {
            live,
            rules,
            cached,
            namespace,
            due: BTreeMap::new(),
            looked_at: BTreeMap::new(),
            has_seen_all: false,
            took: Duration::ZERO,
        }
    }

    /// How the watches fare.
    pub fn health(&self) -> Health {
        self.cached.health()
    }

    /// Waits until something is worth a look, and looks.
    ///
    /// # Errors
    /// Where the server can't be asked. It will be asked for the same again.
    pub async fn step(&mut self) -> Result<Sight, Error> {
        self.cached.listed().await;
        self.learn_what_changed();
        while self.due.is_empty() {
            let _ = tokio::time::timeout(self.until_next_round(), self.cached.change()).await;
            tokio::time::sleep(TOGETHER).await;
            self.learn_what_changed();
        }
        let longest = self.due.iter().min_by_key(|(_, due)| due.since);
        let namespace = longest.map_or_else(String::new, |(namespace, _)| namespace.clone());
        // Half of the time is for others, however much changes.
        if self.has_seen_all {
            tokio::time::sleep(self.took).await;
        }
        let started = Instant::now();
        let diagnosis = self.diagnose(&namespace).await?;
        self.took = started.elapsed().min(Duration::from_secs(1));
        let due = self.due.remove(&namespace).filter(|due| due.has_changed);
        self.looked_at.insert(namespace.clone(), Instant::now());
        self.has_seen_all =
            self.has_seen_all || self.scopes().iter().all(|namespace| self.looked_at.contains_key(namespace));
        // What is gone for good is not looked at again.
        if diagnosis.is_none() && !self.scopes().contains(&namespace) {
            self.looked_at.remove(&namespace);
        }
        let after = due.map(|due| due.since.elapsed());
        Ok(Sight { namespace, diagnosis, is_all: self.has_seen_all, took: started.elapsed(), after })
    }

    fn learn_what_changed(&mut self) {
        // At first everything is new, and nothing has changed.
        let is_first = self.looked_at.is_empty();
        for (namespace, since) in self.cached.changed() {
            self.is_due(namespace, Due { since, has_changed: !is_first });
        }
        let old = self.looked_at.iter().filter(|(_, at)| at.elapsed() >= AT_LEAST_EVERY);
        let mut old: Vec<String> = old.map(|(namespace, _)| namespace.clone()).collect();
        if is_first {
            old = self.scopes();
        }
        for namespace in old {
            self.is_due(namespace, Due { since: Instant::now(), has_changed: false });
        }
    }

    fn is_due(&mut self, namespace: String, due: Due) {
        let soon = self.looked_at.get(&namespace).filter(|at| at.elapsed() < CLUSTER_AT_MOST_EVERY);
        if self.is_in_scope(&namespace) && (namespace != CLUSTER || soon.is_none()) {
            self.due.entry(namespace).or_insert(due);
        }
    }

    fn is_in_scope(&self, namespace: &str) -> bool {
        self.namespace.as_deref().is_none_or(|only| only == namespace)
    }

    fn scopes(&self) -> Vec<String> {
        match &self.namespace {
            Some(namespace) => vec![namespace.clone()],
            None => self.cached.namespaces().into_iter().chain([CLUSTER.to_owned()]).collect(),
        }
    }

    fn until_next_round(&self) -> Duration {
        let left = self.looked_at.values().map(|at| AT_LEAST_EVERY.saturating_sub(at.elapsed()));
        left.min().unwrap_or(AT_LEAST_EVERY)
    }

    // Nothing where the namespace is not there any more.
    async fn diagnose(&self, namespace: &str) -> Result<Option<Diagnosis>, Error> {
        let question = question(Some(namespace.to_owned()).filter(|namespace| namespace != CLUSTER));
        let inventory = Inventory::new(self.live.about(question.namespace.clone()));
        let logs: &LogPatterns = &self.rules.logs;
        let mut inventory = match &question.namespace {
            Some(_) => collect::collect(&self.cached, &question, inventory, logs, Look::AtAGlance).await?,
            // Tables show enough of it.
            None => collect::collect(self.live, &question, inventory, logs, Look::AtAGlance).await?,
        };
        inventory.about.now = self.live.now();
        let Ok(mut answer) = diagnosis::diagnose(&question, &inventory, self.rules) else { return Ok(None) };
        if namespace == CLUSTER {
            answer.diagnosis.findings.retain(|finding| finding.object.namespace.is_empty());
        }
        Ok(Some(answer.diagnosis))
    }
}

fn question(namespace: Option<String>) -> Question {
    Question { target: Target::Everything, namespace, selector: None, client: None }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests;
