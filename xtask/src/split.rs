//! The page in two files (docs/adr/0007-the-page-comes-in-two-files.md): what the build needs to divide the
//! wasm, and the list by which it is divided.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use crate::args::Args;
use crate::failure::{Failure, Result};
use crate::page::{Page, build};
use crate::run::{cargo, output, run};
use crate::server::Server;
use crate::tools::{Chromium, WASM};
use crate::workspace;

const PACKAGE: &str = "kubarium-split";
const RUSTFLAGS: &str = "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS";
/// Names that tell instances of one generic apart and stay from build to build; and for each place in the code
/// the constant that it names.
const NAMED_AND_LINKED: &str = "-Csymbol-mangling-version=v0 -Clink-arg=--emit-relocs";

/// The committed list of functions that the first minute runs.
fn list() -> PathBuf {
    workspace::root().join("split/first-minute.txt")
}

/// Where the parts lie while they are made.
fn work(page: Page) -> PathBuf {
    let name = match page {
        Page::Watched => "watched",
        _ => "ships",
    };
    workspace::target().join("split").join(name)
}

/// Builds the tool that divides; returns where it is.
fn tool() -> Result<PathBuf> {
    run(cargo().args(["build", "--quiet", "--package", PACKAGE]))
        .map_err(|_| Failure::new("the tool that divides the page was not built: see above"))?;
    let name = format!("{PACKAGE}{}", std::env::consts::EXE_SUFFIX);
    Ok(workspace::target().join("debug").join(name))
}

/// What rustc links.
fn linked() -> PathBuf {
    workspace::target().join("wasm32-unknown-unknown/wasm-release/kubarium.wasm")
}

/// What Trunk, the compiler and `web/scripts/split-page.mjs` must be told.
pub fn environment(page: Page) -> Result<Vec<(&'static str, OsString)>> {
    let mut flags = std::env::var_os(RUSTFLAGS).unwrap_or_default();
    if !flags.is_empty() {
        flags.push(" ");
    }
    flags.push(NAMED_AND_LINKED);
    let mut environment = vec![
        (RUSTFLAGS, flags),
        ("KUBARIUM_SPLIT", tool()?.into()),
        ("KUBARIUM_SPLIT_LIST", list().into()),
        ("KUBARIUM_SPLIT_WORK", work(page).into()),
        ("KUBARIUM_LINKED", linked().into()),
    ];
    if page == Page::Watched {
        environment.push(("KUBARIUM_WATCH", "1".into()));
    }
    Ok(environment)
}

/// Makes the list anew where it is of another program than the one that is about to be built: the compiler draws the
/// boundaries of functions otherwise after any change. Where there is no browser, the list stays as it is, and
/// whoever comes first waits for the second file.
pub fn refresh(std: &[(&str, &str)]) -> Result {
    // What Trunk will ask for, in the same words, so that it finds it built.
    let mut compile = cargo();
    compile
        .args(["build", "--quiet", "--target", WASM])
        .args(["--profile", Page::Ships.profile(), "--bin", "kubarium"])
        .envs(std.iter().copied())
        .envs(environment(Page::Ships)?);
    run(&mut compile)
        .map_err(|_| Failure::new("the page was not built: the compiler says why above"))?;
    let mut fits = Command::new(tool()?);
    fits.arg("fits").args([linked(), list()]);
    if output(&mut fits)?.trim() == "yes" {
        return Ok(());
    }
    println!("The program has changed: listing anew which functions its first minute runs");
    make().or_else(|failure| {
        println!("{failure}\nThe list of functions stays as it is: the page may start slower than it could");
        Ok(())
    })
}

/// `cargo xtask profile-page`: writes the list.
pub fn profile(args: Args) -> Result {
    args.finish()?;
    make()
}

/// Runs the first minute in a browser, in a page that notes which functions run, and writes them down.
fn make() -> Result {
    let chromium = Chromium::ensure()?;
    build(Page::Watched)?;
    let server = Server::bind(0, Page::Watched.folder(), "/", None)
        .map_err(|error| Failure::new(format!("cannot serve the page: {error}")))?;
    let url = server.url()?;
    server.start();
    let seen = work(Page::Watched).join("seen");
    let mut node = Command::new("node");
    node.arg(workspace::web().join("scripts/first-minute.mjs"))
        .arg(url)
        .arg(&seen)
        .env("CHROMIUM", &chromium.browser);
    run(&mut node)?;
    let mut split = Command::new(tool()?);
    split
        .arg("list")
        .args([linked(), work(Page::Watched).join("page.wasm")])
        .args([&seen, &list()]);
    run(&mut split)
}
