// SPDX-License-Identifier: MIT OR Apache-2.0
//! `hsvctl diagnostics FILE`.

use std::ffi::OsString;
use std::fs::File;
use std::os::fd::OwnedFd;

use clap::Args;

use crate::bus::{Address, Bus};
use crate::out::Out;
use crate::progress;
use crate::save::{Kind, Target, save};

/// Save an archive for whoever is to find a fault
///
/// Versions, settings, counters, log; no setup code, no key, no picture.
#[derive(Debug, Args)]
pub struct Diagnostics {
    /// Where to, as a tar archive; - for standard output
    file: OsString,
}

impl Diagnostics {
    /// Asks for and keeps it.
    pub async fn run(self, at: &Address, out: &mut Out) -> anyhow::Result<()> {
        let system = Bus::open(at).await?.system().await?;
        let gathering = progress::waiting("the camera gathers it", system.diagnostics());
        let archive = File::from(OwnedFd::from(gathering.await?));
        save(&archive, &Target::from(self.file), Kind::Archive, out).await
    }
}
