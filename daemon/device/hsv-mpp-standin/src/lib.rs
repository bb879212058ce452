// SPDX-License-Identifier: MIT OR Apache-2.0
//! A `librockchip_mpp` for tests: the calls that the `rkmpp` crate makes, over openh264 and a JPEG
//! encoder in software. README.md says what it proves and what it does not.
//!
//! It is strict where the real library is lenient: a handle that is not alive, a setting of the
//! wrong type or a call out of order ends the process, with a word on which it was. Never
//! packaged, and nothing links it.

mod buffer;
mod config;
mod context;
mod encode;
mod fault;
mod frame;
mod memory;
mod packet;
mod table;

use std::ffi::c_void;

/// Objects that were made and not given back: contexts, settings, memory, pictures, packets.
#[unsafe(no_mangle)]
pub extern "C" fn hsv_mpp_standin_alive() -> usize {
    context::CONTEXTS.len()
        + config::CONFIGS.len()
        + buffer::GROUPS.len()
        + buffer::BUFFERS.len()
        + frame::FRAMES.len()
        + packet::PACKETS.len()
}

/// Lets every call that hangs return.
#[unsafe(no_mangle)]
pub extern "C" fn hsv_mpp_standin_release() {
    fault::release();
}

/// A handle as callers have it; see [`table::Table`].
type Handle = *mut c_void;

/// That what is exported is what the bindings call.
#[cfg(test)]
mod tests {
    use rkmpp_sys::RockchipMpp;

    use super::{buffer, config, context, frame, packet};

    #[test]
    fn the_exports_have_the_types_of_the_bindings() {
        let _assign: fn(&mut RockchipMpp) = |library| {
            library.mpp_create = Ok(context::mpp_create);
            library.mpp_init = Ok(context::mpp_init);
            library.mpp_destroy = Ok(context::mpp_destroy);
            library.mpp_enc_cfg_init = Ok(config::mpp_enc_cfg_init);
            library.mpp_enc_cfg_deinit = Ok(config::mpp_enc_cfg_deinit);
            library.mpp_enc_cfg_set_s32 = Ok(config::mpp_enc_cfg_set_s32);
            library.mpp_enc_cfg_set_u32 = Ok(config::mpp_enc_cfg_set_u32);
            library.mpp_buffer_group_get = Ok(buffer::mpp_buffer_group_get);
            library.mpp_buffer_group_put = Ok(buffer::mpp_buffer_group_put);
            library.mpp_buffer_get_with_tag = Ok(buffer::mpp_buffer_get_with_tag);
            library.mpp_buffer_import_with_tag = Ok(buffer::mpp_buffer_import_with_tag);
            library.mpp_buffer_put_with_caller = Ok(buffer::mpp_buffer_put_with_caller);
            library.mpp_buffer_get_ptr_with_caller = Ok(buffer::mpp_buffer_get_ptr_with_caller);
            library.mpp_buffer_sync_begin_f = Ok(buffer::mpp_buffer_sync_begin_f);
            library.mpp_buffer_sync_end_f = Ok(buffer::mpp_buffer_sync_end_f);
            library.mpp_frame_init = Ok(frame::mpp_frame_init);
            library.mpp_frame_deinit = Ok(frame::mpp_frame_deinit);
            library.mpp_frame_set_width = Ok(frame::mpp_frame_set_width);
            library.mpp_frame_set_height = Ok(frame::mpp_frame_set_height);
            library.mpp_frame_set_hor_stride = Ok(frame::mpp_frame_set_hor_stride);
            library.mpp_frame_set_ver_stride = Ok(frame::mpp_frame_set_ver_stride);
            library.mpp_frame_set_fmt = Ok(frame::mpp_frame_set_fmt);
            library.mpp_frame_set_pts = Ok(frame::mpp_frame_set_pts);
            library.mpp_frame_set_buffer = Ok(frame::mpp_frame_set_buffer);
            library.mpp_packet_init = Ok(packet::mpp_packet_init);
            library.mpp_packet_deinit = Ok(packet::mpp_packet_deinit);
            library.mpp_packet_set_length = Ok(packet::mpp_packet_set_length);
            library.mpp_packet_get_pos = Ok(packet::mpp_packet_get_pos);
            library.mpp_packet_get_length = Ok(packet::mpp_packet_get_length);
            library.mpp_packet_get_pts = Ok(packet::mpp_packet_get_pts);
            library.mpp_packet_has_meta = Ok(packet::mpp_packet_has_meta);
            library.mpp_packet_get_meta = Ok(packet::mpp_packet_get_meta);
            library.mpp_meta_get_s32 = Ok(packet::mpp_meta_get_s32);
        };
    }
}
