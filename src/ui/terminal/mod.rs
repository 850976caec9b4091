//! The terminal in the dock.
