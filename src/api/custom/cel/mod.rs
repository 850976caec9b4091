//! Rules of a schema (`x-kubernetes-validations`), written in CEL, the Common Expression Language.
//!
//! Models `k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel`, on the language as `cel-spec` describes it and
//! cel-go behaves: a text is parsed ([`parse`]), its types are checked against the schema ([`check`], over what
//! [`declare`] makes of it) and its cost is estimated ([`estimate`]) when a definition is written; what does not
//! hold there is refused. When objects are written, it is evaluated ([`eval`]) with a bound on the effort.
//!
//! Divergence: there is no library `image`, and a message of a syntax error may name fewer words that were expected.

mod ast;
mod check;
mod compile;
mod declare;
mod estimate;
mod eval;
mod functions;
mod lex;
mod library;
mod parse;
mod program;
mod report;
mod rules;
#[cfg(test)]
mod tests;
mod time;
mod types;
mod value;

pub use compile::check;
pub use program::{Came, Given, Program, Wanted};
pub use rules::Rules;
