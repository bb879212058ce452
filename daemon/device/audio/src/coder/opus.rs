// SPDX-License-Identifier: MIT OR Apache-2.0
//! libopus. One channel, for voices: a packet is one frame of its whole length wherever the library
//! codes speech, which keeps it small, and several frames in one packet otherwise.

use opus::{Application, Bitrate, Channels, Signal};

use super::CoderError;
use crate::live::{LiveFormat, LiveRate};

/// Longest packet: fits every datagram. 60 ms at the highest bit rate are 720 bytes.
const MAX_PACKET_BYTES: usize = 1_000;

/// One stream to be encoded.
#[derive(Debug)]
pub(crate) struct Coder {
    library: opus::Encoder,
    frame_samples: usize,
    delay_samples: usize,
}

impl Coder {
    pub(crate) fn new(format: LiveFormat) -> Result<Self, CoderError> {
        let rate_hz = format.rate.hz();
        let mut library = opus::Encoder::new(rate_hz, Channels::Mono, Application::Voip)?;
        library.set_vbr(true)?;
        library.set_signal(Signal::Voice)?;
        let bps = i32::try_from(format.encoder_bps()).expect("a rate within the range");
        library.set_bitrate(Bitrate::Bits(bps))?;
        let delay_samples = usize::try_from(library.get_lookahead()?).unwrap_or(0);
        let frame_samples = usize::try_from(format.packet_samples()).expect("60 ms");
        Ok(Self { library, frame_samples, delay_samples })
    }

    pub(crate) fn frame_samples(&self) -> usize {
        self.frame_samples
    }

    pub(crate) fn delay_samples(&self) -> usize {
        self.delay_samples
    }

    pub(crate) fn encode(&mut self, frame: &[i16]) -> Result<Vec<u8>, CoderError> {
        Ok(self.library.encode_vec(frame, MAX_PACKET_BYTES)?)
    }
}

/// One stream to be decoded.
#[derive(Debug)]
pub(crate) struct Decoding(opus::Decoder);

impl Decoding {
    pub(crate) fn new(rate: LiveRate) -> Result<Self, CoderError> {
        Ok(Self(opus::Decoder::new(rate.hz(), Channels::Mono)?))
    }

    pub(crate) fn decode(
        &mut self,
        packet: &[u8],
        samples: &mut [i16],
    ) -> Result<usize, CoderError> {
        Ok(self.0.decode(packet, samples, false)?)
    }

    pub(crate) fn conceal(&mut self, samples: &mut [i16]) -> Result<usize, CoderError> {
        Ok(self.0.decode(&[], samples, false)?)
    }
}

impl From<opus::Error> for CoderError {
    fn from(error: opus::Error) -> Self {
        Self::Library(error.to_string())
    }
}
