//! Files that are dropped on the page, pasted into it, or chosen: reads them and hands them over. What is
//! taken and what is not is decided in `app::bring`.

use std::rc::Rc;

use gloo::events::{EventListener, EventListenerOptions};
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::*;
use web_sys::{ClipboardEvent, DataTransfer, Element, HtmlInputElement};
use yew::platform::spawn_local;
use yew::prelude::*;

use super::icons::{Icon, icon};
use super::runtime::use_dispatch;
use super::words::{t, use_words};
use crate::app::bring::{self, Found, Parcel, Refused};
use crate::app::{Msg, say};

// Folders are behind an interface that web-sys has only callbacks for.
#[wasm_bindgen(inline_js = "
const MOST = 5000;
export function holdsFiles(transfer) {
  return [...(transfer?.types ?? [])].includes('Files');
}
async function walk(entry, path, found) {
  if (found.length >= MOST * 3) return;
  if (entry.isFile) {
    const file = await new Promise((done) => entry.file(done, () => done(null)));
    if (file) found.push(path + entry.name, file.size, file);
    return;
  }
  if (entry.name.startsWith('.') || entry.name === 'node_modules') return;
  const reader = entry.createReader();
  const inside = [];
  for (;;) {
    const some = await new Promise((done) => reader.readEntries(done, () => done([])));
    if (some.length === 0) break;
    inside.push(...some);
  }
  // The disk has an order of its own; `kubectl apply -R` goes by name, too.
  inside.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const one of inside) await walk(one, `${path}${entry.name}/`, found);
}
export async function filesOfTransfer(transfer) {
  const found = [];
  const items = [...transfer.items].filter((item) => item.kind === 'file');
  // Asked for now: when the event is over they are gone.
  const entries = items.map((item) => item.webkitGetAsEntry?.() ?? item.getAsFile());
  for (const entry of entries) {
    if (entry instanceof File) found.push(entry.name, entry.size, entry);
    else if (entry) await walk(entry, '', found);
  }
  return found;
}
export function filesOfInput(input) {
  const found = [...(input.files ?? [])].flatMap((file) => [file.name, file.size, file]);
  input.value = '';
  return found;
}
export async function bytesOf(file) {
  return new Uint8Array(await file.arrayBuffer());
}
")]
extern "C" {
    #[wasm_bindgen(js_name = holdsFiles)]
    fn holds_files(transfer: Option<DataTransfer>) -> bool;
    #[wasm_bindgen(js_name = filesOfTransfer, catch)]
    async fn files_of_transfer(transfer: &DataTransfer) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(js_name = filesOfInput)]
    fn files_of_input(input: &HtmlInputElement) -> js_sys::Array;
    #[wasm_bindgen(js_name = bytesOf, catch)]
    async fn bytes_of(file: &JsValue) -> Result<JsValue, JsValue>;
}

/// Reads what is wanted of a list of paths, sizes and files, one after the other.
async fn read(list: js_sys::Array) -> Parcel {
    let mut found = Vec::new();
    let mut handles = Vec::new();
    let mut rest = list.iter();
    while let (Some(path), Some(size), Some(file)) = (rest.next(), rest.next(), rest.next()) {
        found.push(Found {
            path: path.as_string().unwrap_or_default().into(),
            size: size.as_f64().unwrap_or_default() as u64,
        });
        handles.push(file);
    }
    let sifted = bring::sift(&found);
    let mut parcel = Parcel {
        files: Vec::new(),
        refused: sifted.refused,
        skipped: sifted.skipped,
    };
    for i in sifted.read {
        let (Some(found), Some(file)) = (found.get(i), handles.get(i)) else {
            continue;
        };
        let content = bytes_of(file).await.ok();
        match content.and_then(|bytes| bytes.dyn_into::<js_sys::Uint8Array>().ok()) {
            Some(bytes) => parcel
                .files
                .push((found.path.clone(), bytes.to_vec().into())),
            None => parcel.refused.push(Refused {
                name: found.path.clone(),
                why: say!("bring.unreadable"),
            }),
        }
    }
    parcel
}

fn hand_over(list: js_sys::Array, dispatch: Callback<Msg>) {
    spawn_local(async move {
        let parcel = read(list).await;
        if parcel != Parcel::default() {
            dispatch.emit(Msg::Bring(parcel));
        }
    });
}

fn take_transfer(transfer: DataTransfer, dispatch: Callback<Msg>) {
    spawn_local(async move {
        let found = files_of_transfer(&transfer).await.ok();
        if let Some(list) = found.and_then(|list| list.dyn_into::<js_sys::Array>().ok()) {
            hand_over(list, dispatch);
        }
    });
}

/// Takes what is dropped anywhere on the page, and what is pasted where nothing else takes it. Shows
/// where to drop while something is held over the page.
#[component]
pub fn DropTarget() -> Html {
    let dispatch = use_dispatch();
    let w = use_words();
    let over = use_state(|| false);
    {
        let over = over.setter();
        use_effect_with((), move |()| {
            let listeners = listen(dispatch, over);
            move || drop(listeners)
        });
    }
    if !*over {
        return Html::default();
    }
    html! {
        <div class="k-drop" aria-hidden="true">
            <p>{ icon(Icon::Open) }{ t!(w, "bring.drop") }</p>
            <p class="k-drop-more">{ t!(w, "bring.drop.more") }</p>
        </div>
    }
}

fn listen(dispatch: Callback<Msg>, over: UseStateSetter<bool>) -> Vec<EventListener> {
    let Some(window) = web_sys::window() else {
        return Vec::new();
    };
    // Before the editor, which would write the text of a file where it was dropped.
    let first = EventListenerOptions {
        phase: gloo::events::EventListenerPhase::Capture,
        passive: false,
    };
    let on = |name: &'static str, act: Box<dyn Fn(&DragEvent)>| {
        EventListener::new_with_options(&window, name, first, move |event| {
            if let Some(event) = event.dyn_ref::<DragEvent>()
                && holds_files(event.data_transfer())
            {
                event.prevent_default();
                event.stop_propagation();
                act(event);
            }
        })
    };
    let (enter, stay, leave, done) = (over.clone(), over.clone(), over.clone(), over);
    let dropped = dispatch.clone();
    vec![
        on("dragenter", Box::new(move |_| enter.set(true))),
        on("dragover", Box::new(move |_| stay.set(true))),
        on(
            "dragleave",
            // Out of the window, not from one element to the next.
            Box::new(move |event| {
                if event.related_target().is_none() {
                    leave.set(false);
                }
            }),
        ),
        on(
            "drop",
            Box::new(move |event| {
                done.set(false);
                if let Some(transfer) = event.data_transfer() {
                    take_transfer(transfer, dropped.clone());
                }
            }),
        ),
        EventListener::new_with_options(
            &window,
            "paste",
            EventListenerOptions::enable_prevent_default(),
            move |event| {
                if let Some(event) = event.dyn_ref::<ClipboardEvent>() {
                    paste(event, &dispatch);
                }
            },
        ),
    ]
}

fn paste(event: &ClipboardEvent, dispatch: &Callback<Msg>) {
    let target = event.target().and_then(|t| t.dyn_into::<Element>().ok());
    let taken = target.is_some_and(|element| {
        let fields = "input, textarea, dialog, [contenteditable=''], [contenteditable='true'], \
                      [role='textbox']";
        element.closest(fields).ok().flatten().is_some()
    });
    let Some(transfer) = event
        .clipboard_data()
        .filter(|_| !taken && !event.default_prevented())
    else {
        return;
    };
    if holds_files(Some(transfer.clone())) {
        event.prevent_default();
        take_transfer(transfer, dispatch.clone());
        return;
    }
    let text = transfer.get_data("text").unwrap_or_default();
    if bring::looks_like_manifests(&text) {
        event.prevent_default();
        dispatch.emit(Msg::Bring(Parcel {
            files: vec![("".into(), Rc::from(text.as_bytes()))],
            ..Parcel::default()
        }));
    }
}

/// Opens the browser's own dialog to choose files.
#[component]
pub fn OpenFiles() -> Html {
    let dispatch = use_dispatch();
    let w = use_words();
    let node = use_node_ref();
    let onclick = {
        let node = node.clone();
        Callback::from(move |_: MouseEvent| {
            if let Some(input) = node.cast::<HtmlInputElement>() {
                input.click();
            }
        })
    };
    let onchange = Callback::from(move |event: Event| {
        if let Some(input) = event.target_dyn_into::<HtmlInputElement>() {
            hand_over(files_of_input(&input), dispatch.clone());
        }
    });
    html! { <>
        <button
            type="button"
            class="k-button k-button--quiet"
            aria-label={t!(w, "bring.open")}
            title={t!(w, "bring.open.title")}
            {onclick}
        >
            { icon(Icon::Open) }
        </button>
        <input ref={node} type="file" hidden=true multiple=true accept=".yaml,.yml,.json,.txt" {onchange} />
    </> }
}
