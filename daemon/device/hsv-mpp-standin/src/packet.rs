// SPDX-License-Identifier: MIT OR Apache-2.0
//! What was encoded, and memory of the caller for parameter sets.

use std::ffi::c_void;
use std::ptr::null_mut;

use rkmpp_sys::{KEY_OUTPUT_INTRA, MPP_NOK, MPP_OK, MPP_RET, MppMetaKey};

use crate::Handle;
use crate::table::Table;

/// Packets by handle. A packet's data about itself goes by the same handle.
pub static PACKETS: Table<Packet> = Table::new("packet");

/// A packet.
#[derive(Debug)]
pub struct Packet {
    pub store: Store,
    pub length: usize,
    pub pts: i64,
    /// Absent where nothing was encoded.
    pub is_intra: Option<bool>,
}

/// Where its bytes are.
#[derive(Debug)]
pub enum Store {
    /// Here.
    Ours(Box<[u8]>),
    /// In the caller's memory of so many bytes.
    Theirs(Theirs),
}

/// Memory of a caller.
#[derive(Debug)]
pub struct Theirs {
    start: *mut u8,
    size: usize,
}

// SAFETY: the caller lent it to the packet, whoever works with that.
unsafe impl Send for Theirs {}

impl Packet {
    /// What was encoded.
    pub fn new(bytes: Vec<u8>, pts: i64, is_intra: bool) -> Self {
        let length = bytes.len();
        Self { store: Store::Ours(bytes.into()), length, pts, is_intra: Some(is_intra) }
    }

    /// Appends `bytes` where the caller wants them.
    pub fn append(&mut self, bytes: &[u8]) -> MPP_RET {
        let Store::Theirs(Theirs { start, size }) = self.store else { return MPP_NOK };
        if size - self.length < bytes.len() {
            return MPP_NOK;
        }
        // SAFETY: the caller lent `size` bytes, of which so many are left behind `length`.
        unsafe { start.add(self.length).copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
        self.length += bytes.len();
        MPP_OK
    }
}

/// # Safety
/// `packet` is writable, and `size` bytes at `data` are until the packet ends.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mpp_packet_init(
    packet: *mut Handle,
    data: *mut c_void,
    size: usize,
) -> MPP_RET {
    assert!(!data.is_null() && size > 0, "a packet without memory");
    let store = Store::Theirs(Theirs { start: data.cast(), size });
    // Full, until its length is set: as the real one.
    let made = PACKETS.add(Packet { store, length: size, pts: 0, is_intra: None });
    // SAFETY: by contract.
    unsafe { packet.write(made) };
    MPP_OK
}

/// # Safety
/// `packet` is a handle, and is set to null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mpp_packet_deinit(packet: *mut Handle) -> MPP_RET {
    // SAFETY: by contract.
    PACKETS.remove(unsafe { packet.replace(null_mut()) });
    MPP_OK
}

/// # Safety
/// None is needed: handles are looked up.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mpp_packet_set_length(packet: Handle, length: usize) {
    PACKETS.with(packet, |packet| packet.length = length);
}

/// # Safety
/// What is returned ends with the packet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mpp_packet_get_pos(packet: Handle) -> *mut c_void {
    PACKETS.with(packet, |packet| match &mut packet.store {
        Store::Ours(bytes) => bytes.as_mut_ptr().cast(),
        Store::Theirs(theirs) => theirs.start.cast(),
    })
}

/// # Safety
/// None is needed: handles are looked up.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mpp_packet_get_length(packet: Handle) -> usize {
    PACKETS.with(packet, |packet| packet.length)
}

/// # Safety
/// None is needed: handles are looked up.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mpp_packet_get_pts(packet: Handle) -> i64 {
    PACKETS.with(packet, |packet| packet.pts)
}

/// # Safety
/// None is needed: handles are looked up.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mpp_packet_has_meta(packet: Handle) -> i32 {
    PACKETS.with(packet, |packet| packet.is_intra.is_some().into())
}

/// # Safety
/// What is returned ends with the packet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mpp_packet_get_meta(packet: Handle) -> Handle {
    let has_meta = PACKETS.with(packet, |packet| packet.is_intra.is_some());
    if has_meta { packet } else { null_mut() }
}

/// # Safety
/// `value` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mpp_meta_get_s32(
    meta: Handle,
    key: MppMetaKey,
    value: *mut i32,
) -> MPP_RET {
    let is_intra = PACKETS.with(meta, |packet| packet.is_intra);
    match (key, is_intra) {
        (KEY_OUTPUT_INTRA, Some(is_intra)) => {
            // SAFETY: by contract.
            unsafe { value.write(is_intra.into()) };
            MPP_OK
        }
        _ => MPP_NOK,
    }
}
