//! The small tools that read text and print some of it, as the terminal's shell and the shell in containers have them.
//! They are functions of text: who has files, pipes and time reads and prints.

mod columns;
mod grep;
mod lines;
mod options;
mod sort;
pub mod strftime;

pub use columns::{Cut, Tr};
pub use grep::Grep;
pub use lines::{Uniq, Wc};
pub use options::options;
pub use sort::Sort;
