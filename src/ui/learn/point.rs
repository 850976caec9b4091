//! Outlines a place of the page, or an object in it, for a moment.

use gloo::timers::callback::Timeout;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, ScrollIntoViewOptions, ScrollLogicalPosition};

use crate::app::learn::{Place, Pointed};

/// The style sheet lets the outline go by itself.
const MARK: &str = "data-pointed";
/// A view that was not shown before may need a moment for its objects.
const PAUSE: u32 = 250;

/// Outlines it, and again once everything stands where it belongs.
pub fn outline(pointed: &Pointed) -> Option<Timeout> {
    if mark(pointed) {
        return None;
    }
    let pointed = pointed.clone();
    Some(Timeout::new(PAUSE, move || {
        mark(&pointed);
    }))
}

/// Tells whether what is meant was found, and not only the place where it would be.
fn mark(pointed: &Pointed) -> bool {
    let Some(document) = web_sys::window().and_then(|w| w.document()) else {
        return true;
    };
    let find = |selector: &str| document.query_selector(selector).ok().flatten();
    if let Some(old) = find(&format!("[{MARK}]")) {
        let _ = old.remove_attribute(MARK);
    }
    let region = match pointed.place {
        Place::View(_) => "#stage-panel",
        Place::ControlPlane => ".k-strip",
        Place::Editor => ".k-pane--editor",
        Place::Dock(_) => ".k-pane--dock",
    };
    let object = pointed
        .uid
        .as_ref()
        .and_then(|uid| find(&format!("#stage-panel [id$=\"-{uid}\"]")));
    let found = object.is_some() || pointed.uid.is_none();
    let Some(element) = object.or_else(|| find(region)) else {
        return false;
    };
    let options = ScrollIntoViewOptions::new();
    options.set_block(ScrollLogicalPosition::Nearest);
    options.set_inline(ScrollLogicalPosition::Nearest);
    element.scroll_into_view_with_scroll_into_view_options(&options);
    let _ = element.set_attribute(MARK, "");
    // Where the lesson has made room, the focus goes along.
    let lesson = find(".k-pane--learn").and_then(|e| e.dyn_into::<HtmlElement>().ok());
    if lesson.is_some_and(|lesson| lesson.client_width() == 0) {
        focus_in(&element);
    }
    found
}

fn focus_in(element: &Element) {
    const TAKE_FOCUS: [&str; 4] = ["button", "input", "textarea", "[tabindex='0']"];
    let takes = TAKE_FOCUS
        .iter()
        .any(|s| element.matches(s).unwrap_or_default());
    let inner = TAKE_FOCUS
        .iter()
        .find_map(|s| element.query_selector(s).ok().flatten());
    let target = inner.filter(|_| !takes).unwrap_or_else(|| element.clone());
    if let Ok(target) = target.dyn_into::<HtmlElement>() {
        let _ = target.focus();
    }
}
