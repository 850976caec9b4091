//! The kubeconfig that lets an administrator in.

use std::fs;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::certs::Issued;

/// The text of a kubeconfig.
pub fn text(address: SocketAddr, authority: &str, client: &Issued) -> String {
    let encode = |text: &str| STANDARD.encode(text);
    format!(
        "apiVersion: v1\n\
         kind: Config\n\
         clusters:\n\
         - name: kubarium\n  cluster:\n    certificate-authority-data: {}\n    server: https://{address}\n\
         contexts:\n\
         - name: kubarium\n  context:\n    cluster: kubarium\n    user: kubernetes-admin\n\
         current-context: kubarium\n\
         preferences: {{}}\n\
         users:\n\
         - name: kubernetes-admin\n  user:\n    client-certificate-data: {}\n    client-key-data: {}\n",
        encode(authority),
        encode(&client.pem),
        encode(&client.key_pem),
    )
}

/// Writes the file at once: whoever waits for it finds it whole, and nobody else may read it.
pub fn write(path: &Path, text: &str) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}", std::process::id()));
    let draft = path.with_file_name(name);
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&draft)?;
    file.write_all(text.as_bytes())?;
    drop(file);
    fs::rename(&draft, path)
}
