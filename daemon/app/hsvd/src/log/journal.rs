// SPDX-License-Identifier: MIT OR Apache-2.0
//! The journal's own protocol: one datagram a line, with its fields, so that
//! `journalctl HSV_EVENT=recording-ended` finds what it says. The text holds every field too.
//! Spec: <https://systemd.io/JOURNAL_NATIVE_PROTOCOL>

use std::fmt::{Arguments, Debug, Write as _};
use std::io::{self, Write as _};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

/// Where journald listens.
pub const SOCKET: &str = "/run/systemd/journal/socket";
/// Before the names of our fields.
const PREFIX: &str = "HSV_";
/// Bytes of a name. journald takes no longer one.
const NAME_BYTES: usize = 64;
/// Bytes of a value; a longer one is cut, so that a line always fits into a datagram.
const VALUE_BYTES: usize = 16 << 10;

/// The way to journald.
#[derive(Debug)]
pub struct Journal {
    socket: UnixDatagram,
    path: PathBuf,
}

impl Journal {
    /// To the journald at `path`; it may be restarted meanwhile.
    ///
    /// # Errors
    /// There is none, or the system has no socket for us.
    pub fn open(path: &Path) -> io::Result<Self> {
        let socket = UnixDatagram::unbound()?;
        socket.set_nonblocking(true)?; // a journal that hangs must not hang the camera
        socket.send_to(&[], path)?; // journald passes an empty datagram over
        Ok(Self { socket, path: path.to_owned() })
    }
}

impl<S: Subscriber> Layer<S> for Journal {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let metadata = event.metadata();
        let mut entry = Entry::default();
        event.record(&mut entry);
        let bytes = entry.datagram(metadata);
        if self.socket.send_to(&bytes, &self.path).is_err() {
            let priority = priority(*metadata.level());
            let line = format!("<{priority}>{}: {}\n", metadata.target(), entry.text());
            // Nobody is left to be told
            drop(io::stderr().write_all(line.as_bytes()));
        }
    }
}

/// syslog(3)
pub fn priority(level: Level) -> u8 {
    match level {
        Level::ERROR => 3,
        Level::WARN => 4,
        Level::INFO => 6,
        _ => 7,
    }
}

/// A line of the log.
#[derive(Default)]
struct Entry {
    message: String,
    /// ` name=value`, for readers.
    words: String,
    fields: Vec<(String, String)>,
}

impl Entry {
    fn text(&self) -> String {
        format!("{}{}", self.message, self.words).trim_start().to_owned()
    }

    fn datagram(&self, metadata: &Metadata<'_>) -> Vec<u8> {
        let mut out = Vec::new();
        put(&mut out, "MESSAGE", &self.text());
        put(&mut out, "PRIORITY", &priority(*metadata.level()).to_string());
        put(&mut out, "SYSLOG_IDENTIFIER", env!("CARGO_PKG_NAME"));
        put(&mut out, "HSV_MODULE", metadata.target());
        for (name, value) in &self.fields {
            put(&mut out, name, value);
        }
        out
    }

    fn add(&mut self, field: &Field, value: String, quoted: Arguments<'_>) {
        if field.name() == "message" {
            self.message = value;
            return;
        }
        // The text says in words what an event's name stands for
        if field.name() != "event" && write!(self.words, " {}={quoted}", field.name()).is_err() {
            self.words.push('…');
        }
        self.fields.push((name(field.name()), value));
    }
}

impl Visit for Entry {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.add(field, format!("{value:?}"), format_args!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, value.to_owned(), format_args!("{value:?}"));
    }
}

/// A name as the journal wants them: capitals, digits, underscores.
fn name(field: &str) -> String {
    let capital = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
    PREFIX.chars().chain(field.chars().map(capital)).take(NAME_BYTES).collect()
}

/// `NAME=value`, or for more than one line the name, the length in little endian, the value.
fn put(out: &mut Vec<u8>, name: &str, value: &str) {
    let value = &value[..value.floor_char_boundary(VALUE_BYTES)];
    out.extend_from_slice(name.as_bytes());
    if value.contains('\n') {
        out.push(b'\n');
        out.extend_from_slice(&(value.len() as u64).to_le_bytes());
    } else {
        out.push(b'=');
    }
    out.extend_from_slice(value.as_bytes());
    out.push(b'\n');
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    fn told(tell: impl FnOnce()) -> Vec<Vec<u8>> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let journald = UnixDatagram::bind(&path).unwrap();
        journald.set_nonblocking(true).unwrap();
        let journal = Journal::open(&path).unwrap();
        tracing::subscriber::with_default(tracing_subscriber::registry().with(journal), tell);
        let mut all = Vec::new();
        let mut datagram = vec![0; 1 << 18];
        while let Ok(length) = journald.recv(&mut datagram) {
            all.push(datagram[..length].to_vec());
        }
        assert_eq!(all.remove(0), b"", "the first one asks whether it is there");
        all
    }

    #[test]
    fn a_line_is_one_datagram_with_its_fields() {
        let [entry] = &told(|| {
            tracing::warn!(event = "recording-ended", session = 7, reason = "cut \"off\"", "over");
        })[..] else {
            panic!("not one")
        };
        let text = std::str::from_utf8(entry).unwrap();
        for line in [
            "MESSAGE=over session=7 reason=\"cut \\\"off\\\"\"",
            "PRIORITY=4",
            "SYSLOG_IDENTIFIER=hsvd",
            "HSV_EVENT=recording-ended",
            "HSV_SESSION=7",
            "HSV_REASON=cut \"off\"",
        ] {
            assert!(text.lines().any(|one| one == line), "{line:?} is not in {text}");
        }
        assert_eq!(text.lines().count(), 7, "{text}");
    }

    #[test]
    fn no_value_makes_another_field() {
        let [entry] = &told(|| tracing::info!("one\nMESSAGE=two"))[..] else { panic!("not one") };
        assert!(entry.starts_with(b"MESSAGE\n\x0f\0\0\0\0\0\0\0one\nMESSAGE=two\nPRIORITY=6\n"));
    }

    #[test]
    fn what_is_long_is_cut_and_still_sent() {
        let [entry] = &told(|| tracing::info!(a = "é".repeat(1 << 20), "long"))[..] else {
            panic!("not one")
        };
        assert!(entry.len() < 3 * VALUE_BYTES, "{}", entry.len());
        assert_eq!(name("rtp.lost-é"), "HSV_RTP_LOST__");
    }

    #[test]
    fn without_a_journal_there_is_none() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Journal::open(&folder.path().join("socket")).is_err());
    }
}
