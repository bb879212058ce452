// SPDX-License-Identifier: MIT OR Apache-2.0
//! The thread, with sinks that every machine has.

use std::f64::consts::TAU;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use audio::{Encoder, LiveCodec, LiveRate, PacketTime};
use frame::Pts;
use privacy::{Gate, OperatingMode};

use super::*;

const FORMAT: LiveFormat = LiveFormat {
    codec: LiveCodec::Opus(PacketTime::Ms20),
    rate: LiveRate::Hz16000,
    bitrate_bps: 24_000,
};
const SOON: Duration = Duration::from_secs(10);
const VIEWER: ListenerId = ListenerId(1);
const OTHER: ListenerId = ListenerId(2);

fn watched() -> OperatingMode {
    OperatingMode { is_paired: true, ..OperatingMode::factory() }
}

fn gate() -> Gate {
    let mut gate = Gate::closed();
    gate.set(watched());
    gate
}

fn speaker(sink: SpeakerSink) -> (Speaker, Ducking, Receiver<SpeakerEvent>) {
    let (send, events) = channel();
    let ducking = Ducking::default();
    let on_event = Box::new(move |event| {
        // the test may have ended
        drop(send.send(event));
    });
    (Speaker::spawn(sink, ducking.clone(), on_event).unwrap(), ducking, events)
}

/// A second of a tone of 500 Hz.
fn packets() -> Vec<TalkPacket> {
    let mut encoder = Encoder::live(FORMAT).unwrap();
    #[expect(clippy::cast_possible_truncation, reason = "the sine is of 8000")]
    let samples: Vec<i16> = (0..16_000)
        .map(|n| (8_000.0 * (TAU * 500.0 * f64::from(n) / 16_000.0).sin()) as i16)
        .collect();
    let packets = encoder.push(Pts::from_millis(1_000), &samples).unwrap();
    let talk = |(sequence, packet): (u64, frame::AudioPacket)| TalkPacket {
        sequence,
        timestamp: u32::try_from(sequence * 320).unwrap(),
        frames: vec![packet.data.to_vec()],
    };
    (70_000..).zip(packets).map(talk).collect()
}

fn say(speaker: &Speaker, packets: &[TalkPacket]) {
    for packet in packets {
        speaker.talk(VIEWER, packet.clone());
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn until(what: &str, is_so: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < SOON, "never: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn talkback_is_played_and_the_loudspeaker_closes_after_it() {
    let path = std::env::temp_dir().join(format!("hsvd-talk-{}.wav", std::process::id()));
    let (speaker, ducking, events) = speaker(SpeakerSink::Wav(path.clone()));
    let gate = gate();
    assert!(!speaker.is_open());
    speaker.talk(VIEWER, packets().remove(0));
    std::thread::sleep(Duration::from_millis(50));
    assert!(!speaker.is_open(), "opened by one who may not talk");
    speaker.admit(VIEWER, FORMAT, gate.live(0).unwrap());
    let mut packets = packets();
    packets.remove(20); // one is lost
    say(&speaker, &packets);
    assert!(speaker.is_open());
    assert!(ducking.factor() < 0.11, "the microphone is not softer");
    let said = Instant::now();
    until("the microphone is back", || ducking.factor() == 1.0);
    // 100 ms of delay, 100 ms of concealment, 100 ms of quiet
    assert!(said.elapsed() < Duration::from_millis(480), "{:?}", said.elapsed());
    until("the loudspeaker closes", || !speaker.is_open());
    assert!(said.elapsed() > Duration::from_millis(400), "{:?}", said.elapsed());
    let stats = speaker.stats();
    assert_eq!(stats.played, packets.len() as u64);
    assert!(stats.concealed >= 1, "{stats:?}");
    let wav = std::fs::read(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    let samples: Vec<i16> =
        wav[44..].chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect();
    let steady = &samples[3_200..12_800];
    let rises = steady.windows(2).filter(|pair| pair[0] < 0 && pair[1] >= 0).count();
    assert!((290..=310).contains(&rises), "{rises} waves in 0.6 s of 500 Hz");
    let loudest = steady.iter().map(|sample| sample.unsigned_abs()).max().unwrap();
    assert!((6_000..10_000).contains(&loudest), "{loudest}");
    assert!(events.try_recv().is_err());
}

#[test]
fn a_revoked_permit_and_a_dismissal_end_the_talk_at_once() {
    let (speaker, ducking, _events) = speaker(SpeakerSink::Null);
    let mut gate = gate();
    let packets = packets();
    for revoke in [true, false] {
        speaker.admit(VIEWER, FORMAT, gate.live(0).unwrap());
        say(&speaker, &packets[..20]);
        assert!(speaker.is_open());
        let start = Instant::now();
        if revoke {
            gate.set(OperatingMode { manually_disabled: true, ..watched() });
        } else {
            speaker.dismiss(VIEWER);
        }
        until("the loudspeaker closes", || !speaker.is_open());
        assert!(start.elapsed() < Duration::from_millis(300), "{:?}", start.elapsed());
        until("the microphone is back", || ducking.factor() == 1.0);
        speaker.talk(VIEWER, packets[21].clone());
        std::thread::sleep(Duration::from_millis(50));
        assert!(!speaker.is_open());
        gate.set(watched());
    }
}

#[test]
fn a_muted_loudspeaker_stays_closed() {
    let (speaker, ..) = speaker(SpeakerSink::Null);
    let gate = gate();
    speaker.admit(VIEWER, FORMAT, gate.live(0).unwrap());
    speaker.set_loudness(Loudness::Muted);
    let packets = packets();
    say(&speaker, &packets[..5]);
    assert!(!speaker.is_open());
    speaker.set_loudness(Loudness::Percent(40));
    say(&speaker, &packets[5..10]);
    assert!(speaker.is_open());
    speaker.set_loudness(Loudness::Muted);
    until("the loudspeaker closes", || !speaker.is_open());
}

#[test]
fn one_viewer_talks_at_a_time() {
    let (speaker, ..) = speaker(SpeakerSink::Null);
    let gate = gate();
    speaker.admit(VIEWER, FORMAT, gate.live(0).unwrap());
    speaker.admit(OTHER, FORMAT, gate.live(1).unwrap());
    let packets = packets();
    for packet in &packets[..15] {
        speaker.talk(VIEWER, packet.clone());
        speaker.talk(OTHER, TalkPacket { sequence: packet.sequence + 77, ..packet.clone() });
        std::thread::sleep(Duration::from_millis(20));
    }
    until("the loudspeaker closes", || !speaker.is_open());
    assert_eq!(speaker.stats().played, 15);
    assert_eq!(speaker.stats().dropped, 15);
}

#[test]
fn a_failing_loudspeaker_is_told_once_and_tried_again() {
    let folder = std::env::temp_dir().join(format!("hsvd-speaker-{}", std::process::id()));
    let (speaker, _, events) = speaker(SpeakerSink::Wav(folder.join("a.wav")));
    let gate = gate();
    speaker.admit(VIEWER, FORMAT, gate.live(0).unwrap());
    let packets = packets();
    speaker.talk(VIEWER, packets[0].clone());
    let failed = events.recv_timeout(SOON).unwrap();
    assert!(matches!(failed, SpeakerEvent::Failed(SpeakerError::Playback(_))), "{failed:?}");
    say(&speaker, &packets[..10]);
    assert!(events.try_recv().is_err(), "told twice");
    std::fs::create_dir(&folder).unwrap();
    std::thread::sleep(Duration::from_millis(500));
    say(&speaker, &packets[10..20]);
    let recovered = events.recv_timeout(SOON).unwrap();
    assert!(matches!(recovered, SpeakerEvent::Recovered), "{recovered:?}");
    drop(speaker);
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn sinks_have_names() {
    for text in ["alsa:plughw:1,0", "null", "file:/a/b.wav"] {
        assert_eq!(text.parse::<SpeakerSink>().unwrap().to_string(), text);
    }
    for text in ["", "alsa", "alsa:", "file:", "null:1", "tone"] {
        assert_eq!(text.parse::<SpeakerSink>(), Err(UnknownSpeaker), "{text}");
    }
}
