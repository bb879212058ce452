// SPDX-License-Identifier: MIT OR Apache-2.0
//! `[body]`

use serde::Deserialize;

/// `[body]`: what is on the camera's case.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct BodyConfig {
    /// Id of the board's table; absent: the one for this machine. "host" lets a machine that no
    /// table knows be a camera without parts.
    pub board: Option<String>,
    /// The parts that are there, of those that the board's table describes; absent: what the table
    /// says.
    pub fitted: Option<Vec<FittedPart>>,
}

/// One of the board table's parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FittedPart {
    /// Shows that pictures may leave.
    StatusLed,
    /// Shuts the camera off.
    PrivacySwitch,
    /// Pressed for a purpose.
    Button,
    /// Pressed at the door; makes the camera a doorbell.
    Doorbell,
    /// Moves into the light's way by day.
    IrCut,
    /// Lights the night.
    IrLamp,
    /// Measures the light.
    LightSensor,
}
