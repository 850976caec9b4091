//! Many things, one stop for the Tab key: arrow keys lead from one to the next.

use wasm_bindgen::JsCast;
use web_sys::Element;
use yew::prelude::*;

use crate::ui::hooks::focus;

/// What a container of such things needs.
pub struct Roving {
    /// The id at which the Tab key stops.
    pub stop: String,
    pub onfocusin: Callback<FocusEvent>,
    pub onkeydown: Callback<KeyboardEvent>,
}

/// For elements with these ids, in the order of the page.
#[hook]
pub fn use_roving(ids: Vec<String>) -> Roving {
    let last = use_state(|| None::<String>);
    let stop = match &*last {
        Some(id) if ids.contains(id) => id.clone(),
        _ => ids.first().cloned().unwrap_or_default(),
    };
    let onfocusin = {
        let (ids, last) = (ids.clone(), last.setter());
        Callback::from(move |event: FocusEvent| {
            let id = id_of(event.target());
            if ids.contains(&id) {
                last.set(Some(id));
            }
        })
    };
    let onkeydown = Callback::from(move |event: KeyboardEvent| {
        let id = id_of(event.target());
        let Some(at) = ids.iter().position(|i| *i == id) else {
            return;
        };
        let to = match event.key().as_str() {
            "ArrowRight" | "ArrowDown" => at + 1,
            "ArrowLeft" | "ArrowUp" => at.saturating_sub(1),
            "Home" => 0,
            "End" => ids.len() - 1,
            _ => return,
        };
        event.prevent_default();
        if let Some(id) = ids.get(to) {
            focus(id);
        }
    });
    Roving {
        stop,
        onfocusin,
        onkeydown,
    }
}

fn id_of(target: Option<web_sys::EventTarget>) -> String {
    target
        .and_then(|t| t.dyn_into::<Element>().ok())
        .map(|e| e.id())
        .unwrap_or_default()
}
