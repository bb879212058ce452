// SPDX-License-Identifier: MIT OR Apache-2.0
//! Reads: what each characteristic is worth now.

use hap::setup::Category;
use hap::{ConnectionId, Iid, Status, Value};
use privacy::LIVE_SERVICES;

use super::{Camera, Sound, StoredState};
use crate::services::iid;
use crate::tlv::data_stream;
use crate::tlv::live::StreamingStatus;

/// Version of HAP over IP.
const PROTOCOL_VERSION: &str = "1.1.0";
/// Version of DataStreamTransportManagement.
const DATA_STREAM_VERSION: &str = "1.0";

impl Camera {
    /// What a controller reads over `connection`.
    ///
    /// # Errors
    /// `UnableToCommunicate` for SelectedCameraRecordingConfiguration while none is selected: an
    /// empty value would make the hub believe that it has configured the camera. `DoesNotExist`
    /// for what the database does not let anybody read.
    pub fn read(&self, connection: ConnectionId, iid: Iid) -> Result<Value, Status> {
        if let Some((service, ids)) = rtp_service(iid) {
            return self.read_rtp(connection, iid, service, ids);
        }
        self.read_shared(iid)
    }

    /// What every controller reads alike.
    pub(super) fn read_shared(&self, iid: Iid) -> Result<Value, Status> {
        if let Some(value) = stored_value(&self.granted, iid) {
            return value.ok_or(Status::UnableToCommunicate);
        }
        let labels = self.setup.identity.labels();
        Ok(match iid {
            iid::MANUFACTURER => text(&labels.manufacturer),
            iid::MODEL => text(&labels.model),
            iid::NAME => text(&labels.name),
            iid::SERIAL_NUMBER => text(&labels.serial),
            iid::FIRMWARE_REVISION => text(&labels.firmware),
            iid::PROTOCOL_VERSION => text(PROTOCOL_VERSION),
            iid::MOTION_DETECTED => Value::Bool(self.is_moving),
            iid::MOTION_STATUS_ACTIVE => Value::Bool(self.permits().motion),
            iid::MOTION_STATUS_FAULT => switch_u8(self.has_fault),
            // No other service is ever given the picture.
            iid::THIRD_PARTY_CAMERA_ACTIVE => Value::Bool(false),
            iid::MANUALLY_DISABLED => Value::Bool(self.is_manually_disabled()),
            iid::DIAGONAL_FIELD_OF_VIEW => Value::Float(self.setup.field_of_view.degrees()),
            // A press is told when it happens; afterwards there is nothing to read.
            iid::PROGRAMMABLE_SWITCH_EVENT if self.setup.category == Category::VideoDoorbell => {
                Value::Null
            }
            iid::SUPPORTED_CAMERA_RECORDING => {
                Value::Bytes(self.setup.recording.camera_recording())
            }
            iid::SUPPORTED_VIDEO_RECORDING => Value::Bytes(self.setup.recording.video_recording()),
            iid::SUPPORTED_AUDIO_RECORDING => Value::Bytes(self.setup.recording.audio_recording()),
            iid::SUPPORTED_DATA_STREAM_TRANSPORT => Value::Bytes(data_stream::supported()),
            iid::SETUP_DATA_STREAM_TRANSPORT => Value::Bytes(
                self.data_stream.map_or_else(Vec::new, |(_, response)| response.read_value()),
            ),
            iid::DATA_STREAM_VERSION => text(DATA_STREAM_VERSION),
            _ => match rtp_service(iid) {
                Some((service, ids)) if iid == ids.streaming_status => {
                    Value::Bytes(self.streaming_status(service).value())
                }
                _ => return Err(Status::DoesNotExist),
            },
        })
    }

    fn read_rtp(
        &self,
        connection: ConnectionId,
        iid: Iid,
        service: usize,
        ids: &iid::Rtp,
    ) -> Result<Value, Status> {
        let live = &self.setup.live;
        Ok(Value::Bytes(match iid {
            _ if iid == ids.supported_video => live.video(),
            _ if iid == ids.supported_audio => live.audio(),
            _ if iid == ids.supported_rtp => live.rtp(),
            _ if iid == ids.setup_endpoints => self.live.response(connection, service),
            _ if iid == ids.selected_rtp => self.live.selected(service),
            _ => return self.read_shared(iid),
        }))
    }

    fn streaming_status(&self, service: usize) -> StreamingStatus {
        let is_permitted = self.permits().live.get(service).copied().unwrap_or(false);
        if !is_permitted {
            StreamingStatus::Unavailable
        } else if self.live.is_free(service) {
            StreamingStatus::Available
        } else {
            StreamingStatus::InUse
        }
    }
}

/// The value of a stored characteristic: `None` where `iid` is no such, `Some(None)` where it has
/// no value yet.
pub(super) fn stored_value(state: &StoredState, iid: Iid) -> Option<Option<Value>> {
    if let Some((service, ids)) = rtp_service(iid) {
        let is_active = state.rtp_active.get(service).copied()?;
        return (iid == ids.active).then(|| Some(switch_u8(is_active)));
    }
    let volume = |sound: Sound| Value::UInt(sound.volume.min(100).into());
    Some(Some(match iid {
        iid::EVENT_SNAPSHOTS_ACTIVE => Value::Bool(state.event_snapshots_active),
        iid::HOMEKIT_CAMERA_ACTIVE => Value::Bool(state.homekit_camera_active),
        iid::PERIODIC_SNAPSHOTS_ACTIVE => Value::Bool(state.periodic_snapshots_active),
        iid::CAMERA_OPERATING_MODE_INDICATOR => Value::Bool(state.operating_mode_indicator),
        iid::NIGHT_VISION => Value::Bool(state.night_vision),
        iid::RECORDING_ACTIVE => switch_u8(state.recording_active),
        iid::RECORDING_AUDIO_ACTIVE => switch_u8(state.recording_audio_active),
        iid::MICROPHONE_MUTE => Value::Bool(state.microphone.is_muted),
        iid::MICROPHONE_VOLUME => volume(state.microphone),
        iid::SPEAKER_MUTE => Value::Bool(state.speaker.is_muted),
        iid::SPEAKER_VOLUME => volume(state.speaker),
        iid::SELECTED_CAMERA_RECORDING => {
            return Some(state.selected.as_ref().map(|s| Value::Bytes(s.value.clone())));
        }
        _ => return None,
    }))
}

/// The stream service to which a characteristic belongs, with its number.
pub(super) fn rtp_service(iid: Iid) -> Option<(usize, &'static iid::Rtp)> {
    const _: () = assert!(iid::RTP.len() == LIVE_SERVICES);
    iid::RTP.iter().enumerate().find(|(_, ids)| ids.contains(iid))
}

fn text(text: &str) -> Value {
    Value::String(text.to_owned())
}

fn switch_u8(is_on: bool) -> Value {
    Value::UInt(is_on.into())
}
