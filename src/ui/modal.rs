//! A dialog over the page. It is there while its component is.

use gloo::events::EventListener;
use web_sys::HtmlDialogElement;
use yew::prelude::*;

#[derive(Properties, PartialEq)]
pub struct Props {
    /// Names the dialog's elements.
    pub id: AttrValue,
    pub title: AttrValue,
    /// How wide it is.
    #[prop_or("k-dialog--wide".into())]
    pub class: AttrValue,
    /// Escape, or a browser's own way of leaving it.
    pub close: Callback<()>,
    #[prop_or_default]
    pub children: Html,
}

#[component]
pub fn Modal(props: &Props) -> Html {
    let node = use_node_ref();
    {
        let node = node.clone();
        use_effect_with((), move |()| {
            let dialog = node.cast::<HtmlDialogElement>();
            let waits = dialog.as_ref().and_then(open);
            move || {
                drop(waits);
                // The focus goes back to where it was.
                if let Some(dialog) = dialog {
                    dialog.close();
                }
            }
        });
    }
    let oncancel = {
        let close = props.close.clone();
        Callback::from(move |event: Event| {
            // The page takes it away, not the browser: it has its own reasons to keep it.
            event.prevent_default();
            close.emit(());
        })
    };
    let title = format!("{}-title", props.id);
    html! {
        <dialog ref={node} class={classes!("k-dialog", props.class.to_string())} aria-labelledby={title.clone()} {oncancel}>
            <h2 id={title}>{ props.title.clone() }</h2>
            { props.children.clone() }
        </dialog>
    }
}

/// Opens it, with the focus; where that would take the focus from a page around, only once this frame has it.
fn open(dialog: &HtmlDialogElement) -> Option<EventListener> {
    let window = web_sys::window()?;
    let is_framed = window.parent().ok().flatten().is_some_and(|p| p != window);
    let focus = window.document().and_then(|d| d.has_focus().ok());
    if !is_framed || focus != Some(false) {
        let _ = dialog.show_modal();
        return None;
    }
    dialog.set_open(true);
    let dialog = dialog.clone();
    Some(EventListener::once(&window, "focus", move |_| {
        dialog.set_open(false);
        let _ = dialog.show_modal();
    }))
}
