//! Into a lesson and out of it, and back to its beginning.

use std::rc::Rc;
use std::time::Duration;

use super::running::Running;
use super::show::Show;
use super::{Act, Learn, Mark};
use crate::api::Resource;
use crate::api::play::Lesson;
use crate::api::yaml::to_yaml;
use crate::app::model::{DockTab, File, Files, Pane, Selection, View, update};
use crate::app::terminal;
use crate::app::{App, Effect, Msg, Session, Shared, say};
use crate::lessons::start::{WARM_UP, is_settled};
use crate::lessons::{find_object, source::Source};
use crate::sim::{Time, millis, secs};

/// A command of a lesson's beginning may take so long.
const COMMAND_TURNS: u32 = 3_000;

impl App {
    /// Does what was asked for in the pane of lessons, and what the page does of itself for it.
    #[inline(never)] // the first minute runs it seldom
    pub(in crate::app) fn learn_act(&mut self, act: Act, effects: &mut Vec<Effect>) {
        match act {
            Act::Course(text) => self.learn.take_course(text.as_deref()),
            Act::Remember(text) => self.learn.remember(&text),
            Act::Speak(language) => self.learn.speak(language),
            act => self.wanted_act(act, effects),
        }
        self.tell_lesson();
    }

    #[inline(never)] // it waits in the second file of the wasm until somebody wants it
    fn wanted_act(&mut self, act: Act, effects: &mut Vec<Effect>) {
        match act {
            Act::Open(open) => {
                self.learn.open = open;
                if open {
                    self.learn.want_course();
                    self.model.panes.shown = Pane::Learn;
                } else if self.model.panes.shown == Pane::Learn {
                    self.model.panes.shown = Pane::Stage;
                }
            }
            Act::Texts {
                name,
                lesson,
                words,
            } => self.take_texts(name, lesson, words, effects),
            Act::Course(_) | Act::Remember(_) | Act::Speak(_) => {}
            Act::Start(name) => self.start_lesson(name, effects),
            Act::Choose(choice) => self.choose(choice),
            Act::Hint => {
                if let Some(running) = &mut self.learn.running {
                    let most = running.step().map_or(0, |step| step.hints.len());
                    running.hints = (running.hints + 1).min(most);
                }
            }
            Act::Next => self.next_step(effects),
            Act::Back => {
                if let Some(running) = &mut self.learn.running {
                    running.shown = running.shown.saturating_sub(1);
                    running.finished = false;
                }
            }
            Act::ShowMe => {
                if let Some(running) = &mut self.learn.running {
                    let acts = running.step().map(|step| step.solution.clone());
                    running.show = Some(Show::new(&acts.unwrap_or_default()));
                    self.session.play(true);
                }
            }
            Act::Hold => {
                if let Some(running) = &mut self.learn.running {
                    running.show = None;
                }
                self.type_into_terminal("", false);
            }
            Act::Redo => self.redo(),
            Act::StartOver => self.start_over(),
            Act::Leave => self.leave_lesson(effects),
            Act::Insert(text) => {
                self.model.panes.dock_tab = DockTab::Terminal;
                self.model.panes.shown = Pane::Dock;
                self.type_into_terminal(&text, true);
            }
            Act::Select(text) => self.select_named(&text),
            Act::Point => self.point_out(),
            Act::Write(on) => self.write_lesson(on),
            Act::Check => self.begin_check(),
            Act::Try => self.try_lesson(effects),
            Act::GoTo(line) => self.go_to_line(line),
        }
    }

    fn take_texts(
        &mut self,
        name: Rc<str>,
        lesson: Option<Rc<str>>,
        words: Option<Rc<str>>,
        effects: &mut Vec<Effect>,
    ) {
        let awaited = self.learn.awaited.as_ref() == Some(&name);
        let Some(lesson) = lesson else {
            if awaited {
                self.learn.awaited = None;
                self.model
                    .notify(true, say!("notice.lesson.load", name = &name));
            }
            return;
        };
        let texts = super::Texts::read(lesson, words);
        self.put_in_other_words(&name, &texts);
        self.learn.texts.insert(name.clone(), texts);
        if awaited {
            self.learn.awaited = None;
            self.start_lesson(name, effects);
        }
    }

    /// The lesson that is being taken goes on in another language.
    fn put_in_other_words(&mut self, name: &Rc<str>, texts: &super::Texts) {
        if let (Some(running), Ok(source)) = (&mut self.learn.running, &texts.source)
            && running.name == *name
            && !running.trial
            && running.spec().steps.len() == source.spec().steps.len()
        {
            running.source = source.clone();
            running.lesson = texts.lesson.clone();
            running.words = texts.words.clone();
        }
    }

    /// Begins a lesson, as soon as its texts are there.
    fn start_lesson(&mut self, name: Rc<str>, effects: &mut Vec<Effect>) {
        self.learn.open = true;
        self.model.panes.shown = Pane::Learn;
        self.learn.want_course();
        if self.lesson() == Some(&name) {
            return;
        }
        if let Some((applied, text)) = self.applied_lesson(&name) {
            self.enter(Running::new(name, applied, text, None), effects);
            return;
        }
        match self.learn.texts.get(&name) {
            Some(texts) => match &texts.source {
                Ok(source) => {
                    let (lesson, words) = (texts.lesson.clone(), texts.words.clone());
                    let running = Running::new(name, source.clone(), lesson, words);
                    self.enter(running, effects);
                }
                Err(why) => {
                    let text = say!("notice.lesson.bad", name = &name, why = why);
                    self.model.notify(true, text);
                }
            },
            None => {
                self.learn.want_texts(&name);
                self.learn.awaited = Some(name);
            }
        }
    }

    /// Puts what the page has aside, and builds what the lesson starts from.
    pub(super) fn enter(&mut self, mut running: Running, effects: &mut Vec<Effect>) {
        if self.learn.running.is_none() && self.can_save() {
            effects.push(Effect::KeepOwn(self.save().into()));
        }
        let start = running.spec().start.clone();
        let mut list: Vec<File> = files_of(&start.files);
        if list.is_empty() {
            list.push(File {
                name: "manifest.yaml".into(),
                text: "".into(),
            });
        }
        // What will be worked on is open.
        let acts = running.spec().steps.iter().flat_map(|step| &step.solution);
        let mut worked = acts.map(|act| {
            if act.edit.is_empty() {
                &act.apply
            } else {
                &act.edit
            }
        });
        let first = worked.find(|name| !name.is_empty());
        let open = list
            .iter()
            .position(|f| Some(&*f.name) == first.map(String::as_str));
        let open = open.unwrap_or_default();
        let config = start.config();
        let mut app = App::over(config.seed, Session::new(config), Files { list, open });
        app.session.run_until(Time::EPOCH + WARM_UP);
        app.session.look();
        for line in &start.run {
            app.run_at_once(line);
        }
        let until = app.session.transport().now + start.patience();
        while app.session.transport().now < until {
            app.run_on(secs(1));
            if is_settled(app.session.timeline().cluster()) {
                break;
            }
        }
        app.at_terminal(|terminal, files| terminal.act(terminal::Act::Clear, files));
        app.look_like(self);
        app.session.set_speed(self.session.transport().speed);
        app.model.selection = None;
        app.model.applied = Shared::default();
        app.learn = std::mem::take(&mut self.learn);
        let was_running = app.learn.running.take().is_some();
        let own = self.own.take();
        let before = std::mem::replace(self, app);
        // Of a lesson that is left for another one, nothing is kept but what was there before it.
        self.own = match was_running {
            true => own,
            false => Some(Box::new(before)),
        };
        let cluster_now = self.session.transport().now;
        running.began = cluster_now;
        running.inputs = self.session.timeline().inputs().len();
        self.learn.running = Some(running);
        if let Some(view) = self
            .learn
            .running
            .as_ref()
            .and_then(|r| View::by_name(&r.spec().view))
        {
            self.model.view = view;
        }
        self.begin_step();
        self.catch_up();
        effects.push(Effect::Save);
        let title = self.learn.running.as_ref().map(|r| r.spec().title.clone());
        let title = title.unwrap_or_default();
        self.model.say(say!("spoken.lesson.begins", title = title));
    }

    /// Takes over how another page looks.
    fn look_like(&mut self, other: &App) {
        let model = &other.model;
        self.model.view = model.view;
        self.model.panes = model.panes;
        self.model.theme = model.theme;
        self.model.control_plane = model.control_plane;
        self.model.stage = model.stage;
        self.model.workers = model.workers;
        self.model.spoken = model.spoken.clone();
        self.embed_like(other);
        let history = other.terminal.history();
        self.at_terminal(|terminal, files| terminal.act(terminal::Act::Remember(history), files));
    }

    /// Lets time pass at once.
    pub(in crate::app) fn run_on(&mut self, span: Duration) {
        let until = self.session.transport().now + span;
        self.session.run_until(until);
        self.session.look();
    }

    pub(in crate::app) fn run_at_once(&mut self, line: &str) {
        let line = line.into();
        self.at_terminal(|terminal, files| terminal.act(terminal::Act::Run(line), files));
        for _ in 0..COMMAND_TURNS {
            if !self.terminal.is_busy() {
                return;
            }
            self.run_on(millis(100));
            self.at_terminal(terminal::Terminal::poll);
        }
        self.at_terminal(|terminal, files| terminal.act(terminal::Act::Interrupt, files));
    }

    /// The step that is next begins, in the cluster and with the files as they are now.
    fn begin_step(&mut self) {
        let Some(running) = &mut self.learn.running else {
            return;
        };
        let step = running.step().cloned().unwrap_or_default();
        if !step.files.is_empty() {
            let files = self.model.files.edit();
            for file in files_of(&step.files) {
                match files.list.iter_mut().find(|f| f.name == file.name) {
                    Some(old) => old.text = file.text,
                    None => files.list.push(file),
                }
            }
            let first = step.files.keys().next();
            let open = files
                .list
                .iter()
                .position(|f| Some(&*f.name) == first.map(String::as_str));
            files.open = open.unwrap_or(files.open);
        }
        let timeline = self.session.timeline();
        let lost = usize::try_from(self.dropped).unwrap_or(usize::MAX);
        let inputs = timeline.inputs().len().saturating_add(lost);
        running.begin_step(timeline.cluster(), inputs, &self.model.files);
        drop(timeline);
        let (name, at) = (running.name.clone(), running.at);
        if !running.trial {
            let mark = self.learn.marks.entry(name).or_default();
            mark.step = mark.step.max(at);
        }
        if let Some(view) = View::by_name(&step.view) {
            self.model.view = view;
        }
        if !step.select.is_empty() {
            let shown = self.model.panes.shown;
            self.select_named(&step.select);
            // The inspector is beside the lesson, not instead of it.
            self.model.panes.shown = shown;
        }
        self.arrange();
    }

    fn choose(&mut self, choice: usize) {
        let Some(running) = &mut self.learn.running else {
            return;
        };
        let at = running.at;
        let choices = running
            .step()
            .and_then(|s| s.predict.as_ref())
            .map(|p| p.choices.len());
        if let Some(chosen) = running.chosen.get_mut(at)
            && chosen.is_none()
            && choices.is_some_and(|n| choice < n)
        {
            *chosen = Some(choice);
            let news = running.news();
            if !news.is_empty() {
                self.model.say(news);
            }
        }
    }

    fn next_step(&mut self, effects: &mut Vec<Effect>) {
        let Some(running) = &mut self.learn.running else {
            return;
        };
        if running.shown < running.at {
            running.shown += 1;
            return;
        }
        if !running.is_step_done() {
            return;
        }
        if running.is_last() {
            running.finished = true;
            let mark = Mark {
                done: true,
                step: running.at,
            };
            if !running.trial {
                self.learn.marks.insert(running.name.clone(), mark);
            }
            self.model.say(say!("spoken.lesson.done"));
        } else {
            running.at += 1;
            self.begin_step();
            let title = self
                .learn
                .running
                .as_ref()
                .and_then(Running::step)
                .map(|s| s.title.clone());
            self.model.say(title.unwrap_or_default().into());
        }
        effects.push(Effect::KeepProgress(self.learn.progress()));
        effects.push(Effect::Save);
    }

    /// Back to where the step began: the cluster, and the files.
    fn redo(&mut self) {
        let Some(running) = &mut self.learn.running else {
            return;
        };
        let (to, inputs) = (running.step_began, running.step_inputs);
        let files = running.step_files.clone();
        running.show = None;
        running.finished = false;
        running.shown = running.at;
        self.return_to(to, inputs, files);
        self.model.say(say!("spoken.step.again"));
    }

    fn start_over(&mut self) {
        let Some(running) = &mut self.learn.running else {
            return;
        };
        running.at = 0;
        running.finished = false;
        running.chosen.iter_mut().for_each(|chosen| *chosen = None);
        let (to, inputs) = (running.began, running.inputs);
        let list = files_of(&running.spec().start.files);
        let files = match list.is_empty() {
            true => self.model.files.clone(),
            false => Shared::new(Files { list, open: 0 }),
        };
        self.return_to(to, inputs, files);
        self.begin_step();
        self.model.say(say!("spoken.lesson.again"));
    }

    fn return_to(&mut self, to: Time, inputs: usize, files: Shared<Files>) {
        self.at_terminal(|terminal, files| terminal.act(terminal::Act::Interrupt, files));
        // The count includes inputs that were lost in storage since.
        let lost = usize::try_from(self.dropped).unwrap_or(usize::MAX);
        self.session.return_to(to, inputs.saturating_sub(lost));
        self.session.play(true);
        self.model.files = files;
        self.model.applied = Shared::default();
        self.model.typing = None;
        if let Some(running) = &mut self.learn.running {
            running.hints = 0;
            running.judge_from(self.session.timeline().cluster());
        }
        self.catch_up();
        self.arrange();
    }

    fn leave_lesson(&mut self, effects: &mut Vec<Effect>) {
        if self.learn.running.take().is_none() {
            return;
        }
        self.learn.waiting = None;
        if self.learn.open {
            // After a reload in the middle of a lesson nobody has asked for the list yet.
            self.learn.want_course();
        }
        effects.push(Effect::KeepProgress(self.learn.progress()));
        match self.own.take() {
            Some(own) => {
                let mut app = *own;
                app.take_over(self);
                *self = app;
                self.catch_up();
                effects.push(Effect::DropLesson);
            }
            // The page was loaded anew meanwhile: the browser has it.
            None => effects.push(Effect::RestoreOwn),
        }
        self.model.say(say!("spoken.lesson.left"));
    }

    /// Selects what a lesson names: "deploy/web".
    fn select_named(&mut self, text: &str) {
        let namespace = self.terminal.namespace();
        let found = find_object(text, &namespace, self.session.timeline().cluster());
        match found {
            Some(object) => {
                let selection = Selection {
                    kind: object.kind(),
                    key: object.key(),
                    uid: object.uid().into(),
                };
                update(&mut self.model, Msg::Select(selection));
            }
            None => {
                self.model
                    .notify(false, say!("notice.lesson.object", name = text));
            }
        }
    }

    /// Follows the lesson for a frame; tells whether anything is to be drawn.
    pub(in crate::app) fn follow_lesson(
        &mut self,
        wall: Duration,
        more: &mut dyn FnMut() -> bool,
    ) -> bool {
        let mut changed = self.go_on_check(more);
        if self.learn.running.is_none() {
            return changed;
        }
        let mut effects = Vec::new();
        changed |= self.perform(wall, &mut effects);
        self.owed.extend(effects);
        if let Some((end, now)) = self.learn.waiting {
            if self.session.is_busy() {
                return changed;
            }
            self.learn.waiting = None;
            if let Some(running) = &mut self.learn.running {
                running.judge_from(self.session.timeline().cluster());
            }
            self.session.go_on_restoring(end, now);
            changed = true;
        }
        if let Some(running) = &mut self.learn.running {
            let (looked, news) = running.observe(self.session.timeline().cluster());
            if !news.is_empty() {
                self.model.say(news);
            }
            if looked || changed {
                changed |= self.tell_lesson();
            }
        }
        changed
    }

    /// Says in the model how the lesson stands; tells whether that is new.
    pub(in crate::app) fn tell_lesson(&mut self) -> bool {
        let view = self.learn.view(self);
        self.model.learn.keep(view)
    }

    /// A lesson that was applied to the cluster, and its text.
    fn applied_lesson(&self, name: &str) -> Option<(Source, Rc<str>)> {
        let timeline = self.session.timeline();
        let server = timeline.cluster().server();
        let object = server.get_object(Lesson::KIND, "", name).ok()?;
        let text = to_yaml(&object.to_value());
        let lesson = object.get::<Lesson>()?.clone();
        Some((Source::of(lesson), text.into()))
    }

    /// Takes over how another page looks, and what it knows of lessons.
    pub fn take_over(&mut self, other: &mut App) {
        self.look_like(other);
        self.learn = std::mem::take(&mut other.learn);
        self.tell_lesson();
        self.arrange();
    }
}

fn files_of(texts: &std::collections::BTreeMap<String, String>) -> Vec<File> {
    let file = |(name, text): (&String, &String)| File {
        name: name.as_str().into(),
        text: text.as_str().into(),
    };
    texts.iter().map(file).collect()
}

impl Learn {
    pub fn is_writing(&self) -> bool {
        self.author.is_some() && self.running.is_none()
    }

    /// Whether frames have something to do here.
    pub fn is_still(&self) -> bool {
        let shows = self.running.as_ref().is_some_and(|r| r.show.is_some());
        let checks = self.author.as_ref().is_some_and(|a| a.is_checking());
        !shows && !checks && self.waiting.is_none()
    }
}
