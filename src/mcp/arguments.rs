//! What a client gives a tool, held against what the tool takes.

use rmcp::model::JsonObject;
use serde_json::Value;

use super::tools::{Takes, Tool};
use crate::{error::Error, facts::nearest::nearest_name};

/// Arguments that the tool takes. One that is empty or null counts as none.
#[derive(Debug, Default)]
pub(super) struct Arguments(JsonObject);

impl Arguments {
    /// Those of a call.
    ///
    /// # Errors
    /// Where one is not known, not of its type, or missing.
    pub(super) fn of(tool: Tool, given: JsonObject) -> Result<Self, Error> {
        let is_given = |value: &Value| !value.is_null() && value.as_str() != Some("");
        let given: JsonObject = given.into_iter().filter(|(_, value)| is_given(value)).collect();
        for (name, value) in &given {
            let Some(argument) = tool.arguments().iter().find(|argument| argument.name == name) else {
                return Err(unknown(tool, name));
            };
            let (fits, takes) = match argument.takes {
                Takes::Text => (value.is_string(), "a string"),
                Takes::Truth => (value.is_boolean(), "true or false"),
            };
            if !fits {
                return Err(Error::new(format!("{name} has to be {takes}, and not {value}")));
            }
        }
        match tool.arguments().iter().find(|argument| argument.required && !given.contains_key(argument.name)) {
            Some(missing) => Err(Error::new(format!("{} needs {}", tool.name(), missing.name))),
            None => Ok(Self(given)),
        }
    }

    pub(super) fn text(&self, name: &str) -> Option<String> {
        Some(self.0.get(name)?.as_str()?.to_owned())
    }

    pub(super) fn truth(&self, name: &str) -> Option<bool> {
        self.0.get(name)?.as_bool()
    }
}

fn unknown(tool: Tool, name: &str) -> Error {
    let names: Vec<&str> = tool.arguments().iter().map(|argument| argument.name).collect();
    let near = nearest_name(name, &names).map_or_else(String::new, |near| format!("; did you mean {near}?"));
    let takes = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    Error::new(format!("{} takes no argument {name:?}{near} (it takes {takes})", tool.name()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(tool: Tool, given: Value) -> Result<Arguments, String> {
        let Value::Object(given) = given else { panic!("{given} is no object") };
        Arguments::of(tool, given).map_err(|error| error.to_string())
    }

    #[test]
    fn what_a_tool_does_not_take_is_named_with_what_it_does() {
        let error = of(Tool::Diagnose, json!({"namespce": "shop"})).unwrap_err();
        assert!(error.contains("\"namespce\"") && error.contains("did you mean namespace?"), "{error}");
        assert!(of(Tool::ListRules, json!({"area": "pod"})).unwrap_err().contains("it takes none"));
        for more in ["probe", "fix", "yes", "server", "from", "file", "filename"] {
            assert!(of(Tool::Diagnose, json!({more: true})).is_err(), "{more}");
            assert!(of(Tool::Record, json!({more: true})).is_err(), "{more}");
        }
    }

    #[test]
    fn an_argument_of_another_type_is_named() {
        let error = of(Tool::Diagnose, json!({"target": ["pod", "web"]})).unwrap_err();
        assert_eq!(error, r#"target has to be a string, and not ["pod","web"]"#);
        let error = of(Tool::Record, json!({"all_namespaces": "yes"})).unwrap_err();
        assert_eq!(error, r#"all_namespaces has to be true or false, and not "yes""#);
    }

    #[test]
    fn an_empty_argument_counts_as_none() {
        assert_eq!(of(Tool::Explain, json!({"rule": ""})).unwrap_err(), "explain needs rule");
        let given = of(Tool::Diagnose, json!({"namespace": "", "context": null, "target": "svc/web"})).unwrap();
        assert_eq!((given.text("namespace"), given.text("context")), (None, None));
        assert_eq!(given.text("target").as_deref(), Some("svc/web"));
    }
}
