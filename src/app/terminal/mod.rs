//! The terminal: what is typed, what runs, and what has been printed.

mod recall;
mod screen;

pub use recall::Recall;
pub use screen::{Block, Line, Origin, SHOWN, Screen};
