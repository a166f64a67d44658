//! Names the root cause of what is broken in a Kubernetes cluster, and the cure.
//!
//! Data flows one way:
//! [`source`] → [`inventory`] → [`facts`] → [`rule`]s → [`diagnosis`] → [`report`].

pub mod active;
mod certificate;
pub mod changes;
pub mod cli;
mod command;
pub mod complete;
pub mod config;
mod confirm;
pub mod custom;
pub mod demo;
pub mod diagnosis;
pub mod document;
mod duration;
pub mod engine;
pub mod error;
pub mod explain;
pub mod facts;
pub mod fix;
pub mod gateway_api;
pub mod graph;
pub mod hides;
pub mod inventory;
pub mod kind;
pub mod lookout;
pub mod manager;
pub mod mcp;
pub mod metrics_api;
mod parallel;
pub mod question;
#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod random;
pub mod report;
pub mod rule;
pub mod run;
pub mod selector;
pub mod serve;
mod signal;
pub mod source;
pub mod spinner;
pub mod stats;
pub mod suppress;
pub mod timeline;
pub mod traffic;
pub mod wait;
