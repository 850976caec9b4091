//! What an embedded page tells the one around it.

use std::rc::Rc;
use std::time::Duration;

use serde_json::{Value, json};

use super::{Embed, Layout, PROTOCOL, Refusal};
use crate::app::Words;
use crate::app::model::Model;
use crate::lessons::Standing;

/// How often, by the wall clock, the state is told.
const EVERY: Duration = Duration::from_millis(250);
/// So many events are told at once; a cluster that fails all over fills no queue.
const MOST_EVENTS: usize = 20;
/// Lines of a terminal or an editor, and what stands around them, in CSS pixels.
const LINE: usize = 20;
const AROUND_EDITOR: usize = 150;
/// What a stage or a terminal needs to be read.
const STAGE: usize = 480;

fn message(kind: &str, mut value: Value) -> String {
    value["kubarium"] = PROTOCOL.into();
    value["type"] = kind.into();
    value.to_string()
}

/// The answer to a message that is not obeyed.
pub fn refusal(refusal: &Refusal, words: &Words) -> String {
    let (id, code, words) = (&refusal.id, refusal.code, words.say(&refusal.words));
    message(
        "error",
        json!({ "id": id.as_deref(), "code": code, "message": words }),
    )
}

/// A command has ended: what it printed, and its exit code (130 when it was interrupted).
pub fn result(id: &Option<Rc<str>>, command: &str, output: &str, code: u8) -> String {
    let value = json!({
        "event": "exec", "id": id.as_deref(), "command": command, "output": output, "exitCode": code,
    });
    message("event", value)
}

/// A goal of a lesson was reached, or is not reached any more.
fn goal(lesson: &str, goal: &str, done: bool) -> String {
    message(
        "goal",
        json!({ "lesson": lesson, "goal": goal, "done": done }),
    )
}

/// Remembers what was told, so that nothing is told twice.
#[derive(Clone, Debug, Default)]
pub struct Reporter {
    silence: Duration,
    ready: bool,
    state: Value,
    height: usize,
    marks: usize,
    errors: u32,
    /// The lesson and the step that are taken, and which of its goals are met.
    step: (Rc<str>, usize),
    met: Vec<bool>,
}

impl Reporter {
    /// Another cluster is here: what happened in it before is history.
    pub fn begin(&mut self, marks: usize) {
        self.marks = marks;
    }

    /// What is to be told now, `wall` after the last time.
    pub fn report(
        &mut self,
        wall: Duration,
        model: &Model,
        embed: Embed,
        words: &Words,
    ) -> Vec<String> {
        let mut told = Vec::new();
        self.silence += wall;
        if self.ready && self.silence < EVERY {
            return told;
        }
        self.silence = Duration::ZERO;
        let mut first = false;
        if !self.ready {
            self.ready = true;
            first = true;
            told.push(message(
                "ready",
                json!({
                    "api": embed.api, "view": embed.layout.name(),
                    "version": env!("CARGO_PKG_VERSION"),
                }),
            ));
        }
        let height = height(model, embed.layout);
        if height != self.height {
            self.height = height;
            told.push(message("resize", json!({ "height": height })));
        }
        self.events(model, first, words, &mut told);
        self.goals(model, &mut told);
        let state = state(model, words);
        if state != self.state {
            self.state = state.clone();
            told.push(message("state", state));
        }
        told
    }

    fn goals(&mut self, model: &Model, told: &mut Vec<String>) {
        // An earlier step that is read once more has no goals.
        let lesson = model.learn.lesson.as_ref();
        let Some(lesson) = lesson.filter(|lesson| !lesson.goals.is_empty()) else {
            return;
        };
        let step = (lesson.name.clone(), lesson.at);
        if step != self.step {
            self.step = step;
            self.met.clear();
        }
        self.met.resize(lesson.goals.len(), false);
        for (met, shown) in self.met.iter_mut().zip(&lesson.goals) {
            let is_met = shown.standing == Standing::Met;
            if *met != is_met {
                *met = is_met;
                told.push(goal(&lesson.name, &shown.text, is_met));
            }
        }
    }

    fn events(&mut self, model: &Model, first: bool, words: &Words, told: &mut Vec<String>) {
        let marks = &model.scene.marks;
        // What happened before anyone listened is history; going back makes none.
        let from = if first { marks.len() } else { self.marks };
        let start = model.transport.start;
        for mark in marks.iter().skip(from).take(MOST_EVENTS) {
            let at = mark.at.since(start).as_millis() as u64;
            let value =
                json!({ "event": mark.kind.name(), "at": at, "text": words.say(&mark.text) });
            told.push(message("event", value));
        }
        self.marks = marks.len();
        for notice in model
            .notices
            .iter()
            .filter(|n| n.bad && n.id >= self.errors)
        {
            let value = json!({ "code": "notice", "message": words.say(&notice.text) });
            told.push(message("error", value));
        }
        if let Some(last) = model.notices.last() {
            self.errors = self.errors.max(last.id.saturating_add(1));
        }
    }
}

fn state(model: &Model, words: &Words) -> Value {
    let transport = &model.transport;
    let millis = |at: crate::sim::Time| at.since(transport.start).as_millis() as u64;
    let mut pods = json!({});
    for (phase, number) in model.scene.nodes.totals.iter() {
        pods[*phase] = (*number).into();
    }
    json!({
        "time": millis(transport.now), "end": millis(transport.end),
        "playing": transport.playing, "busy": transport.progress != Default::default(),
        "speed": f64::from(transport.speed.0) / 1000.0,
        "revision": model.scene.revision, "pods": pods,
        "asking": model.offer.is_some(),
        "summary": words.say(&model.scene.nodes.summary()),
    })
}

/// How high the page would like to be, in CSS pixels.
fn height(model: &Model, layout: Layout) -> usize {
    let lines = || {
        let text = model.files.current().map(|f| f.text.lines().count());
        text.unwrap_or_default().clamp(6, 40) * LINE + AROUND_EDITOR
    };
    match layout {
        Layout::Editor => lines(),
        Layout::Cluster | Layout::Terminal => STAGE,
        Layout::Split => lines().max(STAGE),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::act::App;
    use crate::app::model::Msg;

    const EMBED: Embed = Embed {
        layout: Layout::Split,
        api: false,
    };

    fn kinds(told: &[String]) -> Vec<String> {
        let kind = |text: &String| {
            let value: Value = serde_json::from_str(text).unwrap();
            assert_eq!(value["kubarium"], 1);
            value["type"].as_str().unwrap().to_owned()
        };
        told.iter().map(kind).collect()
    }

    #[test]
    fn what_is_new_is_told_once_and_not_too_often() {
        let mut app = App::fresh(1);
        app.dispatch(Msg::Play(false));
        let (mut reporter, words) = (Reporter::default(), Words::english());
        let told = reporter.report(Duration::ZERO, app.model(), EMBED, &words);
        assert_eq!(kinds(&told), ["ready", "resize", "state"]);
        let state: Value = serde_json::from_str(&told[2]).unwrap();
        assert_eq!(
            (&state["playing"], &state["pods"]["ready"]),
            (&false.into(), &3.into())
        );
        assert!(state["time"].as_u64().unwrap() > 40_000);
        assert!(
            reporter
                .report(EVERY, app.model(), EMBED, &words)
                .is_empty()
        );
        let command = "kubectl scale deploy web --replicas=4";
        app.dispatch(Msg::Terminal(crate::app::terminal::Act::Run(
            command.into(),
        )));
        app.dispatch(Msg::Fail("something is wrong".into()));
        assert!(
            reporter
                .report(EVERY / 2, app.model(), EMBED, &words)
                .is_empty()
        );
        let told = reporter.report(EVERY / 2, app.model(), EMBED, &words);
        assert_eq!(kinds(&told), ["event", "error", "state"]);
        assert!(
            told[0].contains("\"scaled\"") && told[0].contains("deployment web"),
            "{}",
            told[0]
        );
        assert!(
            reporter
                .report(EVERY, app.model(), EMBED, &words)
                .is_empty()
        );
    }

    #[test]
    fn a_long_file_asks_for_room_within_bounds() {
        let mut app = App::fresh(1);
        for (text, expected) in [("a", 270), (&*"a\n".repeat(5000), 950)] {
            let text = text.into();
            app.dispatch(Msg::Edit { file: 0, text });
            assert_eq!(height(app.model(), Layout::Editor), expected);
        }
        assert_eq!(height(app.model(), Layout::Cluster), 480);
    }
}
