//! Whose files are, and who one is: `chmod`, `chown`, `chgrp`, `umask`, `id`, `whoami`, in busybox's words.

use std::rc::Rc;

use super::words::user_of;
use crate::kubelet::runtime::files::absolute;
use crate::kubelet::runtime::shell::Machine;
use crate::kubelet::runtime::shell::run::Shell;
use crate::kubelet::runtime::standard;
use crate::sim::Note;

/// Folders are changed no deeper with `-R`.
const DEEPEST: usize = 20;

/// What becomes of a mode by the words of `chmod`: `755`, `u+x,go-w`, `a=rX`. `folder` decides about `X`.
fn changed_mode(words: &str, mode: u16, mask: u16, folder: bool) -> Option<u16> {
    if words.starts_with(|c: char| c.is_ascii_digit()) {
        let octal = u16::from_str_radix(words, 8).ok()?;
        return (octal <= 0o7777).then_some(octal);
    }
    let mut mode = mode;
    for clause in words.split(',') {
        let at = clause.find(['+', '-', '='])?;
        let (who, mut rest) = clause.split_at(at);
        if who.chars().any(|c| !"ugoa".contains(c)) {
            return None;
        }
        let (classes, masked) = match who {
            "" => (0o777, mask),
            who => {
                let of = |c| match c {
                    'u' => 0o700,
                    'g' => 0o070,
                    'o' => 0o007,
                    _ => 0o777,
                };
                (who.chars().fold(0, |all, c| all | of(c)), 0)
            }
        };
        while let Some(operator) = rest.chars().next() {
            let after = rest.get(1..).unwrap_or_default();
            let end = after.find(['+', '-', '=']).unwrap_or(after.len());
            let (letters, next) = after.split_at(end);
            rest = next;
            let mut bits = 0;
            for letter in letters.chars() {
                let executable = folder || mode & 0o111 != 0;
                bits |= match letter {
                    'r' => 0o444 & classes,
                    'w' => 0o222 & classes,
                    'x' => 0o111 & classes,
                    'X' if executable => 0o111 & classes,
                    'X' => 0,
                    's' => ((classes & 0o100) * 0o40) | ((classes & 0o010) * 0o200),
                    't' => 0o1000,
                    'u' => spread(mode >> 6) & classes,
                    'g' => spread(mode >> 3) & classes,
                    'o' => spread(mode) & classes,
                    _ => return None,
                };
            }
            bits &= !masked;
            mode = match operator {
                '+' => mode | bits,
                '-' => mode & !bits,
                _ => mode & !classes | bits,
            };
        }
    }
    Some(mode)
}

/// The three bits of one class, for all of them.
fn spread(bits: u16) -> u16 {
    (bits & 7) * 0o111
}

/// The number of a user or a group, by its name or by itself.
fn number(word: &str) -> Option<u32> {
    standard::user_number(word).or_else(|| word.parse().ok())
}

impl Shell {
    /// `chmod MODE FILE...`, `chown USER[:GROUP] FILE...`, `chgrp GROUP FILE...`, with `-R`.
    pub(super) fn change_owners(
        &mut self,
        name: &str,
        args: &[Rc<str>],
        m: &mut dyn Machine,
    ) -> i32 {
        let is_flag = |a: &&Rc<str>| {
            let letters = a.strip_prefix('-').unwrap_or_default();
            !letters.is_empty() && letters.chars().all(|c| "Rfcvh".contains(c))
        };
        let flags: String = args.iter().filter(is_flag).map(|a| &**a).collect();
        let words: Vec<&Rc<str>> = args.iter().filter(|a| !is_flag(a)).collect();
        let Some((what, files)) = words.split_first().filter(|(_, files)| !files.is_empty()) else {
            self.print(2, &format!("{name}: missing operand\n"), m);
            return 1;
        };
        let mask = self.mask;
        let (user, group) = match name {
            "chown" => what.split_once([':', '.']).unwrap_or((what, "")),
            "chgrp" => ("", &***what),
            _ => ("", ""),
        };
        for (word, kind) in [(user, "user"), (group, "group")] {
            if !word.is_empty() && number(word).is_none() {
                self.print(2, &format!("{name}: unknown {kind} {word}\n"), m);
                return 1;
            }
        }
        if name == "chmod" && changed_mode(what, 0, mask, true).is_none() {
            self.print(2, &format!("chmod: invalid mode '{what}'\n"), m);
            return 1;
        }
        let change = |note: Note, folder: bool| Note {
            user: number(user).unwrap_or(note.user),
            group: number(group).unwrap_or(note.group),
            mode: match name {
                "chmod" => changed_mode(what, note.mode, mask, folder).unwrap_or(note.mode),
                _ => note.mode,
            },
            ..note
        };
        let mut status = 0;
        let start = files.iter().rev();
        let mut left: Vec<(String, String, usize)> = start
            .map(|f| (f.to_string(), absolute(&self.folder, f), DEEPEST))
            .collect();
        while let Some((shown, path, deeper)) = left.pop() {
            let folder = m.is_folder(&path);
            let done = match m.note(&path) {
                None => Err("No such file or directory"),
                Some(note) => m
                    .set_note(&path, change(note, folder))
                    .map_err(|e| e.text()),
            };
            if let Err(text) = done {
                if !flags.contains('f') {
                    self.print(2, &format!("{name}: {shown}: {text}\n"), m);
                }
                status = 1;
            }
            if folder && flags.contains('R') && deeper > 0 {
                let names = m.list(&path).unwrap_or_default();
                left.extend(names.into_iter().rev().map(|n| {
                    let shown = format!("{}/{n}", shown.trim_end_matches('/'));
                    (shown, absolute(&path, &n), deeper - 1)
                }));
            }
        }
        status
    }

    /// `umask [MODE]`.
    pub(super) fn umask(&mut self, operands: &[&str], m: &mut dyn Machine) -> i32 {
        match operands.first() {
            None => self.print(1, &format!("{:04o}\n", self.mask), m),
            Some(word) => match u16::from_str_radix(word, 8) {
                Ok(mask) if mask <= 0o777 => {
                    self.mask = mask;
                    m.set_mask(mask);
                }
                _ => {
                    self.print(2, &format!("umask: illegal mode: {word}\n"), m);
                    return 2;
                }
            },
        }
        0
    }

    pub(super) fn whoami(&mut self, m: &mut dyn Machine) -> i32 {
        let user = m.user().0;
        match standard::user_name(user) {
            Some(name) => {
                self.print(1, &format!("{name}\n"), m);
                0
            }
            None => {
                self.print(2, &format!("whoami: unknown uid {user}\n"), m);
                1
            }
        }
    }
}

/// `id`, with `-u`, `-g`, `-G` and `-n`.
pub(super) fn id(flags: &str, m: &dyn Machine) -> String {
    let (user, group, groups) = m.user();
    let shown = |n: &i64| match flags.contains('n') {
        true => user_of(*n),
        false => n.to_string(),
    };
    if flags.contains('u') {
        return format!("{}\n", shown(&user));
    }
    if flags.contains('g') {
        return format!("{}\n", shown(&group));
    }
    if flags.contains('G') {
        let groups: Vec<String> = groups.iter().map(shown).collect();
        return format!("{}\n", groups.join(" "));
    }
    let named = |n: &i64| match standard::user_name(*n) {
        Some(name) => format!("{n}({name})"),
        None => n.to_string(),
    };
    let groups: Vec<String> = groups.iter().map(named).collect();
    let (user, group) = (named(&user), named(&group));
    format!("uid={user} gid={group} groups={}\n", groups.join(","))
}

#[cfg(test)]
mod tests {
    use super::changed_mode;

    #[test]
    fn modes_by_words() {
        for (words, before, folder, expected) in [
            ("755", 0, false, Some(0o755)),
            ("2770", 0, true, Some(0o2770)),
            ("u+x", 0o644, false, Some(0o744)),
            ("+x", 0o644, false, Some(0o755)),
            ("go-rwx", 0o755, false, Some(0o700)),
            ("a=r", 0o755, false, Some(0o444)),
            ("u=rw,go=", 0o777, false, Some(0o600)),
            ("a+X", 0o644, false, Some(0o644)),
            ("a+X", 0o644, true, Some(0o755)),
            ("g+s", 0o755, true, Some(0o2755)),
            ("+t", 0o777, true, Some(0o1777)),
            ("g=u", 0o640, false, Some(0o660)),
            ("999", 0, false, None),
            ("z+x", 0, false, None),
            ("u+q", 0, false, None),
        ] {
            assert_eq!(
                changed_mode(words, before, 0o022, folder),
                expected,
                "{words}"
            );
        }
    }
}
