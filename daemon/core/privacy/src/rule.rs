// SPDX-License-Identifier: MIT OR Apache-2.0
//! The rule itself: a pure function from the operating mode to what is allowed.

/// Number of CameraRTPStreamManagement services, each with its own Active.
pub const LIVE_SERVICES: usize = 4;

/// Everything that decides what the camera may do. All but `manually_disabled` and `is_paired`
/// is what HomeKit stored; the hardware switch stands above it and never alters it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperatingMode {
    /// At least one controller is paired. Nobody looks through an unpaired camera.
    pub is_paired: bool,
    /// The camera has no network and may be told one by a code before its lens. Means nothing once
    /// it is paired.
    pub seeks_network: bool,
    /// The privacy switch, 0x227.
    pub manually_disabled: bool,
    /// HomeKitCameraActive, 0x21B.
    pub homekit_camera_active: bool,
    /// EventSnapshotsActive, 0x223.
    pub event_snapshots_active: bool,
    /// PeriodicSnapshotsActive, 0x225.
    pub periodic_snapshots_active: bool,
    /// Active of each CameraRTPStreamManagement, 0xB0.
    pub rtp_active: [bool; LIVE_SERVICES],
    /// Active of CameraRecordingManagement, 0xB0.
    pub recording_active: bool,
    /// RecordingAudioActive, 0x226.
    pub recording_audio_active: bool,
    /// A valid SelectedCameraRecordingConfiguration, 0x209, is stored.
    pub has_selected_configuration: bool,
}

impl OperatingMode {
    /// What a camera without pairings is set to.
    pub const fn factory() -> Self {
        Self {
            is_paired: false,
            seeks_network: false,
            manually_disabled: false,
            homekit_camera_active: true,
            event_snapshots_active: true,
            periodic_snapshots_active: true,
            rtp_active: [true; LIVE_SERVICES],
            recording_active: false,
            recording_audio_active: false,
            has_selected_configuration: false,
        }
    }
}

/// Why HomeKit asks for a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SnapshotReason {
    /// The tile is refreshed.
    Periodic,
    /// For a notification.
    Event,
}

/// Why a snapshot is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Refusal {
    /// -70412
    #[error("not allowed in the current state")]
    NotAllowedInCurrentState,
    /// -70401: one kind of snapshot is off and the request does not say which kind it is.
    #[error("insufficient privileges: the request names no reason")]
    InsufficientPrivileges,
}

/// What is allowed now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Permits {
    /// The sensor may run.
    pub capture: bool,
    /// Pictures may be looked at for a code that names a network, and for nothing else.
    pub network_code: bool,
    /// Movement may be looked for and told.
    pub motion: bool,
    /// Encoded video may be held from before a motion.
    pub prebuffer: bool,
    /// A hub may open a recording.
    pub record: bool,
    /// The microphone may be part of recordings.
    pub record_audio: bool,
    /// Live view, by stream service.
    pub live: [bool; LIVE_SERVICES],
    event_snapshots: bool,
    periodic_snapshots: bool,
}

impl Permits {
    /// The rule.
    pub const fn of(mode: &OperatingMode) -> Self {
        let may_look = mode.homekit_camera_active && !mode.manually_disabled;
        let on = may_look && mode.is_paired;
        let network_code = may_look && !mode.is_paired && mode.seeks_network;
        let prebuffer = on && mode.has_selected_configuration; // hubs set Active late
        let record = prebuffer && mode.recording_active;
        let (mut live, mut any_live, mut service) = ([false; LIVE_SERVICES], false, 0);
        while service < LIVE_SERVICES {
            live[service] = on && mode.rtp_active[service];
            any_live |= live[service];
            service += 1;
        }
        Self {
            capture: on || network_code,
            network_code,
            motion: on,
            prebuffer,
            record,
            record_audio: prebuffer && mode.recording_audio_active,
            live,
            event_snapshots: any_live && mode.event_snapshots_active,
            periodic_snapshots: any_live && mode.periodic_snapshots_active,
        }
    }

    /// Whether a snapshot may be given for `reason`.
    ///
    /// # Errors
    /// The refusal HomeKit expects.
    pub fn snapshot(&self, reason: Option<SnapshotReason>) -> Result<(), Refusal> {
        let allowed = match reason {
            Some(SnapshotReason::Event) => self.event_snapshots,
            Some(SnapshotReason::Periodic) => self.periodic_snapshots,
            None => self.event_snapshots && self.periodic_snapshots,
        };
        match reason {
            _ if allowed => Ok(()),
            None if self.live.contains(&true) => Err(Refusal::InsufficientPrivileges),
            _ => Err(Refusal::NotAllowedInCurrentState),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every combination of the inputs.
    fn every_mode() -> impl Iterator<Item = OperatingMode> {
        (0..1u32 << (9 + LIVE_SERVICES)).map(|bits| {
            let bit = |n: u32| bits & (1 << n) != 0;
            OperatingMode {
                is_paired: bit(0),
                manually_disabled: bit(1),
                homekit_camera_active: bit(2),
                event_snapshots_active: bit(3),
                periodic_snapshots_active: bit(4),
                recording_active: bit(5),
                recording_audio_active: bit(6),
                has_selected_configuration: bit(7),
                rtp_active: [bit(8), bit(9), bit(10), bit(11)],
                seeks_network: bit(12),
            }
        })
    }

    #[test]
    fn a_camera_that_is_off_allows_nothing() {
        for mode in every_mode() {
            let is_off = mode.manually_disabled || !mode.homekit_camera_active;
            if is_off || !mode.is_paired && !mode.seeks_network {
                assert_eq!(Permits::of(&mode), Permits::default(), "{mode:?}");
            }
        }
    }

    #[test]
    fn an_unpaired_camera_looks_for_its_network_at_most() {
        let looks = Permits { capture: true, network_code: true, ..Permits::default() };
        for mode in every_mode() {
            let permits = Permits::of(&mode);
            if mode.is_paired {
                let ignored = OperatingMode { seeks_network: false, ..mode.clone() };
                assert_eq!(permits, Permits::of(&ignored), "{mode:?}");
                assert!(!permits.network_code, "{mode:?}");
            } else {
                assert!([Permits::default(), looks].contains(&permits), "{mode:?}");
            }
        }
        let seeking = OperatingMode { seeks_network: true, ..OperatingMode::factory() };
        assert_eq!(Permits::of(&seeking), looks);
    }

    #[test]
    fn no_permit_outlives_what_it_stands_on() {
        for mode in every_mode() {
            let permits = Permits::of(&mode);
            let row = format!("{mode:?} gives {permits:?}");
            assert!(permits.capture || !permits.network_code, "{row}");
            assert!(permits.capture || !permits.motion, "{row}");
            assert!(permits.capture || !permits.prebuffer, "{row}");
            assert!(permits.prebuffer || !permits.record, "{row}");
            assert!(permits.prebuffer || !permits.record_audio, "{row}");
            assert!(mode.recording_audio_active || !permits.record_audio, "{row}");
            assert!(mode.recording_active || !permits.record, "{row}");
            for service in 0..LIVE_SERVICES {
                assert!(mode.rtp_active[service] || !permits.live[service], "{row}");
            }
        }
    }

    #[test]
    fn the_four_modes_of_the_home_app() {
        let mode = |camera, rtp, recording| OperatingMode {
            is_paired: true,
            homekit_camera_active: camera,
            rtp_active: [rtp; LIVE_SERVICES],
            recording_active: recording,
            has_selected_configuration: true,
            ..OperatingMode::factory()
        };
        // name, mode, capture, live, record, snapshot
        let table = [
            ("off", mode(false, false, false), false, false, false, false),
            ("detect activity", mode(true, false, false), true, false, false, false),
            ("stream", mode(true, true, false), true, true, false, true),
            ("stream and allow recording", mode(true, true, true), true, true, true, true),
        ];
        for (name, mode, capture, live, record, snapshot) in table {
            let permits = Permits::of(&mode);
            assert_eq!(permits.capture, capture, "{name}");
            assert_eq!(permits.live, [live; LIVE_SERVICES], "{name}");
            assert_eq!(permits.record, record, "{name}");
            assert_eq!(permits.snapshot(None).is_ok(), snapshot, "{name}");
        }
    }

    #[test]
    fn a_snapshot_refusal_tells_the_missing_reason_from_the_forbidden_one() {
        use Refusal::{InsufficientPrivileges as Unsaid, NotAllowedInCurrentState as Forbidden};
        use SnapshotReason::{Event, Periodic};
        // event on, periodic on, reason, answer
        let table = [
            (true, true, None, Ok(())),
            (false, true, None, Err(Unsaid)),
            (true, false, None, Err(Unsaid)),
            (false, false, None, Err(Unsaid)),
            (false, true, Some(Event), Err(Forbidden)),
            (false, true, Some(Periodic), Ok(())),
            (true, false, Some(Periodic), Err(Forbidden)),
            (true, false, Some(Event), Ok(())),
        ];
        for (event, periodic, reason, answer) in table {
            let mode = OperatingMode {
                is_paired: true,
                event_snapshots_active: event,
                periodic_snapshots_active: periodic,
                ..OperatingMode::factory()
            };
            let row = format!("event {event}, periodic {periodic}, reason {reason:?}");
            assert_eq!(Permits::of(&mode).snapshot(reason), answer, "{row}");
        }
    }
}
