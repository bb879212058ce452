// SPDX-License-Identifier: MIT OR Apache-2.0
//! Failures of a device: told once, tried again less and less often. Pure.

use std::time::Duration;

const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// From the first failure to the next success.
#[derive(Debug, Default)]
pub(crate) struct Episode {
    failures: u32,
}

impl Episode {
    /// Notes a failure. Gives whether it is the first of this episode, and how long to wait.
    pub(crate) fn fail(&mut self) -> (bool, Duration) {
        let is_first = self.failures == 0;
        let wait = FIRST_WAIT * 2u32.saturating_pow(self.failures.min(10));
        self.failures = self.failures.saturating_add(1);
        (is_first, wait.min(LONGEST_WAIT))
    }

    /// Notes a success; whether it ends an episode.
    pub(crate) fn succeed(&mut self) -> bool {
        std::mem::take(&mut self.failures) > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_episode_is_told_once_and_waits_grow_to_a_limit() {
        let mut episode = Episode::default();
        assert!(!episode.succeed());
        assert_eq!(episode.fail(), (true, FIRST_WAIT));
        assert_eq!(episode.fail(), (false, FIRST_WAIT * 2));
        for _ in 0..100 {
            episode.fail();
        }
        assert_eq!(episode.fail(), (false, LONGEST_WAIT));
        assert!(episode.succeed());
        assert!(!episode.succeed());
        assert_eq!(episode.fail(), (true, FIRST_WAIT));
    }
}
