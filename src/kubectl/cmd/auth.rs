//! `kubectl auth can-i|whoami|reconcile`. Models `k8s.io/kubectl/pkg/cmd/auth`.

use k8s_openapi::api::rbac::v1::PolicyRule;
use serde_json::{Value, json};

use super::{Command, FILES, OUTPUT, needs_files};
use crate::apiserver::Method;
use crate::apiserver::rules::compacted;
use crate::kubectl::describe::rules_table;
use crate::kubectl::error::{Failure, Result, all, plain};
use crate::kubectl::json::{list, text};
use crate::kubectl::kube::{DryRun, Kube, path};
use crate::kubectl::manifests::Manifest;
use crate::kubectl::printers::{done, format};
use crate::kubectl::tabwriter::TabWriter;

pub const CAN_I: Command = Command {
    path: "auth can-i",
    short: "Check whether an action is allowed",
    help: "VERB [TYPE | TYPE/NAME | NONRESOURCEURL]
The answer is yes or no. VERB is a word such as get or create, TYPE a resource; both can be '*'.

# May I create pods here?
kubectl auth can-i create pods

# May somebody else?
kubectl auth can-i list secrets --as=system:serviceaccount:default:robot

# All that I may do
kubectl auth can-i --list",
    flags: &["-A,all-namespaces=false list=false no-headers=false -q,quiet=false subresource=''"],
    run: |kube| Box::pin(can_i(kube)),
};

pub const WHOAMI: Command = Command {
    path: "auth whoami",
    short: "Experimental: Check self subject attributes",
    help: "
Ask the server who it takes you for: name, groups and more.

# Your name and groups
kubectl auth whoami",
    flags: &[OUTPUT],
    run: |kube| Box::pin(whoami(kube)),
};

pub const RECONCILE: Command = Command {
    path: "auth reconcile",
    short: "Reconciles rules for RBAC role, role binding, cluster role, and cluster role binding objects",
    help: "-f FILENAME
Make roles and bindings allow what the file says, as 'kubectl apply' would not: rules are compared by what they mean.

# From a file
kubectl auth reconcile -f roles.yaml",
    flags: &[OUTPUT, FILES, "dry-run='none'?unchanged remove-extra-permissions=false remove-extra-subjects=false"],
    run: |kube| Box::pin(reconcile(kube)),
};

const VERBS: &[&str] = &[
    "get",
    "list",
    "watch",
    "create",
    "update",
    "patch",
    "delete",
    "deletecollection",
    "use",
    "bind",
    "impersonate",
    "*",
    "approve",
    "sign",
    "escalate",
    "attest",
];
const URL_VERBS: &[&str] = &[
    "get", "put", "post", "head", "options", "delete", "patch", "*",
];

/// A warning of kubectl's own; its text brings a line end, as upstream's do.
fn warn(kube: &Kube, text: &str) {
    kube.warn(&format!("Warning: {text}\n"));
}

async fn can_i(kube: &Kube) -> Result<()> {
    let flags = &kube.flags;
    if flags.is("list") {
        if !flags.arguments.is_empty() {
            return plain("list option must be specified with no arguments");
        }
        if flags.is("quiet") || flags.is("all-namespaces") || flags.given("subresource") {
            return plain(
                "list option can't be specified with neither quiet, all-namespaces nor subresource options",
            );
        }
        return access_list(kube).await;
    }
    let [verb, what] = flags.arguments.as_slice() else {
        return plain(
            "you must specify two arguments: verb resource or verb resource/resourceName.\nSee 'kubectl auth can-i -h' for help and examples.",
        );
    };
    let spec = if what.starts_with('/') {
        if !flags.text("subresource").is_empty() {
            return plain("--subresource can not be used with NonResourceURL");
        }
        if !URL_VERBS.contains(&verb.as_str()) {
            warn(kube, &format!("verb '{verb}' is not a known verb"));
        }
        json!({"nonResourceAttributes": {"verb": verb, "path": what}})
    } else {
        let (word, name) = what.split_once('/').unwrap_or((what, ""));
        let everywhere = flags.is("all-namespaces");
        let (group, resource) = resource_of(kube, word);
        if !everywhere {
            let namespaced = kube.kind_of(word).is_none_or(|kind| kind.namespaced);
            match group.as_str() {
                _ if namespaced => {}
                "" => warn(
                    kube,
                    &format!("resource '{resource}' is not namespace scoped"),
                ),
                group => warn(
                    kube,
                    &format!("resource '{resource}' is not namespace scoped in group '{group}'"),
                ),
            }
            if !VERBS.contains(&verb.as_str()) {
                warn(kube, &format!("verb '{verb}' is not a known verb"));
            }
        }
        let namespace = if everywhere {
            String::new()
        } else {
            kube.namespace()
        };
        json!({"resourceAttributes": {
            "namespace": namespace, "verb": verb, "group": group, "resource": resource,
            "subresource": flags.text("subresource"), "name": name,
        }})
    };
    if flags.is("no-headers") {
        return plain("--no-headers cannot be set without --list specified");
    }
    let answer = ask(
        kube,
        "authorization.k8s.io",
        "SelfSubjectAccessReview",
        spec,
    )
    .await?;
    let status = &answer["status"];
    let allowed = status["allowed"].as_bool() == Some(true);
    if !flags.is("quiet") {
        let mut line = if allowed { "yes" } else { "no" }.to_owned();
        for field in ["reason", "evaluationError"] {
            if !allowed && !text(status, field).is_empty() {
                line.push_str(&format!(" - {}", text(status, field)));
            }
        }
        kube.print(&line);
    }
    match allowed {
        true => Ok(()),
        false => Err(Failure::Exit(1)),
    }
}

/// The group and resource that a word means; what nobody serves is asked for as it is written.
fn resource_of(kube: &Kube, word: &str) -> (String, String) {
    if word == "*" {
        return (String::new(), word.to_owned());
    }
    if let Some(kind) = kube.kind_of(word) {
        return (kind.group.to_owned(), kind.plural.to_owned());
    }
    let lower = word.to_ascii_lowercase();
    match lower.split_once('.') {
        Some((resource, group)) => warn(
            kube,
            &format!("the server doesn't have a resource type '{resource}' in group '{group}'"),
        ),
        None if lower == "users" || lower == "groups" => {}
        None => warn(
            kube,
            &format!("the server doesn't have a resource type '{lower}'"),
        ),
    }
    (String::new(), word.to_owned())
}

/// Sends a review, and returns it answered.
async fn ask(kube: &Kube, group: &str, kind: &str, spec: Value) -> Result<Value> {
    let api_version = format!("{group}/v1");
    let plural = format!("{}s", kind.to_ascii_lowercase());
    let mut review = json!({"apiVersion": api_version, "kind": kind, "metadata": {}});
    if !spec.is_null() {
        review["spec"] = spec;
    }
    let request = kube.request(Method::Post, format!("/apis/{api_version}/{plural}"));
    kube.json(request.with_body(review)).await
}

async fn access_list(kube: &Kube) -> Result<()> {
    let spec = json!({"namespace": kube.namespace()});
    let answer = ask(kube, "authorization.k8s.io", "SelfSubjectRulesReview", spec).await?;
    let status = &answer["status"];
    if status["incomplete"].as_bool() == Some(true) {
        kube.warn(&format!(
            "Warning: the list may be incomplete: {}",
            text(status, "evaluationError")
        ));
    }
    let rules = list(status, "resourceRules").iter();
    let rules: Vec<PolicyRule> = rules
        .chain(list(status, "nonResourceRules"))
        .map(rule_of)
        .collect();
    let mut page = String::new();
    if !kube.flags.is("no-headers") {
        page.push_str("Resources\tNon-Resource URLs\tResource Names\tVerbs\n");
    }
    for row in rules_table(&rules) {
        page.push_str(&row);
        page.push('\n');
    }
    kube.io.out.write(&TabWriter::list().align(&page));
    Ok(())
}

/// A rule from JSON.
pub fn rule_of(value: &Value) -> PolicyRule {
    let texts = |field: &str| -> Vec<String> {
        let items = list(value, field).iter();
        items
            .filter_map(|item| item.as_str().map(str::to_owned))
            .collect()
    };
    let some = |field: &str| Some(texts(field)).filter(|items| !items.is_empty());
    PolicyRule {
        verbs: texts("verbs"),
        api_groups: some("apiGroups"),
        resources: some("resources"),
        resource_names: some("resourceNames"),
        non_resource_urls: some("nonResourceURLs"),
    }
}

async fn whoami(kube: &Kube) -> Result<()> {
    let format = format(kube, false)?;
    let answer = ask(
        kube,
        "authentication.k8s.io",
        "SelfSubjectReview",
        Value::Null,
    )
    .await?;
    if let Some(format) = format {
        return format.print(kube, &answer);
    }
    let info = &answer["status"]["userInfo"];
    let go_list = |value: &Value| {
        let items: Vec<&str> = value
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        format!("[{}]", items.join(" "))
    };
    let mut page = "ATTRIBUTE\tVALUE\n".to_owned();
    for (title, field) in [("Username", "username"), ("UID", "uid")] {
        if !text(info, field).is_empty() {
            page.push_str(&format!("{title}\t{}\n", text(info, field)));
        }
    }
    if !list(info, "groups").is_empty() {
        page.push_str(&format!("Groups\t{}\n", go_list(&info["groups"])));
    }
    for (key, values) in info["extra"].as_object().into_iter().flatten() {
        page.push_str(&format!("Extra: {key}\t{}\n", go_list(values)));
    }
    kube.io.out.write(&TabWriter::list().align(&page));
    Ok(())
}

async fn reconcile(kube: &Kube) -> Result<()> {
    needs_files(&kube.flags)?;
    if let Some(word) = kube.flags.arguments.first() {
        return plain(format!("no arguments are allowed: {word}"));
    }
    if !kube.flags.names_files() {
        return plain("must specify one of -f and -k");
    }
    let (manifests, mut failures) = kube.manifests().await;
    for manifest in &manifests {
        if manifest.kind.group != "rbac.authorization.k8s.io" {
            continue;
        }
        if let Err(failure) = reconcile_one(kube, manifest).await {
            failures.push(failure);
        }
    }
    match all(failures) {
        Some(failure) => Err(failure),
        None => Ok(()),
    }
}

async fn reconcile_one(kube: &Kube, manifest: &Manifest) -> Result<()> {
    let kind = manifest.kind;
    let wanted = &manifest.object;
    let live = match kube.get(kind, &manifest.namespace, manifest.name()).await {
        Ok(live) => Some(live),
        Err(failure) if failure.is_not_found() => None,
        Err(failure) => return Err(failure),
    };
    let is_binding = kind.kind.ends_with("Binding");
    let mut object = live.clone().unwrap_or_else(|| wanted.clone());
    let mut replaced = false;
    if let Some(live) = &live {
        if is_binding {
            merge_subjects(kube, &mut object, wanted);
            replaced = live["roleRef"] != with_group(&wanted["roleRef"]);
            if replaced {
                object["roleRef"] = wanted["roleRef"].clone();
            }
        } else {
            merge_rules(kube, &mut object, wanted);
        }
        for field in ["labels", "annotations"] {
            for (key, value) in wanted["metadata"][field].as_object().into_iter().flatten() {
                object["metadata"][field][key] = value.clone();
            }
        }
    }
    let wanted_object = object.clone();
    if kube.dry_run()? != DryRun::Client && live.as_ref() != Some(&object) {
        if replaced {
            let gone = path(kind, &manifest.namespace, manifest.name(), "");
            kube.json(kube.change(Method::Delete, gone, "kubectl-auth")?)
                .await?;
            for field in ["uid", "resourceVersion", "creationTimestamp"] {
                if let Some(meta) = object["metadata"].as_object_mut() {
                    meta.remove(field);
                }
            }
        }
        let (method, name) = match live.is_some() && !replaced {
            true => (Method::Put, manifest.name()),
            false => (Method::Post, ""),
        };
        let to = path(kind, &manifest.namespace, name, "");
        object = kube
            .json(kube.change(method, to, "kubectl-auth")?.with_body(object))
            .await?;
    }
    done(kube, kind, &object, "reconciled")?;
    let operation = match &live {
        None => "create",
        Some(_) if replaced => "recreate",
        Some(live) if *live != wanted_object => "update",
        Some(_) => return Ok(()),
    };
    kube.warn(&format!("\treconciliation required {operation}"));
    tell_changes(
        kube,
        wanted,
        live.as_ref().unwrap_or(&Value::Null),
        is_binding,
    );
    Ok(())
}

fn with_group(reference: &Value) -> Value {
    let mut reference = reference.clone();
    if text(&reference, "apiGroup").is_empty() {
        reference["apiGroup"] = Value::from("rbac.authorization.k8s.io");
    }
    reference
}

fn same_subject(a: &Value, b: &Value) -> bool {
    ["kind", "name", "namespace"]
        .iter()
        .all(|field| text(a, field) == text(b, field))
}

fn merge_subjects(kube: &Kube, object: &mut Value, wanted: &Value) {
    if kube.flags.is("remove-extra-subjects") {
        object["subjects"] = wanted["subjects"].clone();
        return;
    }
    let mut subjects = list(object, "subjects").to_vec();
    for subject in list(wanted, "subjects") {
        if !subjects.iter().any(|own| same_subject(own, subject)) {
            subjects.push(subject.clone());
        }
    }
    object["subjects"] = Value::Array(subjects);
}

fn merge_rules(kube: &Kube, object: &mut Value, wanted: &Value) {
    if kube.flags.is("remove-extra-permissions") {
        object["rules"] = wanted["rules"].clone();
        return;
    }
    let owned: Vec<PolicyRule> = list(object, "rules").iter().map(rule_of).collect();
    let asked: Vec<PolicyRule> = list(wanted, "rules").iter().map(rule_of).collect();
    let missing = crate::apiserver::rules::missing(&owned, &asked);
    let mut rules = list(object, "rules").to_vec();
    for rule in compacted(missing) {
        rules.push(crate::api::codec::encode(&rule));
    }
    object["rules"] = Value::Array(rules);
}

/// Says what was missing, and what was taken away (`printResults`).
fn tell_changes(kube: &Kube, wanted: &Value, live: &Value, is_binding: bool) {
    let tell = |title: &str, lines: Vec<String>| {
        if !lines.is_empty() {
            kube.warn(&format!("\t{title}:"));
            lines
                .iter()
                .for_each(|line| kube.warn(&format!("\t\t{line}")));
        }
    };
    if is_binding {
        let (owned, asked) = (list(live, "subjects"), list(wanted, "subjects"));
        let without = |of: &[Value], others: &[Value]| -> Vec<String> {
            of.iter()
                .filter(|subject| !others.iter().any(|own| same_subject(own, subject)))
                .map(subject_text)
                .collect()
        };
        tell("missing subjects added", without(asked, owned));
        if kube.flags.is("remove-extra-subjects") {
            tell("extra subjects removed", without(owned, asked));
        }
        return;
    }
    let rules =
        |value: &Value| -> Vec<PolicyRule> { list(value, "rules").iter().map(rule_of).collect() };
    let (owned, asked) = (rules(live), rules(wanted));
    let shown = |rules: Vec<PolicyRule>| rules.iter().map(rule_text).collect();
    let missing = match live.is_null() {
        true => asked.clone(),
        false => compacted(crate::apiserver::rules::missing(&owned, &asked)),
    };
    tell("missing rules added", shown(missing));
    if kube.flags.is("remove-extra-permissions") {
        let extra = compacted(crate::apiserver::rules::missing(&asked, &owned));
        tell("extra rules removed", shown(extra));
    }
}

/// A rule as Go prints it.
fn rule_text(rule: &PolicyRule) -> String {
    let texts = |texts: Option<&Vec<String>>| texts.map(|t| t.join(" ")).unwrap_or_default();
    format!(
        "{{Verbs:[{}] APIGroups:[{}] Resources:[{}] ResourceNames:[{}] NonResourceURLs:[{}]}}",
        rule.verbs.join(" "),
        texts(rule.api_groups.as_ref()),
        texts(rule.resources.as_ref()),
        texts(rule.resource_names.as_ref()),
        texts(rule.non_resource_urls.as_ref())
    )
}

/// A subject as Go prints it.
fn subject_text(subject: &Value) -> String {
    let field = |name: &str| text(subject, name).to_owned();
    format!(
        "{{Kind:{} APIGroup:{} Name:{} Namespace:{}}}",
        field("kind"),
        field("apiGroup"),
        field("name"),
        field("namespace")
    )
}
