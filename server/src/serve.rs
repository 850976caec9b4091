//! Starting, listening, ending.

use std::error::Error;
use std::sync::mpsc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::extract::Extension;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use kubarium::cluster::Cluster;
use kubarium::kubectl::headless::{Options, settled, settling};
use kubarium::sim::Time;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{oneshot, watch};
use tokio_rustls::TlsAcceptor;

use crate::args::Arguments;
use crate::certs::Authority;
use crate::handler::{Server, answer};
use crate::identity::{Peer, certificate};
use crate::tank::Tank;
use crate::{kubeconfig, manifests};

type Outcome = Result<(), Box<dyn Error>>;

/// A client has so long to shake hands.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Requests under way at the end have so long.
const FAREWELL: Duration = Duration::from_secs(3);

/// Serves until a signal ends it.
pub fn run(arguments: &Arguments) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(serve(arguments))
}

/// A cluster that has settled, and whose time is the wall clock's.
fn cluster(arguments: &Arguments) -> std::io::Result<Cluster> {
    let options = Options {
        nodes: arguments.nodes,
        bare: arguments.bare,
        seed: arguments.seed,
    };
    let mut config = options.config();
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = Time::EPOCH
        .0
        .max(now.map_or(0, |since| since.as_nanos() as u64));
    let before = u64::try_from(settling(&config).as_nanos()).unwrap_or_default();
    config.start = Time(now.saturating_sub(before));
    let cluster = settled(config);
    match &arguments.manifests {
        Some(folder) => manifests::apply(cluster, folder),
        None => Ok(cluster),
    }
}

async fn serve(arguments: &Arguments) -> Outcome {
    let mut signals = Signals::new()?;
    let authority = Authority::new()?;
    let acceptor = TlsAcceptor::from(authority.tls()?);
    let listener = TcpListener::bind(arguments.listen)
        .await
        .map_err(|error| format!("cannot listen on {}: {error}", arguments.listen))?;
    let address = listener.local_addr()?;

    let (asks, asked) = mpsc::channel();
    let (ready, is_ready) = oneshot::channel();
    let options = arguments.clone();
    // A cluster never leaves its thread.
    let tank = std::thread::Builder::new()
        .name("cluster".to_owned())
        .spawn(move || match cluster(&options) {
            Ok(cluster) => {
                let _ = ready.send(Ok(()));
                Tank::new(cluster, options.speed).run(&asked);
            }
            Err(error) => {
                let _ = ready.send(Err(error));
            }
        })?;
    tokio::select! {
        ready = is_ready => ready??,
        () = signals.ends() => return Ok(()),
    }

    let (end, ending) = watch::channel(false);
    let server = Server {
        asks,
        ending: ending.clone(),
        quiet: arguments.quiet,
    };
    let router = Router::new().fallback(answer).with_state(server);
    if let Some(path) = &arguments.kubeconfig {
        let client = authority.client("kubernetes-admin", &["system:masters"])?;
        let text = kubeconfig::text(address, &authority.pem, &client);
        kubeconfig::write(path, &text)
            .map_err(|error| format!("--kubeconfig {}: {error}", path.display()))?;
    }
    eprintln!("kubarium-server: serving on https://{address}");

    // Each connection holds one of these; when all are gone, everybody has been answered.
    let (held, mut all_gone) = tokio::sync::mpsc::channel::<()>(1);
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    let connection = connect(
                        stream,
                        acceptor.clone(),
                        router.clone(),
                        ending.clone(),
                        held.clone(),
                    );
                    tokio::spawn(connection);
                }
                // Too many open files, say: it may get better.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            },
            () = signals.ends() => break,
        }
    }
    eprintln!("kubarium-server: ending");
    drop((listener, held, router));
    let _ = end.send(true);
    let _ = tokio::time::timeout(FAREWELL, all_gone.recv()).await;
    // With the last connection, the last one who could ask is gone, and the thread ends. One that is still
    // busy ends with the process.
    for _ in 0..20 {
        if tank.is_finished() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Ok(())
}

/// Speaks with one client until it goes, or the server ends.
async fn connect(
    stream: TcpStream,
    acceptor: TlsAcceptor,
    router: Router,
    ending: watch::Receiver<bool>,
    _held: tokio::sync::mpsc::Sender<()>,
) {
    // Small pieces go out at once: events of a watch are small.
    let _ = stream.set_nodelay(true);
    let handshake = tokio::time::timeout(HANDSHAKE, acceptor.accept(stream));
    let Ok(Ok(stream)) = handshake.await else {
        return;
    };
    let (_, tls) = stream.get_ref();
    let shown = tls.peer_certificates().and_then(|chain| chain.first());
    let peer = Peer {
        certificate: shown.and_then(|shown| certificate(shown)),
    };
    let service = TowerToHyperService::new(router.layer(Extension(peer)));
    let builder = Builder::new(TokioExecutor::new());
    let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        _ = connection.as_mut() => {}
        () = over(ending) => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
}

/// Waits until the server ends.
pub async fn over(mut ending: watch::Receiver<bool>) {
    let _ = ending.wait_for(|ending| *ending).await;
}

/// What ends the server.
struct Signals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

impl Signals {
    fn new() -> std::io::Result<Signals> {
        Ok(Signals {
            #[cfg(unix)]
            terminate: tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?,
        })
    }

    async fn ends(&mut self) {
        #[cfg(unix)]
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
        #[cfg(not(unix))]
        let _ = tokio::signal::ctrl_c().await;
    }
}
