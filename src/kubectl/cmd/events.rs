//! `kubectl events`: by time, of everything or of one object.
//! Models `k8s.io/kubectl/pkg/cmd/events`.

use serde_json::{Value, json};

use super::{Command, OUTPUT};
use crate::kubectl::describe::event_interval;
use crate::kubectl::error::{Result, plain};
use crate::kubectl::json::{namespace, text};
use crate::kubectl::kube::{Kube, path};
use crate::kubectl::printers::format;
use crate::kubectl::tabwriter::TabWriter;

pub const EVENTS: Command = Command {
    path: "events",
    short: "List events",
    help: "[(-o|--output=)json|yaml|kyaml|name|go-template|go-template-file|template|templatefile|jsonpath|jsonpath-as-json|jsonpath-file] [--for TYPE/NAME] [--watch] [--types=Normal,Warning]
Print what happened in a namespace, the oldest first.

# Warnings alone
kubectl events --types=Warning

# Of one pod, and go on
kubectl events --for=pod/web --watch",
    flags: &[OUTPUT, "-A,all-namespaces=false chunk-size=500 for='' no-headers=false types=[] -w,watch=false"],
    run: |kube| Box::pin(run(kube)),
};

async fn run(kube: &Kube) -> Result<()> {
    let flags = &kube.flags;
    let all = flags.is("all-namespaces");
    let kind = super::generate::known("v1", "Event")?;
    let namespace = if all { String::new() } else { kube.namespace() };
    let mut fields = Vec::new();
    let about = flags.text("for");
    if !about.is_empty() {
        let Some((kind, name)) = about.split_once('/') else {
            return plain("--for must be in resource/name form");
        };
        kube.discover_words(&[kind.to_owned()]).await;
        let Some(kind) = kube.kind_of(kind) else {
            return Err(crate::kubectl::error::Failure::Said(format!(
                "the server doesn't have a resource type \"{kind}\""
            )));
        };
        fields.push(format!("involvedObject.kind={}", kind.kind));
        fields.push(format!("involvedObject.name={name}"));
    }
    for type_ in flags.list("types") {
        if !["Normal", "Warning"]
            .iter()
            .any(|t| t.eq_ignore_ascii_case(type_))
        {
            return plain("valid --types are Normal or Warning");
        }
    }
    let wanted = |event: &Value| {
        let types = flags.list("types");
        types.is_empty()
            || types
                .iter()
                .any(|t| t.eq_ignore_ascii_case(text(event, "type")))
    };
    let mut events = kube
        .list(kind, &namespace, &[("fieldSelector", fields.join(","))])
        .await?;
    events.retain(|event| wanted(event));
    events.sort_by(|a, b| last_seen(a).cmp(last_seen(b)));
    let format = format(kube, false)?;
    if events.is_empty() && !flags.is("watch") {
        match all {
            true => kube.warn("No events found."),
            false => kube.warn(&format!("No events found in {namespace} namespace.")),
        }
        return Ok(());
    }
    if let Some(format) = format {
        let list = json!({"apiVersion": "v1", "kind": "List", "metadata": {"resourceVersion": ""}, "items": events});
        return format.print(kube, &list);
    }
    let mut writer = TabWriter::table();
    let mut lines = String::new();
    if !flags.is("no-headers") {
        lines.push_str(if all { "NAMESPACE\t" } else { "" });
        lines.push_str("LAST SEEN\tTYPE\tREASON\tOBJECT\tMESSAGE\n");
    }
    for event in &events {
        lines.push_str(&row(kube, event, all));
    }
    kube.io.out.write(&writer.align(&lines));
    if flags.is("watch") {
        let request = kube
            .request(
                crate::apiserver::Method::Get,
                path(kind, &namespace, "", ""),
            )
            .with_query("watch", "true")
            .with_query("fieldSelector", fields.join(","));
        let mut seen: Vec<String> = events.iter().map(version).collect();
        let mut watch = kube.shell.world.host.client().watch(request);
        while let Some(event) = watch.next().await {
            let object = &event["object"];
            let fresh = matches!(text(&event, "type"), "ADDED" | "MODIFIED");
            if !fresh || !wanted(object) || seen.contains(&version(object)) {
                continue;
            }
            seen.clear();
            kube.io.out.write(&writer.align(&row(kube, object, all)));
        }
    }
    Ok(())
}

fn version(event: &Value) -> String {
    text(event, "metadata.resourceVersion").to_owned()
}

/// When an event was last seen.
fn last_seen(event: &Value) -> &str {
    [
        text(event, "series.lastObservedTime"),
        text(event, "lastTimestamp"),
        text(event, "eventTime"),
    ]
    .into_iter()
    .find(|t| !t.is_empty())
    .unwrap_or_default()
}

fn row(kube: &Kube, event: &Value, all: bool) -> String {
    let lead = match all {
        true => format!("{}\t", namespace(event)),
        false => String::new(),
    };
    format!(
        "{lead}{}\t{}\t{}\t{}/{}\t{}\n",
        event_interval(kube, event),
        text(event, "type"),
        text(event, "reason"),
        text(event, "involvedObject.kind"),
        text(event, "involvedObject.name"),
        text(event, "message").trim()
    )
}
