//! The JSON document: what a diagnosis says, for people's scripts. Stable; its
//! schema is `schema/diagnosis.json`. It holds no durations and no ages, so
//! that two runs on an unchanged cluster are the same to the byte.

use std::{collections::BTreeMap, fmt};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

mod list;

use crate::command;

pub use list::{DiagnosisList, Unanswered};

/// The whole answer of one run.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Diagnosis {
    /// `kubectl-doctor/v1`.
    pub api_version: String,
    /// `Diagnosis`.
    pub kind: String,
    /// Of the run as a whole.
    pub metadata: Metadata,
    /// What was found: roots first, ordered by severity, certainty, distance from what was asked, kind and name.
    pub findings: Vec<Finding>,
    /// What active checks saw, in the order of their steps.
    pub probe: Vec<ProbeStep>,
    /// What was changed and what came of it, oldest first; left out where one of the two is not known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub timeline: Vec<Moment>,
    /// Where else objects differ from the manifests that were named; left out where they do not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub deviations: Vec<Deviation>,
    /// How many findings were left out because somebody asked for that.
    pub suppressed: usize,
    /// Which those are, and who asked; left out where there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub suppressed_findings: Vec<Suppressed>,
    /// What could not be looked at, and why.
    pub not_checked: Vec<NotChecked>,
    /// How many objects were looked at, by plural.
    pub checked: BTreeMap<String, usize>,
}

/// Of the run as a whole.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Metadata {
    /// Name and version of this program.
    pub tool: String,
    /// The API server's version.
    pub server: Option<String>,
    /// The kubeconfig context.
    pub context: Option<String>,
    /// What was asked about: `service/web`; nothing where it was a namespace or the cluster.
    pub target: Option<String>,
    /// The namespace asked about; nothing where it was all of them.
    pub namespace: Option<String>,
    /// When the objects were recorded (RFC 3339), of a recording only.
    pub recorded: Option<String>,
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Something does not work.
    Error,
    /// It works now and will not, or works differently from what was meant.
    Warning,
    /// Good to know.
    Info,
}

impl Severity {
    /// `error`, as the document spells it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "info",
        }
    }
}

/// How sure the doctor is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Certainty {
    /// The objects say so.
    Certain,
    /// All that is known points there.
    Likely,
    /// It may be so.
    Possible,
}

/// One thing that is wrong.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// The rule's id: `service-selector-mismatch`.
    pub rule: String,
    /// How bad it is.
    pub severity: Severity,
    /// How sure the doctor is.
    pub certainty: Certainty,
    /// Nothing else that was found explains it.
    pub root: bool,
    /// It is over: what it is about was in trouble, and is well now. Never an error.
    #[serde(skip_serializing_if = "is_false")]
    pub past: bool,
    /// It cannot cure itself by waiting.
    #[serde(rename = "final")]
    pub is_final: bool,
    /// The same for the same fault over runs and replicas.
    pub fingerprint: String,
    /// What a person would edit to cure it.
    pub object: ObjectRef,
    /// The container at fault.
    pub container: Option<String>,
    /// The field at fault: `spec.selector`.
    pub field: Option<String>,
    /// One sentence with the actual names and values in it.
    pub summary: String,
    /// When it began (RFC 3339).
    pub since: Option<String>,
    /// When it was last seen (RFC 3339).
    pub last_seen: Option<String>,
    /// How often it was seen.
    pub count: Option<i64>,
    /// The pods that show it, where it is reported on their controller; the claims, where it is reported on the first
    /// of those that a StatefulSet has made.
    pub affected: Vec<ObjectRef>,
    /// Out of how many pods.
    pub of: Option<usize>,
    /// The cluster's own words, verbatim, and where they stand.
    pub evidence: Vec<Evidence>,
    /// The way of the traffic that does not arrive, from outside in; left out where there is none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub path: Vec<Hop>,
    /// What was probably meant, nearest first.
    pub nearest: Vec<Nearest>,
    /// What changed in the field at fault, in what it names, and in the pod template since it worked.
    pub changes: Vec<Change>,
    /// Where the object differs from its manifest, in the field at fault; left out where no manifest was named, or the
    /// two are alike there.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub deviations: Vec<Deviation>,
    /// Who manages the object, so that a change here would not last; left out where nobody is known to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub managed_by: Option<ManagedBy>,
    /// What it means.
    pub why: String,
    /// What cures it, best first.
    pub cures: Vec<Cure>,
    /// Where to read more.
    pub docs: Option<String>,
    /// The fault that is to be mended before this one, which does not follow from it: the same workload or
    /// Service suffers from both. Left out where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_after: Option<FindingRef>,
    /// The findings that follow from this one.
    pub explains: Vec<FindingRef>,
    /// The findings that this one follows from.
    pub explained_by: Vec<FindingRef>,
}

/// An object by its coordinates.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ObjectRef {
    /// `apps/v1`.
    pub api_version: String,
    /// `Deployment`.
    pub kind: String,
    /// Empty for kinds that live in no namespace.
    pub namespace: String,
    /// `metadata.name`.
    pub name: String,
    /// `metadata.uid`; empty where it is not known.
    pub uid: String,
}

impl fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kind, self.name)
    }
}

/// The cluster's own words, verbatim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Evidence {
    /// The field, event or log that says so: `Pod/web status.containerStatuses[web].state.waiting`.
    pub source: String,
    /// What it says. May have several lines.
    pub text: String,
    /// When (RFC 3339).
    pub at: Option<String>,
}

/// A place that traffic comes through.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Hop {
    /// The object; nothing for endpoints and ports.
    pub object: Option<ObjectRef>,
    /// In a few words: `Service/web:80`, `no endpoint`, `3 pods of Deployment/web :8080`.
    pub text: String,
    /// Why nothing comes here from the place before; nothing where it does.
    pub broken: Option<String>,
}

/// A did-you-mean.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Nearest {
    /// What was probably meant.
    pub value: String,
    /// Why it is thought so: `3 ready pods of Deployment/web carry it`.
    pub why: String,
}

/// A change to the field at fault, or to what is used there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// The object, where it is another one than the finding's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object: Option<ObjectRef>,
    /// The field's path; empty where it is only known that something in the object was changed.
    pub field: String,
    /// The value before, where it is known.
    pub from: Option<String>,
    /// The value now.
    pub to: Option<String>,
    /// The field manager that made it: `kubectl-edit`.
    pub by: Option<String>,
    /// When (RFC 3339).
    pub at: Option<String>,
    /// Whether it was then. Otherwise it was then at the latest: its manager wrote other fields of the object as well,
    /// and only its last write has a time.
    pub exact: bool,
}

/// A field in which an object is not as a manifest has it that was named to compare it with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Deviation {
    /// The object.
    pub object: ObjectRef,
    /// The manifest's file.
    pub file: String,
    /// The field's path.
    pub field: String,
    /// The value in the manifest.
    pub manifest: Option<String>,
    /// The value of the object; nothing where it is not set.
    pub live: Option<String>,
}

/// Something that came about at a time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Moment {
    /// When (RFC 3339); of a change when at the latest, where its `exact` is false.
    pub at: String,
    /// To what.
    pub object: ObjectRef,
    /// What, behind the object's name: `spec.selector.app changed`, `no ready endpoint`.
    pub what: String,
    /// The field manager that made it, of a change: `kubectl-edit`.
    pub by: Option<String>,
    /// Whether it is a change, rather than what came of one.
    pub is_change: bool,
}

/// Who manages an object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ManagedBy {
    /// What to go to: `Helm release shop in namespace prod`, `Argo CD Application shop`.
    pub name: String,
    /// The field that says so: `metadata.annotations[meta.helm.sh/release-name]`.
    pub shown_by: String,
    /// Where to make the change, and what becomes of a patch here.
    pub advice: String,
}

/// Something that cures the fault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Cure {
    /// What to do, in words.
    pub text: String,
    /// The command that cures it, quoted for a shell; what stands in angle brackets is to be filled in.
    pub command: Option<String>,
    /// That command's words; where it is several, the first one's.
    pub argv: Vec<String>,
    /// The words of those that follow it, once it went well.
    pub then: Vec<Vec<String>>,
    /// A command that changes nothing and shows what is to be done, quoted for a shell.
    pub look: Option<String>,
    /// The change as a diff: lines that start with `-`, `+` or a space, the field's path in the first.
    pub diff: Option<String>,
    /// It restarts pods.
    pub restarts: bool,
    /// It deletes something.
    pub destructive: bool,
}

impl Cure {
    /// The command to print, where there is one.
    pub fn shown(&self) -> Option<&str> {
        self.command.as_deref().or(self.look.as_deref())
    }

    /// With flags of kubectl's that say which cluster is meant.
    pub fn reach(&mut self, flags: &[String]) {
        let Some(joined) = command::quoted(flags) else { return };
        for argv in self.then.iter_mut().chain([&mut self.argv]).filter(|argv| !argv.is_empty()) {
            argv.splice(1..1, flags.iter().cloned());
        }
        self.join();
        if let Some(rest) = self.look.as_deref().and_then(|look| look.strip_prefix("kubectl ")) {
            // What kubectl hands to a plugin stands behind the plugin's name.
            self.look = Some(match rest.strip_prefix("doctor ") {
                Some(rest) => format!("kubectl doctor {joined} {rest}"),
                None => format!("kubectl {joined} {rest}"),
            });
        }
    }

    /// Writes the command anew, of its words.
    pub fn join(&mut self) {
        let all = [&self.argv].into_iter().chain(&self.then);
        let quoted: Option<Vec<String>> = all.map(|argv| command::quoted(argv)).collect();
        self.command = quoted.map(|commands| commands.join(" && "));
    }

    /// Takes its commands off: only words are left.
    pub fn take_commands(&mut self) {
        (self.command, self.argv, self.then, self.look) = (None, Vec::new(), Vec::new(), None);
    }
}

impl Finding {
    /// By rule and object.
    pub fn reference(&self) -> FindingRef {
        FindingRef { rule: self.rule.clone(), object: self.object.clone() }
    }
}

/// A finding by rule and object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FindingRef {
    /// The rule's id.
    pub rule: String,
    /// What it is reported on.
    pub object: ObjectRef,
}

/// A finding that was left out.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Suppressed {
    /// The rule's id.
    pub rule: String,
    /// What it would be reported on.
    pub object: ObjectRef,
    /// Who asked for it: `--ignore`, the path of the config file, `annotation of Deployment/web`; or, of a symptom,
    /// `follows from oom-killed of Deployment/web`.
    pub by: String,
}

impl fmt::Display for Suppressed {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        write!(formatter, "{} of {} in {} ({})", self.rule, self.object, self.object.namespace, self.by)
    }
}

/// One step of an active check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProbeStep {
    /// `listening`, `inside`, `pod`, `dns`, `service`, `outside`.
    pub step: String,
    /// Where the check was made from.
    pub from: String,
    /// What it was made to.
    pub to: String,
    /// What came back.
    pub answer: String,
    /// After how many milliseconds; the longest where it was asked several times.
    pub milliseconds: u64,
    /// Whether that is what should come back.
    pub ok: bool,
}

/// Something that could not be looked at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NotChecked {
    /// `secrets`.
    pub what: String,
    /// `forbidden: …`.
    pub why: String,
    /// What may be wrong and stay unseen for that: `a wrong pull secret`.
    pub hides: String,
}

fn is_false(truth: &bool) -> bool {
    !truth
}
