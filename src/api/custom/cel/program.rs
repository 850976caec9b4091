//! Expressions over values of no declared type, as admission policies write them
//! (`k8s.io/apiserver/pkg/admission/plugin/cel`).

use serde_json::Value as Json;

use super::ast::Expr;
use super::check;
use super::eval::{Fail, evaluate};
use super::types::Type;
use super::value::Value;

/// What an expression has to come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    Bool,
    Text,
    Any,
}

pub struct Program {
    expr: Expr,
}

/// What an expression came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Came {
    Bool(bool),
    Text(String),
    Other,
}

/// A value of a variable.
pub struct Given(Value);

impl Given {
    /// As it stands in an object, all fields with their names.
    pub fn of(json: &Json) -> Given {
        Given(Value::free(json, 0))
    }

    /// A map of values that others have come to.
    pub fn group(values: &[(String, Given)]) -> Given {
        let entries = values
            .iter()
            .map(|(name, value)| (Value::text(name), value.0.clone()));
        Given(Value::map(entries.collect()))
    }
}

impl Program {
    /// Reads an expression that may name these variables.
    ///
    /// # Errors
    /// What is wrong with it, as the API server says it.
    pub fn new(source: &str, names: &[&str], wanted: Wanted) -> Result<Program, String> {
        let checked = check::compile_over(source, names)
            .map_err(|text| format!("compilation failed: {text}"))?;
        let fits = match wanted {
            Wanted::Any => true,
            Wanted::Bool => matches!(checked.type_, Type::Bool | Type::Dyn),
            Wanted::Text => matches!(checked.type_, Type::Text | Type::Dyn),
        };
        match (fits, wanted) {
            (true, _) => Ok(Program { expr: checked.expr }),
            (false, Wanted::Bool) => Err("must evaluate to bool".to_owned()),
            (false, _) => Err("must evaluate to string".to_owned()),
        }
    }

    /// # Errors
    /// Why the expression has no value.
    pub fn value(&self, variables: &[(&str, &Given)]) -> Result<Given, String> {
        let variables: Vec<(&str, Value)> = variables
            .iter()
            .map(|(name, given)| (*name, given.0.clone()))
            .collect();
        let (outcome, _) = evaluate(&self.expr, &variables);
        outcome
            .map(Given)
            .map_err(|fail: Fail| fail.text().to_owned())
    }

    /// # Errors
    /// As of [`Program::value`].
    pub fn run(&self, variables: &[(&str, &Given)]) -> Result<Came, String> {
        Ok(match self.value(variables)?.0 {
            Value::Bool(is) => Came::Bool(is),
            Value::Text(text) => Came::Text(text.to_string()),
            _ => Came::Other,
        })
    }
}
