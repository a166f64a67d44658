//! What each tool does.

use rmcp::model::{CallToolResult, ContentBlock};

use super::{arguments::Arguments, tools::Tool};
use crate::{
    cli::Cli,
    document::Diagnosis,
    error::Error,
    explain,
    report::{self, Style, clean},
    rule::Rules,
    run,
};

// As wide as a report without a terminal.
const WIDTH: usize = 100;

/// Does what was asked for, with the server's own flags wherever the arguments do not say otherwise.
///
/// # Errors
/// Where there is no answer: the line that the command line would print.
pub(super) fn call(cli: &Cli, rules: &Rules, tool: Tool, given: &Arguments) -> Result<CallToolResult, Error> {
    match tool {
        Tool::Diagnose => {
            let answer = run::answered(&asked(cli, given)?, rules)?;
            answer.bugs.iter().for_each(|bug| run::complain(&format!("the rule {bug}")));
            Ok(document(&answer.diagnosis))
        }
        Tool::Explain => {
            let style = Style { color: false, width: WIDTH, now: None };
            let id = given.text("rule").unwrap_or_default();
            Ok(text(explain::rule(rules, &id, &style)?))
        }
        Tool::ListRules => Ok(text(explain::table(rules))),
        Tool::Record => {
            let cli = asked(cli, given)?;
            Ok(text(run::recorded(&cli, rules, &cli.target)?))
        }
    }
}

/// That there is no answer, and why.
pub(super) fn failed(error: &Error) -> CallToolResult {
    CallToolResult::error(vec![ContentBlock::text(clean::line(&error.to_string()))])
}

// The words stand behind no flag's name: nothing but what is looked at can be chosen with them.
fn asked(cli: &Cli, given: &Arguments) -> Result<Cli, Error> {
    let mut cli = cli.clone();
    cli.target = given.text("target").unwrap_or_default().split_whitespace().map(str::to_owned).collect();
    if let Some(namespace) = given.text("namespace") {
        cli.connection.namespace = Some(namespace);
        cli.look.all_namespaces = false;
    }
    cli.look.all_namespaces = given.truth("all_namespaces").unwrap_or(cli.look.all_namespaces);
    cli.look.selector = given.text("selector").or(cli.look.selector);
    cli.look.client = given.text("client").or(cli.look.client);
    cli.connection.context = context(cli.connection.context, given)?;
    cli.look.unwatched = true;
    Ok(cli)
}

// Who starts it for one cluster does not mean another.
fn context(own: Option<String>, given: &Arguments) -> Result<Option<String>, Error> {
    match (own, given.text("context")) {
        (Some(own), Some(other)) if own != other => {
            Err(Error::new(format!("this server is for context {own:?} alone: leave context out")))
        }
        (own, other) => Ok(own.or(other)),
    }
}

fn text(text: String) -> CallToolResult {
    CallToolResult::success(vec![ContentBlock::text(text)])
}

fn document(diagnosis: &Diagnosis) -> CallToolResult {
    let json = report::json_line(diagnosis);
    let structured = serde_json::from_str(&json).ok();
    let mut result = text(json);
    result.structured_content = structured;
    result
}
