//! `kubectl create TYPE NAME`, `run` and `expose`: objects made from flags.
//! Models `k8s.io/kubectl/pkg/cmd/{create,run,expose}`.

use serde_json::{Map, Value, json};

use super::{Command, FILES, OUTPUT};
use crate::api::Kind;
use crate::api::kinds::KindInfo;
use crate::apiserver::Method;
use crate::apiserver::patch::apply::LAST_APPLIED;
use crate::kubectl::error::{Failure, Result, plain};
use crate::kubectl::json::{list, name, text};
use crate::kubectl::kube::{DryRun, Kube, path};
use crate::kubectl::printers::done;

/// Flags of all generators.
pub(super) const COMMON: &str = "dry-run='none'?unchanged field-manager='kubectl-create' save-config=false validate='strict'?strict";

pub const NAMESPACE: Command = Command {
    path: "create namespace",
    short: "Create a namespace with the specified name",
    help: "NAME [--dry-run=server|client|none]
# A namespace called shop
kubectl create namespace shop",
    flags: &[OUTPUT, COMMON],
    run: |kube| Box::pin(namespace(kube)),
};

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

pub const CONFIG_MAP: Command = Command {
    path: "create configmap",
    short: "Create a config map from a local file, directory or literal value",
    help: "NAME [--from-file=[key=]source] [--from-literal=key1=value1] [--dry-run=server|client|none]
Keep settings for pods. A file becomes an entry whose key is the file's name, a folder an entry for each file whose name may be a key.

# A pair of words
kubectl create configmap settings --from-literal=mode=fast --from-literal=size=3

# Files, one of them under another key
kubectl create configmap site --from-file=nginx.conf --from-file=home=index.html",
    flags: &[OUTPUT, COMMON, "append-hash=false from-env-file=[] from-file=[] from-literal=[]*"],
    run: |kube| Box::pin(super::generate_data::config(kube, "ConfigMap")),
};

pub const SECRET: Command = Command {
    path: "create secret generic",
    short: "Create a secret from a local file, directory, or literal value",
    help: "NAME [--type=string] [--from-file=[key=]source] [--from-literal=key1=value1] [--dry-run=server|client|none]
# User and password
kubectl create secret generic login --from-literal=user=anna --from-literal=password=s3cret

# A key from a file
kubectl create secret generic ssh --from-file=id=id_rsa",
    flags: &[OUTPUT, COMMON, "append-hash=false from-env-file=[] from-file=[] from-literal=[]* type=''"],
    run: |kube| Box::pin(super::generate_data::config(kube, "Secret")),
};

pub const SERVICE_ACCOUNT: Command = Command {
    path: "create serviceaccount",
    short: "Create a service account with the specified name",
    help: "NAME [--dry-run=server|client|none]
# An account for a robot
kubectl create serviceaccount robot",
    flags: &[OUTPUT, COMMON],
    run: |kube| Box::pin(service_account(kube)),
};

pub const CLUSTER_IP: Command = Command {
    path: "create service clusterip",
    short: "Create a ClusterIP service",
    help: r#"NAME [--tcp=<port>:<targetPort>] [--dry-run=server|client|none]
# Port 80 of the service is port 8080 of its pods
kubectl create service clusterip web --tcp=80:8080

# Without an address of its own
kubectl create service clusterip db --clusterip="None""#,
    flags: &[OUTPUT, COMMON, "clusterip='' tcp=[]"],
    run: |kube| Box::pin(service(kube, "ClusterIP")),
};

pub const NODE_PORT: Command = Command {
    path: "create service nodeport",
    short: "Create a NodePort service",
    help: "NAME [--tcp=port:targetPort] [--dry-run=server|client|none]
# A port of every node
kubectl create service nodeport web --tcp=80:8080 --node-port=30080",
    flags: &[OUTPUT, COMMON, "node-port=0 tcp=[]"],
    run: |kube| Box::pin(service(kube, "NodePort")),
};

pub const LOAD_BALANCER: Command = Command {
    path: "create service loadbalancer",
    short: "Create a LoadBalancer service",
    help: "NAME [--tcp=port:targetPort] [--dry-run=server|client|none]
# An address from outside
kubectl create service loadbalancer web --tcp=80:8080",
    flags: &[OUTPUT, COMMON, "tcp=[]"],
    run: |kube| Box::pin(service(kube, "LoadBalancer")),
};

pub const EXTERNAL_NAME: Command = Command {
    path: "create service externalname",
    short: "Create an ExternalName service",
    help: "NAME --external-name external.name [--dry-run=server|client|none]
A name in the cluster for a host that is not in it.

# db leads to db.example.com
kubectl create service externalname db --external-name db.example.com",
    flags: &[OUTPUT, COMMON, "external-name='' tcp=[]"],
    run: |kube| Box::pin(service(kube, "ExternalName")),
};

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
        "annotations=[]* attach=false cascade='background'?background command=false dry-run='none'?unchanged env=[]* expose=false field-manager='kubectl-run' force=false grace-period=-1 image-pull-policy='' image='' -l,labels='' leave-stdin-open=false override-type='merge' overrides='' pod-running-timeout=1m0s port='' privileged=false -q,quiet=false restart='Always' rm=false save-config=false -i,stdin=false timeout=0s -t,tty=false wait=false",
    ],
    run: |kube| Box::pin(run(kube)),
};

pub const EXPOSE: Command = Command {
    path: "expose",
    short: "Take a replication controller, service, deployment or pod and expose it as a new Kubernetes service",
    help: "(-f FILENAME | TYPE NAME) [--port=port] [--protocol=TCP|UDP|SCTP] [--target-port=number-or-name] [--name=name] [--external-ip=external-ip-of-service] [--type=type]
Make a service for the pods of a deployment, service, replica set, replication controller or pod. It selects them by the labels that the object itself selects by.

# Port 80 for port 8080 of the pods
kubectl expose deployment web --port=80 --target-port=8080

# A port on every node
kubectl expose pod web --port=80 --name=frontend --type=NodePort",
    flags: &[OUTPUT, FILES, "cluster-ip='' dry-run='none'?unchanged external-ip='' field-manager='kubectl-expose' -l,labels='' load-balancer-ip='' name='' override-type='merge' overrides='' port='' protocol='' save-config=false selector='' session-affinity='' target-port='' type=''"],
    run: |kube| Box::pin(expose(kube)),
};

pub fn known(api_version: &str, kind: &str) -> Result<&'static KindInfo> {
    match Kind::by_gvk(api_version, kind) {
        Some(kind) => Ok(kind.info()),
        None => plain(format!(
            "no matches for kind \"{kind}\" in version \"{api_version}\""
        )),
    }
}

/// The one name that a generator takes.
pub(super) fn only_name(kube: &Kube) -> Result<String> {
    match kube.flags.arguments.as_slice() {
        [name] => Ok(name.clone()),
        others => kube.usage(&format!(
            "exactly one NAME is required, got {}",
            others.len()
        )),
    }
}

/// Creates an object and says so; `lead` is how its failure begins, if in kubectl's own words.
pub(super) async fn make(
    kube: &Kube,
    kind: &'static KindInfo,
    object: Value,
    manager: &str,
    lead: &str,
    word: &str,
) -> Result<()> {
    let object = made(kube, kind, object, manager, lead).await?;
    done(kube, kind, &object, word)
}

/// As [`make`], without saying so.
async fn made(
    kube: &Kube,
    kind: &'static KindInfo,
    mut object: Value,
    manager: &str,
    lead: &str,
) -> Result<Value> {
    let mut namespace = String::new();
    if kind.namespaced {
        namespace = kube.namespace();
        // Only a namespace that is asked for becomes part of the object.
        if kube.namespace_given() {
            object["metadata"]["namespace"] = Value::from(namespace.as_str());
        }
    }
    if !kube.flags.text("overrides").is_empty() {
        object = overridden(kube, kind, object)?;
        as_typed(&mut object);
    }
    // `run` keeps nothing when nothing is made.
    if kube.flags.is("save-config")
        && !(manager == "kubectl-run" && kube.dry_run()? == DryRun::Client)
    {
        let mut kept = object.clone();
        show_empty(&mut kept);
        let text = crate::kubectl::printers::order::json(&kept, false) + "\n";
        *crate::kubectl::json::place(&mut object, &["metadata", "annotations", LAST_APPLIED]) =
            text.into();
    }
    if kube.dry_run()? != DryRun::Client {
        let request = kube
            .change(Method::Post, path(kind, &namespace, "", ""), manager)?
            .with_body(object);
        object = kube.json(request).await.map_err(|failure| match lead {
            "" => failure,
            lead => Failure::Plain(format!("{lead} {}", failure.message())),
        })?;
    } else {
        show_empty(&mut object);
    }
    Ok(object)
}

/// The object as `--overrides` changes it (`k8s.io/kubectl/pkg/cmd/util/override_options.go`).
fn overridden(kube: &Kube, kind: &KindInfo, object: Value) -> Result<Value> {
    use crate::apiserver::patch::{json_patch, merge_patch, schema::PatchSchema, strategic};
    let text = kube.flags.text("overrides");
    let patch: Option<Value> = serde_json::from_str(text).ok();
    let type_ = kube.flags.text("override-type");
    let changed = match (type_, patch, object) {
        ("" | "merge", Some(patch @ Value::Object(_)), object) => {
            merge_patch::apply(object, &patch)
        }
        ("" | "merge", _, _) => return plain("Invalid JSON Patch"),
        ("json", Some(patch), object) => json_patch::apply(&object, &patch)
            .map_err(|e| Failure::Plain(e.message().to_owned()))?,
        ("strategic", Some(Value::Object(patch)), Value::Object(object)) => {
            let schema = PatchSchema::of_kind(kind.group, kind.kind)
                .ok_or_else(|| Failure::from("invalid JSON document"))?;
            strategic::apply(object, patch, schema)
                .map(Value::Object)
                .map_err(|e| Failure::Plain(e.message().to_owned()))?
        }
        ("json" | "strategic", _, _) => return plain("invalid JSON document"),
        (other, _, _) => {
            return plain(format!("invalid override type: {other}"));
        }
    };
    Ok(changed)
}

/// An object of a file as Go prints it once it was read into one of its types: with the structs that are empty.
pub fn as_typed(object: &mut Value) {
    show_empty(object);
    if text(object, "kind") == "Deployment" {
        let strategy = crate::kubectl::json::place(object, &["spec", "strategy"]);
        if strategy.is_null() {
            *strategy = json!({});
        }
    }
    for root in [
        &["spec"][..],
        &["spec", "template", "spec"],
        &["spec", "jobTemplate", "spec", "template", "spec"],
    ] {
        let mut spec = Some(&mut *object);
        for field in root {
            spec = spec.and_then(|value| value.get_mut(*field));
        }
        let Some(spec) = spec else {
            continue;
        };
        for field in ["containers", "initContainers"] {
            let containers = spec.get_mut(field).and_then(Value::as_array_mut);
            for container in containers.into_iter().flatten() {
                show_resources(container);
            }
        }
    }
    if text(object, "kind") == "Service" {
        let ports = object["spec"]
            .get_mut("ports")
            .and_then(Value::as_array_mut);
        for port in ports.into_iter().flatten() {
            if port["targetPort"].is_null() {
                port["targetPort"] = 0.into();
            }
        }
    }
}

fn show_resources(container: &mut Value) {
    if let Some(container) = container.as_object_mut() {
        container.entry("resources").or_insert_with(|| json!({}));
        for variable in container
            .get_mut("env")
            .and_then(Value::as_array_mut)
            .into_iter()
            .flatten()
        {
            // An empty value is none.
            if variable["value"] == ""
                && let Some(variable) = variable.as_object_mut()
            {
                variable.remove("value");
            }
        }
    }
}

/// What Go prints of structs that are empty: the status of most kinds, a namespace's spec.
fn show_empty(object: &mut Value) {
    let empty = match text(object, "kind") {
        "Deployment" | "Pod" | "Namespace" | "Job" | "CronJob" | "ResourceQuota" => json!({}),
        "Service" | "Ingress" => json!({"loadBalancer": {}}),
        "PodDisruptionBudget" => json!({
            "currentHealthy": 0, "desiredHealthy": 0, "disruptionsAllowed": 0, "expectedPods": 0,
        }),
        "HorizontalPodAutoscaler" => json!({"currentMetrics": null, "desiredReplicas": 0}),
        _ => return,
    };
    if text(object, "kind") == "Namespace" && object["spec"].is_null() {
        object["spec"] = json!({});
    }
    if object["status"].is_null() {
        object["status"] = empty;
    }
}

pub(super) const MANAGER: &str = "kubectl-create";

async fn namespace(kube: &Kube) -> Result<()> {
    let name = only_name(kube)?;
    let kind = known("v1", "Namespace")?;
    let object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
    make(kube, kind, object, MANAGER, "", "created").await
}

async fn service_account(kube: &Kube) -> Result<()> {
    let name = only_name(kube)?;
    let kind = known("v1", "ServiceAccount")?;
    let object = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name}});
    make(
        kube,
        kind,
        object,
        MANAGER,
        "failed to create serviceaccount:",
        "created",
    )
    .await
}

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

async fn service(kube: &Kube, type_: &str) -> Result<()> {
    let name = only_name(kube)?;
    let mut ports = Vec::new();
    for pair in kube.flags.list("tcp") {
        let mut parts = pair.split(':');
        let first = parts.next().unwrap_or_default();
        let target = parts.next().unwrap_or(first);
        let Ok(port) = first.parse::<u16>() else {
            let reason = match !first.is_empty() && first.chars().all(|c| c.is_ascii_digit()) {
                true => "value out of range",
                false => "invalid syntax",
            };
            return plain(format!("strconv.ParseUint: parsing \"{first}\": {reason}"));
        };
        if pair.contains(':') {
            let wrong = match target.parse::<i64>() {
                Ok(number) => crate::api::names::is_valid_port_num(number),
                Err(_) => crate::api::names::is_valid_port_name(target),
            };
            if !wrong.is_empty() {
                return plain(wrong.join(","));
            }
        }
        let mut entry = json!({
            "name": pair.replace(':', "-"),
            "port": port,
            "protocol": "TCP",
            "targetPort": number_or_text(target),
        });
        if let Some(node_port) = kube.flags.int("node-port") {
            entry["nodePort"] = node_port.into();
        }
        ports.push(entry);
    }
    let headless = kube.flags.text("clusterip") == "None";
    if ports.is_empty() && !headless && type_ != "ExternalName" {
        return plain("at least one tcp port specifier must be provided");
    }
    let mut spec = json!({"type": type_, "selector": {"app": name}, "ports": ports});
    if ports.is_empty()
        && let Some(spec) = spec.as_object_mut()
    {
        spec.remove("ports");
    }
    if type_ == "ExternalName" {
        let host = kube.flags.text("external-name");
        if !crate::api::names::is_dns1123_subdomain(host).is_empty() {
            return plain(format!("invalid service external name {host}"));
        }
        spec["externalName"] = host.into();
    }
    if !kube.flags.text("clusterip").is_empty() {
        spec["clusterIP"] = kube.flags.text("clusterip").into();
    }
    let object = json!({
        "apiVersion": "v1", "kind": "Service",
        "metadata": {"name": name, "labels": {"app": name}},
        "spec": spec,
    });
    let lead = format!("failed to create {type_} service:");
    make(
        kube,
        known("v1", "Service")?,
        object,
        MANAGER,
        &lead,
        "created",
    )
    .await
}

/// Whether a text may name an image (`github.com/distribution/reference`).
fn is_reference(text: &str) -> bool {
    let (rest, digest) = match text.split_once('@') {
        Some((rest, digest)) => (rest, Some(digest)),
        None => (text, None),
    };
    if digest.is_some_and(|d| !d.contains(':') || d.len() < 34) {
        return false;
    }
    let slash = rest.rfind('/').map_or(0, |i| i + 1);
    let (path, tag) = match rest.get(slash..).and_then(|last| last.find(':')) {
        Some(colon) => rest.split_at(slash + colon),
        None => (rest, ""),
    };
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if let Some(tag) = tag.strip_prefix(':') {
        let rest = |c: char| word(c) || c == '.' || c == '-';
        if !tag.starts_with(word) || tag.len() > 128 || !tag.chars().all(rest) {
            return false;
        }
    }
    let mut parts = path.split('/').peekable();
    let host = |p: &str| {
        p.starts_with(|c: char| c.is_ascii_alphanumeric())
            && p.chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':'))
    };
    if path.contains('/') && parts.peek().is_some_and(|first| host(first)) {
        parts.next();
    }
    let name = |p: &str| {
        let end = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        p.starts_with(end)
            && p.ends_with(end)
            && p.chars().all(|c| end(c) || matches!(c, '.' | '-' | '_'))
    };
    parts.all(name)
}

fn number_or_text(text: &str) -> Value {
    match text.parse::<i64>() {
        Ok(number) => number.into(),
        Err(_) => text.into(),
    }
}

/// `a=b,c=d` as a map.
fn labels(text: &str) -> Result<Map<String, Value>> {
    let mut map = Map::new();
    for pair in text.split(',').filter(|p| !p.is_empty()) {
        match pair.split_once('=') {
            Some((key, value)) if !key.is_empty() && !value.contains('=') => {
                map.insert(key.to_owned(), value.into());
            }
            _ => return plain(format!("unexpected label spec: {pair}")),
        }
    }
    Ok(map)
}

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
        container["stdinOnce"] = true.into();
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

async fn expose(kube: &Kube) -> Result<()> {
    let flags = &kube.flags;
    let objects = match flags.names_files() {
        true => {
            let (objects, failures) = kube.chosen_of(&[]).await?;
            if let Some(failure) = crate::kubectl::error::all(failures) {
                return Err(failure);
            }
            objects
        }
        false => {
            let targets = kube.targets(&flags.arguments).await?.targets;
            let mut objects = Vec::new();
            for target in targets {
                if target.name.is_empty() {
                    return plain("resource(s) were provided, but no name was specified");
                }
                let object = kube
                    .get(target.kind, &target.namespace, &target.name)
                    .await?;
                objects.push((target, object));
            }
            objects
        }
    };
    for (target, object) in objects {
        can_be_exposed(target.kind)?;
        let selector = match flags.text("selector") {
            "" => selector_of(target.kind, &object)?,
            given => labels(given)?,
        };
        let ports = ports_of(flags, &object)?;
        let service_labels = match flags.text("labels") {
            "" => object["metadata"]["labels"].clone(),
            given => Value::Object(labels(given)?),
        };
        let service_name = match flags.text("name") {
            "" => name(&object),
            given => given,
        };
        let mut metadata = json!({"name": service_name});
        if service_labels.is_object() {
            metadata["labels"] = service_labels;
        }
        if !matches!(flags.text("session-affinity"), "" | "None" | "ClientIP") {
            return plain(format!(
                "unknown session affinity: {}",
                flags.text("session-affinity")
            ));
        }
        let mut spec = json!({"selector": selector, "ports": ports});
        for (flag, field) in [
            ("type", "type"),
            ("cluster-ip", "clusterIP"),
            ("session-affinity", "sessionAffinity"),
        ] {
            if !flags.text(flag).is_empty() {
                spec[field] = flags.text(flag).into();
            }
        }
        if !flags.text("external-ip").is_empty() {
            spec["externalIPs"] = json!([flags.text("external-ip")]);
        }
        let service =
            json!({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec});
        make(
            kube,
            known("v1", "Service")?,
            service,
            "kubectl-expose",
            "",
            "exposed",
        )
        .await?;
    }
    Ok(())
}

/// An expression of a selector as Go prints it.
fn expression_text(expression: &Value) -> String {
    let values = list(expression, "values").iter().filter_map(Value::as_str);
    format!(
        "{{Key:{} Operator:{} Values:[{}]}}",
        text(expression, "key"),
        text(expression, "operator"),
        values.collect::<Vec<_>>().join(" ")
    )
}

/// Kinds whose pods a Service can lead to (`canBeExposed`).
fn can_be_exposed(kind: &KindInfo) -> Result<()> {
    let fits = match kind.group {
        "" => matches!(kind.kind, "Pod" | "Service" | "ReplicationController"),
        "apps" => matches!(kind.kind, "Deployment" | "ReplicaSet"),
        _ => false,
    };
    let gk = match kind.group {
        "" => kind.kind.to_owned(),
        group => format!("{}.{group}", kind.kind),
    };
    match fits {
        true => Ok(()),
        false => plain(format!("cannot expose a {gk}")),
    }
}

fn selector_of(kind: &KindInfo, object: &Value) -> Result<Map<String, Value>> {
    let map = match kind.kind {
        "Pod" => &object["metadata"]["labels"],
        "Service" | "ReplicationController" => &object["spec"]["selector"],
        "Deployment" | "ReplicaSet" => {
            let selector = &object["spec"]["selector"];
            let expressions = list(selector, "matchExpressions");
            if !expressions.is_empty() {
                let shown: Vec<String> = expressions.iter().map(expression_text).collect();
                return plain(format!(
                    "couldn't retrieve selectors via --selector flag or introspection: couldn't convert expressions - \"[{}]\" to map-based selector format",
                    shown.join(" ")
                ));
            }
            &selector["matchLabels"]
        }
        _ => &Value::Null,
    };
    match map.as_object().filter(|m| !m.is_empty()) {
        Some(map) => Ok(map.clone()),
        None => plain(
            "couldn't retrieve selectors via --selector flag or introspection: the pod has no labels and cannot be exposed",
        ),
    }
}

fn ports_of(flags: &crate::kubectl::flags::Parsed, object: &Value) -> Result<Vec<Value>> {
    let containers = match object["spec"]["template"].is_object() {
        true => list(object, "spec.template.spec.containers"),
        false => list(object, "spec.containers"),
    };
    let mut numbers: Vec<(Value, String)> = Vec::new();
    if flags.text("port").is_empty() {
        for port in containers.iter().flat_map(|c| list(c, "ports")) {
            numbers.push((
                port["containerPort"].clone(),
                text(port, "protocol").to_owned(),
            ));
        }
        for port in list(object, "spec.ports") {
            numbers.push((port["port"].clone(), text(port, "protocol").to_owned()));
        }
    } else {
        for port in flags.text("port").split(',') {
            if port.parse::<i64>().is_err() {
                return plain(format!("strconv.Atoi: parsing \"{port}\": invalid syntax"));
            }
            numbers.push((number_or_text(port), String::new()));
        }
    }
    if numbers.is_empty() {
        return plain("couldn't find port via --port flag or introspection");
    }
    let several = numbers.len() > 1;
    Ok(numbers
        .into_iter()
        .enumerate()
        .map(|(i, (port, protocol))| {
            let protocol = match (flags.text("protocol"), protocol.as_str()) {
                ("", "") => "TCP".to_owned(),
                ("", own) => own.to_owned(),
                (given, _) => given.to_owned(),
            };
            let target = match flags.text("target-port") {
                "" => port.clone(),
                given => number_or_text(given),
            };
            let mut entry = json!({"port": port, "protocol": protocol, "targetPort": target});
            if several {
                entry["name"] = format!("port-{}", i + 1).into();
            }
            entry
        })
        .collect())
}
