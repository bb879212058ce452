// SPDX-License-Identifier: MIT OR Apache-2.0
//! What goes into an archive, and what never comes out of one.

use super::*;
use crate::control::facts::tests::all_is_well;

fn material<'a>(facts: &'a Facts, settings: &'a [Setting], journal: &'a [String]) -> Material<'a> {
    let (findings, conditions) = (&[], &[]);
    Material { version: "1.2.3", board: "test", facts, findings, conditions, settings, journal }
}

#[test]
fn no_secret_leaves_in_any_form() {
    let seed: Vec<u8> = (100..132).collect();
    let identity = serde_json::json!({
        "device_id": "AA:BB:CC:DD:EE:FF", "signing_seed": seed,
        "setup_code": "314-15-926", "setup_id": "7QX9",
    });
    let key: Vec<u8> = (7..39).collect();
    let pairings = serde_json::json!({
        "pairings": [{ "identifier": "8D2C-PHONE", "public_key": key, "is_admin": true }],
    });
    let redactor = Redactor::new(&[identity, pairings], ["X-HM://0023ISYWY7QX9".to_owned()]);
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    use base64::Engine;
    let base64 = |bytes: &[u8]| base64::engine::general_purpose::STANDARD.encode(bytes);
    let secrets = [
        "314-15-926".to_owned(),
        "31415926".to_owned(),
        "7QX9".to_owned(),
        "8D2C-PHONE".to_owned(),
        "X-HM://0023ISYWY7QX9".to_owned(),
        hex(&seed),
        hex(&key).to_uppercase(),
        base64(&seed),
        base64(&key),
        format!("{key:?}").trim_matches(['[', ']']).to_owned(),
        "HomeSweetHome".to_owned(),
        "correct horse".to_owned(),
        "battery-staple".to_owned(),
    ];
    let mut journal: Vec<String> =
        secrets[..10].iter().map(|secret| format!("INFO x: a line with {secret} in it")).collect();
    journal.push("INFO net: joined ssid=\"HomeSweetHome\" channel=6".to_owned());
    journal.push("INFO net: PSK: \"correct horse\" taken".to_owned());
    journal.push("DEBUG net: wifi_password=battery-staple retry=2".to_owned());
    let settings = [Setting {
        key: "name".to_owned(),
        value: "\"Porch 31415926\"".to_owned(),
        from: "file".to_owned(),
    }];
    let mut facts = all_is_well();
    facts.troubles.source = Some(format!("no device {}", secrets[5]).into());
    let bytes = archive(&material(&facts, &settings, &journal), &redactor);
    let text = String::from_utf8(bytes).unwrap();
    for secret in &secrets {
        assert!(!text.contains(secret.as_str()), "{secret} came out");
    }
    for kept in ["a line with (removed) in it", "channel=6", "taken", "retry=2", "hsvd 1.2.3"] {
        assert!(text.contains(kept), "{kept:?} is gone");
    }
}

#[test]
fn what_helps_is_in_it() {
    let mut facts = all_is_well();
    facts.counters = vec![("motions_total", 3.0)];
    let journal = vec!["INFO hsvd: started version=1".to_owned()];
    let bytes = archive(&material(&facts, &[], &journal), &Redactor::default());
    let text = String::from_utf8(bytes).unwrap();
    for word in [
        "version.txt",
        "state.txt",
        "mode stream-and-record",
        "motions_total 3",
        "INFO hsvd: started version=1",
        "board test",
        "ended normally",
    ] {
        assert!(text.contains(word), "{word:?} is not in it");
    }
}

#[test]
fn a_line_that_was_cut_holds_no_half_of_a_secret() {
    use tracing_subscriber::layer::SubscriberExt;
    let key: Vec<u8> = (200..232).collect();
    let list = format!("{key:?}");
    let list = list.trim_matches(['[', ']']);
    let identity = serde_json::json!({ "signing_seed": key, "setup_code": "314-15-926" });
    let redactor = Redactor::new(&[identity], []);
    for filler in 250..420 {
        let ring = crate::log::Ring::default();
        let registry = tracing_subscriber::registry().with(ring.clone());
        tracing::subscriber::with_default(registry, || {
            tracing::info!("{} {list} 314-15-926", "x".repeat(filler));
        });
        let told = redactor.text(&ring.lines()[0]);
        let rest = told.trim_end().trim_end_matches('…').rsplit('x').next().unwrap();
        let rest = rest.replace("(removed)", "");
        assert!(rest.trim().is_empty(), "{filler}: {rest:?} of a secret came out");
    }
}

#[test]
fn every_form_of_a_secret_is_known() {
    let redactor = Redactor::new(&[], ["X-HM://0023ISYWY7QX9".to_owned(), "a\"b-c".to_owned()]);
    for text in [
        "scan X-HM://0023ISYWY7QX9 now",
        "scan 0023ISYWY7QX9 now",
        "scan 58:2d:48:4d:3a:2f:2f:30:30:32:33:49:53:59:57:59:37:51:58:39 now",
        "scan WC1ITTovLzAwMjNJU1lXWTdRWDk= now",
        "scan a\"b-c now",
        "scan a\\\"b-c now",
        "scan 61, 22, 62, 2D, 63 now",
        "scan [97, 34, 98, 45, 99] now",
    ] {
        let told = redactor.text(text);
        assert!(told.starts_with("scan ") && told.contains("(removed)"), "{text}: {told}");
        assert!(told.ends_with(" now\n"), "{text}: {told}");
    }
}
