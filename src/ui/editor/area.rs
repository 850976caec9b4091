//! The text itself: a plain textarea at once, and the lazily loaded editor in its place as soon as
//! it is there. What was typed, where the cursor is and what can be undone pass over.

use std::borrow::Cow;
use std::cell::RefCell;
use std::rc::Rc;

use gloo::events::EventListener;
use web_sys::{HtmlElement, HtmlTextAreaElement};
use yew::platform::spawn_local;
use yew::prelude::*;

use super::bridge::{self, CodeEditor, Maker, Start};
use crate::app::editing::Diagnosis;
use crate::app::editing::utf16::Units;
use crate::app::{Files, Msg, Reveal, Shared, Words};
use crate::sim::ordered::Map as BTreeMap;
use crate::ui::runtime::use_dispatch;
use crate::ui::words::{t, use_words};

/// How many versions of the text are handed over to be undone.
const MOST_VERSIONS: usize = 60;

/// Text as a browser's editor counts it: every line ends with `\n`.
pub fn with_plain_line_ends(text: &str) -> Cow<'_, str> {
    match text.contains('\r') {
        true => text.replace("\r\n", "\n").replace('\r', "\n").into(),
        false => text.into(),
    }
}

#[derive(Properties, PartialEq)]
pub struct Props {
    pub files: Shared<Files>,
    pub diagnosis: Shared<Diagnosis>,
    pub reveal: Option<Reveal>,
    pub readonly: bool,
}

/// What the callbacks of the editor share with the component.
#[derive(Default)]
struct Desk {
    editor: Option<CodeEditor>,
    /// The file that is open, and its number for the editor's undo histories.
    open: usize,
    name: Rc<str>,
    keys: BTreeMap<Rc<str>, u32>,
    next_key: u32,
    /// The texts that the open file has had while the textarea stood in.
    versions: Vec<Rc<str>>,
    /// A composition (of Chinese, say) is going on: the textarea must stay.
    composing: bool,
}

impl Desk {
    /// A name for the editor that stays when the file is renamed.
    fn key(&mut self, files: &Files) -> String {
        let known = |keys: &BTreeMap<Rc<str>, u32>, name: &Rc<str>| keys.get(name).copied();
        for file in &files.list {
            if known(&self.keys, &file.name).is_none() {
                // A name that is new where another one vanished: that file was renamed.
                let gone: Vec<Rc<str>> = self
                    .keys
                    .keys()
                    .filter(|old| !files.list.iter().any(|f| f.name == **old))
                    .cloned()
                    .collect();
                let key = match gone.as_slice() {
                    [one] if self.keys.len() == files.list.len() => {
                        self.keys.remove(one).unwrap_or_default()
                    }
                    _ => {
                        self.next_key += 1;
                        self.next_key
                    }
                };
                self.keys.insert(file.name.clone(), key);
            }
        }
        self.keys
            .retain(|name, _| files.list.iter().any(|f| f.name == *name));
        let name = files.current().map(|f| f.name.clone()).unwrap_or_default();
        known(&self.keys, &name).unwrap_or_default().to_string()
    }
}

#[component]
pub fn Area(props: &Props) -> Html {
    let dispatch = use_dispatch();
    let w = use_words();
    let host = use_node_ref();
    let area = use_node_ref();
    let desk = use_mut_ref(Desk::default);
    let maker = use_state(|| None::<Rc<Maker>>);
    let mounted = use_state(|| false);
    let composing = use_state(|| false);
    let file = props.files.current().cloned();
    let text = file.as_ref().map(|f| f.text.clone()).unwrap_or_default();
    let name = file.map(|f| f.name).unwrap_or_default();
    {
        let mut desk = desk.borrow_mut();
        if desk.open != props.files.open || desk.name != name {
            desk.versions.clear();
        }
        desk.open = props.files.open;
        desk.name = name;
        if desk.versions.is_empty() {
            desk.versions.push(text.clone());
        }
    }
    {
        let maker = maker.setter();
        use_effect_with((), move |()| {
            spawn_local(async move {
                // Where it cannot be loaded, the textarea does the job.
                if let Ok(made) = bridge::load().await {
                    maker.set(Some(Rc::new(made)));
                }
            });
        });
    }
    {
        let (area, desk, composing) = (area.clone(), desk.clone(), composing.setter());
        use_effect_with((), move |()| {
            let listen = |event: &'static str, on: bool| {
                let (desk, composing) = (desk.clone(), composing.clone());
                area.cast::<HtmlTextAreaElement>().map(|area| {
                    EventListener::new(&area, event, move |_| {
                        desk.borrow_mut().composing = on;
                        composing.set(on);
                    })
                })
            };
            let listeners = [
                listen("compositionstart", true),
                listen("compositionend", false),
            ];
            move || drop(listeners)
        });
    }
    {
        // The swap.
        let (host, area, desk, words) = (host.clone(), area.clone(), desk.clone(), w.clone());
        let (mounted, dispatch, files) = (mounted.clone(), dispatch.clone(), props.files.clone());
        let readonly = props.readonly;
        let ready = ((*maker).clone(), *composing);
        use_effect_with(ready.1 || ready.0.is_none(), move |waiting| {
            if let (false, Some(maker), Some(host)) =
                (*waiting, &ready.0, host.cast::<HtmlElement>())
            {
                let area = area.cast::<HtmlTextAreaElement>();
                swap(
                    maker,
                    &host,
                    area.as_ref(),
                    &desk,
                    (&files, &words),
                    &dispatch,
                    readonly,
                );
                mounted.set(desk.borrow().editor.is_some());
            }
        });
    }
    {
        // What the page says the text is. The same text changes nothing.
        let (desk, files) = (desk.clone(), props.files.clone());
        use_effect_with(
            (text.clone(), props.files.open, *mounted),
            move |(text, ..)| {
                let mut desk = desk.borrow_mut();
                let key = desk.key(&files);
                let editor = desk.editor.take();
                drop_in(&editor, text, &key);
                desk.editor = editor;
            },
        );
    }
    {
        let (desk, text) = (desk.clone(), text.clone());
        use_effect_with(
            (props.diagnosis.clone(), w.clone(), *mounted),
            move |(diagnosis, words, _)| {
                if let Some(editor) = &desk.borrow().editor {
                    editor.speak(words);
                    editor.underline(&with_plain_line_ends(&text), &diagnosis.problems, words);
                }
            },
        );
    }
    {
        let (desk, area, text) = (desk.clone(), area.clone(), text.clone());
        use_effect_with(props.reveal.clone(), move |reveal| {
            if let Some(reveal) = reveal {
                let plain = with_plain_line_ends(&text);
                let units = Units::of(&plain);
                let (from, to) = (units.at(reveal.start), units.at(reveal.end));
                if let Some(editor) = &desk.borrow().editor {
                    editor.select(from, to);
                    editor.focus();
                } else if let Some(area) = area.cast::<HtmlTextAreaElement>() {
                    let _ = area.focus();
                    let _ = area.set_selection_range(from, to);
                }
            }
        });
    }
    let oninput = {
        let (desk, dispatch) = (desk.clone(), dispatch);
        Callback::from(move |event: InputEvent| {
            if let Some(area) = event.target_dyn_into::<HtmlTextAreaElement>() {
                let text: Rc<str> = area.value().into();
                let mut desk = desk.borrow_mut();
                desk.versions.push(text.clone());
                if desk.versions.len() > MOST_VERSIONS {
                    desk.versions.remove(1);
                }
                let file = desk.open;
                drop(desk);
                dispatch.emit(Msg::Edit { file, text });
            }
        })
    };
    html! {
        <>
            <div ref={host} class="k-edit-host" hidden={!*mounted} />
            if !*mounted {
                <textarea
                    ref={area}
                    class="k-code"
                    aria-label={t!(w, "editor.manifest")}
                    spellcheck="false"
                    autocomplete="off"
                    autocapitalize="off"
                    wrap="off"
                    readonly={props.readonly}
                    value={text.to_string()}
                    {oninput}
                />
            }
        </>
    }
}

fn drop_in(editor: &Option<CodeEditor>, text: &str, key: &str) {
    if let Some(editor) = editor {
        editor.show(text, key);
    }
}

/// Puts the editor into the place of the textarea.
fn swap(
    maker: &Maker,
    host: &HtmlElement,
    area: Option<&HtmlTextAreaElement>,
    desk: &Rc<RefCell<Desk>>,
    (files, words): (&Shared<Files>, &Words),
    dispatch: &Callback<Msg>,
    read_only: bool,
) {
    if desk.borrow().editor.is_some() || desk.borrow().composing {
        return;
    }
    let (versions, key) = {
        let mut desk = desk.borrow_mut();
        (desk.versions.clone(), desk.key(files))
    };
    let on_change = {
        let (desk, dispatch) = (desk.clone(), dispatch.clone());
        move |text: String| {
            // The page's own texts do not come back here, so this was typed.
            let Ok(file) = desk.try_borrow().map(|desk| desk.open) else {
                return;
            };
            dispatch.emit(Msg::Edit {
                file,
                text: text.into(),
            });
        }
    };
    let on_apply = {
        let dispatch = dispatch.clone();
        move || dispatch.emit(Msg::Apply)
    };
    let first = versions.first().map(|v| &**v).unwrap_or_default();
    let start = Start {
        parent: host,
        text: first,
        file: &key,
        words,
        read_only,
    };
    let Some(editor) = maker.make(&start, on_change, on_apply) else {
        return;
    };
    // Each version is a step that can be undone.
    for version in versions.iter().skip(1) {
        editor.show(version, &key);
    }
    if let Some(area) = area {
        editor.show(&area.value(), &key);
        let from = area.selection_start().ok().flatten().unwrap_or_default();
        let to = area.selection_end().ok().flatten().unwrap_or(from);
        let active = web_sys::window()
            .and_then(|w| w.document())
            .and_then(|d| d.active_element());
        let had_focus = active.is_some_and(|a| a.is_same_node(Some(area)));
        host.set_hidden(false);
        // A textarea that nobody has touched has its cursor at the end, which says nothing.
        if had_focus {
            editor.select(from, to);
            editor.focus();
        }
    }
    desk.borrow_mut().editor = Some(editor);
}
