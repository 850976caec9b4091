//! `xargs`.

use std::rc::Rc;

use crate::kubelet::runtime::shell::input::Input;
use crate::kubelet::runtime::shell::run::{Outcome, Shell};

impl Shell {
    /// `xargs [-n MOST] [-I TEXT] [COMMAND [WORDS]]`: the words of the input as arguments.
    pub(super) fn xargs(&mut self, args: &[Rc<str>]) -> Outcome {
        let (mut most, mut place, mut words) = (usize::MAX, None, args);
        while let Some((first, rest)) = words.split_first() {
            let Some(letters) = first.strip_prefix('-') else {
                break;
            };
            let (letter, inline) = letters.split_at(letters.len().min(1));
            words = rest;
            if !matches!(letter, "n" | "I" | "L" | "P") {
                continue;
            }
            let value = match (inline, words.split_first()) {
                ("", Some((value, rest))) => {
                    words = rest;
                    value.to_string()
                }
                (inline, _) => inline.to_owned(),
            };
            match letter {
                "n" => most = value.parse().unwrap_or(usize::MAX).max(1),
                "I" => place = Some(value),
                _ => {}
            }
        }
        let text = self.input.text().to_owned();
        let quoted = |word: &str| format!("'{}'", word.replace('\'', "'\\''"));
        let command: Vec<&str> = match words.is_empty() {
            true => vec!["echo"],
            false => words.iter().map(|w| &**w).collect(),
        };
        let lines: Vec<Vec<String>> = match &place {
            Some(place) => {
                let lines = text.lines().map(str::trim).filter(|l| !l.is_empty());
                let filled = |line: &str| -> Vec<String> {
                    let words = command.iter().map(|w| w.replace(place.as_str(), line));
                    words.map(|w| quoted(&w)).collect()
                };
                lines.map(filled).collect()
            }
            None => {
                let input: Vec<&str> = text.split_whitespace().collect();
                let groups = input.chunks(most.min(input.len().max(1)));
                let line = |group: &[&str]| {
                    let words = command.iter().chain(group);
                    words.map(|w| quoted(w)).collect()
                };
                groups.map(line).collect()
            }
        };
        let lines: Vec<String> = lines.into_iter().map(|l| l.join(" ")).collect();
        self.input = Input::default();
        self.script(&lines.join("\n"))
    }
}
