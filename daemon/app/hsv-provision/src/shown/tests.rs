// SPDX-License-Identifier: MIT OR Apache-2.0
//! Files as hsvd leaves them, and as it never would.

use std::os::unix::fs::symlink;
use std::path::PathBuf;

use rustix::fs::{FileType, Mode, mknodat};
use tempfile::TempDir;

use super::*;
use crate::disk::Disk;

const HOME: &str = "[wifi]\nssid = \"Home\"\npassword = \"12345678\"\nhidden = false\n";

struct Rig {
    folder: TempDir,
    store: Store,
}

impl Rig {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let inner = |name: &str| {
            fs::create_dir(folder.path().join(name)).unwrap();
            folder.path().join(name)
        };
        let disk = Disk::default();
        let store = Store { folder: inner("own"), iwd: inner("iwd"), hsvd: inner("hsvd"), disk };
        Self { store: store.open().unwrap(), folder }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("network.toml")
    }

    fn machine(&self) -> Machine {
        let hsvd = fs::metadata(self.folder.path()).unwrap().uid();
        Machine { has_address: false, hsvd }
    }

    /// What is said of the file that is there, whether it was taken, and what is wanted then; by nobody's camera.
    fn take(&self, machine: Machine) -> (String, bool, Vec<String>) {
        self.take_if(machine, || true)
    }

    fn take_if(
        &self,
        machine: Machine,
        is_unpaired: impl FnOnce() -> bool,
    ) -> (String, bool, Vec<String>) {
        let file = self.file();
        let (said, is_taken) = Shown(&file).take(&self.store, machine, is_unpaired).unwrap();
        assert!(file.symlink_metadata().is_err(), "the file is gone: {said}");
        let wanted = self.store.wanted().unwrap().into_iter().map(|network| network.ssid);
        assert!(!said.contains("1234"), "{said}");
        (said, is_taken, wanted.collect())
    }
}

#[test]
fn a_network_is_taken_once() {
    let rig = Rig::new();
    fs::write(rig.file(), HOME).unwrap();
    let (said, is_taken, wanted) = rig.take(rig.machine());
    assert!(is_taken && said.contains("\"Home\""), "{said}");
    assert_eq!(wanted, ["Home"]);
    let reopened = Store { disk: Disk::default(), ..rig.store };
    assert_eq!(reopened.open().unwrap().wanted().unwrap().len(), 1, "a start does not forget it");
}

#[test]
fn a_camera_with_an_owner_or_a_network_takes_nothing() {
    let rig = Rig::new();
    fs::write(rig.file(), HOME).unwrap();
    let (said, is_taken, wanted) = rig.take_if(rig.machine(), || false);
    assert!(!is_taken && said.contains("paired") && wanted.is_empty(), "{said}");
    // hsvd is not asked about what is refused anyway
    let with_address = Machine { has_address: true, ..rig.machine() };
    let rows = [
        (with_address, HOME, "has a network"),
        (rig.machine(), "WIFI:S:Home;;", "names no network"),
        (Machine { hsvd: rig.machine().hsvd + 1, ..rig.machine() }, HOME, "not left by"),
    ];
    for (machine, text, why) in rows {
        fs::write(rig.file(), text).unwrap();
        let (said, is_taken, wanted) = rig.take_if(machine, || panic!("{why}: hsvd is asked"));
        assert!(!is_taken && said.contains(why), "{machine:?}: {said}");
        assert!(wanted.is_empty(), "{machine:?}");
    }
}

#[test]
fn what_is_not_one_network_is_refused() {
    let long = format!("{HOME}#{}", "x".repeat(1024));
    let rows = [
        "",
        "[wifi]\n",
        "[wifi]\npassword = \"12345678\"\n",
        "[wifi]\nssid = \"Home\"\npassword = \"1234\"\n",
        "[wifi]\nssid = \"0123456789012345678901234567890123\"\n",
        "[wifi]\nssid = \"a\\u001b[2J\"\n",
        "[wifi]\nssid = \"Home\"\ncountry = \"DE\"\n",
        "[[wifi]]\nssid = \"Home\"\n[[wifi]]\nssid = \"Away\"\n",
        "name = \"Porch\"\n[wifi]\nssid = \"Home\"\n",
        "[wifi]\nssid = \"Home\"\n[video]\nsource = \"file:/etc/shadow\"\n",
        "[wifi]\nssid = \"Home\"\n[control]\nbus = \"session\"\n",
        "WIFI:S:Home;;",
        &long,
    ];
    let rig = Rig::new();
    for text in rows {
        fs::write(rig.file(), text).unwrap();
        let (said, is_taken, wanted) = rig.take(rig.machine());
        assert!(!is_taken && said.contains("NOT taken") && wanted.is_empty(), "{text:?}: {said}");
    }
    fs::write(rig.file(), b"[wifi]\nssid = \"\xff\"\n").unwrap();
    assert!(!rig.take(rig.machine()).1);
}

#[test]
fn what_hsvd_did_not_leave_is_not_looked_at() {
    let rig = Rig::new();
    let aside = rig.folder.path().join("aside");
    fs::write(&aside, HOME).unwrap();
    let fifo = |path: &Path| {
        mknodat(rustix::fs::CWD, path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    };
    type Make<'a> = &'a dyn Fn(&Path);
    let rows: [(&str, Make<'_>); 6] = [
        ("a link", &|path| symlink(&aside, path).unwrap()),
        ("a link to nothing", &|path| symlink("/nowhere", path).unwrap()),
        ("another name of a file", &|path| fs::hard_link(&aside, path).unwrap()),
        ("a pipe", &fifo),
        ("a folder", &|path| fs::create_dir(path).unwrap()),
        ("nothing", &|_| {}),
    ];
    for (what, make) in rows {
        make(&rig.file());
        let (said, is_taken, wanted) = rig.take(rig.machine());
        assert!(!is_taken && wanted.is_empty(), "{what}: {said}");
    }
    fs::write(rig.file(), HOME).unwrap();
    let somebody_else = Machine { hsvd: rig.machine().hsvd + 1, ..rig.machine() };
    let (said, is_taken, _) = rig.take(somebody_else);
    assert!(!is_taken && said.contains("not left by"), "{said}");
    assert!(fs::read_to_string(aside).unwrap() == HOME, "what a link leads to stays");
}
