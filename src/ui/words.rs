//! The language of the page: chosen before it is drawn, and changed while it runs.
//!
//! `static/boot.js` knows the languages (a build lists the files of `static/locales`), chooses one, and
//! has begun to load its catalogue before the wasm is there.

use std::rc::Rc;

use wasm_bindgen::prelude::*;
use yew::platform::spawn_local;
use yew::prelude::*;

use super::storage;
use crate::app::Words;
use crate::app::catalogue::{FALLBACK, Rules};

#[wasm_bindgen(inline_js = "
const boot = () => globalThis.kubariumLanguage ?? { tag: 'en', all: [['en', 'English', '']] };
export function chosenLanguage() {
  return boot().tag;
}
export function allLanguages() {
  return boot().all.flatMap(([tag, name]) => [tag, name]);
}
export async function loadWords(tag) {
  return boot().load?.(tag);
}
const made = new Map();
function once(key, make) {
  if (!made.has(key)) made.set(key, make());
  return made.get(key);
}
export function pluralCategory(tag, n) {
  return once('plural ' + tag, () => new Intl.PluralRules(tag)).select(n);
}
export function formatNumber(tag, number, places) {
  const options = { useGrouping: false, maximumFractionDigits: places };
  return once(`number ${tag} ${places}`, () => new Intl.NumberFormat(tag, options)).format(number);
}
")]
extern "C" {
    #[wasm_bindgen(js_name = chosenLanguage)]
    fn chosen_language() -> String;
    #[wasm_bindgen(js_name = allLanguages)]
    fn all_languages() -> Vec<String>;
    #[wasm_bindgen(js_name = loadWords, catch)]
    async fn load_words(tag: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(js_name = pluralCategory, catch)]
    fn plural_category(tag: &str, n: f64) -> Result<String, JsValue>;
    #[wasm_bindgen(js_name = formatNumber, catch)]
    fn format_number(tag: &str, number: f64, places: u8) -> Result<String, JsValue>;
}

/// Says a message in the language of `words`: `t!(words, "header.reset")`.
macro_rules! t {
    ($words:expr, $($message:tt)+) => {
        $words.say(&$crate::app::say!($($message)+))
    };
}
pub(crate) use t;

/// What the browser knows of a language.
struct Intl {
    tag: Rc<str>,
}

impl Rules for Intl {
    fn plural(&self, n: i64) -> Rc<str> {
        plural_category(&self.tag, n as f64)
            .unwrap_or_default()
            .into()
    }

    fn number(&self, value: i64, places: u8) -> String {
        let number = value as f64 / 10_f64.powi(i32::from(places));
        format_number(&self.tag, number, places)
            .unwrap_or_else(|_| crate::app::catalogue::plain_number(value, places))
    }
}

/// The tag of the language that a page begins with.
pub fn chosen() -> String {
    chosen_language()
}

/// The language that a page begins with: its words, where they could be loaded, else English.
pub async fn first() -> Words {
    load(&Words::english(), &chosen_language()).await
}

/// Another language; what is there stays when it cannot be loaded.
async fn load(words: &Words, tag: &str) -> Words {
    if tag == FALLBACK {
        return Words::english();
    }
    let loaded = load_words(tag).await.ok().and_then(|text| text.as_string());
    loaded
        .and_then(|text| words.of(tag, &text, Box::new(Intl { tag: tag.into() })))
        .unwrap_or_else(|| words.clone())
}

/// The words of the page, and how to choose others.
#[derive(Clone, PartialEq)]
pub struct Language {
    pub words: Words,
    pub choose: Callback<String>,
}

/// The languages that there are: tag, and name in itself.
pub fn languages() -> Vec<(String, String)> {
    let mut all = all_languages().into_iter();
    let mut list = Vec::new();
    while let (Some(tag), Some(name)) = (all.next(), all.next()) {
        list.push((tag, name));
    }
    list
}

/// Keeps the language of a page that began with `first`.
#[hook]
pub fn use_language_of(first: Words) -> Language {
    let words = use_state(|| first);
    use_effect_with((*words).clone(), tell_the_document);
    // The last choice counts, whichever arrives last.
    let latest = use_mut_ref(|| 0_u32);
    // The same callback until the words change: a new one would draw everything again in every frame.
    let choose = use_callback(words.clone(), move |tag: String, words| {
        storage::keep_language(&tag);
        let (words, latest) = (words.clone(), latest.clone());
        *latest.borrow_mut() += 1;
        let turn = *latest.borrow();
        spawn_local(async move {
            let loaded = load(&words, &tag).await;
            if *latest.borrow() == turn {
                words.set(loaded);
            }
        });
    });
    Language {
        words: (*words).clone(),
        choose,
    }
}

/// The words of the page that a component is in. Another language draws the component again.
#[hook]
pub fn use_words() -> Words {
    use_context::<Language>().map_or_else(Words::english, |language| language.words)
}

fn tell_the_document(words: &Words) {
    let Some(document) = web_sys::window().and_then(|w| w.document()) else {
        return;
    };
    document.set_title(&t!(words, "page.title"));
    if let Some(root) = document.document_element() {
        let _ = root.set_attribute("lang", words.tag());
    }
}
