//! `cargo xtask fmt`.

use crate::args::Args;
use crate::failure::Result;
use crate::run::{cargo, run};

pub fn command(mut args: Args) -> Result {
    let check = args.flag("--check");
    args.finish()?;
    format(check)
}

/// Formats the Rust code of the workspace, or only says whether it is formatted.
pub fn format(check: bool) -> Result {
    let mut command = cargo();
    command.args(["fmt", "--all"]);
    if check {
        command.args(["--", "--check"]);
    }
    run(&mut command)
}
