//! Go's `fmt` over JSON: `Sprint`, `Sprintln` and `Sprintf` (`fmt/print.go`).

use std::iter::Peekable;
use std::str::Chars;

use serde_json::Value;

use crate::api::json::{go_display, go_source};
use crate::api::rfc3339::go_quote;

/// Where `print` puts blanks between its operands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Spaces {
    None,
    /// Between two that are no texts.
    Between,
    Always,
}

/// The widest a value is made.
const WIDEST: usize = 200;

pub fn print(values: &[Value], spaces: Spaces) -> String {
    let mut out = String::new();
    let mut before: Option<&Value> = None;
    for value in values {
        let blank = match (before, spaces) {
            (None, _) | (_, Spaces::None) => false,
            (Some(_), Spaces::Always) => true,
            (Some(before), Spaces::Between) => !before.is_string() && !value.is_string(),
        };
        if blank {
            out.push(' ');
        }
        out.push_str(&go_display(value, 0));
        before = Some(value);
    }
    out
}

/// The Go type of a value that came as JSON.
pub fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "<nil>",
        Value::Bool(_) => "bool",
        Value::Number(n) if n.is_i64() || n.is_u64() => "int64",
        Value::Number(_) => "float64",
        Value::String(_) => "string",
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
    }
}

/// The flags of a verb.
#[derive(Default)]
struct Flags {
    minus: bool,
    plus: bool,
    sharp: bool,
    space: bool,
    zero: bool,
    width: Option<usize>,
    precision: Option<usize>,
}

pub fn formatted(format: &str, arguments: &[Value]) -> String {
    let mut out = String::new();
    let mut arguments = arguments.iter();
    let mut chars = format.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let mut flags = Flags::default();
        while let Some(flag) = chars.next_if(|c| "-+# 0".contains(*c)) {
            match flag {
                '-' => flags.minus = true,
                '+' => flags.plus = true,
                '#' => flags.sharp = true,
                ' ' => flags.space = true,
                _ => flags.zero = true,
            }
        }
        let digits = |chars: &mut Peekable<Chars<'_>>| {
            let mut digits = String::new();
            while let Some(digit) = chars.next_if(char::is_ascii_digit) {
                digits.push(digit);
            }
            digits.parse::<usize>().ok().map(|n| n.min(WIDEST))
        };
        flags.width = digits(&mut chars);
        if chars.next_if_eq(&'.').is_some() {
            flags.precision = Some(digits(&mut chars).unwrap_or(0));
        }
        let Some(verb) = chars.next() else {
            out.push_str("%!(NOVERB)");
            break;
        };
        if verb == '%' {
            out.push('%');
            continue;
        }
        match arguments.next() {
            Some(value) => out.push_str(&one(verb, value, &flags)),
            None => out.push_str(&format!("%!{verb}(MISSING)")),
        }
    }
    let extra: Vec<String> = arguments
        .map(|value| format!("{}={}", type_of(value), go_display(value, 0)))
        .collect();
    if !extra.is_empty() {
        out.push_str(&format!("%!(EXTRA {})", extra.join(", ")));
    }
    out
}

/// A value by a verb.
fn one(verb: char, value: &Value, flags: &Flags) -> String {
    let bad = || match value {
        Value::Null => format!("%!{verb}(<nil>)"),
        value => format!("%!{verb}({}={})", type_of(value), go_display(value, 0)),
    };
    let signed = |text: String| match (text.starts_with('-'), flags.plus, flags.space) {
        (false, true, _) => format!("+{text}"),
        (false, false, true) => format!(" {text}"),
        _ => text,
    };
    let text = match (verb, value) {
        ('v', value) if flags.sharp => go_source(value),
        ('v', value) => go_display(value, 0),
        ('T', value) => type_of(value).to_owned(),
        // Lists and maps are gone into.
        (_, Value::Array(items)) => {
            let items: Vec<String> = items.iter().map(|v| one(verb, v, flags)).collect();
            return format!("[{}]", items.join(" "));
        }
        (_, Value::Object(map)) => {
            let entries: Vec<String> = map
                .iter()
                .map(|(k, v)| {
                    let key = one(verb, &Value::String(k.clone()), flags);
                    format!("{key}:{}", one(verb, v, flags))
                })
                .collect();
            return format!("map[{}]", entries.join(" "));
        }
        ('t', Value::Bool(b)) => b.to_string(),
        ('s' | 'q' | 'x' | 'X', Value::String(text)) => {
            let text: String = match flags.precision {
                Some(most) if verb != 'x' && verb != 'X' => text.chars().take(most).collect(),
                _ => text.clone(),
            };
            match verb {
                'q' => go_quote(&text),
                'x' => text.bytes().map(|b| format!("{b:02x}")).collect(),
                'X' => text.bytes().map(|b| format!("{b:02X}")).collect(),
                _ => text,
            }
        }
        (verb, Value::Number(n)) => match (n.as_i64(), n.as_f64()) {
            (Some(n), _) => match verb {
                'd' => signed(n.to_string()),
                'x' | 'X' | 'o' | 'b' => {
                    let (sign, n) = (if n < 0 { "-" } else { "" }, n.unsigned_abs());
                    signed(match verb {
                        'x' => format!("{sign}{n:x}"),
                        'X' => format!("{sign}{n:X}"),
                        'o' => format!("{sign}{n:o}"),
                        _ => format!("{sign}{n:b}"),
                    })
                }
                'U' => format!("U+{n:04X}"),
                'q' => {
                    let c = u32::try_from(n).ok().and_then(char::from_u32);
                    let quoted = go_quote(&c.unwrap_or(char::REPLACEMENT_CHARACTER).to_string());
                    let inside = quoted.get(1..quoted.len() - 1).unwrap_or_default();
                    match inside {
                        "\\\"" => "'\"'".to_owned(),
                        "'" => "'\\''".to_owned(),
                        inside => format!("'{inside}'"),
                    }
                }
                'c' => u32::try_from(n)
                    .ok()
                    .and_then(char::from_u32)
                    .unwrap_or(char::REPLACEMENT_CHARACTER)
                    .to_string(),
                _ => return bad(),
            },
            (None, Some(n)) => match verb {
                'f' | 'F' => signed(format!("{n:.*}", flags.precision.unwrap_or(6))),
                'g' => signed(go_display(value, 0)),
                'e' => signed(exponent(&format!("{n:.*e}", flags.precision.unwrap_or(6)))),
                _ => return bad(),
            },
            _ => return bad(),
        },
        _ => return bad(),
    };
    padded(text, flags)
}

/// `1.5e3` as Go writes it: `1.5e+03`.
fn exponent(text: &str) -> String {
    let Some((mantissa, power)) = text.split_once('e') else {
        return text.to_owned();
    };
    let (sign, digits) = match power.strip_prefix('-') {
        Some(digits) => ('-', digits),
        None => ('+', power),
    };
    format!("{mantissa}e{sign}{digits:0>2}")
}

fn padded(text: String, flags: &Flags) -> String {
    let missing = flags
        .width
        .unwrap_or(0)
        .saturating_sub(text.chars().count());
    let pad = |c: char| -> String { std::iter::repeat_n(c, missing).collect() };
    match (flags.minus, flags.zero) {
        (true, _) => text + &pad(' '),
        (false, true) => match text.strip_prefix(['-', '+']) {
            Some(digits) => format!("{}{}{digits}", text.get(..1).unwrap_or_default(), pad('0')),
            None => pad('0') + &text,
        },
        (false, false) => pad(' ') + &text,
    }
}
