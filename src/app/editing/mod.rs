//! What the editor knows of a manifest while it is being typed, and what applying it answered.
//!
//! Places count bytes here, as everywhere in Rust; [`utf16`] converts them where they leave for the
//! browser, once.

mod applied;
mod diagnose;
mod outline;
mod rehearse;
pub mod utf16;

pub use applied::{applied, apply_command};
pub use diagnose::{Diagnosis, Problem, Severity, diagnose, ground};
pub use outline::place_of;
