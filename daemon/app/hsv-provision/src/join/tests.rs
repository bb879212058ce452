// SPDX-License-Identifier: MIT OR Apache-2.0
//! Trials with a radio that is a table.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::*;
use crate::disk::{Disk, files};
use crate::network::{Network, Secret};

struct Air {
    outcomes: HashMap<String, Outcome>,
    now: Option<String>,
    tried: Vec<String>,
}

impl Radio for Air {
    async fn connected(&mut self) -> Option<String> {
        self.now.clone()
    }

    async fn join(&mut self, ssid: &str, _kind: &str) -> Outcome {
        self.tried.push(ssid.to_owned());
        let outcome = self.outcomes.get(ssid).cloned().unwrap_or(Outcome::NotFound);
        self.now = (outcome == Outcome::Joined).then(|| ssid.to_owned());
        outcome
    }
}

fn network(ssid: &str, password: &str) -> Network {
    Network { ssid: ssid.to_owned(), secret: Secret::of(password).unwrap(), is_hidden: false }
}

fn store(folder: &Path) -> Store {
    let inner = |name: &str| {
        let path = folder.join(name);
        fs::create_dir_all(&path).unwrap();
        path
    };
    let store = Store {
        folder: inner("own"),
        iwd: inner("iwd"),
        hsvd: inner("hsvd"),
        disk: Disk::default(),
    };
    store.remember().unwrap();
    store.open().unwrap()
}

/// What lies in our folders and iwd's.
fn all_files(store: &Store) -> Vec<PathBuf> {
    let folders = [store.folder.clone(), store.folder.join("before"), store.iwd.clone()];
    folders.iter().flat_map(|folder| files(folder).unwrap()).collect()
}

fn known(store: &Store) -> Vec<String> {
    store.all_known().unwrap().into_iter().map(|(ssid, _)| ssid).collect()
}

async fn run(store: &Store, now: Option<&str>, outcomes: &[(&str, Outcome)]) -> (Vec<String>, Air) {
    run_shown(store, None, now, outcomes).await
}

async fn run_shown(
    store: &Store,
    shown: Option<&Network>,
    now: Option<&str>,
    outcomes: &[(&str, Outcome)],
) -> (Vec<String>, Air) {
    let outcomes = outcomes.iter().map(|(ssid, outcome)| ((*ssid).to_owned(), outcome.clone()));
    let mut air =
        Air { outcomes: outcomes.collect(), now: now.map(str::to_owned), tried: Vec::new() };
    (join(store, &mut air, shown).await.unwrap(), air)
}

#[test]
fn only_what_would_cost_a_network_is_taken_back() {
    use {Outcome as O, Verdict as V};
    let rows = [
        (O::Joined, [V::Keep, V::Keep, V::Keep]),
        (O::Refused, [V::Keep, V::GoBack, V::Drop]),
        (O::OtherKind("open".to_owned()), [V::Keep, V::GoBack, V::Drop]),
        (O::NotFound, [V::Keep, V::Postpone, V::Drop]),
        (O::NoAddress, [V::Keep, V::Postpone, V::Drop]),
        (O::NoAnswer, [V::Keep, V::Postpone, V::Drop]),
    ];
    for (outcome, verdicts) in rows {
        let wishes = [Wish::Alone, Wish::Beside, Wish::Shown];
        assert_eq!(wishes.map(|wish| judge(&outcome, wish)), verdicts, "{outcome:?}");
        for verdict in verdicts {
            assert!(report::trial("Home", &outcome, verdict).starts_with("Wi-Fi \"Home\": "));
        }
    }
}

#[tokio::test]
async fn a_network_that_is_joined_is_kept_with_those_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    store
        .want(&[
            network("Away", "12345678"),
            network("Home", "12345678"),
            network("Shed", "12345678"),
        ])
        .unwrap();
    let (lines, air) = run(&store, None, &[("Home", Outcome::Joined)]).await;
    assert_eq!(air.tried, ["Away", "Home"]);
    assert_eq!(known(&store), ["Away", "Home", "Shed"]);
    assert_eq!(store.wanted().unwrap(), []);
    assert_eq!(lines.len(), 3);
}

#[tokio::test]
async fn the_old_network_is_used_again_when_the_new_one_fails() {
    let rows = [(Outcome::Refused, false), (Outcome::NotFound, true), (Outcome::NoAddress, true)];
    for (outcome, is_tried_again) in rows {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path());
        for old in ["Attic", "Old"] {
            store.begin_trial(&network(old, "12345678")).unwrap();
            store.keep(&network(old, "12345678")).unwrap();
        }
        store.want(&[network("New", "87654321")]).unwrap();
        let (lines, air) =
            run(&store, Some("Old"), &[("New", outcome.clone()), ("Old", Outcome::Joined)]).await;
        assert_eq!(air.tried, ["New", "Old"], "{outcome:?}: where it was comes first");
        assert_eq!(known(&store), ["Attic", "Old"], "{outcome:?}");
        assert_eq!(store.wanted().unwrap().len(), usize::from(is_tried_again), "{outcome:?}");
        assert!(lines[0].contains("network of before") && !lines[0].contains("8765"), "{lines:?}");
    }
}

#[tokio::test]
async fn a_new_password_that_is_wrong_gives_the_old_one_back() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    let old = network("Home", "12345678");
    store.begin_trial(&old).unwrap();
    store.keep(&old).unwrap();
    store.want(&[network("Home", "87654321")]).unwrap();
    run(&store, Some("Home"), &[("Home", Outcome::Refused)]).await;
    assert_eq!(fs::read_to_string(store.iwd.join("Home.psk")).unwrap(), old.file());
    store.want(std::slice::from_ref(&old)).unwrap();
    assert_eq!(store.wanted().unwrap(), [], "iwd knows it");
}

#[tokio::test]
async fn what_is_shown_comes_first_and_stays_only_if_it_is_joined() {
    use Outcome as O;
    let shown = network("Shown", "87654321");
    for outcome in [O::Refused, O::NotFound, O::NoAddress, O::NoAnswer, O::Joined] {
        for has_old in [false, true] {
            let folder = tempfile::tempdir().unwrap();
            let store = store(folder.path());
            if has_old {
                store.begin_trial(&network("Old", "12345678")).unwrap();
                store.keep(&network("Old", "12345678")).unwrap();
            }
            store.want(&[network("Wanted", "12345678")]).unwrap();
            // A stranger's code, which cannot be joined, has been shown before
            let free = network("Free", "12345678");
            run_shown(&store, Some(&free), None, &[]).await;
            store.want(&[network("Wanted", "12345678")]).unwrap();
            assert!(!known(&store).contains(&"Free".to_owned()));
            let outcomes = [("Shown", outcome.clone())];
            let (lines, air) = run_shown(&store, Some(&shown), None, &outcomes).await;
            assert_eq!(air.tried[0], "Shown", "{outcome:?}");
            let is_kept = known(&store).contains(&"Shown".to_owned());
            assert_eq!(is_kept, outcome == O::Joined, "{outcome:?}: {lines:?}");
            assert!(store.wanted().unwrap().iter().all(|wanted| wanted.ssid == "Wanted"));
            assert_eq!(fs::read_dir(store.folder.join("before")).unwrap().count(), 0);
        }
    }
}

#[tokio::test]
async fn the_owners_wish_outlives_a_code_of_the_same_name() {
    let (owners, shown) = (network("Home", "12345678"), network("Home", "87654321"));
    for (outcome, kept) in [(Outcome::Refused, &owners), (Outcome::Joined, &shown)] {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path());
        store.want(std::slice::from_ref(&owners)).unwrap();
        run_shown(&store, Some(&shown), None, &[("Home", outcome.clone())]).await;
        let is = fs::read_to_string(store.iwd.join("Home.psk")).unwrap();
        assert_eq!(is, kept.file(), "{outcome:?}");
        assert_eq!(store.wanted().unwrap(), [], "{outcome:?}");
    }
}

/// Cut at every step of the trial of a network that was shown: joined or gone.
#[tokio::test]
async fn a_cut_anywhere_in_a_trial_leaves_nothing_of_what_is_shown() {
    let shown = network("Shown", "87654321");
    for steps in 0.. {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path());
        let outcomes = [("Shown".to_owned(), Outcome::Refused)].into();
        let mut air = Air { outcomes, now: None, tried: Vec::new() };
        store.disk.power.set(Some(steps));
        let is_cut = join(&store, &mut air, Some(&shown)).await.is_err();
        store.disk.power.set(None);
        store.roll_back().unwrap();
        assert_eq!(all_files(&store), Vec::<PathBuf>::new(), "cut after {steps}");
        if !is_cut {
            assert!(steps >= 8, "{steps}");
            break;
        }
    }
}

/// Cut at every step of a trial, begun again, and ended: iwd never has less than it had, and in the end the new.
#[tokio::test]
async fn a_cut_anywhere_in_a_trial_is_made_good() {
    for outcome in [Outcome::Joined, Outcome::Refused, Outcome::NotFound] {
        let mut cuts = 0;
        for steps in 0.. {
            let folder = tempfile::tempdir().unwrap();
            let store = store(folder.path());
            let old = network("Old", "12345678");
            store.begin_trial(&old).unwrap();
            store.keep(&old).unwrap();
            store.want(&[network("New", "87654321")]).unwrap();
            let air = || Air {
                outcomes: [
                    ("New".to_owned(), outcome.clone()),
                    ("Old".to_owned(), Outcome::Joined),
                ]
                .into(),
                now: Some("Old".to_owned()),
                tried: Vec::new(),
            };
            store.disk.power.set(Some(steps));
            let is_cut = join(&store, &mut air(), None).await.is_err();
            store.disk.power.set(None);
            assert!(known(&store).contains(&"Old".to_owned()), "cut after {steps}");
            store.roll_back().unwrap();
            let left = all_files(&store);
            assert!(
                left.iter().all(|path| path.extension().unwrap_or_default() != "new"),
                "{left:?}"
            );
            join(&store, &mut air(), None).await.unwrap();
            let expected: &[&str] =
                if outcome == Outcome::Joined { &["New", "Old"] } else { &["Old"] };
            assert_eq!(known(&store), expected, "{outcome:?} cut after {steps}");
            let left = usize::from(outcome == Outcome::NotFound);
            assert_eq!(store.wanted().unwrap().len(), left, "{outcome:?} cut after {steps}");
            assert_eq!(fs::read_dir(store.folder.join("before")).unwrap().count(), 0);
            if !is_cut {
                break;
            }
            cuts += 1;
        }
        assert!(cuts >= 8, "{cuts}");
    }
}
