//! The container runtime of a simulated node: images, processes, a shell, files, logs.

pub mod dialog;
pub mod files;
pub mod image;
pub mod logs;
pub mod machine;
pub mod process;
pub(super) mod resolv;
pub mod shell;
pub mod standard;
mod tree;
pub mod typed;
