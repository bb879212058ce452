// SPDX-License-Identifier: MIT OR Apache-2.0
//! Where the stand-in for Rockchip's library is.

use std::path::PathBuf;

/// `HSV_TEST_MPP`, or what cargo built beside this test; where that is missing, its place.
pub fn path() -> Result<PathBuf, PathBuf> {
    if let Some(named) = std::env::var_os("HSV_TEST_MPP") {
        return Ok(named.into());
    }
    let test = std::env::current_exe().expect("a test has a file");
    let built = test.with_file_name("libhsv_mpp_standin.so");
    if built.exists() { Ok(built) } else { Err(built) }
}
