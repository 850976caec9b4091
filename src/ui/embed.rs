//! The page as a part of another one: one pane or two, the transport, and the way to the whole page.

use yew::prelude::*;

use super::browser;
use super::editor::Editor;
use super::header::PaneSwitch;
use super::inspector::Inspector;
use super::key_list::KeyList;
use super::learn::Learn;
use super::notices::{LiveRegion, Notices};
use super::offer::OfferDialog;
use super::splitter::SplitterBar;
use super::stage::Stage;
use super::terminal::Terminal;
use super::transport::TransportBar;
use super::words::{t, use_words};
use crate::app::embed::Embed;
use crate::app::{Model, Pane, Splitter, Words};

pub fn embedded(model: &Model, embed: Embed, w: &Words) -> Html {
    let panes = embed.layout.panes();
    let has = |pane: Pane| panes.contains(&pane);
    let inspecting = model.selection.is_some();
    let learning = model.learn.open;
    html! {
        <div
            class="k-page k-page--embed"
            data-layout={embed.layout.name()}
            data-shown={model.panes.shown.class()}
            data-inspecting={inspecting.to_string()}
            data-playing={model.transport.playing.to_string()}
            style={format!("--k-editor:{}px;--k-lesson:{}px", model.panes.editor, model.panes.lesson)}
        >
            if panes.len() > 1 || learning {
                <PaneSwitch panes={embed.layout.choices()} shown={model.panes.shown} {learning} />
            }
            <main class="k-main">
                <h1 class="k-unseen">{ "Kubarium" }</h1>
                if has(Pane::Editor) || learning {
                    <div class="k-left">
                        if learning {
                            <Learn view={model.learn.clone()} />
                        }
                        if has(Pane::Editor) {
                            if learning {
                                <SplitterBar of={Splitter::Lesson} extent={model.panes.lesson} label={t!(w, "splitter.lesson")} />
                            }
                            <Editor
                                files={model.files.clone()}
                                applied={model.applied.clone()}
                                editing={model.terminal.editing.clone()}
                                brought={model.brought.clone()}
                                reveal={model.reveal.clone()}
                                readonly={model.readonly}
                            />
                        }
                    </div>
                }
                if panes.len() > 1 || learning {
                    <SplitterBar of={Splitter::Editor} extent={model.panes.editor} label={t!(w, "splitter.editor")} />
                }
                <div class="k-centre">
                    if has(Pane::Stage) {
                        <Stage
                            view={model.view}
                            scene={model.scene.clone()}
                            control_plane={model.control_plane}
                            selection={model.selection.clone()}
                            now={model.transport.now}
                        />
                    }
                    if has(Pane::Dock) {
                        <section class="k-pane k-pane--dock" aria-label={w.say(&Pane::Dock.label())}>
                            <Terminal
                                view={model.terminal.clone()}
                                playing={model.transport.playing}
                                typing={model.typing.clone()}
                                readonly={model.readonly}
                            />
                        </section>
                    }
                    <TransportBar transport={model.transport.clone()} marks={model.scene.marks.clone()} />
                </div>
                if has(Pane::Stage) {
                    <Inspector
                        selection={model.selection.clone()}
                        revision={model.scene.revision}
                        now={model.transport.now.truncate_to_secs()}
                    />
                }
            </main>
            <Foot />
            <Notices notices={model.notices.clone()} />
            <LiveRegion spoken={model.spoken.clone()} />
            <OfferDialog offer={model.offer.clone()} embedded={true} />
            if model.keys {
                <KeyList single={model.single_keys} simulated={true} />
            }
        </div>
    }
}

/// The same content on a page of its own.
#[component]
fn Foot() -> Html {
    let w = use_words();
    let href = use_memo((), |()| {
        let address = browser::address();
        let mut href = browser::page();
        if let Some(lesson) = address.lesson {
            let lesson: String = js_sys::encode_uri_component(&lesson).into();
            href += &format!("?lesson={lesson}");
        }
        if let Some(link) = address.link {
            href += &format!("#s={link}");
        }
        href
    });
    html! {
        <footer class="k-embed-foot">
            <a href={(*href).clone()} target="_blank" rel="noopener">{ t!(w, "embed.open") }</a>
        </footer>
    }
}
