//! What came of the files that were brought in, and what is to be done with them.

use yew::prelude::*;

use crate::app::bring::{Added, Answer, Brought, Note};
use crate::app::{Msg, Shared, Text, Words, say};
use crate::ui::icons::{Icon, icon};
use crate::ui::runtime::use_dispatch;
use crate::ui::words::{t, use_words};

#[derive(Properties, PartialEq)]
pub struct Props {
    pub brought: Shared<Brought>,
}

#[component]
pub fn BroughtIn(props: &Props) -> Html {
    let dispatch = use_dispatch();
    let w = use_words();
    match props.brought.is_empty() {
        true => Html::default(),
        false => section(&props.brought, &w, &dispatch),
    }
}

#[inline(never)] // it waits in the second file of the wasm until somebody wants it
fn section(brought: &Brought, w: &Words, dispatch: &Callback<Msg>) -> Html {
    let send = |answer: Answer| {
        let dispatch = dispatch.clone();
        Callback::from(move |_: MouseEvent| dispatch.emit(Msg::Settle(answer)))
    };
    let applicable = brought.added.iter().filter(|a| a.objects > 0).count();
    html! {
        <section class="k-answers k-brought" aria-label={t!(w, "bring.label")}>
            <div class="k-brought-title">
                <h2 class="k-answers-title">{ t!(w, "bring.label") }</h2>
                <button
                    type="button"
                    class="k-button k-button--quiet"
                    aria-label={t!(w, "bring.close")}
                    title={t!(w, "bring.close")}
                    onclick={send(Answer::Close)}
                >
                    { icon(Icon::Close) }
                </button>
            </div>
            <ul>
                { for brought.added.iter().map(|added| line(w, &added.name, told(added), added.is_well())) }
                { for brought.clashes.iter().map(|file| line(w, &file.name, say!("bring.taken"), false)) }
                { for brought.refused.iter().map(|file| line(w, &file.name, file.why.clone(), false)) }
            </ul>
            if brought.skipped > 0 {
                <p class="k-brought-more">{ t!(w, "bring.skipped", n = brought.skipped) }</p>
            }
            if brought.added.iter().any(|a| !a.unknown.is_empty()) {
                <p class="k-brought-more">{ t!(w, "bring.inert") }</p>
            }
            <div class="k-brought-actions">
                if !brought.clashes.is_empty() {
                    <button type="button" class="k-button" onclick={send(Answer::KeepBoth)}>
                        { t!(w, "bring.keep-both") }
                    </button>
                    <button type="button" class="k-button k-button--danger" onclick={send(Answer::Replace)}>
                        { t!(w, "bring.replace") }
                    </button>
                } else if applicable > 0 {
                    <button type="button" class="k-button k-button--primary" onclick={send(Answer::Apply)}>
                        { t!(w, "bring.apply", n = applicable) }
                    </button>
                }
            </div>
        </section>
    }
}

fn told(added: &Added) -> Text {
    let unknown = match added.unknown.is_empty() {
        true => Text::default(),
        false => {
            let kinds = added.unknown.iter().map(Text::from);
            say!("bring.unknown", kinds = Text::list(kinds))
        }
    };
    let note = match added.note {
        Note::None => Text::default(),
        Note::Same => say!("bring.same"),
        Note::Template => say!("bring.template"),
        Note::Broken => say!("bring.broken"),
    };
    Text::sentences([say!("bring.objects", n = added.objects), unknown, note])
}

fn line(w: &Words, name: &str, words: Text, good: bool) -> Html {
    let (class, sign) = match good {
        true => ("k-answer k-answer--good", Icon::Right),
        false => ("k-answer k-answer--warning", Icon::Warning),
    };
    html! {
        <li {class}>
            { icon(sign) }
            <span><b>{ name.to_owned() }</b>{ " " }<span class="k-brought-words">{ w.say(&words) }</span></span>
        </li>
    }
}
