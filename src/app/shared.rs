//! A value that is compared by identity, so that what has not changed is not drawn again.

use std::ops::Deref;
use std::rc::Rc;

/// A shared immutable value. Two are equal when they are the same value in memory: comparing is free,
/// and whoever makes a new one says that something has changed.
pub struct Shared<T: ?Sized>(Rc<T>);

impl<T> Shared<T> {
    pub fn new(value: T) -> Self {
        Shared(Rc::new(value))
    }

    /// Takes `new` if it differs; keeps its identity otherwise. Tells whether it changed.
    pub fn keep(&mut self, new: T) -> bool
    where
        T: PartialEq,
    {
        let differs = *self.0 != new;
        if differs {
            self.0 = Rc::new(new);
        }
        differs
    }

    /// The value to be changed; copies it when it is shared.
    pub fn edit(&mut self) -> &mut T
    where
        T: Clone,
    {
        // Whoever holds the old one keeps it, and sees another. When nobody does, nobody can compare.
        Rc::make_mut(&mut self.0)
    }
}

impl<T: ?Sized> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Shared(self.0.clone())
    }
}

impl<T: ?Sized> PartialEq for Shared<T> {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl<T: ?Sized> Eq for Shared<T> {}

impl<T: ?Sized> Deref for Shared<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: Default> Default for Shared<T> {
    fn default() -> Self {
        Shared::new(T::default())
    }
}

impl<T> From<T> for Shared<T> {
    fn from(value: T) -> Self {
        Shared::new(value)
    }
}

impl<T: std::fmt::Debug + ?Sized> std::fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_keep_their_identity() {
        let mut value = Shared::new(vec![1, 2]);
        let before = value.clone();
        assert!(!value.keep(vec![1, 2]));
        assert_eq!(value, before);
        assert!(value.keep(vec![3]));
        assert_ne!(value, before);
    }

    #[test]
    fn an_edit_is_a_change() {
        let mut value = Shared::new(String::from("a"));
        let before = value.clone();
        value.edit().push('b');
        assert_eq!((before.as_str(), value.as_str()), ("a", "ab"));
        assert_ne!(value, before);
    }
}
