//! What a rule grants, and when rules cover others.
//!
//! Models `k8s.io/kubernetes/pkg/apis/rbac/v1/evaluation_helpers.go` and
//! `k8s.io/component-helpers/auth/rbac/validation`.

use k8s_openapi::api::rbac::v1::PolicyRule;

use super::Attributes;

pub(in crate::apiserver) fn items(list: &Option<Vec<String>>) -> &[String] {
    list.as_deref().unwrap_or_default()
}

fn has(list: &[String], item: &str) -> bool {
    list.iter().any(|i| i == item)
}

fn has_or_all(list: &[String], item: &str) -> bool {
    list.iter().any(|i| i == item || i == "*")
}

/// Whether the rule grants what the attributes say.
pub(super) fn allows(rule: &PolicyRule, of: &Attributes<'_>) -> bool {
    if !has_or_all(&rule.verbs, of.verb) {
        return false;
    }
    if !of.is_resource() {
        return items(&rule.non_resource_urls)
            .iter()
            .any(|url| url_covers(url, of.path));
    }
    let names = items(&rule.resource_names);
    has_or_all(items(&rule.api_groups), of.group)
        && grants_resource(items(&rule.resources), of)
        && (names.is_empty() || has(names, of.name))
}

fn grants_resource(resources: &[String], of: &Attributes<'_>) -> bool {
    resources.iter().any(|granted| {
        if granted == "*" {
            return true;
        }
        if of.subresource.is_empty() {
            return granted == of.resource;
        }
        granted
            .split_once('/')
            .is_some_and(|(resource, subresource)| {
                subresource == of.subresource && (resource == of.resource || resource == "*")
            })
    })
}

fn url_covers(granted: &str, path: &str) -> bool {
    granted == path
        || granted
            .strip_suffix('*')
            .is_some_and(|start| path.starts_with(start.trim_end_matches('*')))
}

/// The rule as rules of one verb on one resource each.
pub fn broken_down(rule: &PolicyRule) -> Vec<PolicyRule> {
    let mut all = Vec::new();
    let one = |text: &String| Some(vec![text.clone()]);
    for group in items(&rule.api_groups) {
        for resource in items(&rule.resources) {
            for verb in &rule.verbs {
                let simple = PolicyRule {
                    api_groups: one(group),
                    resources: one(resource),
                    verbs: vec![verb.clone()],
                    ..PolicyRule::default()
                };
                let names = items(&rule.resource_names);
                if names.is_empty() {
                    all.push(simple);
                    continue;
                }
                all.extend(names.iter().map(|name| PolicyRule {
                    resource_names: one(name),
                    ..simple.clone()
                }));
            }
        }
    }
    for url in items(&rule.non_resource_urls) {
        all.extend(rule.verbs.iter().map(|verb| PolicyRule {
            non_resource_urls: one(url),
            verbs: vec![verb.clone()],
            ..PolicyRule::default()
        }));
    }
    all
}

/// What of the `wanted` rules the `owned` ones do not grant.
pub fn missing(owned: &[PolicyRule], wanted: &[PolicyRule]) -> Vec<PolicyRule> {
    let simple = wanted.iter().flat_map(broken_down);
    simple
        .filter(|rule| !owned.iter().any(|owner| covers(owner, rule)))
        .collect()
}

/// Whether a rule grants all that a simple one does.
fn covers(owner: &PolicyRule, rule: &PolicyRule) -> bool {
    let all = |owned: &[String], wanted: &[String]| {
        has(owned, "*") || wanted.iter().all(|item| has(owned, item))
    };
    let resources = items(&owner.resources);
    let covers_resource = |wanted: &String| {
        has(resources, "*")
            || has(resources, wanted)
            || wanted
                .split_once('/')
                .is_some_and(|(_, subresource)| has(resources, &format!("*/{subresource}")))
    };
    let urls = items(&owner.non_resource_urls);
    let covers_url = |wanted: &String| urls.iter().any(|url| url_covers(url, wanted));
    let (owned_names, names) = (items(&owner.resource_names), items(&rule.resource_names));
    all(&owner.verbs, &rule.verbs)
        && all(items(&owner.api_groups), items(&rule.api_groups))
        && items(&rule.resources).iter().all(covers_resource)
        && items(&rule.non_resource_urls).iter().all(covers_url)
        && (owned_names.is_empty()
            || !names.is_empty() && names.iter().all(|name| has(owned_names, name)))
}

/// Rules of one resource each that differ in their verbs only, made one. Others come first.
pub fn compacted(rules: Vec<PolicyRule>) -> Vec<PolicyRule> {
    let mut simple: Vec<PolicyRule> = Vec::new();
    let mut others = Vec::new();
    for rule in rules {
        let is_simple = items(&rule.non_resource_urls).is_empty()
            && items(&rule.resource_names).len() <= 1
            && items(&rule.resources).len() == 1
            && items(&rule.api_groups).len() == 1;
        if !is_simple {
            others.push(rule);
            continue;
        }
        let same = simple.iter_mut().find(|s| {
            s.resources == rule.resources
                && s.api_groups == rule.api_groups
                && items(&s.resource_names) == items(&rule.resource_names)
        });
        match same {
            Some(same) => same.verbs.extend(rule.verbs),
            None => simple.push(rule),
        }
    }
    others.extend(simple);
    others
}

/// `{APIGroups:[""], Resources:["pods"], Verbs:["get"]}`.
pub fn compact_text(rule: &PolicyRule) -> String {
    let mut parts = Vec::new();
    for (name, list) in [
        ("APIGroups", items(&rule.api_groups)),
        ("Resources", items(&rule.resources)),
        ("NonResourceURLs", items(&rule.non_resource_urls)),
        ("ResourceNames", items(&rule.resource_names)),
        ("Verbs", rule.verbs.as_slice()),
    ] {
        if !list.is_empty() {
            parts.push(format!("{name}:{}", quoted_list(list)));
        }
    }
    format!("{{{}}}", parts.join(", "))
}

/// A list as Go prints it with `%q`.
pub(super) fn quoted_list<S: AsRef<str>>(list: &[S]) -> String {
    let quoted: Vec<String> = list
        .iter()
        .map(|item| crate::api::rfc3339::go_quote(item.as_ref()))
        .collect();
    format!("[{}]", quoted.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(verbs: &str, groups: &str, resources: &str, names: &str) -> PolicyRule {
        let list = |text: &str| -> Vec<String> { text.split(',').map(str::to_owned).collect() };
        PolicyRule {
            verbs: list(verbs),
            api_groups: Some(list(groups)),
            resources: Some(list(resources)),
            resource_names: (!names.is_empty()).then(|| list(names)),
            ..PolicyRule::default()
        }
    }

    #[test]
    fn resources_subresources_and_names() {
        let of = |resource, subresource, name| Attributes {
            verb: "get",
            resource,
            subresource,
            name,
            ..Attributes::default()
        };
        for (resources, names, of, expected) in [
            ("pods", "", of("pods", "", "a"), true),
            ("pods", "", of("pods", "log", "a"), false),
            ("pods/log", "", of("pods", "log", "a"), true),
            ("*/log", "", of("pods", "log", "a"), true),
            ("*/log", "", of("pods", "", "a"), false),
            ("*", "", of("pods", "log", "a"), true),
            ("pods", "a,b", of("pods", "", "b"), true),
            ("pods", "a,b", of("pods", "", ""), false),
        ] {
            let rule = rule("get,list", "", resources, names);
            assert_eq!(allows(&rule, &of), expected, "{resources} {names}");
        }
        let url = |granted: &str, path| {
            let rule = PolicyRule {
                verbs: vec!["get".to_owned()],
                non_resource_urls: Some(vec![granted.to_owned()]),
                ..PolicyRule::default()
            };
            let of = Attributes {
                verb: "get",
                path,
                ..Attributes::default()
            };
            allows(&rule, &of)
        };
        assert!(url("/api/*", "/api/v1") && url("*", "/x") && url("/api", "/api"));
        assert!(!url("/api", "/api/v1") && !url("/api/*", "/api"));
    }

    #[test]
    fn what_is_missing_is_told_compactly() {
        let owned = [rule("get,list", "", "pods,*/scale", "")];
        let wanted = [
            rule("get,delete", "", "pods", ""),
            rule("list", "", "deployments/scale", ""),
            rule("get", "", "secrets", "a"),
        ];
        let texts: Vec<String> = compacted(missing(&owned, &wanted))
            .iter()
            .map(compact_text)
            .collect();
        assert_eq!(
            texts,
            [
                r#"{APIGroups:[""], Resources:["pods"], Verbs:["delete"]}"#,
                r#"{APIGroups:[""], Resources:["secrets"], ResourceNames:["a"], Verbs:["get"]}"#,
            ]
        );
    }
}
