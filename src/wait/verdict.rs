//! Whether to wait on.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use super::{Flags, Goal, State};
use crate::document::Finding;

/// What is well may be so for a moment only: a container that ends at once is ready before.
const STEADY: Duration = Duration::from_secs(3);

/// What can't pass by itself may be mended by whoever applies manifests one after the other.
const CERTAIN: Duration = Duration::from_secs(3);

/// So long a container runs on that has ended before, where nothing else is said.
const RUNS_ON: Duration = Duration::from_secs(120);

/// What was seen when somebody looked.
pub struct Round<'a> {
    /// How far everything is.
    pub states: &'a [State],
    /// What stands in its way.
    pub obstacles: &'a [Obstacle],
}

/// A cause that stands in the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Obstacle {
    /// The same in the next round, where it is the same.
    pub fingerprint: String,
    /// Whether it does not pass by itself.
    pub is_final: bool,
    /// Whether it tells of how a container ended, which is past once that runs on and is ready.
    pub is_of_container: bool,
    /// What it is.
    pub summary: String,
}

impl From<&Finding> for Obstacle {
    fn from(finding: &Finding) -> Self {
        let (fingerprint, summary) = (finding.fingerprint.clone(), finding.summary.clone());
        Self { fingerprint, is_final: finding.is_final, is_of_container: finding.container.is_some(), summary }
    }
}

/// Whether to wait on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is what was waited for.
    Reached,
    /// A cause stands that does not pass by itself.
    Final,
    /// A cause stands that was given long enough to pass.
    OutOfPatience,
    /// Not yet; nothing is decided before then, whatever does not change.
    Wait(Option<Instant>),
}

/// Since when things stand as they do.
#[derive(Debug, Default)]
pub struct Standing {
    well_since: Option<Instant>,
    obstacles: BTreeMap<String, Instant>,
}

impl Standing {
    /// What follows from what was seen now.
    pub fn judge(&mut self, round: &Round, flags: &Flags, now: Instant) -> Verdict {
        self.obstacles.retain(|known, _| round.obstacles.iter().any(|obstacle| obstacle.fingerprint == *known));
        let is_there = round.states.iter().all(|state| state.is_there);
        let (past, present): (Vec<&Obstacle>, Vec<&Obstacle>) =
            round.obstacles.iter().partition(|obstacle| is_there && obstacle.is_of_container && !obstacle.is_final);
        let mut due = Vec::new();
        for obstacle in &present {
            let since = *self.obstacles.entry(obstacle.fingerprint.clone()).or_insert(now);
            let (limit, verdict) = match obstacle.is_final {
                true => (Some(CERTAIN), Verdict::Final),
                false => (flags.patience, Verdict::OutOfPatience),
            };
            match limit.map(|limit| since + limit) {
                Some(end) if end <= now => return verdict,
                Some(end) => due.push(end),
                None => {}
            }
        }
        if !is_there || (flags.goal == Goal::Healthy && !present.is_empty()) {
            self.well_since = None;
            return Verdict::Wait(due.into_iter().min());
        }
        let steady = match flags.goal {
            Goal::Healthy if past.is_empty() => STEADY,
            // What ended a moment ago may do so again.
            Goal::Healthy => flags.patience.unwrap_or(RUNS_ON),
            Goal::Ready | Goal::Complete | Goal::Deleted => Duration::ZERO,
        };
        let end = *self.well_since.get_or_insert(now) + steady;
        if end <= now { Verdict::Reached } else { Verdict::Wait(Some(end)) }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn flags(goal: Goal) -> Flags {
        Flags { goal, timeout: None, patience: Some(Duration::from_secs(60)) }
    }

    fn state(is_there: bool) -> State {
        State { object: super::super::state::named("Deployment", "shop", "web"), is_there, text: String::new() }
    }

    fn obstacle(is_final: bool) -> Obstacle {
        let (fingerprint, summary) = ("it".to_owned(), "it is in the way".to_owned());
        Obstacle { fingerprint, is_final, is_of_container: false, summary }
    }

    fn after(start: Instant, seconds: u64) -> Instant {
        start + Duration::from_secs(seconds)
    }

    #[test]
    fn what_is_well_must_stay_so_for_a_moment() {
        let (mut standing, start) = (Standing::default(), Instant::now());
        let (well, ill) = ([state(true)], [state(false)]);
        let (well, ill) = (Round { states: &well, obstacles: &[] }, Round { states: &ill, obstacles: &[] });
        let flags = flags(Goal::Healthy);
        assert_eq!(standing.judge(&well, &flags, start), Verdict::Wait(Some(after(start, 3))));
        assert_eq!(standing.judge(&ill, &flags, after(start, 2)), Verdict::Wait(None));
        assert_eq!(standing.judge(&well, &flags, after(start, 4)), Verdict::Wait(Some(after(start, 7))));
        assert_eq!(standing.judge(&well, &flags, after(start, 7)), Verdict::Reached);
    }

    #[test]
    fn a_final_cause_ends_it_and_another_one_has_its_time() {
        let start = Instant::now();
        let ill = [state(false)];
        for (is_final, limit, end) in [(true, 3, Verdict::Final), (false, 60, Verdict::OutOfPatience)] {
            let (mut standing, found) = (Standing::default(), obstacle(is_final));
            let round = Round { states: &ill, obstacles: std::slice::from_ref(&found) };
            let flags = flags(Goal::Healthy);
            assert_eq!(standing.judge(&round, &flags, start), Verdict::Wait(Some(after(start, limit))));
            assert_eq!(standing.judge(&round, &flags, after(start, limit)), end);
        }
    }

    #[test]
    fn a_cause_that_passed_and_came_back_has_its_time_again() {
        let (mut standing, start) = (Standing::default(), Instant::now());
        let (ill, found) = ([state(false)], obstacle(false));
        let (there, gone) =
            (Round { states: &ill, obstacles: std::slice::from_ref(&found) }, Round { states: &ill, obstacles: &[] });
        let flags = flags(Goal::Healthy);
        standing.judge(&there, &flags, start);
        standing.judge(&gone, &flags, after(start, 50));
        assert_eq!(standing.judge(&there, &flags, after(start, 70)), Verdict::Wait(Some(after(start, 130))));
    }

    #[test]
    fn a_container_that_runs_on_for_long_enough_has_outlived_its_crash() {
        let (mut standing, start) = (Standing::default(), Instant::now());
        let (well, ill, found) = ([state(true)], [state(false)], Obstacle { is_of_container: true, ..obstacle(false) });
        let found = std::slice::from_ref(&found);
        let (crashed, runs) = (Round { states: &ill, obstacles: found }, Round { states: &well, obstacles: found });
        let flags = flags(Goal::Healthy);
        assert_eq!(standing.judge(&crashed, &flags, start), Verdict::Wait(Some(after(start, 60))));
        assert_eq!(standing.judge(&runs, &flags, after(start, 50)), Verdict::Wait(Some(after(start, 110))));
        assert_eq!(standing.judge(&runs, &flags, after(start, 110)), Verdict::Reached);
    }

    #[test]
    fn who_waits_for_pods_alone_is_told_at_once_whatever_is_found() {
        let (well, found) = ([state(true)], obstacle(false));
        let round = Round { states: &well, obstacles: std::slice::from_ref(&found) };
        assert_eq!(Standing::default().judge(&round, &flags(Goal::Ready), Instant::now()), Verdict::Reached);
    }
}
