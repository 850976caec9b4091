//! Scripts, and what they print.

use std::rc::Rc;
use std::time::Duration;

use super::{FetchError, Machine, Pause, Shell};
use crate::kubelet::runtime::files::{FileError, Files};
use crate::kubelet::runtime::typed::Typed;
use crate::sim::ordered::Map as BTreeMap;
use crate::sim::{Note, Time, millis, secs};

struct Box {
    now: Time,
    files: Files,
    typed: Typed,
}

impl Machine for Box {
    fn now(&self) -> Time {
        self.now
    }
    fn typed(&mut self) -> &mut Typed {
        &mut self.typed
    }
    fn read(&self, path: &str) -> Result<Rc<str>, FileError> {
        self.files.read(path)
    }
    fn write(&mut self, path: &str, text: &str, append: bool) -> Result<(), FileError> {
        self.files.write(path, text, append)
    }
    fn fill(&mut self, path: &str, bytes: u64) -> Result<(), FileError> {
        self.files.fill(path, bytes)
    }
    fn used(&self, path: &str) -> u64 {
        self.files.used(path)
    }
    fn remove(&mut self, path: &str) -> Result<(), FileError> {
        match self.files.remove(path) {
            true => Ok(()),
            false => Err(FileError::Missing),
        }
    }
    fn is_folder(&self, path: &str) -> bool {
        path == "/tmp" || self.files.is_folder(path)
    }
    fn make_folder(&mut self, path: &str) -> Result<(), FileError> {
        self.files.make_folder(path);
        Ok(())
    }
    fn enter(&self, _: &str) -> Result<(), FileError> {
        Ok(())
    }
    fn list(&self, path: &str) -> Result<Vec<String>, FileError> {
        Ok(self.files.list(path))
    }
    fn note(&self, path: &str) -> Option<Note> {
        let tmp = (path == "/tmp").then(|| self.files.note("/")).flatten();
        self.files.note(path).or(tmp)
    }
    fn set_note(&mut self, path: &str, note: Note) -> Result<(), FileError> {
        self.files.set_note(path, note);
        Ok(())
    }
    fn make_twin(&mut self, path: &str, of: &str) -> Result<(), FileError> {
        self.files.make_twin(path, of)
    }
    fn names_of(&self, path: &str) -> usize {
        self.files.twins(path).map_or(1, Vec::len)
    }
    fn lacks(&self, _: &str) -> bool {
        false
    }
    fn is_small(&self) -> bool {
        true
    }
    fn memory(&self) -> u64 {
        8 << 30
    }
    fn listening(&self) -> Vec<(u16, u32, Rc<str>)> {
        vec![(80, 1, "server".into())]
    }
    fn link(&self, path: &str) -> Option<Rc<str>> {
        self.files.link(path).cloned()
    }
    fn make_link(&mut self, path: &str, target: &str) -> Result<(), FileError> {
        self.files.make_link(path, target)
    }
    fn set_mask(&mut self, _: u16) {}
    fn mounts(&self) -> String {
        "overlay / overlay rw 0 0\n".to_owned()
    }
    fn user(&self) -> (i64, i64, Vec<i64>) {
        (0, 0, vec![0])
    }
    fn processes(&self) -> Rc<[super::Seen]> {
        Rc::new([super::Seen {
            pid: 1,
            user: 0,
            title: "sh".into(),
        }])
    }
    fn own_pid(&self) -> u32 {
        1
    }
    fn signal(&mut self, _: u32, _: u8) {}
    fn hostname(&self) -> String {
        "box".to_owned()
    }
    fn resolve(&self, host: &str) -> Option<Vec<String>> {
        (host == "mydb").then(|| vec!["10.96.0.7".to_owned()])
    }
    fn fetch(&mut self, _: &str, _: u16, path: &str) -> Result<(u16, String), FetchError> {
        match path {
            "/" => Ok((200, "hi\n".to_owned())),
            _ => Ok((404, String::new())),
        }
    }
    fn call(&mut self, _: crate::client::wire::Ask) -> Option<u64> {
        None
    }
    fn resolver(&self) -> String {
        "10.96.0.10".to_owned()
    }
    fn is_own(&self, _: &str) -> bool {
        true
    }
    fn connects(&mut self, _: &str, port: u16) -> bool {
        port == 80
    }
    fn command(&self, _: &str) -> Option<Rc<str>> {
        None
    }
    fn is_program(&self, name: &str) -> bool {
        name == "nginx"
    }
    fn is_undeclared(&self) -> bool {
        false
    }
    fn random(&mut self, bound: u64) -> u64 {
        bound / 2
    }
}

/// Runs a script to its end or for so many pauses; output, how it ended, and the time taken.
fn run(script: &str, pauses: usize) -> (String, Pause, Duration) {
    let mut machine = Box {
        typed: Typed::default(),
        now: Time::EPOCH,
        files: Files::default(),
    };
    let mut shell = match Shell::new(script, Vec::new(), BTreeMap::new(), "/", Time::EPOCH) {
        Ok(shell) => shell,
        Err(message) => return (message, Pause::Exit(2), Duration::ZERO),
    };
    let mut output = Vec::new();
    let mut pause = Pause::Forever;
    for _ in 0..=pauses {
        pause = shell.resume(&mut machine);
        output.append(&mut shell.take_lines());
        match pause {
            Pause::Until(at) => machine.now = at,
            _ => break,
        }
    }
    (output.join("|"), pause, machine.now.since(Time::EPOCH))
}

fn output(script: &str) -> String {
    let (output, pause, _) = run(script, 50);
    assert!(matches!(pause, Pause::Exit(_)), "{script}: {pause:?}");
    output
}

#[test]
fn subshells_keep_to_themselves() {
    for (script, expected) in [
        ("(cd /tmp; x=2; pwd); pwd; echo ${x:-none}", "/tmp|/|none"),
        ("(exit 3); echo $?; (exit 4) || echo failed", "3|failed"),
        (
            "sh -c 'exit 5'; echo $?; sh -c 'x=1; echo $x'; echo ${x:-none}",
            "5|1|none",
        ),
        ("sh -c 'echo $0'; bash -c 'echo $0 $1' a b", "sh|a b"),
        (
            "printf 'echo $0 $1\\nexit 7\\necho no\\n' > /tmp/s; sh /tmp/s a; echo $?",
            "/tmp/s a|7",
        ),
        ("set -e; (false; echo no); echo never", ""),
        ("set -e; (false; echo no) || echo yes", "no|"),
        ("sh -c 'set -e; false; echo no'; echo $?", "1"),
        ("for i in 1 2; do (break; echo in $i); done; echo $i", "2"),
        (
            "f() (x=1; return 3; echo no); f; echo $? ${x:-none}",
            "3 none",
        ),
        ("(trap 'echo bye' EXIT; exit 2); echo $?", "bye|2"),
        ("(trap 'exit 4' EXIT; exit 2); echo $?", "4"),
        (
            "(f() { echo once; trap f EXIT; }; trap f EXIT; exit 2); echo $?",
            "once|2",
        ),
        (
            "trap 'echo outer' EXIT; (echo in); echo out",
            "in|out|outer",
        ),
        (
            "echo a | while read l; do x=$l; exit 3; done; echo $? ${x:-none}",
            "3 none",
        ),
        ("x=$( (echo one; exit 1) ); echo $x $?", "one 1"),
        ("( (exit 1); echo $?; (exit 2) ); echo $?", "1|2"),
        ("false; x=1; echo $?; y=$(exit 3); echo $?", "0|3"),
        ("x=1; { x=2; }; echo $x; f() { x=3; }; f; echo $x", "2|3"),
    ] {
        let expected = expected.trim_end_matches('|');
        assert_eq!(output(script), expected, "{script}");
    }
}

#[test]
fn scripts_print_what_a_shell_prints() {
    for (script, expected) in [
        ("echo a b   c; echo 'd  e' \"f  g\"", "a b c|d  e f  g"),
        ("x=1; y=$x$x; echo ${y}2 ${z:-none} ${#y}", "112 none 2"),
        ("false && echo no || echo yes; true && echo and", "yes|and"),
        ("if [ 3 -gt 2 ]; then echo more; else echo less; fi", "more"),
        (
            "for i in 1 2 3; do [ $i = 2 ] && continue; echo $i; done",
            "1|3",
        ),
        (
            "i=0; while [ $i -lt 3 ]; do i=$((i + 1)); done; echo $i",
            "3",
        ),
        ("echo $(echo inner) `echo back`", "inner back"),
        (
            "echo a > /tmp/f; echo b >> /tmp/f; cat /tmp/f; cat < /tmp/f | wc -l",
            "a|b|2",
        ),
        (
            "cat /nope || echo $?",
            "cat: can't open '/nope': No such file or directory|1",
        ),
        ("cat /nope 2>/dev/null; echo $?", "1"),
        (
            "case abc in a*) echo begins;; *) echo other;; esac",
            "begins",
        ),
        ("f() { echo \"f $1\"; return 3; }; f x; echo $?", "f x|3"),
        ("printf '%s-%s\\n' a b; echo -n c; echo d", "a-b|cd"),
        ("set -e; false; echo unreachable", ""),
        ("set -e; if false; then :; fi; false || echo fine", "fine"),
        ("echo one two | { read a b; echo $b $a; }", "two one"),
        (
            "p=/a/b.txt; echo ${p##*/} ${p%.txt} $(basename $p)",
            "b.txt /a/b b.txt",
        ),
        ("cat <<END\nx=$((1+2*3))\nEND", "x=7"),
        (
            "until nslookup mydb > /dev/null; do sleep 2; done; echo found",
            "found",
        ),
        ("nosuchcommand; echo $?", "sh: nosuchcommand: not found|127"),
        (
            "wget -qO- localhost; curl -s -o /dev/null -w '%{http_code}' http://localhost/x",
            "hi|404",
        ),
        (
            "[ -f /x ] || touch /x; [ -f /x ] && echo there; rm /x; ls /x",
            "there|ls: /x: No such file or directory",
        ),
        ("! true; echo $?; echo \"$HOME\" | grep -c x", "1|0"),
        ("sh -c 'echo $0 $1' a b", "a b"),
        ("echo >&2 err", "err"),
        (
            "printf 'a b\\nc d\\n' | awk '{print $2}' | sed 's/d/D/'",
            "b|D",
        ),
        ("printf '%03d|%5.1f|%x\\n' 7 2.5 255", "007|  2.5|ff"),
        (
            "echo a=1 > /tmp/c; sed -i.bak 's/1/2/' /tmp/c; cat /tmp/c /tmp/c.bak",
            "a=2|a=1",
        ),
        (
            "seq 3 | paste -sd+; expr 2 '*' 3; echo hi | md5sum | cut -c1-6",
            "1+2+3|6|764efa",
        ),
        (
            "mkdir -p /tmp/d; touch /tmp/d/x.conf /tmp/d/y; find /tmp/d -name '*.conf'; find /tmp/d -type f | wc -l",
            "/tmp/d/x.conf|2",
        ),
        (
            "awk 'BEGIN { while (1) x++ }'; echo $?",
            "awk: the program runs too long|2",
        ),
        (
            "f() { for a in \"$@\"; do echo \"<$a>\"; done; }; f 'a b' c",
            "<a b>|<c>",
        ),
    ] {
        assert_eq!(output(script), expected, "{script}");
    }
}

#[test]
fn sleeping_takes_time() {
    assert_eq!(run("sleep 2; sleep 0.5; exit 4", 9).1, Pause::Exit(4));
    assert_eq!(run("sleep 2; sleep 0.5", 9).2, millis(2500));
    assert_eq!(run("sleep 1m | cat; sleep $(echo 1)", 9).2, secs(61));
    assert_eq!(run("sleep 1 & sleep 3 & wait; echo done", 9).2, secs(3));
    assert_eq!(run("sleep infinity", 9).1, Pause::Forever);
    assert_eq!(run("tail -f /dev/null", 9).1, Pause::Forever);
    let (_, pause, _) = run("exec nginx -g 'daemon off;'", 9);
    assert!(matches!(pause, Pause::Exec(words) if &*words[0] == "nginx"));
}

#[test]
fn nothing_runs_for_ever() {
    // Virtual time passes, a step at a time.
    assert_eq!(run("while true; do :; done", 3).2, secs(4));
    let (_, pause, _) = run("f() { f; }; f", 3);
    assert!(matches!(pause, Pause::Exit(2) | Pause::Until(_)));
    run("f() { $(f); }; f", 3);
    run("x=aaaaaaaaaa; while true; do x=$x$x; done", 2);
    run("while true; do echo x; done | cat", 2);
    run("while true; do sleep 9 & done", 2);
    run("eval $(echo eval eval eval); f() { f | f; }; f", 2);
}

#[test]
fn traps_catch_sigterm() {
    let script = "trap 'echo bye; exit 5' TERM; sleep 100 & wait";
    let mut machine = Box {
        typed: Typed::default(),
        now: Time::EPOCH,
        files: Files::default(),
    };
    let shell = Shell::new(script, Vec::new(), BTreeMap::new(), "/", Time::EPOCH);
    let mut shell = shell.expect("it parses");
    shell.resume(&mut machine);
    assert!(shell.terminate(Time::EPOCH));
    assert_eq!(shell.resume(&mut machine), Pause::Exit(5));
    assert_eq!(shell.take_lines(), ["bye"]);
    let plain = Shell::new("sleep 9", Vec::new(), BTreeMap::new(), "/", Time::EPOCH);
    assert!(!plain.expect("it parses").terminate(Time::EPOCH));
}
