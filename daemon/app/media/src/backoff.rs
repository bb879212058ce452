// SPDX-License-Identifier: MIT OR Apache-2.0
//! The pause before something that failed is tried again.

use std::time::Duration;

/// Pauses between tries of something that fails: 1 s, doubled up to 10 s.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    failures: u32,
}

impl Backoff {
    pub(crate) fn next(&mut self) -> Duration {
        self.failures += 1;
        Duration::from_secs(1 << (self.failures - 1).min(4)).min(Duration::from_secs(10))
    }

    pub(crate) fn has_failed(&self) -> bool {
        self.failures > 0
    }

    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_grows_to_ten_seconds() {
        let mut backoff = Backoff::default();
        let pauses: Vec<u64> = (0..7).map(|_| backoff.next().as_secs()).collect();
        assert_eq!(pauses, [1, 2, 4, 8, 10, 10, 10]);
        backoff.reset();
        assert_eq!(backoff.next().as_secs(), 1);
    }
}
