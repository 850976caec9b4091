//! What the browser keeps for us. Where it keeps nothing (private windows, sandboxed frames), all is
//! as on the first visit.

use std::sync::atomic::{AtomicBool, Ordering};

use web_sys::Storage;

const SESSION: &str = "kubarium.session";
const TYPED: &str = "kubarium.typed";
/// How many lines are kept for the next visit.
const MOST_TYPED: usize = 200;
const THEME: &str = "kubarium.theme";
const SINGLE_KEYS: &str = "kubarium.keys";
/// The session of a lesson, while one is taken; the other one waits meanwhile.
const LESSON: &str = "kubarium.lesson";
/// How far somebody got with the lessons.
const LESSONS: &str = "kubarium.lessons";
/// `static/boot.js` reads it.
const LANGUAGE: &str = "kubarium.lang";
const OTHER: &str = "kubarium.other";

/// A page inside another one leaves alone what its visitor has here.
static UNUSED: AtomicBool = AtomicBool::new(false);

/// Nothing is read or kept from now on.
pub fn leave_alone() {
    UNUSED.store(true, Ordering::Relaxed);
}

/// Whether anything can be kept at all.
pub fn works() -> bool {
    storage().is_some()
}

fn storage() -> Option<Storage> {
    if UNUSED.load(Ordering::Relaxed) {
        return None;
    }
    web_sys::window()?.local_storage().ok()?
}

fn get(key: &str) -> Option<String> {
    storage()?.get_item(key).ok()?
}

fn set(key: &str, value: &str) -> bool {
    storage().is_some_and(|storage| storage.set_item(key, value).is_ok())
}

pub fn session() -> Option<String> {
    get(SESSION)
}

/// Tells whether it was kept.
pub fn keep_session(text: &str) -> bool {
    set(SESSION, text)
}

/// The lesson that was being taken.
pub fn lesson() -> Option<String> {
    get(LESSON)
}

pub fn keep_lesson(text: &str) -> bool {
    set(LESSON, text)
}

pub fn drop_lesson() {
    if let Some(storage) = storage() {
        let _ = storage.remove_item(LESSON);
    }
}

pub fn lessons_done() -> Option<String> {
    get(LESSONS)
}

pub fn keep_lessons_done(text: &str) {
    set(LESSONS, text);
}

/// The work that is kept beside the session.
pub fn other() -> Option<String> {
    get(OTHER)
}

/// Tells whether it was kept.
pub fn keep_other(text: Option<&str>) -> bool {
    match (text, storage()) {
        (Some(text), _) => set(OTHER, text),
        (None, Some(storage)) => storage.remove_item(OTHER).is_ok(),
        (None, None) => false,
    }
}

/// What was typed at the terminal, oldest first.
pub fn typed() -> Vec<String> {
    get(TYPED)
        .and_then(|text| serde_json::from_str(&text).ok())
        .unwrap_or_default()
}

pub fn keep_typed(lines: &[String]) {
    let latest = lines
        .get(lines.len().saturating_sub(MOST_TYPED)..)
        .unwrap_or_default();
    if let Ok(text) = serde_json::to_string(latest) {
        set(TYPED, &text);
    }
}

pub fn theme() -> Option<String> {
    get(THEME)
}

pub fn keep_theme(name: &str) {
    set(THEME, name);
}

/// Whether keys without Ctrl or Alt mean something: unless they were turned off.
pub fn single_keys() -> bool {
    get(SINGLE_KEYS).as_deref() != Some("off")
}

pub fn keep_single_keys(on: bool) {
    set(SINGLE_KEYS, if on { "on" } else { "off" });
}

pub fn keep_language(tag: &str) {
    set(LANGUAGE, tag);
}
