//! Where a command's streams lead.

use std::cell::RefCell;
use std::rc::Rc;

use super::expand::joined;
use super::parse::Redirect;
use super::state::{Io, Shell};
use crate::kubectl::io::{FileBuffer, Pipe, Sink};

/// A file that a command writes, saved when the command ends or is dropped.
pub(super) struct Writing {
    shell: Rc<Shell>,
    name: String,
    buffer: FileBuffer,
}

impl Drop for Writing {
    fn drop(&mut self) {
        let mut state = self.shell.state.borrow_mut();
        state.writing.retain(|(_, b)| !Rc::ptr_eq(b, &self.buffer));
        drop(state);
        let host = &self.shell.world.host;
        host.write_file(&self.name, &self.buffer.borrow());
    }
}

pub(super) async fn apply(
    shell: &Rc<Shell>,
    io: &mut Io,
    redirect: &Redirect,
    files: &mut Vec<Writing>,
) -> Result<(), String> {
    let failed = |message: String| format!("sh: {message}");
    match redirect {
        Redirect::From(word) => {
            let name = joined(shell, io, word).await.map_err(failed)?;
            if name == "/dev/stdin" {
                return Ok(());
            }
            let text = shell
                .read_file(&name)
                .ok_or_else(|| format!("sh: {name}: No such file or directory"))?;
            io.input = Some(Pipe::of(&text));
        }
        Redirect::Here(word) => {
            let text = joined(shell, io, word).await.map_err(failed)?;
            io.input = Some(Pipe::of(&text));
        }
        Redirect::Into {
            descriptor,
            append,
            file,
        } => {
            let name = joined(shell, io, file).await.map_err(failed)?;
            let sink = match name.as_str() {
                "/dev/null" => Sink::Nowhere,
                "/dev/stdout" => io.out.clone(),
                "/dev/stderr" => io.err.clone(),
                "" => return Err("sh: : No such file or directory".to_owned()),
                name if name.ends_with('/') => return Err(format!("sh: {name}: Is a directory")),
                name => {
                    let before = match append {
                        true => shell.read_file(name).unwrap_or_default(),
                        false => String::new(),
                    };
                    let name = crate::kubectl::host::plain(name).to_owned();
                    let buffer: FileBuffer = Rc::new(RefCell::new(before));
                    let mut state = shell.state.borrow_mut();
                    state.writing.push((name.clone(), buffer.clone()));
                    drop(state);
                    files.push(Writing {
                        shell: shell.clone(),
                        name,
                        buffer: buffer.clone(),
                    });
                    Sink::File(buffer)
                }
            };
            match descriptor {
                0 => {
                    io.out = sink.clone();
                    io.err = sink;
                }
                2 => io.err = sink,
                _ => io.out = sink,
            }
        }
        Redirect::Duplicate { descriptor, of } => match (descriptor, of) {
            (2, 1) => io.err = io.out.clone(),
            (1, 2) => io.out = io.err.clone(),
            _ => {}
        },
        Redirect::Close { descriptor } => match descriptor {
            0 => io.input = Some(Pipe::of("")),
            1 => io.out = Sink::Nowhere,
            _ => io.err = Sink::Nowhere,
        },
    }
    Ok(())
}
