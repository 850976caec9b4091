//! Identities: what is known of whoever makes a request.

use std::rc::Rc;

pub const MASTERS: &str = "system:masters";
pub const AUTHENTICATED: &str = "system:authenticated";
pub const UNAUTHENTICATED: &str = "system:unauthenticated";
pub const ANONYMOUS: &str = "system:anonymous";
pub const NODES: &str = "system:nodes";
pub const ACCOUNT: &str = "system:serviceaccount:";
pub const CREDENTIAL: &str = "authentication.kubernetes.io/credential-id";

/// Who makes a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    pub user: Rc<str>,
    /// Empty for users of certificates.
    pub uid: Rc<str>,
    pub groups: Vec<Rc<str>>,
    /// What else is known, by name, in order of the names.
    pub extra: Vec<(Rc<str>, Vec<String>)>,
    /// What the writes are attributed to: the field manager, and the actor in causes.
    pub manager: Rc<str>,
}

impl Caller {
    /// Somebody of whom only name and groups are known.
    pub fn new(user: &str, groups: &[&str], manager: &str) -> Self {
        Caller {
            user: user.into(),
            uid: "".into(),
            groups: groups.iter().map(|g| (*g).into()).collect(),
            extra: Vec::new(),
            manager: manager.into(),
        }
    }

    /// A component of the control plane, or a kubelet (`node:NAME`).
    pub fn component(name: &str) -> Self {
        let user = format!("system:{name}");
        match name {
            "kube-apiserver" => Caller::new("system:apiserver", &[MASTERS, AUTHENTICATED], name),
            _ if name.starts_with("node:") => Caller::new(&user, &[NODES, AUTHENTICATED], name),
            _ => Caller::new(&user, &[AUTHENTICATED], name),
        }
    }

    /// A controller, under its own service account as with `--use-service-account-credentials`.
    pub fn controller(account: &str) -> Self {
        let user = format!("{ACCOUNT}kube-system:{account}");
        let mut caller = Caller::new(&user, &[], "kube-controller-manager");
        caller.groups = account_groups("kube-system");
        caller.groups.push(AUTHENTICATED.into());
        caller
    }

    /// The person at the keyboard: the administrator whom the cluster's certificate names.
    pub fn admin(manager: &str) -> Self {
        const FINGERPRINT: &str =
            "X509SHA256=2f64c1a7d0b5e98324f1c6d07ab35e9148c27d6f03be1a5977c08ed4b2693f5a";
        let mut caller = Caller::new("kubernetes-admin", &[MASTERS, AUTHENTICATED], manager);
        caller.extra = vec![(CREDENTIAL.into(), vec![FINGERPRINT.to_owned()])];
        caller
    }

    pub fn anonymous(manager: &str) -> Self {
        Caller::new(ANONYMOUS, &[UNAUTHENTICATED], manager)
    }

    pub fn is_in(&self, group: &str) -> bool {
        self.groups.iter().any(|g| &**g == group)
    }

    /// Whether everything is allowed, whatever the roles say.
    pub fn is_master(&self) -> bool {
        self.is_in(MASTERS)
    }

    /// The name of the node, for a kubelet.
    pub fn node(&self) -> Option<&str> {
        self.node_name().filter(|name| !name.is_empty())
    }

    /// The name of the node, for a kubelet; empty where it does not say which.
    pub fn node_name(&self) -> Option<&str> {
        let name = self.user.strip_prefix("system:node:")?;
        self.is_in(NODES).then_some(name)
    }
}

/// The groups of the service accounts of a namespace.
pub fn account_groups(namespace: &str) -> Vec<Rc<str>> {
    vec![
        "system:serviceaccounts".into(),
        format!("system:serviceaccounts:{namespace}").into(),
    ]
}

/// Namespace and name of the service account that a user's name stands for.
pub fn account_of(user: &str) -> Option<(&str, &str)> {
    let (namespace, name) = user.strip_prefix(ACCOUNT)?.split_once(':')?;
    (!namespace.is_empty() && !name.is_empty() && !name.contains(':')).then_some((namespace, name))
}
