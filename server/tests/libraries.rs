//! The official client libraries against `kubarium-server`: JavaScript and Python.
//! `cargo xtask test clients` fetches what they need; where it is missing, a test says that it is skipped.

mod clients;

use std::path::Path;
use std::process::Command;

use clients::Server;

fn passes(mut command: Command) {
    let server = Server::start(&["--nodes=1", "--speed=10"]);
    let output = command
        .env("KUBECONFIG", server.kubeconfig())
        .env("HOME", &server.folder)
        .output()
        .expect("it runs");
    let printed = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && printed.ends_with("all of it\n"),
        "{printed}\n{errors}\n{}",
        server.log()
    );
}

#[test]
fn the_javascript_client_works() {
    let web = Path::new(env!("CARGO_MANIFEST_DIR")).join("../web");
    if !web.join("node_modules/@kubernetes/client-node").is_dir() {
        println!("SKIPPED: web/node_modules has no @kubernetes/client-node: npm ci --prefix web");
        return;
    }
    let mut node = Command::new("node");
    node.arg("clients/informer.mjs").current_dir(web);
    passes(node);
}

#[test]
fn the_python_client_works() {
    let python = std::env::var("KUBARIUM_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let there = Command::new(&python)
        .args(["-c", "import kubernetes"])
        .output();
    if !there.is_ok_and(|output| output.status.success()) {
        println!("SKIPPED: {python} has no module kubernetes (KUBARIUM_PYTHON names another)");
        return;
    }
    let mut python = Command::new(python);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/informer.py");
    python.arg(script);
    passes(python);
}
