//! All keys at one time: what `etcdctl snapshot save` fetches, and what an etcd begins with that is given such a file.
//!
//! The file names the snapshot, which is kept here.
//!
//! Divergence: what a snapshot brings back is written at new revisions, so that whoever watches sees it as changes. A
//! real etcd goes back to the revisions of the snapshot, and its clients have to be started anew.

use std::rc::Rc;

use serde_json::{Value, json};

use crate::apiserver::store::{Expect, Place, Version};
use crate::apiserver::{ApiServer, Caller, Stored};
use crate::sim::Kernel;

/// So many are kept; of more, the oldest is forgotten.
const MOST: usize = 32;

/// How the file of a snapshot begins.
const LEAD: &str = "etcd database";

pub(in crate::apiserver) struct Snapshot {
    hash: u32,
    revision: u64,
    objects: Vec<(Place, Version<Stored>)>,
    texts: Vec<(Rc<str>, Version<Rc<str>>)>,
    bytes: u64,
}

impl Snapshot {
    fn file(&self) -> String {
        let keys = self.objects.len() + self.texts.len();
        format!(
            "{LEAD} {:08x} revision {} keys {keys} bytes {}\n",
            self.hash, self.revision, self.bytes
        )
    }
}

/// What the file of a snapshot says of it: hash, revision, keys and size.
pub fn described(file: &str) -> Option<(u32, u64, u64, u64)> {
    let words: Vec<&str> = file.trim_end().strip_prefix(LEAD)?.split(' ').collect();
    match *words.as_slice() {
        ["", hash, "revision", revision, "keys", keys, "bytes", bytes] => Some((
            u32::from_str_radix(hash, 16).ok()?,
            revision.parse().ok()?,
            keys.parse().ok()?,
            bytes.parse().ok()?,
        )),
        _ => None,
    }
}

impl ApiServer {
    pub(super) fn etcd_snapshot(&mut self) -> Value {
        json!({ "file": self.save_snapshot(), "bytes": self.etcd_status()["bytes"] })
    }

    /// Keeps what is stored now; the text of a file that stands for it.
    pub fn save_snapshot(&mut self) -> String {
        let objects: Vec<(Place, Version<Stored>)> = self
            .store
            .versions()
            .map(|(place, version)| (place.clone(), version.clone()))
            .collect();
        let texts: Vec<(Rc<str>, Version<Rc<str>>)> = self
            .store
            .free()
            .map(|(key, version)| (key.clone(), version.clone()))
            .collect();
        let mut hash = 0x811c_9dc5_u32;
        let mut mix = |bytes: &[u8]| {
            for byte in bytes {
                hash = (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
            }
        };
        for (place, version) in &objects {
            mix(place.key().as_bytes());
            mix(&version.modified.to_be_bytes());
        }
        for (key, version) in &texts {
            mix(key.as_bytes());
            mix(version.value.as_bytes());
        }
        let snapshot = Snapshot {
            hash,
            revision: self.revision(),
            objects,
            texts,
            bytes: self.etcd_status()["bytes"].as_u64().unwrap_or_default(),
        };
        let file = snapshot.file();
        if !self.knows_snapshot(&file) {
            if self.snapshots.len() >= MOST {
                self.snapshots.remove(0);
            }
            self.snapshots.push(Rc::new(snapshot));
        }
        file
    }

    /// Whether a file is that of a snapshot that is kept.
    pub fn knows_snapshot(&self, file: &str) -> bool {
        self.snapshots
            .iter()
            .any(|snapshot| snapshot.file() == file)
    }

    /// Brings back what a snapshot holds; without a file, nothing is left.
    pub fn restore_snapshot(&mut self, kernel: &mut Kernel, file: Option<&str>) {
        let kept = file.and_then(|file| self.snapshots.iter().find(|s| s.file() == file));
        let kept = kept.cloned();
        let (objects, texts) = match &kept {
            Some(snapshot) => (snapshot.objects.as_slice(), snapshot.texts.as_slice()),
            None => (&[][..], &[][..]),
        };
        // What definitions define goes before them, and comes after them.
        let now: Vec<(Place, u64)> = self
            .store
            .versions()
            .map(|(place, version)| (place.clone(), version.modified))
            .collect();
        for (place, _) in now.iter().rev() {
            if objects.binary_search_by(|(own, _)| own.cmp(place)).is_err() {
                self.remove_as(kernel, &"etcd".into(), place);
            }
        }
        let caller = Caller::component("etcd");
        for (place, version) in objects {
            let found = now.binary_search_by(|(own, _)| own.cmp(place));
            let expect = match found.ok().and_then(|i| now.get(i)) {
                Some((_, modified)) if *modified == version.modified => continue,
                Some((_, modified)) => Expect::Revision(*modified),
                None => Expect::Absent,
            };
            let object = version.value.object();
            let owners = version.value.owners(&object);
            self.put_owned(kernel, &caller, "put", object, owners, expect);
        }
        let revision = self.store.next_revision();
        let gone: Vec<Rc<str>> = self
            .store
            .free()
            .map(|(key, _)| key.clone())
            .filter(|key| !texts.iter().any(|(own, _)| own == key))
            .collect();
        for key in &gone {
            self.delete_key(kernel, revision, key);
        }
        for (key, version) in texts {
            let same = |(own, now): (&Rc<str>, &Version<Rc<str>>)| {
                own == key && now.modified == version.modified
            };
            if !self.store.free().any(same) {
                self.put_key(kernel, revision, (key, &version.value), None);
            }
        }
        self.recount_services();
    }
}
