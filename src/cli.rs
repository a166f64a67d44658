//! The flags, in kubectl's words.

use std::path::PathBuf;

use clap::{ArgMatches, Args, Parser, Subcommand, ValueEnum, parser::ValueSource};

use crate::{
    active, complete::Shell, config::Config, document::Severity, error::Error, fix, report::Format, serve,
    source::live::Connection, wait,
};

/// What most people want, ahead of everything else.
pub const EXAMPLES: &str = "\
Examples:
  kubectl doctor pod myapp                one object, in any of kubectl's words
  kubectl doctor myapp                    whatever has this name
  kubectl doctor                          the namespace; with -A all of them
  kubectl doctor svc/web --client deploy/api
                                          which NetworkPolicy keeps this client out
  kubectl doctor svc/web --probe          make connections as well; asks before
  kubectl doctor -n shop -o markdown      for a ticket; html to share, junit for CI
  kubectl doctor explain oom-killed       when it holds, what it means, what cures it
  kubectl doctor demo                     without a cluster of your own";

/// Names the root cause of what is broken in a Kubernetes cluster, and the cure.
#[derive(Debug, Clone, Parser)]
#[command(
    name = "kubectl doctor",
    bin_name = "kubectl doctor",
    version,
    before_help = EXAMPLES,
    after_help = "Exit status: 0 nothing at or above --fail-on, 1 findings, 2 it could not look or the target does not exist.",
    override_usage = "kubectl doctor [TYPE | TYPE NAME... | TYPE/NAME... | NAME] [flags]\n       kubectl doctor COMMAND [flags]"
)]
pub struct Cli {
    /// Something other than a diagnosis.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// What to look at, as kubectl takes it: pod myapp, deploy/web, services; nothing for the whole namespace
    #[arg(value_name = "TARGET", num_args = 0..)]
    pub target: Vec<String>,
    /// Where and how to look.
    #[command(flatten)]
    pub look: Look,
    /// Connections to make as well.
    #[command(flatten)]
    pub active: active::Flags,
    /// Cures to carry out.
    #[command(flatten)]
    pub fix: fix::Flags,
    /// How to reach a cluster.
    #[command(flatten)]
    pub connection: Connection,
    /// Which clusters to look at side by side.
    #[command(flatten)]
    pub several: Several,
}

// What is about one cluster.
const OF_ONE: [&str; 8] = ["context", "cluster", "server", "from", "filename", "fix", "probe", "stats"];

/// Several clusters, each by its context.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Connection")]
#[group(skip)]
pub struct Several {
    /// Diagnose the clusters of these contexts side by side, in one report, as in staging,production
    #[arg(long, global = true, value_name = "NAMES", value_delimiter = ',', conflicts_with_all = OF_ONE)]
    pub contexts: Vec<String>,
    /// The same with all contexts of the kubeconfig
    #[arg(long, global = true, conflicts_with = "contexts", conflicts_with_all = OF_ONE)]
    pub all_contexts: bool,
}

impl Several {
    /// Whether they are asked for.
    pub fn any(&self) -> bool {
        self.all_contexts || !self.contexts.is_empty()
    }
}

/// Where and how to look.
#[derive(Debug, Clone, Args)]
pub struct Look {
    /// Look in all namespaces
    #[arg(short = 'A', long, global = true)]
    pub all_namespaces: bool,
    /// Look only at objects with these labels, as in app=web,tier!=back
    #[arg(short = 'l', long, global = true, value_name = "LABELS")]
    pub selector: Option<String>,
    /// Say whether this pod or workload gets through to what is looked at: TYPE/NAME, or NAMESPACE/TYPE/NAME
    #[arg(long, global = true, value_name = "CLIENT")]
    pub client: Option<String>,
    /// The report's format
    #[arg(short, long, global = true, value_name = "FORMAT", default_value = "text")]
    pub output: Format,
    /// The lowest severity that makes the exit status 1
    #[arg(long, global = true, value_name = "SEVERITY", default_value = "error")]
    pub fail_on: Severity,
    /// When to colour
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: Color,
    /// Diagnose without a cluster: a recording, the output of `kubectl get -o yaml`, a folder of those, a bundle of another tool, or - for standard input
    #[arg(long, global = true, value_name = "FILE")]
    pub from: Vec<PathBuf>,
    /// Look at what these manifests describe, and say in which fields at fault it differs from them: a file, a folder, or -
    #[arg(short = 'f', long, global = true, value_name = "FILE")]
    pub filename: Vec<PathBuf>,
    /// Print on stderr what was asked of the server, and what each stage took
    #[arg(long, global = true)]
    pub stats: bool,
    /// A folder of rules of your own
    #[arg(long, global = true, value_name = "DIR")]
    pub rules: Vec<PathBuf>,
    /// Leave out what this rule finds, or finds on one object; may be repeated
    #[arg(long, global = true, value_name = "ID[=KIND/NAME]")]
    pub ignore: Vec<String>,
    /// Where ignore, rules, failOn and output are set once for all [default: ~/.config/kubectl-doctor/config.yaml]
    #[arg(long, global = true, value_name = "FILE", env = "KUBECTL_DOCTOR_CONFIG", hide_env_values = true)]
    pub config: Option<PathBuf>,
    /// What stands in there.
    #[arg(skip)]
    pub settings: Config,
    /// Whether nobody at a terminal waits for it.
    #[arg(skip)]
    pub unwatched: bool,
}

impl Look {
    /// Whether something is to be left out.
    pub fn ignores_any(&self) -> bool {
        !self.ignore.is_empty() || self.settings.ignore().next().is_some()
    }
}

/// Something other than a diagnosis.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Diagnose a recorded broken cluster, without one of your own
    Demo {
        /// Which one; they are listed where it is none
        case: Option<String>,
    },
    /// Write what a diagnosis looks at to one file, without secret values, for --from
    Record {
        /// What to look at, as in a diagnosis
        target: Vec<String>,
        /// Where to write it [default: standard output]
        #[arg(long, value_name = "FILE")]
        file: Option<PathBuf>,
    },
    /// Wait until it is well; end at once where a cause stands that can't pass by itself
    Wait {
        /// What to wait for, as in a diagnosis: deploy/web job/load, or nothing with -l or -f
        target: Vec<String>,
        /// Which state, and how long.
        #[command(flatten)]
        flags: wait::Flags,
    },
    /// Show on the terminal what is wrong now, when it began and what healed: in the namespace, or with -A in all of them
    Watch,
    /// Keep looking, in a cluster or beside it, and tell Prometheus what is wrong now: in the namespace, or with -A in all of them
    Serve {
        /// Where to answer.
        #[command(flatten)]
        flags: serve::Flags,
    },
    /// Say what a rule means, when it holds and what cures it
    Explain {
        /// The rule's id, as in service-selector-mismatch
        id: String,
    },
    /// List the rules
    Rules,
    /// Print a shell's completions, or install kubectl's own for kubectl doctor
    Completion {
        /// For which shell, or install
        shell: Shell,
    },
    /// Remove what checks with --probe left that were killed: in the namespace, or with -A in all of them
    Cleanup,
    /// Answer an assistant on standard input and output, in the Model Context Protocol; only reads
    Mcp,
}

impl Cli {
    /// With what the config file says wherever no flag does.
    ///
    /// # Errors
    /// Where that can't be read.
    pub fn configured(mut self, given: &ArgMatches) -> Result<Self, Error> {
        self.look.settings = Config::read(self.look.config.as_deref())?;
        let is_given = |flag: &str| given.value_source(flag) == Some(ValueSource::CommandLine);
        self.look = std::mem::take(&mut self.look.settings).applied(self.look, is_given)?;
        Ok(self)
    }

    /// With what stands behind a target taken as a name, though it be a command's: `pod -n shop demo`.
    pub fn settled(mut self) -> Self {
        if self.target.is_empty() {
            return self;
        }
        let words = match self.command.take() {
            None => Vec::new(),
            Some(Command::Rules) => vec!["rules".to_owned()],
            Some(Command::Cleanup) => vec!["cleanup".to_owned()],
            Some(Command::Watch) => vec!["watch".to_owned()],
            Some(Command::Mcp) => vec!["mcp".to_owned()],
            Some(Command::Serve { .. }) => vec!["serve".to_owned()],
            Some(Command::Completion { shell }) => {
                let name = shell.to_possible_value().map(|value| value.get_name().to_owned());
                std::iter::once("completion".to_owned()).chain(name).collect()
            }
            Some(Command::Demo { case }) => std::iter::once("demo".to_owned()).chain(case).collect(),
            Some(Command::Explain { id }) => vec!["explain".to_owned(), id],
            Some(Command::Wait { target, .. }) => std::iter::once("wait".to_owned()).chain(target).collect(),
            Some(Command::Record { target, .. }) => std::iter::once("record".to_owned()).chain(target).collect(),
        };
        self.target.extend(words);
        self
    }
}

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}
