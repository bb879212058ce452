// SPDX-License-Identifier: MIT OR Apache-2.0
//! The jitter buffer of talkback: packets as the network brings them in, one at a time and at even
//! times out. Pure: time is an argument.
//!
//! The first packet of a talk waits for 100 ms. Each later one is due as much after it as its time
//! stamp says. What is not there when it is due is to be concealed; what comes after that is
//! dropped. When the network grows slower the wait grows with it, up to 200 ms; when it grows slower
//! still, the talk begins anew. A talk ends when nothing came for 500 ms.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::audio::TalkPacket;

/// How long the first packet of a talk waits.
const MIN_DELAY: Duration = Duration::from_millis(100);
/// How far the wait grows with a slower network.
const MAX_DELAY: Duration = Duration::from_millis(200);
/// A talk ends when nothing came for this long.
const SILENCE: Duration = Duration::from_millis(500);
/// A packet due later than this does not belong to the talk.
const HORIZON: Duration = Duration::from_secs(1);
/// Packets held, over a second of the shortest that are used.
const MAX_PACKETS: usize = 64;
/// Concealments in a row; longer losses are silence.
const MAX_CONCEALED: u32 = 5;
/// Late packets in a row after which the talk begins anew.
const MAX_LATE: u32 = 5;
/// Sequence numbers further apart than this are another sender's.
const MAX_STEP: u64 = 1_000;
/// The time of a packet before two in a row told it.
const ASSUMED_PACKET: Duration = Duration::from_millis(20);

/// What became of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// It will be played.
    Taken,
    /// Its time was over.
    Late,
    /// It is here already.
    Duplicate,
    /// There is no room.
    Full,
}

/// What is to be played now.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum Playout {
    /// Nobody talks.
    Idle,
    /// Nothing before then: ask again at that time, or when a packet has come.
    Wait(Instant),
    /// This packet.
    Play(TalkPacket),
    /// One packet is lost.
    Conceal,
    /// The talk is over. Told once.
    Ended,
}

/// What came and what did not, since the beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct JitterStats {
    /// Packets played.
    pub played: u64,
    /// Packets' times that were concealed.
    pub concealed: u64,
    /// Packets dropped because their time was over, or because there was no room.
    pub dropped: u64,
}

/// Puts one sender's packets in order and at even times.
#[derive(Debug)]
pub struct JitterBuffer {
    rate_hz: u32,
    talk: Option<Talk>,
    /// By sequence; all at or past the talk's `next`.
    waiting: BTreeMap<u64, TalkPacket>,
    stats: JitterStats,
}

/// From the first packet to the silence.
#[derive(Debug)]
struct Talk {
    /// The sequence number that is due next, and when.
    next: u64,
    due: Instant,
    /// When a packet with this time stamp is due.
    base: (Instant, u32),
    delay: Duration,
    packet_time: Duration,
    /// The newest packet by sequence, with its time stamp.
    newest: (u64, u32),
    last_arrival: Instant,
    has_played: bool,
    concealed_in_a_row: u32,
    late_in_a_row: u32,
}

impl JitterBuffer {
    /// `rate_hz` is the clock of time stamps.
    pub fn new(rate_hz: u32) -> Self {
        let stats = JitterStats::default();
        Self { rate_hz: rate_hz.max(1), talk: None, waiting: BTreeMap::new(), stats }
    }

    /// Counters since the beginning.
    pub fn stats(&self) -> JitterStats {
        self.stats
    }

    /// Takes a packet that came at `now`.
    pub fn insert(&mut self, now: Instant, packet: TalkPacket) -> Arrival {
        let rate_hz = self.rate_hz;
        let Some(talk) = &mut self.talk else { return self.begin(now, packet) };
        let (sequence, timestamp) = (packet.sequence, packet.timestamp);
        let due = talk.time_of(timestamp, rate_hz);
        let is_strange = sequence.abs_diff(talk.next) > MAX_STEP || due > now + HORIZON;
        if is_strange || talk.late_in_a_row >= MAX_LATE {
            return self.begin(now, packet);
        }
        talk.last_arrival = now;
        if sequence < talk.next && !talk.has_played {
            (talk.next, talk.due) = (sequence, due.max(now));
        }
        if self.waiting.contains_key(&sequence) {
            return Arrival::Duplicate;
        }
        if sequence < talk.next || !talk.waits_for(now, due, self.waiting.is_empty()) {
            talk.late_in_a_row += 1;
            self.stats.dropped += 1;
            return Arrival::Late;
        }
        if self.waiting.len() >= MAX_PACKETS {
            self.stats.dropped += 1;
            return Arrival::Full;
        }
        talk.late_in_a_row = 0;
        talk.learn(sequence, timestamp, rate_hz);
        if sequence == talk.next {
            talk.due = talk.time_of(timestamp, rate_hz).max(now);
        }
        self.waiting.insert(sequence, packet);
        Arrival::Taken
    }

    /// What is to be played at `now`; to be asked until it says [`Playout::Wait`] or
    /// [`Playout::Idle`].
    pub fn poll(&mut self, now: Instant) -> Playout {
        let Some(talk) = &mut self.talk else { return Playout::Idle };
        let ends = talk.last_arrival + SILENCE;
        if self.waiting.is_empty() && now >= ends {
            self.talk = None;
            return Playout::Ended;
        }
        let Some((&first, packet)) = self.waiting.first_key_value() else {
            // Nothing is here, and nobody knows whether anything is lost.
            if now < talk.due || talk.concealed_in_a_row >= MAX_CONCEALED || !talk.has_played {
                let wakes = if talk.concealed_in_a_row >= MAX_CONCEALED { ends } else { talk.due };
                return Playout::Wait(if wakes > now { wakes.min(ends) } else { ends });
            }
            return talk.conceal(&mut self.stats);
        };
        if first > talk.next && talk.concealed_in_a_row >= MAX_CONCEALED {
            (talk.next, talk.due) = (first, talk.time_of(packet.timestamp, self.rate_hz).max(now));
        }
        if now < talk.due {
            return Playout::Wait(talk.due);
        }
        if first > talk.next {
            talk.next += 1;
            return talk.conceal(&mut self.stats);
        }
        let Some((_, packet)) = self.waiting.pop_first() else { return Playout::Idle };
        talk.next = first + 1;
        (talk.has_played, talk.concealed_in_a_row) = (true, 0);
        let earliest = talk.due + talk.packet_time / 2;
        talk.due = match self.waiting.get(&talk.next) {
            Some(next) => talk.time_of(next.timestamp, self.rate_hz).max(earliest),
            None => talk.due + talk.packet_time,
        };
        self.stats.played += 1;
        Playout::Play(packet)
    }

    fn begin(&mut self, now: Instant, packet: TalkPacket) -> Arrival {
        self.stats.dropped += u64::try_from(self.waiting.len()).unwrap_or(0);
        self.waiting.clear();
        let due = now + MIN_DELAY;
        self.talk = Some(Talk {
            next: packet.sequence,
            due,
            base: (due, packet.timestamp),
            delay: MIN_DELAY,
            packet_time: ASSUMED_PACKET,
            newest: (packet.sequence, packet.timestamp),
            last_arrival: now,
            has_played: false,
            concealed_in_a_row: 0,
            late_in_a_row: 0,
        });
        self.waiting.insert(packet.sequence, packet);
        Arrival::Taken
    }
}

impl Talk {
    /// When a packet with `timestamp` is due.
    fn time_of(&self, timestamp: u32, rate_hz: u32) -> Instant {
        let (base, base_timestamp) = self.base;
        let ticks = timestamp.wrapping_sub(base_timestamp).cast_signed();
        let micros = u64::from(ticks.unsigned_abs()) * 1_000_000 / u64::from(rate_hz);
        let apart = Duration::from_micros(micros);
        if ticks < 0 { base.checked_sub(apart).unwrap_or(base) } else { base + apart }
    }

    /// Whether a packet that was `due` can be played. One that is late while nothing else waits
    /// shows that the network has grown slower: the wait grows with it, as far as it may.
    fn waits_for(&mut self, now: Instant, due: Instant, nothing_waits: bool) -> bool {
        let late = now.saturating_duration_since(due);
        if late.is_zero() || !nothing_waits {
            return true;
        }
        let grows = late.min(MAX_DELAY.saturating_sub(self.delay));
        self.delay += grows;
        self.base.0 += grows;
        late - grows <= self.packet_time
    }

    /// Learns the time of a packet from two in a row.
    fn learn(&mut self, sequence: u64, timestamp: u32, rate_hz: u32) {
        let (newest, before) = self.newest;
        if sequence == newest + 1 {
            let ticks = u64::from(timestamp.wrapping_sub(before));
            let ms = ticks * 1_000 / u64::from(rate_hz);
            if (5..=120).contains(&ms) {
                self.packet_time = Duration::from_micros(ticks * 1_000_000 / u64::from(rate_hz));
            }
        }
        if sequence > newest {
            self.newest = (sequence, timestamp);
        }
    }

    fn conceal(&mut self, stats: &mut JitterStats) -> Playout {
        self.due += self.packet_time;
        self.concealed_in_a_row += 1;
        stats.concealed += 1;
        Playout::Conceal
    }
}
