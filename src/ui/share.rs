//! Sharing: what, as a link, as a piece of HTML, or as a file.

use std::rc::Rc;

use web_sys::{HtmlInputElement, HtmlTextAreaElement};
use yew::platform::spawn_local;
use yew::prelude::*;

use super::browser;
use super::hooks::copy;
use super::modal::Modal;
use super::runtime::use_dispatch;
use super::words::{t, use_words};
use crate::app::link::{LONGEST_LINK, MOST_FILES};
use crate::app::share::{Packed, Share, What};
use crate::app::{Msg, Text, Words, say, words};

#[derive(Properties, PartialEq)]
pub struct Props {
    pub share: Option<Share>,
}

#[component]
pub fn ShareDialog(props: &Props) -> Html {
    let dispatch = use_dispatch();
    let w = use_words();
    match &props.share {
        Some(share) => dialog(share, &w, &dispatch),
        None => Html::default(),
    }
}

#[inline(never)] // it waits in the second file of the wasm until somebody wants it
fn dialog(share: &Share, w: &Words, dispatch: &Callback<Msg>) -> Html {
    let close = {
        let dispatch = dispatch.clone();
        Callback::from(move |()| dispatch.emit(Msg::Unshare))
    };
    let save = {
        let (name, text) = (share.file_name(), share.file.clone());
        Callback::from(move |_: MouseEvent| browser::save_file(name, &text))
    };
    let open = {
        let dispatch = dispatch.clone();
        Callback::from(move |event: Event| {
            let Some(input) = event.target_dyn_into::<HtmlInputElement>() else {
                return;
            };
            let dispatch = dispatch.clone();
            spawn_local(async move {
                if let Some(text) = browser::chosen_file(&input).await {
                    dispatch.emit(Msg::Unshare);
                    dispatch.emit(Msg::Received(text.into()));
                }
            });
        })
    };
    let leave = {
        let close = close.clone();
        Callback::from(move |_: MouseEvent| close.emit(()))
    };
    html! {
        <Modal id="share" title={t!(w, "share.title")} {close}>
            <fieldset class="k-share-what">
                <legend class="k-unseen">{ t!(w, "share.what") }</legend>
                { choice(w, share, What::Everything, dispatch) }
                { choice(w, share, What::Files, dispatch) }
                if share.lesson.is_some() { { choice(w, share, What::Lesson, dispatch) } }
            </fieldset>
            { link(w, share) }
            <div class="k-dialog-actions k-dialog-actions--spread">
                <label class="k-button">
                    <input class="k-unseen" type="file" accept=".json,application/json" onchange={open} />
                    { t!(w, "share.open") }
                </label>
                <button type="button" class="k-button" onclick={save}>{ t!(w, "share.save") }</button>
                <button type="button" class="k-button" onclick={leave}>{ t!(w, "share.close") }</button>
            </div>
        </Modal>
    }
}

fn choice(w: &Words, share: &Share, what: What, dispatch: &Callback<Msg>) -> Html {
    let (title, more) = match what {
        What::Everything => (
            t!(w, "share.everything"),
            t!(w, "share.everything.more", moment = &share.moment),
        ),
        What::Files => (t!(w, "share.files"), t!(w, "share.files.more")),
        What::Lesson => {
            let file = share.lesson.clone().unwrap_or_default();
            (
                t!(w, "share.lesson"),
                t!(w, "share.lesson.more", file = file),
            )
        }
    };
    let dispatch = dispatch.clone();
    let onchange = Callback::from(move |_: Event| dispatch.emit(Msg::ShareWhat(what)));
    html! {
        <label>
            <input type="radio" name="share-what" checked={share.what == what} {onchange} />
            <span>{ title }<small>{ more }</small></span>
        </label>
    }
}

fn link(w: &Words, share: &Share) -> Html {
    let files = say!("share.holds.files", n = share.files);
    let holds = match share.what {
        What::Everything => Text::list([files, say!("share.holds.requests", n = share.requests)]),
        What::Files | What::Lesson => files,
    };
    let size = |n: usize| words::bytes(n as i64);
    let most = size(LONGEST_LINK);
    match &share.packed {
        Packed::Underway => {
            html! { <p class="k-share-size" role="status">{ t!(w, "share.underway") }</p> }
        }
        Packed::TooLarge(bytes) => html! {
            <p class="k-share-size" role="status">
                { t!(w, "share.too-large", holds = holds, size = size(*bytes), files = MOST_FILES, most = most) }
            </p>
        },
        Packed::Link(_) => {
            let link: Rc<str> = share.link().unwrap_or_default().into();
            let snippet: Rc<str> = share.snippet().unwrap_or_default().into();
            let missing = share.missing > 0 && share.what == What::Everything;
            html! { <>
                <Copied label={t!(w, "share.link")} text={link.clone()} lines={1} />
                <p class="k-share-size" role="status">
                    { t!(w, "share.size", holds = holds, size = size(link.len()), most = most) }
                    if missing {
                        { " " }{ t!(w, "share.missing") }
                    }
                </p>
                <Copied label={t!(w, "share.embed")} text={snippet} lines={5} />
            </> }
        }
    }
}

#[derive(Properties, PartialEq)]
struct CopiedProps {
    label: AttrValue,
    text: Rc<str>,
    lines: u32,
}

/// Text to be copied: by the button, or by hand where the browser does not allow it.
#[component]
fn Copied(props: &CopiedProps) -> Html {
    let node = use_node_ref();
    let w = use_words();
    let done = use_state(|| None::<Rc<str>>);
    let copied = done.as_ref() == Some(&props.text);
    let onclick = {
        let (text, done, node) = (props.text.clone(), done.clone(), node.clone());
        Callback::from(move |_: MouseEvent| {
            copy(&text);
            if let Some(area) = node.cast::<HtmlTextAreaElement>() {
                area.select();
            }
            done.set(Some(text.clone()));
        })
    };
    let onfocus = Callback::from(|event: FocusEvent| {
        if let Some(area) = event.target_dyn_into::<HtmlTextAreaElement>() {
            area.select();
        }
    });
    html! {
        <div class="k-copied">
            <label>
                <span>{ &props.label }</span>
                <textarea
                    ref={node}
                    readonly={true}
                    rows={props.lines.to_string()}
                    wrap="off"
                    spellcheck="false"
                    value={props.text.to_string()}
                    {onfocus}
                />
            </label>
            <button type="button" class="k-button" aria-label={t!(w, "share.copy.label", what = &*props.label)} {onclick}>
                { if copied { t!(w, "share.copied") } else { t!(w, "share.copy") } }
            </button>
        </div>
    }
}
