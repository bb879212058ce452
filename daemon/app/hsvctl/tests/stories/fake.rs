// SPDX-License-Identifier: MIT OR Apache-2.0
//! A camera that is in any state one likes: the contract's object on a bus, and nothing behind it.
//! For states that a real one seldom has; that this one keeps to the contract is a test of its own.

use std::collections::HashMap;
use std::fs::File;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use control::{Condition, Controller, Error, Finding, LiveSession, Recording, Setting, Vitals};
use tokio::sync::mpsc::UnboundedSender;
use zbus::object_server::SignalEmitter;
use zbus::{Connection, fdo, interface};

/// Of the picture and of the archive.
pub const SIZE: usize = 100_000;

/// What it says, and what was asked of it.
pub struct State {
    pub health: &'static str,
    pub privacy: bool,
    pub mode: &'static str,
    pub night_vision: String,
    pub paired: bool,
    pub failed_attempts: u16,
    pub sessions: Vec<LiveSession>,
    pub recordings: Vec<Recording>,
    pub conditions: Vec<Condition>,
    pub controllers: Vec<Controller>,
    pub findings: Vec<Finding>,
    pub settings: Vec<Setting>,
    pub restart_needed: bool,
    /// What a method answers instead.
    pub refusals: HashMap<&'static str, fn() -> Error>,
    /// How long a method thinks.
    pub pause: Duration,
    pub calls: Vec<String>,
}

pub type Shared = Arc<Mutex<State>>;

pub fn setting(key: &str, value: &str, from: &str) -> Setting {
    Setting { key: key.to_owned(), value: value.to_owned(), from: from.to_owned() }
}

pub fn condition(name: &str, met: bool, text: &str, advice: &str) -> Condition {
    Condition { name: name.to_owned(), met, text: text.to_owned(), advice: advice.to_owned() }
}

impl Default for State {
    fn default() -> Self {
        Self {
            health: "ok",
            privacy: false,
            mode: "stream-and-record",
            night_vision: "automatic".to_owned(),
            paired: true,
            failed_attempts: 0,
            sessions: vec![LiveSession {
                id: 3,
                service: 0,
                viewer: "192.168.1.20".to_owned(),
                width: 1280,
                height: 720,
                fps: 30,
                bitrate: 1_500_000,
                started: 1_700_000_000,
                suspended: false,
                sound: true,
                lost: 0.5,
            }],
            recordings: vec![Recording {
                id: 12,
                started: 1_700_000_000,
                open_ms: 44_000,
                media_ms: 48_000,
                fragments: 12,
                bytes: 11_500_000,
                outcome: "normal".to_owned(),
                reason: "the motion was over".to_owned(),
            }],
            conditions: vec![
                condition("paired", true, "the camera is paired", ""),
                condition("selected", false, "no hub has chosen a format", "wait for a home hub"),
                condition("active", false, "recording is off", "choose Stream & Allow Recording"),
            ],
            controllers: vec![Controller {
                id: "A0000000-0000-4000-8000-000000000001".to_owned(),
                admin: true,
                connected: true,
                last_seen: Some(1_700_000_000),
            }],
            findings: vec![Finding {
                check: "camera".to_owned(),
                verdict: "ok".to_owned(),
                text: "pictures come".to_owned(),
                advice: String::new(),
            }],
            settings: vec![
                setting("name", "\"Porch\"", "file"),
                setting("hap.port", "51826", "default"),
                setting("hap.advertise", "false", "file"),
                setting("motion.zones", "[]", "default"),
            ],
            restart_needed: false,
            refusals: HashMap::new(),
            pause: Duration::ZERO,
            calls: Vec::new(),
        }
    }
}

/// Puts it on the bus; `again` is told when it is to be restarted.
pub async fn serve(address: &str, state: &Shared, again: UnboundedSender<()>) -> Connection {
    let path = control::OBJECT_PATH;
    let served = zbus::connection::Builder::address(address)
        .serve_at(path, Camera(Arc::clone(state)))
        .serve_at(path, Pairing(Arc::clone(state), again.clone()))
        .serve_at(path, Settings(Arc::clone(state)))
        .serve_at(path, System(Arc::clone(state), again))
        .name(control::BUS_NAME)
        .serve_at(control::UPDATE_PATH, crate::fake_update::Updates)
        .name(control::UPDATE_NAME)
        .build();
    served.await.expect("the camera is on the bus")
}

fn lock(state: &Shared) -> MutexGuard<'_, State> {
    state.lock().expect("no test panics while it holds this")
}

/// Notes the call; refuses it if it is to be.
async fn called(state: &Shared, method: &'static str, arguments: &str) -> Result<(), Error> {
    let pause = lock(state).pause;
    tokio::time::sleep(pause).await;
    let mut state = lock(state);
    state.calls.push(format!("{method}({arguments})"));
    state.refusals.get(method).map_or(Ok(()), |error| Err(error()))
}

fn memory(first: &[u8]) -> zbus::OwnedFd {
    let fd = rustix::fs::memfd_create("fake", rustix::fs::MemfdFlags::CLOEXEC).unwrap();
    let mut file = File::from(fd);
    file.write_all(first).unwrap();
    file.write_all(&vec![b'x'; SIZE - first.len()]).unwrap();
    OwnedFd::from(file).into()
}

pub struct Camera(Shared);

#[interface(name = "org.hsvcam.Camera1")]
impl Camera {
    #[zbus(property)]
    fn manually_disabled(&self) -> bool {
        lock(&self.0).privacy
    }
    #[zbus(property)]
    fn software_privacy(&self) -> bool {
        lock(&self.0).privacy
    }
    #[zbus(property)]
    fn set_software_privacy(&self, is_on: bool) -> fdo::Result<()> {
        let mut state = lock(&self.0);
        if state.refusals.contains_key("SoftwarePrivacy") {
            return Err(fdo::Error::Failed("the disk refused".to_owned()));
        }
        state.privacy = is_on;
        Ok(())
    }
    #[zbus(property)]
    fn privacy_switch(&self) -> &str {
        "off"
    }
    #[zbus(property)]
    fn mode(&self) -> &str {
        lock(&self.0).mode
    }
    #[zbus(property)]
    fn permits(&self) -> HashMap<String, bool> {
        let all = ["capture", "motion", "prebuffer", "record", "record-audio", "live"];
        let is_on = !lock(&self.0).privacy;
        all.map(|name| (name.to_owned(), is_on && name != "record-audio")).into()
    }
    #[zbus(property)]
    fn motion_detected(&self) -> bool {
        false
    }
    #[zbus(property)]
    fn night_vision(&self) -> String {
        lock(&self.0).night_vision.clone()
    }
    #[zbus(property)]
    fn set_night_vision(&self, mode: &str) {
        lock(&self.0).night_vision = mode.to_owned();
    }
    #[zbus(property)]
    fn night(&self) -> &str {
        "day"
    }
    #[zbus(property)]
    fn status_light(&self) -> &str {
        "pictures"
    }
    #[zbus(property)]
    fn recording(&self) -> bool {
        false
    }
    #[zbus(property)]
    fn viewers(&self) -> u32 {
        1
    }

    /// A whole motion: its recording begins and ends, and a view too.
    async fn trigger_motion(
        &self,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> Result<(), Error> {
        called(&self.0, "TriggerMotion", "").await?;
        let (recording, session) = {
            let state = lock(&self.0);
            (state.recordings[0].clone(), state.sessions[0].clone())
        };
        Self::recording_started(&emitter, 12).await?;
        Self::recording_ended(&emitter, recording).await?;
        Self::live_session_started(&emitter, session).await?;
        Self::live_session_ended(&emitter, 3, "the viewer left").await?;
        Ok(())
    }
    async fn snapshot(&self, width: u32, height: u32) -> Result<zbus::OwnedFd, Error> {
        called(&self.0, "Snapshot", &format!("{width}x{height}")).await?;
        Ok(memory(&[0xff, 0xd8]))
    }
    async fn live_sessions(&self) -> Result<Vec<LiveSession>, Error> {
        called(&self.0, "LiveSessions", "").await?;
        Ok(lock(&self.0).sessions.clone())
    }
    async fn recordings(&self) -> Result<Vec<Recording>, Error> {
        called(&self.0, "Recordings", "").await?;
        Ok(lock(&self.0).recordings.clone())
    }
    async fn explain_recording(&self) -> Result<Vec<Condition>, Error> {
        called(&self.0, "ExplainRecording", "").await?;
        Ok(lock(&self.0).conditions.clone())
    }
    async fn identify(&self) -> Result<(), Error> {
        called(&self.0, "Identify", "").await
    }
    /// Two looks at once, the second one above the threshold.
    async fn watch_motion(
        &self,
        seconds: u32,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> Result<(), Error> {
        called(&self.0, "WatchMotion", &seconds.to_string()).await?;
        for score in [0.001, 0.25] {
            Self::motion_score(&emitter, score, 0.004).await?;
        }
        Ok(())
    }

    #[zbus(signal)]
    async fn recording_started(emitter: &SignalEmitter<'_>, id: u64) -> zbus::Result<()>;
    #[zbus(signal)]
    async fn recording_ended(emitter: &SignalEmitter<'_>, recording: Recording)
    -> zbus::Result<()>;
    #[zbus(signal)]
    async fn live_session_started(
        emitter: &SignalEmitter<'_>,
        session: LiveSession,
    ) -> zbus::Result<()>;
    #[zbus(signal)]
    async fn live_session_ended(
        emitter: &SignalEmitter<'_>,
        id: u32,
        reason: &str,
    ) -> zbus::Result<()>;
    #[zbus(signal)]
    async fn motion_score(
        emitter: &SignalEmitter<'_>,
        score: f64,
        threshold: f64,
    ) -> zbus::Result<()>;
}

pub struct Pairing(Shared, UnboundedSender<()>);

#[interface(name = "org.hsvcam.Pairing1")]
impl Pairing {
    #[zbus(property)]
    fn paired(&self) -> bool {
        lock(&self.0).paired
    }
    #[zbus(property)]
    fn failed_attempts(&self) -> u16 {
        lock(&self.0).failed_attempts
    }
    async fn controllers(&self) -> Result<Vec<Controller>, Error> {
        called(&self.0, "Controllers", "").await?;
        Ok(lock(&self.0).controllers.clone())
    }
    async fn setup_code(&self) -> Result<(String, String), Error> {
        called(&self.0, "SetupCode", "").await?;
        Ok(("031-45-155".to_owned(), "X-HM://00HQY3LZN7OSX".to_owned()))
    }
    async fn remove(&self, id: &str) -> Result<(), Error> {
        called(&self.0, "Remove", id).await
    }
    async fn unpair_all(&self) -> Result<(), Error> {
        called(&self.0, "UnpairAll", "").await
    }
    async fn factory_reset(&self) -> Result<(), Error> {
        called(&self.0, "FactoryReset", "").await?;
        self.1.send(()).expect("somebody restarts it");
        Ok(())
    }
    async fn clear_attempts(&self) -> Result<(), Error> {
        called(&self.0, "ClearAttempts", "").await
    }
}

pub struct Settings(Shared);

#[interface(name = "org.hsvcam.Settings1")]
impl Settings {
    #[zbus(property)]
    fn restart_needed(&self) -> bool {
        lock(&self.0).restart_needed
    }
    async fn list(&self) -> Result<Vec<Setting>, Error> {
        called(&self.0, "List", "").await?;
        Ok(lock(&self.0).settings.clone())
    }
    async fn set(&self, key: &str, value: &str) -> Result<(), Error> {
        called(&self.0, "Set", &format!("{key}, {value}")).await?;
        let mut state = lock(&self.0);
        state.restart_needed = true;
        let found = state.settings.iter_mut().find(|setting| setting.key == key);
        *found.expect("asked before") = setting(key, value, "set");
        Ok(())
    }
    async fn unset(&self, key: &str) -> Result<(), Error> {
        called(&self.0, "Unset", key).await
    }
}

pub struct System(Shared, UnboundedSender<()>);

#[interface(name = "org.hsvcam.System1")]
impl System {
    #[zbus(property(emits_changed_signal = "const"))]
    fn version(&self) -> &str {
        "0.1.0"
    }
    #[zbus(property(emits_changed_signal = "const"))]
    fn board(&self) -> &str {
        "host"
    }
    #[zbus(property)]
    fn health(&self) -> &str {
        lock(&self.0).health
    }
    async fn doctor(&self) -> Result<Vec<Finding>, Error> {
        called(&self.0, "Doctor", "").await?;
        Ok(lock(&self.0).findings.clone())
    }
    async fn stats(&self) -> Result<HashMap<String, f64>, Error> {
        called(&self.0, "Stats", "").await?;
        Ok(HashMap::from([("frames".to_owned(), 300.0)]))
    }
    async fn diagnostics(&self) -> Result<zbus::OwnedFd, Error> {
        called(&self.0, "Diagnostics", "").await?;
        Ok(memory(b"archive"))
    }
    async fn vitals(&self) -> Result<Vitals, Error> {
        called(&self.0, "Vitals", "").await?;
        Err(Error::Busy("nobody asks a fake for its vitals".to_owned()))
    }
    async fn set_update_fault(&self, fault: String) -> Result<(), Error> {
        called(&self.0, "SetUpdateFault", &fault).await
    }
    async fn restart(&self) -> Result<(), Error> {
        called(&self.0, "Restart", "").await?;
        self.1.send(()).expect("somebody restarts it");
        Ok(())
    }
}
