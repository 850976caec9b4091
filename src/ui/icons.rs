//! The page's icons: sixteen by sixteen, in the colour of the text around them.

use yew::prelude::*;

use crate::app::view::Phase;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Icon {
    Play,
    Pause,
    Step,
    Slower,
    Faster,
    ToEnd,
    Sun,
    Moon,
    Half,
    Reset,
    Close,
    Plus,
    Layers,
    Pencil,
    Bin,
    Right,
    Wrong,
    Warning,
    Prompt,
    Book,
    Share,
    Back,
    Open,
    Save,
    Keys,
}

impl Icon {
    fn path(self) -> &'static str {
        match self {
            Icon::Play => {
                "M4.5 2.8v10.4a.6.6 0 0 0 .9.5l8.2-5.2a.6.6 0 0 0 0-1L5.4 2.3a.6.6 0 0 0-.9.5z"
            }
            Icon::Pause => "M4 2.5h2.8v11H4zM9.2 2.5H12v11H9.2z",
            Icon::Step => {
                "M3 2.8v10.4a.6.6 0 0 0 .9.5l6.6-5.2a.6.6 0 0 0 0-1L3.9 2.3a.6.6 0 0 0-.9.5zM11.5 2.5h2v11h-2z"
            }
            Icon::Slower => "M3 7.2h10v1.6H3z",
            Icon::Faster => "M7.2 3h1.6v4.2H13v1.6H8.8V13H7.2V8.8H3V7.2h4.2z",
            Icon::ToEnd => "M2 3l5 5-5 5zM7 3l5 5-5 5zM12.5 3H14v10h-1.5z",
            Icon::Sun => {
                "M8 4.8a3.2 3.2 0 1 0 0 6.4 3.2 3.2 0 0 0 0-6.4zM7.3 1h1.4v2.2H7.3zM7.3 12.8h1.4V15H7.3zM1 7.3h2.2v1.4H1zM12.8 7.3H15v1.4h-2.2zM2.6 3.5l1-1 1.5 1.6-1 1zM10.9 11.9l1-1 1.5 1.6-1 1zM3.6 13.5l-1-1 1.5-1.6 1 1zM11.9 5.1l-1-1 1.5-1.6 1 1z"
            }
            Icon::Moon => "M6 1.6a6.6 6.6 0 1 0 8.4 8.4A5.4 5.4 0 0 1 6 1.6z",
            Icon::Half => "M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zm0 1.5v10a5 5 0 0 1 0-10z",
            Icon::Reset => {
                "M8 2.5a5.5 5.5 0 1 1-5.4 6.6l1.5-.3A4 4 0 1 0 5 5.4L6.8 7H2V2.2l1.9 2A5.5 5.5 0 0 1 8 2.5z"
            }
            Icon::Close => "M4 3l4 4 4-4 1 1-4 4 4 4-1 1-4-4-4 4-1-1 4-4-4-4z",
            Icon::Prompt => "M2.4 3.6l1.1-1.1L8 7.9l-4.5 5.5-1.1-1.1L6 7.9zM8 12h6v1.5H8z",
            Icon::Book => {
                "M2 2.5h4.2c.8 0 1.4.3 1.8.8.4-.5 1-.8 1.8-.8H14v10.2H9.9c-.8 0-1.4.3-1.9.9-.5-.6-1.1-.9-1.9-.9H2zm1.4 1.4v7.4h2.9c.4 0 .7.1 1 .2V4.6c-.1-.4-.5-.7-1.1-.7zm9.2 0H9.8c-.6 0-1 .3-1.1.7v6.9c.3-.1.6-.2 1-.2h2.9z"
            }
            Icon::Plus => "M7.2 3h1.6v4.2H13v1.6H8.8V13H7.2V8.8H3V7.2h4.2z",
            Icon::Layers => {
                "M8 1.5l6.5 3.2L8 8 1.5 4.7zM2.9 7.2L8 9.8l5.1-2.6 1.4.7L8 11.2 1.5 7.9zM2.9 10.4L8 13l5.1-2.6 1.4.7L8 14.4l-6.5-3.3z"
            }
            Icon::Pencil => {
                "M11.2 1.8l3 3L5.6 13.4 2 14l.6-3.6zM10.9 4L4 10.9l-.2 1.3 1.3-.2L12 5.1z"
            }
            Icon::Bin => {
                "M6 1.5h4l.6 1.2H14v1.4H2V2.7h3.4zM3.2 5.2h9.6l-.7 9.3H3.9zm2 1.4.4 6.5h4.8l.4-6.5z"
            }
            Icon::Right => "M13.6 4.2 6.4 11.9 2.4 8l1-1.1 3 2.9 6.1-6.6z",
            Icon::Wrong => {
                "M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM7.2 4.5h1.6v4.6H7.2zM7.2 10.2h1.6v1.6H7.2z"
            }
            Icon::Share => {
                "M8 1l4 4-1 1-2.3-2.3V10H7.3V3.7L5 6 4 5zM2.5 8H5v1.4H4v4.1h8V9.4h-1V8h2.5v7h-11z"
            }
            Icon::Back => {
                "M6.5 3L7.6 4 5 6.6h4.5a4 4 0 0 1 0 8H7v-1.5h2.5a2.5 2.5 0 0 0 0-5H5l2.6 2.6-1.1 1L2 7.3z"
            }
            Icon::Open => {
                "M1.5 3h4.6l1.4 1.6h7v1.6H5.2L3.4 11 2.9 4.6v-.1l-.1 8.5H1.5zM5.9 7.6H16l-2.2 5.9H2.9z"
            }
            Icon::Save => {
                "M7.2 1.5h1.6v6.2l2.3-2.3 1.1 1.1L8 10.7 3.8 6.5l1.1-1.1 2.3 2.3zM2 10.5h1.6v2.4h8.8v-2.4H14v4H2z"
            }
            Icon::Keys => {
                "M2 3.5h12c.6 0 1 .4 1 1v7c0 .6-.4 1-1 1H2c-.6 0-1-.4-1-1v-7c0-.6.4-1 1-1zm.4 1.4v6.2h11.2V4.9zM4 6h1.4v1.4H4zM6.2 6h1.4v1.4H6.2zM8.4 6h1.4v1.4H8.4zM10.6 6H12v1.4h-1.4zM5 8.8h6v1.4H5z"
            }
            Icon::Warning => "M8 1.6l6.9 12.6H1.1zM7.2 6h1.6v4.2H7.2zM7.2 11.2h1.6v1.5H7.2z",
        }
    }
}

pub fn icon(icon: Icon) -> Html {
    html! {
        <svg class="k-icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
            <path d={icon.path()} fill-rule="evenodd" />
        </svg>
    }
}

/// A pod's phase as a shape.
pub fn glyph(phase: Phase) -> Html {
    let shape = match phase {
        Phase::Pending => {
            html! { <circle class="k-glyph-line k-glyph-dashed" cx="8" cy="8" r="6" /> }
        }
        Phase::Starting => html! { <>
            <circle class="k-glyph-track" cx="8" cy="8" r="6" />
            <circle class="k-glyph-ring" cx="8" cy="8" r="6" pathLength="100" />
        </> },
        Phase::Running => html! { <circle class="k-glyph-line" cx="8" cy="8" r="5.8" /> },
        Phase::Ready => html! { <circle class="k-glyph-solid" cx="8" cy="8" r="6.8" /> },
        Phase::Terminating => html! { <>
            <circle class="k-glyph-line" cx="8" cy="8" r="6" />
            <path class="k-glyph-hatch" d="M3 9.5L9.5 3M4 12.2L12.2 4M6.6 13.2L13.2 6.6" />
        </> },
        Phase::Failing => html! { <>
            <path class="k-glyph-solid" d="M8 1.2a6.8 6.8 0 1 0 6.8 6.8H10.6L8 5.4z" />
            <path class="k-glyph-solid" d="M11 1h3.6l-.5 3.4h-2.6z" />
            <circle class="k-glyph-solid" cx="12.8" cy="6" r="1" />
        </> },
        Phase::Succeeded => html! { <>
            <circle class="k-glyph-line" cx="8" cy="8" r="6" />
            <path class="k-glyph-check" d="M5 8.2l2.2 2.2L11 6" />
        </> },
    };
    html! {
        <svg
            class={classes!("k-glyph", format!("k-glyph--{}", phase.name()))}
            viewBox="0 0 16 16"
            aria-hidden="true"
            focusable="false"
        >
            { shape }
        </svg>
    }
}
