//! Functions of numbers.

use super::super::arithmetic::Failed;
use super::super::value::Value;
use super::{List, argument, fail};

pub const LIST: List = &[
    ("floor", 0, |input, _| of(&input, f64::floor)),
    ("ceil", 0, |input, _| of(&input, f64::ceil)),
    ("round", 0, |input, _| of(&input, f64::round)),
    ("trunc", 0, |input, _| of(&input, f64::trunc)),
    ("rint", 0, |input, _| of(&input, f64::round_ties_even)),
    ("nearbyint", 0, |input, _| of(&input, f64::round_ties_even)),
    ("fabs", 0, |input, _| of(&input, f64::abs)),
    ("sqrt", 0, |input, _| of(&input, f64::sqrt)),
    ("exp", 0, |input, _| of(&input, libm::exp)),
    ("exp10", 0, |input, _| of(&input, libm::exp10)),
    ("log", 0, |input, _| of(&input, libm::log)),
    ("log2", 0, |input, _| of(&input, libm::log2)),
    ("log10", 0, |input, _| of(&input, libm::log10)),
    ("pow", 2, |_, arguments| {
        let (base, power) = (argument(arguments, 0), argument(arguments, 1));
        Ok(Value::number(libm::pow(float(base)?, float(power)?)))
    }),
    ("fmin", 2, |_, arguments| {
        let (x, y) = (argument(arguments, 0), argument(arguments, 1));
        Ok(Value::number(float(x)?.min(float(y)?)))
    }),
    ("fmax", 2, |_, arguments| {
        let (x, y) = (argument(arguments, 0), argument(arguments, 1));
        Ok(Value::number(float(x)?.max(float(y)?)))
    }),
    ("infinite", 0, |_, _| Ok(Value::number(f64::INFINITY))),
    ("nan", 0, |_, _| Ok(Value::number(f64::NAN))),
    ("isinfinite", 0, |input, _| {
        Ok(Value::Bool(float(&input)?.is_infinite()))
    }),
    ("isnan", 0, |input, _| {
        Ok(Value::Bool(float(&input)?.is_nan()))
    }),
    ("isnormal", 0, |input, _| {
        Ok(Value::Bool(float(&input)?.is_normal()))
    }),
    ("have_decnum", 0, |_, _| Ok(Value::Bool(true))),
    ("have_literal_numbers", 0, |_, _| Ok(Value::Bool(true))),
];

pub fn float(value: &Value) -> Failed<f64> {
    match value.as_f64() {
        Some(number) => Ok(number),
        None => fail(&format!("{} number required", value.described())),
    }
}

fn of(input: &Value, function: fn(f64) -> f64) -> Failed<Value> {
    Ok(Value::number(function(float(input)?)))
}
