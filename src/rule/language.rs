//! What rules can use besides facts: CEL's standard library, its strings extension, and `matches`.

use std::{
    cell::RefCell,
    collections::HashMap,
    sync::{Arc, LazyLock},
};

use cel::{Context, Env, ExecutionError, extractors::This};
use regex_lite::Regex;

/// A context without facts, of which each subject has a scope of its own.
pub fn context<'a>() -> Context<'a, 'a> {
    static ENVIRONMENT: LazyLock<Arc<Env>> = LazyLock::new(|| {
        let mut environment = Env::stdlib();
        // It fails only where a function of that name is declared already, in which case that one serves.
        let _ = environment.add_extension(cel::extensions::strings);
        Arc::new(environment)
    });
    let mut context = Context::with_env(Arc::clone(&ENVIRONMENT));
    let _ = context.add_function("matches", matches);
    context
}

/// A pattern of a rule. What components say is in ASCII: without Unicode's tables a pattern compiles many
/// times as fast, which each run pays.
///
/// # Errors
/// Where the text is no pattern.
pub fn pattern(text: &str) -> Result<Regex, String> {
    Regex::new(text).map_err(|error| error.to_string())
}

// CEL's own compiles its pattern anew for each text.
fn matches(This(text): This<Arc<String>>, sought: Arc<String>) -> Result<bool, ExecutionError> {
    thread_local! {
        static COMPILED: RefCell<HashMap<Arc<String>, Regex>> = RefCell::default();
    }
    COMPILED.with_borrow_mut(|compiled| {
        if let Some(known) = compiled.get(&sought) {
            return Ok(known.is_match(&text));
        }
        let new = pattern(&sought).map_err(|error| ExecutionError::function_error("matches", error))?;
        let found = new.is_match(&text);
        compiled.insert(sought, new);
        Ok(found)
    })
}

#[cfg(test)]
mod tests {
    use cel::{Program, Value};

    use super::*;

    fn value(expression: &str) -> Result<Value, ExecutionError> {
        Program::compile(expression).unwrap().execute(&context())
    }

    #[test]
    fn a_text_is_matched_anywhere_and_by_case_unless_asked_otherwise() {
        assert_eq!(value("'x509: unknown authority'.matches('x509:')"), Ok(true.into()));
        assert_eq!(value("'Not Found'.matches('not found')"), Ok(false.into()));
        assert_eq!(value("'Not Found'.matches('(?i)not found$')"), Ok(true.into()));
        assert_eq!(value("'größe'.matches('^gr[^ ]+e$')"), Ok(true.into()));
    }

    #[test]
    fn what_is_no_pattern_is_an_error() {
        assert!(value("'x'.matches('(')").is_err());
    }
}
