//! Whether what was asked about is well again.

use std::time::Duration;

use crate::{
    facts::{service::is_ready, workload::Workloads},
    graph::Graph,
    inventory::Inventory,
    question::Question,
    rule::LogPatterns,
};

/// How long a cure has to show that it heals.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// Whether everything that was asked about has its pods, and all of them are ready.
pub fn is_settled(question: &Question, inventory: &Inventory) -> bool {
    let Ok(asked) = question.resolve(inventory) else { return false };
    let workloads = Workloads::of(inventory);
    let graph = Graph::of(inventory, &workloads, &LogPatterns::default());
    let reach = question.reach(&graph, &asked);
    reach.workloads(&workloads).filter(|workload| !workload.idle).all(|workload| {
        let has_all = workload.replicas.is_none_or(|wanted| usize::try_from(wanted) == Ok(workload.pods.len()));
        has_all && workload.pods.iter().all(|pod| is_ready(pod))
    })
}
