//! The commands beside `kubectl`: a file each, with the options that tutorials use, and a line in
//! the list below.

mod awk;
mod column;
mod curl;
mod diff;
mod echo;
mod etcdctl;
mod files;
mod filters;
mod grep;
mod jq;
mod ls;
mod node;
mod openssl;
mod sed;
mod text;
mod tool;
mod watch;
mod yq;

pub use curl::reason;
pub use text::decode as decode_base64;

use std::rc::Rc;
use std::time::Duration;

use super::state::{Io, Shell};
use crate::client::LocalFuture;
use crate::kubectl::io::Stream;
use crate::kubectl::io::{Pipe, Sink};

/// A program: how it is called, and what it does.
pub struct Builtin {
    pub name: &'static str,
    /// Its arguments, as a manual would show them.
    pub usage: &'static str,
    pub about: &'static str,
    pub run: for<'a> fn(&'a Rc<Shell>, &'a Io, &'a [String]) -> LocalFuture<'a, i32>,
}

/// A line of the list; what runs is a future, or a value that is there at once.
macro_rules! program {
    ($name:literal, $usage:literal, $about:literal, async $run:expr) => {
        Builtin {
            name: $name,
            usage: $usage,
            about: $about,
            run: |shell, io, words| {
                let run: for<'a> fn(&'a Rc<Shell>, &'a Io, &'a [String]) -> LocalFuture<'a, i32> =
                    |shell, io, words| Box::pin($run(shell, io, words));
                run(shell, io, words)
            },
        }
    };
    ($name:literal, $usage:literal, $about:literal, $run:expr) => {
        Builtin {
            name: $name,
            usage: $usage,
            about: $about,
            run: |shell, io, words| {
                let run: fn(&Rc<Shell>, &Io, &[String]) -> i32 = $run;
                Box::pin(std::future::ready(run(shell, io, words)))
            },
        }
    };
}

/// One of those that containers have, too.
macro_rules! tool {
    ($name:literal, $usage:literal, $about:literal) => {
        Builtin {
            name: $name,
            usage: $usage,
            about: $about,
            run: |shell, io, words| Box::pin(tool::tool(shell, io, $name, words)),
        }
    };
}

/// Every program, in order; for completion and `help`.
pub const BUILTINS: &[Builtin] = &[
    program!("awk", "[-F SEP] [-v NAME=VALUE] PROGRAM [FILE...]", "Act on fields of lines", async awk::awk),
    program!("base64", "[-d] [-w COLUMNS] [FILE]", "Encode, or decode, as base64", async text::base64),
    tool!("basename", "NAME [SUFFIX]", "The last part of a path"),
    program!("cat", "[-n] [FILE...]", "Show files", async files::cat),
    program!(
        "cd",
        "[FOLDER]",
        "There is one folder; others cannot be entered",
        |shell, io, words| files::cd(shell, io, words)
    ),
    tool!("cksum", "[FILE...]", "Checksums of POSIX"),
    program!("clear", "", "Clear the screen", |_, io, _| clear(io)),
    program!(
        "code",
        "FILE",
        "Open a file in the editor",
        async |shell, io, words| files::edit(shell, io, "code", words)
    ),
    program!("column", "-t [-s SEPARATORS] [FILE...]", "Align the columns of a table", async column::column),
    tool!(
        "comm",
        "[-123] FILE FILE",
        "Lines that two sorted files have in common"
    ),
    program!("cp", "[-r] FROM... TO", "Copy files", |shell, io, words| {
        files::copy(shell, io, words, false)
    }),
    program!(
        "crictl",
        "ps [-a] | pods | images | stats | logs ID | inspect ID",
        "On a node: what its container runtime has",
        |shell, io, words| node::crictl::crictl(shell, io, words)
    ),
    program!("curl", "[-sSvikIfL] [-X METHOD] [-H HEADER] [-d DATA] [-o FILE] [-w FORMAT] [--max-time SECONDS] URL", "Send a request into the cluster, or to a forwarded port", async curl::curl),
    program!("cut", "-d SEP -f FIELDS [FILE...]", "Parts of lines", async filters::cut),
    tool!(
        "date",
        "[-u] [-d WHEN] [-I] [-R] [+FORMAT]",
        "The time in the cluster"
    ),
    program!("diff", "[-u] FILE FILE", "What differs between two files", async diff::diff),
    tool!("dirname", "NAME", "A path without its last part"),
    program!(
        "docker",
        "...",
        "The nodes run containerd; there is crictl",
        |_, io, _| node::docker(io)
    ),
    program!("echo", "[-ne] [WORD...]", "Print words", |_, io, words| {
        echo::echo(io, words)
    }),
    program!(
        "emacs",
        "FILE",
        "Open a file in the editor",
        async |shell, io, words| files::edit(shell, io, "emacs", words)
    ),
    program!("env", "[-i] [-u NAME] [NAME=VALUE...] [COMMAND]", "Show variables, or set some for a command", async env),
    program!(
        "etcdctl",
        "COMMAND ...",
        "Read and write the store behind the API server; 'etcdctl help' says how",
        async |shell, io, words| { etcdctl::etcdctl(shell, io, words) }
    ),
    program!(
        "etcdutl",
        "snapshot status|restore FILE [--data-dir FOLDER]",
        "Look into a snapshot of etcd, and make a data directory of it",
        |shell, io, words| etcdctl::etcdutl(shell, io, words)
    ),
    tool!("expand", "[-t WIDTH] [FILE...]", "Blanks in place of tabs"),
    tool!(
        "expr",
        "EXPRESSION",
        "Compute, compare, and look into texts"
    ),
    program!("false", "", "Fail", |_, _, _| 1),
    program!(
        "find",
        "[FOLDER] [-name PATTERN]",
        "Look for files",
        |shell, io, words| files::find(shell, io, words)
    ),
    tool!("fold", "[-s] [-w WIDTH] [FILE...]", "Break long lines"),
    program!("grep", "[-EFivnclqwo] [-A N] [-B N] PATTERN [FILE...]", "Lines that match", async grep::grep),
    program!("head", "[-n LINES] [-c BYTES] [FILE...]", "The first lines", async filters::head),
    program!(
        "help",
        "[COMMAND]",
        "What can be typed here",
        |_, io, words| help(io, words)
    ),
    tool!("hexdump", "[-C] [FILE...]", "Bytes as numbers"),
    program!(
        "history",
        "[-c] [LINES]",
        "What was typed",
        |shell, io, words| history(shell, io, words)
    ),
    program!(
        "hostname",
        "",
        "The name of this machine",
        |shell, io, _| {
            let name = shell.world.host.machine();
            say(io, name.as_deref().unwrap_or("kubarium"))
        }
    ),
    program!("id", "[-u] [-g] [-n]", "Who types here", |_, io, words| {
        let has = |letter: char| {
            words
                .iter()
                .any(|w| w.starts_with('-') && w.contains(letter))
        };
        say(
            io,
            match (has('u') || has('g') || has('G'), has('n')) {
                (true, true) => "root",
                (true, false) => "0",
                (false, _) => "uid=0(root) gid=0(root) groups=0(root)",
            },
        )
    }),
    program!(
        "ip",
        "route | addr",
        "On a node: its routes and addresses",
        |shell, io, words| node::packets::ip(shell, io, words)
    ),
    program!(
        "iptables",
        "-t nat -L [CHAIN] [-n]",
        "On a node: the rules of kube-proxy",
        |shell, io, words| node::packets::iptables(shell, io, words)
    ),
    program!(
        "iptables-save",
        "",
        "On a node: the rules of kube-proxy",
        |shell, io, words| node::packets::iptables_save(shell, io, words)
    ),
    program!(
        "ipvsadm",
        "-Ln",
        "On a node: the virtual servers of kube-proxy",
        |shell, io, words| node::packets::ipvsadm(shell, io, words)
    ),
    tool!(
        "join",
        "[-1 FIELD] [-2 FIELD] [-t SEP] FILE FILE",
        "Join lines of two files that begin alike"
    ),
    program!(
        "journalctl",
        "-u kubelet [-f] [-n LINES] [--since WHEN]",
        "On a node: what its kubelet did",
        async |shell, io, words| { node::journalctl(shell, io, words) }
    ),
    program!("jq", "[-rcjensRSaC] [--stream] [--seq] [--arg NAME VALUE] [--argjson NAME JSON] [--tab] [--indent N] FILTER [FILE...]", "Take JSON apart", async jq::jq),
    program!("k", "...", "kubectl", async |shell, io, words| {
        crate::kubectl::cmd::main(shell, Io::clone(io), words)
    }),
    program!(
        "kubectl",
        "COMMAND ...",
        "Talk to the cluster; 'kubectl help' says how",
        async |shell, io, words| crate::kubectl::cmd::main(shell, Io::clone(io), words)
    ),
    program!("less", "[FILE...]", "Show files", async files::cat),
    program!(
        "ls",
        "[-l] [NAME...]",
        "The files of the editor",
        |shell, io, words| ls::ls(shell, io, words)
    ),
    program!(
        "man",
        "COMMAND",
        "How a command is called",
        |_, io, words| help(io, words)
    ),
    tool!("md5sum", "[-c] [FILE...]", "Checksums"),
    program!(
        "mkdir",
        "[-p] FOLDER...",
        "A folder is there as soon as a file is in it",
        |_, io, words| files::mkdir(io, words)
    ),
    program!(
        "mktemp",
        "[-d] [-u] [-p FOLDER] [--suffix=TEXT] [TEMPLATE]",
        "Make a file with a name that is not taken",
        |shell, io, words| files::mktemp(shell, io, words)
    ),
    program!("more", "[FILE...]", "Show files", async files::cat),
    program!("mv", "FROM... TO", "Rename files", |shell, io, words| {
        files::copy(shell, io, words, true)
    }),
    program!(
        "nano",
        "FILE",
        "Open a file in the editor",
        async |shell, io, words| files::edit(shell, io, "nano", words)
    ),
    tool!(
        "nl",
        "[-b a] [-v FIRST] [-w WIDTH] [FILE...]",
        "Number lines"
    ),
    tool!("od", "[-A n] [-t x1] [-c] [FILE...]", "Bytes as numbers"),
    program!(
        "openssl",
        "genrsa | genpkey | rand | req | x509 ...",
        "Make keys and requests for certificates, and look at certificates",
        |shell, io, words| openssl::openssl(shell, io, words)
    ),
    tool!("paste", "[-s] [-d SEP] [FILE...]", "Join lines"),
    tool!("printf", "FORMAT [VALUE...]", "Print by a format"),
    program!("pwd", "", "The one folder", |_, io, _| say(io, "/root")),
    program!(
        "ps",
        "[-ef]",
        "The processes of this machine",
        |shell, io, words| node::ps(shell, io, words)
    ),
    tool!("rev", "[FILE...]", "Turn lines round"),
    program!("rm", "[-rf] FILE...", "Remove files", |shell, io, words| {
        files::rm(shell, io, words)
    }),
    program!("sed", "[-nEsz] [-i[SUFFIX]] SCRIPT [FILE...]", "Edit lines", async sed::sed),
    tool!(
        "seq",
        "[-w] [-s SEP] [-f FORMAT] [FIRST [STEP]] LAST",
        "Count"
    ),
    tool!("sha1sum", "[-c] [FILE...]", "Checksums"),
    tool!("sha256sum", "[-c] [FILE...]", "Checksums"),
    program!("sleep", "SECONDS", "Let time pass in the cluster", async sleep),
    program!("sort", "[-rnhVuf] [-k FIELD[,FIELD]] [-t SEP] [FILE...]", "Sort lines", async filters::sort),
    program!("ssh", "NODE [COMMAND]", "Log in to a node, or run a command there; 'exit' leads back", async node::ssh),
    program!("sudo", "COMMAND", "Run a command as root, as everybody does here", async sudo),
    program!(
        "systemctl",
        "start|stop|restart|status kubelet",
        "On a node: its services",
        |shell, io, words| node::systemctl(shell, io, words)
    ),
    tool!("tac", "[FILE...]", "Lines from the last to the first"),
    program!("tail", "[-n LINES] [-f] [FILE...]", "The last lines", async filters::tail),
    program!("tee", "[-a] FILE...", "Copy the input to files", async files::tee),
    program!("timeout", "SECONDS COMMAND", "End a command when its time is up", async watch::timeout),
    program!("touch", "FILE...", "Make files", |shell, io, words| {
        files::touch(shell, io, words)
    }),
    program!(
        "tr",
        "[-ds] SET [SET]",
        "Exchange letters",
        async |_shell, io, words| filters::tr(io, words)
    ),
    program!(
        "tree",
        "[FOLDER]",
        "The files of the editor, as a tree",
        |shell, io, words| files::tree(shell, io, words)
    ),
    program!("true", "", "Succeed", |_, _, _| 0),
    program!("uname", "[-a]", "What this is", |shell, io, words| {
        let all = words.iter().any(|w| w.contains('a'));
        match shell.world.host.machine() {
            Some(node) if all => say(
                io,
                &format!(
                    "Linux {node} 6.12.57+deb13-amd64 #1 SMP PREEMPT_DYNAMIC x86_64 GNU/Linux"
                ),
            ),
            Some(_) if words.iter().any(|w| w.contains('r')) => say(io, "6.12.57+deb13-amd64"),
            Some(_) => say(io, "Linux"),
            None => say(io, "Kubarium"),
        }
    }),
    program!("uniq", "[-cdu] [FILE]", "Lines without repetition", async filters::uniq),
    program!(
        "vi",
        "FILE",
        "Open a file in the editor",
        async |shell, io, words| files::edit(shell, io, "vi", words)
    ),
    program!(
        "vim",
        "FILE",
        "Open a file in the editor",
        async |shell, io, words| files::edit(shell, io, "vim", words)
    ),
    program!("watch", "[-n SECONDS] COMMAND", "Show what a command prints again and again", async watch::watch),
    program!("wc", "[-lwc] [FILE...]", "Count lines, words, bytes", async filters::wc),
    program!("whoami", "", "Who types here", |_, io, _| say(io, "root")),
    program!("xargs", "[-n MOST] [-I TEXT] [-r] [COMMAND [WORD...]]", "Words of the input as arguments", async text::xargs),
    tool!("xxd", "[-p] [FILE]", "Bytes as numbers"),
    program!("yes", "[WORD]", "Say a word for ever", async watch::yes),
    program!("yq", "[-r] [-o json] FILTER [FILE...]", "Take YAML apart", async yq::yq),
];

/// The program of a name.
pub fn find(name: &str) -> Option<&'static Builtin> {
    BUILTINS.iter().find(|b| b.name == name)
}

/// Every command that can be typed.
pub fn all_names() -> Vec<String> {
    let mut names: Vec<String> = BUILTINS.iter().map(|b| b.name.to_owned()).collect();
    names.extend(super::special::NAMES.map(str::to_owned));
    names.extend(
        [
            "[", "[[", "case", "for", "function", "if", "select", "test", "time", "until", "while",
        ]
        .map(str::to_owned),
    );
    names.sort();
    names.dedup();
    names
}

/// Runs a command by name.
pub fn run<'a>(
    shell: &'a Rc<Shell>,
    io: Io,
    name: &'a str,
    arguments: &'a [String],
) -> LocalFuture<'a, i32> {
    Box::pin(async move {
        // A path leads to the same programs.
        let bare = ["/usr/bin/", "/bin/", "/usr/local/bin/"]
            .iter()
            .find_map(|folder| name.strip_prefix(folder))
            .unwrap_or(name);
        let Some(builtin) = find(bare) else {
            let script = name.contains('/').then(|| shell.read_file(name)).flatten();
            if let Some(text) = script {
                let inner = io.subshell();
                inner.scope.borrow_mut().arguments = arguments.to_vec();
                return super::run::run_line(shell, &inner, &text).await;
            }
            return fail(&io, &format!("sh: {name}: command not found"), 127);
        };
        if arguments.len() == 1
            && arguments.first().is_some_and(|a| a == "--help")
            && !matches!(bare, "k" | "kubectl" | "echo" | "printf")
        {
            return help(&io, &[bare.to_owned()]);
        }
        (builtin.run)(shell, &io, arguments).await
    })
}

fn fail(io: &Io, message: &str, code: i32) -> i32 {
    io.err.line(message);
    code
}

fn say(io: &Io, text: &str) -> i32 {
    io.out.line(text);
    0
}

fn clear(io: &Io) -> i32 {
    match &io.out {
        Sink::Screen(screen, _) => screen.push(Stream::Clear, ""),
        other => other.write("\u{1b}[H\u{1b}[2J"),
    }
    0
}

fn history(shell: &Shell, io: &Io, arguments: &[String]) -> i32 {
    let mut state = shell.state.borrow_mut();
    let most = match arguments.first().map(String::as_str) {
        Some("-c") => {
            state.history.clear();
            return 0;
        }
        Some(word) => match word.parse() {
            Ok(most) => most,
            Err(_) => {
                let message = format!("sh: history: {word}: numeric argument required");
                return fail(io, &message, 1);
            }
        },
        None => usize::MAX,
    };
    let skip = state.history.len().saturating_sub(most);
    for (i, line) in state.history.iter().enumerate().skip(skip) {
        io.out.line(&format!("{:5}  {line}", i + 1));
    }
    0
}

fn help(io: &Io, words: &[String]) -> i32 {
    if let Some(name) = words.first() {
        if let Some(builtin) = find(name) {
            io.out.line(&format!("usage: {name} {}", builtin.usage));
            io.out.line(&format!("{}.", builtin.about));
            return 0;
        }
        if super::special::NAMES.contains(&name.as_str()) {
            io.out
                .line(&format!("{name}: a part of the shell, as in bash"));
            return 0;
        }
        return fail(io, &format!("No manual entry for {name}"), 16);
    }
    io.out.line("Programs:");
    let width = BUILTINS.iter().map(|b| b.name.len()).max().unwrap_or(0);
    for builtin in BUILTINS {
        io.out
            .line(&format!("  {:width$}  {}", builtin.name, builtin.about));
    }
    io.out.line("\nThe shell itself knows:");
    io.out
        .line(&format!("  {}", super::special::NAMES.join(" ")));
    io.out.line(
        "  if for while until case select function [[ (( time ! & | && || < > >> << <<< <( )",
    );
    io.out
        .line("\n'help COMMAND' says how a command is called.");
    0
}

/// `env [-i] [-u NAME] [NAME=VALUE...] [COMMAND]`
fn env<'a>(shell: &'a Rc<Shell>, io: &'a Io, arguments: &'a [String]) -> LocalFuture<'a, i32> {
    Box::pin(async move {
        let mut io = io.clone();
        let mut own = (*io.env).clone();
        let mut rest = arguments;
        while let Some((first, tail)) = rest.split_first() {
            let options = first.strip_prefix('-').filter(|_| first != "--");
            let (word, value) = match (options, first.as_str()) {
                (None, "--") => {
                    rest = tail;
                    break;
                }
                (None, _) => break,
                (Some("-unset" | "u" | "C" | "S"), _) => {
                    let value = tail.first();
                    rest = tail.get(1..).unwrap_or_default();
                    (options.unwrap_or_default(), value.cloned())
                }
                (Some(word), _) => {
                    rest = tail;
                    match word.strip_prefix("-unset=").or(word.strip_prefix('u')) {
                        Some(name) => ("u", Some(name.to_owned())),
                        None => (word, None),
                    }
                }
            };
            match (word, value) {
                ("" | "i" | "-ignore-environment", _) => {
                    io = io.subshell();
                    let mut scope = io.scope.borrow_mut();
                    scope.exported.clear();
                    scope.variables.clear();
                    scope.arrays.clear();
                    own.clear();
                }
                ("u" | "-unset", Some(name)) => {
                    io = io.subshell();
                    let mut scope = io.scope.borrow_mut();
                    scope.exported.retain(|n| *n != name);
                    scope.variables.remove(&name);
                    own.retain(|(n, _)| *n != name);
                }
                ("u" | "-unset", None) => {
                    return fail(&io, "env: option requires an argument -- 'u'", 125);
                }
                (word, _) => {
                    let message = match word.strip_prefix('-') {
                        Some(_) => format!("env: unrecognized option '-{word}'"),
                        None => format!(
                            "env: invalid option -- '{}'",
                            word.chars().next().unwrap_or('-')
                        ),
                    };
                    return fail(&io, &message, 125);
                }
            }
        }
        while let Some((first, tail)) = rest.split_first() {
            let Some((name, value)) = first.split_once('=') else {
                break;
            };
            own.retain(|(n, _)| n != name);
            own.push((name.to_owned(), value.to_owned()));
            rest = tail;
        }
        if let Some((name, arguments)) = rest.split_first() {
            let inner = Io {
                env: Rc::new(own),
                ..io.clone()
            };
            // It runs programs; of what the shell does itself, a shell is one, too.
            if matches!(name.as_str(), "sh" | "bash")
                && let Some(ended) = super::special::run(shell, &inner, name, arguments).await
            {
                return ended.code;
            }
            if find(name).is_none() && !name.contains('/') {
                let message = format!("env: '{name}': No such file or directory");
                return fail(&io, &message, 127);
            }
            return run(shell, inner, name, arguments).await;
        }
        let scope = io.scope.borrow();
        for name in &scope.exported {
            let hidden = own.iter().any(|(n, _)| n == name);
            if let Some(value) = scope.variables.get(name).filter(|_| !hidden) {
                io.out.line(&format!("{name}={value}"));
            }
        }
        for (name, value) in &own {
            io.out.line(&format!("{name}={value}"));
        }
        0
    })
}

/// `sudo [-E] [NAME=VALUE...] command`: everybody is root here.
fn sudo<'a>(shell: &'a Rc<Shell>, io: &'a Io, arguments: &'a [String]) -> LocalFuture<'a, i32> {
    Box::pin(async move {
        let mut rest = arguments;
        let mut own = (*io.env).clone();
        let mut is_shell = false;
        while let Some((word, tail)) = rest.split_first() {
            match word.split_once('=') {
                Some((name, value)) if super::lex::is_name(name) => {
                    own.push((name.to_owned(), value.to_owned()));
                }
                _ if matches!(word.as_str(), "-i" | "-s") => is_shell = true,
                _ if matches!(word.as_str(), "-E" | "-n" | "-H" | "--") => {}
                _ => break,
            }
            rest = tail;
        }
        let inner = Io {
            env: Rc::new(own),
            ..io.clone()
        };
        match rest.split_first() {
            // A shell of root's is what this one is already.
            Some((name, _)) if name == "su" => 0,
            Some((name, arguments)) => run(shell, inner, name, arguments).await,
            None if is_shell => 0,
            None => fail(io, "usage: sudo command", 1),
        }
    })
}

async fn sleep(shell: &Shell, io: &Io, arguments: &[String]) -> i32 {
    let mut total = Duration::ZERO;
    for argument in arguments {
        match seconds(argument) {
            Some(span) => total = total.saturating_add(span),
            None => return fail(io, &format!("sleep: invalid time interval '{argument}'"), 1),
        }
    }
    if arguments.is_empty() {
        return fail(io, "sleep: missing operand", 1);
    }
    // More than a year is for ever.
    shell
        .world
        .sleep(total.min(Duration::from_secs(365 * 86_400)))
        .await;
    0
}

/// `5`, `0.5`, `2m`, `1h`, `1d`.
fn seconds(text: &str) -> Option<Duration> {
    let (digits, factor) = match text.strip_suffix('d') {
        Some(days) => (format!("{days}h"), 24),
        None if text.ends_with(|c: char| c.is_ascii_digit()) => (format!("{text}s"), 1),
        None => (text.to_owned(), 1),
    };
    let nanos = crate::api::rfc3339::parse_go_duration(&digits).ok()?;
    let nanos = u64::try_from(nanos).ok()?;
    Some(Duration::from_nanos(nanos.saturating_mul(factor)))
}

/// The text of the named files, or of the input.
async fn read_all(shell: &Shell, io: &Io, who: &str, names: &[&str]) -> Result<String, String> {
    if names.is_empty() {
        return Ok(match &io.input {
            Some(pipe) => pipe.rest().await,
            None => String::new(),
        });
    }
    let mut text = String::new();
    for name in names {
        if *name == "-" {
            if let Some(pipe) = &io.input {
                text.push_str(&pipe.rest().await);
            }
            continue;
        }
        match shell.read_file(name) {
            Some(file) => text.push_str(&file),
            None => return Err(format!("{who}: {name}: No such file or directory")),
        }
    }
    Ok(text)
}

/// The lines of the named files, or of the input as they come.
struct Lines {
    pipe: Option<Rc<Pipe>>,
}

impl Lines {
    /// The lines of a text.
    fn of(text: &str) -> Lines {
        Lines {
            pipe: Some(Pipe::of(text)),
        }
    }

    fn open(shell: &Shell, io: &Io, who: &str, names: &[&str]) -> Result<Lines, String> {
        if names.is_empty() || names == ["-"] {
            return Ok(Lines {
                pipe: io.input.clone(),
            });
        }
        let mut text = String::new();
        for name in names {
            match shell.read_file(name) {
                Some(file) => text.push_str(&file),
                None => return Err(format!("{who}: {name}: No such file or directory")),
            }
        }
        Ok(Lines::of(&text))
    }

    /// The next line, with its newline if it has one.
    async fn next(&self) -> Option<String> {
        match &self.pipe {
            Some(pipe) => pipe.line().await,
            None => None,
        }
    }
}
