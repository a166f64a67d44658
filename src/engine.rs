//! Evaluates rules on facts: what holds becomes a finding, what could not be told is said.

use std::collections::{BTreeMap, BTreeSet};

use cel::{Context, Value};

use crate::{
    command,
    document::{Cure, Evidence, Finding, Nearest, ObjectRef, Severity},
    facts::{On, Part, Subject},
    parallel, report,
    rule::{self, CureRule, Expression, Failure, Rule, Rules, Template},
};

/// What the rules say of a set of subjects.
#[derive(Debug, Default)]
pub struct Outcome {
    /// What holds, replicas folded.
    pub findings: Vec<Finding>,
    /// What rules would have needed to know.
    pub unseen: BTreeSet<Unseen>,
    /// Rules that are wrong: `id: what`.
    pub bugs: BTreeSet<String>,
}

/// Something that a rule would have needed to know.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unseen {
    /// What could not be looked at: `secrets`.
    pub what: String,
    /// Why: `forbidden: …`.
    pub why: String,
    /// What the rule is about.
    pub on: On,
}

/// Evaluates every rule on every subject that it is about.
pub fn run(rules: &Rules, parts: &[Part]) -> Outcome {
    let mut outcome = Outcome::default();
    let mut found: BTreeMap<(String, String), Finding> = BTreeMap::new();
    for told in told_of_all(rules, parts) {
        told.findings.into_iter().for_each(|(one_of, finding)| fold(&mut found, one_of, finding));
        outcome.unseen.extend(told.unseen);
        outcome.bugs.extend(told.bugs);
    }
    outcome.findings = found.into_values().collect();
    drop_residual(rules, &mut outcome.findings);
    outcome
}

/// What the rules say of one part.
#[derive(Default)]
struct Told {
    // With what it is one of, where several are one.
    findings: Vec<(String, Finding)>,
    unseen: BTreeSet<Unseen>,
    bugs: BTreeSet<String>,
}

const PARTS_A_THREAD: usize = 100;

fn told_of_all(rules: &Rules, parts: &[Part]) -> Vec<Told> {
    parallel::map(parts, PARTS_A_THREAD, || {
        let context = rule::context();
        move |part| told_of(rules, &context, part)
    })
}

fn told_of(rules: &Rules, root: &Context, part: &Part) -> Told {
    let mut told = Told::default();
    let mut subjects = Vec::new();
    part(&mut subjects);
    for subject in &subjects {
        let mut context = root.new_inner_scope();
        for (name, value) in &subject.facts {
            context.add_variable_from_value(*name, value.clone());
        }
        for rule in rules.all().iter().filter(|rule| rule.on == subject.on) {
            let mut evaluation = Evaluation { rule, subject, context: &context, told: &mut told };
            if evaluation.holds()
                && let Some(finding) = evaluation.finding()
            {
                let one_of = if subject.made_by.is_empty() { &finding.fingerprint } else { &subject.made_by };
                told.findings.push((one_of.clone(), finding));
            }
        }
    }
    told
}

// Pods of one controller with the same finding are one finding on the controller, those claims of a
// StatefulSet that want the same class one on the first of them.
fn fold(found: &mut BTreeMap<(String, String), Finding>, one_of: String, finding: Finding) {
    let key = (finding.rule.clone(), one_of);
    match found.get_mut(&key) {
        None => {
            found.insert(key, finding);
        }
        Some(known) => {
            known.affected.extend(finding.affected);
            known.severity = known.severity.min(finding.severity);
            known.past &= finding.past;
            known.since = [known.since.take(), finding.since].into_iter().flatten().min();
            known.last_seen = [known.last_seen.take(), finding.last_seen].into_iter().flatten().max();
        }
    }
}

// A general rule does not hold where a more specific one, which it names, does.
fn drop_residual(rules: &Rules, findings: &mut Vec<Finding>) {
    let held: Vec<_> = findings
        .iter()
        .map(|finding| (finding.rule.clone(), finding.object.clone(), finding.container.clone()))
        .collect();
    findings.retain(|finding| {
        let Some(general) = rules.get(&finding.rule) else { return true };
        !held.iter().any(|(rule, object, container)| {
            general.yields_to(rules, rule)
                && *object == finding.object
                && (container.is_none() || finding.container.is_none() || *container == finding.container)
        })
    });
}

struct Evaluation<'a> {
    rule: &'a Rule,
    subject: &'a Subject,
    context: &'a Context<'a, 'a>,
    told: &'a mut Told,
}

impl Evaluation<'_> {
    fn holds(&mut self) -> bool {
        self.truth(&self.rule.when)
    }

    fn finding(&mut self) -> Option<Finding> {
        let (rule, subject) = (self.rule, self.subject);
        let says = self.fill(&rule.says)?;
        let past = rule.past_when.as_ref().is_some_and(|when| self.truth(when));
        let is_warning = past || rule.warning_when.as_ref().is_some_and(|when| self.truth(when));
        let severity = if is_warning { Severity::Warning } else { rule.severity };
        let evidence: Vec<Evidence> = rule.evidence.iter().flat_map(|expression| self.list(expression)).collect();
        let times = || evidence.iter().filter_map(|evidence| evidence.at.clone());
        Some(Finding {
            rule: rule.id.clone(),
            severity,
            certainty: rule.certainty,
            root: true,
            past,
            is_final: rule.is_final,
            fingerprint: fingerprint(rule, subject),
            object: subject.object.clone(),
            container: subject.container.clone(),
            field: rule.field.as_ref().and_then(|field| self.fill(field)).filter(|field| !field.is_empty()),
            summary: summary(&subject.object, says.trim()),
            since: times().min(),
            last_seen: times().max(),
            count: None,
            affected: subject.shown_by.iter().cloned().collect(),
            of: subject.of,
            evidence,
            path: Vec::new(),
            nearest: rule.nearest.as_ref().map(|nearest| self.list::<Nearest>(nearest)).unwrap_or_default(),
            changes: Vec::new(),
            deviations: Vec::new(),
            managed_by: None,
            why: self.fill(&rule.why).unwrap_or_default().replace('\n', " ").trim().to_owned(),
            cures: rule.cures.iter().filter_map(|cure| self.cure(cure)).collect(),
            docs: rule.docs.clone(),
            next_after: None,
            explains: Vec::new(),
            explained_by: Vec::new(),
        })
    }

    fn cure(&mut self, cure: &CureRule) -> Option<Cure> {
        if let Some(when) = &cure.when
            && !self.truth(when)
        {
            return None;
        }
        let argv = self.words(&cure.run)?;
        let second = Some(self.words(&cure.then)?).filter(|words| !words.is_empty());
        let look = self.words(&cure.look)?;
        let diff = match &cure.diff {
            Some([path, from, to]) => Some(report::diff::lines(&self.fill(path)?, &self.fill(from)?, &self.fill(to)?)),
            None => None,
        };
        let mut text = self.fill(&cure.says)?;
        let left = Some(&self.subject.left_to_do).filter(|left| cure.restarts && !left.text.is_empty());
        if let Some(left) = left {
            text = format!("{text}; {}", left.text);
        }
        let next = left.filter(|left| !argv.is_empty() && !left.command.is_empty());
        let then = next.map(|left| command::in_namespace(left.command.clone(), &self.subject.object.namespace));
        let mut cure = Cure {
            text,
            command: None,
            argv,
            then: second.into_iter().chain(then).collect(),
            look: command::quoted(&look),
            diff,
            restarts: cure.restarts,
            destructive: cure.destructive || next.is_some_and(|left| left.deletes_jobs),
        };
        cure.join();
        Some(cure)
    }

    fn words(&mut self, templates: &[Template]) -> Option<Vec<String>> {
        let words = templates.iter().map(|word| self.fill(word)).collect::<Option<_>>()?;
        Some(command::in_namespace(words, &self.subject.object.namespace))
    }

    fn truth(&mut self, expression: &Expression) -> bool {
        match expression.evaluate(self.context) {
            Ok(Value::Bool(truth)) => truth,
            Ok(other) => {
                self.bug(format!("`{}` is {:?} and no truth value", expression.text(), other.type_of()));
                false
            }
            Err(failure) => {
                self.failed(failure);
                false
            }
        }
    }

    fn fill(&mut self, template: &Template) -> Option<String> {
        template.fill(self.context).map_err(|failure| self.failed(failure)).ok()
    }

    fn list<T: serde::de::DeserializeOwned>(&mut self, expression: &Expression) -> Vec<T> {
        let value = match expression.evaluate(self.context) {
            Ok(value) => value,
            Err(failure) => {
                self.failed(failure);
                return Vec::new();
            }
        };
        let items = value.json().ok().and_then(|json| serde_json::from_value(json).ok());
        items.unwrap_or_else(|| {
            self.bug(format!("`{}` is not a list of what is wanted there", expression.text()));
            Vec::new()
        })
    }

    // What is unknown is said; anything else that goes wrong is a bug in the rule.
    fn failed(&mut self, failure: Failure) {
        match failure {
            Failure::Unknown(fact) => match self.subject.unknown.get(&fact) {
                Some(why) => {
                    let (what, why) = why.split_once(": ").unwrap_or((why, "not collected"));
                    let unseen = Unseen { what: what.to_owned(), why: why.to_owned(), on: self.rule.on };
                    self.told.unseen.insert(unseen);
                }
                // What a spec does not say; of the facts themselves none is misspelt, as is seen to when a rule is read.
                None if self.subject.on == On::Custom => {}
                None => self.bug(format!("there is no {fact}")),
            },
            Failure::Bug(what) => self.bug(what),
        }
    }

    fn bug(&mut self, what: String) {
        self.told.bugs.insert(format!("{}: {what}", self.rule.id));
    }
}

// `Pod/web needs ConfigMap x`, but `Pod/web: container app ends …`.
fn summary(object: &ObjectRef, says: &str) -> String {
    let is_of_container = says.starts_with("container ") || says.starts_with("init container ");
    format!("{object}{} {says}", if is_of_container { ":" } else { "" })
}

// Readable, and the same over runs and replicas.
fn fingerprint(rule: &Rule, subject: &Subject) -> String {
    let object = &subject.object;
    let mut text = format!("{}|{}|{}|{}", rule.id, object.kind, object.namespace, object.name);
    for part in [subject.container.as_deref().unwrap_or_default(), &subject.part] {
        text.push('|');
        text.push_str(part);
    }
    text.trim_end_matches('|').to_owned()
}
