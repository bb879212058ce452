// SPDX-License-Identifier: MIT OR Apache-2.0
//! Made from abi.h by bindgen 0.65; see README.md.

pub type MppCtx = *mut ::std::os::raw::c_void;
pub type MppParam = *mut ::std::os::raw::c_void;
pub type MppFrame = *mut ::std::os::raw::c_void;
pub type MppPacket = *mut ::std::os::raw::c_void;
pub type MppBuffer = *mut ::std::os::raw::c_void;
pub type MppBufferGroup = *mut ::std::os::raw::c_void;
pub type MppTask = *mut ::std::os::raw::c_void;
pub type MppMeta = *mut ::std::os::raw::c_void;
pub type MppEncCfg = *mut ::std::os::raw::c_void;
pub const MPP_OK: MPP_RET = 0;
pub const MPP_NOK: MPP_RET = -1;
pub const MPP_ERR_NULL_PTR: MPP_RET = -3;
pub const MPP_ERR_MALLOC: MPP_RET = -4;
pub const MPP_ERR_VALUE: MPP_RET = -6;
pub const MPP_ERR_TIMEOUT: MPP_RET = -8;
pub const MPP_ERR_INIT: MPP_RET = -1002;
pub type MPP_RET = ::std::os::raw::c_int;
pub const MPP_CTX_ENC: MppCtxType = 1;
pub type MppCtxType = ::std::os::raw::c_uint;
pub const MPP_VIDEO_CodingAVC: MppCodingType = 7;
pub const MPP_VIDEO_CodingMJPEG: MppCodingType = 8;
pub type MppCodingType = ::std::os::raw::c_uint;
pub const MPP_SET_INPUT_TIMEOUT: MpiCmd = 2097158;
pub const MPP_SET_OUTPUT_TIMEOUT: MpiCmd = 2097159;
pub const MPP_ENC_SET_CFG: MpiCmd = 3276801;
pub const MPP_ENC_GET_CFG: MpiCmd = 3276802;
pub const MPP_ENC_SET_IDR_FRAME: MpiCmd = 3276809;
pub const MPP_ENC_GET_HDR_SYNC: MpiCmd = 3276813;
pub const MPP_ENC_SET_HEADER_MODE: MpiCmd = 3309569;
pub type MpiCmd = ::std::os::raw::c_uint;
pub const MPP_ENC_HEADER_MODE_DEFAULT: MppEncHeaderMode = 0;
pub const MPP_ENC_HEADER_MODE_EACH_IDR: MppEncHeaderMode = 1;
pub type MppEncHeaderMode = ::std::os::raw::c_uint;
pub const MPP_ENC_RC_MODE_VBR: MppEncRcMode = 0;
pub const MPP_ENC_RC_MODE_CBR: MppEncRcMode = 1;
pub type MppEncRcMode = ::std::os::raw::c_uint;
pub const MPP_ENC_RC_DROP_FRM_DISABLED: MppEncRcDropFrmMode = 0;
pub type MppEncRcDropFrmMode = ::std::os::raw::c_uint;
pub const MPP_FMT_YUV420SP: MppFrameFormat = 0;
pub const MPP_FMT_YUV420P: MppFrameFormat = 4;
pub type MppFrameFormat = ::std::os::raw::c_uint;
pub const MPP_FRAME_RANGE_MPEG: MppFrameColorRange = 1;
pub const MPP_FRAME_RANGE_JPEG: MppFrameColorRange = 2;
pub type MppFrameColorRange = ::std::os::raw::c_uint;
pub const MPP_FRAME_SPC_BT709: MppFrameColorSpace = 1;
pub const MPP_FRAME_SPC_SMPTE170M: MppFrameColorSpace = 6;
pub type MppFrameColorSpace = ::std::os::raw::c_uint;
pub const MPP_FRAME_PRI_BT709: MppFrameColorPrimaries = 1;
pub type MppFrameColorPrimaries = ::std::os::raw::c_uint;
pub const MPP_FRAME_TRC_BT709: MppFrameColorTransferCharacteristic = 1;
pub type MppFrameColorTransferCharacteristic = ::std::os::raw::c_uint;
pub const MPP_BUFFER_INTERNAL: MppBufferMode = 0;
pub type MppBufferMode = ::std::os::raw::c_uint;
pub const MPP_BUFFER_TYPE_EXT_DMA: MppBufferType = 2;
pub const MPP_BUFFER_TYPE_DRM: MppBufferType = 3;
pub type MppBufferType = ::std::os::raw::c_uint;
pub const KEY_OUTPUT_INTRA: MppMetaKey = 1869177970;
pub type MppMetaKey = ::std::os::raw::c_uint;
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct MppBufferInfo {
    pub type_: MppBufferType,
    pub size: usize,
    pub ptr: *mut ::std::os::raw::c_void,
    pub hnd: *mut ::std::os::raw::c_void,
    pub fd: ::std::os::raw::c_int,
    pub index: ::std::os::raw::c_int,
}
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct MppApi {
    pub size: u32,
    pub version: u32,
    pub decode: *mut ::std::os::raw::c_void,
    pub decode_put_packet: *mut ::std::os::raw::c_void,
    pub decode_get_frame: *mut ::std::os::raw::c_void,
    pub encode: *mut ::std::os::raw::c_void,
    pub encode_put_frame:
        ::std::option::Option<unsafe extern "C" fn(ctx: MppCtx, frame: MppFrame) -> MPP_RET>,
    pub encode_get_packet:
        ::std::option::Option<unsafe extern "C" fn(ctx: MppCtx, packet: *mut MppPacket) -> MPP_RET>,
    pub isp: *mut ::std::os::raw::c_void,
    pub isp_put_frame: *mut ::std::os::raw::c_void,
    pub isp_get_frame: *mut ::std::os::raw::c_void,
    pub poll: *mut ::std::os::raw::c_void,
    pub dequeue: *mut ::std::os::raw::c_void,
    pub enqueue: *mut ::std::os::raw::c_void,
    pub reset: ::std::option::Option<unsafe extern "C" fn(ctx: MppCtx) -> MPP_RET>,
    pub control: ::std::option::Option<
        unsafe extern "C" fn(ctx: MppCtx, cmd: MpiCmd, param: MppParam) -> MPP_RET,
    >,
    pub reserv: [u32; 16usize],
}
extern crate libloading;
pub struct RockchipMpp {
    __library: ::libloading::Library,
    pub mpp_create: Result<
        unsafe extern "C" fn(ctx: *mut MppCtx, mpi: *mut *mut MppApi) -> MPP_RET,
        ::libloading::Error,
    >,
    pub mpp_init: Result<
        unsafe extern "C" fn(ctx: MppCtx, type_: MppCtxType, coding: MppCodingType) -> MPP_RET,
        ::libloading::Error,
    >,
    pub mpp_destroy: Result<unsafe extern "C" fn(ctx: MppCtx) -> MPP_RET, ::libloading::Error>,
    pub mpp_enc_cfg_init:
        Result<unsafe extern "C" fn(cfg: *mut MppEncCfg) -> MPP_RET, ::libloading::Error>,
    pub mpp_enc_cfg_deinit:
        Result<unsafe extern "C" fn(cfg: MppEncCfg) -> MPP_RET, ::libloading::Error>,
    pub mpp_enc_cfg_set_s32: Result<
        unsafe extern "C" fn(
            cfg: MppEncCfg,
            name: *const ::std::os::raw::c_char,
            value: i32,
        ) -> MPP_RET,
        ::libloading::Error,
    >,
    pub mpp_enc_cfg_set_u32: Result<
        unsafe extern "C" fn(
            cfg: MppEncCfg,
            name: *const ::std::os::raw::c_char,
            value: u32,
        ) -> MPP_RET,
        ::libloading::Error,
    >,
    pub mpp_buffer_group_get: Result<
        unsafe extern "C" fn(
            group: *mut MppBufferGroup,
            type_: MppBufferType,
            mode: MppBufferMode,
            tag: *const ::std::os::raw::c_char,
            caller: *const ::std::os::raw::c_char,
        ) -> MPP_RET,
        ::libloading::Error,
    >,
    pub mpp_buffer_group_put:
        Result<unsafe extern "C" fn(group: MppBufferGroup) -> MPP_RET, ::libloading::Error>,
    pub mpp_buffer_get_with_tag: Result<
        unsafe extern "C" fn(
            group: MppBufferGroup,
            buffer: *mut MppBuffer,
            size: usize,
            tag: *const ::std::os::raw::c_char,
            caller: *const ::std::os::raw::c_char,
        ) -> MPP_RET,
        ::libloading::Error,
    >,
    pub mpp_buffer_import_with_tag: Result<
        unsafe extern "C" fn(
            group: MppBufferGroup,
            info: *mut MppBufferInfo,
            buffer: *mut MppBuffer,
            tag: *const ::std::os::raw::c_char,
            caller: *const ::std::os::raw::c_char,
        ) -> MPP_RET,
        ::libloading::Error,
    >,
    pub mpp_buffer_put_with_caller: Result<
        unsafe extern "C" fn(buffer: MppBuffer, caller: *const ::std::os::raw::c_char) -> MPP_RET,
        ::libloading::Error,
    >,
    pub mpp_buffer_get_ptr_with_caller: Result<
        unsafe extern "C" fn(
            buffer: MppBuffer,
            caller: *const ::std::os::raw::c_char,
        ) -> *mut ::std::os::raw::c_void,
        ::libloading::Error,
    >,
    pub mpp_buffer_sync_begin_f: Result<
        unsafe extern "C" fn(
            buffer: MppBuffer,
            ro: i32,
            caller: *const ::std::os::raw::c_char,
        ) -> MPP_RET,
        ::libloading::Error,
    >,
    pub mpp_buffer_sync_end_f: Result<
        unsafe extern "C" fn(
            buffer: MppBuffer,
            ro: i32,
            caller: *const ::std::os::raw::c_char,
        ) -> MPP_RET,
        ::libloading::Error,
    >,
    pub mpp_frame_init:
        Result<unsafe extern "C" fn(frame: *mut MppFrame) -> MPP_RET, ::libloading::Error>,
    pub mpp_frame_deinit:
        Result<unsafe extern "C" fn(frame: *mut MppFrame) -> MPP_RET, ::libloading::Error>,
    pub mpp_frame_set_width:
        Result<unsafe extern "C" fn(frame: MppFrame, width: u32), ::libloading::Error>,
    pub mpp_frame_set_height:
        Result<unsafe extern "C" fn(frame: MppFrame, height: u32), ::libloading::Error>,
    pub mpp_frame_set_hor_stride:
        Result<unsafe extern "C" fn(frame: MppFrame, hor_stride: u32), ::libloading::Error>,
    pub mpp_frame_set_ver_stride:
        Result<unsafe extern "C" fn(frame: MppFrame, ver_stride: u32), ::libloading::Error>,
    pub mpp_frame_set_fmt:
        Result<unsafe extern "C" fn(frame: MppFrame, fmt: MppFrameFormat), ::libloading::Error>,
    pub mpp_frame_set_pts:
        Result<unsafe extern "C" fn(frame: MppFrame, pts: i64), ::libloading::Error>,
    pub mpp_frame_set_buffer:
        Result<unsafe extern "C" fn(frame: MppFrame, buffer: MppBuffer), ::libloading::Error>,
    pub mpp_packet_init: Result<
        unsafe extern "C" fn(
            packet: *mut MppPacket,
            data: *mut ::std::os::raw::c_void,
            size: usize,
        ) -> MPP_RET,
        ::libloading::Error,
    >,
    pub mpp_packet_deinit:
        Result<unsafe extern "C" fn(packet: *mut MppPacket) -> MPP_RET, ::libloading::Error>,
    pub mpp_packet_set_length:
        Result<unsafe extern "C" fn(packet: MppPacket, length: usize), ::libloading::Error>,
    pub mpp_packet_get_pos: Result<
        unsafe extern "C" fn(packet: MppPacket) -> *mut ::std::os::raw::c_void,
        ::libloading::Error,
    >,
    pub mpp_packet_get_length:
        Result<unsafe extern "C" fn(packet: MppPacket) -> usize, ::libloading::Error>,
    pub mpp_packet_get_pts:
        Result<unsafe extern "C" fn(packet: MppPacket) -> i64, ::libloading::Error>,
    pub mpp_packet_has_meta:
        Result<unsafe extern "C" fn(packet: MppPacket) -> i32, ::libloading::Error>,
    pub mpp_packet_get_meta:
        Result<unsafe extern "C" fn(packet: MppPacket) -> MppMeta, ::libloading::Error>,
    pub mpp_meta_get_s32: Result<
        unsafe extern "C" fn(meta: MppMeta, key: MppMetaKey, value: *mut i32) -> MPP_RET,
        ::libloading::Error,
    >,
}
impl RockchipMpp {
    pub unsafe fn new<P>(path: P) -> Result<Self, ::libloading::Error>
    where
        P: AsRef<::std::ffi::OsStr>,
    {
        let library = ::libloading::Library::new(path)?;
        unsafe { Self::from_library(library) }
    }
    pub unsafe fn from_library<L>(library: L) -> Result<Self, ::libloading::Error>
    where
        L: Into<::libloading::Library>,
    {
        let __library = library.into();
        let mpp_create = unsafe { __library.get(b"mpp_create\0") }.map(|sym| *sym);
        let mpp_init = unsafe { __library.get(b"mpp_init\0") }.map(|sym| *sym);
        let mpp_destroy = unsafe { __library.get(b"mpp_destroy\0") }.map(|sym| *sym);
        let mpp_enc_cfg_init = unsafe { __library.get(b"mpp_enc_cfg_init\0") }.map(|sym| *sym);
        let mpp_enc_cfg_deinit = unsafe { __library.get(b"mpp_enc_cfg_deinit\0") }.map(|sym| *sym);
        let mpp_enc_cfg_set_s32 =
            unsafe { __library.get(b"mpp_enc_cfg_set_s32\0") }.map(|sym| *sym);
        let mpp_enc_cfg_set_u32 =
            unsafe { __library.get(b"mpp_enc_cfg_set_u32\0") }.map(|sym| *sym);
        let mpp_buffer_group_get =
            unsafe { __library.get(b"mpp_buffer_group_get\0") }.map(|sym| *sym);
        let mpp_buffer_group_put =
            unsafe { __library.get(b"mpp_buffer_group_put\0") }.map(|sym| *sym);
        let mpp_buffer_get_with_tag =
            unsafe { __library.get(b"mpp_buffer_get_with_tag\0") }.map(|sym| *sym);
        let mpp_buffer_import_with_tag =
            unsafe { __library.get(b"mpp_buffer_import_with_tag\0") }.map(|sym| *sym);
        let mpp_buffer_put_with_caller =
            unsafe { __library.get(b"mpp_buffer_put_with_caller\0") }.map(|sym| *sym);
        let mpp_buffer_get_ptr_with_caller =
            unsafe { __library.get(b"mpp_buffer_get_ptr_with_caller\0") }.map(|sym| *sym);
        let mpp_buffer_sync_begin_f =
            unsafe { __library.get(b"mpp_buffer_sync_begin_f\0") }.map(|sym| *sym);
        let mpp_buffer_sync_end_f =
            unsafe { __library.get(b"mpp_buffer_sync_end_f\0") }.map(|sym| *sym);
        let mpp_frame_init = unsafe { __library.get(b"mpp_frame_init\0") }.map(|sym| *sym);
        let mpp_frame_deinit = unsafe { __library.get(b"mpp_frame_deinit\0") }.map(|sym| *sym);
        let mpp_frame_set_width =
            unsafe { __library.get(b"mpp_frame_set_width\0") }.map(|sym| *sym);
        let mpp_frame_set_height =
            unsafe { __library.get(b"mpp_frame_set_height\0") }.map(|sym| *sym);
        let mpp_frame_set_hor_stride =
            unsafe { __library.get(b"mpp_frame_set_hor_stride\0") }.map(|sym| *sym);
        let mpp_frame_set_ver_stride =
            unsafe { __library.get(b"mpp_frame_set_ver_stride\0") }.map(|sym| *sym);
        let mpp_frame_set_fmt = unsafe { __library.get(b"mpp_frame_set_fmt\0") }.map(|sym| *sym);
        let mpp_frame_set_pts = unsafe { __library.get(b"mpp_frame_set_pts\0") }.map(|sym| *sym);
        let mpp_frame_set_buffer =
            unsafe { __library.get(b"mpp_frame_set_buffer\0") }.map(|sym| *sym);
        let mpp_packet_init = unsafe { __library.get(b"mpp_packet_init\0") }.map(|sym| *sym);
        let mpp_packet_deinit = unsafe { __library.get(b"mpp_packet_deinit\0") }.map(|sym| *sym);
        let mpp_packet_set_length =
            unsafe { __library.get(b"mpp_packet_set_length\0") }.map(|sym| *sym);
        let mpp_packet_get_pos = unsafe { __library.get(b"mpp_packet_get_pos\0") }.map(|sym| *sym);
        let mpp_packet_get_length =
            unsafe { __library.get(b"mpp_packet_get_length\0") }.map(|sym| *sym);
        let mpp_packet_get_pts = unsafe { __library.get(b"mpp_packet_get_pts\0") }.map(|sym| *sym);
        let mpp_packet_has_meta =
            unsafe { __library.get(b"mpp_packet_has_meta\0") }.map(|sym| *sym);
        let mpp_packet_get_meta =
            unsafe { __library.get(b"mpp_packet_get_meta\0") }.map(|sym| *sym);
        let mpp_meta_get_s32 = unsafe { __library.get(b"mpp_meta_get_s32\0") }.map(|sym| *sym);
        Ok(RockchipMpp {
            __library,
            mpp_create,
            mpp_init,
            mpp_destroy,
            mpp_enc_cfg_init,
            mpp_enc_cfg_deinit,
            mpp_enc_cfg_set_s32,
            mpp_enc_cfg_set_u32,
            mpp_buffer_group_get,
            mpp_buffer_group_put,
            mpp_buffer_get_with_tag,
            mpp_buffer_import_with_tag,
            mpp_buffer_put_with_caller,
            mpp_buffer_get_ptr_with_caller,
            mpp_buffer_sync_begin_f,
            mpp_buffer_sync_end_f,
            mpp_frame_init,
            mpp_frame_deinit,
            mpp_frame_set_width,
            mpp_frame_set_height,
            mpp_frame_set_hor_stride,
            mpp_frame_set_ver_stride,
            mpp_frame_set_fmt,
            mpp_frame_set_pts,
            mpp_frame_set_buffer,
            mpp_packet_init,
            mpp_packet_deinit,
            mpp_packet_set_length,
            mpp_packet_get_pos,
            mpp_packet_get_length,
            mpp_packet_get_pts,
            mpp_packet_has_meta,
            mpp_packet_get_meta,
            mpp_meta_get_s32,
        })
    }
    pub unsafe fn mpp_create(&self, ctx: *mut MppCtx, mpi: *mut *mut MppApi) -> MPP_RET {
        unsafe { (self.mpp_create.as_ref().expect("Expected function, got error."))(ctx, mpi) }
    }
    pub unsafe fn mpp_init(
        &self,
        ctx: MppCtx,
        type_: MppCtxType,
        coding: MppCodingType,
    ) -> MPP_RET {
        unsafe {
            (self.mpp_init.as_ref().expect("Expected function, got error."))(ctx, type_, coding)
        }
    }
    pub unsafe fn mpp_destroy(&self, ctx: MppCtx) -> MPP_RET {
        unsafe { (self.mpp_destroy.as_ref().expect("Expected function, got error."))(ctx) }
    }
    pub unsafe fn mpp_enc_cfg_init(&self, cfg: *mut MppEncCfg) -> MPP_RET {
        unsafe { (self.mpp_enc_cfg_init.as_ref().expect("Expected function, got error."))(cfg) }
    }
    pub unsafe fn mpp_enc_cfg_deinit(&self, cfg: MppEncCfg) -> MPP_RET {
        unsafe { (self.mpp_enc_cfg_deinit.as_ref().expect("Expected function, got error."))(cfg) }
    }
    pub unsafe fn mpp_enc_cfg_set_s32(
        &self,
        cfg: MppEncCfg,
        name: *const ::std::os::raw::c_char,
        value: i32,
    ) -> MPP_RET {
        unsafe {
            (self.mpp_enc_cfg_set_s32.as_ref().expect("Expected function, got error."))(
                cfg, name, value,
            )
        }
    }
    pub unsafe fn mpp_enc_cfg_set_u32(
        &self,
        cfg: MppEncCfg,
        name: *const ::std::os::raw::c_char,
        value: u32,
    ) -> MPP_RET {
        unsafe {
            (self.mpp_enc_cfg_set_u32.as_ref().expect("Expected function, got error."))(
                cfg, name, value,
            )
        }
    }
    pub unsafe fn mpp_buffer_group_get(
        &self,
        group: *mut MppBufferGroup,
        type_: MppBufferType,
        mode: MppBufferMode,
        tag: *const ::std::os::raw::c_char,
        caller: *const ::std::os::raw::c_char,
    ) -> MPP_RET {
        unsafe {
            (self.mpp_buffer_group_get.as_ref().expect("Expected function, got error."))(
                group, type_, mode, tag, caller,
            )
        }
    }
    pub unsafe fn mpp_buffer_group_put(&self, group: MppBufferGroup) -> MPP_RET {
        unsafe {
            (self.mpp_buffer_group_put.as_ref().expect("Expected function, got error."))(group)
        }
    }
    pub unsafe fn mpp_buffer_get_with_tag(
        &self,
        group: MppBufferGroup,
        buffer: *mut MppBuffer,
        size: usize,
        tag: *const ::std::os::raw::c_char,
        caller: *const ::std::os::raw::c_char,
    ) -> MPP_RET {
        unsafe {
            (self.mpp_buffer_get_with_tag.as_ref().expect("Expected function, got error."))(
                group, buffer, size, tag, caller,
            )
        }
    }
    pub unsafe fn mpp_buffer_import_with_tag(
        &self,
        group: MppBufferGroup,
        info: *mut MppBufferInfo,
        buffer: *mut MppBuffer,
        tag: *const ::std::os::raw::c_char,
        caller: *const ::std::os::raw::c_char,
    ) -> MPP_RET {
        unsafe {
            (self.mpp_buffer_import_with_tag.as_ref().expect("Expected function, got error."))(
                group, info, buffer, tag, caller,
            )
        }
    }
    pub unsafe fn mpp_buffer_put_with_caller(
        &self,
        buffer: MppBuffer,
        caller: *const ::std::os::raw::c_char,
    ) -> MPP_RET {
        unsafe {
            (self.mpp_buffer_put_with_caller.as_ref().expect("Expected function, got error."))(
                buffer, caller,
            )
        }
    }
    pub unsafe fn mpp_buffer_get_ptr_with_caller(
        &self,
        buffer: MppBuffer,
        caller: *const ::std::os::raw::c_char,
    ) -> *mut ::std::os::raw::c_void {
        unsafe {
            (self.mpp_buffer_get_ptr_with_caller.as_ref().expect("Expected function, got error."))(
                buffer, caller,
            )
        }
    }
    pub unsafe fn mpp_buffer_sync_begin_f(
        &self,
        buffer: MppBuffer,
        ro: i32,
        caller: *const ::std::os::raw::c_char,
    ) -> MPP_RET {
        unsafe {
            (self.mpp_buffer_sync_begin_f.as_ref().expect("Expected function, got error."))(
                buffer, ro, caller,
            )
        }
    }
    pub unsafe fn mpp_buffer_sync_end_f(
        &self,
        buffer: MppBuffer,
        ro: i32,
        caller: *const ::std::os::raw::c_char,
    ) -> MPP_RET {
        unsafe {
            (self.mpp_buffer_sync_end_f.as_ref().expect("Expected function, got error."))(
                buffer, ro, caller,
            )
        }
    }
    pub unsafe fn mpp_frame_init(&self, frame: *mut MppFrame) -> MPP_RET {
        unsafe { (self.mpp_frame_init.as_ref().expect("Expected function, got error."))(frame) }
    }
    pub unsafe fn mpp_frame_deinit(&self, frame: *mut MppFrame) -> MPP_RET {
        unsafe { (self.mpp_frame_deinit.as_ref().expect("Expected function, got error."))(frame) }
    }
    pub unsafe fn mpp_frame_set_width(&self, frame: MppFrame, width: u32) {
        unsafe {
            (self.mpp_frame_set_width.as_ref().expect("Expected function, got error."))(
                frame, width,
            )
        }
    }
    pub unsafe fn mpp_frame_set_height(&self, frame: MppFrame, height: u32) {
        unsafe {
            (self.mpp_frame_set_height.as_ref().expect("Expected function, got error."))(
                frame, height,
            )
        }
    }
    pub unsafe fn mpp_frame_set_hor_stride(&self, frame: MppFrame, hor_stride: u32) {
        unsafe {
            (self.mpp_frame_set_hor_stride.as_ref().expect("Expected function, got error."))(
                frame, hor_stride,
            )
        }
    }
    pub unsafe fn mpp_frame_set_ver_stride(&self, frame: MppFrame, ver_stride: u32) {
        unsafe {
            (self.mpp_frame_set_ver_stride.as_ref().expect("Expected function, got error."))(
                frame, ver_stride,
            )
        }
    }
    pub unsafe fn mpp_frame_set_fmt(&self, frame: MppFrame, fmt: MppFrameFormat) {
        unsafe {
            (self.mpp_frame_set_fmt.as_ref().expect("Expected function, got error."))(frame, fmt)
        }
    }
    pub unsafe fn mpp_frame_set_pts(&self, frame: MppFrame, pts: i64) {
        unsafe {
            (self.mpp_frame_set_pts.as_ref().expect("Expected function, got error."))(frame, pts)
        }
    }
    pub unsafe fn mpp_frame_set_buffer(&self, frame: MppFrame, buffer: MppBuffer) {
        unsafe {
            (self.mpp_frame_set_buffer.as_ref().expect("Expected function, got error."))(
                frame, buffer,
            )
        }
    }
    pub unsafe fn mpp_packet_init(
        &self,
        packet: *mut MppPacket,
        data: *mut ::std::os::raw::c_void,
        size: usize,
    ) -> MPP_RET {
        unsafe {
            (self.mpp_packet_init.as_ref().expect("Expected function, got error."))(
                packet, data, size,
            )
        }
    }
    pub unsafe fn mpp_packet_deinit(&self, packet: *mut MppPacket) -> MPP_RET {
        unsafe { (self.mpp_packet_deinit.as_ref().expect("Expected function, got error."))(packet) }
    }
    pub unsafe fn mpp_packet_set_length(&self, packet: MppPacket, length: usize) {
        unsafe {
            (self.mpp_packet_set_length.as_ref().expect("Expected function, got error."))(
                packet, length,
            )
        }
    }
    pub unsafe fn mpp_packet_get_pos(&self, packet: MppPacket) -> *mut ::std::os::raw::c_void {
        unsafe {
            (self.mpp_packet_get_pos.as_ref().expect("Expected function, got error."))(packet)
        }
    }
    pub unsafe fn mpp_packet_get_length(&self, packet: MppPacket) -> usize {
        unsafe {
            (self.mpp_packet_get_length.as_ref().expect("Expected function, got error."))(packet)
        }
    }
    pub unsafe fn mpp_packet_get_pts(&self, packet: MppPacket) -> i64 {
        unsafe {
            (self.mpp_packet_get_pts.as_ref().expect("Expected function, got error."))(packet)
        }
    }
    pub unsafe fn mpp_packet_has_meta(&self, packet: MppPacket) -> i32 {
        unsafe {
            (self.mpp_packet_has_meta.as_ref().expect("Expected function, got error."))(packet)
        }
    }
    pub unsafe fn mpp_packet_get_meta(&self, packet: MppPacket) -> MppMeta {
        unsafe {
            (self.mpp_packet_get_meta.as_ref().expect("Expected function, got error."))(packet)
        }
    }
    pub unsafe fn mpp_meta_get_s32(
        &self,
        meta: MppMeta,
        key: MppMetaKey,
        value: *mut i32,
    ) -> MPP_RET {
        unsafe {
            (self.mpp_meta_get_s32.as_ref().expect("Expected function, got error."))(
                meta, key, value,
            )
        }
    }
}
