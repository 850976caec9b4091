//! Goals: what has to hold, judged as the cluster changes.
//!
//! - [`plan`]: a goal as it is looked at: atoms, joined by all and any;
//! - [`objects`]: atoms about objects, with the objects that they concern;
//! - [`requests`]: atoms about how requests fare;
//! - [`judge`]: follows the cluster, and remembers since when what holds;
//! - [`words`]: what is missing, in words.

mod judge;
mod objects;
mod plan;
mod requests;
mod tests_of;
mod words;

#[cfg(test)]
mod tests;

pub use judge::{GoalState, Judge, Standing};
pub use plan::{find_like, find_object};
pub use words::{Missing, Noun, Relation, number_word};
