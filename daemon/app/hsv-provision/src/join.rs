// SPDX-License-Identifier: MIT OR Apache-2.0
//! Joins networks that are wanted, each as a transaction: it is tried, and where it fails and another one was known
//! before, that one is used again. What a radio is stands in `iwd.rs`.

use std::io;

use crate::network::Network;
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
    /// What iwd knew before; nothing of the network stays, and what the owner wants is still wanted.
    Drop,
}

/// Whose wish a network is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// The owner's; no other network was known before, so that nothing is lost by trying on.
    Alone,
    /// The owner's, with others known before.
    Beside,
    /// That of whoever has shown it.
    Shown,
}

/// What follows from `outcome`.
pub fn judge(outcome: &Outcome, wish: Wish) -> Verdict {
    match (outcome, wish) {
        (Outcome::Joined, _) | (_, Wish::Alone) => Verdict::Keep,
        (_, Wish::Shown) => Verdict::Drop,
        (Outcome::Refused | Outcome::OtherKind(_), Wish::Beside) => Verdict::GoBack,
        (Outcome::NotFound | Outcome::NoAddress | Outcome::NoAnswer, Wish::Beside) => {
            Verdict::Postpone
        }
    }
}

/// What joins networks.
pub trait Radio {
    /// Where it is now.
    async fn connected(&mut self) -> Option<String>;
    /// Joins what iwd's folder has a file of.
    async fn join(&mut self, ssid: &str, kind: &str) -> Outcome;
}

/// Tries `shown`, and then what is wanted; the lines of the report. What is shown is never wanted: only while it is tried
/// does anything of it stay, and what was shown before is not in its way.
///
/// # Errors
/// The system's, of the state partition.
pub async fn join(
    store: &Store,
    radio: &mut impl Radio,
    shown: Option<&Network>,
) -> io::Result<Vec<String>> {
    let mut old = store.all_known()?;
    if let Some(now) = radio.connected().await {
        old.sort_by_key(|(ssid, _)| *ssid != now); // where it is now comes first
    }
    let mut trials = Trials::default();
    if let Some(network) = shown {
        trials.hold(store, radio, network, Wish::Shown).await?;
    }
    let wish = if old.is_empty() { Wish::Alone } else { Wish::Beside };
    for network in store.wanted()? {
        trials.hold(store, radio, &network, wish).await?;
    }
    if trials.has_failed && !trials.has_joined {
        for (ssid, kind) in &old {
            if radio.join(ssid, kind).await == Outcome::Joined {
                break;
            }
        }
    }
    Ok(trials.lines)
}

#[derive(Default)]
struct Trials {
    lines: Vec<String>,
    has_joined: bool,
    has_failed: bool,
}

impl Trials {
    /// One after the first that was joined is kept without a trial.
    async fn hold(
        &mut self,
        store: &Store,
        radio: &mut impl Radio,
        network: &Network,
        wish: Wish,
    ) -> io::Result<()> {
        store.begin_trial(network)?;
        if self.has_joined {
            store.keep(network)?;
            self.lines.push(report::kept(&network.ssid));
            return Ok(());
        }
        let outcome = radio.join(&network.ssid, network.kind()).await;
        let verdict = judge(&outcome, wish);
        match verdict {
            Verdict::Keep => store.keep(network)?,
            Verdict::GoBack => {
                store.roll_back()?;
                store.no_longer_want(network)?;
            }
            Verdict::Postpone | Verdict::Drop => store.roll_back()?,
        }
        self.has_joined = outcome == Outcome::Joined;
        self.has_failed |= verdict != Verdict::Keep;
        self.lines.push(report::trial(&network.ssid, &outcome, verdict));
        Ok(())
    }
}

#[cfg(test)]
mod tests;
