//! The shell around `kubectl`: as much of POSIX `sh` as tutorials use. Pipes, lists, redirections,
//! here-documents, variables, command substitution, loops; no functions, jobs or arithmetic.

pub mod builtins;
mod expand;
mod lex;
mod parse;
mod run;

pub use builtins::reason;
pub use parse::{Script, parse};
pub use run::{Shell, complain, run, run_line};

/// What a session gives to the scripts that it runs.
pub mod run_parts {
    pub use super::run::{Io, State};
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
