//! What time it is for the server: ages count from times that it and its nodes wrote down, and a client's clock may be off
//! by an hour.

use std::sync::OnceLock;

use jiff::{SignedDuration, Timestamp, fmt::rfc2822};

/// So far may an answer's `Date` be from here and be taken for the same: it is in whole seconds, and has been under way.
const SAME: SignedDuration = SignedDuration::from_secs(30);

/// How far the server's clock is ahead of this machine's, once it has said so.
#[derive(Debug, Default)]
pub(super) struct Clock(OnceLock<SignedDuration>);

impl Clock {
    /// Takes the `Date` of an answer; that of the first one counts.
    pub(super) fn set(&self, date: Option<&str>) {
        let Some(there) = date.and_then(|date| rfc2822::parse(date).ok()) else { return };
        let ahead = there.timestamp().duration_since(Timestamp::now());
        let _ = self.0.set(if ahead.abs() > SAME { ahead } else { SignedDuration::ZERO });
    }

    /// The time by the server's clock; by this machine's until it answers.
    pub(super) fn now(&self) -> Timestamp {
        let here = Timestamp::now();
        self.0.get().and_then(|ahead| here.checked_add(*ahead).ok()).unwrap_or(here)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn off(date: &str) -> SignedDuration {
        let clock = Clock::default();
        clock.set(Some(date));
        clock.now().duration_since(Timestamp::now())
    }

    fn date(ahead: SignedDuration) -> String {
        (Timestamp::now() + ahead).strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
    }

    #[test]
    fn a_server_whose_clock_is_off_is_believed() {
        for hours in [1, -1] {
            let ahead = SignedDuration::from_hours(hours);
            assert!((off(&date(ahead)) - ahead).abs() < SAME, "{hours}");
        }
    }

    #[test]
    fn seconds_under_way_and_what_is_no_date_change_nothing() {
        for date in [date(SignedDuration::from_secs(-3)), "yesterday".to_owned(), String::new()] {
            assert!(off(&date).abs() < SignedDuration::from_secs(1), "{date}");
        }
    }
}
