//! `serve`: what a lookout sees, over HTTP, for as long as it is let.

mod caller;
mod events;
mod histogram;
mod lease;
mod metrics;
mod seen;
mod site;

use std::net::SocketAddr;

pub use events::Teller;
pub use lease::Lease;
pub use seen::{Seen, Shared};
pub use site::{Listening, Site, listen};

/// Where to answer.
#[derive(Debug, Clone, clap::Args)]
pub struct Flags {
    /// Where to answer HTTP: /metrics, /healthz, /readyz, and /namespaces/NAME, which other addresses than those of
    /// this machine show only to who may look at its pods
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// Write an Event on the object at fault when a cause begins; of several replicas one does, whoever holds the Lease
    /// kubectl-doctor in the namespace
    #[arg(long)]
    pub events: bool,
}
