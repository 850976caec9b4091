//! `kubectl run`: a pod of an image.

use serde_json::{Map, Value, json};

use super::generate::{is_reference, known, labels, made, make, number_or_text, overridden};
use super::{Command, FILES, OUTPUT};
use crate::apiserver::Method;
use crate::kubectl::error::{Result, plain};
use crate::kubectl::kube::{DryRun, Kube, path};
use crate::kubectl::printers::done;

pub const RUN: Command = Command {
    path: "run",
    short: "Run a particular image on the cluster",
    help: r#"NAME --image=image [--env="key=value"] [--port=port] [--dry-run=server|client] [--overrides=inline-json] [--command] -- [COMMAND] [args...]
Start a pod.

# nginx
kubectl run web --image=nginx

# With a port, a label and a variable
kubectl run web --image=nginx --port=80 --labels="app=web" --env="MODE=fast"

# Try a command in the cluster, and clean up after it
kubectl run -it --rm try --image=busybox --restart=Never -- sh

# Only see what would be made
kubectl run web --image=nginx --dry-run=client -o yaml"#,
    flags: &[
        OUTPUT,
        FILES,
        "annotations=[]* attach=false cascade='background'?background command=false detach-keys='ctrl-p,ctrl-q' dry-run='none'?unchanged env=[]* expose=false field-manager='kubectl-run' force=false grace-period=-1 image-pull-policy='' image='' -l,labels='' leave-stdin-open=false override-type='merge' overrides='' pod-running-timeout=1m0s port='' privileged=false -q,quiet=false restart='Always' rm=false save-config=false -i,stdin=false timeout=0s -t,tty=false wait=false",
    ],
    run: |kube| Box::pin(run(kube)),
};

async fn run(kube: &Kube) -> Result<()> {
    let flags = &kube.flags;
    let Some((name, arguments)) = flags.arguments.split_first() else {
        return kube.usage("NAME is required for run");
    };
    let image = flags.text("image");
    if image.is_empty() {
        return plain("--image is required");
    }
    if !is_reference(image) {
        return plain(format!(
            "Invalid image name {}: invalid reference format",
            crate::api::rfc3339::go_quote(image)
        ));
    }
    if flags.is("tty") && !flags.is("stdin") {
        return kube.usage("-i/--stdin is required for containers with -t/--tty=true");
    }
    if flags.is("expose") && flags.text("port").is_empty() {
        return kube.usage("--port must be set when exposing a service");
    }
    let attached = flags.is("stdin") || flags.is("attach");
    if flags.is("rm") && !attached {
        return kube.usage("--rm should only be used for attached containers");
    }
    if attached && kube.dry_run()? != DryRun::None {
        return kube.usage(
            "--dry-run=[server|client] can't be used with attached containers options (--attach, --stdin, or --tty)",
        );
    }
    let restart = match flags.text("restart") {
        "" => "Always",
        given @ ("Always" | "OnFailure" | "Never") => given,
        other => return kube.usage(&format!("invalid restart policy: {other}")),
    };
    let mut pod_labels = labels(flags.text("labels"))?;
    if pod_labels.is_empty() {
        pod_labels.insert("run".to_owned(), name.as_str().into());
    }
    let mut container = json!({"name": name, "image": image, "resources": {}});
    if !arguments.is_empty() {
        let field = if flags.is("command") {
            "command"
        } else {
            "args"
        };
        container[field] = json!(arguments);
    }
    let policy = flags.text("image-pull-policy");
    if !matches!(policy, "" | "Always" | "IfNotPresent" | "Never") {
        return kube.usage(&format!("invalid image pull policy: {policy}"));
    }
    if !policy.is_empty() {
        container["imagePullPolicy"] = policy.into();
    }
    let mut variables = Vec::new();
    for pair in flags.list("env") {
        match pair.split_once('=') {
            Some((key, "")) if !key.is_empty() => variables.push(json!({"name": key})),
            Some((key, value)) if !key.is_empty() => {
                variables.push(json!({"name": key, "value": value}))
            }
            _ => return plain(format!("invalid env: {pair}")),
        }
    }
    if !variables.is_empty() {
        container["env"] = Value::Array(variables);
    }
    if flags.is("privileged") {
        container["securityContext"] = json!({"privileged": true});
    }
    if !flags.text("port").is_empty() {
        if flags.text("port").parse::<i64>().is_err() {
            return plain(format!(
                "strconv.Atoi: parsing \"{}\": invalid syntax",
                flags.text("port")
            ));
        }
        container["ports"] = json!([{"containerPort": number_or_text(flags.text("port"))}]);
    }
    if flags.is("stdin") {
        container["stdin"] = true.into();
        if !flags.is("leave-stdin-open") {
            container["stdinOnce"] = true.into();
        }
    }
    if flags.is("tty") {
        container["tty"] = true.into();
    }
    let mut annotations = Map::new();
    for pair in flags.list("annotations") {
        match pair.split_once('=') {
            Some((key, value)) if !key.is_empty() => {
                annotations.insert(key.to_owned(), value.into());
            }
            _ => match pair.strip_suffix('-').filter(|key| !key.is_empty()) {
                Some(_) => {}
                None => return plain(format!("invalid annotations format: {pair}")),
            },
        }
    }
    let mut object = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "labels": pod_labels.clone()},
        "spec": {"containers": [container], "dnsPolicy": "ClusterFirst", "restartPolicy": restart},
    });
    if !annotations.is_empty() {
        object["metadata"]["annotations"] = Value::Object(annotations);
    }
    if attached {
        let kind = known("v1", "Pod")?;
        let at = path(kind, &kube.namespace(), "", "");
        if !flags.text("overrides").is_empty() {
            object = overridden(kube, kind, object)?;
        }
        let request = kube.change(Method::Post, at, "kubectl-run")?;
        let made = kube.json(request.with_body(object)).await?;
        return super::attach::after_run(kube, &made).await;
    }
    let pods = known("v1", "Pod")?;
    let pod = made(kube, pods, object, "kubectl-run", "").await?;
    if flags.is("expose") {
        let port = flags.text("port");
        let service = json!({
            "apiVersion": "v1", "kind": "Service",
            "metadata": {"name": name},
            "spec": {
                "selector": pod_labels,
                "ports": [{"port": number_or_text(port), "protocol": "TCP", "targetPort": number_or_text(port)}],
            },
        });
        make(
            kube,
            known("v1", "Service")?,
            service,
            "kubectl-run",
            "",
            "created",
        )
        .await?;
        if flags.text("output") == "yaml" {
            kube.print("---\n---");
        }
    }
    done(kube, pods, &pod, "created")
}
