//! Lessons: data that say what to do, and watch the cluster to see whether it was done.
//!
//! A lesson is an API object (`api::play::Lesson`), read from YAML with its place in the text
//! ([`source`]). Its goals are conditions on objects, events, requests and logs; a [`Judge`] follows the
//! cluster's changes and says which are met, in words. [`Check`] takes a lesson by its own solution.
//!
//! Architecture invariant: a goal never looks at what was typed, only at what the cluster has become.

mod check;
mod course;
mod goal;
pub mod markdown;
pub mod source;
pub mod start;

pub use check::{Check, Finding, Flaw, Report, StepReport};
pub use course::{Chapter, Course};
pub use goal::{
    GoalState, Judge, Missing, Noun, Relation, Standing, find_like, find_object, number_word,
};
