//! The one tree that a process sees: the files of its container, what every image comes with, and the volumes that
//! are mounted in it; and what its user may do there.

use std::rc::Rc;

use super::files::{ENTER, FileError, Files, OF_GROUP, READ, WRITE, absolute, may, split};
use super::machine::{Mount, Surroundings};
use super::standard;
use crate::api::rfc3339;
use crate::sim::{Note, Time, hash_bytes};

/// Links that lead through so many others lead in circles.
const MOST_LINKS: usize = 16;

/// The mount that a path leads into, and the path in its volume.
pub fn mounted<'m>(mounts: &'m [Mount], path: &str) -> Option<(&'m Mount, String)> {
    let mount = mounts
        .iter()
        .filter(|m| {
            path.strip_prefix(&*m.path)
                .is_some_and(|r| r.is_empty() || r.starts_with('/'))
        })
        .max_by_key(|m| m.path.len())?;
    let rest = path.get(mount.path.len()..).unwrap_or_default();
    let inside = format!("{}{rest}", mount.inside);
    let inside = if inside.is_empty() {
        "/".to_owned()
    } else {
        inside
    };
    Some((mount, inside))
}

impl Surroundings<'_> {
    /// What a folder shows of the volumes that are mounted somewhere below it.
    fn mounts_below(&self, path: &str) -> impl Iterator<Item = &str> {
        let inside = format!("{}/", path.trim_end_matches('/'));
        let below = self
            .mounts
            .iter()
            .filter_map(move |m| m.path.strip_prefix(&*inside));
        below
            .filter_map(|rest| rest.split('/').next())
            .filter(|name| !name.is_empty())
    }

    // Each waits in the second file of the wasm until somebody looks.

    /// The folder behind `..data` in a volume that is written as a whole, named for when it was.
    #[inline(never)]
    fn written(&self, mount: &Mount) -> Option<String> {
        let at = self.volumes.get(&mount.volume)?.usual_time();
        let c = rfc3339::civil(at.0 as i64);
        let number = hash_bytes(at.0, mount.volume.as_bytes()) % 4_294_967_296;
        Some(format!(
            "..{:04}_{:02}_{:02}_{:02}_{:02}_{:02}.{number}",
            c.year, c.month, c.day, c.hour, c.minute, c.second
        ))
    }

    /// The path in a volume of what lies behind `..data`, which the volume itself does not know.
    fn behind_data(&self, mount: &Mount, inside: String) -> String {
        if !mount.whole || !inside.starts_with("/..") {
            return inside;
        }
        let folder = self.written(mount);
        let rest = folder.and_then(|folder| inside.strip_prefix('/')?.strip_prefix(&*folder));
        match rest {
            Some("") => "/".to_owned(),
            Some(rest) if rest.starts_with('/') => rest.to_owned(),
            _ => inside,
        }
    }

    /// The link that stands at a path of a volume that is written as a whole.
    #[inline(never)]
    fn data_link(&self, path: &str) -> Option<Rc<str>> {
        let (mount, inside) = mounted(self.mounts, path).filter(|(mount, _)| mount.whole)?;
        let name = inside.strip_prefix('/').filter(|n| !n.contains('/'))?;
        if name == "..data" {
            return Some(self.written(mount)?.into());
        }
        let files = self.volumes.get(&mount.volume)?;
        let there = !name.is_empty() && files.note(&inside).is_some();
        there.then(|| format!("..data/{name}").into())
    }

    /// The tree that a path is of, and the path in it.
    pub(super) fn tree(&self, path: &str) -> Option<(&Files, String)> {
        match mounted(self.mounts, path) {
            Some((mount, inside)) => {
                let inside = self.behind_data(mount, inside);
                Some((self.volumes.get(&mount.volume)?, inside))
            }
            None => Some((self.files, path.to_owned())),
        }
    }

    /// As [`Self::tree`], to be changed.
    ///
    /// # Errors
    /// What is mounted there, or the container's own tree, is only to be read.
    fn tree_mut(&mut self, path: &str) -> Result<(&mut Files, String), FileError> {
        self.writable(path)?;
        Ok(match mounted(self.mounts, path) {
            Some((mount, inside)) => {
                let volume = mount.volume.clone();
                (self.volumes.entry(volume).or_default(), inside)
            }
            None => (self.files, path.to_owned()),
        })
    }

    /// Where a path leads when links are followed; the last one too if `whole`.
    pub(super) fn followed(&self, path: &str, whole: bool) -> String {
        let linked = self.files.has_links()
            || self.volumes.values().any(Files::has_links)
            || mounted(self.mounts, path).is_some_and(|(mount, _)| mount.whole);
        if !linked {
            return path.to_owned();
        }
        let mut path = path.to_owned();
        for _ in 0..MOST_LINKS {
            match self.first_link(&path, whole) {
                Some(next) => path = next,
                None => break,
            }
        }
        path
    }

    /// The path with its first link replaced by what that leads to.
    fn first_link(&self, path: &str, whole: bool) -> Option<String> {
        let mut ends: Vec<usize> = path.match_indices('/').map(|(at, _)| at).skip(1).collect();
        if whole {
            ends.push(path.len());
        }
        for end in ends {
            let (head, rest) = path.split_at_checked(end)?;
            if let Some(target) = self.link_at(head) {
                let target = absolute(split(head).0, &target);
                return Some(absolute("/", &format!("{target}{rest}")));
            }
        }
        None
    }

    pub(super) fn link_at(&self, path: &str) -> Option<Rc<str>> {
        if let Some(link) = self.data_link(path) {
            return Some(link);
        }
        let (files, inside) = self.tree(path)?;
        files.link(&inside).cloned()
    }

    /// What a file says, whoever asks.
    ///
    /// # Errors
    /// There is none.
    pub fn text(&self, path: &str) -> Result<Rc<str>, FileError> {
        let path = &*self.followed(path, true);
        let own = match self.tree(path) {
            Some((files, inside)) => files.read(&inside),
            None => Err(FileError::Missing),
        };
        if mounted(self.mounts, path).is_some() || own.is_ok() {
            return own;
        }
        if let Some(text) = self.of_names(path).or_else(|| self.of_system(path)) {
            return Ok(text.into());
        }
        match self.has_folder(path) {
            true => Err(FileError::IsFolder),
            false => own,
        }
    }

    /// Files that every image with a shell has, and those of the kernel.
    fn of_system(&self, path: &str) -> Option<String> {
        let rest = path.strip_prefix("/proc/");
        if let Some((pid, what)) = rest.and_then(|rest| rest.split_once('/')) {
            let pid = match pid {
                "self" => self.own_pid,
                pid => pid.parse().ok()?,
            };
            let process = self.processes.iter().find(|p| p.pid == pid)?;
            return standard::of_process(what, pid, process.user, &process.title);
        }
        match path {
            "/proc/mounts" | "/etc/mtab" => Some(self.mount_table()),
            "/proc/uptime" => Some(format!(
                "{0}.00 {0}.00\n",
                self.now.since(Time::EPOCH).as_secs()
            )),
            _ => standard::file(path, self.image),
        }
    }

    /// A line for each file system, as the kernel tells them.
    pub(super) fn mount_table(&self) -> String {
        let access = |read_only| if read_only { "ro" } else { "rw" };
        let mut table = format!(
            "overlay / overlay {},relatime 0 0\nproc /proc proc rw,nosuid,nodev,noexec,relatime 0 0\ntmpfs /dev tmpfs rw,nosuid,size=65536k,mode=755 0 0\nsysfs /sys sysfs ro,nosuid,nodev,noexec,relatime 0 0\n",
            access(self.identity.read_only)
        );
        for mount in self.mounts {
            let (device, kind) = match mount.fixed || mount.room.is_some() {
                true => ("tmpfs", "tmpfs"),
                false => ("/dev/vda1", "ext4"),
            };
            let access = access(mount.read_only);
            table += &format!("{device} {} {kind} {access},relatime 0 0\n", mount.path);
        }
        table
    }

    pub(super) fn has_folder(&self, path: &str) -> bool {
        match mounted(self.mounts, path) {
            Some((mount, inside)) => {
                let inside = self.behind_data(mount, inside);
                let files = self.volumes.get(&mount.volume);
                let made = *inside == *mount.inside;
                inside == "/"
                    || files
                        .is_some_and(|f| f.is_folder(&inside) || made && f.read(&inside).is_err())
            }
            None => {
                standard::folder(path, self.image).is_some()
                    || self.files.is_folder(path)
                    || self.mounts_below(path).next().is_some()
            }
        }
    }

    /// Whose a file, a folder or a link is; links are not followed.
    pub(super) fn note_at(&self, path: &str) -> Option<Note> {
        if let Some((mount, inside)) = mounted(self.mounts, path).filter(|(mount, _)| mount.whole)
            && let Some(files) = self.volumes.get(&mount.volume)
            && let Some(root) = files.note("/")
        {
            if self.data_link(path).is_some() {
                return Some(Note {
                    mode: 0o777,
                    ..root
                });
            }
            if inside.starts_with("/..") && self.behind_data(mount, inside) == "/" {
                let mode = root.mode & !0o022;
                return Some(Note { mode, ..root });
            }
        }
        if let Some((files, inside)) = self.tree(path)
            && let Some(note) = files.note(&inside)
        {
            let own = files.is_noted(&inside) || mounted(self.mounts, path).is_some();
            return Some(match standard::folder(path, self.image).filter(|_| !own) {
                Some(mode) => Note {
                    user: 0,
                    group: 0,
                    mode,
                    ..note
                },
                None => note,
            });
        }
        if let Some((mount, inside)) = mounted(self.mounts, path) {
            // A part of a volume that is mounted by itself is made for it.
            let files = self.volumes.get(&mount.volume);
            let made = *inside == *mount.inside;
            return files.filter(|_| made).and_then(|f| f.note("/"));
        }
        let mode = match standard::folder(path, self.image) {
            Some(mode) => mode,
            None if self.has_folder(path) => 0o755,
            None if path == "/dev/termination-log" => 0o666,
            None => match self.text(path) {
                Ok(_) if path.starts_with("/proc/") => 0o444,
                Ok(_) => 0o644,
                Err(_) => return None,
            },
        };
        Some(Note {
            user: 0,
            group: 0,
            mode,
            changed: self.files.usual_time(),
        })
    }

    /// Whether the process may go into the folders that lead to a path.
    fn reach(&self, path: &str) -> Result<(), FileError> {
        if self.identity.user == 0 {
            return Ok(());
        }
        let ends = path.match_indices('/').map(|(at, _)| at);
        for end in ends {
            let folder = path.get(..end.max(1)).unwrap_or("/");
            if let Some(note) = self.note_at(folder)
                && !self.may(note, ENTER)
            {
                return Err(FileError::Denied);
            }
        }
        Ok(())
    }

    fn may(&self, note: Note, want: u16) -> bool {
        may(note, self.identity.user, &self.identity.groups, want)
    }

    /// Whether anybody may change what is at a path: that comes before who may.
    fn writable(&self, path: &str) -> Result<(), FileError> {
        let read_only = match mounted(self.mounts, path) {
            Some((mount, _)) => mount.read_only,
            None => self.identity.read_only && !path.starts_with("/dev/"),
        };
        match read_only {
            true => Err(FileError::ReadOnly),
            false => Ok(()),
        }
    }

    /// Whether the process may do that with what is at a path.
    ///
    /// # Errors
    /// It may not, or there is nothing.
    pub(super) fn check(&self, path: &str, want: u16) -> Result<Note, FileError> {
        self.reach(path)?;
        match self.note_at(path) {
            None => Err(FileError::Missing),
            Some(note) if self.may(note, want) => Ok(note),
            Some(_) => Err(FileError::Denied),
        }
    }

    /// Whether the process may make or remove something at a path: it has to be able to write into the folder.
    fn check_folder(&self, path: &str) -> Result<Note, FileError> {
        let folder = split(path).0;
        let note = self.check(folder, WRITE | ENTER)?;
        match self.has_folder(folder) {
            true => Ok(note),
            false => Err(FileError::NoFolder),
        }
    }

    /// Runs a change of the file at a path, which may have to be made, and notes whose it is.
    ///
    /// # Errors
    /// It may not be written.
    pub(super) fn change_file(
        &mut self,
        path: &str,
        change: impl FnOnce(&mut Files, &str) -> Result<(), FileError>,
    ) -> Result<(), FileError> {
        let path = &*self.followed(path, true);
        if self.has_folder(path) {
            return Err(FileError::IsFolder);
        }
        self.writable(path)?;
        let (old, standard) = (self.note_at(path), self.text(path));
        let note = match old {
            Some(_) => self.check(path, WRITE)?,
            None => self.new_note(self.check_folder(path)?, 0o666),
        };
        let (now, (files, inside)) = (self.now, self.tree_mut(path)?);
        // What every image has is copied before it is changed.
        if let (Some(_), Ok(text), Err(FileError::Missing)) = (old, standard, files.read(&inside)) {
            files.put(&inside, &text);
        }
        change(files, &inside)?;
        files.set_note(
            &inside,
            Note {
                changed: now,
                ..note
            },
        );
        Ok(())
    }

    /// Whose something new in a folder is.
    fn new_note(&self, folder: Note, mode: u16) -> Note {
        let identity = self.identity;
        let of_group = folder.mode & OF_GROUP != 0;
        let number = |n: i64| u32::try_from(n).unwrap_or_default();
        Note {
            user: number(identity.user),
            group: match of_group {
                true => folder.group,
                false => number(identity.group),
            },
            mode: mode & !self.mask,
            changed: self.now,
        }
    }

    pub(super) fn add_folder(&mut self, path: &str) -> Result<(), FileError> {
        let path = &*self.followed(path, false);
        if self.note_at(path).is_some() {
            return Err(FileError::Exists);
        }
        self.writable(path)?;
        let folder = self.check_folder(path)?;
        let mut note = self.new_note(folder, 0o777);
        note.mode |= folder.mode & OF_GROUP;
        let (files, inside) = self.tree_mut(path)?;
        files.make_folder(&inside);
        files.set_note(&inside, note);
        Ok(())
    }

    pub(super) fn add_link(&mut self, path: &str, target: &str) -> Result<(), FileError> {
        if self.note_at(path).is_some() {
            return Err(FileError::Exists);
        }
        self.writable(path)?;
        let folder = self.check_folder(path)?;
        let note = self.new_note(folder, 0o777);
        let (files, inside) = self.tree_mut(path)?;
        files.make_link(&inside, target)?;
        files.set_note(
            &inside,
            Note {
                mode: 0o777,
                ..note
            },
        );
        Ok(())
    }

    /// Gives a file of the same tree another name.
    #[inline(never)]
    pub(super) fn add_twin(&mut self, path: &str, of: &str) -> Result<(), FileError> {
        let (path, of) = (&*self.followed(path, false), &*self.followed(of, true));
        if self.note_at(of).is_none() {
            return Err(FileError::Missing);
        }
        if self.has_folder(of) {
            return Err(FileError::NotPermitted);
        }
        if self.note_at(path).is_some() {
            return Err(FileError::Exists);
        }
        let volume = |path: &str| mounted(self.mounts, path).map(|(mount, _)| &mount.volume);
        if volume(path) != volume(of) {
            return Err(FileError::OtherDisk);
        }
        self.writable(path)?;
        self.check_folder(path)?;
        let text = self.text(of);
        let (_, of) = self.tree(of).ok_or(FileError::Missing)?;
        let (files, inside) = self.tree_mut(path)?;
        // What every image has is copied before it has another name.
        if let (Ok(text), Err(FileError::Missing)) = (text, files.read(&of)) {
            files.put(&of, &text);
        }
        files.make_twin(&inside, &of)
    }

    /// Removes a file, a link, or a folder with all that is in it.
    pub(super) fn take_away(&mut self, path: &str) -> Result<(), FileError> {
        let path = &*self.followed(path, false);
        let note = match self.note_at(path) {
            Some(note) => note,
            None => return Err(FileError::Missing),
        };
        self.writable(path)?;
        let folder = self.check_folder(path)?;
        let user = self.identity.user;
        let own = [note.user, folder.user].map(i64::from).contains(&user);
        if folder.mode & 0o1000 != 0 && user != 0 && !own {
            return Err(FileError::NotPermitted);
        }
        if self.mounts.iter().any(|m| *m.path == *path) || self.mounts_below(path).next().is_some()
        {
            return Err(FileError::Busy);
        }
        let (files, inside) = self.tree_mut(path)?;
        match files.remove(&inside) {
            true => Ok(()),
            // It is not the container's to take away.
            false => Err(FileError::NotPermitted),
        }
    }

    /// The names in a folder, sorted.
    ///
    /// # Errors
    /// It may not be read.
    pub(super) fn names_in(&self, path: &str) -> Result<Vec<String>, FileError> {
        let path = &*self.followed(path, true);
        self.check(path, READ)?;
        let Some((files, inside)) = self.tree(path) else {
            return Ok(Vec::new());
        };
        let mut names = files.list(&inside);
        let here = mounted(self.mounts, path);
        if let Some((mount, inside)) = &here
            && mount.whole
            && inside == "/"
        {
            names.push("..data".to_owned());
            names.extend(self.written(mount));
        }
        if here.is_none() {
            names.extend(standard::names(path, self.image).map(str::to_owned));
            if path == "/proc" {
                names.extend(self.processes.iter().map(|p| p.pid.to_string()));
            }
        }
        names.extend(self.mounts_below(path).map(str::to_owned));
        names.sort();
        names.dedup();
        Ok(names)
    }

    /// Gives a file to somebody else, or lets others do other things with it: its owner may say what others may do,
    /// and which of his groups it is of; root may everything.
    pub(super) fn change_note(&mut self, path: &str, wanted: Note) -> Result<(), FileError> {
        let path = &*self.followed(path, true);
        let old = self.check(path, 0)?;
        let identity = self.identity;
        let root = identity.user == 0;
        let own = i64::from(old.user) == identity.user;
        let in_group = identity.groups.contains(&i64::from(wanted.group));
        let groups = wanted.group == old.group || in_group;
        if !root && (!own || wanted.user != old.user || !groups) {
            return Err(FileError::NotPermitted);
        }
        let text = self.text(path);
        let (files, inside) = self.tree_mut(path)?;
        if files.note(&inside).is_none() {
            match text {
                Ok(text) => files.put(&inside, &text),
                Err(_) => files.make_folder(&inside),
            }
        }
        files.set_note(&inside, wanted);
        Ok(())
    }
}
