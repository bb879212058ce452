// SPDX-License-Identifier: MIT OR Apache-2.0
//! `org.hsvcam.Camera1`: translates, decides nothing.

use std::collections::HashMap;
use std::time::Duration;

use ::control::{Condition, Error, LiveSession, Recording};
use frame::Size;
use zbus::object_server::SignalEmitter;
use zbus::{OwnedFd, interface};

use super::desk::{Desk, Request};
use super::state::State;
use super::written::Written;
use super::{explain, memfd};

/// Pixels of a snapshot's sides.
const SIDES: std::ops::RangeInclusive<u32> = 2..=4096;
/// Seconds that motion may be watched.
const WATCH_S: std::ops::RangeInclusive<u32> = 1..=600;

/// State, motion, pictures.
pub struct Camera1 {
    desk: Desk,
    software_privacy: Written<bool>,
    night_vision: Written<bool>,
}

impl Camera1 {
    /// Over `desk`, whose callers know `state`.
    pub fn new(desk: Desk, state: &State) -> Self {
        let software_privacy = Written::new(state.is_disabled_by_owner);
        Self { desk, software_privacy, night_vision: Written::new(state.night_vision) }
    }

    /// Tells of every property that differs.
    pub async fn tell(
        &self,
        emitter: &SignalEmitter<'_>,
        old: &State,
        new: &State,
    ) -> zbus::Result<()> {
        if old.mode.manually_disabled != new.mode.manually_disabled {
            self.manually_disabled_changed(emitter).await?;
        }
        if self.software_privacy.is_ours(new.is_disabled_by_owner) {
            self.software_privacy_changed(emitter).await?;
        }
        if old.privacy_switch() != new.privacy_switch() {
            self.privacy_switch_changed(emitter).await?;
        }
        if old.mode() != new.mode() {
            self.mode_changed(emitter).await?;
        }
        if old.permits() != new.permits() {
            self.permits_changed(emitter).await?;
        }
        if old.is_moving != new.is_moving {
            self.motion_detected_changed(emitter).await?;
        }
        if self.night_vision.is_ours(new.night_vision) {
            self.night_vision_changed(emitter).await?;
        }
        if old.filter != new.filter {
            self.night_changed(emitter).await?;
        }
        if old.light != new.light {
            self.status_light_changed(emitter).await?;
        }
        if old.is_recording != new.is_recording {
            self.recording_changed(emitter).await?;
        }
        if old.viewers != new.viewers {
            self.viewers_changed(emitter).await?;
        }
        Ok(())
    }
}

#[interface(name = "org.hsvcam.Camera1", introspection_docs = false)]
impl Camera1 {
    #[zbus(property)]
    fn manually_disabled(&self) -> bool {
        self.desk.state().mode.manually_disabled
    }

    #[zbus(property)]
    fn software_privacy(&self) -> bool {
        self.desk.state().is_disabled_by_owner
    }

    #[zbus(property)]
    async fn set_software_privacy(
        &self,
        is_on: bool,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> Result<(), Error> {
        let write = self.software_privacy.begin();
        let done = self.desk.order(|answer| Request::SetSoftwarePrivacy(is_on, answer)).await;
        let now = self.desk.state().is_disabled_by_owner;
        if done.is_ok() {
            write.granted(now);
        } else if write.refused(now) {
            self.software_privacy_changed(&emitter).await?;
        }
        done
    }

    #[zbus(property)]
    fn privacy_switch(&self) -> String {
        self.desk.state().privacy_switch().to_owned()
    }

    #[zbus(property)]
    fn mode(&self) -> String {
        self.desk.state().mode().to_owned()
    }

    #[zbus(property)]
    fn permits(&self) -> HashMap<String, bool> {
        let permits = self.desk.state().permits();
        let named = [
            ("capture", permits.capture),
            ("motion", permits.motion),
            ("prebuffer", permits.prebuffer),
            ("record", permits.record),
            ("record-audio", permits.record_audio),
            ("live", permits.live.contains(&true)),
        ];
        named.map(|(name, is_permitted)| (name.to_owned(), is_permitted)).into()
    }

    #[zbus(property)]
    fn motion_detected(&self) -> bool {
        self.desk.state().is_moving
    }

    #[zbus(property)]
    fn night_vision(&self) -> String {
        self.desk.state().night_vision().to_owned()
    }

    #[zbus(property)]
    async fn set_night_vision(
        &self,
        mode: String,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> Result<(), Error> {
        let is_automatic = match mode.as_str() {
            "automatic" => true,
            "off" => false,
            _ => return Err(Error::InvalidArgument("night vision is automatic or off".to_owned())),
        };
        let write = self.night_vision.begin();
        let done = self.desk.order(|answer| Request::SetNightVision(is_automatic, answer)).await;
        let now = self.desk.state().night_vision;
        if done.is_ok() {
            write.granted(now);
        } else if write.refused(now) {
            self.night_vision_changed(&emitter).await?;
        }
        done
    }

    #[zbus(property)]
    fn night(&self) -> String {
        self.desk.state().night().to_owned()
    }

    #[zbus(property)]
    fn status_light(&self) -> String {
        self.desk.state().status_light().to_owned()
    }

    #[zbus(property)]
    fn recording(&self) -> bool {
        self.desk.state().is_recording
    }

    #[zbus(property)]
    fn viewers(&self) -> u32 {
        self.desk.state().viewers
    }

    async fn trigger_motion(&self) -> Result<(), Error> {
        self.desk.order(Request::TriggerMotion).await
    }

    #[zbus(out_args("jpeg"))]
    async fn snapshot(&self, width: u32, height: u32) -> Result<OwnedFd, Error> {
        let side = |pixels: u32| {
            let out_of_range = || Error::InvalidArgument("a side has 2 to 4096 pixels".to_owned());
            let pixels = SIDES.contains(&pixels).then_some(pixels).ok_or_else(out_of_range)?;
            u16::try_from(pixels).map_err(|_| out_of_range())
        };
        let size = Size::new(side(width)?, side(height)?);
        let jpeg = self.desk.ask(|answer| Request::Snapshot(size, answer)).await?;
        memfd::sealed("hsvd-snapshot", &jpeg)
    }

    #[zbus(out_args("sessions"))]
    async fn live_sessions(&self) -> Result<Vec<LiveSession>, Error> {
        self.desk.ask(Request::LiveSessions).await
    }

    #[zbus(out_args("recordings"))]
    async fn recordings(&self) -> Result<Vec<Recording>, Error> {
        self.desk.ask(Request::Recordings).await
    }

    #[zbus(out_args("conditions"))]
    async fn explain_recording(&self) -> Result<Vec<Condition>, Error> {
        Ok(explain::conditions(&*self.desk.ask(Request::Facts).await?))
    }

    async fn identify(&self) -> Result<(), Error> {
        self.desk.order(Request::Identify).await
    }

    async fn watch_motion(&self, seconds: u32) -> Result<(), Error> {
        if !WATCH_S.contains(&seconds) {
            return Err(Error::InvalidArgument(
                "motion is watched for 1 to 600 seconds".to_owned(),
            ));
        }
        let time = Duration::from_secs(seconds.into());
        self.desk.ask(|answer| Request::WatchMotion(time, answer)).await
    }

    #[zbus(signal)]
    pub async fn recording_started(emitter: &SignalEmitter<'_>, id: u64) -> zbus::Result<()>;

    #[zbus(signal)]
    pub async fn recording_ended(
        emitter: &SignalEmitter<'_>,
        recording: Recording,
    ) -> zbus::Result<()>;

    #[zbus(signal)]
    pub async fn live_session_started(
        emitter: &SignalEmitter<'_>,
        session: LiveSession,
    ) -> zbus::Result<()>;

    #[zbus(signal)]
    pub async fn live_session_ended(
        emitter: &SignalEmitter<'_>,
        id: u32,
        reason: String,
    ) -> zbus::Result<()>;

    #[zbus(signal)]
    pub async fn motion_score(
        emitter: &SignalEmitter<'_>,
        score: f64,
        threshold: f64,
    ) -> zbus::Result<()>;
}
