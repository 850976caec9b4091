//! The page in the browser: Yew components over what `app` says.
//!
//! Nothing is decided here. Components draw parts of the model and dispatch messages; [`runtime`]
//! holds the app, drives its frames and does what only a browser can do.

mod bring;
mod browser;
mod dialog;
mod dock;
mod editor;
mod embed;
mod export;
mod header;
mod hooks;
mod icons;
mod inspector;
mod key_list;
mod keys;
mod learn;
mod modal;
mod notices;
mod offer;
mod page;
mod real;
mod rest;
mod runtime;
mod schema;
mod share;
mod splitter;
mod stage;
mod storage;
mod tabs;
mod terminal;
mod transport;
mod words;

/// Puts the page into the element that waits for it, once the words of its language are there.
pub fn mount() {
    rest::begin();
    yew::platform::spawn_local(async {
        let words = words::first().await;
        let root = gloo_document().and_then(|d| d.get_element_by_id("kubarium"));
        let props = page::Props {
            words,
            found: real::find().await,
        };
        match root {
            Some(root) => {
                root.set_inner_html("");
                yew::Renderer::<page::Page>::with_root_and_props(root, props).render();
            }
            None => {
                yew::Renderer::<page::Page>::with_props(props).render();
            }
        }
    });
}

fn gloo_document() -> Option<web_sys::Document> {
    web_sys::window()?.document()
}
