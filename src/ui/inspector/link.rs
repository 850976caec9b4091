//! A link to an object: chooses it.

use yew::prelude::*;

use crate::app::Msg;
use crate::app::inspect::Link;
use crate::ui::runtime::use_dispatch;
use crate::ui::words::{t, use_words};

#[derive(Properties, PartialEq)]
pub struct Props {
    pub link: Link,
    /// What it says; "Pod web-1" when nothing else is given.
    #[prop_or_default]
    pub text: Option<AttrValue>,
}

#[component]
pub fn ObjectLink(props: &Props) -> Html {
    let dispatch = use_dispatch();
    let w = use_words();
    let selection = props.link.selection();
    let onclick =
        Callback::from(move |_: MouseEvent| dispatch.emit(Msg::Select(selection.clone())));
    let text = props
        .text
        .clone()
        .unwrap_or_else(|| props.link.title().into());
    let gone = props.link.is_gone();
    html! {
        <button
            type="button"
            class={classes!("k-link", "k-object-link", gone.then_some("is-gone"))}
            title={if gone { t!(w, "inspector.not-there") } else { String::new() }}
            {onclick}
        >
            { text }
        </button>
    }
}
