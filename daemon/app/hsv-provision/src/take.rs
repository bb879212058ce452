// SPDX-License-Identifier: MIT OR Apache-2.0
//! Takes the owner's wishes from the card: a reset, networks, settings.
//!
//! Networks leave the card by overwriting them where they stand, so that nothing of them is left in clusters that a
//! new file would free. Before that they are stored, and so is what is about to be overwritten: a cut leaves a file
//! whose bytes are old or new ones, and the next start makes it all new.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::card::Card;
use crate::disk::read_if_there;
use crate::owners::{Fault, Owners, Wifi};
use crate::report;
use crate::store::Store;
use crate::text::Coding;

const OWNERS: [&str; 1] = ["hsv.toml"];
const RESET: [&str; 1] = ["hsv-reset"];
/// A reset that has begun.
const RESETTING: &str = "hsv-reset.now";
const WORD: &str = "reset";
/// No owner's file comes near this.
const MOST_BYTES: u64 = 64 << 10;
const BLANKING: &str = "blanking";

/// hsvd, as far as it is needed here.
pub trait Camera {
    /// What hsvd says of the owner's settings above the image's.
    ///
    /// # Errors
    /// What is wrong with them.
    fn check(&self, settings: &str) -> Result<(), Fault>;

    /// Makes it a new camera.
    ///
    /// # Errors
    /// In words for a person.
    fn reset(&self) -> Result<(), String>;
}

/// What is being overwritten.
#[derive(Serialize, Deserialize)]
struct Blanking {
    name: PathBuf,
    old: Vec<u8>,
    new: Vec<u8>,
}

impl Blanking {
    /// `now` is what a cut can leave; else somebody has written it meanwhile.
    fn has_left(&self, now: &[u8]) -> bool {
        let pairs = self.old.iter().zip(&self.new);
        now.len() == self.old.len()
            && now.iter().zip(pairs).all(|(now, (old, new))| now == old || now == new)
    }
}

/// Does what the card asks for; the lines of the report.
///
/// # Errors
/// The system's, of the state partition or the card. What is wrong with the owner's files is in the report.
pub fn take(card: &Card, store: &Store, camera: &impl Camera) -> io::Result<Vec<String>> {
    let mut lines = Vec::new();
    end_blanking(card, store)?;
    lines.extend(reset(card, store, camera)?);
    if let Some(path) = card.find(&OWNERS)? {
        lines.extend(take_owners(card, store, camera, &path)?);
    }
    Ok(lines)
}

fn take_owners(
    card: &Card,
    store: &Store,
    camera: &impl Camera,
    path: &Path,
) -> io::Result<Vec<String>> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let mut bytes = Vec::new();
    File::open(path)?.take(MOST_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MOST_BYTES {
        return Ok(vec![report::unreadable(
            &name,
            &format!("it is larger than {} KiB", MOST_BYTES >> 10),
        )]);
    }
    let (coding, text) = match Coding::decode(&bytes) {
        Ok(read) => read,
        Err(error) => return Ok(vec![report::unreadable(&name, &error.to_string())]),
    };
    let owners = match Owners::parse(&text, coding) {
        Ok(owners) => owners,
        Err(fault) => return Ok(vec![report::unreadable(&name, &fault.to_string())]),
    };
    store.remember()?;
    let new = coding.encode(&owners.without_wifi);
    let mut lines = Vec::new();
    lines.extend(match &owners.wifi {
        Ok(wifi) => {
            take_wifi(store, wifi)?;
            let is_off = wifi.networks.is_empty() || blank(card, store, path, bytes, new)?;
            let names: Vec<String> =
                wifi.networks.iter().map(|network| network.ssid.clone()).collect();
            report::wifi(&name, Ok(&names), is_off)
        }
        Err(fault) => report::wifi(&name, Err(fault), false),
    });
    let judged = owners.settings.and_then(|settings| camera.check(&settings).map(|()| settings));
    if let Ok(settings) = &judged {
        store.put_settings(settings)?;
    }
    lines.push(report::settings(&name, judged.as_ref().map(drop)));
    Ok(lines)
}

fn take_wifi(store: &Store, wifi: &Wifi) -> io::Result<()> {
    store.want(&wifi.networks)?;
    match &wifi.country {
        Some(country) => store.put_country(country),
        None => Ok(()),
    }
}

/// Whether `path` has `new` now; a card that cannot be written has not.
fn blank(card: &Card, store: &Store, path: &Path, old: Vec<u8>, new: Vec<u8>) -> io::Result<bool> {
    if card.make_writable().is_err() || File::options().write(true).open(path).is_err() {
        return Ok(false);
    }
    let name = path.file_name().unwrap_or_default().into();
    let record = serde_json::to_vec(&Blanking { name, old, new })?;
    store.disk.put(&store.folder.join(BLANKING), &record, 0o600)?;
    end_blanking(card, store)?;
    Ok(true)
}

/// Overwrites what a cut has kept from being overwritten.
fn end_blanking(card: &Card, store: &Store) -> io::Result<()> {
    let record = store.folder.join(BLANKING);
    let Some(text) = read_if_there(&record)? else { return Ok(()) };
    if let Ok(blanking) = serde_json::from_slice::<Blanking>(&text) {
        let path = card.folder.join(&blanking.name);
        if read_if_there(&path)?.is_some_and(|now| blanking.has_left(&now)) {
            card.make_writable()?;
            store.disk.overwrite(&path, &blanking.new)?;
        }
    }
    store.disk.remove(&record)
}

/// A reset, where the card asks for one. Without a card that can be written none is begun: it would be repeated
/// at each start.
fn reset(card: &Card, store: &Store, camera: &impl Camera) -> io::Result<Option<String>> {
    let begun = card.folder.join(RESETTING);
    if !begun.exists() {
        let Some(path) = card.find(&RESET)? else { return Ok(None) };
        let said = fs::read(&path).map(|bytes| Coding::decode(&bytes))?;
        let is_meant = said.is_ok_and(|(_, text)| text.trim().eq_ignore_ascii_case(WORD));
        if !is_meant {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            return Ok(Some(report::reset(Err(&format!(
                "{name} must hold the word {WORD} and nothing else"
            )))));
        }
        if let Err(error) = card.make_writable().and_then(|()| store.disk.rename(&path, &begun)) {
            return Ok(Some(report::reset(Err(&format!("The card cannot be written ({error})")))));
        }
    }
    if let Err(why) = camera.reset() {
        return Ok(Some(report::reset(Err(&why))));
    }
    store.forget()?;
    card.make_writable()?;
    store.disk.remove(&begun)?;
    Ok(Some(report::reset(Ok(()))))
}

#[cfg(test)]
mod tests;
