//! Writes the schema of the API to its output: `cargo xtask build` packs it for the page, which loads it
//! when a command asks for it first.

#[cfg(not(target_arch = "wasm32"))]
fn main() -> std::io::Result<()> {
    use std::io::Write;

    let text = kubarium::apiserver::openapi::Schema::built_in().to_text();
    std::io::stdout().write_all(text.as_bytes())
}

#[cfg(target_arch = "wasm32")]
fn main() {}
