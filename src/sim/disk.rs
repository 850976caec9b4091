//! What lies on a disk of the simulated world.

use std::rc::Rc;

use super::Time;
use super::ordered::{Map, Set};

/// Text files by absolute path, folders, and links.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Disk {
    pub files: Map<Rc<str>, Rc<str>>,
    pub usual: Usual,
    rare: Option<Box<Rare>>,
}

/// What most disks have nothing of; there are two for each pod.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rare {
    /// Folders that were made; those that hold files need no entry.
    pub folders: Set<Rc<str>>,
    /// Symbolic links, and what they lead to.
    pub links: Map<Rc<str>, Rc<str>>,
    /// The sizes of files that are larger than their text, in bytes.
    pub sizes: Map<Rc<str>, u64>,
    /// Of files and folders that are not as is usual here.
    pub notes: Map<Rc<str>, Note>,
    /// The names of files that have several.
    pub twins: Vec<Vec<Rc<str>>>,
}

impl Disk {
    pub fn rare(&self) -> Option<&Rare> {
        self.rare.as_deref()
    }

    /// What there is beside files, to be changed; asked for though nothing is added, it takes room for nothing.
    pub fn rare_mut(&mut self) -> &mut Rare {
        self.rare.get_or_insert_default()
    }
}

/// Whose a file or a folder is, who may do what with it, and when it was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Note {
    pub user: u32,
    pub group: u32,
    /// As `chmod` writes it in octal: three bits each for the owner, the group and others, and the bits for a
    /// foreign user, a foreign group, and folders in which each removes only what is his own.
    pub mode: u16,
    pub changed: Time,
}

/// What files and folders are where nothing else is noted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usual {
    pub user: u32,
    pub group: u32,
    pub file: u16,
    pub folder: u16,
    pub changed: Time,
}

impl Default for Usual {
    fn default() -> Self {
        Usual {
            user: 0,
            group: 0,
            file: 0o644,
            folder: 0o755,
            changed: Time::default(),
        }
    }
}
