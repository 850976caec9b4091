//! What has been typed and answered.

use web_sys::HtmlElement;
use yew::prelude::*;

use crate::app::terminal::markup::{self, ErrorWord};
use crate::app::terminal::{Block, Line, View};
use crate::app::{Msg, Named, Shared, Words, say};
use crate::ui::hooks::has_selected_text;
use crate::ui::runtime::use_dispatch;
use crate::ui::words::{t, use_words};

#[derive(Properties, PartialEq)]
pub struct Props {
    pub view: Shared<View>,
}

#[component]
pub fn Paper(props: &Props) -> Html {
    let dispatch = use_dispatch();
    let node = use_node_ref();
    let w = use_words();
    let all = use_state(|| false);
    let screen = &props.view.screen;
    {
        // The newest line stays in sight, unless somebody has scrolled up to read.
        let (node, away) = (node.clone(), use_mut_ref(|| false));
        let serial = (
            screen.serial(),
            screen.tail().clone(),
            props.view.running.is_some(),
        );
        let scrolled = away.clone();
        use_effect_with((), {
            let node = node.clone();
            move |()| {
                let listener = node.cast::<HtmlElement>().map(|element| {
                    let watched = element.clone();
                    gloo::events::EventListener::new(&element, "scroll", move |_| {
                        let left = watched.scroll_height()
                            - watched.scroll_top()
                            - watched.client_height();
                        *scrolled.borrow_mut() = left > 40;
                    })
                });
                move || drop(listener)
            }
        });
        use_effect_with(serial, move |_| {
            if let Some(element) = node.cast::<HtmlElement>()
                && !*away.borrow()
            {
                element.set_scroll_top(element.scroll_height());
            }
        });
    }
    let show = {
        let all = all.clone();
        Callback::from(move |event: MouseEvent| {
            event.stop_propagation();
            all.set(!*all);
        })
    };
    let onclick = {
        let dispatch = dispatch.clone();
        Callback::from(move |event: MouseEvent| {
            if let Some(msg) = named(&event)
                && !has_selected_text()
            {
                event.stop_propagation();
                dispatch.emit(msg);
            }
        })
    };
    let hidden = screen.hidden();
    html! {
        <div
            ref={node}
            class="k-paper"
            role="log"
            aria-live="off"
            aria-label={t!(w, "terminal.output")}
            translate="no"
            tabindex="0"
            {onclick}
        >
            if screen.is_empty() {
                <p class="k-paper-hint">
                    { super::with_code(
                        &w,
                        &say!("terminal.hint", get = super::SLOT, watch = super::SLOT),
                        &["kubectl get pods", "kubectl get pods -w"],
                    ) }
                </p>
            }
            if screen.lost() > 0 && *all {
                <p class="k-paper-note">{ t!(w, "terminal.lost", n = screen.lost()) }</p>
            }
            if hidden > 0 {
                <button type="button" class="k-button" onclick={show}>
                    { if *all { t!(w, "terminal.latest") } else { t!(w, "terminal.older", n = hidden) } }
                </button>
            }
            <>{ for screen.blocks(*all).map(|block| html! { <BlockLines key={block.first} block={block.clone()} /> }) }</>
            <>{ for screen.tail().iter().map(|line| html! { <LineItem key={line.number} line={line.clone()} /> }) }</>
        </div>
    }
}

#[derive(Properties, PartialEq)]
struct BlockProps {
    block: Shared<Block>,
}

#[component]
fn BlockLines(props: &BlockProps) -> Html {
    let w = use_words();
    let mut out = String::from("<div class=\"k-block\">");
    draw(&mut out, &props.block.lines, &w);
    out.push_str("</div>");
    Html::from_html_unchecked(out.into())
}

#[derive(Properties, PartialEq)]
struct LineProps {
    line: Line,
}

#[component]
fn LineItem(props: &LineProps) -> Html {
    let w = use_words();
    let mut out = String::new();
    draw(&mut out, std::slice::from_ref(&props.line), &w);
    Html::from_html_unchecked(out.into())
}

fn draw(out: &mut String, lines: &[Line], w: &Words) {
    let word = t!(w, "terminal.error");
    let error = ErrorWord {
        word: &word,
        language: w.tag(),
    };
    for line in lines {
        markup::line(out, line, error);
    }
}

/// The object whose name was clicked.
fn named(event: &MouseEvent) -> Option<Msg> {
    let target = event.target_dyn_into::<web_sys::Element>()?;
    let object = target
        .closest(".k-named")
        .ok()??
        .get_attribute("data-object")?;
    let mut parts = object.split(' ');
    let (version, kind) = (parts.next()?, parts.next()?);
    Some(Msg::Find(Named {
        api_version: version.into(),
        kind: kind.into(),
        namespace: parts.next()?.into(),
        name: parts.next()?.into(),
    }))
}
