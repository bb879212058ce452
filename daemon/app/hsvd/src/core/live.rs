// SPDX-License-Identifier: MIT OR Apache-2.0
//! Live views: carries out what the camera says about its live sessions. Packets are `rtp`'s,
//! encoders `media`'s; here they meet.
//!
//! ```text
//! SetupEndpoints ─► prepare: two UDP ports, keys ─► answer
//! start ─► View::start: rtp::Session ─► encodes: plan ─► Video::live
//! VideoEvent::Live ─► Session ─► Port;  Port ─► Session ─► IDR, bit rate, lost
//! SoundEvent::Live ─► AudioSession ─► Port;  Port ─► AudioSession ─► loudspeaker
//! ```

mod encodes;
mod sessions;
mod summary;
mod view;
mod voice;

use std::net::SocketAddr;
use std::time::{Instant, SystemTime};

use camera::tlv::selected::SelectedConfiguration;
use camera::tlv::selected_rtp::Selection;
use camera::tlv::setup_endpoints::{Prepared, Refusal, Request, SessionId};
use camera::{ConnectionId, LiveEnd};
use frame::{EncodedFrame, Pts};
use media::{EncodeId, RecordSettings};
use privacy::LIVE_SERVICES;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::Rng;
use rtp::rtcp::Cname;
use rtp::{Event, Moment, NtpTime, Output};
use tokio::sync::mpsc;
use tracing::{debug, warn};

use super::Core;
use crate::config::LiveConfig;
use crate::udp::{self, Datagram, Port};
use encodes::Recording;
pub use encodes::{Capacity, Encodes as LiveEncodes};
use summary::Reason;
use view::{Feed, View};

/// Which port of which session a datagram came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    service: usize,
    session: SessionId,
    media: Media,
}

/// What a port is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Media {
    Video,
    Audio,
}

/// All live sessions, at most one for each stream service.
pub struct LiveViews {
    views: [Option<View>; LIVE_SERVICES],
    encodes: LiveEncodes,
    config: LiveConfig,
    /// Names the camera in all of its streams; random, so that it tells nothing.
    cname: Cname,
    arrivals: mpsc::Sender<Datagram<Arrival>>,
    /// Sessions that were started so far; the newest has this number.
    started: u32,
    /// Viewers that had sound so far, so that each has a number of its own.
    listeners: u32,
}

impl LiveViews {
    /// Nobody watches. What comes in on the ports goes to `arrivals`.
    pub fn new(
        config: LiveConfig,
        encodes: LiveEncodes,
        rng: &mut ChaCha20Rng,
        arrivals: mpsc::Sender<Datagram<Arrival>>,
    ) -> Self {
        let name = format!("{:016x}", rng.next_u64());
        let cname = Cname::new(&name).expect("16 bytes are a name");
        Self {
            views: Default::default(),
            encodes,
            config,
            cname,
            arrivals,
            started: 0,
            listeners: 0,
        }
    }

    /// When [`Core::live_timeout`] is due.
    pub fn next_timeout(&self) -> Option<Instant> {
        let views = self.views.iter().flatten().filter_map(View::next_timeout);
        views.chain(self.encodes.next_look()).min()
    }

    /// What recordings are made with.
    pub fn record_settings(&mut self, selected: SelectedConfiguration) -> RecordSettings {
        self.encodes.record_settings(selected)
    }

    /// Whether a session was set up over this HAP connection.
    pub fn belongs_to(&self, connection: u64) -> bool {
        self.views.iter().flatten().any(|view| view.connection.0 == connection)
    }
}

impl Core {
    /// Opens a session's ports and draws its keys.
    pub(super) fn prepare_live(
        &mut self,
        now: Instant,
        connection: ConnectionId,
        service: usize,
        request: Request,
    ) -> Result<Prepared, Refusal> {
        let permit = self.gate.live(service).map_err(|_| Refusal::Error)?;
        let Some(local) = self.hap_connections.local(connection.0) else {
            return Err(Refusal::Error);
        };
        let session = request.session_id;
        let opened = self.open_ports(local, &request, |media| Arrival { service, session, media });
        let [video, audio] = opened.map_err(|error| {
            warn!(viewer = %request.controller.address, %error, "no port for live view");
            Refusal::Error
        })?;
        let seed = view::Seed {
            permit,
            connection,
            request,
            video,
            audio,
            cname: self.live.cname.clone(),
            maximum_mtu: self.live.config.mtu,
        };
        let (view, prepared) = View::prepare(seed, &mut self.rng).map_err(|error| {
            warn!(%error, "live view not prepared");
            Refusal::Error
        })?;
        self.live.views[service] = Some(view);
        self.pin(now, connection.0);
        Ok(prepared)
    }

    fn open_ports(
        &mut self,
        local: SocketAddr,
        request: &Request,
        arrival: impl Fn(Media) -> Arrival,
    ) -> std::io::Result<[Port; 2]> {
        let at = request.controller;
        let mut open = |port, media| {
            let (from, to) = udp::route(local, SocketAddr::new(at.address, port))?;
            let ports = self.live.config.port_range.as_ref();
            let socket = udp::bind(from, ports, view::draw_u16(&mut self.rng))?;
            Port::open(socket, to, arrival(media), self.live.arrivals.clone())
        };
        Ok([open(at.video_port, Media::Video)?, open(at.audio_port, Media::Audio)?])
    }

    /// A session runs from now on.
    pub(super) fn start_live(&mut self, now: Instant, service: usize, selection: Selection) {
        let Some(view) = &mut self.live.views[service] else { return };
        debug!(service, ?selection, "live view starts");
        self.live.started = self.live.started.wrapping_add(1);
        view.number = self.live.started;
        view.start(now, selection, &mut self.rng);
        if let Some(audio) = selection.audio {
            self.start_voice(now, service, audio);
        }
        self.plan_live();
        self.tell_live_began(now, service);
    }

    /// A session is altered.
    pub(super) fn reconfigure_live(&mut self, service: usize, selection: Selection) {
        let Some(view) = &mut self.live.views[service] else { return };
        debug!(service, ?selection, "live view altered");
        view.reconfigure(selection);
        if let Some(audio) = selection.audio {
            self.reconfigure_voice(service, audio);
        }
        self.plan_live();
    }

    /// A session sends nothing until it is resumed.
    pub(super) fn suspend_live(&mut self, service: usize) {
        let Some(view) = &mut self.live.views[service] else { return };
        view.suspend();
        self.hush(service);
        self.plan_live();
    }

    /// A suspended session sends again.
    pub(super) fn resume_live(&mut self, service: usize) {
        let Some(view) = &mut self.live.views[service] else { return };
        view.resume();
        self.let_speak(service);
        self.plan_live();
    }

    /// A session is over: says goodbye, tells how it was and frees its ports.
    pub(super) fn end_live(&mut self, now: Instant, service: usize, reason: LiveEnd) {
        self.hush(service);
        let Some(mut view) = self.live.views[service].take() else { return };
        view.close(moment(now));
        self.tell_live_ended(now, &view, Reason::Ended(reason));
        let connection = view.connection.0;
        drop(view);
        self.plan_live();
        self.pin(now, connection);
    }

    /// The daemon stops: every viewer is told.
    pub(super) fn end_live_views(&mut self, now: Instant) {
        for service in 0..self.live.views.len() {
            if let Some(mut view) = self.live.views[service].take() {
                view.close(moment(now));
                self.tell_live_ended(now, &view, Reason::Stopping);
            }
        }
    }

    /// Runs the encodes that the viewers need now.
    pub(super) fn plan_live(&mut self) {
        let recording = self.recordings.selected().filter(|_| self.gate.permits().prebuffer);
        let LiveViews { views, encodes, .. } = &mut self.live;
        encodes.plan(recording, views);
        let is_recorded = self.recordings.selected().is_some();
        encodes.watch(if is_recorded { Recording::On } else { Recording::Off });
        encodes.run(&self.video);
    }

    /// A picture for the viewers of an encode.
    pub(super) fn live_frame(&mut self, now: Instant, encode: EncodeId, frame: &EncodedFrame) {
        self.feed_live(now, Feed::Encode(encode), frame);
    }

    /// A picture of the recording, for viewers that have no encode of their own.
    pub(super) fn recorded_frame(&mut self, now: Instant, frame: &EncodedFrame) {
        self.feed_live(now, Feed::Recording, frame);
    }

    fn feed_live(&mut self, now: Instant, feed: Feed, frame: &EncodedFrame) {
        for service in 0..LIVE_SERVICES {
            let Some(view) = &mut self.live.views[service] else { continue };
            if view.feed() == Some(feed) {
                let outputs = view.send_frame(moment(now), frame);
                self.do_rtp(now, service, outputs);
            }
        }
    }

    /// Something came in on a session's port.
    pub(super) fn datagram(&mut self, now: Instant, mut datagram: Datagram<Arrival>) {
        let Arrival { service, session, media } = datagram.to;
        let view = self.live.views[service].as_mut().filter(|view| view.id == session);
        let Some(view) = view else { return }; // it waited while the session ended
        match media {
            Media::Video => {
                let outputs = view.receive_video(moment(now), &mut datagram.bytes);
                self.do_rtp(now, service, outputs);
            }
            Media::Audio => {
                let outputs = view.receive_audio(moment(now), &mut datagram.bytes);
                self.do_voice(service, outputs);
            }
        }
    }

    /// The software encoder was measured.
    pub(super) fn encoder_measured(&mut self, speed: u32) {
        self.live.encodes.measured(speed);
        self.record_selected();
        self.plan_live();
    }

    pub(super) fn live_timeout(&mut self, now: Instant) {
        if self.live.encodes.look(now, self.video.stats()) {
            self.record_selected();
            self.plan_live();
        }
        for service in 0..LIVE_SERVICES {
            let Some(view) = &mut self.live.views[service] else { continue };
            if view.next_timeout().is_some_and(|due| due <= now) {
                let outputs = view.time_out(moment(now));
                let sound = view.time_out_voice(moment(now));
                self.do_voice(service, sound);
                self.do_rtp(now, service, outputs);
            }
        }
    }

    /// Carries out what a session wants.
    fn do_rtp(&mut self, now: Instant, service: usize, outputs: Vec<Output>) {
        for output in outputs {
            let Some(view) = &mut self.live.views[service] else { return };
            match output {
                Output::Send(packet) => view.send(&packet),
                Output::Event(Event::Alive) => debug!(service, "the viewer is heard"),
                Output::Event(Event::KeyFrameWanted) => {
                    if let Some(Feed::Encode(encode)) = view.feed() {
                        self.video.request_live_idr(encode);
                    }
                }
                Output::Event(Event::Bitrate(bps)) => {
                    debug!(service, bps, "live view has another bit rate");
                    view.set_target(bps);
                    self.plan_live();
                }
                Output::Event(Event::Silent) if view.wait_longer(now) => {
                    debug!(service, "the viewer is heard on the audio port alone");
                }
                Output::Event(Event::Goodbye | Event::Silent) => {
                    let lost = camera::Input::LiveLost { service, session: view.id };
                    let actions = self.camera.handle(now, lost);
                    self.act(now, actions);
                }
            }
        }
        let wishes = self.live.views[service].as_mut().and_then(|view| view.take_idr_wish(now));
        if let Some(Feed::Encode(encode)) = wishes {
            self.video.request_live_idr(encode);
        }
    }
}

/// `now` on all clocks.
fn moment(now: Instant) -> Moment {
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    Moment {
        now,
        ntp: NtpTime::from_unix(since_epoch.unwrap_or_default()), // before 1970 nobody watched
        pts: Pts::from_monotonic(media::monotonic()),
    }
}

#[cfg(test)]
mod tests;
