//! The list of lessons.

use yew::prelude::*;

use crate::app::learn::{Act, Entry, View};
use crate::app::{Msg, Shared};
use crate::ui::icons::{Icon, icon};
use crate::ui::runtime::use_dispatch;
use crate::ui::words::{t, use_words};

#[derive(Properties, PartialEq)]
pub struct Props {
    pub view: Shared<View>,
}

#[component]
pub fn List(props: &Props) -> Html {
    let dispatch = use_dispatch();
    let w = use_words();
    let view = &props.view;
    let row = |entry: &Entry| {
        let act = Act::Start(entry.name.clone());
        let dispatch = dispatch.clone();
        let onclick = Callback::from(move |_: MouseEvent| dispatch.emit(Msg::Learn(act.clone())));
        let is_awaited = view.awaited.as_ref() == Some(&entry.name);
        let state = match (entry.done, entry.step) {
            _ if is_awaited => t!(w, "learn.opening"),
            (true, _) => t!(w, "learn.done"),
            (false, 0) => String::new(),
            (false, step) if entry.steps > 0 => {
                t!(w, "learn.step", step = step, steps = entry.steps)
            }
            (false, _) => String::new(),
        };
        html! {
            <li key={entry.name.to_string()}>
                <button type="button" class="k-lesson-row" {onclick}>
                    <span class="k-lesson-mark" data-done={entry.done.to_string()} aria-hidden="true">
                        if entry.done { { icon(Icon::Right) } }
                    </span>
                    <span class="k-lesson-name">{ &*entry.title }</span>
                    <span class="k-lesson-facts">
                        if !state.is_empty() { <span>{ state }</span> }
                        if entry.minutes > 0 { <span>{ t!(w, "time.min", n = entry.minutes) }</span> }
                    </span>
                    <span class="k-lesson-summary">{ &*entry.summary }</span>
                </button>
            </li>
        }
    };
    let send = |act: Act| {
        let dispatch = dispatch.clone();
        Callback::from(move |_: MouseEvent| dispatch.emit(Msg::Learn(act.clone())))
    };
    html! {
        <div class="k-learn-body">
            <p class="k-soft">
                { t!(w, "learn.kept") }
            </p>
            if let Some(failure) = &view.failure {
                <p class="k-warning" role="status">{ t!(w, "learn.failure") }{ " " }{ &**failure }</p>
                <button type="button" class="k-button" onclick={send(Act::Open(true))}>{ t!(w, "learn.again") }</button>
            }
            if view.loading { <p role="status">{ t!(w, "learn.loading") }</p> }
            { for view.chapters.iter().map(|chapter| html! {
                <section class="k-chapter">
                    <h3>{ &*chapter.title }</h3>
                    <ol>{ for chapter.lessons.iter().map(row) }</ol>
                </section>
            }) }
            if !view.applied.is_empty() {
                <section class="k-chapter">
                    <h3>{ t!(w, "learn.applied") }</h3>
                    <ol>{ for view.applied.iter().map(row) }</ol>
                </section>
            }
            <p class="k-learn-actions">
                <button type="button" class="k-button" onclick={send(Act::Write(true))}>
                    { icon(Icon::Pencil) }
                    <span>{ t!(w, "learn.write") }</span>
                </button>
            </p>
        </div>
    }
}
