// SPDX-License-Identifier: MIT OR Apache-2.0
//! The jitter buffer on virtual time.

#![allow(clippy::unwrap_used, reason = "a test")]
#![allow(clippy::cast_possible_truncation, reason = "small numbers, or meant to wrap")]

use std::time::{Duration, Instant};

use proptest::prelude::{any, prop, prop_assert, prop_assert_eq};
use proptest::proptest;
use rtp::{Arrival, JitterBuffer, Playout, TalkPacket};

const RATE: u32 = 16_000;
const FIRST: u64 = 0x1_fff0;

fn packet(number: u64) -> TalkPacket {
    let timestamp = (u32::MAX - 1_000).wrapping_add(number as u32 * 320);
    TalkPacket { sequence: FIRST + number, timestamp, frames: vec![vec![number as u8]] }
}

/// What was played when: a packet's number, or `None` for a concealment.
type Played = Vec<(u64, Option<u64>)>;

/// Packets by number with the millisecond they come at; runs until the end.
fn run(mut arrivals: Vec<(u64, u64)>) -> (Played, u64, JitterBuffer) {
    arrivals.sort_by_key(|&(_, ms)| ms);
    let (start, mut buffer) = (Instant::now(), JitterBuffer::new(RATE));
    let mut coming = arrivals.into_iter().peekable();
    let mut played = Vec::new();
    for ms in 0..100_000 {
        let now = start + Duration::from_millis(ms);
        while let Some((number, _)) = coming.next_if(|&(_, at)| at <= ms) {
            buffer.insert(now, packet(number));
        }
        loop {
            match buffer.poll(now) {
                Playout::Play(packet) => played.push((ms, Some(packet.sequence - FIRST))),
                Playout::Conceal => played.push((ms, None)),
                Playout::Wait(then) => {
                    assert!(then > now, "to wait for the past");
                    break;
                }
                Playout::Ended if coming.peek().is_none() => return (played, ms, buffer),
                Playout::Ended => {}
                Playout::Idle => break,
            }
        }
    }
    panic!("the talk does not end");
}

#[test]
fn even_packets_come_out_even_after_a_tenth_of_a_second() {
    let (played, end, _) = run((0..50).map(|n| (n, n * 20)).collect());
    let expected: Vec<_> = (0..50).map(|n| (100 + n * 20, Some(n))).collect();
    assert_eq!(played[..50], expected);
    // nobody knows that it was the last one: a few concealments, then silence
    assert!(played[50..].iter().all(|(_, what)| what.is_none()) && played.len() <= 55);
    assert_eq!(end, 49 * 20 + 500);
}

#[test]
fn reordering_within_the_delay_is_undone() {
    let swapped = |n: u64| if n.is_multiple_of(2) { n * 20 + 50 } else { n * 20 };
    let (played, ..) = run((0..50).map(|n| (n, swapped(n))).collect());
    let order: Vec<_> = played.iter().filter_map(|(_, what)| *what).collect();
    assert_eq!(order, (0..50).collect::<Vec<_>>());
}

#[test]
fn a_loss_is_concealed_in_its_time_and_what_comes_later_is_dropped() {
    let mut arrivals: Vec<_> = (0..50).filter(|n| n % 10 != 7).map(|n| (n, n * 20)).collect();
    arrivals.push((7, 7 * 20 + 150));
    let (played, _, buffer) = run(arrivals);
    for n in 0..47 {
        let what = if n % 10 == 7 { None } else { Some(n) };
        assert_eq!(played[n as usize], (100 + n * 20, what));
    }
    assert_eq!(buffer.stats().dropped, 1);
}

#[test]
fn a_slower_network_lengthens_the_wait_and_loses_nothing() {
    let slower = |n: u64| if n >= 20 { n * 20 + 190 } else { n * 20 };
    let (played, _, buffer) = run((0..60).map(|n| (n, slower(n))).collect());
    let order: Vec<_> = played.iter().filter_map(|(_, what)| *what).collect();
    assert_eq!(order, (0..60).collect::<Vec<_>>());
    assert_eq!(buffer.stats().dropped, 0);
}

#[test]
fn a_much_slower_network_begins_anew_and_goes_on() {
    let slower = |n: u64| if n >= 20 { n * 20 + 480 } else { n * 20 };
    let (played, ..) = run((0..100).map(|n| (n, slower(n))).collect());
    let order: Vec<_> = played.iter().filter_map(|(_, what)| *what).collect();
    assert!(order.len() >= 90, "{order:?}");
    assert_eq!(order.last(), Some(&99));
}

#[test]
fn a_pause_ends_the_talk_and_the_next_begins_anew() {
    let pause = |n: u64| if n >= 10 { n * 20 + 3_000 } else { n * 20 };
    let (played, ..) = run((0..20).map(|n| (n, pause(n))).collect());
    let tenth = played.iter().find(|(_, what)| *what == Some(10)).unwrap();
    assert_eq!(tenth.0, 10 * 20 + 3_000 + 100);
}

#[test]
fn packets_are_known_by_number_and_held_within_bounds() {
    let (now, mut buffer) = (Instant::now(), JitterBuffer::new(RATE));
    assert_eq!(buffer.poll(now), Playout::Idle);
    assert_eq!(buffer.insert(now, packet(5)), Arrival::Taken);
    assert_eq!(buffer.insert(now, packet(5)), Arrival::Duplicate);
    assert_eq!(buffer.insert(now, packet(4)), Arrival::Taken, "the first came second");
    let same = |sequence| TalkPacket { sequence: FIRST + sequence, ..packet(5) };
    let taken = (6..1_000).filter(|&n| buffer.insert(now, same(n)) == Arrival::Taken).count();
    assert_eq!(taken, 62);
    // another sender
    let other = TalkPacket { sequence: 0x1_0001, timestamp: 77, frames: vec![vec![1]] };
    assert_eq!(buffer.insert(now, other.clone()), Arrival::Taken);
    assert_eq!(buffer.poll(now + Duration::from_millis(100)), Playout::Play(other));
}

proptest! {
    /// As long as the network's jitter is below the delay, only what is lost is missing.
    #[test]
    fn jitter_below_the_delay_costs_nothing(
        jitter in prop::collection::vec((0u64..95, prop::bool::weighted(0.9)), 2..120),
    ) {
        // the first comes at once, as the delay counts from it
        let arrivals: Vec<_> = jitter.iter().zip(0u64..)
            .filter(|&(&(_, arrives), n)| arrives || n == 0)
            .map(|(&(late, _), n)| (n, n * 20 + if n == 0 { 0 } else { late }))
            .collect();
        // a pause of more than five packets is told apart from a loss only later
        let gaps_are_short = arrivals.windows(2).all(|pair| pair[1].0 - pair[0].0 <= 4);
        let expected: Vec<_> = arrivals.iter().map(|&(n, _)| n).collect();
        let last = arrivals.iter().map(|&(_, ms)| ms).max().unwrap();
        let (played, end, _) = run(arrivals);
        let order: Vec<_> = played.iter().filter_map(|(_, what)| *what).collect();
        prop_assert!(order.is_sorted_by(|a, b| a < b));
        if gaps_are_short {
            prop_assert_eq!(order, expected);
        }
        prop_assert!(end >= last + 500 && end <= last + 800, "ends at {end}, last at {last}");
    }

    /// Whatever comes, each packet is played once at most, in order within a talk, and the buffer
    /// comes to rest.
    #[test]
    fn any_packets_come_to_an_end(
        packets in prop::collection::vec((any::<u16>(), any::<u32>(), 0u64..300), 1..200),
        wild in any::<bool>(),
    ) {
        let (mut now, mut buffer) = (Instant::now(), JitterBuffer::new(RATE));
        let mut played = 0;
        let total = packets.len();
        for (sequence, timestamp, wait) in packets {
            let (sequence, timestamp) = if wild {
                (u64::from(sequence), timestamp)
            } else {
                (u64::from(sequence % 64), timestamp % 64 * 320)
            };
            buffer.insert(now, TalkPacket { sequence, timestamp, frames: vec![vec![0]] });
            now += Duration::from_millis(wait);
            for step in 0.. {
                prop_assert!(step < 200, "never waits");
                match buffer.poll(now) {
                    Playout::Play(_) => played += 1,
                    Playout::Wait(then) => { prop_assert!(then > now); break }
                    Playout::Idle => break,
                    Playout::Conceal | Playout::Ended => {}
                }
            }
        }
        prop_assert!(played <= total);
        let mut ended = false;
        for _ in 0..1_000 {
            now += Duration::from_millis(20);
            while let Playout::Play(_) | Playout::Conceal | Playout::Ended = {
                let what = buffer.poll(now);
                ended |= what == Playout::Ended || what == Playout::Idle;
                what
            } {}
        }
        prop_assert!(ended);
    }
}
