// SPDX-License-Identifier: MIT OR Apache-2.0
//! Reading `moof` and `mdat`.

use super::reader::Reader;
use super::{Error, Fault, InitSegment};
use crate::MAX_SAMPLES;

/// Sample flag: not a place to begin.
const IS_NON_SYNC: u32 = 0x0001_0000;

/// One fragment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fragment<'a> {
    /// Counts the fragments of a recording from 1.
    pub sequence_number: u32,
    /// The pictures; at least one.
    pub video: Run<'a>,
    /// The sound, when this fragment has any.
    pub audio: Option<Run<'a>>,
}

/// One track's part of a fragment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run<'a> {
    /// When it begins, in units of the track's timescale.
    pub decode_time: u64,
    /// In order.
    pub samples: Vec<Sample<'a>>,
}

/// A sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample<'a> {
    /// In units of the track's timescale.
    pub duration: u32,
    /// Decoding can begin here.
    pub is_sync: bool,
    /// Its bytes.
    pub data: &'a [u8],
}

impl Run<'_> {
    /// Where the next fragment of this track has to begin.
    pub fn end(&self) -> u64 {
        let durations = self.samples.iter().map(|sample| u64::from(sample.duration));
        durations.fold(self.decode_time, u64::saturating_add)
    }
}

/// Reads exactly one `moof` and one `mdat`.
///
/// # Errors
/// [`Error`] with the offset of the fault; also when the first picture is not a sync sample, a
/// track is not in `init`, or a sample lies outside `mdat`.
pub fn fragment<'a>(init: &InitSegment, bytes: &'a [u8]) -> Result<Fragment<'a>, Error> {
    let mut file = Reader::new(bytes);
    let mut moof = file.expect_box(b"moof")?;
    let mdat = file.expect_box(b"mdat")?;
    if !file.is_empty() {
        return Err(file.error(Fault::Unsuitable(*b"file")));
    }
    let media = Media { bytes, start: mdat.at(), end: bytes.len() };
    let mut mfhd = moof.expect_box(b"mfhd")?;
    mfhd.version_flags()?;
    let sequence_number = mfhd.u32()?;

    let audio_id = init.audio.as_ref().map(|track| track.id);
    let (mut video, mut audio) = (None, None);
    while let Some(traf) = moof.next_box()? {
        if traf.kind() != *b"traf" {
            return Err(traf.unsuitable());
        }
        let (id, run) = media.run(traf)?;
        if id == init.video.id && video.is_none() {
            video = Some(run);
        } else if Some(id) == audio_id && audio.is_none() {
            audio = Some(run);
        } else {
            return Err(traf.bad());
        }
    }
    let begins_with_sync = |run: &Run<'_>| run.samples.first().is_some_and(|sample| sample.is_sync);
    let video = video.filter(begins_with_sync).ok_or(moof.bad())?;
    Ok(Fragment { sequence_number, video, audio })
}

/// The whole segment, of which samples may lie in `start..end`.
struct Media<'a> {
    bytes: &'a [u8],
    start: usize,
    end: usize,
}

/// Defaults for the samples of a track.
struct Defaults {
    duration: Option<u32>,
    size: Option<u32>,
    flags: u32,
}

impl<'a> Media<'a> {
    fn run(&self, mut traf: Reader<'_>) -> Result<(u32, Run<'a>), Error> {
        let mut tfhd = traf.expect_box(b"tfhd")?;
        let (_, flags) = tfhd.version_flags()?;
        // base data offset and duration-is-empty are refused, default-base-is-moof is demanded
        if flags & 0x01_0001 != 0 || flags & 0x02_0000 == 0 {
            return Err(tfhd.unsuitable());
        }
        let id = tfhd.u32()?;
        optional(&mut tfhd, flags & 2)?; // sample description index
        let defaults = Defaults {
            duration: optional(&mut tfhd, flags & 8)?,
            size: optional(&mut tfhd, flags & 0x10)?,
            flags: optional(&mut tfhd, flags & 0x20)?.unwrap_or(0),
        };
        let mut tfdt = traf.expect_box(b"tfdt")?;
        let decode_time = match tfdt.version_flags()? {
            (0, _) => tfdt.u32()?.into(),
            (1, _) => tfdt.u64()?,
            _ => return Err(tfdt.bad()),
        };
        let mut samples = Vec::new();
        while let Some(trun) = traf.next_box()? {
            if trun.kind() != *b"trun" {
                return Err(trun.unsuitable());
            }
            self.samples(trun, &defaults, &mut samples)?;
        }
        Ok((id, Run { decode_time, samples }))
    }

    fn samples(
        &self,
        mut trun: Reader<'_>,
        defaults: &Defaults,
        samples: &mut Vec<Sample<'a>>,
    ) -> Result<(), Error> {
        let (_, flags) = trun.version_flags()?;
        let count = usize::try_from(trun.u32()?).map_err(|_| trun.bad())?;
        if count > MAX_SAMPLES - samples.len().min(MAX_SAMPLES) {
            return Err(trun.unsuitable());
        }
        // composition offsets mean B-frames; a missing offset means "behind the last run"
        if flags & 0x800 != 0 || flags & 1 == 0 {
            return Err(trun.unsuitable());
        }
        let mut offset = usize::try_from(trun.u32()?).map_err(|_| trun.bad())?;
        let mut first_flags = optional(&mut trun, flags & 4)?;
        for _ in 0..count {
            let at = trun;
            let missing = |value: Option<u32>| value.ok_or(at.bad());
            let duration = optional(&mut trun, flags & 0x100)?.or(defaults.duration);
            let size = optional(&mut trun, flags & 0x200)?.or(defaults.size);
            let own_flags = optional(&mut trun, flags & 0x400)?.or(first_flags.take());
            let size = usize::try_from(missing(size)?).map_err(|_| at.bad())?;
            let data = offset
                .checked_add(size)
                .filter(|&end| offset >= self.start && end <= self.end)
                .and_then(|end| self.bytes.get(offset..end))
                .ok_or(at.error(Fault::Outside))?;
            offset += size;
            let is_sync = own_flags.unwrap_or(defaults.flags) & IS_NON_SYNC == 0;
            samples.push(Sample { duration: missing(duration)?, is_sync, data });
        }
        if trun.is_empty() { Ok(()) } else { Err(trun.bad()) }
    }
}

/// A field that is there when its flag is.
fn optional(from: &mut Reader<'_>, flag: u32) -> Result<Option<u32>, Error> {
    if flag == 0 { Ok(None) } else { from.u32().map(Some) }
}
