//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

pub const HELP: &str = "\
A simulated Kubernetes cluster for the real kubectl and for client libraries.

Usage: kubarium-server [OPTIONS]

Options:
  --listen ADDRESS    where to listen (127.0.0.1:6443); port 0 takes a free one
  --kubeconfig FILE   write a kubeconfig with an administrator, once the cluster is ready
  --nodes N           workers (2; with --bare 10)
  --bare              only workers node-0 to node-(N-1): no control plane node, no system pods, images
                      are there already and pods are ready at once
  --seed N            what is random follows from it (1)
  --speed N           how fast virtual time passes, in times of real time (1)
  --manifests DIR     apply the manifests of a folder before anybody is let in
  --quiet             do not log requests
  --help              this text

It serves TLS on loopback with a certificate authority of its own, which lives as long as the process.
SIGTERM and Ctrl-C end it.
";

/// What to serve, and where.
#[derive(Clone, Debug, PartialEq)]
pub struct Arguments {
    pub listen: SocketAddr,
    pub kubeconfig: Option<PathBuf>,
    pub nodes: u8,
    pub bare: bool,
    pub seed: u64,
    pub speed: f64,
    pub manifests: Option<PathBuf>,
    pub quiet: bool,
}

/// The fastest that makes sense; beyond, the simulation cannot follow anyway.
const FASTEST: f64 = 100_000.0;

/// Reads the arguments; `None` when only help is asked for.
pub fn parse(words: impl Iterator<Item = String>) -> Result<Option<Arguments>, String> {
    let mut out = Arguments {
        listen: SocketAddr::from(([127, 0, 0, 1], 6443)),
        kubeconfig: None,
        nodes: 0,
        bare: false,
        seed: 1,
        speed: 1.0,
        manifests: None,
        quiet: false,
    };
    let mut nodes = None;
    let mut words = words;
    while let Some(word) = words.next() {
        let (name, given) = match word.split_once('=') {
            Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
            None => (word, None),
        };
        let mut value = || {
            let value = given.clone().or_else(|| words.next());
            value.ok_or_else(|| format!("{name} needs a value"))
        };
        match name.as_str() {
            "--listen" => out.listen = address(&value()?)?,
            "--kubeconfig" => out.kubeconfig = Some(value()?.into()),
            "--nodes" => nodes = Some(number(&name, &value()?)?),
            "--seed" => out.seed = number(&name, &value()?)?,
            "--speed" => out.speed = number(&name, &value()?)?,
            "--manifests" => out.manifests = Some(value()?.into()),
            "--bare" => out.bare = true,
            "--quiet" => out.quiet = true,
            "--help" | "-h" => return Ok(None),
            other => return Err(format!("unknown argument {other:?}")),
        }
    }
    if !(out.speed > 0.0 && out.speed <= FASTEST) {
        return Err(format!("--speed: between 0 and {FASTEST}, please"));
    }
    out.nodes = nodes.unwrap_or(if out.bare { 10 } else { 2 });
    Ok(Some(out))
}

fn number<T: FromStr>(name: &str, text: &str) -> Result<T, String> {
    let parsed = text.parse();
    parsed.map_err(|_| format!("{name}: {text:?} is not a number that fits"))
}

/// `127.0.0.1:6443`, `[::1]:6443`, `localhost:6443`, `:6443` or a port.
fn address(text: &str) -> Result<SocketAddr, String> {
    let full = match text.strip_prefix("localhost").unwrap_or(text) {
        port if port.starts_with(':') => format!("127.0.0.1{port}"),
        port if port.bytes().all(|b| b.is_ascii_digit()) => format!("127.0.0.1:{port}"),
        other => other.to_owned(),
    };
    let address: SocketAddr = full
        .parse()
        .map_err(|_| format!("--listen: {text:?} is not an address and port"))?;
    if !address.ip().is_loopback() {
        return Err(format!(
            "--listen: {} is not a loopback address: the cluster is for this machine alone",
            address.ip()
        ));
    }
    Ok(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(words: &[&str]) -> Result<Option<Arguments>, String> {
        parse(words.iter().map(|w| (*w).to_owned()))
    }

    #[test]
    fn arguments_are_read() {
        let given = of(&[
            "--listen=:0",
            "--bare",
            "--speed",
            "10",
            "--kubeconfig",
            "k",
        ]);
        let given = given.unwrap().unwrap();
        assert_eq!(given.listen.to_string(), "127.0.0.1:0");
        assert_eq!((given.nodes, given.bare, given.speed), (10, true, 10.0));
        assert_eq!(of(&["--help"]), Ok(None));
        for (words, wrong) in [
            (
                &["--listen", "0.0.0.0:1"][..],
                "--listen: 0.0.0.0 is not a loopback address: the cluster is for this machine alone",
            ),
            (
                &["--listen", "x"],
                "--listen: \"x\" is not an address and port",
            ),
            (&["--speed", "0"], "--speed: between 0 and 100000, please"),
            (&["--speed", "NaN"], "--speed: between 0 and 100000, please"),
            (&["--nodes"], "--nodes needs a value"),
            (&["-x"], "unknown argument \"-x\""),
        ] {
            assert_eq!(of(words).unwrap_err(), wrong);
        }
    }
}
