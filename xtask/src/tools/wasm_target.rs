//! The standard library for `wasm32-unknown-unknown`.

use std::path::Path;
use std::process::Command;

use crate::failure::{Failure, Result};
use crate::run::{asked, run};
use crate::workspace;

pub const TRIPLE: &str = "wasm32-unknown-unknown";

pub fn ensure() -> Result {
    let mut rustc = Command::new("rustc");
    rustc
        .args(["--print", "target-libdir", "--target", TRIPLE])
        .current_dir(workspace::root());
    if asked(&mut rustc).is_some_and(|folder| Path::new(&folder).is_dir()) {
        return Ok(());
    }
    println!("Adding the Rust target {TRIPLE} (the page is WebAssembly)");
    let mut rustup = Command::new("rustup");
    rustup
        .args(["target", "add", TRIPLE])
        .current_dir(workspace::root());
    run(&mut rustup).map_err(|failure| {
        Failure::new(format!(
            "could not add the Rust target {TRIPLE}: {failure}. Is there a network?"
        ))
    })
}
