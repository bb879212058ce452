// SPDX-License-Identifier: MIT OR Apache-2.0
//! A folder whose owner puts there what he likes.

use std::os::unix::fs::{MetadataExt, symlink};

use rustix::fs::{CWD, FileType, mknodat};

use super::*;

const TEXT: &[u8] = b"new";

fn is_ours(path: &Path) -> bool {
    let found = path.symlink_metadata().unwrap();
    found.is_file() && found.nlink() == 1 && found.mode() & 0o777 == 0o600
}

#[test]
fn nothing_is_written_through_a_name_that_was_there() {
    let links: [fn(&Path, &Path) -> io::Result<()>; 2] =
        [|from, to| symlink(from, to), |from, to| fs::hard_link(from, to)];
    for link in links {
        for name in ["file", "file.new"] {
            let folder = tempfile::tempdir().unwrap();
            let (aside, path) = (folder.path().join("aside"), folder.path().join("file"));
            fs::write(&aside, "somebody else's").unwrap();
            fs::set_permissions(&aside, Permissions::from_mode(0o644)).unwrap();
            link(&aside, &folder.path().join(name)).unwrap();
            Disk::default().put_new(&path, TEXT, 0o600).unwrap();
            assert_eq!(fs::read(&aside).unwrap(), b"somebody else's", "{name}");
            assert_eq!(aside.metadata().unwrap().mode() & 0o777, 0o644, "{name}");
            assert!(is_ours(&path) && fs::read(&path).unwrap() == TEXT, "{name}");
        }
    }
}

#[test]
fn what_a_link_leads_to_is_not_what_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let (aside, path) = (folder.path().join("aside"), folder.path().join("file"));
    fs::write(&aside, TEXT).unwrap();
    symlink(&aside, &path).unwrap();
    Disk::default().put_new(&path, TEXT, 0o600).unwrap();
    assert!(is_ours(&path));
}

#[test]
fn a_pipe_keeps_nobody() {
    for name in ["file", "file.new"] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let pipe = folder.path().join(name);
        mknodat(CWD, &pipe, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        Disk::default().put_new(&path, TEXT, 0o600).unwrap();
        assert!(is_ours(&path) && fs::read(&path).unwrap() == TEXT, "{name}");
    }
}
