//! `ls` and `stat`, in busybox's words.

use super::words::{MONTHS, user_of};
use crate::api::rfc3339;
use crate::kubelet::runtime::files::{FileError, absolute};
use crate::kubelet::runtime::shell::Machine;
use crate::kubelet::runtime::shell::run::Shell;
use crate::sim::{Note, Time};

/// So much a folder takes itself, and a file at least.
const BLOCK: u64 = 4096;
/// Dates that are older than half a year are shown with their year.
const HALF_A_YEAR: i64 = 3600 * 24 * 365 / 2;
/// `ls -R` goes no deeper.
const DEEPEST: usize = 20;

/// `drwxr-sr-t`.
fn mode_text(kind: char, mode: u16) -> String {
    let mut text = String::from(kind);
    for (shift, special, letter) in [(6, 0o4000, 's'), (3, 0o2000, 's'), (0, 0o1000, 't')] {
        let bits = mode >> shift;
        text.push(if bits & 4 != 0 { 'r' } else { '-' });
        text.push(if bits & 2 != 0 { 'w' } else { '-' });
        text.push(match (bits & 1 != 0, mode & special != 0) {
            (true, true) => letter,
            (false, true) => letter.to_ascii_uppercase(),
            (true, false) => 'x',
            (false, false) => '-',
        });
    }
    text
}

fn date_text(at: Time, now: Time) -> String {
    let c = rfc3339::civil(at.0 as i64);
    let month = MONTHS.get(usize::from(c.month.saturating_sub(1)));
    let day = format!("{} {:2}", month.copied().unwrap_or_default(), c.day);
    match now.unix_secs().saturating_sub(at.unix_secs()) > HALF_A_YEAR {
        true => format!("{day}  {}", c.year),
        false => format!("{day} {:02}:{:02}", c.hour, c.minute),
    }
}

/// What there is at a path, and what `ls` tells of it.
struct Entry {
    path: String,
    note: Note,
    kind: char,
    link: Option<String>,
    size: u64,
}

impl Entry {
    fn of(path: String, m: &dyn Machine) -> Option<Entry> {
        let note = m.note(&path)?;
        let link = m.link(&path).map(|l| l.to_string());
        let folder = link.is_none() && m.is_folder(&path);
        let device = path.starts_with("/dev/") && !folder && m.used(&path) == 0;
        Some(Entry {
            kind: match (&link, folder, device) {
                (Some(_), ..) => 'l',
                (_, true, _) => 'd',
                (_, _, true) => 'c',
                _ => '-',
            },
            size: match (&link, folder) {
                (Some(link), _) => link.len() as u64,
                (_, true) => BLOCK,
                _ => m.used(&path),
            },
            link,
            note,
            path,
        })
    }

    /// How many blocks of a kilobyte it takes.
    fn blocks(&self) -> u64 {
        match self.kind {
            'l' | 'c' => 0,
            _ => self.size.div_ceil(BLOCK) * BLOCK / 1024,
        }
    }

    fn line(&self, shown: &str, flags: &str, m: &dyn Machine) -> String {
        if !flags.contains('l') && !flags.contains('n') {
            return format!("{shown}\n");
        }
        let links = match self.kind {
            'd' => {
                let names = m.list(&self.path).unwrap_or_default();
                let below = names
                    .iter()
                    .map(|n| absolute(&self.path, n))
                    .filter(|path| m.link(path).is_none() && m.is_folder(path));
                2 + below.count()
            }
            'l' => 1,
            _ => m.names_of(&self.path),
        };
        let named = |n: u32| match flags.contains('n') {
            true => n.to_string(),
            false => user_of(i64::from(n)),
        };
        let size = match flags.contains('h') {
            true => crate::kubelet::runtime::shell::disk::human(self.size),
            false => self.size.to_string(),
        };
        let link = self.link.as_ref().map(|l| format!(" -> {l}"));
        format!(
            "{} {links:4} {:<8} {:<8} {size:>9} {} {shown}{}\n",
            mode_text(self.kind, self.note.mode),
            named(self.note.user),
            named(self.note.group),
            date_text(self.note.changed, m.now()),
            link.unwrap_or_default()
        )
    }
}

impl Shell {
    pub(super) fn ls(&mut self, flags: &str, operands: &[&str], m: &mut dyn Machine) -> i32 {
        let operands = if operands.is_empty() {
            &["."]
        } else {
            operands
        };
        let (mut status, mut text, mut folders) = (0, String::new(), Vec::new());
        for operand in operands {
            let path = absolute(&self.folder, operand);
            let Some(entry) = Entry::of(path, m) else {
                let text = format!("ls: {operand}: {}\n", FileError::Missing.text());
                self.print(2, &text, m);
                status = 1;
                continue;
            };
            // A link to a folder shows the folder, where it is not told of as a line.
            let told = flags.contains('l') && !operand.ends_with('/');
            let leads = entry.kind == 'l' && !told && m.is_folder(&entry.path);
            match (entry.kind == 'd' || leads) && !flags.contains('d') {
                true => folders.push((operand.to_string(), entry.path)),
                false => text += &entry.line(operand, flags, m),
            }
        }
        let titled = operands.len() > 1 || flags.contains('R');
        let mut left: Vec<(String, String, usize)> = folders
            .into_iter()
            .rev()
            .map(|(shown, path)| (shown, path, DEEPEST))
            .collect();
        while let Some((shown, path, deeper)) = left.pop() {
            if titled {
                let gap = if text.is_empty() { "" } else { "\n" };
                text += &format!("{gap}{shown}:\n");
            }
            let mut names = match m.list(&path) {
                Ok(names) => names,
                Err(error) => {
                    let text = format!("ls: can't open '{shown}': {}\n", error.text());
                    self.print(2, &text, m);
                    status = 1;
                    continue;
                }
            };
            names.retain(|n| flags.contains(['a', 'A']) || !n.starts_with('.'));
            if flags.contains('a') {
                names.splice(0..0, [".".to_owned(), "..".to_owned()]);
            }
            let entries = names.into_iter().filter_map(|name| {
                let entry = Entry::of(absolute(&path, &name), m)?;
                Some((name, entry))
            });
            let mut entries: Vec<(String, Entry)> = entries.collect();
            if flags.contains('t') {
                entries.sort_by_key(|(_, e)| std::cmp::Reverse(e.note.changed));
            }
            if flags.contains('S') {
                entries.sort_by_key(|(_, e)| std::cmp::Reverse(e.size));
            }
            if flags.contains('r') {
                entries.reverse();
            }
            if flags.contains(['l', 'n']) {
                let total: u64 = entries.iter().map(|(_, e)| e.blocks()).sum();
                text += &format!("total {total}\n");
            }
            for (name, entry) in &entries {
                text += &entry.line(name, flags, m);
            }
            if flags.contains('R') && deeper > 0 {
                let below = entries.into_iter().rev();
                let below = below.filter(|(name, e)| e.kind == 'd' && name != "." && name != "..");
                left.extend(below.map(|(name, entry)| {
                    let shown = format!("{}/{name}", shown.trim_end_matches('/'));
                    (shown, entry.path, deeper - 1)
                }));
            }
        }
        self.print(1, &text, m);
        status
    }

    /// `stat [-c FORMAT] FILE...`
    pub(super) fn stat(&mut self, args: &[std::rc::Rc<str>], m: &mut dyn Machine) -> i32 {
        let (mut format, mut files) = (None, Vec::new());
        let mut follows = false;
        let mut words = args.iter();
        while let Some(word) = words.next() {
            match &**word {
                "-c" => format = words.next().cloned(),
                "-L" => follows = true,
                "-Lc" => (follows, format) = (true, words.next().cloned()),
                "-t" | "-f" => {}
                word => files.push(word.to_owned()),
            }
        }
        let mut status = 0;
        for file in files {
            let mut path = absolute(&self.folder, &file);
            if follows {
                path = super::files::end_of(&path, m);
            }
            let Some(entry) = Entry::of(path, m) else {
                let text = format!("stat: can't stat '{file}': {}\n", FileError::Missing.text());
                self.print(2, &text, m);
                status = 1;
                continue;
            };
            let text = match &format {
                Some(format) => format!("{}\n", filled(format, &file, &entry, m)),
                None => described(&file, &entry),
            };
            self.print(1, &text, m);
        }
        status
    }
}

fn kind_text(entry: &Entry) -> &'static str {
    match (entry.kind, entry.size) {
        ('d', _) => "directory",
        ('l', _) => "symbolic link",
        ('c', _) => "character special file",
        (_, 0) => "regular empty file",
        _ => "regular file",
    }
}

fn instant(at: Time) -> String {
    let c = rfc3339::civil(at.0 as i64);
    format!(
        "{}-{:02}-{:02} {:02}:{:02}:{:02}.000000000 +0000",
        c.year, c.month, c.day, c.hour, c.minute, c.second
    )
}

fn filled(format: &str, file: &str, entry: &Entry, m: &dyn Machine) -> String {
    let note = entry.note;
    let mut out = String::new();
    let mut chars = format.chars();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('a') => out += &format!("{:o}", note.mode),
            Some('A') => out += &mode_text(entry.kind, note.mode),
            Some('u') => out += &note.user.to_string(),
            Some('g') => out += &note.group.to_string(),
            Some('U') => out += &user_of(i64::from(note.user)),
            Some('G') => out += &user_of(i64::from(note.group)),
            Some('n') => out += file,
            Some('N') => match &entry.link {
                Some(link) => out += &format!("'{file}' -> '{link}'"),
                None => out += file,
            },
            Some('h') => out += &m.names_of(&entry.path).to_string(),
            Some('s') => out += &entry.size.to_string(),
            Some('F') => out += kind_text(entry),
            Some('y' | 'x' | 'z') => out += &instant(note.changed),
            Some('Y' | 'X' | 'Z') => out += &note.changed.unix_secs().to_string(),
            Some('%') | None => out.push('%'),
            Some(other) => {
                out.push('%');
                out.push(other);
            }
        }
    }
    out
}

fn described(file: &str, entry: &Entry) -> String {
    let note = entry.note;
    let leads = entry.link.as_ref().map(|l| format!("' -> '{l}"));
    let at = instant(note.changed);
    format!(
        "  File: {}{}\n  Size: {:<10}\tBlocks: {:<10} IO Block: {BLOCK}   {}\nAccess: ({:04o}/{})  Uid: ({:5}/{:>8})   Gid: ({:5}/{:>8})\nAccess: {at}\nModify: {at}\nChange: {at}\n",
        file,
        leads.unwrap_or_default(),
        entry.size,
        entry.blocks() * 2,
        kind_text(entry),
        note.mode,
        mode_text(entry.kind, note.mode),
        note.user,
        user_of(i64::from(note.user)),
        note.group,
        user_of(i64::from(note.group)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_in_letters() {
        for (kind, mode, expected) in [
            ('-', 0o644, "-rw-r--r--"),
            ('d', 0o2775, "drwxrwsr-x"),
            ('d', 0o1777, "drwxrwxrwt"),
            ('-', 0o4711, "-rws--x--x"),
            ('d', 0o2640, "drw-r-S---"),
            ('l', 0o777, "lrwxrwxrwx"),
        ] {
            assert_eq!(mode_text(kind, mode), expected);
        }
    }
}
