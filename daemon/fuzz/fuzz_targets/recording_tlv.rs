// SPDX-License-Identifier: MIT OR Apache-2.0
//! Any bytes as a value that a controller writes to the camera: read without a panic, and a
//! selection that is taken lies within the offer.

#![no_main]

use camera::StoredState;
use camera::tlv::data_stream::SetupRequest;
use camera::tlv::recording::{Offer, PrebufferMs};
use camera::tlv::selected::SelectedConfiguration;
use camera::tlv::selected_rtp::Request as Selection;
use camera::tlv::setup_endpoints::Request;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let offer = Offer::standard(PrebufferMs::MIN);
    if let Ok(selected) = SelectedConfiguration::parse(data, &offer) {
        assert!((1..=offer.prebuffer.get()).contains(&selected.prebuffer_ms));
        assert!(offer.resolutions.contains(&selected.video.resolution));
        assert!(offer.fragments_ms.contains(&selected.fragment_ms));
    }
    if let Ok(request) = Request::parse(data) {
        assert_eq!(request.video_srtp.key.len(), request.video_srtp.suite.key_bytes());
    }
    let _: Result<_, _> = SetupRequest::parse(data);
    let _: Result<_, _> = Selection::parse(data);
    if let Ok(state) = StoredState::decode(data) {
        assert_eq!(StoredState::decode(&state.encode()).ok(), Some(state));
    }
});
