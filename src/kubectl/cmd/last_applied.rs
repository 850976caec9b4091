//! `kubectl apply view-last-applied` and `set-last-applied`: what `apply` remembers of an object.
//! Models `k8s.io/kubectl/pkg/cmd/apply/apply_{view,set}_last_applied.go`.

use serde_json::{Value, json};

use super::{Command, FILES, OUTPUT};
use crate::apiserver::patch::apply::LAST_APPLIED;
use crate::apiserver::request::MERGE_PATCH;
use crate::kubectl::error::{Failure, Result, all, plain};
use crate::kubectl::json::annotation;
use crate::kubectl::kube::{DryRun, Kube};
use crate::kubectl::printers::{done, yaml};

pub const VIEW: Command = Command {
    path: "apply view-last-applied",
    short: "View the latest last-applied-configuration annotations of a resource/object",
    help: "(TYPE [NAME | -l label] | TYPE/NAME | -f FILENAME)
# As YAML
kubectl apply view-last-applied deployment/web

# As JSON
kubectl apply view-last-applied -f web.yaml -o json",
    flags: &[FILES, "all=false -o,output='yaml' -l,selector=''"],
    run: |kube| Box::pin(view(kube)),
};

pub const SET: Command = Command {
    path: "apply set-last-applied",
    short: "Set the last-applied-configuration annotation on a live object to match the contents of a file",
    help: "-f FILENAME
Let an object remember a file as applied, without changing anything else.

# A file
kubectl apply set-last-applied -f web.yaml

# Although nothing was ever applied
kubectl apply set-last-applied -f web.yaml --create-annotation=true",
    flags: &[
        OUTPUT,
        "create-annotation=false dry-run='none'?unchanged -f,filename=[]",
    ],
    run: |kube| Box::pin(set(kube)),
};

async fn view(kube: &Kube) -> Result<()> {
    let output = kube.flags.text("output");
    if !matches!(output, "" | "yaml" | "json") {
        return kube.usage(&format!(
            "Unexpected -o output mode: {output}, the flag 'output' must be one of yaml|json"
        ));
    }
    let (objects, mut failures) = kube.chosen_objects().await?;
    for (_, object) in &objects {
        let Some(kept) = annotation(object, LAST_APPLIED) else {
            // Upstream adds its words to an error that there is none of, and says nothing.
            continue;
        };
        let value: Value = match serde_json::from_str(kept) {
            Ok(value) => value,
            Err(error) => {
                failures.push(Failure::Plain(error.to_string()));
                continue;
            }
        };
        match output {
            "json" => kube.print(&serde_json::to_string_pretty(&value).unwrap_or_default()),
            _ => kube.io.out.write(&yaml(&value)),
        }
    }
    all(failures).map_or(Ok(()), Err)
}

/// The file as it will be remembered: other than `apply`, which adds the annotations that it then takes away,
/// this leaves none.
fn without_last_applied(map: &serde_json::Map<String, Value>) -> String {
    let mut map = map.clone();
    if let Some(annotations) = map
        .get_mut("metadata")
        .and_then(|m| m.get_mut("annotations"))
        .and_then(Value::as_object_mut)
    {
        annotations.remove(LAST_APPLIED);
    }
    crate::api::json::go_json(&Value::Object(map)) + "\n"
}

async fn set(kube: &Kube) -> Result<()> {
    if !kube.flags.names_files() {
        return plain(crate::kubectl::resources::NOTHING_NAMED);
    }
    let (manifests, mut failures) = kube.manifests().await;
    for manifest in &manifests {
        let Value::Object(map) = &manifest.object else {
            continue;
        };
        let wanted = without_last_applied(map);
        let live = match kube
            .get(manifest.kind, &manifest.namespace, manifest.name())
            .await
        {
            Ok(live) => live,
            Err(failure) => {
                failures.push(failure);
                continue;
            }
        };
        match annotation(&live, LAST_APPLIED) {
            None if !kube.flags.is("create-annotation") => {
                failures.push(Failure::Plain(format!(
                    "no last-applied-configuration annotation found on resource: {}, to create the annotation, run the command with --create-annotation",
                    manifest.name()
                )));
                continue;
            }
            Some(kept) if kept == wanted => {
                kube.print(&format!(
                    "set-last-applied {}: no changes required.",
                    manifest.name()
                ));
                continue;
            }
            _ => {}
        }
        let mut object = live;
        if kube.dry_run()? != DryRun::Client {
            let patch = json!({"metadata": {"annotations": {LAST_APPLIED: wanted}}});
            let sent = kube
                .patch(
                    manifest.kind,
                    &manifest.namespace,
                    manifest.name(),
                    MERGE_PATCH,
                    patch,
                    "kubectl-last-applied",
                )
                .await;
            match sent {
                Ok(answer) => object = answer,
                Err(failure) => {
                    failures.push(failure);
                    continue;
                }
            }
        }
        done(kube, manifest.kind, &object, "configured")?;
    }
    all(failures).map_or(Ok(()), Err)
}
