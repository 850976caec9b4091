//! A response that goes on: the pieces of a watch or a log, as they come.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Bytes;
use http_body::Frame;
use tokio::sync::{mpsc, watch};

use crate::serve::over;

/// Pieces until the sender is done, or the server ends.
pub struct Pieces {
    pieces: mpsc::Receiver<Bytes>,
    /// Resolves when the server ends.
    over: Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl Pieces {
    pub fn new(pieces: mpsc::Receiver<Bytes>, ending: watch::Receiver<bool>) -> Pieces {
        Pieces {
            pieces,
            over: Box::pin(over(ending)),
        }
    }
}

impl http_body::Body for Pieces {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if let Poll::Ready(piece) = self.pieces.poll_recv(context) {
            return Poll::Ready(piece.map(|piece| Ok(Frame::data(piece))));
        }
        self.over.as_mut().poll(context).map(|()| None)
    }
}
