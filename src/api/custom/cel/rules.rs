//! The rules of a schema at work on an object.
//!
//! Models `pkg/apiserver/schema/cel/validation.go` of the apiextensions server. A rule stands at a part of the schema
//! and is asked for every value that is there, except null. One that speaks of `oldSelf` is asked in updates, where
//! the old value can be found: by the names of fields, and in lists by their keys. What a write leaves as it was
//! may break a rule that came later: then there is a warning (KEP-4008).

use std::rc::Rc;

use serde_json::Value as Json;

use super::ast::Expr;
use super::check::compile;
use super::compile::{has_rules, listed};
use super::declare::{Decl, declare, escape};
use super::eval::{Fail, evaluate};
use super::value::Value;
use crate::api::custom::schema::flag;
use crate::api::field::{Error, ErrorType, quote};

/// What all rules for one object may cost together (`celconfig.RuntimeCELCostBudget`).
const BUDGET: u64 = 10_000_000;
const LONGEST_MESSAGE: usize = 5 * 1024;
const DEEPEST: usize = 120;

/// The compiled rules of a schema.
pub struct Rules {
    root: Node,
    is_resource: bool,
}

#[derive(Default)]
struct Node {
    rules: Vec<Rule>,
    properties: Vec<(String, Node)>,
    additional: Option<Box<Node>>,
    items: Option<Box<Node>>,
    all_of: Vec<Node>,
}

struct Rule {
    source: String,
    program: Result<Expr, String>,
    uses_old_self: bool,
    optional_old_self: bool,
    message: String,
    message_program: Option<Expr>,
    reason: String,
    field_path: String,
}

impl Rules {
    /// Compiles the rules of a schema; nothing where there are none.
    #[inline(never)]
    pub fn of(schema: &Json, is_resource: bool) -> Option<Rules> {
        if !has_rules(schema, 0) {
            return None;
        }
        let decl = declare(schema, is_resource, "selfType");
        let root = node(schema, schema, decl, 0)?;
        Some(Rules { root, is_resource })
    }

    /// What is wrong with an object, and what only has to be said because it was so before.
    #[inline(never)]
    pub fn validate(
        &self,
        new: &Json,
        old: Option<&Json>,
        schema: &Json,
    ) -> (Vec<Error>, Vec<Error>) {
        self.validate_at(new, old, schema, "")
    }

    pub fn validate_at(
        &self,
        new: &Json,
        old: Option<&Json>,
        schema: &Json,
        at: &str,
    ) -> (Vec<Error>, Vec<Error>) {
        let value = Value::of_json(new, schema, self.is_resource);
        let old_value = old.map(|old| Value::of_json(old, schema, self.is_resource));
        let mut walk = Walk {
            errors: Vec::new(),
            warnings: Vec::new(),
            budget: Some(BUDGET),
        };
        let here = Here {
            json: new,
            value: &value,
            old: old.zip(old_value.as_ref()),
            unchanged: old == Some(new),
            schema,
            at,
        };
        walk.node(&self.root, &here);
        (walk.errors, walk.warnings)
    }
}

fn node(schema: &Json, spine: &Json, decl: Option<Rc<Decl>>, depth: usize) -> Option<Node> {
    if depth > DEEPEST || !has_rules(schema, depth) {
        return None;
    }
    let mut out = Node::default();
    let below = |name: &str| {
        let spine = &spine[name];
        let part = decl.as_ref().and_then(|d| d.member());
        schema[name]
            .is_object()
            .then(|| node(&schema[name], spine, part, depth + 1))
            .flatten()
            .map(Box::new)
    };
    out.items = below("items");
    out.additional = below("additionalProperties");
    for (name, part) in schema["properties"].as_object().into_iter().flatten() {
        let spine = &spine["properties"][name.as_str()];
        let part_decl = match (escape(name), &decl) {
            (Some(escaped), Some(decl)) => decl.field(&escaped).cloned(),
            _ => declare(
                spine,
                flag(spine, "x-kubernetes-embedded-resource"),
                "selfType",
            ),
        };
        if let Some(part) = node(part, spine, part_decl, depth + 1) {
            out.properties.push((name.clone(), part));
        }
    }
    let branches = schema["allOf"].as_array().into_iter().flatten();
    out.all_of = branches
        .filter_map(|branch| node(branch, spine, decl.clone(), depth + 1))
        .collect();
    if let Some(decl) = &decl {
        out.rules = listed(schema)
            .iter()
            .map(|r| rule(r, spine, decl))
            .collect();
    }
    Some(out)
}

fn rule(json: &Json, spine: &Json, decl: &Rc<Decl>) -> Rule {
    let text = |name: &str| json[name].as_str().unwrap_or_default();
    let optional_old_self = flag(json, "optionalOldSelf");
    let mut uses_old_self = false;
    let program = compile(text("rule"), decl, optional_old_self).map(|checked| {
        uses_old_self = checked.uses_old_self;
        checked.expr
    });
    let message = text("messageExpression");
    let message_program = match message.is_empty() {
        true => None,
        false => compile(message, decl, optional_old_self)
            .ok()
            .map(|c| c.expr),
    };
    Rule {
        source: text("rule").trim().to_owned(),
        program,
        uses_old_self,
        optional_old_self,
        message: text("message").trim().to_owned(),
        message_program,
        reason: text("reason").to_owned(),
        field_path: field_path(text("fieldPath"), spine).unwrap_or_default(),
    }
}

impl Rule {
    /// What names the rule in messages.
    fn name(&self) -> &str {
        match self.message.is_empty() {
            true => &self.source,
            false => &self.message,
        }
    }

    fn default_message(&self) -> String {
        match self.message.is_empty() {
            true => format!("failed rule: {}", self.source),
            false => self.message.clone(),
        }
    }
}

/// A value, and what is around it.
struct Here<'w> {
    json: &'w Json,
    value: &'w Value,
    old: Option<(&'w Json, &'w Value)>,
    /// Whether this, or what holds it, is as it was.
    unchanged: bool,
    schema: &'w Json,
    at: &'w str,
}

struct Walk {
    errors: Vec<Error>,
    warnings: Vec<Error>,
    /// What is left to spend; nothing when it was too little.
    budget: Option<u64>,
}

fn child(at: &str, name: &str) -> String {
    match at {
        "" => name.to_owned(),
        at => format!("{at}.{name}"),
    }
}

impl Walk {
    fn node(&mut self, node: &Node, here: &Here<'_>) {
        if self.budget.is_none() || here.json.is_null() {
            return;
        }
        for rule in &node.rules {
            self.rule(rule, here);
            if self.budget.is_none() {
                return;
            }
        }
        for branch in &node.all_of {
            // What fails there is not excused by being as it was.
            let here = Here {
                unchanged: false,
                ..*here
            };
            self.node(branch, &here);
        }
        match here.json {
            Json::Array(items) => self.items(node, items, here),
            Json::Object(fields) => self.fields(node, fields, here),
            _ => {}
        }
    }

    fn items(&mut self, node: &Node, items: &[Json], here: &Here<'_>) {
        let (Some(below), Value::List(values)) = (&node.items, here.value) else {
            return;
        };
        let schema = &here.schema["items"];
        let keys = match here.schema["x-kubernetes-list-type"] == "map" {
            true => here.schema["x-kubernetes-list-map-keys"].as_array(),
            false => None,
        };
        for (i, (json, value)) in items.iter().zip(&values.items).enumerate() {
            let old = match (here.old, keys) {
                (Some((Json::Array(old), Value::List(old_values))), Some(keys)) => {
                    let same = |other: &Json| {
                        let mut keys = keys.iter().filter_map(Json::as_str);
                        keys.all(|k| key(json, k, schema) == key(other, k, schema))
                    };
                    old.iter()
                        .position(same)
                        .and_then(|i| old.get(i).zip(old_values.items.get(i)))
                }
                _ => None,
            };
            self.below(
                below,
                here,
                json,
                value,
                old,
                schema,
                &format!("{}[{i}]", here.at),
            );
        }
    }

    fn fields(&mut self, node: &Node, fields: &serde_json::Map<String, Json>, here: &Here<'_>) {
        let atomic = here.schema["x-kubernetes-map-type"] == "atomic";
        let old = here.old.filter(|_| !atomic);
        if let Some(below) = &node.additional {
            let schema = &here.schema["additionalProperties"];
            for (name, json) in fields {
                let Some(value) = here.value.field(name) else {
                    continue;
                };
                let old = old.and_then(|(json, value)| json.get(name).zip(value.field(name)));
                self.below(
                    below,
                    here,
                    json,
                    value,
                    old,
                    schema,
                    &format!("{}[{name}]", here.at),
                );
            }
        }
        for (name, below) in &node.properties {
            let Some(json) = fields.get(name).filter(|json| !json.is_null()) else {
                continue;
            };
            let schema = &here.schema["properties"][name.as_str()];
            let at = child(here.at, name);
            let old_json = old.and_then(|(json, _)| json.get(name));
            if let Some(escaped) = escape(name)
                && let Some(value) = here.value.field(&escaped)
            {
                let old_value = old.and_then(|(_, value)| value.field(&escaped));
                self.below(
                    below,
                    here,
                    json,
                    value,
                    old_json.zip(old_value),
                    schema,
                    &at,
                );
                continue;
            }
            // A field that no expression can name has rules of its own all the same.
            let root = flag(schema, "x-kubernetes-embedded-resource");
            let value = Value::of_json(json, schema, root);
            let old_value = old_json.map(|json| Value::of_json(json, schema, root));
            let old = old_json.zip(old_value.as_ref());
            self.below(below, here, json, &value, old, schema, &at);
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn below(
        &mut self,
        node: &Node,
        here: &Here<'_>,
        json: &Json,
        value: &Value,
        old: Option<(&Json, &Value)>,
        schema: &Json,
        at: &str,
    ) {
        let unchanged = match old {
            Some((old, _)) => old == json,
            None => here.unchanged,
        };
        let here = Here {
            json,
            value,
            old,
            unchanged,
            schema,
            at,
        };
        self.node(node, &here);
    }

    fn push(&mut self, kind: ErrorType, here: &Here<'_>, at: &str, detail: String) {
        // Since v1.35 simple values are shown, and of others nothing.
        let value = match here.json {
            _ if !matches!(kind, ErrorType::Invalid | ErrorType::Duplicate) => String::new(),
            Json::String(text) => quote(text),
            Json::Bool(_) | Json::Number(_) => here.json.to_string(),
            _ => String::new(),
        };
        self.errors.push(Error {
            kind,
            field: match at {
                "" => "<nil>".to_owned(),
                at => at.to_owned(),
            },
            value,
            detail,
        });
    }

    fn invalid(&mut self, here: &Here<'_>, detail: String) {
        self.push(ErrorType::Invalid, here, here.at, detail);
    }

    /// Takes from the budget; whether there was enough.
    fn spend(&mut self, cost: u64) -> bool {
        self.budget = self.budget.and_then(|left| left.checked_sub(cost));
        self.budget.is_some()
    }

    fn rule(&mut self, rule: &Rule, here: &Here<'_>) {
        let program = match &rule.program {
            Ok(program) => program,
            Err(why) => return self.invalid(here, format!("rule compile error: {why}")),
        };
        if rule.uses_old_self && here.old.is_none() && !rule.optional_old_self {
            return;
        }
        let mut variables = vec![("self", here.value.clone())];
        let old = here.old.map(|(_, value)| value.clone());
        match (rule.optional_old_self, old) {
            (true, old) => variables.push(("oldSelf", Value::Optional(old.map(Rc::new)))),
            (false, Some(old)) => variables.push(("oldSelf", old)),
            (false, None) => {}
        }
        let (outcome, cost) = evaluate(program, &variables);
        if !self.spend(cost) {
            let what = "validation failed due to running out of cost budget, no further validation rules will be run";
            return self.invalid(here, what.to_owned());
        }
        match outcome {
            Ok(Value::Bool(true)) => {}
            Ok(_) => self.broken(rule, here, &variables),
            Err(fail) => {
                let (why, name) = (fail.text(), rule.name());
                let detail = if matches!(fail, Fail::Limit) {
                    self.budget = None;
                    format!(
                        "'{why}': no further validation rules will be run due to call cost exceeds limit for rule: {name}"
                    )
                } else if why.starts_with("no such overload") {
                    format!(
                        "'{why}': call arguments did not match a supported operator, function or macro signature for rule: {name}"
                    )
                } else {
                    format!("{why} evaluating rule: {name}")
                };
                self.invalid(here, detail);
            }
        }
    }

    fn broken(&mut self, rule: &Rule, here: &Here<'_>, variables: &[(&str, Value)]) {
        let mut detail = None;
        let before = self.errors.len();
        if let Some(program) = &rule.message_program {
            let (outcome, cost) = evaluate(program, variables);
            if !self.spend(cost) {
                let what = "messageExpression evaluation failed due to running out of cost budget, no further validation rules will be run";
                return self.invalid(here, what.to_owned());
            }
            match outcome {
                Ok(Value::Text(text)) => {
                    let text = text.trim();
                    let fits =
                        !text.is_empty() && text.len() <= LONGEST_MESSAGE && !text.contains('\n');
                    detail = fits.then(|| text.to_owned());
                }
                Err(Fail::Limit) => {
                    self.budget = None;
                    let what = "no further validation rules will be run due to call cost exceeds limit for messageExpression";
                    return self.invalid(here, what.to_owned());
                }
                // Whatever else is wrong with it: the message of the rule is said.
                _ => {}
            }
        }
        let detail = detail.unwrap_or_else(|| rule.default_message());
        let at = match &*rule.field_path {
            "" => here.at.to_owned(),
            path => child(here.at, path),
        };
        match &*rule.reason {
            "FieldValueForbidden" => self.push(ErrorType::Forbidden, here, &at, detail),
            "FieldValueRequired" => self.push(ErrorType::Required, here, &at, detail),
            "FieldValueDuplicate" => self.push(ErrorType::Duplicate, here, &at, String::new()),
            _ => self.push(ErrorType::Invalid, here, &at, detail),
        }
        if here.unchanged && !rule.uses_old_self {
            let excused = self.errors.split_off(before);
            self.warnings.extend(excused);
        }
    }
}

/// The value of a key of an item, or its default.
fn key<'j>(item: &'j Json, name: &str, schema: &'j Json) -> &'j Json {
    item.get(name)
        .unwrap_or(&schema["properties"][name]["default"])
}

/// A `fieldPath` as errors write it; nothing where it does not lead to a field of the schema.
pub fn field_path(path: &str, schema: &Json) -> Option<String> {
    let mut out = String::new();
    let mut schema = schema;
    let mut rest = path;
    while !rest.is_empty() {
        let (name, after) = match rest.strip_prefix('.') {
            Some(after) => {
                let end = after.find(['.', '[', ']']).unwrap_or(after.len());
                let (name, after) = after.split_at(end);
                (name.to_owned(), after)
            }
            None => quoted(rest.strip_prefix("['")?)?,
        };
        if name.is_empty() {
            return None;
        }
        if schema["properties"].is_object() {
            schema = schema["properties"].get(&name)?;
            out = child(&out, &name);
        } else if schema["additionalProperties"].is_object() {
            schema = &schema["additionalProperties"];
            out = format!("{out}[{name}]");
        } else {
            return None;
        }
        rest = after;
    }
    Some(out)
}

/// What stands in single quotes and brackets, and what follows.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut name = String::new();
    let mut chars = text.char_indices();
    while let Some((i, c)) = chars.next() {
        match c {
            '\'' => return Some((name, text.get(i + 1..)?.strip_prefix(']')?)),
            '\\' => name.push(match chars.next()?.1 {
                'a' => '\u{7}',
                'b' => '\u{8}',
                'f' => '\u{c}',
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                'v' => '\u{b}',
                c @ ('\'' | '\\') => c,
                _ => return None,
            }),
            c => name.push(c),
        }
    }
    None
}
