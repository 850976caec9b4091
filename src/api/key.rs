//! How objects are found: namespace and name, kept in place.
//!
//! Looking an object up among ten thousand compares some two dozen keys. Behind pointers, most of
//! these would be a miss of the processor's cache, so short names stand in the key itself, and
//! are compared eight bytes at a time.

use std::cmp::Ordering;
use std::fmt;
use std::ops::Deref;
use std::rc::Rc;

/// How long a name may be to stand in place: a uid has 36 letters.
const IN_PLACE: usize = 38;

/// A name of an object or a namespace. Cloning it is cheap.
#[derive(Clone)]
pub struct Name(Form);

#[derive(Clone)]
enum Form {
    /// The bytes after the first `len` are zero.
    Short {
        len: u8,
        bytes: [u8; IN_PLACE],
    },
    Long(Rc<str>),
}

impl Name {
    pub fn new(text: &str) -> Self {
        let mut bytes = [0; IN_PLACE];
        match bytes.get_mut(..text.len()) {
            Some(room) => {
                room.copy_from_slice(text.as_bytes());
                let len = text.len() as u8;
                Name(Form::Short { len, bytes })
            }
            None => Name(Form::Long(text.into())),
        }
    }

    pub fn as_str(&self) -> &str {
        match &self.0 {
            Form::Short { len, bytes } => {
                let text = bytes.get(..usize::from(*len)).unwrap_or_default();
                // It was text when it was put there.
                std::str::from_utf8(text).unwrap_or_default()
            }
            Form::Long(text) => text,
        }
    }

    fn bytes(&self) -> &[u8] {
        match &self.0 {
            Form::Short { len, bytes } => bytes.get(..usize::from(*len)).unwrap_or_default(),
            Form::Long(text) => text.as_bytes(),
        }
    }
}

/// Eight bytes as a number that is ordered as they are; `at` is at most 30.
fn word(bytes: &[u8; IN_PLACE], at: usize) -> u64 {
    let eight = bytes.get(at..).and_then(<[u8]>::first_chunk);
    eight.map_or(0, |eight| u64::from_be_bytes(*eight))
}

impl Ord for Name {
    fn cmp(&self, other: &Self) -> Ordering {
        let (Form::Short { len, bytes: a }, Form::Short { len: of, bytes: b }) =
            (&self.0, &other.0)
        else {
            return self.bytes().cmp(other.bytes());
        };
        // The zeros after the end are less than any letter; the last word overlaps the one before.
        for at in [0, 8, 16, 24, IN_PLACE - 8] {
            let (x, y) = (word(a, at), word(b, at));
            if x != y {
                return x.cmp(&y);
            }
        }
        len.cmp(of)
    }
}

impl PartialOrd for Name {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Form::Short { len, bytes: a }, Form::Short { len: of, bytes: b }) => {
                len == of && a == b
            }
            (Form::Long(a), Form::Long(b)) => a == b,
            _ => false,
        }
    }
}

impl Eq for Name {}

impl std::hash::Hash for Name {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl Default for Name {
    fn default() -> Self {
        Name::new("")
    }
}

impl Deref for Name {
    type Target = str;
    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl AsRef<str> for Name {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl PartialEq<str> for Name {
    fn eq(&self, other: &str) -> bool {
        self.bytes() == other.as_bytes()
    }
}

impl From<&str> for Name {
    fn from(text: &str) -> Self {
        Name::new(text)
    }
}

impl From<&Name> for Rc<str> {
    fn from(name: &Name) -> Self {
        match &name.0 {
            Form::Long(text) => text.clone(),
            Form::Short { .. } => name.as_str().into(),
        }
    }
}

impl From<Name> for Rc<str> {
    fn from(name: Name) -> Self {
        (&name).into()
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Namespace and name: what work queues carry and caches are sorted by.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// Empty for objects of the cluster.
    pub namespace: Name,
    pub name: Name,
}

impl Key {
    pub fn new(namespace: &str, name: &str) -> Self {
        Key {
            namespace: namespace.into(),
            name: name.into(),
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.namespace.is_empty() {
            f.write_str(&self.name)
        } else {
            write!(f, "{}/{}", self.namespace, self.name)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_ordered_as_their_texts_are() {
        let long = "a-name-that-is-too-long-to-stand-in-its-place";
        let texts = [
            "",
            "\0",
            "a",
            "a\0",
            "a\0b",
            "a-b",
            "a.b",
            "ab",
            "abcdefg",
            "abcdefgh",
            "abcdefgi",
            "abcdefghi",
            "abcdefghijklmnopqrstuvwxyz0123456789AB",
            "abcdefghijklmnopqrstuvwxyz0123456789AC",
            "abcdefghijklmnopqrstuvwxyz0123456789ABC",
            "ünïcödé",
            long,
            &long[..37],
            &long[..38],
            &long[..39],
        ];
        for a in texts {
            assert_eq!(Name::new(a).as_str(), a);
            for b in texts {
                let (x, y) = (Name::new(a), Name::new(b));
                assert_eq!(x.cmp(&y), a.cmp(b), "{a:?} and {b:?}");
                assert_eq!(x == y, a == b, "{a:?} and {b:?}");
            }
        }
    }
}
