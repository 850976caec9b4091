//! The help of `kubectl`: its commands by group, and a page for each command.
//! Models `k8s.io/kubectl/pkg/cmd/cmd.go` (the groups) and `k8s.io/kubectl/pkg/util/templates`.
//! The sentences are our own.

use super::{COMMANDS, Command, members};
use crate::kubectl::flags::{Flag, GLOBAL, read};

/// What flags mean, a line each: the name, or the name and the command for which it means something
/// else; then a tab.
const FLAGS: &str = include_str!("help/flags.txt");

/// The groups of commands, in the order in which `kubectl` lists them.
const GROUPS: &[(&str, &[&str])] = &[
    (
        "Basic Commands (Beginner):",
        &["create", "expose", "run", "set"],
    ),
    (
        "Basic Commands (Intermediate):",
        &["explain", "get", "edit", "delete"],
    ),
    ("Deploy Commands:", &["rollout", "scale", "autoscale"]),
    (
        "Cluster Management Commands:",
        &[
            "certificate",
            "cluster-info",
            "top",
            "cordon",
            "uncordon",
            "drain",
            "taint",
        ],
    ),
    (
        "Troubleshooting and Debugging Commands:",
        &[
            "describe",
            "logs",
            "attach",
            "exec",
            "port-forward",
            "proxy",
            "cp",
            "auth",
            "debug",
            "events",
        ],
    ),
    (
        "Advanced Commands:",
        &["diff", "apply", "patch", "replace", "wait", "kustomize"],
    ),
    ("Settings Commands:", &["label", "annotate", "completion"]),
    (
        "Other Commands:",
        &[
            "api-resources",
            "api-versions",
            "config",
            "kuberc",
            "plugin",
            "version",
        ],
    ),
];

/// Words that only lead to other commands: their path, and `short` and `help` as a [`Command`] has them.
const PARENTS: &[(&str, &str, &str)] = &[
    (
        "set",
        "Set specific features on objects",
        "SUBCOMMAND\nChange single fields of objects that exist.",
    ),
    (
        "rollout",
        "Manage the rollout of a resource",
        "SUBCOMMAND
Watch and steer how a deployment, daemon set or stateful set goes from one version to the next.

# Back to the version before
kubectl rollout undo deployment/web

# Wait until a new version is out
kubectl rollout status daemonset/agent",
    ),
    (
        "top",
        "Display resource (CPU/memory) usage",
        "[flags]\nWhat nodes and pods use, as the metrics API says.",
    ),
    (
        "auth",
        "Inspect authorization",
        "[flags]\nAsk what is allowed, and to whom.",
    ),
    (
        "config",
        "Modify kubeconfig files",
        "SUBCOMMAND
Read and change the kubeconfig: which clusters there are, as whom to ask them, and what is used now. The file is that of --kubeconfig, or of the variable KUBECONFIG, or ~/.kube/config.",
    ),
    (
        "kuberc",
        "Manage kuberc configuration files",
        "SUBCOMMAND
Read and change one's own preferences: defaults of flags, and aliases of commands. The file is that of --kuberc, or of the variable KUBERC, or ~/.kube/kuberc; KUBECTL_KUBERC=false leaves it alone.",
    ),
    (
        "plugin",
        "Provides utilities for interacting with plugins",
        "[flags]\nA program on the PATH whose name begins with kubectl- is a plugin.",
    ),
    (
        "create secret",
        "Create a secret using a specified subcommand",
        "(docker-registry | generic | tls)
Keep what pods may know and others may not: generic data, a login for a registry, or a certificate with its key.",
    ),
    (
        "create service",
        "Create a service using a specified subcommand",
        "[flags]\nMake a service of one of the four types.",
    ),
    (
        "certificate",
        "Modify certificate resources",
        "SUBCOMMAND\nApprove or deny what somebody asks to have signed.",
    ),
    (
        "help",
        "Help about any command",
        "[command] [flags]\nSay how to use a command: kubectl help, and the words that lead to it.",
    ),
];

/// What is known of a path: `short`, `help` and the flags.
fn about(path: &str) -> (&'static str, &'static str, &'static [&'static str]) {
    let parent = || PARENTS.iter().find(|(words, ..)| *words == path);
    match COMMANDS.iter().find(|c| c.path == path) {
        Some(command) => (command.short, command.help, command.flags),
        None => parent().map_or(("", "", &[]), |(_, short, help)| (*short, *help, &[])),
    }
}

/// What `kubectl help WORDS` asks for.
pub enum Topic {
    /// The page of a command or of a group of commands.
    Page(String),
    Unknown,
}

/// Where the words of `kubectl help` lead. Words behind a command are left alone, as cobra does.
pub fn topic(words: &[String]) -> Topic {
    let mut path = String::new();
    for word in words.iter().filter(|word| !word.starts_with('-')) {
        let longer = match path.as_str() {
            "" => word.clone(),
            group => format!("{group} {}", super::canonical(group, word)),
        };
        if about(&longer).0.is_empty() {
            break;
        }
        path = longer;
    }
    match path.is_empty() && words.iter().any(|word| !word.starts_with('-')) {
        true => Topic::Unknown,
        false => Topic::Page(path),
    }
}

/// The commands of a group, as lines of a list.
fn list(text: &mut String, group: &str, words: &[&str]) {
    let width = words.iter().map(|w| w.len()).max().unwrap_or(0);
    let width = width.max(if group.is_empty() { 13 } else { 11 });
    for word in words {
        let path = format!("{group} {word}");
        text.push_str(&format!(
            "  {word:<width$}   {}\n",
            about(path.trim_start()).0
        ));
    }
}

/// The commands of `kubectl`, group by group, and how to go on.
pub fn usage() -> String {
    let mut text = String::new();
    let all = members("");
    for (title, words) in GROUPS {
        if *title == "Other Commands:" {
            text.push_str("Subcommands provided by plugins:\n\n");
        }
        let known: Vec<&str> = words.iter().filter(|w| all.contains(w)).copied().collect();
        text.push_str(&format!("{title}\n"));
        list(&mut text, "", &known);
        text.push('\n');
    }
    text.push_str("Usage:\n  kubectl [flags] [options]\n\n");
    text.push_str(&ending("", true));
    text
}

fn ending(path: &str, has_commands: bool) -> String {
    let more = match (path, has_commands) {
        (_, false) => String::new(),
        ("", _) => "Use \"kubectl <command> --help\" for more information about a given command.\n"
            .to_owned(),
        (path, _) => format!(
            "Use \"kubectl {path} <command> --help\" for more information about a given command.\n"
        ),
    };
    format!(
        "{more}Use \"kubectl options\" for a list of global command-line options (applies to all commands).\n"
    )
}

fn of_flag(path: &str, flag: &Flag) -> String {
    let short = flag.short.map_or(String::new(), |s| format!("-{s}, "));
    let Flag { name, default, .. } = flag;
    let say = |wanted: &str| {
        FLAGS
            .lines()
            .filter_map(|line| line.split_once('\t'))
            .find(|(about, _)| *about == wanted)
            .map(|(_, meaning)| meaning)
    };
    let meaning = say(&format!("{name} {path}"))
        .or_else(|| say(name))
        .unwrap_or_default();
    format!("    {short}--{name}={default}:\n\t{meaning}\n\n")
}

fn of_flags(path: &str, stated: &[&'static str]) -> String {
    let mut flags = read(stated);
    flags.retain(|flag| !flag.hidden);
    flags.sort_by_key(|flag| flag.name);
    flags.iter().map(|flag| of_flag(path, flag)).collect()
}

/// The flags of every command.
pub fn options() -> String {
    format!(
        "The following options can be passed to any command:\n\n{}",
        of_flags("", &[GLOBAL])
    )
}

/// The page of a command, of a group of commands, or of `kubectl` itself.
pub fn page(path: &str) -> String {
    if path.is_empty() {
        return format!(
            "kubectl controls the Kubernetes cluster manager.\n\n Find more information at: https://kubernetes.io/docs/reference/kubectl/\n\n{}",
            usage()
        );
    }
    let (short, help, flags) = about(path);
    let (words, rest) = help.split_once('\n').unwrap_or((help, ""));
    let begin = match rest.starts_with("# ") {
        true => Some(0),
        false => rest.find("\n# ").map(|at| at + 1),
    };
    let (long, examples) = rest.split_at(begin.unwrap_or(rest.len()));
    let mut text = match long.trim() {
        "" => format!("{}.\n", short.trim_end_matches('.')),
        long => format!("{}\n", long.replace("\n\n", "\n\n ")),
    };
    let others = super::aliases(path);
    if !others.is_empty() {
        let own = path.rsplit(' ').next().unwrap_or(path);
        text.push_str(&format!("\nAliases:\n{own}, {}\n", others.join(", ")));
    }
    if !examples.is_empty() {
        text.push_str("\nExamples:\n");
        text.extend(examples.lines().map(|line| format!("  {line}\n")));
    }
    let mut below = members(path);
    below.sort_unstable();
    if !below.is_empty() {
        text.push_str("\nAvailable Commands:\n");
        list(&mut text, path, &below);
    }
    let options = of_flags(path, flags);
    if !options.is_empty() {
        text.push_str(&format!("\nOptions:\n{}", options.trim_end()));
        text.push('\n');
    }
    // One usage says itself where its options stand.
    let options = if words.contains("[options]") {
        ""
    } else {
        " [options]"
    };
    let words = if words.is_empty() {
        String::new()
    } else {
        format!(" {words}")
    };
    text.push_str(&format!(
        "\nUsage:\n  kubectl {path}{words}{options}\n\n{}",
        ending(path, !below.is_empty())
    ));
    text
}

/// The page of a command.
pub fn of(command: &Command) -> String {
    page(command.path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_says_how_to_use_it_and_what_its_flags_mean() {
        for command in COMMANDS {
            let page = page(command.path);
            assert!(page.contains("\nUsage:\n  kubectl "), "{}", command.path);
            assert!(!page.contains(":\n\t\n"), "{page}");
            if command.path != "options" {
                assert!(page.contains("\nExamples:\n  # "), "{page}");
            }
            for flag in read(command.flags) {
                assert!(!flag.name.is_empty(), "{}", command.path);
            }
        }
        for word in ["set", "rollout", "create secret", "top", "config", "plugin"] {
            assert!(page(word).contains("\nAvailable Commands:\n"), "{word}");
        }
        assert!(!options().contains(":\n\t\n"), "{}", options());
    }

    #[test]
    fn flags_stand_in_the_layout_of_kubectl() {
        let page = page("cordon");
        let (_, options) = page.split_once("\nOptions:\n").unwrap();
        let (options, usage) = options.split_once("\n\nUsage:\n").unwrap();
        assert!(
            options.starts_with("    --dry-run='none':\n\t"),
            "{options}"
        );
        assert!(
            options.contains("\n\n    -l, --selector='':\n\t"),
            "{options}"
        );
        assert!(
            usage.starts_with("  kubectl cordon NODE [options]\n\nUse "),
            "{usage}"
        );
    }
}
