// SPDX-License-Identifier: MIT OR Apache-2.0
//! A folder as the card, and the power cut at every step.

use std::cell::Cell;
use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::disk::{Disk, SECTOR, files};

const CODE: &str = "correct horse";

/// Says no to what has the word `bad`.
#[derive(Default)]
struct Judge {
    resets: Cell<u32>,
    is_broken: bool,
}

impl Camera for Judge {
    fn check(&self, settings: &str) -> Result<(), Fault> {
        if settings.contains("bad") {
            Err(Fault { at: Some((1, 1)), text: "bad".to_owned() })
        } else {
            Ok(())
        }
    }

    fn reset(&self) -> Result<(), String> {
        self.resets.set(self.resets.get() + 1);
        if self.is_broken { Err("hsvd is broken".to_owned()) } else { Ok(()) }
    }
}

struct Bench {
    _folder: tempfile::TempDir,
    card: Card,
    store: Store,
    judge: Judge,
}

fn bench(on_card: &[(&str, &[u8])]) -> Bench {
    let folder = tempfile::tempdir().unwrap();
    let inner = |name: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(&path).unwrap();
        path
    };
    for (name, bytes) in on_card {
        fs::write(inner("card").join(name), bytes).unwrap();
    }
    let card = Card::open(&inner("card"), Path::new("/nowhere")).unwrap();
    let store = Store {
        folder: inner("own"),
        iwd: inner("iwd"),
        hsvd: inner("hsvd"),
        disk: Disk::default(),
    };
    Bench { card, store: store.open().unwrap(), judge: Judge::default(), _folder: folder }
}

impl Bench {
    fn take(&self) -> io::Result<Vec<String>> {
        take(&self.card, &self.store, &self.judge)
    }

    fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.card.folder.join(name)).unwrap()
    }

    fn settings(&self) -> Option<String> {
        fs::read_to_string(self.store.folder.join("hsvd.toml")).ok()
    }

    fn wanted(&self) -> Vec<String> {
        self.store.wanted().unwrap().into_iter().map(|network| network.ssid).collect()
    }

    fn on_card(&self) -> BTreeMap<String, Vec<u8>> {
        let names = files(&self.card.folder).unwrap().into_iter();
        names
            .map(|path| {
                (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read(path).unwrap())
            })
            .collect()
    }
}

fn owners(more: &str) -> String {
    format!(
        "name = \"Porch\" # mine\r\n[wifi]\r\nssid = \"Home\"\r\npassword = \"{CODE}\"\r\n{more}"
    )
}

#[test]
fn the_file_is_found_under_each_name_and_in_each_coding() {
    let text = owners("");
    for name in ["hsv.toml", "HSV.TOML", "hsv.toml.txt", "Hsv.Toml.TXT"] {
        for coding in [Coding::Utf8, Coding::Utf8Marked, Coding::Utf16Le, Coding::Utf16Be] {
            let bench = bench(&[(name, &coding.encode(&text)), ("._hsv.toml", b"\0\x05\x16\x07")]);
            let lines = bench.take().unwrap();
            assert_eq!(bench.wanted(), ["Home"], "{name} {coding:?}: {lines:?}");
            let (kept, after) = Coding::decode(&bench.read(name)).unwrap();
            assert_eq!(kept, coding);
            assert!(after.starts_with("name = \"Porch\" # mine\r\n[wifi]\r\n#"), "{after}");
            assert!(!after.contains(CODE) && !after.contains("Home"), "{after}");
            assert!(bench.settings().unwrap().starts_with("name = \"Porch\""));
            assert!(!bench.settings().unwrap().contains(CODE));
            assert!(lines.iter().all(|line| !line.contains(CODE)), "{lines:?}");
        }
    }
}

#[test]
fn bad_parts_leave_what_was_there_before() {
    let first = bench(&[("hsv.toml", owners("").as_bytes())]);
    first.take().unwrap();
    // file, what the report says, networks wanted
    let long = format!("#{}", "x".repeat(64 << 10));
    let rows: [(&[u8], &str, &[&str]); 7] = [
        (b"name = \xff", "UTF-8", &["Home"]),
        (b"name = ", "line 1", &["Home"]),
        ("name = \u{201c}x\u{201d}".as_bytes(), "column 8: \u{201c} is a curly", &["Home"]),
        (b"name = 'bad'", "line 1, column 1: bad", &["Home"]),
        (b"[wifi]\nssid = 'New'\npassword = 'short'\n", "line 3, column 12", &["Home"]),
        (b"name = 'bad'\n[wifi]\nssid = 'New'", "Settings: NOT taken", &["Home", "New"]),
        (long.as_bytes(), "larger than 64 KiB", &["Home", "New"]),
    ];
    for (bytes, said, wanted) in rows {
        fs::write(first.card.folder.join("hsv.toml"), bytes).unwrap();
        let before = first.settings();
        let lines = first.take().unwrap();
        assert!(lines.iter().any(|line| line.contains(said)), "{said}: {lines:?}");
        assert!(lines.iter().all(|line| !line.contains("short")), "{lines:?}");
        assert_eq!(first.wanted(), wanted, "{said}");
        if !lines.iter().any(|line| line.contains("Settings: those")) {
            assert_eq!(first.settings(), before, "{said}");
        }
    }
}

#[test]
fn without_a_file_all_stays() {
    let bench = bench(&[("hsv.toml", owners("").as_bytes())]);
    bench.take().unwrap();
    let before = bench.settings();
    fs::remove_file(bench.card.folder.join("hsv.toml")).unwrap();
    assert_eq!(bench.take().unwrap(), Vec::<String>::new());
    assert_eq!((bench.settings(), bench.wanted()), (before, vec!["Home".to_owned()]));
}

/// At every step: the networks are on the card or stored, never nowhere; and the next start ends it.
#[test]
fn a_cut_anywhere_loses_nothing() {
    let more = format!("[motion]\r\nhold-s = 5\r\n#{}\r\n", "y".repeat(2 * SECTOR));
    let text = owners(&more);
    let whole = bench(&[("hsv.toml", text.as_bytes())]);
    whole.take().unwrap();
    let mut cuts = 0;
    for steps in 0.. {
        let bench = bench(&[("hsv.toml", text.as_bytes())]);
        bench.store.disk.power.set(Some(steps));
        let is_cut = bench.take().is_err();
        bench.store.disk.power.set(None);
        let is_on_card = String::from_utf8(bench.read("hsv.toml")).unwrap().contains(CODE);
        assert!(is_on_card || bench.wanted() == ["Home"], "cut after {steps}");
        bench.take().unwrap();
        assert_eq!(bench.on_card(), whole.on_card(), "cut after {steps}");
        assert_eq!(
            (bench.wanted(), bench.settings()),
            (whole.wanted(), whole.settings()),
            "cut after {steps}"
        );
        assert!(!bench.store.folder.join(BLANKING).exists());
        if !is_cut {
            break;
        }
        cuts += 1;
    }
    assert!(cuts > 15, "{cuts}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Sectors reach the medium in any order.
    #[test]
    fn any_mixture_of_old_and_new_sectors_is_made_new(before in 0..3 * SECTOR, order: u64, length in 8..63_usize) {
        let text = format!("#{}\n[wifi]\nssid = 'Home'\npassword = '{}'\n", "y".repeat(before), "p".repeat(length));
        let whole = bench(&[("hsv.toml", text.as_bytes())]);
        whole.take().unwrap();
        let new = whole.read("hsv.toml");
        let mixed: Vec<u8> = text.as_bytes().chunks(SECTOR).zip(new.chunks(SECTOR)).enumerate()
            .flat_map(|(n, (old, new))| if order & 1 << n == 0 { old } else { new }).copied().collect();
        let cut = bench(&[("hsv.toml", text.as_bytes())]);
        // networks are stored, the record is written, and nothing else
        cut.store.remember().unwrap();
        cut.store.want(&whole.store.wanted().unwrap()).unwrap();
        let record = Blanking { name: "hsv.toml".into(), old: text.into_bytes(), new: new.clone() };
        fs::write(cut.store.folder.join(BLANKING), serde_json::to_vec(&record).unwrap()).unwrap();
        fs::write(cut.card.folder.join("hsv.toml"), mixed).unwrap();
        cut.take().unwrap();
        prop_assert_eq!(cut.read("hsv.toml"), new);
    }
}

#[test]
fn what_the_owner_wrote_after_a_cut_is_not_overwritten() {
    let bench = bench(&[("hsv.toml", owners("").as_bytes())]);
    let old = owners("").into_bytes();
    let record = Blanking { name: "hsv.toml".into(), new: vec![b' '; old.len()], old };
    fs::write(bench.store.folder.join(BLANKING), serde_json::to_vec(&record).unwrap()).unwrap();
    let mended = owners("").replace("Porch", "Garde");
    fs::write(bench.card.folder.join("hsv.toml"), mended).unwrap();
    bench.take().unwrap();
    assert!(bench.settings().unwrap().contains("Garde"));
}

#[test]
fn a_reset_is_done_once_and_forgets_networks() {
    for name in ["hsv-reset.txt", "HSV-RESET.TXT", "hsv-reset", "hsv-reset.txt.txt"] {
        let is_known = name != "hsv-reset.txt.txt";
        let bench = bench(&[(name, b"\xef\xbb\xbf Reset\r\n")]);
        fs::write(bench.store.iwd.join("Home.psk"), "x").unwrap();
        let lines = bench.take().unwrap();
        assert_eq!(bench.judge.resets.get(), u32::from(is_known), "{name}");
        assert_eq!(bench.store.all_known().unwrap().is_empty(), is_known, "{name}");
        assert_eq!(lines.first().is_some_and(|line| line.contains("done")), is_known, "{lines:?}");
        bench.take().unwrap();
        assert_eq!(bench.judge.resets.get(), u32::from(is_known), "{name}: once");
    }
}

#[test]
fn a_reset_must_be_meant() {
    for text in ["", "reset?", "please reset", "\u{ff}"] {
        let bench = bench(&[("hsv-reset.txt", text.as_bytes())]);
        let lines = bench.take().unwrap();
        assert!(lines[0].contains("NOT done") && lines[0].contains("hsv-reset.txt"), "{lines:?}");
        assert_eq!(bench.judge.resets.get(), 0);
    }
}

#[test]
fn a_reset_that_fails_is_tried_again() {
    let mut bench = bench(&[("hsv-reset.txt", b"reset")]);
    bench.judge.is_broken = true;
    assert!(bench.take().unwrap()[0].contains("NOT done"));
    bench.judge.is_broken = false;
    assert!(bench.take().unwrap()[0].contains("done. This"));
    assert_eq!(bench.on_card(), BTreeMap::new());
}

#[test]
fn a_cut_anywhere_in_a_reset_leads_to_one() {
    for steps in 0.. {
        let bench = bench(&[("hsv-reset.txt", b"reset"), ("hsv.toml", owners("").as_bytes())]);
        for name in ["Old.psk", "Older.open"] {
            fs::write(bench.store.iwd.join(name), "x").unwrap();
        }
        bench.store.disk.power.set(Some(steps));
        let is_cut = bench.take().is_err();
        bench.store.disk.power.set(None);
        bench.take().unwrap();
        assert!(bench.judge.resets.get() >= 1, "cut after {steps}");
        assert_eq!(bench.store.all_known().unwrap(), [], "cut after {steps}");
        assert_eq!(
            bench.wanted(),
            ["Home"],
            "cut after {steps}: hsv.toml beside it is read afterwards"
        );
        assert_eq!(bench.on_card().len(), 1);
        if !is_cut {
            break;
        }
    }
}

#[test]
fn a_reset_by_other_ways_forgets_networks_too() {
    let bench = bench(&[("hsv.toml", owners("").as_bytes())]);
    bench.take().unwrap();
    fs::write(bench.store.iwd.join("Home.psk"), "x").unwrap();
    let Bench { store, _folder, .. } = bench;
    let store = store.open().unwrap();
    assert_eq!(store.all_known().unwrap().len(), 1, "nothing was reset");
    // hsvd removes every document of its folder, of whatever domain
    for name in ["networks.a.new", "networks.b.new"] {
        fs::remove_file(store.hsvd.join(name)).unwrap();
    }
    let store = store.open().unwrap();
    assert_eq!((store.all_known().unwrap(), store.wanted().unwrap()), (vec![], vec![]));
    assert!(!store.folder.join("hsvd.toml").exists());
}
