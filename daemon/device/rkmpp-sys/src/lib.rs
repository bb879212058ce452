// SPDX-License-Identifier: MIT OR Apache-2.0
//! Bindings of Rockchip's media process platform, as far as the `rkmpp` crate calls it. The
//! library is loaded at run time: `RockchipMpp::new` with its path. A function that a release
//! lacks is an `Err` in its field, and calling its method panics.
//!
//! No safe calls here, and no search for the library.

#[allow(
    missing_docs,
    non_camel_case_types,
    non_snake_case,
    non_upper_case_globals,
    clippy::all,
    clippy::undocumented_unsafe_blocks,
    unsafe_op_in_unsafe_fn,
    reason = "generated"
)]
#[rustfmt::skip]
mod bindings;

pub use bindings::{
    KEY_OUTPUT_INTRA, MPP_BUFFER_INTERNAL, MPP_BUFFER_TYPE_DRM, MPP_BUFFER_TYPE_EXT_DMA,
    MPP_CTX_ENC, MPP_ENC_GET_CFG, MPP_ENC_GET_HDR_SYNC, MPP_ENC_HEADER_MODE_DEFAULT,
    MPP_ENC_HEADER_MODE_EACH_IDR, MPP_ENC_RC_DROP_FRM_DISABLED, MPP_ENC_RC_MODE_CBR,
    MPP_ENC_RC_MODE_VBR, MPP_ENC_SET_CFG, MPP_ENC_SET_HEADER_MODE, MPP_ENC_SET_IDR_FRAME,
    MPP_ERR_INIT, MPP_ERR_MALLOC, MPP_ERR_NULL_PTR, MPP_ERR_TIMEOUT, MPP_ERR_VALUE,
    MPP_FMT_YUV420P, MPP_FMT_YUV420SP, MPP_FRAME_PRI_BT709, MPP_FRAME_RANGE_JPEG,
    MPP_FRAME_RANGE_MPEG, MPP_FRAME_SPC_BT709, MPP_FRAME_SPC_SMPTE170M, MPP_FRAME_TRC_BT709,
    MPP_NOK, MPP_OK, MPP_RET, MPP_SET_INPUT_TIMEOUT, MPP_SET_OUTPUT_TIMEOUT, MPP_VIDEO_CodingAVC,
    MPP_VIDEO_CodingMJPEG, MpiCmd, MppApi, MppBuffer, MppBufferGroup, MppBufferInfo, MppBufferMode,
    MppBufferType, MppCodingType, MppCtx, MppCtxType, MppEncCfg, MppEncHeaderMode, MppFrame,
    MppFrameFormat, MppMeta, MppMetaKey, MppPacket, MppParam, MppTask, RockchipMpp,
};

/// What the build knows about `abi.h` and this machine's headers of the library.
pub const HEADERS: &str = env!("HSV_MPP_HEADERS");

// For every target; the library's own headers have the same (check.c).
const POINTER: usize = size_of::<*const ()>();
const _: () = assert!(size_of::<MppApi>() == 8 + 14 * POINTER + 16 * 4);
const _: () = assert!(std::mem::offset_of!(MppApi, encode_put_frame) == 8 + 4 * POINTER);
const _: () = assert!(std::mem::offset_of!(MppApi, control) == 8 + 13 * POINTER);
const _: () = assert!(size_of::<MppBufferInfo>() == 4 * POINTER + 8);
const _: () = assert!(std::mem::offset_of!(MppBufferInfo, fd) == 4 * POINTER);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_that_is_not_there_is_an_error() {
        // SAFETY: nothing is loaded, so that no code of it runs.
        let error = unsafe { RockchipMpp::new("/nonexistent/librockchip_mpp.so.1") }.err().unwrap();
        assert!(error.to_string().contains("librockchip_mpp"), "{error}");
    }

    #[test]
    fn another_library_has_none_of_the_functions() {
        // SAFETY: the C library is loaded already, and loading it again runs nothing.
        let library = unsafe { RockchipMpp::new("libc.so.6") }.unwrap();
        assert!(library.mpp_create.is_err() && library.mpp_meta_get_s32.is_err());
    }

    #[test]
    fn the_headers_were_compared_or_it_is_told() {
        println!("abi.h and the library's headers: {HEADERS}");
        assert!(HEADERS.contains("compared"));
    }

    #[cfg(feature = "bindgen")]
    #[test]
    fn the_committed_bindings_are_those_of_the_header() {
        let made = include_str!(concat!(env!("OUT_DIR"), "/bindings.rs"));
        let path = concat!(env!("OUT_DIR"), "/bindings.rs");
        assert!(made == include_str!("bindings.rs"), "src/bindings.rs is not {path}");
    }
}
