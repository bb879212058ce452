// SPDX-License-Identifier: MIT OR Apache-2.0
//! The receiving side of both sessions: any datagrams, forged and authentic, in any order. What is
//! authentic goes on through the jitter buffer.

#![no_main]

use std::time::{Duration, Instant};

use frame::{AudioCodec, Pts};
use rtp::rtcp::Cname;
use rtp::{
    AudioInput, AudioOutput, AudioSession, AudioSessionConfig, Input, JitterBuffer, Moment, Mtu,
    NtpTime, Playout, Protector, Session, SessionConfig, SrtpKeys, StreamConfig, Suite, is_rtcp, rtcp_interval,
};

const PEER: u32 = 9;

fn keys(byte: u8) -> SrtpKeys {
    SrtpKeys::new(Suite::AesCm128HmacSha1_80, &[byte; 16], &[byte; 14]).expect("fitting lengths")
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((&[choice, step], mut data)) = data.split_first_chunk() else { return };
    let codec = if choice & 1 == 0 { AudioCodec::Opus } else { AudioCodec::AacEld };
    let start = Instant::now();
    let (cname, interval) = (Cname::new("camera").expect("short"), rtcp_interval(0.5));
    let audio = AudioSessionConfig {
        stream: StreamConfig {
            ssrc: 1,
            payload_type: 110,
            first_sequence: 0,
            timestamp_offset: 0,
            rtcp_interval: interval,
            cname: cname.clone(),
        },
        codec,
        sample_rate_hz: 16_000,
    };
    let video = SessionConfig {
        stream: StreamConfig {
            ssrc: 2,
            payload_type: 99,
            first_sequence: 0,
            timestamp_offset: 0,
            rtcp_interval: interval,
            cname,
        },
        mtu: Mtu::clamped(1200),
        max_bitrate_bps: 300_000,
    };
    let mut audio = AudioSession::new(start, audio, &keys(1), &keys(2));
    let mut video = Session::new(start, video, &keys(1), &keys(2));
    let mut sealer = Protector::new(&keys(2), PEER);
    let mut buffer = JitterBuffer::new(16_000);
    for n in 0.. {
        let Some((&[flags, len], rest)) = data.split_first_chunk() else { break };
        let (body, rest) = rest.split_at(rest.len().min(len.into()));
        data = rest;
        let mut datagram = body.to_vec();
        // Most are sealed, or nothing would come past the tag.
        if flags & 3 != 0 {
            let at = if is_rtcp(&datagram) { 4 } else { 8 };
            if let Some(ssrc) = datagram.get_mut(at..at + 4) {
                ssrc.copy_from_slice(&PEER.to_be_bytes());
            }
            let sealed = if is_rtcp(&datagram) {
                sealer.protect_rtcp(&mut datagram)
            } else {
                sealer.protect_rtp(&mut datagram)
            };
            // What cannot be sealed goes as it is.
            let _ = sealed;
        }
        let elapsed = Duration::from_millis(u64::from(step) * n);
        let at = Moment {
            now: start + elapsed,
            ntp: NtpTime::from_unix(elapsed),
            pts: Pts::from_monotonic(elapsed),
        };
        drop(video.handle(at, Input::Received(&mut datagram.clone())));
        for output in audio.handle(at, AudioInput::Received(&mut datagram)) {
            if let AudioOutput::Talkback(packet) = output {
                assert!(packet.frames.iter().all(|frame| !frame.is_empty()));
                buffer.insert(at.now, packet);
            }
        }
        while let Playout::Play(_) | Playout::Conceal | Playout::Ended = buffer.poll(at.now) {}
        drop(audio.handle(at, AudioInput::Timeout));
    }
});
