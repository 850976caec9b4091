//! The browser of the tests: the system's Chromium or Chrome, and its driver.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::{Failure, Result};
use crate::run::{asked, run};

const BROWSERS: [&str; 9] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "/usr/lib/chromium/chromium",
    "/snap/bin/chromium",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

const DRIVERS: [&str; 4] = [
    "chromedriver",
    "/usr/lib/chromium/chromedriver",
    "/usr/lib/chromium-browser/chromedriver",
    "/snap/bin/chromium.chromedriver",
];

const BY_HAND: &str = "as root `apt-get update && apt-get install -y --no-install-recommends \
    chromium chromium-driver`, or set CHROMIUM and CHROMEDRIVER to the two programs";

pub struct Chromium {
    pub browser: PathBuf,
    pub driver: PathBuf,
}

impl Chromium {
    /// Finds the two programs, or installs them where this is a Debian and we are root.
    pub fn ensure() -> Result<Self> {
        if let Some(found) = Self::find() {
            return Ok(found);
        }
        let apt = on_path("apt-get").is_some();
        let root = asked(Command::new("id").arg("-u")).is_some_and(|id| id == "0");
        if !apt || !root {
            return Err(Failure::new(format!(
                "Chromium or its driver is missing: {BY_HAND}"
            )));
        }
        println!(
            "Installing chromium and chromium-driver with apt-get (the tests run in a browser)"
        );
        let install = |args: &[&str]| {
            let mut command = Command::new("apt-get");
            command.args(args).env("DEBIAN_FRONTEND", "noninteractive");
            run(&mut command)
        };
        install(&["update", "-qq"])
            .and_then(|()| {
                install(&[
                    "install",
                    "-y",
                    "-qq",
                    "--no-install-recommends",
                    "chromium",
                    "chromium-driver",
                ])
            })
            .map_err(|failure| {
                Failure::new(format!(
                    "could not install Chromium: {failure}. Install it by hand: {BY_HAND}"
                ))
            })?;
        Self::find().ok_or_else(|| {
            Failure::new(format!(
                "apt-get installed no Chromium we can find: {BY_HAND}"
            ))
        })
    }

    fn find() -> Option<Self> {
        Some(Self {
            browser: program("CHROMIUM", &BROWSERS)?,
            driver: program("CHROMEDRIVER", &DRIVERS)?,
        })
    }
}

/// The program an environment variable names, else the first of the usual ones that exists.
fn program(variable: &str, usual: &[&str]) -> Option<PathBuf> {
    if let Some(named) = std::env::var_os(variable)
        .map(PathBuf::from)
        .filter(|path| path.is_file())
    {
        return Some(named);
    }
    usual.iter().find_map(|name| on_path(name))
}

fn on_path(name: &str) -> Option<PathBuf> {
    if Path::new(name).is_absolute() {
        return Some(PathBuf::from(name)).filter(|path| path.is_file());
    }
    let path = std::env::var_os("PATH")?;
    let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    std::env::split_paths(&path)
        .map(|folder| folder.join(&file))
        .find(|path| path.is_file())
}
