//! The line that is being typed: history, completion, and the keys of a shell.

use web_sys::HtmlTextAreaElement;
use yew::prelude::*;

use crate::app::editing::utf16::{Units, byte_at};
use crate::app::terminal::{Act, Recall};
use crate::app::{Msg, Shared, Typing};
use crate::kubectl::END;
use crate::ui::hooks::{focus, has_selected_text};
use crate::ui::runtime::{use_dispatch, use_runtime};
use crate::ui::words::{t, use_words};

#[derive(Properties, PartialEq)]
pub struct Props {
    pub id: AttrValue,
    pub prompt: AttrValue,
    pub history: Shared<Vec<String>>,
    pub busy: bool,
    /// A text that somebody else puts there.
    pub typing: Option<Typing>,
    /// How the last command ended.
    pub exit_code: i32,
}

/// Going back through the history with Ctrl+R.
#[derive(Clone, Default, PartialEq)]
struct Search {
    needle: String,
    skip: usize,
}

#[component]
pub fn CommandLine(props: &Props) -> Html {
    let dispatch = use_dispatch();
    let w = use_words();
    let node = use_node_ref();
    let recall = use_mut_ref(Recall::default);
    let rows = use_state(|| 1usize);
    let search = use_state(|| None::<Search>);
    let candidates = use_state(Vec::<String>::new);
    let runtime = use_runtime();
    let set_text = {
        let (node, rows) = (node.clone(), rows.setter());
        move |text: &str| {
            if let Some(area) = node.cast::<HtmlTextAreaElement>() {
                area.set_value(text);
                let end = text.encode_utf16().count() as u32;
                let _ = area.set_selection_range(end, end);
            }
            rows.set(text.split('\n').count());
        }
    };
    {
        let (set_text, id) = (set_text.clone(), props.id.clone());
        use_effect_with(props.typing.clone(), move |typing| {
            if let Some(typing) = typing {
                set_text(&typing.text);
                if typing.focus {
                    focus(&id);
                }
            }
        });
    }
    let oninput = {
        let (rows, recall, candidates) = (rows.setter(), recall.clone(), candidates.setter());
        Callback::from(move |event: InputEvent| {
            if let Some(area) = event.target_dyn_into::<HtmlTextAreaElement>() {
                rows.set(area.value().split('\n').count());
                recall.borrow_mut().reset();
                candidates.set(Vec::new());
            }
        })
    };
    let onkeydown = {
        let (dispatch, history, search) = (dispatch, props.history.clone(), search.clone());
        let (node, busy, candidates) = (node.clone(), props.busy, candidates.setter());
        Callback::from(move |event: KeyboardEvent| {
            let Some(area) = node.cast::<HtmlTextAreaElement>() else {
                return;
            };
            let text = area.value();
            let control = event.ctrl_key() && !event.alt_key() && !event.meta_key();
            let key = event.key();
            if let Some(looking) = &*search
                && search_key(&event, looking, &history, &search, &set_text)
            {
                event.prevent_default();
                event.stop_propagation();
                return;
            }
            match key.as_str() {
                "Enter"
                    if !event.shift_key()
                        && !control
                        && !event.meta_key()
                        && !event.is_composing() =>
                {
                    event.prevent_default();
                    dispatch.emit(Msg::Terminal(Act::Run(text.into())));
                    recall.borrow_mut().reset();
                    candidates.set(Vec::new());
                    set_text("");
                }
                // An empty line lets Tab leave the terminal.
                "Tab" if !text.is_empty() && !event.shift_key() && !control => {
                    event.prevent_default();
                    if let Some(runtime) = &runtime {
                        let at = area.selection_end().ok().flatten().unwrap_or_default();
                        let cursor = byte_at(&text, at);
                        let (line, cursor, others) =
                            runtime.read(|app| app.terminal().complete(&text, cursor));
                        area.set_value(&line);
                        let at = Units::of(&line).at(cursor);
                        let _ = area.set_selection_range(at, at);
                        candidates.set(others);
                    }
                }
                "ArrowUp" if on_first_line(&area, &text) => {
                    if let Some(line) = recall.borrow_mut().older(&history, &text) {
                        set_text(&line);
                    }
                    event.prevent_default();
                }
                "ArrowDown" if on_last_line(&area, &text) => {
                    if let Some(line) = recall.borrow_mut().newer(&history) {
                        set_text(&line);
                    }
                    event.prevent_default();
                }
                "Escape" if !text.is_empty() => {
                    event.prevent_default();
                    set_text("");
                }
                "c" if control && !has_selected_text() && no_selection(&area) => {
                    event.prevent_default();
                    set_text("");
                    if busy || !text.is_empty() {
                        dispatch.emit(Msg::Terminal(Act::Interrupt));
                    }
                }
                // The end of the input, for a command that reads.
                "d" if control && busy && text.is_empty() => {
                    event.prevent_default();
                    dispatch.emit(Msg::Terminal(Act::Run(END.into())));
                }
                "l" if control => {
                    event.prevent_default();
                    dispatch.emit(Msg::Terminal(Act::Clear));
                }
                "u" if control => {
                    event.prevent_default();
                    set_text("");
                }
                "r" if control => {
                    event.prevent_default();
                    search.set(Some(Search {
                        needle: text,
                        skip: 0,
                    }));
                }
                _ => {}
            }
        })
    };
    let label = match &*search {
        Some(search) => format!("(reverse-i-search)`{}': ", search.needle),
        None => props.prompt.to_string(),
    };
    html! {
        <>
        if !candidates.is_empty() {
            <p class="k-candidates" role="status" aria-label={t!(w, "terminal.completions")}>
                { candidates.iter().take(60).map(String::as_str).collect::<Vec<_>>().join("  ") }
                if candidates.len() > 60 { { "  " }{ t!(w, "more", n = candidates.len() - 60) } }
            </p>
        }
        <div class="k-command">
            <label class="k-prompt" for={props.id.clone()}>
                if props.exit_code != 0 {
                    <span class="k-exit" title={t!(w, "terminal.exit", code = props.exit_code)}>{ props.exit_code }</span>
                }
                { label }
                <span class="k-unseen">{ t!(w, "terminal.line") }</span>
            </label>
            <textarea
                ref={node}
                id={props.id.clone()}
                class="k-command-text"
                rows={(*rows).clamp(1, 8).to_string()}
                spellcheck="false"
                autocomplete="off"
                autocapitalize="off"
                enterkeyhint="go"
                {oninput}
                {onkeydown}
            />
        </div>
        </>
    }
}

/// The keys of a search through the history; tells whether it took this one.
fn search_key(
    event: &KeyboardEvent,
    looking: &Search,
    history: &[String],
    search: &UseStateHandle<Option<Search>>,
    set_text: &impl Fn(&str),
) -> bool {
    let key = event.key();
    let mut next = looking.clone();
    match key.as_str() {
        "r" if event.ctrl_key() => next.skip += 1,
        "Backspace" => {
            next.needle.pop();
            next.skip = 0;
        }
        "Escape" | "g" if key == "Escape" || event.ctrl_key() => {
            search.set(None);
            return true;
        }
        "Control" | "Shift" | "Alt" | "Meta" => return true,
        one if one.chars().count() == 1 && !event.ctrl_key() && !event.meta_key() => {
            next.needle.push_str(one);
            next.skip = 0;
        }
        // Any other key takes what was found, and does what it does.
        _ => {
            search.set(None);
            return false;
        }
    }
    match Recall::search(history, &next.needle, next.skip) {
        Some(line) => set_text(&line),
        // Nothing older: stay with what was found.
        None => next.skip = looking.skip,
    }
    search.set(Some(next));
    true
}

fn no_selection(area: &HtmlTextAreaElement) -> bool {
    area.selection_start().ok() == area.selection_end().ok()
}

fn on_first_line(area: &HtmlTextAreaElement, text: &str) -> bool {
    let at = area.selection_start().ok().flatten().unwrap_or_default();
    !text
        .encode_utf16()
        .take(at as usize)
        .any(|u| u == u16::from(b'\n'))
}

fn on_last_line(area: &HtmlTextAreaElement, text: &str) -> bool {
    let at = area.selection_end().ok().flatten().unwrap_or_default();
    !text
        .encode_utf16()
        .skip(at as usize)
        .any(|u| u == u16::from(b'\n'))
}
