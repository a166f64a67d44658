//! What controllers tell of themselves, beside their pods: a rollout that is paused, a Job that failed, a schedule.

pub mod budget;
pub mod cron;
pub mod daemon;
pub mod governing;
pub mod job;
pub mod lingering;
pub mod paused;
pub mod scaled;
pub mod scaler;
mod share;
