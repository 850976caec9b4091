//! `printf`, and what backslashes mean.

use std::iter::Peekable;
use std::str::Chars;

use super::call::{Call, Output};
use super::strftime;
use crate::api::rfc3339::civil;

/// No number of blanks is longer, and no text.
const WIDEST: usize = 10_000;
const MOST: usize = 4 << 20;

/// Text with its escapes read, and whether `\c` ended it.
pub fn unescape(text: &str, zero: bool) -> (String, bool) {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('r') => out.push('\r'),
            Some('a') => out.push('\u{7}'),
            Some('b') => out.push('\u{8}'),
            Some('e') => out.push('\u{1b}'),
            Some('f') => out.push('\u{c}'),
            Some('v') => out.push('\u{b}'),
            Some('c') => return (out, true),
            Some('\\') | None => out.push('\\'),
            Some('x') => coded(&mut chars, &mut out, 16, 2, "\\x"),
            Some('u') => coded(&mut chars, &mut out, 16, 4, "\\u"),
            Some('U') => coded(&mut chars, &mut out, 16, 8, "\\U"),
            // `\0NNN`, and where the zero is not needed `\NNN`.
            Some('0') if zero => coded(&mut chars, &mut out, 8, 3, "\0"),
            Some(digit @ '0'..='7') if !zero => {
                let mut digits = digit.to_string();
                while digits.len() < 3
                    && let Some(digit) = chars.next_if(|c| c.is_digit(8))
                {
                    digits.push(digit);
                }
                let code = u32::from_str_radix(&digits, 8).unwrap_or(0);
                out.extend(char::from_u32(code & 0xff));
            }
            Some(other) => {
                out.push('\\');
                out.push(other);
            }
        }
    }
    (out, false)
}

fn coded(chars: &mut Peekable<Chars<'_>>, out: &mut String, base: u32, most: usize, lead: &str) {
    let mut digits = String::new();
    while digits.len() < most
        && let Some(digit) = chars.next_if(|c| c.is_digit(base))
    {
        digits.push(digit);
    }
    match u32::from_str_radix(&digits, base) {
        Ok(code) => out.push(char::from_u32(code).unwrap_or('\u{fffd}')),
        Err(_) => out.push_str(lead),
    }
}

pub fn printf(call: &mut Call<'_>) -> Output {
    let words = match call.words.split_first() {
        Some((&"--", rest)) => rest,
        _ => &call.words,
    };
    match words.split_first() {
        Some((format, values)) => printed(format, values, call.now),
        None => Output::failed("printf: usage: printf [-v var] format [arguments]", 2),
    }
}

/// A conversion: `%-5.2f`.
struct Conversion {
    flags: String,
    width: usize,
    precision: Option<usize>,
}

struct Values<'v> {
    values: &'v [&'v str],
    at: usize,
    now: i64,
    output: Output,
}

impl<'v> Values<'v> {
    fn next(&mut self) -> Option<&'v str> {
        let value = self.values.get(self.at).copied();
        self.at += 1;
        value
    }

    fn whole(&mut self) -> i64 {
        let text = self.next().unwrap_or_default();
        self.whole_of(text)
    }

    fn whole_of(&mut self, text: &str) -> i64 {
        let plain = text.trim_start();
        // `'A` is the number of a letter.
        if let Some(letter) = plain.strip_prefix(['\'', '"']) {
            return letter.chars().next().map_or(0, |c| i64::from(u32::from(c)));
        }
        let (sign, digits) = match plain.strip_prefix('-') {
            Some(digits) => (-1, digits),
            None => (1, plain.strip_prefix('+').unwrap_or(plain)),
        };
        let (digits, base) = match digits.strip_prefix("0x").or(digits.strip_prefix("0X")) {
            Some(digits) => (digits, 16),
            None if digits.len() > 1 && digits.starts_with('0') => (digits, 8),
            None => (digits, 10),
        };
        let end = digits
            .find(|c: char| !c.is_digit(base))
            .unwrap_or(digits.len());
        let (head, rest) = digits.split_at(end);
        if !text.is_empty() && (head.is_empty() || !rest.is_empty()) {
            let message = format!("printf: {text}: invalid number");
            self.output.complain(&message, 1);
        }
        let number = i64::from_str_radix(head, base);
        match (number, head.is_empty()) {
            (Ok(number), _) => sign * number,
            (Err(_), true) => 0,
            (Err(_), false) if sign < 0 => i64::MIN,
            (Err(_), false) => i64::MAX,
        }
    }

    fn float(&mut self) -> f64 {
        let text = self.next().unwrap_or_default().trim();
        match text.parse::<f64>() {
            Ok(number) => number,
            Err(_) if text.is_empty() => 0.0,
            Err(_) => self.whole_of(text) as f64,
        }
    }
}

fn count(chars: &mut Peekable<Chars<'_>>, values: &mut Values<'_>) -> Option<i64> {
    if chars.next_if_eq(&'*').is_some() {
        return Some(values.whole());
    }
    let mut digits = String::new();
    while let Some(digit) = chars.next_if(char::is_ascii_digit) {
        digits.push(digit);
    }
    digits.parse().ok()
}

/// Values by a format, which is used again while there are more of them.
pub fn printed(format: &str, values: &[&str], now: i64) -> Output {
    let (format, ended) = unescape(format, false);
    let mut values = Values {
        values,
        at: 0,
        now,
        output: Output::default(),
    };
    loop {
        let before = values.at;
        let stopped = pass(&format, &mut values);
        let left = values.at < values.values.len();
        if stopped || ended || values.at == before || !left || values.output.out.len() > MOST {
            return values.output;
        }
    }
}

/// The format once; whether that was all.
fn pass(format: &str, values: &mut Values<'_>) -> bool {
    let mut chars = format.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '%' {
            values.output.out.push(c);
            continue;
        }
        if chars.next_if_eq(&'%').is_some() {
            values.output.out.push('%');
            continue;
        }
        let mut flags = String::new();
        while let Some(flag) = chars.next_if(|c| "-+ 0#'".contains(*c)) {
            flags.push(flag);
        }
        let width = count(&mut chars, values).unwrap_or(0);
        if width < 0 {
            flags.push('-');
        }
        let precision = match chars.next_if_eq(&'.') {
            Some(_) => usize::try_from(count(&mut chars, values).unwrap_or(0)).ok(),
            None => None,
        };
        while chars
            .next_if(|c| "hlLqjzt".contains(*c) && *c != 'q')
            .is_some()
        {}
        let conversion = Conversion {
            flags,
            width: (width.unsigned_abs() as usize).min(WIDEST),
            precision: precision.map(|p| p.min(WIDEST)),
        };
        let Some(letter) = chars.next() else {
            values
                .output
                .complain("printf: `%': missing format character", 1);
            return true;
        };
        if letter == '(' {
            let rest: String = chars.by_ref().take_while(|c| *c != ')').collect();
            chars.next();
            let at = match values.next() {
                None | Some("-1" | "-2" | "") => values.now,
                Some(text) => values.whole_of(text).saturating_mul(1_000_000_000),
            };
            let text = strftime::format(&rest, &civil(at));
            padded(&conversion, &text, false, &mut values.output.out);
            continue;
        }
        if convert(letter, &conversion, values) {
            return true;
        }
    }
    false
}

/// Writes one value; whether that ends it all.
fn convert(letter: char, conversion: &Conversion, values: &mut Values<'_>) -> bool {
    let flag = |flag: char| conversion.flags.contains(flag);
    let cut = |text: &str| match conversion.precision {
        Some(most) => text.chars().take(most).collect(),
        None => text.to_owned(),
    };
    let sign = |negative: bool| match negative {
        true => "-",
        false if flag('+') => "+",
        false if flag(' ') => " ",
        false => "",
    };
    let mut numeric = true;
    let mut stopped = false;
    let text = match letter {
        's' => {
            numeric = false;
            cut(values.next().unwrap_or_default())
        }
        'b' => {
            numeric = false;
            let (text, ended) = unescape(values.next().unwrap_or_default(), true);
            stopped = ended;
            cut(&text)
        }
        'q' => {
            numeric = false;
            shell_word(values.next().unwrap_or_default())
        }
        'c' => {
            numeric = false;
            values.next().unwrap_or_default().chars().take(1).collect()
        }
        'd' | 'i' => {
            let number = values.whole();
            let least = conversion.precision.unwrap_or(1);
            format!("{}{:0>least$}", sign(number < 0), number.unsigned_abs())
        }
        'u' | 'x' | 'X' | 'o' => {
            let number = values.whole();
            let lead = match (letter, flag('#') && number != 0) {
                ('x', true) => "0x",
                ('X', true) => "0X",
                ('o', true) => "0",
                _ => "",
            };
            let digits = match letter {
                'x' => format!("{number:x}"),
                'X' => format!("{number:X}"),
                'o' => format!("{number:o}"),
                _ => format!("{}", number as u64),
            };
            format!(
                "{lead}{digits:0>least$}",
                least = conversion.precision.unwrap_or(1)
            )
        }
        'f' | 'F' | 'e' | 'E' | 'g' | 'G' => {
            let number = values.float();
            let precision = conversion.precision.unwrap_or(6).min(100);
            let digits = float(number.abs(), letter, precision, flag('#'));
            format!("{}{digits}", sign(number.is_sign_negative()))
        }
        other => {
            let message = format!("printf: `{other}': invalid format character");
            values.output.complain(&message, 1);
            return true;
        }
    };
    padded(conversion, &text, numeric, &mut values.output.out);
    stopped
}

/// Digits of a number that is not negative, as C writes them.
pub fn float(number: f64, letter: char, precision: usize, full: bool) -> String {
    if !number.is_finite() {
        let text = if number.is_nan() { "nan" } else { "inf" };
        return match letter.is_ascii_uppercase() {
            true => text.to_uppercase(),
            false => text.to_owned(),
        };
    }
    let scientific = |precision: usize| {
        let text = format!("{number:.precision$e}");
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let exponent: i32 = exponent.parse().unwrap_or(0);
        (mantissa.to_owned(), exponent)
    };
    let joined = |mantissa: &str, exponent: i32| {
        let e = if letter.is_ascii_uppercase() {
            'E'
        } else {
            'e'
        };
        let sign = if exponent < 0 { '-' } else { '+' };
        format!("{mantissa}{e}{sign}{:02}", exponent.abs())
    };
    match letter {
        'f' | 'F' => format!("{number:.precision$}"),
        'e' | 'E' => {
            let (mantissa, exponent) = scientific(precision);
            joined(&mantissa, exponent)
        }
        _ => {
            let digits = precision.max(1);
            let (mantissa, exponent) = scientific(digits - 1);
            let short = |text: &str| match text.contains('.') && !full {
                true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
                false => text.to_owned(),
            };
            match exponent < -4 || exponent >= digits as i32 {
                true => joined(&short(&mantissa), exponent),
                false => {
                    let places = (digits as i32 - 1 - exponent).max(0) as usize;
                    short(&format!("{number:.places$}"))
                }
            }
        }
    }
}

fn padded(conversion: &Conversion, text: &str, numeric: bool, out: &mut String) {
    let blanks = conversion.width.saturating_sub(text.chars().count());
    let flag = |flag: char| conversion.flags.contains(flag);
    if flag('-') {
        out.push_str(text);
        out.extend(std::iter::repeat_n(' ', blanks));
    } else if flag('0') && numeric {
        // Zeros stand behind the sign, and behind `0x`.
        let lead = text.len() - text.trim_start_matches(['-', '+', ' ']).len();
        let (sign, digits) = text.split_at(lead);
        out.push_str(sign);
        out.extend(std::iter::repeat_n('0', blanks));
        out.push_str(digits);
    } else {
        out.extend(std::iter::repeat_n(' ', blanks));
        out.push_str(text);
    }
}

/// A word as a shell could read it again.
fn shell_word(text: &str) -> String {
    if text.is_empty() {
        return "''".to_owned();
    }
    if text.chars().any(char::is_control) {
        let shown = |c: char| match c {
            '\n' => "\\n".to_owned(),
            '\t' => "\\t".to_owned(),
            '\r' => "\\r".to_owned(),
            '\'' => "\\'".to_owned(),
            '\\' => "\\\\".to_owned(),
            c if c.is_control() => format!("\\{:03o}", u32::from(c)),
            c => c.to_string(),
        };
        return format!("$'{}'", text.chars().map(shown).collect::<String>());
    }
    let plain = |c: char| c.is_alphanumeric() || "-_./:@%+=".contains(c);
    let mut out = String::new();
    for c in text.chars() {
        if !plain(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
