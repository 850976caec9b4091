//! The tools the project needs, each in one version, installed once.
//!
//! Trunk and wasm-bindgen go into a cache outside the workspace, keyed by version, so that branches do
//! not fight over them; npm packages go to `web/node_modules`; Chromium is the system's. Everything
//! here first looks for what is there, prints what it installs and why, and says in one line what to
//! do where it cannot.

mod cargo_tool;
mod chromium;
mod npm;
mod python;
mod std_source;
mod wasm_target;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use crate::failure::{Failure, Result};
use crate::workspace;

pub use chromium::Chromium;
pub use npm::{docusaurus, packages as npm_packages};
pub use python::{client as python_with_client, mkdocs};
pub use std_source::environment as own_std;
pub use wasm_target::{TRIPLE as WASM, ensure as wasm_target};

/// Newer ones need a newer Rust than the one this project is held to.
const TRUNK: &str = "0.21.14";

/// Trunk spends half its build time on optimising itself, which a build of the page does not repay.
const TRUNK_PROFILE: [(&str, &str); 4] = [
    ("CARGO_PROFILE_RELEASE_LTO", "off"),
    ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1"),
    ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16"),
    ("CARGO_PROFILE_RELEASE_DEBUG", "false"),
];

/// Folders to put in front of PATH for the programs that need the tools.
#[derive(Default)]
pub struct Toolbox {
    folders: Vec<PathBuf>,
}

impl Toolbox {
    /// Everything a build of the page needs.
    pub fn for_page() -> Result<Self> {
        wasm_target()?;
        let mut toolbox = Self::default();
        toolbox
            .folders
            .extend(cargo_tool::ensure(&cargo_tool::Tool {
                package: "trunk",
                program: "trunk",
                version: TRUNK.to_owned(),
                why: "it puts the page together; about three minutes, once",
                locked: true,
                profile: &TRUNK_PROFILE,
            })?);
        toolbox.add_wasm_bindgen()?;
        npm_packages()?;
        // wasm-opt comes with the npm package binaryen.
        toolbox
            .folders
            .push(workspace::web().join("node_modules/.bin"));
        Ok(toolbox)
    }

    /// What the tests need that run as wasm.
    pub fn for_wasm_tests() -> Result<Self> {
        wasm_target()?;
        let mut toolbox = Self::default();
        toolbox.add_wasm_bindgen()?;
        Ok(toolbox)
    }

    fn add_wasm_bindgen(&mut self) -> Result {
        self.folders.extend(cargo_tool::ensure(&cargo_tool::Tool {
            package: "wasm-bindgen-cli",
            program: "wasm-bindgen",
            version: locked_version("wasm-bindgen")?,
            why: "it must equal the wasm-bindgen of Cargo.lock; about two minutes, once",
            // Its own lock file names versions that are no longer there.
            locked: false,
            profile: &TRUNK_PROFILE,
        })?);
        Ok(())
    }

    /// A command that finds the tools before anything else on PATH.
    pub fn command(&self, program: &str) -> Result<Command> {
        let mut command = Command::new(program);
        command
            .current_dir(workspace::root())
            .env("PATH", self.path()?);
        Ok(command)
    }

    pub fn path(&self) -> Result<OsString> {
        let present = std::env::var_os("PATH").unwrap_or_default();
        let folders = self
            .folders
            .iter()
            .cloned()
            .chain(std::env::split_paths(&present));
        std::env::join_paths(folders).map_err(|error| {
            Failure::new(format!("a tool lies in a folder PATH cannot name: {error}"))
        })
    }
}

/// The version of a package in Cargo.lock.
fn locked_version(package: &str) -> Result<String> {
    let path = workspace::root().join("Cargo.lock");
    let lock =
        std::fs::read_to_string(&path).map_err(|error| Failure::io("read", &path, &error))?;
    version_in_lock(&lock, package).ok_or_else(|| {
        Failure::new(format!(
            "Cargo.lock does not name {package}; run `cargo check` once"
        ))
    })
}

fn version_in_lock(lock: &str, package: &str) -> Option<String> {
    let name = format!("name = \"{package}\"");
    let mut lines = lock.lines().skip_while(|line| *line != name).skip(1);
    let version = lines
        .next()?
        .strip_prefix("version = \"")?
        .strip_suffix('"')?;
    Some(version.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_locked_version_is_the_one_after_the_name() {
        let lock = "[[package]]\nname = \"wasm-bindgen-macro\"\nversion = \"9.9.9\"\n\n[[package]]\nname = \"wasm-bindgen\"\nversion = \"0.2.130\"\n";
        assert_eq!(
            version_in_lock(lock, "wasm-bindgen").as_deref(),
            Some("0.2.130")
        );
        assert_eq!(version_in_lock(lock, "trunk"), None);
    }
}
