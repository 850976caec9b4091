//! What a rule costs at most, before anybody runs it.
//!
//! Models `checker/cost.go` of cel-go and `k8s.io/apiserver/pkg/cel/library/cost.go`. A unit is about the time of one
//! simple step; sizes come from the bounds in the schema (`maxLength`, `maxItems`, `maxProperties`), and where there
//! are none from the largest possible request.

use super::types::Type;

/// The cost of one step through a text, and of one character of a regular expression.
pub const PER_CHARACTER: f64 = 0.1;
const PER_EXPRESSION_CHARACTER: f64 = 0.25;
pub const LIST: u64 = 10;
pub const MAP: u64 = 30;

/// From how many to how many members, characters or bytes.
#[derive(Clone, Copy, PartialEq)]
pub struct Size {
    pub least: u64,
    pub most: u64,
}

impl Size {
    pub const UNKNOWN: Size = Size {
        least: 0,
        most: u64::MAX,
    };
    pub const ONE: Size = Size::exactly(1);

    pub const fn exactly(size: u64) -> Size {
        Size {
            least: size,
            most: size,
        }
    }

    pub fn plus(self, other: Size) -> Size {
        Size {
            least: self.least.saturating_add(other.least),
            most: self.most.saturating_add(other.most),
        }
    }

    fn times(self, other: Size) -> Size {
        Size {
            least: self.least.saturating_mul(other.least),
            most: self.most.saturating_mul(other.most),
        }
    }

    pub fn union(self, other: Size) -> Size {
        Size {
            least: self.least.min(other.least),
            most: self.most.max(other.most),
        }
    }

    /// The cost of going through it.
    fn cost(self, per_unit: f64) -> u64 {
        scaled(self.most, per_unit)
    }
}

/// The product, rounded up; the largest number where there is none.
pub fn scaled(count: u64, per_unit: f64) -> u64 {
    // Float to integer saturates.
    (count as f64 * per_unit).ceil() as u64
}

/// What is known of an argument.
pub struct Argument {
    pub size: Option<Size>,
    /// Of the members of a list.
    pub member: Option<Size>,
}

impl Argument {
    fn size(&self) -> Size {
        self.size.unwrap_or(Size::UNKNOWN)
    }
}

/// The cost of a call without that of its arguments, and the size of its result. The target of a method is the
/// first argument.
pub fn call(function: &str, params: &[Type], args: &[Argument]) -> (u64, Option<Size>) {
    let size = |i: usize| args.get(i).map_or(Size::UNKNOWN, Argument::size);
    let first = size(0);
    let traversal = first.cost(PER_CHARACTER);
    let product = |expression: f64| {
        let text = first.plus(Size::ONE).cost(PER_CHARACTER);
        text.saturating_mul(size(1).cost(expression))
    };
    match function {
        "isSorted" | "sum" | "max" | "min" | "indexOf" | "lastIndexOf" => {
            let Some(Type::List(of)) = params.first() else {
                return (traversal, None);
            };
            let mut each = 1u64;
            if matches!(**of, Type::Text | Type::Bytes) {
                let member = args.first().and_then(|a| a.member);
                each = each.saturating_add(member.unwrap_or(Size::UNKNOWN).cost(PER_CHARACTER));
            }
            (first.most.saturating_mul(each), None)
        }
        "url" => (traversal, None),
        "lowerAscii" | "upperAscii" | "substring" | "trim" => (traversal, Some(first)),
        "replace" => (
            first.cost(2.0 * PER_CHARACTER),
            Some(replaced(first, size(1), size(2))),
        ),
        "split" => {
            let most = first.most;
            (
                first.cost(2.0 * PER_CHARACTER),
                Some(Size { least: 0, most }),
            )
        }
        "join" => {
            let member = args.first().and_then(|a| a.member).unwrap_or(Size::UNKNOWN);
            let mut whole = first.times(member);
            if args.len() > 1 {
                let between = Size {
                    least: first.least.saturating_sub(1),
                    most: first.most.saturating_sub(1),
                };
                whole = whole.plus(size(1).times(between));
            }
            (whole.cost(PER_CHARACTER), Some(whole))
        }
        "find" | "findAll" => {
            let most = first.most;
            (
                product(PER_EXPRESSION_CHARACTER),
                Some(Size { least: 0, most }),
            )
        }
        "matches" => (product(PER_EXPRESSION_CHARACTER), None),
        "containsIP" | "containsCIDR" => {
            let bytes = Size { least: 4, most: 16 };
            let mut cost = bytes.plus(bytes).cost(PER_CHARACTER);
            if function == "containsCIDR" {
                cost += bytes.cost(PER_CHARACTER) + 1;
            }
            if matches!(params.get(1), Some(Type::Text)) {
                cost = cost.saturating_add(size(1).cost(PER_CHARACTER));
            }
            (cost, None)
        }
        "format" | "startsWith" | "endsWith" => {
            let of = if function == "format" { first } else { size(1) };
            (of.cost(PER_CHARACTER), None)
        }
        "strings.quote" => {
            let quoted = Size {
                least: first.least.saturating_add(2),
                most: first.most.saturating_mul(2).saturating_add(2),
            };
            (traversal, Some(quoted))
        }
        "bytes" if matches!(params.first(), Some(Type::Text)) => {
            let most = first.most.saturating_mul(4);
            (
                traversal,
                Some(Size {
                    least: first.least,
                    most,
                }),
            )
        }
        "string" if matches!(params.first(), Some(Type::Bytes)) => {
            let least = first.least / 4;
            (
                traversal,
                Some(Size {
                    least,
                    most: first.most,
                }),
            )
        }
        "@in" if matches!(params.get(1), Some(Type::List(_))) => (size(1).most, None),
        "contains" => {
            let cost = traversal.saturating_mul(size(1).cost(PER_CHARACTER));
            (cost, None)
        }
        "_+_" => match params.first() {
            Some(Type::List(_)) => (1, Some(first.plus(size(1)))),
            Some(Type::Text | Type::Bytes) => {
                let both = first.plus(size(1));
                (both.cost(PER_CHARACTER), Some(both))
            }
            _ => (1, None),
        },
        "_<_" | "_<=_" | "_>_" | "_>=_"
            if !matches!(params.first(), Some(Type::Text | Type::Bytes)) =>
        {
            (1, None)
        }
        "_==_" | "_!=_" | "_<_" | "_<=_" | "_>_" | "_>=_" => {
            let most = first.most.min(size(1).most);
            (scaled(most, PER_CHARACTER), None)
        }
        "_&&_" | "_||_" | "_?_:_" => (0, None),
        _ => (1, None),
    }
}

/// The size of a text in which something was replaced.
fn replaced(text: Size, from: Size, to: Size) -> Size {
    let (count_most, kept_most) = if from.least == 0 {
        (text.most.saturating_add(1), text.most)
    } else if to.most <= from.least {
        (0, text.most)
    } else {
        (text.most.div_ceil(from.least), 0)
    };
    Size {
        least: 0,
        most: count_most.saturating_mul(to.most).saturating_add(kept_most),
    }
}
