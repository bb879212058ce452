// SPDX-License-Identifier: MIT OR Apache-2.0
//! NTP time stamps. Spec: RFC 3550 §4.

use std::time::Duration;

/// Seconds from the first day of 1900 to that of 1970.
const UNIX_EPOCH_S: u64 = 2_208_988_800;

/// Wall-clock time in units of 2⁻³² s since 1900, modulo 2³² s.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NtpTime(pub u64);

impl NtpTime {
    /// From the time since the first day of 1970.
    pub fn from_unix(since_epoch: Duration) -> Self {
        let fraction = (u64::from(since_epoch.subsec_nanos()) << 32) / 1_000_000_000;
        Self((since_epoch.as_secs().wrapping_add(UNIX_EPOCH_S)) << 32 | fraction)
    }

    /// The middle 32 bits, in units of 2⁻¹⁶ s, as reports repeat them.
    pub fn middle(self) -> u32 {
        let [_, _, middle @ .., _, _] = self.0.to_be_bytes();
        u32::from_be_bytes(middle)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unix_time_is_counted_from_1900() {
        let half_past = NtpTime::from_unix(Duration::from_millis(1_500));
        assert_eq!(half_past, NtpTime(0x83aa_7e81_8000_0000));
        assert_eq!(half_past.middle(), 0x7e81_8000);
    }
}
