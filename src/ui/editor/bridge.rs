//! The lazily loaded editor (`web/editor`), as Rust sees it. Positions count UTF-16 units.

use js_sys::{Array, Object, Reflect};
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::*;
use web_sys::HtmlElement;

use crate::app::editing::Problem;
use crate::app::editing::utf16::Units;

#[wasm_bindgen(inline_js = "
export async function loadEditor() {
  const meta = document.querySelector('meta[name=\"kubarium-editor\"]');
  if (!meta || !meta.content) throw new Error('this page names no editor');
  const { createEditor } = await import(new URL(meta.content, document.baseURI));
  return createEditor;
}
export function makeEditor(createEditor, options) {
  return createEditor(options);
}
")]
extern "C" {
    #[wasm_bindgen(js_name = loadEditor, catch)]
    async fn load_editor() -> Result<JsValue, JsValue>;

    #[wasm_bindgen(js_name = makeEditor, catch)]
    fn make_editor(create: &JsValue, options: &JsValue) -> Result<Handle, JsValue>;

    type Handle;

    #[wasm_bindgen(method, js_name = setDoc, catch)]
    fn set_doc(this: &Handle, text: &str, name: &str) -> Result<(), JsValue>;

    #[wasm_bindgen(method, js_name = getDoc, catch)]
    fn get_doc(this: &Handle) -> Result<String, JsValue>;

    #[wasm_bindgen(method, js_name = setDiagnostics, catch)]
    fn set_diagnostics(this: &Handle, list: &Array) -> Result<(), JsValue>;

    #[wasm_bindgen(method, catch)]
    fn select(this: &Handle, from: u32, to: u32) -> Result<(), JsValue>;

    #[wasm_bindgen(method, catch)]
    fn focus(this: &Handle) -> Result<(), JsValue>;

    #[wasm_bindgen(method, catch)]
    fn destroy(this: &Handle) -> Result<(), JsValue>;
}

/// Makes editors, once it is loaded.
pub struct Maker(JsValue);

/// Loads the bundle.
///
/// # Errors
/// It cannot be loaded: the plain textarea stays.
pub async fn load() -> Result<Maker, JsValue> {
    load_editor().await.map(Maker)
}

/// What an editor starts with.
pub struct Start<'s> {
    pub parent: &'s HtmlElement,
    pub text: &'s str,
    /// Tells files apart; each has its own undo history.
    pub file: &'s str,
    pub label: &'s str,
}

/// An editor in the page. Dropping it takes it out.
pub struct CodeEditor {
    handle: Handle,
    // The editor calls these for as long as it lives.
    _on_change: Closure<dyn FnMut(String)>,
    _on_apply: Closure<dyn FnMut()>,
}

impl Maker {
    pub fn make(
        &self,
        start: &Start<'_>,
        on_change: impl FnMut(String) + 'static,
        on_apply: impl FnMut() + 'static,
    ) -> Option<CodeEditor> {
        let on_change = Closure::<dyn FnMut(String)>::new(on_change);
        let on_apply = Closure::<dyn FnMut()>::new(on_apply);
        let options = Object::new();
        let set = |name: &str, value: &JsValue| {
            let _ = Reflect::set(&options, &name.into(), value);
        };
        set("parent", start.parent);
        set("doc", &start.text.into());
        set("file", &start.file.into());
        set("label", &start.label.into());
        set("onChange", on_change.as_ref());
        set("onApply", on_apply.as_ref());
        let handle = make_editor(&self.0, &options).ok()?;
        Some(CodeEditor {
            handle,
            _on_change: on_change,
            _on_apply: on_apply,
        })
    }
}

impl CodeEditor {
    /// Shows a text; a new `file` brings its own undo history.
    pub fn show(&self, text: &str, file: &str) {
        let _ = self.handle.set_doc(text, file);
    }

    pub fn select(&self, from: u32, to: u32) {
        let _ = self.handle.select(from, to);
    }

    pub fn focus(&self) {
        let _ = self.handle.focus();
    }

    /// Underlines problems of `text`, which the editor shows.
    pub fn underline(&self, text: &str, problems: &[Problem]) {
        let units = Units::of(text);
        let list = Array::new();
        for problem in problems {
            let item = Object::new();
            let set = |name: &str, value: JsValue| {
                let _ = Reflect::set(&item, &name.into(), &value);
            };
            set("from", units.at(problem.start).into());
            set("to", units.at(problem.end).into());
            set("severity", problem.severity.name().into());
            set("message", (&*problem.message).into());
            list.push(item.unchecked_ref());
        }
        let _ = self.handle.set_diagnostics(&list);
    }
}

impl Drop for CodeEditor {
    fn drop(&mut self) {
        let _ = self.handle.destroy();
    }
}
