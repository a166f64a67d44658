//! Names from the cluster and the kubeconfig that the line's own flags choose. Whatever goes wrong, there are none.

use std::{sync::mpsc, thread, time::Duration};

use clap::{CommandFactory as _, FromArgMatches as _};

use super::line::Line;
use crate::{
    cli::Cli,
    kind::Kind,
    source::{
        Reply, Request, Source as _,
        live::{Connection, KubeconfigNames},
    },
};

/// Nobody waits longer for a TAB.
const PATIENCE: Duration = Duration::from_millis(1500);

pub(super) struct Cluster {
    connection: Connection,
    everywhere: bool,
}

impl Cluster {
    pub(super) fn of(line: &Line) -> Self {
        let words = std::iter::once("kubectl-doctor").chain(line.before.iter().map(String::as_str));
        // The line is not finished, and may well be wrong as it stands.
        let read = Cli::command().ignore_errors(true).try_get_matches_from(words);
        match read.and_then(|given| Cli::from_arg_matches(&given)) {
            Ok(cli) => Self { connection: cli.connection, everywhere: cli.look.all_namespaces },
            Err(_) => Self { connection: Connection::default(), everywhere: false },
        }
    }

    pub(super) fn kubeconfig(&self) -> KubeconfigNames {
        self.connection.kubeconfig_names().unwrap_or_default()
    }

    /// The names of a kind, each once.
    pub(super) fn names(&self, kind: Kind) -> Vec<String> {
        let (send, receive) = mpsc::channel();
        let (connection, everywhere) = (self.connection.clone(), self.everywhere);
        // Connecting may run a credential plugin, which waits as long as it likes.
        thread::spawn(move || send.send(listed(&connection, everywhere, kind).unwrap_or_default()));
        receive.recv_timeout(PATIENCE).unwrap_or_default()
    }
}

fn listed(connection: &Connection, everywhere: bool, kind: Kind) -> Option<Vec<String>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
    let replies = runtime.block_on(async {
        let live = connection.connect().await.ok()?;
        let namespace = Some(live.namespace.clone()).filter(|_| kind.info().namespaced && !everywhere);
        live.answer(&[Request::Names { kind, namespace }]).await.ok()
    })?;
    let Some(Reply::Items(items)) = replies.into_iter().next() else { return None };
    let named = |item: &crate::source::Item| Some(item.read().ok()?["metadata"]["name"].as_str()?.to_owned());
    let mut names: Vec<String> = items.iter().filter_map(named).collect();
    names.sort();
    names.dedup();
    Some(names)
}
