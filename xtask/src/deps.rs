//! What we depend on: licences, banned and duplicate crates, and lock files that name no registry.
//!
//! The rules stand in `deny.toml`, which cargo-deny reads too. It is not required, because building it
//! takes longer than everything else here and its advisories need a network; where it is installed, it
//! runs as well.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use crate::deny::Rules;
use crate::failure::{Failure, Result};
use crate::run::{asked, cargo, output, run};
use crate::spdx;
use crate::workspace;

pub fn check() -> Result {
    let rules = Rules::read()?;
    let packages = packages(&[
        "--workspace",
        "--target",
        "all",
        "--edges",
        "normal,build,dev",
    ])?;
    let problems = problems(&rules, &packages);
    if !problems.is_empty() {
        return Err(Failure::new(problems.join("\n")));
    }
    check_npm_locks()?;
    for (name, versions) in duplicates(&packages) {
        println!(
            "note: {name} is there in several versions: {}",
            versions.join(", ")
        );
    }
    println!("{} crates: licences and bans hold", packages.len());
    if asked(Command::new("cargo-deny").arg("--version")).is_some() {
        return run(Command::new("cargo")
            .args(["deny", "check"])
            .current_dir(workspace::root()));
    }
    println!("note: advisories are checked where cargo-deny is installed; here it is not");
    Ok(())
}

#[derive(Debug, PartialEq, Eq)]
pub struct Package {
    pub name: String,
    pub version: String,
    /// SPDX expression; empty when the crate states none.
    pub licence: String,
}

/// The crates that cargo's dependency tree shows for these arguments, each version once, by name.
pub fn packages(selection: &[&str]) -> Result<Vec<Package>> {
    let mut command = cargo();
    command
        .args([
            "tree", "--locked", "--prefix", "none", "--format", "{p}|{l}",
        ])
        .args(selection);
    Ok(parse_tree(&output(&mut command)?))
}

fn parse_tree(tree: &str) -> Vec<Package> {
    let mut packages = BTreeMap::new();
    for line in tree.lines() {
        let Some((package, licence)) = line.split_once('|') else {
            continue;
        };
        let mut words = package.split_whitespace();
        let (Some(name), Some(version)) = (words.next(), words.next()) else {
            continue;
        };
        let version = version.trim_start_matches('v');
        // A crate that stood further up is marked as a repetition.
        let licence = licence.trim_end_matches(" (*)").trim();
        packages.insert((name.to_owned(), version.to_owned()), licence.to_owned());
    }
    packages
        .into_iter()
        .map(|((name, version), licence)| Package {
            name,
            version,
            licence,
        })
        .collect()
}

fn problems(rules: &Rules, packages: &[Package]) -> Vec<String> {
    let mut found = Vec::new();
    for Package {
        name,
        version,
        licence,
    } in packages
    {
        match spdx::allowed(licence, &|id| {
            rules.licences.iter().any(|allowed| allowed == id)
        }) {
            Ok(true) => {}
            Ok(false) => {
                found.push(format!(
                    "{name} {version}: its licence {licence:?} is not allowed in deny.toml"
                ));
            }
            Err(why) => found.push(format!("{name} {version}: its licence {licence:?} {why}")),
        }
        if let Some(ban) = rules.bans.iter().find(|ban| ban.name == *name) {
            found.push(format!(
                "{name} {version} is banned in deny.toml: {}",
                ban.reason
            ));
        }
    }
    found
}

fn duplicates(packages: &[Package]) -> Vec<(&str, Vec<&str>)> {
    let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for package in packages {
        versions
            .entry(&package.name)
            .or_default()
            .push(&package.version);
    }
    versions
        .into_iter()
        .filter(|(_, versions)| versions.len() > 1)
        .collect()
}

/// Whoever installs decides where from: the lock file names versions and hashes alone.
fn check_npm_locks() -> Result {
    for folder in ["web", "web/tests/docusaurus", "meanings"] {
        let path = workspace::root().join(folder).join("package-lock.json");
        let lock = fs::read_to_string(&path).map_err(|error| Failure::io("read", &path, &error))?;
        if lock.contains("\"resolved\"") {
            return Err(Failure::new(format!(
                "{folder}/package-lock.json names a registry in `resolved`: delete these lines ({folder}/.npmrc keeps npm from writing them)",
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deny::Ban;

    const TREE: &str = "kubarium v0.1.0 (/somewhere)|Apache-2.0\n\
        serde v1.0.1|MIT OR Apache-2.0\n\
        syn v1.0.0 (proc-macro)|MIT OR Apache-2.0\n\
        serde v1.0.1|MIT OR Apache-2.0 (*)\n\
        syn v2.0.0|MIT\n\
        odd v0.1.0|\n\
        rand v0.9.0|MIT OR Apache-2.0\n\
        viral v3.0.0|GPL-3.0\n";

    #[test]
    fn a_tree_is_read_once_per_version() {
        let packages = parse_tree(TREE);
        assert_eq!(packages.len(), 7);
        assert_eq!(packages[4].name, "syn");
        assert_eq!(packages[4].version, "1.0.0");
        assert_eq!(duplicates(&packages), [("syn", vec!["1.0.0", "2.0.0"])]);
    }

    #[test]
    fn each_problem_names_its_crate() {
        let rules = Rules {
            licences: vec!["MIT".to_owned(), "Apache-2.0".to_owned()],
            bans: vec![Ban {
                name: "rand".to_owned(),
                reason: "streams have names".to_owned(),
            }],
        };
        assert_eq!(
            problems(&rules, &parse_tree(TREE)),
            [
                "odd 0.1.0: its licence \"\" is missing",
                "rand 0.9.0 is banned in deny.toml: streams have names",
                "viral 3.0.0: its licence \"GPL-3.0\" is not allowed in deny.toml",
            ]
        );
    }
}
