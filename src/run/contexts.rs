//! `--contexts` and `--all-contexts`: several clusters side by side, in one report.

use std::{
    collections::BTreeSet,
    process::ExitCode,
    sync::{Arc, Mutex, PoisonError},
};

use futures::stream::{self, StreamExt as _};
use jiff::Timestamp;

use super::{answered, complain, exit_code, look, print, rules, runtime, terminal::style};
use crate::{
    cli::Cli,
    diagnosis::Answer,
    document::{DiagnosisList, Unanswered},
    error::Error,
    report,
    rule::Rules,
    spinner,
};

/// So many clusters are asked at once.
const AT_ONCE: usize = 16;

pub(super) fn diagnose(cli: &Cli) -> Result<ExitCode, Error> {
    let Some(written) = report::joined(cli.look.output) else {
        return Err(Error::new(
            "several contexts are reported as text, wide, json, yaml or markdown: leave -o out, or ask about one with --context",
        ));
    };
    // What is misspelt would be so for every cluster.
    look::check_words(cli, &cli.target)?;
    let rules = Arc::new(rules(cli)?);
    let contexts = cli.connection.contexts(&cli.several.contexts)?;
    let answers = runtime()?.block_on(ask(cli, &rules, &contexts));
    let mut list = DiagnosisList::new(Vec::new(), Vec::new());
    let mut bugs = BTreeSet::new();
    for (context, answer) in contexts.iter().zip(answers) {
        match answer {
            Ok(answer) => {
                list.items.push(answer.diagnosis);
                bugs.extend(answer.bugs);
            }
            Err(why) => list.unanswered.push(Unanswered { context: context.clone(), why: why.to_string() }),
        }
    }
    bugs.iter().for_each(|bug| complain(&format!("the rule {bug}")));
    print(&written(&list, &style(cli, Timestamp::now(), false)));
    Ok(ended(cli, &list))
}

// What could not be told counts for more than what was found elsewhere.
fn ended(cli: &Cli, list: &DiagnosisList) -> ExitCode {
    if !list.unanswered.is_empty() {
        let names: Vec<_> = list.unanswered.iter().map(|it| it.context.as_str()).collect();
        let all = list.items.len() + names.len();
        complain(&format!("no diagnosis of {} of {all} contexts: {}", names.len(), names.join(", ")));
        return ExitCode::from(2);
    }
    let codes = list.items.iter().map(|diagnosis| exit_code(diagnosis, cli.look.fail_on));
    codes.into_iter().find(|code| *code != ExitCode::SUCCESS).unwrap_or(ExitCode::SUCCESS)
}

// Each in a thread of its own: a credential plugin or a server that hangs holds up no other.
async fn ask(cli: &Cli, rules: &Arc<Rules>, contexts: &[String]) -> Vec<Result<Answer, Error>> {
    let under_way = Mutex::new(BTreeSet::new());
    let waits_for = || under_way.lock().unwrap_or_else(PoisonError::into_inner);
    let asking = stream::iter(contexts).map(|context| {
        let (cli, rules) = (in_context(cli, context), Arc::clone(rules));
        let waits_for = &waits_for;
        async move {
            waits_for().insert(context.as_str());
            let answered = tokio::task::spawn_blocking(move || answered(&cli, &rules)).await;
            waits_for().remove(context.as_str());
            answered.unwrap_or_else(|_| Err(Error::new("the diagnosis broke off; please report it")))
        }
    });
    let names = || waits_for().iter().copied().collect::<Vec<_>>().join(", ");
    spinner::over(asking.buffered(AT_ONCE).collect(), || format!("waiting for {}", names())).await
}

fn in_context(cli: &Cli, context: &str) -> Cli {
    let mut cli = cli.clone();
    cli.connection.context = Some(context.to_owned());
    cli.look.unwatched = true;
    cli
}
