//! What a plain scalar means: the rules of YAML 1.1 as go-yaml v2 reads them, in which `yes` and
//! `n` are booleans, `010` is eight, and a date is a text that has to be quoted when written.

/// The meaning of a scalar.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scalar {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Float(f64),
    /// A date, or date and time. It stays a text.
    Timestamp,
    Text,
}

impl Scalar {
    /// The short tag, as error messages name it.
    pub fn tag(self) -> &'static str {
        match self {
            Scalar::Null => "!!null",
            Scalar::Bool(_) => "!!bool",
            Scalar::Int(_) | Scalar::Uint(_) => "!!int",
            Scalar::Float(_) => "!!float",
            Scalar::Timestamp => "!!timestamp",
            Scalar::Text => "!!str",
        }
    }
}

/// The meaning of a plain scalar without a tag.
pub fn resolve(text: &str) -> Scalar {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Scalar::Null,
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            return Scalar::Bool(true);
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            return Scalar::Bool(false);
        }
        ".nan" | ".NaN" | ".NAN" => return Scalar::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => {
            return Scalar::Float(f64::INFINITY);
        }
        "-.inf" | "-.Inf" | "-.INF" => return Scalar::Float(f64::NEG_INFINITY),
        _ => {}
    }
    match text.as_bytes().first() {
        Some(b'.') => match parse_float(text) {
            Some(float) => Scalar::Float(float),
            None => Scalar::Text,
        },
        Some(b'0'..=b'9' | b'+' | b'-') => {
            if is_timestamp(text) {
                return Scalar::Timestamp;
            }
            resolve_number(&text.replace('_', ""))
        }
        _ => Scalar::Text,
    }
}

fn resolve_number(plain: &str) -> Scalar {
    let (negative, unsigned) = match plain.as_bytes().first() {
        Some(b'-') => (true, &plain[1..]),
        Some(b'+') => (false, &plain[1..]),
        _ => (false, plain),
    };
    let lower = |prefix: &str| {
        unsigned
            .get(..2)
            .is_some_and(|p| p.eq_ignore_ascii_case(prefix))
    };
    let (digits, radix) = if lower("0x") {
        (&unsigned[2..], 16)
    } else if lower("0b") {
        (&unsigned[2..], 2)
    } else if lower("0o") {
        (&unsigned[2..], 8)
    } else if unsigned.len() > 1 && unsigned.starts_with('0') {
        (&unsigned[1..], 8)
    } else {
        (unsigned, 10)
    };
    let is_number = !digits.is_empty() && digits.bytes().all(|b| char::from(b).is_digit(radix));
    if is_number {
        match u64::from_str_radix(digits, radix) {
            Ok(magnitude) => {
                let signed = i128::from(magnitude) * if negative { -1 } else { 1 };
                if let Ok(int) = i64::try_from(signed) {
                    return Scalar::Int(int);
                }
                // A sign is not read in front of what only fits without one.
                if plain.len() == unsigned.len() {
                    return Scalar::Uint(magnitude);
                }
            }
            Err(_) if radix != 10 && radix != 8 => {
                // Larger than any number here can be; close is the best there is.
                let magnitude = digits.bytes().fold(0f64, |sum, b| {
                    let digit = char::from(b).to_digit(radix).unwrap_or(0);
                    sum * f64::from(radix) + f64::from(digit)
                });
                return Scalar::Float(if negative { -magnitude } else { magnitude });
            }
            Err(_) => {}
        }
    }
    match is_yaml_float(plain).then(|| parse_float(plain)).flatten() {
        Some(float) => Scalar::Float(float),
        None => Scalar::Text,
    }
}

fn parse_float(text: &str) -> Option<f64> {
    let fine = |b: u8| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-');
    if !text.bytes().all(fine) || !text.bytes().any(|b| b.is_ascii_digit()) {
        return None;
    }
    text.parse::<f64>().ok().filter(|f| f.is_finite())
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
fn is_yaml_float(text: &str) -> bool {
    let text = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = match text.find(['e', 'E']) {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    };
    let all_digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    let mantissa_fine = match mantissa.split_once('.') {
        Some(("", fraction)) => !fraction.is_empty() && all_digits(fraction),
        Some((whole, fraction)) => all_digits(whole) && all_digits(fraction),
        None => !mantissa.is_empty() && all_digits(mantissa),
    };
    let exponent_fine = exponent.is_none_or(|e| {
        let e = e.strip_prefix(['-', '+']).unwrap_or(e);
        !e.is_empty() && all_digits(e)
    });
    mantissa_fine && exponent_fine
}

/// `2001-12-14`, `2001-12-14 21:59:43.10`, `2001-12-14T21:59:43Z` or with an offset; months, days
/// and times of day may have one digit.
fn is_timestamp(text: &str) -> bool {
    let parse = || -> Option<bool> {
        let (year, rest) = (text.get(..4)?, text.get(4..)?.strip_prefix('-')?);
        if !year.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let (month, rest) = short_number(rest)?;
        let (day, rest) = short_number(rest.strip_prefix('-')?)?;
        let days = crate::api::rfc3339::days_in_month(year.parse().ok()?, month);
        if !(1..=12).contains(&month) || day < 1 || day > days {
            return None;
        }
        if rest.is_empty() {
            return Some(true);
        }
        let zoned = rest.starts_with(['T', 't']);
        let (hour, rest) = short_number(rest.strip_prefix(['T', 't', ' '])?)?;
        let (minute, rest) = short_number(rest.strip_prefix(':')?)?;
        let (second, mut rest) = short_number(rest.strip_prefix(':')?)?;
        if hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        if let Some(fraction) = rest.strip_prefix(['.', ',']) {
            let digits = fraction.bytes().take_while(u8::is_ascii_digit).count();
            if digits == 0 {
                return None;
            }
            rest = &fraction[digits..];
        }
        if !zoned {
            return Some(rest.is_empty());
        }
        if rest == "Z" {
            return Some(true);
        }
        let offset = rest.strip_prefix(['+', '-'])?;
        let digit = |at: usize| offset.as_bytes().get(at).is_some_and(u8::is_ascii_digit);
        Some(
            offset.len() == 5
                && digit(0)
                && digit(1)
                && offset.as_bytes().get(2) == Some(&b':')
                && digit(3)
                && digit(4),
        )
    };
    parse().unwrap_or(false)
}

/// A number of one or two digits, and what follows it.
fn short_number(text: &str) -> Option<(u8, &str)> {
    let digits = text.bytes().take(2).take_while(u8::is_ascii_digit).count();
    let (number, rest) = text.split_at(digits);
    Some((number.parse().ok()?, rest))
}

/// A number to base 60 (`12:30:45`), which nothing here reads, but other parsers do, so that such a
/// text is quoted when it is written.
pub fn is_base60(text: &str) -> bool {
    let text = text.strip_prefix(['-', '+']).unwrap_or(text);
    let Some((first, rest)) = text.split_once(':') else {
        return false;
    };
    let number = |s: &str| s.bytes().all(|b| b.is_ascii_digit() || b == b'_');
    if !first.starts_with(|c: char| c.is_ascii_digit()) || !number(first) {
        return false;
    }
    let (parts, fraction_fine) = match rest.split_once('.') {
        Some((parts, fraction)) => (parts, number(fraction)),
        None => (rest, true),
    };
    fraction_fine
        && parts.split(':').all(|part| match part.as_bytes() {
            [b] => b.is_ascii_digit(),
            [tens, ones] => (b'0'..=b'5').contains(tens) && ones.is_ascii_digit(),
            _ => false,
        })
}

/// A float as Go writes it with `strconv.FormatFloat(f, 'g', -1, bits)`: the shortest digits, with
/// an exponent when that is below -4 or above 20.
pub fn go_float(float: f64, single: bool) -> String {
    if float.is_nan() {
        return ".nan".to_owned();
    }
    if float.is_infinite() {
        return if float > 0.0 { ".inf" } else { "-.inf" }.to_owned();
    }
    let scientific = if single {
        format!("{:e}", float as f32)
    } else {
        format!("{float:e}")
    };
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..21).contains(&exponent) {
        return if single {
            format!("{}", float as f32)
        } else {
            format!("{float}")
        };
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn meanings() {
        use Scalar::*;
        let rows: &[(&str, Scalar)] = &[
            ("", Null),
            ("~", Null),
            ("NULL", Null),
            ("nULL", Text),
            ("y", Bool(true)),
            ("On", Bool(true)),
            ("oN", Text),
            ("n", Bool(false)),
            ("no", Bool(false)),
            ("Off", Bool(false)),
            ("nope", Text),
            ("0", Int(0)),
            ("-0", Int(0)),
            ("12", Int(12)),
            ("+12", Int(12)),
            ("1_000", Int(1000)),
            ("0x1F", Int(31)),
            ("-0x1f", Int(-31)),
            ("0b101", Int(5)),
            ("0o17", Int(15)),
            ("017", Int(15)),
            ("0644", Int(420)),
            ("08", Float(8.0)),
            ("9223372036854775807", Int(i64::MAX)),
            ("9223372036854775808", Uint(9_223_372_036_854_775_808)),
            ("-9223372036854775808", Int(i64::MIN)),
            ("18446744073709551616", Float(18_446_744_073_709_551_616.0)),
            ("1.5", Float(1.5)),
            (".5", Float(0.5)),
            ("1.", Float(1.0)),
            ("1e3", Float(1000.0)),
            ("-1.5E-3", Float(-0.0015)),
            ("1e400", Text),
            ("1.2.3", Text),
            ("1.25-alpine", Text),
            ("100m", Text),
            ("1Gi", Text),
            ("-", Text),
            ("+", Text),
            (".", Text),
            (".e5", Text),
            ("e5", Text),
            ("0x", Text),
            ("0xZ", Text),
            (".inf", Float(f64::INFINITY)),
            ("-.INF", Float(f64::NEG_INFINITY)),
            ("infinity", Text),
            ("2026-11-20", Timestamp),
            ("2026-1-2", Timestamp),
            ("2026-13-01", Text),
            ("2026-02-30", Text),
            ("2026-11-20T17:43:29Z", Timestamp),
            ("2026-11-20T17:43:29.469187Z", Timestamp),
            ("2026-11-20t1:4:2+01:00", Timestamp),
            ("2026-11-20 17:43:29", Timestamp),
            ("2026-11-20 17:43:29Z", Text),
            ("2026-11-20T17:43:29", Text),
            ("10.96.0.1", Text),
            ("é", Text),
        ];
        for (text, want) in rows {
            assert_eq!(resolve(text), *want, "{text:?}");
        }
        assert!(matches!(resolve(".nan"), Float(f) if f.is_nan()));
    }

    #[test]
    fn base_60() {
        for text in ["1:30", "12:30:45", "-1:59", "1:0.5", "190:20:30.15"] {
            assert!(is_base60(text), "{text}");
        }
        for text in ["nginx:1.25", "1:60", "1:", ":1", "1", "80:8080", "1:2:x"] {
            assert!(!is_base60(text), "{text}");
        }
    }

    #[test]
    fn floats_as_go_writes_them() {
        let rows: &[(f64, &str)] = &[
            (1.5, "1.5"),
            (0.1, "0.1"),
            (100.0, "100"),
            (1e21, "1e+21"),
            (1e-5, "1e-05"),
            (1.5e300, "1.5e+300"),
            (f64::INFINITY, ".inf"),
        ];
        for (float, want) in rows {
            assert_eq!(go_float(*float, false), *want);
        }
        assert_eq!(go_float(0.1f32.into(), true), "0.1");
    }
}
