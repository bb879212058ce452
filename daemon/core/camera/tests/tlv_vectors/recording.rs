// SPDX-License-Identifier: MIT OR Apache-2.0
//! Recording offers and selections, data stream set-up.

use camera::tlv::data_stream::{self, SetupRequest, SetupResponse};
use camera::tlv::recording::{
    AudioCodec, AudioOffer, BitrateMode, Level, Offer, PrebufferMs, Profile, Resolution,
    SampleRate, Triggers,
};
use camera::tlv::selected::{Error, Field, SelectedConfiguration};
use camera::tlv::selected_rtp::Request as StreamRequest;
use camera::tlv::setup_endpoints::Request;
use proptest::prelude::*;
use serde_json::Value as Json;

use crate::{bytes, hex};

fn recording() -> Json {
    serde_json::from_str(include_str!("../data/tlv-recording.json")).unwrap()
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
