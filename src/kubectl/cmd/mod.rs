//! The commands of `kubectl`, a file each, and how a line finds its command.

mod apply;
mod auth;
mod autoscale;
mod change;
mod config;
mod create;
mod create_ingress;
mod delete;
mod describe;
mod diff;
mod drain;
mod events;
mod explain;
mod generate;
mod generate_jobs;
mod generate_policy;
mod get;
mod info;
mod label;
mod logs;
mod nodes;
mod patch;
mod roles;
pub mod rollout;
mod scale;
mod server_side;
mod set;
mod set_subject;
mod top;
mod wait;

use std::rc::Rc;

use super::error::{Failure, Result, plain};
use super::flags::{Flag, Parsed, Value, flag, parse, short};
use super::kube::Kube;
use super::shell::Shell;
use super::shell::run_parts::Io;
use crate::client::LocalFuture;

pub use auth::rule_of;

/// A command: its words, its flags, and what it does.
pub struct Command {
    /// `rollout status`: the words that lead to it.
    pub path: &'static str,
    pub short: &'static str,
    pub flags: &'static [&'static [Flag]],
    pub run: for<'a> fn(&'a Kube) -> LocalFuture<'a, Result<()>>,
}

/// All commands, in the order of kubectl's own list.
pub const COMMANDS: &[Command] = &[
    create::CREATE,
    generate::NAMESPACE,
    generate_jobs::CRON_JOB,
    generate::DEPLOYMENT,
    generate_jobs::JOB,
    generate::CONFIG_MAP,
    generate::SECRET,
    generate::SERVICE_ACCOUNT,
    roles::ROLE,
    roles::CLUSTER_ROLE,
    roles::ROLE_BINDING,
    roles::CLUSTER_ROLE_BINDING,
    roles::TOKEN,
    generate::CLUSTER_IP,
    generate::NODE_PORT,
    create_ingress::INGRESS,
    generate_policy::QUOTA,
    generate_policy::DISRUPTION_BUDGET,
    generate_policy::PRIORITY_CLASS,
    generate::EXPOSE,
    generate::RUN,
    set::IMAGE,
    set::ENV,
    set::RESOURCES,
    set_subject::SUBJECT,
    set_subject::SERVICE_ACCOUNT,
    explain::EXPLAIN,
    get::GET,
    delete::DELETE,
    rollout::HISTORY,
    rollout::PAUSE,
    rollout::RESTART,
    rollout::RESUME,
    rollout::STATUS,
    rollout::UNDO,
    scale::SCALE,
    autoscale::AUTOSCALE,
    info::CLUSTER_INFO,
    top::NODES,
    top::PODS,
    nodes::CORDON,
    nodes::UNCORDON,
    drain::DRAIN,
    nodes::TAINT,
    describe::DESCRIBE,
    logs::LOGS,
    events::EVENTS,
    auth::CAN_I,
    auth::WHOAMI,
    auth::RECONCILE,
    diff::DIFF,
    apply::APPLY,
    patch::PATCH,
    create::REPLACE,
    wait::WAIT,
    label::LABEL,
    label::ANNOTATE,
    info::API_RESOURCES,
    info::API_VERSIONS,
    config::CURRENT_CONTEXT,
    config::DELETE_CLUSTER,
    config::DELETE_CONTEXT,
    config::DELETE_USER,
    config::CLUSTERS,
    config::CONTEXTS,
    config::USERS,
    config::RENAME_CONTEXT,
    config::SET_CLUSTER,
    config::SET_CONTEXT,
    config::SET_CREDENTIALS,
    config::UNSET,
    config::USE_CONTEXT,
    config::VIEW,
    info::VERSION_COMMAND,
];

/// Flags that several commands share.
pub const OUTPUT: &[Flag] = &[
    short("output", 'o', Value::Text),
    flag("template", Value::Text),
    flag("show-managed-fields", Value::Bool),
    flag("allow-missing-template-keys", Value::Bool),
];
pub const FILES: &[Flag] = &[
    short("filename", 'f', Value::List),
    short("kustomize", 'k', Value::Text),
    short("recursive", 'R', Value::Bool),
];
pub const CHANGE: &[Flag] = &[
    flag("dry-run", Value::Optional("unchanged")),
    flag("field-manager", Value::Text),
];
pub const SELECT: &[Flag] = &[
    short("selector", 'l', Value::Text),
    flag("field-selector", Value::Text),
    short("all-namespaces", 'A', Value::Bool),
];

/// Runs `kubectl` with its arguments.
pub async fn main(shell: &Rc<Shell>, io: Io, arguments: &[String]) -> i32 {
    let found = match find(arguments) {
        Ok(found) => found,
        Err(failure) => return report(&io, &failure),
    };
    let Found {
        command,
        words,
        group,
    } = found;
    let Some(command) = command else {
        io.out.write(&overview(&group));
        return 0;
    };
    let path = format!("kubectl {}", command.path);
    let flags = match parse(&words, command.flags) {
        Ok(flags) => flags,
        Err(message) => {
            let failure = Failure::Plain(format!("{message}\nSee '{path} --help' for usage."));
            return report(&io, &failure);
        }
    };
    if flags.is("help") {
        io.out.write(&help(command));
        return 0;
    }
    if !command.path.starts_with("config ")
        && let Err(failure) = super::kube::check_config(shell, &flags)
    {
        return report(&io, &failure);
    }
    let kube = Kube::new(shell, io.clone(), path, flags);
    match (command.run)(&kube).await {
        Ok(()) => 0,
        Err(failure) => report(&io, &failure),
    }
}

fn report(io: &Io, failure: &Failure) -> i32 {
    let (text, code) = failure.report();
    io.err.write(&text);
    code
}

struct Found {
    /// `None` when only a group of commands is named.
    command: Option<&'static Command>,
    words: Vec<String>,
    group: String,
}

/// Finds the command among the words; flags may stand before it.
fn find(arguments: &[String]) -> Result<Found> {
    let mut path = String::new();
    let mut rest: Vec<String> = arguments.to_vec();
    loop {
        let Some(at) = command_word(&rest) else {
            // Flags alone: their errors count first.
            parse(&rest, &[]).map_err(|message| {
                let path = format!("kubectl {path}");
                Failure::Plain(format!(
                    "{message}\nSee '{} --help' for usage.",
                    path.trim_end()
                ))
            })?;
            return Ok(Found {
                command: None,
                words: rest,
                group: path,
            });
        };
        let word = rest.remove(at);
        let longer = match path.as_str() {
            "" => word.clone(),
            path => format!("{path} {}", canonical(path, &word)),
        };
        let leads = format!("{longer} ");
        let has_more = COMMANDS.iter().any(|c| c.path.starts_with(&leads));
        if let Some(command) = COMMANDS.iter().find(|c| c.path == longer)
            && (!has_more || command_word(&rest).is_none())
        {
            return Ok(Found {
                command: Some(command),
                words: rest,
                group: path,
            });
        }
        let parent = COMMANDS.iter().find(|c| c.path == path);
        if let Some(parent) = parent
            && !has_more
            && !COMMANDS.iter().any(|c| c.path == longer)
        {
            // A command that also has commands below it, and this is not one of them.
            rest.insert(at, word);
            return Ok(Found {
                command: Some(parent),
                words: rest,
                group: path,
            });
        }
        if !has_more {
            return Err(unknown(&path, &word));
        }
        path = longer;
    }
}

/// The full name of a command that is known under a shorter one, too.
fn canonical<'w>(path: &str, word: &'w str) -> &'w str {
    match (path, word) {
        ("create", "ns") => "namespace",
        ("create", "deploy") => "deployment",
        ("create", "cm") => "configmap",
        ("create", "sa") => "serviceaccount",
        ("create", "svc") => "service",
        ("create", "resourcequota") => "quota",
        ("create", "pdb") => "poddisruptionbudget",
        ("create", "pc") => "priorityclass",
        ("set", "sa") => "serviceaccount",
        ("top", "pod" | "po") => "pods",
        ("top", "node" | "no") => "nodes",
        (_, word) => word,
    }
}

/// Where the next word that is no flag stands.
fn command_word(words: &[String]) -> Option<usize> {
    let mut i = 0;
    while let Some(word) = words.get(i) {
        if !word.starts_with('-') || word == "-" {
            return Some(i);
        }
        // A global flag before the command may have its value in the next word.
        let alone = !word.contains('=')
            && super::flags::GLOBAL.iter().any(|f| {
                f.value != Value::Bool
                    && (word.strip_prefix("--") == Some(f.name)
                        || f.short.is_some_and(|s| *word == format!("-{s}")))
            });
        i += if alone { 2 } else { 1 };
    }
    None
}

fn unknown(path: &str, word: &str) -> Failure {
    let parent = match path {
        "" => "kubectl".to_owned(),
        path => format!("kubectl {path}"),
    };
    let mut message = format!("unknown command \"{word}\" for \"{parent}\"");
    let near: Vec<&str> = members(path)
        .into_iter()
        .filter(|name| distance(word, name) <= 2 || name.starts_with(word))
        .collect();
    if !near.is_empty() {
        message.push_str("\n\nDid you mean this?\n");
        for name in near {
            message.push_str(&format!("\t{name}\n"));
        }
    }
    Failure::Plain(message)
}

/// The words that may follow a group of commands.
pub fn members(path: &str) -> Vec<&'static str> {
    let mut out: Vec<&'static str> = Vec::new();
    for command in COMMANDS {
        let rest = match path {
            "" => Some(command.path),
            path => command
                .path
                .strip_prefix(path)
                .and_then(|r| r.strip_prefix(' ')),
        };
        if let Some(word) = rest.and_then(|r| r.split(' ').next())
            && !out.contains(&word)
        {
            out.push(word);
        }
    }
    out
}

/// How many letters differ (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().take(64).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().take(64).enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (y, cell) in b.iter().zip(row.iter_mut().skip(1)) {
            let above = *cell;
            let replaced = diagonal + usize::from(!x.eq_ignore_ascii_case(y));
            left = replaced.min(above + 1).min(left + 1);
            diagonal = above;
            *cell = left;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or(0)
}

fn overview(group: &str) -> String {
    let mut text = match group {
        "" => "kubectl controls the Kubernetes cluster manager.\n\nCommands:\n".to_owned(),
        group => format!("Commands of kubectl {group}:\n"),
    };
    for word in members(group) {
        let path = match group {
            "" => word.to_owned(),
            group => format!("{group} {word}"),
        };
        let short = COMMANDS
            .iter()
            .find(|c| c.path == path)
            .map_or("", |c| c.short);
        text.push_str(&format!("  {word:<15} {short}\n"));
    }
    text.push_str(
        "\nUse \"kubectl <command> --help\" for more information about a given command.\n",
    );
    text
}

fn help(command: &Command) -> String {
    let mut text = format!("{}\n\nOptions:\n", command.short);
    for flag in command.flags.iter().flat_map(|f| f.iter()) {
        let short = flag.short.map_or("    ".to_owned(), |s| format!("-{s}, "));
        text.push_str(&format!("    {short}--{}\n", flag.name));
    }
    text.push_str(&format!(
        "\nUsage:\n  kubectl {} [flags] [options]\n",
        command.path
    ));
    text
}

/// The command that words lead to, the group it is in, and the words that are left; for completion.
pub fn words_of(words: &[String]) -> (Option<&'static Command>, String, Vec<String>) {
    match find(words) {
        Ok(found) => (found.command, found.group, found.words),
        Err(_) => (None, String::from("?"), Vec::new()),
    }
}

/// What commands that take `-f` or words need to be told.
pub fn needs_files(flags: &Parsed) -> Result<()> {
    if !flags.text("kustomize").is_empty() {
        return plain("kustomize is not part of this kubectl: name the files with -f");
    }
    Ok(())
}
