//! `ls` of the terminal and of nodes, in the form of coreutils. The files are those of the host; a folder is there
//! when the name of a file begins with it.
//!
//! Divergence: the host knows neither owners nor times: everything is root's, and as old as what is asked.

use super::super::state::{Io, Shell};
use super::fail;
use super::files::home;
use crate::api::rfc3339::civil;

/// So much a folder takes, and a file at least.
const BLOCK: usize = 4096;

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// Letters that change how entries are written or chosen.
const KNOWN: &str = "1AFRSadhlnprtGgoisUvXBbCxmkNqQwLHZcuf";

struct Listing<'s> {
    shell: &'s Shell,
    io: &'s Io,
    files: Vec<String>,
    flags: String,
}

/// A file or a folder below another one.
struct Entry {
    name: String,
    /// How many bytes it has; a folder's is that of a block.
    size: usize,
    /// For a folder, how many folders are in it.
    folders: Option<usize>,
}

pub fn ls(shell: &Shell, io: &Io, arguments: &[String]) -> i32 {
    let mut flags = String::new();
    let mut wanted: Vec<&str> = Vec::new();
    let mut words = arguments.iter().map(String::as_str);
    while let Some(word) = words.next() {
        match word.strip_prefix('-').filter(|rest| !rest.is_empty()) {
            None => wanted.push(word),
            Some("-") => wanted.extend(words.by_ref()),
            Some(rest) if rest.starts_with('-') => match rest.trim_start_matches('-') {
                "all" => flags.push('a'),
                "almost-all" => flags.push('A'),
                "recursive" => flags.push('R'),
                "reverse" => flags.push('r'),
                "directory" => flags.push('d'),
                "human-readable" => flags.push('h'),
                "numeric-uid-gid" => flags.push_str("ln"),
                "classify" => flags.push('F'),
                name if name.starts_with("color") || name.starts_with("time-style") => {}
                _ => {
                    let message = format!("ls: unrecognized option '{word}'");
                    return fail(io, &format!("{message}\n{TRY}"), 2);
                }
            },
            Some(letters) => {
                if let Some(odd) = letters.chars().find(|letter| !KNOWN.contains(*letter)) {
                    let message = format!("ls: invalid option -- '{odd}'");
                    return fail(io, &format!("{message}\n{TRY}"), 2);
                }
                flags.push_str(letters);
            }
        }
    }
    if wanted.is_empty() {
        wanted.push(".");
    }
    Listing {
        shell,
        io,
        files: shell.world.host.files(),
        flags,
    }
    .run(&wanted)
}

const TRY: &str = "Try 'ls --help' for more information.";

impl Listing<'_> {
    fn has(&self, letter: char) -> bool {
        self.flags.contains(letter)
    }

    fn is_long(&self) -> bool {
        ['l', 'n', 'g', 'o'].iter().any(|letter| self.has(*letter))
    }

    fn run(&self, wanted: &[&str]) -> i32 {
        let mut code = 0;
        let (mut plain, mut folders): (Vec<Entry>, Vec<(String, String)>) =
            (Vec::new(), Vec::new());
        for name in wanted {
            let lead = lead(name);
            let is_file = !lead.is_empty() && self.files.iter().any(|f| *f == home(name));
            let there =
                lead.is_empty() || lead == "/" || self.files.iter().any(|f| f.starts_with(&lead));
            if is_file || there && self.has('d') {
                plain.push(self.entry(name, home(name), !is_file));
            } else if there {
                folders.push(((*name).to_owned(), lead));
            } else {
                let message = format!("ls: cannot access '{name}': No such file or directory");
                code = fail(self.io, &message, 2);
            }
        }
        let headed = wanted.len() > 1 || self.has('R');
        let mut first = plain.is_empty();
        self.sort(&mut plain);
        self.write(&plain);
        // What is still to be shown, the next one last.
        folders.reverse();
        while let Some((name, lead)) = folders.pop() {
            let mut entries = self.inside(&lead);
            self.sort(&mut entries);
            if headed {
                let blank = if first { "" } else { "\n" };
                self.io.out.line(&format!("{blank}{name}:"));
            }
            first = false;
            if self.is_long() {
                let blocks = entries
                    .iter()
                    .map(|e| e.size.div_ceil(BLOCK) * BLOCK / 1024);
                self.io
                    .out
                    .line(&format!("total {}", blocks.sum::<usize>()));
            }
            self.write(&entries);
            if self.has('R') {
                let below = entries
                    .iter()
                    .filter(|e| e.folders.is_some() && !matches!(e.name.as_str(), "." | ".."));
                let mut below: Vec<(String, String)> = below
                    .map(|e| {
                        let shown = format!("{}/{}", name.trim_end_matches('/'), e.name);
                        (shown, format!("{lead}{}/", e.name))
                    })
                    .collect();
                below.reverse();
                folders.extend(below);
            }
        }
        code
    }

    fn entry(&self, shown: &str, path: &str, is_folder: bool) -> Entry {
        let inside = |lead: String| {
            let below = self
                .files
                .iter()
                .filter_map(|f| f.strip_prefix(lead.as_str()));
            let mut names: Vec<&str> = below
                .filter_map(|rest| rest.split_once('/').map(|(name, _)| name))
                .collect();
            names.sort_unstable();
            names.dedup();
            names.len()
        };
        Entry {
            name: shown.to_owned(),
            size: match is_folder {
                true => BLOCK,
                false => self.shell.read_file(path).map_or(0, |text| text.len()),
            },
            folders: is_folder.then(|| inside(format!("{path}/"))),
        }
    }

    /// What stands in a folder.
    fn inside(&self, lead: &str) -> Vec<Entry> {
        let below = self.files.iter().filter_map(|f| f.strip_prefix(lead));
        // Absolute names are elsewhere.
        let mut names: Vec<(&str, bool)> = below
            .filter(|f| !f.starts_with('/') && !f.is_empty())
            .map(|f| match f.split_once('/') {
                Some((folder, _)) => (folder, true),
                None => (f, false),
            })
            .filter(|(name, _)| self.has('a') || self.has('A') || !name.starts_with('.'))
            .collect();
        names.sort_unstable();
        names.dedup();
        let mut entries: Vec<Entry> = names
            .iter()
            .map(|(name, is_folder)| self.entry(name, &format!("{lead}{name}"), *is_folder))
            .collect();
        if self.has('a') {
            for name in [".", ".."] {
                entries.push(self.entry(name, lead.trim_end_matches('/'), true));
            }
        }
        entries
    }

    /// By name, without regard to case and to what is no letter, as the usual locales have it.
    fn sort(&self, entries: &mut [Entry]) {
        entries.sort_by(|a, b| match self.has('S') {
            true => b.size.cmp(&a.size).then_with(|| a.name.cmp(&b.name)),
            false => a.name.cmp(&b.name),
        });
        if self.has('r') {
            entries.reverse();
        }
    }

    fn write(&self, entries: &[Entry]) {
        let now = self.shell.world.now();
        let c = civil(i64::try_from(now.0).unwrap_or_default());
        let month = MONTHS.get(usize::from(c.month).saturating_sub(1));
        let date = format!(
            "{} {:>2} {:02}:{:02}",
            month.copied().unwrap_or_default(),
            c.day,
            c.hour,
            c.minute
        );
        let size = |entry: &Entry| match self.has('h') {
            true => human(entry.size),
            false => entry.size.to_string(),
        };
        let links = |entry: &Entry| entry.folders.map_or(1, |n| n + 2).to_string();
        let widest = |cell: &dyn Fn(&Entry) -> String| {
            entries.iter().map(|e| cell(e).len()).max().unwrap_or(0)
        };
        let (links_wide, size_wide) = (widest(&links), widest(&size));
        let mut owner = String::new();
        let root = if self.has('n') { "0" } else { "root" };
        for letter in ['g', 'o'] {
            if !self.has(letter) {
                owner.push_str(root);
                owner.push(' ');
            }
        }
        for entry in entries {
            let sign = match entry.folders.is_some() && (self.has('F') || self.has('p')) {
                true => "/",
                false => "",
            };
            if !self.is_long() {
                self.io.out.line(&format!("{}{sign}", entry.name));
                continue;
            }
            let mode = match entry.folders {
                Some(_) => "drwxr-xr-x",
                None => "-rw-r--r--",
            };
            self.io.out.line(&format!(
                "{mode} {:>links_wide$} {owner}{:>size_wide$} {date} {}{sign}",
                links(entry),
                size(entry),
                entry.name
            ));
        }
    }
}

/// How the names of what is in a folder begin.
fn lead(name: &str) -> String {
    match (name, home(name)) {
        ("/", _) => "/".to_owned(),
        (_, "" | "." | "~" | "/root") => String::new(),
        (_, plain) => format!("{plain}/"),
    }
}

/// A size in few digits, rounded up: `4.0K`, `12K`.
fn human(bytes: usize) -> String {
    let (mut unit, mut size) = (0, bytes);
    let mut tenths = bytes.saturating_mul(10);
    while tenths >= 10_240 && unit < 4 {
        tenths = tenths.div_ceil(1024);
        size = size.div_ceil(1024);
        unit += 1;
    }
    match ["", "K", "M", "G", "T"].get(unit) {
        None | Some(&"") => bytes.to_string(),
        Some(letter) if tenths < 100 => format!("{}.{}{letter}", tenths / 10, tenths % 10),
        Some(letter) => format!("{size}{letter}"),
    }
}
