//! `test` and `[`.

use std::rc::Rc;

use crate::kubelet::runtime::files::absolute;
use crate::kubelet::runtime::shell::Machine;
use crate::kubelet::runtime::shell::expand::matches;
use crate::kubelet::runtime::shell::run::Shell;

impl Shell {
    /// `test`, `[` and `[[`: 0 when it holds.
    pub(super) fn test(&mut self, name: &str, args: &[Rc<str>], m: &mut dyn Machine) -> i32 {
        let end = match name {
            "[" => "]",
            "[[" => "]]",
            _ => "",
        };
        let mut words: Vec<&str> = args.iter().map(|a| &**a).collect();
        if !end.is_empty() && words.pop() != Some(end) {
            self.print(2, &format!("{name}: missing {end}\n"), m);
            return 2;
        }
        // -o binds weaker than -a.
        let holds = words.split(|w| *w == "-o" || *w == "||").any(|side| {
            side.split(|w| *w == "-a" || *w == "&&")
                .all(|term| self.test_term(term, m))
        });
        i32::from(!holds)
    }

    pub(super) fn test_term(&self, words: &[&str], m: &dyn Machine) -> bool {
        let path = |word: &str| absolute(&self.folder, word);
        let compare = |a: &str, b: &str| {
            let number = |s: &str| s.trim().parse::<i64>().unwrap_or_default();
            number(a).cmp(&number(b))
        };
        match words {
            ["!", rest @ ..] => match rest {
                ["!", ..] => false,
                rest => !self.test_term(rest, m),
            },
            [word] => !word.is_empty(),
            ["-z", word] => word.is_empty(),
            ["-n", word] => !word.is_empty(),
            ["-e", word] => m.is_folder(&path(word)) || m.read(&path(word)).is_ok(),
            ["-f" | "-r" | "-w" | "-x", word] => m.read(&path(word)).is_ok(),
            ["-s", word] => m.read(&path(word)).is_ok_and(|t| !t.is_empty()),
            ["-d", word] => m.is_folder(&path(word)),
            [a, "=" | "==", b] => a == b || matches(b, a),
            [a, "!=", b] => a != b,
            [a, "-eq", b] => compare(a, b).is_eq(),
            [a, "-ne", b] => compare(a, b).is_ne(),
            [a, "-lt", b] => compare(a, b).is_lt(),
            [a, "-le", b] => compare(a, b).is_le(),
            [a, "-gt", b] => compare(a, b).is_gt(),
            [a, "-ge", b] => compare(a, b).is_ge(),
            _ => false,
        }
    }
}
