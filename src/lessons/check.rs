//! Takes a lesson by its own solution, in a cluster of its own and in virtual time, and says what is wrong
//! with it: goals that are met before anything is done, goals that the solution does not meet, commands
//! that fail or do not exist.

use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;
use std::time::Duration;

use super::goal::{Judge, Missing, Standing, find_like};
use super::markdown;
use super::source::{Problem, Source};
use super::start::{WARM_UP, is_settled, span};
use crate::api::play::lesson::{Act, LessonSpec, Step};
use crate::cluster::Cluster;
use crate::kubectl::Host;
use crate::kubectl::headless::{ROUND_TRIP, Terminal, World};
use crate::sim::{Time, millis, secs};

/// After its solution, a step has so much time to come true.
const PATIENCE: Duration = secs(300);
/// A step that comes true by itself within this time has nothing to do.
const ALONE: Duration = secs(60);
/// How often the goals are looked at while time passes.
const EVERY: Duration = millis(250);

/// What one step of a lesson came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepReport {
    pub id: Rc<str>,
    /// How many goals it has.
    pub goals: usize,
    /// How long it took from its beginning until all goals were met, in virtual time.
    pub took: Option<Duration>,
}

/// Something to mend, or to know.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// The line of the lesson's text, from 1.
    pub line: usize,
    /// Where in the lesson: `spec.steps[0].goals`. Empty where the flaw says it.
    pub path: String,
    pub flaw: Flaw,
    /// The lesson works, but it could be better.
    pub mild: bool,
}

/// What is wrong at a place of a lesson.
#[derive(Clone, Debug, PartialEq)]
pub enum Flaw {
    /// In the words of who has read it.
    Text(String),
    /// A command ends as it should not.
    Command {
        line: String,
        /// It should be refused, and is not.
        should_fail: bool,
        printed: String,
    },
    AllMetBefore,
    MetBefore,
    FailsBefore(Option<Missing>),
    MetByWaiting,
    /// A file has not the text that an edit replaces.
    NothingToReplace {
        file: String,
        text: String,
    },
    Unmet(Option<Missing>),
    NeverTogether,
    /// A picture or a link leads to an object that is not there in the whole lesson, or step.
    NeverThere(String),
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = |missing: &Option<Missing>| missing.as_ref().map(Missing::words);
        match self {
            Flaw::Text(text) => f.write_str(text),
            Flaw::Command {
                line,
                should_fail,
                printed,
            } => {
                let what = match should_fail {
                    true => "it should be refused, and is not",
                    false => "it is refused",
                };
                write!(f, "`{line}`: {what}: {printed}")
            }
            Flaw::AllMetBefore => f.write_str("all are met before anything was done"),
            Flaw::MetBefore => f.write_str("it is met before anything was done"),
            Flaw::FailsBefore(missing) => {
                let missing = words(missing).unwrap_or_default();
                write!(f, "it fails at the beginning: {missing}")
            }
            Flaw::MetByWaiting => f.write_str("all are met by waiting alone"),
            Flaw::NothingToReplace { file, text } => write!(f, "{file} has no \"{text}\""),
            Flaw::Unmet(missing) => {
                let missing = words(missing).unwrap_or_default();
                write!(f, "the solution does not meet it: {missing}")
            }
            Flaw::NeverTogether => {
                f.write_str("the solution meets each, but never all at the same moment")
            }
            Flaw::NeverThere(name) => write!(f, "{name} is never there"),
        }
    }
}

/// What the check of a lesson has come to so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    pub steps: Vec<StepReport>,
    pub findings: Vec<Finding>,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let weight = if self.mild { "note" } else { "error" };
        write!(f, "{}: {weight}: ", self.line)?;
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        self.flaw.fmt(f)
    }
}

impl Report {
    /// The outcome in one line: "first-pod: good (create 4 s, crash 12 s)".
    pub fn line(&self, name: &str) -> String {
        let verdict = if self.is_good() { "good" } else { "BAD" };
        let steps: Vec<String> = self
            .steps
            .iter()
            .map(|step| match step.took {
                Some(took) => format!("{} {:.1} s", step.id, took.as_secs_f32()),
                None if step.goals == 0 => step.id.to_string(),
                None => format!("{} not met", step.id),
            })
            .collect();
        format!("{name}: {verdict} ({})", steps.join(", "))
    }

    pub fn is_good(&self) -> bool {
        self.findings.iter().all(|finding| finding.mild)
    }
}

/// A check under way. It is done in pieces, so that a page stays alive meanwhile.
pub struct Check {
    source: Source,
    world: Rc<World>,
    terminal: Terminal,
    stage: Stage,
    report: Report,
    /// What pictures and links lead to and what was not there yet.
    sought: Vec<Sought>,
}

/// What a picture or a link leads to.
struct Sought {
    path: String,
    name: String,
    /// The step in which it has to be there; none for any.
    step: Option<usize>,
}

enum Stage {
    WarmUp,
    Settle {
        until: Time,
    },
    Begin(usize),
    Solve {
        step: usize,
        act: usize,
        judge: Judge,
    },
    Wait {
        step: usize,
        judge: Judge,
        until: Time,
    },
    Over,
}

impl Check {
    pub fn new(source: Source) -> Check {
        let start = &source.spec().start;
        let cluster = Cluster::new(start.config());
        let (world, desk) = World::new(cluster, start.files.clone(), ROUND_TRIP);
        let terminal = Terminal::beside(world.clone(), desk, "default");
        let mut check = Check {
            source,
            world,
            terminal,
            stage: Stage::WarmUp,
            report: Report::default(),
            sought: Vec::new(),
        };
        check.read_commands();
        check.read_ways();
        check
    }

    /// Checks a lesson at once.
    pub fn run(source: Source) -> Report {
        let mut check = Check::new(source);
        while check.advance() {}
        check.report
    }

    /// What was found in a text that is no lesson.
    pub fn refused(problems: Vec<Problem>) -> Report {
        let findings = problems.into_iter().map(|problem| Finding {
            line: problem.line,
            path: String::new(),
            flaw: Flaw::Text(problem.message),
            mild: false,
        });
        Report {
            steps: Vec::new(),
            findings: findings.collect(),
        }
    }

    pub fn report(&self) -> &Report {
        &self.report
    }

    /// How many steps are behind it, and how many there are.
    pub fn progress(&self) -> (usize, usize) {
        (self.report.steps.len(), self.source.spec().steps.len())
    }

    /// Does the next piece; tells whether there is more to do.
    pub fn advance(&mut self) -> bool {
        let stage = std::mem::replace(&mut self.stage, Stage::Over);
        self.stage = match stage {
            Stage::WarmUp => self.warm_up(),
            Stage::Settle { until } => self.settle(until),
            Stage::Begin(step) => self.begin(step),
            Stage::Solve { step, act, judge } => self.solve(step, act, judge),
            Stage::Wait { step, judge, until } => self.wait(step, judge, until),
            Stage::Over => return false,
        };
        !matches!(self.stage, Stage::Over)
    }

    fn spec(&self) -> &LessonSpec {
        self.source.spec()
    }

    fn step(&self, step: usize) -> Step {
        self.spec().steps.get(step).cloned().unwrap_or_default()
    }

    fn find(&mut self, path: &str, flaw: Flaw) {
        let finding = Finding {
            line: self.source.line(path),
            path: path.to_owned(),
            flaw,
            mild: false,
        };
        self.report.findings.push(finding);
    }

    fn note(&mut self, path: &str, flaw: Flaw) {
        self.find(path, flaw);
        if let Some(last) = self.report.findings.last_mut() {
            last.mild = true;
        }
    }

    /// The commands in texts exist.
    fn read_commands(&mut self) {
        let mut wrong = Vec::new();
        for (i, step) in self.spec().steps.iter().enumerate() {
            let hints = step.hints.iter().enumerate();
            let hints = hints.map(|(n, hint)| (format!("spec.steps[{i}].hints[{n}]"), hint));
            let text = (format!("spec.steps[{i}].text"), &step.text);
            for (path, text) in hints.chain([text]) {
                for line in markdown::commands(text) {
                    if let Err(why) = crate::kubectl::is_known(&line) {
                        let why: Vec<&str> = why.split_whitespace().collect();
                        wrong.push((path.clone(), format!("`{line}`: {}", why.join(" "))));
                    }
                }
            }
        }
        for (path, why) in wrong {
            self.find(&path, Flaw::Text(why));
        }
    }

    /// What pictures and links lead to.
    fn read_ways(&mut self) {
        let spec = self.source.spec();
        let links = spec.steps.iter().enumerate().flat_map(|(i, step)| {
            let path = format!("spec.steps[{i}]");
            let hints = step.hints.iter().enumerate();
            let hints = hints.map(|(n, hint)| (format!("{path}.hints[{n}]"), hint));
            let because = step.predict.iter();
            let because = because.map(|p| (format!("{path}.predict.because"), &p.because));
            let texts = hints
                .chain(because)
                .chain([(format!("{path}.text"), &step.text)]);
            texts.collect::<Vec<_>>()
        });
        let links = links.chain([("spec.done".to_owned(), &spec.done)]);
        let links = links.flat_map(|(path, text)| {
            markdown::objects(text).into_iter().map(move |name| Sought {
                path: path.clone(),
                name,
                step: None,
            })
        });
        let links: Vec<Sought> = links.collect();
        let own = spec.steps.iter().enumerate();
        let own = own.map(|(i, step)| (format!("spec.steps[{i}]"), Some(i), &step.picture));
        let all = [("spec".to_owned(), None, &spec.picture)].into_iter();
        let sought = all.chain(own).filter_map(|(path, step, picture)| {
            let name = picture.as_ref().map(|p| p.find.clone())?;
            (!name.is_empty()).then(|| Sought {
                path: format!("{path}.picture.find"),
                name,
                step,
            })
        });
        self.sought = sought.chain(links).collect();
    }

    /// Looks for what pictures and links lead to.
    fn look_around(&mut self, now: usize) {
        let cluster = self.terminal.desk.borrow();
        self.sought.retain(|sought| {
            let due = sought.step.is_none_or(|step| step == now);
            !due || find_like(&sought.name, "default", &cluster).is_none()
        });
    }

    fn now(&self) -> Time {
        self.terminal.desk.borrow().now()
    }

    fn pass(&self, span: Duration) {
        self.terminal.desk.borrow_mut().run_for(span);
    }

    fn warm_up(&mut self) -> Stage {
        let target = Time::EPOCH + WARM_UP;
        let left = target.since(self.now());
        self.pass(left);
        let run = self.spec().start.run.clone();
        for (i, line) in run.iter().enumerate() {
            self.command(&format!("spec.start.run[{i}]"), line, false);
        }
        Stage::Settle {
            until: self.now() + self.spec().start.patience(),
        }
    }

    fn settle(&mut self, until: Time) -> Stage {
        self.pass(secs(1));
        let settled = is_settled(&self.terminal.desk.borrow());
        match settled || self.now() >= until {
            true => Stage::Begin(0),
            false => Stage::Settle { until },
        }
    }

    /// Runs a command; one that is refused is a finding, or one that is not, if it should be.
    fn command(&mut self, path: &str, line: &str, fails: bool) {
        let outcome = self.terminal.run(line);
        // The line that tells what is wrong; often one about help follows it.
        let mut lines = outcome.text.lines();
        let telling = lines.find(|line| line.starts_with("error") || line.starts_with("Error"));
        let last = || outcome.text.lines().last();
        let printed = telling.or_else(last).unwrap_or_default().to_owned();
        if (outcome.exit_code != 0) != fails && !outcome.interrupted {
            let flaw = Flaw::Command {
                line: line.to_owned(),
                should_fail: fails,
                printed,
            };
            self.find(path, flaw);
        }
    }

    fn begin(&mut self, number: usize) -> Stage {
        if number >= self.spec().steps.len() {
            for sought in std::mem::take(&mut self.sought) {
                self.find(&sought.path, Flaw::NeverThere(sought.name));
            }
            return Stage::Over;
        }
        let step = self.step(number);
        for (name, text) in &step.files {
            self.world.write_file(name, text);
        }
        if !step.select.is_empty() {
            let line = format!("kubectl get {} -o name", step.select);
            self.command(&format!("spec.steps[{number}].select"), &line, false);
        }
        self.look_around(number);
        let judge = Judge::begin(&step.goals, &self.terminal.desk.borrow());
        self.look_before(number, &step, &judge);
        Stage::Solve {
            step: number,
            act: 0,
            judge,
        }
    }

    /// Nothing was done yet: nothing may be met.
    fn look_before(&mut self, number: usize, step: &Step, judge: &Judge) {
        if step.goals.is_empty() {
            return;
        }
        let path = format!("spec.steps[{number}].goals");
        if judge.done().is_some() {
            self.find(&path, Flaw::AllMetBefore);
            return;
        }
        for (i, state) in judge.states().iter().enumerate() {
            let path = format!("{path}[{i}]");
            match state.standing {
                Standing::Failed => {
                    self.find(&path, Flaw::FailsBefore(state.missing.clone()));
                }
                Standing::Met if !judge.is_throughout(i) => {
                    self.note(&path, Flaw::MetBefore);
                }
                _ => {}
            }
        }
        let waits = |act: &Act| !act.wait.is_empty();
        if step.solution.iter().all(waits) {
            return;
        }
        let mut fork = self.terminal.desk.borrow().clone();
        let mut judge = judge.clone();
        let until = fork.now() + ALONE;
        while fork.now() < until && judge.done().is_none() {
            fork.run_for(secs(1));
            judge.observe(&fork);
        }
        if judge.done().is_some() {
            self.find(&path, Flaw::MetByWaiting);
        }
    }

    fn observe(&self, judge: &mut Judge) {
        judge.observe(&self.terminal.desk.borrow());
    }

    fn solve(&mut self, number: usize, at: usize, mut judge: Judge) -> Stage {
        let step = self.step(number);
        let Some(act) = step.solution.get(at) else {
            return Stage::Wait {
                step: number,
                judge,
                until: self.now() + PATIENCE,
            };
        };
        let path = format!("spec.steps[{number}].solution[{at}]");
        if !act.run.is_empty() {
            self.command(&path, &act.run, act.fails);
        } else if !act.apply.is_empty() {
            let line = format!("kubectl apply -f {}", act.apply);
            self.command(&path, &line, act.fails);
        } else if !act.edit.is_empty() {
            let text = self.world.read_file(&act.edit).unwrap_or_default();
            match act.edited(&text) {
                Some(text) => self.world.write_file(&act.edit, &text),
                None => {
                    let flaw = Flaw::NothingToReplace {
                        file: act.edit.clone(),
                        text: act.replace.clone(),
                    };
                    self.find(&path, flaw);
                }
            }
        } else if let Some(span) = span(&act.wait) {
            let until = self.now() + span;
            while self.now() < until {
                self.pass(EVERY);
                self.observe(&mut judge);
            }
        }
        self.observe(&mut judge);
        self.look_around(number);
        Stage::Solve {
            step: number,
            act: at + 1,
            judge,
        }
    }

    fn wait(&mut self, number: usize, mut judge: Judge, until: Time) -> Stage {
        let step = self.step(number);
        let slice = self.now() + secs(5);
        while judge.done().is_none() && !step.goals.is_empty() {
            if self.now() >= until {
                self.give_up(number, &judge);
                break;
            }
            if self.now() >= slice {
                return Stage::Wait {
                    step: number,
                    judge,
                    until,
                };
            }
            self.pass(EVERY);
            self.observe(&mut judge);
        }
        self.look_around(number);
        self.report.steps.push(StepReport {
            id: step.id.as_str().into(),
            goals: step.goals.len(),
            took: judge.done().map(|done| done.since(judge.began())),
        });
        Stage::Begin(number + 1)
    }

    fn give_up(&mut self, number: usize, judge: &Judge) {
        for (i, state) in judge.states().iter().enumerate() {
            if state.standing != Standing::Met {
                let path = format!("spec.steps[{number}].goals[{i}]");
                self.find(&path, Flaw::Unmet(state.missing.clone()));
            }
        }
        if judge.states().iter().all(|s| s.standing == Standing::Met) {
            let path = format!("spec.steps[{number}].goals");
            self.find(&path, Flaw::NeverTogether);
        }
    }
}

impl Act {
    /// The text of a file after this edit; `None` when what is to be replaced is not there.
    pub fn edited(&self, text: &str) -> Option<String> {
        if self.replace.is_empty() {
            return Some(self.text.clone());
        }
        text.contains(&self.replace)
            .then(|| text.replacen(&self.replace, &self.with, 1))
    }
}

/// The files that a lesson brings up to a step, by name; later ones replace earlier ones.
impl LessonSpec {
    pub fn files_until(&self, step: usize) -> BTreeMap<String, String> {
        let mut files = self.start.files.clone();
        for step in self.steps.iter().take(step + 1) {
            files.extend(step.files.clone());
        }
        files
    }
}
