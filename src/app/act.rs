//! The page as a whole: model and session, and the effects that lie between them.

mod follow;
mod speak;
#[cfg(test)]
mod tests;
mod visit;

use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;

use crate::cluster::Config;
use crate::sim::ordered::Map as BTreeMap;
use crate::sim::{Time, secs};

use super::apply;
use super::bring;
use super::editing::apply_command;
use super::embed::Reporter;
use super::history::History;
use super::inspect::Link;
use super::layout::nodes::{self as nodes_layout, NodesLayout, Places};
use super::layout::ownership::{self as ownership_layout, OwnershipLayout};
use super::layout::requests::{self, Dot};
use super::layout::traffic::{self as traffic_layout, TrafficLayout};
use super::learn::{Learn, Wanted};
use super::local::LocalClient;
use super::model::{Effect, File, Files, Model, Msg, Named, Selection, View, Workers, update};
use super::persist::{self, Saved};
use super::real::{Follower, Lock};
use super::session::{Progress, Seen, Session};
use super::shared::Shared;
use super::terminal::{Act, FileChange, Terminal};
use super::text::{Text, say};
use super::view::control_plane::ControlPlane;
use super::view::marks::Mark;
use super::view::nodes::NodesView;
use super::view::ownership::OwnershipView;
use super::view::pod::Tiles;
use super::view::pulse::Pulse;
use super::view::revisions::Revisions;
use super::view::rollout::RolloutView;
use super::view::traffic::TrafficView;

/// The cluster has run for so long when the page opens: its nodes are ready.
const WARM_UP: Duration = secs(40);
/// How long the examples may take until they serve, before the page opens all the same.
const SETTLE_SECS: u32 = 60;
/// How long a notice of no consequence is shown, by the wall clock.
const NEWS_LAST: Duration = Duration::from_secs(6);
/// How often, by the wall clock, rates are taken anew.
const RATES_EVERY: Duration = Duration::from_millis(250);

/// What the stage shows. A view that is not shown is not built.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scene {
    pub nodes: Shared<NodesView>,
    pub nodes_layout: Shared<NodesLayout>,
    pub rollout: Shared<RolloutView>,
    pub traffic: Shared<TrafficView>,
    pub traffic_layout: Shared<TrafficLayout>,
    pub ownership: Shared<OwnershipView>,
    pub ownership_layout: Shared<OwnershipLayout>,
    pub pulse: Shared<Pulse>,
    pub control_plane: Shared<ControlPlane>,
    pub marks: Shared<Vec<Mark>>,
    pub revision: u64,
}

/// The page without a browser.
pub struct App {
    pub(super) model: Model,
    pub(super) session: Session,
    pub(super) terminal: Terminal,
    pub(super) learn: Learn,
    /// What the page had before a lesson began.
    pub(super) own: Option<Box<App>>,
    /// What frames have left to be done by the browser.
    pub(super) owed: Vec<Effect>,
    /// What keeps up with a real cluster, and whether that may be changed.
    real: Option<(Follower, Lock)>,
    seed: u64,
    /// How many of the oldest inputs were lost in storage.
    pub(super) dropped: u64,
    /// A link brought what is shown.
    shared: bool,
    /// The session that is kept beside this one, as text.
    other: Option<Rc<str>>,
    /// What is being brought back, until it is there.
    unfinished: Option<Rc<str>>,
    /// Commands that wait until the cluster is there, and whether time passes then.
    waiting: Vec<Rc<str>>,
    plays: Option<bool>,
    shares: u32,
    reporter: Reporter,
    /// What the page around is to be told, and what it calls the commands that it sent.
    outbox: Vec<String>,
    sent: VecDeque<(Rc<str>, Option<Rc<str>>)>,
    tiles: Tiles,
    revisions: Revisions,
    places: Places,
    /// The stage shows another view than that of the nodes.
    away: bool,
    /// Wall time since changes were last put into words, and the words.
    silence: Duration,
    /// Wall time since rates were last taken.
    rates_age: Duration,
    /// Whether something has changed since the stage was built, and how long ago that was.
    stale: bool,
    /// How long the newest passing notice has been shown.
    news_age: Duration,
    picture_age: Duration,
    said: Text,
    /// The last words about each Deployment, by uid.
    told: BTreeMap<Rc<str>, Text>,
    marks_said: usize,
    /// How many pictures of the stage were built, and how many layouts made.
    pictures: u64,
    layouts: u64,
}

/// What drawing the cluster has cost so far, in things looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Work {
    /// Pods that were looked at to make tiles.
    pub pods: u64,
    /// Views that were built.
    pub pictures: u64,
    /// Layouts that were made; each looks at every tile.
    pub layouts: u64,
}

impl App {
    /// A new cluster, with the examples applied to it.
    pub fn fresh(seed: u64) -> App {
        App::of(seed, Workers::default())
    }

    /// A new cluster of so many worker nodes, with the examples applied to it.
    pub fn of(seed: u64, workers: Workers) -> App {
        let config = Config::playground(seed, workers.number());
        let mut app = App::over(seed, Session::new(config), persist::example_files());
        app.warm_up();
        app.catch_up();
        app
    }

    /// What was left at the last visit. It is replayed in slices; frames show how far it is.
    pub fn restore(saved: Saved) -> App {
        let seed = saved.timeline.cluster().config().seed;
        let mut learn = Learn::default();
        // The goals of a lesson are watched from the instant at which its step began.
        let session = match learn.resume(&saved.lesson) {
            Some(began) => {
                learn.wait_for(saved.end, saved.now);
                Session::restore(saved.timeline, began, began)
            }
            None => Session::restore(saved.timeline, saved.end, saved.now),
        };
        let mut app = App::over(seed, session, saved.files);
        app.learn = learn;
        app.dropped = saved.dropped;
        app.shared = saved.shared;
        app.unfinished = Some(saved.text);
        app.session.set_speed(saved.speed);
        if saved.dropped > 0 {
            app.model
                .notify(true, say!("notice.dropped", n = saved.dropped));
        }
        app.catch_up();
        app.tell_lesson();
        app
    }

    pub(super) fn over(seed: u64, session: Session, files: Files) -> App {
        let mut model = Model::new(files);
        model.workers = session.workers();
        App {
            model,
            terminal: Terminal::new(session.client()),
            session,
            learn: Learn::default(),
            own: None,
            owed: Vec::new(),
            real: None,
            seed,
            dropped: 0,
            shared: false,
            other: None,
            unfinished: None,
            waiting: Vec::new(),
            plays: None,
            shares: 0,
            reporter: Reporter::default(),
            outbox: Vec::new(),
            sent: VecDeque::new(),
            tiles: Tiles::default(),
            revisions: Revisions::default(),
            places: Places::default(),
            away: false,
            silence: Duration::ZERO,
            rates_age: RATES_EVERY,
            stale: true,
            news_age: Duration::ZERO,
            picture_age: Duration::ZERO,
            said: Text::default(),
            told: BTreeMap::new(),
            marks_said: 0,
            pictures: 0,
            layouts: 0,
        }
    }

    /// The address asks for a cluster of so many worker nodes; one that was brought back stays as
    /// it is.
    pub fn wish_for(&mut self, workers: Workers) {
        let have = self.session.workers();
        if have == workers {
            return;
        }
        let text = say!("notice.workers", n = workers.number(), have = have.number());
        self.model.notify(false, text);
        self.model.workers = workers;
    }

    fn warm_up(&mut self) {
        self.session.run_until(Time::EPOCH + WARM_UP);
        self.session.look();
        let files = self.model.files.clone();
        let namespace = self.terminal.namespace();
        for file in &files.list {
            if !apply::create(file, &self.session.client(), &namespace) {
                self.apply(&file.name, &file.text);
            }
            self.catch_up();
            self.settle();
        }
        self.model.applied = Shared::default();
    }

    /// Runs until every Deployment is available, or for as long as that may take.
    fn settle(&mut self) {
        for _ in 0..SETTLE_SECS {
            let now = self.session.timeline().now();
            self.session.run_until(now + secs(1));
            self.session.look();
            let waits = self.session.mirror().deployments.iter().any(|deployment| {
                let wanted = deployment.spec.as_ref().and_then(|s| s.replicas);
                let status = deployment.status.as_ref();
                status
                    .and_then(|s| s.available_replicas)
                    .unwrap_or_default()
                    < wanted.unwrap_or(1)
            });
            if !waits {
                break;
            }
        }
    }

    pub fn model(&self) -> &Model {
        &self.model
    }

    /// What drawing has cost so far.
    pub fn work(&self) -> Work {
        Work {
            pods: self.tiles.looked_at(),
            pictures: self.pictures,
            layouts: self.layouts,
        }
    }

    pub fn terminal(&self) -> &Terminal {
        &self.terminal
    }

    pub fn session(&self) -> &Session {
        &self.session
    }

    pub fn history(&self) -> &History {
        self.session.history()
    }

    /// A client of the cluster, to keep until the next reset.
    pub fn client(&self) -> LocalClient {
        self.session.client()
    }

    /// Where requests are at this instant, for the traffic view.
    pub fn dots(&self) -> Vec<Dot> {
        let timeline = self.session.timeline();
        let (now, speed) = (timeline.now(), self.model.transport.speed.0);
        let since = now - requests::reach(speed);
        let network = timeline.cluster().network();
        let flows = network.flows_since(0).filter(|f| f.started >= since);
        let scene = &self.model.scene;
        requests::dots(&scene.traffic, &scene.traffic_layout, flows, now, speed)
    }

    /// What is to be kept, as text for [`Saved::read`].
    pub fn save(&self) -> String {
        let speed = self.model.transport.speed;
        persist::write(
            &self.session.timeline(),
            &self.model.files,
            speed,
            self.dropped,
            self.learn.save(),
            self.shared,
        )
    }

    /// Whether frames would bring nothing: time stands still, and all that has changed is drawn.
    pub fn is_still(&self) -> bool {
        self.session.is_still()
            && !self.stale
            && self.learn.is_still()
            && self.model.notices.iter().all(|n| n.bad)
    }

    /// Whether what would be saved is whole: not while it is being replayed.
    pub fn can_save(&self) -> bool {
        self.real.is_none() && !matches!(self.model.transport.progress, Progress::Restoring(_))
    }

    /// Changes the page; returns what the browser has to do.
    pub fn dispatch(&mut self, msg: Msg) -> Vec<Effect> {
        let effects = update(&mut self.model, msg);
        let mut left = Vec::new();
        for effect in effects {
            match effect {
                Effect::Apply { file, text } => {
                    self.apply(&file, &text);
                    left.push(Effect::Save);
                }
                Effect::ApplyAll(names) => self.apply_all(&names),
                Effect::Bring(parcel) => {
                    let client = self.session.client();
                    let knows = |version: &str, kind: &str| client.knows(version, kind);
                    left.extend(bring::take(&mut self.model, parcel, &knows));
                }
                Effect::Settle(answer) => {
                    let client = self.session.client();
                    let knows = |version: &str, kind: &str| client.knows(version, kind);
                    for effect in bring::settle(&mut self.model, answer, &knows) {
                        match effect {
                            Effect::ApplyAll(names) => self.apply_all(&names),
                            other => left.push(other),
                        }
                    }
                }
                Effect::Heard { lane, heard, now } => self.hear(lane, &heard, now),
                Effect::AllowWrites(open) => self.allow_writes(open),
                Effect::Play(playing) => self.session.play(playing),
                Effect::Step => self.session.step(),
                Effect::SetSpeed(speed) => self.session.set_speed(speed),
                Effect::Seek(to) => self.session.seek(to),
                Effect::Stop => self.session.stop(),
                Effect::Reset => self.reset(),
                Effect::Offer(parcel) => self.offer(parcel),
                Effect::Open(parcel) => left.extend(self.open(&parcel)),
                Effect::GoBack => left.extend(self.go_back()),
                Effect::Share(page, what) => left.push(self.share(page, what)),
                Effect::Obey(told) => left.extend(self.obey(told)),
                Effect::Arrange => self.arrange(),
                Effect::Find(named) => self.find(&named),
                Effect::Learn(act) => self.learn_act(act, &mut left),
                Effect::Terminal(act) => {
                    self.terminal_acts(act);
                    left.push(Effect::Save);
                }
                other => left.push(other),
            }
        }
        if self.learn.is_writing() {
            self.tell_lesson();
        }
        self.model.transport = self.session.transport();
        left
    }

    /// What frames have left to be done by the browser, since this was last asked.
    pub fn take_owed(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.owed)
    }

    /// The files of lessons that are wanted, and in which language.
    pub fn take_wanted(&mut self) -> (Vec<Wanted>, Rc<str>) {
        (self.learn.take_wanted(), self.learn.language().clone())
    }

    /// The lesson that is being taken, or is about to.
    pub fn lesson(&self) -> Option<&Rc<str>> {
        self.learn.running.as_ref().map(|running| &running.name)
    }

    /// Lets a frame pass; tells whether anything is to be drawn.
    pub fn frame(&mut self, wall: Duration, more: &mut dyn FnMut() -> bool) -> bool {
        let mut seen = self.session.tick(wall, more);
        self.silence += wall;
        self.rates_age += wall;
        self.picture_age += wall;
        let forgotten = self.forget_news(wall);
        let scene = &self.model.scene;
        let before = (scene.nodes.clone(), scene.nodes_layout.clone());
        if self.terminal.is_busy() && !self.session.is_busy() {
            seen.changed |= self.at_terminal(Terminal::poll);
        }
        self.take_in(seen);
        seen.changed |= self.follow_lesson(wall, more);
        self.run_waiting();
        let scene = &self.model.scene;
        let pictured = before.0 != scene.nodes || before.1 != scene.nodes_layout;
        let transport = self.session.transport();
        let moved = transport != self.model.transport;
        self.model.transport = transport;
        moved || seen.changed || pictured || forgotten
    }

    /// Whether the next frame builds a picture that takes it some of its time.
    pub fn is_about_to_draw(&self, wall: Duration) -> bool {
        let tiles = self.model.scene.nodes.tiles.len();
        let every = picture_every(tiles);
        self.stale && !every.is_zero() && self.picture_age + wall >= every
    }

    /// Takes away what was only worth a moment; tells whether anything went.
    fn forget_news(&mut self, wall: Duration) -> bool {
        if self.model.notices.iter().all(|n| n.bad) {
            self.news_age = Duration::ZERO;
            return false;
        }
        self.news_age += wall;
        if self.news_age < NEWS_LAST {
            return false;
        }
        self.model.notices.edit().retain(|n| n.bad);
        true
    }

    /// Takes in what requests from elsewhere (the terminal) have changed.
    pub fn catch_up(&mut self) {
        let mut seen = self.session.look();
        seen.changed = true;
        self.take_in(seen);
        self.model.transport = self.session.transport();
    }

    fn take_in(&mut self, seen: Seen) {
        if seen.forked {
            self.marks_said = self.model.scene.marks.len();
            self.model.say(say!("notice.fork"));
            self.model.notify(false, say!("notice.fork"));
        }
        self.stale |= seen.changed;
        // On the way to another instant only the last picture counts; and a picture of thousands is
        // not drawn anew in every frame.
        let due = self.picture_age >= picture_every(self.model.scene.nodes.tiles.len());
        if seen.arrived || self.stale && due && !self.session.is_busy() {
            self.stale = false;
            self.picture_age = Duration::ZERO;
            self.arrange();
            if seen.arrived {
                self.marks_said = self.model.scene.marks.len();
            }
        }
        if self.rates_age >= RATES_EVERY || seen.arrived {
            self.rates_age = Duration::ZERO;
            let timeline = self.session.timeline();
            let speed = self.model.transport.speed.0;
            let recent = requests::reach(speed) / 2;
            let pulse = Pulse::take(self.session.mirror(), timeline.cluster(), recent);
            self.model.scene.pulse.keep(pulse);
        }
        // Leases count too, though nothing else shows them.
        let revision = self.session.timeline().cluster().server().revision();
        if revision != self.model.scene.revision {
            self.model.scene.revision = revision;
            self.show_control_plane();
        }
        self.put_into_words();
    }

    fn show_control_plane(&mut self) {
        if self.model.control_plane {
            let scene = &mut self.model.scene;
            let view = ControlPlane::build(self.session.history(), scene.revision);
            scene.control_plane.keep(view);
        }
    }

    /// Builds what the stage shows.
    pub(super) fn arrange(&mut self) {
        self.pictures += 1;
        let mirror = self.session.mirror();
        let timeline = self.session.timeline();
        let scene = &mut self.model.scene;
        self.revisions.meet(mirror);
        let nodes = NodesView::build(mirror, &mut self.tiles, &mut self.revisions, &scene.nodes);
        let nodes_changed = scene.nodes.keep(nodes);
        scene.revision = timeline.cluster().server().revision();
        let marks = self.session.history().marks(timeline.inputs());
        scene.marks.keep(marks);
        match self.model.view {
            View::Nodes => {
                let stage = self.model.stage;
                let known = &scene.nodes_layout;
                if nodes_changed || self.away || known.unfinished || known.stage != stage {
                    self.layouts += 1;
                    let layout = nodes_layout::place(&scene.nodes, stage, &mut self.places);
                    scene.nodes_layout.keep(layout);
                }
                self.stale |= scene.nodes_layout.unfinished;
            }
            View::Rollout => {
                let view = RolloutView::build(
                    mirror,
                    self.session.history(),
                    &scene.nodes.tiles,
                    &mut self.revisions,
                    timeline.now(),
                    &scene.rollout,
                );
                scene.rollout.keep(view);
            }
            View::Traffic => {
                let view = TrafficView::build(mirror, &scene.nodes.tiles);
                if scene.traffic.keep(view) || scene.traffic_layout.stage != self.model.stage {
                    self.layouts += 1;
                    let layout = traffic_layout::place(&scene.traffic, self.model.stage);
                    scene.traffic_layout.keep(layout);
                }
            }
            View::Ownership => {
                let server = timeline.cluster().server();
                let tiles = &scene.nodes.tiles;
                let find = |namespace: &str, owner: &OwnerReference| server.owner(namespace, owner);
                let view = OwnershipView::build(mirror, tiles, &mut self.revisions, &find);
                if scene.ownership.keep(view) || scene.ownership_layout.stage != self.model.stage {
                    self.layouts += 1;
                    let layout = ownership_layout::place(&scene.ownership, self.model.stage);
                    scene.ownership_layout.keep(layout);
                }
            }
        }
        drop(timeline);
        self.away = self.model.view != View::Nodes;
        if self.away {
            self.places.leave();
        }
        self.show_control_plane();
    }

    #[inline(never)] // it waits in the second file of the wasm until somebody wants it
    fn terminal_acts(&mut self, act: Act) {
        self.at_terminal(|terminal, files| terminal.act(act, files));
    }

    /// Lets the terminal act, and takes in what it changed: its screen, files, the cluster. Tells
    /// whether there is anything new to be seen.
    pub(super) fn at_terminal(
        &mut self,
        act: impl FnOnce(&mut Terminal, &Shared<Files>) -> Vec<FileChange>,
    ) -> bool {
        let revision = self.session.mirror().revision();
        let files = self.model.files.clone();
        for change in act(&mut self.terminal, &files) {
            let msg = match change {
                FileChange::Written { name, text } => Msg::WriteFile {
                    name: name.into(),
                    text: text.into(),
                },
                FileChange::Removed { name } => Msg::RemoveFile(name.into()),
            };
            let _ = update(&mut self.model, msg);
        }
        if let Some(name) = self.terminal.take_opened() {
            let _ = update(&mut self.model, Msg::EditFile(name));
        }
        let changed = self.model.terminal.keep(self.terminal.view().clone());
        if self.session.timeline().cluster().server().revision() != revision {
            self.catch_up();
        }
        changed
    }

    fn apply(&mut self, file: &Rc<str>, text: &Rc<str>) {
        self.apply_these(vec![File {
            name: file.clone(),
            text: text.clone(),
        }]);
    }

    fn apply_all(&mut self, names: &[Rc<str>]) {
        let all = &self.model.files.list;
        let files = names
            .iter()
            .filter_map(|name| all.iter().find(|f| f.name == *name));
        let files: Vec<File> = files.cloned().collect();
        if self.real.is_some() && !files.is_empty() {
            let names: Vec<Rc<str>> = files.into_iter().map(|f| f.name).collect();
            let command = apply_command(&names);
            self.at_terminal(|terminal, files| terminal.act(Act::Run(command.into()), files));
        } else if !files.is_empty() {
            self.apply_these(files);
        }
    }

    fn apply_these(&mut self, files: Vec<File>) {
        let namespace = self.terminal.namespace();
        let applied = apply::apply(files, self.session.client(), &namespace);
        let mut said: Vec<Text> = applied.lines.iter().map(|l| Text::from(&l.text)).collect();
        if !applied.left_out.is_empty() {
            said.push(say!("inert.count", n = applied.left_out.len()));
        }
        self.model.say(Text::sentences(said));
        self.model.applied = Shared::new(applied);
        self.catch_up();
    }

    /// Selects an object if it is there.
    #[inline(never)] // it waits in the second file of the wasm until somebody wants it
    fn find(&mut self, named: &Named) {
        let found = {
            let timeline = self.session.timeline();
            let cluster = timeline.cluster();
            cluster
                .server()
                .kind_by_gvk(&named.api_version, &named.kind)
                .map(|kind| Link::to(cluster, kind, &named.namespace, &named.name))
                .filter(|link| !link.is_gone())
        };
        match found {
            Some(Link { kind, key, uid }) => {
                let _ = update(&mut self.model, Msg::Select(Selection { kind, key, uid }));
            }
            None => {
                let text = say!("notice.gone", name = &*named.name);
                self.model.notify(false, text);
            }
        }
    }

    #[inline(never)] // it waits in the second file of the wasm until somebody wants it
    fn reset(&mut self) {
        // A lesson has its own way back, and what is kept meanwhile is not its to give up.
        if self.learn.running.is_some() {
            return;
        }
        let seed = self.seed.wrapping_add(1);
        let new = App::of(seed, self.model.workers);
        self.become_app(new);
        self.tell_lesson();
        self.model.say(say!("spoken.reset"));
    }

    /// Takes another app's cluster and files; how the page looks stays.
    fn become_app(&mut self, new: App) {
        let history = self.terminal.history();
        let old = std::mem::replace(self, new);
        self.learn = old.learn;
        self.owed = old.owed;
        self.other = old.other;
        self.plays = old.plays;
        self.shares = old.shares;
        self.reporter = old.reporter;
        self.outbox = old.outbox;
        let model = old.model;
        self.model.view = model.view;
        self.model.panes = model.panes;
        self.model.theme = model.theme;
        self.model.single_keys = model.single_keys;
        self.model.control_plane = model.control_plane;
        self.model.stage = model.stage;
        self.model.kept = model.kept;
        self.model.embed = model.embed;
        self.model.readonly = model.readonly;
        self.at_terminal(|terminal, files| terminal.act(Act::Remember(history), files));
        self.listen();
        self.arrange();
        self.reporter.begin(self.model.scene.marks.len());
    }
}

/// How long a picture of so many pods stands, by the wall clock.
fn picture_every(pods: usize) -> Duration {
    Duration::from_millis(match pods {
        0..=200 => 0,
        201..=1000 => 50,
        _ => 150,
    })
}
