//! What has been typed and answered.

use web_sys::HtmlElement;
use yew::prelude::*;

use crate::app::Shared;
use crate::app::terminal::{Block, Line, Origin, View};

#[derive(Properties, PartialEq)]
pub struct Props {
    pub view: Shared<View>,
}

#[component]
pub fn Paper(props: &Props) -> Html {
    let node = use_node_ref();
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
    let hidden = screen.hidden();
    html! {
        <div
            ref={node}
            class="k-paper"
            role="log"
            aria-label="Terminal output"
            tabindex="0"
        >
            if screen.is_empty() {
                <p class="k-paper-hint">
                    { "Type a command. " }<code>{ "kubectl get pods" }</code>
                    { " shows what runs, " }<code>{ "kubectl get pods -w" }</code>
                    { " follows it. The files of the editor are here by their names." }
                </p>
            }
            if screen.lost() > 0 && *all {
                <p class="k-paper-note">{ format!("{} older lines are forgotten.", screen.lost()) }</p>
            }
            if hidden > 0 {
                <button type="button" class="k-button" onclick={show}>
                    { if *all { "Show the latest lines only".to_owned() } else { format!("Show {hidden} older lines") } }
                </button>
            }
            { for screen.blocks(*all).map(|block| html! { <BlockLines key={block.first} block={block.clone()} /> }) }
            { for screen.tail().iter().map(|line| html! { <LineItem key={line.number} line={line.clone()} /> }) }
        </div>
    }
}

#[derive(Properties, PartialEq)]
struct BlockProps {
    block: Shared<Block>,
}

#[component]
fn BlockLines(props: &BlockProps) -> Html {
    html! {
        <>{ for props.block.lines.iter().map(|line| html! { <LineItem key={line.number} line={line.clone()} /> }) }</>
    }
}

#[derive(Properties, PartialEq)]
struct LineProps {
    line: Line,
}

#[component]
fn LineItem(props: &LineProps) -> Html {
    let line = &props.line;
    let class = match line.origin {
        Origin::Typed => "k-line k-line--typed",
        Origin::Out => "k-line",
        Origin::Err => "k-line k-line--error",
        Origin::Note => "k-line k-line--note",
    };
    html! {
        <div {class}>
            if line.origin == Origin::Err { <span class="k-unseen">{ "Error: " }</span> }
            if !line.prompt.is_empty() { <span class="k-prompt">{ &*line.prompt }</span> }
            { &*line.text }
            if line.text.is_empty() && line.prompt.is_empty() { { "\u{200b}" } }
        </div>
    }
}
