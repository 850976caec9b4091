//! A Python with the official Kubernetes client, in an environment of its own.

use std::path::PathBuf;
use std::process::Command;

use super::cargo_tool::cache;
use crate::failure::Result;
use crate::run::{asked, run};

const CLIENT: &str = "kubernetes";
const VERSION: &str = "37.0.2";

/// The interpreter; `None`, with the reason printed, where there can be none.
pub fn ensure() -> Result<Option<PathBuf>> {
    let folder = cache()?.join(format!("python-{CLIENT}-{VERSION}"));
    let python = match cfg!(windows) {
        true => folder.join("Scripts/python.exe"),
        false => folder.join("bin/python"),
    };
    let works = || asked(Command::new(&python).args(["-c", "import kubernetes"])).is_some();
    if works() {
        return Ok(Some(python));
    }
    let system = if cfg!(windows) { "python" } else { "python3" };
    if asked(Command::new(system).arg("--version")).is_none() {
        println!("note: there is no {system}: the Python client is not tested");
        return Ok(None);
    }
    println!(
        "Installing the Python client {CLIENT} {VERSION} into {}",
        folder.display()
    );
    let made = run(Command::new(system)
        .args(["-m", "venv", "--clear"])
        .arg(&folder));
    let installed = made.and_then(|()| {
        let package = format!("{CLIENT}=={VERSION}");
        let quiet = [
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ];
        run(Command::new(&python).args(quiet).arg(package))
    });
    if let Err(failure) = installed {
        println!("note: the Python client is not tested, for it could not be installed: {failure}");
        return Ok(None);
    }
    Ok(works().then_some(python))
}
