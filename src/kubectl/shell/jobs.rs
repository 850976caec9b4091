//! What runs in the background: `command &`, `jobs`, `wait`, `fg`, `kill`.

use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;

use super::parse::{Item, Script};
use super::run::run;
use super::state::{Io, Shell};
use crate::kubectl::host::World;
use crate::kubectl::io::{Pipe, Screen, Sink, Stream};
use crate::kubectl::session::{Job, Progress};

/// No more run at a time.
const MOST_JOBS: usize = 32;
/// The process of the first job.
const FIRST_PROCESS: u32 = 4301;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Condition {
    Running,
    Ended(i32),
    Killed,
}

pub struct Background {
    number: u32,
    process: u32,
    text: String,
    job: Job,
    condition: Condition,
    /// Whether it was said how it ended.
    told: bool,
}

/// The jobs of a session.
#[derive(Default)]
pub struct Jobs {
    list: Vec<Background>,
    /// The number of the newest one.
    newest: u32,
    started: u32,
}

impl Jobs {
    pub fn last_process(&self) -> Option<String> {
        (self.started > 0).then(|| (FIRST_PROCESS + self.started - 1).to_string())
    }

    pub fn is_running(&self) -> bool {
        self.list.iter().any(|b| b.condition == Condition::Running)
    }

    /// All of them, to be dropped while nobody holds the session's state.
    pub fn take(&mut self) -> Vec<Background> {
        std::mem::take(&mut self.list)
    }

    /// Puts those back that were polled; others may have started meanwhile.
    fn put_back(&mut self, mut polled: Vec<Background>) {
        polled.append(&mut self.list);
        self.list = polled;
        if self.list.is_empty() {
            self.newest = 0;
        }
    }

    /// The job that `%1`, `1301` or nothing names.
    fn find(&self, word: Option<&str>) -> Option<usize> {
        let running = |b: &Background| b.condition == Condition::Running;
        match word {
            None | Some("%%" | "%+" | "%") => self.list.iter().rposition(running),
            Some(word) => match word.strip_prefix('%') {
                Some(number) => match number.parse::<u32>() {
                    Ok(number) => self.list.iter().position(|b| b.number == number),
                    Err(_) => self.list.iter().position(|b| b.text.starts_with(number)),
                },
                None => {
                    let process = word.parse::<u32>().ok()?;
                    self.list.iter().position(|b| b.process == process)
                }
            },
        }
    }
}

impl Background {
    fn line(&self, newest: u32) -> String {
        let mark = match newest.saturating_sub(self.number) {
            0 => '+',
            1 => '-',
            _ => ' ',
        };
        let (word, end) = match self.condition {
            Condition::Running => ("Running".to_owned(), " &"),
            Condition::Ended(0) => ("Done".to_owned(), ""),
            Condition::Ended(code) => (format!("Exit {code}"), ""),
            Condition::Killed => ("Terminated".to_owned(), ""),
        };
        format!("[{}]{mark}  {word:<22}  {}{end}", self.number, self.text)
    }
}

/// Starts a list beside what follows.
pub fn start(shell: &Rc<Shell>, io: &Io, item: &Item) -> i32 {
    let mut state = shell.state.borrow_mut();
    if state.jobs.list.len() >= MOST_JOBS {
        io.err
            .line("sh: fork: retry: Resource temporarily unavailable");
        return 254;
    }
    let screen = Rc::new(Screen::default());
    let own = Rc::new(Shell {
        world: World::new(shell.world.host.clone()),
        state: shell.state.clone(),
    });
    let mut inner = io.subshell();
    inner.input = Some(Pipe::of(""));
    let to_own = |sink: &Sink, stream: Stream| match sink {
        Sink::Screen(..) => Sink::Screen(screen.clone(), stream),
        other => other.clone(),
    };
    inner.out = to_own(&io.out, Stream::Out);
    inner.err = to_own(&io.err, Stream::Err);
    inner.tested = false;
    let foreground = Item {
        background: false,
        ..item.clone()
    };
    let future = run(own.clone(), inner, Script(Rc::new(vec![foreground])));
    let jobs = &mut state.jobs;
    jobs.newest += 1;
    jobs.started += 1;
    let process = FIRST_PROCESS + jobs.started - 1;
    io.err.line(&format!("[{}] {process}", jobs.newest));
    let number = jobs.newest;
    jobs.list.push(Background {
        number,
        process,
        text: item.text.clone(),
        job: Job::of(own, screen, future),
        condition: Condition::Running,
        told: false,
    });
    0
}

/// Lets what runs in the background go on; what it printed, and, when nothing else runs, what has
/// ended since.
pub fn poll(state: &std::cell::RefCell<super::state::State>, idle: bool) -> Progress {
    let mut list = state.borrow_mut().jobs.take();
    let newest = state.borrow().jobs.newest;
    let mut progress = Progress {
        output: Vec::new(),
        exit_code: None,
        wake_at: None,
    };
    for background in &mut list {
        if background.condition != Condition::Running {
            continue;
        }
        let went = background.job.poll();
        progress.output.extend(went.output);
        match went.exit_code {
            Some(code) => background.condition = Condition::Ended(code),
            None => {
                let both = [progress.wake_at, went.wake_at];
                progress.wake_at = both.into_iter().flatten().min();
            }
        }
    }
    if idle {
        for background in &list {
            if background.condition != Condition::Running && !background.told {
                progress.output.push(crate::kubectl::io::Span {
                    stream: Stream::Err,
                    text: background.line(newest) + "\n",
                });
            }
        }
        list.retain(|b| b.condition == Condition::Running);
    }
    state.borrow_mut().jobs.put_back(list);
    progress
}

fn no_such(io: &Io, who: &str, word: Option<&str>) -> i32 {
    let word = word.unwrap_or("current");
    io.err.line(&format!("sh: {who}: {word}: no such job"));
    1
}

/// `jobs [-l|-p]`
pub fn jobs(shell: &Shell, io: &Io, arguments: &[String]) -> i32 {
    let mut state = shell.state.borrow_mut();
    let newest = state.jobs.newest;
    for background in &mut state.jobs.list {
        match arguments.first().map(String::as_str) {
            Some("-p") => io.out.line(&background.process.to_string()),
            _ => io.out.line(&background.line(newest)),
        }
        background.told = background.condition != Condition::Running;
    }
    0
}

/// Waits until jobs have ended; the exit code of the last.
async fn ended(shell: &Shell, processes: &[u32]) -> i32 {
    poll_fn(|_| {
        let mut state = shell.state.borrow_mut();
        let mut code = 0;
        for background in &mut state.jobs.list {
            if !processes.contains(&background.process) {
                continue;
            }
            background.told = true;
            match background.condition {
                Condition::Running => return Poll::Pending,
                Condition::Ended(ended) => code = ended,
                Condition::Killed => code = 143,
            }
        }
        Poll::Ready(code)
    })
    .await
}

/// `wait [JOB...]`
pub async fn wait(shell: &Shell, io: &Io, arguments: &[String]) -> i32 {
    let mut processes = Vec::new();
    {
        let state = shell.state.borrow();
        for word in arguments.iter().filter(|a| !a.starts_with('-')) {
            match state
                .jobs
                .find(Some(word))
                .and_then(|i| state.jobs.list.get(i))
            {
                Some(background) => processes.push(background.process),
                None => {
                    io.err.line(&format!("sh: wait: {word}: no such job"));
                    return 127;
                }
            }
        }
        if arguments.is_empty() {
            processes = state.jobs.list.iter().map(|b| b.process).collect();
        }
    }
    let code = ended(shell, &processes).await;
    if arguments.is_empty() { 0 } else { code }
}

/// Ends a job whose place in the foreground was given up.
struct Foreground<'s> {
    shell: &'s Shell,
    process: u32,
}

impl Drop for Foreground<'_> {
    fn drop(&mut self) {
        let word = self.process.to_string();
        end(self.shell, &word);
    }
}

/// Ends a job; whether there was one.
fn end(shell: &Shell, word: &str) -> bool {
    let mut state = shell.state.borrow_mut();
    let found = state.jobs.find(Some(word));
    let Some(background) = found.and_then(|i| state.jobs.list.get_mut(i)) else {
        return false;
    };
    if background.condition != Condition::Running {
        return true;
    }
    background.condition = Condition::Killed;
    let future = background.job.take();
    drop(state);
    // What it holds may look at the session's state when it goes.
    drop(future);
    true
}

/// `fg [JOB]`: waits for a job; Ctrl-C ends it.
pub async fn fg(shell: &Shell, io: &Io, arguments: &[String]) -> i32 {
    let word = arguments.first().map(String::as_str);
    let found = {
        let state = shell.state.borrow();
        let found = state.jobs.find(word).and_then(|i| state.jobs.list.get(i));
        found.map(|b| (b.process, b.text.clone()))
    };
    let Some((process, text)) = found else {
        return no_such(io, "fg", word);
    };
    io.out.line(&text);
    let foreground = Foreground { shell, process };
    let code = ended(shell, &[process]).await;
    drop(foreground);
    code
}

/// `bg [JOB]`: it runs already.
pub fn bg(shell: &Shell, io: &Io, arguments: &[String]) -> i32 {
    let word = arguments.first().map(String::as_str);
    let state = shell.state.borrow();
    match state.jobs.find(word).and_then(|i| state.jobs.list.get(i)) {
        Some(background) => {
            let number = background.number;
            io.err
                .line(&format!("sh: bg: job {number} already in background"));
            0
        }
        None => no_such(io, "bg", word),
    }
}

/// `kill [-SIGNAL] JOB...`
pub fn kill(shell: &Shell, io: &Io, arguments: &[String]) -> i32 {
    let mut words = arguments.iter().peekable();
    if words.next_if(|w| *w == "-s").is_some() {
        words.next();
    }
    while words.next_if(|w| w.starts_with('-')).is_some() {}
    let words: Vec<&String> = words.collect();
    if words.is_empty() {
        io.err
            .line("kill: usage: kill [-s sigspec | -n signum | -sigspec] pid | jobspec ...");
        return 2;
    }
    let mut code = 0;
    for word in words {
        if !end(shell, word) {
            let what = match word.starts_with('%') {
                true => format!("sh: kill: {word}: no such job"),
                false => format!("sh: kill: ({word}) - No such process"),
            };
            io.err.line(&what);
            code = 1;
        }
    }
    code
}
