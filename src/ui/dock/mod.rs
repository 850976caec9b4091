//! The dock below the stage: terminal, events, requests, logs.

mod events;
mod logs;
mod requests;

use yew::prelude::*;

pub use events::EventsTable;
pub use logs::LogView;

use super::runtime::{use_dispatch, use_is_real};
use super::tabs::{Tab, Tabs};
use super::terminal::Terminal;
use super::words::{t, use_words};
use crate::app::terminal::View;
use crate::app::{DockTab, Msg, Shared, Typing};
use events::EventsPane;
use logs::LogsPane;
use requests::RequestsPane;

#[derive(Properties, PartialEq)]
pub struct Props {
    pub tab: DockTab,
    /// The revision that the page shows.
    pub revision: u64,
    pub terminal: Shared<View>,
    pub playing: bool,
    pub typing: Option<Typing>,
}

#[component]
pub fn Dock(props: &Props) -> Html {
    let dispatch = use_dispatch();
    let w = use_words();
    // Nobody tells a client what others ask of a real server, and its logs are read with kubectl.
    let real = use_is_real();
    let shown: &'static [DockTab] = match real {
        true => &[DockTab::Terminal, DockTab::Events],
        false => &DockTab::ALL,
    };
    let tabs: Vec<Tab> = shown
        .iter()
        .map(|tab| Tab {
            name: tab.name().into(),
            label: w.say(&tab.label()).into(),
        })
        .collect();
    let chosen = shown
        .iter()
        .position(|t| *t == props.tab)
        .unwrap_or_default();
    let choose = Callback::from(move |i: usize| {
        if let Some(tab) = shown.get(i) {
            dispatch.emit(Msg::ShowDock(*tab));
        }
    });
    let revision = props.revision;
    html! {
        <section class="k-pane k-pane--dock" aria-label={t!(w, "dock.label")}>
            <div class="k-bar k-bar--low">
                <Tabs label={t!(w, "dock.label")} id="dock" {tabs} {chosen} {choose} />
            </div>
            <div class="k-dock-body" id="dock-panel" role="tabpanel" aria-label={w.say(&props.tab.label())}>
                <div class="k-dock-terminal" hidden={props.tab != DockTab::Terminal}>
                    <Terminal view={props.terminal.clone()} playing={props.playing} typing={props.typing.clone()} />
                </div>
                { match props.tab {
                    DockTab::Terminal => Html::default(),
                    DockTab::Events => html! { <EventsPane {revision} /> },
                    DockTab::Requests => html! { <RequestsPane {revision} /> },
                    DockTab::Logs => html! { <LogsPane {revision} /> },
                } }
            </div>
        </section>
    }
}
