//! What plugins keep between the points of one scheduling cycle.

use std::any::Any;

/// Data of a plugin in a [`CycleState`]; any plain value can be.
pub trait StateData: Any {
    fn clone_box(&self) -> Box<dyn StateData>;
    fn as_any(&self) -> &dyn Any;
    fn as_any_mut(&mut self) -> &mut dyn Any;
}

impl<T: Any + Clone> StateData for T {
    fn clone_box(&self) -> Box<dyn StateData> {
        Box::new(self.clone())
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }
}

/// The notes of one cycle, at most one of each type, and the places of the plugins that are left
/// out of it.
#[derive(Default)]
pub struct CycleState {
    data: Vec<Box<dyn StateData>>,
    pub skip_filter: Vec<usize>,
    pub skip_score: Vec<usize>,
}

impl Clone for CycleState {
    fn clone(&self) -> Self {
        CycleState {
            data: self.data.iter().map(|d| (**d).clone_box()).collect(),
            skip_filter: self.skip_filter.clone(),
            skip_score: self.skip_score.clone(),
        }
    }
}

impl CycleState {
    /// Keeps `value`; replaces an earlier one of its type.
    pub fn write<T: Any + Clone>(&mut self, value: T) {
        match self.read_mut::<T>() {
            Some(old) => *old = value,
            None => self.data.push(Box::new(value)),
        }
    }

    pub fn read<T: Any + Clone>(&self) -> Option<&T> {
        self.data.iter().find_map(|d| (**d).as_any().downcast_ref())
    }

    pub fn read_mut<T: Any + Clone>(&mut self) -> Option<&mut T> {
        self.data
            .iter_mut()
            .find_map(|d| (**d).as_any_mut().downcast_mut())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_value_of_each_type_is_kept() {
        let mut state = CycleState::default();
        state.write(1u8);
        state.write("x");
        state.write(2u8);
        let copy = state.clone();
        if let Some(value) = state.read_mut::<u8>() {
            *value = 3;
        }
        assert_eq!(state.read::<u8>(), Some(&3));
        assert_eq!(copy.read::<u8>(), Some(&2));
        assert_eq!(state.read::<&str>(), Some(&"x"));
        assert_eq!(state.read::<u16>(), None);
    }
}
