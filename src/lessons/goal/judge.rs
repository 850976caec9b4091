//! Follows the cluster, and remembers since when what holds.
//!
//! Every change is looked at in its order, not only what a frame ends with: what held for a moment
//! between two frames counts, and what was broken for a moment, too. When the clock is set back, what was
//! remembered from later is forgotten; the objects are listed anew.

use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use crate::api::Kind;
use crate::api::play::lesson::Goal;
use crate::apiserver::{Cursor, WatchEvent};
use crate::cluster::Cluster;
use crate::sim::{Time, secs};

use super::plan::Node;
use super::words::Missing;
use crate::lessons::start::span;

/// How a goal stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    Met,
    NotYet,
    /// What had to hold all the time was broken.
    Failed,
}

/// A goal at this moment.
#[derive(Clone, Debug, PartialEq)]
pub struct GoalState {
    pub text: Rc<str>,
    pub standing: Standing,
    /// What is still missing, unless it is met.
    pub missing: Option<Missing>,
}

/// So many changes of one goal are remembered, for going back.
const FLIPS: usize = 256;

/// The goals of a step, watched since it began.
#[derive(Clone, Debug)]
pub struct Judge {
    goals: Vec<Watched>,
    began: Time,
    now: Time,
    revision: u64,
    done: Option<Time>,
}

#[derive(Clone, Debug)]
struct Watched {
    text: Rc<str>,
    node: Node,
    held: Duration,
    once: bool,
    throughout: bool,
    holds: bool,
    /// When it began or ceased to hold, in order.
    flips: VecDeque<(Time, bool)>,
    first_met: Option<Time>,
    broken: Option<(Time, Missing)>,
}

impl Watched {
    fn of(goal: &Goal) -> Watched {
        Watched {
            text: goal.text.as_str().into(),
            node: Node::of(goal, goal.throughout),
            held: span(&goal.held).unwrap_or_default(),
            once: goal.once,
            throughout: goal.throughout,
            holds: goal.throughout,
            flips: VecDeque::new(),
            first_met: None,
            broken: None,
        }
    }

    /// Since when it holds.
    fn since(&self, began: Time) -> Time {
        self.flips.back().map_or(began, |(at, _)| *at)
    }

    fn is_met(&self, at: Time, began: Time) -> bool {
        if self.throughout {
            return self.broken.is_none();
        }
        let lasts = self.holds && at >= self.since(began) + self.held;
        lasts || self.once && self.first_met.is_some_and(|met| met <= at)
    }

    fn take(&mut self, at: Time, began: Time) {
        if self.holds && self.first_met.is_none() && at >= self.since(began) + self.held {
            self.first_met = Some(self.since(began) + self.held);
        }
        let holds = self.node.holds();
        if holds != self.holds {
            self.holds = holds;
            self.flips.push_back((at, holds));
            if self.flips.len() > FLIPS {
                self.flips.pop_front();
            }
        }
        if self.throughout && !holds && self.broken.is_none() {
            let how = self.node.missing().unwrap_or(Missing::Unclear);
            self.broken = Some((at, how));
        }
        if holds && self.held.is_zero() && self.first_met.is_none() {
            self.first_met = Some(at);
        }
    }

    fn go_back(&mut self, to: Time) {
        self.flips.retain(|(at, _)| *at <= to);
        self.holds = self
            .flips
            .back()
            .map_or(self.throughout, |(_, holds)| *holds);
        self.first_met = self.first_met.filter(|at| *at <= to);
        self.broken.take_if(|(at, _)| *at > to);
    }
}

impl Judge {
    /// The goals of a step that begins now.
    pub fn begin(goals: &[Goal], cluster: &Cluster) -> Judge {
        let mut judge = Judge {
            goals: goals.iter().map(Watched::of).collect(),
            began: cluster.now(),
            now: cluster.now(),
            revision: cluster.server().revision(),
            done: None,
        };
        for goal in &mut judge.goals {
            goal.node.each_objects(&mut |atom| atom.begin(cluster));
            goal.node
                .each_requests(&mut |atom| atom.begin(cluster.now()));
        }
        judge.look_around(cluster);
        judge.settle(cluster.now());
        judge
    }

    /// When the step began.
    pub fn began(&self) -> Time {
        self.began
    }

    /// When all goals were met at the same moment.
    pub fn done(&self) -> Option<Time> {
        self.done
    }

    /// Takes in what has happened in the cluster since the last look; tells whether anything may stand
    /// differently now. What only time changes is looked at once in a second.
    pub fn observe(&mut self, cluster: &Cluster) -> bool {
        let (now, revision) = (cluster.now(), cluster.server().revision());
        if now < self.now || revision < self.revision {
            self.go_back(cluster);
            return true;
        }
        let slept = self.now < self.began;
        let same_second = now.truncate_to_secs() == self.now.truncate_to_secs();
        if same_second && revision == self.revision && !slept {
            return false;
        }
        self.now = now;
        if now < self.began {
            self.revision = revision;
            return false;
        }
        if slept {
            self.relist(cluster);
        } else if revision > self.revision {
            match self.changes(cluster) {
                Some(changes) => self.follow(&changes, cluster),
                None => self.relist(cluster),
            }
        }
        self.revision = revision;
        self.look_around(cluster);
        self.settle(now);
        true
    }

    /// What has changed among the kinds that matter, in order; `None` when it is forgotten.
    fn changes(&mut self, cluster: &Cluster) -> Option<Vec<WatchEvent>> {
        let mut kinds: Vec<Kind> = Vec::new();
        let mut unknown = false;
        for goal in &mut self.goals {
            goal.node.each_objects(&mut |atom| match atom.kind() {
                Some(kind) if !kinds.contains(&kind) => kinds.push(kind),
                Some(_) => {}
                None => {
                    atom.list(cluster);
                    unknown |= atom.kind().is_some();
                }
            });
        }
        if unknown {
            return None;
        }
        let mut changes = Vec::new();
        for kind in kinds {
            let mut cursor = Cursor {
                kind,
                namespace: None,
                revision: self.revision,
            };
            changes.extend(cluster.pull(&mut cursor).ok()?);
        }
        changes.sort_by_key(|change| change.revision);
        Some(changes)
    }

    fn follow(&mut self, changes: &[WatchEvent], cluster: &Cluster) {
        for change in changes {
            let cause = cluster.kernel().causes.get(change.cause);
            let at = cause.map_or(self.now, |cause| cause.at).min(self.now);
            for goal in &mut self.goals {
                goal.node
                    .each_objects(&mut |atom| atom.apply(change, cluster));
            }
            self.settle(at);
        }
    }

    fn relist(&mut self, cluster: &Cluster) {
        for goal in &mut self.goals {
            goal.node.each_objects(&mut |atom| atom.list(cluster));
        }
    }

    fn go_back(&mut self, cluster: &Cluster) {
        self.now = cluster.now();
        self.revision = cluster.server().revision();
        self.done = self.done.filter(|at| *at <= self.now);
        for goal in &mut self.goals {
            goal.go_back(self.now);
            goal.node.each_requests(&mut |atom| atom.forget());
        }
        if self.now >= self.began {
            self.relist(cluster);
            self.look_around(cluster);
            self.settle(self.now);
        }
    }

    /// What no watch tells: requests and logs.
    fn look_around(&mut self, cluster: &Cluster) {
        for goal in &mut self.goals {
            goal.node.each_requests(&mut |atom| {
                atom.look(cluster, cluster.now());
            });
            goal.node
                .each_objects(&mut |atom| atom.read_logs(cluster, cluster.now()));
        }
    }

    /// What holds at this instant. Before it, what held until now may have lasted long enough.
    fn settle(&mut self, at: Time) {
        self.conclude(at);
        for goal in &mut self.goals {
            goal.take(at, self.began);
        }
        self.conclude(at);
    }

    fn conclude(&mut self, at: Time) {
        if self.done.is_none()
            && !self.goals.is_empty()
            && self.goals.iter().all(|goal| goal.is_met(at, self.began))
        {
            self.done = Some(at);
        }
    }

    /// How each goal stands now.
    pub fn states(&self) -> Vec<GoalState> {
        self.goals.iter().map(|goal| self.state(goal)).collect()
    }

    fn state(&self, goal: &Watched) -> GoalState {
        let (standing, missing) = if self.now < self.began {
            (Standing::NotYet, Some(Missing::Early))
        } else if let Some((_, how)) = &goal.broken {
            let how = Box::new(how.clone());
            (Standing::Failed, Some(Missing::Broken { how }))
        } else if goal.is_met(self.now, self.began) {
            (Standing::Met, None)
        } else if goal.holds {
            let held = self.now.since(goal.since(self.began));
            let missing = Missing::Held {
                seconds: held.as_secs(),
                want: goal.held.as_secs().max(secs(1).as_secs()),
            };
            (Standing::NotYet, Some(missing))
        } else {
            (Standing::NotYet, goal.node.missing())
        };
        GoalState {
            text: goal.text.clone(),
            standing,
            missing,
        }
    }

    /// Whether a goal had to hold all the time.
    pub fn is_throughout(&self, goal: usize) -> bool {
        self.goals.get(goal).is_some_and(|g| g.throughout)
    }
}
