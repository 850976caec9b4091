//! What the page around an embedded one may say.

use std::rc::Rc;
use std::time::Duration;

use serde_json::{Value, json};

use super::PROTOCOL;
use crate::app::link::{self, Parcel, Wrong};
use crate::app::model::Theme;
use crate::app::text::{Text, say};

/// The longest message that is read, in bytes of its JSON.
pub const LARGEST_MESSAGE: usize = 512 * 1024;
const LONGEST_COMMAND: usize = 10_000;
const LONGEST_ID: usize = 100;

/// What is to be done.
#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    /// Opens files, commands, a link.
    Load(Box<Parcel>),
    /// Lets time pass.
    Run,
    Pause,
    /// Goes to the next change.
    Step,
    /// Goes to an instant, so far from the start.
    Seek(Duration),
    /// Types a command at the terminal.
    Exec(Rc<str>),
    SetTheme(Theme),
}

impl Act {
    /// Whether it changes what happens, not only how it looks.
    fn acts(&self) -> bool {
        !matches!(self, Act::SetTheme(_))
    }
}

/// A message that was understood.
#[derive(Clone, Debug, PartialEq)]
pub struct In {
    /// What the sender calls it; the answer repeats it.
    pub id: Option<Rc<str>>,
    pub act: Act,
}

/// Why a message is not obeyed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub id: Option<Rc<str>>,
    /// For programs.
    pub code: &'static str,
    /// For people.
    pub words: Text,
}

/// Reads a message. `None`: it is not for us, other scripts talk too.
///
/// # Errors
/// It is for us, and is not obeyed: it is strange, or the embedder has not asked for the API.
pub fn parse(text: &str, api: bool) -> Option<Result<In, Refusal>> {
    let refused = |id: Option<Rc<str>>, code: &'static str, words: Text| {
        Some(Err(Refusal { id, code, words }))
    };
    if text.len() > LARGEST_MESSAGE {
        return refused(None, "too-large", say!("told.too-large"));
    }
    let value: Value = serde_json::from_str(text).ok()?;
    let protocol = value.get("kubarium")?;
    let id: Option<Rc<str>> = value["id"]
        .as_str()
        .filter(|id| id.len() <= LONGEST_ID)
        .map(Into::into);
    if protocol.as_u64() != Some(PROTOCOL) {
        return refused(id, "protocol", say!("told.protocol", n = PROTOCOL));
    }
    let act = match act_of(&value) {
        Ok(act) => act,
        Err(words) => return refused(id, "invalid", words),
    };
    if act.acts() && !api {
        return refused(id, "no-api", say!("told.no-api"));
    }
    Some(Ok(In { id, act }))
}

fn act_of(value: &Value) -> Result<Act, Text> {
    let text = |name: &str| value[name].as_str();
    let kind = text("type").ok_or_else(|| say!("told.type"))?;
    Ok(match kind {
        "load" => Act::Load(Box::new(parcel(value).map_err(|wrong| wrong.words())?)),
        "run" => Act::Run,
        "pause" => Act::Pause,
        "step" => Act::Step,
        "seek" => {
            let millis = value["to"].as_u64();
            let millis = millis.ok_or_else(|| say!("told.seek"))?;
            Act::Seek(Duration::from_millis(millis))
        }
        "exec" => {
            let command = text("command").unwrap_or_default().trim();
            if command.is_empty() || command.len() > LONGEST_COMMAND || command.contains('\n') {
                return Err(say!("told.command"));
            }
            Act::Exec(command.into())
        }
        "setTheme" => {
            let name = text("theme").unwrap_or_default();
            let theme = Theme::ALL.into_iter().find(|t| t.name() == name);
            Act::SetTheme(theme.ok_or_else(|| say!("told.theme"))?)
        }
        _ => return Err(say!("told.type")),
    })
}

/// What is to be loaded: a `link` (with or without what stands before its hash), or `files`, `run`
/// and `nodes`.
fn parcel(value: &Value) -> Result<Parcel, Wrong> {
    if let Some(text) = value["link"].as_str() {
        let hash = text.split_once('#').map_or(text, |(_, hash)| hash);
        return link::read(hash.strip_prefix("s=").unwrap_or(hash));
    }
    let files = value["files"].as_array().into_iter().flatten();
    let files: Vec<Value> = files
        .map(|file| json!([file["name"], file["text"]]))
        .collect();
    let size: usize = files.iter().map(|f| f.to_string().len()).sum();
    if size > link::LARGEST_CONTENT {
        return Err(Wrong::TooLarge);
    }
    let mut content = json!({ "files": files, "run": value["run"] });
    for name in ["nodes", "seed"] {
        if value[name].is_u64() {
            content[name] = value[name].clone();
        }
    }
    link::content_of(&content)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn act(message: Value) -> Result<Act, (&'static str, String)> {
        let mut message = message;
        message["kubarium"] = 1.into();
        match parse(&message.to_string(), true) {
            Some(Ok(read)) => Ok(read.act),
            Some(Err(refusal)) => Err((refusal.code, refusal.words.english())),
            None => Err(("", String::new())),
        }
    }

    #[test]
    fn messages_are_understood() {
        assert_eq!(act(json!({"type": "run"})), Ok(Act::Run));
        assert_eq!(act(json!({"type": "pause"})), Ok(Act::Pause));
        assert_eq!(act(json!({"type": "step"})), Ok(Act::Step));
        let second = Duration::from_secs(1);
        assert_eq!(
            act(json!({"type": "seek", "to": 1000})),
            Ok(Act::Seek(second))
        );
        let command = Act::Exec("kubectl get pods".into());
        assert_eq!(
            act(json!({"type": "exec", "command": " kubectl get pods\n"})),
            Ok(command)
        );
        assert_eq!(
            act(json!({"type": "setTheme", "theme": "dark"})),
            Ok(Act::SetTheme(Theme::Dark))
        );
    }

    #[test]
    fn files_and_links_are_loaded() {
        let files = json!([{"name": "a.yaml", "text": "x"}]);
        let read = act(json!({"type": "load", "files": files, "run": ["ls"], "nodes": 5}));
        let Ok(Act::Load(parcel)) = read else {
            panic!("{read:?}")
        };
        assert_eq!(
            (&*parcel.files.list[0].name, &*parcel.run[0]),
            ("a.yaml", "ls")
        );
        let link = include_str!("../link/form-1.txt").trim();
        for link in [
            link.to_owned(),
            format!("s={link}"),
            format!("https://x.y/?a#s={link}"),
        ] {
            assert!(matches!(
                act(json!({"type": "load", "link": link})),
                Ok(Act::Load(_))
            ));
        }
        let cut = act(json!({"type": "load", "link": &link[..40]})).unwrap_err();
        assert!(cut.1.contains("missing"), "{cut:?}");
        let large = "x".repeat(link::LARGEST_CONTENT + 1);
        let large = json!({"type": "load", "files": [{"name": "a", "text": large}]});
        assert_eq!(act(large).unwrap_err().1, Wrong::TooLarge.words().english());
    }

    #[test]
    fn what_is_not_for_us_is_nobodys_business() {
        for text in [
            "",
            "null",
            "1",
            "\"kubarium\"",
            "[]",
            "{}",
            "{\"type\":\"run\"}",
            "{",
        ] {
            assert_eq!(parse(text, true), None, "{text}");
        }
    }

    #[test]
    fn strange_messages_are_answered() {
        for message in [
            json!({}),
            json!({"type": "format"}),
            json!({"type": 1}),
            json!({"type": "seek"}),
            json!({"type": "seek", "to": -1}),
            json!({"type": "seek", "to": "end"}),
            json!({"type": "exec", "command": ["rm"]}),
            json!({"type": "exec", "command": "x".repeat(10_001)}),
            json!({"type": "setTheme", "theme": "pink"}),
            json!({"type": "load"}),
            json!({"type": "load", "files": {"a": "b"}}),
            json!({"type": "load", "files": [{"name": "a"}]}),
        ] {
            assert_eq!(act(message.clone()).unwrap_err().0, "invalid", "{message}");
        }
        let other = parse("{\"kubarium\": 2, \"type\": \"run\", \"id\": \"a\"}", true);
        let refusal = other.unwrap().unwrap_err();
        assert_eq!(
            (refusal.code, refusal.id.as_deref()),
            ("protocol", Some("a"))
        );
        let large = format!(
            "{{\"kubarium\": 1, \"x\": \"{}\"}}",
            "x".repeat(LARGEST_MESSAGE)
        );
        assert_eq!(parse(&large, true).unwrap().unwrap_err().code, "too-large");
    }

    #[test]
    fn acting_needs_the_api_and_looks_do_not() {
        let parse = |text: &str| parse(text, false).unwrap();
        let refused = parse("{\"kubarium\": 1, \"type\": \"run\", \"id\": \"7\"}").unwrap_err();
        assert_eq!((refused.code, refused.id.as_deref()), ("no-api", Some("7")));
        assert!(parse("{\"kubarium\": 1, \"type\": \"setTheme\", \"theme\": \"dark\"}").is_ok());
    }
}
