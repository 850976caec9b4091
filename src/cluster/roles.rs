//! The roles and bindings that every cluster begins with
//! (`k8s.io/kubernetes/plugin/pkg/auth/authorizer/rbac/bootstrappolicy`), read from a table.

use std::collections::BTreeMap;
use std::rc::Rc;

use k8s_openapi::api::rbac::v1::{
    AggregationRule, ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding, RoleRef,
    Subject,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};

use crate::api::{Object, Resource};

const TABLE: &str = include_str!("../../static/rbac/roles.txt");
const GROUP: &str = "rbac.authorization.k8s.io";
const CONTROLLER: &str = "system:controller:";

/// Hands every object of the table to `make`, in its order.
pub(super) fn each(mut make: impl FnMut(Object)) {
    let mut lines = TABLE.lines().peekable();
    while let Some(line) = lines.next() {
        let mut words = line.split(' ');
        let first = words.next().unwrap_or_default();
        let words: Vec<&str> = words.collect();
        let word = |i: usize| words.get(i).copied().unwrap_or_default();
        let after = |i: usize| words.get(i..).unwrap_or_default();
        let mut rules = Vec::new();
        while let Some(rule) = lines.next_if(|next| next.starts_with(' ')) {
            rules.push(rule_of(rule.trim_start()));
        }
        match first {
            "role" => make(cluster_role(word(0), after(1), Some(rules), None)),
            "sum" => {
                let (key, value) = aggregate(word(1));
                let selector = LabelSelector {
                    match_labels: Some(BTreeMap::from([(key, value)])),
                    ..LabelSelector::default()
                };
                let sum = AggregationRule {
                    cluster_role_selectors: Some(vec![selector]),
                };
                make(cluster_role(word(0), after(2), None, Some(sum)));
            }
            "controller" => {
                let name = format!("{CONTROLLER}{}", word(0));
                make(cluster_role(&name, &[], Some(rules), None));
                let account = format!("account:kube-system/{}", word(0));
                make(cluster_binding(&name, &[&account]));
            }
            "bind" => make(cluster_binding(word(0), after(1))),
            "local" => make(Role::into_object(Rc::new(Role {
                metadata: metadata(word(0), word(1), &[]),
                rules: Some(rules),
            }))),
            "grant" => make(RoleBinding::into_object(Rc::new(RoleBinding {
                metadata: metadata(word(0), word(1), &[]),
                role_ref: reference("Role", word(2)),
                subjects: subjects(after(3)),
            }))),
            _ => {}
        }
    }
}

fn metadata(namespace: &str, name: &str, labels: &[&str]) -> ObjectMeta {
    let mut all = BTreeMap::from([(
        "kubernetes.io/bootstrapping".to_owned(),
        "rbac-defaults".to_owned(),
    )]);
    all.extend(labels.iter().map(|label| aggregate(label)));
    ObjectMeta {
        name: Some(name.to_owned()),
        namespace: (!namespace.is_empty()).then(|| namespace.to_owned()),
        labels: Some(all),
        annotations: Some(BTreeMap::from([(
            "rbac.authorization.kubernetes.io/autoupdate".to_owned(),
            "true".to_owned(),
        )])),
        ..ObjectMeta::default()
    }
}

/// The label by which a role adds to another one.
fn aggregate(to: &str) -> (String, String) {
    (format!("{GROUP}/aggregate-{to}"), "true".to_owned())
}

fn cluster_role(
    name: &str,
    labels: &[&str],
    rules: Option<Vec<PolicyRule>>,
    aggregation_rule: Option<AggregationRule>,
) -> Object {
    ClusterRole::into_object(Rc::new(ClusterRole {
        metadata: metadata("", name, labels),
        aggregation_rule,
        rules,
    }))
}

fn cluster_binding(name: &str, who: &[&str]) -> Object {
    ClusterRoleBinding::into_object(Rc::new(ClusterRoleBinding {
        metadata: metadata("", name, &[]),
        role_ref: reference("ClusterRole", name),
        subjects: subjects(who),
    }))
}

fn reference(kind: &str, name: &str) -> RoleRef {
    RoleRef {
        api_group: Some(GROUP.to_owned()),
        kind: kind.to_owned(),
        name: name.to_owned(),
    }
}

fn subjects(who: &[&str]) -> Option<Vec<Subject>> {
    let subject = |word: &&str| {
        let (kind, name) = word.split_once(':')?;
        let (kind, api_group, namespace, name) = match kind {
            "account" => {
                let (namespace, name) = name.split_once('/')?;
                ("ServiceAccount", None, Some(namespace.to_owned()), name)
            }
            "group" => ("Group", Some(GROUP.to_owned()), None, name),
            _ => ("User", Some(GROUP.to_owned()), None, name),
        };
        Some(Subject {
            api_group,
            kind: kind.to_owned(),
            name: name.to_owned(),
            namespace,
        })
    };
    let all: Vec<Subject> = who.iter().filter_map(subject).collect();
    (!all.is_empty()).then_some(all)
}

fn rule_of(line: &str) -> PolicyRule {
    let mut words = line.split(' ');
    let mut list = || sorted(words.next().unwrap_or_default());
    let verbs = list();
    if verbs == ["events"] {
        return rule_of("create,patch,update -,events.k8s.io events");
    }
    let groups = list();
    let resources = list();
    let names = list();
    if groups == ["url"] {
        return PolicyRule {
            verbs,
            non_resource_urls: Some(resources),
            ..PolicyRule::default()
        };
    }
    PolicyRule {
        verbs,
        api_groups: Some(groups),
        resources: Some(resources),
        resource_names: (!names.is_empty()).then_some(names),
        ..PolicyRule::default()
    }
}

/// The words of a list in order, as upstream's builder of rules leaves them.
fn sorted(list: &str) -> Vec<String> {
    let mut words = Vec::new();
    for word in list.split(',').filter(|word| !word.is_empty()) {
        match word {
            "read" => words.extend(["get", "list", "watch"]),
            "write" => words.extend(["create", "delete", "deletecollection", "patch", "update"]),
            "-" => words.push(""),
            word => words.push(word),
        }
    }
    words.sort_unstable();
    words.dedup();
    words.into_iter().map(str::to_owned).collect()
}
