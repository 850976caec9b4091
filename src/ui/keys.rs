//! Keys that work wherever the focus is, unless something has a better use for them.

use gloo::events::{EventListener, EventListenerOptions};
use wasm_bindgen::JsCast;
use web_sys::Element;
use yew::prelude::*;

use super::runtime::Runtime;
use crate::app::Msg;

/// Listens for as long as the returned listener lives.
pub fn listen(runtime: Runtime) -> Option<EventListener> {
    let window = web_sys::window()?;
    Some(EventListener::new_with_options(
        &window,
        "keydown",
        EventListenerOptions::enable_prevent_default(),
        move |event| {
            let Some(event) = event.dyn_ref::<KeyboardEvent>() else {
                return;
            };
            if let Some(msg) = meaning(event, &runtime) {
                event.prevent_default();
                runtime.dispatch(msg);
            }
        },
    ))
}

fn meaning(event: &KeyboardEvent, runtime: &Runtime) -> Option<Msg> {
    if event.default_prevented() {
        return None;
    }
    if event.key() == "Enter" && (event.ctrl_key() || event.meta_key()) {
        return Some(Msg::Apply);
    }
    let model = runtime.model();
    // In a dialog, Escape is for the dialog.
    if event.key() == "Escape" && model.selection.is_some() && !is_in(event, "dialog") {
        return Some(Msg::Deselect);
    }
    let combined = event.ctrl_key() || event.meta_key() || event.alt_key();
    if combined || !model.single_keys || is_taken(event) {
        return None;
    }
    match event.key().as_str() {
        "?" => Some(Msg::ShowKeys(true)),
        " " | "k" => Some(Msg::TogglePlay),
        "." => Some(Msg::Step),
        "<" => Some(Msg::SetSpeed(model.transport.speed.slower())),
        ">" => Some(Msg::SetSpeed(model.transport.speed.faster())),
        _ => None,
    }
}

/// Whether the focus is on something that takes keys itself.
fn is_taken(event: &KeyboardEvent) -> bool {
    is_in(
        event,
        "input, textarea, select, button, a, dialog, [contenteditable=''], \
         [contenteditable='true'], [role='slider'], [role='textbox']",
    )
}

fn is_in(event: &KeyboardEvent, selector: &str) -> bool {
    let target = event.target().and_then(|t| t.dyn_into::<Element>().ok());
    target.is_some_and(|element| element.closest(selector).ok().flatten().is_some())
}
