//! `cargo xtask dist`: what is released, made from the page that ships.

use std::process::Command;

use crate::args::Args;
use crate::failure::Result;
use crate::page::{Page, build};
use crate::run::run;
use crate::sizes;
use crate::tools::npm_packages;
use crate::workspace;

pub fn command(mut args: Args) -> Result {
    let built = args.flag("--no-build");
    args.finish()?;
    if built {
        npm_packages()?;
    } else {
        build(Page::Ships)?;
        sizes::report(&workspace::dist())?.hold()?;
    }
    let mut node = Command::new("node");
    node.arg(workspace::web().join("scripts/dist.mjs"))
        .arg(workspace::dist())
        .arg(workspace::target().join("dist"));
    run(&mut node)
}
