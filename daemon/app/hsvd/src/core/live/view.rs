// SPDX-License-Identifier: MIT OR Apache-2.0
//! One live session: its ports, keys and packets.

use std::time::{Duration, Instant};

use camera::ConnectionId;
use camera::tlv::live::CryptoSuite;
use camera::tlv::selected_rtp::{Selection, VideoSelection};
use camera::tlv::setup_endpoints::{Endpoint, Prepared, Request, SessionId, SrtpParameters};
use frame::EncodedFrame;
use media::EncodeId;
use privacy::LivePermit;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::Rng;
use rtp::rtcp::Cname;
use rtp::{
    Change, Input, KeyLengthError, Moment, Mtu, Output, Session, SessionConfig, SrtpKeys,
    StreamConfig, Suite, rtcp_interval,
};

use super::voice::Voice;
use crate::udp::Port;

/// Packets of this size pass where the viewer named none, by the version of IP.
const USUAL_MTU_V4: u16 = 1378;
const USUAL_MTU_V6: u16 = 1228;
/// A socket that is full asks for an IDR no more often.
const IDR_AFTER_DROP: Duration = Duration::from_secs(1);

/// Where a view's pictures come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Feed {
    /// An encode for live view.
    Encode(EncodeId),
    /// The recording's.
    Recording,
}

/// What a view is made from.
pub(super) struct Seed {
    pub permit: LivePermit,
    pub connection: ConnectionId,
    pub request: Request,
    pub video: Port,
    pub audio: Port,
    pub cname: Cname,
    /// The owner's bound, in bytes.
    pub maximum_mtu: u16,
}

/// Why a view cannot be.
#[derive(Debug, thiserror::Error)]
pub(super) enum PrepareError {
    /// The socket has no address.
    #[error("port")]
    Port(#[from] std::io::Error),
    /// The viewer wants no protection, or its key is none.
    #[error("SRTP keys")]
    Keys(#[from] KeyLengthError),
    /// See [`CryptoSuite::None`].
    #[error("live view is never sent without protection")]
    Unprotected,
}

/// One live session.
pub(super) struct View {
    pub id: SessionId,
    /// Among the sessions that were started; 0 before.
    pub number: u32,
    pub connection: ConnectionId,
    pub permit: LivePermit,
    pub controller: Endpoint,
    pub video: Port,
    pub audio: Port,
    ours: SrtpKeys,
    theirs: SrtpKeys,
    video_ssrc: u32,
    pub(super) sound_keys: SoundKeys,
    pub(super) cname: Cname,
    maximum_mtu: u16,
    /// Datagrams that came before the start.
    pub(super) early: u64,
    pub(super) running: Option<Running>,
    /// The sound, once it is started.
    pub(super) voice: Option<Voice>,
}

/// What the set-up agreed on for sound.
pub(super) struct SoundKeys {
    pub ours: SrtpKeys,
    pub theirs: SrtpKeys,
    pub ssrc: u32,
}

/// What a started session has besides.
pub(super) struct Running {
    pub session: Session,
    pub selection: VideoSelection,
    pub since: Instant,
    /// The bits a second that the viewer takes now.
    pub target_bps: u32,
    pub is_suspended: bool,
    pub feed: Option<Feed>,
    /// Nothing is sent before an IDR: the feed is new to the viewer.
    awaits_idr: bool,
    has_dropped: bool,
    idr_asked: Option<Instant>,
    pub frames: u64,
}

impl View {
    /// A session that can be started, and our half of it.
    pub fn prepare(seed: Seed, rng: &mut ChaCha20Rng) -> Result<(Self, Prepared), PrepareError> {
        let Seed { permit, connection, request, video, audio, cname, maximum_mtu } = seed;
        let (video_srtp, ours) = draw_keys(request.video_srtp.suite, rng)?;
        let (audio_srtp, our_sound) = draw_keys(request.audio_srtp.suite, rng)?;
        let (video_at, audio_at) = (video.local()?, audio.local()?);
        let prepared = Prepared {
            accessory: Endpoint {
                address: video_at.ip(),
                video_port: video_at.port(),
                audio_port: audio_at.port(),
            },
            video_srtp,
            audio_srtp,
            video_ssrc: draw_ssrc(rng),
            audio_ssrc: draw_ssrc(rng),
        };
        let view = Self {
            id: request.session_id,
            number: 0,
            connection,
            permit,
            controller: request.controller,
            video,
            audio,
            ours,
            theirs: keys(&request.video_srtp)?,
            video_ssrc: prepared.video_ssrc,
            sound_keys: SoundKeys {
                ours: our_sound,
                theirs: keys(&request.audio_srtp)?,
                ssrc: prepared.audio_ssrc,
            },
            cname,
            maximum_mtu,
            early: 0,
            running: None,
            voice: None,
        };
        Ok((view, prepared))
    }

    /// From now on pictures may be sent, once [`View::set_feed`] says which.
    pub fn start(&mut self, now: Instant, selection: Selection, rng: &mut ChaCha20Rng) {
        let video = selection.video;
        let max_bitrate_bps = u32::from(video.max_bitrate_kbps) * 1000;
        let config = SessionConfig {
            stream: StreamConfig {
                ssrc: self.video_ssrc,
                payload_type: video.payload_type,
                first_sequence: draw_u16(rng),
                timestamp_offset: rng.next_u32(),
                rtcp_interval: rtcp_interval(video.rtcp_interval_s.unwrap_or_default()),
                cname: self.cname.clone(),
            },
            mtu: self.mtu(video.mtu),
            max_bitrate_bps,
        };
        self.running = Some(Running {
            session: Session::new(now, config, &self.ours, &self.theirs),
            selection: video,
            since: now,
            target_bps: max_bitrate_bps,
            is_suspended: false,
            feed: None,
            awaits_idr: true,
            has_dropped: false,
            idr_asked: None,
            frames: 0,
        });
    }

    /// Only what differs is touched: feedback about the bit rate stays in force.
    pub fn reconfigure(&mut self, selection: Selection) {
        let mtu = Some(self.mtu(selection.video.mtu));
        let Some(running) = &mut self.running else { return };
        let (old, new) = (running.selection, selection.video);
        let is_other_rate = old.max_bitrate_kbps != new.max_bitrate_kbps;
        let max_bitrate_bps = is_other_rate.then_some(u32::from(new.max_bitrate_kbps) * 1000);
        let rtcp_interval = new.rtcp_interval_s.map(rtcp_interval);
        running.target_bps =
            running.session.reconfigure(Change { max_bitrate_bps, rtcp_interval, mtu });
        running.selection = new;
    }

    pub fn suspend(&mut self) {
        if let Some(running) = &mut self.running {
            running.is_suspended = true;
        }
    }

    pub fn is_suspended(&self) -> bool {
        self.running.as_ref().is_some_and(|running| running.is_suspended)
    }

    /// Waits longer for a viewer who is silent on the video port and heard on the audio port;
    /// `false` when it is heard nowhere.
    pub fn wait_longer(&mut self, now: Instant) -> bool {
        let silent_at = self.voice.as_ref().and_then(Voice::silent_at).filter(|&at| at > now);
        if let (Some(silent_at), Some(running)) = (silent_at, &mut self.running) {
            running.session.expect_until(silent_at);
        }
        silent_at.is_some()
    }

    pub fn resume(&mut self) {
        if let Some(running) = &mut self.running {
            (running.is_suspended, running.awaits_idr) = (false, true);
        }
    }

    /// What the viewer takes now, in bits a second.
    pub fn set_target(&mut self, bps: u32) {
        if let Some(running) = &mut self.running {
            running.target_bps = bps;
        }
    }

    /// Where its pictures come from from now on; another source begins with an IDR.
    pub fn set_feed(&mut self, feed: Option<Feed>) {
        if let Some(running) = &mut self.running
            && running.feed != feed
        {
            (running.feed, running.awaits_idr) = (feed, true);
        }
    }

    /// Where its pictures come from; `None` while it shall have none.
    pub fn feed(&self) -> Option<Feed> {
        self.running.as_ref().and_then(|running| running.feed)
    }

    pub fn send_frame(&mut self, at: Moment, frame: &EncodedFrame) -> Vec<Output> {
        let Some(running) = &mut self.running else { return Vec::new() };
        if !self.permit.is_valid() || running.awaits_idr && !frame.is_idr {
            return Vec::new();
        }
        running.awaits_idr = false;
        running.frames += 1;
        running.session.handle(at, Input::Media(frame))
    }

    pub fn receive_video(&mut self, at: Moment, bytes: &mut [u8]) -> Vec<Output> {
        let Some(running) = &mut self.running else {
            self.early += 1;
            return Vec::new();
        };
        running.session.handle(at, Input::Received(bytes))
    }

    pub fn time_out(&mut self, at: Moment) -> Vec<Output> {
        let Some(running) = &mut self.running else { return Vec::new() };
        running.session.handle(at, Input::Timeout)
    }

    pub fn next_timeout(&self) -> Option<Instant> {
        let video = self.running.as_ref().and_then(|running| running.session.next_timeout());
        let audio = self.voice.as_ref().and_then(Voice::next_timeout);
        [video, audio].into_iter().flatten().min()
    }

    /// Sends a packet, or drops it where the socket is full.
    pub fn send(&mut self, packet: &[u8]) {
        if !self.video.send(packet)
            && let Some(running) = &mut self.running
        {
            running.has_dropped = true;
        }
    }

    /// The feed to ask for an IDR since packets of it were dropped here: the viewer cannot show
    /// what follows.
    pub fn take_idr_wish(&mut self, now: Instant) -> Option<Feed> {
        let running = self.running.as_mut()?;
        let since = running.idr_asked.map(|asked| now.saturating_duration_since(asked));
        if !running.has_dropped || since.is_some_and(|since| since < IDR_AFTER_DROP) {
            return None;
        }
        (running.has_dropped, running.idr_asked) = (false, Some(now));
        running.feed
    }

    /// Says goodbye if it was started.
    pub fn close(&mut self, at: Moment) {
        self.close_voice(at);
        let Some(running) = &mut self.running else { return };
        for output in running.session.handle(at, Input::Close) {
            if let Output::Send(packet) = output {
                self.video.send(&packet);
            }
        }
    }

    /// The least of what the viewer, the owner and the way allow.
    fn mtu(&self, selected: Option<u16>) -> Mtu {
        let usual = if self.controller.address.is_ipv6() { USUAL_MTU_V6 } else { USUAL_MTU_V4 };
        Mtu::clamped(selected.unwrap_or(usual).min(self.maximum_mtu))
    }
}

/// Random keys of `suite`, in the answer's form and in the stream's.
fn draw_keys(
    suite: CryptoSuite,
    rng: &mut ChaCha20Rng,
) -> Result<(SrtpParameters, SrtpKeys), PrepareError> {
    let mut draw = |len| {
        let mut bytes = zeroize::Zeroizing::new(vec![0; len]);
        rng.fill_bytes(&mut bytes);
        bytes
    };
    let parameters =
        SrtpParameters { suite, key: draw(suite.key_bytes()), salt: draw(suite.salt_bytes()) };
    let keys = keys(&parameters)?;
    Ok((parameters, keys))
}

fn keys(parameters: &SrtpParameters) -> Result<SrtpKeys, PrepareError> {
    let suite = match parameters.suite {
        CryptoSuite::AesCm128 => Suite::AesCm128HmacSha1_80,
        CryptoSuite::AesCm256 => Suite::AesCm256HmacSha1_80,
        CryptoSuite::None => return Err(PrepareError::Unprotected),
    };
    Ok(SrtpKeys::new(suite, &parameters.key, &parameters.salt)?)
}

/// Random and not 0.
fn draw_ssrc(rng: &mut ChaCha20Rng) -> u32 {
    rng.next_u32().max(1)
}

pub(super) fn draw_u16(rng: &mut ChaCha20Rng) -> u16 {
    let mut bytes = [0; 2];
    rng.fill_bytes(&mut bytes);
    u16::from_ne_bytes(bytes)
}
