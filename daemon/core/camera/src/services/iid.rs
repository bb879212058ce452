// SPDX-License-Identifier: MIT OR Apache-2.0
//! Every instance id of the accessory, in one place. They are part of what controllers remember
//! about a paired camera: never move one, never reuse one, only append.
//!
//! Each service owns sixteen ids, its own first. `tests/data/database.txt` pins the whole table,
//! `tests/data/doorbell.txt` what a doorbell has besides.

#![allow(missing_docs, reason = "the names are the standard's own")]

use hap::Iid;
use privacy::LIVE_SERVICES;

pub const ACCESSORY_INFORMATION: Iid = 1;
pub const IDENTIFY: Iid = 2;
pub const MANUFACTURER: Iid = 3;
pub const MODEL: Iid = 4;
pub const NAME: Iid = 5;
pub const SERIAL_NUMBER: Iid = 6;
pub const FIRMWARE_REVISION: Iid = 7;

pub const PROTOCOL_INFORMATION: Iid = 16;
pub const PROTOCOL_VERSION: Iid = 17;

/// The stream services. The last two came later.
pub const RTP: [Rtp; LIVE_SERVICES] = [Rtp::at(32), Rtp::at(48), Rtp::at(160), Rtp::at(176)];

pub const MICROPHONE: Iid = 64;
pub const MICROPHONE_MUTE: Iid = 65;
pub const MICROPHONE_VOLUME: Iid = 66;

pub const SPEAKER: Iid = 80;
pub const SPEAKER_MUTE: Iid = 81;
pub const SPEAKER_VOLUME: Iid = 82;

pub const MOTION_SENSOR: Iid = 96;
pub const MOTION_DETECTED: Iid = 97;
pub const MOTION_STATUS_ACTIVE: Iid = 98;
pub const MOTION_STATUS_FAULT: Iid = 99;

pub const CAMERA_OPERATING_MODE: Iid = 112;
pub const EVENT_SNAPSHOTS_ACTIVE: Iid = 113;
pub const HOMEKIT_CAMERA_ACTIVE: Iid = 114;
pub const PERIODIC_SNAPSHOTS_ACTIVE: Iid = 115;
pub const THIRD_PARTY_CAMERA_ACTIVE: Iid = 116;
pub const CAMERA_OPERATING_MODE_INDICATOR: Iid = 117;
pub const MANUALLY_DISABLED: Iid = 118;
pub const NIGHT_VISION: Iid = 119;
pub const DIAGONAL_FIELD_OF_VIEW: Iid = 120;

pub const CAMERA_RECORDING_MANAGEMENT: Iid = 128;
pub const RECORDING_ACTIVE: Iid = 129;
pub const SUPPORTED_CAMERA_RECORDING: Iid = 130;
pub const SUPPORTED_VIDEO_RECORDING: Iid = 131;
pub const SUPPORTED_AUDIO_RECORDING: Iid = 132;
pub const SELECTED_CAMERA_RECORDING: Iid = 133;
pub const RECORDING_AUDIO_ACTIVE: Iid = 134;

pub const DATA_STREAM_TRANSPORT_MANAGEMENT: Iid = 144;
pub const SUPPORTED_DATA_STREAM_TRANSPORT: Iid = 145;
pub const SETUP_DATA_STREAM_TRANSPORT: Iid = 146;
pub const DATA_STREAM_VERSION: Iid = 147;

pub const DOORBELL: Iid = 192;
pub const PROGRAMMABLE_SWITCH_EVENT: Iid = 193;

/// The ids of one CameraRTPStreamManagement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rtp {
    pub service: Iid,
    pub active: Iid,
    pub streaming_status: Iid,
    pub supported_video: Iid,
    pub supported_audio: Iid,
    pub supported_rtp: Iid,
    pub setup_endpoints: Iid,
    pub selected_rtp: Iid,
}

impl Rtp {
    const fn at(service: Iid) -> Self {
        Self {
            service,
            active: service + 1,
            streaming_status: service + 2,
            supported_video: service + 3,
            supported_audio: service + 4,
            supported_rtp: service + 5,
            setup_endpoints: service + 6,
            selected_rtp: service + 7,
        }
    }

    /// Whether this service owns `iid`, now or in time to come.
    pub const fn contains(&self, iid: Iid) -> bool {
        iid >= self.service && iid < self.service + IDS_PER_SERVICE
    }
}

/// How many ids are set apart for each service, its own included.
const IDS_PER_SERVICE: Iid = 16;
