//! The commands of `kubectl`, a file each, and how a line finds its command.

mod apply;
mod applyset;
mod attach;
mod auth;
mod autoscale;
mod certificate;
mod change;
mod client;
mod config;
mod cp;
mod create;
mod create_ingress;
mod debug;
mod delete;
mod describe;
mod diff;
mod drain;
mod dump;
mod edit;
mod events;
mod exec;
mod explain;
mod generate;
mod generate_data;
mod generate_deployment;
mod generate_expose;
mod generate_jobs;
mod generate_plain;
mod generate_policy;
mod generate_run;
mod generate_secrets;
mod generate_services;
mod get;
mod help;
mod info;
mod key_pair;
mod kuberc;
mod kustomize;
mod label;
mod last_applied;
mod logs;
mod nodes;
mod patch;
mod port_forward;
pub mod proxy;
mod prune;
mod raw;
pub use raw::as_sent;
mod roles;
pub mod rollout;
mod scale;
mod server_side;
mod set;
mod set_selector;
mod set_subject;
mod top;
mod wait;

use std::rc::Rc;

use super::error::{Failure, Result, plain};
use super::flags::{Parsed, Value, parse, read};
use super::kube::Kube;
use super::kubeconfig::Loaded;
use super::shell::Shell;
use super::shell::run_parts::Io;
use crate::client::LocalFuture;

pub use auth::rule_of;
pub use generate::as_typed;
pub use help::page as help_of;
pub use kustomize::text_of as kustomized;

/// A command: its words, its flags, and what it does.
pub struct Command {
    /// `rollout status`: the words that lead to it.
    pub path: &'static str,
    /// What it does, in the lists of commands.
    pub short: &'static str,
    /// What follows the path in its usage, on a line of its own; what it does at more length; and
    /// examples, from the first line that begins with `# `.
    pub help: &'static str,
    /// As [`read`] reads them.
    pub flags: &'static [&'static str],
    pub run: for<'a> fn(&'a Kube) -> LocalFuture<'a, Result<()>>,
}

/// All commands, in the order of kubectl's own list.
pub const COMMANDS: &[Command] = &[
    create::CREATE,
    generate_plain::NAMESPACE,
    generate_jobs::CRON_JOB,
    generate_deployment::DEPLOYMENT,
    generate_jobs::JOB,
    generate_data::CONFIG_MAP,
    generate_data::SECRET,
    generate_secrets::TLS,
    generate_secrets::DOCKER,
    generate_plain::SERVICE_ACCOUNT,
    roles::ROLE,
    roles::CLUSTER_ROLE,
    roles::ROLE_BINDING,
    roles::CLUSTER_ROLE_BINDING,
    roles::TOKEN,
    generate_services::CLUSTER_IP,
    generate_services::NODE_PORT,
    create_ingress::INGRESS,
    generate_services::LOAD_BALANCER,
    generate_services::EXTERNAL_NAME,
    generate_policy::QUOTA,
    generate_policy::DISRUPTION_BUDGET,
    generate_policy::PRIORITY_CLASS,
    generate_expose::EXPOSE,
    generate_run::RUN,
    set::IMAGE,
    set::ENV,
    set::RESOURCES,
    set_selector::SELECTOR,
    set_subject::SUBJECT,
    set_subject::SERVICE_ACCOUNT,
    explain::EXPLAIN,
    get::GET,
    edit::EDIT,
    delete::DELETE,
    rollout::HISTORY,
    rollout::PAUSE,
    rollout::RESTART,
    rollout::RESUME,
    rollout::STATUS,
    rollout::UNDO,
    scale::SCALE,
    autoscale::AUTOSCALE,
    certificate::APPROVE,
    certificate::DENY,
    info::CLUSTER_INFO,
    dump::DUMP,
    top::NODES,
    top::PODS,
    nodes::CORDON,
    nodes::UNCORDON,
    drain::DRAIN,
    nodes::TAINT,
    describe::DESCRIBE,
    logs::LOGS,
    attach::ATTACH,
    exec::EXEC,
    port_forward::PORT_FORWARD,
    cp::CP,
    debug::DEBUG,
    events::EVENTS,
    auth::CAN_I,
    auth::WHOAMI,
    auth::RECONCILE,
    diff::DIFF,
    apply::APPLY,
    edit::LAST,
    last_applied::VIEW,
    last_applied::SET,
    patch::PATCH,
    create::REPLACE,
    wait::WAIT,
    kustomize::KUSTOMIZE,
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
    config::SET,
    config::SET_CLUSTER,
    config::SET_CONTEXT,
    config::SET_CREDENTIALS,
    config::UNSET,
    config::USE_CONTEXT,
    config::VIEW,
    info::VERSION_COMMAND,
    kuberc::SET,
    kuberc::VIEW,
    client::PLUGIN_LIST,
    client::COMPLETION,
    proxy::PROXY,
    client::OPTIONS,
    client::ALPHA,
];

/// Flags that several commands share.
pub const OUTPUT: &str =
    "allow-missing-template-keys=true -o,output='' show-managed-fields=false template=''";
pub const FILES: &str = "-f,filename=[] -k,kustomize='' -R,recursive=false";

/// Runs `kubectl` with its arguments.
pub async fn main(shell: &Rc<Shell>, io: Io, arguments: &[String]) -> i32 {
    let preferred = match kuberc::applied(shell, &io, arguments) {
        Ok(words) => words,
        Err(failure) => return report(&io, &failure),
    };
    let arguments = preferred.as_slice();
    if let Some((_, words)) = arguments
        .split_first()
        .filter(|(first, _)| *first == "help")
    {
        return help_about(&io, words);
    }
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
        let asked = group.is_empty() || words.iter().any(|w| w == "-h" || w == "--help");
        // A group of commands alone is a mistake; its help says what would not be.
        let stream = if asked { &io.out } else { &io.err };
        stream.write(&help::page(&group));
        return i32::from(!asked);
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
        io.out.write(&help::of(command));
        return 0;
    }
    let missing: Vec<String> = required(command.path)
        .iter()
        .filter(|name| !flags.given(name))
        .map(|name| format!("\"{name}\""))
        .collect();
    if !missing.is_empty() {
        let failure = Failure::Plain(format!("required flag(s) {} not set", missing.join(", ")));
        return report(&io, &failure);
    }
    let is_local = command.path.starts_with("config ");
    // A file that is not there yet is written by those that change one.
    let loaded = match Loaded::of(shell, &io, &flags, is_local) {
        Ok(loaded) => loaded,
        Err(failure) => return report(&io, &failure),
    };
    if !is_local && let Err(failure) = super::reach::check(shell, &flags, &loaded.config) {
        return report(&io, &failure);
    }
    let kube = Kube::new(shell, io.clone(), path, flags, loaded);
    super::trace::begun(&kube);
    if kube.flags.given("dry-run")
        && let Err(failure) = kube.dry_run()
    {
        return report(&io, &failure);
    }
    // Whether the format is one counts before anything is asked or changed.
    if command.flags.contains(&OUTPUT)
        && !OWN_FORMATS.contains(&command.path)
        && let Err(failure) = super::printers::format(&kube, false)
    {
        return report(&io, &failure);
    }
    let done = (command.run)(&kube).await;
    match done {
        Ok(()) if kube.flags.is("warnings-as-errors") && kube.warnings() > 0 => {
            let said = match kube.warnings() {
                1 => "1 warning received".to_owned(),
                many => format!("{many} warnings received"),
            };
            report(&io, &Failure::Plain(said))
        }
        Ok(()) => 0,
        Err(failure) => report(&io, &failure),
    }
}

/// They look at their formats themselves.
const OWN_FORMATS: [&str; 4] = [
    "get",
    "cluster-info dump",
    "edit",
    "apply edit-last-applied",
];

/// `kubectl help WORDS`. A topic that does not exist is no failure.
fn help_about(io: &Io, words: &[String]) -> i32 {
    if words.iter().any(|word| word == "-h" || word == "--help") {
        io.out.write(&help::page("help"));
        return 0;
    }
    match help::topic(words) {
        help::Topic::Page(path) => io.out.write(&help::page(&path)),
        help::Topic::Unknown => {
            let quoted: Vec<String> = words.iter().map(|w| format!("`{w}`")).collect();
            io.err
                .write(&format!("Unknown help topic [{}]\n\n\n", quoted.join(" ")));
            io.err.write(&help::usage());
        }
    }
    0
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
            let mut words = vec![word];
            words.extend(rest.into_iter().filter(|w| !w.starts_with('-')));
            return Err(unknown(&path, &words));
        }
        path = longer;
    }
}

/// Commands that are known under other names, too.
const ALIASES: &[(&str, &[&str])] = &[
    ("create namespace", &["ns"]),
    ("create deployment", &["deploy"]),
    ("create configmap", &["cm"]),
    ("create serviceaccount", &["sa"]),
    ("create service", &["svc"]),
    ("create quota", &["resourcequota"]),
    ("create poddisruptionbudget", &["pdb"]),
    ("create priorityclass", &["pc"]),
    ("create cronjob", &["cj"]),
    ("create ingress", &["ing"]),
    ("set serviceaccount", &["sa"]),
    ("top pod", &["pods", "po"]),
    ("top node", &["nodes", "no"]),
    ("config use-context", &["use"]),
];

/// The other names of a command.
pub fn aliases(path: &str) -> &'static [&'static str] {
    ALIASES
        .iter()
        .find(|(words, _)| *words == path)
        .map_or(&[], |(_, others)| *others)
}

/// The full name of a command that is known under another one, too.
fn canonical<'w>(group: &str, word: &'w str) -> &'w str {
    let known = ALIASES.iter().find(|(path, others)| {
        others.contains(&word)
            && path
                .strip_prefix(group)
                .is_some_and(|rest| rest.starts_with(' ') && rest.matches(' ').count() == 1)
    });
    match known.and_then(|(path, _)| path.rsplit(' ').next()) {
        Some(full) => full,
        None => word,
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
            && read(&[super::flags::GLOBAL]).iter().any(|f| {
                f.value != Value::Bool
                    && (word.strip_prefix("--") == Some(f.name)
                        || f.short.is_some_and(|s| *word == format!("-{s}")))
            });
        i += if alone { 2 } else { 1 };
    }
    None
}

/// Flags without which a command does not begin.
fn required(path: &str) -> &'static [&'static str] {
    match path {
        "create deployment" | "run" => &["image"],
        "create cronjob" => &["image", "schedule"],
        "create clusterrolebinding" => &["clusterrole"],
        "create service externalname" => &["external-name"],
        "scale" => &["replicas"],
        "autoscale" => &["max"],
        _ => &[],
    }
}

fn unknown(path: &str, words: &[String]) -> Failure {
    if !path.is_empty() {
        return Failure::Plain(format!(
            "unknown command \"{}\"\nSee 'kubectl {path} -h' for help and examples",
            words.join(" ")
        ));
    }
    let word = words.first().map_or("", String::as_str);
    let mut message = format!("unknown command \"{word}\" for \"kubectl\"");
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

/// Whether the first word of each part of a line is a command, and what follows `kubectl` is one of its
/// commands, with flags that it has.
///
/// # Errors
/// Which word is none.
pub fn is_known(line: &str) -> std::result::Result<(), String> {
    let names = super::shell::builtins::all_names();
    // What stands in quotes is no command of this line, but part of a word.
    let mut quote = None;
    let filled_in = line.contains(['$', '`']);
    let bare: String = line
        .chars()
        .filter(|c| match quote {
            Some(open) => {
                if *c == open {
                    quote = None;
                }
                false
            }
            None if ['"', '\''].contains(c) => {
                quote = Some(*c);
                true
            }
            None => true,
        })
        .collect();
    for part in bare.split(['|', ';', '&', '\n']) {
        let words: Vec<String> = part.split_whitespace().map(str::to_owned).collect();
        let Some(first) = words.iter().find(|word| !word.contains('=')) else {
            continue;
        };
        let is_syntax = ["for", "do", "done", "while", "if", "then", "fi", "#", "$("];
        if is_syntax.contains(&first.as_str()) {
            continue;
        }
        if !names.contains(first) {
            return Err(format!("{first}: command not found"));
        }
        if !["kubectl", "k"].contains(&first.as_str()) {
            continue;
        }
        let found = match find(words.get(1..).unwrap_or_default()) {
            Ok(found) => found,
            Err(failure) => return Err(failure.report().0.trim_end().to_owned()),
        };
        // What a line in the line or a variable becomes is not known here.
        if let Some(command) = found.command.filter(|_| !filled_in)
            && let Err(message) = parse(&found.words, command.flags)
        {
            return Err(format!("error: {message}"));
        }
    }
    Ok(())
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
    if !flags.text("kustomize").is_empty() && !flags.list("filename").is_empty() {
        return plain("only one of -f or -k can be specified");
    }
    Ok(())
}
