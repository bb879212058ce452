// SPDX-License-Identifier: MIT OR Apache-2.0
//! When the camera is quiet enough to be disturbed: writing the other slot takes the card's time, and a reboot takes
//! the camera away.

use std::time::Duration;

/// What somebody would miss.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Doing {
    /// A hub takes a recording.
    pub is_recording: bool,
    /// Somebody looks.
    pub viewers: u32,
    /// Something moves, so that a recording may begin.
    pub is_moving: bool,
    /// The owner has shut the camera off.
    pub is_private: bool,
}

/// Why it waits; in an owner's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Busy {
    /// A recording runs.
    #[error("a recording runs")]
    Recording,
    /// Somebody watches.
    #[error("somebody watches")]
    Watched,
    /// Something moves.
    #[error("something moves before the camera")]
    Moving,
    /// Not long enough quiet.
    #[error("the camera has not been quiet for {} s", QUIET.as_secs())]
    JustNow,
}

/// Two motions of one visitor are rarely further apart.
pub const QUIET: Duration = Duration::from_secs(30);

/// The look-out for a quiet moment. Times are since any one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Window {
    quiet_since: Option<Duration>,
}

impl Window {
    /// Whether this is the moment. A camera that is shut off misses nothing, so its moment is any.
    ///
    /// # Errors
    /// Why it is not.
    pub fn look(&mut self, now: Duration, doing: Doing) -> Result<(), Busy> {
        let busy = match doing {
            Doing { is_recording: true, .. } => Some(Busy::Recording),
            Doing { viewers: 1.., .. } => Some(Busy::Watched),
            Doing { is_private: true, .. } => return Ok(()),
            Doing { is_moving: true, .. } => Some(Busy::Moving),
            Doing { .. } => None,
        };
        if let Some(busy) = busy {
            self.quiet_since = None;
            return Err(busy);
        }
        let since = *self.quiet_since.get_or_insert(now);
        if now.saturating_sub(since) >= QUIET { Ok(()) } else { Err(Busy::JustNow) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: fn(u64) -> Duration = Duration::from_secs;

    #[test]
    fn half_a_minute_of_nothing_is_a_window() {
        let mut window = Window::default();
        let idle = Doing::default();
        assert_eq!(window.look(S(100), idle), Err(Busy::JustNow));
        assert_eq!(window.look(S(129), idle), Err(Busy::JustNow));
        assert_eq!(window.look(S(130), idle), Ok(()));
        assert_eq!(window.look(S(131), Doing { is_moving: true, ..idle }), Err(Busy::Moving));
        assert_eq!(window.look(S(140), idle), Err(Busy::JustNow));
        assert_eq!(window.look(S(170), idle), Ok(()));
    }

    #[test]
    fn privacy_is_a_window_at_once_but_for_what_still_runs() {
        let private = Doing { is_private: true, is_moving: true, ..Doing::default() };
        assert_eq!(Window::default().look(S(0), private), Ok(()));
        let ends = Doing { is_recording: true, ..private };
        assert_eq!(Window::default().look(S(0), ends), Err(Busy::Recording));
        let watched = Doing { viewers: 1, ..private };
        assert_eq!(Window::default().look(S(0), watched), Err(Busy::Watched));
    }
}
