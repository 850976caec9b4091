//! What the page looks like, and what each act of a person changes about it.

mod files;
mod look;
#[cfg(test)]
mod tests;

use std::rc::Rc;

use crate::api::{Key, Kind};
use crate::sim::Time;

use super::act::Scene;
use super::apply::Applied;
use super::bring::{self, Brought};
use super::editing::apply_command;
use super::embed::{self, Embed};
use super::layout::Size;
use super::learn;
use super::link::{self, Parcel, Preview, Wrong};
use super::real::{Heard, Real};
use super::session::Progress;
use super::share::{Share, What};
use super::shared::Shared;
use super::terminal;
use super::text::{Text, say};
use super::transport::{Speed, Transport};

pub use files::{File, Files};
pub use look::{DockTab, Pane, Panes, Splitter, Theme, View};

/// What the inspector shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    pub kind: Kind,
    pub key: Key,
    pub uid: Rc<str>,
}

/// A message that stays until it is read.
#[derive(Clone, Debug, PartialEq)]
pub struct Notice {
    pub id: u32,
    pub bad: bool,
    pub text: Text,
}

/// What the live region says; the serial makes the same words heard again.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Spoken {
    pub serial: u32,
    pub text: Text,
}

/// A place in a file that the editor is to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reveal {
    /// Grows, so that the same place can be asked for again.
    pub serial: u32,
    pub file: usize,
    /// Bytes.
    pub start: usize,
    pub end: usize,
}

/// A text that is put into the line of the terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Typing {
    /// Grows, so that the same text can be put there again.
    pub serial: u32,
    pub text: Rc<str>,
    /// Whether the line gets the focus.
    pub focus: bool,
}

/// How many worker nodes a cluster has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Workers(u8);

impl Workers {
    /// Each holds 110 pods; more than a hundred nodes are too small to be looked at.
    pub const MOST: u8 = 100;

    /// The number that comes nearest.
    pub fn new(number: usize) -> Self {
        Workers(
            u8::try_from(number)
                .unwrap_or(Self::MOST)
                .clamp(1, Self::MOST),
        )
    }

    pub fn number(self) -> u8 {
        self.0
    }
}

impl Default for Workers {
    fn default() -> Self {
        Workers(3)
    }
}

/// Something that is not done before it was confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    Reset,
}

/// Something shared that waits for a click.
#[derive(Clone, Debug, PartialEq)]
pub struct Offer {
    pub parcel: Shared<Parcel>,
    pub preview: Shared<Preview>,
    /// Opening it lets go of the shared cluster that was opened before.
    pub replaces: bool,
}

/// Work that is kept beside what is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    Own,
    /// What a link brought.
    Shared,
}

/// An object as the API names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    pub api_version: Rc<str>,
    pub kind: Rc<str>,
    /// Empty for objects without one.
    pub namespace: Rc<str>,
    pub name: Rc<str>,
}

/// All that the page shows. Cloning it is cheap: the large parts are shared.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    pub view: View,
    pub panes: Panes,
    pub theme: Theme,
    pub control_plane: bool,
    pub stage: Size,
    pub selection: Option<Selection>,
    pub files: Shared<Files>,
    pub transport: Transport,
    pub scene: Scene,
    /// The answers to the last act of applying.
    pub applied: Shared<Applied>,
    /// What came of the files that were brought in last.
    pub brought: Shared<Brought>,
    pub reveal: Option<Reveal>,
    /// What is shown is no simulation.
    pub real: Option<Real>,
    pub terminal: Shared<terminal::View>,
    /// What was put into the terminal's line last, by a lesson.
    pub typing: Option<Typing>,
    pub learn: Shared<learn::View>,
    pub notices: Shared<Vec<Notice>>,
    pub spoken: Shared<Spoken>,
    pub question: Option<Question>,
    /// The list of keys is open.
    pub keys: bool,
    /// Keys without Ctrl or Alt mean something wherever nothing else takes them (WCAG 2.2, 2.1.4: they can be turned off).
    pub single_keys: bool,
    /// What was shared with this page, and waits to be opened.
    pub offer: Option<Offer>,
    /// What this page is about to share.
    pub share: Option<Share>,
    /// What one can go back to.
    pub kept: Option<Kept>,
    /// Set when the page is a part of another one.
    pub embed: Option<Embed>,
    /// Nothing can be edited, applied or typed.
    pub readonly: bool,
    /// How many worker nodes a new cluster gets if nobody says otherwise: as many as this one has,
    /// or as many as the address asks for.
    pub workers: Workers,
    /// How many the next one is to have, while that is asked.
    pub next_workers: Workers,
}

impl Model {
    pub fn new(files: Files) -> Self {
        Model {
            view: View::default(),
            panes: Panes::default(),
            theme: Theme::default(),
            control_plane: false,
            stage: Size { w: 800, h: 500 },
            selection: None,
            files: Shared::new(files),
            transport: Transport {
                playing: true,
                speed: Speed::NORMAL,
                start: Time::EPOCH,
                now: Time::EPOCH,
                end: Time::EPOCH,
                progress: Progress::Idle,
                behind: false,
            },
            scene: Scene::default(),
            applied: Shared::default(),
            brought: Shared::default(),
            reveal: None,
            real: None,
            terminal: Shared::default(),
            typing: None,
            learn: Shared::default(),
            notices: Shared::default(),
            spoken: Shared::default(),
            question: None,
            keys: false,
            single_keys: true,
            offer: None,
            share: None,
            kept: None,
            embed: None,
            readonly: false,
            workers: Workers::default(),
            next_workers: Workers::default(),
        }
    }

    /// Says something to whoever does not see the page.
    pub fn say(&mut self, text: Text) {
        self.spoken = Shared::new(Spoken {
            serial: self.spoken.serial.wrapping_add(1),
            text,
        });
    }

    /// Shows a message.
    pub fn notify(&mut self, bad: bool, text: Text) {
        if self.notices.iter().any(|n| n.text == text) {
            return;
        }
        let id = self.notices.last().map_or(0, |n| n.id.wrapping_add(1));
        let notices = self.notices.edit();
        notices.push(Notice { id, bad, text });
        // Old ones go: a page that fails over and over must stay usable.
        if notices.len() > 4 {
            notices.remove(0);
        }
    }
}

/// What a person did, or what came from outside.
#[derive(Clone, Debug, PartialEq)]
pub enum Msg {
    Show(View),
    ShowPane(Pane),
    ShowDock(DockTab),
    Resize(Splitter, i32),
    StageIs(Size),
    ToggleControlPlane,
    SetTheme(Theme),
    Select(Selection),
    Deselect,
    Edit {
        file: usize,
        text: Rc<str>,
    },
    OpenFile(usize),
    NewFile,
    RenameFile {
        file: usize,
        name: Rc<str>,
    },
    CloseFile(usize),
    /// Brings a file back, or a new one in, and opens it.
    InsertFile {
        at: usize,
        file: File,
    },
    /// A command writes a file; a new one if there is none of this name.
    WriteFile {
        name: Rc<str>,
        text: Rc<str>,
    },
    /// A command removes a file.
    RemoveFile(Rc<str>),
    /// A command gives a file to be edited.
    EditFile(Rc<str>),
    /// Selects an object that is known by name.
    Find(Named),
    /// Files were dropped, chosen or pasted.
    Bring(bring::Parcel),
    /// What is to be done with what was brought.
    Settle(bring::Answer),
    /// A real API server has answered a lane of the follower, at an instant of the wall clock.
    Heard {
        lane: usize,
        heard: Heard,
        now: Time,
    },
    /// Whether a real cluster may be changed from here.
    AllowWrites(bool),
    /// Something typed at the terminal.
    Terminal(terminal::Act),
    /// Something done with lessons.
    Learn(learn::Act),
    /// Opens a file at a place of its text, in bytes.
    Reveal {
        file: usize,
        start: usize,
        end: usize,
    },
    Apply,
    TogglePlay,
    Play(bool),
    Step,
    SetSpeed(Speed),
    Seek(Time),
    /// Gives up what takes long.
    Stop,
    Ask(Question),
    /// Opens or closes the list of keys.
    ShowKeys(bool),
    SingleKeys(bool),
    /// How many worker nodes the next cluster is to have.
    SetWorkers(Workers),
    Answer(bool),
    Dismiss(u32),
    Fail(Text),
    Say(Text),
    /// The hash of the address holds a link: what stands behind `s=`.
    Link(Rc<str>),
    /// The text of a file that somebody saved.
    Received(Rc<str>),
    /// Opens what was offered, or leaves it.
    Accept(bool),
    /// Exchanges what is shown with what was kept.
    GoBack,
    /// Asks for a link; the page is at this address, without query and hash.
    Share(Rc<str>),
    ShareWhat(What),
    /// The content of a link, packed.
    Packed {
        serial: u32,
        bytes: Rc<[u8]>,
    },
    Unshare,
    /// What the page around says.
    Told(Rc<str>),
}

/// What a change of the model asks for.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// For the cluster; the [`App`](super::App) sees to these.
    Apply {
        file: Rc<str>,
        text: Rc<str>,
    },
    /// Applies several files in one go, in this order.
    ApplyAll(Vec<Rc<str>>),
    Bring(bring::Parcel),
    Settle(bring::Answer),
    Heard {
        lane: usize,
        heard: Heard,
        now: Time,
    },
    AllowWrites(bool),
    Play(bool),
    Step,
    SetSpeed(Speed),
    Seek(Time),
    Stop,
    Reset,
    Terminal(terminal::Act),
    Find(Named),
    Learn(learn::Act),
    /// Lays the stage out again.
    Arrange,
    /// For the browser.
    SetTheme(Theme),
    /// Keeps for the next visit whether single keys mean something.
    KeepSingleKeys(bool),
    /// What is kept has changed.
    Save,
    /// How far somebody got with the lessons is to be kept.
    KeepProgress(Rc<str>),
    /// A lesson begins: what the page had is to be kept, whole.
    KeepOwn(Rc<str>),
    /// A lesson was left, and nothing is kept of it any more.
    DropLesson,
    /// A lesson was left, and what the page had before it is where the browser keeps it.
    RestoreOwn,
    /// For the app: opens what was offered.
    Open(Shared<Parcel>),
    Offer(Shared<Parcel>),
    GoBack,
    Share(Rc<str>, What),
    Obey(embed::In),
    /// For the browser: the hash of the address has been dealt with.
    ForgetLink,
    /// The work beside has changed.
    KeepOther,
    /// Packs the content of a link; the answer is [`Msg::Packed`].
    Pack {
        serial: u32,
        content: Rc<str>,
    },
    /// Tells the page around that it is not obeyed.
    Refuse(embed::Refusal),
}

/// A real cluster's time cannot be ruled, it cannot begin anew, and it fits into no link.
fn needs_simulation(msg: &Msg) -> bool {
    matches!(
        msg,
        Msg::TogglePlay
            | Msg::Play(_)
            | Msg::Step
            | Msg::SetSpeed(_)
            | Msg::Seek(_)
            | Msg::Stop
            | Msg::Ask(_)
            | Msg::ToggleControlPlane
            | Msg::Learn(_)
            | Msg::Link(_)
            | Msg::Share(_)
    )
}

/// Changes the model; returns what else is to be done.
pub fn update(model: &mut Model, msg: Msg) -> Vec<Effect> {
    if model.readonly && changes(&msg) || model.real.is_some() && needs_simulation(&msg) {
        return Vec::new();
    }
    match msg {
        Msg::Show(view) => {
            model.view = view;
            vec![Effect::Arrange]
        }
        Msg::ShowPane(pane) => {
            model.panes.shown = pane;
            Vec::new()
        }
        Msg::ShowDock(tab) => {
            model.panes.dock_tab = tab;
            Vec::new()
        }
        Msg::Resize(splitter, extent) => {
            model.panes.resize(splitter, extent);
            Vec::new()
        }
        Msg::StageIs(size) if size == model.stage => Vec::new(),
        Msg::StageIs(size) => {
            model.stage = size;
            vec![Effect::Arrange]
        }
        Msg::ToggleControlPlane => {
            model.control_plane = !model.control_plane;
            vec![Effect::Arrange]
        }
        Msg::SetTheme(theme) => {
            model.theme = theme;
            vec![Effect::SetTheme(theme)]
        }
        Msg::Select(selection) => {
            model.selection = Some(selection);
            // A narrow screen shows one pane: the one that was asked for.
            model.panes.shown = Pane::Inspector;
            Vec::new()
        }
        Msg::Deselect => {
            model.selection = None;
            if model.panes.shown == Pane::Inspector {
                model.panes.shown = Pane::Stage;
            }
            Vec::new()
        }
        Msg::Edit { file, text } => edit_files(model, |files| {
            if let Some(file) = files.list.get_mut(file) {
                file.text = text;
            }
        }),
        Msg::OpenFile(index) => edit_files(model, |files| {
            files.open = index.min(files.list.len().saturating_sub(1));
        }),
        Msg::NewFile => edit_files(model, |files| {
            let name = files.free_name();
            files.list.push(File {
                name,
                text: "".into(),
            });
            files.open = files.list.len() - 1;
        }),
        Msg::RenameFile { file, name } => edit_files(model, |files| {
            let name: Rc<str> = name.trim().into();
            let taken = files.list.iter().any(|f| f.name == name);
            if let Some(file) = files.list.get_mut(file)
                && !name.is_empty()
                && !taken
            {
                file.name = name;
            }
        }),
        Msg::CloseFile(index) => edit_files(model, |files| {
            // The editor always has a file.
            if index < files.list.len() && files.list.len() > 1 {
                files.list.remove(index);
                if files.open > index || files.open >= files.list.len() {
                    files.open = files.open.saturating_sub(1);
                }
            }
        }),
        // A command waits for this file: it is the command that sends it.
        Msg::Apply
            if model
                .files
                .current()
                .is_some_and(|f| model.terminal.editing.as_ref() == Some(&f.name)) =>
        {
            vec![Effect::Terminal(terminal::Act::EndEdit(true))]
        }
        // A real API server does not answer at once.
        Msg::Apply if model.real.is_some() => match model.files.current() {
            Some(file) => {
                model.panes.dock_tab = DockTab::Terminal;
                let command = apply_command(std::slice::from_ref(&file.name));
                vec![Effect::Terminal(terminal::Act::Run(command.into()))]
            }
            None => Vec::new(),
        },
        // What is sent now would cut off the history that is still being replayed.
        Msg::Apply if matches!(model.transport.progress, Progress::Restoring(_)) => {
            model.notify(false, say!("notice.restoring.apply"));
            Vec::new()
        }
        Msg::InsertFile { at, file } => edit_files(model, |files| {
            let at = at.min(files.list.len());
            let name = match files.list.iter().any(|f| f.name == file.name) {
                true => files.free_name(),
                false => file.name,
            };
            files.list.insert(at, File { name, ..file });
            files.open = at;
        }),
        Msg::WriteFile { name, text } => edit_files(model, |files| {
            match files.list.iter_mut().find(|f| f.name == name) {
                Some(file) => file.text = text,
                None => files.list.push(File { name, text }),
            }
        }),
        Msg::Find(named) => vec![Effect::Find(named)],
        Msg::RemoveFile(name) => {
            let files = &model.files;
            match files.list.iter().position(|f| f.name == name) {
                // The editor always has a file.
                Some(_) if files.list.len() == 1 => edit_files(model, |files| {
                    files.list = vec![File {
                        name: "manifest.yaml".into(),
                        text: "".into(),
                    }];
                }),
                Some(index) => update(model, Msg::CloseFile(index)),
                None => Vec::new(),
            }
        }
        Msg::EditFile(name) => match model.files.list.iter().position(|f| f.name == name) {
            Some(index) => {
                model.panes.shown = Pane::Editor;
                model.say(say!("spoken.editing", name = &name));
                update(model, Msg::OpenFile(index))
            }
            None => Vec::new(),
        },
        Msg::Terminal(terminal::Act::Run(_))
            if matches!(model.transport.progress, Progress::Restoring(_)) =>
        {
            model.notify(false, say!("notice.restoring.type"));
            Vec::new()
        }
        Msg::Heard { lane, heard, now } => vec![Effect::Heard { lane, heard, now }],
        Msg::AllowWrites(open) => vec![Effect::AllowWrites(open)],
        Msg::Bring(parcel) => match bring::shared(&parcel).filter(|_| model.real.is_none()) {
            Some(text) => update(model, Msg::Received(text)),
            None => vec![Effect::Bring(parcel)],
        },
        Msg::Settle(answer) => vec![Effect::Settle(answer)],
        Msg::Terminal(act) => vec![Effect::Terminal(act)],
        Msg::Learn(act) => vec![Effect::Learn(act)],
        Msg::Reveal { file, start, end } => {
            let serial = model.reveal.as_ref().map_or(0, |r| r.serial) + 1;
            model.reveal = Some(Reveal {
                serial,
                file,
                start,
                end,
            });
            model.panes.shown = Pane::Editor;
            update(model, Msg::OpenFile(file))
        }
        Msg::Apply => match model.files.current() {
            Some(file) => vec![Effect::Apply {
                file: file.name.clone(),
                text: file.text.clone(),
            }],
            None => Vec::new(),
        },
        Msg::TogglePlay => vec![Effect::Play(!model.transport.playing)],
        Msg::Play(playing) => vec![Effect::Play(playing)],
        Msg::Step => vec![Effect::Step],
        Msg::SetSpeed(speed) => vec![Effect::SetSpeed(speed), Effect::Save],
        Msg::Seek(to) => vec![Effect::Seek(to)],
        Msg::Stop => vec![Effect::Stop],
        Msg::Ask(question) => {
            model.question = Some(question);
            model.next_workers = model.workers;
            Vec::new()
        }
        Msg::ShowKeys(shown) => {
            model.keys = shown;
            Vec::new()
        }
        Msg::SingleKeys(on) => {
            model.single_keys = on;
            vec![Effect::KeepSingleKeys(on)]
        }
        Msg::SetWorkers(workers) => {
            model.next_workers = workers;
            Vec::new()
        }
        Msg::Answer(yes) => match (model.question.take(), yes) {
            (Some(Question::Reset), true) => {
                model.workers = model.next_workers;
                vec![Effect::Reset, Effect::Save]
            }
            _ => Vec::new(),
        },
        Msg::Dismiss(id) => {
            model.notices.edit().retain(|n| n.id != id);
            Vec::new()
        }
        Msg::Fail(text) => {
            model.notify(true, text);
            Vec::new()
        }
        Msg::Say(text) => {
            model.say(text);
            Vec::new()
        }
        Msg::Link(text) => offered(model, link::read(&text), |why| {
            say!("notice.link", reason = why)
        }),
        Msg::Received(text) => offered(model, link::read_file(&text), |why| {
            say!("notice.file", reason = why)
        }),
        Msg::Accept(true) => match model.offer.take() {
            Some(offer) => vec![Effect::Open(offer.parcel), Effect::ForgetLink],
            None => Vec::new(),
        },
        Msg::Accept(false) => {
            model.offer = None;
            vec![Effect::ForgetLink]
        }
        Msg::GoBack => vec![Effect::GoBack],
        Msg::Share(page) => vec![Effect::Share(page, What::Everything)],
        Msg::ShareWhat(what) => match &model.share {
            Some(share) => vec![Effect::Share(share.page.clone(), what)],
            None => Vec::new(),
        },
        Msg::Packed { serial, bytes } => {
            if let Some(share) = model.share.as_mut().filter(|s| s.serial == serial) {
                share.pack(&bytes);
            }
            Vec::new()
        }
        Msg::Unshare => {
            model.share = None;
            Vec::new()
        }
        Msg::Told(text) => {
            let api = model.embed.is_some_and(|embed| embed.api);
            match embed::parse(&text, api) {
                None => Vec::new(),
                Some(Ok(told)) => vec![Effect::Obey(told)],
                Some(Err(refusal)) => vec![Effect::Refuse(refusal)],
            }
        }
    }
}

/// Whether a person who may only read may not do this.
fn changes(msg: &Msg) -> bool {
    matches!(
        msg,
        Msg::Edit { .. }
            | Msg::NewFile
            | Msg::RenameFile { .. }
            | Msg::CloseFile(_)
            | Msg::InsertFile { .. }
            | Msg::Apply
            | Msg::Bring(_)
            | Msg::Settle(_)
            | Msg::Terminal(terminal::Act::Run(_))
    )
}

/// What came from elsewhere is shown first, or what is wrong with it. Nothing of one's own is touched.
fn offered(model: &mut Model, read: Result<Parcel, Wrong>, wrong: fn(Text) -> Text) -> Vec<Effect> {
    match read {
        Ok(parcel) => vec![Effect::Offer(Shared::new(parcel))],
        Err(reason) => {
            let untouched = match model.embed {
                Some(_) => Text::default(),
                None => say!("notice.untouched"),
            };
            let text = Text::row([wrong(reason.words()), untouched], &" ".into());
            model.notify(true, text);
            vec![Effect::ForgetLink]
        }
    }
}

fn edit_files(model: &mut Model, edit: impl FnOnce(&mut Files)) -> Vec<Effect> {
    edit(model.files.edit());
    vec![Effect::Save]
}
