//! `seq`: numbers one after the other.

use super::call::{Call, Output};
use super::print::printed;

/// No sequence is longer.
const MOST: usize = 100_000;

/// A number in digits: its value in units of a power of ten, and how many digits stand behind its point.
fn decimal(text: &str) -> Option<(i128, usize)> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let plain = |t: &str| t.len() <= 15 && t.bytes().all(|b| b.is_ascii_digit());
    if !plain(whole) || !plain(fraction) || whole.len() + fraction.len() == 0 {
        return None;
    }
    let all: i128 = format!("{whole}{fraction}").parse().ok()?;
    Some((sign * all, fraction.len()))
}

/// A number of so many units, with its point.
fn written(value: i128, places: usize, width: usize) -> String {
    let digits = value.unsigned_abs().to_string();
    let digits = format!("{digits:0>least$}", least = places + 1);
    let (whole, fraction) = digits.split_at(digits.len() - places);
    let text = match places {
        0 => whole.to_owned(),
        _ => format!("{whole}.{fraction}"),
    };
    let sign = if value < 0 { "-" } else { "" };
    let width = width.saturating_sub(sign.len());
    format!("{sign}{text:0>width$}")
}

pub fn seq(call: &mut Call<'_>) -> Output {
    let (mut between, mut wide, mut format) = ("\n", false, None);
    let mut numbers = Vec::new();
    let mut words = call.words.iter().copied();
    while let Some(word) = words.next() {
        match word {
            "-w" | "--equal-width" => wide = true,
            "-s" => between = words.next().unwrap_or_default(),
            "-f" => format = words.next(),
            word if word.starts_with("-s") => between = word.get(2..).unwrap_or_default(),
            word if word.starts_with("-f") => format = word.get(2..),
            word => match decimal(word) {
                Some(number) => numbers.push(number),
                None => {
                    let message = format!("seq: invalid floating point argument: '{word}'");
                    return Output::failed(&message, 1);
                }
            },
        }
    }
    let one = (1, 0);
    let (from, step, to) = match numbers.as_slice() {
        [to] => (one, one, *to),
        [from, to] => (*from, one, *to),
        [from, step, to] => (*from, *step, *to),
        [] => return Output::failed("seq: missing operand", 1),
        _ => return Output::failed("seq: extra operand", 1),
    };
    if step.0 == 0 {
        return Output::failed("seq: invalid Zero increment value: '0'", 1);
    }
    // What is printed has the places of the first and of the step.
    let places = from.1.max(step.1);
    let units = places.max(to.1);
    let scaled = |(value, own): (i128, usize)| value * 10i128.pow((units - own) as u32);
    let (mut at, step, to) = (scaled(from), scaled(step), scaled(to));
    let shown = |value: i128, width: usize| {
        written(value / 10i128.pow((units - places) as u32), places, width)
    };
    let width = match wide {
        true => shown(at, 0).len().max(shown(to, 0).len()),
        false => 0,
    };
    let mut texts = Vec::new();
    while texts.len() < MOST && ((step > 0 && at <= to) || (step < 0 && at >= to)) {
        let text = shown(at, width);
        texts.push(match format {
            Some(format) => printed(format, &[&text], call.now).out,
            None => text,
        });
        at += step;
    }
    match texts.is_empty() {
        true => Output::default(),
        false => Output::of(texts.join(between) + "\n"),
    }
}
