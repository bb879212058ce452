// SPDX-License-Identifier: MIT OR Apache-2.0
//! The FAT partition that the owner sees: mounted while it is looked at, written only to change it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use rustix::mount::{MountFlags, UnmountFlags, mount, mount_remount, unmount};

use crate::disk::{Disk, files, read_if_there};
use crate::report;

/// Others look at the partition, too, and never for long.
const TRIES: u32 = 50;
const PAUSE: Duration = Duration::from_millis(200);
const FLAGS: MountFlags = MountFlags::NOATIME
    .union(MountFlags::NODEV)
    .union(MountFlags::NOSUID)
    .union(MountFlags::NOEXEC);

/// The partition, or a folder in its place.
#[derive(Debug)]
pub struct Card {
    /// Its files.
    pub folder: PathBuf,
    is_mounted: bool,
}

impl Card {
    /// Mounts `select` on `point`, unless it is a folder.
    ///
    /// # Errors
    /// The system's: no such partition, or nothing on it that can be read.
    pub fn open(select: &Path, point: &Path) -> io::Result<Self> {
        if select.is_dir() {
            return Ok(Self { folder: select.to_owned(), is_mounted: false });
        }
        fs::create_dir_all(point)?;
        let mut tries = 0;
        loop {
            match mount(select, point, "vfat", FLAGS | MountFlags::RDONLY, c"utf8") {
                Ok(()) => return Ok(Self { folder: point.to_owned(), is_mounted: true }),
                // Mounted for writing by somebody else, or not there yet
                Err(rustix::io::Errno::BUSY | rustix::io::Errno::NOENT) if tries < TRIES => {
                    tries += 1;
                    sleep(PAUSE);
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// From now on it may be changed.
    ///
    /// # Errors
    /// The system's: the card's write protection, say.
    pub fn make_writable(&self) -> io::Result<()> {
        if self.is_mounted {
            mount_remount(&self.folder, FLAGS, c"utf8")?;
        }
        Ok(())
    }

    /// The file of one of these names, in small letters; `.txt` is tacked on by editors that hide it. The first
    /// name wins, should there be several.
    ///
    /// # Errors
    /// The system's.
    pub fn find(&self, names: &[&str]) -> io::Result<Option<PathBuf>> {
        let there = files(&self.folder)?;
        let is = |path: &&PathBuf, wanted: &str| {
            let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
            name == wanted || name.strip_suffix(".txt").is_some_and(|name| name == wanted)
        };
        Ok(names.iter().find_map(|name| there.iter().find(|path| is(path, name))).cloned())
    }

    /// The report has these lines.
    ///
    /// # Errors
    /// The system's.
    pub fn put_report(&self, disk: &Disk, lines: &[String]) -> io::Result<()> {
        let (path, text) = (self.folder.join(report::NAME), report::text(lines));
        if read_if_there(&path)?.as_deref() == Some(text.as_bytes()) {
            return Ok(());
        }
        self.make_writable()?;
        disk.put(&path, text.as_bytes(), 0o644)
    }

    /// There was something to tell before.
    pub fn has_report(&self) -> bool {
        self.folder.join(report::NAME).exists()
    }
}

impl Drop for Card {
    fn drop(&mut self) {
        if self.is_mounted {
            // Else it is unmounted by the end of the program's mount namespace.
            unmount(&self.folder, UnmountFlags::empty()).unwrap_or_default();
        }
    }
}
