//! Small bridges to what the browser tells.

use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{HtmlElement, ResizeObserver};
use yew::prelude::*;

use crate::app::layout::Size;

/// Tells the inner extent of an element whenever it changes.
#[hook]
pub fn use_size(node: &NodeRef, tell: Callback<Size>) {
    let node = node.clone();
    use_effect_with((), move |()| {
        let element = node.cast::<HtmlElement>();
        let measured = element.clone();
        let closure = Closure::<dyn FnMut()>::new(move || {
            if let Some(element) = &measured {
                let (w, h) = (element.client_width(), element.client_height());
                // A pane that is not shown has no extent worth knowing.
                if w > 0 && h > 0 {
                    tell.emit(Size { w, h });
                }
            }
        });
        let observer = ResizeObserver::new(closure.as_ref().unchecked_ref()).ok();
        if let (Some(observer), Some(element)) = (&observer, &element) {
            observer.observe(element);
        }
        move || {
            if let Some(observer) = observer {
                observer.disconnect();
            }
            drop(closure);
        }
    });
}

/// Gives the focus to the element with this id.
pub fn focus(id: &str) {
    let element = web_sys::window()
        .and_then(|w| w.document())
        .and_then(|d| d.get_element_by_id(id))
        .and_then(|e| e.dyn_into::<HtmlElement>().ok());
    if let Some(element) = element {
        let _ = element.focus();
    }
}

/// Scrolls the row in which the element with this id stands until all of it is in sight. Nothing around the row moves, as
/// it would by the browser's own means: an embed must not scroll the page that it stands in.
pub fn show_in_row(id: &str) {
    let element = web_sys::window()
        .and_then(|w| w.document())
        .and_then(|d| d.get_element_by_id(id));
    let Some((element, row)) = element.and_then(|e| e.parent_element().map(|row| (e, row))) else {
        return;
    };
    let (element, frame) = (
        element.get_bounding_client_rect(),
        row.get_bounding_client_rect(),
    );
    let over = (element.right() - frame.right()).max(0.0);
    let by = over.min(element.left() - frame.left());
    row.set_scroll_left(row.scroll_left() + by.round() as i32);
}

/// What has the focus, unless it is the page itself.
pub fn focused() -> Option<HtmlElement> {
    let document = web_sys::window()?.document()?;
    let active = document.active_element()?.dyn_into::<HtmlElement>().ok()?;
    (active.tag_name() != "BODY").then_some(active)
}

/// Gives the focus back to an element, if nothing has taken it meanwhile but what is about to go.
pub fn focus_unless_elsewhere(element: &HtmlElement, going: &str) {
    let elsewhere = focused().is_some_and(|it| !matches!(it.closest(going), Ok(Some(_))));
    if !elsewhere && element.is_connected() {
        let _ = element.focus();
    }
}

/// Whether the person has asked for reduced motion.
pub fn prefers_stillness() -> bool {
    web_sys::window()
        .and_then(|w| w.match_media("(prefers-reduced-motion: reduce)").ok()?)
        .is_some_and(|query| query.matches())
}

/// Puts text on the clipboard, where the browser allows it.
pub fn copy(text: &str) {
    if let Some(window) = web_sys::window() {
        // Pages that did not come over HTTPS have none.
        let clipboard = window.navigator().clipboard();
        if !AsRef::<wasm_bindgen::JsValue>::as_ref(&clipboard).is_undefined() {
            let _ = clipboard.write_text(text);
        }
    }
}

/// The text that is marked, in the page or in the field that has the focus.
pub fn selected_text() -> String {
    let Some(window) = web_sys::window() else {
        return String::new();
    };
    // Where the focus is in a field, the selection of the page is that of the field.
    let selection = window.get_selection().ok().flatten();
    selection.map_or_else(String::new, |s| String::from(s.to_string()))
}

/// Whether text of the page is marked.
pub fn has_selected_text() -> bool {
    web_sys::window()
        .and_then(|w| w.get_selection().ok().flatten())
        .is_some_and(|s| !s.is_collapsed())
}
