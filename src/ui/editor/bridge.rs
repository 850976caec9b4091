//! The lazily loaded editor (`web/editor`), as Rust sees it. Positions count UTF-16 units.

use js_sys::{Array, Object, Reflect};
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::*;
use web_sys::HtmlElement;

use crate::app::editing::Problem;
use crate::app::editing::utf16::Units;
use crate::app::{Text, Words, say};

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

    #[wasm_bindgen(method, js_name = setWords, catch)]
    fn set_words(this: &Handle, label: &str, phrases: &Object) -> Result<(), JsValue>;

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
    pub words: &'s Words,
    pub read_only: bool,
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
        set("label", &label(start.words).into());
        set("phrases", &phrases(start.words));
        set("readOnly", &start.read_only.into());
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

    /// Speaks another language from now on.
    pub fn speak(&self, words: &Words) {
        let _ = self.handle.set_words(&label(words), &phrases(words));
    }

    /// Underlines problems of `text`, which the editor shows.
    pub fn underline(&self, text: &str, problems: &[Problem], words: &Words) {
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
            set("message", words.say(&problem.message).into());
            list.push(item.unchecked_ref());
        }
        let _ = self.handle.set_diagnostics(&list);
    }
}

fn label(words: &Words) -> String {
    words.say(&say!("editor.manifest"))
}

/// CodeMirror's own words, by the English ones that it asks with.
fn phrases(words: &Words) -> Object {
    let list: [(&str, Text); 28] = [
        ("Find", say!("cm.find")),
        ("Replace", say!("cm.replace-with")),
        ("next", say!("cm.next")),
        ("previous", say!("cm.previous")),
        ("all", say!("cm.all")),
        ("match case", say!("cm.case")),
        ("regexp", say!("cm.regexp")),
        ("by word", say!("cm.word")),
        ("replace", say!("cm.replace")),
        ("replace all", say!("cm.replace-all")),
        ("close", say!("cm.close")),
        ("current match", say!("cm.current")),
        ("on line", say!("cm.on-line")),
        ("replaced match on line $", say!("cm.replaced")),
        ("replaced $ matches", say!("cm.replaced-all")),
        ("Go to line", say!("cm.go-to-line")),
        ("go", say!("cm.go")),
        ("Folded lines", say!("cm.folded")),
        ("Unfolded lines", say!("cm.unfolded")),
        ("to", say!("cm.to")),
        ("folded code", say!("cm.folded-code")),
        ("unfold", say!("cm.unfold")),
        ("Fold line", say!("cm.fold-line")),
        ("Unfold line", say!("cm.unfold-line")),
        ("Control character", say!("cm.control")),
        ("Diagnostics", say!("cm.diagnostics")),
        ("No diagnostics", say!("cm.no-diagnostics")),
        ("Completions", say!("cm.completions")),
    ];
    let phrases = Object::new();
    for (english, text) in list {
        let _ = Reflect::set(&phrases, &english.into(), &words.say(&text).into());
    }
    phrases
}

impl Drop for CodeEditor {
    fn drop(&mut self) {
        let _ = self.handle.destroy();
    }
}
