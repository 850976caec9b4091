//! To be built.

pub mod diff;
