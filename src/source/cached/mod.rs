//! A cluster that is looked at again and again: what the server tells of changes is kept, and only the rest is asked for
//! anew.

mod follow;
mod memory;
mod store;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::{sync::Notify, task::JoinSet};

use super::{Reply, Request, Source, live::Live};
use crate::{error::Error, kind::Kind};
use memory::Memory;
use store::Store;

/// A cluster, of which some kinds are watched in one namespace or in all.
pub struct Cached<'a> {
    live: &'a Live,
    watched: Arc<Watched>,
    // Of what is not watched.
    memory: Mutex<Memory>,
    // They end with it.
    _followers: JoinSet<()>,
}

/// How the watches fare.
#[derive(Clone)]
pub struct Health(Arc<Watched>);

impl Health {
    /// Why what is kept may be old; nothing where every watch stands that was let in.
    pub fn trouble(&self) -> Option<String> {
        self.0.store().trouble()
    }
}

/// What the followers of all kinds write into.
#[derive(Default)]
struct Watched {
    store: Mutex<Store>,
    told: Notify,
}

impl Watched {
    fn store(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, change: impl FnOnce(&mut Store)) {
        change(&mut self.store());
        self.told.notify_one();
    }
}

impl<'a> Cached<'a> {
    /// Watches these kinds in a namespace, or in all of them, from now on; only inside a tokio runtime. What is not
    /// watched is asked for again after the time that its answer lasts.
    pub fn of(live: &'a Live, kinds: impl IntoIterator<Item = Kind>, namespace: Option<&str>, lasts: Duration) -> Self {
        let kinds: Vec<Kind> = kinds.into_iter().collect();
        let store = Store::new(&kinds, namespace);
        let watched = Arc::new(Watched { store: Mutex::new(store), ..Watched::default() });
        let mut followers = JoinSet::new();
        for kind in kinds {
            let (namespace, watched, traffic) = (namespace.map(str::to_owned), watched.clone(), live.traffic.clone());
            followers.spawn(follow::follow(live.client(), kind, namespace, watched, traffic));
        }
        Self { live, watched, memory: Mutex::new(Memory::lasting(lasts)), _followers: followers }
    }

    /// Waits until every kind was listed once, or refused.
    pub async fn listed(&self) {
        while !self.watched.store().was_told_of_all() {
            self.watched.told.notified().await;
        }
    }

    /// Waits until something changes.
    pub async fn change(&self) {
        while !self.watched.store().has_changes() {
            self.watched.told.notified().await;
        }
    }

    /// The namespaces in which something changed since this was asked last, and when that began; the empty one for
    /// what lives in none.
    pub fn changed(&self) -> BTreeMap<String, Instant> {
        self.watched.store().take_changes()
    }

    /// The namespaces of all that is kept.
    pub fn namespaces(&self) -> BTreeSet<String> {
        self.watched.store().namespaces()
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// To ask how the watches fare, while something else is done with them.
    pub fn health(&self) -> Health {
        Health(self.watched.clone())
    }
}

impl Source for Cached<'_> {
    async fn answer(&self, requests: &[Request]) -> Result<Vec<Reply>, Error> {
        let mut replies: Vec<Option<Reply>> = {
            let (store, memory) = (self.watched.store(), self.memory());
            requests.iter().map(|request| store.answer(request).or_else(|| memory.answer(request))).collect()
        };
        let unknown: Vec<Request> =
            requests.iter().zip(&replies).filter(|(_, reply)| reply.is_none()).map(|(it, _)| it.clone()).collect();
        if !unknown.is_empty() {
            // What did not answer a while ago may do so now.
            self.live.forgive();
            let asked = self.live.answer(&unknown).await?;
            let mut memory = self.memory();
            memory.clear_up();
            unknown.into_iter().zip(&asked).for_each(|(request, reply)| memory.keep(request, reply));
            let mut asked = asked.into_iter();
            replies.iter_mut().filter(|reply| reply.is_none()).for_each(|reply| *reply = asked.next());
        }
        let lost = || Reply::Failed("no answer came back".to_owned());
        Ok(replies.into_iter().map(|reply| reply.unwrap_or_else(lost)).collect())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]
mod tests;
