//! The packages of `web/`: the editor, wasm-opt, and what drives the browser; and those that one test needs.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::cargo_tool::cache;
use crate::failure::{Failure, Result};
use crate::inputs::Stamp;
use crate::run::{output, run};
use crate::workspace;

const OLDEST_NODE: u32 = 20;

/// Installs what `web/package-lock.json` names, unless that is what is there.
pub fn packages() -> Result {
    let web = workspace::web();
    let stamp = Stamp::at(web.join("node_modules/.installed"), lock_of(&web)?);
    if stamp.is_current() {
        return Ok(());
    }
    check_node()?;
    println!("Installing npm packages into web/node_modules (editor, wasm-opt, browser tests)");
    stamp.clear();
    install(&web).map_err(|failure| {
        Failure::new(format!(
            "could not install the npm packages: {failure}. Is there a network?"
        ))
    })?;
    stamp.set()
}

/// The `node_modules` that Docusaurus is in, in the cache of tools, for it is large; `None`, with the reason
/// printed, where there can be none.
pub fn docusaurus() -> Result<Option<PathBuf>> {
    let package = workspace::web().join("tests/docusaurus");
    let lock = lock_of(&package)?;
    let version = version_in_lock(&lock, "@docusaurus/core").unwrap_or("unknown");
    let cache = cache()?;
    let folder = cache.join(format!("docusaurus-{version}"));
    let modules = folder.join("node_modules");
    let stamp = Stamp::at(modules.join(".installed"), lock.clone());
    fs::create_dir_all(&folder).map_err(|error| Failure::io("create", &folder, &error))?;
    let busy = cache.join("lock");
    // Held until the end: two checkouts may want it at once.
    let held = File::create(&busy).map_err(|error| Failure::io("create", &busy, &error))?;
    held.lock()
        .map_err(|error| Failure::io("lock", &busy, &error))?;
    if stamp.is_current() {
        return Ok(Some(modules));
    }
    println!(
        "Installing Docusaurus {version} into {} (a test builds a site with it; 220 MB, about a minute, once)",
        folder.display()
    );
    stamp.clear();
    for name in ["package.json", "package-lock.json", ".npmrc"] {
        let (from, to) = (package.join(name), folder.join(name));
        fs::copy(&from, &to).map_err(|error| Failure::io("copy", &from, &error))?;
    }
    if let Err(failure) = install(&folder) {
        println!(
            "note: a site of Docusaurus is not tested, for its packages could not be installed: {failure}"
        );
        return Ok(None);
    }
    stamp.set()?;
    Ok(Some(modules))
}

fn lock_of(folder: &Path) -> Result<String> {
    let path = folder.join("package-lock.json");
    fs::read_to_string(&path).map_err(|error| Failure::io("read", &path, &error))
}

fn install(folder: &Path) -> Result {
    let npm = if cfg!(windows) { "npm.cmd" } else { "npm" };
    let mut command = Command::new(npm);
    command.args(["ci", "--loglevel=error"]).current_dir(folder);
    run(&mut command)
}

/// The version of a package in a lock file of npm.
fn version_in_lock<'l>(lock: &'l str, package: &str) -> Option<&'l str> {
    let (_, entry) = lock.split_once(&format!("\"node_modules/{package}\": {{"))?;
    let (_, version) = entry.split_once("\"version\": \"")?;
    Some(version.split_once('"')?.0)
}

fn check_node() -> Result {
    let version = output(Command::new("node").arg("--version"))?;
    match major(&version) {
        Some(major) if major >= OLDEST_NODE => Ok(()),
        _ => Err(Failure::new(format!(
            "Node.js {} is too old: install version {OLDEST_NODE} or newer",
            version.trim()
        ))),
    }
}

fn major(version: &str) -> Option<u32> {
    version
        .trim()
        .strip_prefix('v')?
        .split('.')
        .next()?
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_version_that_a_lock_file_names() {
        let lock = r#"{ "packages": { "": { "version": "0.1.0" },
            "node_modules/@docusaurus/core-js": { "version": "9.9.9" },
            "node_modules/@docusaurus/core": {
              "version": "3.10.2" } } }"#;
        let version = |name| super::version_in_lock(lock, name);
        assert_eq!(version("@docusaurus/core"), Some("3.10.2"));
        assert_eq!(version("@docusaurus/types"), None);
    }

    #[test]
    fn the_major_version_of_node() {
        assert_eq!(super::major("v20.20.2\n"), Some(20));
        assert_eq!(super::major("20"), None);
    }
}
