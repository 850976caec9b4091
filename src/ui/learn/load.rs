//! The texts of lessons: files beside the page, loaded when somebody opens the list.

use std::rc::Rc;

use wasm_bindgen::prelude::*;
use yew::platform::spawn_local;

use crate::app::Msg;
use crate::app::learn::{Act, Wanted};
use crate::ui::runtime::Runtime;

#[wasm_bindgen(inline_js = "
export async function loadText(path) {
  const response = await fetch(new URL(path, document.baseURI));
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response.text();
}
")]
extern "C" {
    #[wasm_bindgen(js_name = loadText, catch)]
    async fn load_text(path: &str) -> Result<JsValue, JsValue>;
}

async fn text(path: &str) -> Option<Rc<str>> {
    let loaded = load_text(path).await.ok()?;
    loaded.as_string().map(Into::into)
}

/// Loads what is wanted and hands it to the app.
pub fn load(runtime: &Runtime, wanted: Wanted, language: Rc<str>) {
    let runtime = runtime.clone();
    spawn_local(async move {
        let act = match wanted {
            Wanted::Course => Act::Course(text("lessons/course.yaml").await),
            Wanted::Lesson(name) => {
                let lesson = text(&format!("lessons/{name}/lesson.yaml")).await;
                let words = match &*language {
                    "" | "en" => None,
                    language => text(&format!("lessons/{name}/{language}.yaml")).await,
                };
                Act::Texts {
                    name,
                    lesson,
                    words,
                }
            }
        };
        runtime.dispatch(Msg::Learn(act));
    });
}

/// Whether a text can be the name of a lesson: it becomes a part of an address.
pub fn is_name(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    !text.is_empty() && text.len() <= 60 && text.chars().all(fits)
}

// Hands a file to the person, as a download.
#[wasm_bindgen(inline_js = "
export function download(name, text) {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/yaml' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}
")]
extern "C" {
    pub fn download(name: &str, text: &str);
}
