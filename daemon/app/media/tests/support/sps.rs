// SPDX-License-Identifier: MIT OR Apache-2.0
//! Reads the picture size from a sequence parameter set. Spec: ITU-T H.264 §7.3.2.1.1.

use frame::Size;

/// The size after cropping, of a progressive 4:2:0 stream without scaling matrices.
pub fn size(sps: &[u8]) -> Size {
    let profile = sps[1];
    let mut bits = Bits { bytes: without_emulation_prevention(&sps[4..]), at: 0 };
    bits.ue(); // seq_parameter_set_id
    if profile == 100 {
        assert_eq!(bits.ue(), 1, "chroma_format_idc of 4:2:0");
        assert_eq!((bits.ue(), bits.ue()), (0, 0), "eight bits a sample");
        assert_eq!((bits.bit(), bits.bit()), (0, 0), "no bypass, no scaling matrix");
    }
    bits.ue(); // log2_max_frame_num_minus4
    match bits.ue() {
        0 => drop(bits.ue()),
        2 => {}
        other => panic!("pic_order_cnt_type {other}"),
    }
    bits.ue(); // max_num_ref_frames
    bits.bit(); // gaps_in_frame_num_value_allowed_flag
    let (width, height) = ((bits.ue() + 1) * 16, (bits.ue() + 1) * 16);
    assert_eq!(bits.bit(), 1, "frame_mbs_only_flag");
    bits.bit(); // direct_8x8_inference_flag
    let crop = if bits.bit() == 1 {
        [bits.ue(), bits.ue(), bits.ue(), bits.ue()].map(|units| units * 2)
    } else {
        [0; 4]
    };
    let side =
        |whole: u32, crop: &[u32]| u16::try_from(whole - crop.iter().sum::<u32>()).expect("small");
    Size::new(side(width, &crop[..2]), side(height, &crop[2..]))
}

fn without_emulation_prevention(bytes: &[u8]) -> Vec<u8> {
    let mut out: Vec<u8> = Vec::new();
    for &byte in bytes {
        if !(byte == 3 && out.ends_with(&[0, 0])) {
            out.push(byte);
        }
    }
    out
}

struct Bits {
    bytes: Vec<u8>,
    at: usize,
}

impl Bits {
    fn bit(&mut self) -> u32 {
        let byte = self.bytes[self.at / 8];
        let bit = byte >> (7 - self.at % 8) & 1;
        self.at += 1;
        bit.into()
    }

    fn ue(&mut self) -> u32 {
        let zeros = (0..).take_while(|_| self.bit() == 0).count();
        (0..zeros).fold(1, |value, _| value << 1 | self.bit()) - 1
    }
}
