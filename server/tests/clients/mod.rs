//! A server of its own for each test, and clients of it.

// Not every test file uses all of it.
#![allow(dead_code)]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// How long anything may take; machines that test are slow.
const PATIENCE: Duration = Duration::from_secs(120);

/// A folder that no other test has.
pub fn folder(name: &str) -> PathBuf {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let unique = format!("{name}-{}-{number}", std::process::id());
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(unique);
    fs::create_dir_all(&folder).expect("a folder");
    folder
}

/// A server that runs until the test ends.
pub struct Server {
    child: Child,
    pub folder: PathBuf,
}

impl Server {
    /// Starts one on a free port, and waits until it lets an administrator in.
    pub fn start(arguments: &[&str]) -> Server {
        let folder = folder("server");
        let log = fs::File::create(folder.join("log")).expect("a file");
        let config = folder.join("kubeconfig");
        let child = Command::new(env!("CARGO_BIN_EXE_kubarium-server"))
            .args(["--listen=127.0.0.1:0", "--kubeconfig"])
            .arg(&config)
            .args(arguments)
            .stdin(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("the server starts");
        let mut server = Server { child, folder };
        let begun = Instant::now();
        while !config.is_file() {
            let ended = server.child.try_wait().expect("its state");
            assert!(ended.is_none(), "the server ended: {}", server.log());
            assert!(
                begun.elapsed() < PATIENCE,
                "no kubeconfig: {}",
                server.log()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
        server
    }

    pub fn kubeconfig(&self) -> PathBuf {
        self.folder.join("kubeconfig")
    }

    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    /// Waits until a text was logged so often.
    pub fn wait_for_log(&self, text: &str, times: usize) {
        let begun = Instant::now();
        while self.log().matches(text).count() < times {
            assert!(begun.elapsed() < PATIENCE, "no {text:?}: {}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Sends SIGTERM, and tells the exit code.
    pub fn terminate(&self) -> Option<i32> {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args(["-TERM", &id]).status();
        assert!(sent.expect("kill runs").success());
        let begun = Instant::now();
        // `wait` would need the child for itself; the state in /proc tells as well.
        let log = loop {
            let log = self.log();
            if log.contains("\nkubarium-server: ending") && !is_alive(&id) {
                break log;
            }
            assert!(
                begun.elapsed() < Duration::from_secs(10),
                "it does not end: {log}"
            );
            std::thread::sleep(Duration::from_millis(20));
        };
        (!log.contains("panicked")).then_some(0)
    }
}

/// A process that has ended and was not waited for is a zombie.
fn is_alive(id: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    !stat.is_empty() && !stat.contains(") Z ")
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// `kubectl` with a server behind it.
pub struct Kubectl {
    pub server: Server,
    program: String,
}

/// The program to run; `None` when there is none, which is said.
fn program(variable: &str, name: &str, version: &[&str]) -> Option<String> {
    let program = std::env::var(variable).unwrap_or_else(|_| name.to_owned());
    let found = Command::new(&program).args(version).output();
    if found.is_ok_and(|output| output.status.success()) {
        return Some(program);
    }
    println!("SKIPPED: there is no {name} on PATH (and {variable} names none)");
    None
}

impl Kubectl {
    /// `None` when there is no kubectl: the test is skipped then, and says so.
    pub fn on(server: Server) -> Option<Kubectl> {
        let program = program("KUBECTL", "kubectl", &["version", "--client"])?;
        Some(Kubectl { server, program })
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command
            .env("KUBECONFIG", self.server.kubeconfig())
            .env("HOME", &self.server.folder)
            .env("KUBECTL_EXTERNAL_DIFF", "diff -u -N")
            .args(arguments)
            .stdin(Stdio::null());
        command
    }

    /// Writes a file next to the server's; its path.
    pub fn file(&self, name: &str, text: &str) -> String {
        let path = self.server.folder.join(name);
        fs::write(&path, text).expect("a file");
        path.to_str().expect("a path that is text").to_owned()
    }

    /// What `curl` prints that is asked for a path in the name of an account, with the code of the answer behind it;
    /// `None` when there is no curl, which is said.
    pub fn curl(&self, token: &str, path: &str, more: &[&str]) -> Option<String> {
        let program = program("CURL", "curl", &["--version"])?;
        let config = fs::read_to_string(self.server.kubeconfig()).expect("the kubeconfig");
        let server = config
            .lines()
            .find_map(|l| l.trim().strip_prefix("server: "));
        let url = format!("{}{path}", server.expect("the server's address"));
        let output = Command::new(program)
            .args(["-sk", "--globoff", "-w", "|%{http_code}", "-H"])
            .arg(format!("Authorization: Bearer {token}"))
            .args(more)
            .arg(url)
            .stdin(Stdio::null())
            .output()
            .expect("curl runs");
        Some(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// A kubeconfig that knows a token and no certificate.
    pub fn with_token(&self, token: &str) -> String {
        let config = fs::read_to_string(self.server.kubeconfig()).expect("the kubeconfig");
        let users = config.find("users:").expect("users");
        let text = format!(
            "{}users:\n- name: kubernetes-admin\n  user: {{token: {token}}}\n",
            &config[..users]
        );
        self.file("token-config", &text)
    }

    /// What it prints, both streams together, and its exit code.
    pub fn runs(&self, arguments: &[&str]) -> (String, i32) {
        let Output {
            status,
            stdout,
            stderr,
        } = self.command(arguments).output().expect("kubectl runs");
        let mut text = String::from_utf8_lossy(&stdout).into_owned();
        text.push_str(&String::from_utf8_lossy(&stderr));
        (text, status.code().unwrap_or(-1))
    }

    /// As [`Kubectl::runs`], of a line as a shell takes it apart, in a folder; both streams in their order.
    pub fn typed(&self, line: &str, folder: &Path) -> (String, i32) {
        let script = format!("kubectl() {{ command \"$PROGRAM\" \"$@\"; }}\n{line}");
        let mut command = Command::new("sh");
        let output = command
            .env("KUBECONFIG", self.server.kubeconfig())
            .env("HOME", &self.server.folder)
            .env("KUBECTL_EXTERNAL_DIFF", "diff -u -N")
            .env("PROGRAM", &self.program)
            .args(["-c", &format!("exec 2>&1\n{script}")])
            .current_dir(folder)
            .stdin(Stdio::null())
            .output()
            .expect("sh runs");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        (text, output.status.code().unwrap_or(-1))
    }

    /// As [`Kubectl::runs`], with something to read: the streams apart, and the exit code.
    pub fn fed(&self, arguments: &[&str], input: &str) -> (String, String, i32) {
        let mut command = self.command(arguments);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("kubectl runs");
        let mut stdin = child.stdin.take().expect("its input");
        // It may end before it has read everything.
        let _ = stdin.write_all(input.as_bytes());
        drop(stdin);
        let output = child.wait_with_output().expect("it ends");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let code = output.status.code().unwrap_or(-1);
        (text(&output.stdout), text(&output.stderr), code)
    }

    /// What it prints; it has to succeed.
    pub fn ok(&self, arguments: &[&str]) -> String {
        let (text, code) = self.runs(arguments);
        let log = self.server.log();
        assert_eq!(code, 0, "kubectl {arguments:?}: {text}\n{log}");
        text
    }

    pub fn says(&self, arguments: &[&str], expected: &str) {
        assert_eq!(self.ok(arguments), expected, "kubectl {arguments:?}");
    }

    /// Starts one that goes on.
    pub fn begin(&self, arguments: &[&str]) -> Running {
        let mut command = self.command(arguments);
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("kubectl runs");
        let (to, lines) = channel();
        let out = child.stdout.take().expect("its output");
        std::thread::spawn(move || lines_of(out, &to));
        Running { child, lines }
    }
}

fn lines_of(out: impl Read, to: &std::sync::mpsc::Sender<String>) {
    for line in BufReader::new(out).lines().map_while(Result::ok) {
        if to.send(line).is_err() {
            return;
        }
    }
}

/// A client that goes on until it is dropped.
pub struct Running {
    child: Child,
    lines: Receiver<String>,
}

impl Running {
    /// Waits for a line with a text in it.
    pub fn wait_for(&self, text: &str) {
        let begun = Instant::now();
        let mut seen = String::new();
        while let Some(left) = PATIENCE.checked_sub(begun.elapsed()) {
            let Ok(line) = self.lines.recv_timeout(left) else {
                break;
            };
            if line.contains(text) {
                return;
            }
            seen.push_str(&line);
            seen.push('\n');
        }
        panic!("{text:?} does not come; what came:\n{seen}");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
