//! `kubectl set image|env|resources`. Models `k8s.io/kubectl/pkg/cmd/set`.

use serde_json::{Map, Value, json};

use super::{Command, FILES, OUTPUT};
use crate::api::names::is_env_var_name;
use crate::api::quantity::Quantity;
use crate::kubectl::error::{Failure, Result, all, plain};
use crate::kubectl::json::{list, text};
use crate::kubectl::kube::Kube;
use crate::kubectl::printers::done;
use crate::kubectl::resources::Target;

pub const IMAGE: Command = Command {
    path: "set image",
    short: "Update the image of a pod template",
    help: "(-f FILENAME | TYPE NAME) CONTAINER_NAME_1=CONTAINER_IMAGE_1 ... CONTAINER_NAME_N=CONTAINER_IMAGE_N
Possible for pods, replication controllers, deployments, daemon sets, stateful sets, replica sets and cron jobs.

# The container web of a deployment
kubectl set image deployment/web web=nginx:1.28

# Every container of every deployment
kubectl set image deployments --all '*=nginx:1.28'",
    flags: &[OUTPUT, FILES, "all=false dry-run='none'?unchanged field-manager='kubectl-set' local=false -l,selector=''"],
    run: |kube| Box::pin(run(kube, &image, "image updated")),
};

pub const ENV: Command = Command {
    path: "set env",
    short: "Update environment variables on a pod template",
    help: "RESOURCE/NAME KEY_1=VAL_1 ... KEY_N=VAL_N
Possible for pods and whatever has a pod template. A name with '-' behind it is removed.

# Set one variable, remove another
kubectl set env deployment/web MODE=fast OLD-

# Show what is set
kubectl set env deployment/web --list

# Take all keys of a config map
kubectl set env --from=configmap/settings deployment/web",
    flags: &[
        OUTPUT,
        FILES,
        "all=false -c,containers='*' dry-run='none'?unchanged -e,env=[]* field-manager='kubectl-set' from='' keys=[] list=false local=false overwrite=true prefix='' resolve=false -l,selector=''",
    ],
    run: |kube| Box::pin(run(kube, &resources, "env updated")),
};

pub const RESOURCES: Command = Command {
    path: "set resources",
    short: "Update resource requests/limits on objects with pod templates",
    help: "(-f FILENAME | TYPE NAME)  ([--limits=LIMITS & --requests=REQUESTS]
What containers ask for, and what they may not exceed. Zero removes a value.

# Both, for all containers
kubectl set resources deployment web --requests=cpu=100m,memory=64Mi --limits=cpu=200m,memory=128Mi

# One container
kubectl set resources deployment web -c=web --limits=cpu=200m",
    flags: &[
        OUTPUT,
        FILES,
        "all=false -c,containers='*' dry-run='none'?unchanged field-manager='kubectl-set' limits='' local=false requests='' -l,selector=''",
    ],
    run: |kube| Box::pin(run(kube, &resources, "resource requirements updated")),
};

/// Changes the containers of one pod template.
type Edit = dyn Fn(&Kube, &[String], &mut Value) -> Result<()>;

async fn run(kube: &Kube, edit: &Edit, word: &str) -> Result<()> {
    let arguments = &kube.flags.arguments;
    let is_change = |word: &String| {
        word.find('=').is_some_and(|at| at > 0) || (word.ends_with('-') && word.len() > 1)
    };
    let split = arguments
        .iter()
        .position(is_change)
        .unwrap_or(arguments.len());
    let (words, changes) = arguments.split_at(split);
    // Objects of the server are not looked for, and so there are none.
    if word == "env updated" && kube.flags.is("local") && !kube.flags.names_files() {
        return plain(crate::kubectl::resources::NOTHING_NAMED);
    }
    if words.is_empty() && !kube.flags.names_files() {
        return plain(match kube.flags.is("local") {
            true => {
                "you must specify resources by --filename when --local is set.\nExample resource specifications include:\n   '-f rsrc.yaml'\n   '--filename=rsrc.json'"
            }
            false if word == "env updated" => {
                "one or more resources must be specified as <resource> <name> or <resource>/<name>"
            }
            false => crate::kubectl::resources::NOTHING_NAMED,
        });
    }
    if kube.flags.is("local") && !words.is_empty() {
        return plain(
            "you must specify resources by --filename when --local is set.\nExample resource specifications include:\n   '-f rsrc.yaml'\n   '--filename=rsrc.json'",
        );
    }
    // What is wrong with the objects' names counts first.
    if !words.is_empty() {
        kube.targets(words).await?;
        if word == "resource requirements updated" {
            kube.chosen(words).await?;
        }
    }
    let needs = match word {
        "image updated" if changes.is_empty() => "at least one image update is required",
        "resource requirements updated"
            if !kube.flags.given("limits") && !kube.flags.given("requests") =>
        {
            "you must specify an update to requests or limits (in the form of --requests/--limits)"
        }
        _ => "",
    };
    if !needs.is_empty() {
        return plain(needs);
    }
    let mut changes = changes.to_vec();
    changes.extend(kube.flags.list("env").iter().cloned());
    let mut entries = Vec::new();
    if word == "env updated" {
        entries = variables(kube, &changes).await?;
        changes.retain(|change| !change.contains('='));
    }
    let (objects, mut failures) = kube.chosen_of(words).await?;
    for (target, before) in objects {
        if kube.flags.is("list") {
            print_environment(kube, &target, &before).await;
            continue;
        }
        let mut after = before.clone();
        let Some(spec) = template_spec(&mut after) else {
            failures.push(Failure::Plain(format!(
                "{}/{} the object is not a pod or does not have a pod template: *{}.{}",
                target.kind.plural, target.name, target.kind.version, target.kind.kind
            )));
            continue;
        };
        if word == "env updated"
            && !all_containers(spec)
                .into_iter()
                .any(|c| is_chosen(kube, text(c, "name")))
        {
            kube.warn(&format!(
                "Warning: {}/{} does not have any containers matching \"{}\"",
                target.kind.kind,
                target.name,
                kube.flags.text("containers")
            ));
            continue;
        }
        let edited = match word {
            "env updated" => environment(kube, &entries, &changes, spec),
            _ => edit(kube, &changes, spec),
        };
        match edited {
            Ok(()) => {}
            Err(failure) if word == "env updated" => {
                failures.push(Failure::Plain(format!(
                    "{}/{} {}",
                    target.kind.plural,
                    target.name,
                    failure.message()
                )));
                continue;
            }
            // Of several images, those are set whose container is there.
            Err(failure) if word == "image updated" && after != before => failures.push(failure),
            Err(failure) => {
                failures.push(failure);
                continue;
            }
        }
        match kube
            .send_changes(&target, &before, after, "kubectl-set")
            .await
        {
            Ok(Some(object)) => done(kube, target.kind, &object, word)?,
            Ok(None) => {}
            Err(failure) => failures.push(Failure::Plain(format!(
                "{} {}",
                match word {
                    "env updated" => "failed to patch env update to pod template:",
                    "image updated" => "failed to patch image update to pod template:",
                    _ => "failed to patch resources update to pod template",
                },
                failure.message()
            ))),
        }
    }
    match all(failures) {
        Some(failure) => Err(failure),
        None => Ok(()),
    }
}

/// The pod spec of a pod, or of what makes pods.
pub(super) fn template_spec(object: &mut Value) -> Option<&mut Value> {
    let mut spec = object.get_mut("spec")?;
    if spec.get("jobTemplate").is_some() {
        spec = spec.get_mut("jobTemplate")?.get_mut("spec")?;
    }
    if spec.get("template").is_some() {
        return spec.get_mut("template")?.get_mut("spec");
    }
    spec.get("containers").is_some().then_some(spec)
}

fn containers<'v>(spec: &'v mut Value, field: &str) -> impl Iterator<Item = &'v mut Value> {
    spec.get_mut(field)
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
}

/// The containers, and those that run before them.
fn all_containers(spec: &mut Value) -> Vec<&mut Value> {
    let (mut plain, mut initial) = (Vec::new(), Vec::new());
    for (field, value) in spec.as_object_mut().into_iter().flatten() {
        let items = value.as_array_mut().into_iter().flatten();
        match field.as_str() {
            "containers" => plain.extend(items),
            "initContainers" => initial.extend(items),
            _ => {}
        }
    }
    plain.extend(initial);
    plain
}

fn image(_: &Kube, changes: &[String], spec: &mut Value) -> Result<()> {
    let mut missing = Vec::new();
    for change in changes {
        let Some((name, image)) = change.split_once('=') else {
            return plain(format!("unexpected image spec: {change}"));
        };
        let mut found = false;
        for field in ["initContainers", "containers"] {
            for container in containers(spec, field) {
                if name == "*" || text(container, "name") == name {
                    found = true;
                    container["image"] = image.into();
                }
            }
        }
        if !found {
            missing.push(Failure::Plain(format!(
                "error: unable to find container named \"{name}\""
            )));
        }
    }
    match all(missing) {
        Some(failure) => Err(failure),
        None => Ok(()),
    }
}

/// Whether `-c` names the container; `*` in it stands for any text.
fn is_chosen(kube: &Kube, name: &str) -> bool {
    match kube.flags.text("containers") {
        "" | "*" => true,
        pattern => match pattern.strip_suffix('*') {
            Some(prefix) => name.starts_with(prefix),
            None => pattern == name,
        },
    }
}

/// The variables that are to be set: from words, from `--from`, with `--prefix`.
async fn variables(kube: &Kube, changes: &[String]) -> Result<Vec<Value>> {
    let flags = &kube.flags;
    if flags.given("keys") && !flags.given("from") {
        return plain("when specifying --keys, a configmap or secret must be provided with --from");
    }
    let mut entries: Vec<Value> = Vec::new();
    let mut removed: Vec<&str> = Vec::new();
    for change in changes {
        match (change.split_once('='), change.strip_suffix('-')) {
            (Some((name, value)), _) => {
                let wrong = is_env_var_name(name);
                if !wrong.is_empty() {
                    return plain(format!(
                        "\"{name}\" is not a valid key name: {}",
                        wrong.join(";")
                    ));
                }
                // Of two values for one name, the first one is taken.
                if !entries.iter().any(|e| text(e, "name") == name) {
                    entries.push(json!({"name": name, "value": value}));
                }
            }
            (None, Some(name)) => removed.push(name),
            _ => return plain(format!("unknown environment variable: {change}")),
        }
    }
    let set = |name: &&str| entries.iter().any(|e| text(e, "name") == *name);
    if removed.iter().any(set) {
        return plain(
            "can not both modify and remove the same environment variable in the same command",
        );
    }
    if flags.given("from") {
        let keys = flags.list("keys");
        let words = [flags.text("from").to_owned()];
        for target in kube.chosen(&words).await? {
            let object = kube
                .get(target.kind, &target.namespace, &target.name)
                .await?;
            let field = match target.kind.kind {
                "Secret" => "secretKeyRef",
                "ConfigMap" => "configMapKeyRef",
                _ => return plain("unsupported resource specified in --from"),
            };
            for (key, _) in object["data"].as_object().into_iter().flatten() {
                if !keys.is_empty() && !keys.contains(key) {
                    continue;
                }
                let letter = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
                let name: String = key.chars().map(letter).collect();
                let name = name.to_ascii_uppercase();
                if name != *key {
                    kube.warn(&format!("Warning: key {key} transferred to {name}"));
                }
                let mut source = json!({});
                source[field] = json!({"key": key, "name": target.name});
                entries.push(json!({"name": name, "valueFrom": source}));
            }
        }
    }
    let prefix = flags.text("prefix");
    for entry in &mut entries {
        entry["name"] = format!("{prefix}{}", text(entry, "name")).into();
    }
    Ok(entries)
}

fn environment(kube: &Kube, entries: &[Value], gone: &[String], spec: &mut Value) -> Result<()> {
    let overwrite = kube.flags.is_or("overwrite", true);
    for container in all_containers(spec) {
        if !is_chosen(kube, text(container, "name")) {
            continue;
        }
        let mut variables = list(container, "env").to_vec();
        for entry in entries {
            let name = text(entry, "name");
            match variables.iter_mut().find(|v| text(v, "name") == name) {
                Some(before) if !overwrite && text(before, "value") != text(entry, "value") => {
                    return plain(format!(
                        "'{name}' already has a value ({}), and --overwrite is false",
                        text(before, "value")
                    ));
                }
                Some(before) => *before = entry.clone(),
                None => variables.push(entry.clone()),
            }
        }
        variables.retain(|v| {
            let name = text(v, "name");
            !gone.iter().any(|g| g.strip_suffix('-') == Some(name))
        });
        match (variables.is_empty(), container.as_object_mut()) {
            (true, Some(container)) => {
                container.remove("env");
            }
            _ => container["env"] = Value::Array(variables),
        }
    }
    Ok(())
}

/// Where a variable takes its value from (`GetEnvVarRefString`).
fn reference(source: &Value) -> String {
    let (secret, map) = (&source["secretKeyRef"], &source["configMapKeyRef"]);
    if map.is_object() {
        return format!("configmap {}, key {}", text(map, "name"), text(map, "key"));
    }
    if secret.is_object() {
        return format!(
            "secret {}, key {}",
            text(secret, "name"),
            text(secret, "key")
        );
    }
    let (field, resource) = (&source["fieldRef"], &source["resourceFieldRef"]);
    if field.is_object() {
        return format!("field path {}", text(field, "fieldPath"));
    }
    match resource.is_object() {
        true => {
            let of = match text(resource, "containerName") {
                "" => String::new(),
                name => format!("{name}/"),
            };
            format!("resource field {of}{}", text(resource, "resource"))
        }
        false => "invalid valueFrom".to_owned(),
    }
}

async fn print_environment(kube: &Kube, target: &Target, object: &Value) {
    let mut object = object.clone();
    let whole = object.clone();
    let Some(spec) = template_spec(&mut object) else {
        return;
    };
    let label = format!("{} {}", target.kind.kind, target.name);
    let mut wrong: Vec<String> = Vec::new();
    for container in all_containers(spec) {
        if !is_chosen(kube, text(container, "name")) {
            continue;
        }
        kube.print(&format!("# {label}, container {}", text(container, "name")));
        for variable in list(container, "env") {
            let (name, source) = (text(variable, "name"), &variable["valueFrom"]);
            if !source.is_object() {
                kube.print(&format!("{name}={}", text(variable, "value")));
                continue;
            }
            if kube.flags.is("resolve") {
                match resolved(kube, target, &whole, container, source).await {
                    Ok(value) => {
                        kube.print(&format!("{name}={value}"));
                        continue;
                    }
                    Err(failure) => wrong.push(format!(
                        "error retrieving reference for {name}: {}",
                        failure.message()
                    )),
                }
            }
            kube.print(&format!("# {name} from {}", reference(source)));
        }
        for line in wrong.drain(..) {
            kube.warn(&line);
        }
    }
}

/// The value that a variable takes from elsewhere (`GetEnvVarRefValue`).
async fn resolved(
    kube: &Kube,
    target: &Target,
    object: &Value,
    container: &Value,
    source: &Value,
) -> Result<String> {
    for (field, kind) in [("secretKeyRef", "Secret"), ("configMapKeyRef", "ConfigMap")] {
        let of = &source[field];
        if !of.is_object() {
            continue;
        }
        let (name, key) = (text(of, "name"), text(of, "key"));
        let kind = super::generate::known("v1", kind)?;
        let found = kube.get(kind, &target.namespace, name).await?;
        let Some(value) = found["data"][key].as_str() else {
            return plain(format!(
                "key {key} not found in {} {name}",
                kind.kind.to_ascii_lowercase()
            ));
        };
        return Ok(match kind.kind {
            "Secret" => {
                let bytes = crate::api::base64::decode(value).unwrap_or_default();
                String::from_utf8_lossy(&bytes).into_owned()
            }
            _ => value.to_owned(),
        });
    }
    let field = text(source, "fieldRef.fieldPath");
    if !field.is_empty() {
        // One of a map is named in brackets.
        let one = field.strip_suffix("']").and_then(|f| f.split_once("['"));
        if let Some((map @ ("metadata.annotations" | "metadata.labels"), key)) = one {
            return Ok(text_of(crate::kubectl::json::at(object, map), key));
        }
        let known = [
            "metadata.annotations",
            "metadata.labels",
            "metadata.name",
            "metadata.namespace",
            "metadata.uid",
        ];
        return match known.contains(&field) {
            true => Ok(crate::kubectl::json::scalar(crate::kubectl::json::at(
                object, field,
            ))),
            false => plain(format!("unsupported fieldPath: {field}")),
        };
    }
    match crate::kubectl::describe::resource_value(container, &source["resourceFieldRef"]) {
        Some(value) if source["resourceFieldRef"].is_object() => Ok(value),
        _ => plain("invalid valueFrom"),
    }
}

fn text_of(map: &Value, key: &str) -> String {
    map[key].as_str().unwrap_or_default().to_owned()
}

fn amounts(kube: &Kube, flag: &str) -> Result<Map<String, Value>> {
    let mut map = Map::new();
    for pair in kube.flags.text(flag).split(',').filter(|p| !p.is_empty()) {
        let Some((name, amount)) = pair.split_once('=') else {
            return plain(format!(
                "Invalid argument syntax {pair}, expected <resource>=<value>"
            ));
        };
        if Quantity::parse(amount).is_err() {
            return plain(
                "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
            );
        }
        map.insert(name.to_owned(), amount.into());
    }
    Ok(map)
}

fn resources(kube: &Kube, _: &[String], spec: &mut Value) -> Result<()> {
    let (limits, requests) = (amounts(kube, "limits")?, amounts(kube, "requests")?);
    let mut found = false;
    for container in all_containers(spec) {
        if !is_chosen(kube, text(container, "name")) {
            continue;
        }
        found = true;
        for (field, amounts) in [("limits", &limits), ("requests", &requests)] {
            for (name, amount) in amounts {
                *crate::kubectl::json::place(container, &["resources", field, name]) =
                    amount.clone();
            }
        }
    }
    match found {
        true => Ok(()),
        false => plain(format!(
            "unable to find container named {}",
            kube.flags.text("containers")
        )),
    }
}
