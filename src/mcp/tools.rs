//! The tools: what each is for, and what it takes.

use rmcp::model::{self, JsonObject, ToolAnnotations};
use serde_json::{Value, json};

/// Something that can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tool {
    Diagnose,
    Explain,
    ListRules,
    Record,
}

/// What a tool takes.
#[derive(Debug)]
pub(super) struct Argument {
    pub(super) name: &'static str,
    pub(super) takes: Takes,
    pub(super) required: bool,
    about: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    Text,
    Truth,
}

const fn text(name: &'static str, about: &'static str) -> Argument {
    Argument { name, takes: Takes::Text, required: false, about }
}

const WHERE: [Argument; 6] = [
    text(
        "target",
        "What to look at, as kubectl takes it: \"pod myapp\", \"deploy/web svc/web\", \"services\", or the name of anything; nothing for all there is in the namespace",
    ),
    text("namespace", "The namespace; that of the context where none is given"),
    Argument { takes: Takes::Truth, ..text("all_namespaces", "Look in all namespaces") },
    text("selector", "Look only at objects with these labels: \"app=web,tier!=back\""),
    text("client", "Say whether this pod or workload gets through to the target: TYPE/NAME, or NAMESPACE/TYPE/NAME"),
    text("context", "The kubeconfig context; the current one where none is given"),
];

const RULE: [Argument; 1] = [Argument {
    required: true,
    ..text("rule", "The rule's id, as a finding names it: \"service-selector-mismatch\"")
}];

impl Tool {
    pub(super) const ALL: [Self; 4] = [Self::Diagnose, Self::Explain, Self::ListRules, Self::Record];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Diagnose => "diagnose",
            Self::Explain => "explain",
            Self::ListRules => "list_rules",
            Self::Record => "record",
        }
    }

    pub(super) fn arguments(self) -> &'static [Argument] {
        match self {
            Self::Diagnose | Self::Record => &WHERE,
            Self::Explain => &RULE,
            Self::ListRules => &[],
        }
    }

    /// As a client lists it.
    pub(super) fn described(self) -> model::Tool {
        model::Tool::new(self.name(), self.about(), self.schema())
            .with_annotations(ToolAnnotations::with_title(self.title()).read_only(true))
    }

    fn title(self) -> &'static str {
        match self {
            Self::Diagnose => "Diagnose a Kubernetes cluster",
            Self::Explain => "Explain a rule",
            Self::ListRules => "List the rules",
            Self::Record => "Record what a diagnosis looks at",
        }
    }

    fn about(self) -> &'static str {
        match self {
            Self::Diagnose => {
                "Names the root cause of what is broken with a Kubernetes object, in a namespace or in the cluster. Returns a JSON document: \
                 findings, of which those with root true follow from no other, each with its object, field, summary, evidence in the cluster's \
                 own words, what was probably meant, what changed, and cures as commands for the user to decide on; and under notChecked \
                 what could not be looked at, which is unknown and not missing. Reads only; values of Secrets are never in it."
            }
            Self::Explain => "Says what a rule of the diagnosis means, when it holds and what cures it.",
            Self::ListRules => "Lists the rules of the diagnosis with area and severity.",
            Self::Record => {
                "Returns the recording of what a diagnosis looks at, as JSON that kubectl doctor --from reads without a cluster. It is long: for \
                 a colleague or a bug report, not to read causes from. Reads only; values of Secrets, long values of ConfigMaps and what \
                 looks like a credential are replaced."
            }
        }
    }

    fn schema(self) -> JsonObject {
        let arguments = self.arguments();
        let properties: JsonObject = arguments.iter().map(|it| (it.name.to_owned(), it.schema())).collect();
        let required: Vec<_> = arguments.iter().filter(|it| it.required).map(|it| it.name).collect();
        let mut schema = JsonObject::new();
        schema.insert("type".to_owned(), json!("object"));
        schema.insert("properties".to_owned(), Value::Object(properties));
        schema.insert("required".to_owned(), json!(required));
        schema.insert("additionalProperties".to_owned(), json!(false));
        schema
    }
}

impl Argument {
    fn schema(&self) -> Value {
        let of = match self.takes {
            Takes::Text => "string",
            Takes::Truth => "boolean",
        };
        json!({"type": of, "description": self.about})
    }
}
