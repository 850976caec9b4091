//! Holds the app, gives it frames, and does what it asks of the browser.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use gloo::render::{AnimationFrame, request_animation_frame};
use yew::platform::spawn_local;
use yew::prelude::*;

use super::learn::load;
use super::real::{self, Fetching, Found};
use super::{browser, rest, storage};
use crate::app::address::Address;
use crate::app::embed;
use crate::app::learn::Act as LearnAct;
use crate::app::persist::{self, Saved};
use crate::app::real::{Ask, Real};
use crate::app::terminal::Act;
use crate::app::{App, Effect, LocalClient, Model, Msg, Theme, Words, Workers, say};

/// How long a frame may simulate, in milliseconds; one that draws many pods a third of it.
const BUDGET: f64 = 6.0;
/// How often a running session is kept, in milliseconds.
const KEEP_EVERY: f64 = 4000.0;
/// The seed of the first cluster that a visitor sees.
const FIRST_SEED: u64 = 1;

/// A handle to the page's app. Cloning it is cheap; all clones are the same app.
#[derive(Clone)]
pub struct Runtime(Rc<Inner>);

struct Inner {
    app: RefCell<App>,
    show: RefCell<Option<Callback<Rc<Model>>>>,
    frame: RefCell<Option<AnimationFrame>>,
    /// When the last frame was, in milliseconds.
    last: Cell<Option<f64>>,
    kept: Cell<f64>,
    dirty: Cell<bool>,
    /// What is shown passes: one's own work could not be kept beside it, and stays where it is.
    passing: Cell<bool>,
    /// In which the page around is told.
    words: RefCell<Words>,
}

impl PartialEq for Runtime {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

fn now() -> f64 {
    web_sys::window()
        .and_then(|w| w.performance())
        .map_or(0.0, |p| p.now())
}

fn is_hidden() -> bool {
    web_sys::window()
        .and_then(|w| w.document())
        .is_some_and(|d| d.hidden())
}

impl Runtime {
    /// The app as it was left, or a new one, as the address wants it; or a real cluster, if there is one.
    pub fn start(words: Words, found: Found) -> Self {
        let address = browser::address();
        let is_silent = found == Found::Silence;
        if let Found::Real(real) = found {
            return Runtime::start_real(words, real);
        }
        let mut app = if address.embed {
            storage::leave_alone();
            App::embedded(FIRST_SEED, &address)
        } else {
            brought_back(&address)
        };
        if is_silent {
            let _ = app.dispatch(Msg::Fail(say!("notice.real.silent")));
        }
        Runtime::over(app, &address, words)
    }

    fn start_real(words: Words, real: Real) -> Self {
        let saved = storage::session().and_then(|text| Saved::read(&text).ok());
        let files = saved.map_or_else(persist::example_files, |saved| saved.files);
        let app = App::real(real, Rc::new(Fetching), real::now(), files);
        let runtime = Runtime::over(app, &browser::address(), words);
        real::begin(&runtime);
        runtime
    }

    /// What a lane of the follower of a real cluster is to ask next.
    pub fn ask_real(&self, lane: usize) -> Option<Ask> {
        self.0.app.borrow_mut().ask_real(lane)
    }

    /// Whether what is shown is no simulation. It stays so for the life of the page.
    pub fn is_real(&self) -> bool {
        self.read(|app| app.model().real.is_some())
    }

    fn over(mut app: App, address: &Address, words: Words) -> Self {
        let _ = app.dispatch(Msg::Terminal(Act::Remember(storage::typed())));
        let _ = app.dispatch(Msg::Learn(LearnAct::Speak(super::words::chosen().into())));
        if let Some(done) = storage::lessons_done() {
            let _ = app.dispatch(Msg::Learn(LearnAct::Remember(done.into())));
        }
        for msg in wishes(address) {
            for effect in app.dispatch(msg) {
                // Asked for by an address, not chosen: shown, but not kept.
                if let Effect::SetTheme(theme) = effect {
                    set_theme(theme);
                }
            }
        }
        let runtime = Runtime(Rc::new(Inner {
            app: RefCell::new(app),
            show: RefCell::new(None),
            frame: RefCell::new(None),
            last: Cell::new(None),
            kept: Cell::new(now()),
            dirty: Cell::new(false),
            passing: Cell::new(false),
            words: RefCell::new(words),
        }));
        if address.embed {
            let heard = runtime.clone();
            browser::hear(move |text| heard.dispatch(Msg::Told(text.into())));
        }
        runtime.look_at_link();
        runtime
    }

    /// Offers what the hash of the address holds, if it is a link.
    pub fn look_at_link(&self) {
        let address = browser::address();
        let Some(link) = &address.link else {
            return;
        };
        self.dispatch(Msg::Link(link.as_str().into()));
        if self.read(|app| app.opens(&address)) {
            self.dispatch(Msg::Accept(true));
        }
    }

    /// The page speaks another language.
    pub fn speak(&self, words: &Words) {
        self.0.words.replace(words.clone());
        rest::speak(words);
    }

    pub fn model(&self) -> Rc<Model> {
        Rc::new(self.0.app.borrow().model().clone())
    }

    /// A client of the cluster as it is now; ask again after a reset.
    pub fn client(&self) -> LocalClient {
        self.0.app.borrow().client()
    }

    /// Reads something of the app that is not in the model.
    pub fn read<T>(&self, read: impl FnOnce(&App) -> T) -> T {
        read(&self.0.app.borrow())
    }

    /// Draws with `show` from now on.
    pub fn attach(&self, show: Callback<Rc<Model>>) {
        self.0.show.replace(Some(show));
        self.tell(Duration::ZERO);
        self.wake();
    }

    pub fn dispatch(&self, msg: Msg) {
        let told = matches!(msg, Msg::Told(_));
        let Ok(mut app) = self.0.app.try_borrow_mut() else {
            return;
        };
        let effects = app.dispatch(msg);
        drop(app);
        self.see_to(effects);
        if told {
            // A frame that is out of sight draws nothing, and answers all the same.
            self.tell(Duration::ZERO);
        }
        self.show();
        self.load_what_is_wanted();
        self.wake();
    }

    /// Does what the app asks of the browser.
    fn see_to(&self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::SetTheme(theme) => {
                    storage::keep_theme(theme.name());
                    set_theme(theme);
                }
                Effect::KeepSingleKeys(on) => storage::keep_single_keys(on),
                Effect::Save => self.0.dirty.set(true),
                Effect::KeepProgress(text) => storage::keep_lessons_done(&text),
                Effect::KeepOwn(text) => {
                    storage::keep_session(&text);
                }
                Effect::DropLesson => storage::drop_lesson(),
                Effect::RestoreOwn => {
                    storage::drop_lesson();
                    let kept = storage::session().and_then(|text| Saved::read(&text).ok());
                    let mut app = match kept {
                        Some(saved) => App::restore(saved),
                        None => App::of(FIRST_SEED, Workers::default()),
                    };
                    app.remember_other(storage::other());
                    if let Ok(mut lesson) = self.0.app.try_borrow_mut() {
                        app.take_over(&mut lesson);
                        *lesson = app;
                    }
                }
                Effect::ForgetLink if !self.is_embedded() => browser::drop_hash(),
                Effect::KeepOther => self.keep_other(),
                Effect::Pack { serial, content } => self.pack(serial, content),
                Effect::Refuse(refusal) => {
                    let text = embed::refusal(&refusal, &self.0.words.borrow());
                    browser::tell(&text);
                }
                _ => {}
            }
        }
    }

    fn is_embedded(&self) -> bool {
        self.read(|app| app.model().embed.is_some())
    }

    /// Tells the page around what is new.
    fn tell(&self, wall: Duration) {
        let Ok(mut app) = self.0.app.try_borrow_mut() else {
            return;
        };
        let told = app.reports(wall, &self.0.words.borrow());
        drop(app);
        for text in told {
            browser::tell(&text);
        }
    }

    fn keep_other(&self) {
        let (other, shared) = self.read(|app| (app.other().map(str::to_owned), app.is_shared()));
        let kept = storage::keep_other(other.as_deref());
        self.0.passing.set(shared && !kept);
        if shared && !kept && storage::works() {
            self.dispatch(Msg::Fail(say!("notice.no-room")));
        }
    }

    fn pack(&self, serial: u32, content: Rc<str>) {
        let runtime = self.clone();
        spawn_local(async move {
            let bytes = browser::deflate(&content).await;
            runtime.dispatch(Msg::Packed { serial, bytes });
        });
    }

    /// Begins to load what the app waits for: texts of lessons, and the schema of the API.
    fn load_what_is_wanted(&self) {
        let (wanted, language) = match self.0.app.try_borrow_mut() {
            Ok(mut app) => app.take_wanted(),
            Err(_) => return,
        };
        for file in wanted {
            load::load(self, file, language.clone());
        }
        if !self.0.app.borrow().terminal().wants_schema() {
            return;
        }
        let runtime = self.clone();
        spawn_local(async move {
            let text = super::schema::load().await;
            runtime.dispatch(Msg::Terminal(Act::Schema(text)));
        });
    }

    /// Keeps the session now, if there is anything new.
    pub fn keep(&self) {
        let app = self.0.app.borrow();
        if !app.can_save() || self.0.passing.get() || app.model().embed.is_some() {
            self.0.dirty.set(self.0.dirty.get() && !app.can_save());
            return;
        }
        let text = app.save();
        let in_lesson = app.lesson().is_some();
        drop(app);
        match in_lesson {
            true => storage::keep_lesson(&text),
            false => storage::keep_session(&text),
        };
        self.0.kept.set(now());
        self.0.dirty.set(false);
    }

    /// Runs frames again after the page was hidden, or rests while it is.
    pub fn visibility_changed(&self) {
        if is_hidden() {
            self.keep();
            self.0.frame.replace(None);
        } else {
            self.wake();
        }
    }

    fn show(&self) {
        let show = self.0.show.borrow().clone();
        if let Some(show) = show {
            show.emit(self.model());
        }
    }

    /// Sees to it that a frame comes.
    fn wake(&self) {
        if self.0.frame.borrow().is_some() || is_hidden() {
            return;
        }
        let runtime = self.clone();
        self.0.last.set(None);
        self.0
            .frame
            .replace(Some(request_animation_frame(move |_| runtime.frame())));
    }

    fn frame(&self) {
        let start = now();
        let wall = self.0.last.replace(Some(start)).map_or(0.0, |t| start - t);
        let wall = Duration::from_micros((wall.max(0.0) * 1000.0) as u64);
        let drawn = match self.0.app.try_borrow_mut() {
            Ok(mut app) => {
                let drawing = app.is_about_to_draw(wall);
                let budget = if drawing { BUDGET / 3.0 } else { BUDGET };
                app.frame(wall, &mut || now() - start < budget)
            }
            Err(_) => false,
        };
        let owed = self.0.app.borrow_mut().take_owed();
        self.see_to(owed);
        if drawn {
            self.show();
        }
        self.load_what_is_wanted();
        self.tell(wall);
        if (self.0.dirty.get() && start - self.0.kept.get() > 500.0)
            || (drawn && start - self.0.kept.get() > KEEP_EVERY)
        {
            self.keep();
        }
        let still = self.0.app.borrow().is_still() && !self.0.dirty.get();
        if still || is_hidden() {
            self.tell(Duration::from_secs(1));
            self.0.frame.replace(None);
            self.0.last.set(None);
            return;
        }
        let runtime = self.clone();
        self.0
            .frame
            .replace(Some(request_animation_frame(move |_| runtime.frame())));
    }
}

/// What was left at the last visit, or a new cluster.
fn brought_back(address: &Address) -> App {
    let fresh = || App::of(FIRST_SEED, address.workers.unwrap_or_default());
    match kept().map(|text| Saved::read(&text)) {
        Some(Ok(saved)) => {
            let mut app = App::restore(saved);
            if app.lesson().is_none() {
                app.remember_other(storage::other());
            }
            if let Some(workers) = address.workers {
                app.wish_for(workers);
            }
            app
        }
        Some(Err(reason)) => {
            let mut app = fresh();
            let _ = app.dispatch(Msg::Fail(say!("notice.lost", reason = reason)));
            app
        }
        None => fresh(),
    }
}

/// How the page is to look at first: what the address asks for, else what was chosen last.
fn wishes(address: &Address) -> Vec<Msg> {
    let kept = storage::theme().map(|name| Theme::by_name(&name));
    let theme = address.theme.or(kept).unwrap_or_default();
    let mut wishes = vec![
        Msg::SetTheme(theme),
        Msg::SingleKeys(storage::single_keys()),
    ];
    wishes.extend(address.view.map(Msg::Show));
    let lesson = address.lesson.as_deref().filter(|name| load::is_name(name));
    wishes.extend(lesson.map(|name| Msg::Learn(LearnAct::Start(name.into()))));
    wishes.extend(address.speed.map(Msg::SetSpeed));
    if !address.embed {
        wishes.extend(address.plays.map(Msg::Play));
    }
    wishes
}

/// What was left at the last visit: the lesson that was being taken, or one's own cluster and files. What is
/// no lesson any more must not take the place of the own.
fn kept() -> Option<String> {
    if let Some(text) = storage::lesson() {
        if persist::holds_lesson(&text) {
            return Some(text);
        }
        storage::drop_lesson();
    }
    storage::session()
}

fn set_theme(theme: Theme) {
    let root = web_sys::window()
        .and_then(|w| w.document())
        .and_then(|d| d.document_element());
    if let Some(root) = root {
        let _ = match theme {
            Theme::System => root.remove_attribute("data-theme"),
            theme => root.set_attribute("data-theme", theme.name()),
        };
    }
}

/// The app of the page that a component is in.
#[hook]
pub fn use_runtime() -> Option<Runtime> {
    use_context::<Runtime>()
}

/// Whether the page shows a real cluster.
#[hook]
pub fn use_is_real() -> bool {
    use_runtime().is_some_and(|runtime| runtime.is_real())
}

/// Sends messages to the app. Stays the same for the life of a component.
#[hook]
pub fn use_dispatch() -> Callback<Msg> {
    let runtime = use_runtime();
    use_callback(runtime, |msg: Msg, runtime: &Option<Runtime>| {
        if let Some(runtime) = runtime {
            runtime.dispatch(msg);
        }
    })
}
