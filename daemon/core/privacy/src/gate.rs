// SPDX-License-Identifier: MIT OR Apache-2.0
//! The gate: one owner of the operating mode, permits that end by themselves.

use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::{LIVE_SERVICES, OperatingMode, Permits};

/// The operation is not permitted now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the camera's operating mode does not allow this")]
pub struct Denied;

mod sealed {
    pub trait Sealed {}
}

/// What a permit is for.
pub trait Kind: sealed::Sealed {
    /// Its place in the gate's table.
    #[doc(hidden)]
    const SLOT: usize;
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $slot:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub struct $name;
        impl sealed::Sealed for $name {}
        impl Kind for $name { const SLOT: usize = $slot; }
    )*};
}

kinds! {
    /// Run the sensor.
    Capture = 0;
    /// Look for movement.
    Motion = 1;
    /// Hold encoded video.
    Prebuffer = 2;
    /// Send a recording to a hub.
    Record = 3;
    /// Use the microphone for recordings.
    RecordAudio = 4;
    /// Look for a code that names a network.
    NetworkCode = 5;
}

const FIRST_LIVE: usize = 6;
const SLOTS: usize = FIRST_LIVE + LIVE_SERVICES;

/// One number a kind: odd while allowed; it grows at every change, so an old permit never revives.
#[derive(Debug, Default)]
struct Epochs {
    slots: [AtomicU64; SLOTS],
    /// Nothing is allowed, whatever the numbers say.
    is_shut: AtomicBool,
}

impl Epochs {
    fn get(&self, slot: usize) -> u64 {
        self.slots[slot].load(Ordering::Acquire)
    }

    fn set(&self, slot: usize, allowed: bool) {
        let change = |now| (Self::is_allowed(now) != allowed).then_some(now + 1);
        let _before = self.slots[slot].fetch_update(Ordering::AcqRel, Ordering::Acquire, change);
    }

    fn is_allowed(epoch: u64) -> bool {
        epoch % 2 == 1
    }
}

/// The only owner of the [`OperatingMode`]. Dropping it revokes every permit.
#[derive(Debug)]
pub struct Gate {
    mode: OperatingMode,
    permits: Permits,
    epochs: Arc<Epochs>,
}

impl Gate {
    /// A gate that allows nothing until [`Gate::set`] is called with what the store holds.
    pub fn closed() -> Self {
        Self {
            mode: OperatingMode { homekit_camera_active: false, ..OperatingMode::factory() },
            permits: Permits::default(),
            epochs: Arc::default(),
        }
    }

    /// Makes `mode` the present one. Permits that lost their reason end before this returns.
    pub fn set(&mut self, mode: OperatingMode) {
        self.permits = Permits::of(&mode);
        self.mode = mode;
        self.publish();
    }

    /// The present mode.
    pub fn mode(&self) -> &OperatingMode {
        &self.mode
    }

    /// What is allowed now, to answer questions. To act, take a [`Permit`].
    pub fn permits(&self) -> Permits {
        self.permits
    }

    /// A permit for `P`, valid until the mode takes it back.
    ///
    /// # Errors
    /// [`Denied`].
    pub fn permit<P: Kind>(&self) -> Result<Permit<P>, Denied> {
        self.watch().permit()
    }

    /// A permit for live view through stream service `service`, counted from zero.
    ///
    /// # Errors
    /// [`Denied`].
    pub fn live(&self, service: usize) -> Result<LivePermit, Denied> {
        self.watch().live(service)
    }

    /// A view for other threads.
    pub fn watch(&self) -> GateWatch {
        GateWatch { epochs: Arc::clone(&self.epochs) }
    }

    /// The way of a privacy switch to shut the gate without waiting for its owner.
    pub fn shutter(&self) -> Shutter {
        Shutter { epochs: Arc::clone(&self.epochs) }
    }

    fn publish(&self) {
        let Permits {
            capture, motion, prebuffer, record, record_audio, network_code, live, ..
        } = self.permits;
        let fixed = [capture, motion, prebuffer, record, record_audio, network_code];
        for (slot, allowed) in fixed.into_iter().chain(live).enumerate() {
            self.epochs.set(slot, allowed);
        }
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.permits = Permits::default();
        self.publish();
    }
}

/// Shuts the gate from another thread, whatever its owner is doing. It allows nothing that the mode
/// does not: what it opens is only what it shut.
#[derive(Debug, Clone)]
pub struct Shutter {
    epochs: Arc<Epochs>,
}

impl Shutter {
    /// Ends every permit before it returns, and lets nobody have another before [`Shutter::open`].
    pub fn shut(&self) {
        self.epochs.is_shut.store(true, Ordering::SeqCst);
        for slot in 0..SLOTS {
            self.epochs.set(slot, false);
        }
    }

    /// The mode alone decides again. What it allowed when the gate was shut comes back with the
    /// next [`Gate::set`].
    pub fn open(&self) {
        self.epochs.is_shut.store(false, Ordering::SeqCst);
    }
}

/// Reads the gate from another thread; it can hand out permits but cannot change the mode.
#[derive(Debug, Clone)]
pub struct GateWatch {
    epochs: Arc<Epochs>,
}

impl GateWatch {
    /// A permit for `P`.
    ///
    /// # Errors
    /// [`Denied`].
    pub fn permit<P: Kind>(&self) -> Result<Permit<P>, Denied> {
        Ok(Permit { leave: self.leave(P::SLOT)?, kind: PhantomData })
    }

    /// A permit for live view through stream service `service`, counted from zero.
    ///
    /// # Errors
    /// [`Denied`], also when there is no such service.
    pub fn live(&self, service: usize) -> Result<LivePermit, Denied> {
        if service >= LIVE_SERVICES {
            return Err(Denied);
        }
        self.leave(FIRST_LIVE + service).map(LivePermit)
    }

    fn leave(&self, slot: usize) -> Result<Leave, Denied> {
        let epoch = self.epochs.get(slot);
        if Epochs::is_allowed(epoch) && !self.epochs.is_shut.load(Ordering::SeqCst) {
            Ok(Leave { slot, epoch, epochs: Arc::clone(&self.epochs) })
        } else {
            Err(Denied)
        }
    }
}

/// Leave to do `P`. It ends for good when the gate takes it back; ask [`Permit::is_valid`] before
/// every frame.
#[derive(Debug, Clone)]
pub struct Permit<P: Kind> {
    leave: Leave,
    kind: PhantomData<P>,
}

impl<P: Kind> Permit<P> {
    /// Whether it still holds.
    pub fn is_valid(&self) -> bool {
        self.leave.is_valid()
    }
}

/// Leave to stream to viewers of one stream service: a [`Permit`] whose service is known only when
/// a viewer comes. Equal ones end together.
#[derive(Debug, Clone, PartialEq)]
pub struct LivePermit(Leave);

impl LivePermit {
    /// Whether it still holds.
    pub fn is_valid(&self) -> bool {
        self.0.is_valid()
    }

    /// The stream service, counted from zero.
    pub fn service(&self) -> usize {
        self.0.slot - FIRST_LIVE
    }
}

/// One epoch of one kind.
#[derive(Debug, Clone)]
struct Leave {
    slot: usize,
    epoch: u64,
    epochs: Arc<Epochs>,
}

impl Leave {
    fn is_valid(&self) -> bool {
        self.epochs.get(self.slot) == self.epoch
    }
}

impl PartialEq for Leave {
    fn eq(&self, other: &Self) -> bool {
        let ours = (self.slot, self.epoch, Arc::as_ptr(&self.epochs));
        ours == (other.slot, other.epoch, Arc::as_ptr(&other.epochs))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn streaming() -> OperatingMode {
        OperatingMode { is_paired: true, ..OperatingMode::factory() }
    }

    #[test]
    fn a_revoked_permit_never_revives() {
        let mut gate = Gate::closed();
        gate.set(streaming());
        let (old, live) = (gate.permit::<Motion>().unwrap(), gate.live(0).unwrap());
        gate.set(OperatingMode { manually_disabled: true, ..streaming() });
        assert!(!old.is_valid() && !live.is_valid());
        gate.set(streaming());
        assert!(!old.is_valid() && !live.is_valid());
        assert!(gate.permit::<Motion>().unwrap().is_valid());
        assert!(gate.live(0).unwrap().is_valid());
        assert_ne!(gate.live(0).unwrap(), live, "a new permit is not the old one");
    }

    #[test]
    fn a_shut_gate_allows_nothing_whatever_its_owner_does() {
        let mut gate = Gate::closed();
        gate.set(streaming());
        let (capture, live) = (gate.permit::<Capture>().unwrap(), gate.live(0).unwrap());
        let shutter = gate.shutter();
        shutter.shut();
        assert!(!capture.is_valid() && !live.is_valid());
        gate.set(streaming());
        assert!(gate.permit::<Capture>().is_err() && gate.live(0).is_err());
        assert!(!capture.is_valid() && !live.is_valid());

        // The owner heard of it: it is open when both want it to be
        gate.set(OperatingMode { manually_disabled: true, ..streaming() });
        shutter.open();
        assert!(gate.permit::<Capture>().is_err());
        gate.set(streaming());
        assert!(gate.permit::<Capture>().unwrap().is_valid());
        assert!(!capture.is_valid() && !live.is_valid(), "an old permit never revives");
    }

    #[test]
    fn one_stream_service_can_end_while_the_others_stay() {
        for ending in 0..LIVE_SERVICES {
            let mut gate = Gate::closed();
            gate.set(streaming());
            let permits: Vec<_> = (0..LIVE_SERVICES).map(|n| gate.live(n).unwrap()).collect();
            let mut rtp_active = [true; LIVE_SERVICES];
            rtp_active[ending] = false;
            gate.set(OperatingMode { rtp_active, ..streaming() });
            for (service, permit) in permits.iter().enumerate() {
                assert_eq!(permit.service(), service);
                assert_eq!(permit.is_valid(), service != ending, "{service} when {ending} ends");
                let asked_again = gate.live(service);
                assert_eq!(asked_again.ok(), (service != ending).then(|| permit.clone()));
            }
        }
    }

    #[test]
    fn a_service_that_there_is_not_is_never_permitted() {
        let mut gate = Gate::closed();
        gate.set(streaming());
        assert_eq!(gate.live(LIVE_SERVICES).unwrap_err(), Denied);
        assert_eq!(gate.watch().live(usize::MAX).unwrap_err(), Denied);
    }

    #[test]
    fn permits_of_another_gate_are_others() {
        let (mut gate, mut other) = (Gate::closed(), Gate::closed());
        gate.set(streaming());
        other.set(streaming());
        assert_ne!(gate.live(0).unwrap(), other.live(0).unwrap());
    }

    #[test]
    fn a_look_for_the_network_ends_with_its_reason() {
        let mut gate = Gate::closed();
        let seeking = OperatingMode { seeks_network: true, ..OperatingMode::factory() };
        let found = OperatingMode::factory();
        let private = OperatingMode { manually_disabled: true, ..seeking.clone() };
        let paired = OperatingMode { is_paired: true, ..seeking.clone() };
        for (mode, may_capture) in [(found, false), (private, false), (paired, true)] {
            gate.set(seeking.clone());
            let permit = gate.permit::<NetworkCode>().unwrap();
            assert!(gate.permit::<Motion>().is_err() && gate.live(0).is_err());
            gate.set(mode.clone());
            assert!(!permit.is_valid() && gate.permit::<NetworkCode>().is_err(), "{mode:?}");
            assert_eq!(gate.permit::<Capture>().is_ok(), may_capture, "{mode:?}");
        }
    }

    #[test]
    fn a_lost_gate_allows_nothing() {
        let mut gate = Gate::closed();
        gate.set(streaming());
        let (watch, permit) = (gate.watch(), gate.permit::<Capture>().unwrap());
        let live = gate.live(0).unwrap();
        drop(gate);
        assert!(!permit.is_valid() && !live.is_valid());
        assert!(watch.permit::<Capture>().is_err() && watch.live(0).is_err());
    }
}
