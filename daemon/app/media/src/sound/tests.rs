// SPDX-License-Identifier: MIT OR Apache-2.0
//! The thread, with sources that every machine has.

use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Instant;

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

#[test]
fn sources_have_names() {
    for text in ["alsa:hw:1,0", "silence", "tone", "file:/a/b.wav"] {
        assert_eq!(text.parse::<SoundSource>().unwrap().to_string(), text);
    }
    for text in ["", "alsa", "alsa:", "file:", "tone:1", "Tone"] {
        assert_eq!(text.parse::<SoundSource>(), Err(UnknownSound), "{text}");
    }
}
