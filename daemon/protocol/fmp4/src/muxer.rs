// SPDX-License-Identifier: MIT OR Apache-2.0
//! The muxer of one recording: fragments in a row. Spec: ISO/IEC 14496-12 §8.8.

use std::sync::Arc;

use frame::{AudioConfig, AudioPacket, AvcConfig, EncodedFrame, Pts};

use crate::avcc::{Avcc, SpsError};
use crate::boxes::{HEADER_LEN, Writer};
use crate::init;
use crate::timeline::Timeline;

/// Units per second of the video track: those of [`Pts`], so that no capture time is ever rounded.
pub const VIDEO_TIMESCALE_HZ: u32 = Pts::HZ;
/// Most media in one fragment: ten seconds at 50 Mbit/s.
pub const MAX_FRAGMENT_BYTES: usize = 64 << 20;
/// Most samples of one track in one fragment: ten seconds at 400 a second.
pub const MAX_SAMPLES: usize = 4096;

pub(crate) const VIDEO_TRACK: u32 = 1;
pub(crate) const AUDIO_TRACK: u32 = 2;

/// Longest AudioSpecificConfig taken; AAC-ELD's has four to six bytes.
const MAX_SPECIFIC_CONFIG: usize = 64;
/// Sound that ends this long before the pictures do has a gap and is not merely late.
const SURE_GAP: std::time::Duration = std::time::Duration::from_millis(500);

/// Depends on no other sample: a place to begin.
const SYNC: u32 = 0x0200_0000;
/// Depends on others and is not a place to begin.
const NON_SYNC: u32 = 0x0101_0000;

const TFHD_DEFAULT_BASE_IS_MOOF: u32 = 0x02_0000;
const TFHD_DEFAULT_FLAGS: u32 = 0x20;
const TRUN_OFFSET_DURATION_SIZE: u32 = 0x301;
const TRUN_FIRST_FLAGS: u32 = 0x4;

const MFHD_LEN: usize = HEADER_LEN + 4 + 4;
const TFDT_LEN: usize = HEADER_LEN + 4 + 8;

/// Why a fragment or a muxer was refused. The muxer is as it was before, but pictures are missing
/// now: the recording has to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Sample rate 0 or above 65535, channels not 1 or 2, or an AudioSpecificConfig that is empty
    /// or too long.
    #[error("the sound's format cannot be described")]
    AudioConfig,
    /// A sample is not later than the one before it, or not earlier than its end.
    #[error("time runs backwards at {} ticks of 90 kHz", .0.ticks_90k())]
    Backwards(Pts),
    /// A frame or packet was encoded with another configuration than the init segment tells.
    #[error("the encoder's configuration changed inside a recording")]
    ConfigChanged,
    /// No frames, or the first of them is not an IDR.
    #[error("a fragment has to begin with an IDR")]
    NotIdr,
    /// The parameter sets cannot be described.
    #[error(transparent)]
    Sps(#[from] SpsError),
    /// More than [`MAX_FRAGMENT_BYTES`] or [`MAX_SAMPLES`].
    #[error("a fragment of {bytes} bytes and {samples} samples is too large")]
    TooLarge {
        /// Media in it.
        bytes: usize,
        /// Samples of the longer track.
        samples: usize,
    },
    /// A sample lasts longer than its 32-bit field can tell.
    #[error("the sample at {} ticks of 90 kHz lasts too long", .0.ticks_90k())]
    TooLong(Pts),
}

/// What goes into one fragment.
#[derive(Debug, Clone, Copy)]
pub struct Gop<'a> {
    /// Access units in capture order. The first is an IDR; a later one would be written, too, but
    /// not marked as a place to begin.
    pub frames: &'a [EncodedFrame],
    /// When the next IDR was captured, or would have been: the last frame is shown until then.
    pub end: Pts,
    /// Packets of the same time in order. Late ones may come with the next fragment. Ignored when
    /// the muxer has no audio track.
    pub audio: &'a [AudioPacket],
    /// When the first packet of the next fragment was captured, if that is known by now. Without it
    /// the last packet lasts as long as it decodes to, and a gap behind it is made good by the next
    /// fragment's first packet.
    pub audio_end: Option<Pts>,
}

/// Writes one recording.
#[derive(Debug)]
pub struct Muxer {
    video: Arc<AvcConfig>,
    audio: Option<Arc<AudioConfig>>,
    next_sequence: u32,
    clock: Option<Clock>,
}

/// Both tracks' time, from the first picture on.
#[derive(Debug, Clone, Copy)]
struct Clock {
    zero: Pts,
    video: Timeline,
    /// Begins with the first packet, at the first picture of the fragment that brings it.
    audio: Option<Timeline>,
}

/// A track's part of a fragment.
struct Run<'a> {
    decode_time: u64,
    samples: Vec<(u32, &'a [u8])>,
}

impl Muxer {
    /// A recording with these tracks.
    ///
    /// # Errors
    /// [`Error::AudioConfig`] and [`Error::Sps`].
    pub fn new(video: Arc<AvcConfig>, audio: Option<Arc<AudioConfig>>) -> Result<Self, Error> {
        Avcc::new(&video)?;
        if let Some(audio) = &audio {
            let describable = (1..=u32::from(u16::MAX)).contains(&audio.sample_rate_hz)
                && (1..=2).contains(&audio.channels)
                && (1..=MAX_SPECIFIC_CONFIG).contains(&audio.specific_config.len());
            if !describable {
                return Err(Error::AudioConfig);
            }
        }
        Ok(Self { video, audio, next_sequence: 1, clock: None })
    }

    /// `ftyp` and `moov`, the same at any time.
    pub fn init_segment(&self) -> Vec<u8> {
        let avcc = Avcc::new(&self.video).expect("Muxer::new has checked it");
        init::init_segment(&avcc, &self.video, self.audio.as_deref())
    }

    /// One `moof` and one `mdat`.
    ///
    /// Sound is aligned to the first picture: packets that lie before it by more than half their
    /// length are left out, and the first one that stays begins with the picture.
    ///
    /// # Errors
    /// Every variant of [`Error`] but the two of [`Muxer::new`].
    pub fn fragment(&mut self, gop: &Gop<'_>) -> Result<Vec<u8>, Error> {
        let first = gop.frames.first().filter(|frame| frame.is_idr).ok_or(Error::NotIdr)?;
        let audio = if self.audio.is_some() { gop.audio } else { &[] };
        self.check_configs(gop.frames, audio)?;
        check_size(gop.frames, audio)?;

        let mut clock = self.clock.unwrap_or_else(|| Clock::starting_at(first.pts));
        let video = clock.video_run(gop)?;
        let audio = match &self.audio {
            Some(config) => clock.audio_run(config.sample_rate_hz, first.pts, gop)?,
            None => None,
        };
        let sequence = self.next_sequence;
        self.next_sequence = sequence.wrapping_add(1);
        self.clock = Some(clock);
        Ok(write(sequence, &video, audio.as_ref()))
    }

    fn check_configs(&self, frames: &[EncodedFrame], audio: &[AudioPacket]) -> Result<(), Error> {
        let same_video = |frame: &EncodedFrame| {
            Arc::ptr_eq(&frame.config, &self.video) || frame.config == self.video
        };
        let same_audio = |packet: &AudioPacket| {
            self.audio
                .as_ref()
                .is_some_and(|audio| Arc::ptr_eq(&packet.config, audio) || packet.config == *audio)
        };
        if frames.iter().all(same_video) && audio.iter().all(same_audio) {
            Ok(())
        } else {
            Err(Error::ConfigChanged)
        }
    }
}

fn check_size(frames: &[EncodedFrame], audio: &[AudioPacket]) -> Result<(), Error> {
    let samples = frames.len().max(audio.len());
    let lengths = frames.iter().map(|f| f.data.len()).chain(audio.iter().map(|p| p.data.len()));
    let bytes = lengths.fold(0usize, usize::saturating_add);
    if samples > MAX_SAMPLES || bytes > MAX_FRAGMENT_BYTES {
        return Err(Error::TooLarge { bytes, samples });
    }
    Ok(())
}

impl Clock {
    fn starting_at(zero: Pts) -> Self {
        Self { zero, video: Timeline::new(VIDEO_TIMESCALE_HZ, zero, zero), audio: None }
    }

    fn video_run<'a>(&mut self, gop: &Gop<'a>) -> Result<Run<'a>, Error> {
        let decode_time = self.video.position();
        let ends = gop.frames.iter().skip(1).map(|frame| frame.pts).chain([gop.end]);
        let samples = gop
            .frames
            .iter()
            .zip(ends)
            .map(|(frame, end)| Ok((self.video.take(frame.pts, end)?, &*frame.data)))
            .collect::<Result<_, Error>>()?;
        Ok(Run { decode_time, samples })
    }

    fn audio_run<'a>(
        &mut self,
        rate_hz: u32,
        first_frame: Pts,
        gop: &Gop<'a>,
    ) -> Result<Option<Run<'a>>, Error> {
        let mut packets = gop.audio;
        if self.audio.is_none() {
            // Half of a packet is its pts plus half its length
            let begins_too_early =
                |p: &AudioPacket| p.pts + length(p.samples, rate_hz) / 2 < first_frame;
            packets = &packets[packets.iter().take_while(|p| begins_too_early(p)).count()..];
        }
        let Some(last) = packets.last() else { return Ok(None) };
        let track =
            self.audio.get_or_insert_with(|| Timeline::new(rate_hz, self.zero, first_frame));

        let mut end = gop.audio_end.unwrap_or(last.pts + length(last.samples, rate_hz));
        if gop.audio_end.is_none() && gop.end - end > SURE_GAP {
            end = gop.end;
        }
        let ends = packets.iter().skip(1).map(|packet| packet.pts).chain([end]);
        let decode_time = track.position();
        let samples = packets
            .iter()
            .zip(ends)
            .map(|(packet, end)| Ok((track.take(packet.pts, end)?, &*packet.data)))
            .collect::<Result<_, Error>>()?;
        Ok(Some(Run { decode_time, samples }))
    }
}

/// How long `samples` at `rate_hz` last.
fn length(samples: u32, rate_hz: u32) -> std::time::Duration {
    std::time::Duration::from_nanos(u64::from(samples) * 1_000_000_000 / u64::from(rate_hz))
}

fn write(sequence: u32, video: &Run<'_>, audio: Option<&Run<'_>>) -> Vec<u8> {
    let moof =
        HEADER_LEN + MFHD_LEN + video.traf_len(true) + audio.map_or(0, |a| a.traf_len(false));
    let video_at = moof + HEADER_LEN;
    let audio_at = video_at + video.media_len();
    let total = audio_at + audio.map_or(0, Run::media_len);

    let mut out = Writer::with_capacity(total);
    out.boxed(b"moof", |out| {
        out.full(b"mfhd", 0, 0, |out| out.u32(sequence));
        video.write_traf(out, Some(SYNC), video_at);
        if let Some(audio) = audio {
            audio.write_traf(out, None, audio_at);
        }
    });
    out.boxed(b"mdat", |out| {
        for (_, data) in video.samples.iter().chain(audio.iter().flat_map(|a| &a.samples)) {
            out.bytes(data);
        }
    });
    let segment = out.finish();
    debug_assert_eq!(segment.len(), total);
    segment
}

impl Run<'_> {
    fn media_len(&self) -> usize {
        self.samples.iter().map(|(_, data)| data.len()).sum()
    }

    fn traf_len(&self, is_video: bool) -> usize {
        let flags = if is_video { 4 } else { 0 };
        let tfhd = HEADER_LEN + 4 + 4 + flags;
        let trun = HEADER_LEN + 4 + 4 + 4 + flags + 8 * self.samples.len();
        HEADER_LEN + tfhd + TFDT_LEN + trun
    }

    /// With `first_flags` it is the video track, whose other samples are not places to begin;
    /// every sound sample is one. `media_at` counts from the start of `moof`.
    fn write_traf(&self, out: &mut Writer, first_flags: Option<u32>, media_at: usize) {
        let (track, tfhd_flags, trun_flags) = match first_flags {
            Some(_) => (VIDEO_TRACK, TFHD_DEFAULT_FLAGS, TRUN_FIRST_FLAGS),
            None => (AUDIO_TRACK, 0, 0),
        };
        out.boxed(b"traf", |out| {
            out.full(b"tfhd", 0, TFHD_DEFAULT_BASE_IS_MOOF | tfhd_flags, |out| {
                out.u32(track);
                if first_flags.is_some() {
                    out.u32(NON_SYNC);
                }
            });
            out.full(b"tfdt", 1, 0, |out| out.u64(self.decode_time));
            out.full(b"trun", 0, TRUN_OFFSET_DURATION_SIZE | trun_flags, |out| {
                out.u32(field(self.samples.len()));
                out.u32(field(media_at)); // signed; below MAX_FRAGMENT_BYTES and a moof
                if let Some(flags) = first_flags {
                    out.u32(flags);
                }
                for &(duration, data) in &self.samples {
                    out.u32(duration);
                    out.u32(field(data.len()));
                }
            });
        });
    }
}

/// A count or length of a fragment that [`check_size`] has let pass.
fn field(value: usize) -> u32 {
    u32::try_from(value).expect("limited by MAX_FRAGMENT_BYTES and MAX_SAMPLES")
}
