//! What `kubectl apply` printed, as lines that the editor shows.

use std::rc::Rc;

use crate::app::{Applied, Line, Tone};

/// The command line that applies files. Names are quoted: they are the user's own.
pub fn apply_command(files: &[Rc<str>]) -> String {
    let mut command = "kubectl apply".to_owned();
    for file in files {
        command.push_str(" -f ");
        command.push_str(&quoted(file));
    }
    command
}

fn quoted(file: &str) -> String {
    let plain = !file.is_empty()
        && file
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'));
    match plain {
        true => file.to_owned(),
        false => format!("'{}'", file.replace('\'', "'\\''")),
    }
}

/// The lines of an answer. `output` is what went to the standard output and, with `true`, to the
/// standard error.
pub fn applied<'o>(file: &str, output: impl Iterator<Item = (bool, &'o str)>) -> Applied {
    let mut lines = Vec::new();
    for (is_error, text) in output {
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let tone = match is_error {
                false => Tone::Good,
                true if line.starts_with("Warning:") => Tone::Warning,
                true => Tone::Bad,
            };
            lines.push(Line {
                tone,
                text: line.into(),
            });
        }
    }
    Applied {
        file: file.into(),
        lines,
        left_out: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_are_quoted_when_a_shell_would_read_more_into_them() {
        for (name, command) in [
            ("web.yaml", "kubectl apply -f web.yaml"),
            ("my web.yaml", "kubectl apply -f 'my web.yaml'"),
            ("it's; rm", "kubectl apply -f 'it'\\''s; rm'"),
            ("", "kubectl apply -f ''"),
        ] {
            assert_eq!(apply_command(&[name.into()]), command);
        }
    }

    #[test]
    fn answers_are_told_line_by_line() {
        let output = [
            (true, "Warning: old\n"),
            (
                false,
                "service/web created\ndeployment.apps/web unchanged\n",
            ),
            (true, "Error from server (Invalid): no\n"),
        ];
        let applied = applied("web.yaml", output.into_iter());
        let tones: Vec<Tone> = applied.lines.iter().map(|l| l.tone).collect();
        assert_eq!(tones, [Tone::Warning, Tone::Good, Tone::Good, Tone::Bad]);
        assert!(applied.failed());
    }
}
