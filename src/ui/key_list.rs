//! The keys of the page, and the switch that turns those off that are a single character: who speaks to the
//! computer, or holds down keys by accident, would set them off (WCAG 2.2, success criterion 2.1.4).

use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::modal::Modal;
use super::runtime::use_dispatch;
use super::words::{t, use_words};
use crate::app::{Msg, Text, say};

#[derive(Properties, PartialEq)]
pub struct Props {
    /// Keys without Ctrl or Alt mean something.
    pub single: bool,
    /// Time can be ruled.
    pub simulated: bool,
}

#[component]
pub fn KeyList(props: &Props) -> Html {
    let dispatch = use_dispatch();
    let w = use_words();
    let close = {
        let dispatch = dispatch.clone();
        Callback::from(move |()| dispatch.emit(Msg::ShowKeys(false)))
    };
    let leave = {
        let close = close.clone();
        Callback::from(move |_: MouseEvent| close.emit(()))
    };
    let onchange = Callback::from(move |event: Event| {
        if let Some(input) = event.target_dyn_into::<HtmlInputElement>() {
            dispatch.emit(Msg::SingleKeys(input.checked()));
        }
    });
    let list = |keys: &[(&'static str, Text)]| {
        html! {
            <dl class="k-key-list">
                { for keys.iter().map(|(keys, what)| html! { <>
                    <dt translate="no">{ for keys.split(' ').map(|key| html! { <kbd>{ key }</kbd> }) }</dt>
                    <dd>{ w.say(what) }</dd>
                </> }) }
            </dl>
        }
    };
    let group = |title: Text, keys: &[(&'static str, Text)]| {
        html! { <section><h3>{ w.say(&title) }</h3>{ list(keys) }</section> }
    };
    html! {
        <Modal id="keys" class="k-export k-keys" title={t!(w, "keys.title")} {close}>
            <div class="k-key-groups">
                { group(say!("keys.everywhere"), &[
                    ("Ctrl+Enter ⌘+Enter", say!("keys.apply")),
                    ("Esc", say!("keys.deselect")),
                ]) }
                if props.simulated {
                    <section>
                        <h3>{ t!(w, "keys.single") }</h3>
                        <label>
                            <input type="checkbox" checked={props.single} {onchange} />
                            { " " }{ t!(w, "keys.single.switch") }
                        </label>
                        { list(&[
                            ("Space K", say!("keys.play")),
                            (".", say!("keys.step")),
                            ("< >", say!("keys.speed")),
                            ("?", say!("keys.list")),
                        ]) }
                    </section>
                }
                { group(say!("keys.stage"), &[
                    ("← ↑ → ↓", say!("keys.tiles")),
                    ("Enter", say!("keys.select")),
                ]) }
                if props.simulated {
                    { group(say!("keys.time"), &[
                        ("← →", say!("keys.second")),
                        ("PgUp PgDn", say!("keys.leap")),
                        ("Home End", say!("keys.ends")),
                    ]) }
                }
                { group(say!("keys.terminal"), &[
                    ("Tab", say!("keys.complete")),
                    ("↑ ↓", say!("keys.history")),
                    ("Ctrl+R", say!("keys.search")),
                    ("Ctrl+C", say!("keys.interrupt")),
                    ("Ctrl+D", say!("keys.end")),
                    ("Ctrl+Shift+C", say!("keys.copy")),
                    ("Ctrl+L", say!("keys.clear")),
                    ("Shift+Enter", say!("keys.line")),
                ]) }
                { group(say!("keys.editor"), &[
                    ("Ctrl+Space", say!("keys.suggest")),
                    ("Ctrl+F ⌘+F", say!("keys.find")),
                    ("Ctrl+] Ctrl+[", say!("keys.indent")),
                ]) }
            </div>
            <div class="k-dialog-actions">
                <button type="button" class="k-button" onclick={leave}>{ t!(w, "export.close") }</button>
            </div>
        </Modal>
    }
}
