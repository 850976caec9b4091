//! What looks around in a container: `find`, `ip`, `ifconfig`, `top`; and the editors that it has not.

use std::rc::Rc;

use crate::kubelet::runtime::files::{FileError, absolute};
use crate::kubelet::runtime::shell::Machine;
use crate::kubelet::runtime::shell::expand::matches;
use crate::kubelet::runtime::shell::run::Shell;

/// `find` lists no more, and goes no deeper.
const MOST_FOUND: usize = 10_000;
const DEEPEST: usize = 32;

/// What `find` asks of a file.
enum Test {
    Name(Rc<str>, bool),
    Path(Rc<str>),
    /// `d`, `f` or `l`.
    Type(char),
    Empty,
    Not(Box<Test>),
}

struct Search {
    tests: Vec<Test>,
    deepest: usize,
    least: usize,
    deletes: bool,
    end: char,
    found: Vec<String>,
}

impl Shell {
    pub(super) fn look(&mut self, name: &str, args: &[Rc<str>], m: &mut dyn Machine) -> i32 {
        let text = match name {
            "find" => return self.find(args, m),
            "ip" => match args.iter().find(|a| !a.starts_with('-')).map(|a| &**a) {
                Some("a" | "addr" | "address") => addresses(m),
                Some("r" | "route") => {
                    let address = address(m);
                    let gate = gateway(&address);
                    format!(
                        "default via {gate} dev eth0\n{gate} dev eth0 scope link  src {address}\n"
                    )
                }
                Some("link" | "l") => links(),
                _ => {
                    let usage = "Usage: ip [ OPTIONS ] { addr | route | link } [ ... ]\n";
                    self.print(2, usage, m);
                    return 1;
                }
            },
            "ifconfig" => {
                let address = address(m);
                format!(
                    "eth0      Link encap:Ethernet\n          inet addr:{address}  Mask:255.255.255.255\n          UP BROADCAST RUNNING MULTICAST  MTU:1500  Metric:1\n\nlo        Link encap:Local Loopback\n          inet addr:127.0.0.1  Mask:255.0.0.0\n          UP LOOPBACK RUNNING  MTU:65536  Metric:1\n\n"
                )
            }
            "top" => {
                let processes = m.processes();
                let mut text = "  PID  PPID USER     STAT   VSZ %VSZ CPU %CPU COMMAND\n".to_owned();
                for seen in processes.iter() {
                    let user = super::words::user_of(seen.user);
                    text.push_str(&format!(
                        "{:5} {:5} {user:<8} S        0   0%   0   0% {}\n",
                        seen.pid, 0, seen.title
                    ));
                }
                text
            }
            name => {
                let message = format!(
                    "{name}: there is no editor in this container. Write the file with a here-document (cat > FILE <<EOF), change it with sed -i, or put it into a ConfigMap\n"
                );
                self.print(2, &message, m);
                return 1;
            }
        };
        self.print(1, &text, m);
        0
    }

    fn find(&mut self, args: &[Rc<str>], m: &mut dyn Machine) -> i32 {
        let mut search = Search {
            tests: Vec::new(),
            deepest: DEEPEST,
            least: 0,
            deletes: false,
            end: '\n',
            found: Vec::new(),
        };
        let mut roots: Vec<&str> = Vec::new();
        let mut words = args.iter();
        let mut negated = false;
        while let Some(word) = words.next() {
            let test = match &**word {
                "!" | "-not" => {
                    negated = !negated;
                    continue;
                }
                "-name" | "-iname" => Test::Name(
                    words.next().cloned().unwrap_or_default(),
                    &**word == "-iname",
                ),
                "-path" => Test::Path(words.next().cloned().unwrap_or_default()),
                "-type" => Test::Type(words.next().and_then(|k| k.chars().next()).unwrap_or('f')),
                "-empty" => Test::Empty,
                "-maxdepth" | "-mindepth" => {
                    let number = words.next().and_then(|n| n.parse::<usize>().ok());
                    match (&**word, number) {
                        ("-maxdepth", Some(number)) => search.deepest = number.min(DEEPEST),
                        (_, Some(number)) => search.least = number,
                        _ => return self.refuse(&format!("find: bad number for {word}"), m),
                    }
                    continue;
                }
                "-print" | "-a" | "-and" | "-xdev" | "-follow" | "-L" | "-H" => continue,
                "-print0" => {
                    search.end = '\0';
                    continue;
                }
                "-delete" => {
                    search.deletes = true;
                    continue;
                }
                option if option.starts_with('-') && option.len() > 1 => {
                    return self.refuse(&format!("find: unrecognized: {option}"), m);
                }
                root => {
                    roots.push(root);
                    continue;
                }
            };
            search.tests.push(match std::mem::take(&mut negated) {
                true => Test::Not(Box::new(test)),
                false => test,
            });
        }
        if roots.is_empty() {
            roots.push(".");
        }
        let mut status = 0;
        for root in roots {
            let path = absolute(&self.folder, root);
            if !m.is_folder(&path)
                && let Err(error @ FileError::Missing) = m.read(&path)
            {
                let message = format!("find: {root}: {}\n", error.text());
                self.print(2, &message, m);
                status = 1;
                continue;
            }
            walk(m, &path, root, 0, &mut search);
        }
        if search.deletes {
            for shown in search.found.iter().rev() {
                let path = absolute(&self.folder, shown);
                if let Err(error) = m.remove(&path) {
                    let message = format!("find: {shown}: {}\n", error.text());
                    self.print(2, &message, m);
                    status = 1;
                }
            }
            return status;
        }
        let end = search.end;
        let text: String = search.found.iter().map(|f| format!("{f}{end}")).collect();
        self.print(1, &text, m);
        status
    }

    fn refuse(&mut self, message: &str, m: &mut dyn Machine) -> i32 {
        self.print(2, &format!("{message}\n"), m);
        1
    }
}

fn walk(m: &dyn Machine, path: &str, shown: &str, depth: usize, search: &mut Search) {
    if search.found.len() >= MOST_FOUND || depth > search.deepest {
        return;
    }
    let folder = m.is_folder(path);
    let fits = depth >= search.least
        && search
            .tests
            .iter()
            .all(|t| holds(t, m, path, shown, folder));
    if fits {
        search.found.push(shown.to_owned());
    }
    if !folder || m.link(path).is_some() {
        return;
    }
    for name in m.list(path).unwrap_or_default() {
        let below = |base: &str| format!("{}/{name}", base.trim_end_matches('/'));
        walk(m, &below(path), &below(shown), depth + 1, search);
    }
}

fn holds(test: &Test, m: &dyn Machine, path: &str, shown: &str, folder: bool) -> bool {
    match test {
        Test::Name(pattern, folded) => {
            let name = shown
                .trim_end_matches('/')
                .rsplit('/')
                .next()
                .unwrap_or(shown);
            match folded {
                true => matches(&pattern.to_lowercase(), &name.to_lowercase()),
                false => matches(pattern, name),
            }
        }
        Test::Path(pattern) => matches(pattern, shown),
        Test::Type(wanted) => {
            let kind = match (m.link(path).is_some(), folder) {
                (true, _) => 'l',
                (false, true) => 'd',
                (false, false) => 'f',
            };
            *wanted == kind
        }
        Test::Empty => match folder {
            true => m.list(path).is_ok_and(|names| names.is_empty()),
            false => m.used(path) == 0,
        },
        Test::Not(test) => !holds(test, m, path, shown, folder),
    }
}

/// The address of the pod, as its hosts file has it.
fn address(m: &dyn Machine) -> String {
    let hosts = m.read("/etc/hosts").unwrap_or_default();
    let name = m.hostname();
    let own = hosts.lines().find_map(|line| {
        let mut words = line.split_whitespace();
        let address = words.next()?;
        (words.any(|w| w == name) && address != "127.0.0.1").then(|| address.to_owned())
    });
    own.unwrap_or_else(|| "127.0.0.1".to_owned())
}

/// The first address of the network.
fn gateway(address: &str) -> String {
    match address.rsplit_once('.') {
        Some((network, _)) => format!("{network}.1"),
        None => address.to_owned(),
    }
}

fn links() -> String {
    "1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN qlen 1000\n    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00\n2: eth0@if7: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP\n".to_owned()
}

fn addresses(m: &dyn Machine) -> String {
    let address = address(m);
    format!(
        "1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN qlen 1000\n    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00\n    inet 127.0.0.1/8 scope host lo\n       valid_lft forever preferred_lft forever\n2: eth0@if7: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP\n    inet {address}/32 scope global eth0\n       valid_lft forever preferred_lft forever\n"
    )
}
