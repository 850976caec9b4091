//! The schema of the API for the page: made from the types, packed into `target/schema/`.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::failure::{Failure, Result};
use crate::run::{cargo, output};
use crate::workspace;

/// Writes `target/schema/schema-HASH.json.gz`, unless it is there.
pub fn write() -> Result {
    let text = output(cargo().args([
        "run",
        "--quiet",
        "--package",
        "kubarium",
        "--bin",
        "kubarium-schema",
    ]))?;
    let failed = |error: std::io::Error| {
        Failure::new(format!("web/scripts/pack-schema.mjs did not run: {error}"))
    };
    let mut node = Command::new("node")
        .arg(workspace::web().join("scripts/pack-schema.mjs"))
        .stdin(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    if let Some(mut input) = node.stdin.take() {
        input.write_all(text.as_bytes()).map_err(failed)?;
    }
    match node.wait().map_err(failed)?.success() {
        true => Ok(()),
        false => Err(Failure::new(
            "the schema was not packed: node says why above",
        )),
    }
}
