// SPDX-License-Identifier: MIT OR Apache-2.0
//! A second folder of the same documents, on another medium: what no copy here has whole is taken from there.
//!
//! It may be of another camera: of the one that this was before a reset, where nothing could be written there since.
//! So it must prove that it is of this one, by the document that says who a camera is; where that is the one that is
//! spoilt, by having all others as they are here. Where none is whole there is nothing to compare, and it is taken, as
//! when all of the first medium is lost. Nothing is taken for a document that is not here at all: a reset has removed it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use tracing::{error, warn};

use super::{COPIES, Copy, Document, Store, StoreError, is_copy};

impl Store {
    /// Mends what can be mended from the folder `second`; `identity` is the domain that says who a camera is. What
    /// cannot be stays as it is. Where nothing can be written, as on a worn-out card, the second copy serves this run.
    ///
    /// # Errors
    /// [`StoreError::Io`] when the folder cannot be read.
    pub fn mend_from(&self, second: &Path, identity: &str) -> Result<(), StoreError> {
        let mut taken = self.lock();
        let (mut whole, mut spoilt) = (Vec::new(), Vec::new());
        for domain in domains(&self.folder)? {
            match newest(&self.folder, &domain) {
                Some(document) => whole.push((domain, document)),
                None => spoilt.push(domain),
            }
        }
        if spoilt.is_empty() {
            return Ok(());
        }
        let is_same = |(domain, ours): &(String, Document)| {
            newest(second, domain).is_some_and(|theirs| theirs.body == ours.body)
        };
        let is_ours = match whole.iter().find(|(domain, _)| domain == identity) {
            Some(ours) => is_same(ours),
            None => whole.iter().all(is_same),
        };
        if !is_ours {
            error!("state is damaged, and the second copy is missing, damaged or another camera's");
            return Ok(());
        }
        for domain in spoilt {
            let Some(document) = newest(second, &domain) else {
                error!(domain, "state is damaged, and so is its second copy");
                continue;
            };
            warn!(domain, "state was damaged, mended from the second copy");
            let written =
                COPIES.iter().try_for_each(|copy| self.write_copy(&domain, copy, &document));
            if let Err(error) = written {
                warn!(domain, %error, "what was mended cannot be written");
                taken.insert(domain, document);
            }
        }
        Ok(())
    }
}

/// Of which there is a finished copy, in whatever state.
fn domains(folder: &Path) -> Result<BTreeSet<String>, StoreError> {
    let failed = |source| StoreError::Io { path: folder.to_owned(), source };
    let mut domains = BTreeSet::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name();
        if let Some(name) = name.to_str().filter(|name| is_copy(name))
            && let Some((domain, _)) = name.rsplit_once('.')
        {
            domains.insert(domain.to_owned());
        }
    }
    Ok(domains)
}

fn newest(folder: &Path, domain: &str) -> Option<Document> {
    let copies = COPIES.map(|copy| Copy::read(&folder.join(format!("{domain}.{copy}"))));
    let whole = copies.into_iter().filter_map(|copy| match copy {
        Copy::Whole(document) => Some(document),
        Copy::Absent | Copy::Damaged => None,
    });
    whole.max_by_key(|document| document.generation)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use tempfile::TempDir;

    use super::*;

    const IDENTITY: &str = "identity";

    /// A state folder and its copy of a moment before; `text` is who the camera of the copy is.
    struct Rig {
        work: TempDir,
        store: Store,
    }

    impl Rig {
        fn new(ours: &str, theirs: &str, their_pairings: &[u8]) -> Self {
            let work = tempfile::tempdir().unwrap();
            let copy = Store::open(&work.path().join("copy")).unwrap();
            copy.save(IDENTITY, &theirs).unwrap();
            copy.save("pairings", &their_pairings).unwrap();
            copy.save("camera", &[1]).unwrap();
            let store = Store::open(&work.path().join("state")).unwrap();
            store.save(IDENTITY, &ours).unwrap();
            store.save("pairings", &[7]).unwrap();
            store.save("camera", &[1]).unwrap();
            Self { work, store }
        }

        fn path(&self, folder: &str, domain: &str, copy: &str) -> PathBuf {
            self.work.path().join(folder).join(format!("{domain}.{copy}"))
        }

        fn spoil(&self, folder: &str, domain: &str) {
            for copy in COPIES {
                let path = self.path(folder, domain, copy);
                let mut bytes = fs::read(&path).unwrap();
                *bytes.last_mut().unwrap() ^= 1;
                fs::write(path, bytes).unwrap();
            }
        }

        fn mend(&self) {
            self.store.mend_from(&self.work.path().join("copy"), IDENTITY).unwrap();
        }

        fn pairings(&self) -> Option<Vec<u8>> {
            self.store.load("pairings").unwrap_or_else(|error| {
                assert!(error.needs_a_person(), "{error}");
                None
            })
        }
    }

    #[test]
    fn where_nothing_can_be_written_the_other_copy_serves() {
        let rig = Rig::new("me", "me", &[7]);
        rig.spoil("state", "pairings");
        for copy in COPIES {
            fs::create_dir(rig.path("state", "pairings", &format!("{copy}.new"))).unwrap();
        }
        rig.mend();
        assert_eq!(rig.pairings(), Some(vec![7]));
        rig.store.save("pairings", &[8]).unwrap_err();
        assert_eq!(rig.pairings(), Some(vec![7]), "not what could not be kept");
        for copy in COPIES {
            fs::remove_dir(rig.path("state", "pairings", &format!("{copy}.new"))).unwrap();
        }
        rig.store.save("pairings", &[8]).unwrap();
        assert_eq!(rig.pairings(), Some(vec![8]), "it is a copy of now that is read");
    }

    #[test]
    fn what_is_spoilt_twice_here_is_taken_from_there() {
        let rig = Rig::new("me", "me", &[7]);
        rig.store.save("camera", &[2]).unwrap(); // newer than the copy, and whole
        rig.spoil("state", "pairings");
        assert_eq!(rig.pairings(), None, "it is not mended by itself");
        rig.mend();
        assert_eq!(rig.pairings(), Some(vec![7]));
        assert_eq!(rig.store.load("camera").unwrap(), Some([2]), "what is whole stays");
        for copy in COPIES {
            let [ours, theirs] = ["state", "copy"]
                .map(|folder| fs::read(rig.path(folder, "pairings", copy)).unwrap());
            assert_eq!(ours, theirs, "copy {copy}");
        }
    }

    #[test]
    fn one_whole_copy_here_is_better_than_any_there() {
        let rig = Rig::new("me", "me", &[6]);
        fs::write(rig.path("state", "pairings", "a"), "spoilt").unwrap();
        rig.mend();
        assert_eq!(rig.pairings(), Some(vec![7]));
    }

    #[test]
    fn another_cameras_copy_is_left_alone() {
        let rig = Rig::new("me", "who I was before a reset", &[6]);
        rig.spoil("state", "pairings");
        rig.mend();
        assert_eq!(rig.pairings(), None);

        // Nobody knows who this is, and others say that it is not the copy's camera
        let rig = Rig::new("me", "me", &[6]);
        rig.spoil("state", IDENTITY);
        rig.mend();
        assert!(rig.store.load::<String>(IDENTITY).is_err());
    }

    #[test]
    fn an_identity_comes_back_where_all_else_is_the_same() {
        let rig = Rig::new("me", "me", &[7]);
        rig.spoil("state", IDENTITY);
        rig.mend();
        assert_eq!(rig.store.load(IDENTITY).unwrap(), Some("me".to_owned()));

        let rig = Rig::new("me", "me", &[7]);
        for domain in [IDENTITY, "pairings", "camera"] {
            rig.spoil("state", domain);
        }
        rig.mend();
        assert_eq!(rig.store.load(IDENTITY).unwrap(), Some("me".to_owned()));
        assert_eq!(rig.pairings(), Some(vec![7]));
    }

    #[test]
    fn what_is_spoilt_there_too_stays_spoilt() {
        for domain in ["pairings", IDENTITY] {
            let rig = Rig::new("me", "me", &[7]);
            rig.spoil("state", "pairings");
            rig.spoil("copy", domain);
            rig.mend();
            assert_eq!(rig.pairings(), None, "{domain} is spoilt there");
        }
        let rig = Rig::new("me", "me", &[7]);
        rig.spoil("state", "pairings");
        fs::remove_dir_all(rig.work.path().join("copy")).unwrap();
        rig.mend();
        assert_eq!(rig.pairings(), None);
    }

    #[test]
    fn what_is_not_here_is_not_taken() {
        let rig = Rig::new("me", "me", &[7]);
        for copy in COPIES {
            fs::remove_file(rig.path("state", "pairings", copy)).unwrap();
        }
        rig.spoil("state", "camera");
        rig.mend();
        assert_eq!(rig.store.load("camera").unwrap(), Some([1]));
        assert!(rig.store.load::<Vec<u8>>("pairings").unwrap().is_none(), "it was forgotten");
    }
}
