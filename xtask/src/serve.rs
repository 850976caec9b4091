//! `cargo xtask serve`: the page on loopback, built again whenever a file of it changes.

use std::io::ErrorKind;
use std::sync::Arc;
use std::thread::{park, sleep};
use std::time::Duration;

use crate::args::Args;
use crate::failure::{Failure, Result};
use crate::inputs::fingerprint;
use crate::page::{Page, build_with};
use crate::server::{Reload, Server};
use crate::tools::Toolbox;

const PORT: u16 = 8080;
/// How often the files are looked at, and how long they must have been quiet.
const LOOK: Duration = Duration::from_millis(400);

pub fn command(mut args: Args) -> Result {
    let port = match args.value("--port")? {
        Some(text) => Some(
            text.parse::<u16>()
                .map_err(|_| Failure::new(format!("{text:?} is no port: 1 to 65535")))?,
        ),
        None => None,
    };
    let page = if args.flag("--release") {
        Page::Ships
    } else {
        Page::Quick
    };
    let watch = !args.flag("--no-watch");
    args.finish()?;

    // The port first: who cannot have it should not wait for a build to hear so.
    let reload = Arc::new(Reload::default());
    let server = bind(port, page, watch.then(|| Arc::clone(&reload)))?;
    let toolbox = Toolbox::for_page()?;
    let seen = fingerprint();
    let built = build_with(&toolbox, page);
    match built {
        Err(failure) if watch => eprintln!("xtask: {failure}"),
        other => other?,
    }
    let url = server.url()?;
    server.start();
    println!("Kubarium is on {url} (Ctrl+C ends it)");
    if !watch {
        loop {
            park();
        }
    }
    rebuild(&toolbox, page, &reload, &url, seen)
}

fn bind(port: Option<u16>, page: Page, reload: Option<Arc<Reload>>) -> Result<Server> {
    let wanted = port.unwrap_or(PORT);
    let failed =
        |error: std::io::Error| Failure::new(format!("cannot serve on port {wanted}: {error}"));
    match Server::bind(wanted, page.folder(), "/", reload.clone()) {
        Ok(server) => Ok(server),
        Err(error) if error.kind() == ErrorKind::AddrInUse => {
            if port.is_some() {
                return Err(Failure::new(format!(
                    "port {wanted} is taken: name another with --port"
                )));
            }
            println!("Port {wanted} is taken: serving on a free one instead (--port N chooses)");
            Server::bind(0, page.folder(), "/", reload).map_err(failed)
        }
        Err(error) => Err(failed(error)),
    }
}

/// Watches the files of the page for ever. A build that fails leaves the old page in place.
fn rebuild(toolbox: &Toolbox, page: Page, reload: &Reload, url: &str, mut seen: u64) -> Result {
    loop {
        sleep(LOOK);
        let mut now = fingerprint();
        if now == seen {
            continue;
        }
        loop {
            sleep(LOOK);
            let later = fingerprint();
            if later == now {
                break;
            }
            now = later;
        }
        seen = now;
        match build_with(toolbox, page) {
            Ok(()) => {
                println!("Built again; pages on {url} reload");
                reload.tell();
            }
            Err(failure) => eprintln!("xtask: {failure}; waiting for the next change"),
        }
    }
}
