// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is printed on the label: setup code, setup id, and the texts made of them.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use rand_core::Rng;
use sha2::{Digest, Sha512};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::identity::DeviceId;

/// The eight digits with their dashes, `031-45-154`: the password of pair setup. It is a secret,
/// so it has no `Debug` and is wiped when dropped.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct SetupCode {
    text: [u8; 10],
}

/// Why a text is no setup code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SetupCodeError {
    /// It has not the form `XXX-XX-XXX`, all digits.
    #[error("a setup code has the form XXX-XX-XXX")]
    Form,
    /// It is one that anybody would try first.
    #[error("the setup code is too easy to guess")]
    Trivial,
}

impl SetupCode {
    /// Reads `XXX-XX-XXX`.
    ///
    /// # Errors
    /// [`SetupCodeError`]; eight equal digits, 123-45-678 and 876-54-321 are refused.
    pub fn parse(text: &str) -> Result<Self, SetupCodeError> {
        let bytes: [u8; 10] = text.as_bytes().try_into().map_err(|_| SetupCodeError::Form)?;
        let code = Self { text: bytes };
        let has_form = bytes.iter().enumerate().all(|(at, &byte)| match at {
            3 | 6 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
        match () {
            () if !has_form => Err(SetupCodeError::Form),
            () if code.is_trivial() => Err(SetupCodeError::Trivial),
            () => Ok(code),
        }
    }

    /// Draws a code; every allowed one is equally likely.
    pub fn generate(rng: &mut impl Rng) -> Self {
        loop {
            // 2^32 is no multiple of 10^8: what lies above the last whole multiple is drawn again.
            let number = rng.next_u32();
            if number >= 4_200_000_000 {
                continue;
            }
            let code = Self::from_number(number % 100_000_000);
            if !code.is_trivial() {
                return code;
            }
        }
    }

    /// The ten characters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.text).expect("digits and dashes are ASCII")
    }

    fn from_number(number: u32) -> Self {
        let mut text = *b"000-00-000";
        let mut rest = number;
        for byte in text.iter_mut().rev().filter(|byte| **byte != b'-') {
            *byte += u8::try_from(rest % 10).expect("a digit is below ten");
            rest /= 10;
        }
        Self { text }
    }

    fn number(&self) -> u32 {
        self.text
            .iter()
            .filter(|&&byte| byte != b'-')
            .fold(0, |number, byte| number * 10 + u32::from(byte - b'0'))
    }

    fn is_trivial(&self) -> bool {
        let number = self.number();
        number.is_multiple_of(11_111_111) || number == 12_345_678 || number == 87_654_321
    }
}

/// Four characters that tell accessories with one setup code apart. New with a factory reset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SetupId([u8; 4]);

/// A text is not four characters of `0-9A-Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a setup id is four characters of 0-9 and A-Z")]
pub struct NoSetupId;

const BASE36: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

impl SetupId {
    /// Reads four characters of `0-9A-Z`.
    ///
    /// # Errors
    /// [`NoSetupId`].
    pub fn parse(text: &str) -> Result<Self, NoSetupId> {
        let id: [u8; 4] = text.as_bytes().try_into().map_err(|_| NoSetupId)?;
        if id.iter().all(|byte| BASE36.contains(byte)) { Ok(Self(id)) } else { Err(NoSetupId) }
    }

    /// Draws an id; every one is equally likely.
    pub fn generate(rng: &mut impl Rng) -> Self {
        let mut id = [0; 4];
        for byte in &mut id {
            // 252 is the last multiple of 36 in a byte; what lies above is drawn again.
            let index = std::iter::repeat_with(|| rng.next_u32().to_le_bytes()[0])
                .find(|&drawn| drawn < 252)
                .expect("the iterator has no end");
            *byte = BASE36[usize::from(index % 36)];
        }
        Self(id)
    }

    /// The four characters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("digits and letters are ASCII")
    }
}

impl fmt::Display for SetupId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What the Home app draws before it knows more: TXT key `ci` and part of the setup payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Category {
    /// IP camera
    Camera = 17,
    /// Video doorbell
    VideoDoorbell = 18,
}

impl Category {
    /// The number on the wire.
    pub const fn number(self) -> u8 {
        self as u8
    }
}

/// The text of the QR code, `X-HM://…`, for an accessory on an IP network. It holds the setup
/// code: show it, do not log it.
pub fn payload(code: &SetupCode, id: &SetupId, category: Category) -> String {
    payload_number(code, id, category.number())
}

fn payload_number(code: &SetupCode, id: &SetupId, category: u8) -> String {
    const IP: u64 = 1 << 28;
    let mut number = u64::from(category) << 31 | IP | u64::from(code.number());
    let mut digits = [b'0'; 9];
    for digit in digits.iter_mut().rev() {
        *digit = BASE36[usize::try_from(number % 36).expect("a digit is below 36")];
        number /= 36;
    }
    let digits = std::str::from_utf8(&digits).expect("digits and letters are ASCII");
    format!("X-HM://{digits}{id}")
}

/// TXT key `sh`, by which the owner of a QR code finds the accessory in the network.
pub fn setup_hash(id: &SetupId, device: &DeviceId) -> String {
    let hash = Sha512::new().chain_update(id.0).chain_update(device.as_str()).finalize();
    STANDARD.encode(&hash[..4])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vectors::{VECTORS, text};
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng;

    #[test]
    fn payloads_and_hashes_are_those_of_the_vectors() {
        for row in VECTORS["setup_uri"].as_array().unwrap() {
            let code = SetupCode::parse(text(&row["setup_code"])).unwrap();
            let id = SetupId::parse(text(&row["setup_id"])).unwrap();
            let category = u8::try_from(row["category"].as_u64().unwrap()).unwrap();
            assert_eq!(payload_number(&code, &id, category), text(&row["uri"]), "{row}");
        }
        for row in VECTORS["setup_hash"].as_array().unwrap() {
            let id = SetupId::parse(text(&row["setupID"])).unwrap();
            let device = DeviceId::parse(text(&row["id"])).unwrap();
            assert_eq!(setup_hash(&id, &device), text(&row["sh"]), "{row}");
        }
    }

    #[test]
    fn guessable_and_malformed_codes_are_refused() {
        for digit in '0'..='9' {
            let text = "XXX-XX-XXX".replace('X', &digit.to_string());
            assert!(SetupCode::parse(&text).err() == Some(SetupCodeError::Trivial), "{text}");
        }
        for text in ["123-45-678", "876-54-321"] {
            assert!(SetupCode::parse(text).err() == Some(SetupCodeError::Trivial), "{text}");
        }
        for text in ["", "03145154", "031-45-15", "031-45-1544", "031-45_154", "03a-45-154"] {
            assert!(SetupCode::parse(text).err() == Some(SetupCodeError::Form), "{text}");
        }
        assert!(SetupCode::parse("111-11-112").is_ok());
    }

    #[test]
    fn drawn_codes_and_ids_can_be_read_back() {
        let mut rng = ChaCha20Rng::seed_from_u64(7);
        let mut first_digits = [0u32; 10];
        for _ in 0..2000 {
            let code = SetupCode::generate(&mut rng);
            assert!(SetupCode::parse(code.as_str()).is_ok());
            first_digits[usize::from(code.text[0] - b'0')] += 1;
            let id = SetupId::generate(&mut rng);
            assert_eq!(SetupId::parse(id.as_str()), Ok(id));
        }
        assert!(first_digits.iter().all(|&count| (120..300).contains(&count)), "{first_digits:?}");
    }
}
