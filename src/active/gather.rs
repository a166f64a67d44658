//! The answers of a container's checks, taken in as they come.

use std::{
    collections::BTreeMap,
    io::Write as _,
    time::{Duration, Instant},
};

use super::{
    answer::Answer,
    ask::Ask,
    printed::{self, Line},
    seen::{Check, Said},
    steps,
};
use crate::report::clean;

/// The answers that came so far.
pub(super) struct Answers<'a> {
    asks: &'a [Ask],
    said: Vec<BTreeMap<usize, Said>>,
    is_told: Vec<bool>,
    first: Option<Instant>,
    last: Option<Instant>,
}

impl<'a> Answers<'a> {
    pub(super) fn of(asks: &'a [Ask]) -> Self {
        Self {
            asks,
            said: vec![BTreeMap::new(); asks.len()],
            is_told: vec![false; asks.len()],
            first: None,
            last: None,
        }
    }

    /// How long it took from the first answer to the last.
    pub(super) fn came_over(&self) -> Duration {
        self.first.zip(self.last).map(|(first, last)| last - first).unwrap_or_default()
    }

    /// Takes a line in; whether it was the last.
    pub(super) fn take(&mut self, line: &str) -> bool {
        let now = Instant::now();
        self.first.get_or_insert(now);
        self.last = Some(now);
        match printed::read(line, self.asks) {
            Some(Line::End) => return true,
            Some(Line::Said { id, attempt, said }) => {
                let known = self.said[id].remove(&attempt);
                self.said[id].insert(attempt, printed::merge(known, said));
                if self.said[id].len() == usize::from(self.asks[id].times) && !self.is_told[id] {
                    self.is_told[id] = true;
                    tell(&self.check(id));
                }
            }
            None => {}
        }
        false
    }

    fn check(&self, id: usize) -> Check {
        let mut check = self.asks[id].check.clone();
        check.answers = self.said[id].values().cloned().collect();
        if check.answers.is_empty() {
            let why = "the container ended before it was made".to_owned();
            check.answers.push(Said { milliseconds: 0, answer: Answer::NotMade { why } });
        }
        check
    }

    pub(super) fn checks(&self) -> Vec<Check> {
        (0..self.asks.len()).map(|id| self.check(id)).collect()
    }
}

/// A line a step, as it comes in.
pub(super) fn tell(check: &Check) {
    let Some(step) = steps::alone(check) else { return };
    let line = format!("{:9}  {}: {}, {} ms", step.step, step.to, step.answer, check.milliseconds());
    let _ = writeln!(std::io::stderr(), "{}", clean::line(&line));
}
