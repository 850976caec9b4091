//! What only a browser can do for a page that is shared or embedded.

use std::rc::Rc;

use wasm_bindgen::prelude::*;

use crate::app::address::Address;
use crate::app::embed::LARGEST_MESSAGE;
use crate::app::link::LARGEST_FILE;
use crate::app::link::inflate::store;

// `CompressionStream` is in web-sys only behind a flag of the compiler.
#[wasm_bindgen(inline_js = "
export async function deflateRaw(text) {
  const packed = new Blob([text]).stream().pipeThrough(new CompressionStream('deflate-raw'));
  return new Uint8Array(await new Response(packed).arrayBuffer());
}
export function saveFile(name, text) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text], { type: 'application/json' }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
export async function textOfFile(input, most) {
  const file = input.files && input.files[0];
  input.value = '';
  if (!file) return undefined;
  return file.size > most ? '' : file.text();
}
export function dropHash() {
  try {
    history.replaceState(history.state, '', location.pathname + location.search);
  } catch {}
}
export function hearMessages(most, heard) {
  if (window.parent === window) return;
  addEventListener('message', (event) => {
    if (event.source !== window.parent || typeof event.data !== 'object') return;
    if (!event.data || event.data.kubarium === undefined) return;
    let text;
    try {
      text = JSON.stringify(event.data);
    } catch {
      return;
    }
    heard(text.slice(0, most + 1));
  });
}
export function tellParent(text) {
  if (window.parent !== window) window.parent.postMessage(JSON.parse(text), '*');
}
")]
extern "C" {
    #[wasm_bindgen(js_name = deflateRaw, catch)]
    async fn deflate_raw(text: &str) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(js_name = saveFile)]
    pub fn save_file(name: &str, text: &str);

    #[wasm_bindgen(js_name = textOfFile, catch)]
    async fn text_of_file(input: &JsValue, most: f64) -> Result<JsValue, JsValue>;

    /// Takes the hash out of the address, without a step in the browser's history.
    #[wasm_bindgen(js_name = dropHash)]
    pub fn drop_hash();

    #[wasm_bindgen(js_name = hearMessages)]
    fn hear_messages(most: f64, heard: &JsValue);

    /// Tells the page around, whoever it is: nothing that is told is a secret.
    #[wasm_bindgen(js_name = tellParent, catch)]
    fn tell_parent(text: &str) -> Result<(), JsValue>;
}

/// The address of the page, read.
pub fn address() -> Address {
    let location = web_sys::window().map(|w| w.location());
    let part = |read: fn(&web_sys::Location) -> Result<String, JsValue>| {
        location
            .as_ref()
            .and_then(|l| read(l).ok())
            .unwrap_or_default()
    };
    Address::read(
        &part(web_sys::Location::search),
        &part(web_sys::Location::hash),
    )
}

/// Where the page is, without query and hash.
pub fn page() -> String {
    let href = web_sys::window().and_then(|w| w.location().href().ok());
    let href = href.unwrap_or_default();
    href.split(['?', '#']).next().unwrap_or_default().to_owned()
}

/// Packs text as a raw DEFLATE stream; a browser that cannot gets one that packs nothing.
pub async fn deflate(text: &str) -> Rc<[u8]> {
    match deflate_raw(text).await {
        Ok(packed) => js_sys::Uint8Array::new(&packed).to_vec().into(),
        Err(_) => store(text.as_bytes()).into(),
    }
}

/// The text of the file that was chosen; empty text for one that is too large.
pub async fn chosen_file(input: &web_sys::HtmlInputElement) -> Option<String> {
    let text = text_of_file(input, LARGEST_FILE as f64).await.ok()?;
    text.as_string()
}

/// Hears what the page around says, for as long as this page lives. Others are not heard.
pub fn hear(heard: impl FnMut(String) + 'static) {
    let closure = Closure::<dyn FnMut(String)>::new(heard);
    hear_messages(LARGEST_MESSAGE as f64, closure.as_ref());
    closure.forget();
}

pub fn tell(text: &str) {
    let _ = tell_parent(text);
}
