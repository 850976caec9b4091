//! `cargo xtask build`, and the page for whoever else needs it.

use std::path::PathBuf;

use crate::args::Args;
use crate::failure::{Failure, Result};
use crate::inputs::{Stamp, fingerprint};
use crate::notices;
use crate::run::run;
use crate::schema;
use crate::sizes;
use crate::split;
use crate::tools::{Toolbox, own_std};
use crate::workspace;

/// Which page to build.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Page {
    /// What people get: optimised for size, slow to build.
    Ships,
    /// What a developer looks at: quick to build, its panics name lines.
    Quick,
    /// The one that ships, in one piece, noting which functions run.
    Watched,
}

impl Page {
    /// The folder the page is built into.
    pub fn folder(self) -> PathBuf {
        match self {
            Self::Ships => workspace::dist(),
            Self::Quick => workspace::target().join("page-quick"),
            Self::Watched => workspace::target().join("page-watched"),
        }
    }

    pub fn profile(self) -> &'static str {
        match self {
            Self::Ships | Self::Watched => "wasm-release",
            Self::Quick => "wasm-quick",
        }
    }

    fn stamp(self) -> &'static str {
        match self {
            Self::Ships => "wasm-release.stamp",
            Self::Quick => "wasm-quick.stamp",
            Self::Watched => "wasm-watched.stamp",
        }
    }
}

pub fn command(args: Args) -> Result {
    args.finish()?;
    build(Page::Ships)?;
    sizes::report(&workspace::dist())?.hold()
}

/// Builds the page, unless the one that is there was made from the same files.
pub fn build(page: Page) -> Result {
    let toolbox = Toolbox::for_page()?;
    build_with(&toolbox, page)
}

pub fn build_with(toolbox: &Toolbox, page: Page) -> Result {
    let folder = page.folder();
    // Taken before the build: what changes while it runs is not in it.
    let std = match page {
        Page::Ships | Page::Watched => own_std(),
        Page::Quick => &[],
    };
    let stamp = || {
        let inputs = format!("{:016x} {}\n", fingerprint(), std.len());
        let mark = workspace::target().join("xtask").join(page.stamp());
        Stamp::at(mark, inputs)
    };
    let mut made_of = stamp();
    if made_of.is_current() && folder.join("index.html").is_file() {
        return Ok(());
    }
    made_of.clear();
    schema::write()?;
    notices::write()?;
    if page == Page::Ships {
        split::refresh(std)?;
        // The list is one of the inputs.
        made_of = stamp();
    }
    let mut trunk = toolbox.command("trunk")?;
    trunk
        .args([
            "build",
            "--skip-version-check",
            "--log",
            "warn",
            "--cargo-profile",
            page.profile(),
            "--dist",
        ])
        .arg(&folder)
        .envs(std.iter().copied());
    if page != Page::Quick {
        trunk.arg("--release").envs(split::environment(page)?);
    }
    // Trunk takes the variable for a boolean, and everyone else for one that is set or not.
    if std::env::var_os("NO_COLOR").is_some() {
        trunk.env("NO_COLOR", "true");
    }
    run(&mut trunk).map_err(|_| Failure::new("the page was not built: Trunk says why above"))?;
    made_of.set()
}
