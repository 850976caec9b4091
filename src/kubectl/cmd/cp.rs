//! `kubectl cp`: files between this terminal and containers. Models `k8s.io/kubectl/pkg/cmd/cp`.
//!
//! Divergence: the real one runs `tar` in the container, and so needs it there; this one runs a
//! shell, which the containers that have a `tar` have.

use serde_json::{Value, json};

use super::Command;
use super::exec::container;
use crate::api::Kind;
use crate::apiserver::Method;
use crate::kubectl::error::{Failure, Result, plain};
use crate::kubectl::json::{int, name, namespace, text};
use crate::kubectl::kube::{Kube, path};
use crate::sim::millis;

pub const CP: Command = Command {
    path: "cp",
    short: "Copy files and directories to and from containers",
    help: "<file-spec-src> <file-spec-dest>
Copy files between here and a container. The container's side is POD:PATH or NAMESPACE/POD:PATH, and the container has to have tar.

# There
kubectl cp notes.txt web:/tmp/notes.txt

# Here, from a container that is named
kubectl cp web:/etc/nginx/nginx.conf nginx.conf -c web",
    flags: &["-c,container='' no-preserve=false retries=0"],
    run: |kube| Box::pin(run(kube)),
};

/// `[[NAMESPACE/]POD:]PATH`
struct Spec {
    namespace: String,
    pod: String,
    path: String,
}

impl Spec {
    fn is_remote(&self) -> bool {
        !self.pod.is_empty()
    }

    fn parse(kube: &Kube, word: &str) -> Result<Spec> {
        let local = |path: &str| Spec {
            namespace: String::new(),
            pod: String::new(),
            path: path.to_owned(),
        };
        let Some((pod, path)) = word.split_once(':') else {
            return Ok(local(word));
        };
        // A colon behind a slash belongs to a local name.
        if pod.is_empty() || pod.starts_with(['/', '.']) {
            return plain("filespec must match the canonical format: [[namespace/]pod:]file/path");
        }
        if path.is_empty() {
            return plain("filepath can not be empty");
        }
        let (namespace, pod) = match pod.split('/').collect::<Vec<_>>().as_slice() {
            [pod] => (kube.namespace(), (*pod).to_owned()),
            [namespace, pod] => ((*namespace).to_owned(), (*pod).to_owned()),
            _ => {
                return plain(
                    "filespec must match the canonical format: [[namespace/]pod:]file/path",
                );
            }
        };
        Ok(Spec {
            namespace,
            pod,
            path: path.to_owned(),
        })
    }
}

async fn run(kube: &Kube) -> Result<()> {
    let [from, to] = kube.flags.arguments.as_slice() else {
        return plain("source and destination are required");
    };
    let (from, to) = (Spec::parse(kube, from)?, Spec::parse(kube, to)?);
    if from.path.is_empty() || to.path.is_empty() {
        return plain("filepath can not be empty");
    }
    match (from.is_remote(), to.is_remote()) {
        (true, true) => plain("one of src or dest must be a local file specification"),
        (false, false) => plain("one of src or dest must be a remote file specification"),
        (false, true) => upload(kube, &from, &to).await,
        (true, false) => download(kube, &from, &to).await,
    }
}

/// The pod and the container that are meant.
async fn place(kube: &Kube, spec: &Spec) -> Result<(Value, String)> {
    let Some(pods) = Kind::by_gvk("v1", "Pod").map(Kind::info) else {
        return plain("pods are not served");
    };
    let pod = kube.get(pods, &spec.namespace, &spec.pod).await?;
    let phase = text(&pod, "status.phase");
    if matches!(phase, "Succeeded" | "Failed") {
        return plain(format!(
            "cannot exec into a container in a completed pod; current phase is {phase}"
        ));
    }
    let container = container(kube, &pod)?;
    Ok((pod, container))
}

/// Runs a script in the container; its output, its complaints and its exit code.
async fn script(
    kube: &Kube,
    pod: &Value,
    container: &str,
    source: &str,
    input: Option<&str>,
) -> Result<(String, String, i64)> {
    let Some(pods) = Kind::by_gvk("v1", "Pod").map(Kind::info) else {
        return plain("pods are not served");
    };
    let at = path(pods, namespace(pod), name(pod), "exec");
    let mut request = kube
        .request(Method::Post, at.clone())
        .with_query("container", container)
        .with_query("stdout", "true")
        .with_query("stderr", "true");
    for word in ["sh", "-c", source] {
        request = request.with_query("command", word);
    }
    if let Some(input) = input {
        request = request
            .with_query("stdin", "true")
            .with_body(json!({ "stdin": input }));
    }
    // What is missing in such a container is `tar`, too.
    let told = |failure: Failure| {
        let message = failure.message().replace("\"sh\"", "\"tar\"");
        Failure::Plain(message)
    };
    let started = kube.json(request).await.map_err(told)?;
    let session = int(&started, "session").unwrap_or_default().to_string();
    let (mut out, mut err) = (String::new(), String::new());
    loop {
        let request = kube
            .request(Method::Get, at.clone())
            .with_query("session", session.as_str())
            .with_query("stdoutFrom", out.len().to_string())
            .with_query("stderrFrom", err.len().to_string());
        let state = kube.json(request).await.map_err(told)?;
        out.push_str(text(&state, "stdout"));
        err.push_str(text(&state, "stderr"));
        if let Some(code) = int(&state, "exitCode") {
            return Ok((out, err, code));
        }
        kube.shell.world.sleep(millis(10)).await;
    }
}

fn quoted(path: &str) -> String {
    format!("'{}'", path.replace('\'', "'\\''"))
}

fn base(path: &str) -> &str {
    let path = path.trim_end_matches('/');
    path.rsplit('/').next().unwrap_or(path)
}

/// Local files that a path names: its name below the target, and its text.
fn sources(kube: &Kube, from: &str) -> Vec<(String, String)> {
    if let Some(text) = kube.shell.read_file(from) {
        return vec![(String::new(), text)];
    }
    let plain = from.trim_start_matches("./").trim_end_matches('/');
    let lead = match plain {
        "" | "." => String::new(),
        plain => format!("{plain}/"),
    };
    let files = kube.shell.world.host.files().into_iter();
    files
        .filter_map(|name| {
            let below = name.strip_prefix(&lead)?.to_owned();
            let text = kube.shell.read_file(&name)?;
            Some((format!("/{below}"), text))
        })
        .collect()
}

async fn upload(kube: &Kube, from: &Spec, to: &Spec) -> Result<()> {
    let files = sources(kube, &from.path);
    if files.is_empty() {
        return plain(format!("{} doesn't exist in local filesystem", from.path));
    }
    let (pod, container) = place(kube, to).await?;
    // A folder that is there takes the file under its own name.
    let test = format!("test -d {}", quoted(&to.path));
    let (_, _, is_file) = script(kube, &pod, &container, &test, None).await?;
    let target = match is_file == 0 || to.path.ends_with('/') {
        true => format!("{}/{}", to.path.trim_end_matches('/'), base(&from.path)),
        false => to.path.clone(),
    };
    for (below, text) in files {
        let file = format!("{target}{below}");
        let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
        let make = match below.is_empty() || folder.is_empty() {
            true => String::new(),
            false => format!("mkdir -p {} 2>/dev/null; ", quoted(folder)),
        };
        let source = format!("{make}cat > {}", quoted(&file));
        let (_, complaint, code) = script(kube, &pod, &container, &source, Some(&text)).await?;
        if code != 0 {
            kube.io.err.write(&complaint);
            kube.warn(&format!("command terminated with exit code {code}"));
            return Err(Failure::Exit(1));
        }
    }
    Ok(())
}

async fn download(kube: &Kube, from: &Spec, to: &Spec) -> Result<()> {
    let (pod, container) = place(kube, from).await?;
    let source = format!("cat {}", quoted(&from.path));
    let (text, complaint, code) = script(kube, &pod, &container, &source, None).await?;
    // Whoever packs the file says so, once the container has let him.
    if from.path.starts_with('/') {
        kube.warn("tar: Removing leading `/' from member names");
    }
    if code != 0 {
        let folder = complaint.to_ascii_lowercase().contains("directory")
            && !complaint.contains("No such file");
        if folder {
            return plain(format!(
                "{} is a folder: here, files are copied out of containers one by one",
                from.path
            ));
        }
        let member = from.path.trim_start_matches('/');
        kube.warn(&format!(
            "tar: {member}: Cannot stat: No such file or directory"
        ));
        kube.warn("tar: Exiting with failure status due to previous errors");
        kube.warn("command terminated with exit code 2");
        return Err(Failure::Exit(1));
    }
    let host = &kube.shell.world.host;
    let lead = format!("{}/", to.path.trim_end_matches('/'));
    let is_folder = matches!(to.path.as_str(), "." | "./")
        || to.path.ends_with('/')
        || host.files().iter().any(|f| f.starts_with(&lead));
    let target = match (to.path.as_str(), is_folder) {
        ("." | "./", _) => base(&from.path).to_owned(),
        (_, true) => format!("{lead}{}", base(&from.path)),
        (path, false) => path.to_owned(),
    };
    host.write_file(&target, &text);
    Ok(())
}
