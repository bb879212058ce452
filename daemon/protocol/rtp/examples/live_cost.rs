// SPDX-License-Identifier: MIT OR Apache-2.0
//! Sends an H.264 file as one live stream at 30 pictures a second:
//! `live_cost FILE.h264 ADDRESS:PORT SECONDS`. Its processor time is to be compared with that of
//! `ffmpeg -re -i FILE.h264 -c copy -f rtp srtp://…`.

use std::net::UdpSocket;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use frame::{AvcConfig, EncodedFrame, Pts, Size};
use rtp::rtcp::Cname;
use rtp::{
    Input, Moment, Mtu, NtpTime, Output, Session, SessionConfig, SrtpKeys, StreamConfig, Suite,
};

const FPS: u32 = 30;

#[expect(clippy::print_stdout, reason = "what was sent")]
fn main() {
    let [file, target, seconds] =
        std::env::args().skip(1).collect::<Vec<_>>().try_into().expect("three arguments");
    let seconds: u32 = seconds.parse().expect("a number of seconds");
    let frames = frames(&std::fs::read(file).expect("an H.264 file"));
    let socket = UdpSocket::bind("0.0.0.0:0").expect("a free port");
    socket.connect(target).expect("an address");

    let start = Instant::now();
    let keys = SrtpKeys::new(Suite::AesCm128HmacSha1_80, &[7; 16], &[9; 14]).expect("lengths fit");
    let config = SessionConfig {
        stream: StreamConfig {
            ssrc: 1,
            payload_type: 99,
            first_sequence: 0,
            timestamp_offset: 0,
            rtcp_interval: Duration::from_millis(500),
            cname: Cname::new("camera").expect("short"),
        },
        mtu: Mtu::clamped(1_378),
        max_bitrate_bps: 4_000_000,
    };
    let mut session = Session::new(start, config, &keys, &keys);
    let (mut packets, mut bytes) = (0_u32, 0);
    for number in 0..seconds * FPS {
        let due = start + Duration::from_secs(1) * number / FPS;
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        let pts = Pts::from_ticks_90k(u64::from(number) * 3_000);
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
        let at = Moment { now: Instant::now(), ntp: NtpTime::from_unix(since_epoch), pts };
        let mut outputs = Vec::new();
        if session.next_timeout().is_some_and(|timeout| timeout <= at.now) {
            outputs = session.handle(at, Input::Timeout);
        }
        let frame = EncodedFrame { pts, ..frames[number as usize % frames.len()].clone() };
        outputs.extend(session.handle(at, Input::Media(&frame)));
        for output in outputs {
            if let Output::Send(datagram) = output {
                bytes += socket.send(&datagram).expect("the target listens");
                packets += 1;
            }
        }
    }
    println!("{packets} packets, {bytes} bytes");
}

/// The access units of an Annex B stream with one slice in each.
fn frames(stream: &[u8]) -> Vec<EncodedFrame> {
    let (mut sps, mut pps, mut frames) = (Vec::new(), Vec::new(), Vec::new());
    for nal in nals(stream) {
        match nal[0] & 0x1f {
            7 => sps = nal.to_vec(),
            8 => pps = nal.to_vec(),
            kind @ (1 | 5) => {
                let config = AvcConfig::new(sps.clone(), pps.clone(), Size::new(1920, 1080));
                let len = u32::try_from(nal.len()).expect("small").to_be_bytes();
                frames.push(EncodedFrame {
                    pts: Pts::from_ticks_90k(0),
                    is_idr: kind == 5,
                    data: [&len, nal].concat().into(),
                    config: Arc::new(config.expect("parameter sets before the first slice")),
                });
            }
            _ => {}
        }
    }
    assert!(frames.first().is_some_and(|frame| frame.is_idr), "a stream that begins with an IDR");
    frames
}

fn nals(stream: &[u8]) -> Vec<&[u8]> {
    let starts: Vec<_> = (3..=stream.len()).filter(|&at| stream[at - 3..at] == [0, 0, 1]).collect();
    let ends = starts.iter().skip(1).map(|next| next - 3).chain([stream.len()]);
    let trimmed = starts.iter().zip(ends).map(|(&start, end)| {
        let zeros = stream[start..end].iter().rev().take_while(|&&byte| byte == 0).count();
        &stream[start..end - zeros]
    });
    trimmed.filter(|nal| !nal.is_empty()).collect()
}
