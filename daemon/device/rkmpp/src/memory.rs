// SPDX-License-Identifier: MIT OR Apache-2.0
//! Memory that the encoder reads, and pictures in it.

use std::ffi::CStr;
use std::os::fd::{AsRawFd, OwnedFd};
use std::ptr::{NonNull, null_mut};

use rkmpp_sys::{
    MPP_BUFFER_INTERNAL, MPP_BUFFER_TYPE_DRM, MPP_BUFFER_TYPE_EXT_DMA, MPP_OK, MppBuffer,
    MppBufferGroup, MppBufferInfo, MppFrame, RockchipMpp,
};

use crate::context::done;
use crate::{Error, Layout};

/// Memory that the encoder can read. It ends after the pictures in it.
pub(crate) struct Memory {
    library: &'static RockchipMpp,
    buffer: MppBuffer,
    /// The library works with the number of a descriptor, so that it must stay what it is.
    _descriptor: Option<OwnedFd>,
}

impl Memory {
    /// `len` bytes of a DMABUF.
    pub fn import(
        library: &'static RockchipMpp,
        descriptor: OwnedFd,
        len: usize,
    ) -> Result<Self, Error> {
        let mut info = MppBufferInfo {
            type_: MPP_BUFFER_TYPE_EXT_DMA,
            size: len,
            ptr: null_mut(),
            hnd: null_mut(),
            fd: descriptor.as_raw_fd(),
            index: 0,
        };
        let mut buffer = null_mut();
        // SAFETY: `info` and `buffer` are ours; the library's own group for imports is none.
        let code = unsafe {
            library.mpp_buffer_import_with_tag(
                null_mut(),
                &raw mut info,
                &raw mut buffer,
                TAG.as_ptr(),
                TAG.as_ptr(),
            )
        };
        if code != MPP_OK || buffer.is_null() {
            return Err(Error::Import { code });
        }
        Ok(Self { library, buffer, _descriptor: Some(descriptor) })
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // SAFETY: taken once and put back once.
        let _put = unsafe { self.library.mpp_buffer_put_with_caller(self.buffer, TAG.as_ptr()) };
    }
}

/// A picture for the encoder. Ended before its memory.
pub(crate) struct Picture {
    library: &'static RockchipMpp,
    frame: MppFrame,
    /// Imported for this picture alone.
    memory: Option<Memory>,
}

/// Of a picture, as it lies in memory.
pub(crate) struct Shape {
    pub width: u32,
    pub height: u32,
    pub layout: Layout,
    pub pts_us: i64,
}

impl Picture {
    /// In memory that was imported for it.
    pub fn imported(memory: Memory, shape: &Shape) -> Result<Self, Error> {
        let mut picture = Self::new(memory.library, memory.buffer, shape)?;
        picture.memory = Some(memory);
        Ok(picture)
    }

    /// For the encoder.
    pub fn frame(&self) -> MppFrame {
        self.frame
    }

    fn new(library: &'static RockchipMpp, buffer: MppBuffer, shape: &Shape) -> Result<Self, Error> {
        let mut frame = null_mut();
        // SAFETY: ours and writable.
        done("mpp_frame_init", unsafe { library.mpp_frame_init(&raw mut frame) })?;
        let picture = Self { library, frame, memory: None };
        // SAFETY: the picture is new, and the memory lives; the picture counts itself among those
        // who hold it.
        unsafe {
            library.mpp_frame_set_width(frame, shape.width);
            library.mpp_frame_set_height(frame, shape.height);
            library.mpp_frame_set_hor_stride(frame, shape.layout.stride);
            library.mpp_frame_set_ver_stride(frame, shape.layout.lines);
            library.mpp_frame_set_fmt(frame, shape.layout.format());
            library.mpp_frame_set_pts(frame, shape.pts_us);
            library.mpp_frame_set_buffer(frame, buffer);
        }
        Ok(picture)
    }
}

impl Drop for Picture {
    fn drop(&mut self) {
        // SAFETY: made by the library and ended once, when the encoder has it no more.
        let _ended = unsafe { self.library.mpp_frame_deinit(&raw mut self.frame) };
    }
}

/// Memory of the library that pictures are copied to, one after the other.
pub(crate) struct Copies {
    memory: Memory,
    start: NonNull<u8>,
    len: usize,
    _group: Group,
}

struct Group {
    library: &'static RockchipMpp,
    group: MppBufferGroup,
}

impl Copies {
    /// Memory for pictures of `len` bytes.
    pub fn new(library: &'static RockchipMpp, len: usize) -> Result<Self, Error> {
        let (mut group, mut buffer) = (null_mut(), null_mut());
        // SAFETY: `group` is ours; the names are C strings.
        let code = unsafe {
            library.mpp_buffer_group_get(
                &raw mut group,
                MPP_BUFFER_TYPE_DRM,
                MPP_BUFFER_INTERNAL,
                TAG.as_ptr(),
                TAG.as_ptr(),
            )
        };
        if code != MPP_OK || group.is_null() {
            return Err(Error::Memory { code });
        }
        let group = Group { library, group };
        // SAFETY: the group lives, `buffer` is ours.
        let code = unsafe {
            library.mpp_buffer_get_with_tag(
                group.group,
                &raw mut buffer,
                len,
                TAG.as_ptr(),
                TAG.as_ptr(),
            )
        };
        if code != MPP_OK || buffer.is_null() {
            return Err(Error::Memory { code });
        }
        let memory = Memory { library, buffer, _descriptor: None };
        // SAFETY: the memory lives.
        let start = unsafe { library.mpp_buffer_get_ptr_with_caller(buffer, TAG.as_ptr()) };
        let start = NonNull::new(start.cast()).ok_or(Error::Memory { code: MPP_OK })?;
        Ok(Self { memory, start, len, _group: group })
    }

    /// A picture that `fill` writes.
    pub fn picture(
        &mut self,
        shape: &Shape,
        fill: impl FnOnce(&mut [u8]),
    ) -> Result<Picture, Error> {
        let Memory { library, buffer, .. } = self.memory;
        let has_sync =
            library.mpp_buffer_sync_begin_f.is_ok() && library.mpp_buffer_sync_end_f.is_ok();
        // Where there is no cache to write back the library has nothing to do; what it answers
        // changes nothing.
        if has_sync {
            // SAFETY: the memory lives, and the function is there.
            let _begun = unsafe { library.mpp_buffer_sync_begin_f(buffer, 0, TAG.as_ptr()) };
        }
        // SAFETY: the library gave `len` bytes, zeroed or written before. The encoder does not read
        // them now: its last picture has come back, or there would be no next.
        fill(unsafe { std::slice::from_raw_parts_mut(self.start.as_ptr(), self.len) });
        if has_sync {
            // SAFETY: as above.
            let _ended = unsafe { library.mpp_buffer_sync_end_f(buffer, 0, TAG.as_ptr()) };
        }
        Picture::new(library, buffer, shape)
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // SAFETY: made by the library and put back once, after its memory.
        let _put = unsafe { self.library.mpp_buffer_group_put(self.group) };
    }
}

/// Our name in the library's messages.
const TAG: &CStr = c"hsvd";
