//! A lesson that is being written: the open file of the editor, what is wrong with it, what it looks like,
//! and whether its own solution meets its goals.

use std::rc::Rc;

use super::point::Depicted;
use super::running::Running;
use super::view::PredictView;
use super::words;
use crate::app::link::Parcel;
use crate::app::{App, Effect, File, Msg, Pane, Text, update};
use crate::lessons::source::Source;
use crate::lessons::{Check, Report};

/// What a lesson that is begun looks like.
pub const TEMPLATE: &str = include_str!("../../../static/examples/lesson.yaml");

pub struct Author {
    check: Option<Check>,
    report: Option<Report>,
    /// The text that the report is about.
    checked: Rc<str>,
}

impl Author {
    pub fn is_checking(&self) -> bool {
        self.check.is_some()
    }
}

/// What the pane shows of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AuthorView {
    /// The file that is open.
    pub file: Rc<str>,
    /// What is wrong with it: line and words.
    pub problems: Vec<(usize, Rc<str>)>,
    /// The lesson, if it can be read: title, and for each step title, text and goals.
    pub title: Rc<str>,
    pub look: Rc<str>,
    pub picture: Option<Depicted>,
    pub steps: Vec<StepView>,
    /// What is said at the end (Markdown).
    pub done: Rc<str>,
    /// How many steps were checked, of how many, while that goes on.
    pub checking: Option<(usize, usize)>,
    /// What the check found: line, words, and whether it has to be mended.
    pub findings: Option<Vec<(usize, Text, bool)>>,
    /// The outcome in one line.
    pub verdict: Text,
    /// The text has changed since.
    pub outdated: bool,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct StepView {
    pub title: Rc<str>,
    pub text: Rc<str>,
    /// Its own picture.
    pub picture: Option<Depicted>,
    pub goals: Vec<Rc<str>>,
    /// Markdown.
    pub hints: Vec<Rc<str>>,
    /// The question, answered.
    pub predict: Option<PredictView>,
}

/// Whether a file is a lesson, by the kind that it names.
pub fn is_lesson(file: &File) -> bool {
    let kinds = file
        .text
        .lines()
        .filter_map(|line| line.strip_prefix("kind:"));
    kinds.map(str::trim).any(|kind| kind == "Lesson")
}

impl App {
    /// Opens the pane in which a lesson is written; begins one if no file is one.
    pub(super) fn write_lesson(&mut self, on: bool) {
        if !on {
            self.learn.author = None;
            return;
        }
        self.learn.author = Some(Author {
            check: None,
            report: None,
            checked: "".into(),
        });
        let files = &self.model.files;
        if files.current().is_some_and(is_lesson) {
            return;
        }
        let at = files.list.len();
        let msg = match files.list.iter().position(is_lesson) {
            Some(found) => Msg::OpenFile(found),
            None => Msg::InsertFile {
                at,
                file: File {
                    name: "lesson.yaml".into(),
                    text: TEMPLATE.into(),
                },
            },
        };
        update(&mut self.model, msg);
    }

    fn written(&self) -> Rc<str> {
        let file = self.model.files.current();
        file.map_or_else(|| "".into(), |f| f.text.replace("\r\n", "\n").into())
    }

    pub(super) fn begin_check(&mut self) {
        let text = self.written();
        if let Some(author) = &mut self.learn.author {
            author.checked = text.clone();
            match Source::read(&text) {
                Ok(source) => {
                    author.report = None;
                    author.check = Some(Check::new(source));
                }
                Err(problems) => author.report = Some(Check::refused(problems)),
            }
        }
    }

    /// Goes on with a check while the frame has time; tells whether anything has changed.
    pub(super) fn go_on_check(&mut self, more: &mut dyn FnMut() -> bool) -> bool {
        let Some(author) = &mut self.learn.author else {
            return false;
        };
        let Some(check) = &mut author.check else {
            return false;
        };
        loop {
            if !check.advance() {
                author.report = Some(check.report().clone());
                author.check = None;
                break;
            }
            if !more() {
                break;
            }
        }
        self.tell_lesson()
    }

    /// Shows a line of the lesson, from 1, in the editor.
    pub(super) fn go_to_line(&mut self, line: usize) {
        let files = &self.model.files;
        let Some(file) = files.current() else { return };
        let mut start = 0;
        let mut lines = file.text.split_inclusive('\n');
        for before in lines.by_ref().take(line.saturating_sub(1)) {
            start += before.len();
        }
        let length = lines.next().map_or(0, |text| text.trim_end().len());
        let msg = Msg::Reveal {
            file: files.open,
            start,
            end: start + length,
        };
        update(&mut self.model, msg);
    }

    pub(super) fn try_lesson(&mut self, effects: &mut Vec<Effect>) {
        let text = self.written();
        if let Ok(source) = Source::read(&text) {
            let name = source.lesson.metadata.name.clone().unwrap_or_default();
            let mut running = Running::new(name.into(), source, text, None);
            running.trial = true;
            self.enter(running, effects);
        }
    }

    /// Takes a lesson that somebody shared. It is none of the course, whatever its name is.
    pub(in crate::app) fn take_lesson(
        &mut self,
        source: Source,
        parcel: &Parcel,
        effects: &mut Vec<Effect>,
    ) {
        let text = parcel.files.current().map(|f| f.text.replace("\r\n", "\n"));
        let name = source.lesson.metadata.name.clone().unwrap_or_default();
        let text = text.unwrap_or_default().into();
        let mut running = Running::new(name.into(), source, text, None);
        running.trial = true;
        self.learn.open = true;
        self.model.panes.shown = Pane::Learn;
        self.enter(running, effects);
        self.tell_lesson();
    }

    pub(super) fn author_view(&self) -> Option<AuthorView> {
        let author = self.learn.author.as_ref()?;
        let file = self.model.files.current()?;
        let text = self.written();
        let mut view = AuthorView {
            file: file.name.clone(),
            checking: author.check.as_ref().map(Check::progress),
            outdated: author.checked != text,
            ..AuthorView::default()
        };
        match Source::read(&text) {
            Ok(source) => {
                let spec = source.spec();
                view.title = spec.title.as_str().into();
                view.look = spec.look.as_str().into();
                view.picture = Depicted::whole(&source.lesson);
                let steps = spec.steps.iter().enumerate().map(|(i, step)| StepView {
                    title: step.title.as_str().into(),
                    text: step.text.as_str().into(),
                    picture: Depicted::of(&source.lesson, i).filter(Depicted::is_of_step),
                    goals: step.goals.iter().map(|g| g.text.as_str().into()).collect(),
                    hints: step.hints.iter().map(|h| h.as_str().into()).collect(),
                    predict: step.predict.as_ref().map(|p| PredictView::of(p, None)),
                });
                view.steps = steps.collect();
                view.done = spec.done.as_str().into();
            }
            Err(problems) => {
                let told = problems.into_iter().take(50);
                view.problems = told.map(|p| (p.line, p.message.into())).collect();
            }
        }
        if let Some(report) = &author.report {
            let findings = report.findings.iter();
            let findings = findings.map(|f| (f.line, words::finding(f), !f.mild));
            view.findings = Some(findings.collect());
            view.verdict = words::verdict(&file.name, report);
        }
        Some(view)
    }
}
