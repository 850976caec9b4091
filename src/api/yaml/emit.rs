//! From a JSON value to YAML, byte for byte as `kubectl -o yaml` prints it.
//!
//! Models `sigs.k8s.io/yaml` `JSONToYAML` on go-yaml v2, whose emitter is libyaml's: keys in natural
//! order, lists not indented inside of mappings, lines folded at 80 columns, block style for texts of
//! several lines, quotes only where a plain text would mean something else.

use super::scalar::{Scalar, go_float, is_base60, resolve};
use serde_json::Value;
use std::cmp::Ordering;

/// Texts are folded at the first space behind this column.
const BEST_WIDTH: usize = 80;
/// A longer key is written with `? `.
const MAX_SIMPLE_KEY: usize = 128;

/// Writes a value. The text ends with a line break.
///
/// Recurses as deep as the value does, which whoever made the value has bounded.
pub fn to_yaml(value: &Value) -> String {
    written(value, None)
}

/// As [`to_yaml`], with the names of fields in an order of their own, and lists indented inside of
/// mappings: as go-yaml v3 writes what it has read.
pub fn to_yaml_in_order(value: &Value, order: &Order) -> String {
    written(value, Some(order))
}

/// The order of the names in an object, and what is inside of each; of a list, what is inside of its items.
#[derive(Clone, Debug, Default)]
pub struct Order {
    pub names: Vec<String>,
    pub inside: Vec<Order>,
}

fn written(value: &Value, order: Option<&Order>) -> String {
    let mut emitter = Emitter {
        out: String::new(),
        column: 0,
        indent: -1,
        whitespace: true,
        indention: true,
        indents_lists: order.is_some(),
    };
    emitter.node(value, order, false);
    if emitter.column > 0 {
        emitter.out.push('\n');
    }
    emitter.out
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    Plain,
    SingleQuoted,
    DoubleQuoted,
    Literal,
}

struct Emitter {
    out: String,
    column: usize,
    indent: isize,
    /// The last character was a blank.
    whitespace: bool,
    /// Only indentation was written on this line.
    indention: bool,
    indents_lists: bool,
}

impl Emitter {
    fn put(&mut self, c: char) {
        self.out.push(c);
        if c == '\n' {
            self.column = 0;
        } else {
            self.column += 1;
        }
    }

    fn indicator(&mut self, text: &str, needs_space: bool, whitespace: bool, indention: bool) {
        if needs_space && !self.whitespace {
            self.put(' ');
        }
        for c in text.chars() {
            self.put(c);
        }
        self.whitespace = whitespace;
        self.indention &= indention;
    }

    /// Goes to the indentation, on a new line unless the line is still empty.
    fn write_indent(&mut self) {
        let indent = self.indent.max(0) as usize;
        if !self.indention || self.column > indent || (self.column == indent && !self.whitespace) {
            self.put('\n');
        }
        while self.column < indent {
            self.put(' ');
        }
        self.whitespace = true;
        self.indention = true;
    }

    fn deeper(&self) -> isize {
        if self.indent < 0 { 0 } else { self.indent + 2 }
    }

    fn node(&mut self, value: &Value, order: Option<&Order>, in_mapping: bool) {
        match value {
            Value::Object(map) if map.is_empty() => {
                self.indicator("{", true, true, false);
                self.indicator("}", false, false, false);
            }
            Value::Array(items) if items.is_empty() => {
                self.indicator("[", true, true, false);
                self.indicator("]", false, false, false);
            }
            Value::Object(map) => {
                let outer = self.indent;
                self.indent = self.deeper();
                match order {
                    None => {
                        let mut members: Vec<(&String, &Value)> = map.iter().collect();
                        members.sort_by(|(a, _), (b, _)| natural_order(a, b));
                        for (key, value) in members {
                            self.member(key, value, None);
                        }
                    }
                    Some(order) => {
                        for (key, inside) in order.names.iter().zip(&order.inside) {
                            if let Some(value) = map.get(key) {
                                self.member(key, value, Some(inside));
                            }
                        }
                    }
                }
                self.indent = outer;
            }
            Value::Array(items) => {
                let outer = self.indent;
                let indentless = in_mapping && !self.indention && !self.indents_lists;
                if !indentless {
                    self.indent = self.deeper();
                }
                for (i, item) in items.iter().enumerate() {
                    self.write_indent();
                    self.indicator("-", true, false, true);
                    self.node(item, order.and_then(|o| o.inside.get(i)), false);
                }
                self.indent = outer;
            }
            Value::Null => self.word("null"),
            Value::Bool(b) => self.word(if *b { "true" } else { "false" }),
            Value::Number(number) => match number.as_f64() {
                Some(float) if number.is_f64() => {
                    let whole = float.trunc() == float && float.abs() < 1e21;
                    let text = if whole {
                        format!("{float:.0}")
                    } else {
                        go_float(float, false)
                    };
                    self.word(&text);
                }
                _ => self.word(&number.to_string()),
            },
            Value::String(text) => self.text(text, false),
        }
    }

    fn member(&mut self, key: &str, value: &Value, order: Option<&Order>) {
        self.write_indent();
        if key.len() <= MAX_SIMPLE_KEY && !key.contains(is_break) {
            self.text(key, true);
            self.indicator(":", false, false, false);
        } else {
            self.indicator("?", true, false, true);
            self.text(key, false);
            self.write_indent();
            self.indicator(":", true, false, true);
        }
        self.node(value, order, true);
    }

    fn word(&mut self, word: &str) {
        self.indicator(word, true, false, false);
    }

    fn text(&mut self, text: &str, is_key: bool) {
        let outer = self.indent;
        self.indent = if outer < 0 { 2 } else { outer + 2 };
        match style(text, is_key) {
            Style::Plain => self.plain(text, !is_key),
            Style::SingleQuoted => self.single_quoted(text, !is_key),
            Style::DoubleQuoted => self.double_quoted(text, !is_key),
            Style::Literal => self.literal(text),
        }
        self.indent = outer;
    }

    fn plain(&mut self, text: &str, folds: bool) {
        if !text.is_empty() && !self.whitespace {
            self.put(' ');
        }
        self.whitespace = false;
        self.indention = false;
        let mut after_space = false;
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            let here = folds && !after_space && self.column > BEST_WIDTH;
            if c == ' ' && here && chars.peek() != Some(&' ') {
                self.write_indent();
            } else {
                self.put(c);
            }
            after_space = c == ' ';
            if !after_space {
                self.indention = false;
            }
        }
        self.whitespace = false;
        self.indention = false;
    }

    fn single_quoted(&mut self, text: &str, folds: bool) {
        self.indicator("'", true, false, false);
        let (mut after_space, mut after_break) = (false, false);
        let mut chars = text.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            let next = chars.peek().map(|(_, c)| *c);
            if c == ' ' {
                let inside = at > 0 && next.is_some_and(|next| next != ' ');
                if folds && !after_space && self.column > BEST_WIDTH && inside {
                    self.write_indent();
                } else {
                    self.put(c);
                }
                after_space = true;
            } else if is_break(c) {
                if !after_break && c == '\n' {
                    self.put('\n');
                }
                self.put('\n');
                self.indention = true;
                after_break = true;
            } else {
                if after_break {
                    self.write_indent();
                }
                if c == '\'' {
                    self.put('\'');
                }
                self.put(c);
                self.indention = false;
                (after_space, after_break) = (false, false);
            }
        }
        self.indicator("'", false, false, false);
    }

    fn double_quoted(&mut self, text: &str, folds: bool) {
        self.indicator("\"", true, false, false);
        let mut after_space = false;
        let mut chars = text.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            let next = chars.peek().map(|(_, c)| *c);
            if !is_printable(c) || is_break(c) || matches!(c, '"' | '\\') {
                for c in escape(c).chars() {
                    self.put(c);
                }
                after_space = false;
            } else if c == ' ' {
                let inside = at > 0 && next.is_some();
                if folds && !after_space && self.column > BEST_WIDTH && inside {
                    self.write_indent();
                    if next == Some(' ') {
                        self.put('\\');
                    }
                } else {
                    self.put(c);
                }
                after_space = true;
            } else {
                self.put(c);
                after_space = false;
            }
        }
        self.indicator("\"", false, false, false);
    }

    fn literal(&mut self, text: &str) {
        self.indicator("|", true, false, false);
        if text.starts_with([' ', '\n']) {
            self.indicator("2", false, false, false);
        }
        let body = text.strip_suffix('\n');
        match body {
            None => self.indicator("-", false, false, false),
            Some(body) if body.is_empty() || body.ends_with('\n') => {
                self.indicator("+", false, false, false);
            }
            Some(_) => {}
        }
        self.put('\n');
        self.indention = true;
        self.whitespace = true;
        let mut after_break = true;
        for c in text.chars() {
            if c == '\n' {
                self.put('\n');
                self.indention = true;
                after_break = true;
            } else {
                if after_break {
                    self.write_indent();
                }
                self.put(c);
                self.indention = false;
                after_break = false;
            }
        }
    }
}

/// How a text is written: libyaml's `yaml_emitter_select_scalar_style`.
fn style(text: &str, is_key: bool) -> Style {
    let allowed = Allowed::of(text);
    let several_lines = text.contains('\n');
    // Divergence: go-yaml writes the key `<<` without quotes, and then reads it as a merge.
    let merges = is_key && text == "<<";
    let reads_as_text = resolve(text) == Scalar::Text && !is_base60(text) && !merges;
    if several_lines {
        if allowed.block && !is_key {
            return Style::Literal;
        }
        return Style::DoubleQuoted;
    }
    if !reads_as_text {
        return Style::DoubleQuoted;
    }
    if allowed.plain {
        Style::Plain
    } else if allowed.single_quoted && !text.contains(is_break) {
        Style::SingleQuoted
    } else {
        Style::DoubleQuoted
    }
}

/// The styles that a text may have: libyaml's `yaml_emitter_analyze_scalar`.
struct Allowed {
    plain: bool,
    single_quoted: bool,
    block: bool,
}

impl Allowed {
    fn of(text: &str) -> Self {
        let mut indicators = text.starts_with("---") || text.starts_with("...");
        let (mut special, mut line_breaks) = (false, false);
        let (mut space_break, mut break_space) = (false, false);
        let (mut previous_space, mut previous_break) = (false, false);
        let mut after_blank = true;
        let mut chars = text.chars().peekable();
        let mut first = true;
        while let Some(c) = chars.next() {
            let before_blank = chars
                .peek()
                .is_none_or(|next| matches!(next, ' ' | '\t') || is_break(*next));
            indicators |= match c {
                '#' | ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"'
                | '%' | '@' | '`'
                    if first =>
                {
                    true
                }
                '?' | '-' if first => before_blank,
                ':' => before_blank,
                '#' => after_blank,
                _ => false,
            };
            special |= !is_printable(c);
            if c == ' ' {
                break_space |= previous_break;
                (previous_space, previous_break) = (true, false);
            } else if is_break(c) {
                line_breaks = true;
                space_break |= previous_space;
                (previous_space, previous_break) = (false, true);
            } else {
                (previous_space, previous_break) = (false, false);
            }
            after_blank = matches!(c, ' ' | '\t') || is_break(c);
            first = false;
        }
        let edge = |c: Option<char>| c.is_some_and(|c| c == ' ' || is_break(c));
        let edges = edge(text.chars().next()) || edge(text.chars().last());
        let broken = space_break || special;
        Allowed {
            plain: !indicators && !edges && !line_breaks && !broken && !text.is_empty(),
            single_quoted: !break_space && !broken,
            block: !text.ends_with(' ') && !broken && !text.is_empty(),
        }
    }
}

fn is_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// A tab and everything beyond the basic plane are not, and get escaped.
fn is_printable(c: char) -> bool {
    matches!(c, '\n' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}')
        && c != '\u{feff}'
}

fn escape(c: char) -> String {
    let short = match c {
        '\0' => '0',
        '\u{7}' => 'a',
        '\u{8}' => 'b',
        '\t' => 't',
        '\n' => 'n',
        '\u{b}' => 'v',
        '\u{c}' => 'f',
        '\r' => 'r',
        '\u{1b}' => 'e',
        '"' => '"',
        '\\' => '\\',
        '\u{85}' => 'N',
        '\u{a0}' => '_',
        '\u{2028}' => 'L',
        '\u{2029}' => 'P',
        c => {
            let code = c as u32;
            return match code {
                0..=0xff => format!("\\x{code:02X}"),
                0x100..=0xffff => format!("\\u{code:04X}"),
                _ => format!("\\U{code:08X}"),
            };
        }
    };
    format!("\\{short}")
}

/// The order of keys: letters behind everything else, numbers by value. go-yaml's `keyList`.
fn natural_order(a: &str, b: &str) -> Ordering {
    let same = a
        .char_indices()
        .zip(b.chars())
        .take_while(|((_, x), y)| x == y)
        .map(|((at, x), _)| at + x.len_utf8())
        .last()
        .unwrap_or(0);
    let (rest_a, rest_b) = (&a[same..], &b[same..]);
    let (Some(x), Some(y)) = (rest_a.chars().next(), rest_b.chars().next()) else {
        return rest_a.len().cmp(&rest_b.len());
    };
    match (x.is_alphabetic(), y.is_alphabetic()) {
        (true, true) => return x.cmp(&y),
        (true, false) => return Ordering::Greater,
        (false, true) => return Ordering::Less,
        (false, false) => {}
    }
    // A leading zero in the middle of a number is one of its digits.
    let in_number = (x == '0' || y == '0')
        && a[..same]
            .bytes()
            .rev()
            .take_while(u8::is_ascii_digit)
            .any(|d| d != b'0');
    let start: i64 = i64::from(in_number);
    let number = |rest: &str| {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let value = rest.bytes().take(digits).fold(start, |sum, d| {
            sum.wrapping_mul(10).wrapping_add(i64::from(d - b'0'))
        });
        (value, digits)
    };
    number(rest_a).cmp(&number(rest_b)).then(x.cmp(&y))
}
