// SPDX-License-Identifier: MIT OR Apache-2.0
//! A controller's end of a connection: HTTP and, after pair verify, frames.

use chacha20poly1305::{AeadInOut, ChaCha20Poly1305, KeyInit, Nonce, Tag};
use hap::{ConnectionId, Input};
use hkdf::Hkdf;
use serde_json::Value as Json;
use sha2::Sha512;

use super::Home;

pub struct Link {
    pub conn: ConnectionId,
    session: Option<Session>,
    raw: Vec<u8>,
    plain: Vec<u8>,
}

struct Session {
    to_accessory: (ChaCha20Poly1305, u64),
    from_accessory: (ChaCha20Poly1305, u64),
}

/// A response or an event.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    pub first_line: String,
    pub content_type: Option<String>,
    pub body: Vec<u8>,
}

impl Message {
    pub fn code(&self) -> u16 {
        self.first_line.split(' ').nth(1).unwrap().parse().unwrap()
    }

    pub fn json(&self) -> Json {
        assert_eq!(self.content_type.as_deref(), Some("application/hap+json"));
        serde_json::from_slice(&self.body).unwrap()
    }

    pub fn is_event(&self) -> bool {
        self.first_line == "EVENT/1.0 200 OK"
    }

    /// (iid, value) of an event or a read.
    pub fn values(&self) -> Vec<(u64, Json)> {
        let entries = self.json()["characteristics"].as_array().unwrap().clone();
        entries.iter().map(|e| (e["iid"].as_u64().unwrap(), e["value"].clone())).collect()
    }

    /// (iid, status) of an answer.
    pub fn statuses(&self) -> Vec<(u64, i64)> {
        let entries = self.json()["characteristics"].as_array().unwrap().clone();
        let status = |e: &Json| e["status"].as_i64().expect("every entry of a 207 has a status");
        entries.iter().map(|e| (e["iid"].as_u64().unwrap(), status(e))).collect()
    }
}

impl Link {
    pub fn new(conn: ConnectionId) -> Self {
        Self { conn, session: None, raw: Vec::new(), plain: Vec::new() }
    }

    pub fn secure(&mut self, secret: &[u8; 32]) {
        let cipher = |info: &str| {
            let mut key = [0; 32];
            let hkdf = Hkdf::<Sha512>::new(Some(b"Control-Salt"), secret);
            hkdf.expand(info.as_bytes(), &mut key).unwrap();
            (ChaCha20Poly1305::new(&key.into()), 0)
        };
        self.session = Some(Session {
            to_accessory: cipher("Control-Write-Encryption-Key"),
            from_accessory: cipher("Control-Read-Encryption-Key"),
        });
    }

    /// The bytes of a message as they go over the network.
    pub fn seal(&mut self, message: &[u8]) -> Vec<u8> {
        let Some(session) = &mut self.session else { return message.to_vec() };
        let mut out = Vec::new();
        for part in message.chunks(1024) {
            let header = u16::try_from(part.len()).unwrap().to_le_bytes();
            let mut sealed = part.to_vec();
            let (cipher, counter) = &mut session.to_accessory;
            let sealing = cipher.encrypt_inout_detached(
                &nonce(counter),
                &header,
                sealed.as_mut_slice().into(),
            );
            out.extend_from_slice(&header);
            out.extend_from_slice(&sealed);
            out.extend_from_slice(&sealing.unwrap());
        }
        out
    }

    pub fn send_raw(&self, home: &mut Home, bytes: &[u8]) {
        home.input(Input::Received { conn: self.conn, bytes });
    }

    pub fn send(&mut self, home: &mut Home, message: &[u8]) {
        let bytes = self.seal(message);
        self.send_raw(home, &bytes);
    }

    /// All whole messages that came.
    pub fn receive(&mut self, home: &mut Home) -> Vec<Message> {
        let bytes = home.take_wire(self.conn);
        match &mut self.session {
            None => self.plain.extend(bytes),
            Some(session) => {
                self.raw.extend(bytes);
                while self.raw.len() > 2 {
                    let header = [self.raw[0], self.raw[1]];
                    let len = usize::from(u16::from_le_bytes(header));
                    assert!((1..=1024).contains(&len), "frame of {len} bytes");
                    let mut part = self.raw[2..2 + len].to_vec();
                    let tag: [u8; 16] = self.raw[2 + len..18 + len].try_into().unwrap();
                    let (cipher, counter) = &mut session.from_accessory;
                    let opening = cipher.decrypt_inout_detached(
                        &nonce(counter),
                        &header,
                        part.as_mut_slice().into(),
                        &Tag::from(tag),
                    );
                    opening.expect("the accessory's frame has a right tag");
                    self.plain.extend(part);
                    self.raw.drain(..18 + len);
                }
            }
        }
        let mut messages = Vec::new();
        while let Some(message) = self.next_message() {
            messages.push(message);
        }
        assert!(self.plain.is_empty(), "an unfinished message");
        messages
    }

    fn next_message(&mut self) -> Option<Message> {
        let end = self.plain.windows(4).position(|window| window == b"\r\n\r\n")?;
        let head = String::from_utf8(self.plain[..end].to_vec()).unwrap();
        let mut lines = head.lines();
        let first_line = lines.next().unwrap().to_owned();
        assert!(first_line.splitn(3, ' ').count() == 3, "{first_line}");
        let fields: Vec<(&str, &str)> = lines.map(|line| line.split_once(": ").unwrap()).collect();
        let field = |name: &str| fields.iter().find(|(key, _)| *key == name).map(|(_, v)| *v);
        let len: Option<usize> = field("Content-Length").map(|len| len.parse().unwrap());
        assert!(len.is_some() || first_line.contains("204"), "no length: {head}");
        let content_type = field("Content-Type").map(str::to_owned);
        let body_end = end + 4 + len.unwrap_or(0);
        let body = self.plain[end + 4..body_end].to_vec();
        self.plain.drain(..body_end);
        Some(Message { first_line, content_type, body })
    }

    pub fn head(method: &str, path: &str, body: &[u8]) -> Vec<u8> {
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: Front\\032Door._hap._tcp.local\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        [head.as_bytes(), body].concat()
    }

    /// Sends a request without waiting for its answer.
    pub fn ask(&mut self, home: &mut Home, method: &str, path: &str, body: &str) {
        self.send(home, &Self::head(method, path, body.as_bytes()));
    }

    /// Sends a request and gives its answer, which must be the only message.
    pub fn request(&mut self, home: &mut Home, method: &str, path: &str, body: &[u8]) -> Message {
        self.send(home, &Self::head(method, path, body));
        self.only_message(home)
    }

    pub fn only_message(&mut self, home: &mut Home) -> Message {
        let mut messages = self.receive(home);
        assert_eq!(messages.len(), 1, "{messages:?}");
        messages.remove(0)
    }

    pub fn get(&mut self, home: &mut Home, path: &str) -> Message {
        self.request(home, "GET", path, b"")
    }

    pub fn put(&mut self, home: &mut Home, body: &str) -> Message {
        self.request(home, "PUT", "/characteristics", body.as_bytes())
    }

    pub fn subscribe(&mut self, home: &mut Home, iid: u64) {
        let body = format!(r#"{{"characteristics":[{{"aid":1,"iid":{iid},"ev":true}}]}}"#);
        assert_eq!(self.put(home, &body).code(), 204);
    }

    pub fn close(self, home: &mut Home) {
        home.input(Input::Closed { conn: self.conn });
    }
}

fn nonce(counter: &mut u64) -> Nonce {
    let mut nonce = Nonce::default();
    nonce[4..].copy_from_slice(&counter.to_le_bytes());
    *counter += 1;
    nonce
}
