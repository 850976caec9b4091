//! A file server for one folder, on loopback: enough HTTP/1.1 for a browser, and nothing more.
//!
//! It can serve the folder under a path, as a site that embeds the page would, and it can tell open
//! pages to reload.

use std::fs;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crate::failure::{Failure, Result};

/// Longest request head that is read.
const HEAD_LIMIT: u64 = 16 * 1024;
/// A browser opens connections that it may never use.
const IDLE: Duration = Duration::from_secs(10);
/// How often an open reload stream is proved alive.
const HEARTBEAT: Duration = Duration::from_secs(15);

const RELOAD_SCRIPT: &str = "new EventSource('__reload').onmessage = () => location.reload();\n";

pub struct Server {
    listener: TcpListener,
    site: Arc<Site>,
}

/// What is served.
struct Site {
    folder: PathBuf,
    /// Path in front of every file, with a slash at both ends.
    mount: String,
    reload: Option<Arc<Reload>>,
}

/// Tells open pages that there is something new to load.
#[derive(Default)]
pub struct Reload {
    builds: Mutex<u64>,
    changed: Condvar,
}

impl Reload {
    pub fn tell(&self) {
        *self.builds.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.changed.notify_all();
    }

    fn count(&self) -> u64 {
        *self.builds.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a build after number `seen`; says whether there was one within a heartbeat.
    fn wait(&self, seen: u64) -> bool {
        let builds = self.builds.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self
            .changed
            .wait_timeout_while(builds, HEARTBEAT, |builds| *builds == seen);
        *waited.unwrap_or_else(PoisonError::into_inner).0 != seen
    }
}

impl Server {
    /// Takes the port; 0 takes a free one. `mount` is `/` or a path such as `/docs/tank/`.
    pub fn bind(
        port: u16,
        folder: PathBuf,
        mount: &str,
        reload: Option<Arc<Reload>>,
    ) -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        Ok(Self {
            listener,
            site: Arc::new(Site {
                folder,
                mount: mount.to_owned(),
                reload,
            }),
        })
    }

    /// The address to open.
    pub fn url(&self) -> Result<String> {
        let address = self
            .listener
            .local_addr()
            .map_err(|error| Failure::new(format!("the server has no address: {error}")))?;
        Ok(format!("http://{address}{}", self.site.mount))
    }

    /// Serves from now on, in the background, until the program ends.
    pub fn start(self) {
        thread::spawn(move || {
            for connection in self.listener.incoming().flatten() {
                let site = Arc::clone(&self.site);
                // A browser that goes away is no error of ours.
                thread::spawn(move || site.answer(&connection));
            }
        });
    }
}

impl Site {
    fn answer(&self, connection: &TcpStream) -> std::io::Result<()> {
        connection.set_read_timeout(Some(IDLE))?;
        let Some((method, target)) = request_line(connection)? else {
            return Ok(());
        };
        if method != "GET" && method != "HEAD" {
            return Response::text(405, "only GET and HEAD").send(connection, true);
        }
        let response = match self.resolve(&target) {
            Found::File(path) => self.file(&path),
            Found::Redirect => Response::redirect(&self.mount),
            Found::ReloadScript => Response::new(200, "text/javascript", RELOAD_SCRIPT.into()),
            Found::ReloadStream(reload) => return stream(connection, &reload),
            Found::Nothing => Response::text(404, "not here"),
        };
        response.send(connection, method == "GET")
    }

    fn resolve(&self, target: &str) -> Found {
        let path = target.split(['?', '#']).next().unwrap_or_default();
        let Some(inside) = path.strip_prefix(self.mount.as_str()) else {
            let front_door = path == "/" || path == self.mount.trim_end_matches('/');
            return if front_door {
                Found::Redirect
            } else {
                Found::Nothing
            };
        };
        if let Some(reload) = &self.reload {
            match inside {
                "__reload.js" => return Found::ReloadScript,
                "__reload" => return Found::ReloadStream(Arc::clone(reload)),
                _ => {}
            }
        }
        match decode(inside).filter(|name| stays_inside(name)) {
            Some(name) if name.is_empty() || name.ends_with('/') => {
                Found::File(self.folder.join(name).join("index.html"))
            }
            Some(name) => Found::File(self.folder.join(name)),
            None => Found::Nothing,
        }
    }

    fn file(&self, path: &Path) -> Response {
        let mut content = match fs::read(path) {
            Ok(content) => content,
            Err(error) if error.kind() == ErrorKind::NotFound && self.is_front_page(path) => {
                b"<!doctype html><title>Kubarium</title>No page yet: the terminal says why."
                    .to_vec()
            }
            Err(_) => return Response::text(404, "not here"),
        };
        if self.reload.is_some() && self.is_front_page(path) {
            content.extend_from_slice(b"\n<script src=\"__reload.js\"></script>\n");
        }
        Response::new(200, mime(path), content)
    }

    fn is_front_page(&self, path: &Path) -> bool {
        path == self.folder.join("index.html")
    }
}

enum Found {
    File(PathBuf),
    Redirect,
    ReloadScript,
    ReloadStream(Arc<Reload>),
    Nothing,
}

/// Method and target of a request; nothing when the client sent none. Reads the head to its end.
fn request_line(connection: &TcpStream) -> std::io::Result<Option<(String, String)>> {
    let mut reader = BufReader::new(connection.take(HEAD_LIMIT));
    let mut first = String::new();
    reader.read_line(&mut first)?;
    let mut header = String::new();
    while reader.read_line(&mut header)? > 0 && !header.trim().is_empty() {
        header.clear();
    }
    let mut words = first.split_whitespace();
    Ok(words
        .next()
        .zip(words.next())
        .map(|(method, target)| (method.to_owned(), target.to_owned())))
}

/// An event stream that speaks when the page was built again.
fn stream(mut connection: &TcpStream, reload: &Reload) -> std::io::Result<()> {
    let seen = reload.count();
    connection.write_all(
        b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n\
          Connection: close\r\n\r\n",
    )?;
    while !reload.wait(seen) {
        connection.write_all(b": still here\n\n")?;
    }
    connection.write_all(b"data: built\n\n")
}

struct Response {
    status: u16,
    mime: &'static str,
    location: Option<String>,
    content: Vec<u8>,
}

impl Response {
    fn new(status: u16, mime: &'static str, content: Vec<u8>) -> Self {
        Self {
            status,
            mime,
            location: None,
            content,
        }
    }

    fn text(status: u16, text: &str) -> Self {
        Self::new(
            status,
            "text/plain; charset=utf-8",
            format!("{text}\n").into_bytes(),
        )
    }

    fn redirect(to: &str) -> Self {
        Self {
            location: Some(to.to_owned()),
            ..Self::text(307, to)
        }
    }

    fn send(&self, mut connection: &TcpStream, with_content: bool) -> std::io::Result<()> {
        let reason = match self.status {
            200 => "OK",
            307 => "Temporary Redirect",
            404 => "Not Found",
            _ => "Method Not Allowed",
        };
        // A sandboxed iframe has an origin of its own, from which it loads modules and wasm.
        let mut head = format!(
            "HTTP/1.1 {} {reason}\r\nContent-Type: {}\r\nContent-Length: {}\r\n\
             Cache-Control: no-cache\r\nX-Content-Type-Options: nosniff\r\n\
             Access-Control-Allow-Origin: *\r\nConnection: close\r\n",
            self.status,
            self.mime,
            self.content.len()
        );
        if let Some(location) = &self.location {
            head += &format!("Location: {location}\r\n");
        }
        head += "\r\n";
        connection.write_all(head.as_bytes())?;
        if with_content {
            connection.write_all(&self.content)?;
        }
        connection.flush()
    }
}

fn mime(path: &Path) -> &'static str {
    match path
        .extension()
        .and_then(|extension| extension.to_str())
        .unwrap_or_default()
    {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "wasm" => "application/wasm",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "webp" => "image/webp",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "yaml" | "yml" => "application/yaml",
        "txt" | "md" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

/// Undoes percent-encoding; nothing when it is broken or is not UTF-8.
fn decode(path: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next()?, rest.next()?];
            let digits = std::str::from_utf8(&digits).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

/// Whether a relative path names nothing above the folder it is relative to.
fn stays_inside(name: &str) -> bool {
    !name.contains(['\\', '\0'])
        && Path::new(name)
            .components()
            .all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(mount: &str, target: &str) -> String {
        let site = Site {
            folder: "dist".into(),
            mount: mount.to_owned(),
            reload: None,
        };
        match site.resolve(target) {
            Found::File(path) => path.to_string_lossy().replace('\\', "/"),
            Found::Redirect => "redirect".to_owned(),
            Found::Nothing => "nothing".to_owned(),
            Found::ReloadScript | Found::ReloadStream(_) => "reload".to_owned(),
        }
    }

    #[test]
    fn targets_lead_to_files() {
        for (mount, target, expected) in [
            ("/", "/", "dist/index.html"),
            ("/", "/?embed=1", "dist/index.html"),
            ("/", "/editor/editor-1.js?x", "dist/editor/editor-1.js"),
            ("/", "/a%20b.txt", "dist/a b.txt"),
            ("/", "/../Cargo.toml", "nothing"),
            ("/", "/%2e%2e/Cargo.toml", "nothing"),
            ("/", "//etc/passwd", "nothing"),
            ("/", "/%zz", "nothing"),
            ("/", "/__reload", "dist/__reload"),
            ("/docs/tank/", "/docs/tank/", "dist/index.html"),
            ("/docs/tank/", "/docs/tank", "redirect"),
            ("/docs/tank/", "/", "redirect"),
            ("/docs/tank/", "/main.css", "nothing"),
        ] {
            assert_eq!(resolve(mount, target), expected, "{target} under {mount}");
        }
    }

    #[test]
    fn a_page_is_served_over_a_real_connection() {
        let folder = std::env::temp_dir().join(format!("kubarium-server-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("app.wasm"), b"\0asm").unwrap();
        let server = Server::bind(0, folder.clone(), "/", None).unwrap();
        let address = server.listener.local_addr().unwrap();
        server.start();
        let ask = |request: &str| {
            let mut connection = TcpStream::connect(address).unwrap();
            connection.write_all(request.as_bytes()).unwrap();
            let mut answer = Vec::new();
            connection.read_to_end(&mut answer).unwrap();
            String::from_utf8_lossy(&answer).into_owned()
        };
        let found = ask("GET /app.wasm HTTP/1.1\r\nHost: x\r\n\r\n");
        assert!(
            found.starts_with("HTTP/1.1 200 OK\r\nContent-Type: application/wasm\r\n"),
            "{found}"
        );
        assert!(found.ends_with("\r\n\r\n\0asm"), "{found}");
        assert!(ask("GET /none HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 404 "));
        assert!(ask("POST /app.wasm HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 405 "));
        assert!(ask("HEAD /app.wasm HTTP/1.1\r\n\r\n").ends_with("\r\n\r\n"));
        fs::remove_dir_all(folder).unwrap();
    }
}
