// SPDX-License-Identifier: MIT OR Apache-2.0
//! SelectedCameraRecordingConfiguration, 0x209: what a hub chose from our offer.

use tlv8::Fields;

use super::recording::{
    AudioCodec, BitrateMode, FRAGMENTED_MP4, H264, Level, Offer, Profile, Resolution, SampleRate,
    Triggers,
};

/// Longest value that is read; real ones have 91 bytes.
pub const MAX_BYTES: usize = 1024;
/// Highest bit rate that is believed, in kbit/s; hubs select 800 to 2000.
pub const MAX_BITRATE_KBPS: u32 = 100_000;
/// Longest key frame interval that is believed, in milliseconds; hubs select 4000.
pub const MAX_IDR_INTERVAL_MS: u32 = 60_000;

/// How recordings are to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SelectedConfiguration {
    /// How much is sent from before the motion, in milliseconds; at most what was offered.
    pub prebuffer_ms: u32,
    /// What starts a recording.
    pub triggers: Triggers,
    /// Longest fragment, in milliseconds; one of the offered.
    pub fragment_ms: u32,
    /// The picture.
    pub video: SelectedVideo,
    /// The sound.
    pub audio: SelectedAudio,
}

/// How the picture is to be encoded, always as H.264.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SelectedVideo {
    /// The H.264 profile.
    pub profile: Profile,
    /// The H.264 level.
    pub level: Level,
    /// Ceiling for the average, in kbit/s.
    pub bitrate_kbps: u32,
    /// Longest time between IDR pictures, in milliseconds. Every fragment begins with one, so the
    /// shorter of this and `fragment_ms` counts.
    pub idr_interval_ms: u32,
    /// Size and rate.
    pub resolution: Resolution,
}

/// How the sound is to be encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SelectedAudio {
    /// The codec.
    pub codec: AudioCodec,
    /// Number of channels.
    pub channels: u8,
    /// How bits are spent.
    pub mode: BitrateMode,
    /// The sample rate.
    pub sample_rate: SampleRate,
    /// Ceiling, in kbit/s.
    pub bitrate_kbps: u32,
}

/// Why a selection is refused (-70410) and the old one kept. The hub is at fault, or chose from
/// an offer that it remembers from another day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Over [`MAX_BYTES`].
    #[error("selection of {0} bytes is too long")]
    TooLong(usize),
    /// A number that must not be zero is, or is beyond belief.
    #[error("{0} is out of range")]
    Range(Field),
    /// Well formed, but not among what we offer.
    #[error("{0} was not offered")]
    NotOffered(Field),
    /// A field is missing, stands twice or is misshapen.
    #[error(transparent)]
    Tlv(#[from] tlv8::Error),
}

/// Which part of a selection is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the fields' own")]
pub enum Field {
    Prebuffer,
    Triggers,
    Container,
    Fragment,
    VideoCodec,
    Profile,
    Level,
    VideoBitrate,
    IdrInterval,
    Resolution,
    AudioCodec,
    AudioBitrate,
}

impl std::fmt::Display for Field {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Prebuffer => "prebuffer length",
            Self::Triggers => "event trigger",
            Self::Container => "media container",
            Self::Fragment => "fragment length",
            Self::VideoCodec => "video codec",
            Self::Profile => "H.264 profile",
            Self::Level => "H.264 level",
            Self::VideoBitrate => "video bit rate",
            Self::IdrInterval => "key frame interval",
            Self::Resolution => "resolution",
            Self::AudioCodec => "audio codec with its parameters",
            Self::AudioBitrate => "audio bit rate",
        })
    }
}

impl SelectedConfiguration {
    /// Reads a selection and checks that `offer` holds every part of it.
    ///
    /// # Errors
    /// [`Error`]; the write then gets -70410.
    pub fn parse(input: &[u8], offer: &Offer) -> Result<Self, Error> {
        if input.len() > MAX_BYTES {
            return Err(Error::TooLong(input.len()));
        }
        let fields = Fields::parse(input)?;
        let (prebuffer_ms, triggers, fragment_ms) = parse_camera(&fields.fields(1)?, offer)?;
        let video = parse_video(&fields.fields(2)?, offer)?;
        let audio = parse_audio(&fields.fields(3)?, offer)?;
        Ok(Self { prebuffer_ms, triggers, fragment_ms, video, audio })
    }
}

fn parse_camera(fields: &Fields, offer: &Offer) -> Result<(u32, Triggers, u32), Error> {
    let prebuffer_ms: u32 = fields.number(1)?;
    let triggers = Triggers::from_bits(fields.number(2)?);
    let container = fields.fields(3)?;
    ensure(container.number::<u8>(1)? == FRAGMENTED_MP4, Error::NotOffered(Field::Container))?;
    let fragment_ms: u32 = container.fields(2)?.number(1)?;
    ensure(prebuffer_ms > 0, Error::Range(Field::Prebuffer))?;
    ensure(fragment_ms > 0, Error::Range(Field::Fragment))?;
    // A hub may want less than we hold: some offer 8000 ms and are asked for 4000.
    ensure(prebuffer_ms <= offer.prebuffer.get(), Error::NotOffered(Field::Prebuffer))?;
    ensure(offer.triggers.contains(triggers), Error::NotOffered(Field::Triggers))?;
    ensure(offer.fragments_ms.contains(&fragment_ms), Error::NotOffered(Field::Fragment))?;
    Ok((prebuffer_ms, triggers, fragment_ms))
}

fn parse_video(fields: &Fields, offer: &Offer) -> Result<SelectedVideo, Error> {
    ensure(fields.number::<u8>(1)? == H264, Error::NotOffered(Field::VideoCodec))?;
    let parameters = fields.fields(2)?;
    let profile = Profile::from_number(parameters.number(1)?)
        .filter(|profile| offer.profiles.contains(profile))
        .ok_or(Error::NotOffered(Field::Profile))?;
    let level = Level::from_number(parameters.number(2)?)
        .filter(|level| offer.levels.contains(level))
        .ok_or(Error::NotOffered(Field::Level))?;
    let bitrate_kbps = parameters.number(3)?;
    let idr_interval_ms = parameters.number(4)?;
    ensure((1..=MAX_BITRATE_KBPS).contains(&bitrate_kbps), Error::Range(Field::VideoBitrate))?;
    ensure((1..=MAX_IDR_INTERVAL_MS).contains(&idr_interval_ms), Error::Range(Field::IdrInterval))?;
    let attributes = fields.fields(3)?;
    let resolution =
        Resolution::new(attributes.number(1)?, attributes.number(2)?, attributes.number(3)?);
    ensure(offer.resolutions.contains(&resolution), Error::NotOffered(Field::Resolution))?;
    Ok(SelectedVideo { profile, level, bitrate_kbps, idr_interval_ms, resolution })
}

fn parse_audio(fields: &Fields, offer: &Offer) -> Result<SelectedAudio, Error> {
    let not_offered = Error::NotOffered(Field::AudioCodec);
    let codec = AudioCodec::from_number(fields.number(1)?).ok_or(not_offered)?;
    let parameters = fields.fields(2)?;
    let channels = parameters.number(1)?;
    let mode = BitrateMode::from_number(parameters.number(2)?).ok_or(not_offered)?;
    let sample_rate = SampleRate::from_number(parameters.number(3)?).ok_or(not_offered)?;
    let bitrate_kbps = parameters.number(4)?;
    ensure((1..=MAX_BITRATE_KBPS).contains(&bitrate_kbps), Error::Range(Field::AudioBitrate))?;
    let is_offered = offer.audio.iter().any(|audio| {
        (audio.codec, audio.channels, audio.mode) == (codec, channels, mode)
            && audio.sample_rates.contains(&sample_rate)
    });
    ensure(is_offered, not_offered)?;
    Ok(SelectedAudio { codec, channels, mode, sample_rate, bitrate_kbps })
}

fn ensure(holds: bool, otherwise: Error) -> Result<(), Error> {
    if holds { Ok(()) } else { Err(otherwise) }
}
