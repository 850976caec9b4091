//! `kubectl set subject` and `kubectl set serviceaccount`. Models `k8s.io/kubectl/pkg/cmd/set`.

use serde_json::{Value, json};

use super::{Command, FILES, OUTPUT};
use crate::kubectl::error::{Failure, Result, all, plain};
use crate::kubectl::json::{list, text};
use crate::kubectl::kube::Kube;
use crate::kubectl::printers::done;
use crate::kubectl::resources::label;

pub const SUBJECT: Command = Command {
    path: "set subject",
    short: "Update the user, group, or service account in a role binding or cluster role binding",
    help: "(-f FILENAME | TYPE NAME) [--user=username] [--group=groupname] [--serviceaccount=namespace:serviceaccountname] [--dry-run=server|client|none]
# One more service account for a binding
kubectl set subject rolebinding reads --serviceaccount=default:robot

# A user and two groups
kubectl set subject clusterrolebinding admin --user=anna --group=ops --group=dev",
    flags: &[OUTPUT, FILES, "all=false dry-run='none'?unchanged field-manager='kubectl-set' group=[]* local=false -l,selector='' serviceaccount=[]* user=[]*"],
    run: |kube| Box::pin(subject(kube)),
};

pub const SERVICE_ACCOUNT: Command = Command {
    path: "set serviceaccount",
    short: "Update the service account of a resource",
    help: "(-f FILENAME | TYPE NAME) SERVICE_ACCOUNT
# Let the pods of a deployment act as robot
kubectl set serviceaccount deployment web robot",
    flags: &[
        OUTPUT,
        FILES,
        "all=false dry-run='none'?unchanged field-manager='kubectl-set' local=false",
    ],
    run: |kube| Box::pin(service_account(kube)),
};

const RBAC: &str = "rbac.authorization.k8s.io";

async fn subject(kube: &Kube) -> Result<()> {
    let flags = &kube.flags;
    if flags.is("all") && !flags.text("selector").is_empty() {
        return plain("cannot set --all and --selector at the same time");
    }
    let given = |flag: &str| flags.list(flag).iter();
    if ["user", "group", "serviceaccount"]
        .iter()
        .all(|f| flags.list(f).is_empty())
    {
        kube.targets(&kube.flags.arguments).await?;
        return plain("you must specify at least one value of user, group or serviceaccount");
    }
    let (objects, mut failures) = kube.chosen_objects().await?;
    let mut wanted = Vec::new();
    for (flag, kind) in [("user", "User"), ("group", "Group")] {
        wanted.extend(given(flag).map(|n| json!({"apiGroup": RBAC, "kind": kind, "name": n})));
    }
    for account in given("serviceaccount") {
        let (namespace, name) = match account.split(':').collect::<Vec<_>>().as_slice() {
            [namespace, name] if !name.is_empty() => ((*namespace).to_owned(), (*name).to_owned()),
            _ => return plain("serviceaccount must be <namespace>:<name>"),
        };
        if namespace.is_empty() && objects.iter().any(|(t, _)| !t.kind.namespaced) {
            return plain("serviceaccount must be <namespace>:<name>, namespace must be specified");
        }
        let namespace = match namespace.as_str() {
            "" => kube.namespace(),
            _ => namespace,
        };
        wanted.push(json!({"kind": "ServiceAccount", "name": name, "namespace": namespace}));
    }
    for (target, before) in objects {
        if target.kind.group != RBAC || !target.kind.kind.ends_with("Binding") {
            failures.push(Failure::Plain(format!(
                "{}/{} setting subjects is only supported for RoleBinding/ClusterRoleBinding",
                target.kind.plural, target.name
            )));
            continue;
        }
        let mut subjects = list(&before, "subjects").to_vec();
        for subject in &wanted {
            let same = |own: &Value| {
                ["apiGroup", "kind", "name", "namespace"]
                    .iter()
                    .all(|field| text(own, field) == text(subject, field))
            };
            if !subjects.iter().any(same) {
                subjects.push(subject.clone());
            }
        }
        let mut after = before.clone();
        after["subjects"] = Value::Array(subjects);
        match kube
            .send_changes(&target, &before, after, "kubectl-set")
            .await
        {
            Ok(Some(object)) => done(kube, target.kind, &object, "subjects updated")?,
            Ok(None) => {}
            Err(failure) => failures.push(failure),
        }
    }
    match all(failures) {
        Some(failure) => Err(failure),
        None => Ok(()),
    }
}

async fn service_account(kube: &Kube) -> Result<()> {
    let Some((account, words)) = kube.flags.arguments.split_last() else {
        return plain("serviceaccount is required");
    };
    if words.is_empty() && !kube.flags.names_files() {
        return plain(crate::kubectl::resources::NOTHING_NAMED);
    }
    let (objects, mut failures) = kube.chosen_of(words).await?;
    for (target, before) in objects {
        let mut after = before.clone();
        let Some(spec) = super::set::template_spec(&mut after) else {
            failures.push(Failure::Plain(format!(
                "{} does not have a pod template",
                label(target.kind, &target.name)
            )));
            continue;
        };
        spec["serviceAccountName"] = account.as_str().into();
        // The old name of the field follows: the server would keep it otherwise.
        if !kube.flags.is("local") {
            spec["serviceAccount"] = account.as_str().into();
        }
        match kube
            .send_changes(&target, &before, after, "kubectl-set")
            .await
        {
            Ok(object) => {
                let object = object.as_ref().unwrap_or(&before);
                done(kube, target.kind, object, "serviceaccount updated")?;
            }
            Err(failure) => failures.push(Failure::Plain(format!(
                "failed to patch ServiceAccountName {}",
                failure.message()
            ))),
        }
    }
    match all(failures) {
        Some(failure) => Err(failure),
        None => Ok(()),
    }
}
