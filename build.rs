//! The enumerations of the API for `apiserver::openapi`: which fields hold one, which values there are, and what they
//! mean in the words of the API's documentation. The types of `k8s-openapi` know none of it.
//!
//! It is read from the declarations of an npm package that was made from the API's documents (`meanings/`). Where
//! npm cannot install that, the build goes on, and `kubectl explain` names no values. The page's wasm has no need of
//! any of it: it reads the schema from a file.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const FOLDER: &str = "meanings";
const PACKAGE: &str = "meanings/node_modules/kubernetes-models";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=meanings/package-lock.json");
    let mut enums = Vec::new();
    if !env::var("CARGO_CFG_TARGET_ARCH").is_ok_and(|arch| arch == "wasm32") {
        // As long as it is not there, every build tries again.
        println!("cargo::rerun-if-changed={PACKAGE}/package.json");
        match install() {
            Ok(()) => visit(Path::new(PACKAGE), &mut enums),
            Err(why) => println!(
                "cargo::warning=`kubectl explain` will name no values: {FOLDER}/ was not installed: {why}"
            ),
        }
        enums.sort();
    }
    let mut text = String::from("pub const ENUMS: &[Enum] = &[\n");
    for (definition, field, values) in &enums {
        text.push_str(&format!("({definition:?}, {field:?}, &{values:?}),\n"));
    }
    text.push_str("];\n");
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default()).join("enums.rs");
    if let Err(error) = fs::write(&out, text) {
        println!("cargo::error=cannot write {}: {error}", out.display());
    }
}

/// Sees to it that the package is there, in the version that the lock file names.
fn install() -> Result<(), String> {
    let wanted = fs::read_to_string(Path::new(FOLDER).join("package-lock.json"))
        .map_err(|error| error.to_string())?;
    let stamp = Path::new(FOLDER).join("node_modules/.installed");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    let npm = if cfg!(windows) { "npm.cmd" } else { "npm" };
    let output = Command::new(npm)
        .args(["ci", "--ignore-scripts", "--loglevel=error"])
        .current_dir(FOLDER)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("npm did not run: {error}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(said.trim().replace('\n', " "));
    }
    fs::write(&stamp, wanted).map_err(|error| error.to_string())
}

/// Definition, field, and each value with what follows it in the list.
type Enum = (String, String, Vec<(String, String)>);

fn visit(path: &Path, found: &mut Vec<Enum>) {
    if path.is_dir() {
        let entries = fs::read_dir(path).into_iter().flatten().flatten();
        entries.for_each(|entry| visit(&entry.path(), found));
    } else if let Some(definition) = definition(path)
        && let Ok(text) = fs::read_to_string(path)
    {
        read(&definition, &text, found);
    }
}

/// `v1/Pod.d.ts` is `io.k8s.api.core.v1.Pod`, `rbac.authorization.k8s.io/v1/Role.d.ts` is `io.k8s.api.rbac.v1.Role`.
fn definition(path: &Path) -> Option<String> {
    let inside = path.strip_prefix(PACKAGE).ok()?.to_str()?;
    let inside = inside.strip_suffix(".d.ts")?.replace('\\', "/");
    let parts: Vec<&str> = inside.split('/').collect();
    let (group, version, name) = match parts.as_slice() {
        [version, name] => ("core", version, name),
        [group, version, name] => (*group, version, name),
        _ => return None,
    };
    let package = match group.split('.').next()? {
        "apiextensions" => "apiextensions-apiserver.pkg.apis.apiextensions".to_owned(),
        group => format!("api.{group}"),
    };
    Some(format!("io.k8s.{package}.{version}.{name}"))
}

/// Reads declarations: a comment, and the field `"name"?: ...` below it.
fn read(definition: &str, text: &str, found: &mut Vec<Enum>) {
    let mut values = Vec::new();
    let mut listed = false;
    for line in text.lines().map(str::trim) {
        if line == "/**" {
            values.clear();
            listed = false;
        } else if let Some(comment) = line.strip_prefix("* ") {
            listed |= comment == "Possible enum values:";
            if listed && let Some(value) = value(comment) {
                values.push(value);
            }
        } else if let Some(rest) = line.strip_prefix('"') {
            let field = rest.split('"').next().unwrap_or_default();
            if !values.is_empty() {
                let values = std::mem::take(&mut values);
                found.push((definition.to_owned(), field.to_owned(), values));
            }
        } else if line != "*/" && !line.starts_with('*') {
            values.clear();
        }
    }
}

/// A line of the list: `` - `"value"` and what it means``. Asterisks and slashes are escaped in such comments.
fn value(comment: &str) -> Option<(String, String)> {
    let plain = comment.replace("\\*", "*").replace("*\\/", "*/");
    let (value, meaning) = plain
        .trim_start()
        .strip_prefix("- `\"")?
        .split_once("\"`")?;
    Some((value.to_owned(), meaning.to_owned()))
}
