// SPDX-License-Identifier: MIT OR Apache-2.0
//! What live view offers: the Supported… values of CameraRTPStreamManagement and StreamingStatus.

use tlv8::Writer;

use super::recording::{BitrateMode, H264, Level, Profile, Resolution, list, wire_enum};

wire_enum! {
    /// An audio codec of live view that controllers accept. Recordings number theirs otherwise.
    AudioCodec {
        /// AAC-ELD
        AacEld = 2,
        /// Opus
        Opus = 3,
    }
}

wire_enum! {
    /// A sample rate of live view.
    #[allow(missing_docs, reason = "the name says it")]
    SampleRate {
        Hz8000 = 0,
        Hz16000 = 1,
        Hz24000 = 2,
    }
}

impl SampleRate {
    /// In hertz; also the clock of the RTP time stamps, whatever the codec.
    pub const fn hz(self) -> u32 {
        match self {
            Self::Hz8000 => 8_000,
            Self::Hz16000 => 16_000,
            Self::Hz24000 => 24_000,
        }
    }
}

wire_enum! {
    /// How SRTP packets are protected.
    CryptoSuite {
        /// AES_CM_128_HMAC_SHA1_80, which all controllers select.
        AesCm128 = 0,
        /// AES_256_CM_HMAC_SHA1_80
        AesCm256 = 1,
        /// Not at all. Never offered.
        None = 2,
    }
}

impl CryptoSuite {
    /// Length of the master key in bytes.
    pub const fn key_bytes(self) -> usize {
        match self {
            Self::AesCm128 => 16,
            Self::AesCm256 => 32,
            Self::None => 0,
        }
    }

    /// Length of the master salt in bytes.
    pub const fn salt_bytes(self) -> usize {
        match self {
            Self::AesCm128 | Self::AesCm256 => 14,
            Self::None => 0,
        }
    }
}

wire_enum! {
    /// Value of StreamingStatus.
    StreamingStatus {
        /// Free for a viewer.
        Available = 0,
        /// A viewer has it.
        InUse = 1,
        /// Not to be had now.
        Unavailable = 2,
    }
}

impl StreamingStatus {
    /// The characteristic's value.
    pub fn value(self) -> Vec<u8> {
        Writer::new().u8(1, self.number()).finish()
    }
}

/// One audio codec on offer; always one channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AudioOffer {
    /// The codec.
    pub codec: AudioCodec,
    /// How bits are spent; controllers insist on variable.
    pub mode: BitrateMode,
    /// The rates to choose from; Macs refuse 8 kHz.
    pub sample_rates: Vec<SampleRate>,
}

/// All that a viewer may select from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveOffer {
    /// H.264 profiles.
    pub profiles: Vec<Profile>,
    /// H.264 levels.
    pub levels: Vec<Level>,
    /// Picture sizes and rates.
    pub resolutions: Vec<Resolution>,
    /// Audio codecs.
    pub audio: Vec<AudioOffer>,
    /// Packet protection.
    pub suites: Vec<CryptoSuite>,
}

/// Sizes that Apple's viewers ask for: 16:9 down to a tile, and 4:3 for tablets.
const LIVE_SIZES: [(u16, u16); 10] = [
    (1920, 1080),
    (1280, 960),
    (1280, 720),
    (1024, 768),
    (640, 480),
    (640, 360),
    (480, 360),
    (480, 270),
    (320, 240),
    (320, 180),
];
/// Pictures a second, at each size. An Apple Watch takes nothing but 320×240 at 15.
const LIVE_RATES: [u8; 2] = [30, 15];

impl LiveOffer {
    /// What every viewer finds something in: H.264 main and Opus. Audio is on offer even where
    /// there is no microphone, since viewers refuse a stream without an acceptable codec.
    pub fn standard() -> Self {
        Self {
            profiles: vec![Profile::Main],
            levels: vec![Level::L3_1, Level::L4_0],
            resolutions: LIVE_RATES
                .iter()
                .flat_map(|&fps| {
                    LIVE_SIZES.map(|(width, height)| Resolution::new(width, height, fps))
                })
                .collect(),
            audio: vec![AudioOffer {
                codec: AudioCodec::Opus,
                mode: BitrateMode::Variable,
                sample_rates: vec![SampleRate::Hz16000, SampleRate::Hz24000],
            }],
            suites: vec![CryptoSuite::AesCm128, CryptoSuite::AesCm256],
        }
    }

    /// This and AAC-ELD at 16 kHz, which viewers prefer where both are offered.
    #[must_use]
    pub fn with_aac_eld(mut self) -> Self {
        self.audio.push(AudioOffer {
            codec: AudioCodec::AacEld,
            mode: BitrateMode::Variable,
            sample_rates: vec![SampleRate::Hz16000],
        });
        self
    }

    /// Value of SupportedVideoStreamConfiguration, 0x114.
    pub fn video(&self) -> Vec<u8> {
        let profiles = self.profiles.iter().map(|profile| vec![profile.number()]);
        let levels = self.levels.iter().map(|level| vec![level.number()]);
        let parameters = list(list(Writer::new(), 1, profiles), 2, levels).u8(3, NON_INTERLEAVED);
        let attributes = self.resolutions.iter().map(|resolution| resolution.write().finish());
        let codec = Writer::new().u8(1, H264).tlv(2, &parameters);
        Writer::new().tlv(1, &list(codec, 3, attributes)).finish()
    }

    /// Value of SupportedAudioStreamConfiguration, 0x115.
    pub fn audio(&self) -> Vec<u8> {
        let codecs = self.audio.iter().map(|audio| {
            let rates = audio.sample_rates.iter().map(|rate| vec![rate.number()]);
            let parameters = list(Writer::new().u8(1, MONO).u8(2, audio.mode.number()), 3, rates);
            Writer::new().u8(1, audio.codec.number()).tlv(2, &parameters).finish()
        });
        list(Writer::new(), 1, codecs).u8(2, NO_COMFORT_NOISE).finish()
    }

    /// Value of SupportedRTPConfiguration, 0x116.
    pub fn rtp(&self) -> Vec<u8> {
        list(Writer::new(), 2, self.suites.iter().map(|suite| vec![suite.number()])).finish()
    }
}

const MONO: u8 = 1;
const NON_INTERLEAVED: u8 = 0;
const NO_COMFORT_NOISE: u8 = 0;
