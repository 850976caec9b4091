//! `kubectl create secret tls|docker-registry`.
//! Models `k8s.io/kubectl/pkg/cmd/create/create_secret_{tls,docker}.go`.

use serde_json::json;

use super::generate::{COMMON, MANAGER, known, make, only_name};
use super::{Command, OUTPUT};
use crate::api::base64;
use crate::kubectl::error::{Failure, Result, plain};
use crate::kubectl::kube::Kube;

pub const TLS: Command = Command {
    path: "create secret tls",
    short: "Create a TLS secret",
    help: "NAME --cert=path/to/cert/file --key=path/to/key/file [--dry-run=server|client|none]
The certificate has to be PEM and to fit its key.

# From two files
kubectl create secret tls site --cert=site.crt --key=site.key",
    flags: &[OUTPUT, COMMON, "append-hash=false cert='' key=''"],
    run: |kube| Box::pin(tls(kube)),
};

pub const DOCKER: Command = Command {
    path: "create secret docker-registry",
    short: "Create a secret for use with a Docker registry",
    help: "NAME --docker-username=user --docker-password=password --docker-email=email [--docker-server=string] [--from-file=[key=]source] [--dry-run=server|client|none]
Nodes use it, as an imagePullSecret, to pull images that not everyone may have.

# A login for a registry
kubectl create secret docker-registry pull --docker-server=registry.example --docker-username=anna --docker-password=s3cret",
    flags: &[OUTPUT, COMMON, "append-hash=false docker-email='' docker-password='' docker-server='https://index.docker.io/v1/' docker-username='' from-file=[]"],
    run: |kube| Box::pin(docker(kube)),
};

async fn tls(kube: &Kube) -> Result<()> {
    let name = only_name(kube)?;
    let (cert, key) = (kube.flags.text("cert"), kube.flags.text("key"));
    if cert.is_empty() || key.is_empty() {
        return plain("key and cert must be specified");
    }
    let read = |file: &str| -> Result<String> {
        match kube.shell.read_file(file) {
            Some(text) => Ok(text),
            None => plain(format!(
                "Cannot read file {file}, open {file}: no such file or directory"
            )),
        }
    };
    let (cert, key) = (read(cert)?, read(key)?);
    super::key_pair::check(&cert, &key).map_err(Failure::Plain)?;
    let mut object = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": name},
        "type": "kubernetes.io/tls",
        "data": {"tls.crt": base64::encode(cert.as_bytes()), "tls.key": base64::encode(key.as_bytes())},
    });
    super::generate_data::add_hash(kube, &mut object);
    let lead = "failed to create secret:";
    make(
        kube,
        known("v1", "Secret")?,
        object,
        MANAGER,
        lead,
        "created",
    )
    .await
}

async fn docker(kube: &Kube) -> Result<()> {
    let name = only_name(kube)?;
    let flags = &kube.flags;
    let (user, password) = (flags.text("docker-username"), flags.text("docker-password"));
    let server = match flags.given("docker-server") {
        true => flags.text("docker-server"),
        false => "https://index.docker.io/v1/",
    };
    let files = flags.list("from-file");
    if files.is_empty() && (user.is_empty() || password.is_empty() || server.is_empty()) {
        return plain(
            "either --from-file or the combination of --docker-username, --docker-password and --docker-server is required",
        );
    }
    let mut data = serde_json::Map::new();
    for source in files {
        let (mut key, file) = super::generate_data::file_source(source)?;
        if !source.contains('=') {
            key = ".dockerconfigjson";
        }
        let Some(text) = kube.shell.read_file(file) else {
            return plain(format!("error reading {file}: no such file or directory"));
        };
        data.insert(key.to_owned(), base64::encode(text.as_bytes()).into());
    }
    if files.is_empty() {
        let quoted = |text: &str| crate::api::json::go_json(&text.into());
        // The fields in the order of the configuration's own type.
        let mut entry = format!(
            "\"username\":{},\"password\":{}",
            quoted(user),
            quoted(password)
        );
        if !flags.text("docker-email").is_empty() {
            entry.push_str(&format!(
                ",\"email\":{}",
                quoted(flags.text("docker-email"))
            ));
        }
        let pair = base64::encode(format!("{user}:{password}").as_bytes());
        let config = format!(
            "{{\"auths\":{{{}:{{{entry},\"auth\":\"{pair}\"}}}}}}",
            quoted(server)
        );
        data.insert(
            ".dockerconfigjson".to_owned(),
            base64::encode(config.as_bytes()).into(),
        );
    }
    let mut object = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": name},
        "type": "kubernetes.io/dockerconfigjson",
        "data": data,
    });
    super::generate_data::add_hash(kube, &mut object);
    let lead = "failed to create secret";
    make(
        kube,
        known("v1", "Secret")?,
        object,
        MANAGER,
        lead,
        "created",
    )
    .await
}
