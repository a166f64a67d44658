//! What a run cost: what was asked of the server, and what each stage took.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// What a run cost.
#[derive(Debug)]
pub struct Stats {
    started: Instant,
    last: Instant,
    stages: Vec<(&'static str, Duration)>,
    asked: BTreeMap<String, Asked>,
    waves: Vec<Duration>,
}

/// What was asked for of one kind.
#[derive(Debug, Clone, Copy, Default)]
struct Asked {
    requests: usize,
    bytes: usize,
    longest: Duration,
}

impl Default for Stats {
    fn default() -> Self {
        let now = Instant::now();
        Self { started: now, last: now, stages: Vec::new(), asked: BTreeMap::new(), waves: Vec::new() }
    }
}

impl Stats {
    /// Says that a stage ends now; the next one begins.
    pub fn end_of(&mut self, stage: &'static str) {
        let now = Instant::now();
        self.stages.push((stage, now - self.last));
        self.last = now;
    }

    /// Takes in what was asked of a server.
    pub fn add(&mut self, traffic: &Traffic) {
        let log = traffic.log();
        self.asked.clone_from(&log.asked);
        self.waves.clone_from(&log.waves);
    }

    /// A table for a person.
    pub fn text(&self) -> String {
        let mut text = String::new();
        if !self.asked.is_empty() {
            text.push_str(&row("requests", "bytes", "longest", "asked for"));
            let mut asked: Vec<_> = self.asked.iter().collect();
            asked.sort_by_key(|(what, asked)| (std::cmp::Reverse(asked.bytes), *what));
            for (what, asked) in asked {
                text.push_str(&asked.row(what));
            }
            let all = self.asked.values().fold(Asked::default(), Asked::and);
            let waves: Vec<_> = self.waves.iter().copied().map(ms).collect();
            text.push_str(&all.row(&format!("all, in waves of {}", waves.join(", "))));
        }
        for (stage, took) in &self.stages {
            let _ = writeln!(text, "{:>10}  {stage}", ms(*took));
        }
        let _ = writeln!(text, "{:>10}  in all", ms(self.last - self.started));
        text
    }
}

impl Asked {
    fn and(self, other: &Self) -> Self {
        Self {
            requests: self.requests + other.requests,
            bytes: self.bytes + other.bytes,
            longest: self.longest.max(other.longest),
        }
    }

    fn row(&self, what: &str) -> String {
        row(&self.requests.to_string(), &self.bytes.to_string(), &ms(self.longest), what)
    }
}

fn row(requests: &str, bytes: &str, longest: &str, what: &str) -> String {
    format!("{requests:>10}  {bytes:>10}  {longest:>10}  {what}\n")
}

fn ms(took: Duration) -> String {
    format!("{:.1} ms", took.as_secs_f64() * 1000.0)
}

/// Who asks for ever is not to remember for ever.
const WAVES: usize = 1000;

/// Counts what is asked of a server.
#[derive(Debug, Default)]
pub struct Traffic(Mutex<Log>);

/// A request that is under way for as long as this lives.
#[derive(Debug)]
pub struct UnderWay<'a>(&'a Traffic, String);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        let under_way = &mut self.0.log().under_way;
        if let Some(at) = under_way.iter().position(|what| *what == self.1) {
            under_way.remove(at);
        }
    }
}

#[derive(Debug, Default)]
struct Log {
    asked: BTreeMap<String, Asked>,
    waves: Vec<Duration>,
    under_way: Vec<String>,
}

impl Traffic {
    /// Says that a request is sent.
    pub fn begin(&self, what: String) -> UnderWay<'_> {
        self.log().under_way.push(what.clone());
        UnderWay(self, what)
    }

    /// What is under way, each kind once, in the order in which it was sent.
    pub fn under_way(&self) -> Vec<String> {
        let mut kinds: Vec<String> = Vec::new();
        for what in &self.log().under_way {
            if !kinds.contains(what) {
                kinds.push(what.clone());
            }
        }
        kinds
    }

    /// One request: what it was for, and how many bytes came back, unpacked.
    pub fn count(&self, what: &str, bytes: usize, took: Duration) {
        let mut log = self.log();
        let asked = log.asked.entry(what.to_owned()).or_default();
        *asked = asked.and(&Asked { requests: 1, bytes, longest: took });
    }

    /// How often each kind of thing was asked for.
    pub fn requests(&self) -> BTreeMap<String, usize> {
        self.log().asked.iter().map(|(what, asked)| (what.clone(), asked.requests)).collect()
    }

    /// Requests that were under way together took so long.
    pub fn wave(&self, took: Duration) {
        let waves = &mut self.log().waves;
        if waves.len() < WAVES {
            waves.push(took);
        }
    }

    fn log(&self) -> std::sync::MutexGuard<'_, Log> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_for_the_same_are_added_up() {
        let traffic = Traffic::default();
        traffic.count("pods", 500, Duration::from_millis(20));
        traffic.count("pods", 100, Duration::from_millis(30));
        traffic.count("version", 7, Duration::from_millis(1));
        traffic.wave(Duration::from_millis(31));
        let mut stats = Stats::default();
        stats.add(&traffic);
        stats.end_of("collect");
        let text = stats.text();
        let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(lines[1], ["2", "600", "30.0", "ms", "pods"]);
        assert_eq!(lines[2], ["1", "7", "1.0", "ms", "version"]);
        assert_eq!(lines[3][..2], ["3", "607"]);
        assert!(lines[4].ends_with(&["collect"]));
    }
}
