// SPDX-License-Identifier: MIT OR Apache-2.0
//! `hsvctl snapshot FILE`.

use std::ffi::OsString;
use std::fs::File;
use std::os::fd::OwnedFd;

use clap::Args;

use crate::bus::{Address, Bus};
use crate::out::Out;
use crate::progress;
use crate::save::{Kind, Target, save};

/// Save what the camera sees now as a JPEG
#[derive(Debug, Args)]
pub struct Snapshot {
    /// Where to; - for standard output
    file: OsString,
    /// Pixels at most; the picture keeps its shape
    #[arg(long, default_value_t = 1920, value_parser = clap::value_parser!(u32).range(2..=4096))]
    width: u32,
    /// Pixels at most
    #[arg(long, default_value_t = 1080, value_parser = clap::value_parser!(u32).range(2..=4096))]
    height: u32,
}

impl Snapshot {
    /// Takes and keeps it.
    pub async fn run(self, at: &Address, out: &mut Out) -> anyhow::Result<()> {
        let camera = Bus::open(at).await?.camera().await?;
        let taking = camera.snapshot(self.width, self.height);
        let picture =
            File::from(OwnedFd::from(progress::waiting("the camera looks", taking).await?));
        save(&picture, &Target::from(self.file), Kind::Picture, out).await
    }
}
