// SPDX-License-Identifier: MIT OR Apache-2.0
//! Control packets: what is written is read, the standard's layouts, any bytes.

#![allow(clippy::unwrap_used, reason = "a test")]
#![allow(clippy::cast_possible_truncation, reason = "small numbers, or meant to wrap")]

use proptest::prelude::{Just, Strategy, any, prop, prop_assert, prop_assert_eq, prop_oneof};
use proptest::proptest;
use rtp::NtpTime;
use rtp::rtcp::{
    Bandwidth, Cname, FirEntry, Packet, ParseError, ReportBlock, Sent, TradeOff, parse,
};

fn written(packets: &[Packet]) -> Vec<u8> {
    let mut bytes = Vec::new();
    packets.iter().for_each(|packet| packet.write(&mut bytes));
    bytes
}

fn block() -> impl Strategy<Value = ReportBlock> {
    let words = any::<[u32; 5]>();
    (words, any::<u8>(), -0x80_0000..0x80_0000).prop_map(|(words, fraction_lost, lost)| {
        let [ssrc, highest_sequence, jitter, last_sr, delay_since_last_sr] = words;
        let cumulative_lost = lost;
        ReportBlock {
            ssrc,
            fraction_lost,
            cumulative_lost,
            highest_sequence,
            jitter,
            last_sr,
            delay_since_last_sr,
        }
    })
}

fn packet() -> impl Strategy<Value = Packet> {
    let blocks = || prop::collection::vec(block(), 0..=31);
    let rate = (any::<u32>(), any::<u64>(), 0..512u16)
        .prop_map(|(ssrc, bps, overhead)| Bandwidth::new(ssrc, bps, overhead));
    let rates = prop::collection::vec(rate, 0..6);
    let trades = prop::collection::vec(
        (any::<u32>(), any::<u8>(), 0..32u8).prop_map(|(ssrc, sequence, index)| TradeOff {
            ssrc,
            sequence,
            index,
        }),
        0..6,
    );
    let firs = prop::collection::vec(
        (any::<u32>(), any::<u8>()).prop_map(|(ssrc, sequence)| FirEntry { ssrc, sequence }),
        0..6,
    );
    prop_oneof![
        (any::<[u32; 4]>(), any::<u64>(), blocks()).prop_map(|(words, ntp, blocks)| {
            let [ssrc, timestamp, packets, octets] = words;
            let sent = Sent { ntp: NtpTime(ntp), timestamp, packets, octets };
            Packet::SenderReport { ssrc, sent, blocks }
        }),
        (any::<u32>(), blocks()).prop_map(|(ssrc, blocks)| Packet::ReceiverReport { ssrc, blocks }),
        (any::<u32>(), "[a-z@.]{1,255}").prop_map(|(ssrc, name)| {
            Packet::SourceDescription { ssrc, cname: Cname::new(&name).unwrap() }
        }),
        prop::collection::vec(any::<u32>(), 0..=31).prop_map(Packet::Bye),
        any::<[u32; 2]>().prop_map(|[sender, media]| Packet::Pli { sender, media }),
        (any::<u32>(), firs).prop_map(|(sender, entries)| Packet::Fir { sender, entries }),
        (any::<u32>(), rates.clone())
            .prop_map(|(sender, entries)| Packet::Tmmbr { sender, entries }),
        (any::<u32>(), rates).prop_map(|(sender, entries)| Packet::Tmmbn { sender, entries }),
        (any::<u32>(), trades.clone())
            .prop_map(|(sender, entries)| Packet::Tstr { sender, entries }),
        (any::<u32>(), trades).prop_map(|(sender, entries)| Packet::Tstn { sender, entries }),
    ]
}

#[test]
fn layouts_are_the_standards() {
    let cname = Cname::new("ab").unwrap();
    for (packet, bytes) in [
        (Packet::ReceiverReport { ssrc: 1, blocks: vec![] }, vec![0x80, 201, 0, 1, 0, 0, 0, 1]),
        (
            Packet::SourceDescription { ssrc: 1, cname },
            vec![0x81, 202, 0, 3, 0, 0, 0, 1, 1, 2, b'a', b'b', 0, 0, 0, 0],
        ),
        (Packet::Bye(vec![9]), vec![0x81, 203, 0, 1, 0, 0, 0, 9]),
        (Packet::Pli { sender: 1, media: 2 }, vec![0x81, 206, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2]),
        (
            Packet::Fir { sender: 1, entries: vec![FirEntry { ssrc: 2, sequence: 5 }] },
            vec![0x84, 206, 0, 4, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2, 5, 0, 0, 0],
        ),
        (
            // 132 000 = 66 000 << 1: exponent 1, mantissa 0x101d0, overhead 0x28.
            Packet::Tmmbr { sender: 1, entries: vec![Bandwidth::new(2, 132_000, 40)] },
            vec![0x83, 205, 0, 4, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0x06, 0x03, 0xa0, 0x28],
        ),
    ] {
        assert_eq!(written(std::slice::from_ref(&packet)), bytes, "{packet:?}");
        assert_eq!(parse(&bytes), Ok(vec![packet]));
    }
}

#[test]
fn every_cut_of_a_compound_is_whole_packets_or_refused() {
    let sent = Sent { ntp: NtpTime(1 << 40), timestamp: 5, packets: 6, octets: 7 };
    let all = [
        Packet::SenderReport { ssrc: 1, sent, blocks: vec![] },
        Packet::SourceDescription { ssrc: 1, cname: Cname::new("camera").unwrap() },
        Packet::Tmmbr { sender: 1, entries: vec![Bandwidth::new(2, 1_000_000, 0)] },
        Packet::Bye(vec![1]),
    ];
    let bytes = written(&all);
    let borders: Vec<usize> = (1..=all.len()).map(|n| written(&all[..n]).len()).collect();
    for cut in 0..=bytes.len() {
        match borders.iter().position(|&border| border == cut) {
            Some(n) => assert_eq!(parse(&bytes[..cut]).unwrap(), all[..=n]),
            None => assert!(parse(&bytes[..cut]).is_err(), "cut at {cut}"),
        }
    }
}

#[test]
fn forged_lengths_counts_and_padding_are_refused() {
    for (bytes, why) in [
        (vec![0x9f, 201, 0, 1, 0, 0, 0, 1], "31 blocks, none there"),
        (vec![0x80, 201, 0xff, 0xff, 0, 0, 0, 1], "length past the end"),
        (vec![0x80, 201, 0, 0], "no sender"),
        (vec![0x40, 201, 0, 1, 0, 0, 0, 1], "version 1"),
        (vec![0xa0, 201, 0, 1, 0, 0, 0, 200], "more padding than packet"),
        (vec![0xa0, 201, 0, 1, 0, 0, 0, 0], "padding of nothing"),
        (vec![0x81, 202, 0, 2, 0, 0, 0, 1, 1, 200, 0, 0], "item past its packet"),
        (vec![0x84, 206, 0, 3, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2], "half an entry"),
    ] {
        assert_eq!(parse(&bytes), Err(ParseError::Malformed { at: 0 }), "{why}");
    }
    assert_eq!(parse(&[0; 2049]), Err(ParseError::TooLong(2049)));
    let padded = [0xa0, 201, 0, 2, 0, 0, 0, 1, 0, 0, 0, 4];
    assert_eq!(parse(&padded), Ok(vec![Packet::ReceiverReport { ssrc: 1, blocks: vec![] }]));
}

proptest! {
    #[test]
    fn what_is_written_is_read(packets in prop::collection::vec(packet(), 1..3)) {
        prop_assert_eq!(parse(&written(&packets)), Ok(packets));
    }

    #[test]
    fn any_bytes_are_read_or_refused(
        bytes in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..300),
            // Past the first check.
            (prop_oneof![Just(0x80u8), 0x80..0xc0u8], 192..224u8, prop::collection::vec(any::<u8>(), 0..64))
                .prop_map(|(flags, kind, body)| {
                    let words = (body.len() / 4) as u8;
                    [&[flags, kind, 0, words][..], &body[..usize::from(words) * 4]].concat()
                }),
        ],
    ) {
        if let Ok(packets) = parse(&bytes) {
            // Each packet takes at least its header.
            prop_assert!(packets.len() <= bytes.len() / 4);
        }
    }
}
