// SPDX-License-Identifier: MIT OR Apache-2.0
//! A network that was shown to the camera: hsvd has read it from a QR code and left it in a file of its own, in the form
//! of the owner's. Whoever stood before the lens wrote it, and hsvd is the least trusted program here, so the file is
//! looked at as any stranger's, and taken by a camera alone that has neither an owner nor a network.

use std::fs;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::disk::open_strangers;
use crate::hsvd::Hsvd;
use crate::network::Network;
use crate::owners::Owners;
use crate::report;
use crate::store::Store;
use crate::text::Coding;

/// One network's name and password in TOML, with an escape for each character, come to half of it.
const MOST_BYTES: u64 = 1024;

/// The file, or the empty folder, removed when this is dropped: what it asked for is done, or never will be.
#[derive(Debug)]
pub struct Shown<'a>(pub &'a Path);

/// Why a network is not taken.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// It is the owner's to say which network it uses.
    #[error("the camera is paired; its owner has hsv.toml")]
    Paired,
    /// It needs none.
    #[error("the camera has a network")]
    HasNetwork,
    /// Not an ordinary file, somebody else's, or too large.
    #[error("it was not left by the camera's program")]
    NotTheCameras,
    /// Not one network and nothing else.
    #[error("it names no network that can be joined")]
    NoNetwork,
    /// The system's.
    #[error("it cannot be read ({0})")]
    Io(#[from] io::Error),
}

/// The machine, as far as it matters here.
#[derive(Debug, Clone, Copy)]
pub struct Machine {
    /// An interface has an address; `true` where that is not known.
    pub has_address: bool,
    /// The user that hsvd runs as.
    pub hsvd: u32,
}

impl Machine {
    /// Looks at it.
    ///
    /// # Errors
    /// The system's: nobody's state folder.
    pub fn look(hsvd: &Hsvd) -> io::Result<Self> {
        let all = if_addrs::get_if_addrs();
        Ok(Self {
            has_address: all.map_or(true, |all| all.iter().any(|one| !one.is_loopback())),
            hsvd: fs::metadata(&hsvd.state)?.uid(),
        })
    }
}

impl Shown<'_> {
    /// The network to be tried, if it is taken, and a line of the report. Nothing is kept of it. `is_unpaired` costs a
    /// process that reads hsvd's state, so it is asked last: nobody has paired, `false` where that is not known.
    ///
    /// # Errors
    /// The system's, of the state partition.
    pub fn take(
        &self,
        store: &Store,
        machine: Machine,
        is_unpaired: impl FnOnce() -> bool,
    ) -> io::Result<(String, Option<Network>)> {
        let network = self.network(machine);
        let network = match network
            .and_then(|network| is_unpaired().then_some(network).ok_or(Refusal::Paired))
        {
            Ok(network) => network,
            Err(refusal) => return Ok((report::shown(Err(&refusal)), None)),
        };
        store.remember()?;
        Ok((report::shown(Ok(&network.ssid)), Some(network)))
    }

    fn network(&self, machine: Machine) -> Result<Network, Refusal> {
        if machine.has_address {
            return Err(Refusal::HasNetwork);
        }
        let text = self.read(machine.hsvd)?;
        let owners = Owners::parse(&text, Coding::Utf8).map_err(|_| Refusal::NoNetwork)?;
        let is_all = owners.settings.is_ok_and(|settings| is_empty(&settings));
        let wifi = owners.wifi.map_err(|_| Refusal::NoNetwork)?;
        match <[Network; 1]>::try_from(wifi.networks) {
            // Its name goes to a console, where some characters are orders
            Ok([network])
                if is_all && wifi.country.is_none() && !network.ssid.contains(char::is_control) =>
            {
                Ok(network)
            }
            _ => Err(Refusal::NoNetwork),
        }
    }

    fn read(&self, hsvd: u32) -> Result<String, Refusal> {
        let file = match open_strangers(self.0) {
            Ok(file) => file,
            Err(rustix::io::Errno::LOOP) => return Err(Refusal::NotTheCameras),
            Err(error) => return Err(Refusal::Io(error.into())),
        };
        let found = file.metadata()?;
        if !found.is_file() || found.uid() != hsvd || found.nlink() != 1 || found.len() > MOST_BYTES
        {
            return Err(Refusal::NotTheCameras);
        }
        let mut bytes = Vec::new();
        file.take(MOST_BYTES).read_to_end(&mut bytes)?;
        String::from_utf8(bytes).map_err(|_| Refusal::NoNetwork)
    }
}

impl Drop for Shown<'_> {
    fn drop(&mut self) {
        // A folder that is not empty stays, and the unit's limit ends the looks at it
        fs::remove_file(self.0).or_else(|_| fs::remove_dir(self.0)).unwrap_or_default();
    }
}

/// No setting is in it; what is left of networks are comments.
fn is_empty(settings: &str) -> bool {
    settings.lines().all(|line| line.trim_start().is_empty() || line.trim_start().starts_with('#'))
}

#[cfg(test)]
mod tests;
