// SPDX-License-Identifier: MIT OR Apache-2.0
//! What others make of our recordings: an independent box library, ffprobe and ffmpeg.

#![allow(clippy::print_stdout, reason = "says what it skips")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::Arc;

use fmp4::{Gop, Muxer};
use frame::{AvcConfig, EncodedFrame, Nal, Pts, Size};
use mp4_atom::{Any, Atom, DecodeMaybe, Encode};
use openh264::encoder::{BitRate, Encoder, EncoderConfig, FrameRate, IntraFramePeriod, Profile};
use openh264::formats::YUVBuffer;

const SIZE: Size = Size::new(320, 240);
const GOP_FRAMES: u32 = 20;

fn boxes(mut bytes: &[u8]) -> Vec<Any> {
    let mut all = Vec::new();
    while let Some(any) = Any::decode_maybe(&mut bytes).unwrap() {
        all.push(any);
    }
    assert!(bytes.is_empty(), "{} bytes behind the last box", bytes.len());
    all
}

#[test]
fn a_box_library_reads_every_box_and_writes_the_same_moof() {
    let recording = support::recording();
    let mut muxer =
        Muxer::new(Arc::clone(&recording.video), Some(Arc::clone(&recording.audio))).unwrap();
    let init = boxes(&muxer.init_segment());
    let [Any::Ftyp(_), Any::Moov(moov)] = &init[..] else { panic!("{init:?}") };
    assert_eq!(moov.trak.len(), 2);
    assert!(moov.mvex.is_some());

    let bytes = muxer.fragment(&recording.gops[0].gop()).unwrap();
    let fragment = boxes(&bytes);
    let [Any::Moof(moof), Any::Mdat(mdat)] = &fragment[..] else { panic!("no moof and mdat") };
    let mut again = Vec::new();
    moof.encode(&mut again).unwrap();
    // it writes trun in version 1, we in 0: without composition offsets both mean the same
    let mut expected = bytes[..again.len()].to_vec();
    let is_trun = |w: &[u8]| w == mp4_atom::Trun::KIND.as_ref() as &[u8];
    let truns: Vec<_> =
        expected.windows(4).enumerate().filter(|(_, w)| is_trun(w)).map(|(at, _)| at).collect();
    assert_eq!(truns.len(), 2);
    truns.iter().for_each(|at| expected[at + 4] = 1);
    assert_eq!(again, expected);
    assert_eq!(again.len() + 8 + mdat.data.len(), bytes.len());
}

/// Writes two seconds of our own pictures, of changing rate, with the sound of the real recording.
fn own_recording(profile: Profile) -> Vec<u8> {
    let (frames, end) = encode(profile);
    let real = support::recording();
    let mut muxer =
        Muxer::new(Arc::clone(&frames[0].config), Some(Arc::clone(&real.audio))).unwrap();
    let mut file = muxer.init_segment();
    let mut sound = real.gops.iter().flat_map(|gop| gop.audio.iter().cloned()).peekable();
    let starts: Vec<_> = (0..frames.len()).filter(|&index| frames[index].is_idr).collect();
    assert!(starts.len() > 2, "the encoder has made {} IDRs", starts.len());
    for (number, &start) in starts.iter().enumerate() {
        let next = starts.get(number + 1);
        let end = next.map_or(end, |&next| frames[next].pts);
        let mut audio = Vec::new();
        while let Some(packet) = sound.next_if(|packet| packet.pts < end) {
            audio.push(packet);
        }
        let audio_end = sound.peek().map(|packet| packet.pts);
        let frames = &frames[start..next.copied().unwrap_or(frames.len())];
        file.extend(muxer.fragment(&Gop { frames, end, audio: &audio, audio_end }).unwrap());
    }
    file
}

/// Real access units: a pattern that moves, at 25 pictures a second and then at 12.5.
fn encode(profile: Profile) -> (Vec<EncodedFrame>, Pts) {
    let config = EncoderConfig::new()
        .bitrate(BitRate::from_bps(300_000))
        .max_frame_rate(FrameRate::from_hz(25.0))
        .skip_frames(false)
        .intra_frame_period(IntraFramePeriod::from_num_frames(GOP_FRAMES))
        .profile(profile);
    let mut encoder =
        Encoder::with_api_config(openh264::OpenH264API::from_source(), config).unwrap();
    let (width, height) = (usize::from(SIZE.width), usize::from(SIZE.height));
    let mut frames: Vec<EncodedFrame> = Vec::new();
    let mut sets = [Vec::new(), Vec::new()];
    let mut pts = support::START;
    for number in 0..45 {
        let mut yuv = vec![128; width * height * 3 / 2];
        for (index, luma) in yuv[..width * height].iter_mut().enumerate() {
            let (x, y) = (index % width, index / width);
            *luma = u8::try_from((x * 2 + y + number * 5) % 220 + 16).unwrap();
        }
        let stream = encoder.encode(&YUVBuffer::from_vec(yuv, width, height)).unwrap();
        let annex_b = stream.to_vec();
        let mut data = Vec::new();
        let mut is_idr = false;
        for nal in annex_b_nals(&annex_b) {
            match Nal(nal).kind() {
                7 => sets[0] = nal.to_vec(),
                8 => sets[1] = nal.to_vec(),
                kind @ (1 | 5) => {
                    is_idr |= kind == 5;
                    data.extend(u32::try_from(nal.len()).unwrap().to_be_bytes());
                    data.extend(nal);
                }
                _ => {}
            }
        }
        let config = match frames.first() {
            Some(frame) => Arc::clone(&frame.config),
            None => {
                let [sps, pps] = sets.clone();
                Arc::new(AvcConfig::new(sps, pps, SIZE).unwrap())
            }
        };
        assert_eq!((config.sps(), config.pps()), (&sets[0][..], &sets[1][..]));
        frames.push(EncodedFrame { pts, is_idr, data: data.into(), config });
        let distance_ms = if number < 25 { 40 } else { 80 };
        pts = Pts::from_ticks_90k(pts.ticks_90k() + 90 * distance_ms);
    }
    (frames, pts)
}

/// Units between start codes of three or four bytes.
fn annex_b_nals(stream: &[u8]) -> Vec<&[u8]> {
    let starts: Vec<_> =
        (0..stream.len().saturating_sub(2)).filter(|&i| stream[i..i + 3] == [0, 0, 1]).collect();
    let ends = starts.iter().skip(1).copied().chain([stream.len()]);
    let unit = |(start, end): (&usize, usize)| {
        let nal = &stream[start + 3..end];
        // zeros in front of the next start code belong to it
        &nal[..nal.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1)]
    };
    starts.iter().zip(ends).map(unit).collect()
}

/// Runs a tool on `input`; `None` when it is not installed. Gives what it printed on both ways.
fn run(tool: &str, args: &[&str], input: &[u8]) -> Option<(String, String)> {
    let child = Command::new(tool)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = match child {
        Ok(child) => child,
        Err(error) => {
            println!("skipped: {tool} cannot be run here: {error}");
            return None;
        }
    };
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writer = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success(), "{tool}: {}", String::from_utf8_lossy(&output.stderr));
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Some((text(output.stdout), text(output.stderr)))
}

#[test]
fn ffmpeg_decodes_both_tracks_without_a_message() {
    for profile in [Profile::Baseline, Profile::Main, Profile::High] {
        let file = own_recording(profile);
        let args = ["-v", "warning", "-xerror", "-i", "pipe:0", "-f", "null", "-"];
        let Some((_, messages)) = run("ffmpeg", &args, &file) else { return };
        assert_eq!(messages, "", "{profile:?}");
    }
}

#[test]
fn ffprobe_shows_size_profile_level_rate_and_times() {
    for (profile, name) in [
        (Profile::Baseline, "Constrained Baseline"),
        (Profile::Main, "Main"),
        (Profile::High, "High"),
    ] {
        let file = own_recording(profile);
        let entries = "stream=codec_name,profile,width,height,level,time_base,sample_rate,channels,\
                       nb_read_packets";
        let args =
            ["-v", "warning", "-count_packets", "-show_entries", entries, "-of", "csv=p=0", "-"];
        let Some((streams, messages)) = run("ffprobe", &args, &file) else { return };
        assert_eq!(messages, "");
        let expected = format!("h264,{name},320,240,{},1/90000,45\n", level(&file));
        let sound = "aac,LC,32000,1,1/32000,";
        assert!(streams.starts_with(&expected), "{streams} is not {expected}");
        assert!(streams[expected.len()..].starts_with(sound), "{streams}");

        let args = [
            "-v",
            "warning",
            "-select_streams",
            "v",
            "-show_entries",
            "packet=pts,flags",
            "-of",
            "csv=p=0",
            "-",
        ];
        let (packets, _) = run("ffprobe", &args, &file).unwrap();
        let packets: Vec<_> = packets.lines().map(|line| line.trim_end_matches(',')).collect();
        assert_eq!(packets.len(), 45);
        assert_eq!(packets[0], "0,K_");
        assert_eq!(packets[1], "3600,__");
        assert_eq!(packets[20], "72000,K_");
        // from here on the camera is half as fast
        assert_eq!([packets[25], packets[26]], ["90000,__", "97200,__"]);
        assert_eq!(packets[40], "198000,K_");
    }
}

/// `level_idc` from the `avcC` box.
fn level(file: &[u8]) -> u8 {
    let at = file.windows(4).position(|window| window == b"avcC").unwrap();
    file[at + 7]
}
