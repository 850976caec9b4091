//! `cargo xtask ci`: everything that must hold, in steps with names, the quick ones first. The first
//! that fails ends it.

use std::time::{Duration, Instant};

use crate::args::Args;
use crate::deps;
use crate::failure::{Failure, Result};
use crate::fmt;
use crate::page::{Page, build};
use crate::run::{cargo, run};
use crate::sizes;
use crate::test;
use crate::tools::{WASM, wasm_target};

type Step = (&'static str, fn() -> Result);

const STEPS: [Step; 9] = [
    ("format", || fmt::format(true)),
    ("dependencies", deps::check),
    ("clippy, native", || {
        clippy(&["--workspace", "--all-targets"])
    }),
    ("clippy, wasm", || {
        wasm_target()?;
        clippy(&[
            "--target", WASM, "--lib", "--bin", "kubarium", "--test", "wasm",
        ])
    }),
    ("tests, native", || test::native(None).map(drop)),
    ("tests, real clients", || test::clients(None).map(drop)),
    ("tests, wasm", || test::wasm(None).map(drop)),
    ("page and size budget", || {
        build(Page::Ships)?;
        sizes::report(&Page::Ships.folder())?.hold()
    }),
    ("tests, browser", || {
        test::browser(Page::Ships, None).map(drop)
    }),
];

pub fn command(args: Args) -> Result {
    args.finish()?;
    let mut done: Vec<(&str, Duration)> = Vec::new();
    for (number, (name, step)) in STEPS.iter().enumerate() {
        println!("\n== {}/{} {name}", number + 1, STEPS.len());
        let start = Instant::now();
        step().map_err(|failure| Failure::new(format!("ci stopped at `{name}`: {failure}")))?;
        done.push((name, start.elapsed()));
    }
    println!();
    for (name, took) in &done {
        println!("{name:<22} {:>6.1} s", took.as_secs_f64());
    }
    let total: Duration = done.iter().map(|(_, took)| *took).sum();
    println!("{:<22} {:>6.1} s", "all of it", total.as_secs_f64());
    Ok(())
}

fn clippy(what: &[&str]) -> Result {
    let mut command = cargo();
    command
        .args(["clippy", "--locked"])
        .args(what)
        .args(["--", "-D", "warnings"]);
    run(&mut command)
}
