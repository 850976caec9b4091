//! A picture of what to look at, as data: rows of parts, what holds what, and how they are joined.
//!
//! The page draws it with the shapes of the stage (`app::layout::picture`). `docs/lessons.md` teaches how one is
//! written.

use serde::{Deserialize, Serialize};

use super::is_default;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Picture {
    /// What there is to see, in words, for those who do not see it.
    pub alt: String,
    /// Where in the page that is: one of [`PLACES`]; the view of the step or lesson when absent.
    #[serde(skip_serializing_if = "is_default")]
    pub place: String,
    /// The object there: "deploy/web", "pod/web-*"; a star stands for any text.
    #[serde(skip_serializing_if = "is_default")]
    pub find: String,
    /// From top to bottom.
    pub rows: Vec<Row>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Row {
    /// Stands above it: "before".
    #[serde(skip_serializing_if = "is_default")]
    pub title: String,
    /// Lines above and below, with these words: "at most 5 pods".
    #[serde(skip_serializing_if = "is_default")]
    pub ceiling: String,
    #[serde(skip_serializing_if = "is_default")]
    pub floor: String,
    /// From left to right; what does not fit goes on below.
    pub parts: Vec<Part>,
}

/// Something that is drawn.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Part {
    /// "pod/web-1": a kind as kubectl takes it, or one of [`THINGS`], and a name. Links lead to it. What stands
    /// behind a `#` tells parts of the same name apart, and is not shown.
    pub part: String,
    /// What it is called in the picture, when that is a word of the language and not the name.
    #[serde(skip_serializing_if = "is_default")]
    pub name: String,
    /// What Kubernetes says of it, untranslated: "CrashLoopBackOff", "10.96.0.7".
    #[serde(skip_serializing_if = "is_default")]
    pub status: String,
    /// A few words.
    #[serde(skip_serializing_if = "is_default")]
    pub note: String,
    /// How far a pod or a container is (one of [`STATES`]), or that a node is `failing`.
    #[serde(skip_serializing_if = "is_default")]
    pub state: String,
    /// The letter of a revision.
    #[serde(skip_serializing_if = "is_default")]
    pub mark: String,
    /// This is what to look at.
    #[serde(skip_serializing_if = "is_default")]
    pub look: bool,
    /// What is inside: pods of a node, containers of a pod.
    #[serde(skip_serializing_if = "is_default")]
    pub parts: Vec<Part>,
    /// Links to other parts.
    #[serde(skip_serializing_if = "is_default")]
    pub owns: Vec<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub selects: Vec<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub asks: Vec<String>,
    /// It asks, and is refused or hears nothing.
    #[serde(skip_serializing_if = "is_default")]
    pub refused: Vec<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub watches: Vec<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub uses: Vec<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub changes: Vec<String>,
}

/// How two parts are joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    Owns,
    Selects,
    Asks,
    Refused,
    Watches,
    Uses,
    Changes,
}

impl Link {
    pub const ALL: [Link; 7] = [
        Link::Owns,
        Link::Selects,
        Link::Asks,
        Link::Refused,
        Link::Watches,
        Link::Uses,
        Link::Changes,
    ];

    /// The field of a part that lists such links.
    pub fn name(self) -> &'static str {
        match self {
            Link::Owns => "owns",
            Link::Selects => "selects",
            Link::Asks => "asks",
            Link::Refused => "refused",
            Link::Watches => "watches",
            Link::Uses => "uses",
            Link::Changes => "changes",
        }
    }
}

/// Where in the page something is to be looked at: views of the stage, and parts around it.
pub const PLACES: [&str; 10] = [
    "Nodes",
    "Rollout",
    "Traffic",
    "Ownership",
    "ControlPlane",
    "Editor",
    "Terminal",
    "Events",
    "Requests",
    "Logs",
];

/// States that have a shape in the page.
pub const STATES: [&str; 7] = [
    "pending",
    "starting",
    "running",
    "ready",
    "terminating",
    "failing",
    "succeeded",
];

/// What is drawn beside objects of the API.
pub const THINGS: [&str; 6] = ["client", "component", "container", "file", "image", "thing"];

impl Part {
    /// The word for its kind, and its name.
    pub fn split(&self) -> (&str, &str) {
        self.part.split_once('/').unwrap_or(("", &self.part))
    }

    /// What it is called in the picture.
    pub fn called(&self) -> &str {
        match self.name.as_str() {
            "" => self.split().1.split('#').next().unwrap_or_default(),
            name => name,
        }
    }

    pub fn links(&self, link: Link) -> &[String] {
        match link {
            Link::Owns => &self.owns,
            Link::Selects => &self.selects,
            Link::Asks => &self.asks,
            Link::Refused => &self.refused,
            Link::Watches => &self.watches,
            Link::Uses => &self.uses,
            Link::Changes => &self.changes,
        }
    }

    /// It and what is inside, in the order of reading.
    pub fn each<'p>(&'p self, act: &mut dyn FnMut(&'p Part)) {
        act(self);
        for part in &self.parts {
            part.each(act);
        }
    }
}

impl Picture {
    /// All parts, in the order of reading.
    pub fn each<'p>(&'p self, act: &mut dyn FnMut(&'p Part)) {
        for part in self.rows.iter().flat_map(|row| &row.parts) {
            part.each(act);
        }
    }
}
