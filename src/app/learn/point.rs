//! The picture of a lesson, and where in the page that is what it is about.

use std::rc::Rc;

use super::Learn;
use crate::api::play::Lesson;
use crate::api::play::picture::Picture;
use crate::app::model::{DockTab, Pane, View};
use crate::app::{App, Text, say};
use crate::lessons::find_like;

/// A picture of a lesson, which is kept where the lesson is.
#[derive(Clone, Debug)]
pub struct Depicted {
    lesson: Rc<Lesson>,
    /// The step to which it belongs; `None` for the lesson's own.
    step: Option<usize>,
    /// It belongs to the step that is shown, and not to an earlier one.
    pub fresh: bool,
}

impl PartialEq for Depicted {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.lesson, &other.lesson)
            && (self.step, self.fresh) == (other.step, other.fresh)
    }
}

impl Depicted {
    /// The picture of a step: its own, or the lesson's, which is the first step's.
    pub fn of(lesson: &Rc<Lesson>, step: usize) -> Option<Depicted> {
        let own = lesson.spec.steps.get(step)?.picture.is_some();
        lesson.spec.picture(step)?;
        Some(Depicted {
            lesson: lesson.clone(),
            step: own.then_some(step),
            fresh: own || step == 0,
        })
    }

    /// The lesson's own.
    pub fn whole(lesson: &Rc<Lesson>) -> Option<Depicted> {
        lesson.spec.picture.as_ref()?;
        Some(Depicted {
            lesson: lesson.clone(),
            step: None,
            fresh: true,
        })
    }

    pub fn is_of_step(&self) -> bool {
        self.step.is_some()
    }

    pub fn picture(&self) -> Option<&Picture> {
        let spec = &self.lesson.spec;
        match self.step {
            Some(step) => spec.steps.get(step)?.picture.as_ref(),
            None => spec.picture.as_ref(),
        }
    }
}

/// Something that is to be outlined.
#[derive(Clone, Debug, PartialEq)]
pub struct Pointed {
    /// Grows, so that the same place can be asked for again.
    pub serial: u32,
    pub place: Place,
    /// The object, when it is there.
    pub uid: Option<Rc<str>>,
}

/// A part of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    View(View),
    ControlPlane,
    Editor,
    Dock(DockTab),
}

impl Place {
    /// By the name that lessons give it.
    pub fn by_name(name: &str) -> Option<Place> {
        let tab = |tab: &DockTab| tab.name().eq_ignore_ascii_case(name);
        match name {
            "ControlPlane" => Some(Place::ControlPlane),
            "Editor" => Some(Place::Editor),
            _ => View::by_name(name)
                .map(Place::View)
                .or_else(|| DockTab::ALL.into_iter().find(tab).map(Place::Dock)),
        }
    }

    pub fn pane(self) -> Pane {
        match self {
            Place::View(_) | Place::ControlPlane => Pane::Stage,
            Place::Editor => Pane::Editor,
            Place::Dock(_) => Pane::Dock,
        }
    }

    fn label(self) -> Text {
        match self {
            Place::View(view) => view.label(),
            Place::ControlPlane => say!("stage.control-plane"),
            Place::Editor => Pane::Editor.label(),
            Place::Dock(tab) => tab.label(),
        }
    }
}

impl Learn {
    /// The place that the picture of the step is about.
    fn place(&self) -> Option<Place> {
        let running = self.running.as_ref()?;
        let spec = running.spec();
        spec.picture(running.shown)?;
        Place::by_name(spec.place(running.shown))
    }
}

impl App {
    /// The place that the picture of the lesson is about, if this page shows it.
    pub(super) fn place_to_point(&self) -> Option<Place> {
        let place = self.learn.place()?;
        let Some(embed) = self.model.embed else {
            return Some(place);
        };
        // An embedded page has a terminal, and no other tabs beside it.
        let shown = embed.layout.panes().contains(&place.pane())
            && !matches!(place, Place::Dock(tab) if tab != DockTab::Terminal);
        shown.then_some(place)
    }

    /// Shows the place that the picture is about, and says what is outlined there.
    pub(super) fn point_out(&mut self) {
        let Some(place) = self.place_to_point() else {
            return;
        };
        match place {
            Place::View(view) => self.model.view = view,
            Place::ControlPlane => self.model.control_plane = true,
            Place::Dock(tab) => self.model.panes.dock_tab = tab,
            Place::Editor => {}
        }
        // Where there is room for one pane, it is the one that was asked for.
        self.model.panes.shown = place.pane();
        let running = self.learn.running.as_ref();
        let picture = running.and_then(|r| r.spec().picture(r.shown));
        let name: Rc<str> = picture.map_or("", |p| p.find.as_str()).into();
        let object = {
            let namespace = self.terminal.namespace();
            let timeline = self.session.timeline();
            find_like(&name, &namespace, timeline.cluster())
        };
        let there = say!("spoken.point.place", place = place.label());
        let text = match (&object, &*name) {
            (_, "") => there,
            (Some(object), _) => {
                let what = Text::row(
                    [object.info().kind.into(), object.name().into()],
                    &" ".into(),
                );
                say!("spoken.point", what = what, place = place.label())
            }
            (None, name) => say!("spoken.point.absent", what = name, place = place.label()),
        };
        self.model.say(text);
        let serial = self.learn.pointed.as_ref().map_or(0, |p| p.serial);
        self.learn.pointed = Some(Pointed {
            serial: serial.wrapping_add(1),
            place,
            uid: object.map(|o| o.uid().into()),
        });
        self.arrange();
    }
}
