//! The transcripts as `kubarium-shell` prints them: the program itself, from arguments to output.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use super::known::{self, Known, difference};
use super::normal::normal;

fn shell(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kubarium-shell"));
    command.args(arguments).output().expect("the program runs")
}

fn transcript(arguments: &[&str]) -> String {
    let output = shell(arguments);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {errors}");
    assert_eq!(errors, "", "{arguments:?}");
    String::from_utf8(output.stdout).expect("a text")
}

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

/// A folder of its own for a test, with a script in it.
fn script(name: &str, text: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&folder).expect("a folder");
    let path = folder.join("script.sh");
    fs::write(&path, text).expect("a file");
    path
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path that is text")
}

#[test]
fn the_program_tells_the_whole_story() {
    let folder = golden().join("scenario");
    let script = folder.join("commands.txt");
    let printed = transcript(&["--script", text(&script), "--nodes", "10", "--bare"]);
    let commands = fs::read_to_string(&script).expect("the commands");
    let known = known::list();
    let mut rest = printed.as_str();
    let mut compared = 0;
    let mut alike = true;
    for line in commands.lines() {
        let (heading, command) = line.split_once(": ").expect("a heading and a command");
        let begin = format!("$ {command}\n");
        rest = rest
            .strip_prefix(&begin)
            .unwrap_or_else(|| panic!("{begin} comes next: {rest}"));
        let end = rest.find("exit=").expect("an exit code");
        let end = end + rest[end..].find('\n').expect("a line's end") + 1;
        let (outcome, after) = rest.split_at(end);
        rest = after;
        let name = heading.replace(' ', "-");
        // What is skipped elsewhere has changed this cluster.
        let listed = known.get(&format!("scenario/{name}"));
        alike &= !matches!(listed, Some((Known::Skip, _)));
        if let Ok(expected) = fs::read_to_string(folder.join(format!("{name}.out")))
            && alike
            && listed.is_none()
        {
            let expected = expected.split_once('\n').map_or("", |(_, rest)| rest);
            let differs = difference(&normal(command, expected), &normal(command, outcome));
            assert_eq!(differs, "", "{name}");
            compared += 1;
        }
    }
    assert_eq!(rest, "");
    assert!(compared > 60, "{compared}");
}

#[test]
fn a_script_has_its_folders_files_and_a_context() {
    let path = script(
        "shell-script",
        "\
kubectl create ns bad
kubectl config set-context --current --namespace=bad
kubectl -n bad apply -f strategy-both-zero.yaml
kubectl -n bad apply -f label-value-long.yaml
kubectl -n bad apply -f kind-lowercase.yaml
cat > cm.yaml <<EOF
apiVersion: v1
kind: ConfigMap
metadata: {name: a}
EOF
kubectl apply -f cm.yaml && echo -n done
# Waits, in virtual time.
kubectl create deploy web --image=nginx; kubectl rollout status deploy/web | tail -1
",
    );
    let bad = golden().join("bad");
    for name in ["strategy-both-zero", "label-value-long", "kind-lowercase"] {
        let file = format!("{name}.yaml");
        fs::copy(bad.join(&file), path.with_file_name(&file)).expect("a copy");
    }
    let printed = transcript(&["--bare", "--nodes=2", "--script", text(&path)]);
    let out = |name: &str| fs::read_to_string(bad.join(format!("{name}.out"))).expect("a file");
    let expected = format!(
        "$ kubectl create ns bad\nnamespace/bad created\nexit=0\n\
         $ kubectl config set-context --current --namespace=bad\n\
         Context \"kubarium\" modified.\nexit=0\n\
         {}{}{}\
         $ cat > cm.yaml <<EOF\n> apiVersion: v1\n> kind: ConfigMap\n> metadata: {{name: a}}\n> EOF\nexit=0\n\
         $ kubectl apply -f cm.yaml && echo -n done\nconfigmap/a created\ndone<no newline at end>\nexit=0\n\
         $ kubectl create deploy web --image=nginx; kubectl rollout status deploy/web | tail -1\n\
         deployment.apps/web created\n\
         deployment \"web\" successfully rolled out\nexit=0\n",
        out("strategy-both-zero"),
        out("label-value-long"),
        out("kind-lowercase"),
    );
    assert_eq!(difference(&expected, &printed), "");
}

#[test]
fn a_transcript_can_be_run_again() {
    let first = script(
        "shell-again-1",
        "kubectl create cm a --from-literal=b=c\necho 'x\ny' | wc -l\n",
    );
    let printed = transcript(&["--bare", "--nodes=1", "--script", text(&first)]);
    let second = script("shell-again-2", &printed);
    let again = transcript(&["--bare", "--nodes=1", "--script", text(&second)]);
    assert_eq!(
        printed,
        "$ kubectl create cm a --from-literal=b=c\nconfigmap/a created\nexit=0\n\
         $ echo 'x\n> y' | wc -l\n2\nexit=0\n"
    );
    assert_eq!(again, printed);
}

#[test]
fn wrong_arguments_and_endless_commands_end() {
    let output = shell(&["--nodes", "many"]);
    assert_eq!(output.status.code(), Some(2));
    let path = script(
        "shell-endless",
        "kubectl get ns -w -o name\nsleep 7200\nwhile true; do true; done\n",
    );
    let output = shell(&["--bare", "--nodes=1", "--script", text(&path)]);
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{printed}");
    assert!(printed.contains("\nnamespace/default\n"), "{printed}");
    assert!(
        printed
            .ends_with("\nexit=130\n$ sleep 7200\nexit=0\n$ while true; do true; done\nexit=130\n"),
        "{printed}"
    );
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(
        errors,
        "kubarium-shell: interrupted: kubectl get ns -w -o name\n\
         kubarium-shell: interrupted: while true; do true; done\n"
    );
}
