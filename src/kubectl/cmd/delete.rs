//! `kubectl delete`: by name, file, selector or all; waits until the objects are gone.
//! Models `k8s.io/kubectl/pkg/cmd/delete`.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Command, FILES, needs_files};
use crate::api::kinds::KindInfo;
use crate::apiserver::Method;
use crate::kubectl::error::{Failure, Result, all, plain};
use crate::kubectl::json::text;
use crate::kubectl::kube::{DryRun, Kube, path};
use crate::kubectl::printers::deleted;

pub const DELETE: Command = Command {
    path: "delete",
    short: "Delete resources by file names, stdin, resources and names, or by resources and label selector",
    help: "([-f FILENAME] | [-k DIRECTORY] | TYPE [(NAME | -l label | --all)])
Delete objects that are named, that files describe, or that have certain labels. Pods get a grace period to end; other objects go at once, unless a finalizer holds them.

# What a file describes
kubectl delete -f web.yaml

# By name
kubectl delete pod web-1 web-2

# By label, of two types
kubectl delete pods,services -l app=web

# A pod whose node is lost
kubectl delete pod web-1 --force",
    flags: &[FILES, "-A,all-namespaces=false all=false cascade='background'?background dry-run='none'?unchanged field-selector='' force=false grace-period=-1 ignore-not-found=false -i,interactive=false now=false -o,output='' raw='' -l,selector='' timeout=0s wait=true"],
    run: |kube| Box::pin(run(kube)),
};

/// An object that is to go.
pub struct Doomed {
    pub kind: &'static KindInfo,
    pub namespace: String,
    pub name: String,
    /// The file that names it, if one does.
    pub source: String,
}

async fn run(kube: &Kube) -> Result<()> {
    needs_files(&kube.flags)?;
    let flags = &kube.flags;
    let address = flags.text("raw");
    if !address.is_empty() {
        let file = super::raw::file(kube, 0)?;
        return super::raw::send(kube, Method::Delete, address, file).await;
    }
    if !matches!(flags.text("output"), "" | "name") {
        return plain(format!(
            "unexpected -o output mode: {}. We only support '-o name'",
            flags.text("output")
        ));
    }
    if ["selector", "field-selector"]
        .iter()
        .any(|selector| flags.is("all") && !flags.text(selector).is_empty())
    {
        return plain("setting 'all' parameter but found a non empty selector. ");
    }
    let mut grace = flags.int("grace-period").unwrap_or(-1);
    if flags.is("now") {
        if grace != -1 {
            return plain("--now and --grace-period cannot be specified together");
        }
        grace = 1;
    }
    let forced = flags.is("force");
    if grace == 0 && !forced {
        // A last chance for the object to go by itself.
        grace = 1;
    }
    if forced && grace < 0 {
        grace = 0;
    }
    if forced && grace > 0 {
        return plain("--force and --grace-period greater than 0 cannot be specified together");
    }
    let cascade = flags.text("cascade");
    if let Some(meant) = match cascade {
        "true" => Some("background"),
        "false" => Some("orphan"),
        _ => None,
    } {
        kube.warn(&format!(
            "warning: --cascade={cascade} is deprecated (boolean value) and can be replaced with --cascade={meant}."
        ));
    }
    let propagation = match cascade {
        "" | "background" | "true" => "Background",
        "orphan" | "false" => "Orphan",
        "foreground" => "Foreground",
        other => {
            return plain(format!(
                "invalid cascade value ({other}). Must be \"background\", \"foreground\", or \"orphan\""
            ));
        }
    };
    if forced && grace == 0 {
        kube.warn("Warning: Immediate deletion does not wait for confirmation that the running resource has been terminated. The resource may continue to run on the cluster indefinitely.");
    }
    let (doomed, mut failures) = chosen(kube).await?;
    if flags.is("interactive") && !doomed.is_empty() && !confirmed(kube, &doomed).await {
        kube.print("deletion is cancelled");
        return Ok(());
    }
    let ignore = flags.is_or(
        "ignore-not-found",
        flags.is("all") || !flags.text("selector").is_empty(),
    );
    let mut waiting = Vec::new();
    let mut found = 0;
    let mut warned = false;
    for object in &doomed {
        if kube.namespace_given() && !object.kind.namespaced && !warned {
            warned = true;
            kube.warn(
                "Warning: deleting cluster-scoped resources, not scoped to the provided namespace",
            );
        }
        let word = if grace == 0 {
            "force deleted"
        } else {
            "deleted"
        };
        if kube.dry_run()? == DryRun::Client {
            found += 1;
            deleted(kube, object.kind, &object.namespace, &object.name, word)?;
            continue;
        }
        match send(kube, object, grace, propagation).await {
            Ok(answer) => {
                found += 1;
                deleted(kube, object.kind, &object.namespace, &object.name, word)?;
                waiting.push((object, uid_of(&answer)));
            }
            // It was named, and that it is gone already is no news.
            Err(failure) if ignore && failure.is_not_found() => found += 1,
            Err(failure) => failures.push(failure),
        }
    }
    if let Some(failure) = all(failures) {
        return Err(failure);
    }
    if found == 0 {
        kube.print("No resources found");
        return Ok(());
    }
    let waits = flags.is_or("wait", true) && kube.dry_run()? == DryRun::None;
    match waits {
        true => wait(kube, &waiting).await,
        false => Ok(()),
    }
}

/// `--interactive`: whether the person means it.
async fn confirmed(kube: &Kube, doomed: &[Doomed]) -> bool {
    kube.print(&format!(
        "You are about to delete the following {} resource(s):",
        doomed.len()
    ));
    for object in doomed {
        kube.print(&crate::kubectl::resources::label(object.kind, &object.name));
    }
    kube.io.out.write("Do you want to continue? (y/n): ");
    let answer = match &kube.io.input {
        Some(pipe) => pipe.line().await,
        None => {
            kube.shell
                .world
                .typed_line(Duration::from_secs(86_400))
                .await
        }
    };
    let answer = answer.unwrap_or_default();
    matches!(answer.trim(), "y" | "Y" | "yes")
}

async fn chosen(kube: &Kube) -> Result<(Vec<Doomed>, Vec<Failure>)> {
    let flags = &kube.flags;
    if flags.names_files() {
        let (mut manifests, failures) = kube.manifests().await;
        kube.select(&mut manifests)?;
        let doomed = manifests.into_iter().map(|m| Doomed {
            kind: m.kind,
            name: m.name().to_owned(),
            namespace: m.namespace,
            source: m.source,
        });
        return Ok((doomed.collect(), failures));
    }
    if flags.arguments.is_empty() && (flags.is("all") || !flags.text("selector").is_empty()) {
        return plain("at least one resource must be specified to use a selector");
    }
    let targets = kube.chosen(&flags.arguments).await?;
    let mut doomed = Vec::new();
    let mut failures = Vec::new();
    for target in targets {
        if !target.name.is_empty() {
            doomed.push(Doomed {
                kind: target.kind,
                namespace: target.namespace,
                name: target.name,
                source: String::new(),
            });
            continue;
        }
        let (objects, failed) = kube.objects(std::slice::from_ref(&target)).await;
        failures.extend(failed);
        doomed.extend(objects.into_iter().map(|(target, _)| Doomed {
            kind: target.kind,
            namespace: target.namespace,
            name: target.name,
            source: String::new(),
        }));
    }
    Ok((doomed, failures))
}

pub async fn send(kube: &Kube, object: &Doomed, grace: i64, propagation: &str) -> Result<Value> {
    let mut options = json!({
        "kind": "DeleteOptions",
        "apiVersion": "v1",
        "propagationPolicy": propagation,
    });
    if grace >= 0 {
        options["gracePeriodSeconds"] = Value::from(grace);
    }
    let mut request = kube.request(
        Method::Delete,
        path(object.kind, &object.namespace, &object.name, ""),
    );
    if kube.dry_run()? == DryRun::Server {
        options["dryRun"] = json!(["All"]);
        request = request.with_query("dryRun", "All");
    }
    kube.json(request.with_body(options))
        .await
        .map_err(|f| f.when_doing("deleting", &object.source))
}

/// The uid in the answer to a delete: that of the object, or in the details of a status.
fn uid_of(answer: &Value) -> String {
    match text(answer, "metadata.uid") {
        "" => text(answer, "details.uid").to_owned(),
        uid => uid.to_owned(),
    }
}

/// Waits until the objects are gone, or others have taken their names.
async fn wait(kube: &Kube, objects: &[(&Doomed, String)]) -> Result<()> {
    let timeout = kube
        .flags
        .duration("timeout")
        .unwrap_or(Duration::from_secs(168 * 3600));
    let deadline = kube.deadline(Some(timeout));
    for (object, uid) in objects {
        gone(
            kube,
            object.kind,
            &object.namespace,
            &object.name,
            uid,
            deadline,
        )
        .await?;
    }
    Ok(())
}

/// Waits until an object is gone.
pub async fn gone(
    kube: &Kube,
    kind: &'static KindInfo,
    namespace: &str,
    name: &str,
    uid: &str,
    deadline: Option<crate::sim::Time>,
) -> Result<()> {
    loop {
        let object = match kube.get(kind, namespace, name).await {
            Ok(object) => object,
            Err(failure) if failure.is_not_found() => return Ok(()),
            Err(failure) => return Err(failure),
        };
        if !uid.is_empty() && text(&object, "metadata.uid") != uid {
            return Ok(());
        }
        let mut watch = kube.watch_one(
            kind,
            namespace,
            name,
            text(&object, "metadata.resourceVersion"),
        );
        let ended = kube
            .shell
            .world
            .before(deadline, async {
                while let Some(event) = watch.next().await {
                    if text(&event, "type") == "DELETED" {
                        return;
                    }
                }
            })
            .await;
        if ended.is_none() {
            return plain(format!(
                "timed out waiting for the condition on {}/{name}",
                kind.plural
            ));
        }
    }
}
