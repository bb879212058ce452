// SPDX-License-Identifier: MIT OR Apache-2.0
//! `hsvctl`; everything is in the library.

#![forbid(unsafe_code)]

fn main() -> std::process::ExitCode {
    hsvctl::run()
}
