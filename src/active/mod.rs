//! Active checks: what only a packet can tell. Connections are made from inside a pod, from a pod of the checks' own
//! (or a client's) to it, and through its Service; where the first failure stands is where the fault is.
//!
//! What is here makes pods, which nothing else of this program does. What it saw is a list of [`Check`]s, which facts
//! are worked out of as of any object, and which a recording holds.

mod about;
mod announce;
mod answer;
mod ask;
pub mod cleanup;
mod flags;
mod forward;
mod gather;
mod make;
mod outside;
mod own;
mod plan;
mod planner;
mod printed;
mod rights;
mod run;
mod seen;
mod socket;
mod spoken;
mod steps;
mod waiting;

pub use answer::Answer;
pub use flags::Flags;
pub use make::LABEL;
pub use outside::{ADDRESSES, cluster_dns};
pub use rights::{Rights, rights};
pub use seen::{Check, Checks, NotMade, Origin, Said, Step};
pub use socket::Socket;
pub use spoken::{Protocol, Spoken};
pub use steps::{shown, step};

use crate::{
    error::Error,
    inventory::Inventory,
    kind::Kind,
    question::Question,
    source::{Request, collect, live::Live},
};

/// Makes the checks that a question takes, once the user has agreed, and puts what they saw into the inventory.
///
/// # Errors
/// Where there is nothing to connect to, somebody says no, or the checks are interrupted.
pub async fn check(
    live: &Live,
    question: &Question,
    inventory: &mut Inventory,
    flags: &Flags,
    rights: &Rights,
) -> Result<(), Error> {
    // What is not there is told by the diagnosis.
    if question.resolve(inventory).is_err() {
        return Ok(());
    }
    collect::ask(live, inventory, &plan::needs(question, inventory)).await?;
    let plan = plan::plan(question, inventory, flags)?;
    announce::agree(&plan, flags, rights)?;
    let checks = run::run(live, &plan, inventory, flags, rights).await?;
    if checks.made.iter().any(|check| check.step == Step::Dns && !check.all_ok()) {
        let pods = Request::List { kind: Kind::Pod, namespace: Some("kube-system".to_owned()) };
        collect::ask(live, inventory, &[pods]).await?;
    }
    inventory.set_checks(checks);
    Ok(())
}
