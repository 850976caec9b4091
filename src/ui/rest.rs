//! The second file of the page's wasm, which follows the first picture
//! (docs/adr/0007-the-page-comes-in-two-files.md).
//!
//! `kubarium-split` finds the import `loadRest` by its name, and has it called wherever a function of the
//! second file is called before that is there.

use wasm_bindgen::prelude::*;

use super::words::t;
use crate::app::Words;

#[wasm_bindgen(module = "/src/ui/rest.js")]
extern "C" {
    #[wasm_bindgen(js_name = loadRest)]
    fn load_rest(now: bool);

    #[wasm_bindgen(js_name = shareWithRest)]
    fn share_with_rest(exports: &JsValue);

    #[wasm_bindgen(js_name = speakOfRest)]
    fn speak_of_rest(later: &str, gone: &str, reload: &str);
}

/// Lets it say in the language of the page that it cannot be had.
pub fn speak(w: &Words) {
    // The page fills the reason in when there is one.
    speak_of_rest(
        &t!(w, "rest.later", reason = "{reason}"),
        &t!(w, "rest.gone", reason = "{reason}"),
        &t!(w, "rest.reload"),
    );
}

/// Begins to load it, behind what the page does.
pub fn begin() {
    share_with_rest(&wasm_bindgen::exports());
    load_rest(false);
}
