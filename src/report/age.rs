//! How long ago something was, as kubectl writes it.

use jiff::Timestamp;

use super::clean;

/// `2m ago`, or the time itself where there is nothing to count from. A time that cannot be read is given as it is.
pub(super) fn ago(time: &str, now: Option<Timestamp>) -> String {
    let (Ok(time), Some(now)) = (time.parse::<Timestamp>(), now) else {
        return clean::line(time);
    };
    match now.as_second() - time.as_second() {
        // Clocks of nodes and of the one who asks differ by a little.
        -2..=0 => "just now".to_owned(),
        seconds if seconds < 0 => format!("in {}", short(-seconds)),
        seconds => format!("{} ago", short(seconds)),
    }
}

/// With as many digits as matter: `90s`, `5m30s`, `2h`, `3d4h`, `300d`.
fn short(seconds: i64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86400);
    match seconds {
        ..120 => format!("{seconds}s"),
        120..600 => both(minutes, "m", seconds % 60, "s"),
        600..10_800 => format!("{minutes}m"),
        10_800..28_800 => both(hours, "h", minutes % 60, "m"),
        28_800..172_800 => format!("{hours}h"),
        172_800..691_200 => both(days, "d", hours % 24, "h"),
        691_200..63_072_000 => format!("{days}d"),
        _ => both(days / 365, "y", days % 365, "d"),
    }
}

fn both(large: i64, large_unit: &str, small: i64, small_unit: &str) -> String {
    match small {
        0 => format!("{large}{large_unit}"),
        _ => format!("{large}{large_unit}{small}{small_unit}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_written_as_kubectl_writes_them() {
        for (seconds, said) in [
            (119, "119s"),
            (120, "2m"),
            (330, "5m30s"),
            (600, "10m"),
            (10_800, "3h"),
            (12_000, "3h20m"),
            (100_000, "27h"),
            (300_000, "3d11h"),
            (700_000, "8d"),
            (70_000_000, "2y80d"),
        ] {
            assert_eq!(short(seconds), said);
        }
    }

    #[test]
    fn a_time_is_said_from_now() {
        let now = Timestamp::UNIX_EPOCH;
        assert_eq!(ago("1969-12-31T23:00:00Z", Some(now)), "60m ago");
        assert_eq!(ago("1970-01-01T00:00:01Z", Some(now)), "just now");
        assert_eq!(ago("1970-01-01T00:05:00Z", Some(now)), "in 5m");
        assert_eq!(ago("yesterday\u{1b}[2J", Some(now)), "yesterday");
    }
}
