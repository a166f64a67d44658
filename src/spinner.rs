//! What is waited for, on stderr, where it takes long and somebody watches.

use std::{
    future::Future,
    io::{IsTerminal as _, Write as _},
    thread,
    time::{Duration, Instant},
};

use crate::report::{clean, fit};

/// What comes sooner is waited for by nobody.
const PATIENCE: Duration = Duration::from_millis(500);
const FRAME: Duration = Duration::from_millis(100);
const FRAMES: [char; 8] = ['⠏', '⠛', '⠹', '⢸', '⣰', '⣤', '⣆', '⡇'];
const ERASE: &str = "\r\u{1b}[K";

/// Does the work, and says meanwhile what it waits for. Nothing is left of that at the end, or where Ctrl-C ends it.
pub async fn over<T>(work: impl Future<Output = T>, what: impl Fn() -> String) -> T {
    if !std::io::stderr().is_terminal() || std::env::var_os("TERM").is_some_and(|term| term == "dumb") {
        return work.await;
    }
    let started = Instant::now();
    let mut work = std::pin::pin!(work);
    let mut wait = PATIENCE;
    for frame in FRAMES.into_iter().cycle() {
        if let Ok(done) = tokio::time::timeout(wait, &mut work).await {
            if wait == FRAME {
                show(ERASE);
            }
            return done;
        }
        if wait == PATIENCE {
            erase_on_interrupt();
        }
        wait = FRAME;
        let columns = terminal_size::terminal_size_of(std::io::stderr()).map_or(80, |(width, _)| usize::from(width.0));
        let said = format!("{frame} {} ({}s)", clean::line(&what()), started.elapsed().as_secs());
        show(&format!("{ERASE}{}", fit(&said, columns.saturating_sub(1))));
    }
    work.await
}

// The process would end in the middle of the line.
fn erase_on_interrupt() {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
    thread::spawn(move || {
        if runtime.block_on(tokio::signal::ctrl_c()).is_ok() {
            show(ERASE);
            // As a shell says it of SIGINT.
            std::process::exit(130);
        }
    });
}

fn show(text: &str) {
    let mut terminal = std::io::stderr().lock();
    let _ = terminal.write_all(text.as_bytes()).and_then(|()| terminal.flush());
}
