//! Why a namespace is not gone yet, as conditions
//! (`pkg/controller/namespace/deletion/status_condition_utils.go`).

use k8s_openapi::api::core::v1::{NamespaceCondition, NamespaceStatus};

use super::content::Content;
use crate::api::time::api_time;
use crate::sim::Time;
use crate::sim::ordered::Map as BTreeMap;

pub fn update(status: &mut NamespaceStatus, content: &Content, now: Time) {
    let good = |type_: &str, reason: &str, message: &str| {
        (
            type_.to_owned(),
            "False",
            reason.to_owned(),
            message.to_owned(),
        )
    };
    let failed = |type_: &str, reason: &str, message: String| {
        (type_.to_owned(), "True", reason.to_owned(), message)
    };
    let deletion = if content.failures.is_empty() {
        good(
            "NamespaceDeletionContentFailure",
            "ContentDeleted",
            "All content successfully deleted, may be waiting on finalization",
        )
    } else {
        let message = format!(
            "Failed to delete all resource types, {} remaining: {}",
            content.failures.len(),
            content.failures.join(", ")
        );
        failed(
            "NamespaceDeletionContentFailure",
            "ContentDeletionFailed",
            message,
        )
    };
    let remaining = if content.remaining.is_empty() {
        good(
            "NamespaceContentRemaining",
            "ContentRemoved",
            "All content successfully removed",
        )
    } else {
        let list = list(&content.remaining, "has", "resource instances");
        let message = format!("Some resources are remaining: {list}");
        failed("NamespaceContentRemaining", "SomeResourcesRemain", message)
    };
    let finalizers = if content.finalizers.is_empty() {
        good(
            "NamespaceFinalizersRemaining",
            "ContentHasNoFinalizers",
            "All content-preserving finalizers finished",
        )
    } else {
        let list = list(&content.finalizers, "in", "resource instances");
        let message = format!("Some content in the namespace has finalizers remaining: {list}");
        failed(
            "NamespaceFinalizersRemaining",
            "SomeFinalizersRemain",
            message,
        )
    };
    let wanted = [
        good(
            "NamespaceDeletionDiscoveryFailure",
            "ResourcesDiscovered",
            "All resources successfully discovered",
        ),
        good(
            "NamespaceDeletionGroupVersionParsingFailure",
            "ParsedGroupVersions",
            "All legacy kube types successfully parsed",
        ),
        deletion,
        remaining,
        finalizers,
    ];
    let conditions = status.conditions.get_or_insert_default();
    for (type_, status, reason, message) in wanted {
        let existing = conditions.iter_mut().find(|c| c.type_ == type_);
        let same = existing.as_ref().is_some_and(|c| {
            c.status == status
                && c.reason.as_ref() == Some(&reason)
                && c.message.as_ref() == Some(&message)
        });
        if same {
            continue;
        }
        let condition = NamespaceCondition {
            type_,
            status: status.to_owned(),
            reason: Some(reason),
            message: Some(message),
            last_transition_time: Some(api_time(now)),
        };
        match existing {
            Some(existing) => *existing = condition,
            None => conditions.push(condition),
        }
    }
}

/// "pods. has 2 resource instances, secrets. has 1 resource instances".
fn list(counts: &BTreeMap<String, usize>, verb: &str, what: &str) -> String {
    let texts: Vec<String> = counts
        .iter()
        .map(|(name, n)| format!("{name} {verb} {n} {what}"))
        .collect();
    texts.join(", ")
}
