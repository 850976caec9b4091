//! A terminal without a page: sessions on a cluster of their own, in virtual time.
//!
//! `kubarium-shell`, the golden transcripts and the check of a lesson run through here. A line runs to its end, and the
//! simulation with it, an event at a time; nothing waits for a real clock.

#[cfg(not(target_arch = "wasm32"))]
mod script;
mod world;

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

#[cfg(not(target_arch = "wasm32"))]
pub use script::{Line, Script};
pub use world::{Desk, Elsewhere, World};

use super::{Session, Stream};
use crate::cluster::{Cluster, Config};
use crate::sim::{Time, millis, secs};

/// A request takes so long, as one of a real kubectl does; else a rollout could not be caught in
/// the act by the commands of a script.
pub const ROUND_TRIP: Duration = millis(5);

/// What a line printed, both streams together, and its exit code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    pub text: String,
    pub exit_code: i32,
    /// It did not end by itself: it was interrupted, as by Ctrl-C.
    pub interrupted: bool,
}

/// A line that prints nothing for so much virtual time, and has set no alarm for later, is
/// interrupted: a watch without an end.
const QUIET: Duration = secs(600);
/// A line that polls may go on for so long.
const LONGEST: Duration = secs(7 * 24 * 3600);
/// And it may keep the cluster busy for so many events.
const MOST_EVENTS: usize = 20_000_000;
/// How often a line may go on without the clock moving.
const MOST_TURNS: usize = 1_000_000;
/// What a transcript can use of one line's output.
const MOST_OUTPUT: usize = 64 << 20;

/// The cluster that a headless terminal stands beside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Workers; a cluster that is not bare has a control plane node beside them.
    pub nodes: u8,
    /// Fake nodes only, no system pods: the cluster that recorded transcripts come from.
    pub bare: bool,
    pub seed: u64,
}

impl Options {
    pub fn config(&self) -> Config {
        match self.bare {
            true => Config::bare(self.seed, self.nodes),
            false => Config::playground(self.seed, self.nodes),
        }
    }

    /// A cluster that has settled: nodes are ready, and so are the pods of the system.
    pub fn cluster(&self) -> Cluster {
        settled(self.config())
    }
}

/// How long a new cluster takes until its nodes and the pods of the system are ready.
pub fn settling(config: &Config) -> Duration {
    match config.bare {
        true => secs(7),
        false => secs(60),
    }
}

/// A cluster that has settled.
pub fn settled(config: Config) -> Cluster {
    let span = settling(&config);
    let mut cluster = Cluster::new(config);
    cluster.run_for(span);
    cluster
}

/// A terminal with its cluster.
pub struct Terminal {
    pub session: Session,
    pub desk: Desk,
}

impl Terminal {
    /// A terminal on a settled cluster, whose context is a namespace that is made if there is none.
    pub fn new(cluster: Cluster, files: BTreeMap<String, String>, namespace: &str) -> Terminal {
        let (world, desk) = World::new(cluster, files, ROUND_TRIP);
        Terminal::beside(world, desk, namespace)
    }

    /// A terminal in a world that is there already.
    pub fn beside(world: Rc<World>, desk: Desk, namespace: &str) -> Terminal {
        let session = Session::new(world, namespace);
        let mut terminal = Terminal { session, desk };
        let made = terminal.run(&format!("kubectl create namespace {namespace}"));
        if made.exit_code == 0 {
            terminal.desk.borrow_mut().run_for(secs(2));
        }
        terminal.session.set_history(Vec::new());
        terminal
    }

    /// Runs a line to its end, and the simulation with it.
    pub fn run(&mut self, line: &str) -> Outcome {
        run(&mut self.session, &self.desk, line)
    }

    /// Runs a line of a script: what passes before it, then the line.
    pub fn run_next(&mut self, line: &str) -> Outcome {
        self.desk.borrow_mut().run_for(pause(line));
        self.run(line)
    }
}

/// What passes before a command of a script. Pods of fake nodes are ready sooner than those of the
/// recorded transcripts, so commands that meet a rollout under way follow each other at once.
pub fn pause(command: &str) -> Duration {
    match command.starts_with("kubectl rollout") {
        true => millis(3),
        false => millis(60),
    }
}

/// Runs a line to its end, and the simulation with it: an event at a time.
pub fn run(session: &mut Session, desk: &Desk, line: &str) -> Outcome {
    let mut text = String::new();
    let mut take = |span: &str| {
        if text.len() + span.len() <= MOST_OUTPUT {
            text.push_str(span);
        }
    };
    let (exit_code, interrupted) = run_with(session, desk, line, &mut take);
    Outcome {
        text,
        exit_code,
        interrupted,
    }
}

/// Runs a line to its end and hands on what it prints as it comes; its exit code, and whether it had to
/// be interrupted.
pub fn run_with(
    session: &mut Session,
    desk: &Desk,
    line: &str,
    print: &mut dyn FnMut(&str),
) -> (i32, bool) {
    let mut job = session.start(line);
    let begun = desk.borrow().now();
    let mut heard = begun;
    let mut turns = 0;
    for _ in 0..MOST_EVENTS {
        desk.forget_due();
        let progress = job.poll();
        let now = desk.borrow().now();
        let spoke = !progress.output.is_empty();
        for span in progress.output {
            if span.stream != Stream::Clear {
                print(&span.text);
            }
        }
        let jobs = session.poll_jobs(progress.exit_code.is_some());
        for span in jobs.output {
            if span.stream != Stream::Clear {
                print(&span.text);
            }
        }
        if let Some(exit_code) = progress.exit_code {
            return (exit_code, false);
        }
        let alarms = [progress.wake_at, jobs.wake_at, desk.due()];
        let alarm = alarms.into_iter().flatten().min();
        turns = if now > heard { 0 } else { turns + 1 };
        if spoke || alarm.is_some_and(|at| at > now) {
            heard = now;
        }
        if now >= (heard + QUIET).min(begun + LONGEST) || turns > MOST_TURNS {
            break;
        }
        step(&mut desk.borrow_mut(), alarm.unwrap_or(heard + QUIET));
    }
    job.interrupt();
    (130, true)
}

/// Lets the next event happen, or the clock move to `until` when there is none before.
fn step(cluster: &mut Cluster, until: Time) {
    if !cluster.step(until) {
        cluster.run_until(until);
    }
}
