// SPDX-License-Identifier: MIT OR Apache-2.0
//! The version that HomeKit shows as FirmwareRevision: on an appliance the image's, since that is what is updated as
//! one; elsewhere the program's.

use std::fs;

/// x.y.z.
pub fn version() -> String {
    let text = fs::read_to_string("/usr/lib/os-release").unwrap_or_default();
    ota::image::version(&text).unwrap_or(env!("CARGO_PKG_VERSION")).to_owned()
}
