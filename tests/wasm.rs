//! What runs as WebAssembly in a browser: where a 32-bit machine or the browser's own ways could make a
//! difference. `cargo xtask test wasm` runs it; a native `cargo test` sees an empty file.
#![cfg(target_arch = "wasm32")]

mod trace;

use k8s_openapi::api::apps::v1::Deployment;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

/// API integers have 64 bits where pointers have 32 and JavaScript's numbers have 53.
#[wasm_bindgen_test]
fn wide_numbers_and_times_survive_yaml() {
    let yaml = "metadata:\n  name: tank\n  generation: 9007199254740993\n  \
                creationTimestamp: \"2026-01-02T03:04:05Z\"\n";
    let read: Deployment = serde_yaml::from_str(yaml).unwrap();
    assert_eq!(read.metadata.generation, Some(9_007_199_254_740_993));
    let written = serde_yaml::to_string(&read).unwrap();
    assert!(
        written.contains("generation: 9007199254740993"),
        "{written}"
    );
    assert!(written.contains("2026-01-02T03:04:05Z"), "{written}");
}

/// 32-bit pointers, another allocator, another libm: the history is the same.
#[wasm_bindgen_test]
fn the_story_goes_as_it_does_natively() {
    assert_eq!(trace::story(), trace::EXPECTED);
}
