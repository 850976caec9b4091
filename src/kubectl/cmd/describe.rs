//! `kubectl describe`: everything there is to say about objects, events included.

use super::{Command, FILES};
use crate::kubectl::describe::describe;
use crate::kubectl::error::{Failure, Result, all};
use crate::kubectl::json::name;
use crate::kubectl::kube::Kube;
use crate::kubectl::resources::Target;

pub const DESCRIBE: Command = Command {
    path: "describe",
    short: "Show details of a specific resource or group of resources",
    help: "(-f FILENAME | TYPE [NAME_PREFIX | -l label] | TYPE/NAME)
Tell all about objects. If nothing has the name, it is taken as the beginning of names. The events of
a single object are shown too; those of several with --show-events.

# A node
kubectl describe node worker-1

# Pods with a label
kubectl describe pods -l app=web

# All pods of a deployment, by their names' beginning
kubectl describe pods web",
    flags: &[
        FILES,
        "-A,all-namespaces=false chunk-size=500 -l,selector='' show-events=true",
    ],
    run: |kube| Box::pin(run(kube)),
};

async fn run(kube: &Kube) -> Result<()> {
    let flags = &kube.flags;
    if flags.arguments.is_empty() && !flags.names_files() {
        return Err(Failure::Plain(
            "You must specify the type of resource to describe. Use \"kubectl api-resources\" for a complete list of supported resources.\n".to_owned(),
        ));
    }
    let mut failures = Vec::new();
    let targets: Vec<Target> = if !flags.names_files() {
        kube.targets(&flags.arguments).await?.targets
    } else {
        let (mut manifests, failed) = kube.visited().await;
        failures = failed;
        kube.select(&mut manifests)?;
        let target = |m: crate::kubectl::manifests::Manifest| Target {
            kind: m.kind,
            namespace: m.namespace.clone(),
            name: m.name().to_owned(),
        };
        manifests.into_iter().map(target).collect()
    };
    let mut first = true;
    let mut found = Vec::new();
    for target in &targets {
        let (mut objects, failed) = kube.objects(std::slice::from_ref(target)).await;
        if objects.is_empty() && targets.len() == 1 && failed.iter().any(Failure::is_not_found) {
            objects = by_prefix(kube, target).await;
            if objects.is_empty() {
                failures.extend(failed);
            }
        } else {
            failures.extend(failed);
        }
        found.extend(objects);
    }
    // Each object's events are one more request, so of several objects they are shown on demand only
    // (<https://github.com/kubernetes/kubernetes/pull/137145>).
    let events = flags.is_or("show-events", found.len() == 1);
    for (target, object) in found {
        let text = describe(kube, target.kind, &object, events).await;
        if !first {
            kube.io.out.write("\n\n");
        }
        first = false;
        kube.io.out.write(&text);
    }
    match all(failures) {
        Some(failure) => Err(failure),
        None => {
            if first {
                match !flags.is("all-namespaces") {
                    true => kube.warn(&format!(
                        "No resources found in {} namespace.",
                        kube.namespace()
                    )),
                    false => kube.warn("No resources found"),
                }
            }
            Ok(())
        }
    }
}

/// Objects whose names begin with what was typed.
async fn by_prefix(kube: &Kube, target: &Target) -> Vec<(Target, serde_json::Value)> {
    let whole = Target {
        name: String::new(),
        ..target.clone()
    };
    let (mut objects, _) = kube.objects(&[whole]).await;
    objects.retain(|(_, object)| name(object).starts_with(&target.name));
    objects
}
