//! `kubectl scale`. Models `k8s.io/kubectl/pkg/scale`.

use serde_json::{Value, json};

use super::{Command, FILES, OUTPUT};
use crate::api::Kind;
use crate::apiserver::Method;
use crate::kubectl::error::{Failure, Result, all, plain};
use crate::kubectl::json::int;
use crate::kubectl::kube::{DryRun, Kube, path};
use crate::kubectl::manifests::is_of_file;
use crate::kubectl::printers::done;
use crate::kubectl::resources::Target;

pub const SCALE: Command = Command {
    path: "scale",
    short: "Set a new size for a deployment, replica set, or replication controller",
    help: "[--resource-version=version] [--current-replicas=count] --replicas=COUNT (-f FILENAME | TYPE NAME)
Set how many pods a deployment, replica set, replication controller or stateful set has. Conditions can be set on what it is like so far.

# Three
kubectl scale --replicas=3 deployment/web

# Three, if there are two now
kubectl scale --current-replicas=2 --replicas=3 deployment/web

# Several at once
kubectl scale --replicas=5 deployment/web deployment/api",
    flags: &[OUTPUT, FILES, "all=false current-replicas=-1 dry-run='none'?unchanged replicas=0 resource-version='' -l,selector='' timeout=0s"],
    run: |kube| Box::pin(run(kube)),
};

async fn run(kube: &Kube) -> Result<()> {
    let Some(replicas) = kube.flags.int("replicas") else {
        return plain("required flag(s) \"replicas\" not set");
    };
    if replicas < 0 {
        return plain(
            "The --replicas=COUNT flag is required, and COUNT must be greater than or equal to 0",
        );
    }
    if kube.flags.int("current-replicas").is_some_and(|n| n < -1) {
        return plain("The --current-replicas must specify an integer of -1 or greater");
    }
    let (objects, mut failures) = kube.chosen_objects().await?;
    if kube.flags.names_files() {
        let in_file = |failure: &Failure| match failure {
            Failure::Plain(message) => !is_of_file(message),
            _ => false,
        };
        if objects.is_empty() && !failures.iter().all(in_file) {
            return all(failures).map_or(Ok(()), Err);
        }
        // It is enough that one of the objects is there.
        if !objects.is_empty() {
            failures.retain(|failure| !in_file(failure));
        }
    }
    if objects.is_empty() {
        return plain(match all(failures) {
            None => "no objects passed to scale".to_owned(),
            Some(failure) => format!("no objects passed to scale {}", failure.message()),
        });
    }
    for (target, object) in &objects {
        match scale(kube, target, replicas).await {
            Ok(()) => done(
                kube,
                target.kind,
                &scaled(target, object, replicas),
                "scaled",
            )?,
            Err(failure) => failures.push(failure),
        }
    }
    match all(failures) {
        Some(failure) => Err(failure),
        None => Ok(()),
    }
}

/// The object as it is printed: with the replicas that were asked for, where one knows their field.
fn scaled(target: &Target, object: &Value, replicas: i64) -> Value {
    let mut object = object.clone();
    let kind = target.kind;
    if Kind::by_gvk(&kind.api_version(), kind.kind).is_some() {
        object["spec"]["replicas"] = replicas.into();
    }
    object
}

async fn scale(kube: &Kube, target: &Target, replicas: i64) -> Result<()> {
    let flags = &kube.flags;
    let place = || path(target.kind, &target.namespace, &target.name, "scale");
    let mut scale = kube.json(kube.request(Method::Get, place())).await?;
    if let Some(expected) = flags.int("current-replicas").filter(|n| *n >= 0) {
        let current = int(&scale, "spec.replicas").unwrap_or(0);
        if current != expected {
            return plain(format!("Expected replicas to be {expected}, was {current}"));
        }
    }
    let version = flags.text("resource-version");
    if !version.is_empty() && scale["metadata"]["resourceVersion"].as_str() != Some(version) {
        return plain(format!(
            "Expected resource version to be {version}, was {}",
            scale["metadata"]["resourceVersion"]
                .as_str()
                .unwrap_or_default()
        ));
    }
    if kube.dry_run()? == DryRun::Client {
        return Ok(());
    }
    scale["spec"] = json!({"replicas": replicas});
    let request = kube
        .change(Method::Put, place(), "kubectl")?
        .with_body(scale);
    kube.json(request).await?;
    if let Some(timeout) = flags.duration("timeout") {
        return reached(kube, target, replicas, timeout).await;
    }
    Ok(())
}

/// Waits until there are as many replicas as asked for.
async fn reached(
    kube: &Kube,
    target: &Target,
    replicas: i64,
    timeout: std::time::Duration,
) -> Result<()> {
    let deadline = kube.deadline(Some(timeout));
    let there = |object: &Value| {
        int(object, "status.observedGeneration") >= int(object, "metadata.generation")
            && int(object, "status.replicas").unwrap_or(0) == replicas
    };
    let mut watch = kube.watch_one(target.kind, &target.namespace, &target.name, "");
    let ended = kube
        .shell
        .world
        .before(deadline, async {
            while let Some(event) = watch.next().await {
                if there(&event["object"]) {
                    return;
                }
            }
        })
        .await;
    match ended {
        Some(()) => Ok(()),
        None => plain(format!(
            "timed out waiting for \"{}\" to be synced",
            target.name
        )),
    }
}
