//! The files of the editor.

use std::rc::Rc;

/// A file of the editor.
#[derive(Clone, Debug, PartialEq)]
pub struct File {
    pub name: Rc<str>,
    pub text: Rc<str>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Files {
    pub list: Vec<File>,
    /// Which one is open.
    pub open: usize,
}

impl Files {
    pub fn current(&self) -> Option<&File> {
        self.list.get(self.open)
    }

    /// One file with nothing in it: the editor always has one.
    pub fn blank() -> Files {
        Files {
            list: vec![File {
                name: "manifest.yaml".into(),
                text: "".into(),
            }],
            open: 0,
        }
    }

    /// A name that no file has yet: "manifest.yaml", "manifest-2.yaml".
    pub(super) fn free_name(&self) -> Rc<str> {
        let taken = |name: &str| self.list.iter().any(|f| &*f.name == name);
        let mut n = 1;
        loop {
            let name = match n {
                1 => "manifest.yaml".to_owned(),
                n => format!("manifest-{n}.yaml"),
            };
            if !taken(&name) {
                return name.into();
            }
            n += 1;
        }
    }
}
