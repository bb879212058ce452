// SPDX-License-Identifier: MIT OR Apache-2.0
//! Reading `ftyp` and `moov`.

use frame::{AudioCodec, AudioConfig, AvcConfig, Size};

use super::reader::Reader;
use super::{Error, Fault, InitSegment, Track};

/// Reads an init segment: one video track, at most one audio track, no samples.
///
/// # Errors
/// [`Error`] with the offset of the fault.
pub fn init_segment(bytes: &[u8]) -> Result<InitSegment, Error> {
    let mut file = Reader::new(bytes);
    file.expect_box(b"ftyp")?;
    let moov = file.expect_box(b"moov")?;
    if !file.is_empty() {
        return Err(file.error(Fault::Unsuitable(*b"file")));
    }
    let mvex = moov.child(b"mvex")?;
    let (mut video, mut audio) = (None, None);
    let mut boxes = moov;
    while let Some(trak) = boxes.next_box()? {
        if trak.kind() != *b"trak" {
            continue;
        }
        if trak.find(b"edts")?.is_some() {
            return Err(trak.error(Fault::Unsuitable(*b"edts")));
        }
        let mut tkhd = trak.child(b"tkhd")?;
        let (version, _) = tkhd.version_flags()?;
        tkhd.take(if version == 1 { 16 } else { 8 })?;
        let id = tkhd.u32()?;
        check_trex(&mvex, id)?;

        let mdia = trak.child(b"mdia")?;
        let mut mdhd = mdia.child(b"mdhd")?;
        let (version, _) = mdhd.version_flags()?;
        mdhd.take(if version == 1 { 16 } else { 8 })?;
        let timescale_hz = mdhd.u32()?;
        if timescale_hz == 0 {
            return Err(mdhd.bad());
        }
        let mut hdlr = mdia.child(b"hdlr")?;
        hdlr.take(8)?;
        let stsd = empty_sample_table(&mdia.child(b"minf")?.child(b"stbl")?)?;
        match &hdlr.array()? {
            b"vide" if video.is_none() => {
                video = Some(Track { id, timescale_hz, config: avc1(stsd.child(b"avc1")?)? });
            }
            b"soun" if audio.is_none() => {
                audio = Some(Track { id, timescale_hz, config: mp4a(stsd.child(b"mp4a")?)? });
            }
            _ => return Err(hdlr.unsuitable()),
        }
    }
    let video = video.ok_or(moov.error(Fault::Bad(*b"trak")))?;
    Ok(InitSegment { video, audio })
}

/// Every track has defaults for its fragments.
fn check_trex(mvex: &Reader<'_>, id: u32) -> Result<(), Error> {
    let mut boxes = *mvex;
    while let Some(mut found) = boxes.next_box()? {
        if found.kind() == *b"trex" {
            found.version_flags()?;
            if found.u32()? == id {
                return Ok(());
            }
        }
    }
    Err(mvex.error(Fault::Bad(*b"trex")))
}

/// The one sample description; the tables themselves have to be there and empty.
fn empty_sample_table<'a>(stbl: &Reader<'a>) -> Result<Reader<'a>, Error> {
    for kind in [b"stts", b"stsc", b"stco"] {
        let mut table = stbl.child(kind)?;
        table.version_flags()?;
        if table.u32()? != 0 {
            return Err(table.unsuitable());
        }
    }
    let mut stsz = stbl.child(b"stsz")?;
    stsz.take(8)?;
    if stsz.u32()? != 0 {
        return Err(stsz.unsuitable());
    }
    let mut stsd = stbl.child(b"stsd")?;
    stsd.version_flags()?;
    if stsd.u32()? != 1 {
        return Err(stsd.unsuitable());
    }
    Ok(stsd)
}

fn avc1(mut entry: Reader<'_>) -> Result<AvcConfig, Error> {
    entry.take(24)?;
    let size = Size::new(entry.u16()?, entry.u16()?);
    entry.take(50)?;
    let mut avcc = entry.child(b"avcC")?;
    let [version, profile, compatibility, level, length_size, sets] = avcc.array()?;
    if version != 1 || length_size & 3 != 3 || sets & 0x1f != 1 {
        return Err(avcc.unsuitable());
    }
    let sps_len = avcc.u16()?;
    let sps = avcc.take(sps_len.into())?.to_vec();
    if avcc.u8()? != 1 {
        return Err(avcc.unsuitable());
    }
    let pps_len = avcc.u16()?;
    let pps = avcc.take(pps_len.into())?.to_vec();
    let config = AvcConfig::new(sps, pps, size).map_err(|_| avcc.bad())?;
    if config.profile_compatibility_level() != [profile, compatibility, level] {
        return Err(avcc.bad());
    }
    Ok(config)
}

fn mp4a(mut entry: Reader<'_>) -> Result<AudioConfig, Error> {
    entry.take(16)?;
    let channels = u8::try_from(entry.u16()?).map_err(|_| entry.bad())?;
    entry.take(6)?;
    let sample_rate_hz = entry.u32()? >> 16;
    let mut esds = entry.child(b"esds")?;
    esds.version_flags()?;

    let mut es = descriptor(&mut esds, 3)?;
    es.take(2)?;
    if es.u8()? & 0xe0 != 0 {
        return Err(es.unsuitable()); // optional fields follow
    }
    let mut decoder = descriptor(&mut es, 4)?;
    if decoder.array()? != [0x40, 0x15] {
        return Err(decoder.unsuitable());
    }
    decoder.take(7)?;
    let bitrate_bps = decoder.u32()?;
    let specific = descriptor(&mut decoder, 5)?;
    let codec = codec(specific.rest()).ok_or(specific.unsuitable())?;
    let specific_config = specific.rest().to_vec();
    Ok(AudioConfig { codec, sample_rate_hz, channels, bitrate_bps, specific_config })
}

/// A descriptor with this tag and a length of up to four times seven bits.
fn descriptor<'a>(from: &mut Reader<'a>, tag: u8) -> Result<Reader<'a>, Error> {
    if from.u8()? != tag {
        return Err(from.bad());
    }
    let mut len = 0;
    for _ in 0..4 {
        let byte = from.u8()?;
        len = len << 7 | usize::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return from.part(len);
        }
    }
    Err(from.bad())
}

/// Which codec an AudioSpecificConfig begins with. Spec: ISO/IEC 14496-3 §1.6.2.1.
fn codec(specific: &[u8]) -> Option<AudioCodec> {
    let &[first, second, ..] = specific else { return None };
    match (first >> 3, (first & 7) << 3 | second >> 5) {
        (2, _) => Some(AudioCodec::AacLc),
        (31, 7) => Some(AudioCodec::AacEld),
        _ => None,
    }
}
