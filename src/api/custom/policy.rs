//! Admission policies in CEL, their bindings, and webhooks: what they say when they do not, and what they may say
//! (`pkg/apis/admissionregistration/validation`).

use serde_json::{Map, Value, json};

use super::CustomObject;
use super::cel::{Program, Wanted};
use crate::api::field::{Errors, Path};

const GROUP: &str = "admissionregistration.k8s.io";
pub const POLICY: &str = "ValidatingAdmissionPolicy";
pub const BINDING: &str = "ValidatingAdmissionPolicyBinding";

pub const MUTATING: &str = "MutatingWebhookConfiguration";
pub const VALIDATING: &str = "ValidatingWebhookConfiguration";

/// What may be asked for when an expression fails.
const REASONS: [&str; 4] = [
    "Forbidden",
    "Invalid",
    "RequestEntityTooLarge",
    "Unauthorized",
];
const OPERATIONS: [&str; 5] = ["*", "CONNECT", "CREATE", "DELETE", "UPDATE"];
const ACTIONS: [&str; 3] = ["Audit", "Deny", "Warn"];

/// What every expression of a policy may name; `params` is there with a kind of parameters.
pub fn names(spec: &Value) -> Vec<&'static str> {
    let mut names = vec![
        "object",
        "oldObject",
        "request",
        "namespaceObject",
        "variables",
    ];
    if spec["paramKind"].is_object() {
        names.push("params");
    }
    names
}

fn kind_of(object: &CustomObject) -> &'static str {
    let info = &object.kind.info;
    match (info.group, info.kind) {
        (GROUP, POLICY) => POLICY,
        (GROUP, BINDING) => BINDING,
        (GROUP, MUTATING) => MUTATING,
        (GROUP, VALIDATING) => VALIDATING,
        _ => "",
    }
}

fn list<'v>(of: &'v Value, name: &str) -> &'v [Value] {
    of[name].as_array().map_or(&[], Vec::as_slice)
}

fn text<'v>(of: &'v Value, name: &str) -> &'v str {
    of[name].as_str().unwrap_or_default()
}

/// Sets what is not said (`pkg/apis/admissionregistration/v1/defaults.go`).
#[inline(never)] // it waits in the second file of the wasm until somebody writes one
pub(super) fn default(object: &mut CustomObject) {
    let field = match kind_of(object) {
        POLICY => "matchConstraints",
        BINDING => "matchResources",
        MUTATING | VALIDATING => return default_webhooks(object),
        _ => return,
    };
    let Some(Value::Object(spec)) = object.fields.get_mut("spec") else {
        return;
    };
    if field == "matchConstraints" {
        spec.entry("failurePolicy").or_insert(json!("Fail"));
    }
    let Some(Value::Object(matched)) = spec.get_mut(field) else {
        return;
    };
    or(matched, "matchPolicy", json!("Equivalent"));
    or(matched, "namespaceSelector", json!({}));
    or(matched, "objectSelector", json!({}));
    for name in ["resourceRules", "excludeResourceRules"] {
        let rules = matched.get_mut(name).and_then(Value::as_array_mut);
        for rule in rules.into_iter().flatten().filter_map(Value::as_object_mut) {
            or(rule, "scope", json!("*"));
        }
    }
}

fn or(fields: &mut Map<String, Value>, name: &str, value: Value) {
    fields.entry(name).or_insert(value);
}

fn default_webhooks(object: &mut CustomObject) {
    let mutating = kind_of(object) == MUTATING;
    let webhooks = object
        .fields
        .get_mut("webhooks")
        .and_then(Value::as_array_mut);
    for webhook in webhooks
        .into_iter()
        .flatten()
        .filter_map(Value::as_object_mut)
    {
        or(webhook, "failurePolicy", json!("Fail"));
        or(webhook, "matchPolicy", json!("Equivalent"));
        or(webhook, "namespaceSelector", json!({}));
        or(webhook, "objectSelector", json!({}));
        or(webhook, "timeoutSeconds", json!(10));
        if mutating {
            or(webhook, "reinvocationPolicy", json!("Never"));
        }
        let service = webhook
            .get_mut("clientConfig")
            .and_then(|c| c.get_mut("service"));
        if let Some(service) = service.and_then(Value::as_object_mut) {
            or(service, "port", json!(443));
        }
        let rules = webhook.get_mut("rules").and_then(Value::as_array_mut);
        for rule in rules.into_iter().flatten().filter_map(Value::as_object_mut) {
            or(rule, "scope", json!("*"));
        }
    }
}

/// What its controller finds of a policy: expressions over objects of no declared type have no wrong types.
pub(super) fn settle(object: &mut CustomObject) {
    if kind_of(object) == POLICY {
        let seen = object.metadata.generation;
        let status = json!({"observedGeneration": seen, "typeChecking": {}});
        object.fields.insert("status".to_owned(), status);
    }
}

#[inline(never)] // it waits in the second file of the wasm until somebody writes one
pub(super) fn validate(object: &CustomObject, errors: &mut Errors) {
    let spec = object.fields.get("spec").unwrap_or(&Value::Null);
    let path = Path::new("spec");
    match kind_of(object) {
        POLICY => policy(spec, &path, errors),
        BINDING => binding(spec, &path, errors),
        MUTATING | VALIDATING => {
            let path = Path::new("webhooks");
            let webhooks = object.fields.get("webhooks").and_then(Value::as_array);
            for (i, webhook) in webhooks.into_iter().flatten().enumerate() {
                one_webhook(webhook, &path.index(i), errors);
            }
        }
        _ => {}
    }
}

fn policy(spec: &Value, path: &Path<'_>, errors: &mut Errors) {
    let failure = text(spec, "failurePolicy");
    if !["Fail", "Ignore"].contains(&failure) {
        errors.not_supported(&path.child("failurePolicy"), failure, &["Fail", "Ignore"]);
    }
    let of_kind = path.child("paramKind");
    if spec["paramKind"].is_object() {
        for name in ["apiVersion", "kind"] {
            if text(&spec["paramKind"], name).is_empty() {
                errors.required(&of_kind.child(name), "");
            }
        }
    }
    let of_matched = path.child("matchConstraints");
    match &spec["matchConstraints"] {
        Value::Null => errors.required(&of_matched, ""),
        matched => {
            resources(matched, &of_matched, errors);
            if list(matched, "resourceRules").is_empty() {
                errors.required(&of_matched.child("resourceRules"), "");
            }
        }
    }
    let mut known = names(spec);
    known.retain(|name| *name != "variables");
    conditions(spec, &known, path, errors);
    let known = names(spec);
    let variables = path.child("variables");
    for (i, variable) in list(spec, "variables").iter().enumerate() {
        let path = variables.index(i);
        if text(variable, "name").is_empty() {
            errors.required(&path.child("name"), "name is not specified");
        }
        let (of_expression, missing) = (path.child("expression"), "expression is not specified");
        let source = text(variable, "expression");
        expression(source, missing, &known, Wanted::Any, &of_expression, errors);
    }
    let (validations, annotations) = (path.child("validations"), path.child("auditAnnotations"));
    if list(spec, "validations").is_empty() && list(spec, "auditAnnotations").is_empty() {
        let detail = "validations or auditAnnotations must be non-empty; at least one is required";
        errors.required(&validations, detail);
        errors.required(&annotations, detail);
    }
    for (i, validation) in list(spec, "validations").iter().enumerate() {
        one(validation, &known, &validations.index(i), errors);
    }
}

fn conditions(of: &Value, known: &[&str], path: &Path<'_>, errors: &mut Errors) {
    let conditions = path.child("matchConditions");
    for (i, condition) in list(of, "matchConditions").iter().enumerate() {
        let path = conditions.index(i);
        if text(condition, "name").is_empty() {
            errors.required(&path.child("name"), "");
        }
        let of_expression = path.child("expression");
        expression(
            text(condition, "expression"),
            "",
            known,
            Wanted::Bool,
            &of_expression,
            errors,
        );
    }
}

fn one_webhook(webhook: &Value, path: &Path<'_>, errors: &mut Errors) {
    let name = text(webhook, "name");
    let of_name = path.child("name");
    if name.is_empty() {
        errors.required(&of_name, "");
    } else if name.split('.').count() < 3 {
        let detail = "should be a domain with at least three segments separated by dots";
        errors.invalid(&of_name, name, detail);
    }
    let versions = list(webhook, "admissionReviewVersions");
    let of_versions = path.child("admissionReviewVersions");
    let supported = |v: &Value| v == "v1" || v == "v1beta1";
    if versions.is_empty() {
        errors.required(&of_versions, "must specify one of v1, v1beta1");
    } else if !versions.iter().any(supported) {
        let detail = "must include at least one of v1, v1beta1";
        errors.invalid_raw(&of_versions, &Value::from(versions).to_string(), detail);
    }
    for (field, supported) in [
        ("failurePolicy", &["Fail", "Ignore"][..]),
        ("matchPolicy", &["Equivalent", "Exact"]),
        ("reinvocationPolicy", &["IfNeeded", "Never"]),
    ] {
        if let Some(given) = webhook[field]
            .as_str()
            .filter(|given| !supported.contains(given))
        {
            errors.not_supported(&path.child(field), given, supported);
        }
    }
    let effects = path.child("sideEffects");
    match text(webhook, "sideEffects") {
        "None" | "NoneOnDryRun" => {}
        "" => errors.required(&effects, "must specify one of None, NoneOnDryRun"),
        other => errors.not_supported(&effects, other, &["None", "NoneOnDryRun"]),
    }
    if let Some(seconds) = webhook["timeoutSeconds"]
        .as_i64()
        .filter(|s| !(1..=30).contains(s))
    {
        let detail = "the timeout value must be between 1 and 30 seconds";
        errors.invalid(&path.child("timeoutSeconds"), seconds, detail);
    }
    resources(webhook, path, errors);
    let client = &webhook["clientConfig"];
    let of_client = path.child("clientConfig");
    match (client["url"].is_string(), client["service"].is_object()) {
        (true, false) => {
            let url = text(client, "url");
            if !url.starts_with("https://") {
                let detail =
                    "'https' is the only allowed URL scheme; desired format: https://host[/path]";
                let scheme = url.split_once("://").map_or("", |(scheme, _)| scheme);
                errors.invalid(&of_client.child("url"), scheme, detail);
            }
        }
        (false, true) => {
            let path = of_client.child("service");
            for field in ["name", "namespace"] {
                if text(&client["service"], field).is_empty() {
                    errors.required(&path.child(field), format!("service {field} is required"));
                }
            }
        }
        _ => errors.required(&of_client, "exactly one of url or service is required"),
    }
    conditions(webhook, &["object", "oldObject", "request"], path, errors);
}

fn one(validation: &Value, known: &[&str], path: &Path<'_>, errors: &mut Errors) {
    let (of_expression, missing) = (path.child("expression"), "expression is not specified");
    let source = text(validation, "expression");
    expression(source, missing, known, Wanted::Bool, &of_expression, errors);
    let said = text(validation, "messageExpression");
    if !said.is_empty() {
        let path = path.child("messageExpression");
        match said.trim().is_empty() {
            true => errors.invalid(&path, said, "must be non-empty if specified"),
            false => expression(said, "", known, Wanted::Text, &path, errors),
        }
    }
    let message = text(validation, "message");
    if !message.is_empty() {
        let path = path.child("message");
        if message.trim().is_empty() {
            errors.invalid(&path, message, "message must be non-empty if specified");
        } else if message.trim().contains(['\n', '\r']) {
            errors.invalid(&path, message, "message must not contain line breaks");
        }
    }
    if let Some(reason) = validation["reason"].as_str()
        && !REASONS.contains(&reason)
    {
        errors.not_supported(&path.child("reason"), reason, &REASONS);
    }
}

fn expression(
    source: &str,
    missing: &str,
    known: &[&str],
    wanted: Wanted,
    path: &Path<'_>,
    errors: &mut Errors,
) {
    if source.trim().is_empty() {
        return errors.required(path, missing);
    }
    if let Err(why) = Program::new(source, known, wanted) {
        errors.invalid(path, source, why);
    }
}

fn resources(matched: &Value, path: &Path<'_>, errors: &mut Errors) {
    for name in ["resourceRules", "excludeResourceRules", "rules"] {
        let rules = path.child(name);
        for (i, rule) in list(matched, name).iter().enumerate() {
            let path = rules.index(i);
            for field in ["apiGroups", "apiVersions", "resources", "operations"] {
                let (given, path) = (list(rule, field), path.child(field));
                if given.is_empty() {
                    errors.required(&path, "");
                }
                if given.len() > 1 && given.iter().any(|g| g == "*") && field != "resources" {
                    let others = match field {
                        "apiGroups" => "API groups",
                        "apiVersions" => "API versions",
                        _ => "operations",
                    };
                    let detail = format!("if '*' is present, must not specify other {others}");
                    errors.invalid_raw(&path, &Value::from(given).to_string(), detail);
                }
            }
            let operations = path.child("operations");
            for (i, operation) in list(rule, "operations").iter().enumerate() {
                let operation = operation.as_str().unwrap_or_default();
                if !OPERATIONS.contains(&operation) {
                    errors.not_supported(&operations.index(i), operation, &OPERATIONS);
                }
            }
        }
    }
}

fn binding(spec: &Value, path: &Path<'_>, errors: &mut Errors) {
    if text(spec, "policyName").is_empty() {
        errors.required(&path.child("policyName"), "");
    }
    let parameters = &spec["paramRef"];
    if parameters.is_object() {
        let path = path.child("paramRef");
        let (named, selected) = (
            !text(parameters, "name").is_empty(),
            parameters["selector"].is_object(),
        );
        if named && selected {
            let detail = "name and selector are mutually exclusive";
            errors.forbidden(&path.child("name"), detail);
            errors.forbidden(&path.child("selector"), detail);
        } else if !named && !selected {
            errors.required(&path, "one of name or selector must be specified");
        }
        let (path, action) = (
            path.child("parameterNotFoundAction"),
            text(parameters, "parameterNotFoundAction"),
        );
        if action.is_empty() {
            errors.required(&path, "");
        } else if !["Allow", "Deny"].contains(&action) {
            errors.not_supported(&path, action, &["Allow", "Deny"]);
        }
    }
    resources(
        &spec["matchResources"],
        &path.child("matchResources"),
        errors,
    );
    let (path, actions) = (
        path.child("validationActions"),
        list(spec, "validationActions"),
    );
    if actions.is_empty() {
        errors.required(&path, "at least one validation action is required");
    }
    for (i, action) in actions.iter().enumerate() {
        let path = path.index(i);
        let name = action.as_str().unwrap_or_default();
        if !ACTIONS.contains(&name) {
            errors.not_supported(&path, name, &ACTIONS);
        } else if actions.iter().take(i).any(|earlier| earlier == action) {
            errors.duplicate(&path, name);
        }
    }
    if actions.iter().any(|a| a == "Deny") && actions.iter().any(|a| a == "Warn") {
        let detail = "must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)";
        errors.invalid_raw(&path, &Value::from(actions).to_string(), detail);
    }
}
