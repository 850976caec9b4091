//! The dock below the stage: terminal, events, requests, logs.

use yew::prelude::*;

use super::runtime::use_dispatch;
use super::tabs::{Tab, Tabs};
use crate::app::{DockTab, Msg};

#[derive(Properties, PartialEq)]
pub struct Props {
    pub tab: DockTab,
    /// The revision that the page shows.
    pub revision: u64,
}

#[component]
pub fn Dock(props: &Props) -> Html {
    let dispatch = use_dispatch();
    let tabs: Vec<Tab> = DockTab::ALL
        .into_iter()
        .map(|tab| Tab {
            name: tab.name().to_lowercase().into(),
            label: tab.name().into(),
        })
        .collect();
    let chosen = DockTab::ALL
        .iter()
        .position(|t| *t == props.tab)
        .unwrap_or_default();
    let choose = Callback::from(move |i: usize| {
        if let Some(tab) = DockTab::ALL.get(i) {
            dispatch.emit(Msg::ShowDock(*tab));
        }
    });
    html! {
        <section class="k-pane k-pane--dock" aria-label="Dock">
            <div class="k-bar">
                <Tabs label="Dock" id="dock" {tabs} {chosen} {choose} />
            </div>
            <div class="k-dock-body" id="dock-panel" role="tabpanel" aria-label={props.tab.name()} />
        </section>
    }
}
