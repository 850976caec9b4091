//! Taking away: the button in the header, and what it offers.

use wasm_bindgen::prelude::*;
use yew::prelude::*;

use super::hooks::copy;
use super::icons::{Icon, icon};
use super::modal::Modal;
use super::runtime::use_runtime;
use super::words::{t, use_words};
use crate::app::export::Export;

#[wasm_bindgen(inline_js = "
export function saveBytes(name, type, bytes) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([bytes], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
")]
extern "C" {
    #[wasm_bindgen(js_name = saveBytes)]
    fn save_bytes(name: &str, kind: &str, bytes: &[u8]);
}

/// How the page is put beside a real API server, and where it is then.
const PROXY: &str = "kubectl proxy --www=dist";
const PROXY_PAGE: &str = "http://127.0.0.1:8001/static/";

#[component]
pub fn ExportButton() -> Html {
    let w = use_words();
    let open = use_state(|| false);
    let show = {
        let open = open.setter();
        Callback::from(move |_: MouseEvent| open.set(true))
    };
    let close = {
        let open = open.setter();
        Callback::from(move |()| open.set(false))
    };
    html! { <>
        <button
            type="button"
            class="k-button k-button--quiet"
            title={t!(w, "export.open.title")}
            aria-label={t!(w, "export.open")}
            aria-haspopup="dialog"
            onclick={show}
        >
            { icon(Icon::Save) }
            <span>{ t!(w, "export.open") }</span>
        </button>
        if *open {
            <ExportDialog {close} />
        }
    </> }
}

#[derive(Properties, PartialEq)]
struct Props {
    close: Callback<()>,
}

#[component]
fn ExportDialog(props: &Props) -> Html {
    let w = use_words();
    let runtime = use_runtime();
    // As it is when the dialog opens.
    let export = use_memo((), |()| {
        runtime
            .map(|r| {
                r.read(|app| Export::of(app.session().timeline().cluster(), &app.model().files))
            })
            .unwrap_or_default()
    });
    let leave = {
        let close = props.close.clone();
        Callback::from(move |_: MouseEvent| close.emit(()))
    };
    let save = |what: fn(&Export, &crate::app::Words)| {
        let (export, w) = (export.clone(), w.clone());
        Callback::from(move |_: MouseEvent| what(&export, &w))
    };
    let (planes, workers) = export.node_counts();
    let config = export.kind_config(&w);
    html! {
        <Modal id="export" class="k-export" title={t!(w, "export.title")} close={props.close.clone()}>
            <section>
                <h3>{ t!(w, "export.manifests") }</h3>
                <p>{ t!(w, "export.manifests.more", n = export.objects.len()) }</p>
                if !export.own.is_empty() {
                    <p>{ t!(w, "export.own", n = export.own.len()) }</p>
                }
                <div class="k-export-actions">
                    <button
                        type="button"
                        class="k-button k-button--primary"
                        onclick={save(|export, w| save_bytes("cluster.yaml", "application/yaml", export.yaml(w).as_bytes()))}
                    >
                        { t!(w, "export.yaml") }
                    </button>
                    <button
                        type="button"
                        class="k-button"
                        title={t!(w, "export.archive.title")}
                        onclick={save(|export, w| {
                            let now = (js_sys::Date::now() / 1000.0) as u64;
                            save_bytes("kubarium.tar", "application/x-tar", &export.archive(w, now));
                        })}
                    >
                        { t!(w, "export.archive") }
                    </button>
                </div>
            </section>
            <section>
                <h3>{ t!(w, "export.kind") }</h3>
                <p>{ t!(w, "export.kind.more", planes = planes.max(1), workers = workers) }</p>
                <Line text="kind create cluster --config kind.yaml" />
                <Line text="kubectl apply -f cluster.yaml" />
                <div class="k-export-actions">
                    <button
                        type="button"
                        class="k-button"
                        onclick={Callback::from(move |_: MouseEvent| save_bytes("kind.yaml", "application/yaml", config.as_bytes()))}
                    >
                        { t!(w, "export.kind.save") }
                    </button>
                </div>
            </section>
            <section>
                <h3>{ t!(w, "export.proxy") }</h3>
                <p>{ t!(w, "export.proxy.more", address = PROXY_PAGE) }</p>
                <Line text={PROXY} />
            </section>
            <div class="k-dialog-actions">
                <button type="button" class="k-button" onclick={leave}>{ t!(w, "export.close") }</button>
            </div>
        </Modal>
    }
}

#[derive(Properties, PartialEq)]
struct LineProps {
    text: AttrValue,
}

/// A command to copy.
#[component]
fn Line(props: &LineProps) -> Html {
    let w = use_words();
    let copied = use_state(|| false);
    let onclick = {
        let (text, copied) = (props.text.clone(), copied.setter());
        Callback::from(move |_: MouseEvent| {
            copy(&text);
            copied.set(true);
        })
    };
    html! {
        <div class="k-export-line">
            <code lang="en" translate="no">{ props.text.clone() }</code>
            <button type="button" class="k-button" aria-label={t!(w, "export.copy.title", text = &*props.text)} {onclick}>
                <span aria-live="polite">
                    { if *copied { t!(w, "export.copied") } else { t!(w, "export.copy") } }
                </span>
            </button>
        </div>
    }
}
