//! A bar between two panes, moved by mouse, touch or arrow keys.

use web_sys::HtmlElement;
use yew::prelude::*;

use super::runtime::use_dispatch;
use super::words::{t, use_words};
use crate::app::{Msg, Panes, Splitter};

#[derive(Properties, PartialEq)]
pub struct Props {
    pub of: Splitter,
    pub extent: i32,
    pub label: AttrValue,
}

/// How far an arrow key moves it, in CSS pixels.
const STEP: i32 = 16;

#[component]
pub fn SplitterBar(props: &Props) -> Html {
    let dispatch = use_dispatch();
    let w = use_words();
    let grip = use_mut_ref(|| None::<(i32, i32)>);
    let (of, extent) = (props.of, props.extent);
    // Which way the pane grows when the pointer moves right or down.
    let vertical = !matches!(of, Splitter::Dock | Splitter::Lesson);
    let sign = match of {
        Splitter::Editor | Splitter::Lesson => 1,
        Splitter::Dock | Splitter::Inspector => -1,
    };
    let place = move |event: &PointerEvent| {
        if vertical {
            event.client_x()
        } else {
            event.client_y()
        }
    };
    let onpointerdown = {
        let grip = grip.clone();
        Callback::from(move |event: PointerEvent| {
            if let Some(target) = event.target_dyn_into::<HtmlElement>() {
                let _ = target.set_pointer_capture(event.pointer_id());
                *grip.borrow_mut() = Some((place(&event), extent));
            }
        })
    };
    let onpointermove = {
        let (grip, dispatch) = (grip.clone(), dispatch.clone());
        Callback::from(move |event: PointerEvent| {
            if let Some((from, extent)) = *grip.borrow() {
                dispatch.emit(Msg::Resize(of, extent + sign * (place(&event) - from)));
            }
        })
    };
    let release = Callback::from(move |_: PointerEvent| *grip.borrow_mut() = None);
    // For those who can click, but not drag: the next larger of three sizes, or the smallest.
    let ondblclick = {
        let dispatch = dispatch.clone();
        Callback::from(move |_: MouseEvent| {
            let (least, most) = of.range();
            let sizes = [least, Panes::default().extent(of), most];
            let to = sizes.into_iter().find(|size| *size > extent);
            dispatch.emit(Msg::Resize(of, to.unwrap_or(least)));
        })
    };
    let onkeydown = Callback::from(move |event: KeyboardEvent| {
        let (least, most) = of.range();
        let to = match (event.key().as_str(), vertical) {
            ("ArrowRight", true) | ("ArrowDown", false) => extent + sign * STEP,
            ("ArrowLeft", true) | ("ArrowUp", false) => extent - sign * STEP,
            ("Home", _) => least,
            ("End", _) => most,
            _ => return,
        };
        event.prevent_default();
        dispatch.emit(Msg::Resize(of, to));
    });
    let (least, most) = of.range();
    let (class, orientation) = if vertical {
        ("k-splitter k-splitter--vertical", "vertical")
    } else {
        ("k-splitter k-splitter--horizontal", "horizontal")
    };
    html! {
        <div
            {class}
            role="separator"
            tabindex="0"
            aria-label={props.label.clone()}
            title={t!(w, "splitter.hint")}
            aria-orientation={orientation}
            aria-valuenow={extent.to_string()}
            aria-valuemin={least.to_string()}
            aria-valuemax={most.to_string()}
            {onpointerdown}
            {onpointermove}
            onpointerup={release.clone()}
            onpointercancel={release}
            {onkeydown}
            {ondblclick}
        />
    }
}
