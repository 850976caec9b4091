//! The terminal in the dock: our own, in the DOM, so that Tab leaves it and screen readers can read it.

mod aloud;
mod input;
mod paper;

use yew::prelude::*;

use super::hooks::{copy, focus, has_selected_text, selected_text};
use super::runtime::use_dispatch;
use super::storage;
use super::words::{t, use_words};
use crate::app::terminal::{Act, View};
use crate::app::{Msg, Shared, Text, Typing, Words, say};
use aloud::Aloud;
use input::CommandLine;
use paper::Paper;

/// The element that is typed into.
const INPUT: &str = "terminal-input";

#[derive(Properties, PartialEq)]
pub struct Props {
    pub view: Shared<View>,
    /// Whether virtual time runs: commands that wait need it.
    pub playing: bool,
    #[prop_or_default]
    pub typing: Option<Typing>,
    #[prop_or_default]
    pub readonly: bool,
}

#[component]
pub fn Terminal(props: &Props) -> Html {
    let dispatch = use_dispatch();
    let w = use_words();
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
    let onkeydown = {
        let (dispatch, busy, types) = (dispatch.clone(), waits.is_some(), !props.readonly);
        Callback::from(move |event: KeyboardEvent| on_key(&event, busy, types, &dispatch))
    };
    html! {
        <div class="k-terminal" {onclick} {onkeydown}>
            <Paper view={view.clone()} />
            <Aloud view={view.clone()} />
            if let Some(file) = &view.editing {
                <div class="k-terminal-status">
                    <span role="status" class="k-terminal-words">
                        { with_code(&w, &say!("terminal.editing", file = SLOT), &[file]) }
                    </span>
                    <button
                        type="button"
                        class="k-button k-button--primary"
                        onclick={send(Msg::Terminal(Act::EndEdit(true)))}
                    >
                        { t!(w, "terminal.save") }
                    </button>
                    <button type="button" class="k-button" onclick={send(Msg::Terminal(Act::EndEdit(false)))}>
                        { t!(w, "terminal.discard") }
                    </button>
                </div>
            } else if let Some(command) = waits {
                <div class="k-terminal-status">
                    <span class="k-terminal-running" aria-hidden="true" />
                    <span role="status" class="k-terminal-words">
                        { with_code(&w, &say!("terminal.running", command = SLOT), &[&first_line(&command)]) }
                        if view.waiting > 0 {
                            { " " }{ t!(w, "terminal.waiting", n = view.waiting) }
                        }
                        if !props.playing {
                            { t!(w, "terminal.paused") }
                        }
                    </span>
                    if !props.playing {
                        <button type="button" class="k-button k-button--primary" onclick={send(Msg::Play(true))}>
                            { t!(w, "terminal.play") }
                        </button>
                    }
                    <button
                        type="button"
                        class="k-button"
                        title="Ctrl+C"
                        onclick={send(Msg::Terminal(Act::Interrupt))}
                    >
                        { t!(w, "terminal.stop") }
                    </button>
                </div>
            }
            if !props.readonly {
                <CommandLine
                    id={INPUT}
                    prompt={view.prompt.to_string()}
                    history={view.history.clone()}
                    busy={view.running.is_some()}
                    typing={props.typing.clone()}
                    exit_code={view.exit_code}
                />
            }
        </div>
    }
}

/// The keys of the terminal as a whole: copying as terminals do it, Ctrl+C wherever the focus is, and
/// typing while the paper has it.
fn on_key(event: &KeyboardEvent, busy: bool, types: bool, dispatch: &Callback<Msg>) {
    let key = event.key();
    let control = event.ctrl_key() && !event.alt_key() && !event.meta_key();
    if control && event.shift_key() && key.eq_ignore_ascii_case("c") {
        // Never an interrupt, whether something is marked or not.
        event.prevent_default();
        let text = selected_text();
        if !text.is_empty() {
            copy(&text);
        }
        return;
    }
    let on_paper = event
        .target_dyn_into::<web_sys::Element>()
        .is_some_and(|element| element.matches(".k-paper").unwrap_or(false));
    if !on_paper || !types {
        return;
    }
    if control && key == "c" && busy && !has_selected_text() {
        event.prevent_default();
        dispatch.emit(Msg::Terminal(Act::Interrupt));
    } else if !event.ctrl_key()
        && !event.alt_key()
        && !event.meta_key()
        && !event.is_composing()
        && key.chars().count() == 1
        && key.chars().all(char::is_alphanumeric)
    {
        // The key itself goes to what has the focus then, and means nothing else.
        event.stop_propagation();
        focus(INPUT);
    }
}

/// Stands where code goes in a message.
const SLOT: &str = "\u{fffc}";

/// A message whose slots are filled with pieces of code, one after the other.
fn with_code(words: &Words, message: &Text, code: &[&str]) -> Html {
    let said = words.say(message);
    let mut code = code.iter();
    html! {
        { for said.split(SLOT).enumerate().map(|(i, part)| html! {
            <>
                { for (i > 0).then(|| html! { <code>{ code.next().copied().unwrap_or_default() }</code> }) }
                { part }
            </>
        }) }
    }
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}
