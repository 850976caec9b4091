//! `kubectl apply --prune`: removes what was applied once and is not among what is applied now.
//! Models `k8s.io/kubectl/pkg/cmd/apply/prune.go`.

use serde_json::{Value, json};

use crate::api::Kind;
use crate::api::kinds::KindInfo;
use crate::apiserver::Method;
use crate::apiserver::patch::apply::LAST_APPLIED;
use crate::kubectl::error::{Result, plain};
use crate::kubectl::json::{annotation, name, namespace, text};
use crate::kubectl::kube::{DryRun, Kube, path};
use crate::kubectl::printers::done;

/// The kinds that are looked at unless others are named.
const KINDS: [(&str, &str); 16] = [
    ("v1", "ConfigMap"),
    ("v1", "Endpoints"),
    ("v1", "Namespace"),
    ("v1", "PersistentVolumeClaim"),
    ("v1", "PersistentVolume"),
    ("v1", "Pod"),
    ("v1", "ReplicationController"),
    ("v1", "Secret"),
    ("v1", "Service"),
    ("batch/v1", "Job"),
    ("batch/v1", "CronJob"),
    ("networking.k8s.io/v1", "Ingress"),
    ("apps/v1", "DaemonSet"),
    ("apps/v1", "Deployment"),
    ("apps/v1", "ReplicaSet"),
    ("apps/v1", "StatefulSet"),
];

/// Refuses a prune that would take all without having been told to.
pub fn check(kube: &Kube) -> Result<()> {
    let flags = &kube.flags;
    if !flags.text("applyset").is_empty() {
        // What is applied together is told by an object.
        return Ok(());
    }
    if flags.is("prune") && flags.text("selector").is_empty() && !flags.is("all") {
        return plain(
            "all resources selected for prune without explicitly passing --all. To prune all resources, pass the --all flag. If you did not mean to prune all resources, specify a label selector",
        );
    }
    if flags.is("prune") && flags.is("all") && !flags.text("selector").is_empty() {
        return plain("cannot set --all and --selector at the same time");
    }
    if flags.is("prune") {
        kinds(kube)?;
    }
    Ok(())
}

/// The kinds of the list that is allowed.
fn kinds(kube: &Kube) -> Result<Vec<&'static KindInfo>> {
    let mut given = kube.flags.list("prune-allowlist").to_vec();
    given.extend_from_slice(kube.flags.list("prune-whitelist"));
    if given.is_empty() {
        let known = KINDS.iter().filter_map(|(v, k)| Kind::by_gvk(v, k));
        return Ok(known.map(Kind::info).collect());
    }
    let mut kinds = Vec::new();
    for word in &given {
        let [group, version, kind] = word.split('/').collect::<Vec<_>>()[..] else {
            return plain(format!(
                "invalid GroupVersionKind format: {word}, please follow <group/version/kind>"
            ));
        };
        let api_version = match group {
            "core" | "" => version.to_owned(),
            group => format!("{group}/{version}"),
        };
        match kube.kind_by_gvk(&api_version, kind) {
            Some(info) => kinds.push(info),
            None => {
                return plain(format!(
                    "error retrieving RESTMappings to prune: invalid resource {}/{version}, Kind={kind}: no matches for kind \"{kind}\" in version \"{api_version}\"",
                    if group == "core" { "" } else { group }
                ));
            }
        }
    }
    Ok(kinds)
}

/// Removes what is left over. `applied` are the uids of what was applied, `places` the namespaces
/// that it went to.
pub async fn run(kube: &Kube, applied: &[String], places: &[String]) -> Result<()> {
    for info in kinds(kube)? {
        for place in places_of(info, places) {
            let query = [("labelSelector", kube.flags.text("selector").to_owned())];
            for object in kube.list(info, place, &query).await? {
                let kept = annotation(&object, LAST_APPLIED).is_none()
                    || is_among(applied, &object)
                    || !text(&object, "metadata.deletionTimestamp").is_empty();
                if !kept {
                    remove(kube, info, &object).await?;
                }
            }
        }
    }
    Ok(())
}

/// Where objects of a kind are looked for: in these namespaces, or at once in the whole cluster.
pub(super) fn places_of<'p>(info: &KindInfo, namespaces: &'p [String]) -> Vec<&'p str> {
    match info.namespaced {
        true => namespaces
            .iter()
            .map(String::as_str)
            .filter(|p| !p.is_empty())
            .collect(),
        false => vec![""],
    }
}

/// Whether an object is one of those that were applied, by their uids.
pub(super) fn is_among(applied: &[String], object: &Value) -> bool {
    applied
        .iter()
        .any(|uid| uid == text(object, "metadata.uid"))
}

/// Removes an object and says so.
pub(super) async fn remove(kube: &Kube, info: &'static KindInfo, object: &Value) -> Result<()> {
    if kube.dry_run()? != DryRun::Client {
        let at = path(info, namespace(object), name(object), "");
        let mut options = json!({
            "kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Background",
        });
        // A body counts, and not the query beside it.
        if kube.dry_run()? == DryRun::Server {
            options["dryRun"] = json!(["All"]);
        }
        let request = kube.request(Method::Delete, at).with_body(options);
        match kube.json(request).await {
            Ok(_) => {}
            Err(failure) if failure.is_not_found() => return Ok(()),
            Err(failure) => return Err(failure),
        }
    }
    done(kube, info, object, "pruned")
}
