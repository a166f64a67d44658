//! A CEL expression of a rule, compiled when it is first needed.

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::OnceLock,
};

use cel::{Context, ExecutionError, IdedExpr, Value, parser::PrattParser};
use serde_saphyr::Spanned;

use super::shape;
use crate::error::Error;

/// An expression with its place in the rule file.
#[derive(Debug)]
pub struct Expression {
    text: String,
    line: u64,
    column: u64,
    compiled: OnceLock<Result<IdedExpr, String>>,
}

/// Why an expression has no value.
#[derive(Debug, Clone, PartialEq)]
pub enum Failure {
    /// It reads a fact that is unknown, by its last name.
    Unknown(String),
    /// It is wrong: a bug in the rule.
    Bug(String),
}

impl Expression {
    /// From a scalar of a rule file.
    pub fn new(text: Spanned<String>) -> Self {
        Self {
            line: text.referenced.line(),
            column: text.referenced.column(),
            text: text.value,
            compiled: OnceLock::new(),
        }
    }

    /// From a part of a scalar that begins here.
    pub fn at(text: String, line: u64, column: u64) -> Self {
        Self { text, line, column, compiled: OnceLock::new() }
    }

    /// As written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Its value in a context of facts.
    ///
    /// # Errors
    /// Where it reads a fact that is unknown, or is wrong.
    pub fn evaluate(&self, context: &Context) -> Result<Value, Failure> {
        let expression = self.compiled().map_err(|error| Failure::Bug(self.bug(&error)))?;
        // The evaluator is not ours, and rules may be users' own: a panic in it must not lose the diagnosis.
        let value = catch_unwind(AssertUnwindSafe(|| context.resolve(expression)));
        match value {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(ExecutionError::NoSuchKey(key))) => Err(Failure::Unknown(key.to_string())),
            Ok(Err(error)) => Err(Failure::Bug(self.bug(&error.to_string()))),
            Err(_) => Err(Failure::Bug(self.bug("the evaluator panicked"))),
        }
    }

    /// Checks that it compiles and that the facts it reads are there.
    ///
    /// # Errors
    /// Names file, line and column.
    pub fn check(&self, file: &str, shape: &BTreeMap<&'static str, serde_json::Value>) -> Result<(), Error> {
        let place = format!("{file}:{}:{}", self.line, self.column);
        let expression = self.compiled().map_err(|error| Error::new(format!("{place}: {error}")))?;
        shape::check(expression, shape).map_err(|error| Error::new(format!("{place}: {error}")))
    }

    fn compiled(&self) -> Result<&IdedExpr, String> {
        let compile = || PrattParser::new().parse(&self.text).map_err(|errors| first_line(&errors.to_string()));
        self.compiled.get_or_init(compile).as_ref().map_err(Clone::clone)
    }

    fn bug(&self, what: &str) -> String {
        format!("`{}`: {what}", self.text)
    }
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::Rules;

    // The quick parser is younger than the grammar's own: on every rule that there is they must agree, but
    // for the numbers that they give to the nodes.
    #[test]
    fn both_parsers_of_cel_read_every_rule_alike() {
        let ids = regex_lite::Regex::new("id: [0-9]+").unwrap();
        let shape = |expression: &cel::IdedExpr| ids.replace_all(&format!("{expression:?}"), "").into_owned();
        for rule in Rules::built_in().unwrap().all() {
            for expression in rule.expressions() {
                let quick = cel::parser::PrattParser::new().parse(expression.text()).unwrap();
                let full = cel::parser::Parser::new().parse(expression.text()).unwrap();
                assert_eq!(shape(&quick), shape(&full), "{}: {}", rule.id, expression.text());
            }
        }
    }
}
