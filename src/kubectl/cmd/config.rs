//! `kubectl config`: the client's own file. Models `k8s.io/kubectl/pkg/cmd/config`.

use super::Command;
use crate::kubectl::error::{Result, plain};
use crate::kubectl::kube::Kube;
use crate::kubectl::kubeconfig::{CURRENT, Client, Context, Kubeconfig, User};
use crate::kubectl::tabwriter::TabWriter;

/// A command that needs no server.
macro_rules! local {
    ($name:ident, $path:literal, $short:literal, $help:literal, $flags:expr, $run:ident) => {
        pub const $name: Command = Command {
            path: $path,
            short: $short,
            help: $help,
            flags: $flags,
            run: |kube| Box::pin(async move { $run(kube) }),
        };
    };
}

local!(
    CURRENT_CONTEXT,
    "config current-context",
    "Display the current-context",
    "[flags]
# The context in use
kubectl config current-context",
    &[],
    current
);
local!(
    DELETE_CLUSTER,
    "config delete-cluster",
    "Delete the specified cluster from the kubeconfig",
    "NAME
# Forget a cluster
kubectl config delete-cluster old",
    &[],
    delete_cluster
);
local!(
    DELETE_CONTEXT,
    "config delete-context",
    "Delete the specified context from the kubeconfig",
    "NAME
# Forget a context
kubectl config delete-context old",
    &[],
    delete_context
);
local!(
    DELETE_USER,
    "config delete-user",
    "Delete the specified user from the kubeconfig",
    "NAME
# Forget a user
kubectl config delete-user old",
    &[],
    delete_user
);
local!(
    CLUSTERS,
    "config get-clusters",
    "Display clusters defined in the kubeconfig",
    "[flags]
# All clusters
kubectl config get-clusters",
    &[],
    clusters
);
local!(
    CONTEXTS,
    "config get-contexts",
    "Describe one or many contexts",
    "[(-o|--output=)name)]
# All contexts, and which is in use
kubectl config get-contexts

# One
kubectl config get-contexts test",
    &["no-headers=false -o,output=''"],
    contexts
);
local!(
    USERS,
    "config get-users",
    "Display users defined in the kubeconfig",
    "[flags]
# All users
kubectl config get-users",
    &[],
    users
);
local!(
    RENAME_CONTEXT,
    "config rename-context",
    "Rename a context from the kubeconfig file",
    "CONTEXT_NAME NEW_NAME
# old becomes new
kubectl config rename-context old new",
    &[],
    rename
);
local!(
    SET,
    "config set",
    "Set an individual value in a kubeconfig file",
    "PROPERTY_NAME PROPERTY_VALUE
PROPERTY_NAME is a path with dots, such as clusters.test.server.

# The server of a cluster
kubectl config set clusters.test.server https://1.2.3.4",
    &["set-raw-bytes=false"],
    set
);
local!(
    SET_CLUSTER,
    "config set-cluster",
    "Set a cluster entry in kubeconfig",
    "NAME [--server=server] [--certificate-authority=path/to/certificate/authority] [--insecure-skip-tls-verify=true] [--tls-server-name=example.com]
What an entry has already is kept unless it is given anew.

# Another server
kubectl config set-cluster test --server=https://1.2.3.4",
    &["certificate-authority='' embed-certs=false insecure-skip-tls-verify=false proxy-url='' server='' tls-server-name=''"],
    set_cluster
);
local!(
    SET_CONTEXT,
    "config set-context",
    "Set a context entry in kubeconfig",
    "[NAME | --current] [--cluster=cluster_nickname] [--user=user_nickname] [--namespace=namespace]
What an entry has already is kept unless it is given anew.

# Stay in a namespace
kubectl config set-context --current --namespace=shop",
    &["cluster='' current=false namespace='' user=''"],
    set_context
);
local!(
    SET_CREDENTIALS,
    "config set-credentials",
    "Set a user entry in kubeconfig",
    "NAME [--client-certificate=path/to/certfile] [--client-key=path/to/keyfile] [--token=bearer_token] [--username=basic_user] [--password=basic_password] [--auth-provider=provider_name] [--auth-provider-arg=key=value] [--exec-command=exec_command] [--exec-api-version=exec_api_version] [--exec-arg=arg] [--exec-env=key=value]
What an entry has already is kept unless it is given anew.

# A token
kubectl config set-credentials anna --token=abc

# A certificate
kubectl config set-credentials anna --client-certificate=anna.crt --client-key=anna.key",
    &["auth-provider-arg=[] auth-provider='' client-certificate='' client-key='' embed-certs=false exec-api-version='' exec-arg=[] exec-command='' exec-env=[]* exec-interactive-mode='' exec-provide-cluster-info=false password='' token='' username=''"],
    set_credentials
);
local!(
    UNSET,
    "config unset",
    "Unset an individual value in a kubeconfig file",
    "PROPERTY_NAME
PROPERTY_NAME is a path with dots.

# No context in use
kubectl config unset current-context",
    &[],
    unset
);
local!(
    USE_CONTEXT,
    "config use-context",
    "Set the current-context in a kubeconfig file",
    "CONTEXT_NAME
# Use another one
kubectl config use-context test",
    &[],
    use_context
);
local!(
    VIEW,
    "config view",
    "Display merged kubeconfig settings or a specified kubeconfig file",
    "[flags]
# All, with secrets left out
kubectl config view

# What is in use now
kubectl config view --minify

# The name of each user
kubectl config view -o jsonpath='{.users[*].name}'",
    &[
        "allow-missing-template-keys=true flatten=false merge=true minify=false -o,output='yaml' raw=false show-managed-fields=false template=''"
    ],
    view
);

/// Changes the file in which the names of the command stand.
fn change<T>(kube: &Kube, edit: impl FnOnce(&mut Kubeconfig) -> T) -> Result<T> {
    let mut names: Vec<&str> = Vec::new();
    for word in &kube.flags.arguments {
        names.push(word);
        names.extend(word.split('.'));
    }
    if kube.path.ends_with("use-context") {
        names = vec![CURRENT];
    }
    kube.loaded.change(&kube.shell, &names, edit)
}

fn read(kube: &Kube) -> Kubeconfig {
    kube.loaded.config.clone()
}

/// The one argument of a command.
fn only(kube: &Kube) -> Result<&str> {
    match kube.flags.arguments.as_slice() {
        [one] => Ok(one),
        others => kube.with_help(&format!("Unexpected args: [{}]", others.join(" "))),
    }
}

fn current(kube: &Kube) -> Result<()> {
    match read(kube).current.as_str() {
        "" => plain("current-context is not set"),
        current => {
            kube.print(current);
            Ok(())
        }
    }
}

fn delete_cluster(kube: &Kube) -> Result<()> {
    let name = only(kube)?;
    let known = change(kube, |config| {
        let before = config.clusters.len();
        config.clusters.retain(|c| c.0 != name);
        config.clusters.len() < before
    })?;
    deleted(kube, "cluster", name, known)
}

fn delete_context(kube: &Kube) -> Result<()> {
    let name = only(kube)?;
    let known = read(kube).context(name).is_some();
    if known && read(kube).current == name {
        kube.warn("warning: this removed your active context, use \"kubectl config use-context\" to select a different one");
    }
    change(kube, |config| config.contexts.retain(|c| c.name != name))?;
    deleted(kube, "context", name, known)
}

fn delete_user(kube: &Kube) -> Result<()> {
    if kube.flags.arguments.is_empty() {
        return kube.usage("user to delete is required");
    }
    let name = only(kube)?;
    let known = read(kube).user(name).is_some();
    change(kube, |config| config.users.retain(|u| u.name != name))?;
    deleted(kube, "user", name, known)
}

fn deleted(kube: &Kube, what: &str, name: &str, known: bool) -> Result<()> {
    if !known {
        return plain(format!(
            "cannot delete {what} {name}, not in {}",
            kube.loaded.file()
        ));
    }
    kube.print(&format!(
        "deleted {what} {name} from {}",
        kube.loaded.file()
    ));
    Ok(())
}

fn names(kube: &Kube, mut names: Vec<String>) {
    names.sort();
    kube.print("NAME");
    names.iter().for_each(|name| kube.print(name));
}

fn clusters(kube: &Kube) -> Result<()> {
    names(kube, read(kube).clusters.into_iter().map(|c| c.0).collect());
    Ok(())
}

fn users(kube: &Kube) -> Result<()> {
    names(kube, read(kube).users.into_iter().map(|u| u.name).collect());
    Ok(())
}

fn contexts(kube: &Kube) -> Result<()> {
    let config = read(kube);
    let wanted = &kube.flags.arguments;
    let output = kube.flags.text("output");
    if !matches!(output, "" | "name") {
        return plain(format!(
            "--output {output} is not available in kubectl config get-contexts; resetting to default output format"
        ));
    }
    let mut all: Vec<&Context> = config
        .contexts
        .iter()
        .filter(|c| wanted.is_empty() || wanted.contains(&c.name))
        .collect();
    all.sort_by(|a, b| a.name.cmp(&b.name));
    let mut page = String::new();
    if output.is_empty() && !kube.flags.is("no-headers") {
        page.push_str("CURRENT\tNAME\tCLUSTER\tAUTHINFO\tNAMESPACE\n");
    }
    for context in all {
        if output == "name" {
            page.push_str(&format!("{}\n", context.name));
            continue;
        }
        let mark = if context.name == config.current {
            "*"
        } else {
            ""
        };
        page.push_str(&format!(
            "{mark}\t{}\t{}\t{}\t{}\n",
            context.name, context.cluster, context.user, context.namespace
        ));
    }
    kube.io.out.write(&TabWriter::list().align(&page));
    match wanted.iter().find(|w| config.context(w).is_none()) {
        Some(missing) => plain(format!("context {missing} not found")),
        None => Ok(()),
    }
}

fn rename(kube: &Kube) -> Result<()> {
    let [from, to] = kube.flags.arguments.as_slice() else {
        return kube.with_help(&format!(
            "Unexpected args: [{}]",
            kube.flags.arguments.join(" ")
        ));
    };
    let config = read(kube);
    if config.context(from).is_none() {
        return plain(format!(
            "cannot rename the context \"{from}\", it's not in {}",
            kube.loaded.file()
        ));
    }
    if config.context(to).is_some() {
        return plain(format!(
            "cannot rename the context \"{from}\", the context \"{to}\" already exists in {}",
            kube.loaded.file()
        ));
    }
    change(kube, |config| {
        for context in config.contexts.iter_mut().filter(|c| c.name == *from) {
            context.name.clone_from(to);
        }
        if config.current == *from {
            config.current.clone_from(to);
        }
    })?;
    kube.print(&format!("Context \"{from}\" renamed to \"{to}\"."));
    Ok(())
}

fn set_cluster(kube: &Kube) -> Result<()> {
    let name = only(kube)?;
    let server = kube.flags.text("server").to_owned();
    let authority = kube.flags.text("certificate-authority");
    if kube.flags.is("embed-certs") {
        if authority.is_empty() {
            return plain("you must specify a --certificate-authority to embed");
        }
        if kube.shell.read_file(authority).is_none() {
            return plain(format!(
                "could not stat certificate-authority file {authority}: stat {authority}: no such file or directory"
            ));
        }
    }
    change(kube, |config| {
        match config.clusters.iter_mut().find(|c| c.0 == name) {
            Some(cluster) if !server.is_empty() => cluster.1 = server,
            Some(_) => {}
            None => config.clusters.push((name.to_owned(), server)),
        }
    })?;
    kube.print(&format!("Cluster \"{name}\" set."));
    Ok(())
}

fn set_context(kube: &Kube) -> Result<()> {
    let flags = &kube.flags;
    let name = match (flags.arguments.as_slice(), flags.is("current")) {
        ([], false) => return plain("you must specify a non-empty context name or --current"),
        ([_], true) => return plain("cannot specify both a context name and --current"),
        ([], true) => match read(kube).current.as_str() {
            "" => return plain("no current context is set"),
            current => current.to_owned(),
        },
        ([one], false) => one.clone(),
        (many, _) => return kube.with_help(&format!("Unexpected args: [{}]", many.join(" "))),
    };
    let known = read(kube).contexts.iter().any(|c| c.name == name);
    change(kube, |config| {
        if !known {
            let context = Context {
                name: name.clone(),
                ..Context::default()
            };
            config.contexts.push(context);
        }
        for context in config.contexts.iter_mut().filter(|c| c.name == name) {
            for (flag, field) in [
                ("cluster", &mut context.cluster),
                ("user", &mut context.user),
                ("namespace", &mut context.namespace),
            ] {
                if flags.given(flag) {
                    *field = flags.text(flag).to_owned();
                }
            }
        }
    })?;
    let word = if known { "modified" } else { "created" };
    kube.print(&format!("Context \"{name}\" {word}."));
    Ok(())
}

fn set_credentials(kube: &Kube) -> Result<()> {
    let name = only(kube)?;
    let token = kube.flags.text("token").to_owned();
    if !token.is_empty() && !kube.flags.text("username").is_empty() {
        return plain(
            "you cannot specify more than one authentication method at the same time: --token, --username/--password",
        );
    }
    let (certificate, key) = (
        kube.flags.text("client-certificate"),
        kube.flags.text("client-key"),
    );
    let mut client = Client {
        certificate: certificate.to_owned(),
        key: key.to_owned(),
        embedded: String::new(),
    };
    if kube.flags.is("embed-certs") {
        for (what, file) in [("client-certificate", certificate), ("client-key", key)] {
            if file.is_empty() {
                continue;
            }
            let Some(text) = kube.shell.read_file(file) else {
                return plain(format!(
                    "could not stat {what} file {file}: stat {file}: no such file or directory"
                ));
            };
            if what == "client-certificate" {
                client.embedded = text;
            }
        }
    }
    change(kube, |config| {
        if !config.users.iter().any(|u| u.name == name) {
            config.users.push(User {
                name: name.to_owned(),
                ..User::default()
            });
        }
        for user in config.users.iter_mut().filter(|u| u.name == name) {
            if !token.is_empty() {
                user.token.clone_from(&token);
            }
            if !client.certificate.is_empty() {
                (user.certificate, user.client) = (false, client.clone());
            } else if !client.key.is_empty() {
                user.client.key.clone_from(&client.key);
            }
        }
    })?;
    kube.print(&format!("User \"{name}\" set."));
    Ok(())
}

fn set(kube: &Kube) -> Result<()> {
    let [path, value] = kube.flags.arguments.as_slice() else {
        return kube.with_help(&format!(
            "Unexpected args: [{}]",
            kube.flags.arguments.join(" ")
        ));
    };
    let known = change(kube, |config| {
        match path.split('.').collect::<Vec<_>>().as_slice() {
            ["current-context"] => config.current.clone_from(value),
            ["contexts", name, field @ ("namespace" | "user" | "cluster")] => {
                if !config.contexts.iter().any(|c| c.name == *name) {
                    let context = Context {
                        name: (*name).to_owned(),
                        ..Context::default()
                    };
                    config.contexts.push(context);
                }
                for context in config.contexts.iter_mut().filter(|c| c.name == *name) {
                    let place = match *field {
                        "namespace" => &mut context.namespace,
                        "user" => &mut context.user,
                        _ => &mut context.cluster,
                    };
                    place.clone_from(value);
                }
            }
            ["users", name, "token"] => match config.users.iter_mut().find(|u| u.name == *name) {
                Some(user) => user.token.clone_from(value),
                None => config.users.push(User {
                    name: (*name).to_owned(),
                    token: value.clone(),
                    ..User::default()
                }),
            },
            ["clusters", name, "server"] => {
                match config.clusters.iter_mut().find(|c| c.0 == *name) {
                    Some(cluster) => cluster.1.clone_from(value),
                    None => config.clusters.push(((*name).to_owned(), value.clone())),
                }
            }
            _ => return false,
        }
        true
    })?;
    if !known {
        return plain(unknown_property(path));
    }
    kube.print(&format!("Property \"{path}\" set."));
    Ok(())
}

/// A path that no field of the configuration has.
fn unknown_property(path: &str) -> String {
    let (first, rest) = path.split_once('.').unwrap_or((path, ""));
    match rest.rsplit('.').next().filter(|last| !last.is_empty()) {
        Some(last) if ["clusters", "contexts", "users"].contains(&first) => {
            format!("unable to locate path {last}")
        }
        _ => format!("unable to parse {path} after [] at api.Config"),
    }
}

fn unset(kube: &Kube) -> Result<()> {
    let path = only(kube)?;
    let parts: Vec<&str> = path.split('.').collect();
    let known = change(kube, |config| match parts.as_slice() {
        ["current-context"] => {
            config.current.clear();
            true
        }
        ["contexts"] => {
            config.contexts.clear();
            true
        }
        ["users"] => {
            config.users.clear();
            true
        }
        ["contexts", name] => {
            config.contexts.retain(|c| c.name != *name);
            true
        }
        ["users", name] => {
            config.users.retain(|u| u.name != *name);
            true
        }
        ["clusters", name] => {
            config.clusters.retain(|c| c.0 != *name);
            true
        }
        ["contexts", name, field] => {
            let context = config.contexts.iter_mut().find(|c| c.name == *name);
            match (context, *field) {
                (Some(context), "namespace") => context.namespace.clear(),
                (Some(context), "user") => context.user.clear(),
                (Some(context), "cluster") => context.cluster.clear(),
                _ => return false,
            }
            true
        }
        _ => false,
    })?;
    if !known {
        return plain(unknown_property(path));
    }
    kube.print(&format!("Property \"{path}\" unset."));
    Ok(())
}

fn use_context(kube: &Kube) -> Result<()> {
    let name = only(kube)?;
    if name.is_empty() || !read(kube).contexts.iter().any(|c| c.name == name) {
        return plain(format!("no context exists with the name: \"{name}\""));
    }
    change(kube, |config| config.current = name.to_owned())?;
    kube.print(&format!("Switched to context \"{name}\"."));
    Ok(())
}

fn view(kube: &Kube) -> Result<()> {
    let flags = &kube.flags;
    if !flags.arguments.is_empty() {
        return kube.usage(&format!(
            "unexpected arguments: [{}]",
            flags.arguments.join(" ")
        ));
    }
    let only = flags.is("minify").then(|| flags.text("context"));
    let config = read(kube);
    if let Some(name) = only
        && config.context(name).is_none()
    {
        return plain(match name {
            "" => "current-context must exist in order to minify".to_owned(),
            name => format!("cannot locate context {name}"),
        });
    }
    let server = kube.shell.world.host.server();
    let value = config.to_value(&server, flags.is("raw") || flags.is("flatten"), only);
    match crate::kubectl::printers::format(kube, false)? {
        Some(format) => format.print(kube, &value),
        None => {
            kube.io.out.write(&crate::kubectl::printers::yaml(&value));
            Ok(())
        }
    }
}
