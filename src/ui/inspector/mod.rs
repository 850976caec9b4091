//! The inspector: what is selected, in full.

use yew::prelude::*;

use super::icons::{Icon, icon};
use super::runtime::use_dispatch;
use crate::app::{Msg, Selection};

#[derive(Properties, PartialEq)]
pub struct Props {
    pub selection: Option<Selection>,
    /// The revision that the page shows: what is selected may have changed with it.
    pub revision: u64,
}

#[component]
pub fn Inspector(props: &Props) -> Html {
    let dispatch = use_dispatch();
    let Some(selection) = &props.selection else {
        return html! {
            <section class="k-pane k-pane--inspector" aria-label="Inspector">
                <p class="k-empty">{ "Nothing selected. Click a pod or a node, or press Enter on one." }</p>
            </section>
        };
    };
    html! {
        <section class="k-pane k-pane--inspector" aria-label="Inspector">
            <div class="k-bar">
                <h2 class="k-title">{ format!("{} {}", selection.kind.info().kind, selection.key.name) }</h2>
                <button
                    type="button"
                    class="k-button k-button--quiet"
                    aria-label="Close the inspector"
                    onclick={Callback::from(move |_: MouseEvent| dispatch.emit(Msg::Deselect))}
                >
                    { icon(Icon::Close) }
                </button>
            </div>
        </section>
    }
}
