//! What the Tab key offers: commands, kinds, names of live objects, namespaces, flags, files.
//! Models what `kubectl completion` and `k8s.io/kubectl/pkg/util/completion` offer.

use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use serde_json::Value;

use super::cmd::{Command, members, words_of};
use super::flags::{Flag, GLOBAL, Parsed, Value as F, parse, read};
use super::json::{list, name, text};
use super::kube::Kube;
use super::kubeconfig::Loaded;
use super::session::Session;
use super::shell::builtins;
use super::shell::run_parts::Io;
use crate::client::LocalFuture;

/// What may stand instead of a part of the line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Completion {
    /// Where the part begins, in bytes; it ends at the cursor.
    pub start: usize,
    /// What may stand there, sorted. One that ends in `/`, `=` or `,` wants no blank after it.
    pub words: Vec<String>,
}

/// No more than this is offered.
const MOST_WORDS: usize = 500;

/// What may stand before the cursor, when the answer is there at once; otherwise nothing.
pub fn complete(session: &Session, line: &str, cursor: usize) -> Completion {
    let mut future = begin(session, line, cursor);
    let mut context = Context::from_waker(Waker::noop());
    match future.as_mut().poll(&mut context) {
        Poll::Ready(completion) => completion,
        Poll::Pending => Completion::default(),
    }
}

/// As [`complete`], for clients that have to wait for a server.
pub fn begin(session: &Session, line: &str, cursor: usize) -> LocalFuture<'static, Completion> {
    let line = line.get(..cursor).unwrap_or(line).to_owned();
    let shell = session.shell();
    let silent = session.silent();
    let (start, mut words) = last_command(&line);
    let mut seen: Vec<String> = Vec::new();
    while words.len() > 1
        && let Some(first) = words.first().cloned()
        && !seen.contains(&first)
        && let Some(text) = session.alias(&first)
    {
        words.splice(..1, text.split_whitespace().map(str::to_owned));
        seen.push(first);
    }
    let own = session.own_names();
    Box::pin(async move {
        let Some((partial, before)) = words.split_last() else {
            return Completion::default();
        };
        let io = silent;
        let files = || shell.world.host.files();
        let mut offers = match before.split_first() {
            None => {
                let mut names = builtins::all_names();
                names.extend(own);
                names
            }
            Some((first, rest)) if first == "kubectl" || first == "k" => {
                kubectl(&shell, io, rest, partial).await
            }
            Some((first, _)) if matches!(first.as_str(), "echo" | "sleep" | "curl") => Vec::new(),
            Some(_) => files(),
        };
        // A redirection takes a file, whatever the command is.
        if before
            .last()
            .is_some_and(|w| matches!(w.as_str(), ">" | ">>" | "<"))
        {
            offers = files();
        }
        offers.retain(|word| word.starts_with(partial.as_str()));
        offers.sort();
        offers.dedup();
        offers.truncate(MOST_WORDS);
        Completion {
            start,
            words: offers,
        }
    })
}

/// The words of the command that is being typed, the last of them unfinished, and where it begins.
fn last_command(line: &str) -> (usize, Vec<String>) {
    let mut words: Vec<String> = vec![String::new()];
    let mut start = 0;
    let mut quote = None;
    for (i, c) in line.char_indices() {
        let last = words.last_mut();
        match (quote, c) {
            (Some(q), c) if c == q => quote = None,
            (Some(_), c) => last.into_iter().for_each(|w| w.push(c)),
            (None, '\'' | '"') => quote = Some(c),
            (None, ';' | '|' | '&' | '(' | '\n') => {
                words = vec![String::new()];
                start = i + 1;
            }
            (None, ' ' | '\t') => {
                if words.len() == 1 && words.first().is_some_and(String::is_empty) {
                    start = i + 1;
                    continue;
                }
                if !words.last().is_some_and(String::is_empty) {
                    words.push(String::new());
                }
                start = i + 1;
            }
            (None, c) => last.into_iter().for_each(|w| w.push(c)),
        }
    }
    (start, words)
}

async fn kubectl(
    shell: &Rc<super::shell::Shell>,
    io: Io,
    before: &[String],
    partial: &str,
) -> Vec<String> {
    let typed: Vec<String> = before.to_vec();
    let (command, group, words) = words_of(&typed);
    let mut flags = read(command.map_or(&[], |c| c.flags));
    flags.extend(read(&[GLOBAL]));
    // A flag whose value is being typed.
    if let Some(waiting) = before.last().and_then(|w| waiting_flag(w, &flags)) {
        let kube = kube(
            shell,
            io,
            command,
            words.split_last().map_or(&[], |(_, rest)| rest),
        );
        return values(&kube, waiting.name, "").await;
    }
    if let Some((flag, _)) = partial.split_once('=').filter(|(f, _)| f.starts_with("--")) {
        let kube = kube(shell, io, command, &words);
        let lead = format!("{flag}=");
        return values(&kube, flag.trim_start_matches('-'), &lead).await;
    }
    if partial.starts_with('-') {
        let long = |f: &Flag| match f.value {
            F::Bool | F::Optional(_) => format!("--{}", f.name),
            _ => format!("--{}=", f.name),
        };
        return flags.iter().filter(|f| !f.hidden).map(long).collect();
    }
    let Some(command) = command else {
        return members(&group).into_iter().map(str::to_owned).collect();
    };
    let kube = kube(shell, io, Some(command), &words);
    let mut offers = arguments(&kube, command, partial).await;
    // Some commands take words of their own as well as commands below them.
    if kube.flags.arguments.is_empty() {
        offers.extend(members(command.path).into_iter().map(str::to_owned));
    }
    offers
}

/// The flag that a word is, if its value comes with the next word.
fn waiting_flag(word: &str, flags: &[Flag]) -> Option<Flag> {
    let mut known = flags.iter();
    let takes = |f: &&Flag| !matches!(f.value, F::Bool | F::Optional(_));
    let found = match word.strip_prefix("--") {
        Some(long) => known.find(|f| f.name == long),
        None => {
            let letter = word.strip_prefix('-')?;
            let mut letters = letter.chars();
            match (letters.next(), letters.next()) {
                (Some(letter), None) => known.find(|f| f.short == Some(letter)),
                _ => None,
            }
        }
    };
    found.filter(takes).copied()
}

/// A run of kubectl that only asks; flags that are not finished count as not given.
fn kube(
    shell: &Rc<super::shell::Shell>,
    io: Io,
    command: Option<&Command>,
    words: &[String],
) -> Kube {
    let flags = command.map_or(&[] as &[&str], |c| c.flags);
    let parsed = parse(words, flags).unwrap_or_else(|_| {
        let mut parsed = Parsed::default();
        let plain = words.iter().filter(|w| !w.starts_with('-'));
        parsed.arguments = plain.cloned().collect();
        parsed
    });
    let loaded = Loaded::of(shell, &io, &parsed, true).unwrap_or_else(|_| Loaded::own(shell));
    Kube::new(shell, io, String::new(), parsed, loaded)
}

/// What a flag's value may be.
async fn values(kube: &Kube, flag: &str, lead: &str) -> Vec<String> {
    let fixed = |words: &[&str]| words.iter().map(|w| format!("{lead}{w}")).collect();
    match flag {
        "n" | "namespace" => led(lead, names(kube, "namespaces").await),
        "f" | "filename" => led(lead, kube.shell.world.host.files()),
        "o" | "output" => fixed(&[
            "custom-columns=",
            "go-template=",
            "json",
            "jsonpath=",
            "name",
            "wide",
            "yaml",
        ]),
        "dry-run" => fixed(&["client", "none", "server"]),
        "cascade" => fixed(&["background", "foreground", "orphan"]),
        "restart" => fixed(&["Always", "Never", "OnFailure"]),
        "validate" => fixed(&["false", "ignore", "strict", "true", "warn"]),
        "type" => fixed(&["json", "merge", "strategic"]),
        "for" => fixed(&["condition=", "create", "delete", "jsonpath="]),
        "container" | "c" => {
            let pod = kube.flags.arguments.first().cloned().unwrap_or_default();
            led(lead, containers(kube, "pods", &pod).await)
        }
        _ => Vec::new(),
    }
}

fn led(lead: &str, words: Vec<String>) -> Vec<String> {
    words.into_iter().map(|w| format!("{lead}{w}")).collect()
}

async fn arguments(kube: &Kube, command: &Command, partial: &str) -> Vec<String> {
    let given = &kube.flags.arguments;
    match command.path {
        "cordon" | "uncordon" | "drain" => names(kube, "nodes").await,
        "port-forward" | "exec" | "attach" | "debug" if given.is_empty() => {
            match partial.split_once('/') {
                Some((kind, _)) => slashed(kube, kind).await,
                None => {
                    let mut offers = names(kube, "pods").await;
                    let others = ["deployment/", "replicaset/", "service/", "statefulset/"];
                    offers.extend(others.map(str::to_owned));
                    offers
                }
            }
        }
        "port-forward" | "exec" | "attach" | "debug" => Vec::new(),
        "cp" => {
            let pods = names(kube, "pods").await.into_iter();
            let mut offers: Vec<String> = pods.map(|pod| format!("{pod}:")).collect();
            offers.extend(kube.shell.world.host.files());
            offers
        }
        "logs" => match (given.first(), partial.split_once('/')) {
            (None, Some((kind, _))) => slashed(kube, kind).await,
            (None, None) => {
                let mut offers = names(kube, "pods").await;
                offers.extend(
                    [
                        "deployment/",
                        "daemonset/",
                        "job/",
                        "replicaset/",
                        "service/",
                        "statefulset/",
                    ]
                    .map(str::to_owned),
                );
                offers
            }
            (Some(pod), _) => containers(kube, "pods", pod).await,
        },
        "apply" | "diff" | "replace" | "create" | "run" | "version" | "config view" => Vec::new(),
        "config use-context" | "config set-context" => vec!["kubarium".to_owned()],
        path if path.starts_with("create ") || path.starts_with("auth ") => Vec::new(),
        path => {
            let only: &[&str] = match path.split(' ').next() {
                Some("rollout") => &["daemonset", "deployment", "statefulset"],
                Some("scale") => &[
                    "deployment",
                    "replicaset",
                    "replicationcontroller",
                    "statefulset",
                ],
                Some("expose") => &[
                    "deployment",
                    "pod",
                    "replicaset",
                    "replicationcontroller",
                    "service",
                ],
                Some("taint") => &["node"],
                _ => &[],
            };
            typed(kube, path, only, partial).await
        }
    }
}

/// `TYPE NAME` and `TYPE/NAME`.
async fn typed(kube: &Kube, path: &str, only: &[&str], partial: &str) -> Vec<String> {
    if let Some((kind, _)) = partial.rsplit_once('/') {
        return slashed(kube, kind).await;
    }
    let given = &kube.flags.arguments;
    let Some(first) = given.first() else {
        // The kinds that a list of kinds may go on with.
        let (lead, _) = partial
            .rsplit_once(',')
            .map_or(("", partial), |(lead, last)| (lead, last));
        let lead = if lead.is_empty() {
            String::new()
        } else {
            format!("{lead},")
        };
        let kinds = kube.kinds().into_iter();
        return match only {
            [] => kinds.map(|k| format!("{lead}{}", k.plural)).collect(),
            only => only.iter().map(|k| format!("{lead}{k}/")).collect(),
        };
    };
    if let Some((kind, object)) = first.split_once('/') {
        if path == "set image" {
            let names = containers(kube, kind, object).await;
            return names.into_iter().map(|c| format!("{c}=")).collect();
        }
        return slashed(kube, kind).await;
    }
    if path == "set image"
        && let [kind, object] = given.as_slice()
    {
        let names = containers(kube, kind, object).await;
        return names.into_iter().map(|c| format!("{c}=")).collect();
    }
    let mut offers = Vec::new();
    for kind in first.split(',') {
        offers.extend(names(kube, kind).await);
    }
    offers.retain(|name| !given.contains(name));
    offers
}

async fn slashed(kube: &Kube, kind: &str) -> Vec<String> {
    led(&format!("{kind}/"), names(kube, kind).await)
}

/// The names of the objects of a kind.
async fn names(kube: &Kube, kind: &str) -> Vec<String> {
    kube.discover_words(&[kind.to_owned()]).await;
    let Some(kind) = kube.kind_of(kind) else {
        return Vec::new();
    };
    let namespace = if kind.namespaced {
        kube.namespace()
    } else {
        String::new()
    };
    match kube.list(kind, &namespace, &[]).await {
        Ok(items) => items.iter().map(|item| name(item).to_owned()).collect(),
        Err(_) => Vec::new(),
    }
}

/// The containers of a pod, or of a pod template.
async fn containers(kube: &Kube, kind: &str, object: &str) -> Vec<String> {
    let Some(kind) = kube.kind_of(kind) else {
        return Vec::new();
    };
    let object = object.rsplit('/').next().unwrap_or(object);
    let Ok(object) = kube.get(kind, &kube.namespace(), object).await else {
        return Vec::new();
    };
    let spec: &Value = match object["spec"]["template"].is_object() {
        true => &object["spec"]["template"]["spec"],
        false => &object["spec"],
    };
    let all = ["initContainers", "containers"];
    let containers = all.iter().flat_map(|field| list(spec, field));
    containers.map(|c| text(c, "name").to_owned()).collect()
}
