//! The terminal: what is typed, what runs, and what has been printed.
//!
//! A line becomes a job of the command line; the page polls it after every slice of the simulation.
//! What is typed while one runs waits for its turn, as in any shell.

mod host;
mod links;
pub mod markup;
mod recall;
mod screen;
mod spoken;

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

pub use host::{FileChange, PageHost, Shelf, Words, answer};
pub use links::{About, Link};
pub use recall::Recall;
pub use screen::{Block, Line, Origin, SHOWN, Screen};
pub use spoken::Heard;

use crate::apiserver::openapi::Schema;
use crate::app::{Files, LocalClient, Shared};
use crate::client::Client;
use crate::kubectl::{END, Edited, Job, Session, Span, Stream, complete};

/// What a person does at the terminal.
#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    /// Runs a line, or several, one after the other.
    Run(Rc<str>),
    /// Ctrl-C.
    Interrupt,
    Clear,
    /// The file that a command gave to be edited is done: what it says is wanted, or not.
    EndEdit(bool),
    /// Brings back what was typed in an earlier visit, oldest first.
    Remember(Vec<String>),
    /// The text of the schema has been loaded, or could not be.
    Schema(Option<Rc<str>>),
}

/// What the page draws.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct View {
    pub screen: Screen,
    pub prompt: Rc<str>,
    /// The command that runs.
    pub running: Option<Rc<str>>,
    /// How many lines wait for their turn.
    pub waiting: usize,
    pub history: Shared<Vec<String>>,
    /// The file that a command waits for to be edited.
    pub editing: Option<Rc<str>>,
    /// How the last command ended.
    pub exit_code: i32,
}

/// How often a job may go on at one instant before the page gets its turn.
const TURNS: usize = 64;
/// Lines that may wait for their turn.
const MOST_WAITING: usize = 1_000;
/// So much of what a command prints is told when it has ended, in bytes.
const MOST_HEARD: usize = 64 * 1024;

/// A command that has ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Ended {
    pub command: Rc<str>,
    /// What it printed, up to a bound.
    pub output: String,
    pub code: u8,
}

pub struct Terminal {
    session: Session,
    shelf: Rc<RefCell<Shelf>>,
    job: Option<Job>,
    /// The text of the job.
    running: Rc<str>,
    /// Lines that form a command together with the next one.
    partial: String,
    queue: VecDeque<String>,
    /// What the job has printed, and the jobs that have ended, where somebody listens.
    heard: Option<(String, Vec<Ended>)>,
    view: View,
}

impl Terminal {
    pub fn new(client: LocalClient) -> Self {
        let shelf = Rc::new(RefCell::new(Shelf::default()));
        let host = PageHost::new(client, shelf.clone());
        Terminal::on(host, shelf)
    }

    /// A terminal whose commands go to a real API server.
    pub fn of_real(client: LocalClient, real: Rc<dyn Client>) -> Self {
        let shelf = Rc::new(RefCell::new(Shelf::default()));
        let host = PageHost::of_real(client, real, shelf.clone());
        Terminal::on(host, shelf)
    }

    fn on(host: PageHost, shelf: Rc<RefCell<Shelf>>) -> Self {
        let mut terminal = Terminal {
            session: Session::new(Rc::new(host), "default"),
            shelf,
            job: None,
            running: "".into(),
            partial: String::new(),
            queue: VecDeque::new(),
            heard: None,
            view: View::default(),
        };
        terminal.tell();
        terminal
    }

    pub fn view(&self) -> &View {
        &self.view
    }

    /// The namespace that commands use when they name none.
    pub fn namespace(&self) -> String {
        self.session.namespace()
    }

    pub fn history(&self) -> Vec<String> {
        self.session.history()
    }

    /// What a line becomes when it is completed at a byte, where the cursor is then, and what else
    /// could stand there when that is not clear.
    pub fn complete(&self, line: &str, cursor: usize) -> (String, usize, Vec<String>) {
        let found = complete(&self.session, line, cursor);
        let typed = line.get(found.start..cursor).unwrap_or_default();
        let Some(common) = common_start(&found.words).filter(|c| c.starts_with(typed)) else {
            return (line.to_owned(), cursor, found.words);
        };
        let mut word = common.to_owned();
        if found.words.len() == 1 && !word.ends_with(['/', '=', ',']) {
            word.push(' ');
        }
        let (before, after) = (
            line.get(..found.start).unwrap_or_default(),
            line.get(cursor..).unwrap_or_default(),
        );
        let at = before.len() + word.len();
        let others = match found.words.len() {
            0 | 1 => Vec::new(),
            _ => found.words,
        };
        (format!("{before}{word}{after}"), at, others)
    }

    /// Whether a command waits for the schema and nobody has begun to load it; the page does then, and tells
    /// with [`Act::Schema`].
    pub fn wants_schema(&self) -> bool {
        let words = &mut self.shelf.borrow_mut().words;
        let wanted = matches!(words, Words::Wanted);
        if wanted {
            *words = Words::Loading;
        }
        wanted
    }

    /// Remembers from now on what commands print, for [`Terminal::ended`].
    pub fn listen(&mut self) {
        self.heard.get_or_insert_default();
    }

    /// The commands that have ended since this was last asked.
    pub fn ended(&mut self) -> Vec<Ended> {
        let heard = self.heard.as_mut();
        heard
            .map(|(_, ended)| std::mem::take(ended))
            .unwrap_or_default()
    }

    /// Whether there is anything to poll.
    pub fn is_busy(&self) -> bool {
        self.job.is_some() || !self.queue.is_empty() || self.session.has_jobs()
    }

    /// The file that is to be shown to be edited, told once.
    pub fn take_opened(&mut self) -> Option<Rc<str>> {
        let edit = &mut self.shelf.borrow_mut().edit;
        let edit = edit.as_mut().filter(|edit| !edit.shown)?;
        edit.shown = true;
        Some(edit.name.clone())
    }

    /// Does what a person asks for; tells what became of files.
    pub fn act(&mut self, act: Act, files: &Shared<Files>) -> Vec<FileChange> {
        match act {
            Act::Run(text) => {
                for line in text.split('\n') {
                    if self.queue.len() < MOST_WAITING {
                        self.queue.push_back(line.trim_end_matches('\r').to_owned());
                    }
                }
            }
            Act::Interrupt => self.interrupt(),
            Act::Clear => self.view.screen.clear(),
            Act::EndEdit(saved) => {
                if let Some(edit) = &mut self.shelf.borrow_mut().edit {
                    edit.done = Some(match saved {
                        true => Edited::Saved,
                        false => Edited::Cancelled,
                    });
                }
            }
            Act::Remember(lines) => self.session.set_history(lines),
            Act::Schema(text) => {
                let schema = text.and_then(|text| Schema::parse(&text));
                self.shelf.borrow_mut().words = match schema {
                    Some(schema) => Words::There(schema),
                    None => Words::Missing,
                };
            }
        }
        self.poll(files)
    }

    /// Lets commands go on at this instant; tells what became of files.
    pub fn poll(&mut self, files: &Shared<Files>) -> Vec<FileChange> {
        self.shelf.borrow_mut().files = files.clone();
        for _ in 0..TURNS {
            if let Some(job) = &self.job {
                if job.reads()
                    && let Some(line) = self.queue.pop_front()
                {
                    if line != END {
                        self.view.screen.print(Origin::Out, &format!("{line}\n"));
                    }
                    job.type_line(&line);
                }
                if !self.go_on() {
                    break;
                }
            } else if let Some(line) = self.queue.pop_front() {
                if line != END {
                    self.feed(&line);
                }
            } else {
                break;
            }
        }
        let jobs = self.session.poll_jobs(self.job.is_none());
        for span in jobs.output {
            self.print(span);
        }
        self.tell();
        std::mem::take(&mut self.shelf.borrow_mut().changes)
    }

    /// Takes in one line; starts the command when it is whole.
    fn feed(&mut self, line: &str) {
        let prompt = self.prompt();
        self.view.screen.typed(&prompt, line);
        if !self.partial.is_empty() {
            self.partial.push('\n');
        }
        self.partial.push_str(line);
        if Session::is_incomplete(&self.partial) {
            return;
        }
        let text = std::mem::take(&mut self.partial);
        if text.trim().is_empty() {
            return;
        }
        let about = About::of(&text, &self.session.namespace());
        self.view.screen.begin(about);
        self.job = Some(self.session.start(&text));
        self.running = text.into();
    }

    /// Polls the job; tells whether it is worth polling again at this instant.
    fn go_on(&mut self) -> bool {
        let Some(job) = &mut self.job else {
            return false;
        };
        let progress = job.poll();
        for span in progress.output {
            if let Some((output, _)) = &mut self.heard
                && output.len() + span.text.len() <= MOST_HEARD
            {
                output.push_str(&span.text);
            }
            self.print(span);
        }
        if let Some(code) = progress.exit_code {
            self.view.exit_code = code;
            self.job = None;
            self.hear(code);
            return true;
        }
        let now = self.session.host().now();
        progress.wake_at.is_some_and(|at| at <= now)
    }

    fn print(&mut self, span: Span) {
        match span.stream {
            Stream::Out => self.view.screen.print(Origin::Out, &span.text),
            Stream::Err => self.view.screen.print(Origin::Err, &span.text),
            Stream::Clear => self.view.screen.clear(),
        }
    }

    /// The job has ended.
    fn hear(&mut self, code: i32) {
        if let Some((output, ended)) = &mut self.heard {
            ended.push(Ended {
                command: self.running.clone(),
                output: std::mem::take(output),
                code: u8::try_from(code).unwrap_or(u8::MAX),
            });
        }
    }

    fn interrupt(&mut self) {
        let was = self.job.is_some() || !self.partial.is_empty() || !self.queue.is_empty();
        if let Some(mut job) = self.job.take() {
            job.interrupt();
            self.view.exit_code = 130;
            self.hear(130);
        }
        self.shelf.borrow_mut().edit = None;
        self.partial.clear();
        self.queue.clear();
        if was {
            self.view.screen.note("^C");
        }
    }

    fn prompt(&self) -> String {
        if !self.partial.is_empty() {
            return "> ".to_owned();
        }
        self.session.prompt()
    }

    /// Says what is the case now.
    fn tell(&mut self) {
        let prompt = self.prompt();
        let view = &mut self.view;
        if *view.prompt != *prompt {
            view.prompt = prompt.into();
        }
        view.running = self.job.as_ref().map(|_| self.running.clone());
        view.waiting = self.queue.len();
        let edit = &self.shelf.borrow().edit;
        view.editing = edit.as_ref().map(|edit| edit.name.clone());
        view.history.keep(self.session.history());
    }
}

/// What all words begin with; `None` when there is none.
fn common_start(words: &[String]) -> Option<&str> {
    let first = words.first()?;
    let shared = |other: &String| {
        first
            .char_indices()
            .zip(other.chars())
            .find(|((_, a), b)| a != b)
            .map_or(first.len().min(other.len()), |((at, _), _)| at)
    };
    let end = words.iter().map(shared).min().unwrap_or(first.len());
    first.get(..end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::Session as Simulation;
    use crate::app::persist::example_files;
    use crate::cluster::Config;
    use crate::sim::{Time, secs};

    struct Desk {
        simulation: Simulation,
        terminal: Terminal,
        files: Shared<Files>,
    }

    fn desk() -> Desk {
        let mut simulation = Simulation::new(Config::bare(7, 2));
        simulation.run_until(Time::EPOCH + secs(20));
        Desk {
            terminal: Terminal::new(simulation.client()),
            simulation,
            files: Shared::new(example_files()),
        }
    }

    impl Desk {
        fn run(&mut self, text: &str) -> Vec<FileChange> {
            self.terminal.act(Act::Run(text.into()), &self.files)
        }

        fn lines(&self) -> Vec<String> {
            let screen = &self.terminal.view().screen;
            let settled = screen.blocks(true).flat_map(|b| b.lines.iter());
            settled
                .chain(screen.tail().iter())
                .map(|l| format!("{}{}", l.prompt, l.text))
                .collect()
        }

        fn wait(&mut self, seconds: u64) {
            let until = self.simulation.transport().now + secs(seconds);
            self.simulation.run_until(until);
            self.terminal.poll(&self.files);
        }
    }

    #[test]
    fn commands_run_against_the_cluster_and_the_editors_files() {
        let mut desk = desk();
        desk.run("kubectl apply -f web.yaml\nkubectl get svc web -o name");
        let lines = desk.lines();
        assert_eq!(
            lines,
            [
                "$ kubectl apply -f web.yaml",
                "deployment.apps/web created",
                "service/web created",
                "$ kubectl get svc web -o name",
                "service/web",
            ]
        );
        assert!(!desk.terminal.is_busy());
        assert_eq!(desk.terminal.history().len(), 2);
        // The page knows of the requests, and who made them.
        assert!(desk.simulation.requests().serial() > 2);
    }

    #[test]
    fn a_waiting_command_shows_until_it_is_interrupted() {
        let mut desk = desk();
        desk.run("sleep 1000");
        assert_eq!(desk.terminal.view().running.as_deref(), Some("sleep 1000"));
        desk.run("echo later");
        assert_eq!(desk.terminal.view().waiting, 1);
        desk.terminal.act(Act::Interrupt, &desk.files.clone());
        assert_eq!(desk.terminal.view().running, None);
        assert_eq!(desk.lines().last().map(String::as_str), Some("^C"));
        desk.run("sleep 2; echo done");
        desk.wait(1);
        assert!(desk.terminal.is_busy());
        desk.wait(2);
        assert_eq!(desk.lines().last().map(String::as_str), Some("done"));
    }

    #[test]
    fn a_command_waits_until_the_schema_is_loaded() {
        let mut desk = desk();
        desk.run("kubectl explain ns.kind | head -2");
        assert!(desk.terminal.is_busy() && desk.terminal.wants_schema());
        assert!(!desk.terminal.wants_schema(), "it is under way");
        let text = Schema::built_in().to_text().into();
        let files = desk.files.clone();
        desk.terminal.act(Act::Schema(Some(text)), &files);
        assert_eq!(
            desk.lines()[1..],
            ["KIND:       Namespace", "VERSION:    v1"]
        );
        desk.run("kubectl explain ns.nope 2>&1 | tail -1");
        let last = desk.lines().last().cloned();
        assert_eq!(
            last.as_deref(),
            Some("error: field \"nope\" does not exist")
        );
    }

    #[test]
    fn a_schema_that_cannot_be_loaded_is_told() {
        let mut desk = desk();
        desk.run("kubectl explain ns");
        assert!(desk.terminal.wants_schema());
        let files = desk.files.clone();
        desk.terminal.act(Act::Schema(None), &files);
        let last = desk.lines().last().cloned();
        assert_eq!(
            last.as_deref(),
            Some("error: the schema of the API could not be loaded")
        );
        desk.run("kubectl explain ns");
        assert!(desk.terminal.wants_schema(), "it is tried again");
    }

    #[test]
    fn a_here_document_is_one_command_and_may_write_a_file() {
        let mut desk = desk();
        desk.run("cat > note.txt <<EOF");
        assert_eq!(&*desk.terminal.view().prompt, "> ");
        desk.run("hello");
        let written = desk.run("EOF");
        let change = FileChange::Written {
            name: "note.txt".to_owned(),
            text: "hello\n".to_owned(),
        };
        assert_eq!(written, [change]);
        assert_eq!(&*desk.terminal.view().prompt, "$ ");
        assert_eq!(desk.lines(), ["$ cat > note.txt <<EOF", "> hello", "> EOF"]);
    }

    #[test]
    fn tab_completes_what_is_clear_and_lists_what_is_not() {
        let mut desk = desk();
        desk.run("kubectl apply -f web.yaml");
        let terminal = &desk.terminal;
        let line = "kubectl get deploy we";
        let (text, at, others) = terminal.complete(line, line.len());
        assert_eq!(
            (text.as_str(), at, others.len()),
            ("kubectl get deploy web ", 23, 0)
        );
        let (_, _, others) = terminal.complete("kubectl get p", 13);
        assert!(others.iter().any(|word| word == "pods"), "{others:?}");
        for odd in ["ä🐟", "'", "$(", "kubectl get deploy -o "] {
            let _ = terminal.complete(odd, odd.len());
            let _ = terminal.complete(odd, 1);
        }
    }

    #[test]
    fn errors_are_told_apart_and_nonsense_is_survived() {
        let mut desk = desk();
        for line in [
            "kubectl",
            "kubectl get nonsense",
            "frobnicate",
            "|",
            "'",
            ";;",
            "$(",
            "\u{0}",
        ] {
            desk.run(line);
            desk.terminal.act(Act::Interrupt, &desk.files.clone());
        }
        desk.run("kubectl get nonsense");
        let last = desk.terminal.view().screen.tail().last().cloned().unwrap();
        assert_eq!(last.origin, Origin::Err);
        assert!(last.text.contains("nonsense"), "{}", last.text);
    }
}
