// SPDX-License-Identifier: MIT OR Apache-2.0
//! Whether a recording may begin, and if not, in the hub's words.

use privacy::{Gate, OperatingMode, Permit, Permits, Record};

use super::Reason;

/// Why a recording may not begin now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The camera or its recording is switched off.
    #[error("recording is switched off")]
    NotAllowed,
    /// No hub has selected a configuration yet.
    #[error("no recording configuration is selected")]
    NoConfiguration,
    /// There is no encoder that could deliver.
    #[error("the encoder does not run")]
    SourceFailed,
}

impl From<Refusal> for Reason {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NotAllowed => Self::NotAllowed,
            Refusal::NoConfiguration => Self::InvalidConfiguration,
            Refusal::SourceFailed => Self::UnexpectedFailure,
        }
    }
}

/// Asks the gate. A camera that is off says so and not that it has no configuration.
///
/// # Errors
/// [`Refusal::NotAllowed`] and [`Refusal::NoConfiguration`].
pub fn admit(gate: &Gate) -> Result<Permit<Record>, Refusal> {
    gate.permit().map_err(|_| {
        let configured = OperatingMode { has_selected_configuration: true, ..gate.mode().clone() };
        match Permits::of(&configured).record {
            true => Refusal::NoConfiguration,
            false => Refusal::NotAllowed,
        }
    })
}
