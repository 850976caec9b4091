//! The part of `deny.toml` that we check ourselves: which licences are allowed, which crates banned.
//!
//! It reads the few shapes of TOML that the file uses: tables, and arrays of strings or of inline
//! tables of strings, an element per line.

use std::fs;

use crate::failure::{Failure, Result};
use crate::workspace;

#[derive(Debug, Default, PartialEq, Eq)]
pub struct Rules {
    pub licences: Vec<String>,
    pub bans: Vec<Ban>,
}

#[derive(Debug, PartialEq, Eq)]
pub struct Ban {
    pub name: String,
    pub reason: String,
}

impl Rules {
    pub fn read() -> Result<Self> {
        let path = workspace::root().join("deny.toml");
        let text = fs::read_to_string(&path).map_err(|error| Failure::io("read", &path, &error))?;
        let rules = parse(&text);
        if rules.licences.is_empty() {
            return Err(Failure::new(
                "deny.toml allows no licence at all: is it written an element per line?",
            ));
        }
        Ok(rules)
    }
}

fn parse(text: &str) -> Rules {
    let mut rules = Rules::default();
    let mut table = "";
    let mut array = "";
    for line in text
        .lines()
        .map(str::trim)
        .filter(|line| !line.starts_with('#'))
    {
        if line.starts_with(']') {
            array = "";
        } else if array.is_empty() && line.starts_with('[') {
            table = line.trim_matches(['[', ']']);
        } else if let Some((key, "[")) = line
            .split_once('=')
            .map(|(key, value)| (key.trim(), value.trim()))
        {
            array = key;
        } else {
            match (table, array) {
                ("licenses", "allow") => rules
                    .licences
                    .extend(strings(line).first().map(|id| (*id).to_owned())),
                ("bans", "deny") => rules.bans.extend(ban(line)),
                _ => {}
            }
        }
    }
    rules
}

fn ban(line: &str) -> Option<Ban> {
    let value_of = |key: &str| {
        let (_, rest) = line.split_once(&format!("{key} ="))?;
        strings(rest).first().map(|value| (*value).to_owned())
    };
    Some(Ban {
        name: value_of("crate").or_else(|| value_of("name"))?,
        reason: value_of("reason").unwrap_or_default(),
    })
}

/// What stands between quotes.
fn strings(line: &str) -> Vec<&str> {
    line.split('"').skip(1).step_by(2).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn licences_and_bans_are_read() {
        let rules = parse(
            "[advisories]\nignore = [\n  { id = \"RUSTSEC-1\", reason = \"r\" },\n]\n\
             [licenses]\n# ours\nallow = [\n  \"MIT\", # short\n  \"Apache-2.0\",\n]\n\
             [bans]\nmultiple-versions = \"warn\"\ndeny = [\n  { crate = \"rand\", reason = \"named streams\" },\n]\n",
        );
        assert_eq!(rules.licences, ["MIT", "Apache-2.0"]);
        assert_eq!(
            rules.bans,
            [Ban {
                name: "rand".to_owned(),
                reason: "named streams".to_owned()
            }]
        );
    }
}
