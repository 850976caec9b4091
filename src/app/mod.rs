//! The page's logic without a DOM: what it shows, as plain data, and what each act of a person does.
//!
//! [`App`] holds a [`Model`] (what the page looks like) and a [`Session`] (the cluster that it looks
//! at). A [`Msg`] changes the model and may ask for effects; those that concern the cluster happen
//! here, the rest (storage, focus) are returned to the caller as data.
//!
//! Architecture invariant: nothing here knows a browser, and nothing here reads a clock; the caller
//! says how much time has passed and when a slice of work has lasted long enough.

mod act;
pub mod address;
mod apply;
pub mod bring;
pub mod catalogue;
pub mod editing;
pub mod embed;
pub mod export;
mod history;
pub mod inspect;
pub mod layout;
pub mod learn;
pub mod link;
mod local;
mod mirror;
mod model;
pub mod persist;
pub mod real;
pub mod requests;
mod session;
pub mod share;
mod shared;
pub mod terminal;
mod text;
mod transport;
pub mod view;
pub mod words;

pub use act::{App, Scene};
pub use apply::{Applied, Line, Tone};
pub use catalogue::Words;
pub use history::{History, Sample, Write};
pub use local::LocalClient;
pub use mirror::Mirror;
pub use model::{
    DockTab, Effect, File, Files, Kept, Model, Msg, Named, Notice, Offer, Pane, Panes, Question,
    Reveal, Selection, Splitter, Spoken, Theme, Typing, View, Workers, update,
};
pub use session::{Progress, Seen, Session};
pub use shared::Shared;
pub use text::Text;
pub(crate) use text::say;
pub use transport::{Speed, Transport};
