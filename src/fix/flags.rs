//! The flags of `--fix`.

use clap::ValueEnum;

/// Whether and how to carry a cure out.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Cures")]
#[group(skip)]
pub struct Flags {
    /// Carry out the cure of the first cause: shows the change, asks, and looks whether it healed
    #[arg(long, global = true)]
    pub fix: bool,
    /// With --fix, stop before the change
    #[arg(long, global = true, value_name = "WHERE", requires = "fix")]
    pub dry_run: Option<DryRun>,
    /// With --fix, change here what Helm, Argo CD, Flux or an operator manages
    #[arg(long, global = true, requires = "fix")]
    pub force: bool,
}

/// Where a change is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DryRun {
    /// On the server, which checks it and keeps nothing.
    Server,
}
