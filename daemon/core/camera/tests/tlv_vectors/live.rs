// SPDX-License-Identifier: MIT OR Apache-2.0
//! Live view: offers, endpoints, stream selections.

use camera::tlv::live::{
    AudioCodec as LiveCodec, AudioOffer as LiveAudio, CryptoSuite, LiveOffer,
    SampleRate as LiveRate, StreamingStatus,
};
use camera::tlv::recording::{BitrateMode, Level, Profile, Resolution};
use camera::tlv::selected_rtp::{
    self, AudioSelection, Command, Incomplete, Request as StreamRequest, Selection, SessionControl,
    VideoSelection,
};
use camera::tlv::setup_endpoints::{Endpoint, Prepared, Refusal, Request, Response, SessionId};
use proptest::prelude::*;
use serde_json::Value as Json;
use tlv8::Writer;

use crate::{bytes, hex};

fn live(name: &str) -> Vec<u8> {
    let all: Json = serde_json::from_str(include_str!("../data/camera-tlv.json")).unwrap();
    bytes(&all[name])
}

#[test]
fn live_offers_are_byte_equal() {
    let audio = |codec| LiveAudio {
        codec,
        mode: BitrateMode::Variable,
        sample_rates: vec![LiveRate::Hz16000, LiveRate::Hz24000],
    };
    let offer = LiveOffer {
        profiles: vec![Profile::Baseline, Profile::Main, Profile::High],
        levels: vec![Level::L3_1, Level::L3_2, Level::L4_0],
        resolutions: vec![
            Resolution::new(1920, 1080, 30),
            Resolution::new(1280, 720, 30),
            Resolution::new(640, 360, 30),
            Resolution::new(320, 240, 15),
        ],
        audio: vec![audio(LiveCodec::Opus), audio(LiveCodec::AacEld)],
        suites: vec![CryptoSuite::AesCm128, CryptoSuite::AesCm256],
    };
    assert_eq!(hex(&offer.video()), hex(&live("SupportedVideoStreamConfiguration")));
    assert_eq!(hex(&offer.audio()), hex(&live("SupportedAudioStreamConfiguration")));
    assert_eq!(offer.rtp(), live("SupportedRTPConfiguration_aes128_and_256"));
    let standard = LiveOffer::standard();
    assert_eq!(standard.rtp(), offer.rtp());
    let only_128 = LiveOffer { suites: vec![CryptoSuite::AesCm128], ..offer };
    assert_eq!(only_128.rtp(), live("SupportedRTPConfiguration_aes128"));
    for (width, height) in [(1920, 1080), (640, 480), (320, 180), (320, 240)] {
        for fps in [30, 15] {
            let one = Resolution::new(width, height, fps);
            assert!(standard.resolutions.contains(&one), "{one:?}");
        }
    }
    assert_eq!(standard.resolutions.len(), 20);
    assert_eq!(StreamingStatus::Available.value(), live("StreamingStatus_available"));
    assert_eq!(StreamingStatus::InUse.value(), live("StreamingStatus_in_use"));
    assert_eq!(StreamingStatus::Unavailable.value(), [1, 1, 2]);
}

const SESSION: SessionId = SessionId([
    0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff,
]);

#[test]
fn endpoint_requests_are_read_whole_or_not_at_all() {
    let value = live("SetupEndpoints_request");
    let request = Request::parse(&value).unwrap();
    assert_eq!(request.session_id, SESSION);
    assert_eq!(request.controller.address.to_string(), "192.168.1.20");
    assert_eq!((request.controller.video_port, request.controller.audio_port), (50000, 50002));
    assert_eq!(request.video_srtp.suite, CryptoSuite::AesCm128);
    assert_eq!(*request.video_srtp.key, [0xa1; 16]);
    assert_eq!(*request.video_srtp.salt, [0xb1; 14]);
    assert_eq!(*request.audio_srtp.key, [0xa2; 16]);
    assert_eq!(*request.audio_srtp.salt, [0xb2; 14]);
    let shown = format!("{request:?}");
    assert!(!shown.contains("161") && !shown.contains("a1"), "a key is shown: {shown}");
    for end in 0..value.len() {
        assert!(Request::parse(&value[..end]).is_err(), "cut at {end}");
    }
}

#[test]
fn endpoint_requests_that_lie_are_refused() {
    let value = live("SetupEndpoints_request");
    let at = |needle: &[u8]| value.windows(needle.len()).position(|w| w == needle).unwrap();
    let patch = |at: usize, byte: u8| {
        let mut bytes = value.clone();
        bytes[at] = byte;
        Request::parse(&bytes)
    };
    let address = at(b"192.168.1.20");
    assert!(patch(address - 3, 1).is_err(), "IPv4 text said to be IPv6");
    assert!(patch(address, b'x').is_err(), "no address");
    assert!(patch(address, 0xff).is_err(), "no text");
    let suite = at(&[4, 0x25, 1, 1, 0]) + 4;
    assert!(patch(suite, 1).is_err(), "short key for the long suite");
    assert!(patch(suite, 2).is_err(), "a key without a suite");
    assert!(patch(suite, 9).is_err(), "unknown suite");
}

#[test]
fn endpoint_answers_are_byte_equal() {
    assert_eq!(Response::Idle.value(), live("SetupEndpoints_idle"));
    let refused = |refusal| Response::Refused(SESSION, refusal).value();
    assert_eq!(refused(Refusal::Busy), live("SetupEndpoints_response_busy"));
    let [start @ .., _busy] = &live("SetupEndpoints_response_busy")[..] else { panic!("empty") };
    assert_eq!(refused(Refusal::Error), [start, &[2]].concat());
    let request = Request::parse(&live("SetupEndpoints_request")).unwrap();
    let prepared = Prepared {
        accessory: Endpoint {
            address: "192.168.1.50".parse().unwrap(),
            video_port: 41000,
            audio_port: 41002,
        },
        video_srtp: request.video_srtp, // the vector's accessory sends them back
        audio_srtp: request.audio_srtp,
        video_ssrc: 0x0012_3456,
        audio_ssrc: 0x0065_4321,
    };
    let success = Response::Success(SESSION, Box::new(prepared.clone()));
    assert_eq!(hex(&success.value()), hex(&live("SetupEndpoints_response")));
    let shown = format!("{success:?}");
    assert!(!shown.contains("161") && !shown.contains("a1"), "a key is shown: {shown}");

    let address: std::net::IpAddr = "fe80::1:2".parse().unwrap();
    let accessory = Endpoint { address, ..prepared.accessory };
    let six = Response::Success(SESSION, Box::new(Prepared { accessory, ..prepared })).value();
    assert!(hex(&six).contains(&format!("010101 0209{} 0302", hex(b"fe80::1:2")).replace(' ', "")));
}

#[test]
fn streams_are_selected_as_viewers_write_it() {
    let offer = LiveOffer::standard();
    let start = StreamRequest::parse(&live("Selected_start")).unwrap();
    let control = SessionControl { session_id: SESSION, command: Command::Start };
    assert_eq!(start.control, control);
    let selection = Selection::new(&start, &offer).unwrap();
    let expected = Selection {
        video: VideoSelection {
            profile: Profile::Main,
            level: Level::L4_0,
            resolution: Resolution::new(1280, 720, 30),
            payload_type: 99,
            ssrc: Some(0x9f92_901a),
            max_bitrate_kbps: 299,
            rtcp_interval_s: Some(0.5),
            mtu: Some(1378),
        },
        audio: Some(AudioSelection {
            codec: LiveCodec::Opus,
            sample_rate: LiveRate::Hz24000,
            packet_time_ms: 20,
            payload_type: 110,
            ssrc: Some(0x09b4_53cf),
            max_bitrate_kbps: 24,
            rtcp_interval_s: Some(5.0),
            comfort_noise: Some(13),
        }),
    };
    assert_eq!(selection, expected);

    let change = StreamRequest::parse(&live("Selected_reconfigure")).unwrap();
    assert_eq!(change.control.command, Command::Reconfigure);
    let video = VideoSelection {
        resolution: Resolution::new(640, 360, 30),
        max_bitrate_kbps: 132,
        ..expected.video
    };
    assert_eq!(selection.merged(&change), Selection { video, ..expected });

    let end = StreamRequest::parse(&live("Selected_end")).unwrap();
    assert_eq!(end.control, SessionControl { session_id: SESSION, command: Command::End });
    assert_eq!(selected_rtp::idle_value(), live("SelectedRTPStreamConfiguration_idle"));
}

/// A start whose fields stand in reverse, and without all that can be left out.
fn sparse_start(video_rtp: Writer, audio: Option<Writer>) -> Vec<u8> {
    let attributes = Writer::new().u8(3, 15).u16(2, 240).u16(1, 320);
    let video = Writer::new().tlv(4, &video_rtp).tlv(3, &attributes);
    let out = audio.map_or(Writer::new(), |audio| Writer::new().tlv(3, &audio));
    out.tlv(2, &video).tlv(1, &Writer::new().u8(2, 1).bytes(1, &SESSION.0)).finish()
}

#[test]
fn a_start_needs_little_and_in_no_order() {
    let offer = LiveOffer::standard();
    let parse = |bytes: &[u8]| StreamRequest::parse(bytes).unwrap();
    let rtp = || Writer::new().u16(3, 68).u8(1, 99);
    let start = parse(&sparse_start(rtp(), None));
    let selection = Selection::new(&start, &offer).unwrap();
    assert_eq!((selection.video.profile, selection.video.level), (Profile::Main, Level::L3_1));
    assert_eq!(selection.video.resolution, Resolution::new(320, 240, 15));
    assert_eq!((selection.video.mtu, selection.video.rtcp_interval_s), (None, None));
    assert_eq!(selection.audio, None);
    let audio = Writer::new().tlv(3, &Writer::new().u8(1, 110));
    let sounding = Selection::new(&parse(&sparse_start(rtp(), Some(audio))), &offer).unwrap();
    let audio = sounding.audio.unwrap();
    assert_eq!((audio.codec, audio.sample_rate), (LiveCodec::Opus, LiveRate::Hz16000));
    assert_eq!((audio.packet_time_ms, audio.max_bitrate_kbps), (20, 24));

    let lacking = [
        sparse_start(Writer::new().u16(3, 68), None),
        sparse_start(Writer::new().u8(1, 99), None),
        sparse_start(Writer::new().u16(3, 0).u8(1, 99), None),
        sparse_start(rtp(), Some(Writer::new().u8(1, 3))),
        Writer::new().tlv(1, &Writer::new().u8(2, 1).bytes(1, &SESSION.0)).finish(),
    ];
    for value in lacking {
        let shown = hex(&value);
        assert_eq!(Selection::new(&parse(&value), &offer), Err(Incomplete), "{shown}");
    }
}

#[test]
fn numbers_of_a_selection_are_checked_and_intervals_that_are_none_left_out() {
    let rtp = |writer: Writer| StreamRequest::parse(&sparse_start(writer, None));
    for seconds in [0.0, -1.0, f32::NAN, f32::INFINITY] {
        let request = rtp(Writer::new().bytes(4, &seconds.to_le_bytes())).unwrap();
        assert_eq!(request.video.rtp.rtcp_interval_s, None, "{seconds}");
    }
    use selected_rtp::{Error as E, Field as F};
    assert!(rtp(Writer::new().bytes(4, &[0; 3])).is_err(), "three bytes of a float");
    assert_eq!(rtp(Writer::new().u8(1, 128)), Err(E::NotOffered(F::PayloadType)));
    assert!(rtp(Writer::new().u32(3, 70_000)).is_err(), "more kbit/s than the field holds");
    // offset in the vector's start, new byte, field
    let start = live("Selected_start");
    let at = |needle: &[u8]| start.windows(needle.len()).position(|w| w == needle).unwrap();
    let table = [
        (at(&[0x02, 0x34]) + 4, 1, F::VideoCodec),
        (at(&[0x02, 0x09]) + 4, 3, F::Profile),
        (at(&[0x02, 0x09]) + 7, 3, F::Level),
        (at(&[0x03, 0x0b]) + 5, 0x80, F::Resolution),
        (at(&[0x03, 0x0b]) + 12, 0, F::Resolution),
        (at(&[0x03, 0x2c]) + 4, 0, F::AudioCodec),
        (at(&[0x02, 0x0c]) + 4, 2, F::Channels),
        (at(&[0x02, 0x0c]) + 10, 3, F::SampleRate),
        (at(&[0x02, 0x0c]) + 13, 0, F::PacketTime),
    ];
    for (at, byte, field) in table {
        let mut value = start.clone();
        value[at] = byte;
        let parsed = StreamRequest::parse(&value);
        assert_eq!(parsed, Err(E::NotOffered(field)), "byte {at} set to {byte}");
    }
}

#[test]
fn session_control_is_read_in_any_order() {
    for name in ["Selected_start", "Selected_reconfigure", "Selected_end"] {
        let value = live(name);
        assert_eq!(StreamRequest::parse(&value).unwrap().control.session_id, SESSION, "{name}");
        // A cut between two outer fields leaves a write that names fewer.
        let whole = StreamRequest::parse(&value).unwrap();
        for end in 0..value.len() {
            let cut = StreamRequest::parse(&value[..end]);
            let is_shorter = cut.is_ok_and(|cut| cut.control == whole.control && cut != whole);
            let is_border = end == 23 || name == "Selected_start" && end == 77;
            assert_eq!(is_shorter, is_border, "{name} cut at {end}");
        }
    }
    assert_eq!(
        StreamRequest::parse(&[0; 513]),
        Err(selected_rtp::Error::TooLong(513)),
        "longer than any"
    );
    // An end ends, whatever else is in the write.
    let mut end = live("Selected_end");
    end.extend([2, 1, 0xff]);
    assert_eq!(StreamRequest::parse(&end).unwrap().control.command, Command::End);
}

proptest! {
    #[test]
    fn a_changed_stream_selection_is_refused_or_can_be_had(
        name in prop::sample::select(vec!["Selected_start", "Selected_reconfigure"]),
        at in any::<prop::sample::Index>(), byte in any::<u8>(),
    ) {
        let (whole, mut value) = (live("Selected_start"), live(name));
        let at = at.index(value.len());
        value[at] = byte;
        let Ok(request) = StreamRequest::parse(&value) else { return Ok(()) };
        let running = Selection::new(&StreamRequest::parse(&whole).unwrap(), &LiveOffer::standard());
        let merged = running.unwrap().merged(&request);
        prop_assert!(merged.video.max_bitrate_kbps > 0 && merged.video.resolution.fps > 0);
        prop_assert!(merged.video.resolution.width >= 16 && merged.video.resolution.height >= 16);
        prop_assert!(merged.video.rtcp_interval_s.is_some_and(|s| s.is_finite() && s > 0.0));
        prop_assert_eq!((merged.video.payload_type, merged.video.ssrc), (99, Some(0x9f92_901a)));
    }
}
