//! What the page is made of, to know when it has to be built again.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};

use crate::failure::{Failure, Result};
use crate::workspace;

/// Files and folders, from the root of the workspace.
const INPUTS: [&str; 18] = [
    ".cargo",
    "Cargo.lock",
    "Cargo.toml",
    "Trunk.toml",
    "build.rs",
    "index.html",
    "jiff",
    "meanings/package-lock.json",
    "rust-toolchain.toml",
    "split",
    "src",
    "static",
    "types",
    "web/editor/src",
    "web/embed",
    "web/offline",
    "web/package-lock.json",
    "web/scripts",
];

/// A number that changes when a file of the page is added, removed, written or renamed.
pub fn fingerprint() -> u64 {
    let mut hasher = DefaultHasher::new();
    for input in INPUTS {
        visit(&workspace::root().join(input), &mut hasher);
    }
    hasher.finish()
}

fn visit(path: &Path, hasher: &mut DefaultHasher) {
    // A file that vanishes while we look is a change like any other.
    let Ok(data) = fs::metadata(path) else { return };
    if data.is_dir() {
        let mut entries: Vec<PathBuf> = fs::read_dir(path)
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path())
            .collect();
        entries.sort();
        for entry in entries {
            visit(&entry, hasher);
        }
    } else {
        path.hash(hasher);
        data.len().hash(hasher);
        data.modified().ok().hash(hasher);
    }
}

/// Remembers from which inputs something was made.
pub struct Stamp {
    path: PathBuf,
    content: String,
}

impl Stamp {
    /// A stamp kept in the file at `path`, for something made from `content`.
    pub fn at(path: PathBuf, content: String) -> Self {
        Self { path, content }
    }

    pub fn is_current(&self) -> bool {
        fs::read_to_string(&self.path).is_ok_and(|found| found == self.content)
    }

    pub fn clear(&self) {
        // Absent is what we want.
        let _ = fs::remove_file(&self.path);
    }

    pub fn set(&self) -> Result {
        if let Some(folder) = self.path.parent() {
            fs::create_dir_all(folder).map_err(|error| Failure::io("create", folder, &error))?;
        }
        fs::write(&self.path, &self.content)
            .map_err(|error| Failure::io("write", &self.path, &error))
    }
}
