//! What is said while somebody waits: a line for each change.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use super::{Obstacle, Round, State};
use crate::{duration, report::clean};

/// What was said last of each thing.
#[derive(Debug)]
pub struct Progress {
    started: Instant,
    said: BTreeMap<String, String>,
}

impl Progress {
    /// From now on.
    pub fn new(started: Instant) -> Self {
        Self { started, said: BTreeMap::new() }
    }

    /// The lines for what has changed since the last round.
    pub fn lines(&mut self, round: &Round, now: Instant) -> Vec<String> {
        let states = round.states.iter().map(|state| (state.object.to_string(), of_state(state)));
        let obstacles = round.obstacles.iter().map(|obstacle| (obstacle.fingerprint.clone(), of_obstacle(obstacle)));
        let told: BTreeMap<String, String> = states.chain(obstacles).collect();
        let gone = self.said.iter().filter(|(of, _)| !told.contains_key(*of));
        let gone = gone.filter(|(of, _)| of.contains('|')).map(|(_, text)| format!("no more: {text}"));
        let new = told.iter().filter(|(of, text)| self.said.get(*of) != Some(*text)).map(|(_, text)| text.clone());
        let lines = gone.chain(new).map(|text| self.line(&text, now)).collect();
        self.said = told;
        lines
    }

    /// A line of its own.
    pub fn line(&self, text: &str, now: Instant) -> String {
        format!("{:>6}  {}", self.elapsed(now), clean::line(text))
    }

    /// How long it has taken until then.
    pub fn elapsed(&self, now: Instant) -> String {
        match now.duration_since(self.started).as_secs() {
            0 => "0s".to_owned(),
            seconds => duration::short(Duration::from_secs(seconds)),
        }
    }
}

fn of_state(state: &State) -> String {
    format!("{}: {}", state.object, state.text)
}

fn of_obstacle(obstacle: &Obstacle) -> String {
    let may_pass = if obstacle.is_final { "" } else { " (may pass by itself)" };
    format!("{}{may_pass}", obstacle.summary)
}
