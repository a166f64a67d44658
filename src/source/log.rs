//! What is kept of a container's log.

/// So many lines, from the end.
pub const LINES: usize = 50;
/// And not more bytes.
pub const BYTES: usize = 16 * 1024;

/// What a container that runs well has written in so many seconds is of the present.
pub const RECENT: u32 = 300;

// The kubelet's own words in place of the container's, with status 200.
const KUBELETS: [&str; 2] = ["unable to retrieve container logs for ", "failed to try resolving symlinks in path "];

/// The end of a log, in whole lines.
///
/// # Errors
/// Where it is no log but the kubelet's words for that there is none any more.
pub fn end(log: &str) -> Result<String, String> {
    let first = log.trim();
    if !first.contains('\n') && KUBELETS.iter().any(|words| first.starts_with(words)) {
        return Err("gone with its container".to_owned());
    }
    Ok(last_bytes(log).to_owned())
}

fn last_bytes(log: &str) -> &str {
    let Some(mut cut) = log.len().checked_sub(BYTES).filter(|cut| *cut > 0) else {
        return log;
    };
    while !log.is_char_boundary(cut) {
        cut += 1;
    }
    let kept = &log[cut..];
    // Unless the last line alone is longer than that.
    match kept.split_once('\n') {
        Some((_, whole)) if !whole.is_empty() => whole,
        _ => kept,
    }
}
