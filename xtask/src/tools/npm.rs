//! The packages of `web/`: the editor, wasm-opt, and what drives the browser.

use std::process::Command;

use crate::failure::{Failure, Result};
use crate::inputs::Stamp;
use crate::run::{output, run};
use crate::workspace;

const OLDEST_NODE: u32 = 20;

/// Installs what `web/package-lock.json` names, unless that is what is there.
pub fn packages() -> Result {
    let web = workspace::web();
    let path = web.join("package-lock.json");
    let lock =
        std::fs::read_to_string(&path).map_err(|error| Failure::io("read", &path, &error))?;
    let stamp = Stamp::at(web.join("node_modules/.installed"), lock);
    if stamp.is_current() {
        return Ok(());
    }
    check_node()?;
    println!("Installing npm packages into web/node_modules (editor, wasm-opt, browser tests)");
    stamp.clear();
    let npm = if cfg!(windows) { "npm.cmd" } else { "npm" };
    let mut command = Command::new(npm);
    command.args(["ci", "--loglevel=error"]).current_dir(&web);
    run(&mut command).map_err(|failure| {
        Failure::new(format!(
            "could not install the npm packages: {failure}. Is there a network?"
        ))
    })?;
    stamp.set()
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
    fn the_major_version_of_node() {
        assert_eq!(super::major("v20.20.2\n"), Some(20));
        assert_eq!(super::major("20"), None);
    }
}
