//! Selectors over labels and over fields.
//!
//! Label selectors have a text form (`app=web,tier in (a,b),!canary`) and an object form
//! ([`LabelSelector`]). Models `k8s.io/apimachinery/pkg/labels`, `pkg/fields` and
//! `metav1.LabelSelectorAsSelector`; errors carry their words.

mod field;
mod parse;

pub use field::{FieldRequirement, FieldSelector};
use parse::{Parser, scan};

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
