// SPDX-License-Identifier: MIT OR Apache-2.0
//! The owner's file on the card: any bytes are read or refused, and what is written back is as long, has the same line
//! ends, and has no network.

#![no_main]

#[path = "../../app/hsv-provision/src/network.rs"]
#[allow(dead_code, missing_docs)]
mod network;
#[path = "../../app/hsv-provision/src/owners.rs"]
#[allow(dead_code, missing_docs)]
mod owners;
#[path = "../../app/hsv-provision/src/text.rs"]
#[allow(dead_code, missing_docs)]
mod text;

use network::{Secret, ssid_of};
use owners::Owners;
use text::Coding;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok((coding, text)) = Coding::decode(data) else { return };
    let owners = match Owners::parse(&text, coding) {
        Ok(owners) => owners,
        Err(fault) => return assert!(!fault.to_string().is_empty()),
    };
    let after = coding.encode(&owners.without_wifi);
    assert_eq!(after.len(), data.len(), "it is written over what was there");
    let Ok(wifi) = owners.wifi else { return };
    for network in &wifi.networks {
        assert_eq!(ssid_of(&network.file_name()).as_deref(), Some(&*network.ssid));
        assert!(!network.file_name().contains('/') && !network.file_name().starts_with('.'));
        let lines = if network.secret == Secret::None { 0 } else { 2 };
        let lines = lines + if network.is_hidden { 2 } else { 0 };
        assert_eq!(network.file().lines().count(), lines, "nothing is slipped in");
    }
    let again = Owners::parse(&owners.without_wifi, coding).expect("what is left is TOML");
    assert!(again.wifi.is_ok_and(|wifi| wifi.networks.is_empty()));
    if let Ok(settings) = owners.settings {
        let settings: toml::Table = settings.parse().expect("settings are TOML");
        assert!(!settings.contains_key("wifi"));
    }
});
