//! What the objects of a custom kind look like.

use std::sync::OnceLock;

use serde_json::Value;

use super::cel::Rules;
use super::columns::Columns;
use super::inert;

/// The schema and the columns of a kind. Those of inert kinds are read when somebody first deals with such an object.
pub(super) struct Shape {
    known: OnceLock<Known>,
    /// The rules of the schema, compiled when somebody first writes such an object.
    rules: OnceLock<Option<Rules>>,
    /// Where it stands in the list of inert kinds.
    inert: String,
}

pub(super) struct Known {
    /// `spec.versions[*].schema.openAPIV3Schema`; null without one.
    pub schema: Value,
    pub columns: Columns,
}

impl Shape {
    pub fn of(known: Known) -> &'static Shape {
        Box::leak(Box::new(Shape {
            known: OnceLock::from(known),
            rules: OnceLock::new(),
            inert: String::new(),
        }))
    }

    /// Of the inert kind with this plural.
    pub fn of_inert(plural: &str) -> &'static Shape {
        Box::leak(Box::new(Shape {
            known: OnceLock::new(),
            rules: OnceLock::from(None),
            inert: plural.to_owned(),
        }))
    }

    pub fn schema(&self) -> &Value {
        &self.known().schema
    }

    /// Nothing where the schema has none.
    pub fn rules(&self) -> Option<&Rules> {
        let rules = self.rules.get_or_init(|| Rules::of(self.schema(), true));
        rules.as_ref()
    }

    pub fn columns(&self) -> &Columns {
        &self.known().columns
    }

    fn known(&self) -> &Known {
        self.known.get_or_init(|| inert::shape(&self.inert))
    }
}
