//! The shell around `kubectl`: as much of bash as people use at a prompt. Pipes, lists, redirections,
//! here-documents, variables and what is made of them, command substitution, loops, functions,
//! aliases, arithmetic, arrays, menus, jobs in the background; no editing of past lines with `!`.

mod arith;
mod arrays;
mod brace;
pub mod builtins;
mod cond;
mod dollar;
mod expand;
pub mod jobs;
mod lex;
mod menu;
mod parse;
mod redirect;
mod run;
mod special;
mod state;
mod tilde;

pub use builtins::{decode_base64, reason};
use expand::matches;
pub use parse::{Aliases, Script, parse, parse_with};
pub use run::{complain, run, run_line};
pub use state::Shell;

/// What a session gives to the scripts that it runs.
pub mod run_parts {
    pub use super::state::{Io, Scope, State};
}

/// Why a line cannot be run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SyntaxError {
    /// More lines may complete it: an open quote, a here-document, a loop without its end.
    Incomplete(String),
    Wrong(String),
}

impl SyntaxError {
    pub fn message(&self) -> &str {
        match self {
            SyntaxError::Incomplete(message) | SyntaxError::Wrong(message) => message,
        }
    }
}

/// Whether a line waits for more: the terminal then asks for the next one.
pub fn is_incomplete(text: &str) -> bool {
    matches!(parse(text), Err(SyntaxError::Incomplete(_)))
}
