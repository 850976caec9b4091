//! What the stage shows, as plain data in the page's own words.
//!
//! A view is built from the mirror's objects and nothing else; building it twice from the same
//! objects gives equal parts, and equal parts keep their identity.

pub mod control_plane;
pub mod marks;
pub mod nodes;
pub mod ownership;
pub mod pod;
pub mod pulse;
pub mod revisions;
pub mod rollout;
pub mod traffic;

pub use pod::{Phase, Tile};
pub use revisions::{Revision, Revisions};
