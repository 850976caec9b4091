//! Canonical text of quantities.

pub const FORMAT_ERROR: &str =
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

pub fn canonical(text: &str) -> Result<String, String> {
    Ok(text.to_owned())
}
