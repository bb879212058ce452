// SPDX-License-Identifier: MIT OR Apache-2.0
//! The library, loaded at run time.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::sync::{Mutex, PoisonError};

use rkmpp_sys::RockchipMpp;

use crate::LoadError;

/// `librockchip_mpp`. It stays loaded until the process ends, since it keeps threads and state of
/// its own; a context can therefore never outlive it.
#[derive(Clone, Copy)]
pub struct Library(&'static RockchipMpp);

/// Where the library is in images: by its binary interface's number, and as developers have it.
const NAMES: [&str; 2] = ["librockchip_mpp.so.1", "librockchip_mpp.so"];

static LOADED: Mutex<Vec<(OsString, Library)>> = Mutex::new(Vec::new());

impl Library {
    /// Loads the library from `path`, or by its usual names. Once loaded it is the same for all.
    ///
    /// # Errors
    /// [`LoadError`]; it may be tried again.
    pub fn load(path: Option<&OsStr>) -> Result<Self, LoadError> {
        let Some(path) = path else {
            let [first, second] = NAMES.map(|name| Self::load(Some(OsStr::new(name))));
            return first.or(second);
        };
        let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, library)) = loaded.iter().find(|(known, _)| known == path) {
            return Ok(*library);
        }
        // SAFETY: the code that runs when a library is loaded is that of the system's own, or of
        // the one that the owner named; it is trusted as the program itself is.
        let library = unsafe { RockchipMpp::new(path) }.map_err(|source| LoadError::Absent {
            path: path.to_owned(),
            source: Box::new(source),
        })?;
        if let Some(function) = missing(&library) {
            return Err(LoadError::Incomplete { path: path.to_owned(), function });
        }
        let library = Self(Box::leak(Box::new(library)));
        loaded.push((path.to_owned(), library));
        Ok(library)
    }

    pub(crate) fn calls(self) -> &'static RockchipMpp {
        self.0
    }
}

impl fmt::Debug for Library {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Library")
    }
}

/// The first function that is not there and must be: calling it would panic. The two that
/// synchronise caches are not in every release and asked for where they are used.
fn missing(library: &RockchipMpp) -> Option<&'static str> {
    macro_rules! first_missing {
        ($($function:ident),* $(,)?) => {
            None$(.or(library.$function.is_err().then_some(stringify!($function))))*
        };
    }
    first_missing!(
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
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_absent_library_is_named() {
        let error = Library::load(Some(OsStr::new("/nonexistent/librockchip_mpp.so.1")));
        let error = error.unwrap_err();
        assert!(matches!(error, LoadError::Absent { .. }));
        assert!(error.to_string().contains("librockchip_mpp cannot be loaded"), "{error}");
        assert!(std::error::Error::source(&error).is_some());
    }

    #[test]
    fn another_library_is_found_out() {
        let error = Library::load(Some(OsStr::new("libc.so.6"))).unwrap_err();
        assert!(matches!(error, LoadError::Incomplete { function: "mpp_create", .. }), "{error}");
    }
}
