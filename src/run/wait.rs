//! `wait`: looks again whenever something changes, until there is nothing to wait for any more.

use std::{
    process::ExitCode,
    time::{Duration, Instant},
};

use super::{diagnosed, look, print, rules, tell, terminal};
use crate::{
    cli::Cli,
    custom::Types,
    diagnosis::Answer,
    document::{Finding, Severity},
    error::Error,
    graph::Key,
    inventory::Inventory,
    question::{NotFound, Question, Target},
    report::Format,
    rule::Rules,
    source::{
        cached::Cached,
        collect::{self, Look},
        live::Live,
    },
    stats::Stats,
    wait::{self, Flags, Goal, Obstacle, Progress, Round, Standing, Verdict},
};

/// Things change together; who looks at once looks twice.
const TOGETHER: Duration = Duration::from_millis(200);

/// So often is looked at what no watch tells of: logs, nodes, what pods refer to.
const TICK: Duration = Duration::from_secs(5);

/// So long what no watch tells of is taken for what it was.
const LASTS: Duration = Duration::from_secs(2);

pub(super) fn wait(cli: &Cli, words: &[String], flags: &Flags) -> Result<ExitCode, Error> {
    if !cli.look.from.is_empty() || cli.active.probe || cli.fix.fix {
        return Err(Error::new("wait watches a cluster and changes nothing: leave --from, --probe and --fix out"));
    }
    let rules = rules(cli)?;
    let mut manifests = look::manifests(cli, words)?;
    let described = manifests.words();
    let words = if described.is_empty() { words } else { &described };
    if words.is_empty() && cli.look.selector.is_none() {
        return Err(Error::new("wait for what? give it a target as in deploy/web, -l LABELS, or -f FILE"));
    }
    look::runtime()?.block_on(async {
        let live = cli.connection.connect().await?;
        let types = look::types(&live, words).await?;
        let here = manifests.settle(&live.namespace)?.unwrap_or_else(|| live.namespace.clone());
        let question = look::question(cli, words, Some(here), &types)?;
        let mut waiting = Waiting { cli, flags, rules, live: &live, types, question, seen: None };
        waiting.wait().await
    })
}

struct Waiting<'a> {
    cli: &'a Cli,
    flags: &'a Flags,
    rules: Rules,
    live: &'a Live,
    types: Types,
    question: Question,
    // What was seen last.
    seen: Option<Seen>,
}

struct Seen {
    inventory: Inventory,
    answer: Result<Answer, NotFound>,
}

impl Waiting<'_> {
    async fn wait(&mut self) -> Result<ExitCode, Error> {
        let started = Instant::now();
        let mut kinds = self.question.kinds(&self.empty());
        kinds.extend(self.question.target.each().iter().filter_map(Target::kind));
        let cached = Cached::of(self.live, kinds, self.question.namespace.as_deref(), LASTS);
        let mut progress = Progress::new(started);
        let mut standing = Standing::default();
        let mut trouble = None;
        loop {
            let _ = tokio::time::timeout(TICK, cached.listed()).await;
            cached.changed();
            let (states, obstacles) = match self.look(&cached).await {
                Ok(Ok(seen)) => {
                    trouble = None;
                    seen
                }
                Ok(Err(missing)) => return Err(Error::new(missing)),
                // Before it ever answered there is nothing to wait for.
                Err(error) if self.seen.is_none() => return Err(error),
                Err(error) => {
                    let text = error.to_string();
                    if trouble.as_ref() != Some(&text) {
                        self.say(&progress.line(&format!("could not look, and tries again: {text}"), Instant::now()));
                    }
                    trouble = Some(text);
                    if self.is_over(started) {
                        return Ok(self.give_up(&progress, "the time is up, and the server can't be asked"));
                    }
                    tokio::time::sleep(TICK.min(self.left(started))).await;
                    continue;
                }
            };
            let now = Instant::now();
            let round = Round { states: &states, obstacles: &obstacles };
            progress.lines(&round, now).iter().for_each(|line| self.say(line));
            let due = match standing.judge(&round, self.flags, now) {
                Verdict::Reached => return Ok(self.reached(&progress, &states)),
                Verdict::Final => return Ok(self.give_up(&progress, "this does not pass by itself")),
                Verdict::OutOfPatience => return Ok(self.give_up(&progress, "this has stood for too long to wait on")),
                Verdict::Wait(_) if self.is_over(started) => return Ok(self.give_up(&progress, "the time is up")),
                Verdict::Wait(due) => due.map_or(TICK, |due| due.saturating_duration_since(now)),
            };
            let _ = tokio::time::timeout(due.min(TICK).min(self.left(started)), cached.change()).await;
            tokio::time::sleep(TOGETHER).await;
        }
    }

    fn empty(&self) -> Inventory {
        let mut inventory = Inventory::new(self.live.about(self.question.namespace.clone()));
        inventory.custom_mut().types = self.types.clone();
        inventory
    }

    // How far everything is, and what stands in its way.
    async fn look(&mut self, cached: &Cached<'_>) -> Result<Result<(Vec<wait::State>, Vec<Obstacle>), String>, Error> {
        let inventory = self.empty();
        let mut inventory =
            collect::collect(cached, &self.question, inventory, &self.rules.logs, Look::AtAGlance).await?;
        inventory.about.now = self.live.now();
        let answer = diagnosed(self.cli, &self.rules, &self.question, &inventory);
        let (states, keys) = match wait::states(&self.question, &inventory, self.flags.goal) {
            Ok(found) => found,
            Err(missing) => return Ok(Err(missing.line)),
        };
        // What can't be seen is neither missing nor deleted.
        if (keys.is_empty() || self.flags.goal == Goal::Deleted)
            && let Some(why) = self.question.unknown(&inventory)
        {
            return Err(Error::new(why));
        }
        if keys.is_empty() && self.flags.goal != Goal::Deleted {
            return Ok(Err(format!("there is nothing to wait for: no {}", self.nothing())));
        }
        let stands_in_the_way = |finding: &&Finding| {
            let is_of_goal = self.flags.goal != Goal::Deleted || finding.rule == "stuck-terminating";
            finding.root
                && !finding.past
                && finding.severity == Severity::Error
                && is_of_goal
                && finding.affected.iter().chain([&finding.object]).any(|object| keys.contains(&Key::of(object)))
        };
        // Who leaves makes room: for a quota, on a node, under a name.
        let leaving = inventory.deleted().any(|(object, _)| object.kind == "Pod");
        let obstacle = |finding: &Finding| {
            let obstacle = Obstacle::from(finding);
            Obstacle { is_final: obstacle.is_final && !leaving, ..obstacle }
        };
        let findings = answer.iter().flat_map(|answer| &answer.diagnosis.findings);
        let obstacles = findings.filter(stands_in_the_way).map(obstacle).collect();
        self.seen = Some(Seen { inventory, answer });
        Ok(Ok((states, obstacles)))
    }

    // `deployments with labels app=web in namespace shop`
    fn nothing(&self) -> String {
        let labels = self.cli.look.selector.as_ref().map(|labels| format!(" with labels {labels}"));
        let namespace = self.question.namespace.as_ref().map(|namespace| format!(" in namespace {namespace}"));
        let what =
            if self.question.target == Target::Everything { "object".to_owned() } else { self.question.target.text() };
        format!("{what}{}{}", labels.unwrap_or_default(), namespace.unwrap_or_default())
    }

    fn left(&self, started: Instant) -> Duration {
        self.flags.timeout.map_or(Duration::MAX, |timeout| timeout.saturating_sub(started.elapsed()))
    }

    fn is_over(&self, started: Instant) -> bool {
        self.left(started).is_zero()
    }

    // On stdout, but where that is for a document.
    fn say(&self, line: &str) {
        match self.cli.look.output {
            Format::Text | Format::Wide => print(&format!("{line}\n")),
            _ => terminal::tell_on_stderr(line),
        }
    }

    fn reached(&self, progress: &Progress, states: &[wait::State]) -> ExitCode {
        let names: Vec<String> = states.iter().map(|state| state.object.to_string()).collect();
        let what = match names.as_slice() {
            [] => self.question.target.text(),
            [one] => one.clone(),
            several => format!("each of {}", several.join(", ")),
        };
        self.say(&progress.line(&format!("{what} {}", self.flags.goal.words()), Instant::now()));
        if let (Some(seen), false) = (&self.seen, matches!(self.cli.look.output, Format::Text | Format::Wide)) {
            tell(self.cli, &self.question, &seen.inventory, &seen.answer, &mut Stats::default());
        }
        ExitCode::SUCCESS
    }

    fn give_up(&self, progress: &Progress, why: &str) -> ExitCode {
        self.say(&progress.line(&format!("given up: {why}"), Instant::now()));
        if let Some(seen) = &self.seen {
            self.say("");
            tell(self.cli, &self.question, &seen.inventory, &seen.answer, &mut Stats::default());
        }
        ExitCode::from(1)
    }
}
