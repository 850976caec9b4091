//! Values against a schema, with the words of the real validators.
//!
//! Models `k8s.io/kube-openapi/pkg/validation/validate` and how
//! `k8s.io/apiextensions-apiserver/pkg/apiserver/validation` turns its errors into field errors.

use serde_json::{Map, Value};

use super::schema::flag;
use crate::api::field::{Error, ErrorType, Errors, quote};
use crate::api::json::go_json;
use crate::api::regex::Regex;
use crate::api::rfc3339::parse_time;

const DEEPEST: usize = 120;
/// The first number that a signed integer of 64 bits does not hold.
const BEYOND_I64: f64 = 9_223_372_036_854_775_808.0;

/// Checks the fields of an object (without its metadata), at the root.
pub(super) fn object(fields: &Map<String, Value>, schema: &Value, errors: &mut Errors) {
    let mut check = Check {
        errors: Vec::new(),
        depth: 0,
    };
    check.members(fields, schema, "");
    let mut duplicates = Vec::new();
    lists(fields, schema, "", &mut duplicates, 0);
    errors.0.append(&mut check.errors);
    errors.0.append(&mut duplicates);
}

/// What is wrong with a value, which stands at `at`.
pub(super) fn value(value: &Value, schema: &Value, at: &str) -> Vec<Error> {
    let mut check = Check {
        errors: Vec::new(),
        depth: 0,
    };
    check.value(value, schema, at);
    check.errors
}

struct Check {
    errors: Vec<Error>,
    depth: usize,
}

/// The JSON type of a value, as schemas name it.
fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(n) if n.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// A value as an error shows it.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => quote(text),
        other => go_json(other),
    }
}

fn number(schema: &Value, name: &str) -> Option<f64> {
    schema[name].as_f64()
}

fn count(schema: &Value, name: &str) -> Option<usize> {
    schema[name].as_u64().map(|n| n as usize)
}

fn child(at: &str, name: &str) -> String {
    match at {
        "" => name.to_owned(),
        at => format!("{at}.{name}"),
    }
}

impl Check {
    fn push(&mut self, kind: ErrorType, at: &str, value: String, detail: impl Into<String>) {
        self.errors.push(Error {
            kind,
            field: if at.is_empty() {
                "<nil>".to_owned()
            } else {
                at.to_owned()
            },
            value,
            detail: detail.into(),
        });
    }

    fn invalid(&mut self, at: &str, value: &Value, detail: String) {
        self.push(ErrorType::Invalid, at, shown(value), detail);
    }

    fn value(&mut self, value: &Value, schema: &Value, at: &str) {
        if self.depth > DEEPEST || !schema.is_object() {
            return;
        }
        self.depth += 1;
        self.one(value, schema, at);
        self.depth -= 1;
    }

    fn one(&mut self, value: &Value, schema: &Value, at: &str) {
        if value.is_null() && flag(schema, "nullable") {
            return;
        }
        if !self.type_fits(value, schema, at) {
            return;
        }
        self.combined(value, schema, at);
        if let Some(choices) = schema["enum"].as_array()
            && !choices.contains(value)
        {
            let listed: Vec<String> = choices.iter().map(shown).collect();
            let detail = format!("supported values: {}", listed.join(", "));
            self.push(ErrorType::NotSupported, at, shown(value), detail);
        }
        match value {
            Value::String(text) => self.text(text, value, schema, at),
            Value::Number(_) => self.number(value, schema, at),
            Value::Array(items) => self.items(items, value, schema, at),
            Value::Object(map) => {
                self.size_of_object(map, value, schema, at);
                self.members(map, schema, at);
            }
            _ => {}
        }
    }

    fn type_fits(&mut self, value: &Value, schema: &Value, at: &str) -> bool {
        let wanted = schema["type"].as_str().unwrap_or_default();
        let found = type_of(value);
        if flag(schema, "x-kubernetes-int-or-string") {
            if matches!(found, "integer" | "string") {
                return true;
            }
            let words = format!("{at} in body must be of type integer,string: \"{found}\"");
            self.push(ErrorType::TypeInvalid, at, quote(found), words);
            return false;
        }
        let whole = || value.as_f64().is_some_and(|n| n.fract() == 0.0);
        let fits = match wanted {
            "" => true,
            "number" => matches!(found, "number" | "integer"),
            "integer" => found == "integer" || found == "number" && whole(),
            wanted => wanted == found,
        };
        if !fits {
            let words = format!("{at} in body must be of type {wanted}: \"{found}\"");
            self.push(ErrorType::TypeInvalid, at, quote(found), words);
        }
        fits
    }

    /// `allOf`, `anyOf`, `oneOf` and `not`.
    fn combined(&mut self, value_: &Value, schema: &Value, at: &str) {
        let fits = |schema: &Value| value(value_, schema, at).is_empty();
        let none = Vec::new();
        let branches = |name: &str| schema[name].as_array().unwrap_or(&none);
        let subject = quote(at);
        let mut failed = false;
        for branch in branches("allOf") {
            let mut found = value(value_, branch, at);
            failed |= !found.is_empty();
            self.errors.append(&mut found);
        }
        if failed {
            let words = format!("{subject} must validate all the schemas (allOf)");
            self.invalid(at, value_, words);
        }
        let any = branches("anyOf");
        if !any.is_empty() && !any.iter().any(fits) {
            let words = format!("{subject} must validate at least one schema (anyOf)");
            self.invalid(at, value_, words);
            // The branch that came nearest tells why.
            let nearest = any
                .iter()
                .map(|b| value(value_, b, at))
                .min_by_key(Vec::len);
            self.errors.extend(nearest.unwrap_or_default());
        }
        let one = branches("oneOf");
        if !one.is_empty() {
            match one.iter().filter(|b| fits(b)).count() {
                0 => {
                    let words = format!(
                        "{subject} must validate one and only one schema (oneOf). Found none valid"
                    );
                    self.invalid(at, value_, words);
                    let nearest = one
                        .iter()
                        .map(|b| value(value_, b, at))
                        .min_by_key(Vec::len);
                    self.errors.extend(nearest.unwrap_or_default());
                }
                1 => {}
                n => {
                    let words = format!(
                        "{subject} must validate one and only one schema (oneOf). Found {n} valid alternatives"
                    );
                    self.invalid(at, value_, words);
                }
            }
        }
        if schema["not"].is_object() && fits(&schema["not"]) {
            let words = format!("{subject} must not validate the schema (not)");
            self.invalid(at, value_, words);
        }
    }

    fn text(&mut self, text: &str, value: &Value, schema: &Value, at: &str) {
        let length = text.chars().count();
        if let Some(most) = count(schema, "maxLength")
            && length > most
        {
            let detail = format!("may not be more than {most} bytes");
            self.push(ErrorType::TooLong, at, String::new(), detail);
        }
        if let Some(least) = count(schema, "minLength")
            && length < least
        {
            let detail = format!("{at} in body should be at least {least} chars long");
            self.invalid(at, value, detail);
        }
        if let Some(pattern) = schema["pattern"].as_str()
            && let Ok(compiled) = Regex::parse(pattern)
            && !compiled.is_match(text)
        {
            let detail = format!("{at} in body should match '{pattern}'");
            self.invalid(at, value, detail);
        }
        if let Some(format) = schema["format"].as_str()
            && !has_format(text, format)
        {
            let detail = format!("{at} in body must be of type {format}: {}", quote(text));
            self.push(ErrorType::TypeInvalid, at, quote(text), detail);
        }
    }

    fn number(&mut self, value: &Value, schema: &Value, at: &str) {
        let given = value.as_f64().unwrap_or_default();
        if let Some(step) = number(schema, "multipleOf")
            && step != 0.0
            && (given / step).fract() != 0.0
        {
            let detail = format!("{at} in body should be a multiple of {step}");
            self.invalid(at, value, detail);
        }
        if let Some(most) = number(schema, "maximum") {
            let exclusive = flag(schema, "exclusiveMaximum");
            if given > most || exclusive && given == most {
                let or_equal = if exclusive { "" } else { " or equal to" };
                let detail = format!("{at} in body should be less than{or_equal} {most}");
                self.invalid(at, value, detail);
            }
        }
        if let Some(least) = number(schema, "minimum") {
            let exclusive = flag(schema, "exclusiveMinimum");
            if given < least || exclusive && given == least {
                let or_equal = if exclusive { "" } else { " or equal to" };
                let detail = format!("{at} in body should be greater than{or_equal} {least}");
                self.invalid(at, value, detail);
            }
        }
        let format = schema["format"].as_str().unwrap_or_default();
        let whole = given.fract() == 0.0;
        let fits = match format {
            "int32" => !whole || (f64::from(i32::MIN)..=f64::from(i32::MAX)).contains(&given),
            "int64" => !whole || value.is_i64() || (-BEYOND_I64..BEYOND_I64).contains(&given),
            "float" => given.abs() <= f64::from(f32::MAX),
            _ => true,
        };
        if !fits {
            let detail = format!("{at} in body must be of type {format}: {}", shown(value));
            self.invalid(at, value, detail);
        }
    }

    fn items(&mut self, items: &[Value], value: &Value, schema: &Value, at: &str) {
        let below = &schema["items"];
        for (i, item) in items.iter().enumerate() {
            self.value(item, below, &format!("{at}[{i}]"));
        }
        if let Some(least) = count(schema, "minItems")
            && items.len() < least
        {
            let detail = format!("{at} in body should have at least {least} items");
            self.invalid(at, value, detail);
        }
        if let Some(most) = count(schema, "maxItems")
            && items.len() > most
        {
            let detail = format!("must have at most {most} items");
            self.push(ErrorType::TooMany, at, items.len().to_string(), detail);
        }
    }

    fn size_of_object(
        &mut self,
        map: &Map<String, Value>,
        value: &Value,
        schema: &Value,
        at: &str,
    ) {
        if let Some(least) = count(schema, "minProperties")
            && map.len() < least
        {
            let detail = format!("{at} in body should have at least {least} properties");
            self.invalid(at, value, detail);
        }
        if let Some(most) = count(schema, "maxProperties")
            && map.len() > most
        {
            let detail = format!("must have at most {most} items");
            self.push(ErrorType::TooMany, at, map.len().to_string(), detail);
        }
    }

    fn members(&mut self, map: &Map<String, Value>, schema: &Value, at: &str) {
        let properties = schema["properties"].as_object();
        for name in schema["required"].as_array().into_iter().flatten() {
            let name = name.as_str().unwrap_or_default();
            let built_in = at.is_empty() && matches!(name, "apiVersion" | "kind" | "metadata");
            if !map.contains_key(name) && !built_in {
                self.push(ErrorType::Required, &child(at, name), String::new(), "");
            }
        }
        let additional = &schema["additionalProperties"];
        for (name, value) in map {
            let below = properties.and_then(|p| p.get(name)).unwrap_or(additional);
            self.value(value, below, &child(at, name));
        }
    }
}

/// Duplicates in lists that are sets or maps (`pkg/apiserver/schema/listtype`).
fn lists(
    map: &Map<String, Value>,
    schema: &Value,
    at: &str,
    errors: &mut Vec<Error>,
    depth: usize,
) {
    for (name, value) in map {
        let below = &schema["properties"][name.as_str()];
        let below = match below.is_object() {
            true => below,
            false => &schema["additionalProperties"],
        };
        lists_in(value, below, &child(at, name), errors, depth + 1);
    }
}

fn lists_in(value: &Value, schema: &Value, at: &str, errors: &mut Vec<Error>, depth: usize) {
    if depth > DEEPEST || !schema.is_object() {
        return;
    }
    let items = match value {
        Value::Object(map) => return lists(map, schema, at, errors, depth),
        Value::Array(items) => items,
        _ => return,
    };
    let list_type = schema["x-kubernetes-list-type"]
        .as_str()
        .unwrap_or_default();
    let keys: Vec<&str> = schema["x-kubernetes-list-map-keys"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let key_of = |item: &Value| -> Value {
        match list_type {
            "map" => {
                let pick = |k: &&str| {
                    let fallback = &schema["items"]["properties"][*k]["default"];
                    let value = item.get(*k).unwrap_or(fallback);
                    ((*k).to_owned(), value.clone())
                };
                Value::Object(keys.iter().map(pick).collect())
            }
            _ => item.clone(),
        }
    };
    if matches!(list_type, "map" | "set") {
        let mut seen: Vec<Value> = Vec::new();
        for (i, item) in items.iter().enumerate() {
            let key = key_of(item);
            if seen.contains(&key) {
                errors.push(Error {
                    kind: ErrorType::Duplicate,
                    field: format!("{at}[{i}]"),
                    value: shown(&key),
                    detail: String::new(),
                });
            } else {
                seen.push(key);
            }
        }
    }
    for (i, item) in items.iter().enumerate() {
        lists_in(
            item,
            &schema["items"],
            &format!("{at}[{i}]"),
            errors,
            depth + 1,
        );
    }
}

/// The formats that are known (`apiextensions-apiserver/pkg/apiserver/validation/formats.go`). Of others a definition
/// is warned.
const FORMATS: &str = "bsonobjectid uri email hostname ipv4 ipv6 cidr mac uuid uuid3 uuid4 uuid5 isbn isbn10 isbn13 \
    creditcard ssn hexcolor rgbcolor byte password date duration datetime date-time k8s-short-name k8s-long-name \
    int32 int64 float double";

/// The formats in a schema that are not known, each once.
pub fn unknown_formats(schema: &Value) -> Vec<String> {
    let mut found = Vec::new();
    // What there is to look at, so that a deep schema needs no stack.
    let mut left = vec![schema];
    while let Some(part) = left.pop() {
        let format = part["format"].as_str().unwrap_or_default();
        let known = format.is_empty() || FORMATS.split(' ').any(|f| f == format);
        if !known && !found.iter().any(|f| f == format) {
            found.push(format.to_owned());
        }
        for name in ["properties", "patternProperties", "definitions"] {
            left.extend(part[name].as_object().into_iter().flatten().map(|(_, v)| v));
        }
        for name in ["items", "additionalProperties", "additionalItems", "not"] {
            left.extend(part.get(name).filter(|v| v.is_object()));
        }
        for name in ["allOf", "anyOf", "oneOf"] {
            left.extend(part[name].as_array().into_iter().flatten());
        }
    }
    found.sort_unstable();
    found
}

/// The formats that are checked; others are taken as they are.
fn has_format(text: &str, format: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    match format {
        "date-time" | "datetime" => parse_time(text).is_some(),
        "date" => parse_time(&format!("{text}T00:00:00Z")).is_some(),
        "ipv4" => crate::api::names::is_valid_ipv4(text).is_empty(),
        "ipv6" => crate::api::names::is_valid_ipv6(text).is_empty(),
        "cidr" => crate::api::names::is_valid_cidr(text).is_empty(),
        "hostname" => {
            crate::api::names::is_dns1123_subdomain(&text.to_ascii_lowercase()).is_empty()
        }
        "byte" => text
            .trim_end_matches('=')
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/')),
        "uuid" | "uuid3" | "uuid4" | "uuid5" => {
            let parts: Vec<&str> = text.split('-').collect();
            let lengths: Vec<usize> = parts.iter().map(|p| p.len()).collect();
            lengths == [8, 4, 4, 4, 12]
                && parts
                    .iter()
                    .all(|p| p.bytes().all(|b| b.is_ascii_hexdigit()))
        }
        "email" => text
            .split_once('@')
            .is_some_and(|(a, b)| !a.is_empty() && b.contains('.')),
        "uri" => text
            .split_once(':')
            .is_some_and(|(scheme, _)| !scheme.is_empty()),
        "mac" => {
            let parts: Vec<&str> = text.split([':', '-']).collect();
            parts.len() == 6
                && parts
                    .iter()
                    .all(|p| p.len() == 2 && p.bytes().all(|b| b.is_ascii_hexdigit()))
        }
        "duration" => crate::api::rfc3339::parse_go_duration(text).is_ok(),
        "creditcard" => digits(&text.replace([' ', '-'], "")),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn formats_that_nobody_knows_are_found_wherever_they_stand() {
        let schema = json!({"properties": {
            "a": {"type": "string", "format": "foo"},
            "b": {"items": {"format": "int32"}, "additionalProperties": {"format": "bar"}},
            "c": {"anyOf": [{"format": "foo"}, {"not": {"format": "date"}}]},
        }});
        assert_eq!(unknown_formats(&schema), ["bar", "foo"]);
    }

    fn wrong(value_: &Value, schema: &Value) -> Vec<String> {
        value(value_, schema, "spec.f")
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn the_largest_numbers_of_a_format_fit() {
        for (format, value) in [
            ("int32", json!(i32::MAX)),
            ("int32", json!(i32::MIN)),
            ("int64", json!(i64::MAX)),
            ("int64", json!(i64::MIN)),
            ("float", json!(3.4e38)),
            ("double", json!(1e300)),
        ] {
            let schema = json!({"type": "number", "format": format});
            assert_eq!(wrong(&value, &schema), Vec::<String>::new(), "{format}");
        }
    }

    #[test]
    fn values_are_refused_in_upstream_words() {
        for (schema, value, expected) in [
            (
                json!({"type": "integer"}),
                json!("x"),
                "spec.f: Invalid value: \"string\": spec.f in body must be of type integer: \"string\"",
            ),
            (
                json!({"type": "string"}),
                json!(1),
                "spec.f: Invalid value: \"integer\": spec.f in body must be of type string: \"integer\"",
            ),
            (
                json!({"type": "integer", "maximum": 10}),
                json!(11),
                "spec.f: Invalid value: 11: spec.f in body should be less than or equal to 10",
            ),
            (
                json!({"type": "integer", "format": "int32"}),
                json!(2_147_483_648_i64),
                "spec.f: Invalid value: 2147483648: spec.f in body must be of type int32: 2147483648",
            ),
            (
                json!({"type": "integer", "format": "int64"}),
                json!(9_223_372_036_854_775_808_u64),
                "spec.f: Invalid value: 9223372036854775808: spec.f in body must be of type int64: 9223372036854775808",
            ),
            (
                json!({"type": "number", "format": "float"}),
                json!(1e39),
                "spec.f: Invalid value: 1e+39: spec.f in body must be of type float: 1e+39",
            ),
            (
                json!({"type": "integer", "minimum": 1, "exclusiveMinimum": true}),
                json!(1),
                "spec.f: Invalid value: 1: spec.f in body should be greater than 1",
            ),
            (
                json!({"type": "string", "pattern": "^\\d+$"}),
                json!("a1"),
                "spec.f: Invalid value: \"a1\": spec.f in body should match '^\\d+$'",
            ),
            (
                json!({"type": "string", "enum": ["a", "b"]}),
                json!("c"),
                "spec.f: Unsupported value: \"c\": supported values: \"a\", \"b\"",
            ),
            (
                json!({"type": "string", "minLength": 3}),
                json!("a"),
                "spec.f: Invalid value: \"a\": spec.f in body should be at least 3 chars long",
            ),
            (
                json!({"type": "string", "maxLength": 2}),
                json!("abc"),
                "spec.f: Too long: may not be more than 2 bytes",
            ),
            (
                json!({"type": "array", "maxItems": 1}),
                json!([1, 2]),
                "spec.f: Too many: 2: must have at most 1 items",
            ),
            (
                json!({"type": "array", "minItems": 1}),
                json!([]),
                "spec.f: Invalid value: []: spec.f in body should have at least 1 items",
            ),
            (
                json!({"type": "object", "required": ["a"]}),
                json!({}),
                "spec.f.a: Required value",
            ),
            (
                json!({"x-kubernetes-int-or-string": true}),
                json!(true),
                "spec.f: Invalid value: \"boolean\": spec.f in body must be of type integer,string: \"boolean\"",
            ),
            (
                json!({"type": "object", "additionalProperties": {"type": "string"}}),
                json!({"k": 1}),
                "spec.f.k: Invalid value: \"integer\": spec.f.k in body must be of type string: \"integer\"",
            ),
        ] {
            assert_eq!(wrong(&value, &schema), [expected], "{value}");
        }
    }

    #[test]
    fn what_fits_is_not_refused() {
        for (schema, value) in [
            (json!({"type": "integer"}), json!(3.0)),
            (json!({"type": "string", "nullable": true}), json!(null)),
            (
                json!({"anyOf": [{"type": "integer"}, {"type": "string"}]}),
                json!("x"),
            ),
            (
                json!({"type": "string", "format": "duration"}),
                json!("1h30m"),
            ),
            (
                json!({"type": "string", "format": "nothing-known"}),
                json!("?"),
            ),
        ] {
            assert!(wrong(&value, &schema).is_empty(), "{value}");
        }
    }

    #[test]
    fn sets_and_maps_hold_nothing_twice() {
        let schema = json!({"properties": {
            "set": {"x-kubernetes-list-type": "set"},
            "map": {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"]},
        }});
        let fields = json!({"set": ["a", "b", "a"], "map": [{"k": 1, "v": 1}, {"k": 1, "v": 2}]});
        let mut errors = Errors::default();
        object(fields.as_object().unwrap(), &schema, &mut errors);
        let texts: Vec<String> = errors.0.iter().map(ToString::to_string).collect();
        let expected = [
            "map[1]: Duplicate value: {\"k\":1}",
            "set[2]: Duplicate value: \"a\"",
        ];
        assert_eq!(texts, expected);
    }
}
