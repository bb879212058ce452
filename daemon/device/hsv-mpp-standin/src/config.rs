// SPDX-License-Identifier: MIT OR Apache-2.0
//! Settings by name.

use std::collections::BTreeMap;
use std::ffi::{CStr, c_char};

use rkmpp_sys::{MPP_NOK, MPP_OK, MPP_RET};

use crate::Handle;
use crate::table::Table;

/// Settings by handle.
pub static CONFIGS: Table<Settings> = Table::new("cfg");

/// Values of those that were set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings(BTreeMap<&'static str, i64>);

impl Settings {
    /// The value of `name`, zero when it was never set.
    pub fn value(&self, name: &str) -> i64 {
        self.0.get(name).copied().unwrap_or(0)
    }

    fn set(&mut self, name: &CStr, value: i64, kind: Kind) -> MPP_RET {
        let known = KNOWN.iter().find(|(known, _)| known.as_bytes() == name.to_bytes());
        let Some(&(name, known)) = known else { return MPP_NOK };
        assert_eq!(known, kind, "{name} is set as another type");
        self.0.insert(name, value);
        MPP_OK
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    S32,
    U32,
}

/// The names and types that the real library has for what `rkmpp` sets.
const KNOWN: [(&str, Kind); 32] = [
    ("codec:type", Kind::S32),
    ("h264:cabac_en", Kind::S32),
    ("h264:cabac_idc", Kind::S32),
    ("h264:level", Kind::S32),
    ("h264:profile", Kind::S32),
    ("h264:trans8x8", Kind::S32),
    ("jpeg:q_factor", Kind::S32),
    ("jpeg:qf_max", Kind::S32),
    ("jpeg:qf_min", Kind::S32),
    ("prep:colorprim", Kind::S32),
    ("prep:colorspace", Kind::S32),
    ("prep:colortrc", Kind::S32),
    ("prep:format", Kind::S32),
    ("prep:height", Kind::S32),
    ("prep:hor_stride", Kind::S32),
    ("prep:range", Kind::S32),
    ("prep:rotation", Kind::S32),
    ("prep:ver_stride", Kind::S32),
    ("prep:width", Kind::S32),
    ("rc:bps_max", Kind::S32),
    ("rc:bps_min", Kind::S32),
    ("rc:bps_target", Kind::S32),
    ("rc:drop_mode", Kind::U32),
    ("rc:fps_in_denom", Kind::S32),
    ("rc:fps_in_flex", Kind::S32),
    ("rc:fps_in_num", Kind::S32),
    ("rc:fps_out_denom", Kind::S32),
    ("rc:fps_out_flex", Kind::S32),
    ("rc:fps_out_num", Kind::S32),
    ("rc:gop", Kind::S32),
    ("rc:mode", Kind::S32),
    ("rc:qp_init", Kind::S32),
];

/// # Safety
/// `cfg` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mpp_enc_cfg_init(cfg: *mut Handle) -> MPP_RET {
    // SAFETY: by contract.
    unsafe { cfg.write(CONFIGS.add(Settings::default())) };
    MPP_OK
}

/// # Safety
/// None is needed: handles are looked up.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mpp_enc_cfg_deinit(cfg: Handle) -> MPP_RET {
    CONFIGS.remove(cfg);
    MPP_OK
}

/// # Safety
/// `name` is a C string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mpp_enc_cfg_set_s32(
    cfg: Handle,
    name: *const c_char,
    value: i32,
) -> MPP_RET {
    // SAFETY: by contract.
    let name = unsafe { CStr::from_ptr(name) };
    CONFIGS.with(cfg, |settings| settings.set(name, value.into(), Kind::S32))
}

/// # Safety
/// `name` is a C string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mpp_enc_cfg_set_u32(
    cfg: Handle,
    name: *const c_char,
    value: u32,
) -> MPP_RET {
    // SAFETY: by contract.
    let name = unsafe { CStr::from_ptr(name) };
    CONFIGS.with(cfg, |settings| settings.set(name, value.into(), Kind::U32))
}
