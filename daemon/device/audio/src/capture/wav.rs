// SPDX-License-Identifier: MIT OR Apache-2.0
//! A WAV file, over and over.

use std::path::{Path, PathBuf};
use std::{fs, io};

use frame::Pts;

use super::{Capture, CaptureError, Generator, PcmFormat};

/// Longest file taken, in bytes: five minutes of the largest format.
const MAX_BYTES: u64 = 256 << 20;
const PCM: u16 = 1;
const EXTENSIBLE: u16 = 0xfffe;

/// A file that plays without end.
#[derive(Debug)]
pub struct Wav {
    generator: Generator,
    /// Interleaved, at least one sample a channel.
    samples: Vec<i16>,
    /// Sample number, since the clock's zero, that the file began at.
    began: Option<u64>,
}

/// Why a file cannot be played.
#[derive(Debug, thiserror::Error)]
#[error("{}", .path.display())]
pub struct WavError {
    /// Which file.
    pub path: PathBuf,
    /// What is wrong with it.
    #[source]
    pub fault: WavFault,
}

/// What is wrong with a file.
#[derive(Debug, thiserror::Error)]
pub enum WavFault {
    /// Not one or two channels.
    #[error("{0} channels; one or two can be played")]
    Channels(u16),
    /// A part ends behind the end of the file.
    #[error("the file is cut off in its `{}` part", .0.escape_ascii())]
    CutOff([u8; 4]),
    /// No sound in it.
    #[error("the file has no samples")]
    Empty,
    /// Neither of 16 bits nor PCM.
    #[error("samples of {bits} bits in coding {coding:#x}; 16 bits of PCM can be played")]
    Coding {
        /// `wFormatTag`.
        coding: u16,
        /// `wBitsPerSample`.
        bits: u16,
    },
    /// It cannot be read.
    #[error("cannot be read")]
    Io(#[from] io::Error),
    /// A part that has to be there is not.
    #[error("the file has no `{}` part", .0.escape_ascii())]
    Missing([u8; 4]),
    /// Another kind of file.
    #[error("not a WAV file")]
    NotWav,
    /// Out of range.
    #[error("{0} samples per second; 4000 to 192000 can be played")]
    Rate(u32),
    /// Longer than we keep in memory.
    #[error("{0} bytes; {MAX_BYTES} are the limit")]
    TooLong(u64),
}

impl Wav {
    /// Reads the whole file.
    ///
    /// # Errors
    /// [`WavError`].
    pub fn open(path: &Path) -> Result<Self, WavError> {
        let read = || {
            let size = fs::metadata(path)?.len();
            if size > MAX_BYTES {
                return Err(WavFault::TooLong(size));
            }
            parse(&fs::read(path)?)
        };
        let (format, samples) =
            read().map_err(|fault| WavError { path: path.to_path_buf(), fault })?;
        Ok(Self { generator: Generator::new(format), samples, began: None })
    }
}

impl Capture for Wav {
    fn format(&self) -> PcmFormat {
        self.generator.format
    }

    fn read(&mut self, samples: &mut [i16]) -> Result<(Pts, usize), CaptureError> {
        let channels = usize::from(self.generator.format.channels);
        let moments = self.samples.len() / channels;
        let (file, began) = (&self.samples, &mut self.began);
        Ok(self.generator.read(samples, |number, moment| {
            let played = number - *began.get_or_insert(number);
            let at = usize::try_from(played % moments as u64).expect("below a length") * channels;
            moment.copy_from_slice(&file[at..at + channels]);
        }))
    }
}

/// Format and interleaved samples of a file in memory.
fn parse(file: &[u8]) -> Result<(PcmFormat, Vec<i16>), WavFault> {
    let Some((head, mut rest)) = file.split_first_chunk::<12>() else {
        return Err(WavFault::NotWav);
    };
    if !head.starts_with(b"RIFF") || !head.ends_with(b"WAVE") {
        return Err(WavFault::NotWav);
    }
    let mut format = None;
    while let Some((head, tail)) = rest.split_first_chunk::<8>() {
        let [kind @ .., a, b, c, d] = *head;
        let len = usize::try_from(u32::from_le_bytes([a, b, c, d])).unwrap_or(usize::MAX);
        let body = tail.get(..len).ok_or(WavFault::CutOff(kind))?;
        match (&kind, format) {
            (b"fmt ", _) => format = Some(parse_format(body)?),
            (b"data", None) => return Err(WavFault::Missing(*b"fmt ")),
            (b"data", Some(format)) => return Ok((format, parse_samples(format, body)?)),
            _ => {}
        }
        // parts begin at even offsets
        rest = tail.get(len + len % 2..).unwrap_or_default();
    }
    Err(WavFault::Missing(if format.is_some() { *b"data" } else { *b"fmt " }))
}

fn parse_format(body: &[u8]) -> Result<PcmFormat, WavFault> {
    let word = |at: usize| {
        let bytes = body.get(at..at + 2).and_then(|bytes| bytes.try_into().ok());
        bytes.map(u16::from_le_bytes).ok_or(WavFault::CutOff(*b"fmt "))
    };
    let (tag, channels, bits) = (word(0)?, word(2)?, word(14)?);
    let sample_rate_hz = u32::from(word(4)?) | u32::from(word(6)?) << 16;
    let coding = if tag == EXTENSIBLE { word(24)? } else { tag };
    if coding != PCM || bits != 16 {
        return Err(WavFault::Coding { coding, bits });
    }
    if !(4_000..=192_000).contains(&sample_rate_hz) {
        return Err(WavFault::Rate(sample_rate_hz));
    }
    match channels {
        1 => Ok(PcmFormat { sample_rate_hz, channels: 1 }),
        2 => Ok(PcmFormat { sample_rate_hz, channels: 2 }),
        other => Err(WavFault::Channels(other)),
    }
}

fn parse_samples(format: PcmFormat, body: &[u8]) -> Result<Vec<i16>, WavFault> {
    let moment = 2 * usize::from(format.channels);
    let whole = &body[..body.len() - body.len() % moment];
    if whole.is_empty() {
        return Err(WavFault::Empty);
    }
    Ok(whole.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop, prop_assert, proptest};

    use super::*;

    fn part(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
        let mut part = kind.to_vec();
        part.extend(u32::try_from(body.len()).unwrap().to_le_bytes());
        part.extend(body);
        part.resize(part.len() + body.len() % 2, 0);
        part
    }

    fn format(tag: u16, channels: u16, rate: u32, bits: u16) -> Vec<u8> {
        let mut body = Vec::new();
        body.extend(tag.to_le_bytes());
        body.extend(channels.to_le_bytes());
        body.extend(rate.to_le_bytes());
        body.extend((rate * u32::from(channels) * 2).to_le_bytes());
        body.extend((channels * 2).to_le_bytes());
        body.extend(bits.to_le_bytes());
        part(b"fmt ", &body)
    }

    fn wav(parts: &[Vec<u8>]) -> Vec<u8> {
        [b"RIFF\xff\xff\xff\xffWAVE".to_vec(), parts.concat()].concat()
    }

    fn good() -> Vec<u8> {
        let list = part(b"LIST", b"odd");
        wav(&[list, format(1, 2, 44_100, 16), part(b"data", &[1, 0, 255, 255, 3, 0, 4, 0, 9])])
    }

    #[test]
    fn a_file_with_other_parts_is_read() {
        let (format, samples) = parse(&good()).unwrap();
        assert_eq!(format, PcmFormat { sample_rate_hz: 44_100, channels: 2 });
        assert_eq!(samples, [1, -1, 3, 4]);
    }

    #[test]
    fn errors_name_the_fault() {
        let data = part(b"data", &[0; 8]);
        for (file, expected) in [
            (b"ID3\x04 not at all".to_vec(), "not a WAV file"),
            (vec![], "not a WAV file"),
            (wav(&[]), "the file has no `fmt ` part"),
            (wav(std::slice::from_ref(&data)), "the file has no `fmt ` part"),
            (wav(&[format(1, 1, 8_000, 16)]), "the file has no `data` part"),
            (wav(&[format(1, 1, 8_000, 16), part(b"data", &[0])]), "the file has no samples"),
            (wav(&[format(1, 6, 8_000, 16)]), "6 channels; one or two can be played"),
            (wav(&[format(1, 1, 500, 16)]), "500 samples per second; 4000 to 192000 can be played"),
            (
                wav(&[format(3, 1, 8_000, 32)]),
                "samples of 32 bits in coding 0x3; 16 bits of PCM can be played",
            ),
            (wav(&[part(b"fmt ", &[1, 0, 1])]), "the file is cut off in its `fmt ` part"),
            (good()[..60].to_vec(), "the file is cut off in its `data` part"),
        ] {
            assert_eq!(parse(&file).unwrap_err().to_string(), expected);
        }
        let error = Wav::open(Path::new("/no/such/file.wav")).unwrap_err();
        assert_eq!(error.to_string(), "/no/such/file.wav");
        assert!(matches!(error.fault, WavFault::Io(_)));
    }

    #[test]
    fn it_plays_over_and_over() {
        let path = std::env::temp_dir().join(format!("hsvd-wav-{}.wav", std::process::id()));
        fs::write(&path, wav(&[format(1, 1, 48_000, 16), part(b"data", &[1, 0, 2, 0, 3, 0])]))
            .unwrap();
        let mut wav = Wav::open(&path).unwrap();
        fs::remove_file(&path).unwrap();
        let mut samples = [0; 7];
        assert_eq!(wav.read(&mut samples).unwrap().1, 7);
        assert_eq!(samples, [1, 2, 3, 1, 2, 3, 1]);
        wav.read(&mut samples).unwrap();
        assert_eq!(samples, [2, 3, 1, 2, 3, 1, 2]);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(
            bytes in prop::collection::vec(any::<u8>(), 0..200),
            cut in any::<prop::sample::Index>(),
            flip in any::<(prop::sample::Index, u8)>(),
        ) {
            prop_assert!(parse(&bytes).is_err());
            let mut file = good();
            let len = file.len();
            file[flip.0.index(len)] = flip.1;
            if let Ok((format, samples)) = parse(&file[..cut.index(len)]) {
                prop_assert!(!samples.is_empty() && (1..=2).contains(&format.channels));
            }
        }
    }
}
