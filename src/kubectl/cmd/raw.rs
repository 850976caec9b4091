//! `--raw`: a request to a path of the API, and its answer as it came.
//! Models `k8s.io/kubectl/pkg/rawhttp`.

use std::borrow::Cow;
use std::time::Duration;

use serde_json::Value;

use crate::api::Kind;
use crate::api::url::unescaped;
use crate::apiserver::{Body, Method, Request};
use crate::kubectl::error::{Result, of_status, of_text, plain};
use crate::kubectl::json::text;
use crate::kubectl::kube::Kube;
use crate::kubectl::printers::order;
use crate::kubectl::upstream;

/// How long a server keeps a watch open that does not say for how long (`--min-request-timeout`; the real
/// one adds up to as much again).
const SHORTEST_WATCH: Duration = Duration::from_secs(1800);

/// Sends what a file holds to a path, and prints the answer.
pub async fn send(kube: &Kube, method: Method, address: &str, file: &str) -> Result<()> {
    if !address.starts_with('/') && !address.contains("://") {
        return plain(format!(
            "--raw must be a valid URL path: parse \"{address}\": invalid URI for request"
        ));
    }
    // The server is the one of the context, whatever the address names.
    let address = match address.split_once("://") {
        Some((_, rest)) if !address.starts_with('/') => {
            rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/")
        }
        _ => address,
    };
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    let mut request = kube.request(method, path.to_owned());
    for pair in query.split('&').filter(|p| !p.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        request = request.with_query(&unescaped(name), unescaped(value));
    }
    let text = match (file, &kube.io.input) {
        ("", _) => String::new(),
        ("-", Some(pipe)) => pipe.rest().await,
        ("-", None) => String::new(),
        (file, _) => match kube.shell.read_file(file) {
            Some(text) => text,
            None => return plain(format!("open {file}: no such file or directory")),
        },
    };
    // It goes as it is, as JSON; the server says what is wrong with it.
    if !text.is_empty() {
        request.body = match serde_json::from_str(&text) {
            Ok(value) => Body::Json(value),
            Err(_) => Body::Text(text),
        };
    }
    let wants = |name: &str| matches!(request.query(name), Some("true" | "1"));
    if method == Method::Get && wants("watch") && is_collection(&request.path) {
        return watch(kube, request).await;
    }
    let body = match upstream::is_foreign(&request.path) {
        true => handed_on(kube, request).await?,
        false => kube.send(request).await?,
    };
    match body {
        // Written for people, it has no end of a line.
        Body::Json(value) if !value["gitVersion"].is_null() => {
            kube.io.out.write(&as_sent(&value, None));
        }
        Body::Json(value) => kube.print(&as_sent(&value, None)),
        Body::Text(text) => kube.io.out.write(&text),
        Body::Empty => {}
    }
    Ok(())
}

/// The answer of what stands behind a `proxy`.
async fn handed_on(kube: &Kube, request: Request) -> Result<Body> {
    let answer = upstream::send(&*kube.shell.world.host, request).await;
    match (answer.code, answer.body) {
        (200..300, body) => Ok(body),
        (code, Body::Json(value)) => Err(of_status(code, value)),
        (code, Body::Text(text)) => Err(of_text(code, &text)),
        (code, Body::Empty) => Err(of_text(code, "")),
    }
}

/// Prints what changes, an object to a line, until the server ends the watch.
async fn watch(kube: &Kube, request: Request) -> Result<()> {
    let asked = request.query("timeoutSeconds").map(str::parse::<u64>);
    let timeout = match asked {
        Some(Ok(seconds @ 1..)) => Duration::from_secs(seconds),
        _ => SHORTEST_WATCH,
    };
    let ends = [kube.request_timeout(), Some(kube.now() + timeout)];
    let end = ends.into_iter().flatten().min();
    let mut watch = kube.shell.world.host.client().watch(request);
    while let Some(Some(event)) = kube.shell.world.before(end, watch.next()).await {
        let failed = text(&event, "type") == "ERROR";
        let code = event["object"]["code"].as_u64().unwrap_or_default();
        // A watch that could not be opened has no events; one whose revision is gone has this one.
        if failed && code != 410 {
            let code = u16::try_from(code).unwrap_or(500);
            return Err(of_status(code, event["object"].clone()));
        }
        let type_ = text(&event, "type");
        kube.print(&format!(
            "{{\"type\":\"{type_}\",\"object\":{}}}",
            as_sent(&event["object"], None)
        ));
        if failed {
            break;
        }
    }
    Ok(())
}

/// An object with its fields as the server's types have them; those of other kinds are sorted. On one line, or with an
/// indent of so many blanks.
pub fn as_sent(object: &Value, indent: Option<usize>) -> String {
    let api_version = text(object, "apiVersion");
    let built_in = Kind::all().any(|kind| kind.info().api_version() == api_version);
    match built_in {
        true => order::json(&without_kinds(object), indent),
        false if !object["gitVersion"].is_null() => version(object),
        false => match indent {
            Some(width) => order::as_it_stands(object, width),
            None => object.to_string(),
        },
    }
}

/// In lists of typed objects, the objects do not say of what kind they are.
fn without_kinds(list: &Value) -> Cow<'_, Value> {
    let own = text(list, "apiVersion").starts_with("play.");
    let items = list["items"].as_array().filter(|_| !own);
    if items.is_none_or(|items| items.is_empty()) {
        return Cow::Borrowed(list);
    }
    let mut list = list.clone();
    let items = list["items"].as_array_mut();
    for item in items.into_iter().flatten() {
        if let Value::Object(map) = item {
            map.remove("kind");
            map.remove("apiVersion");
        }
    }
    Cow::Owned(list)
}

/// The one answer of the server that is written for people.
fn version(object: &Value) -> String {
    const FIELDS: [&str; 9] = [
        "major",
        "minor",
        "gitVersion",
        "gitCommit",
        "gitTreeState",
        "buildDate",
        "goVersion",
        "compiler",
        "platform",
    ];
    let lines = FIELDS.iter().filter_map(|field| {
        let value = object.get(*field)?;
        Some(format!("  \"{field}\": {value}"))
    });
    format!("{{\n{}\n}}", lines.collect::<Vec<_>>().join(",\n"))
}

/// Whether a path leads to the objects of a kind, and not to one of them.
fn is_collection(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').filter(|p| !p.is_empty()).collect();
    let below = match parts.as_slice() {
        ["api", _, below @ ..] | ["apis", _, _, below @ ..] => below,
        _ => return false,
    };
    matches!(below, [_] | ["namespaces", _, _])
}

/// The file that goes with `--raw`; what other flags forbid is refused.
///
/// # Errors
/// In the words of the commands' own checks. `least` is how many files have to be named.
pub fn file(kube: &Kube, least: usize) -> Result<&str> {
    let flags = &kube.flags;
    let files = flags.list("filename");
    if files.len() < least || files.len() > 1 {
        return plain("--raw can only use a single local file or stdin");
    }
    let file = files.first().map_or("", String::as_str);
    if ["http://", "https://"]
        .iter()
        .any(|scheme| file.starts_with(scheme))
    {
        return plain("--raw cannot read from a url");
    }
    if flags.is("recursive") {
        return plain("--raw and --recursive are mutually exclusive");
    }
    if kube.path == "kubectl create" && !flags.text("selector").is_empty() {
        return plain("--raw and --selector (-l) are mutually exclusive");
    }
    if !flags.text("output").is_empty() {
        return plain("--raw and --output are mutually exclusive");
    }
    Ok(file)
}
