//! The rules that everything has in common that makes pods from a template.

use k8s_openapi::api::core::v1::PodTemplateSpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use serde::Serialize;

use super::pod::validation::pod_template;
use super::pod::warnings;
use crate::api::field::{Errors, Path, quote};
use crate::api::names::is_valid_percent;
use crate::api::selector::Selector;
use crate::api::validation::{IMMUTABLE, NOT_NEGATIVE, label_selector};

/// A new object has no status yet, and the first generation of its spec.
pub(super) fn begun<S: Default>(meta: &mut ObjectMeta, status: &mut Option<S>) {
    *status = Some(S::default());
    meta.generation = Some(1);
}

/// The generation goes up when what is asked for has changed.
pub(super) fn count_generation(new: &mut ObjectMeta, old: &ObjectMeta, changed: bool) {
    if changed {
        new.generation = Some(old.generation.unwrap_or_default() + 1);
    }
}

/// A field that keeps its first value.
pub(super) fn immutable<T: PartialEq + Serialize>(
    new: &T,
    old: &T,
    path: &Path<'_>,
    errors: &mut Errors,
) {
    if new != old {
        errors.invalid_json(path, new, IMMUTABLE);
    }
}

/// What is hardly meant in the template at `path`.
pub(super) fn template_warnings(
    template: Option<&PodTemplateSpec>,
    path: &Path<'_>,
    found: &mut Vec<String>,
) {
    let Some(template) = template else { return };
    if let Some(spec) = &template.spec {
        let (of_spec, of_meta) = (path.child("spec"), path.child("metadata"));
        let meta = template.metadata.as_ref();
        warnings::of_spec(spec, meta, &of_spec, &of_meta, found);
    }
}

/// A selector and a template whose pods it selects; `Always` is the only restart policy
/// (`ValidatePodTemplateSpecForReplicaSet`).
pub(super) fn selector_and_template(
    selector: &LabelSelector,
    template: Option<&PodTemplateSpec>,
    path: &Path<'_>,
    errors: &mut Errors,
) {
    let path_of_selector = path.child("selector");
    // An empty selector and none at all are the same here.
    let given = *selector != LabelSelector::default();
    if given {
        label_selector(Some(selector), &path_of_selector, errors);
        let labels = selector.match_labels.as_ref().map_or(0, |l| l.len());
        let expressions = selector.match_expressions.as_ref().map_or(0, Vec::len);
        if labels + expressions == 0 {
            let detail = "empty selector is invalid for deployment";
            errors.invalid_raw(&path_of_selector, "{}", detail);
        }
    } else {
        errors.required(&path_of_selector, "");
    }
    let wanted = Selector::from_api(given.then_some(selector));
    let Ok(wanted) = wanted else {
        errors.invalid_json(&path_of_selector, selector, "invalid label selector");
        return;
    };
    let path = path.child("template");
    let Some(template) = template else {
        errors.required(&path, "");
        return;
    };
    always_running(template, &wanted, &path, errors);
}

fn always_running(
    template: &PodTemplateSpec,
    wanted: &Selector,
    path: &Path<'_>,
    errors: &mut Errors,
) {
    if !wanted.is_everything() {
        selected(template, wanted, path, errors);
    }
    pod_template(template, path, errors);
    always_restarted(template, "ReplicaSet", path, errors);
}

/// The template's labels have to be among those that the selector chooses.
pub(super) fn selected(
    template: &PodTemplateSpec,
    wanted: &Selector,
    path: &Path<'_>,
    errors: &mut Errors,
) {
    let labels = template.metadata.as_ref().and_then(|m| m.labels.as_ref());
    let none = Default::default();
    if wanted.matches(labels.unwrap_or(&none)) {
        return;
    }
    let path = path.child("metadata");
    let shown = match labels {
        Some(labels) => {
            serde_json::Value::from_iter(labels.iter().map(|(k, v)| (k.clone(), v.clone())))
                .to_string()
        }
        None => "null".to_owned(),
    };
    let detail = "`selector` does not match template `labels`";
    errors.invalid_raw(&path.child("labels"), &shown, detail);
}

/// Pods that are replaced by others may not come to an end of their own.
pub(super) fn always_restarted(
    template: &PodTemplateSpec,
    kind: &str,
    path: &Path<'_>,
    errors: &mut Errors,
) {
    let spec = template.spec.as_ref();
    let path = path.child("spec");
    let policy = spec.and_then(|s| s.restart_policy.as_deref());
    if policy != Some("Always") {
        errors.not_supported_raw(
            &path.child("restartPolicy"),
            &quote(policy.unwrap_or_default()),
            &["Always"],
        );
    }
    if spec.and_then(|s| s.active_deadline_seconds).is_some() {
        errors.forbidden(
            &path.child("activeDeadlineSeconds"),
            format!("activeDeadlineSeconds in {kind} is not Supported"),
        );
    }
}

/// Counts in a status: not negative, as others are not, and none larger than the number of all.
pub(super) fn status_counts(
    counts: &[(&str, i32)],
    all: i32,
    others: &[(&str, i64)],
    errors: &mut Errors,
) {
    let path = Path::new("status");
    let first = [("replicas", all)];
    let counted = first.iter().chain(counts);
    let counted = counted.map(|(field, count)| (*field, i64::from(*count)));
    for (field, count) in counted.chain(others.iter().copied()) {
        crate::api::validation::not_negative(count, &path.child(field), errors);
    }
    for (field, count) in counts {
        if *count > all {
            let detail = "cannot be greater than status.replicas";
            errors.invalid(&path.child(field), *count, detail);
        }
    }
}

/// A number that is not negative, or a per cent.
pub(super) fn number_or_percent(value: &IntOrString, path: &Path<'_>, errors: &mut Errors) {
    match value {
        IntOrString::String(text) => errors.invalid_each(path, text, is_valid_percent(text)),
        IntOrString::Int(number) if *number < 0 => errors.invalid(path, *number, NOT_NEGATIVE),
        IntOrString::Int(_) => {}
    }
}

/// The per cent of a value that is one.
pub(super) fn percent(value: &IntOrString) -> Option<i64> {
    match value {
        IntOrString::String(text) if is_valid_percent(text).is_empty() => {
            text.trim_end_matches('%').parse().ok()
        }
        _ => None,
    }
}

/// The number, or the number of per cent; zero for what is neither.
pub(super) fn amount(value: &IntOrString) -> i64 {
    match value {
        IntOrString::Int(number) => i64::from(*number),
        IntOrString::String(_) => percent(value).unwrap_or_default(),
    }
}
