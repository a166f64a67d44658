//! What was seen so far, for those who ask.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use jiff::Timestamp;

use super::histogram::Histogram;
use crate::lookout::{Board, Renewed, Sight};

/// Somebody who looks at least each minute and has not come back for so long hangs.
const ALIVE: Duration = Duration::from_secs(300);

/// What was seen so far.
#[derive(Debug)]
pub struct Seen {
    /// What is wrong now, and the last report of each namespace.
    pub board: Board,
    /// How long each diagnosis took.
    pub diagnosis: Histogram,
    /// How long after a change its diagnosis stood here.
    pub after_change: Histogram,
    /// Why what is shown may be old.
    pub trouble: Option<String>,
    /// Whether everything was looked at once.
    pub is_ready: bool,
    /// When a namespace was looked at last.
    pub last_look: Option<Timestamp>,
    // When somebody last came back from looking, whatever came of it.
    last_try: Instant,
}

impl Default for Seen {
    fn default() -> Self {
        Self {
            board: Board::default(),
            diagnosis: Histogram::of(&[0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0]),
            after_change: Histogram::of(&[0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0, 15.0, 30.0, 60.0]),
            trouble: None,
            is_ready: false,
            last_look: None,
            last_try: Instant::now(),
        }
    }
}

impl Seen {
    /// Takes in what was seen of a namespace.
    pub fn take(&mut self, sight: Sight, now: Timestamp) -> Renewed {
        self.diagnosis.observe(sight.took);
        sight.after.into_iter().for_each(|after| self.after_change.observe(after));
        self.is_ready |= sight.is_all;
        self.last_look = Some(now);
        self.board.renew(&sight.namespace, sight.diagnosis, now)
    }

    /// Says that somebody came back from looking.
    pub fn tried(&mut self) {
        self.last_try = Instant::now();
    }

    /// Whether somebody still looks.
    pub fn is_alive(&self) -> bool {
        self.last_try.elapsed() < ALIVE
    }
}

/// What was seen, between who looks and who answers.
#[derive(Debug, Default)]
pub struct Shared(Mutex<Seen>);

impl Shared {
    /// To read or to write, and not to hold.
    pub fn lock(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
