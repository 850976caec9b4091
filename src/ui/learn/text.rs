//! Markdown as elements. There is no way from a text to HTML but through here.

use yew::prelude::*;

use crate::app::learn::Act;
use crate::app::{Msg, Words};
use crate::lessons::markdown::{Block, Span, Target, parse};
use crate::ui::icons::{Icon, icon};
use crate::ui::runtime::use_dispatch;
use crate::ui::words::{t, use_words};

#[derive(Properties, PartialEq)]
pub struct Props {
    pub text: std::rc::Rc<str>,
}

#[component]
pub fn Text(props: &Props) -> Html {
    let dispatch = use_dispatch();
    let w = use_words();
    let blocks = use_memo(props.text.clone(), |text| parse(text));
    html! {
        <div class="k-text">
            { for blocks.iter().map(|block| shown(block, &dispatch, &w)) }
        </div>
    }
}

fn shown(block: &Block, dispatch: &Callback<Msg>, w: &Words) -> Html {
    let line = |spans: &[Span]| -> Html { spans.iter().map(|s| part(s, dispatch, w)).collect() };
    match block {
        Block::Heading(spans) => html! { <h4>{ line(spans) }</h4> },
        Block::Paragraph(spans) => html! { <p>{ line(spans) }</p> },
        Block::List { ordered, items } => {
            let items = items.iter().map(|item| html! { <li>{ line(item) }</li> });
            let items: Html = items.collect();
            match ordered {
                true => html! { <ol>{ items }</ol> },
                false => html! { <ul>{ items }</ul> },
            }
        }
        Block::Code { language, text } if language == "sh" => {
            let onclick = {
                let (dispatch, text) = (dispatch.clone(), text.as_str().into());
                Callback::from(move |_: MouseEvent| {
                    let act = Act::Insert(std::rc::Rc::clone(&text));
                    dispatch.emit(Msg::Learn(act));
                })
            };
            let words = t!(w, "learn.insert");
            html! {
                <div class="k-snippet">
                    <pre><code>{ for text.split_inclusive(char::is_whitespace).map(word) }</code></pre>
                    <button type="button" class="k-button k-button--quiet" title={words.clone()} aria-label={words} {onclick}>
                        { icon(Icon::Prompt) }
                    </button>
                </div>
            }
        }
        Block::Code { text, .. } => html! {
            <div class="k-snippet"><pre><code>{ text }</code></pre></div>
        },
    }
}

/// A word of a command, and the space behind it: a line breaks between words, and not after `--`.
fn word(text: &str) -> Html {
    let word = text.trim_end();
    let space = text.get(word.len()..).unwrap_or_default();
    html! { <><span class="k-word">{ word }</span>{ space }</> }
}

fn part(span: &Span, dispatch: &Callback<Msg>, w: &Words) -> Html {
    match span {
        Span::Text(text) => html! { { text } },
        Span::Code(text) => html! { <code>{ text }</code> },
        Span::Strong(text) => html! { <strong>{ text }</strong> },
        Span::Emphasis(text) => html! { <em>{ text }</em> },
        Span::Link {
            text,
            target: Target::Web(address),
        } => html! {
            <a href={address.clone()} target="_blank" rel="noopener">{ text }</a>
        },
        Span::Link {
            text,
            target: Target::Object(name),
        } => {
            let (dispatch, name) = (dispatch.clone(), std::rc::Rc::<str>::from(name.as_str()));
            let title = t!(w, "learn.object", name = &name);
            let onclick = Callback::from(move |_: MouseEvent| {
                dispatch.emit(Msg::Learn(Act::Select(name.clone())));
            });
            html! { <button type="button" class="k-link k-text-link" {title} {onclick}>{ text }</button> }
        }
    }
}
