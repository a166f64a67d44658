//! What was asked for a moment ago is not asked for again.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use crate::source::{Reply, Request};

/// The version of a server changes with the server alone.
const VERSION_LASTS: Duration = Duration::from_secs(600);

/// Answers, for as long as they count.
#[derive(Debug, Default)]
pub struct Memory {
    lasts: Duration,
    answers: BTreeMap<Request, (Instant, Reply)>,
}

impl Memory {
    /// Answers that count for so long.
    pub fn lasting(lasts: Duration) -> Self {
        Self { lasts, answers: BTreeMap::new() }
    }

    /// The answer to a request, where that still counts.
    pub fn answer(&self, request: &Request) -> Option<Reply> {
        self.answers.get(request).filter(|(at, _)| at.elapsed() < self.limit(request)).map(|(_, reply)| reply.clone())
    }

    /// Keeps an answer; a failure is none.
    pub fn keep(&mut self, request: Request, reply: &Reply) {
        if !matches!(reply, Reply::Failed(_)) {
            self.answers.insert(request, (Instant::now(), reply.clone()));
        }
    }

    /// Drops what counts no more.
    pub fn clear_up(&mut self) {
        let answers = std::mem::take(&mut self.answers);
        self.answers = answers.into_iter().filter(|(request, (at, _))| at.elapsed() < self.limit(request)).collect();
    }

    fn limit(&self, request: &Request) -> Duration {
        if *request == Request::Version { VERSION_LASTS } else { self.lasts }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(lasts: Duration, reply: &Reply) -> Option<Reply> {
        let request = Request::Names { kind: crate::kind::Kind::Secret, namespace: None };
        let mut memory = Memory::lasting(lasts);
        memory.keep(request.clone(), reply);
        memory.clear_up();
        memory.answer(&request)
    }

    #[test]
    fn an_answer_counts_for_its_time_and_a_failure_for_none() {
        let names = Reply::Items(Vec::new());
        assert_eq!(answered(Duration::MAX, &names), Some(names.clone()));
        assert_eq!(answered(Duration::ZERO, &names), None);
        assert_eq!(answered(Duration::MAX, &Reply::Failed("timed out".to_owned())), None);
    }
}
