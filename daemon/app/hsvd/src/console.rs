// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the daemon says on standard output: where it listens, and how to pair it. Logs go to
//! standard error.
#![expect(clippy::print_stdout, reason = "the one place that prints")]

use std::net::SocketAddr;

use hap::setup::SetupCode;
use qrcode::render::unicode::Dense1x2;
use qrcode::{EcLevel, QrCode};

/// One line, once both ports are open.
pub fn listening(hap: SocketAddr, hds: SocketAddr) {
    println!("hsvd listening: HAP on {hap}, HDS on {hds}");
}

/// What an owner needs to add the camera.
pub struct PairingHelp {
    /// The code to type.
    pub code: SetupCode,
    /// The code to scan: `X-HM://…`
    pub uri: String,
}

/// The setup code, its URI and the QR code, for an unpaired camera.
pub fn setup(PairingHelp { code, uri }: &PairingHelp) {
    println!("\nAdd this camera in the Home app: scan the code, or type {}\n", code.as_str());
    match QrCode::with_error_correction_level(uri, EcLevel::Q) {
        Ok(qr) => println!("{}\n", qr.render::<Dense1x2>().build()),
        Err(error) => tracing::warn!(%error, "the QR code cannot be drawn"),
    }
    println!("{uri}\n");
}

/// One word, for `--is-paired`.
pub fn paired(is_paired: bool) {
    println!("{}", if is_paired { "paired" } else { "unpaired" });
}

/// Lines for a person, for `--check-board`.
pub fn lines(lines: &[String]) {
    for line in lines {
        println!("{line}");
    }
}

/// The configuration as it will be used, for `--check-config`.
pub fn checked(config: &crate::config::Config) {
    println!("{config:#?}");
}
