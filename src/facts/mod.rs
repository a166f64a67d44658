//! What is true of one object, worked out once. Rules read nothing but these.
//!
//! Each thing that a rule can be `on` is a [`Subject`]: a container, a reference,
//! a port. It brings the facts of itself and of what it belongs to.

pub mod api_service;
pub mod checked;
pub mod claim;
pub mod container;
pub mod controller;
pub mod custom;
pub mod deleted;
pub mod events;
pub mod exit;
pub mod gateway;
pub mod gist;
pub mod hook;
pub mod hosts;
pub mod image;
pub mod ingress;
pub mod left_to_do;
pub mod log;
pub mod manifest;
pub mod nearest;
pub mod node;
pub mod object;
mod on;
pub mod pod;
pub mod policy;
pub mod ports;
pub mod probe;
pub mod pull;
pub mod quantity;
pub mod reference;
pub mod refusal;
pub mod resolver;
pub mod rollout;
pub mod schedule;
pub mod service;
mod subject;
pub mod usage;
pub mod workload;
mod world;

pub use on::On;
pub use subject::Subject;
pub use world::{Part, World};
