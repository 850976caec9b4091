//! `cargo xtask bench`: native, in the profile that ships. The bench prints its own table and writes
//! `target/bench.json`.

use crate::args::Args;
use crate::failure::Result;
use crate::run::{cargo, run};

pub fn command(mut args: Args) -> Result {
    let filter = args.word();
    args.finish()?;
    let mut command = cargo();
    command.args(["bench", "--bench", "cluster"]);
    if let Some(filter) = filter {
        command.arg("--").arg(filter);
    }
    run(&mut command)
}
