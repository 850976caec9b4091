//! `etcdctl txn`: reads comparisons and requests, a line each; a blank line ends each of the three parts.

use serde_json::{Value, json};

use super::super::super::state::Shell;
use super::print::Printer;
use super::{Line, ask, failed, lease, write};
use crate::sim::secs;

/// A part has no more lines.
const MOST_LINES: usize = 256;

pub(super) async fn txn(
    shell: &Shell,
    printer: &Printer<'_>,
    line: &Line<'_>,
) -> Result<i32, String> {
    if line.words.len() > 1 {
        return Err("txn command does not accept argument".to_owned());
    }
    let asks = line.has("interactive") || printer.io.input.is_none();
    let mut parts = Vec::new();
    for title in [
        "compares:",
        "success requests (get, put, del):",
        "failure requests (get, put, del):",
    ] {
        if asks {
            printer.io.out.line(title);
        }
        parts.push(part(shell, printer, asks).await);
    }
    let [compares, success, failure] = parts.as_slice() else {
        return Ok(1);
    };
    let compares: Vec<Value> = compares
        .iter()
        .map(|l| compare(l))
        .collect::<Result<_, _>>()?;
    let ops = |lines: &[String]| {
        lines
            .iter()
            .map(|l| operation(l))
            .collect::<Result<Vec<_>, _>>()
    };
    let body = json!({"compare": compares, "success": ops(success)?, "failure": ops(failure)?});
    match ask(shell, write("txn", body)) {
        Ok(answer) => {
            printer.txn(&answer);
            Ok(0)
        }
        Err(message) => Ok(failed(printer.io, &message)),
    }
}

/// The lines up to a blank one.
async fn part(shell: &Shell, printer: &Printer<'_>, asks: bool) -> Vec<String> {
    let mut lines = Vec::new();
    while lines.len() < MOST_LINES {
        let line = match &printer.io.input {
            Some(pipe) => pipe.line().await,
            // Nobody types for a while: what is there is all.
            None if asks => shell.world.typed_line(secs(300)).await,
            None => None,
        };
        match line.as_deref().map(str::trim) {
            None | Some("") => break,
            Some(line) => lines.push(line.to_owned()),
        }
    }
    lines
}

/// `value("key") = "text"`, `mod("key") > "3"`: `create`, `version`, `mod`, `value`, `lease`.
fn compare(line: &str) -> Result<Value, String> {
    let malformed = || format!("malformed comparison: {line}");
    let (target, rest) = line.split_once('(').ok_or_else(malformed)?;
    let (key, rest) = rest.split_once(')').ok_or_else(malformed)?;
    let rest = rest.trim();
    let ops = ["!=", "=", "<", ">"];
    let op = ops.iter().find(|op| rest.starts_with(**op));
    let op = *op.ok_or_else(|| format!("unknown result op: {line}"))?;
    let operand = unquoted(rest.get(op.len()..).unwrap_or_default().trim());
    let key = unquoted(key.trim());
    let target = match target.trim() {
        "v" | "val" | "value" => "value",
        "ver" | "version" => "version",
        "c" | "create" | "create_revision" => "create",
        "m" | "mod" | "mod_revision" => "mod",
        "lease" => "lease",
        _ => return Err(malformed()),
    };
    if target == "value" {
        return Ok(json!({"key": key, "target": target, "op": op, "value": operand}));
    }
    let number = match target {
        "lease" => lease::id_of(&operand)?,
        _ => operand.parse().map_err(|_| malformed())?,
    };
    Ok(json!({"key": key, "target": target, "op": op, "number": number}))
}

fn unquoted(text: &str) -> String {
    let inner = text.strip_prefix('"').and_then(|t| t.strip_suffix('"'));
    inner.unwrap_or(text).replace("\\\"", "\"")
}

/// The words of a line; quotes hold one together.
fn words_of(line: &str) -> Vec<String> {
    let (mut words, mut word, mut begun) = (Vec::new(), String::new(), false);
    let mut quote = None;
    for c in line.chars() {
        match quote {
            Some(q) if q == c => quote = None,
            Some(_) => word.push(c),
            None if c == '"' || c == '\'' => (quote, begun) = (Some(c), true),
            None if c.is_whitespace() => {
                if begun || !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                    begun = false;
                }
            }
            None => word.push(c),
        }
    }
    if begun || !word.is_empty() {
        words.push(word);
    }
    words
}

/// `put KEY VALUE`, `get KEY`, `del KEY`, with the options of the commands.
fn operation(line: &str) -> Result<Value, String> {
    let words = words_of(line);
    let read = Line::read(&words)?;
    let name = read.word(0).unwrap_or_default();
    match name {
        "put" => {
            let (Some(key), Some(value)) = (read.word(1), read.word(2)) else {
                return Err(
                    "put command needs 1 argument and input from stdin or 2 arguments".to_owned(),
                );
            };
            let lease = lease::id_of(read.value("lease").unwrap_or("0"))?;
            Ok(json!({"op": "put", "key": key, "value": value, "lease": lease}))
        }
        "get" | "del" => {
            let (key, mode, end) = read.span(1, name)?;
            Ok(json!({"op": name, "key": key, "mode": mode, "end": end}))
        }
        _ => Err(format!("invalid txn request: {line}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comparisons_are_read() {
        for (line, expected) in [
            (
                "value(\"/a\") = \"x y\"",
                Ok(json!({"key": "/a", "target": "value", "op": "=", "value": "x y"})),
            ),
            (
                "mod(\"/a\")>\"3\"",
                Ok(json!({"key": "/a", "target": "mod", "op": ">", "number": 3})),
            ),
            (
                "version(/a) != 0",
                Ok(json!({"key": "/a", "target": "version", "op": "!=", "number": 0})),
            ),
            (
                "size(\"/a\") = \"3\"",
                Err("malformed comparison: size(\"/a\") = \"3\"".to_owned()),
            ),
            (
                "value(\"/a\") ~ \"3\"",
                Err("unknown result op: value(\"/a\") ~ \"3\"".to_owned()),
            ),
        ] {
            assert_eq!(compare(line), expected, "{line}");
        }
    }
}
