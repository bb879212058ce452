// SPDX-License-Identifier: MIT OR Apache-2.0
//! The camera's TLV values against those that real controllers and another accessory write.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use camera::tlv::data_stream::{self, SetupRequest, SetupResponse};
use camera::tlv::live::{
    AudioCodec as LiveCodec, AudioOffer as LiveAudio, CryptoSuite, LiveOffer,
    SampleRate as LiveRate, StreamingStatus,
};
use camera::tlv::recording::{
    AudioCodec, AudioOffer, BitrateMode, Level, Offer, PrebufferMs, Profile, Resolution,
    SampleRate, Triggers,
};
use camera::tlv::selected::{Error, Field, SelectedConfiguration};
use camera::tlv::selected_rtp::{
    self, AudioSelection, Command, Incomplete, Request as StreamRequest, Selection, SessionControl,
    VideoSelection,
};
use camera::tlv::setup_endpoints::{Endpoint, Prepared, Refusal, Request, Response, SessionId};
use proptest::prelude::*;
use serde_json::Value as Json;
use tlv8::Writer;

fn recording() -> Json {
    serde_json::from_str(include_str!("data/tlv-recording.json")).unwrap()
}

fn live(name: &str) -> Vec<u8> {
    let all: Json = serde_json::from_str(include_str!("data/camera-tlv.json")).unwrap();
    bytes(&all[name])
}

fn bytes(vector: &Json) -> Vec<u8> {
    let bytes = STANDARD.decode(vector["base64"].as_str().expect("a vector has base64")).unwrap();
    assert_eq!(hex(&bytes), vector["hex"], "the vector's two forms differ");
    bytes
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn number(json: &Json) -> u64 {
    json.as_u64().unwrap_or_else(|| panic!("{json} is no number"))
}

fn small(json: &Json) -> u8 {
    u8::try_from(number(json)).unwrap()
}

fn numbers(json: &Json) -> Vec<u8> {
    json.as_array().map_or_else(|| vec![small(json)], |list| list.iter().map(small).collect())
}

fn resolution(json: &Json) -> Resolution {
    let pixels = |n: usize| u16::try_from(number(&json[n])).unwrap();
    Resolution::new(pixels(0), pixels(1), small(&json[2]))
}

fn offer(vector: &Json) -> Offer {
    let options = &vector["options"];
    let list = |json: &Json| json.as_array().unwrap().clone();
    let ms = |json: &Json| u32::try_from(number(json)).unwrap();
    let parameters = &options["video"]["parameters"];
    let triggers = numbers(&vector["triggers"]).into_iter().map(u64::from).sum();
    Offer {
        prebuffer: PrebufferMs::try_from(ms(&options["prebufferLength"])).unwrap(),
        triggers: Triggers::from_bits(triggers),
        fragments_ms: list(&options["mediaContainerConfiguration"])
            .iter()
            .map(|container| ms(&container["fragmentLength"]))
            .collect(),
        profiles: numbers(&parameters["profiles"])
            .into_iter()
            .map(|n| Profile::from_number(n).unwrap())
            .collect(),
        levels: numbers(&parameters["levels"])
            .into_iter()
            .map(|n| Level::from_number(n).unwrap())
            .collect(),
        resolutions: list(&options["video"]["resolutions"]).iter().map(resolution).collect(),
        audio: list(&options["audio"]["codecs"])
            .iter()
            .map(|codec| AudioOffer {
                codec: AudioCodec::from_number(small(&codec["type"])).unwrap(),
                channels: small(&codec["audioChannels"]),
                mode: BitrateMode::from_number(small(&codec["bitrateMode"])).unwrap(),
                sample_rates: numbers(&codec["samplerate"])
                    .into_iter()
                    .map(|n| SampleRate::from_number(n).unwrap())
                    .collect(),
            })
            .collect(),
    }
}

/// Holds all that any of the vectors selects.
fn broad_offer() -> Offer {
    let all_rates = (0..=5).map(|n| SampleRate::from_number(n).unwrap()).collect::<Vec<_>>();
    let audio = |codec| AudioOffer {
        codec,
        channels: 1,
        mode: BitrateMode::Variable,
        sample_rates: all_rates.clone(),
    };
    Offer {
        prebuffer: PrebufferMs::MAX,
        triggers: Triggers::MOTION.with(Triggers::DOORBELL),
        profiles: vec![Profile::Baseline, Profile::Main, Profile::High],
        levels: vec![Level::L3_1, Level::L3_2, Level::L4_0],
        resolutions: [(1920, 1080), (1280, 720), (1200, 1600)]
            .into_iter()
            .flat_map(|(w, h)| [15, 24, 30].map(|fps| Resolution::new(w, h, fps)))
            .collect(),
        audio: vec![audio(AudioCodec::AacLc), audio(AudioCodec::AacEld)],
        ..Offer::standard(PrebufferMs::MIN)
    }
}

/// What an iPhone-era hub wrote: 1080p30, main, 4.0, 800 kbit/s, AAC-LC 32 kHz.
fn hub_selection() -> Vec<u8> {
    bytes(&recording()["selected"][0])
}

#[test]
fn offers_and_their_hash_are_byte_equal() {
    let recording = recording();
    let vectors = recording["supported"].as_array().unwrap();
    assert_eq!(vectors.len(), 5);
    for vector in vectors {
        let (name, offer) = (&vector["name"], offer(vector));
        let expected = |key: &str| bytes(&vector[key]);
        let camera = expected("SupportedCameraRecordingConfiguration");
        let video = expected("SupportedVideoRecordingConfiguration");
        let audio = expected("SupportedAudioRecordingConfiguration");
        assert_eq!(hex(&offer.camera_recording()), hex(&camera), "{name}");
        assert_eq!(hex(&offer.video_recording()), hex(&video), "{name}");
        assert_eq!(hex(&offer.audio_recording()), hex(&audio), "{name}");
        let hash = &vector["configuration_hash_sha256_of_base64_concat"];
        assert_eq!(hex(&offer.hash()), hash.as_str().unwrap(), "{name}");
    }
}

#[test]
fn the_standard_offer_is_what_it_says() {
    let offer = Offer::standard(PrebufferMs::MIN);
    assert_eq!(
        hex(&offer.camera_recording()),
        "0104a00f0000 02080100000000000000 030b010100 0206 0104a00f0000".replace(' ', "")
    );
    assert_eq!(
        hex(&offer.video_recording()),
        "013b 010100 020b 010101 020100 0000 020102 \
         030b 01028007 02023804 03011e 0000 \
         030b 01020005 0202d002 03011e 0000 \
         030b 01020005 0202d002 03010f"
            .replace(' ', "")
    );
    assert_eq!(hex(&offer.audio_recording()), "010e0101000209010101020100030103");
    let short = offer.at_30_fps_only();
    assert_eq!(
        short.resolutions,
        [Resolution::new(1920, 1080, 30), Resolution::new(1280, 720, 30)]
    );
}

#[test]
fn the_prebuffer_has_two_ends() {
    for (ms, is_fit) in [(3999, false), (4000, true), (6500, true), (8000, true), (8001, false)] {
        assert_eq!(PrebufferMs::try_from(ms).is_ok(), is_fit, "{ms}");
    }
    let circle = &recording()["captured_supported_camera_recording_logitech_circle2"];
    let offer = Offer::standard(PrebufferMs::MAX);
    assert_eq!(hex(&offer.camera_recording()), circle["hex"]);
}

#[test]
fn selections_mean_what_they_should() {
    let recording = recording();
    let vectors = recording["selected"].as_array().unwrap();
    assert_eq!(vectors.len(), 6);
    for vector in vectors {
        let name = &vector["name"];
        let selected = SelectedConfiguration::parse(&bytes(vector), &broad_offer())
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let meant = &vector["parsed_by_hapnodejs"];
        let (video, audio) = (&meant["videoCodec"], &meant["audioCodec"]);
        let parameters = &video["parameters"];
        let triggers: u8 = numbers(&meant["eventTriggerTypes"]).into_iter().sum();
        let table = [
            (u64::from(selected.prebuffer_ms), number(&meant["prebufferLength"])),
            (
                u64::from(selected.fragment_ms),
                number(&meant["mediaContainerConfiguration"]["fragmentLength"]),
            ),
            (selected.triggers.bits(), triggers.into()),
            (selected.video.profile.number().into(), number(&parameters["profile"])),
            (selected.video.level.number().into(), number(&parameters["level"])),
            (selected.video.bitrate_kbps.into(), number(&parameters["bitRate"])),
            (selected.video.idr_interval_ms.into(), number(&parameters["iFrameInterval"])),
            (selected.audio.codec.number().into(), number(&audio["type"])),
            (selected.audio.channels.into(), number(&audio["audioChannels"])),
            (selected.audio.mode.number().into(), number(&audio["bitrateMode"])),
            (selected.audio.sample_rate.number().into(), number(&audio["samplerate"])),
            (selected.audio.bitrate_kbps.into(), number(&audio["bitrate"])),
        ];
        for (row, (is, should)) in table.into_iter().enumerate() {
            assert_eq!(is, should, "{name}, row {row}");
        }
        assert_eq!(selected.video.resolution, resolution(&video["resolution"]), "{name}");
    }
}

#[test]
fn what_was_not_offered_is_refused_by_name() {
    let offer = Offer::standard(PrebufferMs::MIN);
    let refused = [
        (1, Field::Resolution),
        (2, Field::Profile),
        (3, Field::Profile),
        (4, Field::Triggers),
        (5, Field::Prebuffer),
    ];
    assert!(SelectedConfiguration::parse(&hub_selection(), &offer).is_ok());
    for (index, field) in refused {
        let vector = &recording()["selected"][index];
        let parsed = SelectedConfiguration::parse(&bytes(vector), &offer);
        assert_eq!(parsed, Err(Error::NotOffered(field)), "{}", vector["name"]);
    }
}

/// The hub's selection with the byte at `at` (and the following ones) replaced.
fn patched(at: usize, with: &[u8]) -> Vec<u8> {
    let mut bytes = hub_selection();
    bytes[at..at + with.len()].copy_from_slice(with);
    bytes
}

#[test]
fn each_number_of_a_selection_is_checked() {
    let offer = Offer::standard(PrebufferMs::MIN);
    // offset in the value, new bytes, error
    let table = [
        (4, &[0, 0, 0, 0][..], Error::Range(Field::Prebuffer)),
        (4, &[0xa1, 0x0f, 0, 0], Error::NotOffered(Field::Prebuffer)),
        (10, &[2], Error::NotOffered(Field::Triggers)),
        (17, &[0x80], Error::NotOffered(Field::Triggers)),
        (22, &[1], Error::NotOffered(Field::Container)),
        (27, &[0, 0, 0, 0], Error::Range(Field::Fragment)),
        (27, &[0x40, 0x1f, 0, 0], Error::NotOffered(Field::Fragment)),
        (35, &[1], Error::NotOffered(Field::VideoCodec)),
        (40, &[3], Error::NotOffered(Field::Profile)),
        (43, &[1], Error::NotOffered(Field::Level)),
        (46, &[0, 0, 0, 0], Error::Range(Field::VideoBitrate)),
        (46, &[0xff, 0xff, 0xff, 0xff], Error::Range(Field::VideoBitrate)),
        (52, &[0, 0, 0, 0], Error::Range(Field::IdrInterval)),
        (52, &[0, 0, 0, 1], Error::Range(Field::IdrInterval)),
        (60, &[0, 0], Error::NotOffered(Field::Resolution)),
        (64, &[0, 0], Error::NotOffered(Field::Resolution)),
        (68, &[0], Error::NotOffered(Field::Resolution)),
        (73, &[1], Error::NotOffered(Field::AudioCodec)),
        (78, &[2], Error::NotOffered(Field::AudioCodec)),
        (81, &[1], Error::NotOffered(Field::AudioCodec)),
        (84, &[6], Error::NotOffered(Field::AudioCodec)),
        (87, &[0, 0, 0, 0], Error::Range(Field::AudioBitrate)),
    ];
    for (at, with, error) in table {
        let parsed = SelectedConfiguration::parse(&patched(at, with), &offer);
        assert_eq!(parsed, Err(error), "byte {at} set to {with:?}");
    }
}

#[test]
fn no_truncation_of_a_selection_is_taken() {
    let whole = hub_selection();
    for end in 0..whole.len() {
        let cut = SelectedConfiguration::parse(&whole[..end], &broad_offer());
        assert!(matches!(cut, Err(Error::Tlv(_))), "cut at {end} gave {cut:?}");
    }
    assert_eq!(SelectedConfiguration::parse(&[0; 1025], &broad_offer()), Err(Error::TooLong(1025)));
}

#[test]
fn data_stream_set_up_is_byte_equal() {
    let vectors = &recording()["data_stream_transport"];
    let supported = &vectors["SupportedDataStreamTransportConfiguration"];
    assert_eq!(data_stream::supported(), bytes(supported));

    let request = SetupRequest::parse(&bytes(&vectors["setup_request"])).unwrap();
    assert_eq!(request.controller_salt, [0xc0; 32]);
    let captured = vectors["captured_setup_requests_from_a_home_hub"].as_array().unwrap();
    for vector in captured {
        let value = bytes(vector);
        let request = SetupRequest::parse(&value).unwrap();
        assert_eq!(request.controller_salt, value[8..]);
        for end in 0..value.len() {
            assert!(SetupRequest::parse(&value[..end]).is_err(), "cut at {end}");
        }
    }

    let response = SetupResponse::new(Ok(52345));
    assert_eq!(response.write_response(&[0xa0; 32]), bytes(&vectors["setup_write_response"]));
    assert_eq!(response.read_value(), bytes(&vectors["later_read_value_without_salt"]));
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
    assert_eq!(standard.rtp(), live("SupportedRTPConfiguration_aes128"));
    assert!(standard.resolutions.contains(&Resolution::new(320, 240, 15)), "for the watch");
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
    fn any_bytes_are_handled(bytes in proptest::collection::vec(any::<u8>(), 0..1200)) {
        let offer = broad_offer();
        let taken = [
            SelectedConfiguration::parse(&bytes, &offer).is_ok(),
            Request::parse(&bytes).is_ok(),
            SetupRequest::parse(&bytes).is_ok(),
            StreamRequest::parse(&bytes).is_ok(),
        ];
        prop_assert!(!taken.contains(&true) || bytes.len() >= 23, "shorter than any can be");
    }

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

    #[test]
    fn a_changed_selection_is_refused_or_within_the_offer(
        index in 0_usize..6, at in any::<prop::sample::Index>(), byte in any::<u8>(),
    ) {
        let offer = broad_offer();
        let mut value = bytes(&recording()["selected"][index]);
        let at = at.index(value.len());
        value[at] = byte;
        if let Ok(selected) = SelectedConfiguration::parse(&value, &offer) {
            prop_assert!(selected.prebuffer_ms > 0);
            prop_assert!(selected.prebuffer_ms <= offer.prebuffer.get());
            prop_assert!(offer.fragments_ms.contains(&selected.fragment_ms));
            prop_assert!(offer.resolutions.contains(&selected.video.resolution));
            prop_assert!(selected.video.bitrate_kbps > 0 && selected.audio.bitrate_kbps > 0);
        }
    }
}
