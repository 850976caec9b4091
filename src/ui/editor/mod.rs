//! The editor pane: the files, the text, what is wrong with it, and what applying it answered.

mod answers;
mod area;
mod bridge;
mod brought;
mod files;
mod problems;

use gloo::timers::callback::Timeout;
use yew::prelude::*;

use super::runtime::{use_dispatch, use_runtime};
use super::words::{t, use_words};
use crate::app::bring::Brought;
use crate::app::editing::{Diagnosis, diagnose};
use crate::app::{Applied, Files, Msg, Reveal, Shared};
use answers::Answers;
use area::Area;
use brought::BroughtIn;
use files::FileTabs;
use problems::Problems;

/// How long the keys have to rest before the text is checked, in milliseconds.
const REST: u32 = 250;

#[derive(Properties, PartialEq)]
pub struct Props {
    pub files: Shared<Files>,
    pub applied: Shared<Applied>,
    /// The file that a command of the terminal waits for.
    #[prop_or_default]
    pub editing: Option<std::rc::Rc<str>>,
    #[prop_or_default]
    pub brought: Shared<Brought>,
    /// A place that is to be shown.
    pub reveal: Option<Reveal>,
    /// What the text may be right or wrong by, as [`ground`](crate::app::editing::ground) tells it.
    #[prop_or_default]
    pub ground: (usize, usize),
    #[prop_or_default]
    pub readonly: bool,
}

#[component]
pub fn Editor(props: &Props) -> Html {
    let dispatch = use_dispatch();
    let w = use_words();
    let files = &props.files;
    let file = files.current().cloned();
    let text = file.as_ref().map(|f| f.text.clone()).unwrap_or_default();
    let diagnosis = use_diagnosis(text.clone(), props.applied.clone(), props.ground);
    let wanted = use_state(|| None::<Reveal>);
    // Whichever came last: a problem that was clicked, or a place that somebody else wants shown.
    let reveal = match (&*wanted, &props.reveal) {
        (Some(own), Some(other)) if own.serial < other.serial => Some(other.clone()),
        (Some(own), _) => Some(own.clone()),
        (None, other) => other.clone(),
    };
    let go_to = {
        let (wanted, open) = (wanted.setter(), files.open);
        let serial = reveal.as_ref().map_or(0, |r| r.serial) + 1;
        Callback::from(move |(start, end): (usize, usize)| {
            wanted.set(Some(Reveal {
                serial,
                file: open,
                start,
                end,
            }));
        })
    };
    let apply = {
        let dispatch = dispatch.clone();
        Callback::from(move |_: MouseEvent| dispatch.emit(Msg::Apply))
    };
    let waited = file
        .as_ref()
        .is_some_and(|f| props.editing.as_ref() == Some(&f.name));
    html! {
        <section class="k-pane k-pane--editor" aria-label={t!(w, "editor.label")}>
            <div class="k-bar">
                <FileTabs files={files.clone()} readonly={props.readonly} />
                if !props.readonly {
                <button
                    type="button"
                    class="k-button k-button--primary"
                    onclick={apply}
                    title={t!(w, "editor.apply.title")}
                    aria-keyshortcuts="Control+Enter Meta+Enter"
                >
                    { if waited { t!(w, "terminal.save") } else { t!(w, "editor.apply") } }
                </button>
                }
            </div>
            <div class="k-edit" id="editor-panel" role="tabpanel" aria-label={file.map(|f| f.name.to_string())}>
                <Area files={files.clone()} diagnosis={diagnosis.clone()} {reveal} readonly={props.readonly} />
            </div>
            <Problems {diagnosis} {go_to} />
            <BroughtIn brought={props.brought.clone()} />
            <Answers applied={props.applied.clone()} />
        </section>
    }
}

/// What is wrong with the text, a moment after it has changed. Applying may change it too, and what comes otherwise: a
/// namespace is there now.
#[hook]
fn use_diagnosis(
    text: std::rc::Rc<str>,
    applied: Shared<Applied>,
    ground: (usize, usize),
) -> Shared<Diagnosis> {
    let runtime = use_runtime();
    let diagnosis = use_state(Shared::<Diagnosis>::default);
    let setter = diagnosis.setter();
    let before = (*diagnosis).clone();
    use_effect_with((text, applied, ground), move |(text, _, _)| {
        let text = text.clone();
        let timeout = Timeout::new(REST, move || {
            let Some(runtime) = runtime else {
                return;
            };
            let plain = area::with_plain_line_ends(&text);
            let found = runtime.read(|app| diagnose(&plain, app.session().timeline().cluster()));
            let mut kept = before;
            if kept.keep(found) {
                setter.set(kept);
            }
        });
        move || drop(timeout)
    });
    (*diagnosis).clone()
}
