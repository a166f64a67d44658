//! Findings that somebody asked to leave out: by a flag, in the config file, or with an annotation on an object.

mod annotation;
mod ignore;

pub use annotation::ANNOTATION;
pub use ignore::Ignore;

use crate::{
    document::{Finding, FindingRef, Suppressed},
    inventory::Inventory,
};

/// Takes out of the findings those that are not to be told, and what follows from nothing but those: a symptom is no
/// cause for its cause having been left out.
pub fn apply(ignores: &[Ignore], inventory: &Inventory, findings: &mut Vec<Finding>) -> Vec<Suppressed> {
    let mut suppressed: Vec<_> = findings
        .iter()
        .filter_map(|finding| Some(Suppressed { by: by(ignores, inventory, finding)?, ..unasked(finding) }))
        .collect();
    if suppressed.is_empty() {
        return suppressed;
    }
    while let Some(next) = findings.iter().find_map(|finding| follows_from(&suppressed, finding)) {
        suppressed.push(next);
    }
    let is_suppressed =
        |it: &FindingRef| suppressed.iter().any(|other| other.rule == it.rule && other.object == it.object);
    findings.retain(|finding| !is_suppressed(&finding.reference()));
    for finding in findings {
        finding.explains.retain(|it| !is_suppressed(it));
        finding.explained_by.retain(|it| !is_suppressed(it));
    }
    suppressed.sort();
    suppressed
}

// Who asked for it, where somebody did.
fn by(ignores: &[Ignore], inventory: &Inventory, finding: &Finding) -> Option<String> {
    let holders = annotation::holders(inventory, &finding.object);
    let objects = || holders.iter().map(|holder| &holder.object);
    let asked =
        ignores.iter().find(|ignore| ignore.rule == finding.rule && objects().any(|object| ignore.names(object)));
    let annotated = || holders.iter().find(|holder| holder.ignores(&finding.rule)).map(|holder| holder.said());
    asked.map(|ignore| ignore.said_in.clone()).or_else(annotated)
}

fn follows_from(suppressed: &[Suppressed], finding: &Finding) -> Option<Suppressed> {
    let cause_of = |it: &FindingRef| suppressed.iter().find(|cause| cause.rule == it.rule && cause.object == it.object);
    let is_out = suppressed.iter().any(|out| out.rule == finding.rule && out.object == finding.object);
    let mut causes = finding.explained_by.iter();
    let first = causes.next().filter(|_| !is_out).and_then(cause_of)?;
    causes
        .all(|cause| cause_of(cause).is_some())
        .then(|| Suppressed { by: format!("follows from {} of {}", first.rule, first.object), ..unasked(finding) })
}

fn unasked(finding: &Finding) -> Suppressed {
    Suppressed { rule: finding.rule.clone(), object: finding.object.clone(), by: String::new() }
}
