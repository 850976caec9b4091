//! The schema of the API: a file of its own, loaded when a command asks for it first.

use std::rc::Rc;

use wasm_bindgen::prelude::*;

// Servers may send a `.gz` file as it is, or as compressed content that is unpacked on arrival.
#[wasm_bindgen(inline_js = "
export async function loadSchema() {
  const meta = document.querySelector('meta[name=\"kubarium-schema\"]');
  if (!meta || !meta.content) throw new Error('this page names no schema');
  const response = await fetch(new URL(meta.content, document.baseURI));
  if (!response.ok) throw new Error(`the schema: ${response.status}`);
  const bytes = new Uint8Array(await response.arrayBuffer());
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return new TextDecoder().decode(bytes);
  const unpacked = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
  return new Response(unpacked).text();
}
")]
extern "C" {
    #[wasm_bindgen(js_name = loadSchema, catch)]
    async fn load_schema() -> Result<JsValue, JsValue>;
}

/// The text of the schema; `None` where it cannot be loaded.
pub async fn load() -> Option<Rc<str>> {
    let loaded = load_schema().await.ok()?;
    loaded.as_string().map(Into::into)
}
