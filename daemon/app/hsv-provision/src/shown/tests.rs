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

    /// What is said of the file that is there, and which network is taken; by nobody's camera.
    fn take(&self, machine: Machine) -> (String, Option<String>) {
        self.take_if(machine, || true)
    }

    fn take_if(
        &self,
        machine: Machine,
        is_unpaired: impl FnOnce() -> bool,
    ) -> (String, Option<String>) {
        let file = self.file();
        let (said, taken) = Shown(&file).take(&self.store, machine, is_unpaired).unwrap();
        assert!(file.symlink_metadata().is_err(), "the file is gone: {said}");
        assert!(!said.contains("1234"), "{said}");
        assert_eq!(self.store.wanted().unwrap(), [], "nothing is kept of it: {said}");
        (said, taken.map(|network| network.ssid))
    }
}

#[test]
fn a_network_is_taken_once() {
    let rig = Rig::new();
    fs::write(rig.file(), HOME).unwrap();
    let (said, taken) = rig.take(rig.machine());
    assert!(said.contains("\"Home\""), "{said}");
    assert_eq!(taken.as_deref(), Some("Home"));
    fs::write(rig.store.iwd.join("Home.psk"), "joined").unwrap();
    let reopened = Store { disk: Disk::default(), ..rig.store };
    assert_eq!(reopened.open().unwrap().all_known().unwrap().len(), 1, "a start does not forget");
}

#[test]
fn a_camera_with_an_owner_or_a_network_takes_nothing() {
    let rig = Rig::new();
    fs::write(rig.file(), HOME).unwrap();
    let (said, taken) = rig.take_if(rig.machine(), || false);
    assert!(taken.is_none() && said.contains("paired"), "{said}");
    // hsvd is not asked about what is refused anyway
    let with_address = Machine { has_address: true, ..rig.machine() };
    let rows = [
        (with_address, HOME, "has a network"),
        (rig.machine(), "WIFI:S:Home;;", "names no network"),
        (Machine { hsvd: rig.machine().hsvd + 1, ..rig.machine() }, HOME, "not left by"),
    ];
    for (machine, text, why) in rows {
        fs::write(rig.file(), text).unwrap();
        let (said, taken) = rig.take_if(machine, || panic!("{why}: hsvd is asked"));
        assert!(taken.is_none() && said.contains(why), "{machine:?}: {said}");
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
        let (said, taken) = rig.take(rig.machine());
        assert!(taken.is_none() && said.contains("NOT taken"), "{text:?}: {said}");
    }
    fs::write(rig.file(), b"[wifi]\nssid = \"\xff\"\n").unwrap();
    assert!(rig.take(rig.machine()).1.is_none());
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
        let (said, taken) = rig.take(rig.machine());
        assert!(taken.is_none(), "{what}: {said}");
    }
    fs::write(rig.file(), HOME).unwrap();
    let somebody_else = Machine { hsvd: rig.machine().hsvd + 1, ..rig.machine() };
    let (said, taken) = rig.take(somebody_else);
    assert!(taken.is_none() && said.contains("not left by"), "{said}");
    assert!(fs::read_to_string(aside).unwrap() == HOME, "what a link leads to stays");
}
