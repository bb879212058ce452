// SPDX-License-Identifier: MIT OR Apache-2.0
//! Whether a new system is kept: it must do all that the camera is for, for a minute in a row and within five
//! ([`Limits`]).
//!
//! What nobody may see cannot be asked for: while the camera is shut off, or has no owner, its pictures do not count.
//! The network counts only if the old system had it, or a router that is off would undo every update.

use std::time::Duration;

/// How long it is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// In a row.
    pub proof: Duration,
    /// From the start of the look-out on.
    pub patience: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { proof: Duration::from_secs(60), patience: Duration::from_secs(300) }
    }
}

impl Limits {
    /// Between two looks: a dozen make a proof.
    #[must_use]
    pub fn look(self) -> Duration {
        self.proof / 12
    }
}

/// A camera that was started anew so often will not mend itself.
pub const MOST_RESTARTS: u32 = 5;

/// What the old system had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Before {
    /// An address that others can reach.
    pub network: bool,
}

/// What the camera's program says of itself, and what was tried on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Vitals {
    /// Pictures are wanted: somebody may look.
    pub wants_pictures: bool,
    /// From the sensor, since its start.
    pub captured: u64,
    /// A recording's encode is wanted: a hub has chosen one.
    pub wants_prebuffer: bool,
    /// Of recordings and viewers, since its start.
    pub encoded: u64,
    /// What is held.
    pub prebuffer: Duration,
    /// What the hub asked to be held.
    pub wanted_prebuffer: Duration,
    /// State can be read and saved.
    pub is_store_well: bool,
}

/// One look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signs {
    /// It has given up: its service manager starts it no more.
    pub has_failed: bool,
    /// How often it was started anew since the machine was.
    pub restarts: u32,
    /// None where it says nothing.
    pub vitals: Option<Vitals>,
    /// A pair-verify on loopback went as far as a stranger's can.
    pub does_hap_answer: bool,
    /// There is an address that others can reach.
    pub network: bool,
}

/// What is wrong; in an owner's words, as the end of "the new system was given back: …".
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// hsvd ended for good.
    #[error("the camera's program ends again and again")]
    Failed,
    /// hsvd says nothing on the bus.
    #[error("the camera's program does not answer")]
    Silent,
    /// The store.
    #[error("what the camera must remember cannot be read or saved")]
    Store,
    /// Loopback pair-verify.
    #[error("HomeKit gets no answer")]
    HapDeaf,
    /// Capture.
    #[error("no pictures come from the camera")]
    NoPictures,
    /// Encoder.
    #[error("the encoder delivers nothing")]
    NoEncoder,
    /// Prebuffer.
    #[error("the prebuffer does not fill")]
    NoPrebuffer,
    /// Relative to the old system.
    #[error("there is no network, and the old system had one")]
    NoNetwork,
    /// Nothing stays wrong for long, and nothing stays right.
    #[error("it never worked for long enough in a row")]
    Unsteady,
}

/// What is so after a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It has worked for so long; look again after [`Limits::look`].
    Proving(Duration),
    /// This is wrong now; look again after [`Limits::look`].
    Waiting(Fault),
    /// Keep it.
    Keep,
    /// Give it back.
    GiveBack(Fault),
}

/// The look-out. Times are since any one moment.
#[derive(Debug, Clone)]
pub struct Gate {
    limits: Limits,
    before: Before,
    begun: Duration,
    well_since: Option<Duration>,
    last: Option<Vitals>,
    /// When it was looked at last, and how often it had been started anew by then.
    looked: Option<(Duration, u32)>,
}

impl Gate {
    /// At the start of a system on trial.
    #[must_use]
    pub fn begin(now: Duration, before: Before, limits: Limits) -> Self {
        Self { limits, before, begun: now, well_since: None, last: None, looked: None }
    }

    /// Takes a look.
    pub fn look(&mut self, now: Duration, signs: &Signs) -> Verdict {
        let fault = self.fault(signs);
        self.last = signs.vitals;
        // What was not seen does not count
        if let Some((when, restarts)) = self.looked.replace((now, signs.restarts))
            && (now.saturating_sub(when) > self.limits.proof / 2 || signs.restarts > restarts)
        {
            self.well_since = None;
        }
        if signs.has_failed || signs.restarts >= MOST_RESTARTS {
            return Verdict::GiveBack(Fault::Failed);
        }
        let spent = now.saturating_sub(self.begun);
        let proven = match fault {
            None => Some(now.saturating_sub(*self.well_since.get_or_insert(now))),
            Some(_) => {
                self.well_since = None;
                None
            }
        };
        match (fault, proven) {
            (_, Some(proven)) if proven >= self.limits.proof => Verdict::Keep,
            // There is not enough time left to prove anything
            _ if spent.saturating_sub(proven.unwrap_or_default()) + self.limits.proof
                > self.limits.patience =>
            {
                Verdict::GiveBack(fault.unwrap_or(Fault::Unsteady))
            }
            (Some(fault), _) => Verdict::Waiting(fault),
            (None, proven) => Verdict::Proving(proven.unwrap_or_default()),
        }
    }

    /// The first thing that is wrong, what explains the others first.
    fn fault(&self, signs: &Signs) -> Option<Fault> {
        let Some(vitals) = signs.vitals else { return Some(Fault::Silent) };
        // Counters of a program that was started anew begin at nothing: no growth, until the next look
        let grows = |counter: fn(&Vitals) -> u64| {
            self.last.is_some_and(|last| counter(&vitals) > counter(&last))
        };
        let checks = [
            (vitals.is_store_well, Fault::Store),
            (signs.does_hap_answer, Fault::HapDeaf),
            (!vitals.wants_pictures || grows(|vitals| vitals.captured), Fault::NoPictures),
            (!vitals.wants_prebuffer || grows(|vitals| vitals.encoded), Fault::NoEncoder),
            (
                !vitals.wants_prebuffer || vitals.prebuffer >= vitals.wanted_prebuffer,
                Fault::NoPrebuffer,
            ),
            (!self.before.network || signs.network, Fault::NoNetwork),
        ];
        checks.into_iter().find_map(|(is_well, fault)| (!is_well).then_some(fault))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn well(second: u64) -> Signs {
        Signs {
            has_failed: false,
            restarts: 0,
            vitals: Some(Vitals {
                wants_pictures: true,
                captured: 30 * second,
                wants_prebuffer: true,
                encoded: 30 * second,
                prebuffer: Duration::from_secs(8),
                wanted_prebuffer: Duration::from_secs(4),
                is_store_well: true,
            }),
            does_hap_answer: true,
            network: true,
        }
    }

    fn with(second: u64, change: impl Fn(&mut Vitals)) -> Signs {
        let mut signs = well(second);
        signs.vitals.as_mut().map(change);
        signs
    }

    /// Looks until it is decided: when, and what.
    fn run(before: Before, signs: impl Fn(u64) -> Signs) -> (u64, Verdict) {
        let mut gate = Gate::begin(Duration::ZERO, before, Limits::default());
        for second in (0..1000).step_by(5) {
            match gate.look(Duration::from_secs(second), &signs(second)) {
                Verdict::Proving(_) | Verdict::Waiting(_) => {}
                verdict => return (second, verdict),
            }
        }
        panic!("never decided");
    }

    const HAD_NETWORK: Before = Before { network: true };

    #[test]
    fn a_minute_in_a_row_is_enough() {
        // The first look has nothing to compare its counters with
        assert_eq!(run(HAD_NETWORK, well), (65, Verdict::Keep));
        let late = |second| {
            if second < 200 { Signs { vitals: None, ..well(second) } } else { well(second) }
        };
        assert_eq!(run(HAD_NETWORK, late), (265, Verdict::Keep));
    }

    #[test]
    fn each_fault_is_told_as_soon_as_the_proof_no_longer_fits() {
        type Change = fn(u64) -> Signs;
        let table: [(Fault, Change); 7] = [
            (Fault::Silent, |second| Signs { vitals: None, ..well(second) }),
            (Fault::Store, |second| with(second, |vitals| vitals.is_store_well = false)),
            (Fault::HapDeaf, |second| Signs { does_hap_answer: false, ..well(second) }),
            (Fault::NoPictures, |second| with(second, |vitals| vitals.captured = 7)),
            (Fault::NoEncoder, |second| with(second, |vitals| vitals.encoded = 7)),
            (Fault::NoPrebuffer, |second| with(second, |vitals| vitals.prebuffer = Duration::ZERO)),
            (Fault::NoNetwork, |second| Signs { network: false, ..well(second) }),
        ];
        for (fault, signs) in table {
            assert_eq!(run(HAD_NETWORK, signs), (245, Verdict::GiveBack(fault)));
        }
    }

    #[test]
    fn one_that_was_given_up_is_not_waited_for() {
        let signs = |second| Signs { has_failed: second >= 20, vitals: None, ..well(second) };
        assert_eq!(run(HAD_NETWORK, signs), (20, Verdict::GiveBack(Fault::Failed)));
        let once = |second: u64| Signs { restarts: u32::from(second > 30), ..well(second) };
        assert_eq!(
            run(HAD_NETWORK, once),
            (95, Verdict::Keep),
            "a minute from its second start on"
        );
        let often = |second: u64| Signs {
            restarts: u32::try_from(second / 10).unwrap(),
            vitals: None,
            ..well(second)
        };
        assert_eq!(run(HAD_NETWORK, often), (50, Verdict::GiveBack(Fault::Failed)));
    }

    #[test]
    fn what_works_on_and_off_does_not_work() {
        let signs =
            |second: u64| Signs { does_hap_answer: !second.is_multiple_of(40), ..well(second) };
        let (when, verdict) = run(HAD_NETWORK, signs);
        assert!((240..=300).contains(&when), "{when}");
        assert!(matches!(verdict, Verdict::GiveBack(_)));
    }

    #[test]
    fn a_program_that_begins_again_and_again_is_not_kept() {
        let signs = |second: u64| with(second, |vitals| vitals.captured = second % 30);
        assert!(matches!(run(HAD_NETWORK, signs).1, Verdict::GiveBack(_)));
    }

    #[test]
    fn a_network_that_was_not_there_is_not_missed() {
        let signs = |second| Signs { network: false, ..well(second) };
        assert_eq!(run(Before { network: false }, signs).1, Verdict::Keep);
    }

    #[test]
    fn a_minute_that_nobody_looked_at_proves_nothing() {
        let mut gate = Gate::begin(Duration::ZERO, HAD_NETWORK, Limits::default());
        for second in [0, 5, 70, 105, 140] {
            let verdict = gate.look(Duration::from_secs(second), &well(second));
            assert!(matches!(verdict, Verdict::Proving(_) | Verdict::Waiting(_)), "{second}");
        }
    }

    #[test]
    fn what_nobody_may_see_is_not_asked_for() {
        let shut = |second| {
            with(second, |vitals| {
                vitals.wants_pictures = false;
                vitals.wants_prebuffer = false;
                (vitals.captured, vitals.encoded, vitals.prebuffer) = (0, 0, Duration::ZERO);
            })
        };
        assert_eq!(run(HAD_NETWORK, shut).1, Verdict::Keep);
    }

    proptest::proptest! {
        /// Whatever it sees: it is decided in time, and kept only after a minute without a fault.
        #[test]
        fn any_life_is_decided(life in proptest::collection::vec((0_u8..12, 1_u64..20), 80..400)) {
            let mut gate = Gate::begin(Duration::ZERO, HAD_NETWORK, Limits::default());
            let (mut now, mut last_fault) = (0, 0);
            let mut decided = None;
            for (what, pause) in life {
                now += pause;
                let signs = match what {
                    0 => Signs { vitals: None, ..well(now) },
                    1 => Signs { does_hap_answer: false, ..well(now) },
                    _ => well(now),
                };
                if what < 2 { last_fault = now; }
                match gate.look(Duration::from_secs(now), &signs) {
                    Verdict::Keep => {
                        proptest::prop_assert!(now - last_fault >= 60);
                        decided = Some(now);
                    }
                    Verdict::GiveBack(_) => decided = Some(now),
                    _ => {}
                }
                if decided.is_some() { break; }
            }
            let lived = now;
            proptest::prop_assert!(decided.is_some_and(|when| when <= 300 + 20) || lived < 300);
        }
    }
}
