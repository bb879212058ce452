// SPDX-License-Identifier: MIT OR Apache-2.0
//! The thread "seek": of an unpaired camera without a network, looks for a QR code that names one and writes that down
//! for whoever joins networks. It ends for good with the first address, and is not there where nobody asked for it.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use appliance::seeking::{Found, Seeking};
use appliance::wifi_code::{NoNetwork, WifiCode};
use frame::{RawFrame, Size};
use media::{Overflow, Received, Tap, TapOptions, TapPicture, Video};
use privacy::{Gate, NetworkCode};
use serde::Serialize;
use tracing::{info, warn};
use zeroize::Zeroizing;

use crate::code_reader;

/// Between two looks, at pictures and at the machine.
const PAUSE: Duration = Duration::from_millis(500);
/// A code an eighth as wide as the picture has squares of five pixels, which is read at any angle.
const TAP: TapOptions = TapOptions {
    bound: 1,
    overflow: Overflow::Replace,
    interval: Some(PAUSE),
    picture: TapPicture::Luma(Size::new(1280, 720)),
};

/// What the thread does, for the gate and the light.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Seeks {
    /// It wants pictures.
    pub is_looking: bool,
    /// A network that it read is tried.
    pub is_joining: bool,
}

/// The way to the thread.
#[derive(Default)]
pub struct Seek {
    taps: Option<Sender<Tap>>,
    is_watching: bool,
    now: Seeks,
}

impl Seek {
    /// Starts the thread, for a camera that nobody has paired; `file` is where networks are written, `tell` gets each
    /// change.
    ///
    /// # Panics
    /// When the system cannot start a thread.
    pub fn spawn(file: PathBuf, tell: impl Fn(Seeks) + Send + 'static) -> Self {
        let (taps, inbox) = channel();
        let look = Look {
            seeking: Seeking::new(Instant::now()),
            file,
            told: Seeks::default(),
            said: Vec::new(),
            tell,
        };
        thread::Builder::new()
            .name("seek".to_owned())
            .spawn(move || look.run(&inbox))
            .expect("the system can start a thread");
        Self { taps: Some(taps), ..Self::default() }
    }

    /// What the thread has told last.
    pub fn note(&mut self, now: Seeks) {
        self.now = now;
    }

    /// A network that was read is tried.
    pub fn is_joining(&self) -> bool {
        self.now.is_joining
    }

    /// Gives the thread pictures, as long as `gate` allows that.
    pub fn follow(&mut self, gate: &Gate, video: &Video) {
        let Ok(permit) = gate.permit::<NetworkCode>() else {
            self.is_watching = false;
            return;
        };
        if let Some(taps) = self.taps.as_ref().filter(|_| !self.is_watching) {
            // A thread that has ended wants none
            self.is_watching = taps.send(video.tap(permit, TAP)).is_ok();
        }
    }
}

/// Why a look came to nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// Nobody reads codes.
    NoReader(io::ErrorKind),
    /// The code is not taken.
    Refused(NoNetwork),
    /// The network cannot be handed over.
    NotWritten(io::ErrorKind),
}

/// The thread's own.
struct Look<T> {
    seeking: Seeking,
    file: PathBuf,
    told: Seeks,
    /// Once each, until a network is handed over.
    said: Vec<Fault>,
    tell: T,
}

impl<T: Fn(Seeks)> Look<T> {
    fn run(mut self, taps: &Receiver<Tap>) {
        let mut tap: Option<Tap> = None;
        loop {
            let found = Found { has_address: has_address(), is_trying: self.file.exists() };
            self.seeking.handle(Instant::now(), found);
            self.tell_changes();
            if self.seeking.is_over() {
                return;
            }
            let Some(pictures) = &tap else {
                match taps.recv_timeout(PAUSE) {
                    Ok(new) => tap = Some(new),
                    Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Disconnected) => return,
                }
                continue;
            };
            match pictures.recv(PAUSE) {
                Received::Frame(frame) if self.seeking.is_looking() => self.look(&frame),
                Received::Frame(_) | Received::Nothing => {}
                Received::Ended => tap = None,
            }
        }
    }

    fn tell_changes(&mut self) {
        let now =
            Seeks { is_looking: self.seeking.is_looking(), is_joining: self.seeking.is_joining() };
        if now == self.told {
            return;
        }
        if now.is_looking {
            info!("no network and no pairing: looking for the QR code of a Wi-Fi network");
        }
        self.told = now;
        (self.tell)(now);
    }

    fn look(&mut self, frame: &RawFrame) {
        self.take(code_reader::read(frame.picture.y()));
    }

    fn take(&mut self, code: io::Result<Option<Zeroizing<Vec<u8>>>>) {
        let code = match code {
            Ok(Some(code)) => code,
            Ok(None) => return,
            Err(error) if self.has_said(Fault::NoReader(error.kind())) => return,
            Err(error) => return warn!(%error, "nobody reads codes"),
        };
        let written = match WifiCode::parse(&code) {
            Ok(network) => hand_over(&self.file, &network),
            Err(why) if self.has_said(Fault::Refused(why)) => return,
            Err(why) => return warn!(reason = %why, "the code before the camera is not taken"),
        };
        match written {
            Ok(()) => {
                info!(event = "network-code", "a code names a network");
                self.said.clear();
                self.seeking.handed_over(Instant::now());
            }
            Err(error) if self.has_said(Fault::NotWritten(error.kind())) => {}
            Err(error) => warn!(%error, "the network that a code names cannot be handed over"),
        }
    }

    /// Whether the log has `fault` already; from now on it has.
    fn has_said(&mut self, fault: Fault) -> bool {
        let has = self.said.contains(&fault);
        if !has {
            self.said.push(fault);
        }
        has
    }
}

/// By any interface but the loopback one; where that is not known, there is one.
fn has_address() -> bool {
    if_addrs::get_if_addrs().map_or(true, |all| all.iter().any(|one| !one.is_loopback()))
}

/// As the owner's file on the card names a network, so that one reader serves both.
#[derive(Serialize)]
struct Owners<'a> {
    wifi: Wifi<'a>,
}

#[derive(Serialize)]
struct Wifi<'a> {
    ssid: &'a str,
    password: Option<&'a str>,
    hidden: bool,
}

/// `file` is there whole or not at all.
fn hand_over(file: &Path, network: &WifiCode) -> io::Result<()> {
    let wifi = Wifi {
        ssid: &network.ssid,
        password: network.password.as_ref().map(|password| password.as_str()),
        hidden: network.is_hidden,
    };
    let text = toml::to_string(&Owners { wifi }).map_err(io::Error::other)?;
    let text = Zeroizing::new(text);
    let new = file.with_extension("new");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    options.open(&new)?.write_all(text.as_bytes())?;
    fs::rename(new, file)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use tracing_subscriber::layer::SubscriberExt;

    use super::*;
    use crate::log::Ring;

    #[test]
    fn what_fails_at_each_look_is_said_once() {
        let folder = tempfile::tempdir().unwrap();
        let mut look = Look {
            seeking: Seeking::new(Instant::now()),
            file: folder.path().join("none/network.toml"),
            told: Seeks::default(),
            said: Vec::new(),
            tell: |_| {},
        };
        let ring = Ring::default();
        let code = |text: &[u8]| Ok(Some(Zeroizing::new(text.to_vec())));
        let fail_often = |look: &mut Look<_>| {
            let before = ring.lines().len();
            for _ in 0..3 {
                look.take(Err(io::ErrorKind::OutOfMemory.into()));
                look.take(Err(io::ErrorKind::PermissionDenied.into()));
                look.take(code(b"WIFI:T:WEP;S:old;P:12345;;"));
                look.take(code(b"WIFI:S:;;"));
                look.take(code(b"WIFI:S:open;;"));
                look.take(Ok(None));
            }
            ring.lines().len() - before
        };
        let registry = tracing_subscriber::registry().with(ring.clone());
        tracing::subscriber::with_default(registry, || {
            assert_eq!(fail_often(&mut look), 5, "{:?}", ring.lines());
            assert_eq!(fail_often(&mut look), 0, "{:?}", ring.lines());
            fs::create_dir(folder.path().join("none")).unwrap();
            look.take(code(b"WIFI:S:open;;"));
            fs::remove_dir_all(folder.path().join("none")).unwrap();
            assert_eq!(fail_often(&mut look), 5, "one that was handed over makes all new");
        });
    }

    #[test]
    fn a_network_is_handed_over_as_the_owners_file_has_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("network.toml");
        let code = br#"WIFI:T:WPA;S:a "b" \\\\ \u00e9;P:12345678"\\;H:true;;"#;
        hand_over(&file, &WifiCode::parse(code).unwrap()).unwrap();
        let table: toml::Table = fs::read_to_string(&file).unwrap().parse().unwrap();
        let wifi = table["wifi"].as_table().unwrap();
        assert_eq!(wifi["ssid"].as_str(), Some(r#"a "b" \\ u00e9"#));
        assert_eq!(wifi["password"].as_str(), Some(r#"12345678"\"#));
        assert_eq!(wifi["hidden"].as_bool(), Some(true));
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        hand_over(&file, &WifiCode::parse(b"WIFI:S:open;;").unwrap()).unwrap();
        assert!(!fs::read_to_string(&file).unwrap().contains("password"));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
