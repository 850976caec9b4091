//! Copies the types of `k8s-openapi`, and puts the parts that are named below behind a [`Shared`] pointer.
//!
//! There a `Volume` is 3,208 bytes, as it has room for each of its thirty sources, whoever changes the status of a pod
//! copies all of its spec, and whoever changes one address behind a service copies all of them. That is most of what
//! ten thousand pods weigh.
//!
//! [`Shared`]: src/shared.rs

use std::env;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The release whose types are served.
const RELEASE: &str = "v1_36";

/// The files of types, and which of their parts are shared: those that may be left out, and each of a list. No name
/// means every part that is itself a type of the API.
const SHARED: &[(&str, &[&str])] = &[
    ("api/core/v1/container", CONTAINER),
    ("api/core/v1/container_state", &["terminated"]),
    (
        "api/core/v1/endpoint_subset",
        &["addresses", "not_ready_addresses"],
    ),
    ("api/core/v1/env_var", &["value_from"]),
    ("api/core/v1/ephemeral_container", CONTAINER),
    ("api/core/v1/event", &["related"]),
    ("api/core/v1/pod", &["spec", "status"]),
    (
        "api/core/v1/pod_spec",
        &["affinity", "dns_config", "security_context", "tolerations"],
    ),
    ("api/core/v1/pod_status", &["conditions"]),
    ("api/core/v1/pod_template_spec", &["spec"]),
    ("api/core/v1/volume", &[]),
    ("api/core/v1/volume_projection", &[]),
    ("api/discovery/v1/endpoint_slice", &["endpoints"]),
    ("api/node/v1/scheduling", &["tolerations"]),
    (
        "apimachinery/pkg/apis/meta/v1/object_meta",
        &["owner_references"],
    ),
];

const CONTAINER: &[&str] = &[
    "lifecycle",
    "liveness_probe",
    "readiness_probe",
    "security_context",
    "startup_probe",
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=Cargo.toml");
    let source = source()?;
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo says where to write")?);
    for file in ["byte_string.rs", "deep_merge.rs", "resource.rs"] {
        fs::copy(source.join(file), out.join(file))?;
    }
    copy(&source.join(RELEASE), &out.join(RELEASE))?;
    let types = out.join(RELEASE);
    for (file, fields) in SHARED {
        let path = types.join(file).with_extension("rs");
        let text = fs::read_to_string(&path)?;
        fs::write(&path, share(file, fields, &text)?)?;
    }
    let modules = format!(
        "#[path = \"byte_string.rs\"]\nmod _byte_string;\n\
         #[path = \"deep_merge.rs\"]\nmod _deep_merge;\n\
         #[path = \"resource.rs\"]\nmod _resource;\n\
         mod {RELEASE};\npub use self::{RELEASE}::*;\n"
    );
    fs::write(out.join("modules.rs"), modules)?;
    Ok(())
}

/// Where cargo has put the source of `k8s-openapi`.
fn source() -> Result<PathBuf, Box<dyn Error>> {
    let output = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["metadata", "--format-version=1"])
        .current_dir(env::var_os("CARGO_MANIFEST_DIR").ok_or("cargo says where it builds")?)
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    let packages = metadata["packages"].as_array().into_iter().flatten();
    let manifest = packages
        .filter(|package| package["name"] == "k8s-openapi")
        .find_map(|package| package["manifest_path"].as_str())
        .ok_or("k8s-openapi is not in the lock file")?;
    let folder = Path::new(manifest).parent().unwrap_or(Path::new(""));
    Ok(folder.join("src"))
}

fn copy(from: &Path, to: &Path) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        match entry.file_type()?.is_dir() {
            true => copy(&entry.path(), &to)?,
            false => drop(fs::copy(entry.path(), to)?),
        }
    }
    Ok(())
}

/// The text of a type with shared parts: in its declaration, and where its decoder collects them.
fn share(file: &str, fields: &[&str], text: &str) -> Result<String, Box<dyn Error>> {
    let mut shared = String::with_capacity(text.len() + 2000);
    let mut found = 0;
    for line in text.lines() {
        match share_line(fields, line) {
            Some(changed) => {
                found += 1;
                shared.push_str(&changed);
            }
            None => shared.push_str(line),
        }
        shared.push('\n');
    }
    let expected = 2 * fields.len();
    if found == 0 || !fields.is_empty() && found != expected {
        return Err(format!("{file}: {found} places were changed, not {expected}").into());
    }
    Ok(shared)
}

fn share_line(fields: &[&str], line: &str) -> Option<String> {
    let declared = line.trim_start();
    let declared = declared
        .strip_prefix("pub ")
        .or_else(|| declared.strip_prefix("let mut value_"))?;
    let (name, type_) = declared.split_once(": Option<")?;
    if !fields.is_empty() && !fields.contains(&name) {
        return None;
    }
    let at = line.len() - type_.len() + type_.find("crate::api")?;
    let (before, inner) = line.split_at_checked(at)?;
    let (inner, after) = inner.split_once('>')?;
    Some(format!("{before}crate::Shared<{inner}>>{after}"))
}
