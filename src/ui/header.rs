//! The bar on top: the name, and what concerns the whole page.

use yew::prelude::*;

use super::icons::{Icon, icon};
use super::runtime::use_dispatch;
use crate::app::{Msg, Pane, Question, Theme};

#[derive(Properties, PartialEq)]
pub struct Props {
    pub theme: Theme,
    pub shown: Pane,
    pub summary: AttrValue,
}

#[component]
pub fn Header(props: &Props) -> Html {
    let dispatch = use_dispatch();
    let send = |msg: Msg| {
        let dispatch = dispatch.clone();
        Callback::from(move |_: MouseEvent| dispatch.emit(msg.clone()))
    };
    let (symbol, words) = match props.theme {
        Theme::System => (Icon::Half, "Colours: as the system has them"),
        Theme::Light => (Icon::Sun, "Colours: light"),
        Theme::Dark => (Icon::Moon, "Colours: dark"),
    };
    html! {
        <header class="k-header">
            <h1 class="k-brand">
                <svg class="k-logo" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
                    <path class="k-logo-water" d="M4 11c4-2 8 2 12 0s8-2 12 0v16a2 2 0 0 1-2 2H6a2 2 0 0 1-2-2z" />
                    <path class="k-logo-pod" d="m11 15 4 2.3v4.6L11 24l-4-2.1v-4.6z" />
                    <path class="k-logo-pod" d="m21.5 17 3.5 2v4l-3.5 2-3.5-2v-4z" />
                    <path class="k-logo-glass" d="M4 4v23a2 2 0 0 0 2 2h20a2 2 0 0 0 2-2V4" />
                </svg>
                { "Kubarium" }
            </h1>
            <p class="k-header-summary">{ props.summary.clone() }</p>
            <div class="k-header-actions">
                <button
                    type="button"
                    class="k-button k-button--quiet"
                    title={words}
                    aria-label={words}
                    onclick={send(Msg::SetTheme(props.theme.next()))}
                >
                    { icon(symbol) }
                </button>
                <button
                    type="button"
                    class="k-button k-button--quiet"
                    title="Start over with a new cluster"
                    onclick={send(Msg::Ask(Question::Reset))}
                >
                    { icon(Icon::Reset) }
                    <span>{ "Reset" }</span>
                </button>
            </div>
        </header>
    }
}

/// On a narrow screen: which pane is shown.
#[component]
pub fn PaneSwitch(props: &Props) -> Html {
    let dispatch = use_dispatch();
    html! {
        <nav class="k-panes" aria-label="Panes">
            { for Pane::ALL.into_iter().map(|pane| {
                let dispatch = dispatch.clone();
                let onclick = Callback::from(move |_: MouseEvent| dispatch.emit(Msg::ShowPane(pane)));
                html! {
                    <button
                        key={pane.class()}
                        type="button"
                        class="k-tab"
                        aria-pressed={if pane == props.shown { "true" } else { "false" }}
                        {onclick}
                    >
                        { pane.name() }
                    </button>
                }
            }) }
        </nav>
    }
}
