//! What the browser keeps for us. Where it keeps nothing (private windows, sandboxed frames), all is
//! as on the first visit.

use web_sys::Storage;

const SESSION: &str = "kubarium.session";
const THEME: &str = "kubarium.theme";

fn storage() -> Option<Storage> {
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

pub fn theme() -> Option<String> {
    get(THEME)
}

pub fn keep_theme(name: &str) {
    set(THEME, name);
}
