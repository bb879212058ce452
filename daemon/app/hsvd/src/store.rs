// SPDX-License-Identifier: MIT OR Apache-2.0
//! State files that survive a power cut at any moment.
//!
//! Each domain (identity, pairings, …) is one small JSON document kept twice, as `<domain>.a` and
//! `<domain>.b`. A save writes both, each to a temporary file that is flushed before it takes the
//! old one's place, and answers only when both are on the disk. So at every moment at least one
//! copy is whole, and a copy that the medium spoils later is replaced from the other at the next
//! start. What the documents mean is not known here.

mod reset;
mod second;

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::fs::{Mode, OFlags, open};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use tracing::warn;

const COPIES: [&str; 2] = ["a", "b"];
/// Empty; locked while a daemon runs.
const LOCK: &str = "lock";
/// Written to see whether that can be done, and removed.
const TRIAL: &str = "trial";
const MAGIC: &str = "hsv-state-1";
/// No domain comes near this; a larger file is not ours.
const MAX_BYTES: u64 = 1 << 20;

/// Why state could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file system refused.
    #[error("state file {path}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Its reason.
        #[source]
        source: io::Error,
    },
    /// Another daemon runs on the same folder.
    #[error("state folder {0} is in use by another hsvd")]
    InUse(PathBuf),
    /// Both copies are there and neither is whole.
    #[error("both copies of {0} in the state folder are damaged")]
    Damaged(String),
    /// The checksum holds but the content is not what this version understands.
    #[error("state file {domain} is of another version")]
    Content {
        /// The domain.
        domain: String,
        /// What the reader found.
        #[source]
        source: serde_json::Error,
    },
}

impl StoreError {
    /// Whether starting again would only fail again.
    pub fn needs_a_person(&self) -> bool {
        matches!(self, Self::Damaged(_) | Self::Content { .. } | Self::InUse(_))
    }
}

/// The state folder.
#[derive(Debug)]
pub struct Store {
    folder: PathBuf,
    /// One reader or writer at a time: reading mends, over the same temporary files. Its are the documents, by
    /// domain, that were taken from the second copy and could not be written here: for as long as we run.
    turn: Mutex<BTreeMap<String, Document>>,
    /// Held for as long as we run: two cameras with one identity would spoil each other's pairings.
    _lock: File,
}

impl Store {
    /// Opens `folder`, making it (mode 0700) when it is not there. A factory reset that was
    /// promised is done first. A medium that is write-protected by now is read all the same.
    ///
    /// # Errors
    /// [`StoreError::Io`] when it cannot be made or may not be written, or a promised reset fails; [`StoreError::InUse`]
    /// when somebody has opened it already.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(|source| StoreError::Io { path: folder.to_owned(), source })?;
        let path = folder.join(LOCK);
        let made =
            OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path);
        // Held by a reader, so that it is no reason for a file system to stay writable
        let lock = match made {
            Err(error) if error.kind() != io::ErrorKind::ReadOnlyFilesystem => Err(error),
            _ => File::open(&path),
        };
        let lock = lock.map_err(|source| StoreError::Io { path: path.clone(), source })?;
        match lock.try_lock() {
            Ok(()) => {
                let store = Self { folder: folder.to_owned(), turn: Mutex::default(), _lock: lock };
                store.keep_promise()?;
                Ok(store)
            }
            Err(TryLockError::WouldBlock) => Err(StoreError::InUse(folder.to_owned())),
            Err(TryLockError::Error(source)) => Err(StoreError::Io { path, source }),
        }
    }

    /// Whether anything can be saved, as far as it can be known without spoiling what is there.
    ///
    /// # Errors
    /// [`StoreError::Io`]: the medium is write-protected, or full.
    pub fn try_writing(&self) -> Result<(), StoreError> {
        let _turn = self.lock();
        let path = self.folder.join(TRIAL);
        fs::write(&path, MAGIC)
            .and_then(|()| fs::remove_file(&path))
            .map_err(|source| StoreError::Io { path, source })
    }

    /// Whether any document was ever saved and is there in whatever state.
    ///
    /// # Errors
    /// [`StoreError::Io`] when the folder cannot be read.
    pub fn has_documents(&self) -> Result<bool, StoreError> {
        let failed = |source| StoreError::Io { path: self.folder.clone(), source };
        for entry in fs::read_dir(&self.folder).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name();
            if name.to_str().is_some_and(is_copy) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The document of `domain` in `folder`, which another may have open or own; nothing is locked, made or
    /// mended, no link is followed, and only ordinary files of a document's size are read. `None` when it was never saved.
    ///
    /// # Errors
    /// [`StoreError::Io`] when it may not be read, [`StoreError::Damaged`], [`StoreError::Content`].
    pub fn glance<T: DeserializeOwned>(
        folder: &Path,
        domain: &str,
    ) -> Result<Option<T>, StoreError> {
        let damaged = || StoreError::Damaged(domain.to_owned());
        let mut newest: Option<Document> = None;
        let mut is_there = false;
        for copy in COPIES {
            let path = folder.join(format!("{domain}.{copy}"));
            let text = match read_strangers(&path) {
                Ok(text) => text,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(source) => return Err(StoreError::Io { path, source }),
            };
            is_there = true;
            let newer = |document: &Document| {
                newest.as_ref().is_none_or(|newest| document.generation > newest.generation)
            };
            if let Some(document) = Document::parse(&text).filter(newer) {
                newest = Some(document);
            }
        }
        let Some(newest) = newest else {
            return if is_there { Err(damaged()) } else { Ok(None) };
        };
        let content = |source| StoreError::Content { domain: domain.to_owned(), source };
        serde_json::from_str(&newest.body).map(Some).map_err(content)
    }

    /// The document of `domain`, or `None` when it was never saved.
    ///
    /// # Errors
    /// As [`Store::load_text`], and [`StoreError::Content`].
    pub fn load<T: DeserializeOwned>(&self, domain: &str) -> Result<Option<T>, StoreError> {
        let content = |source| StoreError::Content { domain: domain.to_owned(), source };
        self.load_text(domain)?.map(|text| serde_json::from_str(&text).map_err(content)).transpose()
    }

    /// The text of `domain`, or `None` when it was never saved.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when a document was saved but no copy of it is whole: starting
    /// afresh would throw the owner's pairing away, so that is for a person to decide.
    pub fn load_text(&self, domain: &str) -> Result<Option<String>, StoreError> {
        let taken = self.lock();
        let copies = COPIES.map(|copy| self.read_copy(domain, copy));
        let newest = copies
            .iter()
            .filter_map(|copy| if let Copy::Whole(document) = copy { Some(document) } else { None })
            .max_by_key(|document| document.generation);
        let Some(newest) = newest else {
            return match (copies, taken.get(domain)) {
                ([Copy::Absent, Copy::Absent], _) => Ok(None),
                (_, Some(document)) => Ok(Some(document.body.clone())),
                (_, None) => Err(StoreError::Damaged(domain.to_owned())),
            };
        };
        for (name, copy) in COPIES.iter().zip(&copies) {
            if !matches!(copy, Copy::Whole(document) if document.generation == newest.generation) {
                warn!(domain, copy = name, "state copy was damaged or old, mended from the other");
                if let Err(error) = self.write_copy(domain, name, newest) {
                    warn!(domain, %error, "state copy could not be mended");
                }
            }
        }
        Ok(Some(newest.body.clone()))
    }

    /// Makes `value` the document of `domain`. When this returns it is on the disk.
    ///
    /// # Errors
    /// [`StoreError::Io`]; the document is then the new or the old one, never a mixture.
    pub fn save<T: Serialize>(&self, domain: &str, value: &T) -> Result<(), StoreError> {
        let body = serde_json::to_string(value)
            .map_err(|source| StoreError::Content { domain: domain.to_owned(), source })?;
        self.save_text(domain, body)
    }

    /// Makes `body` the text of `domain`, as [`Store::save`].
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn save_text(&self, domain: &str, body: String) -> Result<(), StoreError> {
        let _turn = self.lock();
        let generation = COPIES
            .iter()
            .filter_map(|copy| match self.read_copy(domain, copy) {
                Copy::Whole(document) => Some(document.generation),
                Copy::Absent | Copy::Damaged => None,
            })
            .max()
            .unwrap_or(0);
        let document = Document { generation: generation + 1, body };
        COPIES.iter().try_for_each(|copy| self.write_copy(domain, copy, &document))
    }

    fn path(&self, domain: &str, copy: &str) -> PathBuf {
        self.folder.join(format!("{domain}.{copy}"))
    }

    fn read_copy(&self, domain: &str, copy: &str) -> Copy {
        Copy::read(&self.path(domain, copy))
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Document>> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_copy(&self, domain: &str, copy: &str, document: &Document) -> Result<(), StoreError> {
        let (path, temporary) =
            (self.path(domain, copy), self.path(domain, &format!("{copy}.new")));
        let written = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&temporary)
            .and_then(|mut file| {
                file.write_all(document.to_text().as_bytes())?;
                file.sync_all()
            })
            .and_then(|()| fs::rename(&temporary, &path));
        written.map_err(|source| StoreError::Io { path, source })?;
        self.flush_folder()
    }

    fn flush_folder(&self) -> Result<(), StoreError> {
        File::open(&self.folder)
            .and_then(|folder| folder.sync_all())
            .map_err(|source| StoreError::Io { path: self.folder.clone(), source })
    }
}

/// The text of an ordinary file. Who looks may be root, and whoever owns the folder can put anything there.
fn read_strangers(path: &Path) -> io::Result<String> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = File::from(open(path, flags, Mode::empty())?);
    let found = file.metadata()?;
    if !found.is_file() || found.len() > MAX_BYTES {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut text = String::new();
    file.take(MAX_BYTES).read_to_string(&mut text)?;
    Ok(text)
}

/// Whether a file of the folder, by its name, is a finished copy of a document.
fn is_copy(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, copy)| COPIES.contains(&copy))
}

enum Copy {
    Absent,
    Damaged,
    Whole(Document),
}

impl Copy {
    fn read(path: &Path) -> Self {
        let mut text = String::new();
        match File::open(path).and_then(|file| file.take(MAX_BYTES).read_to_string(&mut text)) {
            Ok(_) => Document::parse(&text).map_or(Self::Damaged, Self::Whole),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Self::Absent,
            Err(_) => Self::Damaged,
        }
    }
}

/// `hsv-state-1 <generation> <SHA-256 of the rest>`, a line feed, the JSON body.
struct Document {
    generation: u64,
    body: String,
}

impl fmt::Debug for Document {
    /// Without what is in it: keys.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "generation {}", self.generation)
    }
}

impl Document {
    fn to_text(&self) -> String {
        format!("{MAGIC} {} {}\n{}", self.generation, self.checksum(), self.body)
    }

    fn parse(text: &str) -> Option<Self> {
        let (head, body) = text.split_once('\n')?;
        let mut words = head.split(' ');
        if words.next()? != MAGIC {
            return None;
        }
        let document = Self { generation: words.next()?.parse().ok()?, body: body.to_owned() };
        (words.next()? == document.checksum() && words.next().is_none()).then_some(document)
    }

    fn checksum(&self) -> String {
        let mut hash = Sha256::new();
        hash.update(self.generation.to_le_bytes());
        hash.update(&self.body);
        hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::fs::{CWD, FileType, mknodat};
    use std::os::unix::fs::{PermissionsExt, symlink};

    fn store() -> (tempfile::TempDir, Store) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("state")).unwrap();
        (folder, store)
    }

    fn load(store: &Store) -> Option<Vec<u32>> {
        store.load("numbers").unwrap()
    }

    #[test]
    fn what_was_saved_is_loaded() {
        let (_folder, store) = store();
        assert_eq!(load(&store), None);
        store.save("numbers", &[1, 2]).unwrap();
        store.save("numbers", &[3]).unwrap();
        assert_eq!(load(&store), Some(vec![3]));
    }

    #[test]
    fn one_copy_cut_off_anywhere_costs_nothing() {
        let (_folder, store) = store();
        store.save("numbers", &[1, 2, 3]).unwrap();
        for copy in COPIES {
            let path = store.path("numbers", copy);
            let whole = fs::read(&path).unwrap();
            for end in 0..whole.len() {
                fs::write(&path, &whole[..end]).unwrap();
                assert_eq!(load(&store), Some(vec![1, 2, 3]), "copy {copy} cut at {end}");
                assert_eq!(fs::read(&path).unwrap(), whole, "copy {copy} cut at {end} is mended");
            }
        }
    }

    #[test]
    fn every_flipped_byte_is_seen() {
        let (_folder, store) = store();
        store.save("numbers", &[1, 2, 3]).unwrap();
        let path = store.path("numbers", "a");
        let whole = fs::read(&path).unwrap();
        for at in 0..whole.len() {
            let mut spoiled = whole.clone();
            spoiled[at] ^= 0x04;
            fs::write(&path, &spoiled).unwrap();
            assert_eq!(load(&store), Some(vec![1, 2, 3]), "byte {at}");
        }
    }

    #[test]
    fn a_cut_between_the_copies_leaves_the_new_or_the_old_document() {
        let (_folder, store) = store();
        store.save("numbers", &[1]).unwrap();
        let old = fs::read(store.path("numbers", "b")).unwrap();
        store.save("numbers", &[2]).unwrap();
        fs::write(store.path("numbers", "b"), old).unwrap(); // power went after the first copy
        assert_eq!(load(&store), Some(vec![2]));
        fs::remove_file(store.path("numbers", "a")).unwrap();
        assert_eq!(load(&store), Some(vec![2]), "the older copy was brought up to date");
    }

    #[test]
    fn two_damaged_copies_are_not_taken_for_a_new_camera() {
        let (_folder, store) = store();
        store.save("numbers", &[1]).unwrap();
        for copy in COPIES {
            fs::write(store.path("numbers", copy), "rubbish").unwrap();
        }
        assert!(matches!(store.load::<Vec<u32>>("numbers"), Err(StoreError::Damaged(_))));
    }

    #[test]
    fn documents_are_known_by_their_names() {
        let (_folder, store) = store();
        fs::write(store.path("identity", "a.new"), "cut off in the first save").unwrap();
        assert!(!store.has_documents().unwrap());
        fs::write(store.path("pairings", "b"), "rubbish").unwrap();
        assert!(store.has_documents().unwrap());
    }

    #[test]
    fn a_trial_leaves_nothing_and_tells_of_a_folder_that_cannot_be_written() {
        let (folder, store) = store();
        store.try_writing().unwrap();
        assert!(!store.has_documents().unwrap());
        assert_eq!(fs::read_dir(folder.path().join("state")).unwrap().count(), 1, "the lock");
        fs::remove_dir_all(folder.path().join("state")).unwrap();
        assert!(matches!(store.try_writing(), Err(StoreError::Io { .. })));
    }

    #[test]
    fn a_folder_has_one_owner_at_a_time() {
        let (folder, store) = store();
        let path = folder.path().join("state");
        assert!(matches!(Store::open(&path), Err(StoreError::InUse(_))));
        drop(store);
        assert!(Store::open(&path).is_ok());
    }

    #[test]
    fn a_glance_reads_ordinary_files_of_a_documents_size() {
        let (folder, store) = store();
        let state = folder.path().join("state");
        let is_seen = |domain| Store::glance::<String>(&state, domain).ok().flatten().is_some();
        store.save("text", &"kept").unwrap();
        assert!(is_seen("text"));
        symlink(store.path("text", "a"), store.path("linked", "a")).unwrap();
        assert!(!is_seen("linked"));
        store.save("large", &"x".repeat(1 << 20)).unwrap();
        assert!(!is_seen("large"));
        fs::create_dir(store.path("folder", "a")).unwrap();
        assert!(!is_seen("folder"));
        let mode = Mode::RUSR | Mode::WUSR;
        mknodat(CWD, store.path("pipe", "a"), FileType::Fifo, mode, 0).unwrap();
        assert!(!is_seen("pipe")); // nor waited for
    }

    #[test]
    fn nobody_else_may_read_the_keys() {
        let (folder, store) = store();
        store.save("numbers", &[1]).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&folder.path().join("state")), 0o700);
        assert_eq!(mode(&store.path("numbers", "a")), 0o600);
        assert_eq!(mode(&store.path("numbers", "b")), 0o600);
    }
}
