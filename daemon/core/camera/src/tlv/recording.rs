// SPDX-License-Identifier: MIT OR Apache-2.0
//! What recordings the camera offers: the three Supported…RecordingConfiguration values and the
//! hash that tells whether a stored selection was made from this very offer.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use tlv8::Writer;

/// Length of every offered fragment in milliseconds; what all known hubs select.
pub const FRAGMENT_MS: u32 = 4000;

/// What may start a recording, as the standard's bit mask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Triggers(u64);

impl Triggers {
    /// Movement.
    pub const MOTION: Self = Self(1);
    /// A press on the bell.
    pub const DOORBELL: Self = Self(2);

    /// Any mask; unknown bits are kept, so that they can be refused.
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// The mask on the wire.
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// Whether every trigger of `other` is here.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Both together.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

macro_rules! wire_enum {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $number:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(u8)]
        pub enum $name { $($(#[$vdoc])* $variant = $number,)+ }

        impl $name {
            /// The number on the wire.
            pub const fn number(self) -> u8 {
                self as u8
            }

            /// The meaning of a number, if it has one.
            pub const fn from_number(number: u8) -> Option<Self> {
                match number { $($number => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}
pub(crate) use wire_enum;

wire_enum! {
    /// An H.264 profile.
    Profile {
        /// Constrained baseline.
        Baseline = 0,
        /// Main.
        Main = 1,
        /// High.
        High = 2,
    }
}

wire_enum! {
    /// An H.264 level.
    Level {
        /// 3.1: up to 1280×720 at 30 frames a second.
        L3_1 = 0,
        /// 3.2
        L3_2 = 1,
        /// 4.0: up to 1920×1080 at 30 frames a second.
        L4_0 = 2,
    }
}

wire_enum! {
    /// An audio codec of recordings. Live view numbers its codecs otherwise: never mix the two.
    AudioCodec {
        /// AAC-LC
        AacLc = 0,
        /// AAC-ELD
        AacEld = 1,
    }
}

wire_enum! {
    /// How an audio encoder spends its bits.
    BitrateMode {
        /// As many as the sound needs.
        Variable = 0,
        /// The same all the time.
        Constant = 1,
    }
}

wire_enum! {
    /// A sample rate of recordings.
    #[allow(missing_docs, reason = "the name says it")]
    SampleRate {
        Hz8000 = 0,
        Hz16000 = 1,
        Hz24000 = 2,
        Hz32000 = 3,
        Hz44100 = 4,
        Hz48000 = 5,
    }
}

impl SampleRate {
    /// In hertz.
    pub const fn hz(self) -> u32 {
        match self {
            Self::Hz8000 => 8_000,
            Self::Hz16000 => 16_000,
            Self::Hz24000 => 24_000,
            Self::Hz32000 => 32_000,
            Self::Hz44100 => 44_100,
            Self::Hz48000 => 48_000,
        }
    }
}

/// A picture size and rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resolution {
    /// In pixels.
    pub width: u16,
    /// In pixels.
    pub height: u16,
    /// In frames a second.
    pub fps: u8,
}

impl Resolution {
    /// `width` × `height` pixels at `fps` frames a second.
    pub const fn new(width: u16, height: u16, fps: u8) -> Self {
        Self { width, height, fps }
    }

    pub(crate) fn write(self) -> Writer {
        Writer::new().u16(1, self.width).u16(2, self.height).u8(3, self.fps)
    }
}

/// How much is kept from before a motion: 4000 to 8000 ms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PrebufferMs(u32);

impl PrebufferMs {
    /// The least that the standard allows, and what hubs select.
    pub const MIN: Self = Self(4000);
    /// The most that is offered; certified cameras offer as much.
    pub const MAX: Self = Self(8000);

    /// In milliseconds.
    pub const fn get(self) -> u32 {
        self.0
    }
}

/// The prebuffer is too short or too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the prebuffer must last 4000 to 8000 ms, not {0}")]
pub struct PrebufferRange(pub u32);

impl TryFrom<u32> for PrebufferMs {
    type Error = PrebufferRange;

    fn try_from(ms: u32) -> Result<Self, PrebufferRange> {
        let is_fit = (Self::MIN.0..=Self::MAX.0).contains(&ms);
        if is_fit { Ok(Self(ms)) } else { Err(PrebufferRange(ms)) }
    }
}

/// One audio codec on offer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AudioOffer {
    /// The codec.
    pub codec: AudioCodec,
    /// Number of channels.
    pub channels: u8,
    /// How bits are spent.
    pub mode: BitrateMode,
    /// The rates to choose from.
    pub sample_rates: Vec<SampleRate>,
}

/// All that a hub may select from. Bit rates and key frame intervals are the hub's to name; to
/// offer them breaks hubs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The prebuffer.
    pub prebuffer: PrebufferMs,
    /// What may start a recording.
    pub triggers: Triggers,
    /// Fragment lengths, in milliseconds; the container is always fragmented MP4.
    pub fragments_ms: Vec<u32>,
    /// H.264 profiles.
    pub profiles: Vec<Profile>,
    /// H.264 levels.
    pub levels: Vec<Level>,
    /// Picture sizes and rates.
    pub resolutions: Vec<Resolution>,
    /// Audio codecs.
    pub audio: Vec<AudioOffer>,
}

impl Offer {
    /// The shortest list that suits every hub: 1080p and 720p at 30 frames a second, 720p at 15,
    /// H.264 main, AAC-LC mono at 32 kHz. Longer lists make the Home app answer mode changes with
    /// an error.
    ///
    /// It does not depend on the sensor. Hubs arm a camera reliably only where both sizes are on
    /// offer, and they keep a camera's offer from the day of pairing, so a list that follows the
    /// hardware would strand paired homes when the sensor or its mode changes. A smaller or
    /// differently shaped picture is scaled and letterboxed into what the hub selects.
    pub fn standard(prebuffer: PrebufferMs) -> Self {
        Self {
            prebuffer,
            triggers: Triggers::MOTION,
            fragments_ms: vec![FRAGMENT_MS],
            profiles: vec![Profile::Main],
            levels: vec![Level::L3_1, Level::L4_0],
            resolutions: vec![
                Resolution::new(1920, 1080, 30),
                Resolution::new(1280, 720, 30),
                Resolution::new(1280, 720, 15),
            ],
            audio: vec![AudioOffer {
                codec: AudioCodec::AacLc,
                channels: 1,
                mode: BitrateMode::Variable,
                sample_rates: vec![SampleRate::Hz32000],
            }],
        }
    }

    /// Without the slow rates, for homes that fare better with the shortest list.
    #[must_use]
    pub fn at_30_fps_only(mut self) -> Self {
        self.resolutions.retain(|resolution| resolution.fps == 30);
        self
    }

    /// With a press on the bell as a second trigger.
    #[must_use]
    pub fn for_doorbell(mut self) -> Self {
        self.triggers = self.triggers.with(Triggers::DOORBELL);
        self
    }

    /// Value of SupportedCameraRecordingConfiguration, 0x205.
    pub fn camera_recording(&self) -> Vec<u8> {
        let containers = self.fragments_ms.iter().map(|&ms| {
            Writer::new().u8(1, FRAGMENTED_MP4).tlv(2, &Writer::new().u32(1, ms)).finish()
        });
        let out = Writer::new().u32(1, self.prebuffer.get()).u64(2, self.triggers.bits());
        list(out, 3, containers).finish()
    }

    /// Value of SupportedVideoRecordingConfiguration, 0x206.
    pub fn video_recording(&self) -> Vec<u8> {
        let profiles = self.profiles.iter().map(|profile| vec![profile.number()]);
        let levels = self.levels.iter().map(|level| vec![level.number()]);
        let parameters = list(list(Writer::new(), 1, profiles), 2, levels);
        let attributes = self.resolutions.iter().map(|resolution| resolution.write().finish());
        let codec = Writer::new().u8(1, H264).tlv(2, &parameters);
        Writer::new().tlv(1, &list(codec, 3, attributes)).finish()
    }

    /// Value of SupportedAudioRecordingConfiguration, 0x207.
    pub fn audio_recording(&self) -> Vec<u8> {
        let codecs = self.audio.iter().map(|audio| {
            let rates = audio.sample_rates.iter().map(|rate| vec![rate.number()]);
            let parameters = Writer::new().u8(1, audio.channels).u8(2, audio.mode.number());
            Writer::new().u8(1, audio.codec.number()).tlv(2, &list(parameters, 3, rates)).finish()
        });
        list(Writer::new(), 1, codecs).finish()
    }

    /// SHA-256 over the three values in base64, one after the other: kept with a selection, since
    /// a selection made from another offer is void.
    pub fn hash(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        for value in [self.camera_recording(), self.video_recording(), self.audio_recording()] {
            hash.update(STANDARD.encode(value));
        }
        hash.finalize().into()
    }
}

/// The only media container.
pub(crate) const FRAGMENTED_MP4: u8 = 0;
/// The only video codec.
pub(crate) const H264: u8 = 0;

pub(crate) fn list(out: Writer, kind: u8, values: impl Iterator<Item = Vec<u8>>) -> Writer {
    let values: Vec<Vec<u8>> = values.collect();
    out.list(kind, values.iter().map(Vec::as_slice))
}
