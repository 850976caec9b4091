//! When a Job's pods may fail, and when it has succeeded: validatePodFailurePolicy and
//! validateSuccessPolicy.

use k8s_openapi::api::batch::v1::{
    JobSpec, PodFailurePolicy, PodFailurePolicyOnExitCodesRequirement,
    PodFailurePolicyOnPodConditionsPattern, PodFailurePolicyRule, SuccessPolicy, SuccessPolicyRule,
};

use crate::api::codec::encode;
use crate::api::field::{Errors, Path, quote};
use crate::api::kinds::pod::go_spec::{Form, Table, write};
use crate::api::names::is_qualified_name;
use crate::api::validation::not_negative;

const MOST_RULES: usize = 20;
const MOST_EXIT_CODES: usize = 255;
const MOST_CONDITIONS: usize = 20;
const LONGEST_INDEXES: usize = 64 << 10;

const ACTIONS: [&str; 4] = ["Count", "FailIndex", "FailJob", "Ignore"];
const OPERATORS: [&str; 2] = ["In", "NotIn"];
const STATUSES: [&str; 3] = ["False", "True", "Unknown"];

/// A policy under the names that its fields have inside the server.
pub(super) fn shown_failure(policy: Option<&PodFailurePolicy>) -> String {
    const EXIT_CODES: Table = &[
        ("ContainerName", "containerName", Form::Plain),
        ("Operator", "operator", Form::Text),
        ("Values", "values", Form::Plain),
    ];
    const CONDITION: Table = &[
        ("Type", "type", Form::Text),
        ("Status", "status", Form::Text),
    ];
    const RULE: Table = &[
        ("Action", "action", Form::Text),
        ("OnExitCodes", "onExitCodes", Form::Pointer(EXIT_CODES)),
        ("OnPodConditions", "onPodConditions", Form::List(CONDITION)),
    ];
    let Some(policy) = policy else {
        return "null".to_owned();
    };
    let mut out = String::new();
    write(
        &[("Rules", "rules", Form::List(RULE))],
        &encode(policy),
        &mut out,
    );
    out
}

pub(super) fn shown_success(policy: Option<&SuccessPolicy>) -> String {
    const RULE: Table = &[
        ("SucceededIndexes", "succeededIndexes", Form::Plain),
        ("SucceededCount", "succeededCount", Form::Plain),
    ];
    let Some(policy) = policy else {
        return "null".to_owned();
    };
    let mut out = String::new();
    write(
        &[("Rules", "rules", Form::List(RULE))],
        &encode(policy),
        &mut out,
    );
    out
}

/// A text that is one of a few; a missing one is told with all of them.
fn required_one_of(value: &str, valid: &[&str], path: &Path<'_>, errors: &mut Errors) {
    if value.is_empty() {
        let listed: Vec<String> = valid.iter().map(|v| quote(v)).collect();
        errors.required(path, format!("valid values: [{}]", listed.join(" ")));
    } else if !valid.contains(&value) {
        errors.not_supported_raw(path, &quote(value), valid);
    }
}

pub(super) fn failure(
    spec: &JobSpec,
    policy: &PodFailurePolicy,
    path: &Path<'_>,
    errors: &mut Errors,
) {
    let path = path.child("rules");
    if policy.rules.len() > MOST_RULES {
        errors.too_many(&path, policy.rules.len(), MOST_RULES);
    }
    for (i, rule) in policy.rules.iter().enumerate() {
        failure_rule(spec, rule, &path.index(i), errors);
    }
}

fn failure_rule(spec: &JobSpec, rule: &PodFailurePolicyRule, path: &Path<'_>, errors: &mut Errors) {
    let path_of_action = path.child("action");
    if rule.action == "FailIndex" {
        if spec.backoff_limit_per_index.is_none() {
            let detail = "requires the backoffLimitPerIndex to be set";
            errors.invalid(&path_of_action, &rule.action, detail);
        }
    } else {
        required_one_of(&rule.action, &ACTIONS, &path_of_action, errors);
    }
    let conditions = rule.on_pod_conditions.as_deref().unwrap_or_default();
    if let Some(codes) = &rule.on_exit_codes {
        exit_codes(spec, codes, &path.child("onExitCodes"), errors);
    }
    if !conditions.is_empty() {
        pod_conditions(conditions, &path.child("onPodConditions"), errors);
    }
    match (&rule.on_exit_codes, conditions.is_empty()) {
        (Some(_), false) => errors.invalid_raw(
            path,
            "",
            "specifying both OnExitCodes and OnPodConditions is not supported",
        ),
        (None, true) => errors.invalid_raw(
            path,
            "",
            "specifying one of OnExitCodes and OnPodConditions is required",
        ),
        _ => {}
    }
}

fn pod_conditions(
    patterns: &[PodFailurePolicyOnPodConditionsPattern],
    path: &Path<'_>,
    errors: &mut Errors,
) {
    if patterns.len() > MOST_CONDITIONS {
        errors.too_many(path, patterns.len(), MOST_CONDITIONS);
    }
    for (i, pattern) in patterns.iter().enumerate() {
        let path = path.index(i);
        let type_ = &pattern.type_;
        errors.invalid_each(&path.child("type"), type_, is_qualified_name(type_));
        let status = pattern.status.as_deref().unwrap_or_default();
        required_one_of(status, &STATUSES, &path.child("status"), errors);
    }
}

fn exit_codes(
    spec: &JobSpec,
    codes: &PodFailurePolicyOnExitCodesRequirement,
    path: &Path<'_>,
    errors: &mut Errors,
) {
    required_one_of(&codes.operator, &OPERATORS, &path.child("operator"), errors);
    if let Some(name) = &codes.container_name {
        let pod = spec.template.spec.as_ref();
        let known = pod.is_some_and(|pod| {
            let init = pod.init_containers.iter().flatten();
            pod.containers.iter().chain(init).any(|c| c.name == *name)
        });
        if !known {
            let detail = "must be one of the container or initContainer names in the pod template";
            errors.invalid(&path.child("containerName"), name, detail);
        }
    }
    let path = path.child("values");
    let values = &codes.values;
    if values.is_empty() {
        errors.invalid_raw(&path, "[]", "at least one value is required");
    } else if values.len() > MOST_EXIT_CODES {
        errors.too_many(&path, values.len(), MOST_EXIT_CODES);
    }
    for (i, value) in values.iter().enumerate() {
        let path = path.index(i);
        if codes.operator == "In" && *value == 0 {
            errors.invalid(&path, 0, "must not be 0 for the In operator");
        }
        if values.iter().take(i).any(|v| v == value) {
            errors.duplicate(&path, *value);
        }
    }
    if !values.is_sorted() {
        errors.invalid_json(&path, values, "must be ordered");
    }
}

pub(super) fn success(
    spec: &JobSpec,
    policy: &SuccessPolicy,
    path: &Path<'_>,
    errors: &mut Errors,
) {
    if spec.completion_mode.as_deref() != Some("Indexed") {
        let value = shown_success(Some(policy));
        errors.invalid_raw(path, &value, "requires indexed completion mode");
        return;
    }
    let path = path.child("rules");
    if policy.rules.is_empty() {
        let detail = "at least one rules must be specified when the successPolicy is specified";
        errors.required(&path, detail);
    }
    if policy.rules.len() > MOST_RULES {
        errors.too_many(&path, policy.rules.len(), MOST_RULES);
    }
    for (i, rule) in policy.rules.iter().enumerate() {
        let completions = spec.completions.unwrap_or_default();
        success_rule(completions, rule, &path.index(i), errors);
    }
}

fn success_rule(completions: i32, rule: &SuccessPolicyRule, path: &Path<'_>, errors: &mut Errors) {
    if rule.succeeded_count.is_none() && rule.succeeded_indexes.is_none() {
        let detail = "at least one of succeededCount or succeededIndexes must be specified";
        errors.required(path, detail);
    }
    let mut total = 0;
    if let Some(indexes) = &rule.succeeded_indexes {
        let path = path.child("succeededIndexes");
        if indexes.len() > LONGEST_INDEXES {
            errors.too_long(&path, LONGEST_INDEXES);
        }
        match count_indexes(indexes, completions) {
            Ok(count) => total = count,
            Err(why) => {
                let detail = format!("error parsing succeededIndexes: {why}");
                errors.invalid(&path, indexes, detail);
            }
        }
    }
    if let Some(count) = rule.succeeded_count {
        let path = path.child("succeededCount");
        not_negative(count, &path, errors);
        if count > completions {
            let detail = format!(
                "must be less than or equal to {completions} (the number of specified completions)"
            );
            errors.invalid(&path, count, detail);
        }
        if rule.succeeded_indexes.is_some() && count > total {
            let detail = format!(
                "must be less than or equal to {total} (the number of indexes in the specified succeededIndexes field)"
            );
            errors.invalid(&path, count, detail);
        }
    }
}

/// How many indexes a text such as `1,3-5` names (validateIndexesFormat).
pub(super) fn count_indexes(text: &str, completions: i32) -> Result<i32, String> {
    let mut total = 0;
    let mut last = None;
    if text.is_empty() {
        return Ok(0);
    }
    for part in text.split(',') {
        let (first, end) = interval(part, completions)?;
        if let Some(last) = last.filter(|l| *l >= first) {
            return Err(format!(
                "non-increasing order, previous: {last}, current: {first}"
            ));
        }
        total += end - first + 1;
        last = Some(end);
    }
    Ok(total)
}

/// The two ends of `3-5`, or of `3`.
pub(super) fn interval(text: &str, completions: i32) -> Result<(i32, i32), String> {
    let number = |text: &str| -> Result<i32, String> {
        let number = text.parse::<i32>().map_err(|_| {
            format!(
                "cannot convert string to integer for index: {}",
                quote(text)
            )
        })?;
        if number >= completions {
            return Err(format!("too large index: {}", quote(text)));
        }
        Ok(number)
    };
    let parts: Vec<&str> = text.split('-').collect();
    match parts.as_slice() {
        [one] => number(one).map(|n| (n, n)),
        [first, last] => {
            let (first, last) = (number(first)?, number(last)?);
            if first >= last {
                return Err(format!(
                    "non-increasing order, previous: {first}, current: {last}"
                ));
            }
            Ok((first, last))
        }
        _ => Err(format!(
            "the fragment {} violates the requirement that an index interval can have at most two parts separated by '-'",
            quote(text)
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indexes_are_counted_or_refused() {
        for (text, expected) in [
            ("", Ok(0)),
            ("0", Ok(1)),
            ("1,3-5", Ok(4)),
            ("1-1", Err("non-increasing order, previous: 1, current: 1")),
            ("3,2", Err("non-increasing order, previous: 3, current: 2")),
            ("9", Err("too large index: \"9\"")),
            (
                "a",
                Err("cannot convert string to integer for index: \"a\""),
            ),
            (
                "1-2-3",
                Err(
                    "the fragment \"1-2-3\" violates the requirement that an index interval can have at most two parts separated by '-'",
                ),
            ),
        ] {
            let found = count_indexes(text, 7);
            assert_eq!(
                found.as_ref().map_err(String::as_str).copied(),
                expected,
                "{text}"
            );
        }
    }
}
