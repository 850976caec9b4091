//! `kubectl get`: tables from the server, objects in other formats, watching.
//! Models `k8s.io/kubectl/pkg/cmd/get/get.go`.

use serde_json::{Value, json};

use super::{Command, FILES, OUTPUT};
use crate::api::json::with;
use crate::apiserver::request::ACCEPT_TABLE;
use crate::apiserver::{Method, Request};
use crate::kubectl::error::{Failure, Result, all, plain};
use crate::kubectl::json::{list, text};
use crate::kubectl::kube::{Kube, path};
use crate::kubectl::manifests::Selection;
use crate::kubectl::printers::table::{Options, Printer, of_object};
use crate::kubectl::printers::{Format, format};
use crate::kubectl::resources::Target;

mod sort;

pub const GET: Command = Command {
    path: "get",
    short: "Display one or many resources",
    help: "[(-o|--output=)json|yaml|kyaml|name|go-template|go-template-file|template|templatefile|jsonpath|jsonpath-as-json|jsonpath-file|custom-columns|custom-columns-file|wide] (TYPE[.VERSION][.GROUP] [NAME | -l label] | TYPE[.VERSION][.GROUP]/NAME ...) [flags]
Print a table with the most important facts about objects. A label selector and a field selector narrow it down, and -o prints other things than a table.

# Pods, with their nodes and addresses
kubectl get pods -o wide

# One deployment as YAML
kubectl get deployment web -o yaml

# Several types at once, of all namespaces
kubectl get deploy,svc -A

# A field of one object
kubectl get pod web -o jsonpath='{.status.podIP}'

# Columns of your own
kubectl get pods -o custom-columns=NAME:.metadata.name,NODE:.spec.nodeName

# Go on with each change
kubectl get pods -l app=web -w",
    flags: &[OUTPUT, FILES, "-A,all-namespaces=false chunk-size=500 field-selector='' ignore-not-found=false -L,label-columns=[] no-headers=false output-watch-events=false raw='' -l,selector='' server-print=true show-kind=false show-labels=false sort-by='' subresource='' watch-only=false -w,watch=false"],
    run: |kube| Box::pin(run(kube)),
};

async fn run(kube: &Kube) -> Result<()> {
    let flags = &kube.flags;
    if !flags.text("raw").is_empty() && !flags.text("output").is_empty() {
        return plain("--raw and --output are mutually exclusive");
    }
    if !flags.text("raw").is_empty() {
        return raw(kube, flags.text("raw")).await;
    }
    let output = flags.text("output");
    if flags.is("show-labels") && !matches!(output, "" | "wide") {
        return plain(format!(
            "--show-labels option cannot be used with {output} printer"
        ));
    }
    if flags.is("output-watch-events") && !flags.is("watch") && !flags.is("watch-only") {
        return plain("--output-watch-events option can only be used with --watch or --watch-only");
    }
    let format = format(kube, true)?;
    if flags.arguments.is_empty() && !flags.names_files() {
        kube.warn("You must specify the type of resource to get. Use \"kubectl api-resources\" for a complete list of supported resources.\n");
        return kube.usage("Required resource not specified.\nUse \"kubectl explain <resource>\" for a detailed description of that resource (e.g. kubectl explain pods).");
    }
    let (targets, single, mut failures) = targets(kube, format.is_some()).await?;
    if !flags.text("subresource").is_empty() && targets.iter().any(|t| t.name.is_empty()) {
        return plain("subresource cannot be used when bulk resources are specified");
    }
    if flags.is("watch") || flags.is("watch-only") {
        return super::get::watch(kube, &targets, format, single).await;
    }
    match format {
        Some(format) => objects(kube, &targets, single, &format, &mut failures).await?,
        None => tables(kube, &targets, &mut failures).await?,
    }
    match all(failures) {
        Some(failure) => Err(failure),
        None => Ok(()),
    }
}

/// What the words or files name; whether that is one object.
async fn targets(kube: &Kube, whole: bool) -> Result<(Vec<Target>, bool, Vec<Failure>)> {
    super::needs_files(&kube.flags)?;
    if !kube.flags.names_files() {
        let targets = kube.targets(&kube.flags.arguments).await?;
        return Ok((targets.targets, targets.single, Vec::new()));
    }
    if !kube.flags.arguments.is_empty() {
        return plain(
            "when paths, URLs, or stdin is provided as input, you may not specify resource arguments as well",
        );
    }
    // One file that is to be written as one object is taken as a whole.
    let (manifests, failures) = match whole && kube.flags.list("filename").len() == 1 {
        true => kube.manifests().await,
        false => kube.visited().await,
    };
    if whole && failures.iter().any(|f| matches!(f, Failure::Plain(_))) {
        return Err(all(failures).unwrap_or(Failure::Exit(1)));
    }
    let targets: Vec<Target> = manifests
        .iter()
        .map(|m| Target {
            kind: m.kind,
            namespace: m.namespace.clone(),
            name: m.name().to_owned(),
        })
        .collect();
    let single = targets.len() == 1;
    Ok((targets, single, failures))
}

async fn raw(kube: &Kube, address: &str) -> Result<()> {
    if !kube.flags.arguments.is_empty() {
        return plain("arguments may not be passed when --raw is specified");
    }
    let flags = &kube.flags;
    let filters = ["selector", "field-selector", "label-columns"];
    if ["watch", "watch-only"].iter().any(|flag| flags.is(flag))
        || filters.iter().any(|flag| flags.given(flag))
    {
        return plain(
            "--raw may not be specified with other flags that filter the server request or alter the output",
        );
    }
    super::raw::send(kube, Method::Get, address, "").await
}

/// The request for a target; whole kinds are selected from.
fn request(kube: &Kube, target: &Target, table: bool) -> Request {
    let subresource = kube.flags.text("subresource");
    let mut request = kube.request(
        Method::Get,
        path(target.kind, &target.namespace, &target.name, subresource),
    );
    if target.name.is_empty() {
        for (name, flag) in [
            ("labelSelector", "selector"),
            ("fieldSelector", "field-selector"),
        ] {
            let value = kube.flags.text(flag);
            if !value.is_empty() {
                request = request.with_query(name, value);
            }
        }
    }
    if table {
        request.accept = ACCEPT_TABLE;
        if !kube.flags.text("sort-by").is_empty() {
            request = request.with_query("includeObject", "Object");
        }
    }
    request
}

/// What `-l` selects among the objects of files; of kinds, the server is asked for it.
fn selection(kube: &Kube) -> Result<Option<Selection>> {
    match kube.flags.names_files() {
        true => kube.selection(),
        false => Ok(None),
    }
}

fn is_passed_over(selection: &Option<Selection>, object: &Value) -> bool {
    selection.as_ref().is_some_and(|s| !s.has(object))
}

async fn objects(
    kube: &Kube,
    targets: &[Target],
    single: bool,
    format: &Format,
    failures: &mut Vec<Failure>,
) -> Result<()> {
    let ignore = kube.flags.is("ignore-not-found");
    let selection = selection(kube)?;
    let mut found = Vec::new();
    for target in targets {
        match kube.json(request(kube, target, false)).await {
            Ok(mut object) if target.name.is_empty() => {
                let kind = target.kind;
                let Some(Value::Array(items)) = object.get_mut("items").map(Value::take) else {
                    continue;
                };
                found.extend(items.into_iter().map(|mut item| {
                    if item["kind"].is_null() {
                        item["kind"] = Value::from(kind.kind);
                        item["apiVersion"] = Value::from(kind.api_version());
                    }
                    item
                }));
            }
            Ok(object) if !is_passed_over(&selection, &object) => found.push(object),
            Ok(_) => {}
            Err(failure) if ignore && failure.is_not_found() => {}
            Err(failure) => failures.push(kube.of_list(target, failure)),
        }
    }
    if found.is_empty() && (!failures.is_empty() || (ignore && single)) {
        return Ok(());
    }
    let sort_by = kube.flags.text("sort-by");
    if !sort_by.is_empty() {
        sort::objects(kube, &mut found, sort_by)?;
    }
    if single && found.len() == 1 {
        return found
            .iter()
            .try_for_each(|object| format.print(kube, object));
    }
    if let Format::Name = format {
        return found
            .iter()
            .try_for_each(|object| format.print(kube, object));
    }
    let list = json!({"apiVersion": "v1", "kind": "List", "metadata": {"resourceVersion": ""}});
    format.print(kube, &with(list, "items", Value::Array(found)))
}

async fn tables(kube: &Kube, targets: &[Target], failures: &mut Vec<Failure>) -> Result<()> {
    let flags = &kube.flags;
    let selection = selection(kube)?;
    let mut found: Vec<(&Target, Value)> = Vec::new();
    for target in targets {
        let by_server = flags.is_or("server-print", true);
        match kube.json(request(kube, target, by_server)).await {
            // The real one looks for the labels of the table, which has none.
            Ok(object) if is_passed_over(&selection, &object) => {}
            Ok(table) if by_server => found.push((target, table)),
            Ok(object) => found.push((target, own_table(kube, &object))),
            Err(failure) if flags.is("ignore-not-found") && failure.is_not_found() => {}
            Err(failure) if target.name.is_empty() => {
                failures.push(kube.of_list(target, failure));
            }
            Err(failure) => failures.push(kube.or_namespace(failure, &target.namespace).await),
        }
    }
    let sort_by = flags.text("sort-by");
    if !sort_by.is_empty() {
        for (_, table) in &mut found {
            match sort::rows(kube, table, sort_by) {
                Err(Failure::Exit(code)) => return Err(Failure::Exit(code)),
                // The real one does not look at what its printer says, and prints nothing.
                Err(_) => table["rows"] = json!([]),
                Ok(()) => {}
            }
        }
    }
    let several = found.iter().any(|(t, _)| {
        found
            .first()
            .is_some_and(|(f, _)| !std::ptr::eq(f.kind, t.kind))
    });
    let mut written = false;
    let mut printer: Option<(&Target, Printer)> = None;
    for (target, table) in &found {
        if printer
            .as_ref()
            .is_none_or(|(t, _)| !std::ptr::eq(t.kind, target.kind))
        {
            if let Some((_, mut last)) = printer.take() {
                written |= flush(kube, &mut last, written);
            }
            printer = Some((
                *target,
                Printer::new(target.kind, options(kube, target, several)),
            ));
        }
        if let Some((_, printer)) = &mut printer {
            printer.add(table, "");
        }
    }
    if let Some((_, mut last)) = printer {
        written |= flush(kube, &mut last, written);
    }
    if !written && failures.is_empty() && !flags.is("ignore-not-found") {
        let namespaced =
            !flags.is("all-namespaces") && found.iter().all(|(t, _)| t.kind.namespaced);
        match namespaced {
            true => kube.warn(&format!(
                "No resources found in {} namespace.",
                kube.namespace()
            )),
            false => kube.warn("No resources found"),
        }
    }
    Ok(())
}

/// `--server-print=false`: what kubectl knows to say of an object of any kind.
fn own_table(kube: &Kube, object: &Value) -> Value {
    let items = match object["items"].is_array() {
        true => list(object, "items"),
        false => std::slice::from_ref(object),
    };
    let rows: Vec<Value> = items
        .iter()
        .map(|item| {
            let age = kube.age(text(item, "metadata.creationTimestamp"));
            json!({"cells": [item["metadata"]["name"], age], "object": item})
        })
        .collect();
    json!({
        "columnDefinitions": [{"name": "Name", "priority": 0}, {"name": "Age", "priority": 0}],
        "rows": rows,
    })
}

/// Writes what a printer has, with a blank line before it when there was output already.
fn flush(kube: &Kube, printer: &mut Printer, written: bool) -> bool {
    let text = printer.flush();
    if text.is_empty() {
        return false;
    }
    if written && !kube.flags.is("no-headers") {
        kube.print("");
    }
    kube.io.out.write(&text);
    true
}

fn options(kube: &Kube, target: &Target, several: bool) -> Options {
    let flags = &kube.flags;
    Options {
        wide: flags.text("output") == "wide",
        no_headers: flags.is("no-headers"),
        with_namespace: flags.is("all-namespaces") && target.kind.namespaced,
        with_kind: several || flags.is("show-kind"),
        show_labels: flags.is("show-labels"),
        label_columns: flags.list("label-columns").to_vec(),
        events: flags.is("output-watch-events"),
    }
}

/// Prints what is there, then every change, until it is interrupted.
async fn watch(
    kube: &Kube,
    targets: &[Target],
    format: Option<Format>,
    single: bool,
) -> Result<()> {
    let [target] = targets else {
        return plain("you may only specify a single resource type");
    };
    if !kube.flags.text("sort-by").is_empty() {
        kube.warn(
            "warning: --watch requested, --sort-by will be ignored for watch events received",
        );
    }
    let mut printer = Printer::new(target.kind, options(kube, target, false));
    let events = kube.flags.is("output-watch-events");
    let table = kube.json(request(kube, target, true)).await?;
    let revision = revision_of(&table);
    if !kube.flags.is("watch-only") {
        match &format {
            None => {
                printer.add(&table, "ADDED");
                kube.io.out.write(&printer.flush());
            }
            Some(format) => {
                let object = kube.json(request(kube, target, false)).await?;
                let items = match single {
                    true => std::slice::from_ref(&object),
                    false => list(&object, "items"),
                };
                for item in items {
                    show_object(kube, format, item, "ADDED", events)?;
                }
            }
        }
    }
    let mut request = Request {
        accept: if format.is_none() { ACCEPT_TABLE } else { "" },
        ..request(kube, target, false)
    }
    .with_query("watch", "true");
    if !target.name.is_empty() {
        request.path = path(target.kind, &target.namespace, "", "");
        request = request.with_query("fieldSelector", format!("metadata.name={}", target.name));
    }
    if !revision.is_empty() {
        request = request.with_query("resourceVersion", revision);
    }
    let mut watch = kube.shell.world.host.client().watch(request);
    // `--request-timeout` ends a watch, and that is no failure.
    let timeout = kube.request_timeout();
    while let Some(Some(event)) = kube.shell.world.before(timeout, watch.next()).await {
        let (kind, object) = (text(&event, "type"), &event["object"]);
        match kind {
            "BOOKMARK" => continue,
            "ERROR" => {
                return Err(crate::kubectl::error::of_status(410, object.clone()));
            }
            _ => {}
        }
        match &format {
            None => {
                printer.add(&of_object(target.kind, object, kube.now()), kind);
                kube.io.out.write(&printer.flush());
            }
            Some(format) => show_object(kube, format, object, kind, events)?,
        }
    }
    Ok(())
}

fn show_object(
    kube: &Kube,
    format: &Format,
    object: &Value,
    event: &str,
    events: bool,
) -> Result<()> {
    if !events {
        if let Format::Yaml = format {
            kube.print("---");
        }
        return format.print(kube, object);
    }
    let mut object = object.clone();
    if !kube.flags.is("show-managed-fields")
        && let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut)
    {
        metadata.remove("managedFields");
    }
    format.print(kube, &json!({"type": event, "object": object}))
}

/// From where to watch on: the table's revision, or its rows' newest.
fn revision_of(table: &Value) -> String {
    let own = text(table, "metadata.resourceVersion");
    if !own.is_empty() {
        return own.to_owned();
    }
    let newest = list(table, "rows")
        .iter()
        .filter_map(|row| {
            text(row, "object.metadata.resourceVersion")
                .parse::<u64>()
                .ok()
        })
        .max();
    newest.map(|n| n.to_string()).unwrap_or_default()
}
