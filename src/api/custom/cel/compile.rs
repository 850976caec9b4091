//! The rules of a definition that is being written.
//!
//! Models `pkg/apis/apiextensions/validation` of the apiextensions server: what a rule has to look like, that it
//! compiles, that it does not cost too much, and that `oldSelf` is used where an old value can be told.

use std::rc::Rc;

use serde_json::Value as Json;

use super::check::{Checked, compile};
use super::declare::{Decl, LARGEST_REQUEST, declare, escape};
use super::rules::{Rules, field_path};
use super::types::Type;
use crate::api::custom::schema::flag;
use crate::api::field::{Error, ErrorType, Errors, Path};
use crate::api::json::go_json;

/// What one rule may cost at most (`StaticEstimatedCostLimit`).
const RULE_LIMIT: u64 = 10_000_000;
/// What all rules of a schema may cost together (`StaticEstimatedCRDCostLimit`).
const SCHEMA_LIMIT: u64 = 100_000_000;
const DEEPEST: usize = 120;
const REASONS: [&str; 4] = [
    "FieldValueDuplicate",
    "FieldValueForbidden",
    "FieldValueInvalid",
    "FieldValueRequired",
];

pub fn listed(schema: &Json) -> &[Json] {
    let rules = schema["x-kubernetes-validations"].as_array();
    rules.map(Vec::as_slice).unwrap_or_default()
}

/// Checks the rules of a schema that is structural otherwise.
#[inline(never)]
pub fn check(schema: &Json, path: &Path<'_>, errors: &mut Errors) {
    if !has_rules(schema, 0) {
        return;
    }
    let before = errors.0.len();
    forms(schema, schema, path, 0, errors);
    if errors.0.len() > before {
        return;
    }
    let mut pass = Pass {
        errors: Vec::new(),
        total: 0,
        dearest: Vec::new(),
    };
    let decl = declare(schema, true, "selfType");
    pass.node(
        Place {
            schema,
            spine: schema,
            decl,
            count: Some(1),
            apart: None,
        },
        path,
        0,
    );
    if pass.total > SCHEMA_LIMIT {
        pass.dearest
            .sort_by_key(|(cost, _)| std::cmp::Reverse(*cost));
        for (_, field) in pass.dearest.iter().take(4) {
            pass.errors.push(forbidden(
                field,
                "contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema",
            ));
        }
        let what = "x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema";
        pass.errors.push(forbidden(
            &path.to_string(),
            &too_dear(what, pass.total, SCHEMA_LIMIT),
        ));
    }
    if pass.errors.is_empty() {
        defaults(schema, path, true, 0, errors);
    }
    errors.0.append(&mut pass.errors);
}

/// Whether there is any rule in a schema.
pub fn has_rules(schema: &Json, depth: usize) -> bool {
    if depth > DEEPEST || !schema.is_object() {
        return false;
    }
    let below = |s: &Json| has_rules(s, depth + 1);
    !listed(schema).is_empty()
        || schema["properties"]
            .as_object()
            .is_some_and(|p| p.values().any(below))
        || below(&schema["items"])
        || below(&schema["additionalProperties"])
        || schema["allOf"]
            .as_array()
            .is_some_and(|all| all.iter().any(below))
}

/// Calls `each` for every part of a schema below this one, with its path.
fn below<'s>(
    schema: &'s Json,
    path: &Path<'_>,
    each: &mut dyn FnMut(&'s Json, &'s str, &Path<'_>),
) {
    let properties = path.child("properties");
    for (name, part) in schema["properties"].as_object().into_iter().flatten() {
        each(part, name, &properties.key(name));
    }
    for name in ["additionalProperties", "items"] {
        if let Some(part) = schema.get(name).filter(|p| p.is_object()) {
            each(part, "", &path.child(name));
        }
    }
}

/// What a rule has to look like.
fn forms(schema: &Json, spine: &Json, path: &Path<'_>, depth: usize, errors: &mut Errors) {
    if depth > DEEPEST {
        return;
    }
    below(schema, path, &mut |part, name, path| {
        let spine = match name {
            "" => &spine["items"],
            name => &spine["properties"][name],
        };
        forms(part, spine, path, depth + 1, errors);
    });
    let all = path.child("allOf");
    for (i, branch) in schema["allOf"].as_array().into_iter().flatten().enumerate() {
        forms(branch, spine, &all.index(i), depth + 1, errors);
    }
    let list = path.child("x-kubernetes-validations");
    for (i, rule) in listed(schema).iter().enumerate() {
        form(rule, spine, &list.index(i), errors);
    }
}

fn breaks(text: &str) -> bool {
    text.contains(['\n', '\r'])
}

fn form(rule: &Json, spine: &Json, path: &Path<'_>, errors: &mut Errors) {
    let text = |name: &str| rule[name].as_str().unwrap_or_default();
    let (source, message) = (text("rule").trim(), text("message").trim());
    let at = path.child("message");
    if source.is_empty() {
        errors.required(&path.child("rule"), "rule is not specified");
    } else if !text("message").is_empty() && message.is_empty() {
        let what = "message must be non-empty if specified";
        errors.invalid(&at, text("message"), what);
    } else if breaks(message) {
        errors.invalid(&at, text("message"), "message must not contain line breaks");
    } else if breaks(source) && message.is_empty() {
        let what = "message must be specified if rule contains line breaks";
        errors.required(&at, what);
    }
    let expression = text("messageExpression");
    if !expression.is_empty() && expression.trim().is_empty() {
        let what = "messageExpression must be non-empty if specified";
        errors.required(&path.child("messageExpression"), what);
    }
    if let Some(reason) = rule["reason"].as_str()
        && !REASONS.contains(&reason)
    {
        errors.not_supported(&path.child("reason"), reason, &REASONS);
    }
    let given = text("fieldPath");
    let at = path.child("fieldPath");
    if given.is_empty() {
        return;
    }
    if given.trim().is_empty() {
        errors.invalid(&at, given, "fieldPath must be non-empty if specified");
    }
    if breaks(given) {
        errors.invalid(&at, given, "fieldPath must not contain line breaks");
    }
    if field_path(given, spine).is_none() {
        errors.invalid(&at, given, "fieldPath must be a valid path");
    }
}

struct Pass {
    errors: Vec<Error>,
    total: u64,
    /// What took more than a hundredth of what all may take.
    dearest: Vec<(u64, String)>,
}

struct Place<'s> {
    schema: &'s Json,
    /// The part of the schema that says what the value is: another one below `allOf`.
    spine: &'s Json,
    decl: Option<Rc<Decl>>,
    /// How many such values an object can hold, if something says so.
    count: Option<u64>,
    /// Where old and new values stop to be told apart.
    apart: Option<String>,
}

fn forbidden(field: &str, detail: &str) -> Error {
    Error {
        kind: ErrorType::Forbidden,
        field: field.to_owned(),
        value: String::new(),
        detail: detail.to_owned(),
    }
}

fn too_dear(what: &str, cost: u64, limit: u64) -> String {
    let factor = cost as f64 / limit as f64;
    let factor = if factor > 100.0 {
        "more than 100x".to_owned()
    } else if factor < 1.5 {
        format!("{factor:.6}x")
    } else {
        format!("{factor:.1}x")
    };
    format!(
        "{what} exceeds budget by factor of {factor} (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)"
    )
}

fn times(count: Option<u64>, most: &Json) -> Option<u64> {
    Some(count?.saturating_mul(most.as_u64()?))
}

impl Pass {
    fn node(&mut self, place: Place<'_>, path: &Path<'_>, depth: usize) {
        if depth > DEEPEST || !has_rules(place.schema, depth) {
            return;
        }
        let Place {
            schema,
            spine,
            decl,
            count,
            apart,
        } = place;
        let atomic = spine["x-kubernetes-map-type"] == "atomic";
        let keyed = spine["x-kubernetes-list-type"] == "map";
        let cut = |cut: bool| match (&apart, cut) {
            (Some(apart), _) => Some(apart.clone()),
            (None, true) => Some(path.to_string()),
            (None, false) => None,
        };
        let properties = path.child("properties");
        for (name, part) in schema["properties"].as_object().into_iter().flatten() {
            let spine = &spine["properties"][name.as_str()];
            let embedded = flag(spine, "x-kubernetes-embedded-resource");
            let decl = match (escape(name), &decl) {
                (Some(escaped), Some(decl)) => decl.field(&escaped).cloned(),
                _ => declare(spine, embedded, "selfType"),
            };
            let place = Place {
                schema: part,
                spine,
                decl,
                count,
                apart: cut(atomic),
            };
            self.node(place, &properties.key(name), depth + 1);
        }
        for (name, bound, cut) in [
            ("additionalProperties", "maxProperties", cut(atomic)),
            ("items", "maxItems", cut(!keyed)),
        ] {
            if schema[name].is_object() {
                let place = Place {
                    schema: &schema[name],
                    spine: &spine[name],
                    decl: decl.as_ref().and_then(|d| d.member()),
                    count: times(count, &spine[bound]),
                    apart: cut,
                };
                self.node(place, &path.child(name), depth + 1);
            }
        }
        let all = path.child("allOf");
        for (i, branch) in schema["allOf"].as_array().into_iter().flatten().enumerate() {
            let place = Place {
                schema: branch,
                spine,
                decl: decl.clone(),
                count,
                apart: apart.clone(),
            };
            self.node(place, &all.index(i), depth + 1);
        }
        let list = path.child("x-kubernetes-validations");
        let rules = listed(schema);
        if rules.is_empty() {
            return;
        }
        let Some(decl) = decl else {
            let what =
                "internal error: failed to retrieve type information for x-kubernetes-validations";
            self.errors.push(Error {
                kind: ErrorType::Internal,
                field: list.to_string(),
                value: String::new(),
                detail: what.to_owned(),
            });
            return;
        };
        let count = count.unwrap_or(LARGEST_REQUEST / (decl.least_size + 1));
        for (i, rule) in rules.iter().enumerate() {
            self.rule(rule, &decl, count, apart.as_deref(), &list.index(i));
        }
    }

    fn spend(&mut self, what: &str, cost: u64, field: String) {
        if cost > RULE_LIMIT {
            let detail = too_dear(what, cost, RULE_LIMIT);
            self.errors.push(forbidden(&field, &detail));
        }
        self.total = self.total.saturating_add(cost);
        if cost >= SCHEMA_LIMIT / 100 {
            self.dearest.push((cost, field));
        }
    }

    fn invalid(&mut self, field: String, value: String, detail: String) {
        self.errors.push(Error {
            kind: ErrorType::Invalid,
            field,
            value,
            detail,
        });
    }

    fn rule(
        &mut self,
        rule: &Json,
        decl: &Rc<Decl>,
        count: u64,
        apart: Option<&str>,
        path: &Path<'_>,
    ) {
        let at = path.child("rule").to_string();
        let source = rule["rule"].as_str().unwrap_or_default();
        let optional = rule["optionalOldSelf"].as_bool();
        let checked = match compile(source, decl, optional == Some(true)) {
            Ok(checked) => checked,
            Err(why) => {
                self.invalid(at, shown(rule), format!("compilation failed: {why}"));
                return;
            }
        };
        if !matches!(checked.type_, Type::Bool) {
            let what = "cel expression must evaluate to a bool";
            self.invalid(at, shown(rule), what.to_owned());
            return;
        }
        // The message is evaluated once, where the rule may be many times.
        self.spend(
            "estimated rule cost",
            checked.cost.saturating_mul(count),
            at.clone(),
        );
        let expression = rule["messageExpression"].as_str().unwrap_or_default();
        if !expression.is_empty() {
            let at = path.child("messageExpression").to_string();
            match message(expression, decl, optional == Some(true)) {
                Ok(checked) => self.spend("estimated messageExpression cost", checked.cost, at),
                Err(why) => self.invalid(at, shown(rule), why),
            }
        }
        if checked.uses_old_self {
            if let Some(apart) = apart {
                let what = format!(
                    "oldSelf cannot be used on the uncorrelatable portion of the schema within {apart}"
                );
                self.invalid(at, crate::api::field::quote(source), what);
            }
        } else if let Some(optional) = optional {
            let what = "may not be set if oldSelf is not used in rule";
            let at = path.child("optionalOldSelf").to_string();
            self.invalid(at, optional.to_string(), what.to_owned());
        }
    }
}

fn message(source: &str, decl: &Rc<Decl>, optional: bool) -> Result<Checked, String> {
    let checked = compile(source, decl, optional)
        .map_err(|why| format!("messageExpression compilation failed: {why}"))?;
    match checked.type_ {
        Type::Text => Ok(checked),
        _ => Err("messageExpression must evaluate to a string".to_owned()),
    }
}

/// A rule as Go prints the internal type.
fn shown(rule: &Json) -> String {
    let text = |name: &str| go_json(&Json::from(rule[name].as_str().unwrap_or_default()));
    format!(
        "{{\"Rule\":{},\"Message\":{},\"MessageExpression\":{},\"Reason\":{},\"FieldPath\":{},\"OptionalOldSelf\":{}}}",
        text("rule"),
        text("message"),
        text("messageExpression"),
        rule["reason"],
        text("fieldPath"),
        rule["optionalOldSelf"],
    )
}

/// Defaults have to keep the rules of the fields that they are for.
fn defaults(schema: &Json, path: &Path<'_>, root: bool, depth: usize, errors: &mut Errors) {
    if depth > DEEPEST || !has_rules(schema, depth) {
        return;
    }
    if let Some(value) = schema.get("default").filter(|v| !v.is_null())
        && let Some(rules) = Rules::of(schema, root)
    {
        let at = path.child("default").to_string();
        let (mut found, _) = rules.validate_at(value, None, schema, &at);
        errors.0.append(&mut found);
    }
    below(schema, path, &mut |part, _, path| {
        let embedded = flag(part, "x-kubernetes-embedded-resource");
        defaults(part, path, embedded, depth + 1, errors);
    });
}
