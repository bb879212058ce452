// SPDX-License-Identifier: MIT OR Apache-2.0
//! Opus packets in an Ogg file, one packet a page. Spec: RFC 3533 §6, RFC 7845 §5.

use frame::AudioPacket;

/// The file.
pub fn opus_file(packets: &[AudioPacket], rate_hz: u32) -> Vec<u8> {
    let mut head = b"OpusHead\x01\x01\0\0".to_vec();
    head.extend(rate_hz.to_le_bytes());
    head.extend([0; 3]);
    let mut tags = b"OpusTags".to_vec();
    tags.extend([4, 0, 0, 0, b't', b'e', b's', b't', 0, 0, 0, 0]);
    let mut file = Vec::new();
    page(&mut file, 2, 0, 0, &head);
    page(&mut file, 0, 0, 1, &tags);
    let mut position = 0;
    for (packet, number) in packets.iter().zip(2..) {
        position += u64::from(packet.samples) * 48_000 / u64::from(rate_hz);
        let is_last = number as usize == packets.len() + 1;
        page(&mut file, if is_last { 4 } else { 0 }, position, number, &packet.data);
    }
    file
}

fn page(file: &mut Vec<u8>, flags: u8, position: u64, number: u32, packet: &[u8]) {
    let mut page = b"OggS\0".to_vec();
    page.push(flags);
    page.extend(position.to_le_bytes());
    page.extend(7u32.to_le_bytes());
    page.extend(number.to_le_bytes());
    page.extend([0; 4]);
    let lacing = packet.len() / 255 + 1;
    page.push(lacing as u8);
    page.extend(std::iter::repeat_n(255, lacing - 1));
    page.push((packet.len() % 255) as u8);
    page.extend_from_slice(packet);
    let sum = checksum(&page);
    page[22..26].copy_from_slice(&sum.to_le_bytes());
    file.extend(page);
}

fn checksum(page: &[u8]) -> u32 {
    page.iter().fold(0, |sum, &byte| {
        (0..8).fold(sum ^ u32::from(byte) << 24, |sum, _| {
            sum << 1 ^ if sum >> 31 == 1 { 0x04c1_1db7 } else { 0 }
        })
    })
}
