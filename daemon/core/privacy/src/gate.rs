// SPDX-License-Identifier: MIT OR Apache-2.0
//! The gate: one owner of the operating mode, permits that end by themselves.

use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

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
}

/// Stream to a viewer through stream service `SERVICE`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Live<const SERVICE: usize>;

impl<const SERVICE: usize> sealed::Sealed for Live<SERVICE> {}
impl<const SERVICE: usize> Kind for Live<SERVICE> {
    const SLOT: usize = {
        assert!(SERVICE < LIVE_SERVICES, "no such stream service");
        FIRST_LIVE + SERVICE
    };
}

const FIRST_LIVE: usize = 5;
const SLOTS: usize = FIRST_LIVE + LIVE_SERVICES;

/// One number a kind: odd while allowed; it grows at every change, so an old permit never revives.
#[derive(Debug, Default)]
struct Epochs([AtomicU64; SLOTS]);

impl Epochs {
    fn get(&self, slot: usize) -> u64 {
        self.0[slot].load(Ordering::Acquire)
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

    /// A view for other threads.
    pub fn watch(&self) -> GateWatch {
        GateWatch { epochs: Arc::clone(&self.epochs) }
    }

    fn publish(&self) {
        let Permits { capture, motion, prebuffer, record, record_audio, live, .. } = self.permits;
        let fixed = [capture, motion, prebuffer, record, record_audio];
        for (epoch, allowed) in self.epochs.0.iter().zip(fixed.into_iter().chain(live)) {
            let now = epoch.load(Ordering::Acquire);
            if Epochs::is_allowed(now) != allowed {
                epoch.store(now + 1, Ordering::Release);
            }
        }
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.permits = Permits::default();
        self.publish();
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
        let epoch = self.epochs.get(P::SLOT);
        if Epochs::is_allowed(epoch) {
            Ok(Permit { epoch, epochs: Arc::clone(&self.epochs), kind: PhantomData })
        } else {
            Err(Denied)
        }
    }
}

/// Leave to do `P`. It ends for good when the gate takes it back; ask [`Permit::is_valid`] before
/// every frame.
#[derive(Debug, Clone)]
pub struct Permit<P: Kind> {
    epoch: u64,
    epochs: Arc<Epochs>,
    kind: PhantomData<P>,
}

impl<P: Kind> Permit<P> {
    /// Whether it still holds.
    pub fn is_valid(&self) -> bool {
        self.epochs.get(P::SLOT) == self.epoch
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
        let old = gate.permit::<Live<0>>().unwrap();
        gate.set(OperatingMode { manually_disabled: true, ..streaming() });
        assert!(!old.is_valid());
        gate.set(streaming());
        assert!(!old.is_valid());
        assert!(gate.permit::<Live<0>>().unwrap().is_valid());
    }

    #[test]
    fn one_kind_can_end_while_another_stays() {
        let mut gate = Gate::closed();
        gate.set(streaming());
        let (first, second) =
            (gate.permit::<Live<0>>().unwrap(), gate.permit::<Live<1>>().unwrap());
        gate.set(OperatingMode { rtp_active: [false, true, true, true], ..streaming() });
        assert!(!first.is_valid());
        assert!(second.is_valid());
        assert!(gate.permit::<Live<0>>().is_err());
    }

    #[test]
    fn a_lost_gate_allows_nothing() {
        let mut gate = Gate::closed();
        gate.set(streaming());
        let (watch, permit) = (gate.watch(), gate.permit::<Capture>().unwrap());
        drop(gate);
        assert!(!permit.is_valid());
        assert!(watch.permit::<Capture>().is_err());
    }
}
