// SPDX-License-Identifier: MIT OR Apache-2.0
//! The published bundle, looked at now and then: RAUC fetches its signed manifest alone.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use control::UpdateOptions;
use ota::bundle::Wish;
use ota::offer::{NotYet, decide, place};
use tokio::time::Instant;
use tracing::{info, warn};

use super::{Phase, Updater};

/// After a start, so that nothing is in the way of the first pictures.
pub const FIRST: Duration = Duration::from_secs(120);
/// After a failure, and while its hour has not come.
const SOON: Duration = Duration::from_secs(1800);
const HOUR: Duration = Duration::from_secs(3600);
/// 2025-01-01: a clock that says less was never set.
const EARLIEST_S: u64 = 1_735_689_600;

impl Updater {
    pub(super) async fn poll(&mut self) {
        let every = HOUR * self.about.settings.every_hours.get();
        let again = match self.phase {
            Phase::Idle => self.look_at_offer().await.unwrap_or(every),
            _ => SOON,
        };
        self.poll = Some(Instant::now() + again);
    }

    /// When to look again, if sooner than usual.
    async fn look_at_offer(&mut self) -> Option<Duration> {
        let url = self.about.settings.url.clone();
        let bundle = match self.rauc.inspect(&url).await {
            Ok(bundle) => bundle,
            Err(error) => {
                warn!("the published update cannot be looked at: {error:#}");
                return Some(SOON);
            }
        };
        let version = match self.judge(&bundle, Wish::default()).await {
            Ok(Ok(version)) => version.to_string(),
            Ok(Err(refusal)) => {
                info!(%refusal, "the published update");
                self.shown.send_modify(|shown| (shown.available.clear(), shown.notes.clear()).0);
                return None;
            }
            Err(error) => {
                warn!(%error, "RAUC does not answer");
                return Some(SOON);
            }
        };
        self.shown.send_modify(|shown| {
            shown.available.clone_from(&version);
            shown.notes.clone_from(&bundle.offer.notes);
        });
        if !self.about.settings.automatic || self.kept.memory.was_left(&version) {
            return None;
        }
        let place = place(&self.about.machine, &version);
        match decide(&bundle.offer, &self.about.settings.channel, place, minute()) {
            Ok(()) => {
                if let Err(error) = self.install(url, UpdateOptions::default()).await {
                    warn!(%error, "the published update is not taken");
                }
                None
            }
            Err(why) => {
                info!(version, %why, "the published update is not for now");
                matches!(why, NotYet::OtherHours | NotYet::NoClock).then_some(SOON)
            }
        }
    }
}

/// Of the day, UTC, if the clock was ever set.
fn minute() -> Option<u16> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?.as_secs();
    (now >= EARLIEST_S).then(|| u16::try_from(now / 60 % 1440).unwrap_or(0))
}
