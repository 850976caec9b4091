//! Texts from formats and values.

use super::value::{Value, general, power};

/// No number of blanks is longer.
const WIDEST: usize = 10_000;

/// `printf`'s rules.
pub fn format_values(format: &str, values: &[Value]) -> String {
    let mut out = String::new();
    let mut chars = format.chars().peekable();
    let mut values = values.iter();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let mut flags = String::new();
        while let Some(flag) = chars.next_if(|c| "-+ 0#".contains(*c)) {
            flags.push(flag);
        }
        let mut count = |chars: &mut std::iter::Peekable<std::str::Chars<'_>>,
                         flags: &mut String| {
            if chars.next_if_eq(&'*').is_some() {
                let number = values.next().map_or(0.0, Value::number);
                if number < 0.0 {
                    flags.push('-');
                }
                return Some((number.abs() as usize).min(WIDEST));
            }
            let mut digits = String::new();
            while let Some(digit) = chars.next_if(char::is_ascii_digit) {
                digits.push(digit);
            }
            digits.parse::<usize>().ok().map(|n| n.min(WIDEST))
        };
        let width = count(&mut chars, &mut flags).unwrap_or(0);
        let precision = chars
            .next_if_eq(&'.')
            .map(|_| count(&mut chars, &mut flags).unwrap_or(0));
        let letter = chars.next();
        let sign = |number: f64| match number.is_sign_negative() {
            true => "-",
            false if flags.contains('+') => "+",
            false if flags.contains(' ') => " ",
            false => "",
        };
        let mut next = || values.next().cloned().unwrap_or(Value::Unset);
        let (lead, body) = match letter {
            None => ("", "%".to_owned()),
            Some('%') => {
                out.push('%');
                continue;
            }
            Some('s') => {
                let text = next().string();
                let most = precision.unwrap_or(usize::MAX);
                ("", text.chars().take(most).collect())
            }
            Some('c') => {
                let value = next();
                let c = match &value {
                    Value::Number(n) => char::from_u32(*n as u32),
                    value => value.string().chars().next(),
                };
                ("", c.map(String::from).unwrap_or_default())
            }
            Some('d' | 'i' | 'u') => {
                let number = next().number().trunc();
                let digits = format!("{:.0}", number.abs());
                let least = precision.unwrap_or(0);
                (
                    sign(if number == 0.0 { 0.0 } else { number }),
                    format!("{digits:0>least$}"),
                )
            }
            Some(letter @ ('o' | 'x' | 'X')) => {
                let number = next().number().trunc() as i64;
                (
                    "",
                    match letter {
                        'o' => format!("{number:o}"),
                        'x' => format!("{number:x}"),
                        _ => format!("{number:X}"),
                    },
                )
            }
            Some(letter @ ('f' | 'F' | 'e' | 'E' | 'g' | 'G')) => {
                let number = next().number();
                let after = precision.unwrap_or(6).min(100);
                let size = number.abs();
                let text = match letter {
                    'f' | 'F' => format!("{size:.after$}"),
                    'g' | 'G' => general(size, after, flags.contains('#')),
                    _ => {
                        let text = format!("{size:.after$e}");
                        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
                        format!("{mantissa}{}", power(exponent.parse().unwrap_or(0)))
                    }
                };
                let text = if letter.is_ascii_uppercase() {
                    text.to_uppercase()
                } else {
                    text
                };
                (sign(number), text)
            }
            Some(other) => {
                out.push('%');
                out.push(other);
                continue;
            }
        };
        let length = lead.chars().count() + body.chars().count();
        let fill = width.saturating_sub(length);
        let is_number = !matches!(letter, Some('s' | 'c') | None);
        if flags.contains('-') {
            out.push_str(lead);
            out.push_str(&body);
            out.extend(std::iter::repeat_n(' ', fill));
        } else if flags.contains('0') && is_number {
            out.push_str(lead);
            out.extend(std::iter::repeat_n('0', fill));
            out.push_str(&body);
        } else {
            out.extend(std::iter::repeat_n(' ', fill));
            out.push_str(lead);
            out.push_str(&body);
        }
    }
    out
}
