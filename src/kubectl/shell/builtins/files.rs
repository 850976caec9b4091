//! `cat`, `tee`, `cp` and their like: the files are those of the editor. A folder is there when the
//! name of a file begins with it.

use super::super::state::{Io, Shell};
use super::{Lines, fail, read_all};
use crate::kubectl::host::{Edited, plain};
use crate::tools::options;

/// The name of a folder, without what leads to where the terminal is.
pub(super) fn home(name: &str) -> &str {
    plain(name).trim_end_matches('/')
}

/// `tree [FOLDER]`
pub fn tree(shell: &Shell, io: &Io, arguments: &[String]) -> i32 {
    let shown = arguments.iter().find(|a| !a.starts_with('-'));
    let shown = shown.map_or(".", String::as_str);
    let lead = match home(shown) {
        "" | "." | "/root" => String::new(),
        folder => format!("{folder}/"),
    };
    let all = shell.world.host.files();
    let inside: Vec<&str> = all
        .iter()
        .filter_map(|f| f.strip_prefix(&lead))
        .filter(|f| !f.starts_with('/'))
        .collect();
    if inside.is_empty() && !lead.is_empty() {
        io.out.line(&format!(
            "{shown}  [error opening dir]\n\n0 directories, 0 files"
        ));
        return 2;
    }
    io.out.line(shown);
    let (mut folders, mut files) = (0, 0);
    // Folders that are open: their names, and what is drawn for them.
    let mut open: Vec<(Vec<&str>, String)> = vec![(inside, String::new())];
    while let Some((names, drawn)) = open.pop() {
        let Some(first) = names.first() else { continue };
        let head = first.split('/').next().unwrap_or(first);
        let own = |name: &&str| name.split('/').next() == Some(head);
        let (here, others): (Vec<&str>, Vec<&str>) = names.iter().copied().partition(own);
        let last = others.is_empty();
        let (branch, below) = match last {
            true => ("\u{2514}\u{2500}\u{2500} ", "    "),
            false => ("\u{251c}\u{2500}\u{2500} ", "\u{2502}\u{a0}\u{a0} "),
        };
        io.out.line(&format!("{drawn}{branch}{head}"));
        open.push((others, drawn.clone()));
        let lead = format!("{head}/");
        let deeper: Vec<&str> = here.iter().filter_map(|n| n.strip_prefix(&lead)).collect();
        match deeper.is_empty() {
            true => files += 1,
            false => {
                folders += 1;
                open.push((deeper, format!("{drawn}{below}")));
            }
        }
    }
    let many = |count: usize, one: &str, many: &str| {
        format!("{count} {}", if count == 1 { one } else { many })
    };
    io.out.line(&format!(
        "\n{}, {}",
        many(folders, "directory", "directories"),
        many(files, "file", "files")
    ));
    0
}

pub async fn cat(shell: &Shell, io: &Io, arguments: &[String]) -> i32 {
    let (flags, names) = options(arguments, "");
    if !flags.is_empty() {
        return match read_all(shell, io, "cat", &names).await {
            Ok(text) => {
                io.out.write(&dressed(&text, &flags));
                0
            }
            Err(message) => fail(io, &message, 1),
        };
    }
    if names.is_empty() {
        if let Ok(lines) = Lines::open(shell, io, "cat", &[]) {
            while let Some(line) = lines.next().await {
                io.out.write(&line);
            }
        }
        return 0;
    }
    let mut code = 0;
    for name in names {
        match read_all(shell, io, "cat", &[name]).await {
            Ok(text) => io.out.write(&text),
            Err(message) => code = fail(io, &message, 1),
        }
    }
    code
}

/// What `cat` shows with `-n`, `-b`, `-s`, `-E`, `-T`, `-A`.
fn dressed(text: &str, flags: &[(char, &str)]) -> String {
    let has = |letters: &str| flags.iter().any(|(l, _)| letters.contains(*l));
    let (ends, tabs) = (has("EeA"), has("TtA"));
    let mut out = String::new();
    let mut number = 0;
    let mut blank = false;
    for line in text.split_inclusive('\n') {
        let (body, end) = match line.strip_suffix('\n') {
            Some(body) => (body, "\n"),
            None => (line, ""),
        };
        if has("s") && body.is_empty() && std::mem::replace(&mut blank, true) {
            continue;
        }
        blank = body.is_empty();
        if has("b") && !body.is_empty() || has("n") && !has("b") {
            number += 1;
            out.push_str(&format!("{number:6}\t"));
        }
        match tabs {
            true => out.push_str(&body.replace('\t', "^I")),
            false => out.push_str(body),
        }
        if ends && !end.is_empty() {
            out.push('$');
        }
        out.push_str(end);
    }
    out
}

pub async fn tee(shell: &Shell, io: &Io, arguments: &[String]) -> i32 {
    let append = arguments.iter().any(|a| a == "-a");
    let mut text = String::new();
    if let Some(pipe) = &io.input {
        while let Some(line) = pipe.line().await {
            io.out.write(&line);
            if text.len() + line.len() <= MOST_BYTES {
                text.push_str(&line);
            }
        }
    }
    for name in arguments.iter().filter(|a| !a.starts_with('-')) {
        if name == "/dev/null" {
            continue;
        }
        let before = match append {
            true => shell.read_file(name).unwrap_or_default(),
            false => String::new(),
        };
        shell.world.host.write_file(name, &(before + &text));
    }
    0
}

/// What `tee` keeps.
const MOST_BYTES: usize = 8 << 20;

/// `cp` and `mv`.
pub fn copy(shell: &Shell, io: &Io, arguments: &[String], moves: bool) -> i32 {
    let who = if moves { "mv" } else { "cp" };
    let recursive = moves
        || arguments
            .iter()
            .any(|a| a.starts_with('-') && a.contains(['r', 'R', 'a']));
    let names: Vec<&str> = arguments
        .iter()
        .map(String::as_str)
        .filter(|a| !a.starts_with('-'))
        .map(|a| match a.trim_end_matches('/') {
            "/root" | "." => ".",
            _ => plain(a),
        })
        .collect();
    let Some((to, from)) = names.split_last() else {
        return fail(io, &format!("{who}: missing file operand"), 1);
    };
    if from.is_empty() {
        let message = format!("{who}: missing destination file operand after '{to}'");
        return fail(io, &message, 1);
    }
    let host = &shell.world.host;
    let files = host.files();
    let folder = to.trim_end_matches('/');
    let lead = format!("{folder}/");
    let known = matches!(
        folder,
        "/tmp" | "/root" | "/etc" | "/etc/kubernetes" | "/var/tmp"
    );
    let is_folder =
        known || to.ends_with('/') || *to == "." || files.iter().any(|f| f.starts_with(&lead));
    if from.len() > 1 && !is_folder {
        return fail(io, &format!("{who}: target '{to}' is not a directory"), 1);
    }
    let into = |name: &str| match (*to, is_folder) {
        (".", _) => name.to_owned(),
        (_, true) => format!("{lead}{name}"),
        (to, false) => to.to_owned(),
    };
    let mut code = 0;
    for name in from {
        let base = name
            .trim_end_matches('/')
            .rsplit('/')
            .next()
            .unwrap_or(name);
        if let Some(text) = shell.read_file(name) {
            let target = into(base);
            if target == *name {
                let message = format!("{who}: '{name}' and '{target}' are the same file");
                code = fail(io, &message, 1);
                continue;
            }
            host.write_file(&target, &text);
            if moves {
                host.remove_file(name);
            }
            continue;
        }
        let own = format!("{}/", name.trim_end_matches('/'));
        let inside: Vec<&String> = files.iter().filter(|f| f.starts_with(&own)).collect();
        if inside.is_empty() {
            let message = format!("{who}: cannot stat '{name}': No such file or directory");
            code = fail(io, &message, 1);
        } else if !recursive {
            let message = format!("{who}: -r not specified; omitting directory '{name}'");
            code = fail(io, &message, 1);
        } else {
            for file in inside {
                let rest = file.strip_prefix(&own).unwrap_or(file);
                if let Some(text) = shell.read_file(file) {
                    host.write_file(&format!("{}/{rest}", into(base)), &text);
                }
                if moves {
                    host.remove_file(file);
                }
            }
        }
    }
    code
}

pub fn mkdir(io: &Io, arguments: &[String]) -> i32 {
    match arguments.iter().any(|a| !a.starts_with('-')) {
        // A folder is there as soon as a file is in it.
        true => 0,
        false => fail(io, "mkdir: missing operand", 1),
    }
}

pub fn touch(shell: &Shell, io: &Io, arguments: &[String]) -> i32 {
    let names: Vec<&String> = arguments.iter().filter(|a| !a.starts_with('-')).collect();
    if names.is_empty() {
        return fail(io, "touch: missing file operand", 1);
    }
    for name in names {
        if shell.read_file(name).is_none() {
            shell.world.host.write_file(name, "");
        }
    }
    0
}

/// `mktemp [-d] [-u] [-t] [-p FOLDER] [--suffix=TEXT] [TEMPLATE]`
pub fn mktemp(shell: &Shell, io: &Io, arguments: &[String]) -> i32 {
    let (mut folder, mut suffix, mut template) = (None, "", None);
    let (mut makes, mut is_folder, mut quiet) = (true, false, false);
    let mut words = arguments.iter().map(String::as_str);
    while let Some(word) = words.next() {
        match word {
            "-d" | "--directory" => is_folder = true,
            "-u" | "--dry-run" => makes = false,
            "-q" | "--quiet" => quiet = true,
            "-t" | "--tmpdir" => folder = folder.or(Some("/tmp")),
            "-p" => folder = words.next(),
            "--suffix" => suffix = words.next().unwrap_or_default(),
            word => match (
                word.strip_prefix("--suffix="),
                word.strip_prefix("--tmpdir="),
            ) {
                (Some(text), _) => suffix = text,
                (_, Some(text)) => folder = Some(text),
                _ if word.starts_with('-') && word.len() > 1 => {
                    let letter = word.trim_start_matches('-');
                    let letter = letter.chars().next().unwrap_or('-');
                    return fail(io, &format!("mktemp: invalid option -- '{letter}'"), 1);
                }
                _ => template = Some(word),
            },
        }
    }
    if template.is_none() {
        folder = folder.or(Some("/tmp"));
    }
    let template = template.unwrap_or("tmp.XXXXXXXXXX");
    let end = template.rfind('X').map_or(0, |at| at + 1);
    let (head, tail) = template.split_at(end);
    let lead = head.trim_end_matches('X');
    let count = head.len() - lead.len();
    if count < 3 {
        if !quiet {
            io.err
                .line(&format!("mktemp: too few X's in template '{template}'"));
        }
        return 1;
    }
    // Letters that the number of the file and the time decide.
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let number = {
        let mut state = shell.state.borrow_mut();
        state.temporary += 1;
        state.temporary
    };
    let mut bits = crate::sim::hash_bytes(number, &shell.world.now().0.to_le_bytes());
    let mut name = lead.to_owned();
    for _ in 0..count {
        let at = (bits % LETTERS.len() as u64) as usize;
        name.push(LETTERS.get(at).map_or('X', |b| char::from(*b)));
        bits = bits.rotate_left(11).wrapping_mul(6_364_136_223_846_793_005) | 1;
    }
    let name = format!("{name}{tail}{suffix}");
    let name = match folder {
        Some(folder) => format!("{}/{name}", folder.trim_end_matches('/')),
        None => name,
    };
    // A folder is there as soon as a file is in it.
    if makes && !is_folder {
        shell.world.host.write_file(&name, "");
    }
    io.out.line(&name);
    0
}

/// `find [FOLDER] [-name PATTERN]`
pub fn find(shell: &Shell, io: &Io, arguments: &[String]) -> i32 {
    let mut folder = "";
    let mut pattern = "*";
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "-name" | "-iname" => pattern = words.next().map_or("*", String::as_str),
            "-type" | "-maxdepth" => {
                words.next();
            }
            word if word.starts_with('-') => {
                return fail(io, &format!("find: unknown predicate `{word}'"), 1);
            }
            word => folder = word,
        }
    }
    let lead = match home(folder) {
        "" | "." | "/root" => String::new(),
        folder => format!("{folder}/"),
    };
    let shown = if lead.is_empty() { "./" } else { "" };
    for file in shell.world.host.files() {
        let base = file.rsplit('/').next().unwrap_or(&file);
        if file.starts_with(&lead) && super::super::matches(pattern, base) {
            io.out.line(&format!("{shown}{file}"));
        }
    }
    0
}

pub fn cd(shell: &Shell, io: &Io, arguments: &[String]) -> i32 {
    match arguments.first().map(String::as_str) {
        None | Some("." | "~" | "/root" | "-" | "./") => 0,
        Some(name) => {
            let lead = format!("{}/", name.trim_end_matches('/'));
            let there = shell
                .world
                .host
                .files()
                .iter()
                .any(|f| f.starts_with(&lead));
            let message = match there {
                true => {
                    format!("sh: cd: {name}: this terminal stays where it is; write {lead}FILE")
                }
                false => format!("sh: cd: {name}: No such file or directory"),
            };
            fail(io, &message, 1)
        }
    }
}

/// `vi FILE` and its like: opens the file in the page's editor.
pub async fn edit(shell: &Shell, io: &Io, who: &str, arguments: &[String]) -> i32 {
    let names: Vec<&String> = arguments.iter().filter(|a| !a.starts_with('-')).collect();
    let [name] = names.as_slice() else {
        return fail(io, &format!("{who}: name one file to edit"), 1);
    };
    let host = &shell.world.host;
    let before = shell.read_file(name);
    if before.is_none() {
        host.write_file(name, "");
    }
    let edited = host.edit(name).await;
    if edited != Edited::Saved {
        match &before {
            Some(text) => host.write_file(name, text),
            None => host.remove_file(name),
        }
    }
    match edited {
        Edited::NoEditor => fail(
            io,
            &format!("{who}: there is no editor here; sed -i changes files, too"),
            1,
        ),
        _ => 0,
    }
}

/// `rm [-rf] FILE...`; a folder goes with all that is in it.
pub fn rm(shell: &Shell, io: &Io, arguments: &[String]) -> i32 {
    let has = |letter: char| {
        let flags = arguments.iter().filter(|a| a.starts_with('-'));
        flags.into_iter().any(|a| a.contains(letter))
    };
    let (force, recursive) = (has('f'), has('r') || has('R'));
    let host = &shell.world.host;
    let mut code = 0;
    for name in arguments.iter().filter(|a| !a.starts_with('-')) {
        if shell.read_file(name).is_some() {
            host.remove_file(name);
            continue;
        }
        let folder = format!("{}/", home(name));
        let inside: Vec<String> = host
            .files()
            .into_iter()
            .filter(|f| f.starts_with(&folder))
            .collect();
        if !inside.is_empty() && recursive {
            inside.iter().for_each(|f| host.remove_file(f));
        } else if !inside.is_empty() {
            code = fail(
                io,
                &format!("rm: cannot remove '{name}': Is a directory"),
                1,
            );
        } else if !force {
            let message = format!("rm: cannot remove '{name}': No such file or directory");
            code = fail(io, &message, 1);
        }
    }
    code
}
