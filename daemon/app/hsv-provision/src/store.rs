// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is kept on the state partition: networks that are wanted, those that iwd knows, the owner's settings. All of it
//! is purged by a factory reset.
//!
//! A trial changes iwd's folder only after what was there is kept aside. Until it is ended, each start puts that back
//! and begins the trial again.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;

use crate::disk::{Disk, files, read_if_there};
use crate::network::{Network, ssid_of};

/// Networks that were not tried yet, or are to be tried again; JSON.
const WANTED: &str = "wanted";
/// The owner's settings, as `hsvd --over` reads them.
const SETTINGS: &str = "hsvd.toml";
/// iwd's own settings. Spec: iwd.config(5)
const COUNTRY: &str = "main.conf";
/// Files of iwd's folder as they were before a trial, or [`NONE`].
const BEFORE: &str = "before";
/// In hsvd's folder, where a factory reset removes all that is called so, as copies of documents that were not finished;
/// no finished one, which would tell hsvd of a camera that there is. Without both, there was a reset.
const REMEMBERED: [&str; 2] = ["networks.a.new", "networks.b.new"];
/// In place of a file that was not there: no file of iwd's begins so.
const NONE: &[u8] = b"none";
const SECRET: u32 = 0o600;
const OPEN: u32 = 0o644;

/// The folders.
#[derive(Debug)]
pub struct Store {
    /// Ours.
    pub folder: PathBuf,
    /// iwd's.
    pub iwd: PathBuf,
    /// hsvd's.
    pub hsvd: PathBuf,
    /// The way to them.
    pub disk: Disk,
}

impl Store {
    /// Makes what is missing, and keeps what a reset has promised.
    ///
    /// # Errors
    /// The system's.
    pub fn open(self) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o755).create(&self.folder)?;
        DirBuilder::new().recursive(true).mode(0o700).create(self.folder.join(BEFORE))?;
        self.forget_after_reset()?;
        Ok(self)
    }

    fn forget_after_reset(&self) -> io::Result<()> {
        let is_remembered = REMEMBERED.iter().any(|name| self.hsvd.join(name).exists());
        if is_remembered { Ok(()) } else { self.forget() }
    }

    /// Every network and setting goes. iwd leaves a network whose file went.
    ///
    /// # Errors
    /// The system's.
    pub fn forget(&self) -> io::Result<()> {
        for folder in self.folders() {
            for file in files(&folder)? {
                self.disk.remove(&file)?;
            }
        }
        Ok(())
    }

    /// Ours and iwd's.
    fn folders(&self) -> [PathBuf; 3] {
        [self.folder.join(BEFORE), self.folder.clone(), self.iwd.clone()]
    }

    /// A reset leaves what is stored from now on no more.
    ///
    /// # Errors
    /// The system's.
    pub fn remember(&self) -> io::Result<()> {
        REMEMBERED.iter().try_for_each(|name| {
            let text = b"Goes with a factory reset, and the Wi-Fi networks with it\n";
            self.disk.put_new(&self.hsvd.join(name), text, SECRET)
        })
    }

    /// What is still to be tried. A list that cannot be read is none: it is in the way of all others.
    ///
    /// # Errors
    /// The system's.
    pub fn wanted(&self) -> io::Result<Vec<Network>> {
        let text = read_if_there(&self.folder.join(WANTED))?.unwrap_or_default();
        Ok(serde_json::from_slice(&text).unwrap_or_default())
    }

    /// Takes `networks` to what is to be tried; those that iwd knows in the same way are left out. When this
    /// returns, they are on the medium.
    ///
    /// # Errors
    /// The system's.
    pub fn want(&self, networks: &[Network]) -> io::Result<()> {
        let mut wanted = self.wanted()?;
        for network in networks {
            wanted.retain(|other| other.ssid != network.ssid);
            if fs::read(self.known(network)).ok() != Some(network.file().into_bytes()) {
                wanted.push(network.clone());
            }
        }
        self.put_wanted(&wanted)
    }

    fn put_wanted(&self, wanted: &[Network]) -> io::Result<()> {
        let path = self.folder.join(WANTED);
        if wanted.is_empty() {
            return if path.exists() { self.disk.remove(&path) } else { Ok(()) };
        }
        self.disk.put_new(&path, &serde_json::to_vec(wanted)?, SECRET)
    }

    /// `settings` are hsvd's, above the image's, from its next start on.
    ///
    /// # Errors
    /// The system's.
    pub fn put_settings(&self, settings: &str) -> io::Result<()> {
        self.disk.put_new(&self.folder.join(SETTINGS), settings.as_bytes(), OPEN)
    }

    /// The country whose radio rules hold, from iwd's next start on.
    ///
    /// # Errors
    /// The system's.
    pub fn put_country(&self, country: &str) -> io::Result<()> {
        let text = format!("[General]\nCountry={country}\n");
        self.disk.put_new(&self.folder.join(COUNTRY), text.as_bytes(), OPEN)
    }

    fn known(&self, network: &Network) -> PathBuf {
        self.iwd.join(network.file_name())
    }

    /// Names and kinds of the networks that iwd knows.
    ///
    /// # Errors
    /// The system's.
    pub fn all_known(&self) -> io::Result<Vec<(String, String)>> {
        let names = files(&self.iwd)?.into_iter().filter_map(|path| {
            let name = path.file_name()?.to_str()?.to_owned();
            Some((ssid_of(&name)?, name.rsplit_once('.')?.1.to_owned()))
        });
        Ok(names.collect())
    }

    /// iwd knows `network`, on trial.
    ///
    /// # Errors
    /// The system's.
    pub fn begin_trial(&self, network: &Network) -> io::Result<()> {
        let known = self.known(network);
        let before = read_if_there(&known)?.unwrap_or_else(|| NONE.to_vec());
        self.disk.put(&self.before(network), &before, SECRET)?;
        self.disk.put(&known, network.file().as_bytes(), SECRET)
    }

    /// iwd keeps `network`.
    ///
    /// # Errors
    /// The system's.
    pub fn keep(&self, network: &Network) -> io::Result<()> {
        // In this order: what is not wanted any more must not be taken back
        self.disk.remove(&self.before(network))?;
        self.no_longer_want(network)
    }

    /// `network` is not tried again.
    ///
    /// # Errors
    /// The system's.
    pub fn no_longer_want(&self, network: &Network) -> io::Result<()> {
        let mut wanted = self.wanted()?;
        wanted.retain(|other| other.ssid != network.ssid);
        self.put_wanted(&wanted)
    }

    /// iwd knows what it knew before the trials that were not ended, and no password lies in what was left half written.
    ///
    /// # Errors
    /// The system's.
    pub fn roll_back(&self) -> io::Result<()> {
        let folders = self.folders();
        folders.iter().try_for_each(|folder| self.disk.remove_unfinished(folder))?;
        for before in files(&self.folder.join(BEFORE))? {
            let Some(name) = before.file_name() else { continue };
            let known = self.iwd.join(name);
            match fs::read(&before)? {
                none if none == NONE => self.disk.remove(&known)?,
                bytes => self.disk.put(&known, &bytes, SECRET)?,
            }
            self.disk.remove(&before)?;
        }
        Ok(())
    }

    fn before(&self, network: &Network) -> PathBuf {
        self.folder.join(BEFORE).join(network.file_name())
    }
}
