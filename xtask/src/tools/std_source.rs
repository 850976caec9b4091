//! The sources of the standard library, so that the page can have its own, built for size
//! (docs/adr/0005-the-page-builds-its-own-std.md).

use std::path::Path;
use std::process::Command;

use crate::run::{asked, run};
use crate::workspace;

/// What cargo must be told to build it. The unstable options are taken by the stable compiler because of
/// the first; the toolchain is held to one version, so they cannot change under us.
const BUILD_STD: [(&str, &str); 3] = [
    ("RUSTC_BOOTSTRAP", "1"),
    ("CARGO_UNSTABLE_BUILD_STD", "std panic_abort"),
    ("CARGO_UNSTABLE_BUILD_STD_FEATURES", "optimize_for_size"),
];

/// Environment for a build that brings its own standard library: none where its sources cannot be had, and
/// the build uses the one of the toolchain.
pub fn environment() -> &'static [(&'static str, &'static str)] {
    if present() {
        return &BUILD_STD;
    }
    println!(
        "Adding the Rust component rust-src (the page brings a standard library built for size)"
    );
    let mut rustup = Command::new("rustup");
    rustup
        .args(["component", "add", "rust-src"])
        .current_dir(workspace::root());
    if run(&mut rustup).is_ok() && present() {
        return &BUILD_STD;
    }
    eprintln!(
        "xtask: no rust-src, so the page uses the toolchain's standard library and weighs a tenth more; \
         `rustup component add rust-src` helps"
    );
    &[]
}

fn present() -> bool {
    let mut rustc = Command::new("rustc");
    rustc
        .args(["--print", "sysroot"])
        .current_dir(workspace::root());
    asked(&mut rustc).is_some_and(|sysroot| {
        Path::new(&sysroot)
            .join("lib/rustlib/src/rust/library/Cargo.lock")
            .is_file()
    })
}
