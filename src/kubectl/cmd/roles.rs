//! `kubectl create role|clusterrole|rolebinding|clusterrolebinding|token`.
//! Models `k8s.io/kubectl/pkg/cmd/create`.

use serde_json::{Value, json};

use super::generate::{COMMON, MANAGER, known, make, only_name};
use super::{Command, OUTPUT};
use crate::apiserver::Method;
use crate::kubectl::error::{Failure, Result, plain};
use crate::kubectl::json::text;
use crate::kubectl::kube::{Kube, path};
use crate::kubectl::printers::format;

pub const ROLE: Command = Command {
    path: "create role",
    short: "Create a role with single rule",
    help: "NAME --verb=verb --resource=resource.group/subresource [--resource-name=resourcename] [--dry-run=server|client|none]
# Who has this role may read pods
kubectl create role reader --verb=get,list,watch --resource=pods

# The logs of one pod
kubectl create role logs --verb=get --resource=pods/log --resource-name=web",
    flags: &[OUTPUT, COMMON, "resource-name=[]* resource=[] verb=[]"],
    run: |kube| Box::pin(role(kube)),
};
pub const CLUSTER_ROLE: Command = Command {
    path: "create clusterrole",
    short: "Create a cluster role",
    help: "NAME --verb=verb --resource=resource.group [--resource-name=resourcename] [--dry-run=server|client|none]
# Read nodes
kubectl create clusterrole node-reader --verb=get,list --resource=nodes

# A path that is no resource
kubectl create clusterrole health --verb=get --non-resource-url=/healthz

# The rules of all cluster roles with a label
kubectl create clusterrole all-of --aggregation-rule='part-of=monitoring'",
    flags: &[OUTPUT, COMMON, "aggregation-rule= non-resource-url=[] resource-name=[]* resource=[] verb=[]"],
    run: |kube| Box::pin(cluster_role(kube)),
};
pub const ROLE_BINDING: Command = Command {
    path: "create rolebinding",
    short: "Create a role binding for a particular role or cluster role",
    help: "NAME --clusterrole=NAME|--role=NAME [--user=username] [--group=groupname] [--serviceaccount=namespace:serviceaccountname] [--dry-run=server|client|none]
# Anna may read here
kubectl create rolebinding anna-reads --role=reader --user=anna

# A service account of another namespace
kubectl create rolebinding robot-views --clusterrole=view --serviceaccount=tools:robot",
    flags: &[OUTPUT, COMMON, "clusterrole='' group=[]* role='' serviceaccount=[]* user=[]*"],
    run: |kube| Box::pin(role_binding(kube)),
};
pub const CLUSTER_ROLE_BINDING: Command = Command {
    path: "create clusterrolebinding",
    short: "Create a cluster role binding for a particular cluster role",
    help: "NAME --clusterrole=NAME [--user=username] [--group=groupname] [--serviceaccount=namespace:serviceaccountname] [--dry-run=server|client|none]
# A group that may do everything
kubectl create clusterrolebinding admins --clusterrole=cluster-admin --group=ops",
    flags: &[OUTPUT, COMMON, "clusterrole='' group=[]* serviceaccount=[]* user=[]*"],
    run: |kube| Box::pin(cluster_role_binding(kube)),
};
pub const TOKEN: Command = Command {
    path: "create token",
    short: "Request a service account token",
    help: "SERVICE_ACCOUNT_NAME
# A token for the service account robot
kubectl create token robot

# One that lives ten minutes, for another audience
kubectl create token robot --duration=10m --audience=vault",
    flags: &[
        OUTPUT,
        "audience=[]* bound-object-kind='' bound-object-name='' bound-object-uid='' duration=0s",
    ],
    run: |kube| Box::pin(token(kube)),
};

const RBAC: &str = "rbac.authorization.k8s.io";
const VERSION: &str = "rbac.authorization.k8s.io/v1";
const VERBS: &[&str] = &[
    "*",
    "get",
    "delete",
    "list",
    "create",
    "update",
    "patch",
    "watch",
    "proxy",
    "deletecollection",
    "use",
    "bind",
    "escalate",
    "impersonate",
];
const URL_VERBS: &[&str] = &[
    "*", "get", "put", "post", "head", "options", "delete", "patch",
];

/// What `--resource` names.
struct Resource {
    group: String,
    resource: String,
    subresource: String,
    is_served: bool,
}

fn unique(words: &[String]) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for word in words {
        if !out.contains(word) {
            out.push(word.clone());
        }
    }
    out
}

fn verbs(kube: &Kube) -> Vec<String> {
    let given = kube.flags.list("verb");
    match given.iter().any(|v| v == "*") {
        true => vec!["*".to_owned()],
        false => unique(given),
    }
}

/// Reads `RESOURCE[.GROUP][/SUBRESOURCE]`, with short names made long.
fn resources(kube: &Kube) -> Vec<Resource> {
    let mut out = Vec::new();
    for word in kube.flags.list("resource") {
        let (full, subresource) = word.split_once('/').unwrap_or((word, ""));
        let (name, group) = full.split_once('.').unwrap_or((full, ""));
        let kind = kube.kind_of(full).filter(|_| name != "*");
        let resource = Resource {
            group: kind.map_or(group, |k| k.group).to_owned(),
            resource: kind.map_or(name, |k| k.plural).to_owned(),
            subresource: subresource.to_owned(),
            is_served: kind.is_some(),
        };
        if word == "*" {
            return vec![resource];
        }
        out.push(resource);
    }
    out
}

/// Verbs that exist for some resources only.
fn special(verb: &str) -> Option<&'static [(&'static str, &'static str)]> {
    match verb {
        "use" => Some(&[
            ("policy", "podsecuritypolicies"),
            ("extensions", "podsecuritypolicies"),
        ]),
        "bind" | "escalate" => Some(&[(RBAC, "roles"), (RBAC, "clusterroles")]),
        "impersonate" => Some(&[
            ("", "users"),
            ("", "serviceaccounts"),
            ("", "groups"),
            ("authentication.k8s.io", "userextras"),
        ]),
        _ => None,
    }
}

fn check_resources(kube: &Kube, verbs: &[String], resources: &[Resource]) -> Result<()> {
    for verb in verbs.iter().filter(|v| !VERBS.contains(&v.as_str())) {
        kube.warn(&format!(
            "Warning: '{verb}' is not a standard resource verb"
        ));
    }
    if resources.is_empty() {
        return plain("at least one resource must be specified");
    }
    for of in resources {
        if of.resource.is_empty() {
            return plain("resource must be specified if apiGroup/subresource specified");
        }
        if of.resource == "*" {
            return Ok(());
        }
        let mut is_known = of.is_served;
        for verb in verbs {
            let Some(places) = special(verb) else {
                continue;
            };
            if !places.contains(&(of.group.as_str(), of.resource.as_str())) {
                return plain(format!(
                    "can not perform '{verb}' on '{}' in group '{}'",
                    of.resource, of.group
                ));
            }
            is_known = true;
        }
        if !is_known {
            return Err(Failure::Said(match of.group.as_str() {
                "" => format!(
                    "the server doesn't have a resource type \"{}\"",
                    of.resource
                ),
                group => format!(
                    "the server doesn't have a resource type \"{}\" in group \"{group}\"",
                    of.resource
                ),
            }));
        }
    }
    Ok(())
}

/// A rule for each group, in the groups' order.
fn rules(kube: &Kube, verbs: &[String], resources: &[Resource]) -> Vec<Value> {
    let mut groups: Vec<&str> = resources.iter().map(|r| r.group.as_str()).collect();
    groups.sort_unstable();
    groups.dedup();
    let names = unique(kube.flags.list("resource-name"));
    let rule = |group: &str| {
        let all: Vec<String> = resources
            .iter()
            .filter(|r| r.group == group)
            .map(|r| match r.subresource.as_str() {
                "" => r.resource.clone(),
                subresource => format!("{}/{subresource}", r.resource),
            })
            .collect();
        let mut rule = json!({"apiGroups": [group], "resources": unique(&all), "verbs": verbs});
        if !names.is_empty() {
            rule["resourceNames"] = json!(names);
        }
        rule
    };
    groups.into_iter().map(rule).collect()
}

async fn role(kube: &Kube) -> Result<()> {
    let name = only_name(kube)?;
    let (verbs, resources) = (verbs(kube), resources(kube));
    if verbs.is_empty() {
        return plain("at least one verb must be specified");
    }
    check_resources(kube, &verbs, &resources)?;
    let object = json!({
        "apiVersion": VERSION, "kind": "Role", "metadata": {"name": name},
        "rules": rules(kube, &verbs, &resources),
    });
    make(
        kube,
        known(VERSION, "Role")?,
        object,
        MANAGER,
        "",
        "created",
    )
    .await
}

async fn cluster_role(kube: &Kube) -> Result<()> {
    let name = only_name(kube)?;
    let (verbs, resources) = (verbs(kube), resources(kube));
    let urls = unique(kube.flags.list("non-resource-url"));
    let sum = kube.flags.list("aggregation-rule");
    let mut object =
        json!({"apiVersion": VERSION, "kind": "ClusterRole", "metadata": {"name": name}});
    if !sum.is_empty() {
        if !urls.is_empty()
            || !verbs.is_empty()
            || !resources.is_empty()
            || kube.flags.given("resource-name")
        {
            return plain(
                "aggregation rule must be specified without nonResourceURLs, verbs, resources or resourceNames",
            );
        }
        let mut labels = serde_json::Map::new();
        for pair in sum {
            let Some((key, value)) = pair.split_once('=') else {
                return plain(format!("{pair} must be formatted as key=value"));
            };
            labels.insert(key.to_owned(), value.into());
        }
        object["aggregationRule"] = json!({"clusterRoleSelectors": [{"matchLabels": labels}]});
        object["rules"] = Value::Null;
    } else {
        if verbs.is_empty() {
            return plain("at least one verb must be specified");
        }
        if resources.is_empty() && urls.is_empty() {
            return plain("one of resource or nonResourceURL must be specified");
        }
        if !resources.is_empty() {
            check_resources(kube, &verbs, &resources)?;
        }
        let mut all = rules(kube, &verbs, &resources);
        if !urls.is_empty() {
            check_urls(&verbs, &urls)?;
            all.push(json!({"verbs": verbs, "nonResourceURLs": urls}));
        }
        object["rules"] = Value::Array(all);
    }
    let kind = known(VERSION, "ClusterRole")?;
    make(kube, kind, object, MANAGER, "", "created").await
}

fn check_urls(verbs: &[String], urls: &[String]) -> Result<()> {
    if let Some(verb) = verbs.iter().find(|v| !URL_VERBS.contains(&v.as_str())) {
        return plain(format!("invalid verb: '{verb}' for nonResourceURL"));
    }
    for url in urls.iter().filter(|url| *url != "*") {
        if !url.starts_with('/') {
            return plain("nonResourceURL should start with /");
        }
        if url.find('*').is_some_and(|at| at + 1 < url.len()) {
            return plain("nonResourceURL only supports wildcard matches when '*' is at the end");
        }
    }
    Ok(())
}

fn subjects(kube: &Kube) -> Result<Vec<Value>> {
    let mut out = Vec::new();
    for (flag, kind) in [("user", "User"), ("group", "Group")] {
        for name in unique(kube.flags.list(flag)) {
            out.push(json!({"apiGroup": RBAC, "kind": kind, "name": name}));
        }
    }
    for account in unique(kube.flags.list("serviceaccount")) {
        let parts: Vec<&str> = account.split(':').collect();
        match parts.as_slice() {
            [namespace, name] if !namespace.is_empty() && !name.is_empty() => {
                out.push(json!({"kind": "ServiceAccount", "name": name, "namespace": namespace}));
            }
            _ => return plain("serviceaccount must be <namespace>:<name>"),
        }
    }
    Ok(out)
}

fn binding(kube: &Kube, kind: &str, name: &str, role: (&str, &str)) -> Result<Value> {
    let mut object = json!({
        "apiVersion": VERSION, "kind": kind, "metadata": {"name": name},
        "roleRef": {"apiGroup": RBAC, "kind": role.0, "name": role.1},
    });
    let subjects = subjects(kube)?;
    if !subjects.is_empty() {
        object["subjects"] = Value::Array(subjects);
    }
    Ok(object)
}

async fn role_binding(kube: &Kube) -> Result<()> {
    let name = only_name(kube)?;
    let role = match (kube.flags.text("clusterrole"), kube.flags.text("role")) {
        (cluster, "") if !cluster.is_empty() => ("ClusterRole", cluster),
        ("", role) if !role.is_empty() => ("Role", role),
        _ => return plain("exactly one of clusterrole or role must be specified"),
    };
    let object = binding(kube, "RoleBinding", &name, role)?;
    let lead = "failed to create rolebinding:";
    let kind = known(VERSION, "RoleBinding")?;
    make(kube, kind, object, MANAGER, lead, "created").await
}

async fn cluster_role_binding(kube: &Kube) -> Result<()> {
    if !kube.flags.given("clusterrole") {
        return plain("required flag(s) \"clusterrole\" not set");
    }
    let name = only_name(kube)?;
    let role = kube.flags.text("clusterrole");
    if role.is_empty() {
        return plain("clusterrole must be specified");
    }
    let object = binding(kube, "ClusterRoleBinding", &name, ("ClusterRole", role))?;
    let lead = "failed to create clusterrolebinding:";
    let kind = known(VERSION, "ClusterRoleBinding")?;
    make(kube, kind, object, MANAGER, lead, "created").await
}

async fn token(kube: &Kube) -> Result<()> {
    const SECOND: i64 = 1_000_000_000;
    const KINDS: [(&str, &str); 3] = [("Node", "v1"), ("Pod", "v1"), ("Secret", "v1")];
    let flags = &kube.flags;
    let name = only_name(kube)?;
    let duration = flags.nanos("duration").unwrap_or(0);
    if duration < 0 {
        return plain("--duration must be greater than or equal to 0");
    }
    if duration % SECOND != 0 {
        return plain("--duration cannot be expressed in units less than seconds");
    }
    if flags.list("audience").iter().any(String::is_empty) {
        return plain("--audience must not be an empty string");
    }
    let (kind, bound, uid) = (
        flags.text("bound-object-kind"),
        flags.text("bound-object-name"),
        flags.text("bound-object-uid"),
    );
    if kind.is_empty() {
        for (flag, value) in [("name", bound), ("uid", uid)] {
            if !value.is_empty() {
                return plain(format!(
                    "--bound-object-{flag} can only be set if --bound-object-kind is provided"
                ));
            }
        }
    } else {
        if !KINDS.iter().any(|(known, _)| *known == kind) {
            let names: Vec<&str> = KINDS.iter().map(|(name, _)| *name).collect();
            return plain(format!(
                "supported --bound-object-kind values are {}",
                names.join(", ")
            ));
        }
        if bound.is_empty() {
            return plain("--bound-object-name is required if --bound-object-kind is provided");
        }
    }
    let mut spec = json!({});
    if !flags.list("audience").is_empty() {
        spec["audiences"] = json!(flags.list("audience"));
    }
    if duration > 0 {
        spec["expirationSeconds"] = (duration / SECOND).into();
    }
    if !kind.is_empty() {
        spec["boundObjectRef"] = json!({"kind": kind, "apiVersion": "v1", "name": bound});
        if !uid.is_empty() {
            spec["boundObjectRef"]["uid"] = uid.into();
        }
    }
    let format = format(kube, false)?;
    let account = known("v1", "ServiceAccount")?;
    let to = path(account, &kube.namespace(), &name, "token");
    let body = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "metadata": {}, "spec": spec});
    let answer = kube
        .json(kube.request(Method::Post, to).with_body(body))
        .await
        .map_err(|f| Failure::Plain(format!("failed to create token: {}", f.message())))?;
    match format {
        Some(format) => format.print(kube, &answer),
        None => {
            kube.print(text(&answer, "status.token"));
            Ok(())
        }
    }
}
