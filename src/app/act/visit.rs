//! What comes from elsewhere and goes there: links, files, and the page around this one. One's own work
//! is kept meanwhile, and can be gone back to.

use std::rc::Rc;
use std::time::Duration;

use super::{App, Config, Progress, Saved, Session, WARM_UP};
use crate::app::address::Address;
use crate::app::embed::{self, Embed, In};
use crate::app::learn;
use crate::app::link::{self, Parcel, Preview, Start};
use crate::app::model::{Effect, Files, Kept, Model, Msg, Offer, Workers};
use crate::app::persist;
use crate::app::share::{Packed, Share, What};
use crate::app::shared::Shared;
use crate::app::terminal::Act;
use crate::app::text::say;
use crate::app::{Words, words};
use crate::sim::Time;

/// So many commands of the page around may wait for their answer.
const MOST_SENT: usize = 100;

impl App {
    /// The page that an address asks for, as a part of another one: it knows nothing of what is kept in
    /// this browser. What a link holds comes afterwards.
    pub fn embedded(seed: u64, address: &Address) -> App {
        let workers = address.workers.unwrap_or_default();
        let mut app = match &address.link {
            Some(_) => App::bare(seed, workers, Files::blank()),
            None => App::of(seed, workers),
        };
        app.model.embed = Some(Embed {
            layout: address.layout.unwrap_or_default(),
            api: address.api,
        });
        if let Some(pane) = address.layout.unwrap_or_default().panes().last() {
            app.model.panes.shown = *pane;
        }
        app.model.readonly = address.readonly;
        app.plays = Some(address.plays.unwrap_or_default());
        app.session.play(address.plays.unwrap_or_default());
        app.listen();
        app.model.transport = app.session.transport();
        app
    }

    /// Is the same part of another page as `other`.
    pub(in crate::app) fn embed_like(&mut self, other: &App) {
        self.model.embed = other.model.embed;
        self.model.readonly = other.model.readonly;
        self.plays = other.plays;
        if let Some(plays) = self.plays {
            self.session.play(plays);
        }
        self.reporter = other.reporter.clone();
        self.listen();
    }

    /// A new cluster with nothing applied to it.
    fn bare(seed: u64, workers: Workers, files: Files) -> App {
        let config = Config::playground(seed, workers.number());
        let mut app = App::over(seed, Session::new(config), files);
        app.session.run_until(Time::EPOCH + WARM_UP);
        app.catch_up();
        app
    }

    /// Whether what stands in the address is opened without a question: whoever embeds the page has
    /// asked it, and nothing of anyone's is here.
    pub fn opens(&self, address: &Address) -> bool {
        address.opens && self.model.embed.is_some()
    }

    /// What is kept beside the session, from the last visit.
    pub fn remember_other(&mut self, text: Option<String>) {
        self.model.kept = text.as_ref().map(|_| match self.shared {
            true => Kept::Own,
            false => Kept::Shared,
        });
        self.other = text.map(Into::into);
    }

    /// What is kept beside the session, as text for [`App::remember_other`].
    pub fn other(&self) -> Option<&str> {
        self.other.as_deref()
    }

    /// Whether a link brought what is shown.
    pub fn is_shared(&self) -> bool {
        self.shared
    }

    /// The session as it stands, even while it is brought back.
    fn text(&self) -> Rc<str> {
        match &self.unfinished {
            Some(text) if !self.can_save() => persist::with_files(text, &self.model.files).into(),
            _ => self.save().into(),
        }
    }

    pub(super) fn offer(&mut self, parcel: Shared<Parcel>) {
        let preview = Shared::new(Preview::of(&parcel));
        let replaces = self.shared || self.model.kept == Some(Kept::Shared);
        self.model.offer = Some(Offer {
            parcel,
            preview,
            replaces: replaces && self.model.embed.is_none(),
        });
    }

    /// A lesson has a cluster of its own, and keeps what was here before it: it is left first.
    fn is_in_lesson(&mut self) -> bool {
        let taking = self.lesson().is_some();
        if taking {
            self.model.notify(false, say!("notice.lesson-first"));
        }
        taking
    }

    pub(super) fn open(&mut self, parcel: &Parcel) -> Vec<Effect> {
        if self.is_in_lesson() {
            self.offer(Shared::new(parcel.clone()));
            return Vec::new();
        }
        if parcel.lesson {
            return self.open_lesson(parcel);
        }
        let embedded = self.model.embed.is_some();
        // What is shared twice may go; one's own work never does.
        if !self.shared && !embedded {
            self.other = Some(self.text());
            self.model.kept = Some(Kept::Own);
        }
        let new = match (parcel.history(), &parcel.start) {
            (Some((timeline, end, now)), _) => {
                let seed = timeline.cluster().config().seed;
                let session = Session::restore(timeline, end, now);
                let mut app = App::over(seed, session, parcel.files.clone());
                app.catch_up();
                app
            }
            (None, Start::New { seed, workers }) => {
                App::bare(*seed, *workers, parcel.files.clone())
            }
            (None, Start::History(_)) => return Vec::new(),
        };
        let speed = self.model.transport.speed;
        self.become_app(new);
        self.shared = !embedded;
        // How fast an embedded page goes is up to the page around.
        let wanted = parcel.speed.filter(|_| !embedded);
        self.session.set_speed(wanted.unwrap_or(speed));
        // A moment is looked at; a new cluster lives.
        let plays = matches!(parcel.start, Start::New { .. });
        self.session.play(self.plays.unwrap_or(plays));
        self.waiting = parcel.run.clone();
        self.run_waiting();
        self.model.transport = self.session.transport();
        self.model.say(say!("spoken.shared"));
        match embedded {
            true => Vec::new(),
            false => vec![Effect::KeepOther, Effect::Save],
        }
    }

    /// Begins the lesson that a link brought. It keeps what is here, as every lesson does.
    #[inline(never)] // it waits in the second file of the wasm until somebody wants it
    fn open_lesson(&mut self, parcel: &Parcel) -> Vec<Effect> {
        let mut effects = Vec::new();
        let name = parcel.files.current().map(|f| f.name.clone());
        let name = name.unwrap_or_default();
        match parcel.lesson() {
            Ok(source) => self.take_lesson(source, parcel, &mut effects),
            Err(problems) => {
                let why = problems
                    .first()
                    .map(|p| format!("{}: {}", p.line, p.message));
                let why = why.unwrap_or_default();
                let text = say!("notice.lesson.bad", name = name, why = why);
                self.model.notify(true, text);
            }
        }
        effects
    }

    /// Types the commands that a link brought, once the cluster is there.
    pub(super) fn run_waiting(&mut self) {
        let restoring = matches!(self.session.transport().progress, Progress::Restoring(_));
        if !restoring {
            self.unfinished = None;
        }
        if self.waiting.is_empty() || restoring {
            return;
        }
        let lines = std::mem::take(&mut self.waiting).join("\n");
        self.at_terminal(|terminal, files| terminal.act(Act::Run(lines.into()), files));
    }

    #[inline(never)] // it waits in the second file of the wasm until somebody wants it
    pub(super) fn go_back(&mut self) -> Vec<Effect> {
        if self.is_in_lesson() {
            return Vec::new();
        }
        let Some(other) = self.other.take() else {
            return Vec::new();
        };
        let saved = match Saved::read(&other) {
            Ok(saved) => saved,
            Err(reason) => {
                self.model
                    .notify(true, say!("notice.back", reason = reason));
                self.other = Some(other);
                return Vec::new();
            }
        };
        let (mine, was_shared) = (self.text(), self.shared);
        let new = App::restore(saved);
        let (shared, notices) = (new.shared, new.model.notices.clone());
        self.become_app(new);
        self.shared = shared;
        self.model.notices = notices;
        self.other = Some(mine);
        self.model.kept = Some(match was_shared {
            true => Kept::Shared,
            false => Kept::Own,
        });
        self.model.transport = self.session.transport();
        vec![Effect::KeepOther, Effect::Save]
    }

    #[inline(never)] // it waits in the second file of the wasm until somebody wants it
    pub(super) fn share(&mut self, page: Rc<str>, what: What) -> Effect {
        let timeline = self.session.timeline();
        let files = &self.model.files;
        let lesson = files.current().filter(|file| learn::is_lesson(file));
        let (content, number) = match (what, lesson) {
            (What::Lesson, Some(file)) => (link::lesson_content(file), 1),
            (What::Everything, _) => {
                let speed = self.model.transport.speed;
                let content = link::whole_content(files, &timeline, speed);
                (content, files.list.len())
            }
            (What::Files | What::Lesson, _) => {
                let content = link::files_content(files, self.seed, self.model.workers);
                (content, files.list.len())
            }
        };
        let lesson = lesson.map(|file| file.name.clone());
        let text: Rc<str> = content.to_string().into();
        self.shares = self.shares.wrapping_add(1);
        self.model.share = Some(Share {
            what,
            page,
            serial: self.shares,
            files: number,
            requests: timeline.inputs().len(),
            moment: words::clock(timeline.now().since(timeline.start())),
            missing: self.dropped,
            file: link::file(content).into(),
            packed: Packed::Underway,
            lesson,
        });
        Effect::Pack {
            serial: self.shares,
            content: text,
        }
    }

    /// Does what the page around asks for.
    #[inline(never)] // it waits in the second file of the wasm until somebody wants it
    pub(super) fn obey(&mut self, told: In) -> Vec<Effect> {
        let In { id, act } = told;
        match act {
            embed::Act::Load(parcel) => {
                self.model.offer = None;
                self.open(&parcel)
            }
            embed::Act::Run => self.dispatch(Msg::Play(true)),
            embed::Act::Pause => self.dispatch(Msg::Play(false)),
            embed::Act::Step => self.dispatch(Msg::Step),
            embed::Act::Seek(span) => {
                let to = self.model.transport.start + span;
                self.dispatch(Msg::Seek(to))
            }
            embed::Act::SetTheme(theme) => self.dispatch(Msg::SetTheme(theme)),
            embed::Act::Exec(command) => {
                let restoring = matches!(self.model.transport.progress, Progress::Restoring(_));
                if restoring || self.sent.len() >= MOST_SENT {
                    return vec![Effect::Refuse(embed::Refusal {
                        id,
                        code: "busy",
                        words: say!("told.busy"),
                    })];
                }
                self.sent.push_back((command.clone(), id));
                self.at_terminal(|terminal, files| terminal.act(Act::Run(command), files));
                Vec::new()
            }
        }
    }

    /// Hears what commands print, for the page around.
    pub(super) fn listen(&mut self) {
        if self.model.embed.is_some_and(|embed| embed.api) {
            self.terminal.listen();
        }
    }

    /// What the page around is to be told, `wall` after the last time.
    pub fn reports(&mut self, wall: Duration, words: &Words) -> Vec<String> {
        let Some(embed) = self.model.embed else {
            return Vec::new();
        };
        let mut told = std::mem::take(&mut self.outbox);
        for ended in self.terminal.ended() {
            let place = self.sent.iter().position(|(c, _)| *c == ended.command);
            if let Some((command, id)) = place.and_then(|at| self.sent.remove(at)) {
                told.push(embed::result(&id, &command, &ended.output, ended.code));
            }
        }
        let model: &Model = &self.model;
        told.extend(self.reporter.report(wall, model, embed, words));
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::model::{File, Theme, View};
    use crate::app::transport::Speed;

    fn settle(app: &mut App) {
        for _ in 0..10_000 {
            app.frame(Duration::ZERO, &mut || true);
            if !app.session.is_busy() {
                return;
            }
        }
        panic!("still busy");
    }

    fn play(app: &mut App, frames: u32) {
        for _ in 0..frames {
            app.frame(Duration::from_millis(100), &mut || true);
        }
    }

    /// The link to everything, as the page makes it.
    fn link_of(app: &mut App) -> Rc<str> {
        let effects = app.dispatch(Msg::Share("https://x.y/".into()));
        let [Effect::Pack { serial, content }] = &effects[..] else {
            panic!("{effects:?}")
        };
        let bytes = link::inflate::store(content.as_bytes());
        let hash = match link::hash(&bytes) {
            Some(hash) => hash,
            // Not packed, it is too long for a link; what it holds is tested all the same.
            None => format!("s=1.{}", link::base64::encode(&bytes)),
        };
        let serial = *serial;
        app.dispatch(Msg::Packed {
            serial,
            bytes: bytes.into(),
        });
        app.dispatch(Msg::Unshare);
        hash.strip_prefix("s=").unwrap().into()
    }

    fn parcel_of(app: &mut App) -> Parcel {
        let effects = app.dispatch(Msg::Share("https://x.y/".into()));
        let file = app.model().share.as_ref().unwrap().file.clone();
        app.dispatch(Msg::Unshare);
        assert!(matches!(&effects[..], [Effect::Pack { .. }]));
        link::read_file(&file).unwrap()
    }

    fn edited(app: &mut App, text: &str) {
        let text = text.into();
        app.dispatch(Msg::Edit { file: 0, text });
    }

    fn first_text(app: &App) -> String {
        app.model().files.list[0].text.to_string()
    }

    #[test]
    fn a_cluster_goes_through_a_file_and_arrives_as_it_was() {
        let mut sender = App::fresh(5);
        sender.dispatch(Msg::Terminal(Act::Run(
            "kubectl scale deploy web --replicas=5".into(),
        )));
        play(&mut sender, 40);
        let middle = sender.model().transport.now;
        play(&mut sender, 40);
        sender.dispatch(Msg::Seek(middle));
        settle(&mut sender);
        sender.dispatch(Msg::Share("https://x.y/".into()));
        let file = sender.model().share.as_ref().unwrap().file.clone();

        let mut receiver = App::fresh(1);
        receiver.dispatch(Msg::Received(file.clone()));
        let offer = receiver.model().offer.clone().unwrap();
        // To drop it on the page does the same.
        receiver.dispatch(Msg::Accept(false));
        let mut dropped = crate::app::bring::Parcel::default();
        let name = "cluster.kubarium.json".into();
        dropped.files.push((name, file.as_bytes().into()));
        receiver.dispatch(Msg::Bring(dropped));
        let again = receiver.model().offer.clone().unwrap();
        assert_eq!(again.preview.files, offer.preview.files);
        assert_eq!(again.preview.moment, offer.preview.moment);
        assert!(
            offer
                .preview
                .acts
                .iter()
                .any(|a| a.text.english().contains("Scaled")),
            "{offer:?}"
        );
        let seed = |app: &App| app.session().timeline().cluster().config().seed;
        assert_eq!(seed(&receiver), 1, "nothing happens before the click");
        let effects = receiver.dispatch(Msg::Accept(true));
        assert_eq!(
            effects,
            [Effect::KeepOther, Effect::Save, Effect::ForgetLink]
        );
        settle(&mut receiver);
        assert_eq!(seed(&receiver), 5);
        assert!(!receiver.model().transport.playing);
        assert_eq!(receiver.model().transport.now, middle);
        assert_eq!(receiver.model().transport.end, sender.model().transport.end);
        assert_eq!(receiver.model().files.list, sender.model().files.list);
        let hash = |app: &App| app.session().timeline().cluster().kernel().trace.hash();
        assert_eq!(hash(&receiver), hash(&sender));
    }

    #[test]
    fn own_work_is_kept_and_comes_back() {
        let mut app = App::fresh(1);
        edited(&mut app, "# mine");
        let parcel = Shared::new(parcel_of(&mut App::fresh(9)));
        app.dispatch(Msg::Show(View::Rollout));
        app.dispatch(Msg::SetTheme(Theme::Dark));
        app.offer(parcel.clone());
        assert!(!app.model().offer.as_ref().unwrap().replaces);
        app.dispatch(Msg::Accept(true));
        settle(&mut app);
        assert_eq!(app.model().kept, Some(Kept::Own));
        assert_eq!(
            (app.model().view, app.model().theme),
            (View::Rollout, Theme::Dark)
        );
        edited(&mut app, "# theirs, changed");

        // A second link lets go of the first, and says so; one's own work stays.
        app.offer(parcel);
        assert!(app.model().offer.as_ref().unwrap().replaces);
        app.dispatch(Msg::Accept(false));
        assert_eq!(first_text(&app), "# theirs, changed");

        // Back and forth loses nothing, over a reload too.
        app.dispatch(Msg::GoBack);
        settle(&mut app);
        assert_eq!(
            (first_text(&app), app.model().kept),
            ("# mine".into(), Some(Kept::Shared))
        );
        let mut again = App::restore(Saved::read(&app.save()).unwrap());
        again.remember_other(app.other().map(str::to_owned));
        settle(&mut again);
        assert_eq!(again.model().kept, Some(Kept::Shared));
        again.dispatch(Msg::GoBack);
        settle(&mut again);
        assert_eq!(first_text(&again), "# theirs, changed");
        assert_eq!(again.model().kept, Some(Kept::Own));
        assert!(again.is_shared());
    }

    #[test]
    fn what_is_still_being_brought_back_is_kept_whole() {
        let mut own = App::fresh(3);
        play(&mut own, 20);
        let saved = own.save();
        let mut app = App::restore(Saved::read(&saved).unwrap());
        assert!(!app.can_save());
        edited(&mut app, "# typed meanwhile");
        app.offer(Shared::new(parcel_of(&mut App::fresh(9))));
        app.dispatch(Msg::Accept(true));
        app.dispatch(Msg::GoBack);
        settle(&mut app);
        assert_eq!(first_text(&app), "# typed meanwhile");
        assert_eq!(app.model().transport.end, own.model().transport.end);
        assert_eq!(
            app.session().timeline().inputs(),
            own.session().timeline().inputs()
        );
    }

    #[test]
    fn a_wrong_link_says_so_and_touches_nothing() {
        let mut app = App::fresh(1);
        edited(&mut app, "# mine");
        let whole = link_of(&mut App::fresh(9));
        for text in [
            "",
            "1.",
            "1.AwA",
            "2.AwA",
            "rubbish",
            &whole[..whole.len() / 2],
        ] {
            let effects = app.dispatch(Msg::Link(text.into()));
            assert_eq!(effects, [Effect::ForgetLink], "{text}");
        }
        assert!(app.model().offer.is_none());
        assert!(app.model().notices.iter().all(|n| n.bad));
        assert_eq!(first_text(&app), "# mine");
    }

    #[test]
    fn only_files_open_on_a_new_cluster_that_runs_their_commands() {
        let mut app = App::fresh(1);
        let mut parcel = parcel_of(&mut App::fresh(1));
        parcel.files.list = vec![File {
            name: "c.yaml".into(),
            text: "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n".into(),
        }];
        parcel.files.open = 0;
        parcel.run = vec![
            "kubectl apply -f c.yaml".into(),
            "kubectl get cm c -o name".into(),
        ];
        parcel.start = Start::New {
            seed: 4,
            workers: Workers::new(2),
        };
        app.offer(Shared::new(parcel));
        app.dispatch(Msg::Accept(true));
        assert!(app.model().transport.playing);
        assert_eq!(app.session().workers(), Workers::new(2));
        let screen = &app.model().terminal.screen;
        let text: Vec<&str> = screen.tail().iter().map(|l| &*l.text).collect();
        assert!(
            text.contains(&"configmap/c created") && text.contains(&"configmap/c"),
            "{text:?}"
        );
    }

    fn deployments(app: &App) -> usize {
        let mirror = app.session().mirror();
        mirror.deployments.in_namespace("default").count()
    }

    fn embedded(query: &str, hash: &str) -> App {
        App::embedded(1, &Address::read(query, hash))
    }

    fn tell(app: &mut App, message: &str) -> Vec<Effect> {
        let text = format!("{{\"kubarium\":1,{message}}}");
        app.dispatch(Msg::Told(text.into()))
    }

    #[test]
    fn an_embedded_page_starts_paused_and_keeps_nothing() {
        let mut app = embedded("embed=1&view=split&start=open&readonly", "#s=1.AwA");
        assert!(!app.model().transport.playing && app.model().readonly);
        let address = Address::read("start=open", "");
        assert!(app.opens(&address) && !App::fresh(1).opens(&address));
        app.offer(Shared::new(parcel_of(&mut App::fresh(9))));
        assert_eq!(app.dispatch(Msg::Accept(true)), [Effect::ForgetLink]);
        settle(&mut app);
        assert!(!app.model().transport.playing);
        assert_eq!((app.model().kept, app.other()), (None, None));
        // Read only: nothing changes but time.
        edited(&mut app, "# changed");
        assert_ne!(first_text(&app), "# changed");
        app.dispatch(Msg::Terminal(Act::Run("kubectl delete deploy web".into())));
        assert!(!app.terminal().is_busy());
        assert_eq!(deployments(&app), 1);
        assert!(embedded("embed=1&start=play", "").model().transport.playing);
    }

    #[test]
    fn the_page_around_acts_only_where_it_asked_for_it() {
        let mut app = embedded("embed=1", "");
        let refused = tell(&mut app, "\"type\":\"run\",\"id\":\"a\"");
        let [Effect::Refuse(refusal)] = &refused[..] else {
            panic!("{refused:?}")
        };
        let text = embed::refusal(refusal, &Words::english());
        assert!(text.contains("no-api") && text.contains("\"a\""), "{text}");
        assert!(!app.model().transport.playing);
        let theme = tell(&mut app, "\"type\":\"setTheme\",\"theme\":\"dark\"");
        assert_eq!(theme, [Effect::SetTheme(Theme::Dark)]);

        let mut app = embedded("embed=1&api=1", "");
        tell(&mut app, "\"type\":\"run\"");
        assert!(app.model().transport.playing);
        tell(&mut app, "\"type\":\"pause\"");
        tell(&mut app, "\"type\":\"seek\",\"to\":1000");
        settle(&mut app);
        let transport = &app.model().transport;
        assert_eq!(transport.now, transport.start + Duration::from_secs(1));
        app.dispatch(Msg::Seek(app.model().transport.end));
        settle(&mut app);
        assert!(app.dispatch(Msg::Told("hello".into())).is_empty());
    }

    #[test]
    fn commands_of_the_page_around_are_answered_with_what_they_print() {
        let mut app = embedded("embed=1&api=1", "");
        app.reports(Duration::ZERO, &Words::english());
        tell(
            &mut app,
            "\"type\":\"exec\",\"command\":\"kubectl get deploy -o name\",\"id\":\"q\"",
        );
        let told = app.reports(Duration::ZERO, &Words::english());
        let result = told.iter().find(|text| text.contains("\"exec\"")).unwrap();
        assert!(result.contains("deployment.apps/web"), "{result}");
        assert!(
            result.contains("\"q\"") && result.contains("\"exitCode\":0"),
            "{result}"
        );
        let files = "\"files\":[{\"name\":\"a.yaml\",\"text\":\"x\"}],\"run\":[\"echo hi\"]";
        tell(&mut app, &format!("\"type\":\"load\",{files}"));
        assert_eq!(first_text(&app), "x");
        assert_eq!(deployments(&app), 0);
        // It goes on talking after another cluster was loaded.
        tell(
            &mut app,
            "\"type\":\"exec\",\"command\":\"false\",\"id\":\"r\"",
        );
        let told = app.reports(Duration::ZERO, &Words::english());
        assert!(
            told.iter().any(|text| text.contains("\"exitCode\":1")),
            "{told:?}"
        );
    }

    #[test]
    fn everything_of_a_first_visit_fits_a_link() {
        let mut app = App::fresh(1);
        app.dispatch(Msg::SetSpeed(Speed(2000)));
        app.dispatch(Msg::Share("https://x.y/".into()));
        let share = app.model().share.clone().unwrap();
        assert!(share.fits());
        // zlib packs such JSON to a tenth; a third would do.
        assert!(
            share.file.len() / 3 * 4 / 3 < link::LONGEST_LINK,
            "{}",
            share.file.len()
        );
        app.dispatch(Msg::ShareWhat(What::Files));
        assert_eq!(app.model().share.as_ref().unwrap().what, What::Files);
    }
}
