//! Texts that many things hold.

use std::cell::RefCell;
use std::rc::Rc;

use super::ordered::Set;

/// How many are remembered. What is not remembered any more is just not shared with what comes.
const REMEMBERED: usize = 1024;

/// One copy of each text that was asked for lately: the containers of a Deployment have the same variables and
/// files in the same places.
#[derive(Clone, Debug, Default)]
pub struct Texts(RefCell<Set<Rc<str>>>);

impl Texts {
    /// The text, shared with whoever asked for it before.
    pub fn of(&self, text: &str) -> Rc<str> {
        let mut known = self.0.borrow_mut();
        if let Some(known) = known.get(text) {
            return known.clone();
        }
        if known.len() >= REMEMBERED {
            known.clear();
        }
        let text: Rc<str> = text.into();
        known.insert(text.clone());
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_texts_are_one_and_few_are_remembered() {
        let texts = Texts::default();
        let first = texts.of("PATH");
        assert!(Rc::ptr_eq(&first, &texts.of("PATH")));
        for i in 0..2 * REMEMBERED {
            assert_eq!(&*texts.of(&i.to_string()), i.to_string());
            assert!(texts.0.borrow().len() <= REMEMBERED);
        }
        assert_eq!(first, texts.of("PATH"));
    }
}
