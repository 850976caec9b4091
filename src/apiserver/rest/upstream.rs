//! Where a request to the `proxy` of a pod or a service goes: the API server finds the pod, and who
//! composes the cluster sends the request on.
//! Models `k8s.io/kubernetes/pkg/registry/core/pod` and `.../service/storage` (`ResourceLocation`).

use std::rc::Rc;

use k8s_openapi::api::core::v1::{Pod, Service};
use k8s_openapi::api::discovery::v1::EndpointSlice;

use super::path;
use crate::api::{Key, Resource, Result, Status};
use crate::apiserver::{ApiServer, Request};
use crate::sim::Time;

/// Where a request goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upstream {
    /// The address of the pod.
    pub host: String,
    pub port: u16,
    /// What is asked of it; begins with a slash.
    pub path: String,
}

impl ApiServer {
    /// Where a request goes that names the `proxy` of a pod or a service (`default/pods/web:8080/proxy/status`).
    /// `chance` chooses between the endpoints of a service.
    ///
    /// # Errors
    /// Who may not ask, and names that lead nowhere, in the words of the real ones.
    pub fn upstream(&self, now: Time, request: &Request, chance: u64) -> Result<Upstream> {
        self.authorized(now, request)?;
        let parts: Vec<&str> = request.path.split('/').filter(|p| !p.is_empty()).collect();
        let target = path::parse(self, &parts).ok_or_else(Status::no_such_resource)?;
        let (Some(id), "proxy") = (target.name, target.subresource) else {
            return Err(Status::no_such_resource());
        };
        let namespace = target.namespace.unwrap_or_default();
        let kind = target.kind.info().kind;
        let (host, port) = match kind {
            "Pod" => self.pod_behind(namespace, id)?,
            "Service" => self.endpoint_behind(namespace, id, chance)?,
            // Kubelets are asked by who composes the cluster.
            _ => return Err(Status::no_such_resource()),
        };
        let behind = request
            .path
            .split_once("/proxy")
            .map_or("", |(_, rest)| rest);
        let path = match behind {
            "" => "/".to_owned(),
            path => path.to_owned(),
        };
        Ok(Upstream { host, port, path })
    }

    fn named<T: Resource>(&self, namespace: &str, name: &str) -> Result<Rc<T>> {
        let found = self.get(&Key::new(namespace, name));
        found.ok_or_else(|| Status::not_found(T::KIND.info(), name))
    }

    fn pod_behind(&self, namespace: &str, id: &str) -> Result<(String, u16)> {
        let invalid = || Status::bad_request(format!("invalid pod request \"{id}\""));
        let (scheme, name, port) = split(id).ok_or_else(invalid)?;
        let pod = self.named::<Pod>(namespace, name)?;
        let status = pod.status.as_ref();
        let host = status.and_then(|s| s.pod_ip.clone()).unwrap_or_default();
        if host.is_empty() {
            return Err(Status::bad_request("address not allowed"));
        }
        let port = match port {
            "" => {
                let containers = pod.spec.iter().flat_map(|spec| &spec.containers);
                let mut ports = containers.filter_map(|c| c.ports.as_ref()?.first());
                let first = ports.next().map(|p| p.container_port);
                first.and_then(|port| u16::try_from(port).ok())
            }
            port => Some(port.parse().map_err(|_| invalid())?),
        };
        Ok((host, port.unwrap_or_else(|| usual(scheme))))
    }

    fn endpoint_behind(&self, namespace: &str, id: &str, chance: u64) -> Result<(String, u16)> {
        let invalid = || Status::bad_request(format!("invalid service request \"{id}\""));
        let (scheme, name, port) = split(id).ok_or_else(invalid)?;
        let service = self.named::<Service>(namespace, name)?;
        let unavailable = |message: String| Status::new(503, "ServiceUnavailable", message);
        // A number stands for the port of the service that has it.
        let port = match port.parse::<i32>() {
            Err(_) => port,
            Ok(number) => {
                let mut ports = service.spec.iter().flat_map(|s| s.ports.iter().flatten());
                let found = ports.find(|p| p.port == number);
                let found = found.ok_or_else(|| {
                    unavailable(format!(
                        "no service port {number} found for service \"{name}\""
                    ))
                })?;
                found.name.as_deref().unwrap_or_default()
            }
        };
        let mut found: Vec<(String, u16)> = Vec::new();
        for slice in self.list::<EndpointSlice>(Some(namespace)) {
            let labels = slice.metadata.labels.as_ref();
            let of = labels.and_then(|l| l.get("kubernetes.io/service-name"));
            if of.map(String::as_str) != Some(name) {
                continue;
            }
            let mut ports = slice.ports.iter().flatten();
            let Some(named) = ports.find(|p| p.name.as_deref().unwrap_or_default() == port) else {
                continue;
            };
            let number = named.port.and_then(|port| u16::try_from(port).ok());
            let ready = slice.endpoints.iter().flatten().filter(|endpoint| {
                let conditions = endpoint.conditions.as_ref();
                conditions.and_then(|c| c.ready) != Some(false)
            });
            let addresses = ready.filter_map(|endpoint| endpoint.addresses.first());
            found.extend(addresses.map(|a| (a.clone(), number.unwrap_or_else(|| usual(scheme)))));
        }
        let none = || unavailable(format!("no endpoints available for service \"{name}\""));
        let at = chance.checked_rem(found.len() as u64).ok_or_else(none)?;
        found.into_iter().nth(at as usize).ok_or_else(none)
    }
}

/// `name`, `name:port` or `scheme:name:port`: scheme, name and port, of which the first and the last may be empty.
fn split(id: &str) -> Option<(&str, &str, &str)> {
    let parts: Vec<&str> = id.split(':').collect();
    let (scheme, name, port) = match parts.as_slice() {
        [name] => ("", *name, ""),
        [name, port] => ("", *name, *port),
        [scheme @ ("" | "http" | "https"), name, port] => (*scheme, *name, *port),
        _ => return None,
    };
    (!name.is_empty()).then_some((scheme, name, port))
}

fn usual(scheme: &str) -> u16 {
    match scheme {
        "https" => 443,
        _ => 80,
    }
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn an_id_may_have_a_scheme_and_a_port() {
        assert_eq!(split("web"), Some(("", "web", "")));
        assert_eq!(split("web:http"), Some(("", "web", "http")));
        assert_eq!(split("https:web:"), Some(("https", "web", "")));
        assert_eq!(split(":web:80"), Some(("", "web", "80")));
        for bad in ["", ":80", "ftp:web:21", "a:b:c:d"] {
            assert_eq!(split(bad), None, "{bad}");
        }
    }
}
