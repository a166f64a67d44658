//! `wait`: until what is asked about is well, or can't become so by itself.

mod progress;
mod state;
mod verdict;

use clap::ValueEnum;

use crate::duration::{self, Limit};

pub use progress::Progress;
pub use state::{State, of as states};
pub use verdict::{Obstacle, Round, Standing, Verdict};

/// What to wait for, and how long.
#[derive(Debug, Clone, clap::Args)]
pub struct Flags {
    /// What to wait for
    #[arg(long = "for", value_name = "STATE", default_value = "healthy")]
    pub goal: Goal,
    /// How long to wait at most, as in 90s or 5m; 0 for as long as it takes
    #[arg(long, value_name = "DURATION", default_value = "5m", value_parser = duration::parse)]
    pub timeout: Limit,
    /// How long a cause may stand that may pass by itself
    #[arg(long, value_name = "DURATION", default_value = "2m", value_parser = duration::parse)]
    pub patience: Limit,
}

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Goal {
    /// All pods are there, ready and of the newest revision, Jobs are complete, and no error is found
    Healthy,
    /// All pods are there, ready and of the newest revision, whatever is found
    Ready,
    /// Jobs are complete, and pods have ended well
    #[value(alias = "completed")]
    Complete,
    /// It is gone
    #[value(alias = "delete")]
    Deleted,
}

impl Goal {
    /// As a sentence goes on after an object: `is healthy`.
    pub fn words(self) -> &'static str {
        match self {
            Self::Healthy => "is healthy",
            Self::Ready => "is ready",
            Self::Complete => "is complete",
            Self::Deleted => "is deleted",
        }
    }
}
