// SPDX-License-Identifier: MIT OR Apache-2.0
//! Joins networks that are wanted, each as a transaction: it is tried, and where it fails and another one was known
//! before, that one is used again. What a radio is stands in `iwd.rs`.

use std::io;

use crate::report;
use crate::store::Store;

/// How the trial of a network ended, as far as iwd tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Joined, with an address.
    Joined,
    /// There, and it let us not in. iwd does not tell a wrong password from other reasons.
    Refused,
    /// Not in the air.
    NotFound,
    /// There, of another kind: `open`, `psk`, `8021x`, `wep`.
    OtherKind(String),
    /// Joined, without an address in time.
    NoAddress,
    /// Neither joined nor refused in time.
    NoAnswer,
}

/// What becomes of a network after its trial.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// iwd keeps it.
    Keep,
    /// What iwd knew before; the network is forgotten.
    GoBack,
    /// What iwd knew before; the network is tried again at the next start.
    Postpone,
}

/// `is_alone`: no other network was known before, so that nothing is lost by trying on.
pub fn judge(outcome: &Outcome, is_alone: bool) -> Verdict {
    match outcome {
        Outcome::Joined => Verdict::Keep,
        _ if is_alone => Verdict::Keep,
        Outcome::Refused | Outcome::OtherKind(_) => Verdict::GoBack,
        Outcome::NotFound | Outcome::NoAddress | Outcome::NoAnswer => Verdict::Postpone,
    }
}

/// What joins networks.
pub trait Radio {
    /// Where it is now.
    async fn connected(&mut self) -> Option<String>;
    /// Joins what iwd's folder has a file of.
    async fn join(&mut self, ssid: &str, kind: &str) -> Outcome;
}

/// Tries what is wanted; the lines of the report.
///
/// # Errors
/// The system's, of the state partition.
pub async fn join(store: &Store, radio: &mut impl Radio) -> io::Result<Vec<String>> {
    let mut lines = Vec::new();
    let mut old = store.all_known()?;
    if let Some(now) = radio.connected().await {
        old.sort_by_key(|(ssid, _)| *ssid != now); // where it is now comes first
    }
    let (mut has_joined, mut has_failed) = (false, false);
    for network in store.wanted()? {
        store.begin_trial(&network)?;
        if has_joined {
            store.keep(&network)?;
            lines.push(report::kept(&network.ssid));
            continue;
        }
        let outcome = radio.join(&network.ssid, network.kind()).await;
        let verdict = judge(&outcome, old.is_empty());
        match verdict {
            Verdict::Keep => store.keep(&network)?,
            Verdict::GoBack => {
                store.roll_back()?;
                store.no_longer_want(&network)?;
            }
            Verdict::Postpone => store.roll_back()?,
        }
        has_joined = outcome == Outcome::Joined;
        has_failed |= verdict != Verdict::Keep;
        lines.push(report::trial(&network.ssid, &outcome, verdict));
    }
    if has_failed && !has_joined {
        for (ssid, kind) in &old {
            if radio.join(ssid, kind).await == Outcome::Joined {
                break;
            }
        }
    }
    Ok(lines)
}

#[cfg(test)]
mod tests;
