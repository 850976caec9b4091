//! JSON as jq reads and writes it: value after value, with its words for what is wrong.

use std::rc::Rc;

use super::value::{DEEPEST, Number, Object, Value};

/// How values are written.
#[derive(Clone, Copy, Default)]
pub struct Style {
    /// Blanks of one level; none puts all in one line.
    pub indent: usize,
    pub tab: bool,
    pub sorted: bool,
    pub ascii: bool,
}

/// In one line, without blanks.
pub fn compact(value: &Value) -> String {
    let mut out = String::new();
    write(value, Style::default(), 0, &mut out);
    out
}

pub fn write(value: &Value, style: Style, level: usize, out: &mut String) {
    let newline = |out: &mut String, level: usize| {
        if style.tab {
            out.push('\n');
            out.extend(std::iter::repeat_n('\t', level));
        } else if style.indent > 0 {
            out.push('\n');
            out.extend(std::iter::repeat_n(' ', level * style.indent));
        }
    };
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(number) => match &number.literal {
            Some(literal) => out.push_str(literal),
            None => write_number(number.value, out),
        },
        Value::Text(text) => quote(text, style.ascii, out),
        Value::Array(array) if array.items.is_empty() => out.push_str("[]"),
        Value::Array(array) => {
            out.push('[');
            for (i, item) in array.items.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                newline(out, level + 1);
                write(item, style, level + 1, out);
            }
            newline(out, level);
            out.push(']');
        }
        Value::Object(object) if object.len() == 0 => out.push_str("{}"),
        Value::Object(object) => {
            out.push('{');
            let mut first = true;
            let mut entry = |(key, value): (&Rc<str>, &Value)| {
                if !std::mem::take(&mut first) {
                    out.push(',');
                }
                newline(out, level + 1);
                quote(key, style.ascii, out);
                out.push(':');
                if style.tab || style.indent > 0 {
                    out.push(' ');
                }
                write(value, style, level + 1, out);
            };
            match style.sorted {
                true => object.sorted().for_each(&mut entry),
                false => object.iter().for_each(&mut entry),
            }
            newline(out, level);
            out.push('}');
        }
    }
}

/// What colours the terminal: null, other words and numbers, texts, lists and objects, names of fields.
const NULL: &str = "\u{1b}[1;30m";
const WORD: &str = "\u{1b}[0;39m";
const TEXT: &str = "\u{1b}[0;32m";
const FRAME: &str = "\u{1b}[1;39m";
const KEY: &str = "\u{1b}[34;1m";
const PLAIN: &str = "\u{1b}[0m";

/// As [`write`], in colours.
pub fn write_colored(value: &Value, style: Style, level: usize, out: &mut String) {
    let newline = |out: &mut String, level: usize| {
        if style.tab {
            out.push('\n');
            out.extend(std::iter::repeat_n('\t', level));
        } else if style.indent > 0 {
            out.push('\n');
            out.extend(std::iter::repeat_n(' ', level * style.indent));
        }
    };
    let empty = match value {
        Value::Array(array) => array.items.is_empty(),
        Value::Object(object) => object.len() == 0,
        _ => true,
    };
    out.push_str(match value {
        Value::Null => NULL,
        Value::Bool(_) | Value::Number(_) => WORD,
        Value::Text(_) => TEXT,
        Value::Array(_) | Value::Object(_) => FRAME,
    });
    match value {
        Value::Array(array) if !empty => {
            out.push('[');
            for (i, item) in array.items.iter().enumerate() {
                if i > 0 {
                    out.push_str(FRAME);
                    out.push(',');
                }
                newline(out, level + 1);
                write_colored(item, style, level + 1, out);
            }
            out.push_str(FRAME);
            newline(out, level);
            out.push_str(FRAME);
            out.push(']');
        }
        Value::Object(object) if !empty => {
            out.push('{');
            let mut first = true;
            let mut entry = |(key, value): (&Rc<str>, &Value)| {
                if !std::mem::take(&mut first) {
                    out.push_str(FRAME);
                    out.push(',');
                }
                newline(out, level + 1);
                out.push_str(PLAIN);
                out.push_str(KEY);
                quote(key, style.ascii, out);
                out.push_str(PLAIN);
                out.push_str(FRAME);
                out.push(':');
                if style.tab || style.indent > 0 {
                    out.push(' ');
                }
                out.push_str(PLAIN);
                write_colored(value, style, level + 1, out);
            };
            match style.sorted {
                true => object.sorted().for_each(&mut entry),
                false => object.iter().for_each(&mut entry),
            }
            out.push_str(FRAME);
            newline(out, level);
            out.push_str(FRAME);
            out.push('}');
        }
        value => write(value, style, level, out),
    }
    out.push_str(PLAIN);
}

fn quote(text: &str, ascii: bool, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            c if (c as u32) < 32 || c == '\u{7f}' => out.push_str(&format!("\\u{:04x}", c as u32)),
            c if ascii && !c.is_ascii() => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

/// The fewest digits that give the number again, as jq sets them.
fn write_number(value: f64, out: &mut String) {
    if value.is_nan() {
        return out.push_str("null");
    }
    let value = value.clamp(f64::MIN, f64::MAX);
    if value == 0.0 {
        return out.push_str(if value.is_sign_negative() { "-0" } else { "0" });
    }
    let text = format!("{value:e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    if value < 0.0 {
        out.push('-');
    }
    place(
        &digits,
        exponent,
        exponent < -4 || exponent + 1 > digits.len() as i32 + 15,
        out,
    );
}

/// Digits with their point, or with an exponent behind them.
fn place(digits: &str, exponent: i32, scientific: bool, out: &mut String) {
    if scientific {
        let (first, rest) = digits.split_at(1.min(digits.len()));
        out.push_str(first);
        if !rest.is_empty() {
            out.push('.');
            out.push_str(rest);
        }
        let sign = if exponent < 0 { '-' } else { '+' };
        return out.push_str(&format!("e{sign}{:02}", exponent.abs()));
    }
    let point = exponent + 1;
    if point <= 0 {
        out.push_str("0.");
        out.extend(std::iter::repeat_n('0', point.unsigned_abs() as usize));
        return out.push_str(digits);
    }
    let point = point as usize;
    if point >= digits.len() {
        out.push_str(digits);
        out.extend(std::iter::repeat_n('0', point - digits.len()));
        return;
    }
    let (whole, rest) = digits.split_at(point);
    out.push_str(whole);
    out.push('.');
    out.push_str(rest);
}

/// A number as it is written: digits, a point, an exponent.
pub fn number(text: &str) -> Option<Value> {
    let value = match text {
        "nan" | "NaN" => return Some(Value::number(f64::NAN)),
        "-nan" | "-NaN" => return Some(Value::number(f64::NAN)),
        "Infinity" | "infinity" => return Some(Value::number(f64::INFINITY)),
        "-Infinity" | "-infinity" => return Some(Value::number(f64::NEG_INFINITY)),
        text => {
            let allowed = |c: char| c.is_ascii_digit() || "+-.eE".contains(c);
            let plain = text.chars().all(allowed) && text.chars().any(|c| c.is_ascii_digit());
            if !plain {
                return None;
            }
            text.parse::<f64>().ok()?
        }
    };
    // Up to fifteen digits a number is what it says.
    let literal = match text.len() <= 15 && text.bytes().all(|b| b.is_ascii_digit()) {
        true => None,
        false => literal(text).filter(|literal| {
            let mut own = String::new();
            write_number(value, &mut own);
            value.is_finite() && own != *literal
        }),
    };
    let literal = literal.map(Rc::from);
    Some(Value::Number(Number { value, literal }))
}

/// The digits as decimal arithmetic writes them again.
fn literal(text: &str) -> Option<String> {
    let (sign, text) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().ok()?),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent = exponent.checked_sub(fraction.len() as i64)?;
    let all = format!("{whole}{fraction}");
    let digits = match all.trim_start_matches('0') {
        "" => "0",
        digits => digits,
    };
    let adjusted = exponent.checked_add(digits.len() as i64 - 1)?;
    let mut out = sign.to_owned();
    if exponent <= 0 && adjusted >= -6 {
        place(digits, adjusted as i32, false, &mut out);
    } else {
        let (first, rest) = digits.split_at(1);
        out.push_str(first);
        if !rest.is_empty() {
            out.push('.');
            out.push_str(rest);
        }
        if adjusted != 0 {
            let sign = if adjusted < 0 { '-' } else { '+' };
            out.push_str(&format!("E{sign}{}", adjusted.abs()));
        }
    }
    Some(out)
}

/// What is open around the value that comes.
enum Open {
    Array(Vec<Value>),
    Object(Object),
    Key(Rc<str>),
}

/// Reads one value after the other.
pub struct Reader<'t> {
    text: &'t [u8],
    at: usize,
    line: usize,
    column: usize,
    /// Nothing more comes after what was wrong.
    over: bool,
    open: Vec<Open>,
    next: Option<Value>,
    token: Vec<u8>,
}

impl<'t> Reader<'t> {
    pub fn new(text: &'t str) -> Reader<'t> {
        Reader {
            text: text.strip_prefix('\u{feff}').unwrap_or(text).as_bytes(),
            at: 0,
            line: 1,
            column: 0,
            over: false,
            open: Vec::new(),
            next: None,
            token: Vec::new(),
        }
    }

    /// How many lines have been taken in: whole ones, as they come.
    pub fn lines(&self) -> usize {
        let seen = self.text.get(..self.at).unwrap_or_default();
        let rest = self.text.get(self.at..).unwrap_or_default();
        let ended = seen.last() == Some(&b'\n');
        let more = !ended && rest.contains(&b'\n');
        seen.iter().filter(|b| **b == b'\n').count() + usize::from(more)
    }

    fn value(&mut self, value: Value) -> Result<(), &'static str> {
        match self.next {
            Some(_) => Err("Expected separator between values"),
            None => {
                self.next = Some(value);
                Ok(())
            }
        }
    }

    /// A word is over: a number, `true`, `false`, `null`.
    fn literal(&mut self) -> Result<(), &'static str> {
        if self.token.is_empty() {
            return Ok(());
        }
        let token = std::mem::take(&mut self.token);
        let value = match token.as_slice() {
            b"true" => Value::Bool(true),
            b"false" => Value::Bool(false),
            b"null" => Value::Null,
            [b'\'', ..] => return Err("Invalid string literal; expected \", but got '"),
            [b't' | b'f', ..] | [b'n', b'u', ..] => return Err("Invalid literal"),
            token => match std::str::from_utf8(token).ok().and_then(number) {
                Some(value) => value,
                None => return Err("Invalid numeric literal"),
            },
        };
        self.value(value)
    }

    fn push(&mut self, open: Open) -> Result<(), &'static str> {
        if self.next.is_some() {
            return Err("Expected separator between values");
        }
        if self.open.len() >= DEEPEST as usize {
            return Err("Exceeds depth limit for parsing");
        }
        self.open.push(open);
        Ok(())
    }

    /// Puts the value that is there where it belongs.
    fn settle(&mut self, value: Value, closing: bool) -> Result<(), &'static str> {
        match self.open.pop() {
            Some(Open::Array(mut items)) if !closing => {
                items.push(value);
                self.open.push(Open::Array(items));
                Ok(())
            }
            Some(Open::Key(key)) => {
                if let Some(Open::Object(object)) = self.open.last_mut() {
                    object.set(key, value);
                }
                Ok(())
            }
            _ => Err("Objects must consist of key:value pairs"),
        }
    }

    fn structure(&mut self, byte: u8) -> Result<(), &'static str> {
        match byte {
            b'[' => self.push(Open::Array(Vec::new()))?,
            b'{' => self.push(Open::Object(Object::default()))?,
            b':' => match (self.next.take(), self.open.last()) {
                (None, _) => return Err("Expected string key before ':'"),
                (_, Some(Open::Array(_) | Open::Key(_)) | None) => {
                    return Err("':' not as part of an object");
                }
                (Some(Value::Text(key)), _) => self.open.push(Open::Key(key)),
                _ => return Err("Object keys must be strings"),
            },
            b',' => match self.next.take() {
                None => return Err("Expected value before ','"),
                Some(_) if self.open.is_empty() => {
                    return Err("',' not as part of an object or array");
                }
                Some(value) => self.settle(value, false)?,
            },
            b']' => {
                if !matches!(self.open.last(), Some(Open::Array(_))) {
                    return Err("Unmatched ']'");
                }
                let last = self.next.take();
                if let Some(Open::Array(mut items)) = self.open.pop() {
                    match last {
                        Some(value) => items.push(value),
                        None if !items.is_empty() => return Err("Expected another array element"),
                        None => {}
                    }
                    self.next = Some(Value::array(items));
                }
            }
            _ => {
                if self.open.is_empty() {
                    return Err("Unmatched '}'");
                }
                match self.next.take() {
                    Some(value) => self.settle(value, true)?,
                    None => match self.open.last() {
                        Some(Open::Object(object)) if object.len() > 0 => {
                            return Err("Expected another key-value pair");
                        }
                        Some(Open::Object(_)) => {}
                        _ => return Err("Unmatched '}'"),
                    },
                }
                if let Some(Open::Object(object)) = self.open.pop() {
                    self.next = Some(Value::object(object));
                }
            }
        }
        Ok(())
    }

    fn count(&mut self, byte: u8) {
        match byte {
            b'\n' => {
                self.line += 1;
                self.column = 0;
            }
            // What goes on a character is no column of its own.
            byte if byte & 0xc0 == 0x80 => {}
            _ => self.column += 1,
        }
    }

    /// A string, behind its first quote.
    fn string(&mut self) -> Result<(), &'static str> {
        let mut raw = Vec::new();
        let mut wrong = None;
        loop {
            let Some(&byte) = self.text.get(self.at) else {
                return Err("Unfinished string");
            };
            self.at += 1;
            self.count(byte);
            match byte {
                b'"' => break,
                b'\\' => {
                    let Some(&escaped) = self.text.get(self.at) else {
                        return Err("Unfinished string");
                    };
                    self.at += 1;
                    self.count(escaped);
                    match escaped {
                        b'"' | b'\\' | b'/' => raw.push(escaped),
                        b'b' => raw.push(8),
                        b'f' => raw.push(12),
                        b'n' => raw.push(b'\n'),
                        b'r' => raw.push(b'\r'),
                        b't' => raw.push(b'\t'),
                        b'u' => match self.unit() {
                            Ok(c) => raw.extend(c.encode_utf8(&mut [0; 4]).bytes()),
                            Err(message) => wrong = wrong.or(Some(message)),
                        },
                        _ => wrong = wrong.or(Some("Invalid escape")),
                    }
                }
                byte if byte < 32 => {
                    wrong = wrong.or(Some(
                        "Invalid string: control characters from U+0000 through U+001F must be escaped",
                    ));
                }
                byte => raw.push(byte),
            }
        }
        match wrong {
            Some(message) => Err(message),
            None => {
                let text = String::from_utf8_lossy(&raw);
                self.value(Value::text(&text))
            }
        }
    }

    fn hex(&self, at: usize) -> Option<u32> {
        let digits = self.text.get(at..at + 4)?;
        if !digits.iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
        u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
    }

    /// The character behind `\u`.
    fn unit(&mut self) -> Result<char, &'static str> {
        let Some(mut code) = self.hex(self.at) else {
            return Err("Invalid \\uXXXX escape");
        };
        self.at += 4;
        self.column += 4;
        if (0xd800..0xdc00).contains(&code) {
            let second = match self.text.get(self.at..self.at + 2) {
                Some(b"\\u") => self.hex(self.at + 2),
                _ => None,
            };
            match second {
                Some(low) if (0xdc00..0xe000).contains(&low) => {
                    code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
                    self.at += 6;
                    self.column += 6;
                }
                _ => return Err("Invalid \\uXXXX\\uXXXX surrogate pair escape"),
            }
        }
        Ok(char::from_u32(code).unwrap_or('\u{fffd}'))
    }

    /// The value that is whole at the top, if one is.
    fn whole(&mut self) -> Option<Value> {
        match self.open.is_empty() && self.token.is_empty() {
            true => self.next.take(),
            false => None,
        }
    }

    fn step(&mut self, byte: u8) -> Result<Option<Value>, &'static str> {
        match byte {
            b'"' => {
                self.literal()?;
                // A value that was waiting is whole before the string begins.
                let before = self.whole();
                self.string()?;
                Ok(before)
            }
            b'[' | b'{' => {
                self.literal()?;
                let before = self.whole();
                self.structure(byte)?;
                Ok(before)
            }
            b':' | b',' | b']' | b'}' => {
                self.literal()?;
                self.structure(byte)?;
                Ok(self.whole())
            }
            b' ' | b'\t' | b'\r' | b'\n' => {
                self.literal()?;
                Ok(self.whole())
            }
            byte => {
                let before = self.whole();
                self.token.push(byte);
                Ok(before)
            }
        }
    }

    /// The next value; what is wrong ends the text.
    pub fn read(&mut self) -> Option<Result<Value, String>> {
        if self.over {
            return None;
        }
        while let Some(&byte) = self.text.get(self.at) {
            self.at += 1;
            self.count(byte);
            match self.step(byte) {
                Ok(Some(value)) => return Some(Ok(value)),
                Ok(None) => {}
                Err("Unfinished string") => break,
                Err(message) => return Some(Err(self.wrong(message, ""))),
            }
        }
        self.over = true;
        let quoted = self.in_string();
        if quoted {
            return Some(Err(self.wrong("Unfinished string", " at EOF")));
        }
        if let Err(message) = self.literal() {
            return Some(Err(self.wrong(message, " at EOF")));
        }
        if !self.open.is_empty() {
            return Some(Err(self.wrong("Unfinished JSON term", " at EOF")));
        }
        self.next.take().map(Ok)
    }

    /// Whether the text ended inside of a string.
    fn in_string(&self) -> bool {
        let mut inside = false;
        let mut escaped = false;
        for byte in self.text {
            match (inside, escaped, byte) {
                (true, true, _) => escaped = false,
                (true, false, b'\\') => escaped = true,
                (_, false, b'"') => inside = !inside,
                _ => {}
            }
        }
        inside
    }

    fn wrong(&mut self, message: &str, place: &str) -> String {
        self.over = true;
        format!(
            "{message}{place} at line {}, column {}",
            self.line, self.column
        )
    }
}

/// The one value of a text.
///
/// # Errors
/// As `fromjson` words them.
pub fn parse(text: &str) -> Result<Value, String> {
    let shown = |message: String| format!("{message} (while parsing '{text}')");
    let mut reader = Reader::new(text);
    let value = match reader.read() {
        None => return Err(shown("Expected JSON value".to_owned())),
        Some(Err(message)) => return Err(shown(message)),
        Some(Ok(value)) => value,
    };
    match reader.read() {
        None => Ok(value),
        Some(Err(message)) => Err(shown(message)),
        Some(Ok(_)) => Err(shown("Unexpected extra JSON values".to_owned())),
    }
}
