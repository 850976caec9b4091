//! `crictl`: what the container runtime of a node has.

use std::rc::Rc;

use serde_json::{Value, json};

use super::super::super::state::{Io, Shell};
use super::{asked, fail, here, list, text};
use crate::api::rfc3339::format_time;
use crate::apiserver::{Body, Request};
use crate::sim::Time;

/// Columns as a Go tabwriter of at least 20 columns sets them.
fn rows(io: &Io, table: &[Vec<String>]) {
    let columns = table.first().map_or(0, Vec::len);
    let width = |i: usize| {
        let cells = table.iter().filter_map(|row| row.get(i));
        cells
            .map(|cell| cell.chars().count() + 3)
            .max()
            .unwrap_or(0)
            .max(20)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    for row in table {
        let mut line = String::new();
        for (i, cell) in row.iter().enumerate() {
            match i + 1 == columns {
                true => line.push_str(cell),
                false => {
                    let width = widths.get(i).copied().unwrap_or(20);
                    line.push_str(&format!("{cell:<width$}"));
                }
            }
        }
        io.out.line(&line);
    }
}

fn short(id: &str) -> String {
    id.chars().take(13).collect()
}

/// `5 minutes ago`, in the words of docker/go-units.
fn ago(then: &Value, now: Time) -> String {
    let seconds = now.since(Time(then.as_u64().unwrap_or_default())).as_secs();
    let (count, unit) = match seconds {
        0 => return "Less than a second ago".to_owned(),
        1 => return "1 second ago".to_owned(),
        2..60 => (seconds, "seconds"),
        60..120 => return "About a minute ago".to_owned(),
        120..3600 => (seconds / 60, "minutes"),
        3600..7200 => return "About an hour ago".to_owned(),
        7200..172_800 => (seconds / 3600, "hours"),
        _ => (seconds / 86_400, "days"),
    };
    format!("{count} {unit} ago")
}

/// The digest of an image by its name.
fn image_id(images: &Value, name: &str) -> String {
    for image in list(images, "images") {
        let names = list(image, "names");
        let fits = |n: &Value| {
            n.as_str()
                .is_some_and(|n| n == name || n.ends_with(&format!("/{name}")))
        };
        if names.iter().any(fits)
            && let Some(digest) = names
                .iter()
                .find_map(|n| n.as_str()?.split("sha256:").nth(1))
        {
            return digest.to_owned();
        }
    }
    format!("{:016x}", crate::sim::hash_bytes(11, name.as_bytes()))
}

fn size(bytes: u64) -> String {
    let (unit, name) = match bytes {
        0..1_000_000 => (1000, "kB"),
        1_000_000..1_000_000_000 => (1_000_000, "MB"),
        _ => (1_000_000_000, "GB"),
    };
    // Three figures, as go-units has them.
    let hundredths = bytes.saturating_mul(100) / unit;
    let (whole, part) = (hundredths / 100, hundredths % 100);
    match whole {
        100.. => format!("{whole}{name}"),
        10..100 => format!("{whole}.{}{name}", part / 10),
        _ => format!("{whole}.{part:02}{name}"),
    }
}

pub fn crictl(shell: &Rc<Shell>, io: &Io, arguments: &[String]) -> i32 {
    let Some(node) = here(shell, io, "crictl") else {
        return 1;
    };
    let (mut words, mut flags): (Vec<&str>, Vec<(&str, &str)>) = Default::default();
    let mut rest = arguments.iter().map(String::as_str);
    while let Some(word) = rest.next() {
        let Some(flag) = word.strip_prefix('-') else {
            words.push(word);
            continue;
        };
        let flag = flag.trim_start_matches('-');
        let (name, given) = match flag.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (flag, None),
        };
        let valued = matches!(
            name,
            "name"
                | "namespace"
                | "p"
                | "pod"
                | "tail"
                | "o"
                | "output"
                | "r"
                | "runtime-endpoint"
                | "state"
        );
        let value = match (valued, given) {
            (true, given) => given.or_else(|| rest.next()).unwrap_or_default(),
            (false, given) => given.unwrap_or("true"),
        };
        flags.push((name, value));
    }
    let flag = |names: &[&str]| {
        let found = flags.iter().find(|(name, _)| names.contains(name));
        found.map(|(_, value)| *value)
    };
    let (Some(pods), Some(images)) = (
        asked(shell, io, &node, "pods"),
        asked(shell, io, &node, "images"),
    ) else {
        return 1;
    };
    let now = shell.world.now();
    match words.first().copied().unwrap_or_default() {
        "ps" => {
            let all = flag(&["a", "all"]).is_some();
            let heads = [
                "CONTAINER",
                "IMAGE",
                "CREATED",
                "STATE",
                "NAME",
                "ATTEMPT",
                "POD ID",
                "POD",
                "NAMESPACE",
            ];
            let mut table = vec![heads.map(str::to_owned).to_vec()];
            for (pod, container) in containers(&pods) {
                let runs = container["ended"].is_null();
                let wanted = flag(&["name"]).is_none_or(|n| text(container, "name").contains(n))
                    && flag(&["namespace"]).is_none_or(|n| text(pod, "namespace") == n)
                    && flag(&["p", "pod"]).is_none_or(|p| text(pod, "id").starts_with(p));
                if !wanted || (!all && !runs) {
                    continue;
                }
                if flag(&["q", "quiet"]).is_some() {
                    io.out.line(text(container, "id"));
                    continue;
                }
                table.push(vec![
                    short(text(container, "id")),
                    short(&image_id(&images, text(container, "image"))),
                    ago(&container["started"], now),
                    if runs { "Running" } else { "Exited" }.to_owned(),
                    text(container, "name").to_owned(),
                    container["attempt"].to_string(),
                    short(text(pod, "id")),
                    text(pod, "name").to_owned(),
                    text(pod, "namespace").to_owned(),
                ]);
            }
            if flag(&["q", "quiet"]).is_none() {
                rows(io, &table);
            }
            0
        }
        "pods" => {
            let heads = [
                "POD ID",
                "CREATED",
                "STATE",
                "NAME",
                "NAMESPACE",
                "ATTEMPT",
                "RUNTIME",
            ];
            let mut table = vec![heads.map(str::to_owned).to_vec()];
            for pod in list(&pods, "pods") {
                table.push(vec![
                    short(text(pod, "id")),
                    ago(&pod["created"], now),
                    if pod["ready"] == true {
                        "Ready"
                    } else {
                        "NotReady"
                    }
                    .to_owned(),
                    text(pod, "name").to_owned(),
                    text(pod, "namespace").to_owned(),
                    "0".to_owned(),
                    "(default)".to_owned(),
                ]);
            }
            rows(io, &table);
            0
        }
        "images" | "image" | "img" => {
            let heads = ["IMAGE", "TAG", "IMAGE ID", "SIZE"];
            let mut table = vec![heads.map(str::to_owned).to_vec()];
            for image in list(&images, "images") {
                let names: Vec<&str> = list(image, "names")
                    .iter()
                    .filter_map(Value::as_str)
                    .collect();
                let full = names
                    .iter()
                    .find(|n| !n.contains('@'))
                    .copied()
                    .unwrap_or_default();
                let (name, tag) = full.rsplit_once(':').unwrap_or((full, "latest"));
                table.push(vec![
                    name.to_owned(),
                    tag.to_owned(),
                    short(&image_id(&images, full)),
                    size(image["size"].as_u64().unwrap_or_default()),
                ]);
            }
            rows(io, &table);
            0
        }
        "stats" => {
            let heads = ["CONTAINER", "NAME", "CPU %", "MEM"];
            let mut table = vec![heads.map(str::to_owned).to_vec()];
            for (pod, container) in containers(&pods).filter(|(_, c)| c["ended"].is_null()) {
                let (cpu, memory) = usage(shell, pod, text(container, "name"));
                table.push(vec![
                    short(text(container, "id")),
                    text(container, "name").to_owned(),
                    cpu,
                    memory,
                ]);
            }
            rows(io, &table);
            0
        }
        "logs" | "inspect" | "inspectp" => {
            let Some(id) = words.get(1) else {
                return fail(io, "ID cannot be empty", 1);
            };
            let found = containers(&pods).find(|(_, c)| text(c, "id").starts_with(id));
            let Some((pod, container)) = found else {
                let message = format!(
                    "E: getting the status of the container \"{id}\": rpc error: code = NotFound desc = an error occurred when try to find container \"{id}\": not found"
                );
                return fail(io, &message, 1);
            };
            if words.first() == Some(&"logs") {
                return logs(shell, io, pod, text(container, "name"), flag(&["tail"]));
            }
            let stamp = |at: &Value| match at.as_u64() {
                Some(at) => format_time(i64::try_from(at).unwrap_or_default()),
                None => "0001-01-01T00:00:00Z".to_owned(),
            };
            let runs = container["ended"].is_null();
            let whole = json!({
                "info": {"runtimeType": "io.containerd.runc.v2", "sandboxID": pod["id"]},
                "status": {
                    "id": container["id"],
                    "metadata": {"name": container["name"], "attempt": container["attempt"]},
                    "state": if runs { "CONTAINER_RUNNING" } else { "CONTAINER_EXITED" },
                    "createdAt": stamp(&container["started"]), "startedAt": stamp(&container["started"]),
                    "finishedAt": stamp(&container["ended"]),
                    "exitCode": container["exitCode"].as_i64().unwrap_or_default(),
                    "image": {"image": container["image"]},
                    "labels": {
                        "io.kubernetes.container.name": container["name"],
                        "io.kubernetes.pod.name": pod["name"],
                        "io.kubernetes.pod.namespace": pod["namespace"],
                        "io.kubernetes.pod.uid": pod["uid"],
                    },
                },
            });
            io.out
                .line(&serde_json::to_string_pretty(&whole).unwrap_or_default());
            0
        }
        "version" => {
            io.out.line("Version:  0.1.0\nRuntimeName:  containerd\nRuntimeVersion:  2.2.1\nRuntimeApiVersion:  v1");
            0
        }
        "" => fail(
            io,
            "usage: crictl ps [-a] | pods | images | stats | logs ID | inspect ID",
            1,
        ),
        other => fail(io, &format!("crictl: no help topic for '{other}'"), 3),
    }
}

fn containers(pods: &Value) -> impl Iterator<Item = (&Value, &Value)> {
    let pods = list(pods, "pods").iter();
    pods.flat_map(|pod| list(pod, "containers").iter().map(move |c| (pod, c)))
}

/// CPU and memory as the metrics have them.
fn usage(shell: &Shell, pod: &Value, container: &str) -> (String, String) {
    let path = format!(
        "/apis/metrics.k8s.io/v1beta1/namespaces/{}/pods/{}",
        text(pod, "namespace"),
        text(pod, "name")
    );
    let none = || ("0.00".to_owned(), "0B".to_owned());
    let Body::Json(answer) = shell.world.host.behind(Request::get(path)).body else {
        return none();
    };
    let mut all = list(&answer, "containers").iter();
    let Some(found) = all.find(|c| text(c, "name") == container) else {
        return none();
    };
    let quantity = |name: &str| {
        let parsed = crate::api::quantity::Quantity::parse(text(&found["usage"], name));
        parsed.ok()
    };
    let cpu = quantity("cpu").map_or(0, |q| q.milli_value());
    let memory = quantity("memory").map_or(0, |q| q.value());
    let cpu = format!("{}.{:02}", cpu / 10, cpu % 10 * 10);
    (cpu, size(u64::try_from(memory).unwrap_or_default()))
}

/// The log goes through the node, not the API server; both read the same file.
fn logs(shell: &Shell, io: &Io, pod: &Value, container: &str, tail: Option<&str>) -> i32 {
    let path = format!(
        "/api/v1/namespaces/{}/pods/{}/log",
        text(pod, "namespace"),
        text(pod, "name")
    );
    let mut request = Request::get(path).with_query("container", container);
    if let Some(tail) = tail {
        request = request.with_query("tailLines", tail);
    }
    match shell.world.host.behind(request).body {
        Body::Text(log) => {
            io.out.write(&log);
            0
        }
        Body::Json(status) => fail(io, text(&status, "message"), 1),
        Body::Empty => 0,
    }
}
