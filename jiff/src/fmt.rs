//! Printing, under the names of the real crate.

pub mod strtime {
    use crate::{Error, Timestamp, civil};

    /// The two formats that the types of the API print themselves with, and no other.
    pub fn format(format: &str, time: Timestamp) -> Result<String, Error> {
        let digits = match format {
            "%Y-%m-%dT%H:%M:%SZ" => 0,
            "%Y-%m-%dT%H:%M:%S%.6fZ" => 6,
            _ => return Err(Error("the API has no times of this format")),
        };
        let mut text = civil::write(time, digits);
        text.push('Z');
        Ok(text)
    }
}
