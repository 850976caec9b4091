//! Names of functions as people read them, without the hashes of crates, and the list of those that the
//! first minute runs.

use std::collections::BTreeSet;

/// The name without hashes, which stays the same from build to build.
pub fn readable(mangled: &str) -> String {
    format!("{:#}", rustc_demangle::demangle(mangled))
}

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

    pub fn has(&self, mangled: &str) -> bool {
        self.0.contains(&readable(mangled))
    }
}

/// The list as it is committed: sorted, each line without what it has in common with the one before.
pub fn written(names: &BTreeSet<String>) -> String {
    let mut text = String::from(
        "# The functions that the first minute of the page runs: `cargo xtask profile-page` writes this.\n\
         # Each line: how many letters it has in common with the name before it, then the others.\n",
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
        let listed = Listed::read(&written(&names));
        assert_eq!(listed.0, names);
    }

    #[test]
    fn a_name_has_no_hash() {
        assert_eq!(readable("_RNvCs1234_7mycrate3foo"), "mycrate::foo");
        assert_eq!(readable("memcpy"), "memcpy");
    }
}
