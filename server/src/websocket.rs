//! The server's side of WebSocket (RFC 6455): the handshake, and messages in frames. Extensions are not
//! spoken.

use axum::http::HeaderMap;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// How long a message of a client may be, in bytes.
const LARGEST: usize = 1024 * 1024;

const CONTINUATION: u8 = 0;
const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

/// The other side is gone, or does not keep to the protocol.
#[derive(Debug, PartialEq, Eq)]
pub struct Gone;

/// What has come.
#[derive(Debug, PartialEq, Eq)]
pub enum Heard {
    Message(Vec<u8>),
    /// To be sent back with [`Socket::pong`].
    Ping(Vec<u8>),
    /// The answer to [`Socket::ping`].
    Pong,
}

/// The answer to the key of a handshake; `None` when it is no handshake of the version that is spoken.
pub fn accepted(headers: &HeaderMap) -> Option<String> {
    let text = |name| headers.get(name).and_then(|v| v.to_str().ok());
    if text("sec-websocket-version")? != "13" {
        return None;
    }
    let whole = format!(
        "{}258EAFA5-E914-47DA-95CA-C5AB0DC85B11",
        text("sec-websocket-key")?
    );
    Some(STANDARD.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, whole.as_bytes())))
}

/// A connection that speaks in messages.
pub struct Socket {
    io: TokioIo<Upgraded>,
    /// What was read, and is no whole frame.
    read: Vec<u8>,
    /// The fragments of a message that goes on.
    begun: Vec<u8>,
    /// Goodbye was said.
    closed: bool,
}

impl Socket {
    pub fn new(io: Upgraded) -> Socket {
        Socket {
            io: TokioIo::new(io),
            read: Vec::new(),
            begun: Vec::new(),
            closed: false,
        }
    }

    /// What comes next. May be given up at any time: nothing is lost.
    pub async fn hear(&mut self) -> Result<Heard, Gone> {
        loop {
            while let Some(frame) = frame(&mut self.read)? {
                match frame.opcode {
                    CONTINUATION | TEXT | BINARY => {
                        self.begun.extend_from_slice(&frame.content);
                        if self.begun.len() > LARGEST {
                            return Err(Gone);
                        }
                        if frame.is_last {
                            return Ok(Heard::Message(std::mem::take(&mut self.begun)));
                        }
                    }
                    PING => return Ok(Heard::Ping(frame.content)),
                    PONG => return Ok(Heard::Pong),
                    CLOSE => {
                        let _ = self.close().await;
                        return Err(Gone);
                    }
                    _ => return Err(Gone),
                }
            }
            match self.io.read_buf(&mut self.read).await {
                Ok(0) | Err(_) => return Err(Gone),
                Ok(_) => {}
            }
        }
    }

    pub async fn send(&mut self, content: &[u8]) -> Result<(), Gone> {
        self.write(BINARY, content).await
    }

    /// Asks for a sign of life: whoever reads the connection answers with [`Heard::Pong`].
    pub async fn ping(&mut self) -> Result<(), Gone> {
        self.write(PING, &[]).await
    }

    pub async fn pong(&mut self, content: &[u8]) -> Result<(), Gone> {
        self.write(PONG, content).await
    }

    /// Says goodbye, once: all was well.
    pub async fn close(&mut self) -> Result<(), Gone> {
        if std::mem::replace(&mut self.closed, true) {
            return Ok(());
        }
        self.write(CLOSE, &1000_u16.to_be_bytes()).await
    }

    async fn write(&mut self, opcode: u8, content: &[u8]) -> Result<(), Gone> {
        let bytes = written(opcode, content);
        self.io.write_all(&bytes).await.map_err(|_| Gone)?;
        self.io.flush().await.map_err(|_| Gone)
    }
}

struct Frame {
    opcode: u8,
    is_last: bool,
    content: Vec<u8>,
}

/// Takes the first frame; `None` when it is not there as a whole.
fn frame(read: &mut Vec<u8>) -> Result<Option<Frame>, Gone> {
    let &[first, second, ..] = read.as_slice() else {
        return Ok(None);
    };
    // Clients mask what they send, and no extension has given the other bits a meaning.
    if second & 0x80 == 0 || first & 0x70 != 0 {
        return Err(Gone);
    }
    let digits = match second & 0x7f {
        126 => 2,
        127 => 8,
        _ => 0,
    };
    let Some(long) = read.get(2..2 + digits) else {
        return Ok(None);
    };
    let length = match digits {
        0 => u64::from(second & 0x7f),
        _ => long.iter().fold(0, |n, byte| n << 8 | u64::from(*byte)),
    };
    let length = usize::try_from(length).map_err(|_| Gone)?;
    // What is said about the connection is short, and said at once.
    let is_control = first & 0x08 != 0;
    if length > LARGEST || (is_control && (length > 125 || first & 0x80 == 0)) {
        return Err(Gone);
    }
    let start = 2 + digits + 4;
    let (Some(mask), Some(content)) = (read.get(start - 4..start), read.get(start..start + length))
    else {
        return Ok(None);
    };
    let content = content.iter().zip(mask.iter().cycle());
    let content = content.map(|(byte, mask)| byte ^ mask).collect();
    read.drain(..start + length);
    Ok(Some(Frame {
        opcode: first & 0x0f,
        is_last: first & 0x80 != 0,
        content,
    }))
}

fn written(opcode: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x80 | opcode];
    match content.len() {
        short @ 0..126 => bytes.push(short as u8),
        long @ 126..0x1_0000 => {
            bytes.push(126);
            bytes.extend_from_slice(&(long as u16).to_be_bytes());
        }
        longer => {
            bytes.push(127);
            bytes.extend_from_slice(&(longer as u64).to_be_bytes());
        }
    }
    bytes.extend_from_slice(content);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_answered() {
        // The example of RFC 6455, section 1.3.
        let mut headers = HeaderMap::new();
        headers.insert(
            "sec-websocket-key",
            "dGhlIHNhbXBsZSBub25jZQ==".parse().unwrap(),
        );
        assert_eq!(accepted(&headers), None);
        headers.insert("sec-websocket-version", "13".parse().unwrap());
        assert_eq!(
            accepted(&headers).as_deref(),
            Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
        );
    }

    #[test]
    fn frames_are_read_once_they_are_whole() {
        for length in [0_usize, 5, 125, 126, 70_000] {
            let content: Vec<u8> = (0..length).map(|i| i as u8).collect();
            let mut sent = written(BINARY, &content);
            // As a client: with a mask.
            let start = sent.len() - length;
            sent[1] |= 0x80;
            let mask = [1, 2, 3, 4];
            for (i, byte) in sent[start..].iter_mut().enumerate() {
                *byte ^= mask[i % 4];
            }
            sent.splice(start..start, mask);
            let mut part = sent[..sent.len() - 1].to_vec();
            assert!(frame(&mut part).unwrap().is_none());
            sent.push(0x82);
            let read = frame(&mut sent).unwrap().unwrap();
            assert!((read.opcode, read.is_last) == (BINARY, true) && read.content == content);
            assert_eq!(sent, [0x82]);
        }
        // Without a mask, and too long.
        assert!(frame(&mut vec![0x82, 0x01, 0]).is_err());
        assert!(frame(&mut [&[0x82, 0xff][..], &[0xff; 8]].concat()).is_err());
        // A ping in fragments, and a long one.
        assert!(frame(&mut vec![0x09, 0x80]).is_err());
        assert!(frame(&mut vec![0x89, 0xfe, 0, 126]).is_err());
    }
}
