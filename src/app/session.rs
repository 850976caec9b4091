//! A cluster that runs: virtual time in slices of what a frame can spare, and what the page knows of
//! the cluster afterwards.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use crate::apiserver::{Request, Response};
use crate::cluster::{Arrival, Config, Timeline};
use crate::sim::{Time, secs};

use super::history::History;
use super::local::{Bell, LocalClient};
use super::mirror::{Mirror, Pulled};
use super::model::Workers;
use super::requests::RequestLog;
use super::transport::{Speed, Transport};

/// How many events are handled before the clock is asked again.
const SLICE: usize = 2;
/// A step gives up when nothing visible happens for so long.
const STEP_LIMIT: Duration = secs(600);
/// A frame that comes late (a tab that slept) does not make the cluster leap.
const LONGEST_FRAME: Duration = Duration::from_millis(100);

/// What the cluster is busy with beside playing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Progress {
    #[default]
    Idle,
    /// Looking for the next visible change.
    Stepping,
    /// On the way to another instant; how much of it is done, in thousandths.
    Seeking(u32),
    /// Replaying what was saved; how much of it is done, in thousandths.
    Restoring(u32),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Task {
    None,
    Step {
        limit: Time,
    },
    Run {
        from: Time,
        to: Time,
        /// Where to go afterwards, if what is run is a saved history.
        restoring: Option<Time>,
    },
}

/// What a tick brought about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Objects have changed.
    pub changed: bool,
    /// Someone acted in the past: what had come after is gone.
    pub forked: bool,
    /// A step, seek or restore has arrived.
    pub arrived: bool,
}

/// A cluster with its history, and the page's knowledge of it.
pub struct Session {
    timeline: Rc<RefCell<Timeline>>,
    bell: Bell,
    /// What people have asked.
    log: Rc<RefCell<RequestLog>>,
    mirror: Mirror,
    history: History,
    playing: bool,
    speed: Speed,
    /// Where play wants to be: virtual time is finer than the frames that ask for it.
    goal: Time,
    task: Task,
    behind: bool,
    furthest: Time,
}

impl Session {
    pub fn new(config: Config) -> Self {
        Session::over(Timeline::new(config))
    }

    /// A session that lived before: replays a saved history in slices up to its end, then goes to
    /// the instant that was shown.
    pub fn restore(timeline: Timeline, end: Time, now: Time) -> Self {
        let from = timeline.now();
        let mut session = Session::over(timeline);
        session.task = Task::Run {
            from,
            to: end.max(from),
            restoring: Some(now),
        };
        session
    }

    /// The copy of a real cluster: time is the wall clock's, and what changes is told with
    /// [`Session::take_in`].
    pub fn replica(now: Time) -> Self {
        Session::over(Timeline::replica(now))
    }

    /// Takes in what has changed in the real cluster, at an instant of the wall clock.
    pub fn take_in(&mut self, now: Time, arrivals: Vec<Arrival>) {
        let mut timeline = self.timeline.borrow_mut();
        while !timeline.run_until(now, usize::MAX) {}
        timeline.take_in(arrivals);
        self.goal = self.goal.max(timeline.now());
    }

    fn over(timeline: Timeline) -> Self {
        let now = timeline.now();
        Session {
            furthest: timeline.end(),
            timeline: Rc::new(RefCell::new(timeline)),
            bell: Bell::default(),
            log: Rc::default(),
            mirror: Mirror::default(),
            history: History::default(),
            playing: true,
            speed: Speed::NORMAL,
            goal: now,
            task: Task::None,
            behind: false,
        }
    }

    /// A client of this cluster, to keep.
    pub fn client(&self) -> LocalClient {
        LocalClient::new(self.timeline.clone(), self.bell.clone(), self.log.clone())
    }

    /// The requests that people have made.
    pub fn requests(&self) -> std::cell::Ref<'_, RequestLog> {
        self.log.borrow()
    }

    /// How many worker nodes the cluster was made with.
    pub fn workers(&self) -> Workers {
        let timeline = self.timeline.borrow();
        let nodes = &timeline.cluster().config().nodes;
        Workers::new(nodes.iter().filter(|n| !n.control_plane).count())
    }

    pub fn mirror(&self) -> &Mirror {
        &self.mirror
    }

    pub fn history(&self) -> &History {
        &self.history
    }

    /// Reads the timeline; do not send requests meanwhile.
    pub fn timeline(&self) -> std::cell::Ref<'_, Timeline> {
        self.timeline.borrow()
    }

    pub fn transport(&self) -> Transport {
        let timeline = self.timeline.borrow();
        Transport {
            playing: self.playing,
            speed: self.speed,
            start: timeline.start(),
            now: timeline.now(),
            end: timeline.end(),
            progress: self.progress(timeline.now()),
            behind: self.behind,
        }
    }

    fn progress(&self, now: Time) -> Progress {
        match self.task {
            Task::None => Progress::Idle,
            Task::Step { .. } => Progress::Stepping,
            Task::Run {
                from,
                to,
                restoring,
            } => {
                let whole = to.since(from).as_nanos().max(1);
                let done = now.since(from).as_nanos().saturating_mul(1000) / whole;
                let done = u32::try_from(done.min(1000)).unwrap_or(1000);
                match restoring {
                    Some(_) => Progress::Restoring(done),
                    None => Progress::Seeking(done),
                }
            }
        }
    }

    pub fn is_busy(&self) -> bool {
        self.task != Task::None
    }

    /// Whether a frame would do anything.
    pub fn is_still(&self) -> bool {
        !self.playing && self.task == Task::None
    }

    pub fn play(&mut self, playing: bool) {
        self.playing = playing;
        self.behind = false;
        self.goal = self.timeline.borrow().now();
        if matches!(self.task, Task::Step { .. }) {
            self.task = Task::None;
        }
    }

    pub fn set_speed(&mut self, speed: Speed) {
        self.speed = speed;
        self.behind = false;
    }

    /// Stops, and runs to the next change that the page shows.
    pub fn step(&mut self) {
        self.play(false);
        let now = self.timeline.borrow().now();
        self.task = Task::Step {
            limit: now + STEP_LIMIT,
        };
    }

    /// Goes to another instant of the history. Play goes on from there as it was.
    pub fn seek(&mut self, to: Time) {
        let mut timeline = self.timeline.borrow_mut();
        let before = timeline.now();
        let to = timeline.rewind(to);
        let from = timeline.now();
        drop(timeline);
        if from < before {
            self.mirror.jump();
        }
        self.goal = to;
        self.task = Task::Run {
            from,
            to,
            restoring: None,
        };
    }

    /// Goes back at once to an instant at which so many inputs had come, and forgets what came after it.
    pub fn return_to(&mut self, to: Time, inputs: usize) {
        self.timeline.borrow_mut().return_to(to, inputs);
        self.mirror.jump();
        self.task = Task::None;
        self.goal = to;
        self.look();
        self.history.cut(self.mirror.revision());
    }

    /// Goes on replaying a saved history, up to its end, and then to the instant that was shown.
    pub fn go_on_restoring(&mut self, end: Time, now: Time) {
        let from = self.timeline.borrow().now();
        self.task = Task::Run {
            from,
            to: end.max(from),
            restoring: Some(now),
        };
    }

    /// Gives up what takes long: stays where it is.
    pub fn stop(&mut self) {
        self.task = Task::None;
        self.goal = self.timeline.borrow().now();
    }

    /// Sends a request of a person at the page.
    pub fn request(&mut self, request: &Request) -> Response {
        self.client().send(request)
    }

    /// Runs to `until` at once, however long it takes: to set a cluster up.
    pub fn run_until(&mut self, until: Time) {
        let mut timeline = self.timeline.borrow_mut();
        while !timeline.run_until(until, usize::MAX) {}
        self.goal = timeline.now();
    }

    /// Lets time pass. `wall` is how much of it went by outside; `more` says whether the frame has
    /// time left, and is asked after every slice.
    pub fn tick(&mut self, wall: Duration, more: &mut dyn FnMut() -> bool) -> Seen {
        let before = self.task;
        match self.task {
            Task::None if self.playing => self.run_on(wall, more),
            Task::None => {}
            Task::Step { limit } => return self.look_for_change(limit, more),
            Task::Run { to, restoring, .. } => {
                if self.run_slices(to, more) {
                    self.task = Task::None;
                    self.goal = to;
                    if let Some(shown) = restoring.filter(|shown| *shown < to) {
                        self.seek(shown);
                    }
                }
            }
        }
        let mut seen = self.look();
        seen.arrived = before != Task::None && self.task == Task::None;
        seen
    }

    fn run_on(&mut self, wall: Duration, more: &mut dyn FnMut() -> bool) {
        let wall = wall.min(LONGEST_FRAME).as_nanos();
        let span = wall.saturating_mul(u128::from(self.speed.0)) / 1000;
        self.goal += Duration::from_nanos(u64::try_from(span).unwrap_or(u64::MAX));
        let arrived = self.run_slices(self.goal, more);
        self.behind = !arrived;
        if !arrived {
            // What does not fit is not owed: it would only make every later frame late too.
            self.goal = self.timeline.borrow().now();
        }
    }

    fn run_slices(&mut self, to: Time, more: &mut dyn FnMut() -> bool) -> bool {
        let mut timeline = self.timeline.borrow_mut();
        loop {
            if timeline.run_until(to, SLICE) {
                return true;
            }
            if !more() {
                return false;
            }
        }
    }

    fn look_for_change(&mut self, limit: Time, more: &mut dyn FnMut() -> bool) -> Seen {
        loop {
            for _ in 0..SLICE {
                let revision = self.mirror.revision();
                let mut timeline = self.timeline.borrow_mut();
                let over = timeline.run_until(limit, 1);
                let wrote = timeline.cluster().server().revision() != revision;
                drop(timeline);
                let mut seen = Seen::default();
                if wrote {
                    seen = self.look();
                }
                if seen.changed || over {
                    self.task = Task::None;
                    self.goal = self.timeline.borrow().now();
                    seen.arrived = true;
                    return seen;
                }
            }
            if !more() {
                return Seen::default();
            }
        }
    }

    /// Catches up with the cluster without letting time pass.
    pub fn look(&mut self) -> Seen {
        let timeline = self.timeline.borrow();
        let mut seen = Seen {
            forked: timeline.end() < self.furthest,
            ..Seen::default()
        };
        if seen.forked {
            self.history.cut(self.mirror.revision());
        }
        self.furthest = timeline.end();
        match self.mirror.pull(timeline.cluster()) {
            Pulled::Nothing => {}
            Pulled::Relisted => seen.changed = true,
            Pulled::Changes(events, visible) => {
                self.history.observe(&events, timeline.cluster());
                seen.changed = visible;
            }
        }
        drop(timeline);
        self.bell.ring();
        seen
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apiserver::Method;
    use crate::sim::millis;
    use serde_json::json;

    fn always() -> impl FnMut() -> bool {
        || true
    }

    fn session() -> Session {
        let mut session = Session::new(Config::bare(7, 1));
        session.run_until(Time::EPOCH + secs(20));
        session.look();
        session
    }

    fn create(name: &str) -> Request {
        Request::new(Method::Post, "/api/v1/namespaces/default/services").with_body(json!({
            "apiVersion": "v1", "kind": "Service",
            "metadata": { "name": name }, "spec": { "ports": [{ "port": 80 }] },
        }))
    }

    fn names(session: &Session) -> Vec<String> {
        let services = session.mirror().services.in_namespace("default");
        services.filter_map(|s| s.metadata.name.clone()).collect()
    }

    #[test]
    fn virtual_time_follows_the_wall_at_the_chosen_speed() {
        let mut session = session();
        let start = session.transport().now;
        session.set_speed(Speed(10_000));
        for _ in 0..10 {
            session.tick(millis(16), &mut always());
        }
        assert_eq!(session.transport().now, start + millis(1600));
        session.play(false);
        session.tick(millis(16), &mut always());
        assert_eq!(session.transport().now, start + millis(1600));
    }

    #[test]
    fn a_late_frame_does_not_leap() {
        let mut session = session();
        let start = session.transport().now;
        session.tick(secs(3600), &mut always());
        assert_eq!(session.transport().now, start + LONGEST_FRAME);
    }

    #[test]
    fn a_step_ends_at_the_next_change_and_stays_paused() {
        let mut session = session();
        assert!(session.request(&create("a")).is_success());
        session.look();
        session.step();
        let mut ticks = 0;
        while session.is_busy() && ticks < 1000 {
            session.tick(Duration::ZERO, &mut || false);
            ticks += 1;
        }
        assert!(!session.is_busy());
        assert!(!session.transport().playing);
    }

    #[test]
    fn rewinding_shows_the_past_and_playing_leads_back() {
        let mut session = session();
        let before = session.transport().now;
        session.tick(millis(100), &mut always());
        session.request(&create("a"));
        session.tick(millis(100), &mut always());
        assert_eq!(names(&session), ["a"]);
        let end = session.transport().end;
        session.seek(before);
        assert!(session.tick(Duration::ZERO, &mut always()).arrived);
        assert_eq!(names(&session), [""; 0]);
        assert_eq!(session.transport().end, end, "the future is still there");
        session.seek(end);
        session.tick(Duration::ZERO, &mut always());
        assert_eq!(names(&session), ["a"]);
    }

    #[test]
    fn acting_in_the_past_starts_another_future() {
        let mut session = session();
        let before = session.transport().now;
        session.tick(millis(100), &mut always());
        session.request(&create("a"));
        session.tick(millis(100), &mut always());
        session.seek(before);
        session.tick(Duration::ZERO, &mut always());
        session.play(false);
        session.request(&create("b"));
        let seen = session.tick(Duration::ZERO, &mut always());
        assert!(seen.forked);
        session.play(true);
        for _ in 0..10 {
            session.tick(millis(100), &mut always());
        }
        assert_eq!(names(&session), ["b"]);
        let marks = session.history().marks(session.timeline().inputs());
        assert_eq!(marks.len(), 1, "{marks:?}");
    }

    #[test]
    fn what_was_saved_is_replayed_in_slices() {
        let mut session = session();
        session.request(&create("a"));
        session.tick(millis(100), &mut always());
        let saved = crate::cluster::history::save(&session.timeline());
        let (timeline, end, now) = crate::cluster::history::load(&saved).unwrap();
        let mut again = Session::restore(timeline, end, now);
        let mut slices = 0;
        while again.is_busy() && slices < 10_000 {
            again.tick(Duration::ZERO, &mut || false);
            slices += 1;
        }
        assert_eq!(again.transport().now, now);
        assert_eq!(names(&again), ["a"]);
        assert_eq!(
            again.timeline().cluster().server().revision(),
            session.timeline().cluster().server().revision()
        );
    }

    #[test]
    fn seeking_beyond_either_end_stops_there() {
        let mut session = session();
        let end = session.transport().end;
        session.seek(Time::MAX);
        session.tick(Duration::ZERO, &mut always());
        assert_eq!(session.transport().now, end);
        session.seek(Time(0));
        session.tick(Duration::ZERO, &mut always());
        assert_eq!(session.transport().now, Time::EPOCH);
    }
}
