//! The editor pane: the files, and applying them.

use web_sys::HtmlTextAreaElement;
use yew::prelude::*;

use super::icons::{Icon, icon};
use super::runtime::use_dispatch;
use crate::app::{Applied, Files, Msg, Shared, Tone};

#[derive(Properties, PartialEq)]
pub struct Props {
    pub files: Shared<Files>,
    pub applied: Shared<Applied>,
}

#[component]
pub fn Editor(props: &Props) -> Html {
    let dispatch = use_dispatch();
    let files = &props.files;
    let open = files.open;
    let text = files.current().map(|f| f.text.clone()).unwrap_or_default();
    let oninput = {
        let dispatch = dispatch.clone();
        Callback::from(move |event: InputEvent| {
            if let Some(area) = event.target_dyn_into::<HtmlTextAreaElement>() {
                dispatch.emit(Msg::Edit {
                    file: open,
                    text: area.value().into(),
                });
            }
        })
    };
    let apply = {
        let dispatch = dispatch.clone();
        Callback::from(move |_: MouseEvent| dispatch.emit(Msg::Apply))
    };
    html! {
        <section class="k-pane k-pane--editor" aria-label="Editor">
            <div class="k-bar">
                <div class="k-tabs" role="group" aria-label="Files">
                    { for files.list.iter().enumerate().map(|(i, file)| {
                        let dispatch = dispatch.clone();
                        let onclick = Callback::from(move |_: MouseEvent| dispatch.emit(Msg::OpenFile(i)));
                        html! {
                            <button
                                key={file.name.to_string()}
                                type="button"
                                class="k-tab"
                                aria-pressed={if i == open { "true" } else { "false" }}
                                {onclick}
                            >
                                { &*file.name }
                            </button>
                        }
                    }) }
                    <button
                        type="button"
                        class="k-button k-button--quiet"
                        aria-label="New file"
                        title="New file"
                        onclick={Callback::from(move |_: MouseEvent| dispatch.emit(Msg::NewFile))}
                    >
                        { icon(Icon::Plus) }
                    </button>
                </div>
                <button type="button" class="k-button k-button--primary" onclick={apply} title="Ctrl+Enter">
                    { "Apply" }
                </button>
            </div>
            <textarea
                class="k-code"
                aria-label="Manifest"
                spellcheck="false"
                autocomplete="off"
                value={text.to_string()}
                {oninput}
            />
            <Answers applied={props.applied.clone()} />
        </section>
    }
}

#[derive(Properties, PartialEq)]
struct AnswersProps {
    applied: Shared<Applied>,
}

/// What the API server said to the last act of applying.
#[component]
fn Answers(props: &AnswersProps) -> Html {
    if props.applied.lines.is_empty() {
        return Html::default();
    }
    html! {
        <ul class="k-answers" aria-label="Answers of the API server">
            { for props.applied.lines.iter().map(|line| {
                let class = match line.tone {
                    Tone::Good => "k-answer k-answer--good",
                    Tone::Warning => "k-answer k-answer--warning",
                    Tone::Bad => "k-answer k-answer--bad",
                };
                html! { <li {class}>{ &*line.text }</li> }
            }) }
        </ul>
    }
}
