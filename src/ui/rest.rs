//! The second file of the page's wasm, which follows the first picture
//! (docs/adr/0007-the-page-comes-in-two-files.md).
//!
//! `kubarium-split` finds the import `loadRest` by its name, and has it called wherever a function of the
//! second file is called before that is there.

use wasm_bindgen::prelude::*;

#[wasm_bindgen(module = "/src/ui/rest.js")]
extern "C" {
    #[wasm_bindgen(js_name = loadRest)]
    fn load_rest(now: bool);

    #[wasm_bindgen(js_name = shareWithRest)]
    fn share_with_rest(exports: &JsValue);
}

/// Begins to load it, behind what the page does.
pub fn begin() {
    share_with_rest(&wasm_bindgen::exports());
    load_rest(false);
}
