//! Findings into causes: which finding explains which, and what stands first.

mod causes;
mod deviations;
mod not_found;
mod order;
mod sight;
mod waiting;

use std::collections::{BTreeMap, BTreeSet};

pub use not_found::not_found;

use crate::{
    changes,
    document::{Diagnosis, Finding, Metadata, Severity},
    engine,
    facts::World,
    graph::Graph,
    inventory::Inventory,
    manager,
    question::{Asked, Client, NotFound, Question},
    rule::Rules,
    suppress, timeline, traffic,
};

/// A diagnosis, and what is wrong with the rules themselves.
#[derive(Debug)]
pub struct Answer {
    /// The document.
    pub diagnosis: Diagnosis,
    /// Rules that could not be evaluated: bugs, each as `id: what`.
    pub bugs: BTreeSet<String>,
    /// Why nothing of what was asked about could be looked at.
    pub unanswered: Option<String>,
}

/// Diagnoses what was asked about.
///
/// # Errors
/// Where the target is known not to be there.
pub fn diagnose(question: &Question, inventory: &Inventory, rules: &Rules) -> Result<Answer, NotFound> {
    let asked = question.resolve(inventory)?;
    let world = World::of(inventory, &rules.logs).with_client(question.client.as_ref().map(Client::key));
    let graph = Graph::of(inventory, &world.workloads, &rules.logs);
    let is_sweep = matches!(asked, Asked::Everything);
    let reach = question.reach(&graph, &asked);
    let outcome = engine::run(rules, &world.parts(&reach));
    let mut findings = outcome.findings;
    if is_sweep {
        findings.iter_mut().for_each(|finding| note_in_sweep(rules, finding));
    }
    for finding in &mut findings {
        let object = inventory.json_of(&finding.object);
        finding.changes = object.iter().flat_map(|object| changes::of(&world, object, finding)).collect();
        finding.path = traffic::path(&world, finding);
        finding.managed_by = object.as_ref().and_then(manager::of);
        deviations::leave_to_the_file(inventory, finding);
    }
    let unexplained = deviations::explain(inventory, &mut findings);
    causes::explain(rules, &graph, &mut findings);
    waiting::start_anew(&world, &mut findings);
    let suppressed = suppress::apply(rules.ignored(), inventory, &mut findings);
    order::sort(rules, &reach, &mut findings);
    causes::mark_next(&world, &graph, &mut findings);
    let mut diagnosis = document(question, inventory);
    diagnosis.timeline = timeline::of(inventory, &findings);
    diagnosis.findings = findings;
    diagnosis.suppressed = suppressed.len();
    diagnosis.suppressed_findings = suppressed;
    diagnosis.deviations = unexplained;
    diagnosis.probe = sight::steps(inventory);
    diagnosis.not_checked = sight::not_checked(question, inventory, &outcome.unseen);
    diagnosis.checked = sight::checked(inventory, &world, &reach);
    let nothing_seen = diagnosis.findings.is_empty() && diagnosis.checked.is_empty();
    let unanswered = if nothing_seen { question.unanswered(inventory) } else { None };
    Ok(Answer { diagnosis, bugs: outcome.bugs, unanswered })
}

// What is mostly meant so is a warning to who asks about that object, and a note to who asks about everything.
fn note_in_sweep(rules: &Rules, finding: &mut Finding) {
    if finding.severity == Severity::Warning && rules.get(&finding.rule).is_some_and(|rule| rule.note_in_sweep) {
        finding.severity = Severity::Info;
    }
}

fn document(question: &Question, inventory: &Inventory) -> Diagnosis {
    let about = &inventory.about;
    Diagnosis {
        api_version: "kubectl-doctor/v1".to_owned(),
        kind: "Diagnosis".to_owned(),
        metadata: Metadata {
            tool: format!("kubectl-doctor {}", env!("CARGO_PKG_VERSION")),
            server: about.server.clone(),
            context: about.context.clone(),
            target: question.target_text(),
            namespace: question.namespace.clone(),
            recorded: about.recorded.then(|| about.now.to_string()),
        },
        findings: Vec::new(),
        timeline: Vec::new(),
        probe: Vec::new(),
        deviations: Vec::new(),
        suppressed: 0,
        suppressed_findings: Vec::new(),
        not_checked: Vec::new(),
        checked: BTreeMap::new(),
    }
}
