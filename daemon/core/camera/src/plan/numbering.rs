// SPDX-License-Identifier: MIT OR Apache-2.0
//! Numbers for encodes, kept from plan to plan so that a running encoder is not restarted.

use super::{Encode, Plan};

/// The encodes of the last plan and their numbers.
#[derive(Debug, Default)]
pub struct Numbering {
    last: u32,
    running: Vec<(u32, Encode)>,
}

impl Numbering {
    /// A number for each encode of `plan`, in its order. An encode that differs from one of the
    /// last plan in bit rate and viewers alone keeps its number, most of all where a viewer stays;
    /// others get a new one, never used before.
    pub fn assign(&mut self, plan: &Plan) -> Vec<u32> {
        let mut numbers = vec![None; plan.encodes.len()];
        for keep in [|old: &Encode, new: &Encode| old.shares_viewer(new), |_: &_, _: &_| true] {
            for (number, encode) in numbers.iter_mut().zip(&plan.encodes) {
                if number.is_some() {
                    continue;
                }
                let is_same = |(_, old): &(_, Encode)| old.is_like(encode) && keep(old, encode);
                if let Some(at) = self.running.iter().position(is_same) {
                    *number = Some(self.running.swap_remove(at).0);
                }
            }
        }
        let mut next = || {
            self.last = self.last.wrapping_add(1);
            self.last
        };
        let numbers: Vec<u32> = numbers.into_iter().map(|n| n.unwrap_or_else(&mut next)).collect();
        self.running = numbers.iter().copied().zip(plan.encodes.iter().cloned()).collect();
        numbers
    }
}

impl Encode {
    fn shares_viewer(&self, other: &Self) -> bool {
        self.viewers.iter().any(|viewer| other.viewers.contains(viewer))
    }
}
