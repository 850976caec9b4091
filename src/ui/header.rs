//! The bar on top: the name, and what concerns the whole page.

use web_sys::HtmlSelectElement;
use yew::prelude::*;

use super::browser;
use super::export::ExportButton;
use super::icons::{Icon, icon};
use super::learn;
use super::runtime::{use_dispatch, use_is_real};
use super::words::{Language, languages, t, use_words};
use crate::app::learn::Act;
use crate::app::{Msg, Pane, Question, Theme};

#[derive(Properties, PartialEq)]
pub struct Props {
    pub theme: Theme,
    pub summary: AttrValue,
    /// The pane of lessons is open.
    pub learning: bool,
    /// A lesson is being taken, in a cluster of its own.
    pub in_lesson: bool,
}

#[component]
pub fn Header(props: &Props) -> Html {
    let dispatch = use_dispatch();
    let w = use_words();
    // There, kubectl has everything, and nothing can begin anew.
    let simulated = !use_is_real();
    let send = |msg: Msg| {
        let dispatch = dispatch.clone();
        Callback::from(move |_: MouseEvent| dispatch.emit(msg.clone()))
    };
    let share = {
        let dispatch = dispatch.clone();
        Callback::from(move |_: MouseEvent| dispatch.emit(Msg::Share(browser::page().into())))
    };
    let (symbol, words) = match props.theme {
        Theme::System => (Icon::Half, t!(w, "header.theme.system")),
        Theme::Light => (Icon::Sun, t!(w, "header.theme.light")),
        Theme::Dark => (Icon::Moon, t!(w, "header.theme.dark")),
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
                if simulated {
                    <button
                        type="button"
                        class="k-button k-button--quiet"
                        id={learn::OPENER}
                        title={t!(w, "header.learn.title")}
                        aria-expanded={props.learning.to_string()}
                        onclick={send(Msg::Learn(Act::Open(!props.learning)))}
                    >
                        { icon(Icon::Book) }
                        <span>{ t!(w, "header.learn") }</span>
                    </button>
                }
                <LanguageChoice />
                if simulated {
                    <ExportButton />
                    <button
                        type="button"
                        class="k-button k-button--quiet"
                        title={t!(w, "header.share.title")}
                        aria-label={t!(w, "header.share")}
                        onclick={share}
                    >
                        { icon(Icon::Share) }
                        <span>{ t!(w, "header.share") }</span>
                    </button>
                }
                <button
                    type="button"
                    class="k-button k-button--quiet"
                    title={words.clone()}
                    aria-label={words}
                    onclick={send(Msg::SetTheme(props.theme.next()))}
                >
                    { icon(symbol) }
                </button>
                <button
                    type="button"
                    class="k-button k-button--quiet k-keys-button"
                    title={t!(w, "keys.open")}
                    aria-label={t!(w, "keys.open")}
                    aria-haspopup="dialog"
                    onclick={send(Msg::ShowKeys(true))}
                >
                    { icon(Icon::Keys) }
                </button>
                if simulated {
                    <button
                        type="button"
                        class="k-button k-button--quiet"
                        disabled={props.in_lesson}
                        title={t!(w, "header.reset.title")}
                        aria-label={t!(w, "header.reset")}
                        onclick={send(Msg::Ask(Question::Reset))}
                    >
                        { icon(Icon::Reset) }
                        <span>{ t!(w, "header.reset") }</span>
                    </button>
                }
            </div>
        </header>
    }
}

/// Which language the page speaks. The names of languages are in themselves.
#[component]
fn LanguageChoice() -> Html {
    let Some(language) = use_context::<Language>() else {
        return Html::default();
    };
    let w = &language.words;
    let onchange = {
        let choose = language.choose.clone();
        Callback::from(move |event: Event| {
            if let Some(select) = event.target_dyn_into::<HtmlSelectElement>() {
                choose.emit(select.value());
            }
        })
    };
    html! {
        <select
            class="k-select k-language"
            aria-label={t!(w, "header.language")}
            title={t!(w, "header.language")}
            {onchange}
        >
            { for languages().into_iter().map(|(tag, name)| html! {
                <option key={tag.clone()} value={tag.clone()} lang={tag.clone()} selected={tag == w.tag()}>
                    { name }
                </option>
            }) }
        </select>
    }
}

#[derive(Properties, PartialEq)]
pub struct SwitchProps {
    #[prop_or(&Pane::ALL)]
    pub panes: &'static [Pane],
    pub shown: Pane,
    #[prop_or_default]
    pub learning: bool,
}

/// On a narrow screen: which pane is shown.
#[component]
pub fn PaneSwitch(props: &SwitchProps) -> Html {
    let dispatch = use_dispatch();
    let w = use_words();
    html! {
        <nav class="k-panes" aria-label={t!(w, "panes.label")}>
            { for props.panes.iter().copied().filter(|pane| *pane != Pane::Learn || props.learning).map(|pane| {
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
                        { w.say(&pane.label()) }
                    </button>
                }
            }) }
        </nav>
    }
}
