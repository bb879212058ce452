// SPDX-License-Identifier: MIT OR Apache-2.0
//! Encoding, over the stand-in: our order of calls and the binary interface, not the hardware.

mod support;

use std::ffi::OsStr;
use std::os::fd::AsFd;
use std::sync::{Mutex, PoisonError};

use frame::Chroma;
use rkmpp::{Codec, Encoder, EncoderConfig, Error, Layout, Library};
use support::{CONFIG, alive, draw, drawn, kinds, lent, library};

/// What is alive is counted for the whole process: one test at a time.
static ONE: Mutex<()> = Mutex::new(());

const SPS_PPS: [u8; 2] = [7, 8];

#[test]
fn the_stream_begins_with_an_idr_and_has_those_asked_for() {
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut encoder = Encoder::new(library(), &CONFIG).unwrap();
    assert_eq!(kinds(encoder.parameter_sets()), SPS_PPS);
    for number in 0..20 {
        if number == 7 {
            encoder.force_idr().unwrap();
        }
        let pts_us = i64::try_from(number).unwrap() * 33_333;
        let packet = encoder.encode_copy(pts_us, |memory| draw(&CONFIG, number, memory)).unwrap();
        let is_idr = kinds(&packet).contains(&5);
        assert_eq!(is_idr, number == 0 || number == 7, "picture {number}");
        assert_eq!(packet.is_intra(), is_idr, "picture {number}");
        assert_eq!(packet.pts_us(), pts_us);
        // The first goes without, since they were given out; the later ones are repeated.
        assert_eq!(kinds(&packet).starts_with(&SPS_PPS), number == 7, "picture {number}");
    }
    drop(encoder);
    assert_eq!(alive(), 0, "something was not given back");
}

#[test]
fn imported_and_copied_pictures_make_the_same_stream() {
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    for chroma in [Chroma::Pairs, Chroma::Planes] {
        let config = EncoderConfig { layout: Layout { chroma, ..CONFIG.layout }, ..CONFIG };
        let mut copying = Encoder::new(library(), &config).unwrap();
        let mut importing = Encoder::new(library(), &config).unwrap();
        for number in 0..5 {
            let picture = drawn(&config, number);
            let memory = lent(&picture);
            let copied = copying.encode_copy(0, |to| to.copy_from_slice(&picture)).unwrap();
            let imported = importing.encode_import(0, memory.as_fd(), picture.len()).unwrap();
            assert!(*copied == *imported, "{chroma:?}, picture {number}");
        }
    }
    assert_eq!(alive(), 0, "something was not given back");
}

#[test]
fn memory_that_cannot_be_imported_leaves_the_encoder_of_use() {
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut encoder = Encoder::new(library(), &CONFIG).unwrap();
    let len = CONFIG.layout.picture_len();
    let null = std::fs::File::open("/dev/null").unwrap();
    let refused = encoder.encode_import(0, null.as_fd(), len).unwrap_err();
    assert!(matches!(refused, Error::Import { .. }), "{refused}");
    let short = encoder.encode_import(0, null.as_fd(), len - 1).unwrap_err();
    assert_eq!(short, Error::Length { len: len - 1, needed: len });
    let packet = encoder.encode_copy(0, |memory| draw(&CONFIG, 0, memory)).unwrap();
    assert!(packet.is_intra());
}

#[test]
fn the_bit_rate_changes_without_an_idr() {
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut encoder = Encoder::new(library(), &CONFIG).unwrap();
    let second = |encoder: &mut Encoder, from: usize| {
        (from..from + 30).fold(0, |sum, number| {
            // Noise, so that there is something to save.
            let packet = encoder.encode_copy(0, |memory| {
                draw(&CONFIG, number, memory);
                let mut state = u32::try_from(number).unwrap() + 1;
                for sample in memory.iter_mut().step_by(3) {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    *sample ^= u8::try_from(state >> 27).unwrap();
                }
            });
            let packet = packet.unwrap();
            assert_eq!(packet.is_intra(), number == 0);
            sum + packet.len()
        })
    };
    second(&mut encoder, 0);
    let rich = second(&mut encoder, 30);
    encoder.set_bitrate(60_000).unwrap();
    second(&mut encoder, 60);
    let poor = second(&mut encoder, 90);
    assert!(poor * 2 < rich, "{poor} bytes a second after {rich}");
}

#[test]
fn jpegs_are_whole_and_alone() {
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut sizes = Vec::new();
    for quality in [20, 90] {
        let config = EncoderConfig { codec: Codec::Jpeg { quality }, ..CONFIG };
        let mut encoder = Encoder::new(library(), &config).unwrap();
        assert!(encoder.parameter_sets().is_empty());
        for number in 0..3 {
            let memory = lent(&drawn(&config, number));
            let len = config.layout.picture_len();
            let jpeg = encoder.encode_import(5, memory.as_fd(), len).unwrap();
            assert!(jpeg.starts_with(&[0xff, 0xd8]) && jpeg.ends_with(&[0xff, 0xd9]));
            assert!(jpeg.is_intra());
            sizes.push(jpeg.len());
        }
        encoder.set_bitrate(1).unwrap();
    }
    assert!(sizes[0] * 2 < sizes[3], "{sizes:?}");
    assert_eq!(alive(), 0, "something was not given back");
}

#[test]
fn what_cannot_be_encoded_is_refused_before_the_library_sees_it() {
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let odd = EncoderConfig { width: 321, ..CONFIG };
    assert!(matches!(Encoder::new(library(), &odd), Err(Error::Unsupported { .. })));
    let layout = Layout { stride: 328, ..CONFIG.layout };
    let crooked = EncoderConfig { layout, ..CONFIG };
    assert!(matches!(Encoder::new(library(), &crooked), Err(Error::Layout { stride: 328, .. })));
    let codec = Codec::H264 { profile_idc: 88, level_idc: 31, fps: 30, bitrate_bps: 1 };
    let strange = EncoderConfig { codec, ..CONFIG };
    let refused = Encoder::new(library(), &strange).unwrap_err();
    assert!(matches!(refused, Error::Failed { call: "MPP_ENC_SET_CFG", .. }), "{refused}");
    assert_eq!(alive(), 0, "something was not given back");
}

#[test]
fn an_encoder_works_on_another_thread_than_it_was_made_on() {
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut encoder = Encoder::new(library(), &CONFIG).unwrap();
    std::thread::spawn(move || {
        assert!(encoder.encode_copy(0, |memory| draw(&CONFIG, 0, memory)).unwrap().is_intra());
    })
    .join()
    .unwrap();
}

/// On a board this loads the real one, and tells its version's like; elsewhere it is not there.
#[test]
fn the_usual_names_are_looked_for() {
    match Library::load(None) {
        Ok(_) => println!("librockchip_mpp is installed here"),
        Err(error) => assert!(error.to_string().contains("librockchip_mpp.so"), "{error}"),
    }
    assert!(Library::load(Some(OsStr::new(""))).is_err());
}
