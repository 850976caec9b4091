//! Running other programs: their output goes to the terminal, their failure becomes one line.

use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::process::{Command, Stdio};

use crate::failure::{Failure, Result};

/// Cargo itself, of the toolchain that runs this tool, in the workspace.
pub fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(crate::workspace::root());
    command
}

/// Runs to the end, its output on the terminal.
pub fn run(command: &mut Command) -> Result {
    let status = command
        .status()
        .map_err(|error| not_started(command, &error))?;
    if status.success() {
        Ok(())
    } else {
        Err(failed(command, &status))
    }
}

/// Runs to the end and returns what it wrote to its standard output.
pub fn output(command: &mut Command) -> Result<String> {
    let out = command
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| not_started(command, &error))?;
    if !out.status.success() {
        return Err(failed(command, &out.status));
    }
    Ok(String::from_utf8_lossy(&out.stdout).into_owned())
}

/// What it prints, when it can be started and succeeds; used to ask tools for their version.
pub fn asked(command: &mut Command) -> Option<String> {
    let out = command.stderr(Stdio::null()).output().ok()?;
    out.status
        .success()
        .then(|| String::from_utf8_lossy(&out.stdout).trim().to_owned())
}

/// Runs to the end, its output on the terminal, and keeps the lines that `keep` chooses.
pub fn keeping(command: &mut Command, keep: impl Fn(&str) -> bool) -> Result<Vec<String>> {
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| not_started(command, &error))?;
    let mut kept = Vec::new();
    if let Some(stdout) = child.stdout.take() {
        let mut reader = BufReader::new(stdout);
        let mut line = Vec::new();
        while matches!(reader.read_until(b'\n', &mut line), Ok(read) if read > 0) {
            // A closed terminal must not hide whether the tests passed.
            let _ = std::io::stdout().write_all(&line);
            let text = String::from_utf8_lossy(&line);
            if keep(text.trim()) {
                kept.push(text.trim().to_owned());
            }
            line.clear();
        }
    }
    let status = child.wait().map_err(|error| not_started(command, &error))?;
    if status.success() {
        Ok(kept)
    } else {
        Err(failed(command, &status))
    }
}

fn failed(command: &Command, status: &std::process::ExitStatus) -> Failure {
    Failure::new(format!(
        "`{}` failed ({status}); its own words are above",
        line(command)
    ))
}

fn not_started(command: &Command, error: &std::io::Error) -> Failure {
    let program = command.get_program().to_string_lossy().into_owned();
    if error.kind() != ErrorKind::NotFound {
        return Failure::new(format!("cannot start {program}: {error}"));
    }
    Failure::new(match program.as_str() {
        "node" | "npm" => format!("{program} was not found: install Node.js 20 or newer, with npm"),
        "rustup" | "rustc" | "cargo" => {
            format!("{program} was not found: install Rust with rustup")
        }
        _ => format!("{program} was not found; is it installed and on PATH?"),
    })
}

/// The command as one would type it, without folders in front of the program.
fn line(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program());
    let name = program.file_name().unwrap_or(program.as_os_str());
    let mut words = vec![name.to_string_lossy().into_owned()];
    words.extend(
        command
            .get_args()
            .map(|arg| arg.to_string_lossy().into_owned()),
    );
    words.join(" ")
}
