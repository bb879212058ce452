// SPDX-License-Identifier: MIT OR Apache-2.0
//! The forms that the state was ever kept in, and what an update and its way back need of them: this version reads every
//! one, writes the newest, and reads that with more in it, as a later version of the same form writes it.
//!
//! `forms/N` has what a camera of form N left behind, and `dist/state-schema` has the newest N, which a bundle carries. A
//! field that is added with a default leaves the form alone. What an older version could not read is a new form: it gets a
//! folder, and a release that reads it goes before the one that writes it.

use std::collections::BTreeMap;

use camera::StoredState;
use hap::PairingState;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use serde_json::{Value, json};

use crate::config::PairingConfig;
use crate::identity::Identity;
use crate::store::Store;
use crate::{pairings, settings};

const NEWEST: &str = include_str!("../dist/state-schema");
/// By form, from 1 on: domain and text.
const FORMS: [[(&str, &str); 4]; 1] = [[
    ("identity", include_str!("forms/1/identity.json")),
    ("pairings", include_str!("forms/1/pairings.json")),
    ("database", include_str!("forms/1/database.json")),
    ("camera", include_str!("forms/1/camera.json")),
]];

/// A state folder with these documents.
fn folder(documents: impl Iterator<Item = (&'static str, String)>) -> (tempfile::TempDir, Store) {
    let place = tempfile::tempdir().unwrap();
    let store = Store::open(place.path()).unwrap();
    for (domain, text) in documents {
        store.save_text(domain, text).unwrap();
    }
    (place, store)
}

/// All that the state says.
fn read(store: &Store) -> (String, String, PairingState, u16, StoredState) {
    let mut rng = ChaCha20Rng::from_seed([1; 32]);
    let identity = Identity::load(store, &PairingConfig::default(), &mut rng).unwrap();
    let id = identity.keys.device_id().to_string();
    let number = pairings::config_number(store, [7; 32]).unwrap().number();
    let set = settings::load(store).expect("HomeKit's settings");
    (id, identity.setup_code.as_str().to_owned(), pairings::load(store).unwrap(), number, set)
}

fn form(number: usize) -> impl Iterator<Item = (&'static str, String)> {
    FORMS[number - 1].into_iter().map(|(domain, text)| (domain, text.trim_end().to_owned()))
}

#[test]
fn every_form_is_read() {
    for number in 1..=FORMS.len() {
        let (_place, store) = folder(form(number));
        let (id, code, pairings, c, set) = read(&store);
        assert_eq!((id.as_str(), code.as_str()), ("A1:B2:C3:D4:E5:F6", "482-15-937"));
        assert_eq!(pairings.pairings.len(), 2);
        assert!(pairings.pairings[0].is_admin && !pairings.pairings[1].is_admin);
        assert_eq!((pairings.failed_attempts, c), (3, 4));
        assert!(set.recording_active && set.disabled_by_owner && !set.night_vision);
    }
}

#[test]
fn the_newest_form_is_the_one_that_is_written() {
    assert_eq!(NEWEST.trim().parse::<usize>(), Ok(FORMS.len()));
    let wanted: BTreeMap<_, _> = form(FORMS.len()).collect();
    let (_place, store) = folder(form(FORMS.len()));
    let (_, _, state, _, set) = read(&store);
    pairings::save(&store, &state).unwrap();
    settings::save(&store, &set).unwrap();
    pairings::config_number(&store, [8; 32]).unwrap();
    pairings::config_number(&store, [7; 32]).unwrap();
    for domain in ["pairings", "camera", "database"] {
        let written = store.load_text(domain).unwrap().unwrap();
        let (written, wanted): (Value, Value) = (
            serde_json::from_str(&written).unwrap(),
            serde_json::from_str(&wanted[domain]).unwrap(),
        );
        let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        assert_eq!(keys(&written), keys(&wanted), "{domain}");
        if domain != "database" {
            assert_eq!(written, wanted, "{domain}");
        }
    }
}

/// An update to a version that writes more, and the way back.
#[test]
fn what_a_later_version_of_the_same_form_writes_is_read() {
    let later = form(FORMS.len()).map(|(domain, text)| {
        let mut value: Value = serde_json::from_str(&text).unwrap();
        value["later"] = json!({"than": "this"});
        if let Some(all) = value["pairings"].as_array_mut() {
            all.iter_mut().for_each(|one| one["later"] = json!(true));
        }
        if value["state"].is_object() {
            value["state"]["later"] = json!([1, 2]);
        }
        (domain, value.to_string())
    });
    let (_place, store) = folder(later);
    let (_old, as_it_was) = folder(form(FORMS.len()));
    assert_eq!(read(&store), read(&as_it_was));
}
