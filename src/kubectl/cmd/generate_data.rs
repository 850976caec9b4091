//! What config maps and secrets are filled with: files, folders, literals, lines of `key=value`.
//! Models `k8s.io/kubectl/pkg/cmd/create/{create_configmap,create_secret}.go` and `pkg/util`.

use serde_json::{Map, Value, json};

use super::generate::{COMMON, MANAGER, known, make, only_name};
use super::{Command, OUTPUT};
use crate::api::base64;
use crate::api::names::{is_config_map_key, is_env_var_name};
use crate::kubectl::error::{Result, plain};
use crate::kubectl::kube::Kube;
use crate::kubectl::kustomize::hash_of;

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
    run: |kube| Box::pin(config(kube, "ConfigMap")),
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
    run: |kube| Box::pin(config(kube, "Secret")),
};

/// The entries of a config map or a secret, as they come.
struct Entries<'k> {
    kind: &'static str,
    name: &'k str,
    data: Map<String, Value>,
}

impl Entries<'_> {
    fn is_secret(&self) -> bool {
        self.kind == "Secret"
    }

    fn add(&mut self, key: &str, text: &str) -> Result<()> {
        let wrong = is_config_map_key(key);
        if !wrong.is_empty() {
            let wrong = wrong.join(if self.is_secret() { ";" } else { "," });
            return plain(match self.is_secret() {
                true => format!("\"{key}\" is not valid key name for a Secret {wrong}"),
                false => format!("\"{key}\" is not a valid key name for a ConfigMap: {wrong}"),
            });
        }
        let value = match self.is_secret() {
            true => Value::from(base64::encode(text.as_bytes())),
            false => Value::from(text),
        };
        if self.data.insert(key.to_owned(), value).is_none() {
            return Ok(());
        }
        plain(match self.is_secret() {
            true => format!("cannot add key {key}, another key by that name already exists"),
            false => format!(
                "cannot add key \"{key}\", another key by that name already exists in Data for ConfigMap \"{}\"",
                self.name
            ),
        })
    }

    /// `key=path`, a path, or a folder, each of whose files becomes an entry.
    fn add_file(&mut self, kube: &Kube, source: &str) -> Result<()> {
        let (key, path) = file_source(source)?;
        if let Some(text) = kube.shell.read_file(path) {
            return self.add(key, &text);
        }
        let inside = files_in(kube, path);
        if inside.is_empty() {
            return plain(format!("error reading {path}: no such file or directory"));
        }
        if source.contains('=') {
            return plain("cannot give a key name for a directory path");
        }
        for file in inside {
            let text = kube.shell.read_file(&file).unwrap_or_default();
            self.add(base_name(&file), &text)?;
        }
        Ok(())
    }

    /// Lines of `key=value`; a key alone takes its value from the shell's environment.
    fn add_lines(&mut self, kube: &Kube, path: &str) -> Result<()> {
        let Some(text) = kube.shell.read_file(path) else {
            return plain(match files_in(kube, path).is_empty() {
                true => format!("error reading {path}: no such file or directory"),
                false => "env config file cannot be a directory".to_owned(),
            });
        };
        for line in text.trim_start_matches('\u{feff}').lines() {
            let line = line.trim_start();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (key, value) = match line.split_once('=') {
                Some((key, value)) => (key, value.to_owned()),
                None => (
                    line,
                    kube.io.variable(&kube.shell, line).unwrap_or_default(),
                ),
            };
            let wrong = is_env_var_name(key);
            if !wrong.is_empty() {
                return plain(format!(
                    "\"{key}\" is not a valid key name: {}",
                    wrong.join(";")
                ));
            }
            self.add(key, &value)?;
        }
        Ok(())
    }
}

fn base_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The files of a folder, without those of folders in it.
fn files_in(kube: &Kube, folder: &str) -> Vec<String> {
    let lead = match folder.trim_end_matches('/') {
        "." => String::new(),
        folder => format!("{}/", folder.trim_start_matches("./")),
    };
    let mut files = kube.shell.world.host.files();
    files.retain(|file| {
        file.strip_prefix(&lead)
            .is_some_and(|rest| !rest.is_empty() && !rest.contains('/'))
    });
    files.sort();
    files
}

/// The key and the path of `--from-file` (`ParseFileSource`).
pub(super) fn file_source(source: &str) -> Result<(&str, &str)> {
    match (source.matches('=').count(), source.split_once('=')) {
        (1, Some(("", path))) => plain(format!("key name for file path {path} missing")),
        (1, Some((key, ""))) => plain(format!("file path for key name {key} missing")),
        (1, Some(pair)) => Ok(pair),
        (0, _) => Ok((base_name(source.trim_end_matches('/')), source)),
        _ => plain("key names or file paths cannot contain '='"),
    }
}

/// Makes the object, with the flags that config maps and secrets share.
pub(super) async fn config(kube: &Kube, kind: &'static str) -> Result<()> {
    let name = only_name(kube)?;
    let flags = &kube.flags;
    let (files, literals) = (flags.list("from-file"), flags.list("from-literal"));
    let lines = flags.list("from-env-file");
    let others = files.len() + literals.len();
    if !lines.is_empty() && others > 0 {
        return plain("from-env-file cannot be combined with from-file or from-literal");
    }
    let mut entries = Entries {
        kind,
        name: &name,
        data: Map::new(),
    };
    for source in files {
        entries.add_file(kube, source)?;
    }
    for literal in literals {
        match literal.split_once('=') {
            Some((key, value)) if !key.is_empty() => entries.add(key, value)?,
            _ => {
                return plain(format!(
                    "invalid literal source {literal}, expected key=value"
                ));
            }
        }
    }
    for file in lines {
        entries.add_lines(kube, file)?;
    }
    let data = entries.data;
    let mut object = json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": name}});
    if !data.is_empty() {
        object["data"] = Value::Object(data);
    }
    if kind == "Secret" && !flags.text("type").is_empty() {
        object["type"] = Value::from(flags.text("type"));
    }
    add_hash(kube, &mut object);
    let lead = match kind {
        "Secret" => "failed to create secret",
        _ => "failed to create configmap:",
    };
    make(kube, known("v1", kind)?, object, MANAGER, lead, "created").await
}

/// With `--append-hash`, what an object holds is behind its name.
pub(super) fn add_hash(kube: &Kube, object: &mut Value) {
    if kube.flags.is("append-hash") {
        let hash = hash_of(object);
        let name = crate::kubectl::json::text(object, "metadata.name");
        object["metadata"]["name"] = format!("{name}-{hash}").into();
    }
}
