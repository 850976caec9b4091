//! The page as a part of another one: which panes it shows, and what the two say to each other.
//!
//! Messages are JSON objects with `"kubarium": 1` and a `type`; `docs/embedding.md` lists them, and
//! `web/embed/embed.d.ts` has their types. Here they are text that is parsed, checked and answered; the
//! page sees to it that they come from the page around it and from nobody else.

mod message;
mod report;

pub use message::{Act, In, LARGEST_MESSAGE, Refusal, parse};
pub use report::{Reporter, refusal, result};

use super::model::Pane;

/// The number of the protocol.
pub const PROTOCOL: u64 = 1;

/// What an embedded page shows beside the transport.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Layout {
    Editor,
    #[default]
    Cluster,
    Terminal,
    /// Editor and cluster.
    Split,
}

impl Layout {
    pub fn by_name(name: &str) -> Option<Layout> {
        [
            Layout::Editor,
            Layout::Cluster,
            Layout::Terminal,
            Layout::Split,
        ]
        .into_iter()
        .find(|layout| layout.name() == name)
    }

    pub fn name(self) -> &'static str {
        match self {
            Layout::Editor => "editor",
            Layout::Cluster => "cluster",
            Layout::Terminal => "terminal",
            Layout::Split => "split",
        }
    }

    /// The panes, first to last.
    pub fn panes(self) -> &'static [Pane] {
        match self {
            Layout::Editor => &[Pane::Editor],
            Layout::Cluster => &[Pane::Stage],
            Layout::Terminal => &[Pane::Dock],
            Layout::Split => &[Pane::Editor, Pane::Stage],
        }
    }

    /// What one can switch between where there is room for one pane; a lesson comes first when there is one.
    pub fn choices(self) -> &'static [Pane] {
        match self {
            Layout::Editor => &[Pane::Learn, Pane::Editor],
            Layout::Cluster => &[Pane::Learn, Pane::Stage],
            Layout::Terminal => &[Pane::Learn, Pane::Dock],
            Layout::Split => &[Pane::Learn, Pane::Editor, Pane::Stage],
        }
    }
}

/// How the page is embedded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Embed {
    pub layout: Layout,
    /// The page around may act by messages.
    pub api: bool,
}
