// SPDX-License-Identifier: MIT OR Apache-2.0
//! Consequences: what follows from the present state, and the actions that lead from one set of
//! consequences to the next.

use hap::{Iid, Value};
use privacy::{OperatingMode, Permits};

use super::{Action, Camera, OWNER, Sound};
use crate::tlv::selected::SelectedConfiguration;

/// What lamps and sound are to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outputs {
    /// The status light shines: the sensor may run, and the owner wants the light.
    pub status_led: bool,
    /// Infrared light and filter may follow the dusk. Never while nobody may look.
    pub night_vision: bool,
    /// Of live view's sound from the camera.
    pub microphone: Sound,
    /// Of live view's sound to the camera.
    pub speaker: Sound,
}

/// Everything that follows from the state.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Effects {
    mode: OperatingMode,
    permits: Permits,
    recording: Option<SelectedConfiguration>,
    outputs: Outputs,
    values: Vec<(Iid, Option<Value>)>,
}

impl Camera {
    /// What follows from the state as it is now.
    pub(super) fn effects(&mut self) -> Effects {
        let (mode, permits) = (self.mode(), self.permits());
        if !permits.motion {
            self.is_moving = false; // the detector starts afresh when it may look again
        }
        Effects {
            permits,
            recording: self.selected().filter(|_| permits.prebuffer),
            outputs: self.outputs(),
            values: self
                .subscribable
                .iter()
                .map(|&iid| (iid, self.read_shared(iid).ok()))
                .collect(),
            mode,
        }
    }

    /// Does what leads from the last known consequences to the present ones. A changed value's
    /// author is the last writer among the requests of saves up to `last_save`.
    pub(super) fn settle(&mut self, last_save: u64, out: &mut Vec<Action>) {
        let now = self.effects();
        let before = std::mem::replace(&mut self.settled, now.clone());
        before.lead_to(&now, out);
        for ((iid, old), (_, new)) in before.values.iter().zip(now.values) {
            if let Some(value) = new.filter(|new| old.as_ref() != Some(new)) {
                let requests = self.requests.iter().rev();
                let writer = requests.filter(|r| r.save <= last_save).find(|r| r.is_saving(*iid));
                let author = writer.map(|request| request.connection).filter(|by| *by != OWNER);
                out.push(Action::Notify { iid: *iid, value, author });
            }
        }
    }
}

impl Effects {
    /// Before the start.
    pub(super) fn nothing() -> Self {
        Self {
            mode: OperatingMode::factory(),
            permits: Permits::default(),
            recording: None,
            outputs: Outputs {
                status_led: false,
                night_vision: false,
                microphone: Sound::default(),
                speaker: Sound::default(),
            },
            values: Vec::new(),
        }
    }

    /// The actions of a start, at which nobody is told anything.
    pub(super) fn begin(&self, out: &mut Vec<Action>) {
        out.push(Action::Output(self.outputs));
        out.push(Action::Apply(self.mode.clone()));
        out.push(Action::Record(self.recording));
    }

    /// Light goes on before the picture and off after it; the gate moves before anything else
    /// that is taken away or given.
    fn lead_to(&self, next: &Self, out: &mut Vec<Action>) {
        let lights_up = next.outputs.status_led && !self.outputs.status_led;
        let output = (next.outputs != self.outputs).then_some(Action::Output(next.outputs));
        let (early, late) = if lights_up { (output, None) } else { (None, output) };
        out.extend(early);
        if next.mode != self.mode {
            out.push(Action::Apply(next.mode.clone()));
        }
        if self.permits.record && !next.permits.record {
            out.push(Action::EndRecordings);
        }
        if next.recording != self.recording {
            out.push(Action::Record(next.recording));
            if self.recording.is_some() {
                out.push(Action::ForgetPrebuffer);
            }
        }
        if self.permits.record_audio && !next.permits.record_audio {
            out.push(Action::ForgetSound);
        }
        if self.permits.capture && !next.permits.capture {
            out.push(Action::ForgetPictures);
        }
        out.extend(late);
    }
}
