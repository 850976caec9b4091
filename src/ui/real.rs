//! A real API server behind the page's own address, as `kubectl proxy --www=` puts it there: finds it,
//! follows it, and sends it what the terminal asks.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;

use wasm_bindgen::prelude::*;
use yew::platform::spawn_local;
use yew::prelude::*;

use super::icons::{Icon, icon};
use super::runtime::{Runtime, use_dispatch};
use super::words::{t, use_words};
use crate::apiserver::{Body, Request, Response};
use crate::app::Msg;
use crate::app::real::{Heard, LANES, Real};
use crate::client::{Client, LocalFuture, Watch};
use crate::sim::Time;

#[wasm_bindgen(inline_js = "
// Where to look: `kubectl proxy` serves files on loopback below /static/. Elsewhere the page asks nobody,
// unless its address says so.
export function mayBeReal() {
  const query = new URLSearchParams(location.search);
  const wish = query.get('cluster');
  if (wish === 'simulated' || query.has('embed') || window.parent !== window) return false;
  if (wish === 'real') return true;
  const loopback = ['127.0.0.1', 'localhost', '[::1]'].includes(location.hostname);
  return loopback && location.pathname.startsWith('/static/');
}
// What the server says of its version; nothing when it is no API server. Throws when there may be one that does
// not answer: a proxy says so with 5xx.
export async function versionOf() {
  const answer = await fetch('/version', { signal: AbortSignal.timeout(4000), redirect: 'error' });
  if (answer.status >= 500) throw new Error(String(answer.status));
  return answer.ok ? answer.text() : '';
}
export function pause(milliseconds) {
  return new Promise((done) => setTimeout(done, milliseconds));
}
// Tells `lines` whole lines as they come; resolves with the code, or 0 when nobody answered.
export async function follow(path, watch, lines) {
  try {
    const answer = await fetch(path, { headers: { accept: 'application/json' }, redirect: 'error' });
    if (!answer.ok) return answer.status;
    if (!watch) {
      lines(await answer.text());
      return 200;
    }
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = '';
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return 200;
      rest += value;
      const end = rest.lastIndexOf('\\n');
      if (end >= 0) {
        lines(rest.slice(0, end));
        rest = rest.slice(end + 1);
      }
    }
  } catch {
    return 0;
  }
}
export async function send(method, path, type, accept, body) {
  const headers = { accept: accept || 'application/json' };
  if (body !== undefined) headers['content-type'] = type || 'application/json';
  const answer = await fetch(path, { method, headers, body, redirect: 'error' });
  return [answer.status, answer.headers.get('content-type') ?? '', answer.headers.get('warning') ?? '', await answer.text()];
}
export function openWatch(path, accept, lines, ended) {
  const stop = new AbortController();
  (async () => {
    try {
      const headers = { accept: accept || 'application/json' };
      const answer = await fetch(path, { headers, signal: stop.signal, redirect: 'error' });
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      let rest = '';
      for (;;) {
        const { done, value } = await reader.read();
        if (done || stop.signal.aborted) break;
        rest += value;
        const end = rest.lastIndexOf('\\n');
        if (end >= 0) {
          lines(rest.slice(0, end));
          rest = rest.slice(end + 1);
        }
      }
    } catch {}
    // Whoever stopped it does not listen any more.
    if (!stop.signal.aborted) ended();
  })();
  return stop;
}
export function stopWatch(stop) {
  stop.abort();
}
")]
extern "C" {
    #[wasm_bindgen(js_name = mayBeReal)]
    fn may_be_real() -> bool;
    #[wasm_bindgen(js_name = versionOf, catch)]
    async fn version_of() -> Result<JsValue, JsValue>;
    async fn pause(milliseconds: u32);
    async fn follow(path: &str, watch: bool, lines: &Closure<dyn FnMut(String)>) -> JsValue;
    #[wasm_bindgen(catch)]
    async fn send(
        method: &str,
        path: &str,
        kind: &str,
        accept: &str,
        body: JsValue,
    ) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(js_name = openWatch)]
    fn open_watch(
        path: &str,
        accept: &str,
        lines: &Closure<dyn FnMut(String)>,
        ended: &Closure<dyn FnMut()>,
    ) -> JsValue;
    #[wasm_bindgen(js_name = stopWatch)]
    fn stop_watch(stop: &JsValue);
}

/// What is behind this page.
#[derive(Clone, PartialEq)]
pub enum Found {
    Nothing,
    /// A proxy whose API server does not answer.
    Silence,
    Real(Real),
}

/// Looks for a real API server behind this page.
pub async fn find() -> Found {
    if !may_be_real() {
        return Found::Nothing;
    }
    match version_of().await {
        Ok(text) => match text.as_string().and_then(|text| Real::of_version(&text)) {
            Some(real) => Found::Real(real),
            None => Found::Nothing,
        },
        Err(_) => Found::Silence,
    }
}

/// The wall clock.
pub fn now() -> Time {
    Time((js_sys::Date::now() * 1e6) as u64)
}

/// Follows the cluster for as long as the page lives.
pub fn begin(runtime: &Runtime) {
    for lane in 0..LANES {
        let runtime = runtime.clone();
        spawn_local(async move {
            while let Some(ask) = runtime.ask_real(lane) {
                pause(ask.wait).await;
                let hearer = runtime.clone();
                let watch = ask.watch;
                let lines = Closure::<dyn FnMut(String)>::new(move |text: String| {
                    let heard = match watch {
                        true => Heard::Lines(text.into()),
                        false => Heard::List(text.into()),
                    };
                    hearer.dispatch(Msg::Heard {
                        lane,
                        heard,
                        now: now(),
                    });
                });
                let code = follow(&ask.path, watch, &lines).await;
                let heard = match code.as_f64().unwrap_or_default() as u16 {
                    200 if watch => Heard::End,
                    200 => continue,
                    code => Heard::Refused(code),
                };
                runtime.dispatch(Msg::Heard {
                    lane,
                    heard,
                    now: now(),
                });
            }
        });
    }
}

/// Sends the requests of the terminal.
pub struct Fetching;

fn address(request: &Request) -> String {
    let mut address = request.path.clone();
    for (i, (name, value)) in request.query.iter().enumerate() {
        let value = String::from(js_sys::encode_uri_component(value));
        address.push(if i == 0 { '?' } else { '&' });
        address.push_str(&format!("{name}={value}"));
    }
    address
}

impl Client for Fetching {
    fn request<'a>(&'a self, request: Request) -> LocalFuture<'a, Response> {
        Box::pin(async move {
            let body = match &request.body {
                Body::Empty => JsValue::UNDEFINED,
                Body::Json(value) => value.to_string().into(),
                Body::Text(text) => text.as_str().into(),
            };
            let path = address(&request);
            let answer = send(
                request.method.name(),
                &path,
                request.content_type,
                request.accept,
                body,
            )
            .await;
            let answer = answer.ok().and_then(|a| a.dyn_into::<js_sys::Array>().ok());
            let Some(answer) = answer else {
                return Response::text(503, "");
            };
            let text = |i: u32| answer.get(i).as_string().unwrap_or_default();
            let code = answer.get(0).as_f64().unwrap_or_default() as u16;
            let mut response = match serde_json::from_str(&text(3)) {
                Ok(value) if text(1).contains("json") => Response::json(code, value),
                _ => Response::text(code, text(3)),
            };
            response.warnings = warnings(&text(2));
            response
        })
    }

    fn watch(&self, request: Request) -> Box<dyn Watch> {
        let stream = Rc::new(RefCell::new(Stream::default()));
        let (coming, ending) = (stream.clone(), stream.clone());
        let lines = Closure::new(move |text: String| {
            let events = text
                .lines()
                .filter_map(|line| serde_json::from_str(line).ok());
            coming.borrow_mut().events.extend(events);
        });
        let ended = Closure::new(move || ending.borrow_mut().ended = true);
        let stop = open_watch(&address(&request), request.accept, &lines, &ended);
        Box::new(Following {
            stream,
            stop,
            _lines: lines,
            _ended: ended,
        })
    }
}

/// The texts of `Warning` headers: `299 - "text", 299 - "text"`.
fn warnings(header: &str) -> Vec<String> {
    let parts = header.split("299 - \"").skip(1);
    parts
        .filter_map(|part| part.rsplit_once('"'))
        .map(|(text, _)| text.replace("\\\"", "\""))
        .collect()
}

#[derive(Default)]
struct Stream {
    events: VecDeque<serde_json::Value>,
    ended: bool,
}

struct Following {
    stream: Rc<RefCell<Stream>>,
    stop: JsValue,
    _lines: Closure<dyn FnMut(String)>,
    _ended: Closure<dyn FnMut()>,
}

impl Watch for Following {
    fn next<'a>(&'a mut self) -> LocalFuture<'a, Option<serde_json::Value>> {
        // Polled again in every frame.
        Box::pin(poll_fn(move |_| {
            let mut stream = self.stream.borrow_mut();
            match stream.events.pop_front() {
                Some(event) => Poll::Ready(Some(event)),
                None if stream.ended => Poll::Ready(None),
                None => Poll::Pending,
            }
        }))
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        stop_watch(&self.stop);
    }
}

#[derive(Properties, PartialEq)]
pub struct Props {
    pub real: Real,
}

/// Says that this is no simulation, and lets the page change the cluster. It stands where time is
/// ruled otherwise.
#[component]
pub fn RealBar(props: &Props) -> Html {
    let dispatch = use_dispatch();
    let w = use_words();
    let real = &props.real;
    let onchange = {
        let (dispatch, open) = (dispatch, !real.writable);
        Callback::from(move |_: Event| dispatch.emit(Msg::AllowWrites(open)))
    };
    let words = w.say(&real.words());
    html! {
        <section class="k-real" aria-label={t!(w, "real.label")} data-writable={real.writable.to_string()}>
            <p class="k-real-name">{ icon(Icon::Layers) }{ t!(w, "real.title", version = &real.version) }</p>
            <p class="k-real-more">
                if words.is_empty() { { t!(w, "real.more") } }
                <strong role="status">{ words }</strong>
            </p>
            <div class="k-real-acts">
                <label class="k-real-lock" title={t!(w, "real.allow.title")}>
                    <input type="checkbox" checked={real.writable} {onchange} />
                    { t!(w, "real.allow") }
                </label>
                <a class="k-button" href="?cluster=simulated">{ t!(w, "real.simulated") }</a>
            </div>
        </section>
    }
}
