// SPDX-License-Identifier: MIT OR Apache-2.0
//! SelectedRTPStreamConfiguration, 0x117: a viewer starts, alters or ends its live session.
//!
//! [`Request`] is what stands in a write, where all but the session control may be absent;
//! [`Selection`] is what a session runs with, complete.

mod selection;

use tlv8::{Fields, Writer};

use super::live::{AudioCodec, SampleRate};
use super::recording::{H264, Level, Profile, Resolution, wire_enum};
use super::setup_endpoints::SessionId;

pub use selection::{AudioSelection, Incomplete, Selection, VideoSelection};

/// Longest value that is read; real ones have about 125 bytes.
pub const MAX_BYTES: usize = 512;
/// The largest RTP payload type; it has seven bits.
const MAX_PAYLOAD_TYPE: u8 = 127;
/// Sides of a picture in pixels that an encoder can make.
const SIDES: std::ops::RangeInclusive<u16> = 16..=3840;

wire_enum! {
    /// What is to become of the session.
    #[allow(missing_docs, reason = "the names are the standard's own")]
    Command {
        End = 0,
        Start = 1,
        Suspend = 2,
        Resume = 3,
        Reconfigure = 4,
    }
}

/// Which session, and what with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionControl {
    /// The session that SetupEndpoints made.
    pub session_id: SessionId,
    /// What to do.
    pub command: Command,
}

/// A write, as far as the viewer filled it in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Request {
    /// Which session, and what with it.
    pub control: SessionControl,
    /// Of the picture.
    pub video: Video,
    /// Of the sound; `None` where the write does not speak of it.
    pub audio: Option<Audio>,
}

/// What a write says about the picture.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Video {
    /// H.264 profile.
    pub profile: Option<Profile>,
    /// H.264 level.
    pub level: Option<Level>,
    /// Size and rate.
    pub resolution: Option<Resolution>,
    /// Its packets.
    pub rtp: Rtp,
}

/// What a write says about the sound.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Audio {
    /// The codec.
    pub codec: Option<AudioCodec>,
    /// Samples a second.
    pub sample_rate: Option<SampleRate>,
    /// Sound in one packet, in milliseconds.
    pub packet_time_ms: Option<u8>,
    /// Its packets.
    pub rtp: Rtp,
}

/// What a write says about packets.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Rtp {
    /// RTP payload type, 0 to 127.
    pub payload_type: Option<u8>,
    /// The viewer's own SSRC.
    pub ssrc: Option<u32>,
    /// The most bits a second, in thousands; never 0.
    pub max_bitrate_kbps: Option<u16>,
    /// Between RTCP reports, in seconds; more than 0 and finite.
    pub rtcp_interval_s: Option<f32>,
    /// Bytes of a whole protected packet; never 0.
    pub mtu: Option<u16>,
    /// RTP payload type of comfort noise.
    pub comfort_noise: Option<u8>,
}

/// A number that is out of its range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Field {
    VideoCodec,
    Profile,
    Level,
    Resolution,
    AudioCodec,
    Channels,
    SampleRate,
    PacketTime,
    PayloadType,
}

/// Why a SelectedRTPStreamConfiguration write is not one. The viewer is at fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Over [`MAX_BYTES`].
    #[error("stream selection of {0} bytes is too long")]
    TooLong(usize),
    /// A command that does not exist.
    #[error("live session command {0} is unknown")]
    Command(u8),
    /// Nothing that this camera could do.
    #[error("stream selection: {0:?} is not on offer")]
    NotOffered(Field),
    /// A field is missing, stands twice or is misshapen.
    #[error(transparent)]
    Tlv(#[from] tlv8::Error),
}

impl Request {
    /// Reads a write; its fields come in any order.
    ///
    /// # Errors
    /// [`Error`]; the write then gets -70410.
    pub fn parse(input: &[u8]) -> Result<Self, Error> {
        if input.len() > MAX_BYTES {
            return Err(Error::TooLong(input.len()));
        }
        let fields = Fields::parse(input)?;
        let control = control(&fields.fields(1)?)?;
        Ok(match control.command {
            Command::Start | Command::Reconfigure => Self {
                control,
                video: part(&fields, 2)?.as_ref().map(video).transpose()?.unwrap_or_default(),
                audio: part(&fields, 3)?.as_ref().map(audio).transpose()?,
            },
            // They need no more, so nothing else in them can keep a session from its end.
            Command::End | Command::Suspend | Command::Resume => {
                Self { control, video: Video::default(), audio: None }
            }
        })
    }
}

fn control(fields: &Fields) -> Result<SessionControl, Error> {
    let number = fields.number(2)?;
    let command = Command::from_number(number).ok_or(Error::Command(number))?;
    Ok(SessionControl { session_id: SessionId(fields.array(1)?), command })
}

fn video(fields: &Fields) -> Result<Video, Error> {
    known(fields, 1, Field::VideoCodec, |codec| (codec == H264).then_some(()))?;
    let parameters = part(fields, 2)?.unwrap_or(Fields::parse(&[])?);
    let attributes = part(fields, 3)?;
    Ok(Video {
        profile: known(&parameters, 1, Field::Profile, Profile::from_number)?,
        level: known(&parameters, 2, Field::Level, Level::from_number)?,
        resolution: attributes.as_ref().map(resolution).transpose()?,
        rtp: rtp(fields, 4)?,
    })
}

fn audio(fields: &Fields) -> Result<Audio, Error> {
    let parameters = part(fields, 2)?.unwrap_or(Fields::parse(&[])?);
    known(&parameters, 1, Field::Channels, |channels| (channels == MONO).then_some(()))?;
    Ok(Audio {
        codec: known(fields, 1, Field::AudioCodec, AudioCodec::from_number)?,
        sample_rate: known(&parameters, 3, Field::SampleRate, SampleRate::from_number)?,
        packet_time_ms: known(&parameters, 4, Field::PacketTime, |ms| (ms > 0).then_some(ms))?,
        rtp: rtp(fields, 3)?,
    })
}

fn resolution(fields: &Fields) -> Result<Resolution, Error> {
    let resolution = Resolution::new(fields.number(1)?, fields.number(2)?, fields.number(3)?);
    let is_fit = SIDES.contains(&resolution.width) && SIDES.contains(&resolution.height);
    if is_fit && resolution.fps > 0 {
        Ok(resolution)
    } else {
        Err(Error::NotOffered(Field::Resolution))
    }
}

fn rtp(outer: &Fields, kind: u8) -> Result<Rtp, Error> {
    let Some(fields) = part(outer, kind)? else { return Ok(Rtp::default()) };
    let payload_type = |kind| {
        let in_range = |number| (number <= MAX_PAYLOAD_TYPE).then_some(number);
        known(&fields, kind, Field::PayloadType, in_range)
    };
    Ok(Rtp {
        payload_type: payload_type(1)?,
        ssrc: optional(&fields, 2)?,
        max_bitrate_kbps: optional(&fields, 3)?.filter(|&kbps: &u16| kbps > 0),
        rtcp_interval_s: seconds(&fields)?,
        mtu: optional(&fields, 5)?.filter(|&bytes: &u16| bytes > 0),
        comfort_noise: payload_type(6)?,
    })
}

/// Viewers write 0 where the interval is to stay as it is.
fn seconds(fields: &Fields) -> Result<Option<f32>, Error> {
    let Some(bytes) = fields.bytes(4)? else { return Ok(None) };
    let bytes = bytes.try_into().map_err(|_| tlv8::Error::Range(4))?;
    Ok(Some(f32::from_le_bytes(bytes)).filter(|seconds| seconds.is_finite() && *seconds > 0.0))
}

fn part(fields: &Fields, kind: u8) -> Result<Option<Fields>, Error> {
    Ok(fields.bytes(kind)?.map(Fields::parse).transpose()?)
}

fn optional<T: TryFrom<u64>>(fields: &Fields, kind: u8) -> Result<Option<T>, Error> {
    let narrow = |number| T::try_from(number).map_err(|_| tlv8::Error::Range(kind));
    Ok(fields.uint(kind)?.map(narrow).transpose()?)
}

fn known<T>(
    fields: &Fields,
    kind: u8,
    field: Field,
    meaning: impl Fn(u8) -> Option<T>,
) -> Result<Option<T>, Error> {
    let number: Option<u8> = optional(fields, kind)?;
    number.map(|number| meaning(number).ok_or(Error::NotOffered(field))).transpose()
}

/// The characteristic's value while there is no session.
pub fn idle_value() -> Vec<u8> {
    Writer::new().tlv(1, &Writer::new().u8(2, Command::Suspend.number())).finish()
}

const MONO: u8 = 1;
