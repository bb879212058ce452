// SPDX-License-Identifier: MIT OR Apache-2.0
//! Factory reset: first promised by a file, then kept.
//!
//! Once the promise is on the disk every start removes all documents before it reads any, and the
//! promise last. So a power cut at any moment leaves the old camera whole or leads to a new one.
//! What was removed can be read from the medium by those who take it apart, until it is
//! overwritten; flash leaves no way to do that.

use std::ffi::OsStr;
use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use tracing::info;

use super::{Store, StoreError, is_copy};

/// Empty; there while a reset is promised and not yet done.
const PROMISE: &str = "factory-reset";

impl Store {
    /// Forgets everything in `folder`.
    ///
    /// # Errors
    /// As [`Store::open`] and [`Store::promise_reset`].
    pub fn reset(folder: &Path) -> Result<(), StoreError> {
        Self::open(folder)?.promise_reset()?;
        Self::open(folder).map(drop)
    }

    /// Makes the next [`Store::open`] forget everything. When this returns, that is certain.
    ///
    /// # Errors
    /// [`StoreError::Io`]: nothing has changed.
    pub fn promise_reset(&self) -> Result<(), StoreError> {
        let path = self.folder.join(PROMISE);
        let written = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&path)
            .and_then(|file| file.sync_all())
            .map_err(|source| StoreError::Io { path: path.clone(), source })
            .and_then(|()| self.flush_folder());
        match written {
            // Half a promise would surprise the owner at some later start.
            Err(error) if remove(&path).and_then(|()| self.flush_folder()).is_ok() => Err(error),
            _ => Ok(()),
        }
    }

    /// Keeps the promise, if there is one.
    pub(super) fn keep_promise(&self) -> Result<(), StoreError> {
        let promise = self.folder.join(PROMISE);
        if !promise.exists() {
            return Ok(());
        }
        let failed = |source| StoreError::Io { path: self.folder.clone(), source };
        for entry in fs::read_dir(&self.folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            if is_purged(&entry.file_name()) {
                remove(&entry.path())?;
            }
        }
        self.flush_folder()?;
        remove(&promise)?;
        self.flush_folder()?;
        info!("factory reset: this is a new camera");
        Ok(())
    }
}

/// A copy of a document, finished or not, of whatever domain. Other files in the folder are not
/// ours: it may be any folder that somebody named.
fn is_purged(name: &OsStr) -> bool {
    let Some(name) = name.to_str() else { return false };
    is_copy(name.strip_suffix(".new").unwrap_or(name))
}

fn remove(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(StoreError::Io { path: path.to_owned(), source: error })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::PathBuf;

    use super::*;

    const DOMAINS: [&str; 4] = ["identity", "pairings", "database", "camera"];

    fn full(folder: &Path) {
        let store = Store::open(folder).unwrap();
        for domain in DOMAINS {
            store.save(domain, &[7]).unwrap();
        }
        fs::write(folder.join("pairings.a.new"), "cut off").unwrap();
        fs::write(folder.join("holiday.jpg"), "not ours").unwrap();
    }

    fn names(folder: &Path) -> BTreeSet<PathBuf> {
        let entries = fs::read_dir(folder).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into()).collect()
    }

    fn after_a_reset() -> BTreeSet<PathBuf> {
        ["holiday.jpg", "lock"].map(PathBuf::from).into()
    }

    #[test]
    fn a_reset_forgets_every_document_and_nothing_that_is_not_ours() {
        let folder = tempfile::tempdir().unwrap();
        full(folder.path());
        Store::reset(folder.path()).unwrap();
        assert_eq!(names(folder.path()), after_a_reset());
        let store = Store::open(folder.path()).unwrap();
        for domain in DOMAINS {
            assert_eq!(store.load::<Vec<u8>>(domain).unwrap(), None, "{domain}");
        }
    }

    #[test]
    fn a_promise_changes_nothing_until_the_next_start() {
        let folder = tempfile::tempdir().unwrap();
        full(folder.path());
        let store = Store::open(folder.path()).unwrap();
        store.promise_reset().unwrap();
        assert_eq!(store.load("pairings").unwrap(), Some(vec![7]));
        store.save("pairings", &[8]).unwrap(); // the daemon still runs
        drop(store);
        assert_eq!(Store::open(folder.path()).unwrap().load::<Vec<u8>>("pairings").unwrap(), None);
    }

    /// Every state in which a power cut can leave a reset: any of the documents are gone.
    #[test]
    fn a_cut_anywhere_in_a_reset_is_made_good_by_the_next_start() {
        let model = tempfile::tempdir().unwrap();
        full(model.path());
        let doomed: Vec<PathBuf> =
            names(model.path()).into_iter().filter(|name| is_purged(name.as_os_str())).collect();
        assert_eq!(doomed.len(), 2 * DOMAINS.len() + 1);
        for gone in 0..1u32 << doomed.len() {
            let folder = tempfile::tempdir().unwrap();
            for name in names(model.path()) {
                fs::copy(model.path().join(&name), folder.path().join(&name)).unwrap();
            }
            fs::write(folder.path().join(PROMISE), "").unwrap();
            for (bit, name) in doomed.iter().enumerate() {
                if gone & 1 << bit != 0 {
                    fs::remove_file(folder.path().join(name)).unwrap();
                }
            }
            drop(Store::open(folder.path()).unwrap());
            assert_eq!(names(folder.path()), after_a_reset(), "{gone:b} of {doomed:?} gone");
        }
    }

    #[test]
    fn a_folder_in_use_is_not_reset() {
        let folder = tempfile::tempdir().unwrap();
        full(folder.path());
        let _running = Store::open(folder.path()).unwrap();
        let before = names(folder.path());
        assert!(matches!(Store::reset(folder.path()), Err(StoreError::InUse(_))));
        assert_eq!(names(folder.path()), before);
    }

    #[test]
    fn a_reset_that_cannot_be_done_is_no_start() {
        let folder = tempfile::tempdir().unwrap();
        full(folder.path());
        Store::open(folder.path()).unwrap().promise_reset().unwrap();
        fs::remove_file(folder.path().join("identity.a")).unwrap();
        fs::create_dir(folder.path().join("identity.a")).unwrap(); // cannot be removed as a file
        assert!(matches!(Store::open(folder.path()), Err(StoreError::Io { .. })));
        assert!(folder.path().join(PROMISE).exists(), "it is still promised");
    }
}
