//! `kubarium-shell`: the terminal of the page without the page. Runs scripts in virtual time and prints
//! transcripts, or takes lines from its input.

// It meets the real world: the time that passes between two lines typed by a person.
#![allow(clippy::disallowed_methods)]

#[cfg(not(target_arch = "wasm32"))]
fn main() -> std::process::ExitCode {
    shell::main()
}

#[cfg(target_arch = "wasm32")]
fn main() {}

#[cfg(not(target_arch = "wasm32"))]
mod shell {
    use std::collections::BTreeMap;
    use std::fs;
    use std::io::{self, BufRead, IsTerminal, Write};
    use std::path::{Path, PathBuf};
    use std::process::ExitCode;
    use std::time::{Duration, Instant};

    use kubarium::kubectl::Session;
    use kubarium::kubectl::headless::{
        Desk, Options, ROUND_TRIP, Script, Terminal, World, run_with,
    };
    use kubarium::lessons::Check;
    use kubarium::lessons::source::{Problem, Source};

    const HELP: &str = "\
A Kubernetes cluster in a terminal: kubectl and a small shell on a simulated control plane.

Usage:
  kubarium-shell [OPTIONS]                 takes lines from its input
  kubarium-shell --script FILE [OPTIONS]   runs a script and prints its transcript
  kubarium-shell --lesson FILE --check     takes a lesson by its own solution and says what is wrong with it

Options:
  --script FILE      run the commands of FILE ('-' is the input) on a fresh cluster, in virtual time:
                     prints '$ COMMAND', what it printed, and 'exit=N' for each
  --lesson FILE      a lesson (docs/lessons.md). With --check: reads it strictly, and its translations
                     beside it (zh-CN.yaml); runs the solution of every step on a cluster of its own, in
                     virtual time; prints 'FILE:LINE: error: ...' for each thing to mend. Exit code 1
                     if there is any
  --nodes N          workers (2; with --bare 10)
  --bare             only workers node-0 to node-(N-1): no control plane node, no system pods, images
                     are there already and pods are ready at once
  --seed N           what is random follows from it (1)
  --namespace NAME   the namespace of the context; it is made if there is none. Default: default, or
                     golden for a script whose commands have headings
  --help             this text

A script has one command to a line, over several where a shell would wait for more (here-documents,
quotes, loops, a backslash at the end). Blank lines and lines that begin with # are left out. If any line
begins with '$ ', only those are commands: a transcript can be run again. Commands may have headings:
'012 rollout-status: kubectl rollout status deploy/web'.

The files of the script's folder are the files of the terminal, those of its folder 'inputs' too; what
commands write stays in memory. A command that waits waits in virtual time. One that would wait for ever
(get -w, logs -f) is interrupted, with exit code 130, after 10 minutes of virtual time in which it
printed nothing. Without --script, the files are those of the current folder, and virtual time goes
on with real time between two lines.
";

    /// What the command line says.
    #[derive(Default)]
    struct Arguments {
        script: Option<String>,
        nodes: Option<u8>,
        bare: bool,
        seed: Option<u64>,
        namespace: Option<String>,
        help: bool,
        lesson: Option<String>,
        check: bool,
    }

    pub fn main() -> ExitCode {
        let arguments = match parse(std::env::args().skip(1)) {
            Ok(arguments) => arguments,
            Err(message) => {
                eprintln!("kubarium-shell: {message}\nSee 'kubarium-shell --help'.");
                return ExitCode::from(2);
            }
        };
        let done = if arguments.help {
            io::stdout().write_all(HELP.as_bytes())
        } else if let Some(path) = &arguments.lesson {
            match check(Path::new(path)) {
                Ok(true) => Ok(()),
                Ok(false) => return ExitCode::FAILURE,
                Err(error) => Err(error),
            }
        } else {
            start(&arguments)
        };
        match done {
            Ok(()) => ExitCode::SUCCESS,
            // Whoever read the transcript has enough of it.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("kubarium-shell: {error}");
                ExitCode::FAILURE
            }
        }
    }

    fn parse(words: impl Iterator<Item = String>) -> Result<Arguments, String> {
        let mut out = Arguments::default();
        let mut words = words.peekable();
        while let Some(word) = words.next() {
            let (name, given) = match word.split_once('=') {
                Some((name, value)) if name.starts_with("--") => (name, Some(value.to_owned())),
                _ => (word.as_str(), None),
            };
            let mut value = || {
                let value = given.clone().or_else(|| words.next());
                value.ok_or_else(|| format!("{name} needs a value"))
            };
            match name {
                "--script" => out.script = Some(value()?),
                "--nodes" => out.nodes = Some(number(name, &value()?)?),
                "--seed" => out.seed = Some(number(name, &value()?)?),
                "--namespace" | "-n" => out.namespace = Some(value()?),
                "--bare" => out.bare = true,
                "--lesson" => out.lesson = Some(value()?),
                "--check" => out.check = true,
                "--help" | "-h" => out.help = true,
                other => return Err(format!("unknown argument {other:?}")),
            }
        }
        if out.lesson.is_some() != out.check {
            return Err("--lesson and --check go together".to_owned());
        }
        Ok(out)
    }

    fn number<T: std::str::FromStr>(name: &str, text: &str) -> Result<T, String> {
        let parsed = text.parse();
        parsed.map_err(|_| format!("{name}: {text:?} is not a number that fits"))
    }

    /// Checks a lesson and its translations; tells whether nothing has to be mended.
    fn check(path: &Path) -> io::Result<bool> {
        let shown = path.display();
        let named = |error: io::Error| io::Error::new(error.kind(), format!("{shown}: {error}"));
        let text = fs::read_to_string(path).map_err(named)?;
        let mut out = io::stdout().lock();
        let source = Source::read(&text);
        let name = match &source {
            Ok(source) => source.lesson.metadata.name.clone().unwrap_or_default(),
            Err(_) => shown.to_string(),
        };
        let readable = source.is_ok();
        let report = source.map_or_else(Check::refused, Check::run);
        for finding in &report.findings {
            writeln!(out, "{shown}:{finding}")?;
        }
        let mut good = report.is_good();
        let beside = path.with_file_name("zh-CN.yaml");
        if readable && let Ok(words) = fs::read_to_string(&beside) {
            let translated = Source::translated(&text, Some(&words));
            for problem in translated
                .err()
                .map(|(_, problems)| problems)
                .into_iter()
                .flatten()
            {
                good = false;
                let Problem { line, message } = problem;
                writeln!(out, "{}:{line}: error: {message}", beside.display())?;
            }
        }
        writeln!(out, "{}", report.line(&name))?;
        Ok(good)
    }

    fn start(arguments: &Arguments) -> io::Result<()> {
        let options = Options {
            nodes: arguments
                .nodes
                .unwrap_or(if arguments.bare { 10 } else { 2 }),
            bare: arguments.bare,
            seed: arguments.seed.unwrap_or(1),
        };
        let Some(path) = &arguments.script else {
            let files = files_of(Path::new("."))?;
            let namespace = arguments.namespace.as_deref().unwrap_or("default");
            return interact(&options, files, namespace);
        };
        let (text, folder) = match path.as_str() {
            "-" => (io::read_to_string(io::stdin())?, PathBuf::from(".")),
            path => {
                let text = fs::read_to_string(path)
                    .map_err(|error| io::Error::new(error.kind(), format!("{path}: {error}")))?;
                let folder = Path::new(path).parent().map(Path::to_path_buf);
                let folder = folder.filter(|f| !f.as_os_str().is_empty());
                (text, folder.unwrap_or_else(|| PathBuf::from(".")))
            }
        };
        let script = Script::parse(&text);
        let mut files = files_of(&folder)?;
        for (name, text) in files_of(&folder.join("inputs")).unwrap_or_default() {
            files.entry(name).or_insert(text);
        }
        let namespace = match &arguments.namespace {
            Some(namespace) => namespace,
            None if script.headed => "golden",
            None => "default",
        };
        // Names that are not among the files are read as they stand, from the script's folder.
        std::env::set_current_dir(&folder)?;
        let mut terminal = terminal(&options, files, namespace);
        let mut out = io::stdout().lock();
        for line in &script.lines {
            writeln!(out, "$ {}", line.shown())?;
            let outcome = terminal.run_next(&line.command);
            out.write_all(outcome.text.as_bytes())?;
            if !outcome.text.is_empty() && !outcome.text.ends_with('\n') {
                writeln!(out, "<no newline at end>")?;
            }
            writeln!(out, "exit={}", outcome.exit_code)?;
            out.flush()?;
            if outcome.interrupted {
                eprintln!("kubarium-shell: interrupted: {}", line.command);
            }
        }
        Ok(())
    }

    fn terminal(options: &Options, files: BTreeMap<String, String>, namespace: &str) -> Terminal {
        let (world, desk) = World::new(options.cluster(), files, ROUND_TRIP);
        world.look_elsewhere(read);
        Terminal::beside(world, desk, namespace)
    }

    fn read(name: &str) -> Option<String> {
        let bytes = fs::read(name).ok()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Larger files are read when they are asked for.
    const LARGEST: u64 = 4 << 20;
    const MOST_FILES: usize = 2_000;
    const DEEPEST: usize = 6;

    /// The text files of a folder and of the folders in it, by their path from there.
    fn files_of(folder: &Path) -> io::Result<BTreeMap<String, String>> {
        let mut files = BTreeMap::new();
        collect(folder, "", 0, &mut files)?;
        Ok(files)
    }

    fn collect(
        folder: &Path,
        prefix: &str,
        depth: usize,
        files: &mut BTreeMap<String, String>,
    ) -> io::Result<()> {
        let mut entries: Vec<PathBuf> = fs::read_dir(folder)?
            .filter_map(|entry| Some(entry.ok()?.path()))
            .collect();
        entries.sort();
        for path in entries {
            let Some(name) = path.file_name().and_then(|n| n.to_str()) else {
                continue;
            };
            if name.starts_with('.') || files.len() >= MOST_FILES {
                continue;
            }
            let name = format!("{prefix}{name}");
            let Ok(about) = path.metadata() else {
                continue;
            };
            if about.is_dir() {
                if depth < DEEPEST {
                    let _ = collect(&path, &format!("{name}/"), depth + 1, files);
                }
            } else if about.len() <= LARGEST
                && let Ok(text) = fs::read_to_string(&path)
            {
                files.insert(name, text);
            }
        }
        Ok(())
    }

    /// Takes lines until the input ends.
    fn interact(
        options: &Options,
        files: BTreeMap<String, String>,
        namespace: &str,
    ) -> io::Result<()> {
        let tty = io::stdin().is_terminal();
        let mut terminal = terminal(options, files, namespace);
        let mut out = io::stdout();
        let mut command = String::new();
        let mut since = Instant::now();
        loop {
            if tty {
                let prompt = match command.is_empty() {
                    false => "> ".to_owned(),
                    true => terminal.session.prompt(),
                };
                out.write_all(prompt.as_bytes())?;
                out.flush()?;
            }
            let mut line = String::new();
            if io::stdin().lock().read_line(&mut line)? == 0 {
                return Ok(());
            }
            command.push_str(line.trim_end_matches(['\n', '\r']));
            if Session::is_incomplete(&command) {
                command.push('\n');
                continue;
            }
            let text = std::mem::take(&mut command);
            if !terminal.session.is_away() && matches!(text.trim(), "exit" | "logout") {
                return Ok(());
            }
            if text.trim().is_empty() {
                continue;
            }
            pass(&terminal.desk, since.elapsed());
            let mut failed = Ok(());
            let mut print = |span: &str| {
                if failed.is_ok() {
                    failed = out.write_all(span.as_bytes()).and_then(|()| out.flush());
                }
            };
            let (_, interrupted) =
                run_with(&mut terminal.session, &terminal.desk, &text, &mut print);
            failed?;
            if interrupted {
                eprintln!("kubarium-shell: nothing came any more: interrupted");
            }
            since = Instant::now();
        }
    }

    fn pass(desk: &Desk, span: Duration) {
        desk.borrow_mut()
            .run_for(span.min(Duration::from_secs(3600)));
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        fn of(words: &[&str]) -> Result<Arguments, String> {
            parse(words.iter().map(|w| (*w).to_owned()))
        }

        #[test]
        fn arguments_are_read() {
            let some = of(&["--script=x.sh", "--nodes", "3", "--bare", "--seed", "9"]);
            let some = some.expect("reads");
            assert_eq!(some.script.as_deref(), Some("x.sh"));
            assert_eq!((some.nodes, some.bare, some.seed), (Some(3), true, Some(9)));
            for (words, wrong) in [
                (&["--nodes"][..], "--nodes needs a value"),
                (
                    &["--nodes", "999"],
                    "--nodes: \"999\" is not a number that fits",
                ),
                (&["--lesson", "x.yaml"], "--lesson and --check go together"),
                (&["what"], "unknown argument \"what\""),
            ] {
                assert_eq!(of(words).err().as_deref(), Some(wrong));
            }
        }
    }
}
