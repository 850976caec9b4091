//! The commands that look at the network: names, connections, HTTP.

use std::rc::Rc;

use super::run::Shell;
use super::{FetchError, Machine};
use crate::kubelet::runtime::files::absolute;

impl Shell {
    pub(super) fn network(&mut self, name: &str, args: &[Rc<str>], m: &mut dyn Machine) -> i32 {
        let (flags, operands) = Shell::flags(args);
        match name {
            "nslookup" | "getent" | "ping" => {
                let host = match name {
                    "getent" => operands.get(1),
                    _ => operands.first(),
                };
                let host = host.copied().unwrap_or_default();
                self.lookup(name, host, m)
            }
            "nc" => {
                let (host, port) = match operands.as_slice() {
                    [host, port, ..] => (*host, port.parse().unwrap_or(0)),
                    _ => return 1,
                };
                i32::from(!m.connects(host, port))
            }
            _ => self.fetch(name, &flags, args, m),
        }
    }

    fn lookup(&mut self, name: &str, host: &str, m: &mut dyn Machine) -> i32 {
        let found = m.resolve(host);
        let (text, status) = match (name, found) {
            ("nslookup", Some(ips)) => {
                let answers: String = ips
                    .iter()
                    .map(|ip| format!("Name:\t{host}\nAddress: {ip}\n"))
                    .collect();
                (
                    format!("Server:\t\t10.96.0.10\nAddress:\t10.96.0.10:53\n\n{answers}\n"),
                    0,
                )
            }
            ("nslookup", None) => (
                format!(
                    "Server:\t\t10.96.0.10\nAddress:\t10.96.0.10:53\n\n** server can't find {host}: NXDOMAIN\n\n"
                ),
                1,
            ),
            ("getent", Some(ips)) => {
                let lines: String = ips.iter().map(|ip| format!("{ip}  {host}\n")).collect();
                (lines, 0)
            }
            ("ping", Some(ips)) => {
                let ip = ips.first().cloned().unwrap_or_default();
                (format!("PING {host} ({ip}): 56 data bytes\n"), 0)
            }
            ("ping", None) => (format!("ping: bad address '{host}'\n"), 1),
            _ => (String::new(), 2),
        };
        self.print(1, &text, m);
        status
    }

    /// `curl` and busybox `wget`.
    fn fetch(&mut self, name: &str, flags: &str, args: &[Rc<str>], m: &mut dyn Machine) -> i32 {
        // Flags that take a value hide it from the operands.
        const WITH_VALUE: [&str; 14] = [
            "-o",
            "-O",
            "-m",
            "-H",
            "-X",
            "-d",
            "-w",
            "-T",
            "-t",
            "-A",
            "-u",
            "--max-time",
            "--connect-timeout",
            "--timeout",
        ];
        let (mut url, mut target, mut skip, mut format) = (None, None, "", None);
        for arg in args {
            match skip {
                "" => {}
                "-w" => format = Some(arg.clone()),
                "-o" | "-O" => target = Some(arg.clone()),
                _ => {}
            }
            let taken = !skip.is_empty();
            skip = "";
            if taken {
                continue;
            }
            if WITH_VALUE.contains(&&**arg) {
                skip = arg;
            } else if name == "wget" && arg.starts_with('-') && arg.ends_with("O-") {
                target = Some("-".into());
            } else if name == "wget" && arg.starts_with('-') && arg.ends_with('O') {
                skip = "-O";
            } else if !arg.starts_with('-') {
                url = Some(arg.clone());
            }
        }
        let url = url.unwrap_or_default();
        let rest = url.strip_prefix("http://").unwrap_or(&url);
        let (authority, path) = match rest.find('/') {
            Some(at) => rest.split_at(at),
            None => (rest, "/"),
        };
        let (host, port) = match authority.split_once(':') {
            Some((host, port)) => (host, port.parse().unwrap_or(80)),
            None => (authority, 80),
        };
        let curl = name == "curl";
        match m.fetch(host, port, path) {
            Ok((status, body)) => {
                let bad = status >= 400 && (!curl || flags.contains('f'));
                if bad {
                    let text = match curl {
                        true => format!("curl: (22) The requested URL returned error: {status}\n"),
                        false => format!("wget: server returned error: HTTP/1.1 {status}\n"),
                    };
                    self.print(2, &text, m);
                    return if curl { 22 } else { 1 };
                }
                let to_output = match (curl, target.as_deref()) {
                    (_, Some("-")) | (true, None) => true,
                    (_, Some("/dev/null")) => false,
                    (_, Some(file)) => {
                        // What cannot be stored is lost, as with a full disk.
                        let _ = m.write(&absolute(&self.folder, file), &body, false);
                        false
                    }
                    (false, None) => false,
                };
                if to_output {
                    self.print(1, &body, m);
                }
                if let Some(format) = format {
                    let text = format
                        .replace("%{http_code}", &status.to_string())
                        .replace("\\n", "\n");
                    self.print(1, &text, m);
                }
                0
            }
            Err(error) => {
                let (text, status) = match (error, curl) {
                    (FetchError::UnknownHost, true) => {
                        (format!("curl: (6) Could not resolve host: {host}\n"), 6)
                    }
                    (FetchError::UnknownHost, false) => {
                        (format!("wget: bad address '{authority}'\n"), 1)
                    }
                    (FetchError::Refused, true) => (
                        format!(
                            "curl: (7) Failed to connect to {host} port {port} after 0 ms: Could not connect to server\n"
                        ),
                        7,
                    ),
                    (FetchError::Refused, false) => (
                        format!(
                            "wget: can't connect to remote host ({host}): Connection refused\n"
                        ),
                        1,
                    ),
                    (FetchError::NotSimulated, _) => (
                        format!(
                            "{name}: {host}: requests from inside a container to other hosts are not simulated\n"
                        ),
                        7,
                    ),
                };
                if !flags.contains('s') || flags.contains('S') {
                    self.print(2, &text, m);
                }
                status
            }
        }
    }
}
