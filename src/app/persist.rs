//! What survives a reload: files, what people did, and the time. Everything else follows from
//! these, so nothing else is kept.

use std::rc::Rc;

use serde_json::{Value, json};

use crate::cluster::Timeline;
use crate::cluster::history::{load, save};
use crate::sim::Time;

use super::learn::Learn;
use super::model::{File, Files};
use super::text::{Text, say};
use super::transport::Speed;

/// The form of what is written; another number is not read.
const FORM: u64 = 1;

/// The most that is written, in bytes: browsers keep 5 MB per site, two bytes for a character.
pub const LARGEST: usize = 2_000_000;

/// Writes a session as text of at most [`LARGEST`] bytes: drops the oldest inputs that do not fit,
/// and counts them with those that were lost before.
///
/// `shared`: a link brought it, and what was here before is kept beside.
pub fn write(
    timeline: &Timeline,
    files: &Files,
    speed: Speed,
    dropped: u64,
    lesson: Value,
    shared: bool,
) -> String {
    let mut history = save(timeline);
    let mut lost = 0;
    if let Some(inputs) = history["inputs"].as_array_mut() {
        let frame: usize = files.list.iter().map(|f| 2 * f.text.len() + 100).sum();
        let mut room = LARGEST.saturating_sub(frame + 50_000);
        let fits = inputs.iter().rev().take_while(|input| {
            let left = room.checked_sub(input.to_string().len() + 1);
            room = left.unwrap_or_default();
            left.is_some()
        });
        lost = inputs.len() - fits.count();
        inputs.drain(..lost);
    }
    json!({
        "form": FORM, "history": history, "files": files_value(files), "open": files.open,
        "speed": speed.0, "dropped": dropped + lost as u64, "lesson": lesson, "shared": shared,
    })
    .to_string()
}

/// The same session with other files: while it is brought back, only they can change.
pub fn with_files(text: &str, files: &Files) -> String {
    let Ok(mut value) = serde_json::from_str::<Value>(text) else {
        return text.to_owned();
    };
    value["files"] = files_value(files);
    value["open"] = files.open.into();
    value.to_string()
}

fn files_value(files: &Files) -> Value {
    let files = files.list.iter();
    files
        .map(|file| json!({ "name": &*file.name, "text": &*file.text }))
        .collect()
}

/// A session that was written, at the start of its history.
pub struct Saved {
    pub timeline: Timeline,
    /// How far its history went, and the instant that was shown.
    pub end: Time,
    pub now: Time,
    pub speed: Speed,
    pub files: Files,
    /// How many of the oldest inputs did not fit, and are lost.
    pub dropped: u64,
    /// The lesson that was being taken; null when there was none.
    pub lesson: Value,
    /// A link brought it.
    pub shared: bool,
    /// All of it, as it was read.
    pub text: Rc<str>,
}

impl Saved {
    /// Reads what [`write`] wrote.
    ///
    /// # Errors
    /// Why it cannot be read, in words for people.
    pub fn read(text: &str) -> Result<Saved, Text> {
        let value: Value = serde_json::from_str(text).map_err(|_| say!("saved.none"))?;
        if value["form"].as_u64() != Some(FORM) {
            return Err(say!("saved.other"));
        }
        let (timeline, end, now) =
            load(&value["history"]).map_err(|why| say!("saved.broken", why = why))?;
        let mut list = Vec::new();
        for file in value["files"].as_array().into_iter().flatten() {
            if let (Some(name), Some(text)) = (file["name"].as_str(), file["text"].as_str()) {
                list.push(File {
                    name: name.into(),
                    text: text.into(),
                });
            }
        }
        if list.is_empty() {
            list = example_files().list;
        }
        let number = |name: &str| value[name].as_u64().unwrap_or_default();
        let open = usize::try_from(number("open")).unwrap_or_default();
        Ok(Saved {
            timeline,
            end,
            now,
            speed: Speed::nearest(u32::try_from(number("speed")).unwrap_or(Speed::NORMAL.0)),
            files: Files {
                open: open.min(list.len() - 1),
                list,
            },
            dropped: number("dropped"),
            lesson: value["lesson"].clone(),
            shared: value["shared"] == true,
            text: text.into(),
        })
    }
}

/// Whether a text that was written holds a lesson that can be gone on with.
pub fn holds_lesson(text: &str) -> bool {
    let value: Value = serde_json::from_str(text).unwrap_or_default();
    Learn::default().resume(&value["lesson"]).is_some()
}

/// The file that the page opens with, beside the traffic that keeps it busy.
pub fn example_files() -> Files {
    let file = |name: &str, text: &str| File {
        name: name.into(),
        text: Rc::from(text),
    };
    Files {
        list: vec![
            file("web.yaml", include_str!("../../static/examples/web.yaml")),
            file(
                "traffic.yaml",
                include_str!("../../static/examples/traffic.yaml"),
            ),
        ],
        open: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apiserver::{Method, Request};
    use crate::cluster::Config;

    fn timeline(texts: &[&str]) -> Timeline {
        let mut timeline = Timeline::new(Config::bare(42, 1));
        for text in texts {
            let path = "/api/v1/namespaces/default/configmaps";
            timeline.request(&Request::new(Method::Post, path).with_body(json!({
                "metadata": { "generateName": "c-" }, "data": { "key": text },
            })));
        }
        timeline
    }

    fn write_and_read(timeline: &Timeline) -> (String, Saved) {
        let text = write(
            timeline,
            &example_files(),
            Speed(10_000),
            0,
            Value::Null,
            false,
        );
        let saved = Saved::read(&text).unwrap();
        (text, saved)
    }

    #[test]
    fn what_is_written_is_read_again() {
        let timeline = timeline(&["x", "\"quotes\" and 雪"]);
        let (_, saved) = write_and_read(&timeline);
        assert_eq!(saved.timeline.inputs(), timeline.inputs());
        assert_eq!((saved.files, saved.dropped), (example_files(), 0));
        assert_eq!((saved.speed, saved.now), (Speed(10_000), timeline.now()));
    }

    #[test]
    fn other_text_is_refused() {
        for text in ["", "null", "[]", "{\"form\":99}", "{\"form\":1}", "{"] {
            assert!(Saved::read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_oldest_is_dropped_and_counted() {
        let long = "y".repeat(LARGEST / 3);
        let (text, saved) = write_and_read(&timeline(&[long.as_str(); 5]));
        assert!(text.len() <= LARGEST);
        assert_eq!((saved.timeline.inputs().len(), saved.dropped), (2, 3));
    }
}
