//! The tools that the terminal has in common with containers.

use super::super::state::{Io, Shell};
use super::fail;
use crate::tools::{Call, call};

pub async fn tool(shell: &Shell, io: &Io, name: &str, arguments: &[String]) -> i32 {
    // `printf -v NAME`: what is printed goes into a variable.
    let (into, arguments) = match (name, arguments) {
        ("printf", [option, variable, rest @ ..]) if option == "-v" => (Some(variable), rest),
        _ => (None, arguments),
    };
    let asks = !matches!(
        name,
        "basename" | "date" | "dirname" | "expr" | "printf" | "seq"
    );
    let named = arguments.iter().any(|w| !w.starts_with('-'));
    let input = match &io.input {
        Some(pipe) if asks && (!named || arguments.iter().any(|w| w == "-") || valued(name)) => {
            pipe.rest().await
        }
        _ => String::new(),
    };
    let mut file = |name: &str| match shell.read_file(name) {
        Some(text) => Ok(text),
        None => Err("No such file or directory".to_owned()),
    };
    let output = call(Call {
        name,
        words: arguments.iter().map(String::as_str).collect(),
        input: &input,
        file: &mut file,
        now: shell.world.now().0 as i64,
    });
    let Some(output) = output else {
        return fail(io, &format!("sh: {name}: command not found"), 127);
    };
    if let Some(variable) = into {
        io.set(variable.clone(), output.out);
    } else {
        io.out.write(&output.out);
    }
    // What the shell has built in speaks in its name.
    let lead = if name == "printf" { "sh: " } else { "" };
    for line in output.err.lines() {
        io.err.line(&format!("{lead}{line}"));
    }
    output.code
}

/// Whether a word that is no option may be the value of one.
fn valued(name: &str) -> bool {
    matches!(
        name,
        "expand" | "fold" | "nl" | "od" | "paste" | "hexdump" | "xxd"
    )
}
