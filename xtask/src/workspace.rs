//! Where things are.

use std::path::{Path, PathBuf};

/// The folder of the workspace, wherever the command was started.
pub fn root() -> &'static Path {
    let ours = Path::new(env!("CARGO_MANIFEST_DIR"));
    ours.parent().unwrap_or(ours)
}

/// What cargo builds, and what this tool leaves for itself.
pub fn target() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(dir) => root().join(dir),
        None => root().join("target"),
    }
}

/// The page that ships.
pub fn dist() -> PathBuf {
    root().join("dist")
}

/// The npm side.
pub fn web() -> PathBuf {
    root().join("web")
}
