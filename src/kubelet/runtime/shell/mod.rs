//! A small deterministic POSIX shell: what the commands of manifests and tutorials use.
//!
//! It runs in steps and gives control back when it sleeps, ends, or becomes another program; the
//! caller resumes it. A run without a sleep ends after [`MOST_STEPS`] steps and goes on a second
//! later, so that `while true; do :; done` burns simulated time and not the host's.
//!
//! Not here: `select`, `getopts`, arrays, and job control beyond `&` and `wait`. A pipeline runs stage by stage, not
//! at once: what sleeps inside it delays its end.
//!
//! A request to another host takes time: the shell that made it waits for its number to be
//! delivered, and so do the shells around it (`calls.rs`).

mod builtins;
mod calls;
mod dig;
mod disk;
mod expand;
mod http;
mod inner;
mod input;
mod kill;
mod lex;
mod network;
mod output;
mod parse;
mod ps;
mod run;
#[cfg(test)]
mod tests;

use std::rc::Rc;

use super::files::FileError;
use super::typed::Typed;
use crate::client::wire::Ask;
use crate::sim::{Note, Time};

pub use builtins::{base, is_known};
pub use input::Input;
pub use kill::{HUP, INT, QUIT, Seen, TERM, USR1, USR2, is_harmless};
pub use parse::wants_more;
pub use run::{Pause, Shell};

/// Steps of one run before the shell is made to wait.
const MOST_STEPS: usize = 4000;

/// The container around the shell.
pub trait Machine {
    fn now(&self) -> Time;
    fn read(&self, path: &str) -> Result<Rc<str>, FileError>;
    fn write(&mut self, path: &str, text: &str, append: bool) -> Result<(), FileError>;
    /// Makes a file of so many bytes, of which nobody asks what they are.
    fn fill(&mut self, path: &str, bytes: u64) -> Result<(), FileError>;
    /// How many bytes a file has, or all that lie in a folder.
    fn used(&self, path: &str) -> u64;
    /// Removes a file, or a folder with all that is in it.
    fn remove(&mut self, path: &str) -> Result<(), FileError>;
    fn is_folder(&self, path: &str) -> bool;
    fn make_folder(&mut self, path: &str) -> Result<(), FileError>;
    /// Whether one may go into a folder.
    fn enter(&self, path: &str) -> Result<(), FileError>;
    /// The names in a folder, sorted.
    fn list(&self, path: &str) -> Result<Vec<String>, FileError>;
    /// Whose a file, a folder or a link is; `None` where there is nothing.
    fn note(&self, path: &str) -> Option<Note>;
    fn set_note(&mut self, path: &str, note: Note) -> Result<(), FileError>;
    /// What a symbolic link leads to.
    fn link(&self, path: &str) -> Option<Rc<str>>;
    fn make_link(&mut self, path: &str, target: &str) -> Result<(), FileError>;
    /// Gives a file another name.
    fn make_twin(&mut self, path: &str, of: &str) -> Result<(), FileError>;
    /// How many names a file has.
    fn names_of(&self, path: &str) -> usize;
    /// What is taken from the mode of new files from now on.
    fn set_mask(&mut self, mask: u16);
    /// The file systems, as `/proc/mounts` tells them.
    fn mounts(&self) -> String;
    fn hostname(&self) -> String;
    /// User, group, and all groups.
    fn user(&self) -> (i64, i64, Vec<i64>);
    /// The processes that one sees here, those of commands beside them left out.
    fn processes(&self) -> Rc<[Seen]>;
    /// The number of the container's process.
    fn own_pid(&self) -> u32;
    /// Sends a signal to a process.
    fn signal(&mut self, pid: u32, signal: u8);
    /// The addresses of a host name: `None` when there is no such name.
    fn resolve(&self, host: &str) -> Option<Vec<String>>;
    /// An HTTP GET: status and body.
    ///
    /// # Errors
    /// How the connection failed.
    fn fetch(&mut self, host: &str, port: u16, path: &str) -> Result<(u16, String), FetchError>;
    /// Sends a request to another host; the ending comes back under the number that is returned.
    /// `None` where nobody waits for endings.
    fn call(&mut self, ask: Ask) -> Option<u64>;
    /// The address of the cluster's name server.
    fn resolver(&self) -> String;
    /// Whether the host is this one.
    fn is_own(&self, host: &str) -> bool;
    /// Whether something accepts connections there, on this host.
    fn connects(&mut self, host: &str, port: u16) -> bool;
    /// Another executable of the image: a script.
    fn command(&self, name: &str) -> Option<Rc<str>>;
    /// Whether `name` is the program of the image.
    fn is_program(&self, name: &str) -> bool;
    /// Whether nobody said what is in the image: whatever it is asked to run, succeeds.
    fn is_undeclared(&self) -> bool;
    /// Whether the image is known to come without a tool.
    fn lacks(&self, name: &str) -> bool;
    /// Whether the tools are those of busybox.
    fn is_small(&self) -> bool;
    /// The bytes of memory of the node.
    fn memory(&self) -> u64;
    /// The ports on which something listens, with the process and its name.
    fn listening(&self) -> Vec<(u16, u32, Rc<str>)>;
    /// What is typed at the process and not read.
    fn typed(&mut self) -> &mut Typed;
    /// A number below `bound`.
    fn random(&mut self, bound: u64) -> u64;
}

/// How an HTTP request from inside a container failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FetchError {
    UnknownHost,
    Refused,
    /// The host is another one.
    Elsewhere,
}
