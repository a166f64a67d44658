//! Findings into causes: which finding explains which, and what stands first.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::{
    autoscaling::v2::HorizontalPodAutoscaler,
    core::v1::{Node, PersistentVolumeClaim, Service},
    networking::v1::{Ingress, NetworkPolicy},
    policy::v1::PodDisruptionBudget,
};

use crate::{
    changes,
    document::{Certainty, Diagnosis, Finding, FindingRef, Metadata, NotChecked, ObjectRef, Severity},
    engine,
    facts::World,
    gateway_api::{Gateway, HTTPRoute},
    graph::{Graph, Key, Reach},
    inventory::{Inventory, State},
    kind::Kind,
    manager,
    question::{Asked, Client, NotFound, Question},
    rule::{Follows, Rules},
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
    let reach = match asked {
        Asked::Everything => Reach::everything(&graph, question.namespace.clone()),
        Asked::Objects(keys, pods) => Reach::of(&graph, &keys, pods),
    };
    let outcome = engine::run(rules, &world.subjects(&reach));
    let mut findings = outcome.findings;
    if is_sweep {
        findings.iter_mut().for_each(|finding| note_in_sweep(rules, finding));
    }
    for finding in &mut findings {
        let object = object_of(inventory, finding);
        finding.changes = object.iter().flat_map(|object| changes::of(&world, object, finding)).collect();
        finding.managed_by = object.as_ref().and_then(manager::of);
    }
    explain(rules, &graph, &mut findings);
    findings.sort_by_cached_key(|finding| order(finding, &reach));
    let mut diagnosis = document(question, inventory);
    diagnosis.findings = findings;
    diagnosis.not_checked = not_checked(question, inventory, outcome.not_checked);
    diagnosis.checked = checked(inventory, &world, &reach);
    let nothing_seen = diagnosis.findings.is_empty() && diagnosis.checked.is_empty();
    let unanswered = if nothing_seen { question.unanswered(inventory) } else { None };
    Ok(Answer { diagnosis, bugs: outcome.bugs, unanswered })
}

fn object_of(inventory: &Inventory, finding: &Finding) -> Option<serde_json::Value> {
    let kind = Kind::from_object(&finding.object.kind, &finding.object.api_version)?;
    inventory.json(kind, &finding.object.namespace, &finding.object.name)
}

// What is mostly meant so is a warning to who asks about that object, and a note to who asks about everything.
fn note_in_sweep(rules: &Rules, finding: &mut Finding) {
    if finding.severity == Severity::Warning && rules.get(&finding.rule).is_some_and(|rule| rule.note_in_sweep) {
        finding.severity = Severity::Info;
    }
}

/// The document that says that the target is not there.
pub fn not_found(question: &Question, inventory: &Inventory, missing: &NotFound) -> Diagnosis {
    let mut diagnosis = document(question, inventory);
    let kind = Kind::ALL.iter().copied().find(|kind| kind.info().name == missing.kind);
    let namespaced = kind.is_none_or(|kind| kind.info().namespaced);
    let object = ObjectRef {
        api_version: kind.map(Kind::api_version).unwrap_or_default(),
        kind: missing.kind.clone(),
        namespace: if namespaced { question.namespace.clone().unwrap_or_default() } else { String::new() },
        name: missing.name.clone(),
        uid: String::new(),
    };
    diagnosis.findings.push(Finding {
        rule: missing.rule.to_owned(),
        severity: Severity::Error,
        certainty: Certainty::Certain,
        root: true,
        is_final: true,
        fingerprint: format!("{}|{}|{}|{}", missing.rule, object.kind, object.namespace, object.name),
        object,
        container: None,
        field: None,
        summary: missing.line.clone(),
        since: None,
        last_seen: None,
        count: None,
        affected: Vec::new(),
        of: None,
        evidence: Vec::new(),
        nearest: missing.nearest.clone(),
        changes: Vec::new(),
        managed_by: None,
        why: "What was asked about is not there, so that there is nothing to diagnose.".to_owned(),
        cures: Vec::new(),
        docs: None,
        explains: Vec::new(),
        explained_by: Vec::new(),
    });
    diagnosis
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
        probe: Vec::new(),
        suppressed: 0,
        not_checked: Vec::new(),
        checked: BTreeMap::new(),
    }
}

// An edge runs from a finding to what explains it: a finding on its own object or on what that depends on.
fn explain(rules: &Rules, graph: &Graph, findings: &mut [Finding]) {
    let follows = |finding: &Finding| rules.get(&finding.rule).map_or(Follows::Nothing, |rule| rule.follows);
    let mut causes: Vec<Vec<usize>> = vec![Vec::new(); findings.len()];
    for (index, finding) in findings.iter().enumerate() {
        let of_finding = follows(finding);
        for (other_index, other) in findings.iter().enumerate().filter(|(other, _)| *other != index) {
            let is_as_bad = other.severity <= finding.severity;
            let (here, there) = (Key::of(&finding.object), Key::of(&other.object));
            let explains = match of_finding {
                Follows::Nothing => false,
                Follows::Dependencies => graph.depends(&here, &there),
                Follows::Anything => {
                    graph.depends(&here, &there) || (here == there && follows(other) != Follows::Anything)
                }
            };
            if is_as_bad && explains {
                causes[index].push(other_index);
            }
        }
    }
    // Where two things wait for each other, neither is explained away.
    for index in 0..findings.len() {
        if !leads_to_a_root(&causes, index, &mut BTreeSet::new()) {
            causes[index].clear();
        }
    }
    let references: Vec<FindingRef> = findings
        .iter()
        .map(|finding| FindingRef { rule: finding.rule.clone(), object: finding.object.clone() })
        .collect();
    for (index, explained_by) in causes.iter().enumerate() {
        findings[index].root = explained_by.is_empty();
        findings[index].explained_by = sorted(explained_by.iter().map(|cause| references[*cause].clone()));
        for cause in explained_by {
            findings[*cause].explains.push(references[index].clone());
        }
    }
    for finding in findings {
        finding.explains = sorted(finding.explains.drain(..));
    }
}

fn sorted(references: impl Iterator<Item = FindingRef>) -> Vec<FindingRef> {
    references.collect::<BTreeSet<_>>().into_iter().collect()
}

fn leads_to_a_root(causes: &[Vec<usize>], from: usize, seen: &mut BTreeSet<usize>) -> bool {
    causes[from].is_empty()
        || (seen.insert(from) && causes[from].iter().any(|next| leads_to_a_root(causes, *next, seen)))
}

type Order = (bool, Severity, Certainty, usize, String, String, String, String, String);

// Roots first; then what is worse, surer, and nearer to what was asked; the same every time.
fn order(finding: &Finding, reach: &Reach) -> Order {
    let object = &finding.object;
    (
        !finding.root,
        finding.severity,
        finding.certainty,
        reach.distance(&Key::of(object)),
        object.kind.clone(),
        object.namespace.clone(),
        object.name.clone(),
        finding.rule.clone(),
        finding.fingerprint.clone(),
    )
}

// What rules would have needed, and what is always looked at and could not be.
fn not_checked(question: &Question, inventory: &Inventory, needed: BTreeSet<NotChecked>) -> Vec<NotChecked> {
    let mut by_what: BTreeMap<String, String> = needed.into_iter().map(|entry| (entry.what, entry.why)).collect();
    for kind in question.kinds(inventory) {
        if let State::Failed(why) = inventory.coverage().of_list_in(kind, question.namespace.as_deref()) {
            by_what.entry(kind.info().plural.to_owned()).or_insert(why);
        }
    }
    by_what.into_iter().map(|(what, why)| NotChecked { what, why }).collect()
}

fn checked(inventory: &Inventory, world: &World, reach: &Reach) -> BTreeMap<String, usize> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut add = |plural: &str, count: usize| {
        if count > 0 {
            *counts.entry(plural.to_owned()).or_default() += count;
        }
    };
    for workload in reach.workloads(&world.workloads) {
        add("pods", workload.pods.iter().filter(|pod| reach.asks_for_pod(pod)).count());
        let kind = Kind::from_object(&workload.object.kind, &workload.object.api_version);
        if let Some(kind) = kind.filter(|_| !workload.is_pod()) {
            add(kind.info().plural, 1);
        }
    }
    add("services", reach.objects::<Service>(inventory).count());
    add("ingresses", reach.objects::<Ingress>(inventory).count());
    add("gateways", reach.objects::<Gateway>(inventory).count());
    add("httproutes", reach.objects::<HTTPRoute>(inventory).count());
    add("networkpolicies", reach.objects::<NetworkPolicy>(inventory).count());
    add("nodes", reach.objects::<Node>(inventory).count());
    add("persistentvolumeclaims", reach.objects::<PersistentVolumeClaim>(inventory).count());
    add("horizontalpodautoscalers", reach.objects::<HorizontalPodAutoscaler>(inventory).count());
    add("poddisruptionbudgets", reach.objects::<PodDisruptionBudget>(inventory).count());
    // Events alone tell of nothing.
    let events = inventory.seen_anywhere::<k8s_openapi::api::core::v1::Event>().count();
    if !counts.is_empty() && events > 0 {
        counts.insert("events".to_owned(), events);
    }
    counts
}
