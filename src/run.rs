//! What one call of the command does.

use std::{
    io::{IsTerminal as _, Write as _},
    process::ExitCode,
    time::{Duration, Instant},
};

use futures::future::OptionFuture;
use jiff::Timestamp;

use crate::{
    active,
    cli::{Cli, Color, Command},
    complete, confirm,
    custom::Types,
    demo,
    diagnosis::{self, Answer},
    document::{Diagnosis, Severity},
    error::Error,
    explain, fix,
    inventory::{About, Inventory},
    kind::Kind,
    question::{self, Client, Manifests, NotFound, Question, Target},
    report::{self, Style},
    rule::{LogPatterns, Rules},
    selector,
    source::{
        collect::{self, Look},
        files,
        live::Live,
        recording,
    },
    spinner,
    stats::Stats,
};

// After a cure: what was broken often looks well for a moment before it breaks again.
const BETWEEN_LOOKS: Duration = Duration::from_secs(3);
const WELL_LOOKS: u32 = 3;

// Without a terminal a report is read in a log or pasted into a ticket.
const WIDTH_ELSEWHERE: usize = 100;

/// Runs what was asked for.
///
/// # Errors
/// Where no diagnosis is possible; the text is one line that says why and what to do.
pub fn run(cli: &Cli) -> Result<ExitCode, Error> {
    match &cli.command {
        Some(Command::Rules) => {
            print(&explain::table(&rules(cli)?));
            Ok(ExitCode::SUCCESS)
        }
        Some(Command::Explain { id }) => {
            print(&explain::rule(&rules(cli)?, id, &style(cli, Timestamp::now()))?);
            Ok(ExitCode::SUCCESS)
        }
        Some(Command::Demo { case }) => {
            let (inventory, target) = demo::recording(case.as_deref())?;
            let question = question(cli, &target, recorded_in(cli, &inventory), &inventory.custom().types)?;
            Ok(answer(cli, &rules(cli)?, &question, &inventory, &mut Stats::default()))
        }
        Some(Command::Record { target, file }) => record(cli, target, file.as_deref()),
        Some(Command::Completion { shell }) => {
            match shell.script() {
                Some(script) => print(script),
                None => print(&complete::install()?),
            }
            Ok(ExitCode::SUCCESS)
        }
        Some(Command::Cleanup) => cleanup(cli),
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
    if cli.fix.fix {
        return fix(cli);
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
        let how = if rules.need_every_pod() { Look::InFull } else { Look::AtAGlance };
        let (question, inventory) = look(cli, &cli.target, &rules.logs, how, stats)?;
        return Ok(answer(cli, &rules, &question, &inventory, stats));
    }
    let rules = std::thread::spawn(Rules::built_in);
    let (question, inventory) = look(cli, &cli.target, &LogPatterns::default(), Look::AtAGlance, stats)?;
    let rules = rules.join().map_err(|_| Error::new("the rules in the binary can't be read; please report it"))??;
    Ok(answer(cli, &rules, &question, &inventory, stats))
}

// Diagnoses, carries out the first cure, and diagnoses again until it is well or has had its time.
fn fix(cli: &Cli) -> Result<ExitCode, Error> {
    if !cli.look.from.is_empty() || cli.look.output != report::Format::Text {
        return Err(Error::new("--fix changes a cluster and talks to a person: leave --from and --output out"));
    }
    let rules = rules(cli)?;
    let look = || look(cli, &cli.target, &rules.logs, Look::AtAGlance, &mut Stats::default());
    let (question, inventory) = look()?;
    let code = answer(cli, &rules, &question, &inventory, &mut Stats::default());
    let Ok(found) = diagnosed(cli, &rules, &question, &inventory) else { return Ok(code) };
    if found.diagnosis.findings.is_empty() {
        return Ok(code);
    }
    let cure = fix::choose(&found.diagnosis, &cli.fix)?;
    print(&cure.preview(&style(cli, inventory.about.now))?);
    if cli.fix.dry_run.is_some() {
        print("Nothing was changed.\n");
        return Ok(code);
    }
    if !cli.active.yes && !confirm::go_on()? {
        return Err(Error::new("nothing was changed"));
    }
    print(&cure.carry_out()?);
    let since = Instant::now();
    let mut well = 0;
    while since.elapsed() < fix::PATIENCE {
        std::thread::sleep(BETWEEN_LOOKS);
        let (question, inventory) = look()?;
        let Ok(found) = diagnosed(cli, &rules, &question, &inventory) else { break };
        let is_well = exit_code(&found.diagnosis, cli.look.fail_on) == ExitCode::SUCCESS;
        well = if is_well && fix::is_settled(&question, &inventory) { well + 1 } else { 0 };
        if well == WELL_LOOKS {
            print(&format!("Healed after {} s: all that was asked about is well.\n", since.elapsed().as_secs()));
            return Ok(ExitCode::SUCCESS);
        }
    }
    print(&format!("Not healed after {} s; this is what there is now:\n\n", since.elapsed().as_secs()));
    let (question, inventory) = look()?;
    Ok(answer(cli, &rules, &question, &inventory, &mut Stats::default()))
}

fn look(
    cli: &Cli,
    words: &[String],
    patterns: &LogPatterns,
    how: Look,
    stats: &mut Stats,
) -> Result<(Question, Inventory), Error> {
    if let Some(complaint) = cli.active.complaint() {
        return Err(Error::new(complaint));
    }
    let mut manifests = manifests(cli, words)?;
    let described = manifests.words();
    let words = if described.is_empty() { words } else { &described };
    if cli.look.from.is_empty() {
        // What is misspelt on the command line is said before a cluster is asked.
        if !question::may_be_custom(words) {
            question(cli, words, None, &Types::default())?;
        }
        return look_at_cluster(cli, words, manifests, patterns, how, stats);
    }
    if cli.active.probe {
        return Err(Error::new(
            "--probe makes connections in a cluster, and --from looks at none; a recording has the checks that were made for it",
        ));
    }
    let namespace = given_namespace(cli).unwrap_or_else(|| "default".to_owned());
    let (inventory, recorded_target) = files::read(&cli.look.from, &namespace)?;
    let recorded: Vec<String> =
        recorded_target.iter().flat_map(|target| target.split_whitespace()).map(str::to_owned).collect();
    let words = if words.is_empty() { &recorded } else { words };
    let recorded = recorded_in(cli, &inventory);
    let here = manifests.settle(recorded.as_deref().unwrap_or(&namespace))?.or(recorded);
    let question = question(cli, words, here, &inventory.custom().types)?;
    let looked_at = beside(cli, question, inventory, manifests)?;
    stats.end_of("read");
    Ok(looked_at)
}

// What is to be compared, which is what is asked about.
fn manifests(cli: &Cli, words: &[String]) -> Result<Manifests, Error> {
    if cli.look.filename.is_empty() {
        return Ok(Manifests::default());
    }
    if !words.is_empty() || cli.look.all_namespaces {
        return Err(Error::new("-f names what to look at: leave out the target, or -A"));
    }
    Ok(Manifests::of(files::manifests(&cli.look.filename)?))
}

// What was collected with the manifests beside it; what they describe and is not there is not asked about.
fn beside(
    cli: &Cli,
    question: Question,
    mut inventory: Inventory,
    manifests: Manifests,
) -> Result<(Question, Inventory), Error> {
    let words = manifests.words_of_what_is_there(&inventory);
    manifests.put_into(&mut inventory);
    if words.is_empty() {
        return Ok((question, inventory));
    }
    let target = self::question(cli, &words, question.namespace.clone(), &inventory.custom().types)?.target;
    Ok((Question { target, ..question }, inventory))
}

fn look_at_cluster(
    cli: &Cli,
    words: &[String],
    mut manifests: Manifests,
    patterns: &LogPatterns,
    how: Look,
    stats: &mut Stats,
) -> Result<(Question, Inventory), Error> {
    runtime()?.block_on(async {
        let live = cli.connection.connect().await?;
        stats.end_of("read the kubeconfig");
        let mut inventory = Inventory::new(About {
            server: None,
            context: live.context.clone(),
            namespace: String::new(),
            now: Timestamp::now(),
            recorded: false,
        });
        if question::may_be_custom(words) {
            collect::types(&live, &mut inventory).await?;
        }
        let here = manifests.settle(&live.namespace)?.unwrap_or_else(|| live.namespace.clone());
        let question = question(cli, words, Some(here), &inventory.custom().types)?;
        inventory.about.namespace = question.namespace.clone().unwrap_or_default();
        let rights = OptionFuture::from(cli.active.probe.then(|| active::rights(&live, &question)));
        let collecting = async {
            let collecting = collect::collect(&live, &question, inventory, patterns, how);
            // --probe has its own words on the terminal, and cleans up on Ctrl-C.
            match cli.active.probe {
                true => collecting.await,
                false => spinner::over(collecting, || waits_for(&live)).await,
            }
        };
        let (collected, rights) = tokio::join!(collecting, rights);
        stats.end_of("collect");
        let outcome = match (collected, rights) {
            (Ok(mut inventory), Some(rights)) => {
                let checked = active::check(&live, &question, &mut inventory, &cli.active, &rights).await;
                stats.end_of("connect");
                checked.map(|()| inventory)
            }
            (collected, _) => collected,
        };
        let mut inventory = outcome?;
        let requests = manifests.requests(&inventory);
        collect::ask(&live, &mut inventory, &requests).await?;
        stats.add(&live.traffic);
        beside(cli, question, inventory, manifests)
    })
}

// `waiting for https://10.0.0.1:6443: pods, events, services and 3 more`
fn waits_for(live: &Live) -> String {
    match live.traffic.under_way().as_slice() {
        [] => "looking at what came back".to_owned(),
        [first @ .., _, _] if first.len() > 2 => {
            format!("waiting for {}: {} and {} more", live.server(), first[..3].join(", "), first.len() - 1)
        }
        few => format!("waiting for {}: {}", live.server(), few.join(", ")),
    }
}

fn runtime() -> Result<tokio::runtime::Runtime, Error> {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().build().map_err(|error| Error::new(format!("cannot start: {error}")))
}

fn cleanup(cli: &Cli) -> Result<ExitCode, Error> {
    let tell = |line: &str| print(&format!("{}\n", report::clean::line(line)));
    runtime()?.block_on(async {
        let live = cli.connection.connect().await?;
        let namespace = Some(live.namespace.as_str()).filter(|_| !cli.look.all_namespaces);
        active::cleanup::cleanup(&live, namespace, cli.active.yes, tell).await
    })?;
    Ok(ExitCode::SUCCESS)
}

// kubectl takes an empty one for none.
fn given_namespace(cli: &Cli) -> Option<String> {
    cli.connection.namespace.clone().filter(|namespace| !namespace.is_empty())
}

// Without a cluster the namespace is the recording's, and all of them where it has none.
fn recorded_in(cli: &Cli, inventory: &Inventory) -> Option<String> {
    let recorded = || Some(inventory.about.namespace.clone()).filter(|namespace| !namespace.is_empty());
    given_namespace(cli).or_else(recorded)
}

// What to ask where the namespace is this one unless the words or flags name another.
fn question(cli: &Cli, words: &[String], here: Option<String>, types: &Types) -> Result<Question, Error> {
    let mut target = Target::from_words(words, types)?;
    let mut namespace = here.filter(|_| !cli.look.all_namespaces);
    // A namespace is asked about by asking about everything in it.
    if target.each().iter().any(|target| target.kind() == Some(Kind::Namespace)) {
        namespace = match &target {
            Target::All(_) => None,
            Target::One(_, name) => Some(name.clone()),
            _ => return Err(Error::new("ask about one namespace at a time, or about all of them with -A")),
        };
        target = Target::Everything;
    }
    let selector = cli.look.selector.as_deref().map(selector::parse).transpose()?;
    // Before a cluster is asked the kubeconfig's namespace is not known, and any will do to see what is misspelt.
    let lives_in = if cli.look.all_namespaces { None } else { namespace.as_deref().or(Some("default")) };
    let client = cli.look.client.as_deref().map(|word| Client::from_word(word, lives_in)).transpose()?;
    Ok(Question { target, namespace, selector, client })
}

fn record(cli: &Cli, target: &[String], file: Option<&std::path::Path>) -> Result<ExitCode, Error> {
    let (question, inventory) = look(cli, target, &rules(cli)?.logs, Look::InFull, &mut Stats::default())?;
    if let Err(missing) = question.resolve(&inventory) {
        return Err(Error::new(missing.line));
    }
    let text = recording::write(&inventory, question.target_text().as_deref());
    match file {
        None => print(&text),
        Some(path) => {
            std::fs::write(path, text)
                .map_err(|error| Error::new(format!("cannot write the recording {}: {error}", path.display())))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn answer(cli: &Cli, rules: &Rules, question: &Question, inventory: &Inventory, stats: &mut Stats) -> ExitCode {
    let answer = diagnosed(cli, rules, question, inventory);
    stats.end_of("diagnose");
    match answer {
        Ok(answer) => {
            for bug in &answer.bugs {
                complain(&format!("the rule {bug}"));
            }
            print(&report::render(&answer.diagnosis, cli.look.output, &style(cli, inventory.about.now)));
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
                let diagnosis = diagnosis::not_found(question, inventory, &missing);
                print(&report::render(&diagnosis, cli.look.output, &style(cli, inventory.about.now)));
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

fn style(cli: &Cli, now: Timestamp) -> Style {
    let is_terminal = std::io::stdout().is_terminal();
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    Style {
        color: match cli.look.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => is_terminal && !dumb && !set("NO_COLOR"),
        },
        width: terminal_size::terminal_size().map_or(WIDTH_ELSEWHERE, |(width, _)| usize::from(width.0)),
        now,
    }
}

/// Says what is wrong with the command line: help and version on stdout, one line on stderr otherwise.
pub fn usage(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        print(&error.render().to_string());
        return ExitCode::SUCCESS;
    }
    let text = error.render().to_string();
    // clap's own paragraphs, but for the usage and for advice that nobody needs.
    let is_wanted = |line: &&str| {
        let noise = ["Usage:", "kubectl doctor ", "tip: to pass ", "For more information"];
        !line.is_empty() && !noise.iter().any(|start| line.starts_with(start))
    };
    let lines: Vec<_> = text.lines().map(str::trim).filter(is_wanted).collect();
    let what = lines.join("; ").replace(":; ", ": ");
    complain(&format!("{}; see kubectl doctor --help", what.trim_start_matches("error: ")));
    ExitCode::from(2)
}

/// One line on stderr.
pub fn complain(what: &str) {
    let line = report::clean::line(what);
    // Where nobody reads stderr there is nobody to tell.
    let _ = writeln!(std::io::stderr(), "error: {line}");
}

/// On stdout. A reader that has seen enough (`| head`) is no error.
pub fn print(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}
