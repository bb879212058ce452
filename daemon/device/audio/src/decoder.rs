// SPDX-License-Identifier: MIT OR Apache-2.0
//! Packets of a live session in, samples out; what is lost is made up.

use crate::coder::{CoderError, Decoding};
use crate::live::LiveFormat;

/// Most samples that a packet decodes to: 120 ms of Opus at 24 kHz.
pub(crate) const MAX_SAMPLES: usize = 24_000 * 120 / 1_000;

/// A packet or a stream that cannot be decoded.
#[derive(Debug, thiserror::Error)]
#[error("the sound cannot be decoded")]
pub struct DecodeError(#[from] CoderError);

/// A decoder of one channel at the rate of its [`LiveFormat`].
#[derive(Debug)]
pub struct Decoder {
    decoding: Decoding,
    samples: Box<[i16]>,
    /// What the newest good packet decoded to, so that a lost one is as long.
    packet_samples: usize,
}

impl Decoder {
    /// A decoder for packets of `format`.
    ///
    /// # Errors
    /// [`DecodeError`] when the library has no memory, or AAC is not built in.
    pub fn new(format: LiveFormat) -> Result<Self, DecodeError> {
        let packet_samples = usize::try_from(format.packet_samples()).expect("60 ms");
        let samples = vec![0; MAX_SAMPLES].into();
        Ok(Self { decoding: Decoding::new(format)?, samples, packet_samples })
    }

    /// The samples of one packet; any packet time is taken.
    ///
    /// # Errors
    /// [`DecodeError`] when it is no packet of this codec: [`Decoder::conceal`] it then.
    pub fn decode(&mut self, packet: &[u8]) -> Result<&[i16], DecodeError> {
        if packet.is_empty() {
            return Err(DecodeError(CoderError::Library("an empty packet".to_owned())));
        }
        let count = self.decoding.decode(packet, &mut self.samples)?;
        self.packet_samples = count;
        Ok(&self.samples[..count])
    }

    /// What stands in for a lost packet: the sound before it, fading when several are lost in a
    /// row. As long as the packet before.
    pub fn conceal(&mut self) -> &[i16] {
        let lost = &mut self.samples[..self.packet_samples];
        let count = match self.decoding.conceal(lost) {
            Ok(count) => count,
            Err(error) => {
                tracing::debug!(%error, "a loss becomes silence");
                lost.fill(0);
                lost.len()
            }
        };
        &self.samples[..count]
    }
}
