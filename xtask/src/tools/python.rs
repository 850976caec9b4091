//! Python packages that tests need, each in an environment of its own.

use std::path::PathBuf;
use std::process::Command;

use super::cargo_tool::cache;
use crate::failure::Result;
use crate::run::{asked, run};

/// A package, in one version.
struct Package {
    name: &'static str,
    version: &'static str,
    /// What can be imported when it is there.
    module: &'static str,
    /// What is not tested without it.
    tests: &'static str,
}

const CLIENT: Package = Package {
    name: "kubernetes",
    version: "37.0.2",
    module: "kubernetes",
    tests: "the Python client",
};

const MKDOCS: Package = Package {
    name: "mkdocs-material",
    version: "9.8.2",
    module: "mkdocs",
    tests: "a site of Material for MkDocs",
};

/// The interpreter that has the official Kubernetes client; `None`, with the reason printed, where there can be none.
pub fn client() -> Result<Option<PathBuf>> {
    ensure(&CLIENT)
}

/// The program `mkdocs`, with the theme Material; `None`, with the reason printed, where there can be none.
pub fn mkdocs() -> Result<Option<PathBuf>> {
    let python = ensure(&MKDOCS)?;
    Ok(python.map(|python| {
        python.with_file_name(if cfg!(windows) {
            "mkdocs.exe"
        } else {
            "mkdocs"
        })
    }))
}

fn ensure(package: &Package) -> Result<Option<PathBuf>> {
    let Package {
        name,
        version,
        module,
        tests,
    } = package;
    let folder = cache()?.join(format!("python-{name}-{version}"));
    let python = match cfg!(windows) {
        true => folder.join("Scripts/python.exe"),
        false => folder.join("bin/python"),
    };
    let import = format!("import {module}");
    let works = || asked(Command::new(&python).args(["-c", &import])).is_some();
    if works() {
        return Ok(Some(python));
    }
    let system = if cfg!(windows) { "python" } else { "python3" };
    if asked(Command::new(system).arg("--version")).is_none() {
        println!("note: there is no {system}: {tests} is not tested");
        return Ok(None);
    }
    println!("Installing {name} {version} into {}", folder.display());
    let made = run(Command::new(system)
        .args(["-m", "venv", "--clear"])
        .arg(&folder));
    let installed = made.and_then(|()| {
        let package = format!("{name}=={version}");
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
        println!("note: {tests} is not tested, for {name} could not be installed: {failure}");
        return Ok(None);
    }
    Ok(works().then_some(python))
}
