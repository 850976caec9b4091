//! `kubarium-server`: the simulated control plane behind a socket, for the real `kubectl` and for client
//! libraries.
//!
//! One thread owns the cluster and lets virtual time follow the wall clock ([`tank`]); the others turn
//! bytes into requests and answers into bytes. Nothing here decides what the API says.

#[cfg(not(target_arch = "wasm32"))]
mod args;
#[cfg(not(target_arch = "wasm32"))]
mod body;
#[cfg(not(target_arch = "wasm32"))]
mod certs;
#[cfg(not(target_arch = "wasm32"))]
mod gzip;
#[cfg(not(target_arch = "wasm32"))]
mod handler;
#[cfg(not(target_arch = "wasm32"))]
mod identity;
#[cfg(not(target_arch = "wasm32"))]
mod kubeconfig;
#[cfg(not(target_arch = "wasm32"))]
mod manifests;
#[cfg(not(target_arch = "wasm32"))]
mod negotiate;
#[cfg(not(target_arch = "wasm32"))]
mod protobuf;
#[cfg(not(target_arch = "wasm32"))]
mod serve;
#[cfg(not(target_arch = "wasm32"))]
mod streams;
#[cfg(not(target_arch = "wasm32"))]
mod tank;
#[cfg(not(target_arch = "wasm32"))]
mod terminal;
#[cfg(not(target_arch = "wasm32"))]
mod websocket;

#[cfg(target_arch = "wasm32")]
fn main() {}

#[cfg(not(target_arch = "wasm32"))]
fn main() -> std::process::ExitCode {
    use std::process::ExitCode;

    let arguments = match args::parse(std::env::args().skip(1)) {
        Ok(Some(arguments)) => arguments,
        Ok(None) => {
            print!("{}", args::HELP);
            return ExitCode::SUCCESS;
        }
        Err(message) => {
            eprintln!("kubarium-server: {message}\nSee 'kubarium-server --help'.");
            return ExitCode::from(2);
        }
    };
    match serve::run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("kubarium-server: {error}");
            ExitCode::FAILURE
        }
    }
}
