//! The client's own configuration: clusters, users, contexts (`k8s.io/client-go/tools/clientcmd`).
//!
//! There is one cluster to speak to; further entries are names for it.

mod files;

use serde_json::{Value, json};

use crate::api::base64;
use crate::apiserver::Credentials;

pub use files::{CURRENT, Loaded};

/// The file that messages name.
pub const FILE: &str = "/root/.kube/config";
/// The first cluster and context, and their user.
pub const CLUSTER: &str = "kubarium";
pub const ADMIN: &str = "kubernetes-admin";
/// What stands for the administrator's certificate where it is written out.
pub const ADMIN_CERTIFICATE: &str =
    "-----BEGIN CERTIFICATE-----\na3ViZXJuZXRlcy1hZG1pbg==\n-----END CERTIFICATE-----\n";

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context {
    pub name: String,
    pub cluster: String,
    pub user: String,
    pub namespace: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct User {
    pub name: String,
    /// Whether it has the administrator's certificate.
    pub certificate: bool,
    /// The files of another certificate and of its key; what they held where they are embedded.
    pub client: Client,
    pub token: String,
}

/// A client certificate of a user.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Client {
    pub certificate: String,
    pub key: String,
    /// The certificate itself, where it stands in the configuration.
    pub embedded: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kubeconfig {
    /// Names and, where one was set, servers.
    pub clusters: Vec<(String, String)>,
    pub contexts: Vec<Context>,
    pub users: Vec<User>,
    pub current: String,
}

impl Kubeconfig {
    pub fn new(namespace: &str) -> Kubeconfig {
        Kubeconfig {
            clusters: vec![(CLUSTER.to_owned(), String::new())],
            contexts: vec![Context {
                name: CLUSTER.to_owned(),
                cluster: CLUSTER.to_owned(),
                user: ADMIN.to_owned(),
                namespace: match namespace {
                    "default" => String::new(),
                    namespace => namespace.to_owned(),
                },
            }],
            users: vec![User {
                name: ADMIN.to_owned(),
                certificate: true,
                ..User::default()
            }],
            current: CLUSTER.to_owned(),
        }
    }

    /// The context of that name; the current one for an empty name.
    pub fn context(&self, name: &str) -> Option<&Context> {
        let name = if name.is_empty() { &self.current } else { name };
        self.contexts.iter().find(|c| c.name == name)
    }

    pub fn user(&self, name: &str) -> Option<&User> {
        self.users.iter().find(|u| u.name == name)
    }

    /// The namespace of the current context.
    pub fn namespace(&self) -> String {
        match self.context("").map_or("", |c| c.namespace.as_str()) {
            "" => "default".to_owned(),
            namespace => namespace.to_owned(),
        }
    }

    /// What a request shows; a certificate counts before a token.
    pub fn credentials(
        &self,
        user: &str,
        token: &str,
        read: impl Fn(&str) -> Option<String>,
    ) -> Credentials {
        let user = self.user(user);
        if user.is_some_and(|u| u.certificate) {
            return Credentials::Admin;
        }
        match user.map(|u| &u.client) {
            Some(client) if !client.embedded.is_empty() => {
                return Credentials::Shown(client.embedded.clone());
            }
            Some(client) if !client.certificate.is_empty() => {
                return Credentials::Shown(read(&client.certificate).unwrap_or_default());
            }
            _ => {}
        }
        let own = user.map_or("", |u| u.token.as_str());
        match if token.is_empty() { own } else { token } {
            "" => Credentials::Anonymous,
            token => Credentials::Token(token.to_owned()),
        }
    }

    /// As the file holds it. Secrets are shown with `raw` only; `only` narrows to one context.
    pub fn to_value(&self, server: &str, raw: bool, only: Option<&str>) -> Value {
        let kept: Vec<&Context> = match only {
            Some(name) => self.context(name).into_iter().collect(),
            None => sorted(self.contexts.iter(), |c| &c.name),
        };
        let all = only.is_none();
        let clusters = sorted(self.clusters.iter(), |c| &c.0).into_iter();
        let clusters = clusters.filter(|c| all || kept.iter().any(|k| k.cluster == c.0));
        let users = sorted(self.users.iter(), |u| &u.name).into_iter();
        let users = users.filter(|u| all || kept.iter().any(|k| k.user == u.name));
        let contexts: Vec<Value> = kept
            .iter()
            .map(|c| {
                let mut context = json!({"cluster": c.cluster, "user": c.user});
                if !c.namespace.is_empty() {
                    context["namespace"] = c.namespace.as_str().into();
                }
                json!({"context": context, "name": c.name})
            })
            .collect();
        let users: Vec<Value> = users
            .map(|u| {
                let mut user = json!({});
                let data = |text: &str| match raw {
                    true => base64::encode(text.as_bytes()),
                    false => "DATA+OMITTED".to_owned(),
                };
                if u.certificate {
                    let data = data(ADMIN_CERTIFICATE);
                    user = json!({"client-certificate-data": data, "client-key-data": data});
                }
                let client = &u.client;
                if !client.embedded.is_empty() {
                    let key = data(client.key.as_str());
                    user = json!({"client-certificate-data": data(&client.embedded), "client-key-data": key});
                } else if !client.certificate.is_empty() {
                    user =
                        json!({"client-certificate": client.certificate, "client-key": client.key});
                }
                if !u.token.is_empty() {
                    user["token"] = if raw { u.token.as_str() } else { "REDACTED" }.into();
                }
                json!({"name": u.name, "user": user})
            })
            .collect();
        let clusters: Vec<Value> = clusters
            .map(|(name, own)| {
                let cluster = match own.is_empty() {
                    true => json!({"certificate-authority-data": "DATA+OMITTED", "server": server}),
                    false => json!({ "server": own }),
                };
                json!({"cluster": cluster, "name": name})
            })
            .collect();
        json!({
            "apiVersion": "v1", "clusters": clusters, "contexts": contexts,
            "current-context": self.current, "kind": "Config", "users": users,
        })
    }
}

fn sorted<'a, T>(items: impl Iterator<Item = &'a T>, name: impl Fn(&T) -> &String) -> Vec<&'a T> {
    let mut items: Vec<&T> = items.collect();
    items.sort_by(|a, b| name(a).cmp(name(b)));
    items
}
