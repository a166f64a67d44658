//! What no cluster and no file should hold, and may: what the fuzzer once found, and more of everything than there should be.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that can't go on fails")]

mod findings;
mod load;
#[path = "../../fuzz/src/targets.rs"]
mod targets;

use std::{sync::mpsc, thread, time::Duration};

/// Enough for anything but what never ends.
const PATIENCE: Duration = Duration::from_secs(180);

/// Does something that must come to an end.
fn ends(what: &str, work: impl FnOnce() + Send + 'static) {
    let (done, end) = mpsc::channel();
    let worker = thread::spawn(move || {
        work();
        let _ = done.send(());
    });
    // A panic drops the sender, and so ends the wait as well.
    assert!(end.recv_timeout(PATIENCE) != Err(mpsc::RecvTimeoutError::Timeout), "{what}: it does not end");
    assert!(worker.join().is_ok(), "{what}");
}
