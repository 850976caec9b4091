//! The terminal in the dock: our own, in the DOM, so that Tab leaves it and screen readers can read it.

mod input;
mod paper;

use yew::prelude::*;

use super::hooks::{focus, has_selected_text};
use super::runtime::use_dispatch;
use super::storage;
use crate::app::terminal::{Act, View};
use crate::app::{Msg, Shared};
use input::CommandLine;
use paper::Paper;

/// The element that is typed into.
const INPUT: &str = "terminal-input";

#[derive(Properties, PartialEq)]
pub struct Props {
    pub view: Shared<View>,
    /// Whether virtual time runs: commands that wait need it.
    pub playing: bool,
}

#[component]
pub fn Terminal(props: &Props) -> Html {
    let dispatch = use_dispatch();
    let view = &props.view;
    use_effect_with(view.history.clone(), |history| {
        if !history.is_empty() {
            storage::keep_typed(history);
        }
    });
    let onclick = Callback::from(|_: MouseEvent| {
        // Whoever marks text to copy it does not want to type.
        if !has_selected_text() {
            focus(INPUT);
        }
    });
    let send = |msg: Msg| {
        let dispatch = dispatch.clone();
        Callback::from(move |event: MouseEvent| {
            event.stop_propagation();
            dispatch.emit(msg.clone());
        })
    };
    let waits = view.running.clone();
    html! {
        <div class="k-terminal" {onclick}>
            <Paper view={view.clone()} />
            if let Some(command) = waits {
                <div class="k-terminal-status">
                    <span class="k-terminal-running" aria-hidden="true" />
                    <span role="status" class="k-terminal-words">
                        { "Running: " }<code>{ first_line(&command) }</code>
                        if view.waiting > 0 {
                            { format!(" ({} waiting)", view.waiting) }
                        }
                        if !props.playing {
                            { ". Time is paused, so nothing more can happen." }
                        }
                    </span>
                    if !props.playing {
                        <button type="button" class="k-button k-button--primary" onclick={send(Msg::Play(true))}>
                            { "Play" }
                        </button>
                    }
                    <button
                        type="button"
                        class="k-button"
                        title="Ctrl+C"
                        onclick={send(Msg::Terminal(Act::Interrupt))}
                    >
                        { "Stop" }
                    </button>
                </div>
            }
            <CommandLine id={INPUT} prompt={view.prompt.to_string()} history={view.history.clone()} busy={view.running.is_some()} />
        </div>
    }
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}
