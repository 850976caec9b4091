//! What survives a reload: which lessons were done, and how the one that is being taken stands.

use std::rc::Rc;

use serde_json::{Map, Value, json};

use super::running::Running;
use super::{Learn, Mark, Texts};
use crate::app::{File, Files, Shared};
use crate::sim::Time;

impl Learn {
    /// How far somebody got with each lesson, as text for [`Learn::remember`].
    pub fn progress(&self) -> Rc<str> {
        let marks = self.marks.iter();
        let marks: Map<String, Value> = marks
            .map(|(name, mark)| {
                (
                    name.to_string(),
                    json!({"done": mark.done, "step": mark.step}),
                )
            })
            .collect();
        Value::Object(marks).to_string().into()
    }

    pub fn remember(&mut self, text: &str) {
        let Ok(Value::Object(marks)) = serde_json::from_str(text) else {
            return;
        };
        for (name, mark) in marks {
            let step = mark["step"].as_u64().and_then(|n| usize::try_from(n).ok());
            let mark = Mark {
                done: mark["done"].as_bool().unwrap_or_default(),
                step: step.unwrap_or_default(),
            };
            self.marks.insert(name.into(), mark);
        }
    }

    /// The lesson that is being taken, for [`Learn::resume`]; null when there is none.
    pub fn save(&self) -> Value {
        let Some(running) = &self.running else {
            return Value::Null;
        };
        let files: Vec<Value> = running
            .step_files
            .list
            .iter()
            .map(|file| json!({ "name": &*file.name, "text": &*file.text }))
            .collect();
        json!({
            "name": &*running.name, "lesson": &*running.lesson, "words": running.words.as_deref(),
            "at": running.at, "chosen": running.chosen, "hints": running.hints,
            "began": running.began.0, "stepBegan": running.step_began.0,
            "inputs": running.inputs, "stepInputs": running.step_inputs, "files": files,
            "trial": running.trial, "finished": running.finished,
        })
    }

    /// The lesson that was being taken. The caller replays the cluster up to the beginning of its step, and
    /// then on.
    pub fn resume(&mut self, saved: &Value) -> Option<Time> {
        let text = |name: &str| saved[name].as_str().map(Rc::<str>::from);
        let number = |name: &str| saved[name].as_u64().unwrap_or_default();
        let texts = Texts::read(text("lesson")?, text("words"));
        let source = texts.source.ok()?;
        let mut running = Running::new(text("name")?, source, texts.lesson, texts.words);
        let steps = running.spec().steps.len();
        running.at = usize::try_from(number("at"))
            .ok()?
            .min(steps.checked_sub(1)?);
        running.shown = running.at;
        running.hints = usize::try_from(number("hints")).unwrap_or_default();
        for (i, chosen) in saved["chosen"].as_array().into_iter().flatten().enumerate() {
            let choice = chosen.as_u64().and_then(|n| usize::try_from(n).ok());
            if let Some(place) = running.chosen.get_mut(i) {
                *place = choice;
            }
        }
        running.began = Time(number("began"));
        running.step_began = Time(number("stepBegan"));
        running.inputs = usize::try_from(number("inputs")).ok()?;
        running.step_inputs = usize::try_from(number("stepInputs")).ok()?;
        running.trial = saved["trial"].as_bool().unwrap_or_default();
        running.finished = saved["finished"].as_bool().unwrap_or_default();
        let mut list = Vec::new();
        for file in saved["files"].as_array().into_iter().flatten() {
            if let (Some(name), Some(text)) = (file["name"].as_str(), file["text"].as_str()) {
                list.push(File {
                    name: name.into(),
                    text: text.into(),
                });
            }
        }
        running.step_files = Shared::new(Files { list, open: 0 });
        let began = running.step_began;
        self.open = true;
        self.running = Some(running);
        Some(began)
    }

    /// The cluster is replayed to the beginning of the step, and is to go on to `end` and `now`.
    pub fn wait_for(&mut self, end: Time, now: Time) {
        self.waiting = Some((end, now));
    }
}
