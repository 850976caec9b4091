//! The page: header, panes, splitters; each gets the part of the model that it draws.

use std::rc::Rc;

use gloo::events::EventListener;
use yew::prelude::*;

use super::bring::DropTarget;
use super::dialog::Dialog;
use super::dock::Dock;
use super::editor::Editor;
use super::embed::embedded;
use super::header::{Header, PaneSwitch};
use super::inspector::Inspector;
use super::key_list::KeyList;
use super::keys;
use super::learn::Learn;
use super::notices::{LiveRegion, Notices};
use super::offer::{BackBar, OfferDialog};
use super::real::{Found, RealBar};
use super::runtime::Runtime;
use super::share::ShareDialog;
use super::splitter::SplitterBar;
use super::stage::Stage;
use super::transport::TransportBar;
use super::words::{Language, t, use_language_of};
use crate::app::editing::ground;
use crate::app::learn::Act;
use crate::app::{Model, Msg, Splitter, Words};

#[derive(Properties, PartialEq)]
pub struct Props {
    /// The language that the page begins with.
    pub words: Words,
    /// The real cluster that is shown, if there is one.
    pub found: Found,
}

#[component]
pub fn Page(props: &Props) -> Html {
    let language = use_language_of(props.words.clone());
    let w = language.words.clone();
    let runtime = {
        let (words, found) = (w.clone(), props.found.clone());
        (*use_memo((), move |()| Runtime::start(words, found))).clone()
    };
    {
        let runtime = runtime.clone();
        use_effect_with(w.clone(), move |words| runtime.speak(words));
    }
    let model = {
        let runtime = runtime.clone();
        use_state(move || runtime.model())
    };
    {
        let (runtime, setter) = (runtime.clone(), model.setter());
        use_effect_with((), move |()| {
            runtime.attach(Callback::from(move |model| setter.set(model)));
            let listeners = listen(&runtime);
            move || drop(listeners)
        });
    }
    {
        let runtime = runtime.clone();
        use_effect_with(Rc::<str>::from(w.tag()), move |tag| {
            runtime.dispatch(Msg::Learn(Act::Speak(tag.clone())));
        });
    }
    let model: &Model = &model;
    if let Some(embed) = model.embed {
        return html! {
            <ContextProvider<Language> context={language}>
                <ContextProvider<Runtime> context={runtime}>{ embedded(model, embed, &w) }</ContextProvider<Runtime>>
            </ContextProvider<Language>>
        };
    }
    let ground = runtime.read(|app| ground(app.session().timeline().cluster()));
    let panes = &model.panes;
    let style = format!(
        "--k-lesson:{}px;--k-editor:{}px;--k-inspector:{}px;--k-dock:{}px",
        panes.lesson, panes.editor, panes.inspector, panes.dock
    );
    let inspecting = model.selection.is_some();
    let learning = model.learn.open;
    let in_lesson = model.learn.taking;
    html! {
        <ContextProvider<Language> context={language}>
        <ContextProvider<Runtime> context={runtime}>
            <div
                class="k-page"
                data-shown={panes.shown.class()}
                data-inspecting={inspecting.to_string()}
                data-playing={model.transport.playing.to_string()}
                {style}
            >
                <Header
                    theme={model.theme}
                    summary={w.say(&model.scene.nodes.summary())}
                    {learning}
                    {in_lesson}
                />
                <BackBar kept={model.kept} />
                <PaneSwitch shown={panes.shown} {learning} />
                <main class="k-main">
                    <div class="k-left">
                        if learning {
                            <Learn view={model.learn.clone()} />
                            <SplitterBar of={Splitter::Lesson} extent={panes.lesson} label={t!(w, "splitter.lesson")} />
                        }
                        <Editor
                            files={model.files.clone()}
                            applied={model.applied.clone()}
                            editing={model.terminal.editing.clone()}
                            brought={model.brought.clone()}
                            reveal={model.reveal.clone()}
                            {ground}
                        />
                    </div>
                    <SplitterBar of={Splitter::Editor} extent={panes.editor} label={t!(w, "splitter.editor")} />
                    <div class="k-centre">
                        <Stage
                            view={model.view}
                            scene={model.scene.clone()}
                            control_plane={model.control_plane}
                            selection={model.selection.clone()}
                            now={model.transport.now}
                        />
                        if let Some(real) = &model.real {
                            <RealBar real={real.clone()} />
                        } else {
                            <TransportBar
                                transport={model.transport.clone()}
                                marks={model.scene.marks.clone()}
                            />
                        }
                        <SplitterBar of={Splitter::Dock} extent={panes.dock} label={t!(w, "splitter.dock")} />
                        <Dock
                            tab={panes.dock_tab}
                            revision={model.scene.revision}
                            terminal={model.terminal.clone()}
                            playing={model.transport.playing}
                            typing={model.typing.clone()}
                        />
                    </div>
                    if inspecting {
                        <SplitterBar of={Splitter::Inspector} extent={panes.inspector} label={t!(w, "splitter.inspector")} />
                    }
                    <Inspector
                        selection={model.selection.clone()}
                        revision={model.scene.revision}
                        now={model.transport.now.truncate_to_secs()}
                    />
                </main>
                <Notices notices={model.notices.clone()} />
                <LiveRegion spoken={model.spoken.clone()} />
                <DropTarget />
                <Dialog question={model.question} workers={model.next_workers} />
                <OfferDialog offer={model.offer.clone()} embedded={false} />
                <ShareDialog share={model.share.clone()} />
                if model.keys {
                    <KeyList single={model.single_keys} simulated={model.real.is_none()} />
                }
            </div>
        </ContextProvider<Runtime>>
        </ContextProvider<Language>>
    }
}

/// What the window tells: keys, and that the page is hidden or left.
fn listen(runtime: &Runtime) -> Vec<EventListener> {
    let mut listeners: Vec<EventListener> = keys::listen(runtime.clone()).into_iter().collect();
    if let Some(window) = web_sys::window() {
        let leaving = runtime.clone();
        let linked = runtime.clone();
        listeners.push(EventListener::new(&window, "hashchange", move |_| {
            linked.look_at_link();
        }));
        listeners.push(EventListener::new(&window, "pagehide", move |_| {
            leaving.keep();
        }));
        if let Some(document) = window.document() {
            let runtime = runtime.clone();
            listeners.push(EventListener::new(
                &document,
                "visibilitychange",
                move |_| {
                    runtime.visibility_changed();
                },
            ));
        }
    }
    listeners
}
