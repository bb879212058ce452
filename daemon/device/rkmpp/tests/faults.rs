// SPDX-License-Identifier: MIT OR Apache-2.0
//! An encoder that fails, hangs, or cannot read what it is given. Each test runs in a process of
//! its own, whose stand-in has the fault.

mod support;

use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use rkmpp::{Encoder, Error, PICTURE_TIMEOUT};
use support::{CONFIG, alive, draw, drawn, lent, library, release, with_faults};

fn encode(encoder: &mut Encoder, number: usize) -> Result<usize, Error> {
    encoder.encode_copy(0, |memory| draw(&CONFIG, number, memory)).map(|packet| packet.len())
}

#[test]
fn a_refused_import_leaves_the_copying_way() {
    if with_faults("a_refused_import_leaves_the_copying_way", "refuse-import") {
        let mut encoder = Encoder::new(library(), &CONFIG).unwrap();
        let picture = drawn(&CONFIG, 0);
        let memory = lent(&picture);
        let refused = encoder.encode_import(0, memory.as_fd(), picture.len()).unwrap_err();
        assert_eq!(refused, Error::Import { code: -1 });
        encode(&mut encoder, 0).unwrap();
        drop(encoder);
        assert_eq!(alive(), 0, "something was not given back");
    }
}

#[test]
fn an_import_that_fails_late_is_an_error_of_the_encoder() {
    let name = "an_import_that_fails_late_is_an_error_of_the_encoder";
    if with_faults(name, "unreadable-import") {
        let mut encoder = Encoder::new(library(), &CONFIG).unwrap();
        let picture = drawn(&CONFIG, 0);
        let memory = lent(&picture);
        let failed = encoder.encode_import(0, memory.as_fd(), picture.len()).unwrap_err();
        assert_eq!(failed, Error::Failed { call: "encode_put_frame", code: -1009 });
        assert_eq!(encode(&mut encoder, 0), Err(failed), "it is of no more use");
        drop(encoder);
        encode(&mut Encoder::new(library(), &CONFIG).unwrap(), 0).unwrap();
        assert_eq!(alive(), 0, "something was not given back");
    }
}

#[test]
fn a_failure_of_the_hardware_is_told_with_its_code() {
    if with_faults("a_failure_of_the_hardware_is_told_with_its_code", "fail=3") {
        let mut encoder = Encoder::new(library(), &CONFIG).unwrap();
        for number in 0..3 {
            encode(&mut encoder, number).unwrap();
        }
        let failed = encode(&mut encoder, 3).unwrap_err();
        assert_eq!(failed, Error::Failed { call: "encode_put_frame", code: -1009 });
        assert_eq!(failed.to_string(), "encode_put_frame failed with code -1009");
        drop(encoder);
        assert_eq!(alive(), 0, "something was not given back");
    }
}

#[test]
fn an_encoder_that_hangs_is_an_error_in_time() {
    if with_faults("an_encoder_that_hangs_is_an_error_in_time", "hang=2") {
        let mut encoder = Encoder::new(library(), &CONFIG).unwrap();
        encode(&mut encoder, 0).unwrap();
        encode(&mut encoder, 1).unwrap();
        let start = Instant::now();
        // The camera's memory goes while the encoder still has the picture.
        let picture = drawn(&CONFIG, 2);
        let hung = encoder.encode_import(0, lent(&picture).as_fd(), picture.len()).unwrap_err();
        assert_eq!(hung, Error::Stalled);
        let took = start.elapsed();
        assert!(took < PICTURE_TIMEOUT * 2 + Duration::from_millis(500), "{took:?}");
        assert_eq!(encode(&mut encoder, 3), Err(Error::Stalled), "at once");
        assert!(start.elapsed() < took + Duration::from_millis(100));
        assert_eq!(encoder.force_idr(), Err(Error::Stalled));
        drop(encoder);
        assert_eq!(alive(), 0, "something was not given back");
    }
}

#[test]
fn a_picture_that_nothing_comes_of_is_an_error_in_time() {
    if with_faults("a_picture_that_nothing_comes_of_is_an_error_in_time", "no-packet=0") {
        let mut encoder = Encoder::new(library(), &CONFIG).unwrap();
        let start = Instant::now();
        assert_eq!(encode(&mut encoder, 0), Err(Error::Stalled));
        assert!(start.elapsed() < PICTURE_TIMEOUT * 2 + Duration::from_millis(500));
    }
}

#[test]
fn an_encoder_that_does_not_end_costs_one_thread_and_no_more() {
    let name = "an_encoder_that_does_not_end_costs_one_thread_and_no_more";
    if with_faults(name, "hang-destroy") {
        let mut encoder = Encoder::new(library(), &CONFIG).unwrap();
        encode(&mut encoder, 0).unwrap();
        let start = Instant::now();
        drop(encoder);
        assert!(start.elapsed() < Duration::from_millis(2500), "{:?}", start.elapsed());
        assert_ne!(alive(), 0, "it hangs");
        assert_eq!(Encoder::new(library(), &CONFIG).unwrap_err(), Error::Hung);
        release();
        encode(&mut Encoder::new(library(), &CONFIG).unwrap(), 0).unwrap();
        assert_eq!(alive(), 0, "something was not given back");
    }
}

#[test]
fn a_machine_without_memory_is_told() {
    if with_faults("a_machine_without_memory_is_told", "no-memory") {
        let mut encoder = Encoder::new(library(), &CONFIG).unwrap();
        assert_eq!(encode(&mut encoder, 0), Err(Error::Memory { code: -1 }));
    }
}

#[test]
fn a_machine_without_such_an_encoder_is_told() {
    if with_faults("a_machine_without_such_an_encoder_is_told", "no-init") {
        let refused = Encoder::new(library(), &CONFIG).unwrap_err();
        assert_eq!(refused, Error::Failed { call: "mpp_init", code: -1 });
        assert_eq!(alive(), 0, "something was not given back");
    }
}
