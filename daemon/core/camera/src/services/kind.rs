// SPDX-License-Identifier: MIT OR Apache-2.0
//! The standard's short types of services and characteristics. Where the unofficial specification
//! printed a type that belongs to another one (0x21B for ManuallyDisabled, 0x204 for
//! SupportedCameraRecordingConfiguration), this is the one that real home hubs know.

pub const ACCESSORY_INFORMATION: u16 = 0x3e;
pub const CAMERA_OPERATING_MODE: u16 = 0x21a;
pub const CAMERA_RECORDING_MANAGEMENT: u16 = 0x204;
pub const CAMERA_RTP_STREAM_MANAGEMENT: u16 = 0x110;
pub const DATA_STREAM_TRANSPORT_MANAGEMENT: u16 = 0x129;
pub const DOORBELL: u16 = 0x121;
pub const MICROPHONE: u16 = 0x112;
pub const MOTION_SENSOR: u16 = 0x85;
pub const PROTOCOL_INFORMATION: u16 = 0xa2;
pub const SPEAKER: u16 = 0x113;

pub const ACTIVE: u16 = 0xb0;
pub const CAMERA_OPERATING_MODE_INDICATOR: u16 = 0x21d;
pub const DIAGONAL_FIELD_OF_VIEW: u16 = 0x224;
pub const EVENT_SNAPSHOTS_ACTIVE: u16 = 0x223;
pub const FIRMWARE_REVISION: u16 = 0x52;
pub const HOMEKIT_CAMERA_ACTIVE: u16 = 0x21b;
pub const IDENTIFY: u16 = 0x14;
pub const MANUALLY_DISABLED: u16 = 0x227;
pub const MANUFACTURER: u16 = 0x20;
pub const MODEL: u16 = 0x21;
pub const MOTION_DETECTED: u16 = 0x22;
pub const MUTE: u16 = 0x11a;
pub const NAME: u16 = 0x23;
pub const NIGHT_VISION: u16 = 0x11b;
pub const PERIODIC_SNAPSHOTS_ACTIVE: u16 = 0x225;
pub const PROGRAMMABLE_SWITCH_EVENT: u16 = 0x73;
pub const RECORDING_AUDIO_ACTIVE: u16 = 0x226;
pub const SELECTED_CAMERA_RECORDING: u16 = 0x209;
pub const SELECTED_RTP_STREAM: u16 = 0x117;
pub const SERIAL_NUMBER: u16 = 0x30;
pub const SETUP_DATA_STREAM_TRANSPORT: u16 = 0x131;
pub const SETUP_ENDPOINTS: u16 = 0x118;
pub const STATUS_ACTIVE: u16 = 0x75;
pub const STATUS_FAULT: u16 = 0x77;
pub const STREAMING_STATUS: u16 = 0x120;
pub const SUPPORTED_AUDIO_RECORDING: u16 = 0x207;
pub const SUPPORTED_AUDIO_STREAM: u16 = 0x115;
pub const SUPPORTED_CAMERA_RECORDING: u16 = 0x205;
pub const SUPPORTED_DATA_STREAM_TRANSPORT: u16 = 0x130;
pub const SUPPORTED_RTP: u16 = 0x116;
pub const SUPPORTED_VIDEO_RECORDING: u16 = 0x206;
pub const SUPPORTED_VIDEO_STREAM: u16 = 0x114;
pub const THIRD_PARTY_CAMERA_ACTIVE: u16 = 0x21c;
pub const VERSION: u16 = 0x37;
pub const VOLUME: u16 = 0x119;
