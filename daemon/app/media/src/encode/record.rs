// SPDX-License-Identifier: MIT OR Apache-2.0
//! The encode for recordings: it runs while a configuration is selected and the gate permits a
//! prebuffer, on the thread "record".

use std::time::Duration;

use frame::EncodedFrame;
use privacy::{Permit, Prebuffer};

use super::{Next, Order, Purpose};
use crate::bus::TapOptions;
use crate::encoder::{EncodeError, EncoderSettings};
use crate::video::{RecordSettings, Shared, VideoEvent};

pub(crate) fn run(shared: &Shared) {
    super::run(shared, &Recording(shared));
}

struct Recording<'a>(&'a Shared);

impl Purpose for Recording<'_> {
    type Leave = Permit<Prebuffer>;

    fn next(&self) -> Next<Permit<Prebuffer>> {
        match (self.order(), self.0.gate.permit()) {
            (Some(order), Ok(permit)) => Next::Run(order, permit),
            _ => Next::Rest,
        }
    }

    fn order(&self) -> Option<Order> {
        self.0.recording().map(|settings| order_of(&settings))
    }

    fn take_idr_wish(&self) -> bool {
        self.0.take_idr_wish()
    }

    fn tap(&self, interval: Option<Duration>) -> TapOptions {
        TapOptions::encoder(interval)
    }

    fn lost(&self, pictures: u64) {
        self.0.counters.record_dropped.add(pictures);
    }

    fn encoded(&self, frame: EncodedFrame) {
        self.0.counters.encoded.add(1);
        self.0.tell(VideoEvent::Encoded(frame));
    }

    fn failed(&self, reason: EncodeError) {
        self.0.tell(VideoEvent::EncoderFailed { reason });
    }
}

fn order_of(settings: &RecordSettings) -> Order {
    let &RecordSettings { size, fps, coded_fps, profile, level, bitrate_bps, threads, .. } =
        settings;
    let encoder = EncoderSettings { size, fps, profile, level, bitrate_bps, threads };
    Order { settings: encoder, coded_fps, idr_interval: settings.idr_interval }
}
