// SPDX-License-Identifier: MIT OR Apache-2.0
//! The init segment: `ftyp` and a `moov` without samples. Spec: ISO/IEC 14496-12 §4.3, §8.

use frame::{AudioConfig, AvcConfig};

use crate::avcc::Avcc;
use crate::boxes::Writer;
use crate::muxer::{AUDIO_TRACK, VIDEO_TIMESCALE_HZ, VIDEO_TRACK};

/// `und` in three packed letters.
const LANGUAGE_UNDETERMINED: u16 = 0x55c4;
const MOVIE_TIMESCALE_HZ: u32 = 1_000;
/// Descriptor tags. Spec: ISO/IEC 14496-1 §7.2.2.1.
const ES_DESCRIPTOR: u8 = 3;
const DECODER_CONFIG: u8 = 4;
const DECODER_SPECIFIC: u8 = 5;
const SL_CONFIG: u8 = 6;

pub(crate) fn init_segment(
    avcc: &Avcc<'_>,
    video: &AvcConfig,
    audio: Option<&AudioConfig>,
) -> Vec<u8> {
    let mut out = Writer::with_capacity(1536);
    out.boxed(b"ftyp", |out| {
        out.bytes(b"mp42");
        out.u32(1);
        // iso5 is the brand that knows default-base-is-moof
        out.bytes(b"isomiso5mp42avc1");
    });
    out.boxed(b"moov", |out| {
        mvhd(out);
        out.boxed(b"trak", |out| {
            tkhd(out, VIDEO_TRACK, 0, (video.size().width, video.size().height));
            out.boxed(b"mdia", |out| {
                mdhd(out, VIDEO_TIMESCALE_HZ);
                hdlr(out, b"vide", b"Video Handler\0");
                out.boxed(b"minf", |out| {
                    out.full(b"vmhd", 0, 1, |out| out.zeros(8));
                    dinf(out);
                    stbl(out, |out| avc1(out, video, avcc));
                });
            });
        });
        if let Some(audio) = audio {
            out.boxed(b"trak", |out| {
                tkhd(out, AUDIO_TRACK, 0x0100, (0, 0));
                out.boxed(b"mdia", |out| {
                    mdhd(out, audio.sample_rate_hz);
                    hdlr(out, b"soun", b"Sound Handler\0");
                    out.boxed(b"minf", |out| {
                        out.full(b"smhd", 0, 0, |out| out.zeros(4));
                        dinf(out);
                        stbl(out, |out| mp4a(out, audio));
                    });
                });
            });
        }
        out.boxed(b"mvex", |out| {
            trex(out, VIDEO_TRACK);
            if audio.is_some() {
                trex(out, AUDIO_TRACK);
            }
        });
    });
    out.finish()
}

fn mvhd(out: &mut Writer) {
    out.full(b"mvhd", 0, 0, |out| {
        out.zeros(8); // creation and modification time: not told
        out.u32(MOVIE_TIMESCALE_HZ);
        out.u32(0); // duration: in the fragments
        out.u32(0x0001_0000); // rate 1.0
        out.u16(0x0100); // volume 1.0
        out.zeros(10);
        matrix(out);
        out.zeros(24);
        out.u32(AUDIO_TRACK + 1);
    });
}

fn tkhd(out: &mut Writer, track: u32, volume: u16, (width, height): (u16, u16)) {
    // enabled, in the movie, in the preview
    out.full(b"tkhd", 0, 7, |out| {
        out.zeros(8);
        out.u32(track);
        out.zeros(4);
        out.u32(0);
        out.zeros(8 + 2 + 2); // reserved, layer, alternate group
        out.u16(volume);
        out.zeros(2);
        matrix(out);
        out.u32(u32::from(width) << 16);
        out.u32(u32::from(height) << 16);
    });
}

/// The unity matrix.
fn matrix(out: &mut Writer) {
    for value in [0x0001_0000, 0, 0, 0, 0x0001_0000, 0, 0, 0, 0x4000_0000] {
        out.u32(value);
    }
}

fn mdhd(out: &mut Writer, timescale_hz: u32) {
    out.full(b"mdhd", 0, 0, |out| {
        out.zeros(8);
        out.u32(timescale_hz);
        out.u32(0);
        out.u16(LANGUAGE_UNDETERMINED);
        out.zeros(2);
    });
}

fn hdlr(out: &mut Writer, kind: &[u8; 4], name: &[u8]) {
    out.full(b"hdlr", 0, 0, |out| {
        out.zeros(4);
        out.bytes(kind);
        out.zeros(12);
        out.bytes(name);
    });
}

fn dinf(out: &mut Writer) {
    out.boxed(b"dinf", |out| {
        out.full(b"dref", 0, 0, |out| {
            out.u32(1);
            out.full(b"url ", 0, 1, |_| {}); // in this file
        });
    });
}

/// A sample table with one description and no samples.
fn stbl(out: &mut Writer, description: impl FnOnce(&mut Writer)) {
    out.boxed(b"stbl", |out| {
        out.full(b"stsd", 0, 0, |out| {
            out.u32(1);
            description(out);
        });
        out.full(b"stsz", 0, 0, |out| out.zeros(8));
        out.full(b"stsc", 0, 0, |out| out.zeros(4));
        out.full(b"stts", 0, 0, |out| out.zeros(4));
        out.full(b"stco", 0, 0, |out| out.zeros(4));
    });
}

fn avc1(out: &mut Writer, video: &AvcConfig, avcc: &Avcc<'_>) {
    out.boxed(b"avc1", |out| {
        out.zeros(6);
        out.u16(1); // data reference
        out.zeros(16);
        out.u16(video.size().width);
        out.u16(video.size().height);
        out.u32(0x0048_0000); // 72 dpi
        out.u32(0x0048_0000);
        out.zeros(4);
        out.u16(1); // frames per sample
        out.bytes(b"\x04h264"); // compressor name, as a Pascal string of 32 bytes
        out.zeros(27);
        out.u16(24);
        out.u16(0xffff);
        out.boxed(b"avcC", |out| avcc.write(out));
    });
}

fn mp4a(out: &mut Writer, audio: &AudioConfig) {
    out.boxed(b"mp4a", |out| {
        out.zeros(6);
        out.u16(1); // data reference
        out.zeros(8);
        out.u16(audio.channels.into());
        out.u16(16); // bits per sample
        out.zeros(4);
        out.u32(audio.sample_rate_hz << 16);
        out.full(b"esds", 0, 0, |out| esds(out, audio));
    });
}

/// Spec: ISO/IEC 14496-1 §7.2.6.5 and following; the lengths are below 128 and take one byte.
fn esds(out: &mut Writer, audio: &AudioConfig) {
    let specific = u8::try_from(audio.specific_config.len()).expect("checked by Muxer::new");
    out.bytes(&[ES_DESCRIPTOR, 23 + specific]);
    out.bytes(&[0, 0, 0]); // ES id 0, no flags
    out.bytes(&[DECODER_CONFIG, 15 + specific]);
    out.u8(0x40); // MPEG-4 audio
    out.u8(0x15); // audio stream
    out.zeros(3); // decoder buffer: not told
    out.u32(audio.bitrate_bps);
    out.u32(audio.bitrate_bps);
    out.bytes(&[DECODER_SPECIFIC, specific]);
    out.bytes(&audio.specific_config);
    out.bytes(&[SL_CONFIG, 1, 2]);
}

fn trex(out: &mut Writer, track: u32) {
    out.full(b"trex", 0, 0, |out| {
        out.u32(track);
        out.u32(1);
        out.zeros(12); // no default duration, size, flags
    });
}
