// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the core knows that explains why there is a recording or none, and what it has counted.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use ::control::Recording;

use super::state::State;
use crate::advert::Published;

/// Of one moment.
#[derive(Debug, Clone)]
pub struct Facts {
    /// What properties show.
    pub state: State,
    /// When.
    pub now: SystemTime,
    /// Since the start.
    pub uptime: Duration,
    /// Controllers and hubs with a verified connection.
    pub sessions: usize,
    /// Of them, those that want to be told of motion.
    pub listeners: usize,
    /// Data streams that are open.
    pub data_streams: usize,
    /// What does not work now.
    pub troubles: Troubles,
    /// The source is open.
    pub is_capturing: bool,
    /// Pictures of the sensor since the start.
    pub captured: u64,
    /// Pictures that were encoded since the start, for recordings and viewers.
    pub encoded: u64,
    /// There is a microphone.
    pub has_microphone: bool,
    /// Whole fragments held.
    pub prebuffer: Duration,
    /// What the hub selected to be held.
    pub wanted_prebuffer: Duration,
    /// What happened last.
    pub last: Last,
    /// How it is published on mDNS.
    pub published: Published,
    /// Where HAP and the data stream listen.
    pub ports: [SocketAddr; 2],
    /// Every counter, by its name with the unit.
    pub counters: Vec<(&'static str, f64)>,
}

/// What does not work, in the words of the log.
#[derive(Debug, Clone, Default)]
pub struct Troubles {
    /// The source gives no pictures.
    pub source: Option<Arc<str>>,
    /// The recording's encoder stopped.
    pub encoder: Option<Arc<str>>,
    /// No sound.
    pub sound: Option<Arc<str>>,
    /// What viewers say is not heard.
    pub speaker: Option<Arc<str>>,
    /// State cannot be saved.
    pub is_store_failing: bool,
    /// A part of the body does not work.
    pub has_body_fault: bool,
    /// The last update came back.
    pub update: Option<Arc<str>>,
}

impl Troubles {
    /// The worst of them.
    pub fn health(&self) -> super::state::Verdict {
        use super::state::Verdict;
        let is_broken = self.source.is_some() || self.encoder.is_some();
        match self {
            _ if is_broken || self.is_store_failing || self.has_body_fault => Verdict::Fault,
            _ if self.update.is_some() => Verdict::Fault,
            _ if self.sound.is_some() || self.speaker.is_some() => Verdict::Warning,
            _ => Verdict::Ok,
        }
    }
}

/// What happened last, since the start.
#[derive(Debug, Clone, Default)]
pub struct Last {
    /// A motion began.
    pub motion: Option<SystemTime>,
    /// A recording that a hub took, running or over.
    pub recording: Option<Recording>,
    /// A recording that a hub wanted and did not get, and what it was told.
    pub refusal: Option<(SystemTime, String)>,
    /// A data stream ended, and how.
    pub stream_end: Option<(SystemTime, String)>,
}

#[cfg(test)]
pub mod tests {
    use privacy::OperatingMode;

    use super::*;

    /// A camera that records, two hours after its start and 30 s after a motion.
    pub fn all_is_well() -> Facts {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        let mode = OperatingMode {
            is_paired: true,
            recording_active: true,
            has_selected_configuration: true,
            ..OperatingMode::factory()
        };
        Facts {
            state: State { mode, ..State::start() },
            now,
            uptime: Duration::from_secs(7_200),
            sessions: 2,
            listeners: 1,
            data_streams: 0,
            troubles: Troubles::default(),
            is_capturing: true,
            captured: 216_000,
            encoded: 216_000,
            has_microphone: true,
            prebuffer: Duration::from_secs(10),
            wanted_prebuffer: Duration::from_secs(4),
            last: Last {
                motion: Some(now - Duration::from_secs(30)),
                recording: Some(Recording {
                    id: 1,
                    started: 1_799_999_971,
                    open_ms: 20_000,
                    media_ms: 24_000,
                    fragments: 6,
                    bytes: 3_000_000,
                    outcome: "normal".to_owned(),
                    reason: "Recording ended normally: the home hub closed it".to_owned(),
                }),
                refusal: None,
                stream_end: None,
            },
            published: Published::By("Avahi"),
            ports: ["[::]:51826", "[::]:51827"].map(|port| port.parse().expect("an address")),
            counters: Vec::new(),
        }
    }

    #[test]
    fn health_is_the_worst_trouble() {
        use super::super::state::Verdict;
        let none = Troubles::default();
        assert_eq!(none.health(), Verdict::Ok);
        let reason = Some(Arc::from("gone"));
        let sound = Troubles { sound: reason.clone(), ..none.clone() };
        assert_eq!(sound.health(), Verdict::Warning);
        let table = [
            Troubles { source: reason.clone(), ..sound.clone() },
            Troubles { encoder: reason, ..none.clone() },
            Troubles { is_store_failing: true, ..none.clone() },
            Troubles { has_body_fault: true, ..none.clone() },
            Troubles { update: Some(Arc::from("no pictures")), ..none },
        ];
        for troubles in table {
            assert_eq!(troubles.health(), Verdict::Fault, "{troubles:?}");
        }
    }
}
