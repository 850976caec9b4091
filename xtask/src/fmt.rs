//! `cargo xtask fmt`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::args::Args;
use crate::failure::Result;
use crate::run::{cargo, run};
use crate::workspace;

/// Modules that a macro names: `cargo fmt` does not find them.
const NAMED_BY_MACROS: &str = "src/api/kinds";

pub fn command(mut args: Args) -> Result {
    let check = args.flag("--check");
    args.finish()?;
    format(check)
}

/// Formats the Rust code of the workspace, or only says whether it is formatted.
pub fn format(check: bool) -> Result {
    let mut all = cargo();
    all.args(["fmt", "--all"]);
    if check {
        all.args(["--", "--check"]);
    }
    run(&mut all)?;
    let mut others = Command::new("rustfmt");
    others.args(["--edition", "2024"]);
    if check {
        others.arg("--check");
    }
    others.args(rust_files(&workspace::root().join(NAMED_BY_MACROS)));
    run(&mut others)
}

/// The Rust files in a folder and below, in order.
fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found = Vec::new();
    for path in entries.map(|entry| entry.path()) {
        if path.is_dir() {
            found.extend(rust_files(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}
