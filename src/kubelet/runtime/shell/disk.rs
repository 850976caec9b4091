//! Disks: what fills them (`dd`, `fallocate`), and what tells of them (`du`, `df`, `mount`), in busybox's words.
//!
//! Divergence: a file that is filled so has a size and no content.

use std::rc::Rc;

use super::Machine;
use super::builtins::memory_size;
use super::run::Shell;
use crate::kubelet::runtime::files::absolute;

/// The disk of a node, and what may lie in its memory, in bytes.
const ON_DISK: u64 = 100 << 30;
const IN_MEMORY: u64 = 64 << 20;

/// Whether a kind of file system holds anything of its own.
fn has_blocks(kind: &str) -> bool {
    matches!(kind, "overlay" | "tmpfs" | "ext4")
}

/// The file systems, as `mount` shows them.
pub(super) fn mounts(m: &dyn Machine) -> String {
    let table = m.mounts();
    let lines = table.lines().map(|line| {
        let fields: Vec<&str> = line.split(' ').collect();
        let field = |i: usize| fields.get(i).copied().unwrap_or_default();
        let (device, at, kind, how) = (field(0), field(1), field(2), field(3));
        format!("{device} on {at} type {kind} ({how})\n")
    });
    lines.collect()
}

/// The unit of `dd` if nothing else is said.
const BLOCK: u64 = 512;

/// Bytes as busybox shows them to people: `1.5M`.
pub(super) fn human(bytes: u64) -> String {
    let mut unit = 0;
    let mut tenths = bytes.saturating_mul(10);
    while tenths >= 10_240 && unit < 4 {
        tenths = tenths / 1024 + u64::from(tenths % 1024 >= 512);
        unit += 1;
    }
    match ["", "K", "M", "G", "T"].get(unit) {
        None | Some(&"") => bytes.to_string(),
        Some(letter) => format!("{}.{}{letter}", tenths / 10, tenths % 10),
    }
}

impl Shell {
    /// Copies what a device or a file has, in blocks.
    pub(super) fn dd(&mut self, args: &[Rc<str>], m: &mut dyn Machine) -> i32 {
        let (mut from, mut to, mut size, mut count) = ("", "", BLOCK, None);
        for arg in args {
            let (name, value) = arg.split_once('=').unwrap_or((arg, ""));
            let number = || memory_size(value);
            match (name, number()) {
                ("if", _) => from = value,
                ("of", _) => to = value,
                ("bs", Some(bytes)) => size = bytes,
                ("count", Some(blocks)) => count = Some(blocks),
                ("conv" | "status" | "oflag" | "iflag", _) => {}
                ("bs" | "count" | "seek" | "skip", _) => {
                    self.print(2, &format!("dd: invalid number '{value}'\n"), m);
                    return 1;
                }
                _ => {
                    self.print(2, &format!("dd: unrecognized operand '{arg}'\n"), m);
                    return 1;
                }
            }
        }
        let (source, target) = (absolute(&self.folder, from), absolute(&self.folder, to));
        let endless = ["/dev/zero", "/dev/urandom", "/dev/random"].contains(&source.as_str());
        let there = match (endless, m.read(&source)) {
            (true, _) => u64::MAX,
            (false, Ok(_)) => m.used(&source),
            (false, Err(error)) => {
                let text = format!("dd: can't open '{from}': {}\n", error.text());
                self.print(2, &text, m);
                return 1;
            }
        };
        let bytes = count.map_or(there, |blocks| size.saturating_mul(blocks).min(there));
        let copied = match (to, endless) {
            ("" | "/dev/null", _) => Ok(()),
            (_, false)
                if count.is_none() && m.read(&source).is_ok_and(|t| t.len() as u64 == there) =>
            {
                let text = m.read(&source).unwrap_or_default();
                m.write(&target, &text, false)
            }
            _ => m.fill(&target, bytes),
        };
        if let Err(error) = copied {
            let text = format!("dd: error writing '{to}': {}\n", error.text());
            self.print(2, &text, m);
            return 1;
        }
        let blocks = format!(
            "{}+{}",
            bytes / size.max(1),
            u64::from(bytes % size.max(1) > 0)
        );
        let text = format!(
            "{blocks} records in\n{blocks} records out\n{bytes} bytes ({}B) copied\n",
            human(bytes)
        );
        self.print(2, &text, m);
        0
    }

    /// `fallocate -l SIZE FILE`.
    pub(super) fn fallocate(&mut self, args: &[Rc<str>], m: &mut dyn Machine) -> i32 {
        let [flag, size, file] = args else {
            self.print(2, "fallocate: usage: fallocate -l SIZE FILE\n", m);
            return 1;
        };
        let Some(bytes) = memory_size(size).filter(|_| &**flag == "-l") else {
            self.print(2, &format!("fallocate: invalid number '{size}'\n"), m);
            return 1;
        };
        match m.fill(&absolute(&self.folder, file), bytes) {
            Ok(()) => 0,
            Err(error) => {
                let text = format!("fallocate: fallocate '{file}': {}\n", error.text());
                self.print(2, &text, m);
                1
            }
        }
    }

    /// The file systems, or those that the operands lie in.
    pub(super) fn df(&mut self, flags: &str, operands: &[&str], m: &mut dyn Machine) -> i32 {
        let table = m.mounts();
        let all: Vec<Vec<&str>> = table
            .lines()
            .map(|line| line.split(' ').collect())
            .filter(|fields: &Vec<&str>| fields.get(2).is_some_and(|kind| has_blocks(kind)))
            .collect();
        let mut status = 0;
        let mut shown: Vec<&Vec<&str>> = Vec::new();
        for operand in operands {
            let path = absolute(&self.folder, operand);
            if m.note(&path).is_none() {
                let text = format!("df: {operand}: can't find mount point\n");
                self.print(2, &text, m);
                status = 1;
                continue;
            }
            let is_in = |at: &str| {
                path == at || path.starts_with(&format!("{}/", at.trim_end_matches('/')))
            };
            let best = all.iter().filter(|f| f.get(1).is_some_and(|at| is_in(at)));
            shown.extend(best.max_by_key(|f| f.get(1).map_or(0, |at| at.len())));
        }
        if operands.is_empty() {
            shown = all.iter().collect();
        }
        let size = |bytes: u64| match flags.contains('h') {
            true => human(bytes),
            false => (bytes / 1024).to_string(),
        };
        let heading = match flags.contains('h') {
            true => "Filesystem                Size      Used Available Use% Mounted on\n",
            false => "Filesystem           1K-blocks      Used Available Use% Mounted on\n",
        };
        let mut text = heading.to_owned();
        for fields in shown {
            let at = fields.get(1).copied().unwrap_or("/");
            let total = match fields.get(2) {
                Some(&"tmpfs") => IN_MEMORY,
                _ => ON_DISK,
            };
            let used = m.used(at).min(total);
            text += &format!(
                "{:<20} {:>9} {:>9} {:>9} {:>3}% {at}\n",
                fields.first().copied().unwrap_or_default(),
                size(total),
                size(used),
                size(total - used),
                used * 100 / total,
            );
        }
        self.print(1, &text, m);
        status
    }

    /// How much lies in files and folders.
    pub(super) fn du(&mut self, flags: &str, operands: &[&str], m: &mut dyn Machine) -> i32 {
        let operands = if operands.is_empty() {
            &["."]
        } else {
            operands
        };
        let mut status = 0;
        for path in operands {
            let at = absolute(&self.folder, path);
            if !m.is_folder(&at) && m.read(&at).is_err() {
                let text = format!("du: {path}: No such file or directory\n");
                self.print(2, &text, m);
                status = 1;
                continue;
            }
            let bytes = m.used(&at);
            let size = match flags.contains('h') {
                true => human(bytes),
                false => bytes.div_ceil(1024).to_string(),
            };
            self.print(1, &format!("{size}\t{path}\n"), m);
        }
        status
    }
}

#[cfg(test)]
mod tests {
    use super::human;

    #[test]
    fn sizes_are_shown_to_people() {
        for (bytes, expected) in [
            (0, "0"),
            (1023, "1023"),
            (1024, "1.0K"),
            (1536, "1.5K"),
            (100 << 20, "100.0M"),
            (1 << 40, "1.0T"),
        ] {
            assert_eq!(human(bytes), expected);
        }
    }
}
