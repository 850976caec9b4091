//! The object model: kinds, metadata, selectors, quantities, strict decoding, and errors that
//! know the field they speak of. Knows nothing of stores, servers or time passing.

pub mod base64;
pub mod codec;
pub mod cron;
pub mod custom;
pub mod difference;
pub mod disruption;
pub mod field;
pub mod json;
pub mod jsonpath;
mod key;
pub mod kinds;
pub mod names;
pub mod object;
pub mod packed;
pub mod pattern;
pub mod play;
pub mod pod_resources;
pub mod quantity;
pub mod quota;
pub mod regex;
pub mod rfc3339;
pub mod scheduling;
pub mod selector;
pub mod status;
pub mod storage;
pub mod strategy;
pub mod time;
pub mod time_zone;
pub mod url;
pub mod validation;
pub mod x509;
pub mod yaml;

pub use key::{Key, Name};
pub use kinds::{Kind, KindInfo};
pub use object::{Object, Resource, controller_of, controller_ref};
pub use status::{Result, Status};
