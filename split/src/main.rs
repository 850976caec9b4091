//! `kubarium-split`: divides the page's wasm in two files (docs/adr/0007-the-page-comes-in-two-files.md).
//!
//! The first file holds the functions of a committed list, which the first minute runs, and the constants
//! that they can reach; the rest follows as soon as the first picture stands. Both share memory, table and
//! globals. `cargo xtask build` and `cargo xtask profile-page` run this; people do not.

// A tool that runs on a developer's machine, like xtask.
#![allow(clippy::disallowed_methods, clippy::disallowed_types)]

#[cfg(not(target_arch = "wasm32"))]
mod constants;
#[cfg(not(target_arch = "wasm32"))]
mod divide;
#[cfg(not(target_arch = "wasm32"))]
mod module;
#[cfg(not(target_arch = "wasm32"))]
mod names;
#[cfg(not(target_arch = "wasm32"))]
mod order;
#[cfg(not(target_arch = "wasm32"))]
mod rewrite;
#[cfg(not(target_arch = "wasm32"))]
mod watch;

#[cfg(target_arch = "wasm32")]
fn main() {}

#[cfg(not(target_arch = "wasm32"))]
fn main() -> std::process::ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let done = match words[..] {
        ["divide", linked, page, list, first, rest] => run::divide(linked, page, list, first, rest),
        ["watch", page, out] => run::watch(page, out),
        ["list", linked, page, seen, list] => run::list(linked, page, seen, list),
        ["fits", linked, list] => run::fits(linked, list),
        _ => Err(USAGE.to_owned()),
    };
    match done {
        Ok(said) => {
            println!("{said}");
            std::process::ExitCode::SUCCESS
        }
        Err(reason) => {
            eprintln!("split: {reason}");
            std::process::ExitCode::FAILURE
        }
    }
}

#[cfg(not(target_arch = "wasm32"))]
const USAGE: &str = "\
kubarium-split divide LINKED PAGE LIST FIRST REST   writes the two files; LINKED is what rustc linked, with
                                                    its relocations, PAGE what wasm-bindgen made of it
kubarium-split watch PAGE OUT                       writes a wasm that notes which functions have run
kubarium-split list LINKED PAGE SEEN LIST           writes the names of those that have
kubarium-split fits LINKED LIST                     says \"yes\" where the list is of this program, else \"no\"";

#[cfg(not(target_arch = "wasm32"))]
mod run {
    use std::fs;

    use crate::constants::Constants;
    use crate::module::Module;
    use crate::{divide, names, watch};

    fn read(path: &str) -> Result<Vec<u8>, String> {
        fs::read(path).map_err(|error| format!("cannot read {path}: {error}"))
    }

    fn write(path: &str, bytes: &[u8]) -> Result<(), String> {
        fs::write(path, bytes).map_err(|error| format!("cannot write {path}: {error}"))
    }

    pub fn divide(
        linked: &str,
        page: &str,
        list: &str,
        first: &str,
        rest: &str,
    ) -> Result<String, String> {
        let linked_bytes = read(linked)?;
        let constants =
            Constants::read(&linked_bytes).map_err(|reason| format!("{linked}: {reason}"))?;
        let page_bytes = read(page)?;
        let module = Module::read(&page_bytes).map_err(|reason| format!("{page}: {reason}"))?;
        let listed = String::from_utf8_lossy(&read(list)?).into_owned();
        let listed = names::Listed::read(&listed);
        let made = divide::divide(&module, &constants, &listed)?;
        write(first, &made.first)?;
        write(rest, &made.rest)?;
        Ok(made.said)
    }

    pub fn watch(page: &str, out: &str) -> Result<String, String> {
        let bytes = read(page)?;
        let module = Module::read(&bytes).map_err(|reason| format!("{page}: {reason}"))?;
        write(out, &watch::watched(&module)?)?;
        Ok(format!("{} functions are watched", module.bodies.len()))
    }

    /// The digest of what was linked.
    fn digest(linked: &str) -> Result<String, String> {
        let bytes = read(linked)?;
        let module = Module::read(&bytes).map_err(|reason| format!("{linked}: {reason}"))?;
        Ok(names::digest(module.names.iter().copied()))
    }

    pub fn fits(linked: &str, list: &str) -> Result<String, String> {
        let listed = String::from_utf8_lossy(&read(list)?).into_owned();
        let fits = names::Listed::is_of(&listed, &digest(linked)?);
        Ok(if fits { "yes" } else { "no" }.to_owned())
    }

    pub fn list(linked: &str, page: &str, seen: &str, list: &str) -> Result<String, String> {
        let bytes = read(page)?;
        let module = Module::read(&bytes).map_err(|reason| format!("{page}: {reason}"))?;
        let seen = read(seen)?;
        let ran = watch::ran(&module, &seen);
        write(list, names::written(&ran, &digest(linked)?).as_bytes())?;
        Ok(format!(
            "{} of {} functions have run",
            ran.len(),
            module.bodies.len()
        ))
    }
}
