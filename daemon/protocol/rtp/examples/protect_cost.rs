// SPDX-License-Identifier: MIT OR Apache-2.0
//! Prints what one packet of 1,378 bytes costs from an encoded frame to a protected datagram. To be
//! compared with `srtp_protect` of libsrtp alone: `daemon/bench/libsrtp_cost.c`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use frame::{AvcConfig, EncodedFrame, Pts, Size};
use rtp::rtcp::Cname;
use rtp::{Input, Moment, Mtu, NtpTime, Session, SessionConfig, SrtpKeys, StreamConfig, Suite};

/// Bytes of a protected packet.
const MTU: u16 = 1_378;
/// Packets of one frame, all but the last full.
const FRAME_PACKETS: usize = 20;
const FRAMES: u32 = 10_000;

#[expect(clippy::print_stdout, reason = "the figure is what this is for")]
fn main() {
    let start = Instant::now();
    let keys = SrtpKeys::new(Suite::AesCm128HmacSha1_80, &[7; 16], &[9; 14]).expect("lengths fit");
    let mtu = Mtu::clamped(MTU);
    let config = SessionConfig {
        stream: StreamConfig {
            ssrc: 1,
            payload_type: 99,
            first_sequence: 0,
            timestamp_offset: 0,
            rtcp_interval: Duration::from_secs(10),
            cname: Cname::new("camera").expect("short"),
        },
        mtu,
        max_bitrate_bps: 2_000_000,
    };
    let mut session = Session::new(start, config, &keys, &keys);
    // two bytes of each payload are the fragment's headers
    let nal_bytes = FRAME_PACKETS * (mtu.payload_len() - 2);
    let (mut packets, mut bytes) = (0_u64, 0);
    let mut time = Duration::ZERO;
    for number in 0..u64::from(FRAMES) {
        let frame = frame(number, nal_bytes);
        let at = Moment { now: start, ntp: NtpTime(0), pts: frame.pts };
        let begin = cpu_time();
        let outputs = std::hint::black_box(session.handle(at, Input::Media(&frame)));
        for output in outputs {
            if let rtp::Output::Send(packet) = output {
                bytes += packet.len();
                packets += 1;
            }
        }
        time += cpu_time() - begin;
    }
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let each = time.as_secs_f64() * 1e6 / packets as f64;
    println!("{packets} packets, {bytes} bytes: {each:.3} µs a packet");
}

/// Of this process; other work on the machine does not count.
fn cpu_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    let nanos = time.tv_sec * 1_000_000_000 + time.tv_nsec;
    Duration::from_nanos(u64::try_from(nanos).expect("not negative"))
}

fn frame(number: u64, nal_bytes: usize) -> EncodedFrame {
    let config = AvcConfig::new(vec![0x67, 66, 0, 40], vec![0x68, 1], Size::new(1920, 1080));
    let mut data = u32::try_from(nal_bytes).expect("small").to_be_bytes().to_vec();
    data.push(if number == 0 { 0x65 } else { 0x41 });
    data.resize(4 + nal_bytes, u8::try_from(number % 251).expect("small"));
    EncodedFrame {
        pts: Pts::from_ticks_90k(number * 3_000),
        is_idr: number == 0,
        data: data.into(),
        config: Arc::new(config.expect("parameter sets")),
    }
}
