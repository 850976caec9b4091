//! Roles and bindings.

use k8s_openapi::api::rbac::v1::PolicyRule;
use serde_json::Value;

use super::page::Page;
use crate::apiserver::rules::{broken_down, compacted};
use crate::kubectl::cmd::rule_of;
use crate::kubectl::json::{list, name, text};

/// `Role` and `ClusterRole`.
pub fn role(object: &Value, page: &mut Page) {
    page.pair("Name", name(object));
    page.labels_and_annotations(object);
    page.line(0, "PolicyRule:");
    page.line(1, "Resources\tNon-Resource URLs\tResource Names\tVerbs");
    page.line(1, "---------\t-----------------\t--------------\t-----");
    let rules: Vec<PolicyRule> = list(object, "rules").iter().map(rule_of).collect();
    for row in rules_table(&rules) {
        page.line(1, &row);
    }
}

/// `RoleBinding` and `ClusterRoleBinding`.
pub fn binding(object: &Value, page: &mut Page) {
    page.pair("Name", name(object));
    page.labels_and_annotations(object);
    page.line(0, "Role:");
    page.line(1, &format!("Kind:\t{}", text(object, "roleRef.kind")));
    page.line(1, &format!("Name:\t{}", text(object, "roleRef.name")));
    page.line(0, "Subjects:");
    page.line(1, "Kind\tName\tNamespace");
    page.line(1, "----\t----\t---------");
    for subject in list(object, "subjects") {
        let cells = ["kind", "name", "namespace"].map(|field| text(subject, field));
        page.line(1, &cells.join("\t"));
    }
}

/// Rules as rows: one for each resource, in the order of their Go print.
pub fn rules_table(rules: &[PolicyRule]) -> Vec<String> {
    let mut simple = compacted(rules.iter().flat_map(broken_down).collect());
    simple.sort_by_cached_key(|rule| {
        format!(
            "{}{}{}{}{}",
            go_list(Some(&rule.verbs), "Verbs:"),
            go_list(rule.api_groups.as_ref(), ",APIGroups:"),
            go_list(rule.resources.as_ref(), ",Resources:"),
            go_list(rule.resource_names.as_ref(), ",ResourceNames:"),
            go_list(rule.non_resource_urls.as_ref(), ",NonResourceURLs:"),
        )
    });
    simple
        .iter()
        .map(|rule| {
            format!(
                "{}\t{}\t{}\t{}",
                combined(rule),
                go_list(rule.non_resource_urls.as_ref(), ""),
                go_list(rule.resource_names.as_ref(), ""),
                go_list(Some(&rule.verbs), ""),
            )
        })
        .collect()
}

fn go_list(items: Option<&Vec<String>>, lead: &str) -> String {
    let items = items.map(|items| items.join(" ")).unwrap_or_default();
    format!("{lead}[{items}]")
}

/// `deployments.apps/scale`.
fn combined(rule: &PolicyRule) -> String {
    let first = |list: &Option<Vec<String>>| {
        let first = list.as_ref().and_then(|l| l.first());
        first.cloned().unwrap_or_default()
    };
    let (resource, group) = (first(&rule.resources), first(&rule.api_groups));
    let (resource, subresource) = match resource.split_once('/') {
        Some((resource, subresource)) => (resource.to_owned(), format!("/{subresource}")),
        None => (resource, String::new()),
    };
    match group.as_str() {
        _ if resource.is_empty() => String::new(),
        "" => format!("{resource}{subresource}"),
        group => format!("{resource}.{group}{subresource}"),
    }
}
