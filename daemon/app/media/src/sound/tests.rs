// SPDX-License-Identifier: MIT OR Apache-2.0
//! The thread, with sources that every machine has.

use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use audio::{LiveCodec, LiveRate, PacketTime};
use frame::{AudioCodec, AudioPacket};
use privacy::{Gate, OperatingMode, RecordAudio};

use super::*;

const FORMAT: AudioFormat = AudioFormat {
    codec: AudioCodec::AacLc,
    sample_rate_hz: 32_000,
    channels: 1,
    bitrate_bps: 64_000,
};
const SOON: Duration = Duration::from_secs(10);

fn recording() -> OperatingMode {
    OperatingMode {
        is_paired: true,
        has_selected_configuration: true,
        recording_active: true,
        recording_audio_active: true,
        ..OperatingMode::factory()
    }
}

fn sound(source: SoundSource) -> (Sound, Receiver<SoundEvent>) {
    let (send, events) = channel();
    let on_event = Box::new(move |event| {
        // the test may have ended
        drop(send.send(event));
    });
    (Sound::spawn(source, on_event).unwrap(), events)
}

fn packet(events: &Receiver<SoundEvent>) -> AudioPacket {
    match events.recv_timeout(SOON).unwrap() {
        SoundEvent::Packet(packet) => packet,
        other => panic!("{other:?} in the place of a packet"),
    }
}

fn closes(sound: &Sound) {
    let start = Instant::now();
    while sound.is_open() {
        assert!(start.elapsed() < SOON, "the source stays open");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn packets_come_in_a_row_with_the_times_of_the_monotonic_clock() {
    let mut gate = Gate::closed();
    gate.set(recording());
    let (sound, events) = sound(SoundSource::Tone);
    assert!(!sound.is_open());
    sound.run(FORMAT, gate.permit::<RecordAudio>().unwrap());
    let packets: Vec<_> = (0..8).map(|_| packet(&events)).collect();
    assert!(sound.is_open());
    for pair in packets.windows(2) {
        let ticks = pair[1].pts.ticks_90k() - pair[0].pts.ticks_90k();
        assert!((2_870..=2_890).contains(&ticks), "{ticks} ticks in the place of 2880");
    }
    let age = frame::Pts::from_monotonic(crate::monotonic()) - packets[7].pts;
    assert!(age < Duration::from_secs(5), "the newest packet is {age:?} old");
}

#[test]
fn a_revoked_permit_closes_the_source_without_being_asked() {
    let mut gate = Gate::closed();
    gate.set(recording());
    let (sound, events) = sound(SoundSource::Silence);
    sound.run(FORMAT, gate.permit::<RecordAudio>().unwrap());
    packet(&events);
    gate.set(OperatingMode { recording_audio_active: false, ..recording() });
    closes(&sound);
    while events.try_recv().is_ok() {}
    // allowed again: the old permit stays dead
    gate.set(recording());
    let silence = events.recv_timeout(Duration::from_millis(200));
    assert!(matches!(silence, Err(RecvTimeoutError::Timeout)), "{silence:?}");
    assert!(!sound.is_open());
    sound.run(FORMAT, gate.permit::<RecordAudio>().unwrap());
    packet(&events);
}

#[test]
fn nothing_is_delivered_after_stop() {
    let mut gate = Gate::closed();
    gate.set(recording());
    let (sound, events) = sound(SoundSource::Tone);
    for _ in 0..5 {
        sound.run(FORMAT, gate.permit::<RecordAudio>().unwrap());
        packet(&events);
        sound.stop();
        while events.try_recv().is_ok() {}
        let silence = events.recv_timeout(Duration::from_millis(50));
        assert!(matches!(silence, Err(RecvTimeoutError::Timeout)), "{silence:?}");
    }
    closes(&sound);
}

#[test]
fn another_format_is_another_encoder() {
    let mut gate = Gate::closed();
    gate.set(recording());
    let (sound, events) = sound(SoundSource::Tone);
    sound.run(FORMAT, gate.permit::<RecordAudio>().unwrap());
    assert_eq!(packet(&events).config.sample_rate_hz, 32_000);
    let eld = AudioFormat { codec: AudioCodec::AacEld, sample_rate_hz: 16_000, ..FORMAT };
    sound.run(AudioFormat { bitrate_bps: 32_000, ..eld }, gate.permit::<RecordAudio>().unwrap());
    while events.try_recv().is_ok() {}
    assert_eq!(packet(&events).config.sample_rate_hz, 16_000);
}

#[test]
fn a_failing_source_is_told_once_and_tried_again() {
    let mut gate = Gate::closed();
    gate.set(recording());
    let path = std::env::temp_dir().join(format!("hsvd-sound-{}.wav", std::process::id()));
    let (sound, events) = sound(SoundSource::Wav(path.clone()));
    sound.run(FORMAT, gate.permit::<RecordAudio>().unwrap());
    let failed = events.recv_timeout(SOON).unwrap();
    assert!(matches!(failed, SoundEvent::Failed(SoundError::Capture(_))), "{failed:?}");
    let silence = events.recv_timeout(Duration::from_millis(700));
    assert!(matches!(silence, Err(RecvTimeoutError::Timeout)), "told twice: {silence:?}");

    // eight samples of 48 kHz in stereo: mixed and resampled on the way
    let mut wav = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x02\0".to_vec();
    wav.extend(48_000u32.to_le_bytes());
    wav.extend(192_000u32.to_le_bytes());
    wav.extend(b"\x04\0\x10\0data\x20\0\0\0");
    wav.extend([9; 32]);
    std::fs::write(&path, wav).unwrap();
    let recovered = events.recv_timeout(SOON).unwrap();
    assert!(matches!(recovered, SoundEvent::Recovered), "{recovered:?}");
    packet(&events);
    std::fs::remove_file(&path).unwrap();
}

const LIVE: LiveFormat = LiveFormat {
    codec: LiveCodec::Opus(PacketTime::Ms20),
    rate: LiveRate::Hz16000,
    bitrate_bps: 24_000,
};
const VIEWER: ListenerId = ListenerId(1);
const OTHER: ListenerId = ListenerId(2);

/// How many packets the recording and both viewers get in `time`.
fn counts(events: &Receiver<SoundEvent>, time: Duration) -> [usize; 3] {
    let (end, mut counts) = (Instant::now() + time, [0; 3]);
    while let Ok(event) = events.recv_timeout(end.saturating_duration_since(Instant::now())) {
        match event {
            SoundEvent::Packet(_) => counts[0] += 1,
            SoundEvent::Live(VIEWER, packet) => {
                assert_eq!((packet.config.codec, packet.samples), (AudioCodec::Opus, 320));
                counts[1] += 1;
            }
            SoundEvent::Live(OTHER, packet) => {
                assert_eq!(packet.samples, 1_440, "60 ms at 24 kHz");
                counts[2] += 1;
            }
            other => panic!("{other:?} in the place of a packet"),
        }
    }
    counts
}

#[test]
fn the_microphone_is_read_once_for_all_who_listen() {
    let mut gate = Gate::closed();
    gate.set(recording());
    let (sound, events) = sound(SoundSource::Tone);
    sound.run(FORMAT, gate.permit::<RecordAudio>().unwrap());
    sound.listen(VIEWER, LIVE, gate.live(0).unwrap());
    let codec = LiveCodec::Opus(PacketTime::Ms60);
    let other = LiveFormat { codec, rate: LiveRate::Hz24000, ..LIVE };
    sound.listen(OTHER, other, gate.live(1).unwrap());
    let [recorded, viewer, other] = counts(&events, Duration::from_secs(2));
    assert!((50..=66).contains(&recorded), "{recorded} packets of 32 ms");
    assert!((80..=104).contains(&viewer), "{viewer} packets of 20 ms");
    assert!((26..=36).contains(&other), "{other} packets of 60 ms");

    // the recording ends, the viewers hear on
    gate.set(OperatingMode { recording_audio_active: false, ..recording() });
    while events.try_recv().is_ok() {}
    let [recorded, viewer, other] = counts(&events, Duration::from_millis(500));
    assert_eq!(recorded, 0);
    assert!(viewer > 15 && other > 4, "{viewer}, {other}");
    // one goes
    sound.leave(OTHER);
    while events.try_recv().is_ok() {}
    let [_, viewer, other] = counts(&events, Duration::from_millis(500));
    assert!(viewer > 15 && other == 0, "{viewer}, {other}");
    // the last one's permit ends
    gate.set(OperatingMode { manually_disabled: true, ..recording() });
    closes(&sound);
    while events.try_recv().is_ok() {}
    assert_eq!(counts(&events, Duration::from_millis(200)), [0; 3]);
}

#[test]
fn a_muted_microphone_is_closed_unless_a_recording_hears_it() {
    let mut gate = Gate::closed();
    gate.set(recording());
    let (sound, events) = sound(SoundSource::Silence);
    sound.listen(VIEWER, LIVE, gate.live(0).unwrap());
    assert!(counts(&events, Duration::from_millis(400))[1] > 5);
    sound.set_microphone(Loudness::Muted);
    closes(&sound);
    while events.try_recv().is_ok() {}
    sound.run(FORMAT, gate.permit::<RecordAudio>().unwrap());
    let [recorded, viewer, _] = counts(&events, Duration::from_millis(500));
    assert!(recorded > 5 && viewer == 0, "{recorded}, {viewer}");
    sound.set_microphone(Loudness::Percent(50));
    let [recorded, viewer, _] = counts(&events, Duration::from_millis(500));
    assert!(recorded > 5 && viewer > 10, "{recorded}, {viewer}");
}

/// The loudest sample of what a listener hears in 1.2 s, so that it holds a beep.
fn loudest(events: &Receiver<SoundEvent>) -> u16 {
    let mut decoder = audio::Decoder::new(LIVE).unwrap();
    let (end, mut loudest) = (Instant::now() + Duration::from_millis(1_200), 0);
    while let Ok(event) = events.recv_timeout(end.saturating_duration_since(Instant::now())) {
        if let SoundEvent::Live(VIEWER, packet) = event {
            let samples = decoder.decode(&packet.data).unwrap();
            loudest = samples.iter().map(|s| s.unsigned_abs()).max().unwrap_or(0).max(loudest);
        }
    }
    loudest
}

#[test]
fn volume_and_talkback_make_viewers_sound_softer() {
    let mut gate = Gate::closed();
    gate.set(recording());
    let (sound, events) = sound(SoundSource::Tone);
    sound.listen(VIEWER, LIVE, gate.live(0).unwrap());
    let full = loudest(&events);
    assert!((5_000..9_000).contains(&full), "{full}");
    sound.set_microphone(Loudness::Percent(50));
    drop(events.recv_timeout(SOON));
    let half = loudest(&events);
    assert!((full / 3..full * 2 / 3).contains(&half), "{half} of {full}");
    sound.set_microphone(Loudness::FULL);
    sound.ducking().begin();
    std::thread::sleep(Duration::from_millis(200));
    while events.try_recv().is_ok() {}
    let ducked = loudest(&events);
    assert!((full / 20..full / 6).contains(&ducked), "{ducked} of {full}");
}

#[test]
fn a_format_that_cannot_be_encoded_costs_only_its_own_listener() {
    let mut gate = Gate::closed();
    gate.set(recording());
    let (sound, events) = sound(SoundSource::Silence);
    sound.listen(VIEWER, LIVE, gate.live(0).unwrap());
    assert!(counts(&events, Duration::from_millis(300))[1] > 3);
    // no AAC encoder takes so many channels
    sound.run(AudioFormat { channels: 7, ..FORMAT }, gate.permit::<RecordAudio>().unwrap());
    loop {
        match events.recv_timeout(SOON).unwrap() {
            SoundEvent::Live(..) => {}
            SoundEvent::Failed(SoundError::Encode(_)) => break,
            other => panic!("{other:?}"),
        }
    }
    assert!(counts(&events, Duration::from_millis(300))[1] > 5);
}

#[test]
fn sources_have_names() {
    for text in ["alsa:hw:1,0", "silence", "tone", "file:/a/b.wav"] {
        assert_eq!(text.parse::<SoundSource>().unwrap().to_string(), text);
    }
    for text in ["", "alsa", "alsa:", "file:", "tone:1", "Tone"] {
        assert_eq!(text.parse::<SoundSource>(), Err(UnknownSound), "{text}");
    }
}
