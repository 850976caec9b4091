//! `cargo xtask`: builds, serves, tests and checks the project.
//!
//! It uses std alone, so that its own first build takes seconds, and it installs what it needs itself:
//! each tool in one version, into a cache of the project's own (see [`tools`]).

// Clocks, threads and hash maps are banned from the simulation, not from the tool that builds it.
#![allow(clippy::disallowed_methods, clippy::disallowed_types)]

mod args;
mod bench;
mod ci;
mod deny;
mod deps;
mod dist;
mod failure;
mod fmt;
mod inputs;
mod notices;
mod page;
mod run;
mod schema;
mod serve;
mod server;
mod sizes;
mod spdx;
mod split;
mod test;
mod tools;
mod workspace;

use std::process::ExitCode;

use args::Args;
use failure::{Failure, Result};

const USAGE: &str = "\
cargo xtask <command>

  serve [--port N] [--release] [--no-watch]
                    build the page and serve it on 127.0.0.1:8080; rebuild and reload on every change
  build             build the page that ships into dist/, print its sizes, hold them to the budget
  dist [--no-build] the page as an archive, and as a package for npm, in target/dist/
  test [native|clients|wasm|browser] [filter] [--dev | --no-build]
                    run every test, or one of the three suites; for the browser suite, --dev tests a
                    quick build and --no-build the one that is in dist/
  ci                everything continuous integration checks, step by step
  bench [filter]    measure what the simulation costs
  profile-page      write the list of functions that the first minute of the page runs
  fmt [--check]     format the Rust code

Tools are installed once into $KUBARIUM_TOOLS, else $XDG_CACHE_HOME/kubarium, else ~/.cache/kubarium.";

fn main() -> ExitCode {
    match dispatch(Args::from_env()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("xtask: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(mut args: Args) -> Result {
    let command = args.word();
    if args.flag("--help") || args.flag("-h") {
        println!("{USAGE}");
        return Ok(());
    }
    match command.as_deref() {
        Some("serve") => serve::command(args),
        Some("build") => page::command(args),
        Some("dist") => dist::command(args),
        Some("test") => test::command(args),
        Some("ci") => ci::command(args),
        Some("bench") => bench::command(args),
        Some("profile-page") => split::profile(args),
        Some("fmt") => fmt::command(args),
        Some("help") => {
            println!("{USAGE}");
            Ok(())
        }
        Some(other) => Err(Failure::new(format!(
            "there is no command {other:?}\n\n{USAGE}"
        ))),
        None => Err(Failure::new(format!("which command?\n\n{USAGE}"))),
    }
}
