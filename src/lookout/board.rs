//! What is wrong now, since when, and what was and is no more.

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;

use crate::document::{Diagnosis, Finding};

/// So many of what healed last are remembered.
const REMEMBERED: usize = 100;

/// The last diagnosis of every namespace.
#[derive(Debug, Default)]
pub struct Board {
    reports: BTreeMap<String, Diagnosis>,
    causes: BTreeMap<String, Cause>,
    healed: VecDeque<Healed>,
}

/// A cause that stands.
#[derive(Debug, Clone)]
pub struct Cause {
    /// What was found last.
    pub finding: Finding,
    /// When it was seen first.
    pub seen: Timestamp,
    // Whose diagnosis tells of it.
    namespace: String,
}

/// A cause that stood.
#[derive(Debug, Clone)]
pub struct Healed {
    /// What was found last.
    pub finding: Finding,
    /// When it was seen no more.
    pub at: Timestamp,
}

/// What a look changed.
#[derive(Debug, Default)]
pub struct Renewed {
    /// The causes that were not there before.
    pub new: Vec<Finding>,
    /// Those that are no more.
    pub healed: Vec<Finding>,
}

impl Board {
    /// Takes in what a namespace's diagnosis found now; nothing where the namespace is gone.
    pub fn renew(&mut self, namespace: &str, diagnosis: Option<Diagnosis>, now: Timestamp) -> Renewed {
        let mut renewed = Renewed::default();
        let roots = diagnosis.iter().flat_map(|diagnosis| &diagnosis.findings).filter(|it| it.root && !it.past);
        let found: BTreeMap<String, &Finding> = roots.map(|finding| (finding.fingerprint.clone(), finding)).collect();
        let gone = |(fingerprint, cause): (&String, &Cause)| {
            (cause.namespace == namespace && !found.contains_key(fingerprint)).then(|| fingerprint.clone())
        };
        for fingerprint in self.causes.iter().filter_map(gone).collect::<Vec<_>>() {
            let Some(cause) = self.causes.remove(&fingerprint) else { continue };
            renewed.healed.push(cause.finding.clone());
            self.healed.push_front(Healed { finding: cause.finding, at: now });
        }
        self.healed.truncate(REMEMBERED);
        for (fingerprint, finding) in found {
            match self.causes.get_mut(&fingerprint) {
                Some(cause) => cause.finding = finding.clone(),
                None => {
                    renewed.new.push(finding.clone());
                    // It is back.
                    self.healed.retain(|healed| healed.finding.fingerprint != fingerprint);
                    let cause = Cause { finding: finding.clone(), seen: now, namespace: namespace.to_owned() };
                    self.causes.insert(fingerprint, cause);
                }
            }
        }
        match diagnosis {
            Some(diagnosis) => drop(self.reports.insert(namespace.to_owned(), diagnosis)),
            None => drop(self.reports.remove(namespace)),
        }
        renewed
    }

    /// What stands now, the worst first, and what began last before what is older.
    pub fn causes(&self) -> Vec<&Cause> {
        let mut causes: Vec<&Cause> = self.causes.values().collect();
        causes.sort_by_key(|cause| (cause.finding.severity, std::cmp::Reverse(cause.began()), &cause.finding.object));
        causes
    }

    /// What was healed, the last first.
    pub fn healed(&self) -> impl Iterator<Item = &Healed> {
        self.healed.iter()
    }

    /// The last diagnosis of a namespace.
    pub fn report(&self, namespace: &str) -> Option<&Diagnosis> {
        self.reports.get(namespace)
    }

    /// Every last diagnosis, by its namespace.
    pub fn reports(&self) -> impl Iterator<Item = (&str, &Diagnosis)> {
        self.reports.iter().map(|(namespace, diagnosis)| (namespace.as_str(), diagnosis))
    }
}

impl Cause {
    /// When it began, as the cluster tells it, or else when it was seen first.
    pub fn began(&self) -> Timestamp {
        self.finding.since.as_ref().and_then(|since| since.parse().ok()).unwrap_or(self.seen)
    }
}
