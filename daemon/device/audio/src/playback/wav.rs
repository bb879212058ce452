// SPDX-License-Identifier: MIT OR Apache-2.0
//! A WAV file in the place of a loudspeaker.

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;

use super::{Drain, Playback, PlaybackError};
use crate::capture::PcmFormat;

/// Bytes before the samples.
const HEAD_LEN: u32 = 44;
/// Longest file, in bytes of samples; what follows is not written.
const MAX_DATA_BYTES: u32 = 256 << 20;

/// Takes sound at the speed of life and writes it to a file, which can be read at any time.
#[derive(Debug)]
pub struct WavSink {
    drain: Drain,
    file: File,
    data_bytes: u32,
}

impl WavSink {
    /// Makes the file, or makes it empty.
    ///
    /// # Errors
    /// [`PlaybackError::File`].
    pub fn create(path: &Path, format: PcmFormat) -> Result<Self, PlaybackError> {
        let mut file = File::create(path)?;
        file.write_all(&head(format, 0))?;
        Ok(Self { drain: Drain::new(format), file, data_bytes: 0 })
    }

    fn append(&mut self, samples: &[i16]) -> io::Result<()> {
        let bytes: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
        let total =
            u32::try_from(bytes.len()).ok().and_then(|len| self.data_bytes.checked_add(len));
        let Some(total) = total.filter(|&total| total <= MAX_DATA_BYTES) else { return Ok(()) };
        self.file.write_all(&bytes)?;
        self.data_bytes = total;
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(&head(self.drain.format, total))?;
        self.file.seek(SeekFrom::End(0))?;
        Ok(())
    }
}

impl Playback for WavSink {
    fn format(&self) -> PcmFormat {
        self.drain.format
    }

    fn write(&mut self, samples: &[i16]) -> Result<(), PlaybackError> {
        self.append(samples)?;
        self.drain.write(samples.len());
        Ok(())
    }
}

/// The parts before the samples.
fn head(format: PcmFormat, data_bytes: u32) -> [u8; HEAD_LEN as usize] {
    let channels = u16::from(format.channels);
    let moment_bytes = channels * 2;
    let byte_rate = format.sample_rate_hz * u32::from(moment_bytes);
    let mut head = [0; HEAD_LEN as usize];
    let parts: [&[u8]; 12] = [
        b"RIFF",
        &(data_bytes + HEAD_LEN - 8).to_le_bytes(),
        b"WAVEfmt ",
        &16u32.to_le_bytes(),
        &1u16.to_le_bytes(),
        &channels.to_le_bytes(),
        &format.sample_rate_hz.to_le_bytes(),
        &byte_rate.to_le_bytes(),
        &moment_bytes.to_le_bytes(),
        &16u16.to_le_bytes(),
        b"data",
        &data_bytes.to_le_bytes(),
    ];
    for (to, &from) in head.iter_mut().zip(parts.into_iter().flatten()) {
        *to = from;
    }
    head
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::Capture;
    use crate::capture::wav::Wav;

    #[test]
    fn what_is_written_can_be_played() {
        let path = std::env::temp_dir().join(format!("hsvd-sink-{}.wav", std::process::id()));
        let format = PcmFormat { sample_rate_hz: 48_000, channels: 2 };
        let mut sink = WavSink::create(&path, format).unwrap();
        sink.write(&[1, -1, 2, -2]).unwrap();
        sink.write(&[3, -3]).unwrap();
        let mut wav = Wav::open(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        assert_eq!(wav.format(), format);
        let mut samples = [0; 6];
        wav.read(&mut samples).unwrap();
        assert_eq!(samples, [1, -1, 2, -2, 3, -3]);
    }
}
