//! A lesson that is being taken: at which step, what was predicted, which goals are met.

use std::rc::Rc;

use super::show::Show;
use crate::api::play::lesson::{LessonSpec, Step};
use crate::app::{Files, Shared, Text, say};
use crate::cluster::Cluster;
use crate::lessons::source::Source;
use crate::lessons::{Judge, Standing};
use crate::sim::Time;

pub struct Running {
    pub name: Rc<str>,
    pub source: Source,
    /// The texts as they were loaded: what a reload needs.
    pub lesson: Rc<str>,
    pub words: Option<Rc<str>>,
    /// The step that is done now, and the one that is shown.
    pub at: usize,
    pub shown: usize,
    /// The answers that were chosen, by step.
    pub chosen: Vec<Option<usize>>,
    pub hints: usize,
    /// When the lesson began, and this step, and the files that the step began with.
    pub began: Time,
    pub step_began: Time,
    /// How many inputs the cluster had seen then, those that are lost included.
    pub inputs: usize,
    pub step_inputs: usize,
    pub step_files: Shared<Files>,
    /// Absent while a saved lesson is replayed.
    pub judge: Option<Judge>,
    pub finished: bool,
    pub show: Option<Show>,
    /// It was taken from the editor, and counts for nothing.
    pub trial: bool,
    /// What was heard of so far: the goals that were met, and that the step was done.
    said: Vec<Standing>,
    said_done: bool,
}

impl Running {
    pub fn new(name: Rc<str>, source: Source, lesson: Rc<str>, words: Option<Rc<str>>) -> Running {
        let steps = source.spec().steps.len();
        Running {
            name,
            source,
            lesson,
            words,
            at: 0,
            shown: 0,
            chosen: vec![None; steps],
            hints: 0,
            began: Time::EPOCH,
            step_began: Time::EPOCH,
            inputs: 0,
            step_inputs: 0,
            step_files: Shared::default(),
            judge: None,
            finished: false,
            show: None,
            trial: false,
            said: Vec::new(),
            said_done: false,
        }
    }

    pub fn spec(&self) -> &LessonSpec {
        self.source.spec()
    }

    pub fn step(&self) -> Option<&Step> {
        self.spec().steps.get(self.at)
    }

    pub fn is_last(&self) -> bool {
        self.at + 1 >= self.spec().steps.len()
    }

    /// The step begins in the cluster as it is now.
    pub fn begin_step(&mut self, cluster: &Cluster, inputs: usize, files: &Shared<Files>) {
        self.step_inputs = inputs;
        self.step_began = cluster.now();
        self.step_files = files.clone();
        self.hints = 0;
        self.show = None;
        self.shown = self.at;
        self.judge_from(cluster);
    }

    pub fn judge_from(&mut self, cluster: &Cluster) {
        let goals = self.step().map(|step| step.goals.clone());
        let judge = Judge::begin(&goals.unwrap_or_default(), cluster);
        self.said = judge.states().iter().map(|state| state.standing).collect();
        self.judge = Some(judge);
        self.said_done = false;
    }

    /// Whether the question of the step was answered, if it has one.
    pub fn is_predicted(&self) -> bool {
        let asks = self.step().is_some_and(|step| step.predict.is_some());
        !asks || self.chosen.get(self.at).is_some_and(Option::is_some)
    }

    /// Whether the step is done: what was asked was answered, and all goals were met at once.
    pub fn is_step_done(&self) -> bool {
        let reads = self.step().is_none_or(|step| step.goals.is_empty());
        let met = self
            .judge
            .as_ref()
            .is_some_and(|judge| judge.done().is_some());
        self.is_predicted() && (reads || met)
    }

    /// Takes in what has happened in the cluster; tells whether anything may be different now, and says what
    /// is new.
    pub fn observe(&mut self, cluster: &Cluster) -> (bool, Text) {
        let Some(judge) = &mut self.judge else {
            return (false, Text::default());
        };
        if !judge.observe(cluster) {
            return (false, Text::default());
        }
        let words = self.news();
        (true, words)
    }

    /// What has changed since it was last asked, in words.
    pub fn news(&mut self) -> Text {
        let states = self.judge.as_ref().map(Judge::states).unwrap_or_default();
        let mut news: Vec<Text> = Vec::new();
        let is_heard = self.is_predicted();
        let goals = self
            .step()
            .map(|step| step.goals.clone())
            .unwrap_or_default();
        for (i, state) in states.iter().enumerate() {
            let text = goals.get(i).map_or("", |goal| goal.text.as_str());
            let before = self.said.get(i).copied().unwrap_or(Standing::NotYet);
            if before == state.standing || !is_heard {
                continue;
            }
            match state.standing {
                Standing::Met => news.push(say!("spoken.goal.met", text = text)),
                Standing::Failed => news.push(say!("spoken.goal.failed", text = text)),
                Standing::NotYet => {}
            }
        }
        if is_heard {
            self.said = states.iter().map(|state| state.standing).collect();
        }
        let done = self.is_step_done();
        if done && !self.said_done && !states.is_empty() {
            news.push(match self.is_last() {
                true => say!("spoken.step.last"),
                false => say!("spoken.step.done"),
            });
        }
        self.said_done = done;
        Text::sentences(news)
    }
}
