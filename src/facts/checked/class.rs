//! An answer in one word, for rules to read.

use crate::active::{Answer, Check, Protocol, Said};

/// `ok` where it is as it should be, else what is wrong: `refused`, `timed-out`, `silent`, `closed`, `error`, `tls`,
/// `no-tls`, `not-http`, `not-grpc`, `unhealthy`, `no-name`, `no-server`; `unknown` where it could not be made.
pub fn of(check: &Check, said: &Said) -> &'static str {
    if check.is_ok(said) {
        return "ok";
    }
    match &said.answer {
        Answer::Status { tls: true, .. } if check.spoken.protocol == Protocol::Http => "tls",
        Answer::Status { tls: false, .. } if check.spoken.protocol == Protocol::Https => "no-tls",
        Answer::Status { .. } => "error",
        Answer::Refused => "refused",
        Answer::TimedOut => "timed-out",
        Answer::Silent => "silent",
        Answer::Closed => "closed",
        Answer::NotHttp => "not-http",
        Answer::NotTls => "no-tls",
        Answer::NotGrpc => "not-grpc",
        Answer::Health { .. } => "unhealthy",
        Answer::Unknown => "no-name",
        Answer::NoNameServer => "no-server",
        _ => "unknown",
    }
}

/// Of several answers that of the first which is not as it should be; empty where there is none at all.
pub fn of_all<'a>(checks: impl Iterator<Item = &'a Check>) -> &'static str {
    let mut found = "";
    for check in checks {
        for said in &check.answers {
            match of(check, said) {
                "unknown" if found.is_empty() => found = "unknown",
                "unknown" => {}
                "ok" if matches!(found, "" | "unknown") => found = "ok",
                "ok" => {}
                other if matches!(found, "" | "unknown" | "ok") => found = other,
                _ => {}
            }
        }
    }
    found
}
