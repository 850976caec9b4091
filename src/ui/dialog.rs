//! A question before something that cannot be undone.

use web_sys::{HtmlDialogElement, HtmlInputElement};
use yew::prelude::*;

use super::runtime::use_dispatch;
use super::words::{t, use_words};
use crate::app::{Msg, Question, Workers};

#[derive(Properties, PartialEq)]
pub struct Props {
    pub question: Option<Question>,
    /// How many worker nodes the next cluster is to have.
    pub workers: Workers,
}

#[component]
pub fn Dialog(props: &Props) -> Html {
    let dispatch = use_dispatch();
    let w = use_words();
    let node = use_node_ref();
    {
        let node = node.clone();
        use_effect_with(props.question, move |question| {
            if let Some(dialog) = node.cast::<HtmlDialogElement>() {
                match question {
                    Some(_) if !dialog.open() => {
                        let _ = dialog.show_modal();
                    }
                    None if dialog.open() => dialog.close(),
                    _ => {}
                }
            }
        });
    }
    let answer = |yes: bool| {
        let dispatch = dispatch.clone();
        Callback::from(move |_: MouseEvent| dispatch.emit(Msg::Answer(yes)))
    };
    let onchange = {
        let dispatch = dispatch.clone();
        Callback::from(move |event: Event| {
            let Some(input) = event.target_dyn_into::<HtmlInputElement>() else {
                return;
            };
            // What is no number is left as it was.
            if let Ok(number) = input.value().trim().parse::<usize>() {
                let workers = Workers::new(number);
                input.set_value(&workers.number().to_string());
                dispatch.emit(Msg::SetWorkers(workers));
            }
        })
    };
    let onclose = {
        let dispatch = dispatch.clone();
        Callback::from(move |_: Event| dispatch.emit(Msg::Answer(false)))
    };
    html! {
        <dialog ref={node} class="k-dialog" aria-labelledby="dialog-title" {onclose}>
            <h2 id="dialog-title">{ t!(w, "dialog.reset.title") }</h2>
            <p>{ t!(w, "dialog.reset.words") }</p>
            <label class="k-dialog-field">
                <span>{ t!(w, "dialog.reset.workers") }</span>
                <input
                    type="number"
                    class="k-input"
                    min="1"
                    max={Workers::MOST.to_string()}
                    value={props.workers.number().to_string()}
                    {onchange}
                />
            </label>
            <div class="k-dialog-actions">
                <button type="button" class="k-button" onclick={answer(false)}>
                    { t!(w, "dialog.reset.keep") }
                </button>
                <button type="button" class="k-button k-button--danger" onclick={answer(true)}>
                    { t!(w, "dialog.reset.go") }
                </button>
            </div>
        </dialog>
    }
}
