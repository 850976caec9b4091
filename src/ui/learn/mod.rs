//! The pane of lessons: the list, the lesson that is taken, the one that is written.

mod author;
mod lesson;
mod list;
pub mod load;
mod picture;
mod point;
mod text;

use yew::prelude::*;

use super::hooks::{focus, focused};
use super::icons::{Icon, icon};
use super::runtime::use_dispatch;
use super::words::{t, use_words};
use crate::app::learn::{Act, View};
use crate::app::{Msg, Shared};
use author::AuthorPane;
use lesson::LessonPane;
use list::List;

/// The button of the header that opens the pane.
pub const OPENER: &str = "learn-open";
/// The title of the pane.
const TITLE: &str = "learn-title";

#[derive(Properties, PartialEq)]
pub struct Props {
    pub view: Shared<View>,
}

#[component]
pub fn Learn(props: &Props) -> Html {
    let dispatch = use_dispatch();
    let w = use_words();
    let view = &props.view;
    let is_new = use_mut_ref(|| true);
    let shown = (
        view.lesson.as_ref().map(|lesson| lesson.title.clone()),
        view.author.is_some(),
    );
    use_effect_with(shown, move |_| {
        // What was pressed to come here is gone. Opening the page on a lesson takes the focus from nobody.
        if !is_new.replace(false) && focused().is_none() {
            focus(TITLE);
        }
    });
    let send = |act: Act| {
        let dispatch = dispatch.clone();
        Callback::from(move |_: MouseEvent| dispatch.emit(Msg::Learn(act.clone())))
    };
    let close = |act: Callback<MouseEvent>, words: String| {
        html! {
            <button type="button" class="k-button k-button--quiet" title={words.clone()} aria-label={words} onclick={act}>
                { icon(Icon::Close) }
            </button>
        }
    };
    let (title, closing, body) = if let Some(lesson) = &view.lesson {
        let leave = html! {
            <button
                type="button"
                class="k-button k-button--quiet"
                title={t!(w, "learn.leave.title")}
                onclick={send(Act::Leave)}
            >
                { t!(w, "learn.leave") }
            </button>
        };
        let body = html! { <LessonPane lesson={lesson.clone()} /> };
        (lesson.title.to_string(), leave, body)
    } else if let Some(author) = &view.author {
        let closing = close(send(Act::Write(false)), t!(w, "learn.list"));
        (
            t!(w, "learn.write"),
            closing,
            html! { <AuthorPane view={author.clone()} /> },
        )
    } else {
        let shut = send(Act::Open(false));
        let shut = Callback::from(move |event: MouseEvent| {
            focus(OPENER);
            shut.emit(event);
        });
        let closing = close(shut, t!(w, "learn.close"));
        (
            t!(w, "learn.title"),
            closing,
            html! { <List view={view.clone()} /> },
        )
    };
    html! {
        <section class="k-pane k-pane--learn" aria-label={t!(w, "learn.label")}>
            <div class="k-bar">
                <h2 id={TITLE} class="k-title" tabindex="-1">{ title }</h2>
                { closing }
            </div>
            { body }
        </section>
    }
}
