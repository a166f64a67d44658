//! What one call of the command does.

mod contexts;
mod fix;
mod look;
mod serve;
mod terminal;
mod wait;
mod watch;

use std::{io::Write as _, process::ExitCode};

use jiff::Timestamp;

pub(crate) use self::look::runtime;
pub use self::terminal::{complain, print, usage};

use self::{
    look::{look, question, recorded_in},
    terminal::style,
};
use crate::{
    active,
    cli::{Cli, Command},
    complete, demo,
    diagnosis::{self, Answer},
    document::{Diagnosis, Severity},
    error::Error,
    explain,
    inventory::Inventory,
    mcp,
    question::{NotFound, Question},
    report,
    rule::{LogPatterns, Rules},
    source::{collect::Look, recording},
    stats::Stats,
};

/// Runs what was asked for.
///
/// # Errors
/// Where no diagnosis is possible; the text is one line that says why and what to do.
pub fn run(cli: &Cli) -> Result<ExitCode, Error> {
    if cli.several.any() && cli.command.is_some() {
        return Err(Error::new(
            "--contexts and --all-contexts are for a diagnosis alone: leave them out, or choose one with --context",
        ));
    }
    match &cli.command {
        Some(Command::Rules) => {
            print(&explain::table(&rules(cli)?));
            Ok(ExitCode::SUCCESS)
        }
        Some(Command::Explain { id }) => {
            print(&explain::rule(&rules(cli)?, id, &style(cli, Timestamp::now(), false))?);
            Ok(ExitCode::SUCCESS)
        }
        Some(Command::Demo { case }) => {
            let (inventory, target) = demo::recording(case.as_deref())?;
            let question = question(cli, &target, recorded_in(cli, &inventory), &inventory.custom().types)?;
            Ok(answer(cli, &rules(cli)?, &question, &inventory, &mut Stats::default()))
        }
        Some(Command::Record { target, file }) => record(cli, target, file.as_deref()),
        Some(Command::Wait { target, flags }) => wait::wait(cli, target, flags),
        Some(Command::Watch) => watch::watch(cli),
        Some(Command::Serve { flags }) => serve::serve(cli, flags),
        Some(Command::Completion { shell }) => {
            match shell.script() {
                Some(script) => print(script),
                None => print(&complete::install()?),
            }
            Ok(ExitCode::SUCCESS)
        }
        Some(Command::Cleanup) => cleanup(cli),
        Some(Command::Mcp) => {
            mcp::serve(cli, rules(cli)?)?;
            Ok(ExitCode::SUCCESS)
        }
        None => diagnose(cli),
    }
}

fn rules(cli: &Cli) -> Result<Rules, Error> {
    let mut rules = Rules::built_in()?;
    for folder in &cli.look.rules {
        rules.add_folder(folder)?;
    }
    let flags = cli.look.ignore.iter().map(|word| (word.as_str(), "--ignore".to_owned()));
    for (word, said_in) in flags.chain(cli.look.settings.ignore()) {
        rules.ignore(word, &said_in)?;
    }
    Ok(rules)
}

fn diagnose(cli: &Cli) -> Result<ExitCode, Error> {
    if cli.several.any() {
        return contexts::diagnose(cli);
    }
    if cli.fix.fix {
        return fix::fix(cli);
    }
    let mut stats = Stats::default();
    let result = diagnose_counted(cli, &mut stats);
    if cli.look.stats {
        let _ = std::io::stderr().write_all(stats.text().as_bytes());
    }
    result
}

fn diagnose_counted(cli: &Cli, stats: &mut Stats) -> Result<ExitCode, Error> {
    // What is wrong in a user's rule is said before a cluster is asked; the binary's own are read while it answers.
    if !cli.look.rules.is_empty() || cli.look.ignores_any() {
        let rules = rules(cli)?;
        let (question, inventory) = look(cli, &cli.target, &rules.logs, how(cli, &rules), stats)?;
        return Ok(answer(cli, &rules, &question, &inventory, stats));
    }
    let rules = std::thread::spawn(Rules::built_in);
    let (question, inventory) = look(cli, &cli.target, &LogPatterns::default(), glance(cli), stats)?;
    let rules = rules.join().map_err(|_| Error::new("the rules in the binary can't be read; please report it"))??;
    Ok(answer(cli, &rules, &question, &inventory, stats))
}

fn how(cli: &Cli, rules: &Rules) -> Look {
    if rules.need_every_pod() { Look::InFull } else { glance(cli) }
}

// Connections are made from any pod that may make them.
fn glance(cli: &Cli) -> Look {
    if cli.active.probe && !cli.look.all_namespaces { Look::InFull } else { Look::AtAGlance }
}

/// The diagnosis of what was asked about, where anything of it could be looked at.
///
/// # Errors
/// Where nothing could, or the target is not there.
pub(crate) fn answered(cli: &Cli, rules: &Rules) -> Result<Answer, Error> {
    let (question, inventory) = look(cli, &cli.target, &rules.logs, how(cli, rules), &mut Stats::default())?;
    let mut answer = diagnosed(cli, rules, &question, &inventory).map_err(|missing| Error::new(missing.line))?;
    match answer.unanswered.take() {
        Some(why) => Err(Error::new(why)),
        None => Ok(answer),
    }
}

/// The recording of what is looked at for a target.
///
/// # Errors
/// Where nothing could be, or the target is not there.
pub(crate) fn recorded(cli: &Cli, rules: &Rules, target: &[String]) -> Result<String, Error> {
    let (question, inventory) = look(cli, target, &rules.logs, Look::InFull, &mut Stats::default())?;
    question.resolve(&inventory).map_err(|missing| Error::new(missing.line))?;
    Ok(recording::write(&inventory, question.target_text().as_deref()))
}

fn record(cli: &Cli, target: &[String], file: Option<&std::path::Path>) -> Result<ExitCode, Error> {
    let text = recorded(cli, &rules(cli)?, target)?;
    match file {
        None => print(&text),
        Some(path) => {
            std::fs::write(path, text)
                .map_err(|error| Error::new(format!("cannot write the recording {}: {error}", path.display())))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn cleanup(cli: &Cli) -> Result<ExitCode, Error> {
    let tell = |line: &str| print(&format!("{}\n", report::clean::line(line)));
    runtime()?.block_on(async {
        let live = cli.connection.connect().await?;
        let namespace = look::scope(cli, &live);
        active::cleanup::cleanup(&live, namespace.as_deref(), cli.active.yes, tell).await
    })?;
    Ok(ExitCode::SUCCESS)
}

fn answer(cli: &Cli, rules: &Rules, question: &Question, inventory: &Inventory, stats: &mut Stats) -> ExitCode {
    let answer = diagnosed(cli, rules, question, inventory);
    stats.end_of("diagnose");
    tell(cli, question, inventory, &answer, stats)
}

// What came of it, and the exit status that says so.
fn tell(
    cli: &Cli,
    question: &Question,
    inventory: &Inventory,
    answer: &Result<Answer, NotFound>,
    stats: &mut Stats,
) -> ExitCode {
    match answer {
        Ok(answer) => {
            for bug in &answer.bugs {
                complain(&format!("the rule {bug}"));
            }
            print(&report::render(
                &answer.diagnosis,
                cli.look.output,
                &style(cli, inventory.about.now, inventory.about.recorded),
            ));
            stats.end_of("report");
            if let Some(why) = &answer.unanswered {
                complain(why);
                return ExitCode::from(2);
            }
            exit_code(&answer.diagnosis, cli.look.fail_on)
        }
        Err(missing) => {
            // For people, and for a list of names, the line on stderr says it all.
            if !matches!(cli.look.output, report::Format::Text | report::Format::Wide | report::Format::Name) {
                let diagnosis = diagnosis::not_found(question, inventory, missing);
                print(&report::render(
                    &diagnosis,
                    cli.look.output,
                    &style(cli, inventory.about.now, inventory.about.recorded),
                ));
            }
            complain(&missing.line);
            ExitCode::from(2)
        }
    }
}

// Every command that it offers reaches the cluster that was asked.
fn diagnosed(cli: &Cli, rules: &Rules, question: &Question, inventory: &Inventory) -> Result<Answer, NotFound> {
    let mut answer = diagnosis::diagnose(question, inventory, rules)?;
    let flags = cli.connection.given();
    let cures = answer.diagnosis.findings.iter_mut().flat_map(|finding| &mut finding.cures);
    cures.for_each(|cure| cure.reach(&flags));
    Ok(answer)
}

fn exit_code(diagnosis: &Diagnosis, fail_on: Severity) -> ExitCode {
    let found = diagnosis.findings.iter().any(|finding| finding.severity <= fail_on);
    ExitCode::from(u8::from(found))
}
