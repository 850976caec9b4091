//! The files as tabs: open, make, rename, delete.

use std::rc::Rc;

use web_sys::HtmlInputElement;
use yew::prelude::*;

use crate::app::{File, Files, Msg, Shared, say};
use crate::ui::bring::OpenFiles;
use crate::ui::hooks::{focus, show_in_row};
use crate::ui::icons::{Icon, icon};
use crate::ui::runtime::use_dispatch;
use crate::ui::words::{t, use_words};

#[derive(Properties, PartialEq)]
pub struct Props {
    pub files: Shared<Files>,
    pub readonly: bool,
}

/// A file that was deleted, and where it was.
type Deleted = Option<(usize, File)>;

#[component]
pub fn FileTabs(props: &Props) -> Html {
    let dispatch = use_dispatch();
    let w = use_words();
    let renaming = use_state(|| false);
    let deleted = use_state(|| Deleted::None);
    let (files, readonly) = (props.files.clone(), props.readonly);
    let open = files.open;
    {
        // Whoever goes on working has no need to undo any more.
        let deleted = deleted.setter();
        use_effect_with(open, move |_| {
            let timeout = gloo::timers::callback::Timeout::new(12_000, move || deleted.set(None));
            move || drop(timeout)
        });
    }
    use_effect_with((open, files.list.len()), |(open, _)| {
        show_in_row(&tab_id(*open));
    });
    let onkeydown = {
        let (dispatch, renaming, count) = (dispatch.clone(), renaming.clone(), files.list.len());
        Callback::from(move |event: KeyboardEvent| {
            let last = count.saturating_sub(1);
            let to = match event.key().as_str() {
                "ArrowRight" if open >= last => 0,
                "ArrowRight" => open + 1,
                "ArrowLeft" if open == 0 => last,
                "ArrowLeft" => open - 1,
                "Home" => 0,
                "End" => last,
                "F2" if !readonly => {
                    event.prevent_default();
                    renaming.set(true);
                    return;
                }
                _ => return,
            };
            event.prevent_default();
            dispatch.emit(Msg::OpenFile(to));
            focus(&tab_id(to));
        })
    };
    let rename = {
        let (dispatch, renaming) = (dispatch.clone(), renaming.clone());
        Callback::from(move |name: Option<Rc<str>>| {
            renaming.set(false);
            if let Some(name) = name {
                dispatch.emit(Msg::RenameFile { file: open, name });
            }
            focus(&tab_id(open));
        })
    };
    let delete = {
        let (dispatch, deleted, file) =
            (dispatch.clone(), deleted.clone(), files.current().cloned());
        Callback::from(move |_: MouseEvent| {
            dispatch.emit(Msg::CloseFile(open));
            if let Some(file) = &file {
                dispatch.emit(Msg::Say(say!("files.deleted", name = &file.name)));
                deleted.set(Some((open, file.clone())));
            }
            focus(&tab_id(open.saturating_sub(1)));
        })
    };
    let restore = {
        let (dispatch, deleted) = (dispatch.clone(), deleted.clone());
        Callback::from(move |_: MouseEvent| {
            if let Some((at, file)) = &*deleted {
                dispatch.emit(Msg::InsertFile {
                    at: *at,
                    file: file.clone(),
                });
                focus(&tab_id(*at));
            }
            deleted.set(None);
        })
    };
    let new = {
        let dispatch = dispatch.clone();
        Callback::from(move |_: MouseEvent| dispatch.emit(Msg::NewFile))
    };
    let start_renaming = {
        let renaming = renaming.clone();
        Callback::from(move |_: MouseEvent| renaming.set(!readonly))
    };
    html! {
        <div class="k-files">
            <div class="k-tabs" role="tablist" aria-label={t!(w, "files.label")} {onkeydown}>
                { for files.list.iter().enumerate().map(|(i, file)| {
                    if i == open && *renaming {
                        return html! { <RenameField key="renaming" name={file.name.clone()} done={rename.clone()} /> };
                    }
                    let dispatch = dispatch.clone();
                    let onclick = Callback::from(move |_: MouseEvent| dispatch.emit(Msg::OpenFile(i)));
                    let chosen = i == open;
                    html! {
                        <button
                            key={file.name.to_string()}
                            id={tab_id(i)}
                            type="button"
                            role="tab"
                            class="k-tab k-file"
                            aria-selected={if chosen { "true" } else { "false" }}
                            aria-controls="editor-panel"
                            tabindex={if chosen { "0" } else { "-1" }}
                            title={(chosen && !readonly).then(|| t!(w, "files.rename.hint"))}
                            {onclick}
                            ondblclick={start_renaming.clone()}
                        >
                            { &*file.name }
                        </button>
                    }
                }) }
            </div>
            if !props.readonly {
            <div class="k-file-actions">
                if let Some((_, file)) = &*deleted {
                    <button type="button" class="k-button" onclick={restore}>
                        { t!(w, "files.undo", name = &file.name) }
                    </button>
                }
                <button
                    type="button"
                    class="k-button k-button--quiet"
                    aria-label={t!(w, "files.new")}
                    title={t!(w, "files.new")}
                    onclick={new}
                >
                    { icon(Icon::Plus) }
                </button>
                <OpenFiles />
                <button
                    type="button"
                    class="k-button k-button--quiet"
                    aria-label={t!(w, "files.rename")}
                    title={t!(w, "files.rename.title")}
                    onclick={start_renaming}
                >
                    { icon(Icon::Pencil) }
                </button>
                <button
                    type="button"
                    class="k-button k-button--quiet"
                    aria-label={t!(w, "files.delete")}
                    title={t!(w, "files.delete.title")}
                    disabled={files.list.len() < 2}
                    onclick={delete}
                >
                    { icon(Icon::Bin) }
                </button>
            </div>
            }
        </div>
    }
}

fn tab_id(index: usize) -> String {
    format!("file-tab-{index}")
}

#[derive(Properties, PartialEq)]
struct RenameProps {
    name: Rc<str>,
    /// The new name; `None` when it stays as it is.
    done: Callback<Option<Rc<str>>>,
}

#[component]
fn RenameField(props: &RenameProps) -> Html {
    let w = use_words();
    let node = use_node_ref();
    {
        let (node, name) = (node.clone(), props.name.clone());
        use_effect_with((), move |()| {
            if let Some(input) = node.cast::<HtmlInputElement>() {
                let _ = input.focus();
                // Without the ending: that is what people change.
                let stem = name.rfind('.').unwrap_or(name.len());
                let units = name.get(..stem).unwrap_or_default().encode_utf16().count();
                let _ = input.set_selection_range(0, units as u32);
            }
        });
    }
    let finished = use_mut_ref(|| false);
    let finish = {
        let (done, finished) = (props.done.clone(), finished);
        move |name: Option<String>| {
            // Enter takes the field away, and with it the focus: that is not a second answer.
            if !finished.replace(true) {
                done.emit(name.map(Rc::from));
            }
        }
    };
    let onkeydown = {
        let (finish, node) = (finish.clone(), node.clone());
        Callback::from(move |event: KeyboardEvent| {
            event.stop_propagation();
            match event.key().as_str() {
                "Enter" => {
                    event.prevent_default();
                    finish(node.cast::<HtmlInputElement>().map(|i| i.value()));
                }
                "Escape" => {
                    event.prevent_default();
                    finish(None);
                }
                _ => {}
            }
        })
    };
    let onblur = {
        let node = node.clone();
        Callback::from(move |_: FocusEvent| {
            finish(node.cast::<HtmlInputElement>().map(|i| i.value()));
        })
    };
    html! {
        <input
            ref={node}
            class="k-input k-file-name"
            type="text"
            aria-label={t!(w, "files.name")}
            maxlength="120"
            value={props.name.to_string()}
            {onkeydown}
            {onblur}
        />
    }
}
