//! The licence texts of the crates inside the wasm, and of the package whose words the schema has, which their
//! licences ask to be passed on. They ship as `licenses/rust.txt`; those of the editor's packages are its bundle's own business.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::deps::{Package, packages};
use crate::failure::{Failure, Result};
use crate::tools::WASM;
use crate::workspace;

/// A crate of ours that is a copy of another one, of the same version, and that one.
const COPY: (&str, &str) = ("kubarium-types", "k8s-openapi");

/// Writes `target/licenses/rust.txt`, which Trunk copies. Leaves it alone when nothing changed.
pub fn write() -> Result {
    let shipped = packages(&[
        "--package",
        "kubarium",
        "--target",
        WASM,
        "--edges",
        "normal,no-proc-macro",
    ])?;
    let sources = sources();
    let crates: Vec<(Package, String)> = shipped
        .into_iter()
        .filter(|package| package.name != "kubarium")
        .map(|mut package| {
            if package.name == COPY.0 {
                package.name = COPY.1.to_owned();
            }
            let text = text_of(&package, &sources);
            (package, text)
        })
        .collect();
    let mut crates = crates;
    crates.push(meanings()?);
    let notices = notices(&crates);
    // `index.html` names this folder, so it does not follow CARGO_TARGET_DIR.
    let folder = workspace::root().join("target/licenses");
    let path = folder.join("rust.txt");
    if fs::read_to_string(&path).is_ok_and(|present| present == notices) {
        return Ok(());
    }
    fs::create_dir_all(&folder).map_err(|error| Failure::io("create", &folder, &error))?;
    fs::write(&path, notices).map_err(|error| Failure::io("write", &path, &error))
}

/// The package that says what values of the API mean. It is there: who builds the page makes the schema first.
fn meanings() -> Result<(Package, String)> {
    let folder = workspace::root().join("meanings/node_modules/kubernetes-models");
    let read = |name: &str| {
        let path = folder.join(name);
        fs::read_to_string(&path).map_err(|error| Failure::io("read", &path, &error))
    };
    let about = read("package.json")?;
    let field = |name: &str| {
        let (_, rest) = about.split_once(&format!("\"{name}\": \""))?;
        rest.split('"').next().map(str::to_owned)
    };
    let package = Package {
        name: field("name").unwrap_or_default(),
        version: field("version").unwrap_or_default(),
        licence: field("license").unwrap_or_default(),
    };
    Ok((package, read("LICENSE")?.trim().to_owned()))
}

/// Groups the crates by their text, because most share one.
fn notices(crates: &[(Package, String)]) -> String {
    let mut groups: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (package, text) in crates {
        let Package {
            name,
            version,
            licence,
        } = package;
        groups
            .entry(text)
            .or_default()
            .push(format!("{name} {version} ({licence})"));
    }
    let mut parts = Vec::new();
    for (text, names) in groups {
        let text = if text.is_empty() {
            "The crate ships no licence text of its own."
        } else {
            text
        };
        parts.push(format!("{}\n\n{text}\n", names.join("\n")));
    }
    parts.join(&format!("\n{}\n\n", "-".repeat(72)))
}

/// Folders in which cargo unpacks crates.
fn sources() -> Vec<PathBuf> {
    let home = std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::home_dir().map(|home| home.join(".cargo")));
    let registry = home.unwrap_or_default().join("registry/src");
    let mut folders: Vec<PathBuf> = fs::read_dir(registry)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .collect();
    folders.sort();
    folders
}

/// What stands in the crate's licence, copyright and notice files.
fn text_of(package: &Package, sources: &[PathBuf]) -> String {
    let name = format!("{}-{}", package.name, package.version);
    let Some(folder) = sources
        .iter()
        .map(|source| source.join(&name))
        .find(|path| path.is_dir())
    else {
        return String::new();
    };
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.is_file() && is_notice(path))
        .collect();
    files.sort();
    let texts = files
        .iter()
        .filter_map(|path| fs::read_to_string(path).ok());
    texts
        .map(|text| text.replace("\r\n", "\n").trim().to_owned())
        .collect::<Vec<_>>()
        .join("\n\n")
}

fn is_notice(path: &Path) -> bool {
    let name = path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .to_ascii_uppercase();
    [
        "LICENSE",
        "LICENCE",
        "COPYING",
        "COPYRIGHT",
        "NOTICE",
        "UNLICENSE",
    ]
    .iter()
    .any(|start| name.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crates_with_the_same_text_share_it() {
        let package = |name: &str| Package {
            name: name.to_owned(),
            version: "1.0.0".to_owned(),
            licence: "MIT".to_owned(),
        };
        let text = notices(&[
            (package("a"), "Copyright A".to_owned()),
            (package("b"), String::new()),
            (package("c"), "Copyright A".to_owned()),
        ]);
        let line = "-".repeat(72);
        assert_eq!(
            text,
            format!(
                "b 1.0.0 (MIT)\n\nThe crate ships no licence text of its own.\n\n{line}\n\n\
                 a 1.0.0 (MIT)\nc 1.0.0 (MIT)\n\nCopyright A\n"
            )
        );
    }

    #[test]
    fn notices_are_told_by_name() {
        assert!(is_notice(Path::new("x/LICENSE-MIT")));
        assert!(is_notice(Path::new("x/license.txt")));
        assert!(!is_notice(Path::new("x/README.md")));
    }
}
