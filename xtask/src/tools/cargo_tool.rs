//! Programs that cargo builds from the registry.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::Command;

use crate::failure::{Failure, Result};
use crate::run::{asked, run};

pub struct Tool {
    pub package: &'static str,
    pub program: &'static str,
    pub version: String,
    pub why: &'static str,
    /// Whether the lock file the package was published with is used.
    pub locked: bool,
    /// Environment of the build.
    pub profile: &'static [(&'static str, &'static str)],
}

/// Makes sure the tool is there; returns the folder to put on PATH, or none when PATH has it already.
pub fn ensure(tool: &Tool) -> Result<Option<PathBuf>> {
    let cache = cache()?;
    let home = cache.join(format!("{}-{}", tool.package, tool.version));
    let bin = home.join("bin");
    if bin.join(executable(tool.program)).is_file() {
        return Ok(Some(bin));
    }
    if asked(Command::new(tool.program).arg("--version"))
        .is_some_and(|said| says(&said, &tool.version))
    {
        return Ok(None);
    }

    fs::create_dir_all(&cache).map_err(|error| Failure::io("create", &cache, &error))?;
    let lock = cache.join("lock");
    // Held until the end of this function: two checkouts may want the same tool at once.
    let held = File::create(&lock).map_err(|error| Failure::io("create", &lock, &error))?;
    held.lock()
        .map_err(|error| Failure::io("lock", &lock, &error))?;
    if bin.is_dir() {
        return Ok(Some(bin));
    }
    install(tool, &cache, &home)?;
    Ok(Some(bin))
}

fn install(tool: &Tool, cache: &std::path::Path, home: &std::path::Path) -> Result {
    let Tool {
        package,
        version,
        why,
        ..
    } = tool;
    println!(
        "Installing {package} {version} into {} ({why})",
        cache.display()
    );
    let partial = cache.join(format!("{package}-{version}.partial"));
    let work = cache.join(format!("{package}-{version}.build"));
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args([
        "install",
        package,
        "--version",
        version,
        "--force",
        "--quiet",
        "--root",
    ]);
    command.arg(&partial).current_dir(cache);
    if tool.locked {
        command.arg("--locked");
    }
    command
        .env("CARGO_TARGET_DIR", &work)
        .envs(tool.profile.iter().copied());
    run(&mut command).map_err(|_| {
        Failure::new(format!(
            "could not install {package} {version}: cargo says why above. Without a network, put \
             `{}` of exactly this version on PATH",
            tool.program
        ))
    })?;
    // Complete or absent, never half: a rename is one step.
    fs::rename(&partial, home).map_err(|error| Failure::io("rename", &partial, &error))?;
    // The tool is installed either way; what is left over only costs room.
    let _ = fs::remove_dir_all(&work);
    Ok(())
}

/// Where the tools live.
pub fn cache() -> Result<PathBuf> {
    let set = |name: &str| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    set("KUBARIUM_TOOLS")
        .or_else(|| set("XDG_CACHE_HOME").map(|cache| cache.join("kubarium")))
        .or_else(|| set("HOME").map(|home| home.join(".cache/kubarium")))
        .or_else(|| set("LOCALAPPDATA").map(|data| data.join("kubarium")))
        .and_then(|path| std::path::absolute(path).ok())
        .ok_or_else(|| Failure::new("no home folder for the tools: set KUBARIUM_TOOLS to a folder"))
}

fn executable(program: &str) -> String {
    format!("{program}{}", std::env::consts::EXE_SUFFIX)
}

/// Whether a program's answer to `--version` names this version.
fn says(answer: &str, version: &str) -> bool {
    answer.split_whitespace().any(|word| word == version)
}

#[cfg(test)]
mod tests {
    use super::says;

    #[test]
    fn only_the_very_version_counts() {
        assert!(says("trunk 0.21.14", "0.21.14"));
        assert!(says("wasm-bindgen 0.2.130 (abcdef)", "0.2.130"));
        assert!(!says("trunk 0.21.140", "0.21.14"));
        assert!(!says("", "0.21.14"));
    }
}
