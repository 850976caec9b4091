//! Files of a container and of the volumes that are mounted in it.

use crate::sim::ordered::{Map as BTreeMap, Set as BTreeSet};
use std::rc::Rc;

use crate::sim::Disk;

/// How much one file, and how many files one tree can hold.
const MOST_BYTES: usize = 256 << 10;
const MOST_FILES: usize = 1000;

/// A tree of text files, by absolute path.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Files {
    files: BTreeMap<Rc<str>, Rc<str>>,
    /// Folders that were made; those that hold files need no entry.
    folders: BTreeSet<Rc<str>>,
    /// The sizes of files that are larger than their text, in bytes.
    sizes: BTreeMap<Rc<str>, u64>,
}

/// Why a file could not be read or written, in the words of the C library.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileError {
    Missing,
    IsFolder,
    ReadOnly,
    Full,
}

impl FileError {
    pub fn text(self) -> &'static str {
        match self {
            FileError::Missing => "No such file or directory",
            FileError::IsFolder => "Is a directory",
            FileError::ReadOnly => "Read-only file system",
            FileError::Full => "No space left on device",
        }
    }
}

impl From<Disk> for Files {
    fn from(disk: Disk) -> Self {
        Files {
            files: disk.files,
            folders: disk.folders,
            sizes: disk.sizes,
        }
    }
}

impl From<Files> for Disk {
    fn from(files: Files) -> Self {
        Disk {
            files: files.files,
            folders: files.folders,
            sizes: files.sizes,
        }
    }
}

impl Files {
    pub fn read(&self, path: &str) -> Result<Rc<str>, FileError> {
        match self.files.get(path) {
            Some(text) => Ok(text.clone()),
            None if self.is_folder(path) => Err(FileError::IsFolder),
            None => Err(FileError::Missing),
        }
    }

    pub fn write(&mut self, path: &str, text: &str, append: bool) -> Result<(), FileError> {
        if self.is_folder(path) {
            return Err(FileError::IsFolder);
        }
        let old = self.files.get(path).filter(|_| append);
        let text: Rc<str> = match old {
            Some(old) => format!("{old}{text}").into(),
            None => text.into(),
        };
        let full = self.files.len() >= MOST_FILES && !self.files.contains_key(path);
        if full || text.len() > MOST_BYTES {
            return Err(FileError::Full);
        }
        self.files.insert(path.into(), text);
        if !append {
            self.sizes.remove(path);
        }
        Ok(())
    }

    /// Makes a file of so many bytes, of which nobody asks what they are.
    pub fn fill(&mut self, path: &str, bytes: u64) -> Result<(), FileError> {
        self.write(path, "", false)?;
        self.sizes.insert(path.into(), bytes);
        Ok(())
    }

    /// Whether there are files that are larger than their text.
    pub fn is_large(&self) -> bool {
        !self.sizes.is_empty()
    }

    /// How many bytes a file has, or all that lie in a folder.
    pub fn used(&self, path: &str) -> u64 {
        let inside = format!("{}/", path.trim_end_matches('/'));
        let is_in = |file: &str| file == path || file.starts_with(&inside);
        let text = self.files.iter().filter(|(file, _)| is_in(file));
        let text = text.map(|(_, text)| text.len() as u64);
        let more = self.sizes.iter().filter(|(file, _)| is_in(file));
        text.chain(more.map(|(_, bytes)| *bytes))
            .fold(0, u64::saturating_add)
    }

    /// Puts a file there, whatever its size: what images and volumes come with.
    pub fn put(&mut self, path: &str, text: &str) {
        self.share(path.into(), text.into());
    }

    /// As [`Files::put`], of texts that are shared.
    pub fn share(&mut self, path: Rc<str>, text: Rc<str>) {
        self.files.insert(path, text);
    }

    pub fn make_folder(&mut self, path: &str) {
        if self.folders.len() < MOST_FILES {
            self.folders.insert(path.into());
        }
    }

    /// Removes a file, or a folder with all that is in it.
    pub fn remove(&mut self, path: &str) -> bool {
        let inside = format!("{path}/");
        let (files, folders) = (self.files.len(), self.folders.len());
        self.files
            .retain(|f, _| **f != *path && !f.starts_with(&inside));
        self.folders
            .retain(|f| **f != *path && !f.starts_with(&inside));
        self.sizes
            .retain(|f, _| **f != *path && !f.starts_with(&inside));
        (files, folders) != (self.files.len(), self.folders.len())
    }

    pub fn is_folder(&self, path: &str) -> bool {
        let inside = format!("{}/", path.trim_end_matches('/'));
        let from: Rc<str> = inside.as_str().into();
        let begins = |f: Option<&Rc<str>>| f.is_some_and(|f| f.starts_with(&inside));
        path == "/"
            || self.folders.contains(path)
            || begins(self.files.range(from.clone()..).next().map(|e| e.0))
            || begins(self.folders.range(from..).next())
    }

    /// The names in a folder, sorted.
    pub fn list(&self, path: &str) -> Vec<String> {
        let inside = format!("{}/", path.trim_end_matches('/'));
        let all = self.files.keys().chain(self.folders.iter());
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
    fn paths_are_resolved() {
        assert_eq!(absolute("/a/b", "../c/./d"), "/a/c/d");
        assert_eq!(absolute("/", "/x//y/"), "/x/y");
        assert_eq!(absolute("/", ".."), "/");
    }
}
