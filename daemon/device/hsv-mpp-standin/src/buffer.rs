// SPDX-License-Identifier: MIT OR Apache-2.0
//! Groups of memory, memory lent by them, and memory of others.

use std::ffi::{c_char, c_void};
use std::os::fd::BorrowedFd;
use std::ptr::null_mut;
use std::sync::Arc;

use rkmpp_sys::{
    MPP_BUFFER_INTERNAL, MPP_BUFFER_TYPE_EXT_DMA, MPP_ERR_MALLOC, MPP_ERR_NULL_PTR, MPP_ERR_VALUE,
    MPP_NOK, MPP_OK, MPP_RET, MppBufferInfo, MppBufferMode, MppBufferType,
};

use crate::Handle;
use crate::fault::Faults;
use crate::memory::Memory;
use crate::table::Table;

/// Groups, which only count here.
pub static GROUPS: Table<()> = Table::new("group");
/// Memory by handle.
pub static BUFFERS: Table<Buffer> = Table::new("buffer");

/// Memory. Pictures that it was given to keep it, whatever becomes of the handle.
#[derive(Debug, Clone)]
pub struct Buffer {
    pub memory: Arc<Memory>,
    /// Imported, and [`Faults::unreadable_import`] was asked for.
    pub is_unreadable: bool,
}

/// # Safety
/// `group` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mpp_buffer_group_get(
    group: *mut Handle,
    _kind: MppBufferType,
    mode: MppBufferMode,
    _tag: *const c_char,
    _caller: *const c_char,
) -> MPP_RET {
    assert_eq!(mode, MPP_BUFFER_INTERNAL, "groups are internal");
    if Faults::now().no_memory {
        return MPP_NOK;
    }
    // SAFETY: by contract.
    unsafe { group.write(GROUPS.add(())) };
    MPP_OK
}

/// # Safety
/// None is needed: handles are looked up.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mpp_buffer_group_put(group: Handle) -> MPP_RET {
    GROUPS.remove(group);
    MPP_OK
}

/// # Safety
/// `buffer` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mpp_buffer_get_with_tag(
    group: Handle,
    buffer: *mut Handle,
    size: usize,
    _tag: *const c_char,
    _caller: *const c_char,
) -> MPP_RET {
    GROUPS.with(group, |()| ());
    let Ok(memory) = Memory::new(size) else { return MPP_ERR_MALLOC };
    let lent = Buffer { memory: Arc::new(memory), is_unreadable: false };
    // SAFETY: by contract.
    unsafe { buffer.write(BUFFERS.add(lent)) };
    MPP_OK
}

/// # Safety
/// `info` is readable, `buffer` writable, and the file descriptor open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mpp_buffer_import_with_tag(
    group: Handle,
    info: *mut MppBufferInfo,
    buffer: *mut Handle,
    _tag: *const c_char,
    _caller: *const c_char,
) -> MPP_RET {
    assert!(group.is_null(), "imports belong to no group");
    if info.is_null() || buffer.is_null() {
        return MPP_ERR_NULL_PTR;
    }
    // SAFETY: by contract.
    let info = unsafe { &*info };
    let faults = Faults::now();
    if info.type_ != MPP_BUFFER_TYPE_EXT_DMA || info.fd < 0 || info.size == 0 {
        return MPP_ERR_VALUE;
    }
    if faults.refuse_import {
        return MPP_NOK;
    }
    // SAFETY: by contract it is open, and not closed during the call.
    let fd = unsafe { BorrowedFd::borrow_raw(info.fd) };
    let Ok(memory) = Memory::import(fd, info.size) else { return MPP_NOK };
    let is_unreadable = faults.unreadable_import;
    // SAFETY: by contract.
    unsafe { buffer.write(BUFFERS.add(Buffer { memory: Arc::new(memory), is_unreadable })) };
    MPP_OK
}

/// # Safety
/// None is needed: handles are looked up.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mpp_buffer_put_with_caller(
    buffer: Handle,
    _caller: *const c_char,
) -> MPP_RET {
    BUFFERS.remove(buffer);
    MPP_OK
}

/// # Safety
/// What is returned ends with the buffer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mpp_buffer_get_ptr_with_caller(
    buffer: Handle,
    _caller: *const c_char,
) -> *mut c_void {
    if buffer.is_null() {
        return null_mut();
    }
    BUFFERS.with(buffer, |buffer| buffer.memory.start().cast())
}

/// # Safety
/// None is needed: handles are looked up.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mpp_buffer_sync_begin_f(
    buffer: Handle,
    _ro: i32,
    _caller: *const c_char,
) -> MPP_RET {
    BUFFERS.with(buffer, |_| MPP_OK)
}

/// # Safety
/// None is needed: handles are looked up.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mpp_buffer_sync_end_f(
    buffer: Handle,
    _ro: i32,
    _caller: *const c_char,
) -> MPP_RET {
    BUFFERS.with(buffer, |_| MPP_OK)
}
