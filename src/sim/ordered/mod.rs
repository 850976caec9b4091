//! A map and a set in the order of their keys: the standard library's `BTreeMap` and `BTreeSet`, name for
//! name, with little code for each further type.
//!
//! The page holds some eighty maps of different types. A B-tree keeps keys and values inside its nodes,
//! so searching, splitting, merging and walking are compiled again for each of them, 6 KB a time. Here
//! keys and values lie in two plain lists and do not move; what is ordered is an [`index`] of their places,
//! which knows neither type and is compiled once. Only comparing, and putting into and taking from
//! a list, are compiled for each type, and those for keys are shared by all maps with that key.
//!
//! Finding takes the comparisons of a binary search; inserting and removing also move at most
//! [`index::CHUNK`] places. An entry that was removed leaves room that the next one takes.
//!
//! Not for maps of `k8s-openapi` types, whose fields are the standard library's.

mod index;
mod map;
mod order;
mod part;
mod set;

pub use map::Map;
pub use part::Part;
pub use set::Set;

#[cfg(test)]
mod tests;
