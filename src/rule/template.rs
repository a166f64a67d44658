//! Text with `${CEL}` in it.

use cel::{Context, Value};
use serde_saphyr::Spanned;

use super::{Expression, Failure, outline};
use crate::error::Error;

/// A text whose `${…}` are filled with facts.
#[derive(Debug)]
pub struct Template(Vec<Part>);

#[derive(Debug)]
enum Part {
    Text(String),
    Fact(Expression),
}

impl Template {
    /// Takes a text apart.
    ///
    /// # Errors
    /// Where a `${` has no end.
    pub fn parse(file: &str, text: Spanned<String>) -> Result<Self, Error> {
        let (line, column) = (text.referenced.line(), text.referenced.column());
        let mut parts = Vec::new();
        let mut rest = text.value.trim_end();
        while let Some(start) = rest.find("${") {
            let Some(length) = end_of(&rest[start + 2..]) else {
                return Err(Error::new(format!(
                    "{file}:{line}:{column}: `${{` without its `}}` in: {}",
                    &rest[start..]
                )));
            };
            parts.push(Part::Text(rest[..start].to_owned()));
            let expression = rest[start + 2..start + 2 + length].to_owned();
            parts.push(Part::Fact(Expression::at(expression, line, column)));
            rest = &rest[start + 2 + length + 1..];
        }
        parts.push(Part::Text(rest.to_owned()));
        Ok(Self(parts))
    }

    /// The text, filled.
    ///
    /// # Errors
    /// Where a fact is unknown, or an expression is wrong.
    pub fn fill(&self, context: &Context) -> Result<String, Failure> {
        let mut text = String::new();
        for part in &self.0 {
            match part {
                Part::Text(words) => text.push_str(words),
                Part::Fact(expression) => text.push_str(&show(&expression.evaluate(context)?)),
            }
        }
        Ok(text)
    }

    /// The text before it is filled, in words.
    pub fn outline(&self) -> String {
        let part = |part: &Part| match part {
            Part::Text(words) => words.clone(),
            Part::Fact(expression) => outline::of(expression.text()),
        };
        self.0.iter().map(part).collect()
    }

    /// The expressions in it.
    pub fn expressions(&self) -> impl Iterator<Item = &Expression> {
        self.0.iter().filter_map(|part| match part {
            Part::Fact(expression) => Some(expression),
            Part::Text(_) => None,
        })
    }
}

// The length up to the brace that closes `${`: maps have braces of their own, and texts may.
fn end_of(text: &str) -> Option<usize> {
    let mut depth = 0;
    let mut quote = None;
    let mut escaped = false;
    for (index, character) in text.char_indices() {
        if std::mem::take(&mut escaped) {
            continue;
        }
        match (quote, character) {
            (Some(_), '\\') => escaped = true,
            (Some(open), _) if character == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(character),
            (None, '{') => depth += 1,
            (None, '}') if depth == 0 => return Some(index),
            (None, '}') => depth -= 1,
            (None, _) => {}
        }
    }
    None
}

fn show(value: &Value) -> String {
    match value {
        Value::String(text) => text.to_string(),
        Value::Int(number) => number.to_string(),
        Value::UInt(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Bool(truth) => truth.to_string(),
        Value::List(items) => items.iter().map(show).collect::<Vec<_>>().join(", "),
        Value::Null => String::new(),
        other => other.json().map(|json| json.to_string()).unwrap_or_default(),
    }
}
