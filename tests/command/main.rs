//! The command as a user runs it, with no cluster at hand.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod bad_input;
mod bundles;
mod complete;
mod connection;
mod contexts;
mod custom;
mod doctor;
mod files;
mod fix;
mod help;
mod manifests;
mod mcp;
mod report;
mod rules;
mod server;
mod suppress;
mod wait;
mod words;
