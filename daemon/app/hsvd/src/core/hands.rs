// SPDX-License-Identifier: MIT OR Apache-2.0
//! What hands do to the camera, and what the camera shows on its body.

use std::time::Instant;

use appliance::button::{Event, Step};
use appliance::night::Mode;
use appliance::status::Situation;
use camera::DisabledBy;
use media::{Overflow, TapOptions, TapPicture};
use privacy::Motion;
use tracing::{error, info, warn};

use super::{Core, End, Input};
use crate::hands::HandEvent;
use crate::seek::Seeks;
use crate::store::StoreError;

/// Night vision looks at one picture a second, in colour. Of the same size as those that motion is
/// looked for in, so that one setting of the scaler serves both.
const NIGHT_TAP: TapOptions = TapOptions {
    bound: 1,
    overflow: Overflow::Replace,
    interval: Some(std::time::Duration::from_secs(1)),
    picture: TapPicture::Small(super::media_events::MOTION_SIZE),
};

impl Core {
    pub(super) fn hand_event(&mut self, now: Instant, event: HandEvent) {
        match event {
            HandEvent::Private(is_disabled) => {
                info!(event = "privacy-switch", is_disabled, "privacy switch");
                self.hands.set_private(is_disabled);
                let input = camera::Input::SetDisabled { by: DisabledBy::Switch, is_disabled };
                let actions = self.camera.handle(now, input);
                self.act(now, actions);
                self.show_situation();
            }
            HandEvent::Readable(is_readable) => self.hands.set_readable(is_readable),
            HandEvent::Filter(position) => self.hands.set_filter(position),
            HandEvent::Button(Event::Reached(step)) => {
                info!(?step, "the button is held");
                self.hands.show_step(step);
            }
            HandEvent::Button(Event::Cancelled) => {
                info!("the button was held for too long: nothing is done");
                self.hands.show_step_over();
            }
            HandEvent::Button(Event::Commit(step)) => {
                self.hands.show_step_over();
                self.pressed(now, step);
            }
            HandEvent::Rung => self.rung(now),
            HandEvent::Works(part, works) => {
                match works {
                    true => info!(?part, "it works again"),
                    false => warn!(?part, "a part of the body does not work"),
                }
                self.hands.set_works(part, works);
                self.show_situation();
            }
        }
    }

    /// Somebody pressed the bell.
    pub(super) fn rung(&mut self, now: Instant) {
        info!(event = "doorbell", "somebody rings");
        let actions = self.camera.handle(now, camera::Input::Rung);
        self.act(now, actions);
    }

    fn pressed(&mut self, now: Instant, step: Step) {
        match step {
            Step::Tap => self.identify(),
            Step::Network => warn!("the button: this program does not look after the network"),
            Step::Unpair => self.unpair_all(now),
            Step::Factory => self.factory_reset(),
        }
    }

    /// Forgets every controller; the camera stays the one that it is.
    pub(super) fn unpair_all(&mut self, now: Instant) {
        warn!("every pairing is removed");
        let outputs = self.hap.handle(now, hap::Input::UnpairAll);
        self.do_hap(now, outputs);
    }

    /// Forgets everything and starts as another camera. The start does the work, so that a power
    /// cut at any moment cannot leave half of it: here it is only promised.
    pub(super) fn factory_reset(&self) {
        warn!("factory reset: everything is forgotten");
        self.saver.save(|store| Input::ResetPromised(store.promise_reset()));
    }

    /// From the promise on nothing is worth keeping. Without it nothing has changed.
    pub(super) fn reset_promised(&mut self, promised: Result<(), StoreError>) {
        self.reset_answered(promised.is_ok());
        match promised {
            Ok(()) => self.end = Some(End::Reset),
            Err(error) => {
                let error = format!("{:#}", anyhow::Error::from(error));
                error!(error, "no factory reset: the state folder takes nothing; nothing changed");
                self.hands.note_fault();
                self.show_situation();
            }
        }
    }

    /// Shows which camera this is.
    pub(super) fn identify(&self) {
        info!("identify: this is the camera you asked for");
        self.hands.identify();
    }

    /// A code that names a network is looked for, or one that was read is tried, or neither.
    pub(super) fn network_sought(&mut self, now: Instant, seeks: Seeks) {
        self.seek.note(seeks);
        let actions = self.camera.handle(now, camera::Input::SeeksNetwork(seeks.is_looking));
        self.act(now, actions);
        self.show_situation();
    }

    /// The source opened or closed.
    pub(super) fn capturing(&mut self, is_capturing: bool) {
        self.is_capturing = is_capturing;
        self.show_situation();
    }

    /// Lamps follow the camera's state. The light goes on before the gate opens and stays on until
    /// the source is closed.
    pub(super) fn show_situation(&mut self) {
        let permits = self.camera.permits().capture || self.gate.permits().capture;
        self.hands.power(Instant::now(), permits, self.is_capturing);
        self.hands.show(Situation {
            pictures: permits || self.is_capturing,
            may_shine: self.camera.is_indicator_on(),
            is_paired: self.camera.mode().is_paired,
            is_joining: self.seek.is_joining(),
            has_fault: self.control.history.troubles.update.is_some(),
            ..Situation::start()
        });
        self.hands.see(match self.camera.outputs().night_vision {
            true => Mode::Automatic,
            false if self.camera.permits().capture => Mode::Day,
            false => Mode::Asleep,
        });
    }

    /// Night vision gets its pictures whenever the gate opens.
    pub(super) fn show_pictures_to_night(&mut self) {
        if self.hands.wants_pictures()
            && let Ok(permit) = self.gate.permit::<Motion>()
        {
            self.hands.watch(self.video.tap(permit, NIGHT_TAP));
        }
    }
}
