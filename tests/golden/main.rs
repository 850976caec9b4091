//! Golden transcripts: what a real v1.36 control plane and kubectl printed, replayed on a simulated
//! cluster in virtual time, and compared after normalisation.
//!
//! `scenario/` is one story told by commands in order; `bad/` is one wrong input each. `known.txt`
//! lists what does not agree yet, with reasons; a listed transcript that agrees fails the test.

mod bad;
mod binary;
mod host;
mod known;
mod normal;
mod scenario;
mod terminal;
mod words;
