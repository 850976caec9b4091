//! Which files a run of kubectl is configured by: the one of `--kubeconfig`, those that the variable `KUBECONFIG`
//! lists, or the terminal's own. Models `k8s.io/client-go/tools/clientcmd/loader.go`.

use serde_json::Value;

use super::{ADMIN_CERTIFICATE, Client, Context, FILE, Kubeconfig, User};
use crate::api::{base64, yaml};
use crate::kubectl::error::{Result, plain};
use crate::kubectl::flags::Parsed;
use crate::kubectl::json::{list, text};
use crate::kubectl::shell::Shell;
use crate::kubectl::shell::run_parts::Io;

/// The configuration of a run.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// Of all files; what stands in an earlier one counts.
    pub config: Kubeconfig,
    /// The files in order, whether they are there or not.
    pub files: Vec<String>,
}

impl Loaded {
    /// Only the terminal's own file.
    pub fn own(shell: &Shell) -> Loaded {
        Loaded {
            config: shell.state.borrow().config.clone(),
            files: vec![FILE.to_owned()],
        }
    }

    pub fn is_own(&self) -> bool {
        matches!(self.files.as_slice(), [one] if one == FILE)
    }

    /// The file that messages name.
    pub fn file(&self) -> &str {
        self.files.first().map_or(FILE, String::as_str)
    }

    /// Reads what the flags and the environment of a run name.
    ///
    /// # Errors
    /// When the file of `--kubeconfig` is not there, unless it is `lenient`, or one cannot be read.
    pub fn of(shell: &Shell, io: &Io, flags: &Parsed, lenient: bool) -> Result<Loaded> {
        let explicit = flags.global("kubeconfig");
        let listed = match explicit {
            "" => io.variable(shell, "KUBECONFIG").unwrap_or_default(),
            file => file.to_owned(),
        };
        let mut files: Vec<String> = Vec::new();
        for file in listed.split(if explicit.is_empty() { ':' } else { '\0' }) {
            let file = match file {
                "~/.kube/config" => FILE,
                file => file,
            };
            if !file.is_empty() && !files.iter().any(|f| f == file) {
                files.push(file.to_owned());
            }
        }
        if files.is_empty() {
            return Ok(Loaded::own(shell));
        }
        let mut config = Kubeconfig::empty();
        for file in &files {
            match one(shell, file)? {
                Some(read) => config.add(read),
                None if explicit.is_empty() || lenient => {}
                None => return plain(format!("stat {file}: no such file or directory")),
            }
        }
        Ok(Loaded { config, files })
    }

    /// Changes the file in which one of the names stands, or else the first.
    pub fn change<T>(
        &self,
        shell: &Shell,
        names: &[&str],
        edit: impl FnOnce(&mut Kubeconfig) -> T,
    ) -> Result<T> {
        let mut place = None;
        for file in &self.files {
            let Some(config) = one(shell, file)? else {
                continue;
            };
            let moves = names.contains(&CURRENT) && !config.current.is_empty();
            if moves || config.knows(names) {
                place = Some((file.as_str(), config));
                break;
            }
        }
        let (file, mut config) = match place {
            Some(place) => place,
            None => {
                let file = self.file();
                (file, one(shell, file)?.unwrap_or_else(Kubeconfig::empty))
            }
        };
        let result = edit(&mut config);
        if file == FILE {
            let mut state = shell.state.borrow_mut();
            state.config = config;
            state.namespace = state.config.namespace();
        } else {
            let server = shell.world.host.server();
            let value = config.to_value(&server, true, None);
            let text = crate::kubectl::printers::yaml(&value);
            shell.world.host.write_file(file, &text);
        }
        Ok(result)
    }
}

/// Stands for the context in use among names.
pub const CURRENT: &str = "current-context";

/// The configuration in one file; `None` when there is no such file.
fn one(shell: &Shell, file: &str) -> Result<Option<Kubeconfig>> {
    if file == FILE {
        return Ok(Some(shell.state.borrow().config.clone()));
    }
    match shell.read_file(file) {
        None => Ok(None),
        Some(text) => match parse(&text) {
            Ok(config) => Ok(Some(config)),
            Err(why) => plain(format!("error loading config file \"{file}\": {why}")),
        },
    }
}

fn parse(source: &str) -> std::result::Result<Kubeconfig, String> {
    let parsed = yaml::parse(source);
    if let Some(error) = parsed.error {
        return Err(error.message);
    }
    let document = parsed.documents.into_iter().next();
    let value = document.map_or(Value::Null, |document| document.value);
    let kind = text(&value, "kind");
    if !["", "Config"].contains(&kind) {
        let version = text(&value, "apiVersion");
        return Err(format!(
            "no kind \"{kind}\" is registered for version \"{version}\" in scheme \"pkg/runtime/scheme.go:110\""
        ));
    }
    let mut config = Kubeconfig::empty();
    config.current = text(&value, "current-context").to_owned();
    for entry in list(&value, "clusters") {
        let server = text(entry, "cluster.server").to_owned();
        config
            .clusters
            .push((text(entry, "name").to_owned(), server));
    }
    for entry in list(&value, "contexts") {
        config.contexts.push(Context {
            name: text(entry, "name").to_owned(),
            cluster: text(entry, "context.cluster").to_owned(),
            user: text(entry, "context.user").to_owned(),
            namespace: text(entry, "context.namespace").to_owned(),
        });
    }
    for entry in list(&value, "users") {
        config
            .users
            .push(user(text(entry, "name"), &entry["user"])?);
    }
    Ok(config)
}

fn user(name: &str, value: &Value) -> std::result::Result<User, String> {
    let data = text(value, "client-certificate-data");
    let bytes = base64::decode(data).ok_or("illegal base64 data at input byte 4")?;
    let embedded = String::from_utf8_lossy(&bytes).into_owned();
    let is_admin = embedded == ADMIN_CERTIFICATE;
    Ok(User {
        name: name.to_owned(),
        certificate: is_admin,
        client: Client {
            certificate: text(value, "client-certificate").to_owned(),
            key: text(value, "client-key").to_owned(),
            embedded: if is_admin { String::new() } else { embedded },
        },
        token: text(value, "token").to_owned(),
    })
}

impl Kubeconfig {
    pub fn empty() -> Kubeconfig {
        Kubeconfig {
            clusters: Vec::new(),
            contexts: Vec::new(),
            users: Vec::new(),
            current: String::new(),
        }
    }

    /// Takes in what is not there yet.
    fn add(&mut self, other: Kubeconfig) {
        for cluster in other.clusters {
            if !self.clusters.iter().any(|c| c.0 == cluster.0) {
                self.clusters.push(cluster);
            }
        }
        for context in other.contexts {
            if !self.contexts.iter().any(|c| c.name == context.name) {
                self.contexts.push(context);
            }
        }
        for user in other.users {
            if !self.users.iter().any(|u| u.name == user.name) {
                self.users.push(user);
            }
        }
        if self.current.is_empty() {
            self.current = other.current;
        }
    }

    /// Whether an entry has one of the names.
    fn knows(&self, names: &[&str]) -> bool {
        let known = |name: &str| names.contains(&name);
        self.clusters.iter().any(|c| known(&c.0))
            || self.contexts.iter().any(|c| known(&c.name))
            || self.users.iter().any(|u| known(&u.name))
    }
}
