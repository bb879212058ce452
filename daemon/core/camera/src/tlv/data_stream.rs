// SPDX-License-Identifier: MIT OR Apache-2.0
//! DataStreamTransportManagement: what is offered (0x130) and how one is set up (0x131).

use tlv8::{Fields, Writer};

/// Length of each side's key salt in bytes.
pub const SALT_BYTES: usize = 32;

const COMMAND: u8 = 1;
const TRANSPORT: u8 = 2;
const CONTROLLER_SALT: u8 = 3;
const COMMAND_START: u8 = 0;
const TRANSPORT_TCP: u8 = 0;

const STATUS: u8 = 1;
const PARAMETERS: u8 = 2;
const ACCESSORY_SALT: u8 = 3;
const TCP_PORT: u8 = 1;

/// Value of SupportedDataStreamTransportConfiguration: HomeKit Data Stream over TCP.
pub fn supported() -> Vec<u8> {
    Writer::new().tlv(1, &Writer::new().u8(1, TRANSPORT_TCP)).finish()
}

/// A controller asks for a data stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SetupRequest {
    /// The controller's half of the key salt.
    pub controller_salt: [u8; SALT_BYTES],
}

/// Why a SetupDataStreamTransport write is not one. The controller is at fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Only 0, start, is known.
    #[error("data stream session command {0} is unknown")]
    Command(u8),
    /// Only 0, TCP, is offered.
    #[error("data stream transport {0} is not offered")]
    Transport(u8),
    /// A field is missing or misshapen; a salt of another length than 32 bytes is one.
    #[error(transparent)]
    Tlv(#[from] tlv8::Error),
}

impl SetupRequest {
    /// Reads a write to SetupDataStreamTransport.
    ///
    /// # Errors
    /// [`Error`]; the write then gets -70410.
    pub fn parse(input: &[u8]) -> Result<Self, Error> {
        let fields = Fields::parse(input)?;
        match (fields.number(COMMAND)?, fields.number(TRANSPORT)?) {
            (COMMAND_START, TRANSPORT_TCP) => {
                Ok(Self { controller_salt: fields.array(CONTROLLER_SALT)? })
            }
            (COMMAND_START, transport) => Err(Error::Transport(transport)),
            (command, _) => Err(Error::Command(command)),
        }
    }
}

/// Why no data stream was prepared, as the controller is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Status 1.
    GenericError,
    /// Status 2: as many are prepared as there may be.
    Busy,
}

/// The answer to a [`SetupRequest`], kept without its salt for later reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SetupResponse(Result<u16, Refusal>);

impl SetupResponse {
    /// The TCP port on which the camera listens already, or why it does not.
    pub const fn new(prepared: Result<u16, Refusal>) -> Self {
        Self(prepared)
    }

    /// The write response.
    pub fn write_response(self, accessory_salt: &[u8; SALT_BYTES]) -> Vec<u8> {
        match self.0 {
            Ok(_) => self.writer().bytes(ACCESSORY_SALT, accessory_salt).finish(),
            Err(_) => self.read_value(),
        }
    }

    /// What a later read gives.
    pub fn read_value(self) -> Vec<u8> {
        self.writer().finish()
    }

    fn writer(self) -> Writer {
        match self.0 {
            Ok(port) => {
                Writer::new().u8(STATUS, 0).tlv(PARAMETERS, &Writer::new().u16(TCP_PORT, port))
            }
            Err(Refusal::GenericError) => Writer::new().u8(STATUS, 1),
            Err(Refusal::Busy) => Writer::new().u8(STATUS, 2),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(command: u8, transport: u8, salt: &[u8]) -> Vec<u8> {
        Writer::new().u8(1, command).u8(2, transport).bytes(3, salt).finish()
    }

    #[test]
    fn wrong_requests_are_named() {
        let range = tlv8::Error::Range(3);
        let table = [
            (request(1, 0, &[1; 32]), Error::Command(1)),
            (request(0, 1, &[1; 32]), Error::Transport(1)),
            (request(0, 0, &[1; 31]), Error::Tlv(range)),
            (request(0, 0, &[1; 33]), Error::Tlv(range)),
            (request(0, 0, &[]), Error::Tlv(range)),
            (vec![1, 1, 0, 2, 1, 0], Error::Tlv(tlv8::Error::Missing(3))),
            (vec![], Error::Tlv(tlv8::Error::Missing(1))),
        ];
        for (bytes, error) in table {
            assert_eq!(SetupRequest::parse(&bytes), Err(error), "{bytes:?}");
        }
        let good = SetupRequest::parse(&request(0, 0, &[7; 32]));
        assert_eq!(good, Ok(SetupRequest { controller_salt: [7; 32] }));
    }

    #[test]
    fn a_refusal_carries_neither_port_nor_salt() {
        for (refusal, bytes) in [(Refusal::GenericError, [1, 1, 1]), (Refusal::Busy, [1, 1, 2])] {
            let response = SetupResponse::new(Err(refusal));
            assert_eq!(response.write_response(&[9; 32]), bytes);
            assert_eq!(response.read_value(), bytes);
        }
    }
}
