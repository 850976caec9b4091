//! What a link or a file would open, before it does; and the way back to what was here.

use yew::prelude::*;

use super::icons::{Icon, icon};
use super::modal::Modal;
use super::runtime::use_dispatch;
use super::words::{t, use_words};
use crate::app::link::Preview;
use crate::app::{Kept, Msg, Offer, Text, Words, say};

#[derive(Properties, PartialEq)]
pub struct OfferProps {
    pub offer: Option<Offer>,
    pub embedded: bool,
}

#[component]
pub fn OfferDialog(props: &OfferProps) -> Html {
    let dispatch = use_dispatch();
    let w = use_words();
    match &props.offer {
        Some(offer) => dialog(offer, props.embedded, &w, &dispatch),
        None => Html::default(),
    }
}

#[inline(never)] // it waits in the second file of the wasm until somebody wants it
fn dialog(offer: &Offer, embedded: bool, w: &Words, dispatch: &Callback<Msg>) -> Html {
    let answer = |yes: bool| {
        let dispatch = dispatch.clone();
        Callback::from(move |_: MouseEvent| dispatch.emit(Msg::Accept(yes)))
    };
    let close = {
        let dispatch = dispatch.clone();
        Callback::from(move |()| dispatch.emit(Msg::Accept(false)))
    };
    let keeps = if embedded {
        t!(w, "offer.words.embed")
    } else if offer.replaces {
        t!(w, "offer.words.replaces")
    } else {
        t!(w, "offer.words")
    };
    let (title, keeps) = match &offer.preview.lesson {
        Some(_) if embedded => (t!(w, "offer.lesson.title"), keeps),
        Some(_) => (t!(w, "offer.lesson.title"), t!(w, "learn.kept")),
        None => (t!(w, "offer.title"), keeps),
    };
    html! {
        <Modal id="offer" {title} {close}>
            <p>{ keeps }</p>
            { contents(w, &offer.preview) }
            <div class="k-dialog-actions">
                <button type="button" class="k-button" onclick={answer(false)}>{ t!(w, "offer.no") }</button>
                <button type="button" class="k-button k-button--primary" onclick={answer(true)}>{ t!(w, "offer.open") }</button>
            </div>
        </Modal>
    }
}

fn contents(w: &Words, preview: &Preview) -> Html {
    let workers = say!("offer.workers", n = preview.workers.number());
    let cluster = match &preview.moment {
        Some((moment, end)) => {
            Text::list([workers, say!("offer.moment", moment = moment, end = end)])
        }
        None => workers,
    };
    html! {
        <dl class="k-contents" tabindex="0">
            if let Some((title, minutes)) = &preview.lesson {
                <dt>{ t!(w, "offer.lesson") }</dt>
                <dd>{ &**title }{ " " }<small>{ t!(w, "time.min", n = *minutes) }</small></dd>
            } else {
                <dt>{ t!(w, "offer.cluster") }</dt>
                <dd>{ w.say(&cluster) }</dd>
            }
            <dt>{ t!(w, "offer.files") }</dt>
            <dd>
                <ul>
                    { for preview.files.iter().map(|(name, lines)| html! {
                        <li><code>{ &**name }</code>{ " " }<small>{ t!(w, "offer.lines", n = *lines) }</small></li>
                    }) }
                </ul>
            </dd>
            if !preview.commands.is_empty() {
                <dt>{ t!(w, "offer.runs") }</dt>
                <dd>
                    <ul>
                        { for preview.commands.iter().map(|c| html! { <li><code>{ &**c }</code></li> }) }
                    </ul>
                </dd>
            }
            if !preview.acts.is_empty() {
                <dt>{ t!(w, "offer.replays") }</dt>
                <dd>
                    <ol>
                        { for preview.acts.iter().map(|act| html! {
                            <li><small class="k-number">{ &*act.at }</small>{ " " }{ w.say(&act.text) }</li>
                        }) }
                        if preview.more > 0 {
                            <li>{ t!(w, "offer.more", n = preview.more) }</li>
                        }
                    </ol>
                </dd>
            }
        </dl>
    }
}

#[derive(Properties, PartialEq)]
pub struct BackProps {
    pub kept: Option<Kept>,
}

/// A line above the panes while there is something to go back to.
#[component]
pub fn BackBar(props: &BackProps) -> Html {
    let dispatch = use_dispatch();
    let w = use_words();
    let Some(kept) = props.kept else {
        return Html::default();
    };
    let (words, button) = match kept {
        Kept::Own => (t!(w, "back.own.words"), t!(w, "back.own")),
        Kept::Shared => (t!(w, "back.shared.words"), t!(w, "back.shared")),
    };
    let onclick = Callback::from(move |_: MouseEvent| dispatch.emit(Msg::GoBack));
    html! {
        <aside class="k-back" aria-label={t!(w, "header.share")}>
            <p>{ words }</p>
            <button type="button" class="k-button k-button--quiet" {onclick}>
                { icon(Icon::Back) }
                <span>{ button }</span>
            </button>
        </aside>
    }
}
