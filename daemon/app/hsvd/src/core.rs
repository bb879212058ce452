// SPDX-License-Identifier: MIT OR Apache-2.0
//! The core task: the one owner of all state. Sockets, threads and signals send it inputs; the
//! pure crates say what to do; it does that, in order.

mod accessory;
mod control;
mod counters;
mod hands;
mod history;
mod live;
mod media_events;
mod stream;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use camera::Camera;
use camera::motion::MotionChange;
use frame::Coded;
use media::{SnapshotError, SoundEvent, SpeakerEvent, VideoEvent};
use privacy::Gate;
use rand_chacha::ChaCha20Rng;
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time;
use tracing::{debug, info};

use crate::advert::Announcer;
use crate::control::{Answer, Request};
use crate::hands::{HandEvent, Hands};
use crate::motion::MotionWatch;
use crate::net::{Connections, NetEvent};
use crate::saver::Saver;
use crate::seek::{Seek, Seeks};
use crate::store::StoreError;
use crate::{net, restart, watchdog};

pub use control::Control;
pub use live::{Arrival, Capacity, LiveEncodes, LiveViews};
pub use stream::Recordings;

use crate::sounds::Sounds;
use crate::udp::Datagram;

/// How long the end may take, goodbyes included.
const SHUT_DOWN_WITHIN: Duration = Duration::from_millis(1500);
/// How long threads and the disk may take besides.
const LEAVE_AFTER: Duration = Duration::from_millis(1900);

/// What threads and the store send. The channel has no bound: its senders are paced by the camera
/// itself, and what waits while the core is busy is what the prebuffer would hold anyway.
#[derive(Debug)]
pub enum Input {
    /// From the video threads.
    Video(VideoEvent),
    /// From the microphone's thread.
    Microphone(SoundEvent),
    /// From the thread that makes silence.
    Silence(SoundEvent),
    /// From the loudspeaker's thread.
    Speaker(SpeakerEvent),
    /// From the motion thread.
    Motion(MotionChange),
    /// From the thread that looks for the code of a network.
    Seeks(Seeks),
    /// A snapshot is ready.
    Snapshot(hap::Ticket, Result<Coded, SnapshotError>),
    /// The pairings are on the disk, or not.
    PairingsSaved(hap::Ticket, Result<(), StoreError>),
    /// HomeKit's settings are on the disk, or not.
    SettingsSaved(Result<(), StoreError>),
    /// The factory reset will be done at the next start, whatever happens; or not.
    ResetPromised(Result<(), StoreError>),
    /// A hand is at the camera's switch, button or bell.
    Hand(HandEvent),
    /// So many macroblocks a second the software encoder makes on one core.
    EncoderSpeed(u32),
}

/// Everything the core task owns.
pub struct Core {
    pub gate: Gate,
    pub camera: Camera,
    pub hap: hap::Server,
    pub hds: hds::Server,
    pub recordings: Recordings,
    pub live: LiveViews,
    pub hap_connections: Connections,
    pub hds_connections: Connections,
    /// Where the data stream listens.
    pub hds_port: u16,
    pub saver: Saver,
    pub video: media::Video,
    pub sounds: Sounds,
    /// Sound is made for recordings.
    pub has_sound: bool,
    pub motion: MotionWatch,
    pub seek: Seek,
    pub announcer: Announcer,
    pub pairing_help: crate::console::PairingHelp,
    pub rng: ChaCha20Rng,
    pub inputs: mpsc::UnboundedSender<Input>,
    /// Whose writes the camera is at work on.
    pub writes: HashMap<camera::Ticket, Writer>,
    pub next_write: u64,
    /// The tap of the motion thread, made anew when the gate opens.
    pub is_watching: bool,
    /// The source is open.
    pub is_capturing: bool,
    /// Set once, when the daemon is to end.
    pub end: Option<End>,
    /// Where HAP and the data stream listen.
    pub listens_at: [SocketAddr; 2],
    pub control: Control,
    /// Last, so that the light goes out after everything else is gone.
    pub hands: Hands,
}

/// Why the daemon ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Somebody wants it to.
    Stopped,
    /// A factory reset is promised: the next start is that of another camera.
    Reset,
    /// A caller wants it to begin anew.
    Restart,
}

/// Who waits for a write to be saved.
pub enum Writer {
    /// Over HAP.
    Controller(hap::Ticket),
    /// Over the control interface.
    Owner(Answer<()>),
}

/// The signals that the daemon answers. Until they are listened to, each of them kills.
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
    trigger: Signal,
    ring: Signal,
}

impl Signals {
    /// Listens from now on.
    ///
    /// # Errors
    /// What the system says.
    pub fn listen() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            trigger: signal(SignalKind::user_defined1())?,
            ring: signal(SignalKind::user_defined2())?,
        })
    }
}

/// What comes in from outside.
pub struct Ports {
    pub signals: Signals,
    pub hap: TcpListener,
    pub hds: TcpListener,
    pub net: mpsc::Receiver<(net::Link, NetEvent)>,
    pub inputs: mpsc::UnboundedReceiver<Input>,
    pub datagrams: mpsc::Receiver<Datagram<Arrival>>,
    pub advert: Option<JoinHandle<()>>,
    pub requests: mpsc::Receiver<Request>,
}

impl Core {
    /// Runs until SIGTERM, SIGINT, a factory reset or a wish to begin anew.
    pub async fn run(mut self, mut ports: Ports, start: Vec<camera::Action>) -> End {
        let Signals { terminate, interrupt, trigger, ring } = &mut ports.signals;
        let mut watchdog = watchdog::interval().map(time::interval);
        self.act(Instant::now(), start);
        watchdog::ready();
        let end = loop {
            self.publish(Instant::now());
            if let Some(end) = self.end {
                break end;
            }
            let deadline = self.next_timeout();
            tokio::select! {
                biased;
                _ = first_of(terminate, interrupt) => break End::Stopped,
                _ = trigger.recv() => {
                    info!("motion triggered by signal");
                    if self.trigger_motion().is_err() {
                        info!("the camera is off or unpaired: no motion");
                    }
                }
                _ = ring.recv() => {
                    info!("rung by signal");
                    self.rung(Instant::now());
                }
                Some(input) = ports.inputs.recv() => self.handle(input),
                Some((link, event)) = ports.net.recv() => self.net_event(link, event),
                Some(datagram) = ports.datagrams.recv() => {
                    self.datagram(Instant::now(), datagram);
                }
                accepted = net::accept(&ports.hap) => self.accepted(net::Link::Hap, accepted),
                accepted = net::accept(&ports.hds) => self.accepted(net::Link::Hds, accepted),
                () = sleep_until(deadline) => self.time_out(),
                () = tick(&mut watchdog) => watchdog::alive(),
                // Last: nothing that HomeKit waits for comes after a caller's wish
                Some(request) = ports.requests.recv() => self.asked(Instant::now(), request),
            }
        };
        match end {
            End::Stopped => watchdog::stopping(),
            End::Reset | End::Restart => watchdog::restarting(),
        }
        self.shut_down(ports, end).await;
        end
    }

    fn next_timeout(&self) -> Option<Instant> {
        let timeouts = [
            self.hap.next_timeout(),
            self.hds.next_timeout(),
            self.camera.next_timeout(),
            self.recordings.next_timeout(),
            self.live.next_timeout(),
            self.hands.next_timeout(),
            self.control.next_timeout(),
        ];
        timeouts.into_iter().flatten().min()
    }

    fn time_out(&mut self) {
        let now = Instant::now();
        let outputs = self.hap.handle(now, hap::Input::Timeout);
        self.do_hap(now, outputs);
        let outputs = self.hds.handle(now, hds::Input::Timeout);
        self.do_hds(now, outputs);
        let actions = self.camera.handle(now, camera::Input::Timeout);
        self.act(now, actions);
        self.recordings_timeout(now);
        self.live_timeout(now);
        if self.hands.next_timeout().is_some_and(|due| due <= now) {
            self.show_situation();
        }
    }

    fn handle(&mut self, input: Input) {
        let now = Instant::now();
        match input {
            Input::Video(event) => self.video_event(now, event),
            Input::Microphone(SoundEvent::Packet(_)) if !self.gate.permits().record_audio => {}
            Input::Microphone(event) | Input::Silence(event) => self.sound_event(now, event),
            Input::Speaker(event) => self.speaker_event(event),
            Input::Motion(change) => self.motion_changed(now, change),
            Input::Seeks(seeks) => self.network_sought(now, seeks),
            Input::Hand(event) => self.hand_event(now, event),
            Input::EncoderSpeed(speed) => self.encoder_measured(speed),
            Input::Snapshot(ticket, picture) => self.snapshot_ready(now, ticket, picture),
            Input::PairingsSaved(ticket, saved) => {
                let result = self.saver.note(saved).then_some(()).ok_or(hap::StoreFailed);
                let outputs = self.hap.handle(now, hap::Input::Persisted { ticket, result });
                self.do_hap(now, outputs);
            }
            Input::ResetPromised(promised) => self.reset_promised(promised),
            Input::SettingsSaved(saved) => {
                let is_saved = self.saver.note(saved);
                let actions = self.camera.handle(now, camera::Input::Persisted { is_saved });
                self.act(now, actions);
            }
        }
    }

    fn accepted(&mut self, link: net::Link, (stream, peer): (TcpStream, SocketAddr)) {
        let connections = match link {
            net::Link::Hap => &mut self.hap_connections,
            net::Link::Hds => &mut self.hds_connections,
        };
        match connections.adopt(stream, peer) {
            Ok((conn, peer)) => self.net_event(link, NetEvent::Opened { conn, peer }),
            Err(error) => debug!(?link, %error, "connection lost before it began"),
        }
    }

    fn net_event(&mut self, link: net::Link, event: NetEvent) {
        let now = Instant::now();
        match link {
            net::Link::Hap => self.hap_event(now, event),
            net::Link::Hds => self.hds_event(now, event),
        }
    }

    async fn shut_down(mut self, ports: Ports, end: End) {
        let now = Instant::now();
        // A driver or a disk that hangs must not keep us: nothing acknowledged is lost by leaving.
        std::thread::spawn(move || {
            std::thread::sleep(LEAVE_AFTER);
            match end {
                End::Stopped => std::process::exit(0),
                End::Reset | End::Restart => restart::now(),
            }
        });
        self.recorder(now, camera::recording::Input::Stopping);
        self.end_live_views(now);
        self.publish(now);
        drop((ports.hap, ports.hds, self.announcer));
        let mut net = ports.net;
        // Writers tell what has left, and wait while nobody listens.
        tokio::spawn(async move { while net.recv().await.is_some() {} });
        let goodbyes = async {
            tokio::join!(self.hds_connections.shut_down(), self.hap_connections.shut_down());
            if let Some(advert) = ports.advert
                && let Err(error) = advert.await
            {
                debug!(%error, "mDNS task");
            }
        };
        if time::timeout(SHUT_DOWN_WITHIN, goodbyes).await.is_err() {
            debug!("a peer did not take its goodbye in time");
        }
        self.control.outlet.end();
        info!(event = "stopped", "stopped");
    }
}

async fn first_of(one: &mut Signal, other: &mut Signal) -> Option<()> {
    tokio::select! { got = one.recv() => got, got = other.recv() => got }
}

async fn sleep_until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => time::sleep_until(deadline.into()).await,
        None => std::future::pending().await,
    }
}

async fn tick(interval: &mut Option<time::Interval>) {
    match interval {
        Some(interval) => {
            interval.tick().await;
        }
        None => std::future::pending().await,
    }
}
