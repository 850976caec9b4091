//! Names of functions as people read them, without the hashes of crates, and the list of those that the
//! first minute runs.

use std::collections::BTreeSet;

/// The name without hashes, which stays the same from build to build.
pub fn readable(mangled: &str) -> String {
    format!("{:#}", rustc_demangle::demangle(mangled))
}

/// What a function does to a value and the values in it. Which of these run in a minute goes by what there is at some
/// moment, say what is under way where the history is kept or thinned out, and not by what is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Glue {
    Drops,
    Copies,
}

pub fn glue(mangled: &str) -> Option<Glue> {
    let name = readable(mangled);
    let drops = name.starts_with("core::ptr::drop_in_place::")
        || name.ends_with(" as core::ops::drop::Drop>::drop");
    if drops {
        return Some(Glue::Drops);
    }
    let copies = name.contains("core::clone::Clone") || name.contains("::clone_subtree::");
    copies.then_some(Glue::Copies)
}

/// Of which functions the list was made: a number over all names of the program, by which it is known whether the
/// compiler has drawn their boundaries otherwise since.
pub fn digest<'n>(names: impl Iterator<Item = &'n str>) -> String {
    let names: BTreeSet<String> = names.map(readable).collect();
    // FNV-1a: it has to be the same on every machine, and nobody forges it.
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in names.iter().flat_map(|name| name.bytes().chain([0])) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    format!("{hash:016x}")
}

const OF: &str = "# Of the program ";

/// The committed list.
pub struct Listed(BTreeSet<String>);

impl Listed {
    pub fn read(text: &str) -> Self {
        let mut names = BTreeSet::new();
        let mut last = String::new();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            // "12 rest" stands for the first twelve letters of the line before, and the rest.
            let Some((shared, rest)) = line.split_once(' ') else {
                continue;
            };
            let shared: usize = shared.parse().unwrap_or(0);
            let kept: String = last.chars().take(shared).collect();
            last = kept + rest;
            names.insert(last.clone());
        }
        Self(names)
    }

    /// Whether a list was made of the program with this digest.
    pub fn is_of(text: &str, digest: &str) -> bool {
        text.lines()
            .take_while(|line| line.starts_with('#'))
            .any(|line| line.strip_prefix(OF) == Some(digest))
    }

    pub fn has(&self, mangled: &str) -> bool {
        self.0.contains(&readable(mangled))
    }
}

/// The list as it is committed: sorted, each line without what it has in common with the one before.
pub fn written(names: &BTreeSet<String>, digest: &str) -> String {
    let mut text = format!(
        "# The functions that the first minute of the page runs: `cargo xtask build` and `profile-page` write this.\n\
         # Each line: how many letters it has in common with the name before it, then the others.\n\
         {OF}{digest}\n",
    );
    let mut last: &str = "";
    for name in names {
        let shared = last
            .chars()
            .zip(name.chars())
            .take_while(|(a, b)| a == b)
            .count();
        let rest: String = name.chars().skip(shared).collect();
        text += &format!("{shared} {rest}\n");
        last = name;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let names: BTreeSet<String> = ["a::b::c", "a::b::d e", "a::é", "", "z"]
            .map(String::from)
            .into();
        let text = written(&names, "12ab");
        let listed = Listed::read(&text);
        assert_eq!(listed.0, names);
        assert!(Listed::is_of(&text, "12ab"));
        assert!(!Listed::is_of(&text, "12ac"));
    }

    #[test]
    fn a_program_is_known_by_its_names_and_not_by_their_order_or_hashes() {
        let names = ["_RNvCs1234_7mycrate3foo", "memcpy"];
        let others = ["memcpy", "_RNvCs5678_7mycrate3foo"];
        assert_eq!(digest(names.into_iter()), digest(others.into_iter()));
        assert_ne!(digest(names.into_iter()), digest(["memcpy"].into_iter()));
    }

    #[test]
    fn what_copies_and_drops_is_known_by_its_name() {
        for (name, expected) in [
            (
                "core::ptr::drop_in_place::<alloc::boxed::Box<a::B>>",
                Some(Glue::Drops),
            ),
            (
                "<alloc::vec::Vec<a::B> as core::ops::drop::Drop>::drop",
                Some(Glue::Drops),
            ),
            ("<a::B as core::clone::Clone>::clone", Some(Glue::Copies)),
            ("<a::B as a::Drops>::drop", None),
            ("a::clone", None),
        ] {
            assert_eq!(glue(name), expected, "{name}");
        }
    }

    #[test]
    fn a_name_has_no_hash() {
        assert_eq!(readable("_RNvCs1234_7mycrate3foo"), "mycrate::foo");
        assert_eq!(readable("memcpy"), "memcpy");
    }
}
