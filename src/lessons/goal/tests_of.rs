//! Conditions on one object.

use std::rc::Rc;

use serde_json::Value;

use crate::api::jsonpath::Template;
use crate::api::pattern::Pattern;
use crate::api::play::lesson::Test as Spec;
use crate::api::quantity::Quantity;

use super::words::{Missing, Relation};

#[derive(Clone, Debug)]
pub enum Test {
    Condition {
        name: String,
        status: String,
    },
    Path {
        template: Template,
        path: String,
        is: Is,
    },
    /// It was not understood: it holds of nothing.
    Never,
}

#[derive(Clone, Debug)]
pub enum Is {
    There,
    Missing,
    Equal(String),
    NotEqual(String),
    Like(Rc<Pattern>, String),
    Within(Option<Quantity>, Option<Quantity>),
}

impl Test {
    pub fn of(spec: &Spec) -> Test {
        if !spec.condition.is_empty() {
            let (name, status) = spec
                .condition
                .split_once('=')
                .unwrap_or((&spec.condition, "True"));
            return Test::Condition {
                name: name.to_owned(),
                status: status.to_owned(),
            };
        }
        let Ok(template) = Template::relaxed(&spec.path) else {
            return Test::Never;
        };
        let number =
            |value: &Option<Value>| value.as_ref().and_then(|v| Quantity::from_json(v).ok());
        let is = if spec.missing {
            Is::Missing
        } else if let Some(value) = &spec.equals {
            Is::Equal(scalar(value))
        } else if let Some(value) = &spec.not_equals {
            Is::NotEqual(scalar(value))
        } else if !spec.matches.is_empty() {
            match Pattern::compile(&spec.matches, true, false) {
                Ok(pattern) => Is::Like(Rc::new(pattern), spec.matches.clone()),
                Err(_) => return Test::Never,
            }
        } else if spec.at_least.is_some() || spec.at_most.is_some() {
            Is::Within(number(&spec.at_least), number(&spec.at_most))
        } else {
            Is::There
        };
        Test::Path {
            template,
            path: spec.path.clone(),
            is,
        }
    }

    /// What is missing in an object; `None` when the test holds.
    pub fn missing(&self, name: &str, object: &Value) -> Option<Missing> {
        match self {
            Test::Never => Some(Missing::Unclear),
            Test::Condition {
                name: condition,
                status,
            } => {
                let have = condition_of(object, condition);
                let holds = have
                    .as_deref()
                    .is_some_and(|h| h.eq_ignore_ascii_case(status));
                (!holds).then(|| Missing::Condition {
                    name: name.to_owned(),
                    condition: condition.clone(),
                    have,
                    want: status.clone(),
                })
            }
            Test::Path { template, path, is } => {
                let found = template.find(object).unwrap_or_default();
                let found: Vec<&Value> = found.into_iter().filter(|v| !is_nothing(v)).collect();
                (!is.holds(&found)).then(|| Missing::Value {
                    name: name.to_owned(),
                    path: path.clone(),
                    have: found.first().map(|v| scalar(v)),
                    want: is.relation(),
                })
            }
        }
    }
}

impl Is {
    /// Where a path leads to several values, one that fits is enough; but none may be equal to what it is
    /// not to be.
    fn holds(&self, found: &[&Value]) -> bool {
        match self {
            Is::There => !found.is_empty(),
            Is::Missing => found.is_empty(),
            Is::Equal(want) => found.iter().any(|v| same(v, want)),
            Is::NotEqual(want) => !found.iter().any(|v| same(v, want)),
            Is::Like(pattern, _) => found.iter().any(|v| pattern.is_match(&scalar(v))),
            Is::Within(least, most) => {
                let zero = Quantity::from_milli(0);
                let within = |q: &Quantity| {
                    least.as_ref().is_none_or(|least| q >= least)
                        && most.as_ref().is_none_or(|most| q <= most)
                };
                match found {
                    // Numbers that are not written are nought.
                    [] => within(&zero),
                    some => some
                        .iter()
                        .any(|v| Quantity::from_json(v).is_ok_and(|q| within(&q))),
                }
            }
        }
    }

    fn relation(&self) -> Relation {
        match self {
            Is::There => Relation::There,
            Is::Missing => Relation::Missing,
            Is::Equal(want) => Relation::Equal(want.clone()),
            Is::NotEqual(want) => Relation::NotEqual(want.clone()),
            Is::Like(_, want) => Relation::Like(want.clone()),
            Is::Within(Some(least), _) => Relation::AtLeast(least.to_string()),
            Is::Within(None, Some(most)) => Relation::AtMost(most.to_string()),
            Is::Within(None, None) => Relation::There,
        }
    }
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        _ => false,
    }
}

fn same(value: &Value, want: &str) -> bool {
    scalar(value) == want
}

/// A value as it is compared and shown.
pub fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The status of a condition, unless it is about an older form of the object (`kubectl wait`).
fn condition_of(object: &Value, name: &str) -> Option<String> {
    let current = object["metadata"]["generation"]
        .as_i64()
        .unwrap_or_default();
    let observed = object["status"]["observedGeneration"].as_i64();
    let conditions = object["status"]["conditions"].as_array()?;
    let found = conditions.iter().find(|c| {
        let type_ = c["type"].as_str().unwrap_or_default();
        type_.eq_ignore_ascii_case(name)
    })?;
    let observed = found["observedGeneration"].as_i64().or(observed);
    if observed.is_some_and(|o| o < current) {
        return None;
    }
    found["status"].as_str().map(str::to_owned)
}
