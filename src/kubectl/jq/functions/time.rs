//! Functions of instants: seconds since the epoch, and their parts.

use super::super::arithmetic::Failed;
use super::super::value::Value;
use super::math::float;
use super::{List, argument, fail};
use crate::api::rfc3339::{Civil, civil_of, day_of_year, month_begins, seconds_of};
use crate::tools::strftime;

pub const LIST: List = &[
    ("gmtime", 0, |input, _| match &input {
        Value::Number(number) => Ok(parts(number.value)),
        _ => fail("gmtime() requires numeric inputs"),
    }),
    ("localtime", 0, |input, _| match &input {
        Value::Number(number) => Ok(parts(number.value)),
        _ => fail("localtime() requires numeric inputs"),
    }),
    ("mktime", 0, |input, _| match input.items() {
        None => fail("mktime requires array of 6 numbers"),
        Some(_) => match civil(&input) {
            Some(civil) => Ok(Value::number(seconds_of(&civil) as f64)),
            None => fail("mktime requires parsed datetime inputs"),
        },
    }),
    ("strftime", 1, |input, arguments| {
        format(input, argument(arguments, 0), "strftime/1")
    }),
    ("strflocaltime", 1, |input, arguments| {
        format(input, argument(arguments, 0), "strflocaltime/1")
    }),
    ("strptime", 1, |input, arguments| {
        let (Value::Text(text), Value::Text(pattern)) = (&input, argument(arguments, 0)) else {
            return fail("strptime/1 requires string inputs and arguments");
        };
        match strftime::parse(pattern, text) {
            Some(found) => Ok(parts(seconds_of(&found) as f64)),
            None => fail(&format!(
                "date \"{text}\" does not match format \"{pattern}\""
            )),
        }
    }),
];

/// Year, month from 0, day, hour, minute, second, day of the week, day of the year.
fn parts(seconds: f64) -> Value {
    let whole = seconds.floor().clamp(-1e13, 1e13);
    let civil = civil_of(whole as i64);
    let second = f64::from(civil.second) + (seconds - whole);
    let numbers = [
        civil.year as f64,
        f64::from(civil.month) - 1.0,
        f64::from(civil.day),
        f64::from(civil.hour),
        f64::from(civil.minute),
        second,
        f64::from(civil.weekday),
        day_of_year(&civil) as f64,
    ];
    Value::array(numbers.into_iter().map(Value::number).collect())
}

fn civil(value: &Value) -> Option<Civil> {
    let items = value.items()?;
    let part = |at: usize| items.get(at).and_then(Value::as_f64);
    // Parts may run over: they are counted from the first of the month.
    let (year, month) = (part(0)?, part(1)?);
    let first = month_begins(
        year.clamp(-100_000.0, 100_000.0) as i64,
        month.clamp(0.0, 11.0) as u8 + 1,
    );
    let seconds = (part(2)? - 1.0) * 86_400.0 + part(3)? * 3600.0 + part(4)? * 60.0 + part(5)?;
    Some(civil_of(
        first.saturating_add(seconds.clamp(-1e13, 1e13) as i64),
    ))
}

fn format(input: Value, pattern: &Value, name: &str) -> Failed<Value> {
    let input = match &input {
        Value::Number(_) => parts(float(&input)?),
        Value::Array(_) => input,
        _ => return fail(&format!("{name} requires parsed datetime inputs")),
    };
    let Value::Text(pattern) = pattern else {
        return fail(&format!("{name} requires a string format"));
    };
    match civil(&input) {
        Some(civil) => Ok(Value::text(&strftime::format(pattern, &civil))),
        None => fail(&format!("{name} requires parsed datetime inputs")),
    }
}
