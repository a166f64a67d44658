//! What a run says that asked several clusters; its schema is `schema/diagnosis-list.json`.

use schemars::JsonSchema;
use serde::Serialize;

use super::Diagnosis;

/// The whole answer of one run that asked the clusters of several contexts.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DiagnosisList {
    /// `kubectl-doctor/v1`.
    pub api_version: String,
    /// `DiagnosisList`.
    pub kind: String,
    /// The diagnosis of each cluster, in the order of the contexts; `metadata.context` says of which.
    pub items: Vec<Diagnosis>,
    /// The contexts without a diagnosis: the cluster could not be asked, or what was asked about is not there.
    pub unanswered: Vec<Unanswered>,
}

/// A context without a diagnosis.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Unanswered {
    /// The kubeconfig context.
    pub context: String,
    /// Why there is none, in one line.
    pub why: String,
}

impl DiagnosisList {
    /// Of what came of each context.
    pub fn new(items: Vec<Diagnosis>, unanswered: Vec<Unanswered>) -> Self {
        Self { api_version: "kubectl-doctor/v1".to_owned(), kind: "DiagnosisList".to_owned(), items, unanswered }
    }
}
