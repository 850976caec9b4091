//! What acts of a person change.

use super::*;

fn model() -> Model {
    Model::new(crate::app::persist::example_files())
}

#[test]
fn panes_stay_within_their_range() {
    let mut model = model();
    update(&mut model, Msg::Resize(Splitter::Editor, -40));
    assert_eq!(model.panes.editor, Splitter::Editor.range().0);
    update(&mut model, Msg::Resize(Splitter::Dock, 10_000));
    assert_eq!(model.panes.dock, Splitter::Dock.range().1);
}

#[test]
fn reset_is_done_only_when_it_was_asked_and_answered() {
    let mut model = model();
    assert_eq!(update(&mut model, Msg::Answer(true)), []);
    update(&mut model, Msg::Ask(Question::Reset));
    assert_eq!(update(&mut model, Msg::Answer(false)), []);
    update(&mut model, Msg::Ask(Question::Reset));
    let effects = update(&mut model, Msg::Answer(true));
    assert_eq!(effects, [Effect::Reset, Effect::Save]);
    assert_eq!(model.question, None);
}

#[test]
fn files_have_different_names_and_one_always_remains() {
    let mut model = model();
    update(&mut model, Msg::NewFile);
    update(&mut model, Msg::NewFile);
    let names: Vec<&str> = model.files.list.iter().map(|f| &*f.name).collect();
    assert_eq!(
        names,
        [
            "web.yaml",
            "traffic.yaml",
            "manifest.yaml",
            "manifest-2.yaml"
        ]
    );
    let name: Rc<str> = "web.yaml".into();
    update(&mut model, Msg::RenameFile { file: 2, name });
    assert_eq!(&*model.files.list[2].name, "manifest.yaml");
    for _ in 0..9 {
        update(&mut model, Msg::CloseFile(0));
    }
    assert_eq!(model.files.list.len(), 1);
    assert!(model.files.current().is_some());
    update(&mut model, Msg::OpenFile(99));
    assert!(model.files.current().is_some());
}

#[test]
fn applying_sends_the_file_that_is_open() {
    let mut model = model();
    update(&mut model, Msg::OpenFile(1));
    let effects = update(&mut model, Msg::Apply);
    assert!(matches!(&effects[..], [Effect::Apply { file, .. }] if &**file == "traffic.yaml"));
}

#[test]
fn notices_do_not_pile_up() {
    let mut model = model();
    for i in 0..20 {
        let text: Text = format!("failure {i}").into();
        update(&mut model, Msg::Fail(text.clone()));
        update(&mut model, Msg::Fail(text));
    }
    assert!(model.notices.len() <= 4);
    let id = model.notices[0].id;
    update(&mut model, Msg::Dismiss(id));
    assert!(model.notices.iter().all(|n| n.id != id));
}
