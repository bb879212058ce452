// SPDX-License-Identifier: MIT OR Apache-2.0
//! Events of one connection that wait for their window or for the end of a response.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use crate::{Iid, Value};

/// How long an event waits for others to join it.
const WINDOW: Duration = Duration::from_millis(250);
/// Most messages that wait. Beyond it the last message keeps only the newest value.
const MAX_MESSAGES: usize = 32;

/// MotionDetected: a late one is a missed recording.
const MOTION_DETECTED: u16 = 0x22;
/// ManuallyDisabled: who looks at the camera is to see at once that it is shut.
const MANUALLY_DISABLED: u16 = 0x227;
/// ProgrammableSwitchEvent: the doorbell. Two presses are two events, though the value is equal.
pub const PROGRAMMABLE_SWITCH_EVENT: u16 = 0x73;

/// Messages in the order in which they are to be sent. None holds one characteristic twice: in
/// which order controllers read the entries of a message is not agreed upon.
#[derive(Debug, Default)]
pub struct EventQueue {
    messages: VecDeque<Vec<(Iid, Value)>>,
    due: Option<Instant>,
}

impl EventQueue {
    /// Adds a change of a characteristic of type `kind`.
    pub fn push(&mut self, now: Instant, kind: u16, iid: Iid, value: Value) {
        let latest = self
            .messages
            .iter_mut()
            .rev()
            .flat_map(|message| message.iter_mut().rev())
            .find(|(queued, _)| *queued == iid)
            .map(|(_, value)| value);
        match latest {
            Some(queued) if *queued == value && kind != PROGRAMMABLE_SWITCH_EVENT => {}
            _ => self.append(iid, value),
        }
        let is_urgent =
            matches!(kind, MOTION_DETECTED | MANUALLY_DISABLED | PROGRAMMABLE_SWITCH_EVENT);
        let due = if is_urgent { now } else { now + WINDOW };
        self.due = Some(self.due.map_or(due, |earlier| earlier.min(due)));
    }

    fn append(&mut self, iid: Iid, value: Value) {
        let is_full = self.messages.len() >= MAX_MESSAGES;
        match self.messages.back_mut() {
            Some(last) => match last.iter_mut().find(|(queued, _)| *queued == iid) {
                None => last.push((iid, value)),
                Some((_, queued)) if is_full => *queued = value,
                Some(_) => self.messages.push_back(vec![(iid, value)]),
            },
            None => self.messages.push_back(vec![(iid, value)]),
        }
    }

    /// Drops what waits for a characteristic that is no longer subscribed to.
    pub fn forget(&mut self, iid: Iid) {
        for message in &mut self.messages {
            message.retain(|(queued, _)| *queued != iid);
        }
        self.messages.retain(|message| !message.is_empty());
        if self.messages.is_empty() {
            self.due = None;
        }
    }

    /// When the messages are to be sent.
    pub fn due(&self) -> Option<Instant> {
        self.due
    }

    /// The messages, when their time has come.
    pub fn take_due(&mut self, now: Instant) -> VecDeque<Vec<(Iid, Value)>> {
        if self.due.is_none_or(|due| now < due) {
            return VecDeque::new();
        }
        self.due = None;
        std::mem::take(&mut self.messages)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ON: Value = Value::Bool(true);
    const OFF: Value = Value::Bool(false);

    #[test]
    fn events_of_a_window_share_a_message_and_a_toggle_makes_a_second() {
        let start = Instant::now();
        let mut queue = EventQueue::default();
        for (iid, value) in [(1, ON), (2, ON), (2, ON), (1, OFF), (3, ON)] {
            queue.push(start, 0x75, iid, value);
        }
        assert!(queue.take_due(start + WINDOW - Duration::from_millis(1)).is_empty());
        let messages = queue.take_due(start + WINDOW);
        assert_eq!(messages, [vec![(1, ON), (2, ON)], vec![(1, OFF), (3, ON)]]);
        assert_eq!(queue.due(), None);
    }

    #[test]
    fn what_is_urgent_takes_along_what_waits() {
        let start = Instant::now();
        for kind in [MOTION_DETECTED, MANUALLY_DISABLED, PROGRAMMABLE_SWITCH_EVENT] {
            let mut queue = EventQueue::default();
            queue.push(start, 0x75, 1, ON);
            queue.push(start, kind, 2, ON);
            assert_eq!(queue.take_due(start), [vec![(1, ON), (2, ON)]]);
        }
    }

    #[test]
    fn every_press_of_the_doorbell_is_an_event() {
        let start = Instant::now();
        let mut queue = EventQueue::default();
        for _ in 0..3 {
            queue.push(start, PROGRAMMABLE_SWITCH_EVENT, 1, Value::UInt(0));
        }
        assert_eq!(queue.take_due(start).len(), 3);
    }

    #[test]
    fn a_queue_that_nobody_empties_keeps_the_newest_value() {
        let start = Instant::now();
        let mut queue = EventQueue::default();
        for number in 0..1000 {
            queue.push(start, 0x71, 1, Value::UInt(number));
        }
        let messages = queue.take_due(start + WINDOW);
        assert_eq!(messages.len(), MAX_MESSAGES);
        assert_eq!(messages.back(), Some(&vec![(1, Value::UInt(999))]));
    }

    #[test]
    fn what_is_forgotten_is_not_sent() {
        let start = Instant::now();
        let mut queue = EventQueue::default();
        queue.push(start, 0x71, 1, ON);
        queue.forget(1);
        assert_eq!(queue.due(), None);
        assert!(queue.take_due(start + WINDOW).is_empty());
    }
}
