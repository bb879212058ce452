// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is remembered over reboots: one small file, replaced as a whole.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use ota::Slot;
use ota::trial::Memory;
use tracing::warn;

const FILE: &str = "updates.json";

/// The memory and its file.
#[derive(Debug)]
pub struct Kept {
    folder: PathBuf,
    /// As it is on the disk after each [`Kept::save`].
    pub memory: Memory,
}

impl Kept {
    /// What `folder` has for the system in `slot`; no camera stops for a file that cannot be understood.
    ///
    /// # Errors
    /// The folder cannot be made or read.
    pub fn open(folder: &Path, slot: Slot) -> io::Result<Self> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let memory = match fs::read(folder.join(FILE)) {
            Ok(bytes) => serde_json::from_slice(&bytes).unwrap_or_else(|error| {
                warn!(%error, "what was remembered of updates is not understood");
                Memory::lost(slot)
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Memory::default(),
            Err(error) => return Err(error),
        };
        Ok(Self { folder: folder.to_owned(), memory })
    }

    /// Returns when it is on the disk, where either the old or the new is at every moment.
    ///
    /// # Errors
    /// The file system's.
    pub fn save(&self) -> io::Result<()> {
        let (path, new) = (self.folder.join(FILE), self.folder.join(format!("{FILE}.new")));
        let bytes = serde_json::to_vec_pretty(&self.memory)?;
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&new)?;
        file.write_all(&bytes)?;
        file.sync_all()?;
        fs::rename(&new, &path)?;
        File::open(&self.folder)?.sync_all()
    }
}

#[cfg(test)]
mod tests {
    use ota::trial::{Outcome, Past};

    use super::*;

    #[test]
    fn it_comes_back_and_rubbish_is_told_from_nothing() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("updates");
        let mut kept = Kept::open(&folder, Slot::A).unwrap();
        assert_eq!(kept.memory, Memory::default());
        kept.memory.past.push(Past {
            at: 1,
            from_version: "1.0.0".into(),
            to_version: "1.1.0".into(),
            outcome: Outcome::Kept,
            reason: String::new(),
        });
        kept.save().unwrap();
        assert_eq!(Kept::open(&folder, Slot::A).unwrap().memory, kept.memory);
        for rubbish in ["", "{", "[]", "{\"trial\": 7}"] {
            fs::write(folder.join(FILE), rubbish).unwrap();
            assert_eq!(
                Kept::open(&folder, Slot::B).unwrap().memory,
                Memory::lost(Slot::B),
                "{rubbish}"
            );
        }
    }
}
