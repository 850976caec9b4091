//! `kubectl create deployment`.

use serde_json::json;

use super::generate::{COMMON, MANAGER, known, make};
use super::{Command, OUTPUT};
use crate::kubectl::error::{Result, plain};
use crate::kubectl::kube::Kube;

pub const DEPLOYMENT: Command = Command {
    path: "create deployment",
    short: "Create a deployment with the specified name",
    help: "NAME --image=image -- [COMMAND] [args...]
# Three pods of nginx
kubectl create deployment web --image=nginx --replicas=3

# A command in place of the image's own
kubectl create deployment sleeper --image=busybox -- sleep 3600",
    flags: &[OUTPUT, COMMON, "image=[] port=-1/32 -r,replicas=1"],
    run: |kube| Box::pin(deployment(kube)),
};

async fn deployment(kube: &Kube) -> Result<()> {
    let images = kube.flags.list("image");
    let words = &kube.flags.arguments;
    let (names, command) = words.split_at(kube.flags.dash.unwrap_or(words.len()));
    let [name] = names else {
        return kube.usage(&format!(
            "exactly one NAME is required, got {}",
            names.len()
        ));
    };
    if images.len() > 1 && !command.is_empty() {
        return plain("cannot specify multiple --image options and command");
    }
    let mut containers = Vec::new();
    for image in images {
        // The last part of the image's name, without tag and digest.
        let base = image.rsplit('/').next().unwrap_or_default();
        let base = base.split(['@', ':']).next().unwrap_or_default();
        let mut container =
            json!({"name": base.replace('_', "-"), "image": image, "resources": {}});
        if !command.is_empty() {
            container["command"] = json!(command);
        }
        containers.push(container);
    }
    if let Some(port) = kube.flags.int("port").filter(|port| *port >= 0)
        && let Some(first) = containers.first_mut()
    {
        first["ports"] = json!([{"containerPort": port}]);
    }
    let labels = json!({"app": name});
    let object = json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "labels": labels},
        "spec": {
            "replicas": kube.flags.int("replicas").unwrap_or(1),
            "selector": {"matchLabels": labels},
            "strategy": {},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": containers}},
        },
    });
    let kind = known("apps/v1", "Deployment")?;
    make(
        kube,
        kind,
        object,
        MANAGER,
        "failed to create deployment:",
        "created",
    )
    .await
}
