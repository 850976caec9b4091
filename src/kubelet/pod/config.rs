//! The environment of a container (`pkg/kubelet/kubelet_pods.go` makeEnvironmentVariables,
//! `third_party/forked/golang/expansion`).

use std::collections::BTreeMap;
use std::rc::Rc;

use k8s_openapi::api::core::v1::{
    ConfigMap, Container as ContainerSpec, EnvVarSource, FileKeySelector, ObjectFieldSelector,
    ResourceFieldSelector, ResourceRequirements, Secret, Service,
};

use super::{Cx, Host, PodWorker, env_file};
use crate::api::quantity::Quantity;
use crate::api::{Key, Resource};
use crate::sim::ordered::Map;

pub type Variables = Map<Rc<str>, Rc<str>>;

/// Replaces `$(NAME)` by the variable; `$$` is a dollar sign, unknown names stay as they are.
pub fn expand(text: &str, env: &Variables) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        if let Some(after) = after.strip_prefix('$') {
            out.push('$');
            rest = after;
        } else if let Some((name, after)) = after.strip_prefix('(').and_then(|a| a.split_once(')'))
        {
            match env.get(name) {
                Some(value) => out.push_str(value),
                None => out.push_str(&format!("$({name})")),
            }
            rest = after;
        } else {
            out.push('$');
            rest = after;
        }
    }
    out.push_str(rest);
    out
}

impl PodWorker {
    /// The environment of a container.
    ///
    /// # Errors
    /// A ConfigMap, a Secret or a key that is referred to does not exist.
    pub(super) fn environment(
        &self,
        c: usize,
        h: &Host<'_>,
        ctx: &Cx<'_>,
    ) -> Result<Variables, String> {
        let mut env = Variables::new();
        let Some(spec) = self.container_spec(c) else {
            return Ok(env);
        };
        let texts = &ctx.kernel.texts;
        let mut set = |name: &str, value: Rc<str>| {
            env.insert(texts.of(name), value);
        };
        set(
            "PATH",
            texts.of("/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
        );
        set("HOSTNAME", self.hostname(h).into());
        set("HOME", texts.of("/root"));
        self.service_variables(ctx, &mut env);
        for source in spec.env_from.iter().flatten() {
            let prefix = source.prefix.as_deref().unwrap_or_default();
            let data = if let Some(r) = &source.config_map_ref {
                let optional = r.optional.unwrap_or_default();
                self.config_map(&r.name, optional, ctx)?
            } else if let Some(r) = &source.secret_ref {
                self.secret(&r.name, r.optional.unwrap_or_default(), ctx)?
            } else {
                continue;
            };
            for (name, value) in data.unwrap_or_default() {
                env.insert(texts.of(&format!("{prefix}{name}")), value);
            }
        }
        for variable in spec.env.iter().flatten() {
            let value: Option<Rc<str>> = match (&variable.value, &variable.value_from) {
                (_, Some(source)) => self.value_from(source, spec, h, ctx)?.map(Into::into),
                (Some(value), None) => Some(texts.of(&expand(value, &env))),
                (None, None) => Some(texts.of("")),
            };
            if let Some(value) = value {
                env.insert(texts.of(&variable.name), value);
            }
        }
        Ok(env)
    }

    /// The variables of the services of the namespace, and of the API server's: those of
    /// Kubernetes and those of Docker's links (`pkg/kubelet/envvars/envvars.go`).
    fn service_variables(&self, ctx: &Cx<'_>, env: &mut Variables) {
        let texts = &ctx.kernel.texts;
        let spec = self.pod.spec.as_ref();
        let links = spec.and_then(|s| s.enable_service_links).unwrap_or(true);
        let mut services = match links {
            true => ctx.list::<Service>(Some(&self.key.namespace)),
            false => Vec::new(),
        };
        services.extend(ctx.get::<Service>(&Key::new("default", "kubernetes")));
        for service in services {
            let Some(spec) = &service.spec else { continue };
            let ip = spec.cluster_ip.as_deref().unwrap_or_default();
            let port = spec.ports.as_ref().and_then(|p| p.first()).map(|p| p.port);
            let (false, Some(port)) = (ip.is_empty() || ip == "None", port) else {
                continue;
            };
            let name = service.name().to_uppercase().replace('-', "_");
            let mut set = |name: String, value: &str| {
                env.insert(texts.of(&name), texts.of(value));
            };
            set(format!("{name}_SERVICE_HOST"), ip);
            set(format!("{name}_SERVICE_PORT"), &port.to_string());
            for (i, port) in spec.ports.iter().flatten().enumerate() {
                let number = port.port.to_string();
                let protocol = port.protocol.as_deref().unwrap_or("TCP");
                let lower = protocol.to_lowercase();
                if let Some(own) = port.name.as_deref().filter(|n| !n.is_empty()) {
                    let own = own.to_uppercase().replace('-', "_");
                    set(format!("{name}_SERVICE_PORT_{own}"), &number);
                }
                let url = format!("{lower}://{ip}:{number}");
                if i == 0 {
                    set(format!("{name}_PORT"), &url);
                }
                let prefix = format!("{name}_PORT_{number}_{protocol}");
                set(prefix.clone(), &url);
                set(format!("{prefix}_PROTO"), &lower);
                set(format!("{prefix}_PORT"), &number);
                set(format!("{prefix}_ADDR"), ip);
            }
        }
    }

    /// A ConfigMap's data; `None` when it is optional and missing.
    pub(super) fn config_map(
        &self,
        name: &str,
        optional: bool,
        ctx: &Cx<'_>,
    ) -> Result<Option<Variables>, String> {
        match ctx.get::<ConfigMap>(&Key::new(&self.key.namespace, name)) {
            Some(map) => {
                let texts = &ctx.kernel.texts;
                let data = map.data.iter().flatten();
                let data = data.map(|(k, v)| (texts.of(k), texts.of(v)));
                Ok(Some(data.collect()))
            }
            None if optional => Ok(None),
            None => Err(format!("configmap \"{name}\" not found")),
        }
    }

    pub(super) fn secret(
        &self,
        name: &str,
        optional: bool,
        ctx: &Cx<'_>,
    ) -> Result<Option<Variables>, String> {
        match ctx.get::<Secret>(&Key::new(&self.key.namespace, name)) {
            Some(secret) => {
                let texts = &ctx.kernel.texts;
                let data = secret.data.iter().flatten();
                let text = |v: &[u8]| texts.of(&String::from_utf8_lossy(v));
                let data = data.map(|(k, v)| (texts.of(k), text(&v.0)));
                let plain = secret.string_data.iter().flatten();
                let plain = plain.map(|(k, v)| (texts.of(k), texts.of(v)));
                Ok(Some(data.chain(plain).collect()))
            }
            None if optional => Ok(None),
            None => Err(format!("secret \"{name}\" not found")),
        }
    }

    fn value_from(
        &self,
        source: &EnvVarSource,
        spec: &ContainerSpec,
        h: &Host<'_>,
        ctx: &Cx<'_>,
    ) -> Result<Option<String>, String> {
        let namespace = &self.key.namespace;
        if let Some(field) = &source.field_ref {
            return self.field(field, h).map(Some);
        }
        if let Some(resource) = &source.resource_field_ref {
            let other = resource.container_name.as_deref().filter(|n| !n.is_empty());
            let pod = self.pod.spec.as_ref();
            let mut all = pod.iter().flat_map(|s| &s.containers);
            let other = other.and_then(|name| all.find(|c| c.name == name));
            let other = other.unwrap_or(spec);
            let whole = pod.and_then(|s| s.resources.as_ref());
            return Ok(Some(resource_field(resource, other, whole, h)));
        }
        if let Some(file) = &source.file_key_ref {
            return self.file_key(file);
        }
        let (data, key, missing, optional) = if let Some(r) = &source.config_map_key_ref {
            let optional = r.optional.unwrap_or_default();
            let data = self.config_map(&r.name, optional, ctx)?;
            let missing = format!(
                "couldn't find key {} in ConfigMap {namespace}/{}",
                r.key, r.name
            );
            (data, &r.key, missing, optional)
        } else if let Some(r) = &source.secret_key_ref {
            let optional = r.optional.unwrap_or_default();
            let data = self.secret(&r.name, optional, ctx)?;
            let missing = format!(
                "couldn't find key {} in Secret {namespace}/{}",
                r.key, r.name
            );
            (data, &r.key, missing, optional)
        } else {
            return Ok(None);
        };
        match data.as_ref().and_then(|d| d.get(&**key)) {
            Some(value) => Ok(Some(value.to_string())),
            None if optional || data.is_none() => Ok(None),
            None => Err(missing),
        }
    }

    /// The value of a key in a file of a volume; nothing where it may be missing.
    fn file_key(&self, of: &FileKeySelector) -> Result<Option<String>, String> {
        let optional = of.optional.unwrap_or_default();
        let Some(files) = self.volumes.get(&*of.volume_name) else {
            let volume = &of.volume_name;
            return Err(format!(
                "cannot find the volume \"{volume}\" referenced by FileKeyRef"
            ));
        };
        let text = match files.read(&format!("/{}", of.path.trim_start_matches("./"))) {
            Ok(text) => text,
            Err(_) if optional => return Ok(None),
            Err(_) => return Err("couldn't parse env file".to_owned()),
        };
        let value = env_file::value(&text, &of.key);
        match value.map_err(|_| "couldn't parse env file".to_owned())? {
            value if !value.is_empty() => Ok(Some(value)),
            _ if optional => Ok(None),
            _ => Err(format!(
                "environment variable key \"{}\" not found in file \"{}\"",
                of.key, of.path
            )),
        }
    }

    /// The downward API.
    pub(super) fn field(
        &self,
        selector: &ObjectFieldSelector,
        h: &Host<'_>,
    ) -> Result<String, String> {
        let path = selector.field_path.as_str();
        let meta = &self.pod.metadata;
        let spec = self.pod.spec.as_ref();
        let of = |map: &Option<BTreeMap<String, String>>, key: &str| {
            let key = key.trim_matches(['\'', '"']);
            map.as_ref()
                .and_then(|m| m.get(key))
                .cloned()
                .unwrap_or_default()
        };
        let all = |map: &Option<BTreeMap<String, String>>| {
            let lines = map.iter().flatten();
            let lines: Vec<String> = lines.map(|(k, v)| format!("{k}=\"{v}\"")).collect();
            lines.join("\n")
        };
        Ok(match path {
            "metadata.name" => self.key.name.to_string(),
            "metadata.namespace" => self.key.namespace.to_string(),
            "metadata.uid" => self.uid.to_string(),
            "metadata.labels" => all(&meta.labels),
            "metadata.annotations" => all(&meta.annotations),
            "spec.nodeName" => h.node.name.to_string(),
            "spec.serviceAccountName" => spec
                .and_then(|s| s.service_account_name.clone())
                .unwrap_or_default(),
            "status.hostIP" | "status.hostIPs" => h.node.address(),
            "status.podIP" | "status.podIPs" => self.ip.as_deref().unwrap_or_default().to_owned(),
            path => {
                let inside = |prefix: &str| path.strip_prefix(prefix)?.strip_suffix(']');
                match (inside("metadata.labels["), inside("metadata.annotations[")) {
                    (Some(key), _) => of(&meta.labels, key),
                    (_, Some(key)) => of(&meta.annotations, key),
                    _ => return Err(format!("unsupported fieldPath: {path}")),
                }
            }
        })
    }
}

/// `limits.cpu` and the like, divided by the divisor and rounded up. Who has no limit may use what
/// the pod has as a whole, or else the node.
pub fn resource_field(
    selector: &ResourceFieldSelector,
    spec: &ContainerSpec,
    whole: Option<&ResourceRequirements>,
    h: &Host<'_>,
) -> String {
    let resources = spec.resources.as_ref();
    let (list, name) = match selector.resource.split_once('.') {
        Some(("limits", name)) => (resources.and_then(|r| r.limits.as_ref()), name),
        Some(("requests", name)) => (resources.and_then(|r| r.requests.as_ref()), name),
        _ => (None, ""),
    };
    let parse = |text: &str| Quantity::parse(text).ok();
    let own = list.and_then(|l| l.get(name));
    let of_pod = whole.and_then(|r| r.limits.as_ref());
    let of_pod = of_pod.filter(|_| selector.resource.starts_with("limits."));
    let value = own.or_else(|| of_pod.and_then(|l| l.get(name)));
    let value = value.and_then(|q| parse(&q.0));
    let value = match (value, selector.resource.as_str()) {
        (Some(quantity), _) => quantity.milli_value(),
        (None, "limits.cpu") => i64::try_from(h.node.cpu_millis).unwrap_or(i64::MAX),
        (None, "limits.memory") => {
            i64::try_from(h.node.memory_bytes.saturating_mul(1000)).unwrap_or(i64::MAX)
        }
        (None, _) => 0,
    };
    let divisor = selector.divisor.as_ref().and_then(|d| parse(&d.0));
    // Zero is what Go writes for none.
    let divisor = divisor.map_or(0, |q| q.milli_value());
    let divisor = if divisor > 0 { divisor } else { 1000 };
    (value / divisor + i64::from(value % divisor > 0)).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_put_into_commands() {
        let env = Variables::from([("A".into(), "1".into())]);
        assert_eq!(expand("$(A) $(B) $$(A) $A $", &env), "1 $(B) $(A) $A $");
    }
}
