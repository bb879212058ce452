// SPDX-License-Identifier: MIT OR Apache-2.0
//! What sound of a live session is coded to and from: one channel.

use frame::AudioCodec;

/// How much sound one packet carries, for Opus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PacketTime {
    /// 20 ms.
    Ms20,
    /// 40 ms.
    Ms40,
    /// 60 ms.
    Ms60,
}

impl PacketTime {
    /// `None` for what Opus has no frame for.
    pub fn from_ms(ms: u8) -> Option<Self> {
        match ms {
            20 => Some(Self::Ms20),
            40 => Some(Self::Ms40),
            60 => Some(Self::Ms60),
            _ => None,
        }
    }

    /// In milliseconds.
    pub const fn ms(self) -> u32 {
        match self {
            Self::Ms20 => 20,
            Self::Ms40 => 40,
            Self::Ms60 => 60,
        }
    }
}

/// The rates that live sessions may select; the stream's RTP clock too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LiveRate {
    /// 16 kHz.
    Hz16000,
    /// 24 kHz.
    Hz24000,
}

impl LiveRate {
    /// `None` for other rates.
    pub fn from_hz(hz: u32) -> Option<Self> {
        match hz {
            16_000 => Some(Self::Hz16000),
            24_000 => Some(Self::Hz24000),
            _ => None,
        }
    }

    /// Samples per second.
    pub const fn hz(self) -> u32 {
        match self {
            Self::Hz16000 => 16_000,
            Self::Hz24000 => 24_000,
        }
    }
}

/// The codec of a live session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LiveCodec {
    /// AAC-ELD without SBR, 480 samples a packet.
    AacEld,
    /// Opus with variable bit rate.
    Opus(PacketTime),
}

/// What a controller selected for sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LiveFormat {
    /// The codec, and with it the length of a packet.
    pub codec: LiveCodec,
    /// The sample rate.
    pub rate: LiveRate,
    /// In bits per second. Values outside [`LiveFormat::BITRATES_BPS`] are brought inside.
    pub bitrate_bps: u32,
}

impl LiveFormat {
    /// What the encoders are run at, in bits per second.
    pub const BITRATES_BPS: std::ops::RangeInclusive<u32> = 12_000..=96_000;

    /// Samples in one packet.
    pub const fn packet_samples(self) -> u32 {
        match self.codec {
            LiveCodec::AacEld => ELD_SAMPLES,
            LiveCodec::Opus(time) => self.rate.hz() * time.ms() / 1_000,
        }
    }

    /// The codec's general name.
    pub const fn audio_codec(self) -> AudioCodec {
        match self.codec {
            LiveCodec::AacEld => AudioCodec::AacEld,
            LiveCodec::Opus(_) => AudioCodec::Opus,
        }
    }

    pub(crate) fn encoder_bps(self) -> u32 {
        self.bitrate_bps.clamp(*Self::BITRATES_BPS.start(), *Self::BITRATES_BPS.end())
    }
}

/// Samples in an AAC-ELD packet of a live session: 30 ms at 16 kHz.
pub(crate) const ELD_SAMPLES: u32 = 480;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_last_as_long_as_they_say() {
        // rate, packet time, samples
        for (rate, time, samples) in [
            (LiveRate::Hz16000, PacketTime::Ms20, 320),
            (LiveRate::Hz16000, PacketTime::Ms40, 640),
            (LiveRate::Hz16000, PacketTime::Ms60, 960),
            (LiveRate::Hz24000, PacketTime::Ms20, 480),
            (LiveRate::Hz24000, PacketTime::Ms40, 960),
            (LiveRate::Hz24000, PacketTime::Ms60, 1_440),
        ] {
            let format = LiveFormat { codec: LiveCodec::Opus(time), rate, bitrate_bps: 24_000 };
            assert_eq!(format.packet_samples(), samples, "{rate:?} {time:?}");
        }
    }

    #[test]
    fn only_what_can_be_coded_has_a_name() {
        for ms in 0..=u8::MAX {
            let known = PacketTime::from_ms(ms).map(PacketTime::ms);
            assert_eq!(known, [20, 40, 60].contains(&ms).then_some(ms.into()));
        }
        assert_eq!(LiveRate::from_hz(16_000).map(LiveRate::hz), Some(16_000));
        assert_eq!(LiveRate::from_hz(24_000).map(LiveRate::hz), Some(24_000));
        assert_eq!(LiveRate::from_hz(8_000), None);
    }
}
