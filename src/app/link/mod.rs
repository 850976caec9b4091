//! What a link carries: files, commands, and a cluster with its history, as text in the hash of an
//! address.
//!
//! A link is `s=`, the number of its form, a dot, and the packed content in base64url. The number
//! chooses the reader; links of old forms stay readable. The content of form 1 is JSON:
//!
//! ```json
//! {"files": [["web.yaml", "kind: …"]], "open": 0, "run": ["kubectl apply -f web.yaml"],
//!  "seed": 1, "nodes": 3, "speed": 1000, "history": {…}}
//! ```
//!
//! With a `history` (as [`cluster::history`](crate::cluster::history) writes it) the cluster is that
//! one, at the instant it names; without, a new cluster of so many worker nodes. With `"lesson": true` the
//! open file is a lesson, which begins. What outgrows a link is a file with the same content and a mark,
//! `"kubarium": 1`.

pub mod base64;
pub mod inflate;
mod preview;

use std::rc::Rc;

use serde_json::{Value, json};

use super::model::{File, Files, Workers};
use super::text::{Text, say};
use super::transport::Speed;
use crate::cluster::Timeline;
use crate::cluster::history::{load, save};
use crate::lessons::source::{Problem, Source};
use crate::sim::Time;
use inflate::Trouble;
pub use preview::{Act, Preview};

/// The form that is written.
const FORM: u64 = 1;
/// The most that a link may be, in characters: browsers and chats carry so much.
pub const LONGEST_LINK: usize = 32 * 1024;
/// The most that it may unpack to, in bytes.
pub const LARGEST_CONTENT: usize = 256 * 1024;
/// The largest file that is opened, in bytes.
pub const LARGEST_FILE: usize = 8 * 1024 * 1024;
pub const MOST_FILES: usize = 20;
/// Commands that run when a link is opened, and how long one may be.
const MOST_COMMANDS: usize = 20;
const LONGEST_COMMAND: usize = 2_000;
const LONGEST_NAME: usize = 120;

/// The cluster of a parcel.
#[derive(Clone, Debug, PartialEq)]
pub enum Start {
    New {
        seed: u64,
        workers: Workers,
    },
    /// A history that can be loaded.
    History(Value),
}

/// What somebody shared.
#[derive(Clone, Debug, PartialEq)]
pub struct Parcel {
    pub files: Files,
    /// Commands that are typed at the terminal when it is opened.
    pub run: Vec<Rc<str>>,
    pub start: Start,
    pub speed: Option<Speed>,
    /// The open file is a lesson, and begins when this is opened.
    pub lesson: bool,
}

/// Why a link or a file cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// A part of it is missing.
    Cut,
    /// It is no link of ours, or a part was changed.
    Damaged,
    /// A later version wrote it.
    Newer,
    TooLarge,
    /// It holds something that is refused.
    Content(Text),
}

impl Wrong {
    /// For people, to go on a sentence.
    pub fn words(&self) -> Text {
        match self {
            Wrong::Cut => say!("link.cut"),
            Wrong::Damaged => say!("link.damaged"),
            Wrong::Newer => say!("link.newer"),
            Wrong::TooLarge => say!("link.too-large"),
            Wrong::Content(reason) => reason.clone(),
        }
    }
}

impl From<Trouble> for Wrong {
    fn from(trouble: Trouble) -> Wrong {
        match trouble {
            Trouble::Cut => Wrong::Cut,
            Trouble::Damaged => Wrong::Damaged,
            Trouble::TooLarge => Wrong::TooLarge,
        }
    }
}

/// The content of a link to files only.
pub fn files_content(files: &Files, seed: u64, workers: Workers) -> Value {
    json!({
        "files": files.list.iter().map(|f| json!([&*f.name, &*f.text])).collect::<Vec<_>>(),
        "open": files.open, "seed": seed, "nodes": workers.number(),
    })
}

/// The content of a link to a lesson.
pub fn lesson_content(lesson: &File) -> Value {
    json!({"files": [[&*lesson.name, &*lesson.text]], "open": 0, "lesson": true})
}

/// The content of a link to a cluster with all that happened in it.
pub fn whole_content(files: &Files, timeline: &Timeline, speed: Speed) -> Value {
    json!({
        "files": files.list.iter().map(|f| json!([&*f.name, &*f.text])).collect::<Vec<_>>(),
        "open": files.open, "speed": speed.0, "history": save(timeline),
    })
}

/// A link's hash, from packed content; `None` when it is too long for one.
pub fn hash(packed: &[u8]) -> Option<String> {
    let text = format!("s={FORM}.{}", base64::encode(packed));
    (text.len() <= LONGEST_LINK).then_some(text)
}

/// The text of a file with this content.
pub fn file(mut content: Value) -> String {
    content["kubarium"] = FORM.into();
    content.to_string()
}

/// Reads what stands behind `s=` in a hash.
///
/// # Errors
/// What is wrong with it.
pub fn read(text: &str) -> Result<Parcel, Wrong> {
    // Chats take the end of a sentence for a part of the link.
    let text = text.trim_end_matches(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_');
    let (form, packed) = text.split_once('.').ok_or(match text.len() {
        0..=3 => Wrong::Cut,
        _ => Wrong::Damaged,
    })?;
    match form.parse::<u64>() {
        Ok(FORM) => {}
        Ok(form) if form > FORM => return Err(Wrong::Newer),
        _ => return Err(Wrong::Damaged),
    }
    if text.len() > LONGEST_LINK {
        return Err(Wrong::TooLarge);
    }
    let packed = base64::decode(packed).ok_or(Wrong::Damaged)?;
    let content = inflate::inflate(&packed, LARGEST_CONTENT)?;
    let value = serde_json::from_slice(&content).map_err(|_| Wrong::Damaged)?;
    content_of(&value)
}

/// Reads a file that somebody saved.
///
/// # Errors
/// What is wrong with it.
pub fn read_file(text: &str) -> Result<Parcel, Wrong> {
    if text.len() > LARGEST_FILE {
        return Err(Wrong::TooLarge);
    }
    let strange = || Wrong::Content(say!("link.strange"));
    let value: Value = serde_json::from_str(text).map_err(|_| strange())?;
    match value["kubarium"].as_u64() {
        Some(FORM) => content_of(&value),
        Some(_) => Err(Wrong::Newer),
        None => Err(strange()),
    }
}

/// Reads content of form 1.
///
/// # Errors
/// What is refused, and why.
pub fn content_of(value: &Value) -> Result<Parcel, Wrong> {
    let refuse = |reason: Text| Err(Wrong::Content(reason));
    if !value.is_object() {
        return Err(Wrong::Damaged);
    }
    let mut list: Vec<File> = Vec::new();
    for file in value["files"].as_array().into_iter().flatten() {
        let (Some(name), Some(text)) = (file[0].as_str(), file[1].as_str()) else {
            return Err(Wrong::Damaged);
        };
        let name = name.trim();
        if name.is_empty() || name.len() > LONGEST_NAME || name.contains(char::is_control) {
            return refuse(say!("link.file-name"));
        }
        if list.iter().any(|f| &*f.name == name) {
            return refuse(say!("link.same-name"));
        }
        list.push(File {
            name: name.into(),
            text: text.into(),
        });
    }
    if list.len() > MOST_FILES {
        return refuse(say!("link.files", n = MOST_FILES));
    }
    let mut run: Vec<Rc<str>> = Vec::new();
    for command in value["run"].as_array().into_iter().flatten() {
        match command.as_str().map(str::trim) {
            Some("") => {}
            Some(line) if line.len() <= LONGEST_COMMAND => run.push(line.into()),
            _ => return refuse(say!("link.command")),
        }
    }
    if run.len() > MOST_COMMANDS {
        return refuse(say!("link.commands", n = MOST_COMMANDS));
    }
    let start = match value.get("history") {
        Some(history) => {
            load(history).map_err(|reason| Wrong::Content(reason.into()))?;
            Start::History(history.clone())
        }
        None => Start::New {
            seed: value["seed"].as_u64().unwrap_or(1),
            workers: match value["nodes"].as_u64() {
                Some(number) => Workers::new(usize::try_from(number).unwrap_or(usize::MAX)),
                None => Workers::default(),
            },
        },
    };
    if list.is_empty() {
        if run.is_empty() && !matches!(start, Start::History(_)) {
            return refuse(say!("link.empty"));
        }
        list = Files::blank().list;
    }
    let open = value["open"].as_u64().unwrap_or_default();
    let speed = value["speed"].as_u64().and_then(|s| u32::try_from(s).ok());
    Ok(Parcel {
        files: Files {
            open: usize::try_from(open)
                .unwrap_or_default()
                .min(list.len() - 1),
            list,
        },
        run,
        start,
        speed: speed.map(Speed::nearest),
        lesson: value["lesson"].as_bool().unwrap_or_default(),
    })
}

impl Parcel {
    /// The lesson that begins when this is opened.
    ///
    /// # Errors
    /// What is wrong with it; nothing when this is no lesson.
    pub fn lesson(&self) -> Result<Source, Vec<Problem>> {
        match self.files.current() {
            Some(file) if self.lesson => Source::read(&file.text.replace("\r\n", "\n")),
            _ => Err(Vec::new()),
        }
    }

    /// The timeline at its start, the end of its history and the instant shown; `None` for a new
    /// cluster.
    pub fn history(&self) -> Option<(Timeline, Time, Time)> {
        match &self.start {
            Start::History(history) => load(history).ok(),
            Start::New { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apiserver::{Method, Request};
    use crate::app::persist::example_files;
    use crate::cluster::Config;
    use crate::sim::secs;

    fn timeline() -> Timeline {
        let mut timeline = Timeline::new(Config::playground(7, 2));
        timeline.run_until(timeline.now() + secs(1), usize::MAX);
        timeline.request(
            &Request::new(Method::Post, "/api/v1/namespaces/default/configmaps").with_body(
                json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}}),
            ),
        );
        timeline.run_until(timeline.now() + secs(5), usize::MAX);
        timeline.seek(Time::EPOCH + secs(3));
        timeline
    }

    fn link_of(content: &Value) -> String {
        let packed = inflate::store(content.to_string().as_bytes());
        hash(&packed).unwrap()
    }

    fn reread(content: &Value) -> Parcel {
        read(link_of(content).strip_prefix("s=").unwrap()).unwrap()
    }

    fn refused(content: &Value) -> String {
        let link = link_of(content);
        read(link.strip_prefix("s=").unwrap())
            .unwrap_err()
            .words()
            .english()
    }

    #[test]
    fn files_come_back_as_they_were() {
        let mut files = example_files();
        files.list[1].text = "# größe 🐟\r\n\u{feff}\"quotes\"\\".into();
        files.open = 1;
        let parcel = reread(&files_content(&files, 9, Workers::new(5)));
        assert_eq!(parcel.files, files);
        let workers = Workers::new(5);
        assert_eq!(parcel.start, Start::New { seed: 9, workers });
        assert!(parcel.run.is_empty() && parcel.history().is_none());
    }

    #[test]
    fn a_cluster_comes_back_at_the_moment_that_was_shown() {
        let timeline = timeline();
        let content = whole_content(&example_files(), &timeline, Speed(2000));
        let parcel = reread(&content);
        let (again, end, now) = parcel.history().unwrap();
        assert_eq!(again.inputs(), timeline.inputs());
        assert_eq!((end, now), (timeline.end(), timeline.now()));
        assert_eq!(parcel.speed, Some(Speed(2000)));
        assert_eq!(read_file(&file(content)), Ok(parcel));
    }

    /// A link that was made when form 1 was new. It has to be read for as long as there are links.
    #[test]
    fn a_link_of_form_1_stays_readable() {
        let parcel = read(include_str!("form-1.txt").trim()).unwrap();
        assert_eq!(&*parcel.files.list[0].name, "web.yaml");
        assert!(parcel.files.list[0].text.contains("kind: Deployment"));
        assert_eq!(parcel.run, ["kubectl get pods".into()]);
        let (timeline, end, now) = parcel.history().unwrap();
        assert_eq!(timeline.cluster().config().seed, 7);
        assert_eq!(timeline.inputs().len(), 1);
        assert_eq!((end, now), (Time::EPOCH + secs(6), Time::EPOCH + secs(3)));
    }

    #[test]
    fn a_link_that_is_cut_says_so_wherever_it_is_cut() {
        let whole = include_str!("form-1.txt").trim();
        for length in 0..whole.len() - 1 {
            let wrong = read(&whole[..length]).unwrap_err();
            assert_eq!(wrong, Wrong::Cut, "{length} of {}", whole.len());
        }
    }

    #[test]
    fn what_is_no_link_is_refused_in_words() {
        for (text, expected) in [
            ("2.AwA", Wrong::Newer),
            ("99999999999999999999999.AwA", Wrong::Damaged),
            ("0.AwA", Wrong::Damaged),
            ("x.AwA", Wrong::Damaged),
            ("1.!?AwA", Wrong::Damaged),
            ("hello world", Wrong::Damaged),
            ("1.AwA", Wrong::Damaged),
            ("", Wrong::Cut),
        ] {
            assert_eq!(read(text), Err(expected), "{text}");
        }
        assert!(!Wrong::Newer.words().english().is_empty());
        assert_eq!(
            read(&format!("1.{}", "A".repeat(LONGEST_LINK))),
            Err(Wrong::TooLarge)
        );
    }

    #[test]
    fn the_end_of_a_sentence_is_no_part_of_a_link() {
        let link = link_of(&json!({"files": [["a.yaml", "x"]]}));
        let text = link.strip_prefix("s=").unwrap();
        assert_eq!(read(&format!("{text}).")), read(text));
    }

    #[test]
    fn content_beyond_the_limits_is_refused() {
        let files =
            |n: usize| -> Vec<Value> { (0..n).map(|i| json!([format!("f{i}"), ""])).collect() };
        assert_eq!(
            refused(&json!({ "files": files(21) })),
            "it holds more than 20 files"
        );
        assert_eq!(reread(&json!({ "files": files(20) })).files.list.len(), 20);
        assert_eq!(
            refused(&json!({ "files": [["a", ""], [" a ", ""]] })),
            "two files have the same name"
        );
        assert_eq!(
            refused(&json!({ "files": [["a\nb", ""]] })),
            "a file has a name that no file can have"
        );
        assert_eq!(
            refused(&json!({ "run": vec!["ls"; 21] })),
            "it runs more than 20 commands"
        );
        assert_eq!(
            refused(&json!({ "run": ["x".repeat(2001)] })),
            "a command is too long"
        );
        assert_eq!(refused(&json!({})), "it is empty");
        assert_eq!(refused(&json!([1])), "it is damaged");
        assert_eq!(refused(&json!({ "files": [[1, 2]] })), "it is damaged");
        assert_eq!(
            refused(&json!({ "history": {} })),
            "it is not a Kubarium history"
        );
        assert_eq!(
            reread(&json!({ "files": files(1), "nodes": 1u64 << 60, "open": 9 }))
                .files
                .open,
            0
        );
        // A bomb: 300 KB in 300 bytes would be one; stored, it is too long for a link.
        assert_eq!(hash(&[0; LONGEST_LINK]), None);
    }

    #[test]
    fn a_file_is_known_by_its_mark() {
        assert_eq!(
            read_file("{}").unwrap_err().words().english(),
            "it is no file that Kubarium saved"
        );
        assert_eq!(
            read_file("kind: Pod").unwrap_err().words().english(),
            "it is no file that Kubarium saved"
        );
        assert_eq!(read_file("{\"kubarium\": 2}"), Err(Wrong::Newer));
    }

    /// A history that was tampered with is refused, or runs: it never panics.
    #[test]
    fn strange_histories_are_survived() {
        let good = save(&timeline());
        let node = |edit: fn(&mut Value)| {
            let mut value = good.clone();
            edit(&mut value);
            value
        };
        let edits: [fn(&mut Value); 9] = [
            |v| v["config"]["nodes"][0]["name"] = "../x y".into(),
            |v| v["config"]["nodes"][0]["name"] = "".into(),
            |v| v["config"]["nodes"][1]["name"] = "control-plane".into(),
            |v| v["config"]["nodes"][0]["cpuMillis"] = u64::MAX.into(),
            |v| v["config"]["nodes"][0]["memoryBytes"] = u64::MAX.into(),
            |v| v["config"]["latency"] = json!([u64::MAX, 0]),
            |v| v["config"]["start"] = u64::MAX.into(),
            |v| v["config"]["nodes"] = json!([]),
            |v| v["end"] = u64::MAX.into(),
        ];
        for (i, edit) in edits.into_iter().enumerate() {
            let value = node(edit);
            if let Ok(parcel) = content_of(&json!({ "history": value })) {
                let (mut timeline, ..) = parcel.history().unwrap();
                let until = timeline.now() + secs(2);
                timeline.run_until(until, 20_000);
                let _ = Preview::of(&parcel);
                assert!(i >= 7, "edit {i} is let through");
            }
        }
    }
}
