// SPDX-License-Identifier: MIT OR Apache-2.0
//! What hands do to the camera, and what the camera shows on its body.

use std::time::Instant;

use appliance::button::{Event, Step};
use appliance::night::Mode;
use appliance::status::Situation;
use camera::DisabledBy;
use frame::Size;
use media::{Overflow, TapOptions};
use privacy::Motion;
use tracing::{info, warn};

use super::Core;
use crate::hands::HandEvent;

/// Night vision looks at one picture a second, whole, since it needs colours.
const NIGHT_TAP: TapOptions = TapOptions {
    bound: 1,
    overflow: Overflow::Replace,
    interval: Some(std::time::Duration::from_secs(1)),
    luma: None::<Size>,
};

impl Core {
    pub(super) fn hand_event(&mut self, now: Instant, event: HandEvent) {
        match event {
            HandEvent::Private(is_disabled) => {
                info!(is_disabled, "privacy switch");
                self.hands.set_private(is_disabled);
                let input = camera::Input::SetDisabled { by: DisabledBy::Switch, is_disabled };
                let actions = self.camera.handle(now, input);
                self.act(now, actions);
                self.show_situation();
            }
            HandEvent::Button(Event::Reached(step)) => {
                info!(?step, "the button is held");
                self.hands.show_step();
            }
            HandEvent::Button(Event::Cancelled) => info!("the button was held for too long"),
            HandEvent::Button(Event::Commit(step)) => self.pressed(now, step),
        }
    }

    fn pressed(&mut self, now: Instant, step: Step) {
        match step {
            Step::Tap => self.identify(),
            Step::Network => warn!("the button: this program does not look after the network"),
            Step::Unpair | Step::Factory => {
                warn!(?step, "the button: every pairing is removed");
                let outputs = self.hap.handle(now, hap::Input::UnpairAll);
                self.do_hap(now, outputs);
            }
        }
    }

    /// Shows which camera this is.
    pub(super) fn identify(&self) {
        info!("identify: this is the camera you asked for");
        self.hands.identify();
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
        self.hands.show(Situation {
            pictures: permits || self.is_capturing,
            may_shine: self.camera.is_indicator_on(),
            is_paired: self.camera.mode().is_paired,
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
