// SPDX-License-Identifier: MIT OR Apache-2.0
//! HAP status codes.

/// Why a request on a characteristic or a resource was not done. The discriminant is the JSON
/// `status`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(i32)]
#[allow(missing_docs, reason = "the names are the standard's own")]
pub enum Status {
    InsufficientPrivileges = -70401,
    UnableToCommunicate = -70402,
    Busy = -70403,
    ReadOnly = -70404,
    WriteOnly = -70405,
    NotificationNotSupported = -70406,
    OutOfResources = -70407,
    TimedOut = -70408,
    DoesNotExist = -70409,
    InvalidValue = -70410,
    InsufficientAuthorization = -70411,
    NotAllowedInCurrentState = -70412,
}

impl Status {
    /// The number in JSON.
    pub const fn code(self) -> i32 {
        self as i32
    }
}
