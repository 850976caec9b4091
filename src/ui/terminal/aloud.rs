//! What is read aloud of the terminal, apart from what is seen.

use gloo::timers::callback::Timeout;
use yew::prelude::*;

use crate::app::Shared;
use crate::app::terminal::{Heard, View};
use crate::ui::words::{t, use_words};

/// How long after a command has ended it is read, in milliseconds: several in a row become one.
const REST: u32 = 250;
/// How often a command that goes on is read, in milliseconds.
const PACE: u32 = 5_000;

#[derive(Properties, PartialEq)]
pub struct Props {
    pub view: Shared<View>,
}

/// What waits to be read.
struct Waiting {
    running: bool,
    _timeout: Timeout,
}

#[component]
pub fn Aloud(props: &Props) -> Html {
    let w = use_words();
    let view = &props.view;
    let (serial, running) = (view.screen.serial(), view.running.is_some());
    // What stood there before is not read.
    let read = use_mut_ref(|| serial);
    let latest = use_mut_ref(|| view.clone());
    let waiting = use_mut_ref(|| None::<Waiting>);
    let heard = use_state(|| (0u64, Heard::default(), 0i32));
    *latest.borrow_mut() = view.clone();
    {
        let setter = heard.setter();
        use_effect_with((serial, running), move |&(serial, running)| {
            // A stream keeps its pace; its end is read soon.
            let keeps = waiting
                .borrow()
                .as_ref()
                .is_some_and(|w| w.running == running && running);
            if keeps || serial == *read.borrow() {
                return;
            }
            let pending = waiting.clone();
            let timeout = Timeout::new(if running { PACE } else { REST }, move || {
                // The closure that runs now must not be dropped here.
                if let Some(done) = pending.borrow_mut().take() {
                    done._timeout.forget();
                }
                let view = latest.borrow().clone();
                let from = std::mem::replace(&mut *read.borrow_mut(), view.screen.serial());
                let running = view.running.is_some();
                let code = if running { 0 } else { view.exit_code };
                setter.set((from, Heard::since(&view.screen, from, running), code));
            });
            *waiting.borrow_mut() = Some(Waiting {
                running,
                _timeout: timeout,
            });
        });
    }
    let (from, heard, code) = &*heard;
    html! {
        <div class="k-unseen k-aloud" aria-live="polite" aria-atomic="true">
            <div key={*from}>
                { for heard.lines.iter().map(|line| html! { <p lang="en">{ line }</p> }) }
                if heard.more > 0 {
                    <p>{ t!(w, "terminal.aloud.more", n = heard.more) }</p>
                }
                if *code != 0 {
                    <p>{ t!(w, "terminal.exit", code = *code) }</p>
                }
            </div>
        </div>
    }
}
