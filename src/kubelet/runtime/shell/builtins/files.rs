//! Files and folders, in busybox's words: `touch`, `mkdir`, `rmdir`, `rm`, `cp`, `mv`, `ln`, `readlink`, `mktemp`, `cd`.

use crate::kubelet::runtime::files::{FileError, absolute, split};
use crate::kubelet::runtime::shell::Machine;
use crate::kubelet::runtime::shell::run::Shell;

/// Folders are copied and removed no deeper.
const DEEPEST: usize = 20;

impl Shell {
    pub(super) fn files(
        &mut self,
        name: &str,
        flags: &str,
        operands: &[&str],
        m: &mut dyn Machine,
    ) -> i32 {
        let has = |letters: &str| flags.contains(|c| letters.contains(c));
        let folder = self.folder.clone();
        let mut status = 0;
        let mut tell = |shell: &mut Shell, m: &mut dyn Machine, done: Result<(), String>| {
            if let Err(text) = done {
                shell.print(2, &format!("{name}: {text}\n"), m);
                status = 1;
            }
        };
        let wants = match name {
            "mktemp" => 0,
            "cp" | "mv" => 2,
            _ => 1,
        };
        if operands.len() < wants {
            let text = format!("{name}: missing operand\n");
            self.print(2, &text, m);
            return 1;
        }
        match name {
            "touch" => {
                for file in operands {
                    let path = absolute(&folder, file);
                    let done = match m.is_folder(&path) {
                        true => Ok(()),
                        false if has("c") && m.note(&path).is_none() => Ok(()),
                        false => m.write(&path, "", true),
                    };
                    tell(self, m, done.map_err(|e| format!("{file}: {}", e.text())));
                }
            }
            "mkdir" => {
                for file in operands {
                    let path = absolute(&folder, file);
                    let done = match has("p") {
                        true => make_all(&path, m),
                        false => m.make_folder(&path),
                    };
                    let failed =
                        |e: FileError| format!("can't create directory '{file}': {}", e.text());
                    tell(self, m, done.map_err(failed));
                }
            }
            "rmdir" => {
                for file in operands {
                    let path = absolute(&folder, file);
                    let done = match m.list(&path) {
                        _ if m.note(&path).is_none() => Err(FileError::Missing),
                        _ if !m.is_folder(&path) => Err(FileError::NoFolder),
                        Ok(names) if !names.is_empty() => Err(FileError::NotEmpty),
                        Ok(_) => m.remove(&path),
                        Err(error) => Err(error),
                    };
                    tell(self, m, done.map_err(|e| format!("'{file}': {}", e.text())));
                }
            }
            "rm" => {
                for file in operands {
                    let path = absolute(&folder, file);
                    let done = match m.note(&path) {
                        None if has("f") => Ok(()),
                        None => Err(format!("can't remove '{file}': No such file or directory")),
                        Some(_) if m.is_folder(&path) && m.link(&path).is_none() && !has("rR") => {
                            Err(format!("'{file}' is a directory"))
                        }
                        Some(_) => remove_all(&path, file, DEEPEST, m),
                    };
                    tell(self, m, done);
                }
            }
            "ln" => {
                let (target, at) = match operands {
                    [target, at, ..] => (*target, *at),
                    _ => (operands[0], split(operands[0]).1),
                };
                let mut path = absolute(&folder, at);
                if m.is_folder(&path) {
                    path = format!("{path}/{}", split(target).1);
                }
                if has("f") {
                    let _ = m.remove(&path);
                }
                let done = match has("s") {
                    true => m.make_link(&path, target),
                    false => m.make_twin(&path, &absolute(&folder, target)),
                };
                tell(self, m, done.map_err(|e| format!("{at}: {}", e.text())));
            }
            "readlink" => {
                for file in operands {
                    let path = absolute(&folder, file);
                    let whole = has("f").then(|| end_of(&path, m));
                    match whole.or_else(|| m.link(&path).map(|l| l.to_string())) {
                        Some(target) => self.print(1, &format!("{target}\n"), m),
                        None => status = 1,
                    }
                }
            }
            "mktemp" => {
                let path = format!("/tmp/tmp.{:06}", m.random(1_000_000));
                let done = match has("d") {
                    true => m.make_folder(&path),
                    false => m.write(&path, "", false),
                };
                match done {
                    Ok(()) => self.print(1, &format!("{path}\n"), m),
                    Err(error) => tell(self, m, Err(format!("{path}: {}", error.text()))),
                }
            }
            _ => {
                let Some((to, from)) = operands.split_last() else {
                    return 1;
                };
                for file in from {
                    let done = self.bring(name, (file, to), has("rRa"), m);
                    tell(self, m, done);
                }
            }
        }
        status
    }

    /// `cp` and `mv`, of one file or folder.
    fn bring(
        &self,
        name: &str,
        (file, to): (&str, &str),
        deep: bool,
        m: &mut dyn Machine,
    ) -> Result<(), String> {
        let source = absolute(&self.folder, file);
        let mut target = absolute(&self.folder, to);
        if m.is_folder(&target) {
            target = absolute(&target, split(&source).1);
        }
        let moves = name == "mv";
        if m.note(&source).is_none() {
            let verb = if moves { "rename" } else { "stat" };
            return Err(format!("can't {verb} '{file}': No such file or directory"));
        }
        if m.is_folder(&source) && !moves && !deep {
            return Err(format!("omitting directory '{file}'"));
        }
        if target == source || target.starts_with(&format!("{source}/")) {
            return Err(format!("'{file}' and '{to}' are the same file"));
        }
        let plain = !m.is_folder(&source);
        if moves && plain && m.link(&source).is_none() {
            // A file that stays on its disk keeps all but its name.
            if m.note(&target).is_some() {
                let _ = m.remove(&target);
            }
            if m.make_twin(&target, &source).is_ok() {
                return remove_all(&source, file, DEEPEST, m);
            }
        }
        if !moves && !deep && m.link(&source).is_some() {
            let text = m.read(&source);
            let text = text.map_err(|e| format!("can't open '{file}': {}", e.text()))?;
            let done = m.write(&target, &text, false);
            return done.map_err(|e| format!("can't create '{target}': {}", e.text()));
        }
        copy(&source, &target, DEEPEST, m)?;
        match moves {
            true => remove_all(&source, file, DEEPEST, m),
            false => Ok(()),
        }
    }

    pub(super) fn change_folder(&mut self, to: Option<&str>, m: &mut dyn Machine) -> i32 {
        let home = self.variables.get("HOME").cloned();
        let to = match to {
            Some("-") => self.variables.get("OLDPWD").map(|p| p.to_string()),
            Some(to) => Some(to.to_owned()),
            None => home.map(|h| h.to_string()),
        };
        let to = to.unwrap_or_else(|| "/".to_owned());
        let path = absolute(&self.folder, &to);
        let failed = match m.is_folder(&path) {
            true => m.enter(&path).err(),
            false if m.note(&path).is_some() => Some(FileError::NoFolder),
            false => Some(FileError::Missing),
        };
        let Some(error) = failed else {
            self.variables
                .insert("OLDPWD".into(), self.folder.as_str().into());
            self.folder = path;
            return 0;
        };
        let text = format!("cd: can't cd to {to}: {}\n", error.text());
        self.print(2, &text, m);
        2
    }
}

/// Where a path leads at last.
pub(super) fn end_of(path: &str, m: &dyn Machine) -> String {
    let mut path = path.to_owned();
    // Links that lead through more lead in circles.
    for _ in 0..40 {
        let ends = path.match_indices('/').map(|(at, _)| at).skip(1);
        let heads: Vec<usize> = ends.chain([path.len()]).collect();
        let found = heads.into_iter().find_map(|end| {
            let (head, rest) = path.split_at_checked(end)?;
            let target = m.link(head)?;
            Some(absolute(
                "/",
                &format!("{}{rest}", absolute(split(head).0, &target)),
            ))
        });
        match found {
            Some(next) => path = next,
            None => break,
        }
    }
    path
}

/// Makes a folder and those above it; that they are there is no error.
fn make_all(path: &str, m: &mut dyn Machine) -> Result<(), FileError> {
    let ends = path.match_indices('/').map(|(at, _)| at).skip(1);
    for end in ends.chain([path.len()]) {
        let folder = path.get(..end).unwrap_or(path);
        if m.is_folder(folder) {
            continue;
        }
        match m.make_folder(folder) {
            Ok(()) => {}
            Err(FileError::Exists) => return Err(FileError::NoFolder),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Removes a file, or a folder after all that is in it; `shown` is how it was named.
fn remove_all(path: &str, shown: &str, deeper: usize, m: &mut dyn Machine) -> Result<(), String> {
    let failed = |e: FileError| format!("can't remove '{shown}': {}", e.text());
    if m.is_folder(path) && m.link(path).is_none() && deeper > 0 {
        for name in m.list(path).map_err(failed)? {
            let shown = format!("{}/{name}", shown.trim_end_matches('/'));
            remove_all(&absolute(path, &name), &shown, deeper - 1, m)?;
        }
    }
    match m.remove(path) {
        // A folder that was there for its files alone went with the last of them.
        Err(FileError::Missing) => Ok(()),
        done => done.map_err(failed),
    }
}

fn copy(from: &str, to: &str, deeper: usize, m: &mut dyn Machine) -> Result<(), String> {
    let failed = |path: &str, e: FileError| format!("can't create '{path}': {}", e.text());
    if let Some(target) = m.link(from) {
        return m.make_link(to, &target).map_err(|e| failed(to, e));
    }
    if m.is_folder(from) {
        if !m.is_folder(to) {
            m.make_folder(to)
                .map_err(|e| format!("can't create directory '{to}': {}", e.text()))?;
        }
        let names = m.list(from);
        let names = names.map_err(|e| format!("can't open '{from}': {}", e.text()))?;
        for name in names.into_iter().filter(|_| deeper > 0) {
            copy(&absolute(from, &name), &absolute(to, &name), deeper - 1, m)?;
        }
        return Ok(());
    }
    let text = m.read(from);
    let text = text.map_err(|e| format!("can't open '{from}': {}", e.text()))?;
    let more = m.used(from).saturating_sub(text.len() as u64);
    let written = match more {
        0 => m.write(to, &text, false),
        more => m.fill(to, more),
    };
    written.map_err(|e| failed(to, e))
}
