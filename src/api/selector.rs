//! Selectors over labels and over fields.
//!
//! Label selectors have a text form (`app=web,tier in (a,b),!canary`) and an object form
//! ([`LabelSelector`]). Models `k8s.io/apimachinery/pkg/labels`, `pkg/fields` and
//! `metav1.LabelSelectorAsSelector`; errors carry their words.

use super::names;
use super::rfc3339::go_quote;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use std::collections::BTreeMap;
use std::fmt;

/// How a requirement relates a label to its values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    DoesNotExist,
    Equals,
    DoubleEquals,
    In,
    NotEquals,
    NotIn,
    Exists,
    GreaterThan,
    LessThan,
}

const BINARY_OPERATORS: &str = "in, notin, =, ==, !=, gt, lt";

/// One condition on one label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    key: String,
    operator: Operator,
    values: Vec<String>,
}

impl Requirement {
    /// Checks and makes a requirement. `path` is put before the field names of the errors.
    ///
    /// # Errors
    /// Everything that is wrong with it, in upstream's words, joined as an aggregate is.
    pub fn new(
        key: &str,
        operator: Operator,
        values: Vec<String>,
        path: &str,
    ) -> Result<Self, String> {
        let child = |name: &str| {
            if path.is_empty() {
                name.to_owned()
            } else {
                format!("{path}.{name}")
            }
        };
        let mut errors = Vec::new();
        errors.extend(key_error(key, &child("key")));
        let values_path = child("values");
        let list = || format!("[{}]", quote_list(&values));
        let mut refuse = |value: String, why: &str| {
            errors.push(format!("{values_path}: Invalid value: {value}: {why}"));
        };
        match operator {
            Operator::In | Operator::NotIn if values.is_empty() => refuse(
                "[]".to_owned(),
                "for 'in', 'notin' operators, values set can't be empty",
            ),
            Operator::Equals | Operator::DoubleEquals | Operator::NotEquals
                if values.len() != 1 =>
            {
                refuse(
                    list(),
                    "exact-match compatibility requires one single value",
                );
            }
            Operator::Exists | Operator::DoesNotExist if !values.is_empty() => refuse(
                list(),
                "values set must be empty for exists and does not exist",
            ),
            Operator::GreaterThan | Operator::LessThan => {
                if values.len() != 1 {
                    refuse(
                        list(),
                        "for 'Gt', 'Lt' operators, exactly one value is required",
                    );
                }
                for (i, value) in values.iter().enumerate() {
                    if value.parse::<i64>().is_err() {
                        errors.push(format!(
                            "{values_path}[{i}]: Invalid value: {}: for 'Gt', 'Lt' operators, the value must be an integer",
                            go_quote(value)
                        ));
                    }
                }
            }
            _ => {}
        }
        for (i, value) in values.iter().enumerate() {
            let problems = names::is_label_value(value);
            if !problems.is_empty() {
                errors.push(format!(
                    "{values_path}[{i}][{key}]: Invalid value: {}: {}",
                    go_quote(value),
                    problems.join("; ")
                ));
            }
        }
        if errors.is_empty() {
            Ok(Requirement {
                key: key.to_owned(),
                operator,
                values,
            })
        } else {
            Err(aggregate(errors))
        }
    }

    pub fn key(&self) -> &str {
        &self.key
    }

    pub fn operator(&self) -> Operator {
        self.operator
    }

    pub fn values(&self) -> &[String] {
        &self.values
    }

    /// True when an object with these labels meets the condition.
    pub fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        let label = labels.get(&self.key);
        let among = |value: &String| self.values.contains(value);
        match self.operator {
            Operator::In | Operator::Equals | Operator::DoubleEquals => label.is_some_and(among),
            Operator::NotIn | Operator::NotEquals => !label.is_some_and(among),
            Operator::Exists => label.is_some(),
            Operator::DoesNotExist => label.is_none(),
            Operator::GreaterThan | Operator::LessThan => {
                let bound = self.values.first().and_then(|v| v.parse::<i64>().ok());
                let number = label.and_then(|v| v.parse::<i64>().ok());
                match (number, bound) {
                    (Some(n), Some(b)) if self.operator == Operator::GreaterThan => n > b,
                    (Some(n), Some(b)) => n < b,
                    _ => false,
                }
            }
        }
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut values: Vec<&str> = self.values.iter().map(String::as_str).collect();
        values.sort_unstable();
        let (key, values) = (&self.key, values.join(","));
        match self.operator {
            Operator::DoesNotExist => write!(f, "!{key}"),
            Operator::Exists => f.write_str(key),
            Operator::Equals => write!(f, "{key}={values}"),
            Operator::DoubleEquals => write!(f, "{key}=={values}"),
            Operator::NotEquals => write!(f, "{key}!={values}"),
            Operator::In => write!(f, "{key} in ({values})"),
            Operator::NotIn => write!(f, "{key} notin ({values})"),
            Operator::GreaterThan => write!(f, "{key}>{values}"),
            Operator::LessThan => write!(f, "{key}<{values}"),
        }
    }
}

/// A selector over labels: all requirements must hold, or nothing matches at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selector {
    nothing: bool,
    requirements: Vec<Requirement>,
}

impl Selector {
    /// Matches every object.
    pub fn everything() -> Self {
        Selector {
            nothing: false,
            requirements: Vec::new(),
        }
    }

    /// Matches no object: what an absent [`LabelSelector`] means.
    pub fn nothing() -> Self {
        Selector {
            nothing: true,
            requirements: Vec::new(),
        }
    }

    /// Matches the objects that carry all of these labels. The labels are not checked.
    pub fn from_labels(labels: &BTreeMap<String, String>) -> Self {
        let requirements = labels.iter().map(|(key, value)| Requirement {
            key: key.clone(),
            operator: Operator::Equals,
            values: vec![value.clone()],
        });
        Selector {
            nothing: false,
            requirements: requirements.collect(),
        }
    }

    /// Reads the text form. Requirements come out sorted by key.
    ///
    /// # Errors
    /// Where reading stopped and what was expected, in upstream's words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut parser = Parser {
            tokens: scan(text),
            position: 0,
        };
        let mut requirements = parser.parse()?;
        requirements.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(Selector {
            nothing: false,
            requirements,
        })
    }

    /// Reads the object form. An absent selector matches nothing, an empty one everything.
    ///
    /// # Errors
    /// An operator that does not exist, or what [`Requirement::new`] refuses.
    pub fn from_api(selector: Option<&LabelSelector>) -> Result<Self, String> {
        let Some(selector) = selector else {
            return Ok(Selector::nothing());
        };
        let mut requirements = Vec::new();
        for (key, value) in selector.match_labels.iter().flatten() {
            requirements.push(Requirement::new(
                key,
                Operator::Equals,
                vec![value.clone()],
                "",
            )?);
        }
        for expression in selector.match_expressions.iter().flatten() {
            let operator = match expression.operator.as_str() {
                "In" => Operator::In,
                "NotIn" => Operator::NotIn,
                "Exists" => Operator::Exists,
                "DoesNotExist" => Operator::DoesNotExist,
                other => {
                    return Err(format!(
                        "{} is not a valid label selector operator",
                        go_quote(other)
                    ));
                }
            };
            let values = expression.values.clone().unwrap_or_default();
            requirements.push(Requirement::new(&expression.key, operator, values, "")?);
        }
        requirements.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(Selector {
            nothing: false,
            requirements,
        })
    }

    /// Adds a requirement.
    pub fn add(&mut self, requirement: Requirement) {
        self.requirements.push(requirement);
        self.requirements.sort_by(|a, b| a.key.cmp(&b.key));
    }

    pub fn requirements(&self) -> &[Requirement] {
        &self.requirements
    }

    /// True when the selector restricts nothing.
    pub fn is_everything(&self) -> bool {
        !self.nothing && self.requirements.is_empty()
    }

    /// True when the selector can match nothing.
    pub fn is_nothing(&self) -> bool {
        self.nothing
    }

    /// True when an object with these labels is selected.
    pub fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        !self.nothing && self.requirements.iter().all(|r| r.matches(labels))
    }

    /// The one value that a label must have, if the selector asks for one.
    pub fn exact_match(&self, label: &str) -> Option<&str> {
        let requirement = self.requirements.iter().find(|r| r.key == label)?;
        match (requirement.operator, requirement.values.as_slice()) {
            (Operator::Equals | Operator::DoubleEquals | Operator::In, [one]) => Some(one),
            _ => None,
        }
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, requirement) in self.requirements.iter().enumerate() {
            if i > 0 {
                f.write_str(",")?;
            }
            write!(f, "{requirement}")?;
        }
        Ok(())
    }
}

/// The object form as `kubectl` prints it in tables and descriptions: `app=web,tier in (a,b)`,
/// `<none>` for an empty or absent one, and `<error>` for one that cannot be read.
/// Models `metav1.FormatLabelSelector`.
pub fn format_label_selector(selector: Option<&LabelSelector>) -> String {
    match Selector::from_api(selector) {
        Ok(selector) if selector.requirements.is_empty() => "<none>".to_owned(),
        Ok(selector) => selector.to_string(),
        Err(_) => "<error>".to_owned(),
    }
}

fn quote_list(values: &[String]) -> String {
    let quoted: Vec<String> = values.iter().map(|v| go_quote(v)).collect();
    quoted.join(",")
}

fn key_error(key: &str, path: &str) -> Option<String> {
    let problems = names::is_label_key(key);
    if problems.is_empty() {
        return None;
    }
    let path = if path.is_empty() { "<nil>" } else { path };
    Some(format!(
        "{path}: Invalid value: {}: {}",
        go_quote(key),
        problems.join("; ")
    ))
}

fn aggregate(mut errors: Vec<String>) -> String {
    match errors.len() {
        1 => errors.remove(0),
        _ => format!("[{}]", errors.join(", ")),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token {
    Error,
    End,
    CloseParenthesis,
    Comma,
    Not,
    DoubleEquals,
    Equals,
    GreaterThan,
    Identifier,
    In,
    LessThan,
    NotEquals,
    NotIn,
    OpenParenthesis,
}

fn keyword(text: &str) -> Option<Token> {
    Some(match text {
        ")" => Token::CloseParenthesis,
        "," => Token::Comma,
        "!" => Token::Not,
        "==" => Token::DoubleEquals,
        "=" => Token::Equals,
        ">" => Token::GreaterThan,
        "in" => Token::In,
        "<" => Token::LessThan,
        "!=" => Token::NotEquals,
        "notin" => Token::NotIn,
        "(" => Token::OpenParenthesis,
        _ => return None,
    })
}

fn is_symbol(c: char) -> bool {
    matches!(c, '=' | '!' | '(' | ')' | ',' | '>' | '<')
}

/// Cuts the text into tokens with their literal; the last one is the end.
fn scan(text: &str) -> Vec<(Token, String)> {
    let mut tokens = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches([' ', '\t', '\r', '\n']);
        let Some(first) = rest.chars().next().filter(|c| *c != '\0') else {
            tokens.push((Token::End, String::new()));
            return tokens;
        };
        let end = if is_symbol(first) {
            symbol_end(rest)
        } else {
            rest.find(|c: char| is_symbol(c) || matches!(c, ' ' | '\t' | '\r' | '\n' | '\0'))
                .unwrap_or(rest.len())
        };
        let (literal, after) = rest.split_at(end);
        let token = keyword(literal).unwrap_or(if is_symbol(first) {
            Token::Error
        } else {
            Token::Identifier
        });
        tokens.push((token, literal.to_owned()));
        rest = after;
    }
}

/// The longest operator at the start of the text.
fn symbol_end(text: &str) -> usize {
    match text.get(..2) {
        Some("==" | "!=") => 2,
        _ => 1,
    }
}

struct Parser {
    tokens: Vec<(Token, String)>,
    position: usize,
}

impl Parser {
    /// The next token. `values` reads the words `in` and `notin` as identifiers.
    fn peek(&self, values: bool) -> (Token, &str) {
        match self.tokens.get(self.position) {
            Some((Token::In | Token::NotIn, literal)) if values => (Token::Identifier, literal),
            Some((token, literal)) => (*token, literal),
            None => (Token::End, ""),
        }
    }

    fn next(&mut self, values: bool) -> (Token, String) {
        let (token, literal) = self.peek(values);
        let taken = (token, literal.to_owned());
        self.position += 1;
        taken
    }

    fn parse(&mut self) -> Result<Vec<Requirement>, String> {
        let mut requirements = Vec::new();
        loop {
            let (token, literal) = self.peek(true);
            match token {
                Token::Identifier | Token::Not => {
                    let requirement = self
                        .requirement()
                        .map_err(|e| format!("unable to parse requirement: {e}"))?;
                    requirements.push(requirement);
                    let (token, literal) = self.next(true);
                    match token {
                        Token::End => return Ok(requirements),
                        Token::Comma => {
                            let (after, literal) = self.peek(true);
                            if !matches!(after, Token::Identifier | Token::Not) {
                                return Err(format!(
                                    "found '{literal}', expected: identifier after ','"
                                ));
                            }
                        }
                        _ => {
                            return Err(format!(
                                "found '{literal}', expected: ',' or 'end of string'"
                            ));
                        }
                    }
                }
                Token::End => return Ok(requirements),
                _ => {
                    return Err(format!(
                        "found '{literal}', expected: !, identifier, or 'end of string'"
                    ));
                }
            }
        }
    }

    fn requirement(&mut self) -> Result<Requirement, String> {
        let (mut token, mut literal) = self.next(true);
        let negated = token == Token::Not;
        if negated {
            (token, literal) = self.next(true);
        }
        if token != Token::Identifier {
            return Err(format!("found '{literal}', expected: identifier"));
        }
        if let Some(error) = key_error(&literal, "") {
            return Err(error);
        }
        if negated {
            return Requirement::new(&literal, Operator::DoesNotExist, Vec::new(), "");
        }
        if matches!(self.peek(true).0, Token::End | Token::Comma) {
            return Requirement::new(&literal, Operator::Exists, Vec::new(), "");
        }
        let (token, word) = self.next(false);
        let operator = match token {
            Token::In => Operator::In,
            Token::NotIn => Operator::NotIn,
            Token::Equals => Operator::Equals,
            Token::DoubleEquals => Operator::DoubleEquals,
            Token::NotEquals => Operator::NotEquals,
            Token::GreaterThan => Operator::GreaterThan,
            Token::LessThan => Operator::LessThan,
            _ => return Err(format!("found '{word}', expected: {BINARY_OPERATORS}")),
        };
        let values = match operator {
            Operator::In | Operator::NotIn => self.value_set()?,
            _ => vec![self.exact_value()?],
        };
        Requirement::new(&literal, operator, values, "")
    }

    /// `(a, b)`; an empty place between commas is an empty value.
    fn value_set(&mut self) -> Result<Vec<String>, String> {
        let (token, literal) = self.next(true);
        if token != Token::OpenParenthesis {
            return Err(format!("found '{literal}' expected: '('"));
        }
        let (token, literal) = self.peek(true);
        match token {
            Token::CloseParenthesis => {
                self.position += 1;
                Ok(vec![String::new()])
            }
            Token::Identifier | Token::Comma => {
                let mut values = self.identifiers()?;
                self.position += 1;
                values.sort();
                values.dedup();
                Ok(values)
            }
            _ => Err(format!(
                "found '{literal}', expected: ',', ')' or identifier"
            )),
        }
    }

    /// The values up to, not including, the closing parenthesis.
    fn identifiers(&mut self) -> Result<Vec<String>, String> {
        let mut values = Vec::new();
        loop {
            let (token, literal) = self.next(true);
            match token {
                Token::Identifier => {
                    values.push(literal);
                    let (after, literal) = self.peek(true);
                    match after {
                        Token::Comma => {}
                        Token::CloseParenthesis => return Ok(values),
                        _ => return Err(format!("found '{literal}', expected: ',' or ')'")),
                    }
                }
                Token::Comma => {
                    if values.is_empty() {
                        values.push(String::new());
                    }
                    match self.peek(true).0 {
                        Token::CloseParenthesis => {
                            values.push(String::new());
                            return Ok(values);
                        }
                        Token::Comma => values.push(String::new()),
                        _ => {}
                    }
                }
                _ => return Err(format!("found '{literal}', expected: ',', or identifier")),
            }
        }
    }

    fn exact_value(&mut self) -> Result<String, String> {
        if matches!(self.peek(true).0, Token::End | Token::Comma) {
            return Ok(String::new());
        }
        let (token, literal) = self.next(true);
        if token == Token::Identifier {
            return Ok(literal);
        }
        Err(format!("found '{literal}', expected: identifier"))
    }
}

/// One condition on one field: it must have the value, or must not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldRequirement {
    pub field: String,
    pub value: String,
    pub equal: bool,
}

/// A selector over fields, such as `metadata.name=a,status.phase!=Running`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldSelector {
    pub requirements: Vec<FieldRequirement>,
}

impl FieldSelector {
    /// Reads the text form. A backslash takes `,`, `=` and itself literally in a value.
    ///
    /// # Errors
    /// A part without an operator, or a bad escape, in upstream's words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut requirements = Vec::new();
        for part in split_terms(text) {
            if part.is_empty() {
                continue;
            }
            let Some((field, equal, value)) = split_term(part) else {
                return Err(format!(
                    "invalid selector: '{text}'; can't understand '{part}'"
                ));
            };
            requirements.push(FieldRequirement {
                field: field.to_owned(),
                value: unescape(value)?,
                equal,
            });
        }
        Ok(FieldSelector { requirements })
    }

    /// True when nothing is asked for.
    pub fn is_everything(&self) -> bool {
        self.requirements.is_empty()
    }

    /// True when all conditions hold. `field` gives the value of a field; absent counts as empty.
    pub fn matches(&self, mut field: impl FnMut(&str) -> Option<String>) -> bool {
        self.requirements
            .iter()
            .all(|r| (field(&r.field).unwrap_or_default() == r.value) == r.equal)
    }

    /// The one value that a field must have, if the selector asks for one.
    pub fn exact_match(&self, field: &str) -> Option<&str> {
        let asked = self
            .requirements
            .iter()
            .find(|r| r.equal && r.field == field)?;
        Some(&asked.value)
    }
}

impl fmt::Display for FieldSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, r) in self.requirements.iter().enumerate() {
            let comma = if i > 0 { "," } else { "" };
            let operator = if r.equal { "=" } else { "!=" };
            write!(f, "{comma}{}{operator}{}", r.field, escape(&r.value))?;
        }
        Ok(())
    }
}

/// Cuts at commas that no backslash precedes.
fn split_terms(text: &str) -> Vec<&str> {
    let mut terms = Vec::new();
    let (mut start, mut escaped) = (0, false);
    for (at, b) in text.bytes().enumerate() {
        match b {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b',' => {
                terms.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    terms.push(&text[start..]);
    terms
}

/// Cuts at the first of `!=`, `==` and `=`.
fn split_term(term: &str) -> Option<(&str, bool, &str)> {
    for at in 0..term.len() {
        let Some(rest) = term.get(at..) else { continue };
        for (operator, equal) in [("!=", false), ("==", true), ("=", true)] {
            if let Some(value) = rest.strip_prefix(operator) {
                return Some((&term[..at], equal, value));
            }
        }
    }
    None
}

fn unescape(value: &str) -> Result<String, String> {
    let mut out = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some(e @ ('\\' | ',' | '=')) => out.push(e),
                Some(other) => {
                    return Err(format!(
                        "invalid field selector: invalid escape sequence: \\{other}"
                    ));
                }
                None => {
                    return Err("invalid field selector: invalid escape sequence: \\".to_owned());
                }
            },
            ',' | '=' => {
                return Err(format!(
                    "invalid field selector: unescaped character in value: {c}"
                ));
            }
            _ => out.push(c),
        }
    }
    Ok(out)
}

fn escape(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for c in value.chars() {
        if matches!(c, '\\' | ',' | '=') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelectorRequirement;

    fn labels(text: &str) -> BTreeMap<String, String> {
        text.split(',')
            .filter_map(|pair| pair.split_once('='))
            .map(|(k, v)| (k.to_owned(), v.to_owned()))
            .collect()
    }

    #[test]
    fn reading_and_printing() {
        let rows: &[(&str, &str)] = &[
            ("", ""),
            ("a=b", "a=b"),
            ("a==b", "a==b"),
            ("a = b , c!=d", "a=b,c!=d"),
            (
                "x in (foo,,baz),y,z notin ()",
                "x in (,baz,foo),y,z notin ()",
            ),
            ("tier in (b, a,b)", "tier in (a,b)"),
            ("!h,g", "g,!h"),
            ("i>1,j<2", "i>1,j<2"),
            ("a=", "a="),
            ("a=,b", "a=,b"),
            ("in in (in,notin)", "in in (in,notin)"),
            ("a in (,)", "a in ()"),
            ("app.kubernetes.io/name=x", "app.kubernetes.io/name=x"),
            ("a,", "found '', expected: identifier after ','"),
            ("a=b c", "found 'c', expected: ',' or 'end of string'"),
            (
                "=a",
                "found '=', expected: !, identifier, or 'end of string'",
            ),
            (
                "a b",
                "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt",
            ),
            (
                "a in b",
                "unable to parse requirement: found 'b' expected: '('",
            ),
            (
                "a in (b",
                "unable to parse requirement: found '', expected: ',' or ')'",
            ),
            (
                "a in (=)",
                "unable to parse requirement: found '=', expected: ',', ')' or identifier",
            ),
            (
                "a in (b,=)",
                "unable to parse requirement: found '=', expected: ',', or identifier",
            ),
            (
                "a=(",
                "unable to parse requirement: found '(', expected: identifier",
            ),
            (
                "!",
                "unable to parse requirement: found '', expected: identifier",
            ),
            (
                "a>x",
                "unable to parse requirement: values[0]: Invalid value: \"x\": for 'Gt', 'Lt' operators, the value must be an integer",
            ),
            (
                "é=b",
                "unable to parse requirement: <nil>: Invalid value: \"é\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
            ),
            (
                "a=b/c",
                "unable to parse requirement: values[0][a]: Invalid value: \"b/c\": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
            ),
        ];
        for (text, want) in rows {
            let got = match Selector::parse(text) {
                Ok(selector) => selector.to_string(),
                Err(error) => error,
            };
            assert_eq!(got, *want, "{text:?}");
        }
    }

    #[test]
    fn matching() {
        let rows: &[(&str, &str, bool)] = &[
            ("", "", true),
            ("a=b", "a=b,c=d", true),
            ("a=b", "a=c", false),
            ("a!=b", "", true),
            ("a!=b", "a=b", false),
            ("a in (b,c)", "a=c", true),
            ("a in (b,c)", "", false),
            ("a notin (b,c)", "", true),
            ("a notin (b,c)", "a=b", false),
            ("a", "a=", true),
            ("!a", "a=", false),
            ("!a", "b=", true),
            ("a>1", "a=2", true),
            ("a>1", "a=1", false),
            ("a<1", "a=-5", true),
            ("a<1", "a=x", false),
            ("a<1", "", false),
            ("a=", "a=", true),
            ("a=", "", false),
            ("a=b,c=d", "a=b", false),
        ];
        for (selector, on, want) in rows {
            let selector = Selector::parse(selector).unwrap();
            assert_eq!(selector.matches(&labels(on)), *want, "{selector} on {on}");
        }
    }

    #[test]
    fn the_object_form() {
        let expression = |key: &str, operator: &str, values: &[&str]| LabelSelectorRequirement {
            key: key.to_owned(),
            operator: operator.to_owned(),
            values: Some(values.iter().map(|v| (*v).to_owned()).collect()),
        };
        let selector = LabelSelector {
            match_labels: Some(labels("tier=db,app=web")),
            match_expressions: Some(vec![
                expression("zone", "NotIn", &["b", "a"]),
                expression("canary", "DoesNotExist", &[]),
            ]),
        };
        assert_eq!(
            format_label_selector(Some(&selector)),
            "app=web,!canary,tier=db,zone notin (a,b)"
        );
        assert_eq!(format_label_selector(None), "<none>");
        assert_eq!(
            format_label_selector(Some(&LabelSelector::default())),
            "<none>"
        );
        assert!(!Selector::from_api(None).unwrap().matches(&labels("")));
        assert!(
            Selector::from_api(Some(&LabelSelector::default()))
                .unwrap()
                .matches(&labels(""))
        );
        let bad = |e: LabelSelectorRequirement| {
            let selector = LabelSelector {
                match_expressions: Some(vec![e]),
                ..LabelSelector::default()
            };
            Selector::from_api(Some(&selector)).unwrap_err()
        };
        assert_eq!(
            bad(expression("a", "Like", &["b"])),
            "\"Like\" is not a valid label selector operator"
        );
        assert_eq!(
            bad(expression("a", "In", &[])),
            "values: Invalid value: []: for 'in', 'notin' operators, values set can't be empty"
        );
        assert_eq!(
            bad(expression("a", "Exists", &["x"])),
            "values: Invalid value: [\"x\"]: values set must be empty for exists and does not exist"
        );
    }

    #[test]
    fn exact_matches() {
        let selector = Selector::parse("a=b,c in (d),e in (f,g),h").unwrap();
        assert_eq!(selector.exact_match("a"), Some("b"));
        assert_eq!(selector.exact_match("c"), Some("d"));
        assert_eq!(selector.exact_match("e"), None);
        assert_eq!(selector.exact_match("h"), None);
        assert_eq!(
            Selector::from_labels(&labels("b=c,a=b")).to_string(),
            "a=b,b=c"
        );
    }

    #[test]
    fn field_selectors() {
        let rows: &[(&str, &str)] = &[
            ("", ""),
            (
                "metadata.name=a,status.phase!=Running",
                "metadata.name=a,status.phase!=Running",
            ),
            ("a==b", "a=b"),
            ("a=b\\,c\\=d\\\\", "a=b\\,c\\=d\\\\"),
            ("a=,", "a="),
            ("a", "invalid selector: 'a'; can't understand 'a'"),
            ("a=b,c", "invalid selector: 'a=b,c'; can't understand 'c'"),
            (
                "a=b=c",
                "invalid field selector: unescaped character in value: =",
            ),
            (
                "a=\\x",
                "invalid field selector: invalid escape sequence: \\x",
            ),
            (
                "a=\\",
                "invalid field selector: invalid escape sequence: \\",
            ),
        ];
        for (text, want) in rows {
            let got = match FieldSelector::parse(text) {
                Ok(selector) => selector.to_string(),
                Err(error) => error,
            };
            assert_eq!(got, *want, "{text:?}");
        }
        let selector = FieldSelector::parse("metadata.name=a,status.phase!=Running").unwrap();
        let on = |name: &str, phase: Option<&str>| {
            selector.matches(|field| match field {
                "metadata.name" => Some(name.to_owned()),
                _ => phase.map(str::to_owned),
            })
        };
        assert!(on("a", Some("Pending")) && on("a", None));
        assert!(!on("a", Some("Running")) && !on("b", None));
        assert_eq!(selector.exact_match("metadata.name"), Some("a"));
        assert_eq!(selector.exact_match("status.phase"), None);
    }
}
