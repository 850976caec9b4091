//! `basename` and `dirname`.

use super::call::{Call, Output};
use super::options::{has, options, value};

fn base(name: &str, suffix: &str) -> String {
    let plain = name.trim_end_matches('/');
    if plain.is_empty() {
        return name.chars().take(1).collect();
    }
    let base = plain.rsplit('/').next().unwrap_or(plain);
    match base.strip_suffix(suffix) {
        Some("") | None => base.to_owned(),
        Some(base) => base.to_owned(),
    }
}

pub fn basename(call: &mut Call<'_>) -> Output {
    let (flags, names) = options(&call.words, "s");
    let all = has(&flags, 'a') || has(&flags, 's');
    let suffix = value(&flags, 's').unwrap_or_default();
    let line = |name: &&str| base(name, suffix) + "\n";
    match names.as_slice() {
        [] => Output::failed("basename: missing operand", 1),
        names if all => Output::of(names.iter().map(line).collect()),
        [name] => Output::of(base(name, "") + "\n"),
        [name, suffix] => Output::of(base(name, suffix) + "\n"),
        [_, _, extra, ..] => Output::failed(&format!("basename: extra operand '{extra}'"), 1),
    }
}

pub fn dirname(call: &mut Call<'_>) -> Output {
    let (_, names) = options(&call.words, "");
    if names.is_empty() {
        return Output::failed("dirname: missing operand", 1);
    }
    let folder = |name: &&str| {
        let plain = name.trim_end_matches('/');
        let folder = match plain.rsplit_once('/') {
            Some((folder, _)) => match folder.trim_end_matches('/') {
                "" => "/",
                folder => folder,
            },
            None if plain.is_empty() && name.starts_with('/') => "/",
            None => ".",
        };
        format!("{folder}\n")
    };
    Output::of(names.iter().map(folder).collect())
}
