//! Why a value is not of its type.

use std::fmt::{self, Display};

use serde::de::{self, Unexpected};
use serde_json::Value;

/// So many mistakes of one value are looked through for one that ends decoding.
const MOST_MISTAKES: usize = 100;

/// What stands for the error of a value that is neither a number nor a text, until it has a place.
pub(super) const NEITHER_NUMBER_NOR_TEXT: &str = "neither a number nor a text";

/// Why a value is not of its type, in the words of the real API server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodeError {
    pub message: String,
    /// Where, with list indices: `spec.template.spec.containers[0].ports`.
    pub path: String,
}

impl Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for DecodeError {}

/// A step from the root of a document to a value.
#[derive(Debug)]
pub(super) enum Part {
    Name(String),
    Index(usize),
}

#[derive(Debug)]
pub(super) struct Mistake {
    pub error: DecodeError,
    pub place: Vec<Part>,
    /// Whether a decoder of Go's stops here. It goes on behind a value of a wrong type, and says in
    /// the end which was the first; a type that reads itself (a quantity, a time) ends it at once.
    pub stops: bool,
}

/// A mistake, as small as a pointer while it travels up: every field of every type hands it on.
#[derive(Debug)]
pub(super) struct Failure(pub Box<Mistake>);

impl Failure {
    pub fn new(message: String, path: String, place: Vec<Part>) -> Self {
        Failure(Box::new(Mistake {
            error: DecodeError { message, path },
            place,
            stops: false,
        }))
    }

    pub fn stopping(mut self) -> Self {
        self.0.stops = true;
        self
    }

    /// What a decoder of Go's says in the end, if this is its first mistake in `value`. `again` decodes
    /// another value of the same type.
    pub fn in_the_end(
        self,
        value: &Value,
        again: &mut dyn FnMut(&Value) -> Option<Failure>,
    ) -> DecodeError {
        if self.0.stops {
            return self.0.error;
        }
        let mut rest = value.clone();
        let mut met = forget(&mut rest, &self.0.place);
        for _ in 0..MOST_MISTAKES {
            match again(&rest) {
                Some(next) if next.0.stops => return next.0.error,
                Some(next) if met => met = forget(&mut rest, &next.0.place),
                _ => break,
            }
        }
        self.0.error
    }
}

/// Takes a value out of a document; whether it was there.
fn forget(document: &mut Value, place: &[Part]) -> bool {
    let mut value = document;
    for part in place {
        let inside = match part {
            Part::Name(name) => value.get_mut(name.as_str()),
            Part::Index(index) => value.get_mut(*index),
        };
        match inside {
            Some(inside) => value = inside,
            None => return false,
        }
    }
    !std::mem::take(value).is_null()
}

impl Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.error.message)
    }
}

impl std::error::Error for Failure {}

impl de::Error for Failure {
    fn custom<T: Display>(message: T) -> Self {
        Failure::new(message.to_string(), String::new(), Vec::new())
    }

    fn invalid_type(_: Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        wrong(expected)
    }

    fn invalid_value(_: Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        wrong(expected)
    }
}

fn wrong(expected: &dyn de::Expected) -> Failure {
    match expected.to_string().as_str() {
        "IntOrString" | "a 32-bit integer" => de::Error::custom(NEITHER_NUMBER_NOR_TEXT),
        expected => de::Error::custom(format_args!("invalid value: expected {expected}")),
    }
}
