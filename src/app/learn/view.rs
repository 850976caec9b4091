//! What the pane of lessons shows, as plain data.

use std::rc::Rc;

use super::author::AuthorView;
use super::point::{Depicted, Pointed};
use super::{Learn, Texts};
use crate::api::Resource;
use crate::api::play::Lesson;
use crate::api::play::lesson::Prediction;
use crate::app::App;
use crate::app::Text;
use crate::lessons::Standing;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct View {
    pub open: bool,
    /// A lesson is being taken, whether or not the pane is open.
    pub taking: bool,
    pub chapters: Vec<Chapter>,
    /// Lessons that were applied to the cluster.
    pub applied: Vec<Entry>,
    /// The list is being loaded.
    pub loading: bool,
    /// Why there is no list.
    pub failure: Option<Rc<str>>,
    /// A lesson is being loaded.
    pub awaited: Option<Rc<str>>,
    pub lesson: Option<LessonView>,
    pub author: Option<AuthorView>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Chapter {
    pub title: Rc<str>,
    pub lessons: Vec<Entry>,
}

/// A lesson in the list.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Entry {
    pub name: Rc<str>,
    pub title: Rc<str>,
    pub summary: Rc<str>,
    pub minutes: u32,
    pub done: bool,
    /// The step that was reached, from 1; 0 when it was not begun.
    pub step: usize,
    pub steps: usize,
}

/// The lesson that is being taken.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LessonView {
    pub name: Rc<str>,
    pub title: Rc<str>,
    pub look: Rc<str>,
    pub picture: Option<Depicted>,
    /// It can be shown where in the page that is.
    pub can_point: bool,
    pub pointed: Option<Pointed>,
    /// The step that is shown, from 0, and the one that is done now.
    pub shown: usize,
    pub at: usize,
    pub steps: usize,
    pub step_title: Rc<str>,
    /// Markdown.
    pub text: Rc<str>,
    pub predict: Option<PredictView>,
    /// Only of the step that is done now.
    pub goals: Vec<GoalView>,
    /// The question has to be answered first.
    pub asks_first: bool,
    pub failed: bool,
    pub step_done: bool,
    pub hints: Vec<Rc<str>>,
    pub more_hints: bool,
    pub can_show: bool,
    pub showing: bool,
    /// What is said at the end (Markdown), when it is.
    pub finished: Option<Rc<str>>,
    /// The lesson after this one: name and title.
    pub next: Option<(Rc<str>, Rc<str>)>,
    pub trial: bool,
}

/// A goal, and how it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct GoalView {
    pub text: Rc<str>,
    pub standing: Standing,
    /// What is still missing; empty when it is met.
    pub missing: Text,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct PredictView {
    pub question: Rc<str>,
    pub choices: Vec<Rc<str>>,
    pub chosen: Option<usize>,
    pub right: usize,
    /// Markdown.
    pub because: Rc<str>,
}

impl PredictView {
    pub fn of(predict: &Prediction, chosen: Option<usize>) -> PredictView {
        PredictView {
            question: predict.question.as_str().into(),
            choices: predict.choices.iter().map(|c| c.as_str().into()).collect(),
            chosen,
            right: (predict.answer as usize).saturating_sub(1),
            because: predict.because.as_str().into(),
        }
    }
}

impl Learn {
    pub fn view(&self, app: &App) -> View {
        let taking = self.running.is_some();
        if !self.open {
            return View {
                taking,
                ..View::default()
            };
        }
        self.opened(app)
    }

    #[inline(never)] // it waits in the second file of the wasm until somebody wants it
    fn opened(&self, app: &App) -> View {
        let taking = self.running.is_some();
        let lesson = self.lesson_view(app);
        let lists = lesson.is_none();
        View {
            open: true,
            taking,
            chapters: if lists { self.chapters() } else { Vec::new() },
            applied: if lists { self.applied(app) } else { Vec::new() },
            loading: self.course.is_none() && self.failure.is_none(),
            failure: self.failure.clone(),
            awaited: self.awaited.clone(),
            author: if lists { app.author_view() } else { None },
            lesson,
        }
    }

    fn chapters(&self) -> Vec<Chapter> {
        let chapters = self.course.iter().flat_map(|course| &course.chapters);
        let chapters = chapters.map(|chapter| Chapter {
            title: chapter.title(self.language()).into(),
            lessons: chapter
                .lessons
                .iter()
                .map(|name| self.entry(name))
                .collect(),
        });
        chapters.collect()
    }

    fn entry(&self, name: &str) -> Entry {
        let name: Rc<str> = name.into();
        let texts = self.texts.get(&name);
        let lesson = texts.and_then(|t: &Texts| t.source.as_ref().ok());
        self.entry_of(&name, lesson.map(|source| &*source.lesson))
    }

    fn entry_of(&self, name: &Rc<str>, lesson: Option<&Lesson>) -> Entry {
        let mark = self.marks.get(name);
        let mut entry = Entry {
            name: name.clone(),
            title: name.clone(),
            done: mark.is_some_and(|m| m.done),
            step: mark.map_or(0, |m| m.step + 1),
            ..Entry::default()
        };
        if let Some(lesson) = lesson {
            entry.title = lesson.spec.title.as_str().into();
            entry.summary = lesson.spec.summary.as_str().into();
            entry.minutes = lesson.spec.minutes;
            entry.steps = lesson.spec.steps.len();
        }
        entry
    }

    fn applied(&self, app: &App) -> Vec<Entry> {
        let timeline = app.session().timeline();
        let lessons = timeline.cluster().server().list::<Lesson>(None);
        let lessons = lessons
            .iter()
            .map(|lesson| self.entry_of(&lesson.name().into(), Some(lesson)));
        lessons.collect()
    }

    fn lesson_view(&self, app: &App) -> Option<LessonView> {
        let running = self.running.as_ref()?;
        let spec = running.spec();
        let step = spec.steps.get(running.shown)?;
        let now = running.shown == running.at && !running.finished;
        let judge = running.judge.as_ref().filter(|_| now);
        let states = judge.map(|judge| judge.states()).unwrap_or_default();
        let goals = states.into_iter().zip(&step.goals);
        let goals = goals.map(|(state, goal)| GoalView {
            text: goal.text.as_str().into(),
            standing: state.standing,
            missing: state
                .missing
                .as_ref()
                .map(super::words::missing)
                .unwrap_or_default(),
        });
        let goals: Vec<GoalView> = goals.collect();
        let predict = step.predict.as_ref().map(|predict| {
            let chosen = running.chosen.get(running.shown).copied().flatten();
            PredictView::of(predict, chosen)
        });
        let next = self
            .course
            .as_ref()
            .and_then(|course| course.after(&running.name));
        let next = next.map(|name| (Rc::from(name), self.entry(name).title));
        let hints = step.hints.iter().take(if now { running.hints } else { 0 });
        Some(LessonView {
            name: running.name.clone(),
            title: spec.title.as_str().into(),
            look: spec.look.as_str().into(),
            picture: Depicted::of(&running.source.lesson, running.shown),
            can_point: app.place_to_point().is_some(),
            pointed: self.pointed.clone(),
            shown: running.shown,
            at: running.at,
            steps: spec.steps.len(),
            step_title: step.title.as_str().into(),
            text: step.text.as_str().into(),
            asks_first: now && !running.is_predicted(),
            failed: goals.iter().any(|g| g.standing == Standing::Failed),
            goals,
            predict,
            step_done: running.shown < running.at || running.is_step_done(),
            hints: hints.map(|h| h.as_str().into()).collect(),
            more_hints: now && running.hints < step.hints.len(),
            can_show: now && !step.solution.is_empty(),
            showing: running.show.is_some(),
            finished: running.finished.then(|| spec.done.as_str().into()),
            next: next.filter(|_| !running.trial),
            trial: running.trial,
        })
    }
}
