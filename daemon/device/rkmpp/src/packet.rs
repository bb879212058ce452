// SPDX-License-Identifier: MIT OR Apache-2.0
//! Coded pictures in the library's memory.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::ptr::null_mut;

use rkmpp_sys::{KEY_OUTPUT_INTRA, MPP_OK, MppPacket, RockchipMpp};

use crate::Error;

/// More than any picture of the sizes we encode.
pub const MAX_PACKET_BYTES: usize = 32 << 20;

/// A coded picture; dropping it gives its memory back to the library.
pub struct Packet<'a> {
    raw: RawPacket,
    start: *const u8,
    len: usize,
    _encoder: PhantomData<&'a mut ()>,
}

impl Packet<'_> {
    /// Takes over what the library gave out.
    pub(crate) fn new(raw: RawPacket) -> Result<Self, Error> {
        let (start, len) = raw.bytes();
        if start.is_null() || len == 0 || len > MAX_PACKET_BYTES {
            return Err(Error::Packet(len));
        }
        Ok(Self { raw, start, len, _encoder: PhantomData })
    }

    /// An IDR or a JPEG, as far as the library tells.
    pub fn is_intra(&self) -> bool {
        let (library, packet) = (self.raw.library, self.raw.packet);
        let mut value = 0;
        // SAFETY: the packet lives; what it tells about itself lives with it, and `value` is ours.
        let answer = unsafe {
            if library.mpp_packet_has_meta(packet) == 0 {
                return false;
            }
            let meta = library.mpp_packet_get_meta(packet);
            library.mpp_meta_get_s32(meta, KEY_OUTPUT_INTRA, &raw mut value)
        };
        answer == MPP_OK && value != 0
    }

    /// The time stamp of the picture.
    pub fn pts_us(&self) -> i64 {
        // SAFETY: the packet lives.
        unsafe { self.raw.library.mpp_packet_get_pts(self.raw.packet) }
    }
}

impl Deref for Packet<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY: the library says that so many bytes stand there until the packet ends; nobody
        // writes to them, since the encoder cannot be used while this borrows it.
        unsafe { std::slice::from_raw_parts(self.start, self.len) }
    }
}

impl fmt::Debug for Packet<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Packet").field("len", &self.len).finish_non_exhaustive()
    }
}

/// A packet of the library, ended by drop.
pub(crate) struct RawPacket {
    pub library: &'static RockchipMpp,
    pub packet: MppPacket,
}

impl RawPacket {
    pub(crate) fn bytes(&self) -> (*const u8, usize) {
        // SAFETY: the packet lives until drop.
        unsafe {
            let start = self.library.mpp_packet_get_pos(self.packet);
            (start.cast_const().cast(), self.library.mpp_packet_get_length(self.packet))
        }
    }
}

impl Drop for RawPacket {
    fn drop(&mut self) {
        // SAFETY: made by the library, and ended once. It can only refuse null.
        let _ended = unsafe { self.library.mpp_packet_deinit(&raw mut self.packet) };
        self.packet = null_mut();
    }
}
