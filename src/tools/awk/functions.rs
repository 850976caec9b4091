//! The functions that are there without being defined.

use std::rc::Rc;

use super::parse::Expr;
use super::run::{Machine, Stop};
use super::value::Value;

pub fn call(machine: &mut Machine<'_>, name: &Rc<str>, arguments: &[Expr]) -> Result<Value, Stop> {
    // These do not take their arguments as values.
    match (&**name, arguments) {
        ("length", [expr]) => {
            if let Some(count) = machine.array_length(expr) {
                return Ok(Value::Number(count as f64));
            }
        }
        ("sub", _) => return machine.substitute(arguments, false),
        ("gsub", _) => return machine.substitute(arguments, true),
        ("split", [text, array, rest @ ..]) => {
            let text = machine.eval(text)?.string();
            let array = machine.array_of(Some(array))?;
            let count = machine.split_into(array, &text, rest.first())?;
            return Ok(Value::Number(count as f64));
        }
        ("match", [text, pattern, ..]) => {
            let text = machine.eval(text)?.string();
            return machine.find(&text, pattern);
        }
        ("sprintf", _) => return Ok(Value::text(&machine.formatted(arguments)?)),
        _ => {}
    }
    let mut values = Vec::new();
    for argument in arguments {
        values.push(machine.eval(argument)?);
    }
    let text = |at: usize| values.get(at).unwrap_or(&Value::Unset).string();
    let number = |at: usize| values.get(at).unwrap_or(&Value::Unset).number();
    Ok(match &**name {
        "length" => {
            let text = match values.is_empty() {
                true => machine.whole_line(),
                false => text(0),
            };
            Value::Number(text.chars().count() as f64)
        }
        "substr" => {
            let text = text(0);
            let count = text.chars().count() as f64;
            // Both ends are rounded, and what lies outside is not there.
            let from = round(number(1));
            let to = match values.get(2) {
                Some(length) => from + round(length.number()),
                None => count + 1.0,
            };
            let (from, to) = (from.max(1.0), to.min(count + 1.0));
            match to > from {
                true => Value::Text(
                    text.chars()
                        .skip(from as usize - 1)
                        .take((to - from) as usize)
                        .collect::<String>()
                        .into(),
                ),
                false => Value::text(""),
            }
        }
        "index" => {
            let (text, part) = (text(0), text(1));
            let found = text.find(&*part).and_then(|at| text.get(..at));
            Value::Number(found.map_or(0.0, |before| (before.chars().count() + 1) as f64))
        }
        "tolower" => Value::text(&text(0).to_lowercase()),
        "toupper" => Value::text(&text(0).to_uppercase()),
        "int" => Value::Number(number(0).trunc()),
        "sqrt" => Value::Number(number(0).sqrt()),
        "exp" => Value::Number(libm::exp(number(0))),
        "log" => Value::Number(libm::log(number(0))),
        "sin" => Value::Number(libm::sin(number(0))),
        "cos" => Value::Number(libm::cos(number(0))),
        "atan2" => Value::Number(libm::atan2(number(0), number(1))),
        "rand" => Value::Number(machine.random()),
        "srand" => {
            machine.set_seed(number(0));
            Value::Number(0.0)
        }
        "close" | "fflush" => Value::Number(0.0),
        "system" => return Err(Stop::Error("system is not part of this awk".to_owned())),
        other => return Err(Stop::Error(format!("function {other} never defined"))),
    })
}

fn round(number: f64) -> f64 {
    match number.is_nan() {
        true => 0.0,
        false => number.round_ties_even(),
    }
}
