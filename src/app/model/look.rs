//! How the page is arranged: views, panes, their extents, the theme.

use crate::app::text::{Text, say};

/// A view of the stage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum View {
    #[default]
    Nodes,
    Rollout,
    Traffic,
    Ownership,
}

impl View {
    pub const ALL: [View; 4] = [View::Nodes, View::Rollout, View::Traffic, View::Ownership];

    /// Names the view in addresses and ids.
    pub fn name(self) -> &'static str {
        match self {
            View::Nodes => "nodes",
            View::Rollout => "rollout",
            View::Traffic => "traffic",
            View::Ownership => "ownership",
        }
    }

    pub fn label(self) -> Text {
        match self {
            View::Nodes => say!("view.nodes"),
            View::Rollout => say!("view.rollout"),
            View::Traffic => say!("view.traffic"),
            View::Ownership => say!("view.ownership"),
        }
    }

    pub fn by_name(name: &str) -> Option<View> {
        View::ALL
            .into_iter()
            .find(|v| v.name().eq_ignore_ascii_case(name))
    }
}

/// A pane; narrow screens show one at a time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pane {
    /// Lessons; only while they are open.
    Learn,
    Editor,
    #[default]
    Stage,
    Inspector,
    Dock,
}

impl Pane {
    pub const ALL: [Pane; 5] = [
        Pane::Learn,
        Pane::Editor,
        Pane::Stage,
        Pane::Inspector,
        Pane::Dock,
    ];

    pub fn label(self) -> Text {
        match self {
            Pane::Learn => say!("pane.lesson"),
            Pane::Editor => say!("pane.editor"),
            Pane::Stage => say!("pane.stage"),
            Pane::Inspector => say!("pane.inspector"),
            Pane::Dock => say!("pane.terminal"),
        }
    }

    /// Names the pane in the style sheet.
    pub fn class(self) -> &'static str {
        match self {
            Pane::Learn => "learn",
            Pane::Editor => "editor",
            Pane::Stage => "stage",
            Pane::Inspector => "inspector",
            Pane::Dock => "dock",
        }
    }
}

/// A tab of the dock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DockTab {
    #[default]
    Terminal,
    Events,
    Requests,
    Logs,
}

impl DockTab {
    pub const ALL: [DockTab; 4] = [
        DockTab::Terminal,
        DockTab::Events,
        DockTab::Requests,
        DockTab::Logs,
    ];

    /// Names the tab in ids.
    pub fn name(self) -> &'static str {
        match self {
            DockTab::Terminal => "terminal",
            DockTab::Events => "events",
            DockTab::Requests => "requests",
            DockTab::Logs => "logs",
        }
    }

    pub fn label(self) -> Text {
        match self {
            DockTab::Terminal => say!("dock.terminal"),
            DockTab::Events => say!("dock.events"),
            DockTab::Requests => say!("dock.requests"),
            DockTab::Logs => say!("dock.logs"),
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    #[default]
    System,
    Light,
    Dark,
}

impl Theme {
    pub const ALL: [Theme; 3] = [Theme::System, Theme::Light, Theme::Dark];

    pub fn name(self) -> &'static str {
        match self {
            Theme::System => "system",
            Theme::Light => "light",
            Theme::Dark => "dark",
        }
    }

    pub fn by_name(name: &str) -> Theme {
        Theme::ALL
            .into_iter()
            .find(|t| t.name() == name)
            .unwrap_or_default()
    }

    pub fn next(self) -> Theme {
        match self {
            Theme::System => Theme::Light,
            Theme::Light => Theme::Dark,
            Theme::Dark => Theme::System,
        }
    }
}

/// A bar between two panes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Splitter {
    /// Between the lesson and the editor below it.
    Lesson,
    Editor,
    Inspector,
    Dock,
}

impl Splitter {
    /// The least and the greatest extent of the pane beside it, in CSS pixels.
    pub fn range(self) -> (i32, i32) {
        match self {
            Splitter::Lesson => (160, 760),
            Splitter::Editor => (200, 720),
            Splitter::Inspector => (240, 640),
            Splitter::Dock => (72, 560),
        }
    }
}

/// The extents of the panes, in CSS pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Panes {
    pub lesson: i32,
    pub editor: i32,
    pub inspector: i32,
    pub dock: i32,
    /// What a narrow screen shows.
    pub shown: Pane,
    pub dock_tab: DockTab,
}

impl Default for Panes {
    fn default() -> Self {
        Panes {
            lesson: 460,
            editor: 380,
            inspector: 380,
            dock: 216,
            shown: Pane::Stage,
            dock_tab: DockTab::Terminal,
        }
    }
}

impl Panes {
    pub fn extent(&self, splitter: Splitter) -> i32 {
        match splitter {
            Splitter::Lesson => self.lesson,
            Splitter::Editor => self.editor,
            Splitter::Inspector => self.inspector,
            Splitter::Dock => self.dock,
        }
    }

    pub(super) fn resize(&mut self, splitter: Splitter, extent: i32) {
        let (least, most) = splitter.range();
        let extent = extent.clamp(least, most);
        match splitter {
            Splitter::Lesson => self.lesson = extent,
            Splitter::Editor => self.editor = extent,
            Splitter::Inspector => self.inspector = extent,
            Splitter::Dock => self.dock = extent,
        }
    }
}
