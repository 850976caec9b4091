//! The simulation is a value: the same story twice gives the same history, event for event. The
//! hash is also kept in a file, which the browser's tests compare theirs with.

mod trace;

#[test]
fn the_same_story_gives_the_same_history() {
    let first = trace::story();
    assert_eq!(first, trace::story());
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/trace/expected.txt");
        std::fs::write(path, &first).expect("the file can be written");
        return;
    }
    assert_eq!(
        first,
        trace::EXPECTED,
        "the story goes otherwise than it did: if that is meant, run this test with UPDATE_EXPECT=1"
    );
}
