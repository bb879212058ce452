// SPDX-License-Identifier: MIT OR Apache-2.0
//! SelectedRTPStreamConfiguration, 0x117: a viewer starts, alters or ends its live session. Only
//! the part that says which session and what to do is read here.

use tlv8::{Fields, Writer};

use super::recording::wire_enum;
use super::setup_endpoints::SessionId;

/// Longest value that is read; real ones have about 125 bytes.
pub const MAX_BYTES: usize = 512;

wire_enum! {
    /// What is to become of the session.
    #[allow(missing_docs, reason = "the names are the standard's own")]
    Command {
        End = 0,
        Start = 1,
        Suspend = 2,
        Resume = 3,
        Reconfigure = 4,
    }
}

/// Which session, and what with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionControl {
    /// The session that SetupEndpoints made.
    pub session_id: SessionId,
    /// What to do.
    pub command: Command,
}

/// Why a SelectedRTPStreamConfiguration write is not one. The viewer is at fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Over [`MAX_BYTES`].
    #[error("stream selection of {0} bytes is too long")]
    TooLong(usize),
    /// A command that does not exist.
    #[error("live session command {0} is unknown")]
    Command(u8),
    /// A field is missing, stands twice or is misshapen.
    #[error(transparent)]
    Tlv(#[from] tlv8::Error),
}

impl SessionControl {
    /// Reads the session control of a write; its fields come in any order.
    ///
    /// # Errors
    /// [`Error`]; the write then gets -70410.
    pub fn parse(input: &[u8]) -> Result<Self, Error> {
        if input.len() > MAX_BYTES {
            return Err(Error::TooLong(input.len()));
        }
        let control = Fields::parse(input)?.fields(1)?;
        let number = control.number(2)?;
        let command = Command::from_number(number).ok_or(Error::Command(number))?;
        Ok(Self { session_id: SessionId(control.array(1)?), command })
    }
}

/// The characteristic's value while there is no session.
pub fn idle_value() -> Vec<u8> {
    Writer::new().tlv(1, &Writer::new().u8(2, Command::Suspend.number())).finish()
}
