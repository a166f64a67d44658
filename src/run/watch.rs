//! `watch`: what a lookout sees, on the whole terminal, until somebody quits.

use std::{
    io::{IsTerminal as _, Write as _, stdout},
    process::ExitCode,
    thread,
    time::Duration,
};

use crossterm::{
    cursor,
    event::{self, Event, KeyCode, KeyEventKind, KeyModifiers},
    execute, terminal,
};
use jiff::Timestamp;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::{look, rules, terminal::style};
use crate::{
    cli::Cli,
    error::Error,
    lookout::{Board, Health, Lookout, Sight},
    report::{Style, screen},
};

/// Ages on the screen go on though nothing changes.
const FRAME: Duration = Duration::from_secs(1);

/// After the server could not be asked.
const PAUSE: Duration = Duration::from_secs(2);

enum Key {
    Quit,
    Up,
    Down,
    Resized,
}

pub(super) fn watch(cli: &Cli) -> Result<ExitCode, Error> {
    look::whole_namespaces(cli, "watch")?;
    if !stdout().is_terminal() {
        return Err(Error::new("watch draws on a terminal, and there is none: kubectl doctor, or wait, writes lines"));
    }
    let rules = rules(cli)?;
    look::runtime()?.block_on(async {
        let live = cli.connection.connect().await?;
        let namespace = look::scope(cli, &live);
        let scope = look::scope_text(namespace.as_deref());
        let heading = screen::Heading { scope, namespace: namespace.clone(), ..screen::Heading::default() };
        let mut lookout = Lookout::new(&live, &rules, namespace);
        // What can't be looked at at all is said before the screen is taken.
        let first = lookout.step().await?;
        let _screen = Screen::take()?;
        let (send, seen) = unbounded_channel();
        let _ = send.send(Ok(first));
        let health = lookout.health();
        tokio::select! {
            () = look_out(lookout, send) => Ok(ExitCode::SUCCESS),
            shown = show(cli, heading, &health, seen) => shown,
        }
    })
}

async fn look_out(mut lookout: Lookout<'_>, tell: UnboundedSender<Result<Sight, Error>>) {
    loop {
        let seen = lookout.step().await;
        let pause = if seen.is_err() { PAUSE } else { Duration::ZERO };
        if tell.send(seen).is_err() {
            return;
        }
        tokio::time::sleep(pause).await;
    }
}

async fn show(
    cli: &Cli,
    mut heading: screen::Heading,
    health: &Health,
    mut seen: UnboundedReceiver<Result<Sight, Error>>,
) -> Result<ExitCode, Error> {
    let mut keys = keys();
    let mut board = Board::default();
    let (mut from, mut failure) = (0, None);
    loop {
        from = from.min(board.causes().len().saturating_sub(1));
        heading.trouble = health.trouble().or(failure.clone());
        heading.now = Timestamp::now();
        draw(&board, &heading, &style(cli, Timestamp::now(), false), from)?;
        tokio::select! {
            key = keys.recv() => match key {
                None | Some(Key::Quit) => return Ok(ExitCode::SUCCESS),
                Some(Key::Up) => from = from.saturating_sub(1),
                Some(Key::Down) => from += 1,
                Some(Key::Resized) => {}
            },
            Some(sight) = seen.recv() => match sight {
                Ok(sight) => {
                    heading.is_ready |= sight.is_all;
                    failure = None;
                    board.renew(&sight.namespace, sight.diagnosis, Timestamp::now());
                }
                Err(error) => failure = Some(error.to_string()),
            },
            () = tokio::time::sleep(FRAME) => {}
        }
    }
}

fn draw(board: &Board, heading: &screen::Heading, style: &Style, from: usize) -> Result<(), Error> {
    let rows = terminal_size::terminal_size().map_or(24, |(_, height)| usize::from(height.0));
    let text = screen::render(board, heading, style, rows, from);
    let mut out = stdout().lock();
    // Each line is erased behind its end, and not the whole before, which flickers.
    let mut drawn = String::new();
    for line in text.lines().take(rows) {
        drawn.push_str(line);
        drawn.push_str("\u{1b}[K\r\n");
    }
    let drawn = drawn.trim_end_matches("\r\n");
    execute!(out, cursor::MoveTo(0, 0)).map_err(|error| lost(&error))?;
    write!(out, "{drawn}\u{1b}[J").and_then(|()| out.flush()).map_err(|error| lost(&error))
}

fn lost(error: &std::io::Error) -> Error {
    Error::new(format!("cannot draw on the terminal: {error}"))
}

/// The terminal, given back as it was.
struct Screen;

impl Screen {
    fn take() -> Result<Self, Error> {
        terminal::enable_raw_mode().map_err(|error| lost(&error))?;
        let screen = Self;
        execute!(stdout(), terminal::EnterAlternateScreen, cursor::Hide).map_err(|error| lost(&error))?;
        Ok(screen)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = execute!(stdout(), cursor::Show, terminal::LeaveAlternateScreen);
        let _ = terminal::disable_raw_mode();
    }
}

// A thread waits for keys; it ends with the process.
fn keys() -> UnboundedReceiver<Key> {
    let (send, receive) = unbounded_channel();
    thread::spawn(move || {
        while let Ok(event) = event::read() {
            let Some(key) = key(&event) else { continue };
            if send.send(key).is_err() {
                return;
            }
        }
    });
    receive
}

fn key(event: &Event) -> Option<Key> {
    let Event::Key(pressed) = event else { return matches!(event, Event::Resize(..)).then_some(Key::Resized) };
    if pressed.kind == KeyEventKind::Release {
        return None;
    }
    match pressed.code {
        KeyCode::Char('c') if pressed.modifiers.contains(KeyModifiers::CONTROL) => Some(Key::Quit),
        KeyCode::Char('q') | KeyCode::Esc => Some(Key::Quit),
        KeyCode::Up | KeyCode::Char('k') => Some(Key::Up),
        KeyCode::Down | KeyCode::Char('j') => Some(Key::Down),
        _ => None,
    }
}
