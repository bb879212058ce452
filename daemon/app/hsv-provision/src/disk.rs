// SPDX-License-Identifier: MIT OR Apache-2.0
//! Files that are on the medium when a call returns. Each step is one that a power cut can fall behind; tests
//! cut there.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags, open};

/// What a medium writes whole or not at all.
pub const SECTOR: usize = 512;
/// What a file is called besides while it is written.
const UNFINISHED: &str = ".new";

/// The way to the media.
#[derive(Debug, Default)]
pub struct Disk {
    /// Steps until the power goes.
    #[cfg(test)]
    pub power: std::cell::Cell<Option<u32>>,
}

impl Disk {
    /// `path` has `bytes`, or what it had before.
    ///
    /// # Errors
    /// The system's; then it is one of the two as well.
    pub fn put(&self, path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
        let new = with_suffix(path, UNFINISHED);
        self.step()?;
        // What a cut has left, or whoever owns the folder has put there: never written through
        ignore_missing(fs::remove_file(&new))?;
        let file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&new)?;
        file.set_permissions(Permissions::from_mode(mode))?; // whatever the umask
        self.step()?;
        file.write_all_at(bytes, 0)?;
        file.sync_all()?;
        self.rename(&new, path)
    }

    /// As [`Disk::put`], unless that is what it has.
    ///
    /// # Errors
    /// As [`Disk::put`].
    pub fn put_new(&self, path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
        if has(path, bytes) { Ok(()) } else { self.put(path, bytes, mode) }
    }

    /// `from` is `to`.
    ///
    /// # Errors
    /// The system's.
    pub fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.step()?;
        fs::rename(from, to)?;
        self.sync_folder(to)
    }

    /// `path` is not there.
    ///
    /// # Errors
    /// The system's; none where it was not.
    pub fn remove(&self, path: &Path) -> io::Result<()> {
        self.step()?;
        ignore_missing(fs::remove_file(path))?;
        self.sync_folder(path)
    }

    /// What cuts have left of files that were to be in `folder` goes. Nobody else may be writing there.
    ///
    /// # Errors
    /// The system's.
    pub fn remove_unfinished(&self, folder: &Path) -> io::Result<()> {
        let is_left = |path: &PathBuf| path.as_os_str().as_bytes().ends_with(UNFINISHED.as_bytes());
        files(folder)?.iter().filter(|path| is_left(path)).try_for_each(|path| self.remove(path))
    }

    /// The same file has other bytes, as many, at the same place of the medium. A cut leaves sectors of both.
    ///
    /// # Errors
    /// The system's.
    pub fn overwrite(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let file = OpenOptions::new().write(true).open(path)?;
        let mut at = 0;
        for sector in bytes.chunks(SECTOR) {
            self.step()?;
            file.write_all_at(sector, at)?;
            at += sector.len() as u64;
        }
        file.sync_all()?;
        self.step()
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        self.step()?;
        match path.parent() {
            Some(folder) => File::open(folder)?.sync_all(),
            None => Ok(()),
        }
    }

    #[cfg(not(test))]
    const fn step(&self) -> io::Result<()> {
        Ok(())
    }

    #[cfg(test)]
    fn step(&self) -> io::Result<()> {
        match self.power.get() {
            Some(0) => Err(io::Error::other("the power is gone")),
            Some(left) => {
                self.power.set(Some(left - 1));
                Ok(())
            }
            None => Ok(()),
        }
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn ignore_missing(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Opens what may be anything, to be read: no link is followed, and a pipe does not keep us.
///
/// # Errors
/// The system's; `LOOP` for a link.
pub fn open_strangers(path: &Path) -> rustix::io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    open(path, flags, Mode::empty()).map(File::from)
}

/// An ordinary file, of these bytes and no others.
fn has(path: &Path, bytes: &[u8]) -> bool {
    let Ok(file) = open_strangers(path) else { return false };
    let most = bytes.len() as u64;
    if !file.metadata().is_ok_and(|found| found.is_file() && found.len() == most) {
        return false;
    }
    let mut kept = Vec::with_capacity(bytes.len());
    file.take(most).read_to_end(&mut kept).is_ok() && kept == bytes
}

/// What is there, or nothing.
///
/// # Errors
/// The system's, but for what is not there.
pub fn read_if_there(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The files of a folder, by name; none where there is no folder.
///
/// # Errors
/// The system's.
pub fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut files = Vec::new();
    for entry in entries {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            files.push(entry.path());
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests;
