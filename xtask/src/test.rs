//! `cargo xtask test`: native tests, tests that run as wasm, and journeys through the page.

use std::fs;

use crate::args::Args;
use crate::failure::{Failure, Result};
use crate::page::{Page, build};
use crate::run::{cargo, keeping};
use crate::server::Server;
use crate::tools::{Chromium, Toolbox, WASM, docusaurus, mkdocs, npm_packages, python_with_client};
use crate::workspace;

/// Where the journeys find the page: below a path, as on a site that hosts it among other things.
const MOUNT: &str = "/docs/tank/";

pub fn command(mut args: Args) -> Result {
    let suite = args.word();
    let filter = args.word();
    let filter = filter.as_deref();
    let dev = args.flag("--dev");
    let built = args.flag("--no-build");
    args.finish()?;
    let page = if dev { Page::Quick } else { Page::Ships };
    let browser = || {
        if !built {
            build(page)?;
        }
        browser(page, filter)
    };
    match suite.as_deref() {
        Some("native") => native(filter)?.print(),
        Some("clients") => clients(filter)?.print(),
        Some("wasm") => wasm(filter)?.print(),
        Some("browser") => browser()?.print(),
        None => {
            let lines = [native(None)?, clients(None)?, wasm(None)?, browser()?];
            println!();
            lines.iter().for_each(Closing::print);
        }
        Some(other) => {
            return Err(Failure::new(format!(
                "there is no suite {other:?}: native, clients, wasm or browser; a filter comes after it"
            )));
        }
    }
    Ok(())
}

/// What the runners said at their end.
pub struct Closing {
    suite: &'static str,
    lines: Vec<String>,
}

impl Closing {
    pub fn print(&self) {
        for line in &self.lines {
            println!("{:<8} {line}", self.suite);
        }
    }
}

/// The package of the native server, whose tests need clients.
const SERVER: &str = "kubarium-server";

/// Unit tests, scenarios and everything else that needs no browser.
pub fn native(filter: Option<&str>) -> Result<Closing> {
    let mut command = cargo();
    command
        .args(["test", "--workspace", "--exclude", SERVER])
        .args(filter);
    let lines = keeping(&mut command, is_result)?;
    Ok(Closing {
        suite: "native",
        lines,
    })
}

fn is_result(line: &str) -> bool {
    line.starts_with("test result:") && !line.contains(" 0 passed; 0 failed; 0 ignored")
}

/// The real kubectl and the official client libraries against the native server. What is missing on this
/// machine is said, and its tests say that they are skipped.
pub fn clients(filter: Option<&str>) -> Result<Closing> {
    npm_packages()?;
    let mut command = cargo();
    command
        .args(["test", "-p", SERVER])
        .args(filter)
        .args(["--", "--show-output"]);
    if let Some(python) = python_with_client()? {
        command.env("KUBARIUM_PYTHON", python);
    }
    let lines = keeping(&mut command, |line| {
        is_result(line) || line.starts_with("SKIPPED")
    })?;
    Ok(Closing {
        suite: "clients",
        lines,
    })
}

/// The tests of `tests/wasm.rs`, in a headless browser.
pub fn wasm(filter: Option<&str>) -> Result<Closing> {
    let toolbox = Toolbox::for_wasm_tests()?;
    let chromium = Chromium::ensure()?;
    let mut command = cargo();
    command
        .args(["test", "--target", WASM, "--test", "wasm"])
        .args(filter)
        .env("PATH", toolbox.path()?)
        .env("CHROMEDRIVER", &chromium.driver)
        .env(
            "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER",
            "wasm-bindgen-test-runner",
        );
    let lines = keeping(&mut command, |line| line.starts_with("test result:"))?;
    Ok(Closing {
        suite: "wasm",
        lines,
    })
}

/// Journeys through the built page, and the unit tests of the npm side.
pub fn browser(page: Page, filter: Option<&str>) -> Result<Closing> {
    npm_packages()?;
    let chromium = Chromium::ensure()?;
    let files = test_files(filter)?;
    let folder = page.folder();
    if !folder.join("index.html").is_file() {
        return Err(Failure::new(
            "there is no page to test: run without --no-build",
        ));
    }
    let server = Server::bind(0, folder, MOUNT, None)
        .map_err(|error| Failure::new(format!("cannot serve the page to the tests: {error}")))?;
    let url = server.url()?;
    server.start();
    let mut node = std::process::Command::new("node");
    node.args(["--test", "--test-reporter=spec", "--test-concurrency=1"])
        .args(&files)
        .current_dir(workspace::root())
        .env("KUBARIUM_URL", url)
        .env("KUBARIUM_PAGE", page.folder())
        .env("CHROMIUM", &chromium.browser)
        .env(
            "KUBARIUM_SCREENSHOTS",
            workspace::target().join("screenshots"),
        );
    if files
        .iter()
        .any(|file| file.ends_with("/builders.test.mjs"))
    {
        if let Some(mkdocs) = mkdocs()? {
            node.env("KUBARIUM_MKDOCS", mkdocs);
        }
        if let Some(modules) = docusaurus()? {
            node.env("KUBARIUM_DOCUSAURUS", modules);
        }
    }
    let lines = keeping(&mut node, |line| {
        ["ℹ tests ", "ℹ pass ", "ℹ fail ", "ℹ skipped "]
            .iter()
            .any(|word| line.starts_with(word))
            || line.contains("SKIPPED:")
    })?;
    let line = lines
        .iter()
        .map(|line| line.trim_start_matches("ℹ "))
        .collect::<Vec<_>>()
        .join(", ");
    Ok(Closing {
        suite: "browser",
        lines: vec![line],
    })
}

/// Every `*.test.mjs` of the npm side whose name contains `filter`.
fn test_files(filter: Option<&str>) -> Result<Vec<String>> {
    let mut files = Vec::new();
    for folder in ["editor", "scripts", "tests"] {
        let path = workspace::web().join(folder);
        let entries = fs::read_dir(&path).map_err(|error| Failure::io("read", &path, &error))?;
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.ends_with(".test.mjs") && name.contains(filter.unwrap_or_default()) {
                files.push(format!("web/{folder}/{name}"));
            }
        }
    }
    files.sort();
    if files.is_empty() {
        return Err(Failure::new(format!(
            "no file of web/ ends with .test.mjs and contains {:?}",
            filter.unwrap_or_default()
        )));
    }
    Ok(files)
}
