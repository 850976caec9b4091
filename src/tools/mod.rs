//! The small tools that read text and print some of it, as the terminal's shell and the shell in containers have them.
//! They are functions of text: who has files, pipes and time reads and prints.

pub mod awk;
mod call;
mod columns;
mod date;
mod digest;
mod dump;
mod expr;
mod grep;
mod lines;
mod names;
mod options;
mod pairs;
pub mod print;
mod sed;
mod seq;
pub mod sha256;
mod shape;
mod sort;
pub mod strftime;

pub use call::{Call, NAMES, Output, call};
pub use columns::{Cut, Tr};
pub use date::instant;
pub use grep::Grep;
pub use lines::{Uniq, Wc};
pub use options::options;
pub use sed::{Sed, sed};
pub use sort::Sort;
