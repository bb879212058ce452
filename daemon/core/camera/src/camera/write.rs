// SPDX-License-Identifier: MIT OR Apache-2.0
//! Writes: what one entry of a request wishes for, and requests on their way to a reply.

use hap::{ConnectionId, Iid, Status, Value, WriteEntry};

use super::stored::Selected;
use super::values::rtp_service;
use super::{Action, Camera, Outcome, StoredState, Ticket};
use crate::services::iid;
use crate::tlv::data_stream::{SALT_BYTES, SetupRequest};
use crate::tlv::selected::SelectedConfiguration;
use crate::tlv::setup_endpoints::Request as EndpointsRequest;

/// A write request that was carried out as far as can be and waits for the rest.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) ticket: Ticket,
    pub(super) connection: ConnectionId,
    /// Number of the save that has all of its wishes.
    pub(super) save: u64,
    pub(super) accessory_salt: [u8; SALT_BYTES],
    pub(super) slots: Vec<Slot>,
}

/// One entry of a [`Request`].
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) iid: Iid,
    pub(super) wants_response: bool,
    pub(super) progress: Progress,
}

/// How far an entry is.
#[derive(Debug)]
pub(super) enum Progress {
    /// Waits until the store has it.
    Saving,
    /// Waits for [`Input::DataStreamPrepared`](super::Input::DataStreamPrepared).
    PreparingDataStream,
    /// Waits for [`Input::LivePrepared`](super::Input::LivePrepared) of this service.
    PreparingLive(usize),
    /// Has its answer.
    Done(Outcome),
}

impl Request {
    pub(super) fn is_done(&self) -> bool {
        self.slots.iter().all(|slot| matches!(slot.progress, Progress::Done(_)))
    }

    pub(super) fn is_saving(&self, iid: Iid) -> bool {
        self.slots.iter().any(|s| s.iid == iid && matches!(s.progress, Progress::Saving))
    }

    /// Everything that waits for the store is answered.
    pub(super) fn saved(&mut self, outcome: &Outcome) {
        for slot in &mut self.slots {
            if matches!(slot.progress, Progress::Saving) {
                slot.progress = Progress::Done(outcome.clone());
            }
        }
    }
}

/// The request that is being carried out.
pub(super) struct Write<'a> {
    pub(super) ticket: Ticket,
    pub(super) connection: ConnectionId,
    pub(super) accessory_salt: [u8; SALT_BYTES],
    pub(super) wished: &'a mut StoredState,
    pub(super) out: &'a mut Vec<Action>,
    /// Streams; at most one data stream.
    pub(super) prepare: Vec<Action>,
}

impl Camera {
    /// Carries out one entry: changes what is wished for, or answers at once.
    pub(super) fn write_entry(&mut self, write: &mut Write<'_>, entry: &WriteEntry) -> Progress {
        let answer = if let Some((service, ids)) = rtp_service(entry.iid) {
            match entry.iid {
                iid if iid == ids.active => set(&mut write.wished.rtp_active[service], entry),
                iid if iid == ids.setup_endpoints => {
                    self.write_setup_endpoints(write, service, &entry.value)
                }
                iid if iid == ids.selected_rtp => {
                    self.write_selected_rtp(write, service, &entry.value)
                }
                _ => Err(Status::DoesNotExist),
            }
        } else {
            self.write_setting(write, entry)
        };
        answer.unwrap_or_else(|status| Progress::Done(Err(status)))
    }

    fn write_setting(
        &mut self,
        write: &mut Write<'_>,
        entry: &WriteEntry,
    ) -> Result<Progress, Status> {
        let wished = &mut *write.wished;
        match entry.iid {
            iid::IDENTIFY => {
                if switch(&entry.value)? {
                    write.out.push(Action::Identify);
                }
                Ok(Progress::Done(Ok(None)))
            }
            iid::EVENT_SNAPSHOTS_ACTIVE => set(&mut wished.event_snapshots_active, entry),
            iid::HOMEKIT_CAMERA_ACTIVE => set(&mut wished.homekit_camera_active, entry),
            iid::PERIODIC_SNAPSHOTS_ACTIVE => set(&mut wished.periodic_snapshots_active, entry),
            iid::CAMERA_OPERATING_MODE_INDICATOR => {
                set(&mut wished.operating_mode_indicator, entry)
            }
            iid::NIGHT_VISION => set(&mut wished.night_vision, entry),
            iid::RECORDING_ACTIVE => set(&mut wished.recording_active, entry),
            iid::RECORDING_AUDIO_ACTIVE => set(&mut wished.recording_audio_active, entry),
            iid::MICROPHONE_MUTE => set(&mut wished.microphone.is_muted, entry),
            iid::MICROPHONE_VOLUME => set_volume(&mut wished.microphone.volume, &entry.value),
            iid::SPEAKER_MUTE => set(&mut wished.speaker.is_muted, entry),
            iid::SPEAKER_VOLUME => set_volume(&mut wished.speaker.volume, &entry.value),
            iid::SELECTED_CAMERA_RECORDING => self.write_selected(wished, &entry.value),
            iid::SETUP_DATA_STREAM_TRANSPORT => prepare_data_stream(write, &entry.value),
            _ => Err(Status::DoesNotExist),
        }
    }

    fn write_selected(&self, wished: &mut StoredState, value: &Value) -> Result<Progress, Status> {
        let value = bytes(value)?;
        let selected =
            SelectedConfiguration::parse(value, &self.setup.recording).map_err(|error| {
                tracing::warn!(%error, "recording configuration refused, the old one stays");
                Status::InvalidValue
            })?;
        tracing::info!(?selected, "recording configuration selected");
        wished.selected = Some(Selected {
            value: value.to_vec(),
            offer_hash: self.setup.recording.hash().to_vec(),
        });
        Ok(Progress::Saving)
    }

    fn write_setup_endpoints(
        &mut self,
        write: &mut Write<'_>,
        service: usize,
        value: &Value,
    ) -> Result<Progress, Status> {
        self.ensure_live(service)?;
        let request = EndpointsRequest::parse(bytes(value)?).map_err(invalid)?;
        let prepare = self.live.set_up(write.ticket, write.connection, service, request);
        Ok(match prepare {
            Some(prepare) => {
                write.prepare.push(prepare);
                Progress::PreparingLive(service)
            }
            None => Progress::Done(Ok(None)),
        })
    }

    fn write_selected_rtp(
        &mut self,
        write: &mut Write<'_>,
        service: usize,
        value: &Value,
    ) -> Result<Progress, Status> {
        self.ensure_live(service)?;
        let (value, offer) = (bytes(value)?, &self.setup.live);
        write.out.extend(self.live.select(write.connection, service, value, offer)?);
        Ok(Progress::Done(Ok(None)))
    }

    fn ensure_live(&self, service: usize) -> Result<(), Status> {
        let is_permitted = self.permits().live.get(service).copied().unwrap_or(false);
        if is_permitted { Ok(()) } else { Err(Status::NotAllowedInCurrentState) }
    }
}

fn prepare_data_stream(write: &mut Write<'_>, value: &Value) -> Result<Progress, Status> {
    let request = SetupRequest::parse(bytes(value)?).map_err(invalid)?;
    if write.prepare.iter().any(|action| matches!(action, Action::PrepareDataStream { .. })) {
        return Err(Status::Busy);
    }
    write.prepare.push(Action::PrepareDataStream {
        ticket: write.ticket,
        connection: write.connection,
        controller_salt: request.controller_salt,
        accessory_salt: write.accessory_salt,
    });
    Ok(Progress::PreparingDataStream)
}

fn set(wished: &mut bool, entry: &WriteEntry) -> Result<Progress, Status> {
    *wished = switch(&entry.value)?;
    Ok(Progress::Saving)
}

fn set_volume(wished: &mut u8, value: &Value) -> Result<Progress, Status> {
    match value {
        Value::UInt(percent @ 0..=100) => {
            *wished = u8::try_from(*percent).map_err(|_| Status::InvalidValue)?;
            Ok(Progress::Saving)
        }
        _ => Err(Status::InvalidValue),
    }
}

/// A `bool`, or a `uint8` of 0 or 1.
fn switch(value: &Value) -> Result<bool, Status> {
    match value {
        Value::Bool(is_on) => Ok(*is_on),
        Value::UInt(0) => Ok(false),
        Value::UInt(1) => Ok(true),
        _ => Err(Status::InvalidValue),
    }
}

fn bytes(value: &Value) -> Result<&[u8], Status> {
    match value {
        Value::Bytes(bytes) => Ok(bytes),
        _ => Err(Status::InvalidValue),
    }
}

fn invalid(error: impl std::error::Error) -> Status {
    tracing::debug!(%error, "written value refused");
    Status::InvalidValue
}
