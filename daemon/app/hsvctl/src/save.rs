// SPDX-License-Identifier: MIT OR Apache-2.0
//! Files that are there as a whole or not at all: written beside their place, synced, renamed.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use crate::fault::{Fault, Word};
use crate::out::{Form, Out};
use crate::progress::Bar;
use crate::words;

const PART: usize = 256 * 1024;

/// Where to.
#[derive(Debug, Clone)]
pub enum Target {
    /// `-`
    Stdout,
    /// A file.
    File(PathBuf),
}

impl From<OsString> for Target {
    fn from(text: OsString) -> Self {
        if text == "-" { Self::Stdout } else { Self::File(text.into()) }
    }
}

/// What is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A picture.
    Picture,
    /// An archive.
    Archive,
}

/// Writes all of `memory` to `target` and says so. Ended early, by whatever, it leaves nothing behind.
pub async fn save(memory: &File, target: &Target, kind: Kind, out: &mut Out) -> anyhow::Result<()> {
    let size = memory.metadata()?.len();
    let bar = Bar::of(size);
    match target {
        Target::Stdout => {
            if out.is_terminal() {
                let fault = Fault::new(Word::Usage, format!("no {} into a terminal", kind.word()));
                return Err(fault.advise("name a file, or send it on: hsvctl … - > FILE").into());
            }
            copy(memory, size, &bar, |bytes| out.bytes(bytes)).await?;
            out.flush()
        }
        Target::File(path) => {
            write(memory, size, &bar, path).await?;
            told(path, size, kind, out)
        }
    }
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::Picture => "picture",
            Self::Archive => "archive",
        }
    }
}

fn told(path: &Path, size: u64, kind: Kind, out: &mut Out) -> anyhow::Result<()> {
    match out.form() {
        Form::Json => {
            let name = path.to_string_lossy();
            out.json(&serde_json::json!({"file": name, "bytes": size}))?;
        }
        Form::Human => {
            let size = words::bytes(size);
            out.line(&format!("{} written: {}, {size}", kind.word(), path.display()))?;
        }
    }
    Ok(())
}

async fn write(memory: &File, size: u64, bar: &Bar, path: &Path) -> anyhow::Result<()> {
    let path = &followed(path)?;
    if fs::metadata(path).is_ok_and(|there| !there.is_file()) {
        // A pipe, a device: there is nothing to rename over. Links of /proc are not paths.
        let is_link = fs::symlink_metadata(path).is_ok_and(|there| there.is_symlink());
        let flags = if is_link { OFlags::empty() } else { OFlags::NOFOLLOW };
        let mut options = OpenOptions::new();
        options.write(true).custom_flags(flags.bits().cast_signed());
        let sink = options.open(path).map_err(|e| refused(path, &e))?;
        return copy(memory, size, bar, |bytes| (&sink).write_all(bytes))
            .await
            .map_err(|error| refused_or(path, error));
    }
    let beside = Beside::of(path).map_err(|error| refused(path, &error))?;
    copy(memory, size, bar, |bytes| (&beside.file).write_all(bytes))
        .await
        .map_err(|error| refused_or(path, error))?;
    Ok(beside.put().map_err(|error| refused(path, &error))?)
}

/// What a link points to is written, and the link stays. Others' links are not followed, since they
/// could choose which of the caller's files is overwritten; root could do that anyway.
fn followed(path: &Path) -> Result<PathBuf, Fault> {
    const LINKS: usize = 40; // as many as the kernel follows
    let mut path = path.to_owned();
    for _ in 0..LINKS {
        let Some(there) = fs::symlink_metadata(&path).ok().filter(fs::Metadata::is_symlink) else {
            return Ok(path);
        };
        let owner = there.uid();
        if owner != 0 && owner != rustix::process::geteuid().as_raw() {
            let text = format!("{} is a link that another user made", path.display());
            return Err(Fault::new(Word::File, text).advise("name the file that you mean"));
        }
        let target = fs::read_link(&path).map_err(|error| refused(&path, &error))?;
        let next = path.parent().unwrap_or(Path::new("")).join(target);
        let is_magic = fs::symlink_metadata(&next).is_err() && fs::metadata(&path).is_ok();
        if is_magic {
            return Ok(path); // an open pipe, say
        }
        path = next;
    }
    Err(Fault::new(Word::File, format!("{} leads nowhere: too many links", path.display())))
}

/// The parts of `memory`, one after the other; others may run, and end this, between them.
async fn copy(
    memory: &File,
    size: u64,
    bar: &Bar,
    mut sink: impl FnMut(&[u8]) -> io::Result<()>,
) -> anyhow::Result<()> {
    let mut part = vec![0; PART];
    let mut at = 0;
    while at < size {
        let count = memory.read_at(&mut part, at)?;
        if count == 0 {
            return Err(Fault::new(Word::Failed, "the camera's answer ends too early").into());
        }
        sink(&part[..count])?;
        at += count as u64;
        bar.at(at);
        tokio::task::yield_now().await;
    }
    Ok(())
}

/// A file beside `place`, gone again unless it is put there.
struct Beside {
    file: File,
    path: PathBuf,
    place: PathBuf,
    is_put: bool,
}

impl Beside {
    fn of(place: &Path) -> io::Result<Self> {
        let name = place.file_name().ok_or(io::ErrorKind::IsADirectory)?;
        let mut beside = OsString::from(".");
        beside.push(name);
        beside.push(format!(".{}.part", std::process::id()));
        let path = place.with_file_name(beside);
        // A home's pictures are its owner's.
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        Ok(Self { file, path, place: place.to_owned(), is_put: false })
    }

    fn put(mut self) -> io::Result<()> {
        self.file.sync_all()?;
        fs::rename(&self.path, &self.place)?;
        self.is_put = true;
        let folder = self.place.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        if !self.is_put {
            // Nobody is left to be told; what cannot be removed has a name that says what it is.
            drop(fs::remove_file(&self.path));
        }
    }
}

fn refused_or(path: &Path, error: anyhow::Error) -> anyhow::Error {
    match error.downcast::<io::Error>() {
        Ok(error) => refused(path, &error).into(),
        Err(error) => error,
    }
}

/// The disk's answer in plain words.
fn refused(path: &Path, error: &io::Error) -> Fault {
    let name = path.display();
    let (text, advice) = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            (format!("the disk is full: {name} was not written"), "nothing was left behind")
        }
        io::ErrorKind::PermissionDenied => {
            (format!("you may not write {name}"), "choose another folder, or use sudo")
        }
        io::ErrorKind::ReadOnlyFilesystem => {
            (format!("{name} is on a medium that can only be read"), "choose another folder")
        }
        io::ErrorKind::NotFound => {
            (format!("there is no such folder: {name} cannot be written"), "")
        }
        io::ErrorKind::IsADirectory => (format!("{name} is a folder"), "name a file in it"),
        _ => (format!("{name} cannot be written: {error}"), ""),
    };
    Fault::new(Word::File, text).advise(advice)
}
