//! Files of a container and of the volumes that are mounted in it.

use std::rc::Rc;

use crate::sim::ordered::Set as BTreeSet;
use crate::sim::{Disk, Note, Time, Usual};

/// How much one file, and how many files one tree can hold.
const MOST_BYTES: usize = 256 << 10;
const MOST_FILES: usize = 1000;

/// What somebody wants to do with a file or a folder, as the bits of its mode say it.
pub const READ: u16 = 4;
pub const WRITE: u16 = 2;
pub const ENTER: u16 = 1;
/// What is made in a folder with this bit belongs to the folder's group.
pub const OF_GROUP: u16 = 0o2000;

/// A tree of text files, by absolute path.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Files {
    disk: Disk,
}

/// Why a file could not be read or written, in the words of the C library.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileError {
    Missing,
    IsFolder,
    NoFolder,
    Exists,
    ReadOnly,
    Full,
    Denied,
    NotPermitted,
    NotEmpty,
    Busy,
    OtherDisk,
}

impl FileError {
    pub fn text(self) -> &'static str {
        match self {
            FileError::Missing => "No such file or directory",
            FileError::IsFolder => "Is a directory",
            FileError::NoFolder => "Not a directory",
            FileError::Exists => "File exists",
            FileError::ReadOnly => "Read-only file system",
            FileError::Full => "No space left on device",
            FileError::Denied => "Permission denied",
            FileError::NotPermitted => "Operation not permitted",
            FileError::NotEmpty => "Directory not empty",
            FileError::Busy => "Resource busy",
            FileError::OtherDisk => "Cross-device link",
        }
    }
}

impl From<Disk> for Files {
    fn from(disk: Disk) -> Self {
        Files { disk }
    }
}

impl From<Files> for Disk {
    fn from(files: Files) -> Self {
        files.disk
    }
}

impl Files {
    /// An empty tree whose files and folders are so where nobody says otherwise.
    pub fn with(usual: Usual) -> Files {
        let mut files = Files::default();
        files.disk.usual = usual;
        files
    }

    pub fn read(&self, path: &str) -> Result<Rc<str>, FileError> {
        match self.disk.files.get(path) {
            Some(text) => Ok(text.clone()),
            None if self.is_folder(path) => Err(FileError::IsFolder),
            None => Err(FileError::Missing),
        }
    }

    pub fn write(&mut self, path: &str, text: &str, append: bool) -> Result<(), FileError> {
        if self.is_folder(path) {
            return Err(FileError::IsFolder);
        }
        let disk = &mut self.disk;
        let old = disk.files.get(path).filter(|_| append);
        let text: Rc<str> = match old {
            Some(old) => format!("{old}{text}").into(),
            None => text.into(),
        };
        let full = disk.files.len() >= MOST_FILES && !disk.files.contains_key(path);
        if full || text.len() > MOST_BYTES {
            return Err(FileError::Full);
        }
        for name in self.names(path) {
            let disk = &mut self.disk;
            disk.files.insert(name.clone(), text.clone());
            if !append && disk.rare().is_some() {
                disk.rare_mut().sizes.remove(&*name);
            }
        }
        Ok(())
    }

    /// The names of the file at a path, with this one.
    fn names(&self, path: &str) -> Vec<Rc<str>> {
        match self.twins(path) {
            Some(names) => names.clone(),
            None => vec![path.into()],
        }
    }

    /// The names of a file that has several.
    pub fn twins(&self, path: &str) -> Option<&Vec<Rc<str>>> {
        let all = &self.disk.rare()?.twins;
        all.iter().find(|names| names.iter().any(|n| **n == *path))
    }

    /// Gives a file another name: what is written to one is in both.
    #[inline(never)] // it waits in the second file of the wasm until it happens
    pub fn make_twin(&mut self, path: &str, of: &str) -> Result<(), FileError> {
        let text = self.read(of)?;
        let (note, size) = (
            self.note(of),
            self.disk.rare().and_then(|r| r.sizes.get(of).copied()),
        );
        if self.disk.files.len() >= MOST_FILES {
            return Err(FileError::Full);
        }
        self.disk.files.insert(path.into(), text);
        let rare = self.disk.rare_mut();
        if let Some(size) = size {
            rare.sizes.insert(path.into(), size);
        }
        if let Some(note) = note {
            rare.notes.insert(path.into(), note);
        }
        let known = rare.twins.iter_mut();
        match known
            .into_iter()
            .find(|names| names.iter().any(|n| **n == *of))
        {
            Some(names) => names.push(path.into()),
            None => rare.twins.push(vec![of.into(), path.into()]),
        }
        Ok(())
    }

    /// Makes a file of so many bytes, of which nobody asks what they are.
    pub fn fill(&mut self, path: &str, bytes: u64) -> Result<(), FileError> {
        self.write(path, "", false)?;
        for name in self.names(path) {
            self.disk.rare_mut().sizes.insert(name, bytes);
        }
        Ok(())
    }

    /// Whether there are files that are larger than their text.
    pub fn is_large(&self) -> bool {
        self.disk.rare().is_some_and(|rare| !rare.sizes.is_empty())
    }

    /// How many bytes a file has, or all that lie in a folder.
    pub fn used(&self, path: &str) -> u64 {
        let inside = format!("{}/", path.trim_end_matches('/'));
        let is_in = |file: &str| file == path || file.starts_with(&inside);
        let text = self.disk.files.iter().filter(|(file, _)| is_in(file));
        let text = text.map(|(_, text)| text.len() as u64);
        let more = self.disk.rare().into_iter().flat_map(|rare| &rare.sizes);
        let more = more.filter(|(file, _)| is_in(file));
        text.chain(more.map(|(_, bytes)| *bytes))
            .fold(0, u64::saturating_add)
    }

    /// Puts a file there, whatever its size: what images and volumes come with.
    pub fn put(&mut self, path: &str, text: &str) {
        self.share(path.into(), text.into());
    }

    /// As [`Files::put`], of texts that are shared.
    pub fn share(&mut self, path: Rc<str>, text: Rc<str>) {
        self.disk.files.insert(path, text);
    }

    /// Makes a folder; those above it are there then too.
    pub fn make_folder(&mut self, path: &str) {
        let folders = &mut self.disk.rare_mut().folders;
        if folders.len() < MOST_FILES {
            folders.insert(path.into());
        }
    }

    /// Makes a symbolic link.
    pub fn make_link(&mut self, path: &str, target: &str) -> Result<(), FileError> {
        let links = &mut self.disk.rare_mut().links;
        if links.len() >= MOST_FILES {
            return Err(FileError::Full);
        }
        links.insert(path.into(), target.into());
        Ok(())
    }

    /// What a symbolic link leads to.
    pub fn link(&self, path: &str) -> Option<&Rc<str>> {
        self.disk.rare()?.links.get(path)
    }

    pub fn has_links(&self) -> bool {
        self.disk.rare().is_some_and(|rare| !rare.links.is_empty())
    }

    /// Removes a file, or a folder with all that is in it.
    pub fn remove(&mut self, path: &str) -> bool {
        let inside = format!("{path}/");
        let stays = |f: &Rc<str>| **f != *path && !f.starts_with(&inside);
        let disk = &mut self.disk;
        let count = |disk: &Disk| {
            let rare = disk.rare();
            let others = rare.map_or(0, |rare| rare.folders.len() + rare.links.len());
            disk.files.len() + others
        };
        let before = count(disk);
        disk.files.retain(|f, _| stays(f));
        if disk.rare().is_some() {
            let rare = disk.rare_mut();
            rare.folders.retain(stays);
            rare.links.retain(|f, _| stays(f));
            rare.sizes.retain(|f, _| stays(f));
            rare.notes.retain(|f, _| stays(f));
            rare.twins.iter_mut().for_each(|names| names.retain(stays));
            rare.twins.retain(|names| names.len() > 1);
        }
        before != count(disk)
    }

    pub fn is_folder(&self, path: &str) -> bool {
        let disk = &self.disk;
        let inside = format!("{}/", path.trim_end_matches('/'));
        let from: Rc<str> = inside.as_str().into();
        let begins = |f: Option<&Rc<str>>| f.is_some_and(|f| f.starts_with(&inside));
        path == "/"
            || begins(disk.files.range(from.clone()..).next().map(|e| e.0))
            || disk.rare().is_some_and(|rare| {
                rare.folders.contains(path)
                    || begins(rare.links.range(from.clone()..).next().map(|e| e.0))
                    || begins(rare.folders.range(from..).next())
            })
    }

    /// The names in a folder, sorted.
    pub fn list(&self, path: &str) -> Vec<String> {
        let inside = format!("{}/", path.trim_end_matches('/'));
        let disk = &self.disk;
        let rare = disk.rare().into_iter();
        let rare = rare.flat_map(|rare| rare.links.keys().chain(&rare.folders));
        let all = disk.files.keys().chain(rare);
        let names = all
            .filter_map(|f| f.strip_prefix(&*inside))
            .filter_map(|rest| rest.split('/').next())
            .filter(|name| !name.is_empty());
        names
            .map(str::to_owned)
            .collect::<BTreeSet<String>>()
            .into_iter()
            .collect()
    }

    /// Whose a file, a folder or a link is; `None` where there is nothing.
    pub fn note(&self, path: &str) -> Option<Note> {
        let rare = self.disk.rare();
        if let Some(note) = rare.and_then(|rare| rare.notes.get(path)) {
            return Some(*note);
        }
        let usual = &self.disk.usual;
        let mode = if self.disk.files.contains_key(path) {
            usual.file
        } else if self.link(path).is_some() {
            0o777
        } else if self.is_folder(path) {
            usual.folder
        } else {
            return None;
        };
        Some(Note {
            user: usual.user,
            group: usual.group,
            mode,
            changed: usual.changed,
        })
    }

    /// Whether something is noted of a file or folder, so that what is usual does not hold.
    pub fn is_noted(&self, path: &str) -> bool {
        let rare = self.disk.rare();
        rare.is_some_and(|rare| rare.notes.contains_key(path))
    }

    /// When what nothing is noted of came about.
    pub fn usual_time(&self) -> Time {
        self.disk.usual.changed
    }

    /// Notes whose a file or a folder is from now on.
    pub fn set_note(&mut self, path: &str, note: Note) {
        for name in self.names(path) {
            self.disk.rare_mut().notes.insert(name, note);
        }
    }

    /// Whether there is the same in both, whenever it came there.
    #[inline(never)] // it waits in the second file of the wasm until it happens
    pub fn says_the_same(&self, other: &Files) -> bool {
        let mut own = self.clone();
        own.disk.usual.changed = other.disk.usual.changed;
        if own.disk.rare().is_some() {
            for (name, note) in &mut own.disk.rare_mut().notes {
                if let Some(other) = other.disk.rare().and_then(|r| r.notes.get(&**name)) {
                    note.changed = other.changed;
                }
            }
        }
        own == *other
    }

    /// Notes what may be done with a file or a folder that is there.
    pub fn set_mode(&mut self, path: &str, mode: u16) {
        if let Some(note) = self.note(path) {
            self.set_note(path, Note { mode, ..note });
        }
    }

    /// Gives all that is there, and all that will be made, to a group: what the kubelet does with the volumes of a
    /// pod that names an `fsGroup` (`SetVolumeOwnership` in `pkg/volume/volume_linux.go`).
    pub fn give_to_group(&mut self, group: u32, read_only: bool) {
        let more = if read_only { 0o440 } else { 0o660 };
        let enter = OF_GROUP | 0o110;
        let usual = &mut self.disk.usual;
        usual.group = group;
        usual.file |= more;
        usual.folder |= more | enter;
        let noted = self.disk.rare().into_iter();
        let noted = noted.flat_map(|rare| rare.notes.keys());
        let paths: Vec<Rc<str>> = noted.cloned().collect();
        for path in paths {
            let folder = self.is_folder(&path);
            if let Some(note) = self.disk.rare_mut().notes.get_mut(&*path) {
                note.group = group;
                note.mode |= if folder { more | enter } else { more };
            }
        }
    }
}

/// Whether a user who is in these groups may do with a file what `want` says. Root may.
pub fn may(note: Note, user: i64, groups: &[i64], want: u16) -> bool {
    let class = match (
        i64::from(note.user) == user,
        groups.contains(&i64::from(note.group)),
    ) {
        (true, _) => 6,
        (_, true) => 3,
        _ => 0,
    };
    user == 0 || (note.mode >> class) & want == want
}

/// `path` made absolute from `folder`, without `.` and `..`.
pub fn absolute(folder: &str, path: &str) -> String {
    let whole = match path.starts_with('/') {
        true => path.to_owned(),
        false => format!("{folder}/{path}"),
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in whole.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

/// The folder that a path lies in, and its name there.
pub fn split(path: &str) -> (&str, &str) {
    match path.trim_end_matches('/').rsplit_once('/') {
        Some(("", name)) => ("/", name),
        Some((folder, name)) => (folder, name),
        None => ("/", path),
    }
}
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_make_their_folders() {
        let mut files = Files::default();
        assert_eq!(files.write("/tmp/a/b", "x", false), Ok(()));
        assert_eq!(files.write("/tmp/a/b", "y", true), Ok(()));
        assert_eq!(files.read("/tmp/a/b").as_deref(), Ok("xy"));
        assert_eq!(files.read("/tmp/a"), Err(FileError::IsFolder));
        assert_eq!(files.write("/tmp", "", false), Err(FileError::IsFolder));
        assert_eq!(files.list("/tmp"), ["a"]);
        assert_eq!(files.used("/"), 2);
        assert_eq!(files.fill("/tmp/big", 1 << 30), Ok(()));
        assert_eq!(
            (files.used("/tmp/big"), files.used("/tmp")),
            (1 << 30, (1 << 30) + 2)
        );
        assert_eq!(files.write("/tmp/big", "x", true), Ok(()));
        assert_eq!(files.used("/tmp/big"), (1 << 30) + 1);
        assert_eq!(files.write("/tmp/big", "x", false), Ok(()));
        assert_eq!(files.used("/tmp/big"), 1);
        assert!(files.remove("/tmp") && !files.remove("/tmp"));
        assert_eq!(files.used("/"), 0);
        assert_eq!(files.read("/tmp/a/b"), Err(FileError::Missing));
    }

    #[test]
    fn a_file_may_have_several_names() {
        let mut files = Files::default();
        assert_eq!(files.write("/a", "x", false), Ok(()));
        assert_eq!(files.make_twin("/b", "/a"), Ok(()));
        assert_eq!(files.make_twin("/c", "/b"), Ok(()));
        assert_eq!(files.make_twin("/d", "/none"), Err(FileError::Missing));
        assert_eq!(files.write("/b", "y", true), Ok(()));
        assert_eq!(files.read("/a").as_deref(), Ok("xy"));
        files.set_mode("/c", 0o600);
        assert_eq!(files.note("/a").map(|n| n.mode), Some(0o600));
        assert_eq!(files.twins("/a").map(Vec::len), Some(3));
        assert!(files.remove("/a"));
        assert_eq!(files.write("/c", "z", false), Ok(()));
        assert_eq!(files.read("/b").as_deref(), Ok("z"));
        assert!(files.remove("/b"));
        assert_eq!(files.twins("/c"), None);
        assert_eq!(files.read("/c").as_deref(), Ok("z"));
    }

    #[test]
    fn paths_are_resolved() {
        assert_eq!(absolute("/a/b", "../c/./d"), "/a/c/d");
        assert_eq!(absolute("/", "/x//y/"), "/x/y");
        assert_eq!(absolute("/", ".."), "/");
    }

    #[test]
    fn classes_of_users_and_groups() {
        let note = Note {
            user: 1000,
            group: 2000,
            mode: 0o640,
            changed: Time::default(),
        };
        for (user, group, want, expected) in [
            (1000, 1000, WRITE, true),
            (1000, 1000, READ | WRITE, true),
            (1, 2000, READ, true),
            (1, 2000, WRITE, false),
            (1, 1, READ, false),
            (0, 0, READ | WRITE, true),
        ] {
            assert_eq!(
                may(note, user, &[group], want),
                expected,
                "{user} {group} {want}"
            );
        }
    }

    #[test]
    fn a_volume_that_is_given_to_a_group() {
        let mut files = Files::with(Usual {
            folder: 0o777,
            ..Usual::default()
        });
        files.put("/a", "x");
        let own = Note {
            user: 5,
            group: 5,
            mode: 0o600,
            changed: Time::default(),
        };
        files.put("/b", "x");
        files.set_note("/b", own);
        files.give_to_group(2000, false);
        let of = |path: &str| files.note(path).map(|n| (n.user, n.group, n.mode));
        assert_eq!(of("/"), Some((0, 2000, 0o2777)));
        assert_eq!(of("/a"), Some((0, 2000, 0o664)));
        assert_eq!(of("/b"), Some((5, 2000, 0o660)));
        assert_eq!(of("/c"), None);
    }
}
