//! Lessons in the page: the list of them, the one that is taken, and the one that is being written.
//!
//! Taking a lesson puts the cluster and the files of the page aside, whole, and gives the lesson its own;
//! leaving it brings them back. Texts are files beside the page, and are asked for when they are needed.

mod author;
mod enter;
mod keep;
mod point;
mod running;
mod show;
mod view;
pub mod words;

#[cfg(test)]
mod tests;

use std::rc::Rc;

use crate::lessons::Course;
use crate::lessons::source::Source;
use crate::sim::Time;
use crate::sim::ordered::Map as BTreeMap;

pub use author::{AuthorView, TEMPLATE, is_lesson};
pub use point::{Depicted, Place, Pointed};
pub use running::Running;
pub use view::{Chapter, Entry, GoalView, LessonView, PredictView, View};

use author::Author;

/// What a person does with lessons, and what arrives for them.
#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    /// Shows the pane, or hides it.
    Open(bool),
    /// The table of contents has arrived, or could not be loaded.
    Course(Option<Rc<str>>),
    /// The texts of a lesson have arrived: the lesson, and its translation if one was asked for.
    Texts {
        name: Rc<str>,
        lesson: Option<Rc<str>>,
        words: Option<Rc<str>>,
    },
    /// Which lessons were done in earlier visits.
    Remember(Rc<str>),
    /// In which language texts are shown.
    Speak(Rc<str>),
    Start(Rc<str>),
    /// Chooses an answer of the question.
    Choose(usize),
    Hint,
    Next,
    Back,
    ShowMe,
    /// Stops showing.
    Hold,
    /// Goes back to where the step began.
    Redo,
    /// Goes back to where the lesson began.
    StartOver,
    Leave,
    /// Puts a command into the terminal, and does not run it.
    Insert(Rc<str>),
    /// Shows an object in the inspector: "deploy/web".
    Select(Rc<str>),
    /// Shows where in the page that is what the picture is about.
    Point,
    /// Opens the pane in which a lesson is written, or closes it.
    Write(bool),
    /// Checks the lesson that is being written.
    Check,
    /// Takes the lesson that is being written.
    Try,
    /// Shows a line of the lesson that is being written, from 1.
    GoTo(usize),
}

/// A file that is wanted; the page loads it and answers with an [`Act`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    Course,
    /// The texts of a lesson; the translation too, if the language is not English.
    Lesson(Rc<str>),
}

/// How far somebody got with a lesson.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    pub done: bool,
    /// The furthest step, from 0.
    pub step: usize,
}

#[derive(Default)]
pub struct Learn {
    pub open: bool,
    language: Rc<str>,
    course: Option<Course>,
    /// There is no course; why, if that is known.
    failure: Option<Rc<str>>,
    texts: BTreeMap<Rc<str>, Texts>,
    marks: BTreeMap<Rc<str>, Mark>,
    wanted: Vec<Wanted>,
    /// The lesson that begins as soon as its texts are there.
    awaited: Option<Rc<str>>,
    pub running: Option<Running>,
    /// A lesson that is replayed up to the beginning of its step; then on to these instants.
    waiting: Option<(Time, Time)>,
    author: Option<Author>,
    pointed: Option<Pointed>,
}

/// The texts of a lesson, and what they say.
struct Texts {
    lesson: Rc<str>,
    words: Option<Rc<str>>,
    source: Result<Source, Rc<str>>,
}

impl Texts {
    fn read(lesson: Rc<str>, words: Option<Rc<str>>) -> Texts {
        let wrong = |problems: Vec<crate::lessons::source::Problem>| -> Rc<str> {
            let first = problems.first();
            first
                .map(|p| format!("{}: {}", p.line, p.message))
                .unwrap_or_default()
                .into()
        };
        let source = match Source::translated(&lesson, words.as_deref()) {
            // A translation that does not fit is no reason to have no lesson.
            Err((problems, _)) if problems.is_empty() => Source::read(&lesson).map_err(wrong),
            other => other.map_err(|(problems, _)| wrong(problems)),
        };
        Texts {
            lesson,
            words,
            source,
        }
    }
}

impl Learn {
    pub fn speaking(language: &str) -> Learn {
        Learn {
            language: language.into(),
            ..Learn::default()
        }
    }

    pub fn language(&self) -> &Rc<str> {
        &self.language
    }

    /// The files that are wanted since this was last asked.
    pub fn take_wanted(&mut self) -> Vec<Wanted> {
        std::mem::take(&mut self.wanted)
    }

    fn want_course(&mut self) {
        if self.course.is_none() {
            self.failure = None;
            self.wanted.push(Wanted::Course);
        }
    }

    fn take_course(&mut self, text: Option<&str>) {
        let read = text.ok_or_else(String::new);
        match read.and_then(Course::read) {
            Ok(course) => {
                let names: Vec<Rc<str>> = course.lessons().map(Rc::from).collect();
                for name in names {
                    self.want_texts(&name);
                }
                self.course = Some(course);
            }
            Err(why) => self.failure = Some(why.into()),
        }
    }

    fn want_texts(&mut self, name: &Rc<str>) {
        let wanted = Wanted::Lesson(name.clone());
        if !self.texts.contains_key(name) && !self.wanted.contains(&wanted) {
            self.wanted.push(wanted);
        }
    }

    fn speak(&mut self, language: Rc<str>) {
        if language == self.language {
            return;
        }
        self.language = language;
        // The list is read anew, and so is the lesson that is being taken.
        self.texts.clear();
        let listed = self.course.iter().flat_map(Course::lessons).map(Rc::from);
        let taken = self.running.iter().map(|running| running.name.clone());
        let names: Vec<Rc<str>> = listed.chain(taken).collect();
        for name in names {
            self.want_texts(&name);
        }
    }
}
