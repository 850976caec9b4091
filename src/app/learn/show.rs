//! *Show me*: the solution of a step is typed and edited where everybody can see it, one thing after the
//! other.

use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use crate::api::play::lesson::Act;
use crate::app::model::{DockTab, Typing, update};
use crate::app::terminal;
use crate::app::{App, Effect, Msg, Pane};
use crate::lessons::start::span;
use crate::sim::Time;

/// How long a command is being typed, at most, and how long one character takes.
const LONGEST: Duration = Duration::from_millis(1500);
const CHARACTER: Duration = Duration::from_millis(28);
/// How long a thing is left to be looked at before it happens.
const LOOK: Duration = Duration::from_millis(700);

pub struct Show {
    acts: VecDeque<Act>,
    phase: Phase,
    /// How long the phase has lasted, by the wall clock.
    age: Duration,
}

enum Phase {
    Next,
    /// A command is being typed: so many of its characters stand there.
    Typing(Rc<str>, usize),
    /// It runs.
    Running,
    /// A place of a file is shown before it is changed to this text.
    Editing(usize, Rc<str>),
    /// A file is shown before it is applied.
    Applying,
    /// Something has happened, and may be looked at.
    Looking,
    Until(Time),
}

impl Show {
    pub fn new(acts: &[Act]) -> Show {
        Show {
            acts: acts.iter().cloned().collect(),
            phase: Phase::Next,
            age: Duration::ZERO,
        }
    }
}

impl App {
    /// Shows a bit more of the solution; tells whether anything was done.
    pub(super) fn perform(&mut self, wall: Duration, effects: &mut Vec<Effect>) -> bool {
        let Some(show) = self.learn.running.as_mut().and_then(|r| r.show.as_mut()) else {
            return false;
        };
        show.age += wall;
        let age = show.age;
        let phase = std::mem::replace(&mut show.phase, Phase::Next);
        let kind = std::mem::discriminant(&phase);
        let (next, changed) = match phase {
            Phase::Next => match show.acts.pop_front() {
                Some(act) => (self.take_up(&act), true),
                None => {
                    if let Some(running) = &mut self.learn.running {
                        running.show = None;
                    }
                    self.model.typing = None;
                    return true;
                }
            },
            Phase::Typing(line, before) => self.type_on(line, before, age, effects),
            Phase::Running if self.terminal.is_busy() => (Phase::Running, false),
            Phase::Running => (Phase::Looking, false),
            Phase::Editing(file, text) if age >= LOOK => {
                effects.extend(update(&mut self.model, Msg::Edit { file, text }));
                (Phase::Looking, true)
            }
            Phase::Applying if age >= LOOK => {
                effects.extend(self.dispatch(Msg::Apply));
                (Phase::Looking, true)
            }
            Phase::Looking if age >= LOOK => (Phase::Next, false),
            Phase::Until(until) if self.session.transport().now >= until => (Phase::Next, false),
            waits => (waits, false),
        };
        if let Some(show) = self.learn.running.as_mut().and_then(|r| r.show.as_mut()) {
            if std::mem::discriminant(&next) != kind {
                show.age = Duration::ZERO;
            }
            show.phase = next;
        }
        changed
    }

    /// Begins with a part of the solution.
    fn take_up(&mut self, act: &Act) -> Phase {
        if !act.run.is_empty() {
            self.model.panes.dock_tab = DockTab::Terminal;
            self.model.panes.shown = Pane::Dock;
            return Phase::Typing(act.run.trim_end().into(), 0);
        }
        if let Some(span) = span(&act.wait) {
            return Phase::Until(self.session.transport().now + span);
        }
        let name = if act.edit.is_empty() {
            &act.apply
        } else {
            &act.edit
        };
        let files = &self.model.files;
        let found = files.list.iter().position(|f| *f.name == **name);
        let (file, text) = match found {
            Some(file) => (file, files.list.get(file).map(|f| f.text.clone())),
            None => {
                let at = files.list.len();
                let file = crate::app::File {
                    name: name.as_str().into(),
                    text: "".into(),
                };
                update(&mut self.model, Msg::InsertFile { at, file });
                (at, None)
            }
        };
        let text = text.unwrap_or_else(|| "".into());
        if act.edit.is_empty() {
            update(&mut self.model, Msg::OpenFile(file));
            self.model.panes.shown = Pane::Editor;
            return Phase::Applying;
        }
        let start = match act.replace.is_empty() {
            true => 0,
            false => text.find(&act.replace).unwrap_or(0),
        };
        let end = match act.replace.is_empty() {
            true => text.len(),
            false => start + act.replace.len(),
        };
        update(&mut self.model, Msg::Reveal { file, start, end });
        // Somebody has changed the place: the file of the lesson takes its place.
        let edited = act.edited(&text).or_else(|| {
            let running = self.learn.running.as_ref()?;
            let files = running.spec().files_until(running.at);
            act.edited(files.get(&act.edit)?)
        });
        Phase::Editing(file, edited.map_or(text, Into::into))
    }

    fn type_on(
        &mut self,
        line: Rc<str>,
        before: usize,
        age: Duration,
        effects: &mut Vec<Effect>,
    ) -> (Phase, bool) {
        let total = line.chars().count().max(1);
        let whole = (CHARACTER * u32::try_from(total).unwrap_or(u32::MAX)).min(LONGEST);
        if age >= whole + LOOK {
            self.type_into_terminal("", false);
            self.session.play(true);
            effects.extend(self.dispatch(Msg::Terminal(terminal::Act::Run(line))));
            return (Phase::Running, true);
        }
        let share = age.as_millis().min(whole.as_millis());
        let typed = usize::try_from(share * total as u128 / whole.as_millis().max(1));
        let typed = typed.unwrap_or(total).clamp(1, total);
        if typed != before {
            let text: String = line.chars().take(typed).collect();
            self.type_into_terminal(&text, false);
        }
        (Phase::Typing(line, typed), typed != before)
    }

    /// Puts a text into the line of the terminal, and does not run it.
    pub(super) fn type_into_terminal(&mut self, text: &str, focus: bool) {
        let serial = self.model.typing.as_ref().map_or(0, |t| t.serial) + 1;
        self.model.typing = Some(Typing {
            serial,
            text: text.into(),
            focus,
        });
    }
}
