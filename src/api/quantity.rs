//! Amounts of a resource: `100m`, `1.5Gi`, `2e3`.
//!
//! An amount is an integer number of billionths and the family of suffixes in which it was
//! written; nothing here is a float. Models `k8s.io/apimachinery/pkg/api/resource`: what is smaller
//! than a billionth is rounded away from zero, binary amounts are capped at 2^63-1, and printing
//! gives the canonical form (no fraction, the largest suffix that loses nothing).
//!
//! Departure: upstream keeps decimal amounts of any size, here they are capped at 10^27.

use k8s_openapi::apimachinery::pkg::api::resource::Quantity as ApiQuantity;
use serde_json::Value;
use std::cmp::Ordering;
use std::fmt;

const NANOS: i128 = 1_000_000_000;
/// 10^27 whole units.
const CAP: i128 = 1_000_000_000_000_000_000_000_000_000 * NANOS;
/// A whole part with more digits lies above the cap, a fraction's further digits are only known to
/// be there. Binary amounts leave room for the factor 2^60.
const MAX_DIGITS: usize = 36;
const MAX_BINARY_DIGITS: usize = 20;

const DECIMAL_SUFFIXES: [(&str, i32); 10] = [
    ("n", -9),
    ("u", -6),
    ("m", -3),
    ("", 0),
    ("k", 3),
    ("M", 6),
    ("G", 9),
    ("T", 12),
    ("P", 15),
    ("E", 18),
];
const BINARY_SUFFIXES: [&str; 7] = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];

/// Why a text is no quantity. The messages are upstream's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParseError {
    /// The text has not the shape of a quantity at all.
    Format,
    /// The number in front of the suffix cannot be read.
    Numeric,
    /// The suffix is none of the known ones.
    Suffix,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ParseError::Format => {
                "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
            }
            ParseError::Numeric => "unable to parse numeric part of quantity",
            ParseError::Suffix => "unable to parse quantity's suffix",
        })
    }
}

impl std::error::Error for ParseError {}

/// The family of suffixes with which an amount is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// `12e6`
    DecimalExponent,
    /// `12Mi`
    BinarySi,
    /// `12M`
    #[default]
    DecimalSi,
}

/// An amount. Equality and order look at the value alone, not at how it is written.
#[derive(Clone, Copy, Debug, Default)]
pub struct Quantity {
    nanos: i128,
    format: Format,
}

impl Quantity {
    /// Nothing, in decimal form.
    pub const ZERO: Quantity = Quantity {
        nanos: 0,
        format: Format::DecimalSi,
    };

    /// A whole number of units.
    pub fn new(value: i64, format: Format) -> Self {
        Quantity {
            nanos: i128::from(value) * NANOS,
            format,
        }
    }

    /// A number of thousandths, as CPU is counted.
    pub fn from_milli(value: i64) -> Self {
        Quantity {
            nanos: i128::from(value) * (NANOS / 1000),
            format: Format::DecimalSi,
        }
    }

    /// A number of bytes, printed with binary suffixes, as memory is counted.
    pub fn from_bytes(value: i64) -> Self {
        Quantity::new(value, Format::BinarySi)
    }

    /// Reads a quantity.
    ///
    /// # Errors
    /// Says which part could not be read, in upstream's words.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        if text.is_empty() {
            return Err(ParseError::Format);
        }
        let parts = split(text)?;
        let (base, exponent, format) = interpret(parts.suffix).ok_or(ParseError::Suffix)?;
        let max_digits = match base {
            Base::Two => MAX_BINARY_DIGITS,
            Base::Ten => MAX_DIGITS,
        };
        if parts.whole.len() > max_digits {
            return Ok(Quantity {
                nanos: cap(parts.negative, format, CAP),
                format,
            });
        }
        let fraction_digits = parts.fraction.len().min(max_digits - parts.whole.len());
        let (kept, dropped) = parts.fraction.split_at(fraction_digits);
        let mut digits: i128 = 0;
        for b in parts.whole.bytes().chain(kept.bytes()) {
            digits = digits * 10 + i128::from(b - b'0');
        }
        let lost = dropped.bytes().any(|b| b != b'0');
        let shift = 9 - fraction_digits as i64;
        let magnitude = match base {
            Base::Two => {
                let scaled = digits.checked_mul(1i128 << exponent).unwrap_or(i128::MAX);
                scale_decimal(scaled, shift, lost)
            }
            Base::Ten => scale_decimal(digits, shift + i64::from(exponent), lost),
        };
        let format = if format == Format::BinarySi && magnitude > 0 && magnitude < NANOS {
            Format::DecimalSi
        } else {
            format
        };
        Ok(Quantity {
            nanos: cap(parts.negative, format, magnitude),
            format,
        })
    }

    /// Reads a quantity as it stands in JSON: a string or a number.
    ///
    /// # Errors
    /// Everything else, and what [`Quantity::parse`] refuses.
    pub fn from_json(value: &Value) -> Result<Self, ParseError> {
        match value {
            Value::String(text) => Quantity::parse(text),
            Value::Number(number) => Quantity::parse(&number.to_string()),
            Value::Null => Ok(Quantity::ZERO),
            _ => Err(ParseError::Format),
        }
    }

    /// The amount in whole units, fractions rounded away from zero.
    pub fn value(&self) -> i64 {
        saturate(divide_away_from_zero(self.nanos, NANOS))
    }

    /// The amount in thousandths, rounded away from zero.
    pub fn milli_value(&self) -> i64 {
        saturate(divide_away_from_zero(self.nanos, NANOS / 1000))
    }

    pub fn format(&self) -> Format {
        self.format
    }

    pub fn is_zero(&self) -> bool {
        self.nanos == 0
    }

    /// -1, 0 or 1.
    pub fn sign(&self) -> i32 {
        self.nanos.signum() as i32
    }

    /// True when the amount has no fraction.
    pub fn is_integer(&self) -> bool {
        self.nanos % NANOS == 0
    }

    /// True when the amount is a whole number of thousandths.
    pub fn is_milli(&self) -> bool {
        self.nanos % (NANOS / 1000) == 0
    }

    /// The sum. Adding to nothing takes over the form of what is added.
    pub fn add(&self, other: &Quantity) -> Quantity {
        self.combine(other, self.nanos.saturating_add(other.nanos))
    }

    /// The difference.
    pub fn sub(&self, other: &Quantity) -> Quantity {
        self.combine(other, self.nanos.saturating_sub(other.nanos))
    }

    /// The amount times a whole number.
    pub fn scale(&self, factor: i64) -> Quantity {
        Quantity {
            nanos: self
                .nanos
                .saturating_mul(i128::from(factor))
                .clamp(-CAP, CAP),
            format: self.format,
        }
    }

    /// The amount with the other sign.
    pub fn negate(&self) -> Quantity {
        Quantity {
            nanos: -self.nanos,
            format: self.format,
        }
    }

    /// What per cent of a total this is, cut off to a whole number as `kubectl describe node`
    /// prints it; 0 of an empty total. In thousandths for CPU (`milli`), else in units.
    pub fn percent_of(&self, total: &Quantity, milli: bool) -> i64 {
        let count = |q: &Quantity| if milli { q.milli_value() } else { q.value() };
        let whole = count(total);
        if whole == 0 {
            return 0;
        }
        // The tool divides floats and so sometimes prints one per cent less than it is.
        (count(self) as f64 / whole as f64 * 100.0) as i64
    }

    fn combine(&self, other: &Quantity, nanos: i128) -> Quantity {
        Quantity {
            nanos: nanos.clamp(-CAP, CAP),
            format: if self.is_zero() {
                other.format
            } else {
                self.format
            },
        }
    }
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        self.nanos == other.nanos
    }
}

impl Eq for Quantity {}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Quantity {
    fn cmp(&self, other: &Self) -> Ordering {
        self.nanos.cmp(&other.nanos)
    }
}

impl fmt::Display for Quantity {
    /// Prints the canonical form.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_zero() {
            return f.write_str("0");
        }
        let units = self.nanos / NANOS;
        let binary = self.format == Format::BinarySi && self.is_integer() && units.abs() >= 1024;
        if binary {
            let (mut number, mut step) = (units, 0);
            while number % 1024 == 0 && step + 1 < BINARY_SUFFIXES.len() {
                number /= 1024;
                step += 1;
            }
            return write!(f, "{number}{}", BINARY_SUFFIXES[step]);
        }
        let (mut number, mut exponent) = (self.nanos, -9);
        let largest = if self.format == Format::DecimalExponent {
            i32::MAX
        } else {
            18
        };
        while number % 1000 == 0 && exponent < largest {
            number /= 1000;
            exponent += 3;
        }
        if self.format == Format::DecimalExponent {
            return match exponent {
                0 => write!(f, "{number}"),
                _ => write!(f, "{number}e{exponent}"),
            };
        }
        let suffix = DECIMAL_SUFFIXES
            .iter()
            .find(|(_, e)| *e == exponent)
            .map_or("", |(suffix, _)| suffix);
        write!(f, "{number}{suffix}")
    }
}

/// What the API type of the same name can do here.
pub trait QuantityExt {
    /// The amount; nothing when the text cannot be read, as it is validated before it is stored.
    fn amount(&self) -> Quantity;
    /// Puts the text into its canonical form, when it can be read.
    fn canonicalize(&mut self);
}

impl QuantityExt for ApiQuantity {
    fn amount(&self) -> Quantity {
        Quantity::parse(&self.0).unwrap_or_default()
    }

    fn canonicalize(&mut self) {
        if let Ok(quantity) = Quantity::parse(&self.0) {
            self.0 = quantity.to_string();
        }
    }
}

impl From<Quantity> for ApiQuantity {
    fn from(quantity: Quantity) -> Self {
        ApiQuantity(quantity.to_string())
    }
}

/// A text cut into its parts, leading zeros of the whole part removed.
struct Parts<'a> {
    negative: bool,
    whole: &'a str,
    fraction: &'a str,
    suffix: &'a str,
}

fn split(text: &str) -> Result<Parts<'_>, ParseError> {
    let (negative, rest) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    let rest = rest.trim_start_matches('0');
    let (whole, rest) = take_while(rest, |b| b.is_ascii_digit());
    let (fraction, suffix) = match rest.strip_prefix('.') {
        Some(rest) => take_while(rest, |b| b.is_ascii_digit()),
        None => ("", rest),
    };
    let (_, exponent) = take_while(suffix, |b| b"eEinumkKMGTP".contains(&b));
    let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    if !exponent.bytes().all(|b| b.is_ascii_digit()) {
        return Err(ParseError::Format);
    }
    Ok(Parts {
        negative,
        whole,
        fraction,
        suffix,
    })
}

fn take_while(text: &str, accept: impl Fn(u8) -> bool) -> (&str, &str) {
    let end = text.bytes().position(|b| !accept(b)).unwrap_or(text.len());
    text.split_at(end)
}

enum Base {
    Two,
    Ten,
}

fn interpret(suffix: &str) -> Option<(Base, i32, Format)> {
    if let Some((_, exponent)) = DECIMAL_SUFFIXES.iter().find(|(s, _)| *s == suffix) {
        return Some((Base::Ten, *exponent, Format::DecimalSi));
    }
    if let Some(step) = BINARY_SUFFIXES.iter().position(|s| *s == suffix) {
        return Some((Base::Two, step as i32 * 10, Format::BinarySi));
    }
    let exponent = suffix.strip_prefix(['e', 'E'])?;
    let value: i64 = exponent.parse().ok()?;
    // Beyond this every amount is capped or rounded up to a billionth.
    Some((
        Base::Ten,
        value.clamp(-200, 200) as i32,
        Format::DecimalExponent,
    ))
}

/// `digits * 10^shift`, capped, rounded up when something is lost.
fn scale_decimal(digits: i128, shift: i64, lost: bool) -> i128 {
    if digits == 0 {
        return i128::from(lost);
    }
    if shift >= 0 {
        let factor = 10i128.checked_pow(shift as u32);
        let scaled = factor.and_then(|f| digits.checked_mul(f));
        return scaled.map_or(CAP, |s| s.saturating_add(i128::from(lost)));
    }
    let Some(divisor) = 10i128.checked_pow((-shift) as u32) else {
        return 1;
    };
    digits / divisor + i128::from(lost || digits % divisor != 0)
}

fn cap(negative: bool, format: Format, magnitude: i128) -> i128 {
    let largest = match format {
        Format::BinarySi => i128::from(i64::MAX) * NANOS,
        _ => CAP,
    };
    let capped = magnitude.min(largest);
    if negative { -capped } else { capped }
}

fn divide_away_from_zero(number: i128, divisor: i128) -> i128 {
    let quotient = number / divisor;
    if number % divisor == 0 {
        quotient
    } else {
        quotient + number.signum()
    }
}

fn saturate(number: i128) -> i64 {
    number.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Quantity {
        Quantity::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"))
    }

    #[test]
    fn canonical_forms() {
        let rows: &[(&str, &str)] = &[
            ("0", "0"),
            ("0Mi", "0"),
            ("-0", "0"),
            ("00100", "100"),
            ("1", "1"),
            ("1000", "1k"),
            ("1000m", "1"),
            ("1500m", "1500m"),
            ("1.5", "1500m"),
            ("0.5", "500m"),
            (".5", "500m"),
            ("1.", "1"),
            ("+5", "5"),
            ("-5", "-5"),
            ("0.1m", "100u"),
            ("0.001n", "1n"),
            ("-0.1n", "-1n"),
            ("1.5Gi", "1536Mi"),
            ("0.5Gi", "512Mi"),
            ("1024Ki", "1Mi"),
            ("1025Ki", "1025Ki"),
            ("1Ei", "1Ei"),
            ("0.5Ki", "512"),
            ("1023", "1023"),
            ("0.1Ki", "102400m"),
            ("0.0001Ki", "102400u"),
            ("1k", "1k"),
            ("1000k", "1M"),
            ("12e6", "12e6"),
            ("12E6", "12e6"),
            ("1200e-3", "1200e-3"),
            ("1e3", "1e3"),
            ("1e2", "100"),
            ("1E", "1E"),
            ("123456789", "123456789"),
            ("128974848", "128974848"),
            ("129e6", "129e6"),
            ("100Ei", "9223372036854775807"),
            ("1e-100", "1e-9"),
        ];
        for (text, want) in rows {
            assert_eq!(parse(text).to_string(), *want, "{text}");
        }
    }

    #[test]
    fn printing_what_was_printed_changes_nothing() {
        for text in [
            "100m",
            "1Gi",
            "1500m",
            "12e6",
            "1n",
            "7Ei",
            "-3Ki",
            "999999999E",
        ] {
            let once = parse(text).to_string();
            assert_eq!(parse(&once).to_string(), once);
            assert_eq!(parse(&once), parse(text));
        }
    }

    #[test]
    fn refused_with_upstream_words() {
        let format = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
        let suffix = "unable to parse quantity's suffix";
        let rows: &[(&str, &str)] = &[
            ("", format),
            ("1MB", format),
            ("1 Gi", format),
            ("lots", format),
            ("1.2.3", format),
            ("1Gi ", format),
            ("1é", format),
            ("1KiB", format),
            ("1Mk", suffix),
            ("1K", suffix),
            ("1g", format),
            ("1mi", suffix),
            ("1e", suffix),
            ("1e+", suffix),
            ("1Mi3", suffix),
            ("1+3", suffix),
        ];
        for (text, want) in rows {
            let got = Quantity::parse(text).map_err(|e| e.to_string());
            assert_eq!(got.err().as_deref(), Some(*want), "{text:?}");
        }
        assert_eq!(
            Quantity::from_json(&serde_json::json!(["1"])),
            Err(ParseError::Format)
        );
        assert_eq!(
            Quantity::from_json(&serde_json::json!(2.5)).map(|q| q.to_string()),
            Ok("2500m".to_owned())
        );
    }

    #[test]
    fn counting() {
        let rows: &[(&str, i64, i64)] = &[
            ("100m", 1, 100),
            ("1", 1, 1000),
            ("1500m", 2, 1500),
            ("1n", 1, 1),
            ("-1500m", -2, -1500),
            ("1Gi", 1_073_741_824, 1_073_741_824_000),
            ("9E", 9_000_000_000_000_000_000, i64::MAX),
        ];
        for (text, value, milli) in rows {
            let q = parse(text);
            assert_eq!((q.value(), q.milli_value()), (*value, *milli), "{text}");
        }
        assert!(parse("500m").is_milli() && !parse("500m").is_integer());
        assert!(!parse("1u").is_milli());
    }

    #[test]
    fn arithmetic_keeps_the_form_of_the_first_that_is_something() {
        let sum = |a: &str, b: &str| parse(a).add(&parse(b)).to_string();
        assert_eq!(sum("0", "128Mi"), "128Mi");
        assert_eq!(sum("128Mi", "128Mi"), "256Mi");
        assert_eq!(sum("100m", "900m"), "1");
        assert_eq!(sum("1Gi", "500M"), "1573741824");
        assert_eq!(parse("1Gi").sub(&parse("1Gi")).to_string(), "0");
        assert_eq!(parse("1").sub(&parse("1500m")).to_string(), "-500m");
        assert_eq!(parse("250m").scale(4).to_string(), "1");
        assert_eq!(parse("1Ki").scale(3).negate().to_string(), "-3Ki");
        assert!(parse("1Ki") > parse("1k"));
        assert_eq!(parse("1024"), parse("1Ki"));
    }

    #[test]
    fn shares_as_describe_prints_them() {
        let share = |a: &str, b: &str| parse(a).percent_of(&parse(b), true);
        assert_eq!(share("100m", "4"), 2);
        assert_eq!(share("290m", "1"), 28);
        assert_eq!(share("2", "0"), 0);
        assert_eq!(parse("64Mi").percent_of(&parse("1Gi"), false), 6);
    }

    #[test]
    fn no_text_panics() {
        let nines = "9".repeat(200);
        let texts = [
            nines.clone(),
            format!("0.{nines}"),
            format!("{nines}.{nines}Ei"),
            format!("1e{nines}"),
            format!("1e-{nines}"),
            format!("{}{}", "9".repeat(36), "e200"),
            "9".repeat(36) + "Ei",
            "9".repeat(37),
        ];
        for text in texts {
            if let Ok(q) = Quantity::parse(&text) {
                let _ = (
                    q.to_string(),
                    q.value(),
                    q.add(&q).scale(i64::MIN).to_string(),
                );
            }
        }
    }
}
