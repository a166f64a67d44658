//! Durations as Go, and so kubectl, writes them.

use std::time::Duration;

/// Nothing for no limit.
pub type Limit = Option<Duration>;

/// kubectl's reading: `10s`, `1m30s`, `500ms`, a bare number of seconds; `0`
/// is no limit at all, `Ok(None)`.
pub fn parse(text: &str) -> Result<Limit, String> {
    let seconds = match text.parse::<u64>() {
        Ok(seconds) => Some(seconds as f64),
        Err(_) => units(text),
    };
    match seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()) {
        Some(Duration::ZERO) => Ok(None),
        Some(duration) => Ok(Some(duration)),
        None => {
            Err(format!("{text:?} is no duration: write 10s, 1m30s or 500ms, a number of seconds, or 0 for no limit"))
        }
    }
}

fn units(mut text: &str) -> Option<f64> {
    let mut seconds = 0.0;
    if text.is_empty() {
        return None;
    }
    while !text.is_empty() {
        let (number, rest) = split(text, |c| c.is_ascii_digit() || c == '.');
        let (unit, rest) = split(rest, |c| !c.is_ascii_digit() && c != '.');
        let scale = match unit {
            "ns" => 1e-9,
            "us" | "µs" | "μs" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return None,
        };
        seconds += number.parse::<f64>().ok()? * scale;
        text = rest;
    }
    Some(seconds)
}

fn split(text: &str, belongs: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|c| !belongs(c)).unwrap_or(text.len()))
}

/// As short as it can be told: `10s`, `1m30s`, `500ms`.
pub fn short(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match (seconds / 60, seconds % 60, duration.subsec_millis()) {
        (0, 0, millis) => format!("{millis}ms"),
        (0, _, 0) => format!("{seconds}s"),
        (_, _, millis) if millis > 0 => format!("{}s", duration.as_secs_f64()),
        (minutes, 0, _) => format!("{minutes}m"),
        (minutes, rest, _) => format!("{minutes}m{rest}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeout_is_read_as_kubectl_reads_it() {
        for (text, millis) in [
            ("10s", 10_000),
            ("1m", 60_000),
            ("1m30s", 90_000),
            ("500ms", 500),
            ("5", 5_000),
            ("1.5s", 1_500),
            ("1h", 3_600_000),
        ] {
            assert_eq!(parse(text), Ok(Some(Duration::from_millis(millis))), "{text}");
        }
    }

    #[test]
    fn zero_is_no_limit() {
        assert_eq!(parse("0"), Ok(None));
        assert_eq!(parse("0s"), Ok(None));
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        for text in ["", "s", "10x", "ten", "-5s", "-1", "10s5", "1..5s", "99999999999999999999999h"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_duration_is_told_in_its_own_unit() {
        for text in ["10s", "1m", "1m30s", "500ms", "1.5s"] {
            let duration = parse(text).unwrap().unwrap();
            assert_eq!(short(duration), text);
        }
    }
}
