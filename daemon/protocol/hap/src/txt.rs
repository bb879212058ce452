// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the accessory says of itself over mDNS: the TXT record of `_hap._tcp.local` and the
//! name of the service instance. Publishing it is the daemon's work.

use crate::{
    identity::DeviceId,
    setup::{Category, SetupId, setup_hash},
};

/// The service type.
pub const SERVICE_TYPE: &str = "_hap._tcp.local.";

/// TXT key `c#`: raised whenever the attribute database changes, since controllers read the
/// database anew only then. 1 to 65535.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ConfigNumber(u16);

impl ConfigNumber {
    /// The first number.
    pub const FIRST: Self = Self(1);

    /// From what is stored; `None` for 0.
    pub const fn new(number: u16) -> Option<Self> {
        if number == 0 { None } else { Some(Self(number)) }
    }

    /// The number after this; 1 follows 65535.
    #[must_use]
    pub const fn next(self) -> Self {
        if self.0 == u16::MAX { Self::FIRST } else { Self(self.0 + 1) }
    }

    /// The number.
    pub const fn number(self) -> u16 {
        self.0
    }
}

/// What the TXT record is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct Advertisement {
    /// The name in the Home app's list of what is near; cut to fit a DNS label.
    pub name: String,
    /// The same text as the Model characteristic; cut at 64 bytes.
    pub model: String,
    /// Device id, the key `id`.
    pub device_id: DeviceId,
    /// For the key `sh`.
    pub setup_id: SetupId,
    /// The key `ci`.
    pub category: Category,
    /// The key `c#`.
    pub config_number: ConfigNumber,
    /// Whether there is a pairing; the key `sf`.
    pub is_paired: bool,
}

impl Advertisement {
    /// Keys and values, in a fixed order. `ff` is always 0: there is no authentication chip.
    pub fn txt(&self) -> [(&'static str, String); 9] {
        [
            ("c#", self.config_number.0.to_string()),
            ("ff", "0".to_owned()),
            ("id", self.device_id.to_string()),
            ("md", cut(&self.model, MAX_MODEL).to_owned()),
            ("pv", "1.1".to_owned()),
            ("s#", "1".to_owned()),
            ("sf", if self.is_paired { "0" } else { "1" }.to_owned()),
            ("ci", self.category.number().to_string()),
            ("sh", setup_hash(&self.setup_id, &self.device_id)),
        ]
    }

    /// The name of the service instance: the accessory's name and the last four digits of the
    /// device id, so that two cameras of one name do not collide. At most 63 bytes.
    pub fn instance_name(&self) -> String {
        let digits: String = self.device_id.as_str()[12..].replace(':', "");
        let name = cut(self.name.trim(), MAX_LABEL - digits.len() - 1).trim_end();
        format!("{name} {digits}").trim_start().to_owned()
    }
}

/// Longest DNS label in bytes. Spec: RFC 1035 §2.3.4
const MAX_LABEL: usize = 63;
/// Longest model in bytes.
const MAX_MODEL: usize = 64;

fn cut(text: &str, max_bytes: usize) -> &str {
    &text[..text.floor_char_boundary(max_bytes)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn advertisement() -> Advertisement {
        Advertisement {
            name: "Front Door".to_owned(),
            model: "hsvd".to_owned(),
            device_id: DeviceId::parse("AA:BB:CC:DD:EE:FF").unwrap(),
            setup_id: SetupId::parse("7OSX").unwrap(),
            category: Category::VideoDoorbell,
            config_number: ConfigNumber::FIRST,
            is_paired: false,
        }
    }

    #[test]
    fn the_record_of_an_unpaired_doorbell() {
        let txt = advertisement().txt().map(|(key, value)| format!("{key}={value}"));
        assert_eq!(
            txt,
            [
                "c#=1",
                "ff=0",
                "id=AA:BB:CC:DD:EE:FF",
                "md=hsvd",
                "pv=1.1",
                "s#=1",
                "sf=1",
                "ci=18",
                "sh=XIonQA=="
            ]
        );
        let paired = Advertisement { is_paired: true, ..advertisement() };
        assert!(paired.txt().contains(&("sf", "0".to_owned())));
    }

    #[test]
    fn the_instance_name_fits_a_label_whatever_the_name() {
        assert_eq!(advertisement().instance_name(), "Front Door EEFF");
        let long = Advertisement { name: "Küche ".repeat(20), ..advertisement() };
        let name = long.instance_name();
        assert!(name.len() <= 63 && name.ends_with(" EEFF") && name.starts_with("Küche"), "{name}");
        let model = Advertisement { model: "é".repeat(40), ..advertisement() };
        assert_eq!(model.txt()[3].1, "é".repeat(32));
        assert_eq!(
            Advertisement { name: String::new(), ..advertisement() }.instance_name(),
            "EEFF"
        );
    }

    #[test]
    fn the_config_number_wraps_to_one() {
        assert_eq!(ConfigNumber::new(0), None);
        assert_eq!(ConfigNumber::FIRST.next().number(), 2);
        assert_eq!(ConfigNumber::new(u16::MAX).unwrap().next(), ConfigNumber::FIRST);
    }
}
